"""Which fault is which event, and what an access line says."""

import pytest

from proxy.errors import (
    ClientFault,
    LoopDetected,
    OurFault,
    TooManyGroups,
    UpstreamBroke,
    UpstreamBusy,
    UpstreamDisowned,
    UpstreamForbade,
    UpstreamIncompatible,
    UpstreamNotTrusted,
    UpstreamTimedOut,
    UpstreamTlsFault,
    UpstreamUnreachable,
)
from proxy.events.access import Way
from proxy.events.catalogue import CATALOGUE
from proxy.model.reply import Deed, Reply
from proxy.relay.report import EVENT_OF_ERROR
from tests.fakes import FakeGate, World, connected, head, make_site

HERE = ("Branch", "cas02.branch.test")
TABLE = [
    (UpstreamNotTrusted(*HERE, code=18, text="self-signed certificate"), 43),
    (UpstreamUnreachable(*HERE, "x"), 40),
    (UpstreamTlsFault(*HERE, "x", "tls_alert"), 1001),
    (UpstreamTimedOut(*HERE, "x"), 1002),
    (UpstreamBroke(*HERE, "x"), 1003),
    (UpstreamBusy(*HERE, "x"), 1004),
    (UpstreamForbade(*HERE, "x"), 42),
    (TooManyGroups(3001, 3000), 44),
    (UpstreamIncompatible(*HERE, ours="14.3.1.0", theirs="15.0.1.0"), 46),
    (UpstreamDisowned(*HERE, "x"), 71),
    (LoopDetected("x"), 1005),
    (OurFault(500, "x"), 1006),
    (OurFault(503, "x"), None),
    (ClientFault(400, "x"), None),
]


def report(error, **changes):
    """Refuse a waiting request with the error."""
    world = World(**changes)
    exchange, _ = world.request(head("GET", "/owa/?secret=1"))
    exchange.refuse(error)
    return world


@pytest.mark.parametrize(("error", "number"), TABLE, ids=lambda value: getattr(type(value), "__name__", None))
def test_each_error_has_its_event(error, number):
    """Faults of backends and of ours are events; a browser's faults, and limits that others tell of, are not."""
    world = report(error)

    assert [event.id for event in world.events] == ([] if number is None else [number])


@pytest.mark.parametrize(("error", "number"), [row for row in TABLE if row[1]], ids=str)
def test_each_event_has_the_parameters_of_its_text(error, number):
    """As many as the catalogue names, ours first."""
    event = report(error).events[0]

    assert len(event.parameters) == len(CATALOGUE[number].parameters)
    assert event.parameters[0] == "CAS01"


def test_every_event_of_an_error_is_in_the_catalogue():
    """No number is invented here."""
    assert set(EVENT_OF_ERROR.values()) <= set(CATALOGUE)


def test_event_43_says_everything_but_the_query():
    """Both servers, what was dialled, OpenSSL's verdict, the policy and its source, the request's id."""
    event = report(TABLE[0][0]).events[0]

    assert event.parameters == ("CAS01", "cas02.branch.test")
    assert (event.site, event.server, event.address, event.port) == (
        "Branch", "cas02.branch.test", "127.0.0.1", 8442,
    )  # fmt: skip
    assert (event.reason, event.code, event.code_text) == ("self_signed", 18, "self-signed certificate")
    assert (event.policy, event.policy_source, event.generation) == ("allow", "default", 0)
    assert (event.request_id, event.proxy_status) == ("0123456789abcdef", "tls_certificate_error")
    assert "secret" not in repr(event)


def test_a_tls_fault_has_a_reason_but_no_code():
    """Only a verification has a code."""
    event = report(TABLE[2][0]).events[0]

    assert (event.reason, event.code, event.code_text) == ("tls_alert", None, "")


def test_a_loop_names_no_backend():
    """It is noticed before anybody is chosen."""
    world = World()
    world.request(head("GET", "/", "Via: 1.1 CAS01"))

    event = world.events[0]
    assert (event.id, event.parameters, event.site, event.policy) == (1005, ("CAS01",), "", "")


