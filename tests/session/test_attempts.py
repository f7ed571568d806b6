"""Guessing passwords is slowed down, then stopped, for whoever guesses; nobody else is locked out for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.session.attempts import Attempts, Limits

HERE, THERE = "192.0.2.1", "192.0.2.2"
NOW = 1e6


def wait_and_fail(attempts: Attempts, user: str, address: str, now: float) -> float:
    """Wait as told, try and fail; returns the seconds waited."""
    wait = attempts.may_try(user, address, now)
    if wait:
        assert attempts.may_try(user, address, now + wait) == 0
    attempts.failed(user, address, now + wait)
    return wait


def fail_patiently(attempts: Attempts, user: str, address: str, times: int, now: float = NOW) -> float:
    """Fail as fast as the waits allow; returns the moment of the last failure."""
    for _ in range(times):
        now += wait_and_fail(attempts, user, address, now)
    return now


def test_five_failures_are_free_then_waits_double_then_the_pair_is_stopped() -> None:
    """Waits of 1, 2, 4, 8 and 16 s, counted from the last failure; the tenth failure stops for 15 minutes."""
    attempts, now, waits = Attempts(), NOW, []
    for _ in range(10):
        waits.append(wait_and_fail(attempts, "alice", HERE, now))
        now += waits[-1]

    assert waits == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16]
    assert attempts.may_try("alice", HERE, now) == 900
    assert attempts.may_try("alice", HERE, now + 899.5) == 0.5
    assert attempts.may_try("alice", HERE, now + 900) == 0


def test_a_stop_binds_the_pair_alone() -> None:
    """The user may sign in from elsewhere after a short wait, others from here after one."""
    attempts = Attempts()
    now = fail_patiently(attempts, "alice", HERE, 10)

    assert attempts.may_try("alice", THERE, now) == 30
    assert attempts.may_try("alice", THERE, now + 30) == 0
    assert attempts.may_try("bob", HERE, now) == 30
    assert attempts.may_try("bob", HERE, now + 30) == 0
    assert attempts.may_try("bob", THERE, now) == 0


def test_refused_tries_prolong_nothing() -> None:
    """Knocking early changes neither wait nor stop."""
    attempts = Attempts()
    now = fail_patiently(attempts, "alice", HERE, 5)

    assert [attempts.may_try("alice", HERE, now + 0.5) for _ in range(100)] == [0.5] * 100
    assert attempts.may_try("alice", HERE, now + 1) == 0
    attempts.failed("alice", HERE, now + 1)
    now = fail_patiently(attempts, "alice", HERE, 4, now + 1)
    assert [attempts.may_try("alice", HERE, now + 1) for _ in range(50)] == [899] * 50


def test_failures_count_for_ten_minutes() -> None:
    """Mistakes of the morning do not slow down the afternoon."""
    attempts = Attempts()
    fail_patiently(attempts, "alice", HERE, 5)

    assert attempts.may_try("alice", HERE, NOW) == 1
    assert attempts.may_try("alice", HERE, NOW + 600) == 0


def test_success_forgets_the_pair_only() -> None:
    """Signing in with one's own password clears no way to guess those of others."""
    attempts = Attempts()
    now = fail_patiently(attempts, "alice", HERE, 9) + 16
    assert attempts.may_try("alice", HERE, now) == 0
    attempts.succeeded("alice", HERE, now)

    now = fail_patiently(attempts, "alice", HERE, 1, now + 30)
    assert attempts.may_try("alice", HERE, now) == 30  # as user and address, no more as a pair
    now = fail_patiently(attempts, "mallory", HERE, 3, now)
    assert attempts.may_try("mallory", HERE, now) == 30


def test_an_address_that_tries_many_users_is_stopped() -> None:
    """One password against many names is guessing, too: slowed from the fifth, stopped from the fiftieth failure."""
    attempts, now = Attempts(Limits(window=3600)), NOW
    for number in range(50):
        now = fail_patiently(attempts, f"user{number}", HERE, 1, now)

    assert now == NOW + 1 + 2 + 4 + 8 + 16 + 30 * 40
    assert attempts.may_try("somebody", HERE, now) == 900
    assert attempts.may_try("user1", THERE, now) == 0
    assert attempts.may_try("somebody", HERE, now + 900) == 0


def test_a_user_tried_from_many_addresses_is_slowed_and_never_stopped() -> None:
    """Nobody can lock a user out; many addresses gain one try in 30 s."""
    attempts, now = Attempts(), NOW
    for number in range(100):
        now = fail_patiently(attempts, "alice", f"198.51.100.{number}", 1, now)

    assert 0 < attempts.may_try("alice", HERE, now) <= 30


def test_many_at_once_are_no_way_around() -> None:
    """Tries whose outcome is open count for the user: the sixth at once waits."""
    attempts = Attempts()
    waits = [attempts.may_try("alice", f"192.0.2.{number}", NOW) for number in range(20)]

    assert waits == [0] * 5 + [1] * 15
    for number in range(5):
        attempts.failed("alice", f"192.0.2.{number}", NOW)
    assert attempts.may_try("alice", HERE, NOW) == 1


