"""Writes the access log in batches (`batch`); what a line says is decided in `events.access`.

Own writer instead of structlog: a line costs 2 µs here and about 10 µs there.
"""

import os
from contextlib import suppress

from proxy.sinks.batch import Batch, Count
from proxy.sinks.stream import Stream

FLUSH_SECONDS = 0.5
"""How often the owner of the log should call `flush`."""

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
_MODE = 0o640
_STANDARD_OUTPUT = 1


class AccessLog:
    """The access log. Lines it could not write are counted in `lost`; nothing here waits or raises afterwards."""

    name = "access log"
    """What the sink is called."""

    def __init__(
        self,
        path: str = "",
        *,
        descriptor: int = _STANDARD_OUTPUT,
        writes: bool = True,
        count: Count | None = None,
    ) -> None:
        """Open the file for appending; without a path, write to the descriptor, which stays the caller's.

        With `writes` false entries are counted and not written.
        Raises: OSError when the file cannot be opened.
        """
        self._path = path if writes else ""
        self._writes = writes
        self._standard = descriptor
        self._stream = Stream(os.open(path, _FLAGS, _MODE) if self._path else descriptor)
        self._lost_before = 0
        self._batch = Batch(count, self.write if writes else None)
        self.record = self._batch.record
        """Takes a request; its line is written with the batch."""

    @property
    def lost(self) -> int:
        """Lines that could not be written."""
        return self._lost_before + self._stream.lost

    @property
    def trouble(self) -> str:
        """Why it takes nothing now; empty when it does."""
        return self._stream.trouble

    def flush(self) -> None:
        """Write the batch. The caller's timer calls this every `FLUSH_SECONDS`."""
        if not self._batch.flush():
            self._stream.flush()

    def write(self, lines: bytes, records: int) -> None:
        """Write whole lines of so many requests that were encoded elsewhere; they are not counted."""
        if self._writes:
            self._stream.write(lines, records)

    def reopen(self) -> bool:
        """Open the file anew after somebody moved it away; False when that fails and the old one stays in use."""
        try:
            self.turn(self._path, writes=self._writes)
        except OSError:
            return False
        return True

    def turn(self, path: str, *, writes: bool) -> None:
        """Write to another file from now on, to the descriptor where `path` is empty, or nothing at all.

        Raises: OSError when the file cannot be opened; nothing has changed then.
        """
        self.flush()
        path = path if writes else ""
        if path or self._path:
            stream = Stream(os.open(path, _FLAGS, _MODE) if path else self._standard)
            self._end()
            self._lost_before += self._stream.lost
            self._path, self._stream = path, stream
        self._writes = writes
        self._batch.turn(self.write if writes else None)

    def close(self) -> None:
        """Write the batch and close the file."""
        self.flush()
        self._end()

    def _end(self) -> None:
        self._stream.abandon()
        if self._path:
            with suppress(OSError):
                os.close(self._stream.descriptor)
