"""Promises of the entries that are ours."""

import pytest

from proxy.events.entry import FIRST_OWN_ID, OWN_PROVIDER
from proxy.events.own import OWN


@pytest.mark.parametrize("entry", OWN, ids=lambda entry: entry.symbol)
def test_never_looks_like_an_event_of_exchange(entry):
    """A number of ours is told from Exchange's by provider and by size."""
    assert entry.provider == OWN_PROVIDER
    assert entry.id >= FIRST_OWN_ID
