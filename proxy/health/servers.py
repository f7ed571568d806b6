"""Decides which servers of a site get requests: those that work, in which order, and who tries one that did not.

A server goes down by failing checks or by connections that fail, one after the other. Checks that took it down must
bring it up again. After connections took it down, one request at a time tries it once its hold time is over; what the
others get meanwhile comes from servers that work. Where none works, nobody waits for the hold time: once a second one
request tries what connections took down, so that a site is back at once, and the others are told to come again.

Asking, dialling and telling are left to others.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from proxy.health.standing import DOWN, HALF_OPEN, UNCHECKED, UP, WORDS, Counters, Standing, Turn, Word
from proxy.model.health import HealthRules
from proxy.model.sites import Server, TrustPolicy

LAST_RESORT_SECONDS = 1.0
"""Where no server of a site works, one is tried again after so long: a site that is mended is back at once."""
LAST_FAILURES = 3
"""So many connections in a row must fail before a site loses its last server: there is nobody to turn to."""
TRIAL_SECONDS = 15.0
"""A request that tries a server and is never heard of again blocks it so long: a connect and a handshake."""
LONGEST_WAIT = 300
"""Seconds that `Retry-After` says at the most."""


class Candidate(Protocol):
    """Something that requests are sent to: a server with what belongs to it."""

    @property
    def standing(self) -> Standing:
        """How it stands."""


Sent = TypeVar("Sent", bound=Candidate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """How a server stands, for the eye and for other processes."""

    server: Server
    """Which one."""
    state: Word
    """What requests find."""
    seconds: float
    """How long it has been so."""
    why: str
    """What is wrong, a sentence; empty: nothing."""
    counters: Counters
    """What happened to it."""


class ServerHealth:
    """How all servers stand. Lives as long as the process; `tell` hears of each turn, in the order they happen."""

    def __init__(self, tell: Callable[[Turn], None]) -> None:
        self._tell = tell
        self._known: dict[Server, Standing] = {}
        self._sites: dict[str, list[Standing]] = {}
        self._turns: dict[str, int] = {}
        self.is_calm = True
        """Whether no server is down: the usual case, in which no order needs a thought."""

    def arrange(self, wanted: Iterable[tuple[Sequence[Server], HealthRules]], now: float) -> None:
        """Watch the servers of these sites by their rules; what is known of one that stays is kept.

        A server that checks took down and that is checked no longer starts anew.
        """
        before = self._known
        self._known, self._sites, self._turns = {}, {}, {}
        for servers, rules in wanted:
            for server in servers:
                standing = before.get(server) or Standing(server, rules, now)
                if standing.by_check and not rules.path:
                    standing = Standing(server, rules, now)
                standing.rules = rules
                self._known[server] = standing
                self._sites.setdefault(server.site, []).append(standing)
        self._look()

    def of(self, server: Server) -> Standing:
        """Give how a server stands that `arrange` was told of. Raises: KeyError for any other."""
        return self._known[server]

    # ── what requests find ───────────────────────────────────────────────────────────────────────

    def order(self, servers: Sequence[Sent], head: int, now: float) -> tuple[Sent, ...]:
        """Give the order in which a request tries a ring of servers: from `head`, any number, those that work first.

        One that connections took down and whose hold time is over comes first where it is the head, for one request.
        Others that connections took down come last: a request that finds all others dead may still reach them. Empty:
        no server works, and this request may try none.
        """
        start = head % len(servers) if servers else 0
        ring = (*servers[start:], *servers[:start])
        if self.is_calm:
            return ring
        usable = tuple(each for each in ring if each.standing.is_usable)
        held = tuple(each for each in ring if not (each.standing.is_usable or each.standing.by_check))
        if usable:
            if held and held[0] is ring[0] and self._try(held[0].standing, now, held[0].standing.rules.hold):
                return (held[0], *usable, *held[1:])
            return (*usable, *held)
        # The one that was left alone longest goes first; each is tried by this request alone.
        longest = sorted(held, key=lambda each: each.standing.failed_at)
        return tuple(each for each in longest if self._try(each.standing, now, LAST_RESORT_SECONDS))

    def take_turn(self, site: str) -> int:
        """Give a number for a request that may begin anywhere: one more than the last of its site."""
        turn = self._turns.get(site, -1) + 1
        self._turns[site] = turn
        return turn

    def retry_after(self, servers: Sequence[Candidate], now: float) -> int:
        """Give the seconds after which a request is worth another try where no server works."""
        waits = [_wait(each.standing, now) for each in servers]
        return max(1, min(math.ceil(min(waits, default=1.0)), LONGEST_WAIT))

    def note_failure(self, candidate: Candidate, why: str, now: float) -> None:
        """Take note that a connection to a server did not come about."""
        standing = candidate.standing
        standing.counters.failed_connections += 1
        standing.failures += 1
        if not standing.is_usable:
            standing.failed_at, standing.trial_until = now, 0.0
            if not standing.by_check:
                standing.state, standing.why = DOWN, why
        elif standing.rules.failures and standing.failures >= self._enough(standing):
            self._fall(standing, why, now, by_check=False)

    def note_success(self, candidate: Candidate, now: float) -> None:
        """Take note that a server could be reached."""
        standing = candidate.standing
        standing.failures = 0
        if standing.state is UP or standing.by_check:
            return
        self._rise(standing, now)

    def note_leaving(self, candidate: Candidate) -> None:
        """Take note that a request has gone which may have tried a server, without finding anything out."""
        standing = candidate.standing
        if standing.state is HALF_OPEN:
            standing.state, standing.trial_until = DOWN, 0.0

    # ── what checks find ─────────────────────────────────────────────────────────────────────────

    def note_check(self, server: Server, policy: TrustPolicy, ok: bool, why: str, now: float) -> None:
        """Take the outcome of a check; one of a server that is not watched any longer is passed over.

        The policy tells whose check it was, no more: whether a server can be reached does not hang on it. A server that
        is not trusted has passed, and `why` says so: what 43 is for must not be taken for an outage.
        """
        del policy
        standing = self._known.get(server)
        if standing is None or not standing.rules.path:
            return
        standing.counters.checks += 1
        if ok:
            self._pass(standing, why, now)
        else:
            standing.counters.failed_checks += 1
            standing.fallen, standing.passed, standing.why = standing.fallen + 1, 0, why
            if standing.fallen < standing.rules.fall and standing.state is not UNCHECKED:
                return  # of one that nothing good is known of, the first check is believed
            if standing.is_usable:
                self._fall(standing, why, now, by_check=True)
            else:
                standing.state, standing.by_check, standing.trial_until = DOWN, True, 0.0

    def standings(self, now: float) -> list[Facts]:
        """Tell how every server stands, in the order of the settings."""
        return [
            Facts(
                server=each.server,
                state=WORDS[each.state],
                seconds=max(now - each.since, 0.0),
                why=each.why,
                counters=Counters(**{name: getattr(each.counters, name) for name in Counters.__slots__}),
            )
            for each in self._known.values()
        ]

    # ── small steps ──────────────────────────────────────────────────────────────────────────────

    def _pass(self, standing: Standing, why: str, now: float) -> None:
        standing.fallen, standing.passed = 0, standing.passed + 1
        if standing.state is UNCHECKED or (not standing.is_usable and standing.passed >= standing.rules.rise):
            self._rise(standing, now)
        if standing.is_usable:
            standing.why = why

    def _enough(self, standing: Standing) -> int:
        """Give how many connections in a row must fail before this server is down."""
        site = self._sites.get(standing.server.site, [])
        others = any(each.is_usable for each in site if each is not standing)
        return standing.rules.failures if others else max(standing.rules.failures, LAST_FAILURES)

    @staticmethod
    def _try(standing: Standing, now: float, hold: float) -> bool:
        """Let one request try a server that is down, if the time has come."""
        if not standing.may_be_tried(now, hold):
            return False
        standing.state, standing.trial_until = HALF_OPEN, now + TRIAL_SECONDS
        return True

    def _fall(self, standing: Standing, why: str, now: float, *, by_check: bool) -> None:
        standing.fall(why, now, by_check=by_check)
        if self._known.get(standing.server) is not standing:  # a reload took it away; its last requests still end
            return
        self._look()
        site = self._sites.get(standing.server.site, [])
        self._tell(
            Turn(server=standing.server, is_up=False, why=why, nobody_left=not any(each.is_usable for each in site))
        )

    def _rise(self, standing: Standing, now: float) -> None:
        was_down, seconds = not standing.is_usable, now - standing.since
        standing.rise(now)
        self._look()
        if was_down and self._known.get(standing.server) is standing:
            self._tell(Turn(server=standing.server, is_up=True, why="", seconds=seconds))

    def _look(self) -> None:
        self.is_calm = all(each.is_usable for each in self._known.values())


def _wait(standing: Standing, now: float) -> float:
    if standing.by_check:  # as many checks as are still missing
        return standing.rules.interval * max(standing.rules.rise - standing.passed, 1)
    return max(standing.failed_at - now, 0.0) + LAST_RESORT_SECONDS
