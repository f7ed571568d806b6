"""Turns of servers as events."""

import pytest

from proxy.health.standing import Turn
from proxy.service.health_talk import events_of
from tests.fakes import make_server


@pytest.mark.parametrize(
    ("turn", "told"),
    [
        (
            Turn(server=make_server(), is_up=False, why="It is gone."),
            [(1047, ("CAS01", "cas02.branch.test"), "It is gone.")],
        ),
        (
            Turn(server=make_server(), is_up=False, why="It is gone.", nobody_left=True),
            [(1047, ("CAS01", "cas02.branch.test"), "It is gone."), (1049, ("CAS01", "Branch"), "It is gone.")],
        ),
        (
            Turn(server=make_server(), is_up=True, why="", seconds=31.4),
            [(1048, ("CAS01", "cas02.branch.test"), "It was down for 31 s.")],
        ),
        (Turn(server=make_server(), is_up=True, why=""), [(1048, ("CAS01", "cas02.branch.test"), "")]),
    ],
)
def test_what_is_told(turn, told):
    """Down with its reason, the last one with the site, up with the time it was away where that is known."""
    events = list(events_of(turn, "CAS01", lambda server: server.host))

    assert [(event.id, event.parameters, event.note) for event in events] == told
    assert {event.site for event in events} == {"Branch"}
    assert (events[0].server, events[0].port) == ("cas02.branch.test", 8442)
