"""A passage is a value; only the ring of a session moves."""

from proxy.model.sites import Site
from proxy.routing.decide import Decision
from proxy.routing.passage import Passage, Registration, Ring


def test_nobody_has_to_sign_in():
    """Without sign-in a passage holds the decision and nothing else."""
    site = Site(name="HQ", servers=())
    passage = Passage(Decision(site, site.timeouts, site.limits, "default site"))

    assert passage[1:] == (b"", "", b"", None, b"", None)


def test_a_ring_begins_at_its_first_server():
    """And is moved on by whoever meets a failure."""
    ring = Ring()
    ring.head += 1

    assert (ring.head, ring.registrations) == (1, None)


def test_a_registration_begins_untold():
    """The server is asked to know the session before it gets a request of it."""
    registration = Registration(b"c")

    assert (registration.canary, registration.is_known, registration.lines) == (b"c", False, b"")
