"""Statuses as they are spelled."""

import pytest

from proxy.settings.statuses import BadStatuses, read_statuses


@pytest.mark.parametrize(("text", "pair"), [("200", (200, 200)), ("200-399", (200, 399)), ("100-599", (100, 599))])
def test_one_or_a_range(text, pair):
    """Both ends are meant."""
    assert read_statuses(text) == pair


@pytest.mark.parametrize("text", ["", "20", "99", "600", "2xx", "200-", "200 - 399", "399-200", "200,201", "٢٠٠", "-1"])
def test_what_is_none(text):
    """Nothing is guessed."""
    with pytest.raises(BadStatuses):
        read_statuses(text)
