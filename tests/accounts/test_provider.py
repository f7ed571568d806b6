"""Promises of the ways in which a source of accounts fails."""

from proxy.accounts.provider import Busy, ProviderDown


def test_busy_is_a_way_of_being_down():
    """Whoever handles ProviderDown handles it, too, and may try again sooner."""
    assert issubclass(Busy, ProviderDown)
    assert 0 < Busy.retry_after < ProviderDown.retry_after


def test_a_fault_is_a_sentence():
    """What it says is what was said."""
    assert str(ProviderDown("The directory does not answer.")) == "The directory does not answer."
