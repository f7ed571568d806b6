"""A server that could not be reached is tried last for a while, and never given up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.health.hold import HOLD_SECONDS, REMEMBERED, Hold

RING = ("a", "b", "c")


@pytest.mark.parametrize(
    ("head", "held", "order"),
    [
        (0, "", "abc"),
        (1, "", "bca"),
        (2, "", "cab"),
        (5, "", "cab"),
        (0, "a", "bca"),
        (0, "b", "acb"),
        (1, "b", "cab"),
        (0, "ab", "cab"),
        (0, "abc", "abc"),
    ],
)
def test_the_order_of_a_ring(head, held, order):
    """From the head on, around, those on hold at the end."""
    hold = Hold()
    for server in held:
        hold.note_failure(server, 100.0)

    assert hold.order(RING, head, 101.0) == tuple(order)


def test_a_hold_ends_by_itself_and_by_success():
    """After its time, or as soon as the server answers."""
    hold = Hold()
    hold.note_failure("a", 100.0)
    hold.note_failure("b", 100.0)
    hold.note_success("b")

    assert [hold.is_held(server, 100.0 + HOLD_SECONDS - 1) for server in "ab"] == [True, False]
    assert not hold.is_held("a", 100.0 + HOLD_SECONDS)


def test_memory_is_bounded():
    """Reloads may leave servers that are gone; they do not pile up."""
    hold = Hold()
    for number in range(REMEMBERED + 1):
        hold.note_failure(number, 0.0)

    assert not hold.is_held(0, 1.0)
    assert hold.is_held(REMEMBERED, 1.0)


@given(st.lists(st.integers(), unique=True), st.integers(), st.sets(st.integers()))
def test_nobody_is_left_out(servers, head, held):
    """Whatever is on hold, every server is in the order once."""
    hold = Hold()
    for server in held:
        hold.note_failure(server, 0.0)

    assert sorted(hold.order(servers, head, 1.0)) == sorted(servers)
