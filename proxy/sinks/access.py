"""Writes the access log in batches; what a line says is decided in `events.access`.

Own writer instead of structlog: a line costs 2 µs here and about 10 µs there. Entries are encoded when the batch is
written, not one by one between requests: the encoder's code and data then stay in the processor's caches.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress

from proxy.events.access import AccessEncoder, AccessEntry
from proxy.sinks.stream import Stream

BATCH = 256
"""Entries after which a batch is written without waiting for the timer: about 64 KiB, and half a millisecond."""

FLUSH_SECONDS = 0.5
"""How often the owner of the log should call `flush`."""

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
_MODE = 0o640
_STANDARD_OUTPUT = 1


Count = Callable[[Sequence[AccessEntry]], None]
"""Is told of every batch, before it is written. Never waits, never raises."""


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
        self._count = count
        self._stream = Stream(os.open(path, _FLAGS, _MODE) if self._path else descriptor)
        self._lost_before = 0
        self._encode = AccessEncoder().encode
        self._entries: list[AccessEntry] = []

    @property
    def lost(self) -> int:
        """Lines that could not be written."""
        return self._lost_before + self._stream.lost

    @property
    def trouble(self) -> str:
        """Why it takes nothing now; empty when it does."""
        return self._stream.trouble

    def record(self, entry: AccessEntry) -> None:
        """Add a line; it is written with the batch."""
        self._entries.append(entry)
        if len(self._entries) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write the batch. The caller's timer calls this every `FLUSH_SECONDS`."""
        if not self._entries:
            self._stream.flush()
            return
        entries, self._entries = self._entries, []
        if self._count is not None:
            self._count(entries)
        self.write(b"".join(map(self._encode, entries)) if self._writes else b"", len(entries))

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

    def close(self) -> None:
        """Write the batch and close the file."""
        self.flush()
        self._end()

    def _end(self) -> None:
        self._stream.abandon()
        if self._path:
            with suppress(OSError):
                os.close(self._stream.descriptor)
