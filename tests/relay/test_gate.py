"""The gate's words: relay works with whoever speaks them."""

from proxy.relay.gate import Errand, Gate
from tests.fakes import FakeErrand, FakeGate


def test_the_doubles_speak_them():
    """What the other tests use is what relay demands."""
    gate: Gate = FakeGate()
    errand: Errand = FakeErrand()

    assert callable(gate.admit)
    assert errand.body_limit > 0
