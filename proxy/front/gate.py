"""Whether a browser is read from: several reasons may hold it back at once, and all must be gone before reading on."""

import asyncio


UPSTREAM = 1
"""Held back because the backend is slow, or there is no connection to it yet."""

BACKLOG = 2
"""Held back because enough pipelined requests wait."""


class Gate:
    """Pauses and resumes reading of one transport. Reasons are bits, plain numbers: an enum's `&` costs 0.5 µs."""

    __slots__ = ("_holds", "transport")

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        """None before the handshake has ended and after the connection is lost."""
        self._holds = 0

    @property
    def is_closed(self) -> bool:
        """Whether nothing is read for now."""
        return bool(self._holds)

    def hold(self, reason: int) -> None:
        """Read no more until every reason is gone."""
        if not self._holds and self.transport is not None:
            self.transport.pause_reading()
        self._holds |= reason

    def release(self, reason: int) -> None:
        """Take a reason away."""
        if not self._holds & reason:
            return
        self._holds &= ~reason
        if not self._holds and self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()
