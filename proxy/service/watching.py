"""Notices that a file of the settings has changed on disk; what comes of it is the caller's to decide.

Files are looked at once a second rather than subscribed to: that works on every file system, and with the links of
Kubernetes, where a whole folder is exchanged behind the names.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from proxy.accounts.file import Print, fingerprint
from proxy.service.load import Loaded
from proxy.settings.named_files import files_named

POLL_SECONDS = 1.0
"""Time between two looks. A change counts once it has stood still from one to the next."""


def files_of(loaded: Loaded) -> tuple[Path, ...]:
    """List the files to watch: none while `server.watch` is off."""
    if not loaded.settings.server.watch:
        return ()
    return tuple(Path(name) for name in (loaded.file, *files_named(loaded.settings)))


class Watching:
    """Compares files with what they were when they were last read. With no files it costs nothing.

    Call `look` before each reading, whoever asked for it; then `adopt` when it is in force, or `add` when it was
    refused. A refused reading is asked for again after the next change, not before.
    """

    def __init__(self, files: Iterable[Path], ask: Callable[[], None]) -> None:
        """Watch `files`, which have just been read; `ask` is called when they are to be read anew."""
        self._ask = ask
        self._read: dict[Path, Print | None] = {}
        self._last: dict[Path, Print | None] = {}
        self._next = 0.0
        self.adopt(files)

    def look(self) -> None:
        """Note what is about to be read."""
        self._read = self._last = _prints(self._read)

    def adopt(self, files: Iterable[Path]) -> None:
        """Watch these files from now on; what has changed since `look` is noticed all the same."""
        read = self._read
        self._read = {file: read[file] if file in read else _print(file) for file in files}
        self._last = self._read

    def add(self, names: Iterable[str]) -> None:
        """Watch the files of a refused reading, too: one that is missing may come. Nothing while none is watched."""
        if self._read:
            self.adopt((*self._read, *map(Path, names)))

    def tick(self, now: float) -> None:
        """Look at the files if it is time. Called with every tick of the coarse clock."""
        if not self._read or now < self._next:
            return
        self._next = now + POLL_SECONDS
        seen = _prints(self._read)
        is_still, self._last = seen == self._last, seen
        if is_still and seen != self._read:
            self._read = seen
            self._ask()


def _prints(files: Iterable[Path]) -> dict[Path, Print | None]:
    return {file: _print(file) for file in files}


def _print(file: Path) -> Print | None:
    try:
        return fingerprint(file)
    except ValueError:  # no name of a file, which is told by whoever reads the settings
        return None
