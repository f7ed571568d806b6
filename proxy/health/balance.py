"""Where a request begins that is at no server yet: in turn, or where the load is least; counting is the caller's."""

from collections.abc import Callable, Sequence

from proxy.health.servers import Sent


def begin(servers: Sequence[Sent], turn: int, now: float, load: Callable[[Sent], int] | None) -> int:
    """Give the index of the server to begin with; `servers` is not empty.

    `turn` is any number: a count that grows for turns, a hash for what shall come to the same server each time. Without
    a `load` it decides alone; what would come to a server that is down is spread over all others alike. With one, it
    decides among servers whose load is the same. One that was down and may be tried comes before all with less load:
    else nobody would ever find out.
    """
    count = len(servers)
    first = turn % count
    if load is None:
        if _is_open(servers[first], now):
            return first
        usable = [at for at, each in enumerate(servers) if each.standing.is_usable]
        return usable[turn // count % len(usable)] if usable else first
    ring = [at % count for at in range(first, first + count)]
    tried = next((at for at in ring if not servers[at].standing.is_usable and _is_open(servers[at], now)), None)
    if tried is not None:
        return tried
    usable = [at for at in ring if servers[at].standing.is_usable] or ring
    return min(usable, key=lambda at: load(servers[at]))


def _is_open(server: Sent, now: float) -> bool:
    """Tell whether requests are sent to a server, if only one that tries it."""
    standing = server.standing
    return standing.is_usable or standing.may_be_tried(now, standing.rules.hold)
