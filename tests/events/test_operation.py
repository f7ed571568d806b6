"""Promises of the entries about how the proxy is operated."""

import pytest

from proxy.events.entry import OWN_PROVIDER
from proxy.events.operation import OPERATION
from proxy.events.own import OWN


@pytest.mark.parametrize("entry", OPERATION, ids=lambda entry: entry.symbol)
def test_it_is_ours(entry):
    """It speaks under our provider, and its number is behind all those of `own`."""
    assert entry.provider == OWN_PROVIDER
    assert entry.id > max(each.id for each in OWN)
