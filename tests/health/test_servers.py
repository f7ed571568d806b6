"""Which servers get requests, who tries those that did not work, and what is told."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.health.servers import LAST_FAILURES, LAST_RESORT_SECONDS, LONGEST_WAIT, TRIAL_SECONDS, ServerHealth
from proxy.health.standing import Standing, Turn
from proxy.model.health import HealthRules
from proxy.model.sites import TrustPolicy
from tests.fakes import make_server

PASSIVE = HealthRules()
ACTIVE = HealthRules(path="/owa/", fall=3, rise=2)
POLICY = TrustPolicy()


@dataclass(frozen=True)
class Way:
    """Something that requests are sent to."""

    name: str
    standing: Standing


class Scene:
    """A site of servers a, b and so on; time stands still unless a test moves it."""

    def __init__(self, count: int = 3, rules: HealthRules = PASSIVE) -> None:
        self.told: list[Turn] = []
        self.health = ServerHealth(self.told.append)
        self.servers = tuple(make_server(2 + number) for number in range(count))
        self.arrange(rules)

    def arrange(self, rules: HealthRules, now: float = 0.0) -> None:
        """Put rules in force, as a reload does."""
        self.health.arrange([(self.servers, rules)], now)
        self.ways = tuple(
            Way(name, self.health.of(server)) for name, server in zip("abcdef", self.servers, strict=False)
        )

    def fail(self, names: str, now: float = 100.0) -> None:
        """Let connections fail, one after the other."""
        for name in names:
            self.health.note_failure(self.way(name), f"{name} is gone.", now)

    def succeed(self, name: str, now: float = 100.0) -> None:
        """Let a connection come about."""
        self.health.note_success(self.way(name), now)

    def check(self, name: str, outcomes: str, now: float = 100.0) -> None:
        """Tell of checks: `+` passed, `-` failed."""
        for outcome in outcomes:
            server = self.way(name).standing.server
            self.health.note_check(server, POLICY, outcome == "+", "" if outcome == "+" else "It says 500.", now)

    def way(self, name: str) -> Way:
        """Find one by name."""
        return next(way for way in self.ways if way.name == name)

    def order(self, head: int = 0, now: float = 101.0) -> str:
        """Ask for an order."""
        return "".join(way.name for way in self.health.order(self.ways, head, now))

    def states(self, now: float = 101.0) -> list[str]:
        """Give every server's state."""
        return [facts.state for facts in self.health.standings(now)]

    @property
    def turns(self) -> list[tuple[str, bool]]:
        """What was told: who, and whether it is up."""
        names = {way.standing.server: way.name for way in self.ways}
        return [(names[turn.server], turn.is_up) for turn in self.told]


# ── connections that fail ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("head", "down", "order"),
    [
        (0, "", "abc"),
        (1, "", "bca"),
        (2, "", "cab"),
        (5, "", "cab"),
        (-1, "", "cab"),
        (0, "a", "bca"),
        (0, "b", "acb"),
        (1, "b", "cab"),
        (0, "ab", "cab"),
    ],
)
def test_the_order_of_a_ring(head, down, order):
    """From the head on, around, those that are down at the end: they are tried when all others fail."""
    scene = Scene()
    scene.fail(down)

    assert scene.order(head) == order


def test_a_server_goes_down_by_failures_in_a_row():
    """One that comes about in between begins the count anew."""
    scene = Scene(rules=replace(PASSIVE, failures=3))
    scene.fail("aa")
    scene.succeed("a")
    scene.fail("aa")
    before = scene.order()
    scene.fail("a")

    assert (before, scene.order(), scene.turns) == ("abc", "bca", [("a", False)])
    assert scene.told[0].why == "a is gone."


def test_connections_need_not_take_a_server_down():
    """With 0 they never do."""
    scene = Scene(rules=replace(PASSIVE, failures=0))
    scene.fail("a" * 10)

    assert (scene.order(), scene.turns) == ("abc", [])


def test_the_last_server_is_not_given_up_lightly():
    """There is nobody to turn to, so one failure does not do; a site with one server is no exception."""
    scene = Scene(1)
    scene.fail("a" * (LAST_FAILURES - 1))
    before = scene.order()
    scene.fail("a")

    assert (before, scene.order(now=100.5), scene.turns) == ("a", "", [("a", False)])
    assert scene.told[0].nobody_left


def test_after_the_hold_one_request_tries_it():
    """Where its turn comes first; the others keep away until that one knows more."""
    scene = Scene()
    scene.fail("a")
    early, trial, others = (scene.order(now=now) for now in (129.9, 130.0, 130.0))

    assert (early, trial, others) == ("bca", "abc", "bca")
    assert scene.states() == ["half_open", "unchecked", "unchecked"]


