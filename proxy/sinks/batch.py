"""Counts and encodes the requests of one process, a batch at a time; where the lines go is the owner's.

An entry is a value in a list until then: nothing is encoded or counted between requests, so that the code and data of
both stay in the processor's caches.
"""

from collections.abc import Callable, Sequence

from proxy.events.access import AccessEncoder, AccessEntry

BATCH = 256
"""Entries after which a batch is worked off without waiting for the timer: about 64 KiB, and half a millisecond."""

Count = Callable[[Sequence[AccessEntry]], None]
"""Is told of every batch, before it is written. Never waits, never raises."""
WriteLines = Callable[[bytes, int], None]
"""Takes whole lines and their number."""


class Batch:
    """The requests that wait to be worked off."""

    def __init__(self, count: Count | None, write: WriteLines | None) -> None:
        """Without `write` requests are counted only (`log.access = false`)."""
        self._count = count
        self._write = write
        self._encode = AccessEncoder().encode
        self._entries: list[AccessEntry] = []

    def turn(self, write: WriteLines | None) -> None:
        """Have lines written to another place, or not at all, from now on."""
        self.flush()
        self._write = write

    def record(self, entry: AccessEntry) -> None:
        """Take a request that has been answered."""
        self._entries.append(entry)
        if len(self._entries) >= BATCH:
            self.flush()

    def flush(self) -> bool:
        """Work off what is there, if anything is; the owner's timer calls this."""
        if not self._entries:
            return False
        entries, self._entries = self._entries, []
        if self._count is not None:
            self._count(entries)
        if self._write is not None:
            self._write(b"".join(map(self._encode, entries)), len(entries))
        return True
