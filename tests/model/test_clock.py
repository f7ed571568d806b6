"""The coarse clock is one number."""

from proxy.model.clock import Ticks


def test_it_shows_what_it_was_set_to():
    """Whoever turns it sets `now`; everybody else reads it."""
    ticks = Ticks(5.0)
    ticks.now = 7.5

    assert ticks.now == 7.5
