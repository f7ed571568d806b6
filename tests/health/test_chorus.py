"""Several processes watch the same servers; what they find is told once."""

from proxy.health.chorus import Chorus
from proxy.health.standing import Turn
from tests.fakes import make_server

DOWN = Turn(server=make_server(), is_up=False, why="It is gone.")
UP = Turn(server=make_server(), is_up=True, why="", seconds=3.0)
OTHER = Turn(server=make_server(3), is_up=False, why="It is gone.")


def test_the_first_says_down_and_the_last_says_up():
    """What the others say in between is no news."""
    chorus = Chorus()
    told = [chorus.hear(who, turn) for who, turn in ((1, DOWN), (2, DOWN), (1, UP), (2, UP), (1, DOWN))]

    assert told == [DOWN, None, None, UP, DOWN]


def test_servers_are_told_apart():
    """Each has its own speakers."""
    chorus = Chorus()

    assert [chorus.hear(1, DOWN), chorus.hear(1, OTHER), chorus.hear(2, OTHER)] == [DOWN, OTHER, None]


def test_who_never_said_down_cannot_say_up():
    """A process that was started later knows nothing of it."""
    chorus = Chorus()
    chorus.hear(1, DOWN)

    assert (chorus.hear(2, UP), chorus.hear(1, UP)) == (None, UP)


def test_a_process_that_ends_holds_no_server_down():
    """Its successor finds out anew; what another still says stays."""
    chorus = Chorus()
    for who, turn in ((1, DOWN), (1, OTHER), (2, OTHER)):
        chorus.hear(who, turn)

    assert chorus.forget(1) == [Turn(server=make_server(), is_up=True, why="")]
    assert [turn.server for turn in chorus.forget(2)] == [make_server(3)]
    assert chorus.forget(2) == []
