"""Keeps the sessions that were ended in a file, so that a restart revives none; what they are is `session`'s."""

from collections.abc import Callable
from pathlib import Path

from proxy.certkit.files import PRIVATE, write_file
from proxy.session.revoked import Revoked

NAME = "ended-sessions"
"""File in `server.state_dir`; it holds ids of sessions, no users and no secrets."""


class EndedSessions:
    """The file beside the memory. `tell` hears, once, why it cannot be written."""

    def __init__(self, folder: Path, revoked: Revoked, tell: Callable[[str], None]) -> None:
        self._path = folder / NAME
        self._revoked = revoked
        self._tell = tell
        self._written = 0
        self._is_told = False

    def read(self) -> None:
        """Take over what was ended before the last stop; a file that is damaged is told, and read as far as it goes."""
        try:
            damaged = self._revoked.load(self._path.read_text("ascii", "replace"))
        except FileNotFoundError:
            return
        except OSError as fault:
            self._say(
                f"{self._path} cannot be read ({fault.strerror}); sessions ended before the start may live again."
            )
            return
        if damaged:
            self._tell(f"{self._path} was damaged: {damaged} lines of it could not be read.")

    def keep(self, version: int) -> None:
        """Write the file if `version`, which grows with every session that is ended, has grown."""
        if version == self._written:
            return
        self._written = version
        try:
            write_file(self._path, self._revoked.dump().encode("ascii"), PRIVATE)
        except OSError as fault:
            self._say(
                f"{self._path} cannot be written ({fault.strerror}); sessions that were ended live again after a "
                "restart. Make server.state_dir writable."
            )

    def _say(self, sentence: str) -> None:
        if not self._is_told:
            self._is_told = True
            self._tell(sentence)
