"""What an entry of the catalogue is made of; the entries stand in `exchange` and `own`."""

from dataclasses import dataclass
from enum import Enum

OWN_PROVIDER = "casproxy"
"""Provider of the events that Exchange does not have."""

FIRST_OWN_ID = 1000
"""Smallest number of an event of ours; everything below is Exchange's."""


class Level(Enum):
    """How grave an event is, in the words of the Windows event log."""

    INFORMATION = "Information"
    WARNING = "Warning"
    ERROR = "Error"


@dataclass(frozen=True, slots=True)
class Kind:
    """How the Elastic Common Schema files an event."""

    categories: tuple[str, ...]
    """`event.category`."""
    types: tuple[str, ...]
    """`event.type`."""
    outcome: str
    """`event.outcome`: success, failure or unknown."""


REFUSED = Kind(("network",), ("connection", "denied"), "failure")
FAILED = Kind(("network",), ("connection", "error"), "failure")
ALLOWED = Kind(("network",), ("connection", "allowed"), "success")
MISSING = Kind(("configuration", "network"), ("denied",), "failure")
SIGNED = Kind(("authentication",), ("start", "denied"), "failure")
STARTED = Kind(("process",), ("start",), "success")
ENDED = Kind(("process",), ("end",), "success")
DEFECT = Kind(("process",), ("error",), "failure")
CHANGED = Kind(("configuration",), ("change",), "success")
UNCHANGED = Kind(("configuration",), ("error",), "failure")
STATED = Kind(("configuration",), ("info",), "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is known of an event before it happens."""

    id: int
    """Number operators search for."""
    symbol: str
    """Symbolic name."""
    level: Level
    """How grave it is."""
    parameters: tuple[str, ...]
    """What %1, %2 and so on stand for, in order."""
    text: str
    """Template with %1, %2 and so on."""
    when: str
    """When it is emitted."""
    cure: str
    """What an administrator does about it; empty when nothing is wrong."""
    kind: Kind
    """Classification for log collectors."""
    category: str = "Proxy"
    """Task category as the event log shows it."""
    provider: str | None = None
    """Source; None means the configured `events.provider`."""


US = "our server"
"""Parameter: the first server."""
BACKEND = "backend server"
"""Parameter: the second server."""
USER = "user"
"""Parameter: who signed in, as `log.user` lets it be told."""
SINK = "place that logs go to"
"""Parameter: a sink by its name."""
