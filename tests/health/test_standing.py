"""What falling and rising do to what is known of one server."""

from proxy.health.standing import DOWN, UNCHECKED, UP, WORDS, Standing, State
from proxy.model.health import HealthRules
from tests.fakes import make_server


def test_the_words_are_those_of_the_admin_api():
    """Four words, and no others."""
    assert [WORDS[state] for state in State] == ["unchecked", "up", "down", "half_open"]


def test_nothing_is_known_at_first():
    """Requests are sent: nobody has to be asked before."""
    standing = Standing(make_server(), HealthRules(), 5.0)

    assert (standing.state, standing.is_usable, standing.since) == (UNCHECKED, True, 5.0)


def test_down_and_up_again():
    """Each time with the moment; being up forgets what was counted."""
    standing = Standing(make_server(), HealthRules(), 5.0)
    standing.failures = standing.fallen = 3
    standing.fall("It is gone.", 7.0, by_check=True)
    down = (standing.state, standing.is_usable, standing.since, standing.why, standing.by_check)
    standing.rise(9.0)

    assert down == (DOWN, False, 7.0, "It is gone.", True)
    assert (standing.state, standing.is_usable, standing.since, standing.why) == (UP, True, 9.0, "")
    assert (standing.by_check, standing.failures, standing.fallen, standing.counters.falls) == (False, 0, 0, 1)


def test_a_trial_is_for_servers_that_connections_took_down():
    """After the time, one at a time; never one that works, or that checks took down."""
    standing = Standing(make_server(), HealthRules(), 0.0)
    works = standing.may_be_tried(100.0, 30.0)
    standing.fall("It is gone.", 100.0, by_check=False)
    times = [standing.may_be_tried(now, 30.0) for now in (129.0, 130.0)]
    standing.trial_until = 140.0
    busy = standing.may_be_tried(135.0, 30.0)
    standing.fall("It answers 500.", 100.0, by_check=True)

    assert (works, times, busy, standing.may_be_tried(200.0, 30.0)) == (False, [False, True], False, False)
