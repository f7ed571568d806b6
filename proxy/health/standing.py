"""How one server stands, as a value that changes; what follows for its site is left to `servers`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Literal

from proxy.model.health import HealthRules
from proxy.model.sites import Server


class State(Enum):
    """Where a server is."""

    UNCHECKED = 0
    """Nothing is known yet; requests are sent."""
    UP = 1
    """It works."""
    DOWN = 2
    """It gets no requests while another server works."""
    HALF_OPEN = 3
    """It was down, and one request tries it; the others still keep away."""


Word = Literal["up", "down", "half_open", "unchecked"]
"""A state as it is told."""

UNCHECKED, UP, DOWN, HALF_OPEN = State
"""The members by themselves: up to Python 3.11 `State.UP` is a failed lookup and a call."""

WORDS: Mapping[State, Word] = MappingProxyType({UNCHECKED: "unchecked", UP: "up", DOWN: "down", HALF_OPEN: "half_open"})
"""Each state's word."""


@dataclass(slots=True)
class Counters:
    """What happened to a server since the process began."""

    checks: int = 0
    """Checks of its health."""
    failed_checks: int = 0
    """Those that failed."""
    failed_connections: int = 0
    """Connections for requests that did not come about."""
    falls: int = 0
    """How often it went down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A server that went down, or is up again; made from values, so that it can be told to another process."""

    server: Server
    """Which one."""
    is_up: bool
    """Whether it is up again."""
    why: str
    """One sentence; empty when it is up."""
    seconds: float = 0.0
    """How long it was down, when it is up again."""
    nobody_left: bool = False
    """Whether no server of its site works any longer."""


class Standing:
    """What is known of one server. It lives as long as the server stands in the settings, across reloads."""

    __slots__ = (
        "by_check", "counters", "failed_at", "failures", "fallen", "is_usable", "passed", "rules", "server", "since",
        "state", "trial_until", "why",
    )  # fmt: skip

    def __init__(self, server: Server, rules: HealthRules, now: float) -> None:
        self.server = server
        self.rules = rules
        self.state = UNCHECKED
        self.is_usable = True
        """Whether requests are sent to it as a matter of course; read for each request."""
        self.since = now
        """Moment of the coarse clock at which it came to be as it is."""
        self.why = ""
        """What was heard last that was not good: why it is down, or why a check failed; empty: nothing is wrong."""
        self.by_check = False
        """Whether checks took it down; then only checks bring it up again."""
        self.failures = 0
        """Connections in a row that failed."""
        self.failed_at = 0.0
        """Moment of the last failure of a connection."""
        self.trial_until = 0.0
        """Until then one request tries it alone."""
        self.fallen = 0
        """Checks in a row that failed."""
        self.passed = 0
        """Checks in a row that passed."""
        self.counters = Counters()

    def fall(self, why: str, now: float, *, by_check: bool) -> None:
        """Go down."""
        self.state, self.is_usable, self.since = DOWN, False, now
        self.why, self.by_check = why, by_check
        self.failed_at, self.trial_until, self.passed = now, 0.0, 0
        self.counters.falls += 1

    def rise(self, now: float) -> None:
        """Be up."""
        self.state, self.is_usable, self.since = UP, True, now
        self.why, self.by_check = "", False
        self.failures = self.fallen = 0
        self.trial_until = 0.0

    def may_be_tried(self, now: float, hold: float) -> bool:
        """Tell whether a request may try it although it is down: `hold` seconds have passed, and no other tries it."""
        return not (self.is_usable or self.by_check) and self.failed_at + hold <= now and self.trial_until <= now
