"""What control knows of sign-ins, to tell it to a worker that comes later, and to keep what was ended over a stop."""

from collections.abc import Callable
from pathlib import Path

from proxy.service.ended import EndedSessions
from proxy.session.notice import Ended, Notice, Tried
from proxy.session.revoked import Revoked
from proxy.signin.book import Book

TICK_SECONDS = 1.0
"""How often the file is written, if anything was ended."""


class Register:
    """Sessions that were ended, and what is kept of those that are not."""

    def __init__(self, state_dir: str, tell: Callable[[str], None]) -> None:
        """Read what was ended before; `tell` hears why the file cannot be used. Without a folder nothing is kept."""
        self._book = Book(Revoked())
        self._ended = EndedSessions(Path(state_dir), self._book.revoked, tell) if state_dir else None
        if self._ended is not None:
            self._ended.read()
        self._next = 0.0

    def learn(self, notice: Notice) -> None:
        """Take note; tries are not kept, a new worker begins to count by itself."""
        if not isinstance(notice, Tried):
            self._book.learn(notice)

    def notices(self) -> tuple[Notice, ...]:
        """Give all that a worker must know."""
        ended = (Ended(name, until) for name, until in self._book.revoked.entries())
        return (*ended, *self._book.credentials())

    def tick(self, now: float) -> None:
        """Write what was ended, if it is time."""
        if now >= self._next:
            self._next = now + TICK_SECONDS
            self.keep()

    def keep(self) -> None:
        """Write what was ended."""
        if self._ended is not None:
            self._ended.keep(self._book.version)
