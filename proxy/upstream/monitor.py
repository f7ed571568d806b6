"""Looks at every backend's trust on start, on a timer and after a reload, and keeps the last verdict of each.

Looking is `probe`'s; what follows from a change is a callable of the owner. What traffic meets on its own is noted
here, too: a refusal needs no second look.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from proxy.events.record import Emit, Event
from proxy.model.limits import Timeouts
from proxy.model.sites import Server, TrustPolicy
from proxy.model.verdict import Verdict
from proxy.trust.changes import Change, Known, compare, first_end
from proxy.upstream.probe import Probe

EVENTS = {
    Change.BECAME_UNTRUSTED: 1020,
    Change.TRUSTED_AGAIN: 1021,
    Change.CERTIFICATE_CHANGED: 1022,
    Change.EXPIRES_SOON: 1023,
}
"""Which event tells which change."""
AT_ONCE = 4
"""Looks under way at the same time: a hundred servers are no storm, and one that hangs holds nobody up."""
JITTER = 0.1
"""Share of the interval by which looks are moved about, so that proxies started together do not look together."""

Look = Callable[[Server, TrustPolicy, Timeouts], Coroutine[None, None, Probe]]
"""How one server is looked at; `Prober.probe`."""
Key = tuple[Server, TrustPolicy]


class Watched(NamedTuple):
    """A server to look at."""

    server: Server
    policy: TrustPolicy
    timeouts: Timeouts


@dataclass(slots=True)
class Standing:
    """What is known of one server."""

    watched: Watched
    """Whom, and under which policy."""
    due: float
    """When to look next, by the coarse clock."""
    probe: Probe | None = None
    """The last look, also one that found nothing out."""
    known: Known = field(default_factory=Known)
    """The last verdict, whatever came after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How the monitor works."""

    interval: float = 300.0
    """Seconds between two looks, `monitor.interval`; 0 looks never and tells nothing, but notes what traffic meets."""
    expiry_warning: timedelta = timedelta(days=21)
    """How long before its end a certificate is announced, `monitor.expiry_warning`."""


class Monitor:
    """The last verdict of every server.

    `changed` is told when a server becomes untrusted (False) or trusted again (True); `chance` gives 0 to 1.
    """

    def __init__(
        self,
        look: Look,
        emit: Emit,
        changed: Callable[[Server, TrustPolicy, bool], None],
        first_server: str,
        chance: Callable[[], float],
    ) -> None:
        self._look_at = look
        self._emit = emit
        self._changed = changed
        self._first_server = first_server
        self._chance = chance
        self._habits = Habits()
        self.name_of: Callable[[Server], str] = lambda server: server.host
        """How events name a server (`events.server_name_style`); `service` sets it."""
        self._standings: dict[Key, Standing] = {}
        self._looks: dict[asyncio.Task[None], Key] = {}

    def watch(self, wanted: Iterable[Watched], habits: Habits) -> None:
        """Look at these servers from now on, at each of them soon; what is known of a server that stays is kept."""
        self._habits = habits
        before = self._standings
        self._standings = {}
        for watched in wanted:
            key = (watched.server, watched.policy)
            known = before.get(key)
            standing = Standing(watched, 0.0)
            if known is not None:
                standing.probe, standing.known = known.probe, known.known
            self._standings[key] = standing

    def tick(self, now: float) -> None:
        """Start the looks that are due."""
        if not self._habits.interval:
            return
        under_way = set(self._looks.values())
        for key, standing in self._standings.items():
            if len(self._looks) >= AT_ONCE:
                return
            if standing.due <= now and key not in under_way:
                standing.due = now + self._habits.interval * (1 + JITTER * (2 * self._chance() - 1))
                name = f"look at {standing.watched.server.host}"
                task = asyncio.get_running_loop().create_task(self._look(standing), name=name)
                self._looks[task] = key
                task.add_done_callback(self._looks.pop)

    def note_refusal(self, server: Server, policy: TrustPolicy, verdict: Verdict) -> None:
        """Take the verdict on a server that traffic was refused by, or was let through to untrusted."""
        standing = self._standings.get((server, policy))
        if standing is not None:
            self._conclude(standing, Probe(server, verdict.at, verdict=verdict))

    def note_success(self, server: Server, policy: TrustPolicy) -> None:
        """Take note that a verified handshake succeeded; look soon if the last verdict says otherwise."""
        standing = self._standings.get((server, policy))
        if standing is not None and standing.known.verdict is not None and not standing.known.verdict.trusted:
            standing.due = 0.0

    def standings(self) -> list[Standing]:
        """Give what is known of every server, in the order of the settings."""
        return list(self._standings.values())

    async def close(self) -> None:
        """End the looks under way."""
        tasks = list(self._looks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self, standing: Standing) -> None:
        probe = await self._look_at(*standing.watched)
        if self._standings.get((standing.watched.server, standing.watched.policy)) is standing:
            self._conclude(standing, probe)

    def _conclude(self, standing: Standing, probe: Probe) -> None:
        """Keep what a look gave, tell what changed, and have connections made under the old verdict dropped."""
        standing.probe = probe
        if probe.verdict is None:
            return
        before = standing.known
        changes, standing.known = compare(before, probe.verdict, self._habits.expiry_warning)
        policy = standing.watched.policy
        is_news = before.verdict is not None or not policy.allow_untrusted  # else no connection was made in good faith
        if is_news and {Change.BECAME_UNTRUSTED, Change.TRUSTED_AGAIN} & set(changes):
            self._changed(standing.watched.server, policy, probe.verdict.trusted)
        for change in changes:
            if self._habits.interval and not _is_told_by_use(change, before, policy):
                self._emit(self._event(change, probe.verdict, standing.watched))

    def _event(self, change: Change, verdict: Verdict, watched: Watched) -> Event:
        server, policy, _ = watched
        parameters: tuple[str, ...] = (self._first_server, self.name_of(server))
        end = first_end(verdict)
        if change is Change.EXPIRES_SOON and end is not None:
            parameters += (str(max((end - verdict.at).days, 0)),)
        return Event(
            id=EVENTS[change],
            parameters=parameters,
            site=server.site,
            server=server.authority,
            address=server.connect_host,
            port=server.connect_port,
            reason=verdict.reason,
            code=verdict.code,
            code_text=verdict.text,
            policy=policy.name,
            policy_source=policy.source,
            generation=policy.generation,
            verdict=verdict,
        )


def _is_told_by_use(change: Change, before: Known, policy: TrustPolicy) -> bool:
    """Leave a server that was never trusted, under switch 1, to event 1043, which speaks when it is used."""
    return change is Change.BECAME_UNTRUSTED and before.verdict is None and policy.allow_untrusted
