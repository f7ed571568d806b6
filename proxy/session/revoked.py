"""Sessions that were ended before their time; their cookies may still be about. Keeping the text is left to others."""

import heapq
import math
import re

CAPACITY = 100_000
"""Ids remembered: beyond it the one whose end is nearest is forgotten, for it does the least harm."""

_HEADING = "casproxy revoked 1"
_LINE = re.compile(r"([0-9a-f]{32}) ([0-9]{1,12}(?:\.[0-9]{1,20})?)")


class Revoked:
    """Ids until the moment at which their cookies are over by themselves."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = max(capacity, 1)
        self._ends: dict[str, float] = {}
        self._queue: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._ends)

    def add(self, session_id: str, until: float) -> None:
        """Remember an id until a moment, or longer if it is already remembered for longer."""
        if not until > self._ends.get(session_id, -math.inf):  # so that NaN is nothing either
            return
        self._ends[session_id] = until
        heapq.heappush(self._queue, (until, session_id))
        while len(self._ends) > self._capacity:
            self._pop()
        if len(self._queue) > 2 * self._capacity:
            self._queue = [(end, name) for name, end in self._ends.items()]
            heapq.heapify(self._queue)

    def has(self, session_id: str, now: float = 0.0) -> bool:
        """Tell whether an id was ended; those whose moment has come are let go."""
        while self._queue and self._queue[0][0] <= now:
            self._pop()
        return session_id in self._ends

    def entries(self) -> list[tuple[str, float]]:
        """List ids with their moments."""
        return list(self._ends.items())

    def dump(self) -> str:
        """Write all as text, one a line."""
        lines = (f"{name} {end:.3f}" for name, end in self._ends.items())
        return "\n".join([_HEADING, *lines]) + "\n"

    def load(self, text: str) -> int:
        """Add what a dump holds; returns how many lines were damaged and skipped, and never raises."""
        damaged = 0
        for line in text.splitlines():
            match = _LINE.fullmatch(line)
            if match:
                self.add(match[1], float(match[2]))
            elif line != _HEADING:
                damaged += 1
        return damaged

    def _pop(self) -> None:
        """Let the first of the queue go; one that was prolonged since is only a leftover."""
        end, name = heapq.heappop(self._queue)
        if self._ends.get(name) == end:
            del self._ends[name]
