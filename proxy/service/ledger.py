"""Counts and writes the requests of one process, a batch at a time; the numbers are `metrics`', the place `sinks`'.

An entry is a value in a list until then: nothing is encoded or counted between requests, so that the code and data of
both stay in the processor's caches.
"""

from collections.abc import Callable

from proxy.events.access import AccessEncoder, AccessEntry
from proxy.metrics.meter import Meter

BATCH = 256
"""Entries after which a batch is worked off without waiting for the tick: about 64 KiB of lines, and a millisecond."""

WriteLines = Callable[[bytes, int], None]
"""Takes whole lines and their number."""


class Ledger:
    """The requests of a process."""

    def __init__(self, meter: Meter, write: WriteLines | None) -> None:
        """Without `write` requests are counted only (`log.access = false`)."""
        self._meter = meter
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

    def flush(self) -> None:
        """Work off what is there. Called with every tick of the coarse clock, and before numbers are told."""
        if not self._entries:
            return
        entries, self._entries = self._entries, []
        self._meter.count(entries)
        if self._write is not None:
            self._write(b"".join(map(self._encode, entries)), len(entries))
