"""Writes log bytes to a descriptor without ever waiting or raising; what is written is left to the other sinks.

A log must not stop the proxy: a reader that hangs, a pipe whose reader is gone and a full disk cost log records, which
are counted, and nothing else. The descriptor is not switched to non-blocking mode, for others may share it; instead it
is asked before each piece whether it takes one (`poll`), and pieces are no larger than what a pipe then takes at once.
"""

import os
import select
import stat
from collections import deque
from contextlib import suppress
from typing import Protocol

PIECE = 4096
"""PIPE_BUF of Linux: a pipe that is writable takes this much without blocking and without interleaving (pipe(7))."""

BACKLOG = 1 << 20
"""Bytes kept for a reader that is slow; beyond it records are lost."""


class Writer(Protocol):
    """What a sink writes to."""

    lost: int
    """Records that could not be written."""
    trouble: str
    """Why it takes nothing now, the end of a sentence; empty when it does."""

    def write(self, data: bytes, records: int = 1) -> None:
        """Take whole lines that hold so many records. Never waits, never raises."""
        ...

    def flush(self) -> None:
        """Try again to write what waits."""
        ...


class Stream:
    """A descriptor as a `Writer`. The descriptor stays the caller's, who closes it."""

    def __init__(self, descriptor: int, *, backlog: int = BACKLOG) -> None:
        self.descriptor = descriptor
        """Where it writes."""
        self.lost = 0
        self.trouble = ""
        """Why it takes nothing now, the end of a sentence; empty when it does."""
        self._backlog = backlog
        self._waiting: deque[tuple[bytes, int]] = deque()
        self._bytes_waiting = 0
        self._cut = False
        self._torn = False
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self._piece = _piece_of(descriptor)

    @property
    def is_terminal(self) -> bool:
        """Whether a person reads it."""
        return os.isatty(self.descriptor)

    def write(self, data: bytes, records: int = 1) -> None:
        """Take whole lines that hold so many records; they are written now, later, or counted as lost."""
        if self._bytes_waiting + len(data) > self._backlog and self._waiting:
            self.flush()
        if self._bytes_waiting + len(data) > self._backlog and self._waiting:
            self.lost += records
            self.trouble = "its reader takes records more slowly than they come"
            return
        self._waiting.append((data, records))
        self._bytes_waiting += len(data)
        self.flush()

    def flush(self) -> None:
        """Write what waits as far as the descriptor takes it."""
        try:
            while self._waiting and self._poll.poll(0):
                self._write_piece()
        except BlockingIOError:
            return
        except OSError as fault:
            self.trouble = (fault.strerror or "no reason is known").lower()
            self._give_up()

    def abandon(self) -> None:
        """Count what still waits as lost."""
        self._give_up()

    def _write_piece(self) -> None:
        data, records = self._waiting.popleft()
        self._bytes_waiting -= len(data)
        if self._torn:
            data, self._torn = b"\n" + data, False
        try:
            written = os.write(self.descriptor, _piece(data, self._piece))
        except OSError:
            self._put_back(data, records)
            raise
        self.trouble = ""
        self._cut = data[written - 1 : written] != b"\n"
        if written < len(data):
            self._put_back(data[written:], max(records - data.count(b"\n", 0, written), 1))

    def _put_back(self, data: bytes, records: int) -> None:
        self._waiting.appendleft((data, records))
        self._bytes_waiting += len(data)

    def _give_up(self) -> None:
        """Lose what waits. The next record begins on a new line, whatever was cut off here."""
        self.lost += sum(records for _, records in self._waiting)
        self._waiting.clear()
        self._bytes_waiting = 0
        self._torn = self._cut


def _piece(data: bytes, size: int) -> bytes:
    """Cut at the end of a line where there is one, so that others who write to the same pipe tear none."""
    if len(data) <= size:
        return data
    return data[: data.rfind(b"\n", 0, size) + 1 or size]


def _piece_of(descriptor: int) -> int:
    """Regular files never block: they take everything at once."""
    with suppress(OSError):
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return BACKLOG
    return PIECE
