"""Errors of ours are whole answers that tell strangers nothing and administrators everything."""

import pytest

from proxy.errors import (
    ClientFault,
    LoopDetected,
    OurFault,
    UpstreamBroke,
    UpstreamBusy,
    UpstreamNotTrusted,
    UpstreamTimedOut,
    UpstreamTlsFault,
    UpstreamUnreachable,
)
from tests.fakes import World, head

HERE = ("Branch", "cas02.branch.test")
NOT_TRUSTED = UpstreamNotTrusted(*HERE, code=18, text="self-signed certificate")
ERRORS = [
    ClientFault(400, "Bad.", closes=False),
    LoopDetected("x"),
    OurFault(500, "x"),
    UpstreamBroke(*HERE, "x"),
    UpstreamBusy(*HERE, "x"),
    NOT_TRUSTED,
    UpstreamTimedOut(*HERE, "x"),
    UpstreamTlsFault(*HERE, "x", "not_tls"),
    UpstreamUnreachable(*HERE, "x"),
]


def refused(error, *lines, method="GET", version="1.1", **world_changes):
    """Let a request that waits for a connection be refused; gives head, body and browser."""
    world = World(**world_changes)
    exchange, browser = world.request(head(method, "/owa/", *lines, version=version))
    exchange.refuse(error)
    answer_head, _, body = browser.written.partition(b"\r\n\r\n")
    return answer_head.decode().split("\r\n"), body.decode(), browser


def field(lines: list[str], name: str) -> str:
    """Give the value of a field; empty when it is not there."""
    return next((line.partition(": ")[2] for line in lines if line.lower().startswith(name.lower() + ":")), "")


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_each_error_is_a_whole_answer(error):
    """Status, length, type, no caching, the id, and the proxy's own status field."""
    lines, body, _ = refused(error)

    assert lines[0].startswith(f"HTTP/1.1 {error.status} ")
    assert field(lines, "Content-Length") == str(len(body.encode()))
    assert field(lines, "Cache-Control") == "no-store"
    assert field(lines, "X-Request-Id") == "0123456789abcdef"
    assert field(lines, "Proxy-Status") == f"CAS01; error={error.error_type}"
    assert "0123456789abcdef" in body


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_strangers_read_no_addresses_or_reasons(error):
    """Without `errors.detail` only what `public` says, and the names of event 43 when trust failed."""
    lines, body, _ = refused(error)
    told = "\n".join([*lines, body])

    assert not any(word in told for word in ("127.0.0.1", "8442", "OpenSSL", "self-signed", "self_signed", "Branch"))
    assert ("cas02.branch.test" in told) is (error is NOT_TRUSTED)


@pytest.mark.parametrize(
    ("error", "more"),
    [
        (NOT_TRUSTED, '; next-hop="cas02.branch.test"; details="self_signed"'),
        (UpstreamTlsFault(*HERE, "x", "not_tls"), '; next-hop="cas02.branch.test"; details="not_tls"'),
        (UpstreamBroke(*HERE, "x"), '; next-hop="cas02.branch.test"'),
        (ClientFault(400, "Bad."), ""),
    ],
)
def test_with_detail_the_field_names_server_and_reason(error, more):
    """`errors.detail = "full"` adds next-hop and details where there are any (RFC 9209 §2.1.2, §2.1.4)."""
    lines, _, _ = refused(error, detail=True)

    assert field(lines, "Proxy-Status") == f"CAS01; error={error.error_type}{more}"


def test_with_detail_the_page_tells_why_and_what_to_do():
    """Site, reason, code, policy and the cure."""
    _, body, _ = refused(NOT_TRUSTED, "Accept: application/json", detail=True)

    for word in ("Branch", "self_signed", "18", "allow", "default", "cas02.branch.test"):
        assert word in body


def test_the_reason_of_another_fault_is_its_sentence():
    """Without a reason of trust the administrator reads the error itself."""
    _, body, _ = refused(UpstreamUnreachable(*HERE, "Nobody listens on that port."), "Accept: text/plain", detail=True)

    assert "Nobody listens on that port." in body


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ((), "text/plain"),
        (("Accept: text/html",), "text/html"),
        (("Accept: application/json",), "application/json"),
        (("accept: image/png;q=0.1", "ACCEPT: text/plain"), "text/plain"),
    ],
)
def test_the_form_is_what_the_browser_accepts(accept, kind):
    """Several `Accept` fields are one list."""
    lines, _, _ = refused(ERRORS[0], *accept)

    assert field(lines, "Content-Type").startswith(kind)


def test_an_answer_to_head_has_no_body():
    """The length is that of the page all the same."""
    lines, body, _ = refused(ERRORS[0], method="HEAD")

    assert body == ""
    assert int(field(lines, "Content-Length")) > 0


@pytest.mark.parametrize(("error", "seconds"), [(UpstreamBusy(*HERE, "x"), "2"), (OurFault(500, "x"), "")])
def test_retry_after_stands_where_coming_back_helps(error, seconds):
    """503 says when."""
    assert field(refused(error)[0], "Retry-After") == seconds


@pytest.mark.parametrize(
    ("closes", "lines", "version", "said"),
    [
        (True, (), "1.1", "close"),
        (False, (), "1.1", ""),
        (False, ("Connection: close",), "1.1", "close"),
        (False, ("Connection: keep-alive",), "1.0", "keep-alive"),
        (False, (), "1.0", "close"),
    ],
)
def test_connection_says_what_happens_next(closes, lines, version, said):
    """Close when the error, the browser or its version says so; HTTP/1.0 must hear that it stays."""
    answer, _, browser = refused(ClientFault(400, "Bad.", closes=closes), *lines, version=version)

    assert field(answer, "Connection") == said
    assert browser.calls == ["close" if said == "close" else "keep"]


def test_a_request_that_could_not_be_read_is_answered():
    """There is no head to look at: plain text, and the connection closes."""
    world = World()
    exchange, browser = world.exchange()
    exchange.refuse(ClientFault(408, "Too slow."))

    assert browser.status == 408
    assert b"\r\nContent-Type: text/plain" in browser.written
    assert b"\r\nConnection: close\r\n" in browser.written


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("CAS01", "CAS01"),
        ("mail.example", "mail.example"),
        ("1st", '"1st"'),
        ("Front Door", '"Front Door"'),
        ('a"b\\c d', '"abc d"'),
        ("caf\xe9", '"caf"'),
        ("\u0441\u0430\u0441", '""'),
    ],
)
def test_our_name_is_spelled_so_that_it_can_be_parsed(name, spelled):
    """A token where it is one, else a string of ASCII (RFC 8941 §3.3)."""
    world = World(first_server="CAS01")
    world.first_server = name
    equipment = type(world.equipment)(
        **{each: getattr(world.equipment, each) for each in world.equipment.__slots__} | {"first_server": name}
    )
    world.equipment = equipment
    exchange, browser = world.exchange()
    exchange.refuse(ClientFault(400, "Bad."))

    assert f"\r\nProxy-Status: {spelled}; error=".encode() in browser.written


def test_the_bytes_of_the_page_are_counted():
    """The access line has status and size of what was sent; nothing of a body after HEAD."""
    sizes = []
    for method in ("GET", "HEAD"):
        world = World()
        exchange, _ = world.request(head(method))
        exchange.refuse(ERRORS[0])
        sizes.append((world.access[0].status, world.access[0].bytes_out > 0))

    assert sizes == [(400, True), (400, False)]
