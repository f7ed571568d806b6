"""What the turns of servers are told as: events; finding out how servers stand is left to `health`."""

from collections.abc import Callable, Iterator

from proxy.events.record import Event
from proxy.health.standing import Turn
from proxy.model.sites import Server

DOWN, UP_AGAIN, NONE_LEFT = 1047, 1048, 1049


def events_of(turn: Turn, first_server: str, name_of: Callable[[Server], str]) -> Iterator[Event]:
    """Give the events of a turn: 1047 or 1048, and 1049 after the site's last server went down.

    `name_of` says how events name a server.
    """
    server = turn.server
    if turn.is_up:
        note = f"It was down for {turn.seconds:.0f} s." if turn.seconds else ""
        yield _event(UP_AGAIN, (first_server, name_of(server)), server, note)
        return
    yield _event(DOWN, (first_server, name_of(server)), server, turn.why)
    if turn.nobody_left:
        yield Event(id=NONE_LEFT, parameters=(first_server, server.site), site=server.site, note=turn.why)


def _event(number: int, parameters: tuple[str, ...], server: Server, note: str) -> Event:
    return Event(
        id=number,
        parameters=parameters,
        site=server.site,
        server=server.authority,
        address=server.connect_host,
        port=server.connect_port,
        note=note,
    )
