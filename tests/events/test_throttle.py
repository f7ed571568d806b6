"""Promises of the throttles."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.events.record import Event
from proxy.events.throttle import RateBound, Throttle, Told

REFUSED = Event(id=43, server="cas02", reason="expired")


def test_the_first_is_told_at_once():
    """Nobody waits for the first word of trouble."""
    assert Throttle().admit(REFUSED, 0) == [Told(REFUSED)]


def test_repeats_are_silent_and_then_summed_up():
    """The period's end brings one summary with the exact number, once."""
    throttle = Throttle(period=900)
    throttle.admit(REFUSED, 0)
    told = [throttle.admit(REFUSED, now) for now in (1, 2, 899)]

    assert told == [[], [], []]
    assert throttle.due(899.9) == []
    assert throttle.due(900) == [Told(REFUSED, 3, 900)]
    assert throttle.due(901) == []


def test_the_next_occurrence_brings_the_summary_too():
    """Without a timer the count still comes out, before the new occurrence."""
    throttle = Throttle(period=900)
    throttle.admit(REFUSED, 0)
    throttle.admit(REFUSED, 1)

    assert throttle.admit(REFUSED, 1000) == [Told(REFUSED, 1, 1000), Told(REFUSED)]


def test_a_single_occurrence_has_no_summary():
    """There is nothing to sum up when nothing was suppressed."""
    throttle = Throttle(period=900)
    throttle.admit(REFUSED, 0)

    assert throttle.due(900) == []


@pytest.mark.parametrize("change", [{"id": 1001}, {"server": "cas03"}, {"reason": "revoked"}, {"generation": 1}])
def test_another_key_speaks_at_once(change):
    """Another event, target or reason, and a switch that was turned, are not held back."""
    throttle = Throttle()
    throttle.admit(REFUSED, 0)
    other = dataclasses.replace(REFUSED, **change)

    assert throttle.admit(other, 1) == [Told(other)]


def test_the_request_does_not_matter():
    """Forty requests refused for the same cause are one key."""
    throttle = Throttle()
    throttle.admit(REFUSED, 0)

    assert throttle.admit(dataclasses.replace(REFUSED, request_id="other"), 1) == []


def test_the_oldest_is_told_and_forgotten():
    """Memory is bounded, and what is forgotten is told first."""
    throttle = Throttle(capacity=1)
    throttle.admit(REFUSED, 0)
    throttle.admit(REFUSED, 1)
    other = Event(id=43, server="cas03")

    assert throttle.admit(other, 2) == [Told(REFUSED, 1, 2), Told(other)]
    assert throttle.admit(REFUSED, 3) == [Told(REFUSED)]


@given(st.lists(st.tuples(st.integers(0, 6), st.floats(0, 50)), max_size=200), st.integers(1, 4))
def test_no_occurrence_is_lost(steps, capacity):
    """Written occurrences and numbers in summaries add up to what happened, whatever the order and the memory."""
    throttle, now, told = Throttle(period=30, capacity=capacity), 0.0, []
    for target, wait in steps:
        now += wait
        told += throttle.admit(Event(id=43, server=f"cas{target}"), now)
    told += throttle.close(now)

    assert sum(one.repeats or 1 for one in told) == len(steps)


def test_rate_bound_leaves_out_what_is_too_much():
    """The 101st record of a second is left out; the next second's first says how many were."""
    bound = RateBound(100)
    admitted = [bound.admit(REFUSED, 5.0) for _ in range(130)]

    assert admitted == [0] * 100 + [None] * 30
    assert bound.admit(REFUSED, 6.0) == 30
    assert bound.admit(REFUSED, 6.1) == 0


def test_rate_bound_is_per_event():
    """A flood of one event does not hide another."""
    bound = RateBound(1)
    bound.admit(REFUSED, 5.0)

    assert bound.admit(REFUSED, 5.1) is None
    assert bound.admit(Event(id=1013), 5.1) == 0


def test_a_flood_that_ends_is_told_all_the_same():
    """When no next record comes, the last one left out is written with the number of the others."""
    bound = RateBound(1)
    for _ in range(4):
        bound.admit(REFUSED, 5.0)

    assert bound.due(5.9) == []
    assert bound.due(6.0) == [(REFUSED, 2)]
    assert bound.due(7.0) == []
    assert bound.admit(REFUSED, 8.0) == 0


@given(st.lists(st.tuples(st.sampled_from([43, 1001]), st.floats(0, 0.7), st.booleans()), max_size=200))
def test_rate_bound_counts_exactly(steps):
    """Records and the numbers in them add up to what happened."""
    bound, now, total = RateBound(2), 0.0, 0
    for number, wait, tick in steps:
        now += wait
        if tick:
            total += sum(1 + left_out for _, left_out in bound.due(now))
        left_out = bound.admit(Event(id=number), now)
        total += 0 if left_out is None else 1 + left_out
    total += sum(1 + left_out for _, left_out in bound.close())

    assert total == len(steps)
