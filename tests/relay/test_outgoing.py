"""Heads are written anew, and taken from memory where nothing of them changed."""

from proxy.relay.inquiry import Watch
from proxy.routing.passage import Passage
from tests.fakes import FakeGate, World, head
from tests.relay.test_accord import OK, PINGED, SIGNED_ON, House

RAW = head("GET", "/owa/", "Authorization: Basic browser", "Accept-Encoding: gzip")


def test_other_sites_get_shortcuts():
    """Only servers of Exchange 2010 do without; nothing is added for the others."""
    world = World()
    connection = world.offer()
    world.request(RAW)
    written = connection.transport.written

    assert b"\r\nAccept-Encoding: gzip\r\n" in written
    assert b"X-OWA-" not in written
    assert not isinstance(connection.receiver, Watch)


def test_a_credential_of_ours_stands_alone():
    """What the browser says of itself is left out beside it."""
    world = World(gate=FakeGate())
    decision = world.equipment.router.decide_in("Branch", b"/owa/")
    world.gate.outcome = Passage(decision, credential=b"Authorization: Basic ours\r\n")
    connection = world.offer()
    world.request(RAW)

    assert connection.transport.written.count(b"Authorization:") == 1
    assert b"Basic ours" in connection.transport.written


def test_what_is_remembered_is_written_again():
    """Also what is added for servers of Exchange 2010: the same object, so nothing is composed."""
    house = House()
    connection = house.offer()
    house.request(RAW)
    for each in (PINGED, SIGNED_ON):
        connection.data_received(each)
    written, known = connection.transport.take(), house.memory.written
    connection.data_received(OK)
    house.pools[0].idle.append(connection)
    house.request(RAW)

    assert house.memory.written is known
    assert connection.transport.take() == written[written.rindex(b"GET /owa/ ") :]