def test_an_access_line_tells_the_whole_way():
    """Peer, id, request, status, sizes, host, site, decision, trust and versions."""
    world = World(make_site())
    connection = world.offer()
    world.request(head("POST", "/owa/x", "Content-Length: 3"), b"abc")
    connection.data_received(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok")

    entry = world.access[0]
    assert entry[1:8] == (b"192.0.2.7", b"0123456789abcdef", b"POST", b"/owa/x", 201, 2, 3)
    assert (entry.host, entry.way.site, entry.because) == (b"mail.test", "Branch", "default site")
    assert (entry.trust, entry.error, entry.tls, entry.minor) == ("trusted", "", "TLSv1.3", 1)
    assert entry.seconds >= 0


def test_the_wait_for_the_server_is_measured():
    """From asking to the head of the answer: part of the whole time, also where a connection was waited for."""
    world = World(make_site())
    world.request(head("GET", "/owa/"))
    connection = connected()
    world.pools[0].waiting[0].on_connection(connection)
    asked = world.pools[0].waiting[0].asked_at
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    (entry,) = world.access
    assert 0 < entry.answer_seconds < entry.seconds
    assert asked > 0


def test_the_wait_for_a_tunnel_is_measured():
    """Up to 101; the tunnel itself is no wait."""
    world = World(make_site())
    connection = world.offer()
    exchange, _ = world.request(head("GET", "/owa/ws", "Connection: upgrade", "Upgrade: websocket"))
    connection.data_received(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
    exchange.leave()

    assert 0 < world.access[0].answer_seconds < world.access[0].seconds


def test_a_server_that_does_not_answer_has_no_wait():
    """Nothing is measured where there is no answer's head."""
    world = World(make_site())
    world.offer()
    exchange, _ = world.request(head("GET", "/owa/"))
    exchange.refuse(UpstreamTimedOut(*HERE, "x"))

    assert (world.access[0].status, world.access[0].answer_seconds) == (504, 0.0)


def test_an_answer_of_ours_tells_its_site_and_its_deed():
    """The site a user was sent away from stands in the access log, what was done in the metrics."""
    world = World(gate=FakeGate(Reply(302, (), b"", "elsewhere", site="Remote", deed=Deed.REDIRECTED)))
    world.request(head("GET", "/owa/"))

    entry = world.access[0]
    assert (entry.way, entry.deed) == (Way("Remote"), Deed.REDIRECTED)


def test_an_access_line_of_an_unread_request_is_mostly_empty():
    """No method, no target, no way; the status and the reason are there."""
    world = World()
    exchange, _ = world.exchange()
    exchange.refuse(ClientFault(431, "Too large."))

    entry = world.access[0]
    assert (entry.method, entry.target, entry.host, entry.way.site, entry.because) == (b"", b"", b"", "", "")
    assert (entry.status, entry.error) == (431, "http_request_error")


@pytest.mark.parametrize(("error", "number"), [(UpstreamForbade(*HERE, "x"), 28), (UpstreamDisowned(*HERE, "x"), 27)])
def test_the_control_panel_has_numbers_of_its_own(error, number):
    """Below /ecp they stand in place of Outlook Web App's, with the same parameters."""
    world = World()
    exchange, _ = world.request(head("GET", "/ECP/default.aspx"))
    exchange.refuse(error)

    assert [(event.id, event.parameters) for event in world.events] == [(number, ("CAS01", "cas02.branch.test"))]


def test_event_46_names_both_versions():
    """Ours behind our name, the server's behind its own."""
    (event,) = report(UpstreamIncompatible(*HERE, ours="14.3.1.0", theirs="15.0.1.0")).events

    assert event.parameters == ("CAS01", "14.3.1.0", "cas02.branch.test", "15.0.1.0")


def test_event_44_names_the_limit():
    """And the user, where somebody signed in."""
    (event,) = report(TooManyGroups(3001, 3000)).events

    assert event.parameters == ("CAS01", "cas02.branch.test", "", "3000")
