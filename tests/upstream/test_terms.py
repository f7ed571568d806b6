"""The words between a connection and its owner."""

from proxy.relay.exchange import Exchange
from proxy.upstream import terms
from proxy.upstream.pool import ServerPool


def test_states_stand_by_themselves():
    """The bare names are the members they are named after."""
    assert {name: getattr(terms, name) for name in terms.State.__members__} == dict(terms.State.__members__)


def test_an_exchange_can_receive_and_a_pool_be_home():
    """Whoever is handed to a connection has every method that it calls."""
    for promised, kept in ((terms.Receiver, Exchange), (terms.Home, ServerPool)):
        methods = [name for name in vars(promised) if not name.startswith("_")]
        assert [name for name in methods if not callable(getattr(kept, name, None))] == []
