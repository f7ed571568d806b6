"""Carries records to a place that may be slow or dead: a bounded queue and one thread that empties it.

Whoever puts a record into the queue never waits. The place may make the thread wait as long as it likes; what the
queue cannot hold meanwhile is lost and counted. A record stays in the queue until it is delivered, so that a place
that comes back gets all that was not lost. What a record looks like and what a place is are left to others.
"""

import random
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from proxy.sinks.renderers import Letter

CAPACITY = 4096
"""Records that wait; beyond it they are lost."""

END_SECONDS = 3.0
"""How long the end of the process waits for records that are still on their way."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_SLOW = "it takes records more slowly than they come"


class Place(Protocol):
    """Where records are delivered. Only the courier's thread calls it; it may wait."""

    def deliver(self, record: bytes) -> None:
        """Deliver one record as a whole. Raises: OSError; the same record is brought again later."""
        ...

    def reopen(self) -> None:
        """Begin anew with the next record, where there is something to open."""
        ...

    def close(self) -> None:
        """Let go of everything. Never raises."""
        ...


Pause = Callable[[int], float]
"""Failures in a row, from 1 on, to the seconds until the next attempt."""


def back_off(failures: int) -> float:
    """Wait twice as long after each failure, up to half a minute, not all proxies at once."""
    longest = min(_FIRST_PAUSE * 2 ** min(failures - 1, 10), _LONGEST_PAUSE)
    return random.uniform(longest / 2, longest)  # noqa: S311 - no secret


class Courier:
    """One queue with its thread. Everything but `_run` and what it calls is called by the owner's thread."""

    def __init__(
        self,
        name: str,
        place: Place,
        render: Callable[[Letter], bytes],
        *,
        capacity: int = CAPACITY,
        pause: Pause = back_off,
    ) -> None:
        self.name = name
        """What the place is called, for people."""
        self.lost = 0
        """Records that could not be delivered."""
        self._place = place
        self._render = render
        self._capacity = max(capacity, 1)
        self._pause = pause
        self._queue: deque[Letter] = deque()
        self._changed = threading.Condition()
        self._failure = ""
        self._is_slow = self._is_closing = self._must_reopen = False
        self._thread = threading.Thread(target=self._run, name=f"sink {name}", daemon=True)

    @property
    def trouble(self) -> str:
        """Why records do not arrive now, the end of a sentence; empty when they do."""
        return self._failure or (_SLOW if self._is_slow else "")

    @property
    def waiting(self) -> int:
        """Records in the queue."""
        return len(self._queue)

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    def put(self, letter: Letter) -> None:
        """Take a record, or lose it when too many wait."""
        with self._changed:
            if self._is_closing or len(self._queue) >= self._capacity:
                self.lost += 1
                self._is_slow = not self._is_closing
                return
            self._queue.append(letter)
            self._changed.notify()

    def start(self) -> None:
        """Begin to deliver. What was put before is delivered, too; after a fork only what starts there lives there."""
        self._thread.start()

    def reopen(self) -> None:
        """Let the place begin anew, and try at once where it was given up for a while."""
        with self._changed:
            self._must_reopen = True
            self._changed.notify()

    def close(self) -> None:
        """Take nothing more; the thread ends when the queue is empty or the place fails."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()

    def join(self, seconds: float = END_SECONDS) -> None:
        """Wait for the thread after `close`; what it could not deliver within that time is lost."""
        if self._thread.ident is not None:
            self._thread.join(max(seconds, 0.0))
        with self._changed:
            self._lose_rest()

    # ── the thread ───────────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        failures = 0
        while self._await_work():
            if self._must_reopen:
                self._must_reopen = False
                self._place.reopen()
            if not self._queue:
                continue
            letter = self._queue[0]
            try:
                self._place.deliver(self._render(letter))
            except OSError as fault:
                failures += 1
                self._failure = explain(fault)
                self._rest(self._pause(failures))
                continue
            failures = 0
            self._failure = ""
            self._take()
        self._place.close()

    def _await_work(self) -> bool:
        """Wait for something to do; False: it is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._is_closing or self._must_reopen)
            if self._is_closing and self._failure:
                self._lose_rest()
            return bool(self._queue) or not self._is_closing

    def _take(self) -> None:
        with self._changed:
            if self._queue:  # empty when `join` has given it up meanwhile
                self._queue.popleft()
            self._is_slow = self._is_slow and len(self._queue) > self._capacity // 2

    def _rest(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closing or self._must_reopen, seconds)

    def _lose_rest(self) -> None:
        self.lost += len(self._queue)
        self._queue.clear()


def explain(fault: OSError) -> str:
    """Say why a place cannot be reached, as the end of a sentence."""
    match fault:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted: {fault.verify_message}"
        case ssl.SSLError():
            return f"TLS failed: {(fault.reason or 'no reason is known').lower().replace('_', ' ')}"
        case socket.gaierror():
            return "its name cannot be resolved"
        case TimeoutError():
            return "it did not answer in time"
        case _:
            return (fault.strerror or "no reason is known").lower()
