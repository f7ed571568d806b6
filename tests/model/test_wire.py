"""Every way to make transports has the promised shape."""

import inspect

import pytest

from proxy.model.wire import Transports
from proxy.service import transports


@pytest.mark.parametrize("implementation", [transports.LoopTransports, transports.FastTransports])
@pytest.mark.parametrize("method", ["accept_tls", "connect_tls"])
def test_implementations_take_what_the_protocol_says(implementation, method):
    """Names and order of the parameters are those of `Transports`."""
    promised = list(inspect.signature(getattr(Transports, method)).parameters)

    assert list(inspect.signature(getattr(implementation, method)).parameters) == promised
