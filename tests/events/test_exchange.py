"""Promises of the entries that Exchange has too."""

import pytest

from proxy.events.entry import FIRST_OWN_ID
from proxy.events.exchange import EXCHANGE


@pytest.mark.parametrize("entry", EXCHANGE, ids=lambda entry: entry.symbol)
def test_speaks_under_the_configured_provider(entry):
    """Tools that watch the source of the original find its numbers under the provider they know."""
    assert entry.provider is None
    assert entry.id < FIRST_OWN_ID