def test_a_request_whose_turn_is_elsewhere_tries_nothing():
    """A session that is at another server stays there."""
    scene = Scene()
    scene.fail("a")

    assert scene.order(1, now=500.0) == "bca"
    assert scene.states() == ["down", "unchecked", "unchecked"]


def test_a_trial_that_succeeds_brings_it_back():
    """At once, and it is told with the time it was away."""
    scene = Scene()
    scene.fail("a")
    scene.order(now=130.0)
    scene.succeed("a", 131.0)

    assert (scene.order(now=131.0), scene.turns) == ("abc", [("a", False), ("a", True)])
    assert scene.told[1].seconds == 31.0
    assert scene.health.is_calm


def test_a_trial_that_fails_begins_the_hold_anew():
    """It is told once that it is down, and it has been since the first time."""
    scene = Scene()
    scene.fail("a")
    scene.order(now=130.0)
    scene.fail("a", 135.0)

    assert [scene.order(now=now) for now in (164.9, 165.0)] == ["bca", "abc"]
    assert (scene.turns, scene.health.standings(200.0)[0].seconds) == ([("a", False)], 100.0)


@pytest.mark.parametrize(("leaves", "now"), [(True, 130.0), (False, 130.0 + TRIAL_SECONDS)])
def test_a_trial_nobody_hears_of_lets_another_request_try(leaves, now):
    """At once when the browser has gone, at last after a while."""
    scene = Scene()
    scene.fail("a")
    scene.order(now=130.0)
    if leaves:
        scene.health.note_leaving(scene.way("a"))

    assert scene.order(now=now) == "abc"


def test_a_request_that_leaves_a_server_that_works_changes_nothing():
    """It tried nothing."""
    scene = Scene()
    scene.fail("a")
    scene.health.note_leaving(scene.way("b"))
    scene.health.note_leaving(scene.way("a"))

    assert scene.order() == "bca"


def test_where_none_works_one_request_tries_each_second():
    """Not after the hold: a site that is mended is back at once. The others are told to come again."""
    scene = Scene(2)
    scene.fail("abbb")
    orders = [scene.order(now=now) for now in (100.5, 101.0, 101.0)]
    scene.fail("ab", 101.5)

    assert orders == ["", "ab", ""]
    assert scene.order(now=101.5 + LAST_RESORT_SECONDS - 0.1) == ""
    assert scene.order(now=101.5 + LAST_RESORT_SECONDS) == "ab"


def test_where_none_works_the_one_left_alone_longest_goes_first():
    """Whatever the request's head is: any server is better than none."""
    scene = Scene(2)
    scene.fail("a", 100.0)
    scene.fail("bbb", 90.0)

    assert scene.order(0, now=200.0) == "ba"


def test_a_site_is_told_to_have_lost_its_last_server():
    """With the turn of that one; other sites do not count."""
    scene = Scene(2)
    scene.fail("abbb")

    assert [turn.nobody_left for turn in scene.told] == [False, True]


# ── checks ───────────────────────────────────────────────────────────────────────────────────────


def test_checks_take_a_server_down_and_bring_it_back():
    """After `fall` in a row, and `rise` in a row."""
    scene = Scene(rules=ACTIVE)
    steps = []
    for outcomes in ("+", "--", "+--", "-", "+", "-+", "+"):
        scene.check("a", outcomes)
        steps.append(scene.states()[0])

    assert steps == ["up", "up", "up", "down", "down", "down", "up"]
    assert scene.turns == [("a", False), ("a", True)]


def test_the_first_check_of_a_server_is_believed():
    """Where nothing good is known of it, as after a start, nobody waits for more."""
    scene = Scene(rules=ACTIVE)
    scene.check("a", "-")
    scene.succeed("b")
    scene.check("b", "-")

    assert (scene.states(), scene.turns) == (["down", "up", "unchecked"], [("a", False)])


def test_what_checks_took_down_no_request_tries():
    """Not as the last one either, nor after the hold, nor where none works."""
    scene = Scene(2, ACTIVE)
    scene.check("a", "---")
    one_left = scene.order(now=1000.0)
    scene.check("b", "---")

    assert (one_left, scene.order(now=1000.0)) == ("b", "")
    assert [turn.nobody_left for turn in scene.told] == [False, True]


def test_a_connection_does_not_bring_back_what_checks_took_down():
    """A port that is open says nothing of the application behind it."""
    scene = Scene(rules=ACTIVE)
    scene.check("a", "---")
    scene.succeed("a")
    scene.fail("a")

    assert scene.states()[0] == "down"
    assert scene.health.standings(0.0)[0].why == "It says 500."


def test_checks_bring_back_what_connections_took_down():
    """Nobody needs to wait for the hold then."""
    scene = Scene(rules=ACTIVE)
    scene.fail("a")
    scene.check("a", "++")

    assert (scene.order(), scene.turns) == ("abc", [("a", False), ("a", True)])


