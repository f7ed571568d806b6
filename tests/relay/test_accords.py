"""What is remembered of servers outlives a reload, and no more than that."""

from dataclasses import replace

import pytest

from proxy.model.sites import TrustPolicy
from proxy.relay.accords import MAX_REGISTRATIONS, Accord, Accords, registration_at
from proxy.routing.passage import Ring
from tests.fakes import make_server

SERVER, POLICY = make_server(), TrustPolicy()


def test_a_reload_keeps_what_is_known():
    """Of the same server under the same policy; another generation is asked anew."""
    accords = Accords()
    accords.arrange([(SERVER, POLICY)])
    known = accords.of(SERVER, POLICY)
    newer = replace(POLICY, generation=1)
    accords.arrange([(SERVER, POLICY), (SERVER, newer)])

    assert accords.of(SERVER, POLICY) is known
    assert accords.of(SERVER, newer) is not known


def test_what_is_not_wanted_is_forgotten():
    """The table is never longer than the settings."""
    accords = Accords()
    accords.arrange([(SERVER, POLICY)])
    accords.arrange([])

    with pytest.raises(KeyError):
        accords.of(SERVER, POLICY)


def test_a_session_has_one_registration_at_a_server():
    """With a canary of its own at each."""
    ring, first, second = Ring(), Accord(), Accord()

    assert registration_at(ring, first) is registration_at(ring, first)
    assert registration_at(ring, first).canary != registration_at(ring, second).canary
    assert registration_at(Ring(), first).canary != registration_at(ring, first).canary


def test_registrations_are_bounded():
    """Reloads make new accords; the old ones are not kept for ever."""
    ring = Ring()
    for _ in range(3 * MAX_REGISTRATIONS):
        registration_at(ring, Accord())

    assert len(ring.registrations) <= MAX_REGISTRATIONS
