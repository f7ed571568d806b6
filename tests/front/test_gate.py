"""A browser is read from only while nothing speaks against it."""

import socket

import pytest

from proxy.front.gate import BACKLOG, UPSTREAM, Gate
from tests.fakes import FakeTransport


@pytest.fixture
def gate() -> Gate:
    """Make a gate of a connected browser."""
    gate = Gate()
    gate.transport = FakeTransport()
    return gate


def test_every_reason_must_be_gone(gate):
    """Two reasons hold once, and reading goes on with the last one's end."""
    gate.hold(UPSTREAM)
    gate.hold(BACKLOG)
    gate.release(UPSTREAM)
    still = gate.is_closed
    gate.release(BACKLOG)

    assert (still, gate.is_closed, gate.transport.calls) == (True, False, ["pause", "resume"])


def test_a_reason_given_twice_is_one(gate):
    """Reasons are switches, not counters."""
    gate.hold(UPSTREAM)
    gate.hold(UPSTREAM)
    gate.release(UPSTREAM)
    gate.release(UPSTREAM)

    assert gate.transport.calls == ["pause", "resume"]


def test_a_closing_transport_is_not_resumed(gate):
    """It would fail, and nobody reads any more."""
    gate.hold(UPSTREAM)
    gate.transport.close()
    gate.release(UPSTREAM)

    assert gate.transport.calls == ["pause", "close"]


def test_without_a_transport_nothing_happens():
    """Before the handshake's end and after the loss."""
    gate = Gate()
    gate.hold(UPSTREAM)
    left = gate.has_left()
    gate.release(UPSTREAM)

    assert (left, gate.is_closed) == (False, False)


@pytest.mark.parametrize("waiting", [b"", b"unread"])
def test_a_browser_that_leaves_is_noticed_without_reading(waiting):
    """Also when bytes wait before the end."""
    ours, theirs = socket.socketpair()
    with ours:
        gate = Gate()
        gate.transport = FakeTransport(socket=ours)
        theirs.sendall(waiting)
        before = gate.has_left()
        theirs.close()

        assert (before, gate.has_left()) == (False, True)
