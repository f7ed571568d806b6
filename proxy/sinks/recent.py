"""Keeps the last events in memory for those who ask and those who follow; how they are asked is left to `admin`."""

from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from proxy.events.record import Event
from proxy.model.verdict import Verdict

CAPACITY = 10_000
"""Events that are kept."""

_VERDICTS = 256
"""Servers whose last verdict is remembered, so that events share one."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An event that is kept."""

    sequence: int
    """Its number since the start, from 1 on."""
    at: float
    """When it happened, in seconds since 1970."""
    event: Event
    """The event."""


Follower = Callable[[Kept], None]
"""Is told of every event as it happens. Never waits, never raises."""


class Recent:
    """A sink that remembers. Equal chains of certificates are kept once: they are larger than all the rest."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._kept: deque[Kept] = deque(maxlen=max(capacity, 1))
        self._last = 0
        self._verdicts: dict[str, Verdict] = {}
        self._followers: list[Follower] = []

    name = "memory"
    """What the sink is called."""

    @property
    def last(self) -> int:
        """Number of the last event; 0 before the first."""
        return self._last

    def write(self, event: Event, at: float) -> None:
        """Keep an event, the oldest one goes; tell the followers."""
        self._last += 1
        kept = Kept(self._last, at, self._share(event))
        self._kept.append(kept)
        for follower in tuple(self._followers):
            follower(kept)

    def tick(self, now: float) -> None:
        """Nothing waits."""

    def close(self, now: float) -> None:
        """Nothing waits; who asks still gets an answer."""

    def query(
        self,
        *,
        ids: Collection[int] = (),
        site: str = "",
        since: float | None = None,
        until: float | None = None,
        limit: int = CAPACITY,
        after: int = 0,
    ) -> list[Kept]:
        """Give the newest `limit` events that fit, oldest first; with `after`, the first ones after that number.

        Without `ids` and `site` all fit; `since` and `until` are in seconds since 1970 and still fit themselves. An
        `after` that was never given out is one of before a restart: everything comes after it.
        """

        def fits(kept: Kept) -> bool:
            return (
                (not ids or kept.event.id in ids)
                and (not site or kept.event.site == site)
                and (since is None or kept.at >= since)
                and (until is None or kept.at <= until)
            )

        if after:
            return list(islice(filter(fits, self._after(after if after <= self._last else 0)), max(limit, 0)))
        return list(islice(filter(fits, reversed(self._kept)), max(limit, 0)))[::-1]

    def find(self, sequence: int) -> Kept | None:
        """Give the event of that number; None when it is not kept any more, or not yet."""
        kept = next(self._after(sequence - 1), None)
        return kept if kept is not None and kept.sequence == sequence else None

    def subscribe(self, follower: Follower) -> Callable[[], None]:
        """Tell `follower` of every further event; what is returned ends that, as often as it is called."""
        self._followers.append(follower)

        def unsubscribe() -> None:
            if follower in self._followers:
                self._followers.remove(follower)

        return unsubscribe

    def _after(self, sequence: int) -> Iterator[Kept]:
        """Go through the events after a number; the numbers in the deque have no gaps."""
        first = self._kept[0].sequence if self._kept else 1
        return islice(self._kept, max(sequence + 1 - first, 0), None)

    def _share(self, event: Event) -> Event:
        """Let the verdict have the chain and the findings of its server's last one, if they are equal."""
        verdict = event.verdict
        if verdict is None:
            return event
        known = self._verdicts.get(event.server)
        if known is not None and known is not verdict:
            shared = replace(known, at=verdict.at)
            if shared == verdict:
                return replace(event, verdict=shared)
        if len(self._verdicts) >= _VERDICTS:
            self._verdicts.clear()
        self._verdicts[event.server] = verdict
        return event
