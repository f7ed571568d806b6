"""Where requests begin that are not at a server yet."""

from collections import Counter

import pytest

from proxy.health.balance import begin
from tests.health.test_servers import Scene


def begun(scene: Scene, turns: range, now: float = 100.5, loads: str = "") -> str:
    """Give the servers that so many turns begin at; `loads`: a digit for each server."""
    load = dict(zip("abcdef", map(int, loads), strict=False))
    return "".join(
        scene.ways[begin(scene.ways, turn, now, (lambda way: load[way.name]) if loads else None)].name for turn in turns
    )


def test_servers_take_turns():
    """One after the other, for ever."""
    assert begun(Scene(), range(7)) == "abcabca"


def test_what_a_server_that_is_down_would_take_is_spread():
    """Over all the others alike, not over its neighbour alone."""
    scene = Scene()
    scene.fail("a")

    assert Counter(begun(scene, range(60))) == {"b": 30, "c": 30}


def test_the_same_number_comes_to_the_same_server():
    """Which is what keeps a client where it is; those of others do not move when one goes down."""
    scene = Scene()
    before = begun(scene, range(30))
    scene.fail("a")
    after = begun(scene, range(30))

    assert [(one, other) for one, other in zip(before, after, strict=True) if one not in (other, "a")] == []
    assert begun(scene, range(30)) == after


@pytest.mark.parametrize(("loads", "turns"), [("312", "bbbb"), ("111", "abca"), ("211", "bbcb"), ("220", "cccc")])
def test_the_least_load_wins(loads, turns):
    """Among those that have the same, they take turns."""
    assert begun(Scene(), range(4), loads=loads) == turns


def test_a_server_that_is_down_has_no_load_that_counts():
    """However idle it is."""
    scene = Scene()
    scene.fail("a")

    assert begun(scene, range(3), loads="052") == "ccc"


@pytest.mark.parametrize("loads", ["", "900"])
def test_a_server_whose_hold_is_over_is_tried(loads):
    """In its turn; by load, before the others."""
    scene = Scene()
    scene.fail("a")

    assert begun(scene, range(1), now=130.0, loads=loads) == "a"


@pytest.mark.parametrize("loads", ["", "21"])
def test_where_none_works_any_will_do(loads):
    """The order says who may be tried."""
    scene = Scene(2)
    scene.fail("abbb")

    assert begun(scene, range(1), loads=loads) in "ab"