def test_checks_confirm_what_connections_took_down():
    """From then on only checks bring it back; it is not told twice."""
    scene = Scene(rules=ACTIVE)
    scene.fail("a")
    scene.check("a", "---")

    assert (scene.order(now=1000.0), scene.turns) == ("bc", [("a", False)])


def test_a_server_that_is_not_trusted_has_passed():
    """Trust is no matter of health: it stays where it is, and the reason is shown."""
    scene = Scene(rules=ACTIVE)
    server = scene.servers[0]
    scene.health.note_check(server, POLICY, True, "Its certificate is not trusted.", 100.0)
    shown = scene.health.standings(100.0)[0]

    assert (shown.state, shown.why, scene.turns) == ("up", "Its certificate is not trusted.", [])


def test_checks_of_strangers_are_passed_over():
    """A reload took the server away, or the checks, while one was under way."""
    scene = Scene(1, ACTIVE)
    scene.health.note_check(make_server(9), POLICY, False, "", 1.0)
    scene.arrange(PASSIVE)
    scene.check("a", "---")

    assert (scene.states(), scene.told) == (["unchecked"], [])


# ── reloads, and what is shown ───────────────────────────────────────────────────────────────────


def test_a_reload_keeps_what_is_known():
    """A server that stays is as it was, by new rules."""
    scene = Scene()
    scene.fail("a")
    scene.arrange(replace(PASSIVE, hold=5.0), 102.0)

    assert [scene.order(now=now) for now in (104.0, 105.0)] == ["bca", "abc"]


def test_a_reload_that_ends_the_checks_lets_go_of_what_they_took_down():
    """Nobody would ever bring it back."""
    scene = Scene(rules=ACTIVE)
    scene.check("a", "---")
    scene.arrange(PASSIVE, 102.0)

    assert (scene.order(), scene.states()[0], scene.health.is_calm) == ("abc", "unchecked", True)


def test_a_server_that_is_gone_is_not_told_of():
    """Its last requests still end, after the reload that took it away."""
    scene = Scene(2)
    old, scene.servers = scene.way("a"), scene.servers[1:]
    scene.arrange(PASSIVE)
    for _ in range(LAST_FAILURES):
        scene.health.note_failure(old, "It is gone.", 100.0)
    scene.health.note_success(old, 100.0)

    assert scene.told == []
    assert scene.health.is_calm


def test_when_to_come_again():
    """After a second for connections, after the checks that are missing for checks, never later than is bearable."""
    passive, active = Scene(1), Scene(1, ACTIVE)
    slow = Scene(1, replace(ACTIVE, interval=3600.0))
    passive.fail("aaa")
    active.check("a", "---+")
    slow.check("a", "---")

    waits = [scene.health.retry_after(scene.ways, 100.0) for scene in (passive, active, slow)]
    assert waits == [1, 10, LONGEST_WAIT]


def test_what_is_shown_of_a_server():
    """State, age, reason and counters, as they were when they were asked for."""
    scene = Scene(2, ACTIVE)
    scene.check("a", "+---")
    scene.fail("b")
    first, second = scene.health.standings(107.0)
    scene.fail("b")

    assert (first.state, first.seconds, first.why) == ("down", 7.0, "It says 500.")
    assert (first.counters.checks, first.counters.failed_checks, first.counters.falls) == (4, 3, 1)
    assert (second.counters.failed_connections, second.counters.falls) == (1, 0)


@given(st.lists(st.tuples(st.sampled_from("fsl+-o"), st.integers(0, 3), st.floats(0, 40)), max_size=60))
def test_whatever_happens(steps):
    """Nobody is tried twice by one request; who works is always tried; up and down take turns; calm is no server down.

    A server that works never stands behind one that does not, but for the one that is on trial.
    """
    scene = Scene(4, ACTIVE)
    now = 0.0
    for step, number, later in steps:
        now += later
        name = "abcd"[number]
        if step == "o":
            order = scene.order(number, now)
            usable = {way.name for way in scene.ways if way.standing.is_usable}
            works = [each in usable for each in order]
            assert len(set(order)) == len(order)
            assert usable <= set(order)
            assert not usable or sorted(works[1:], reverse=True) == works[1:]
        elif step == "f":
            scene.fail(name, now)
        elif step == "s":
            scene.succeed(name, now)
        elif step == "l":
            scene.health.note_leaving(scene.way(name))
        else:
            scene.check(name, step, now)
        assert scene.health.is_calm == all(way.standing.is_usable for way in scene.ways)
    for name in "abcd":
        mine = [is_up for who, is_up in scene.turns if who == name]
        assert mine == [bool(at % 2) for at in range(len(mine))]