def test_a_whole_office_may_sign_in_at_once() -> None:
    """Open tries of many users do not slow down their address; fifty at once are the bound."""
    attempts = Attempts()
    waits = [attempts.may_try(f"user{number}", HERE, NOW) for number in range(60)]
    for number in range(50):
        attempts.succeeded(f"user{number}", HERE, NOW)

    assert waits == [0] * 50 + [1] * 10
    assert attempts.may_try("user59", HERE, NOW) == 0
    assert len(attempts) == 3


def test_a_try_that_could_not_be_checked_counts_for_nothing() -> None:
    """Where the directory is down nobody collects failures; an outcome that is never told is forgotten in a minute."""
    attempts = Attempts()
    for _ in range(100):
        assert attempts.may_try("alice", HERE, NOW) == 0
        attempts.withdrawn("alice", HERE, NOW)
    assert len(attempts) == 0

    assert [attempts.may_try("alice", HERE, NOW) for _ in range(6)] == [0] * 5 + [1]
    assert attempts.may_try("alice", HERE, NOW + 60) == 0


def test_failures_may_be_told_without_a_try() -> None:
    """Failures of another way to sign in count as well; so do successes."""
    attempts = Attempts()
    for _ in range(10):
        attempts.failed("alice", HERE, NOW)
    attempts.succeeded("bob", THERE, NOW)

    assert attempts.may_try("alice", HERE, NOW) == 900


def test_withdrawing_ends_no_stop() -> None:
    """A try that began before the stop takes nothing back."""
    attempts = Attempts()
    for _ in range(10):
        attempts.failed("alice", HERE, NOW)
    attempts.withdrawn("alice", HERE, NOW + 700)

    assert attempts.may_try("alice", HERE, NOW + 700) == 200


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8:0:0:ffff::2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("192.0.2.1", "192.0.2.11", False),
        ("local", "local", True),
        ("", "local", False),
    ],
)
def test_an_address_is_a_subscriber(first: str, second: str, same: bool) -> None:
    """Spelling an IPv4 address otherwise, or moving within one's own IPv6 network, starts nothing anew."""
    attempts = Attempts()
    for number in range(50):
        attempts.failed(f"user{number}", first, NOW)

    assert (attempts.may_try("alice", second, NOW) > 0) is same


def test_case_makes_no_other_user() -> None:
    """Neither do characters beyond those a login may have."""
    attempts = Attempts()
    for _ in range(10):
        attempts.failed("x" * 256 + "Alice", HERE, NOW)

    assert attempts.may_try("X" * 256 + "bob", HERE, NOW) == 900


def test_a_flood_of_names_frees_nobody_and_takes_no_room() -> None:
    """Twenty thousand names of nobody from everywhere: memory stays bounded, what is stopped stays stopped."""
    attempts = Attempts(Limits(capacity=500))
    now = fail_patiently(attempts, "alice", HERE, 10)
    fail_patiently(attempts, "bob", THERE, 6, now - 1)
    for number in range(20_000):
        attempts.failed(f"nobody{number}", f"10.{number >> 8 & 255}.{number & 255}.1", now)

    assert len(attempts) == 500
    assert attempts.may_try("alice", HERE, now) == 900
    assert attempts.may_try("bob", THERE, now) > 0


def test_a_clock_set_back_stops_nobody_for_ever() -> None:
    """No wait is longer than its bound, whatever the clock does."""
    attempts = Attempts()
    fail_patiently(attempts, "alice", HERE, 6)
    assert attempts.may_try("alice", HERE, NOW - 1e5) == 2
    for _ in range(10):
        attempts.failed("alice", HERE, NOW)
    assert attempts.may_try("alice", HERE, NOW - 1e5) == 900


STEPS = st.tuples(
    st.sampled_from("abc"), st.sampled_from([HERE, THERE, "::1", ""]), st.floats(0, 200), st.integers(0, 3)
)


@given(st.lists(STEPS, max_size=80))
def test_no_order_of_tries_breaks_a_bound(steps: list[tuple[str, str, float, int]]) -> None:
    """Whoever tries and fails in whatever order: no wait is longer than a stop, and memory stays bounded."""
    attempts, now = Attempts(Limits(capacity=9)), NOW
    for user, address, pause, outcome in steps:
        now += pause
        wait = attempts.may_try(user, address, now)
        assert 0 <= wait <= 900
        if wait:
            continue
        if outcome == 0:
            attempts.succeeded(user, address, now)
        elif outcome < 3:
            attempts.failed(user, address, now)
        assert len(attempts) <= 9


@given(st.integers(1, 9))
def test_who_waits_as_told_may_go_on(failures: int) -> None:
    """Retry-After is honest to the second."""
    attempts = Attempts()
    now = fail_patiently(attempts, "alice", HERE, failures)

    wait = attempts.may_try("alice", HERE, now + 0.25)
    if wait:
        assert attempts.may_try("alice", HERE, now + wait) > 0
        assert attempts.may_try("alice", HERE, now + 0.25 + wait) == 0
    assert bool(wait) is (failures >= 5)
