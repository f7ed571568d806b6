"""Plain HTTP is sent to HTTPS, and nothing else is done with it."""

import asyncio

import pytest

from proxy.front import redirect
from proxy.front.acceptor import bind
from proxy.front.redirect import RedirectListener
from proxy.front.seats import Seats
from proxy.model.limits import Limits
from proxy.pages.render import Pages
from tests.loopback import KINDS, exchange, run_on, until

PAGES = Pages()


async def ask(
    request: bytes, *, port: int = 8443, limits: Limits | None = None
) -> tuple[bytes, dict[bytes, bytes], bytes]:
    """Send a request to a redirecting port; gives status, fields in lower case, and body."""
    seats = Seats(limits or Limits(), lambda _event: None, asyncio.get_running_loop().time, "CAS01")
    listener = RedirectListener(bind("127.0.0.1:0"), port, seats, PAGES)
    listener.start()
    try:
        answer = await exchange(listener.address, request)
    finally:
        await listener.end()
    assert not seats.occupied
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    fields = dict(line.lower().split(b": ", 1) if b"ocation" not in line else line.split(b": ", 1) for line in lines)
    return status, fields, body


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", [b"GET", b"POST", b"PROPFIND", b"HEAD"])
def test_each_method_is_redirected(kind, method):
    """308 keeps the method; the connection is closed, and HEAD has no body."""
    request = method + b" /owa/?a=%2f HTTP/1.1\r\nHost: cas01.example:8080\r\nContent-Length: 0\r\n\r\n"

    status, fields, body = run_on(kind, lambda _transports: ask(request))

    assert status == b"HTTP/1.1 308 Permanent Redirect"
    assert fields[b"Location"] == b"https://cas01.example:8443/owa/?a=%2f"
    assert fields[b"connection"] == b"close"
    assert (body == b"") == (method == b"HEAD")


@pytest.mark.parametrize(
    ("target", "host", "port", "location"),
    [
        (b"/", b"cas01.example", 443, b"https://cas01.example/"),
        (b"/", b"CAS01.Example:80", 443, b"https://cas01.example/"),
        (b"/", b"[::1]:8080", 8443, b"https://[::1]:8443/"),
        (b"/%0d%0aSet-Cookie:x", b"a", 443, b"https://a/%0d%0aSet-Cookie:x"),
        (b"http://a/x", b"a", 443, b"https://a/x"),
    ],
)
def test_location(target, host, port, location):
    """The host without its port, ours instead, and the target byte for byte."""
    request = b"GET " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"

    assert run_on("uvloop", lambda _transports: ask(request, port=port))[1][b"Location"] == location


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", b"400"),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\x00b\r\n\r\n", b"400"),
        (b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", None),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 200 + b"\r\n", b"431"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 40_000, b"431"),
    ],
)
def test_bad_heads_are_refused(request_head, status):
    """Malformed and oversized heads get their status and no redirect."""
    line, fields, _ = run_on("asyncio", lambda _transports: ask(request_head))

    assert b"Location" not in fields
    assert status in {None, line.split()[1]}
    assert int(line.split()[1]) >= 400


def test_over_the_limit_is_told():
    """Over the limit on connections plain browsers get 503 as well."""
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    status, fields, _ = run_on("uvloop", lambda _transports: ask(request, limits=Limits(connections=0)))

    assert (status.split()[1], fields[b"retry-after"]) == (b"503", b"5")


def test_slow_head_is_bounded(monkeypatch):
    """A head that never ends gets 408 after its time."""
    monkeypatch.setattr(redirect, "HEAD_SECONDS", 0.05)

    status, _, _ = run_on("uvloop", lambda _transports: ask(b"GET / HTTP/1.1\r\nHost: a\r\n"))

    assert status.split()[1] == b"408"


def test_end_leaves_nothing_open():
    """Ending while a browser is silent closes its connection."""

    async def work(_transports):
        loop = asyncio.get_running_loop()
        seats = Seats(Limits(), lambda _event: None, loop.time, "CAS01")
        listener = RedirectListener(bind("127.0.0.1:0"), 8443, seats, PAGES)
        listener.start()
        reader, writer = await asyncio.open_connection(*listener.address)
        await until(lambda: len(seats.occupied) == 1, "no seat is taken")
        await listener.end()
        got = await reader.read()
        writer.close()
        await writer.wait_closed()
        return got, len(seats.occupied)

    assert run_on("asyncio", work) == (b"", 0)
