"""Followers of events: server-sent events, bounded in followers and in what waits; keeping events is left to `sinks`.

A follower that does not keep up is cut and counted; it comes back with `Last-Event-ID` and misses nothing that is still
kept. Source: HTML, 9.2 Server-sent events.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from aiohttp import web

from proxy.admin.query import LAST_SEQUENCE, EventQuery, read_number, read_query
from proxy.admin.records import to_record
from proxy.admin.refusal import Refused
from proxy.admin.state import AdminState, KeptEvent, KeptEvents
from proxy.events.formats import Voice

MOST_FOLLOWERS = 32
MOST_WAITING = 512
"""Records that wait for one follower; with 43s of a few kilobytes that is a megabyte."""
BEAT_SECONDS = 15.0
"""How often a follower hears that nothing has happened, so that no device between forgets the connection."""
REPLAYED = 10_000
"""Records that are sent again at most, as many as are kept."""
AT_ONCE = 100
"""Records that are sent again without giving the loop to others."""
RETRY = b"retry: 2000\n"
"""After so many milliseconds a browser comes back."""


class Follower:
    """One who follows."""

    def __init__(self, query: EventQuery, transport: asyncio.BaseTransport | None) -> None:
        self._query = query
        self._transport = transport
        self._waiting: deque[bytes] = deque()
        self._news = asyncio.Event()
        self.is_over = False
        """Whether nothing more is to be sent."""

    @property
    def is_gone(self) -> bool:
        """Whether its connection has ended."""
        return self._transport is None or self._transport.is_closing()

    def wants(self, kept: KeptEvent) -> bool:
        """Tell whether it asked for such an event."""
        query, event = self._query, kept.event
        return (not query.ids or event.id in query.ids) and (not query.site or event.site.casefold() == query.site)

    def take(self, piece: bytes) -> bool:
        """Let a record wait; False when too many do, and the follower is cut then."""
        if len(self._waiting) >= MOST_WAITING:
            self.cut()
            return False
        self._waiting.append(piece)
        self._news.set()
        return True

    def end(self) -> None:
        """Send no more."""
        self.is_over = True
        self._news.set()

    def cut(self) -> None:
        """End at once, whatever waits: a write that waits for the peer ends, too."""
        self.end()
        self._waiting.clear()
        if isinstance(self._transport, asyncio.Transport):
            self._transport.abort()

    async def next(self, beat: float) -> bytes:
        """Wait for what is to be sent: all that waits, or a comment when nothing comes."""
        try:
            async with asyncio.timeout(beat):
                await self._news.wait()
        except TimeoutError:
            return b": nothing new\n\n"
        self._news.clear()
        pieces = b"".join(self._waiting)
        self._waiting.clear()
        return pieces


class Followers:
    """All who follow. Records are written once, whoever many follow."""

    def __init__(self, state: AdminState) -> None:
        self.state = state
        """Whose events are followed."""
        self.beat = BEAT_SECONDS
        """Seconds of silence after which a comment is sent."""
        self._followers: list[Follower] = []
        self._unsubscribe: Callable[[], None] | None = None
        self.lost = 0
        """Records that followers did not get because they were too slow and were cut."""

    def __len__(self) -> int:
        return len(self._followers)

    def add(self, follower: Follower) -> None:
        """Take one more. Raises: Refused with 503 when there are too many."""
        self._followers = [each for each in self._followers if not each.is_gone]
        if len(self._followers) >= MOST_FOLLOWERS:
            sentence = f"{MOST_FOLLOWERS} follow the events already."
            raise Refused(503, sentence, "Try again later, or ask /api/events.", {"Retry-After": "15"})
        self._followers.append(follower)
        if self._unsubscribe is None:
            self._unsubscribe = self.state.recent.subscribe(self._tell)

    def remove(self, follower: Follower) -> None:
        """Forget one."""
        self._followers = [each for each in self._followers if each is not follower]
        if not self._followers and self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    def end(self) -> None:
        """Send nobody any more."""
        for follower in self._followers:
            follower.end()

    def _tell(self, kept: KeptEvent) -> None:
        wanting = [each for each in self._followers if not each.is_over and each.wants(kept)]
        if not wanting:
            return
        piece = to_piece(kept, self.state.voice)
        for follower in wanting:
            if not follower.take(piece):
                self.lost += MOST_WAITING + 1


FOLLOWERS: web.AppKey[Followers] = web.AppKey("followers")


def to_piece(kept: KeptEvent, voice: Voice) -> bytes:
    """Write a record as a server-sent event; one line of JSON is one line of data."""
    return b"id: %d\nevent: record\ndata: %b\n\n" % (kept.sequence, to_record(kept, voice))


async def stream_events(request: web.Request) -> web.StreamResponse:
    """Send the events after a number, then each as it happens, until either side ends it."""
    query, after = read_query(request.query), read_last_event(request)
    query = EventQuery(ids=query.ids, site=query.site.casefold(), after=query.after if after is None else after)
    followers = request.app[FOLLOWERS]
    state = followers.state
    follower = Follower(query, request.transport)
    missed = _missed(state.recent, query)  # nothing happens between this and the next line
    followers.add(follower)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    try:
        await response.prepare(request)
        await response.write(RETRY + b": the last one is %d\n\n" % state.recent.last)
        for start in range(0, len(missed), AT_ONCE):
            chosen = [each for each in missed[start : start + AT_ONCE] if follower.wants(each)]
            await response.write(b"".join(to_piece(each, state.voice) for each in chosen))
            await asyncio.sleep(0)
        while not follower.is_over:
            await response.write(await follower.next(followers.beat))
    except ConnectionError:
        pass  # it went, or was cut
    finally:
        followers.remove(follower)
    return response


def read_last_event(request: web.Request) -> int | None:
    """Read the number of the last event that a follower got before its connection broke; None without one."""
    text = request.headers.get("Last-Event-ID", "")
    return read_number("Last-Event-ID", text, 0, LAST_SEQUENCE) if text else None


def _missed(recent: KeptEvents, query: EventQuery) -> list[KeptEvent]:
    if query.after is None:
        return []
    return list(recent.query(ids=query.ids, site="", since=None, until=None, limit=REPLAYED, after=query.after))
