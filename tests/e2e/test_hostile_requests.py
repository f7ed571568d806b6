"""Requests that break a rule: 400, the connection closed, and the backend hears not one byte, whatever follows them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.stage import OK, Stage, stage
from tests.wire import playing, request

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

SMUGGLED = request(target=b"/smuggled")
HEAD = b"POST /owa/ HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def post(*lines: bytes) -> bytes:
    """Compose a request with these lines and a body that is five bytes long, or an empty chunked one."""
    return HEAD + b"\r\n".join([*lines, b"", b""]) + b"0\r\n\r\n"


def get(line: bytes) -> bytes:
    """Compose a request with one more line."""
    return b"GET /owa/ HTTP/1.1\r\nHost: localhost\r\n" + line + b"\r\n\r\n"


def host(*values: bytes) -> bytes:
    """Compose a request with these Host fields."""
    return b"GET /owa/ HTTP/1.1\r\n" + b"".join(b"Host: " + value + b"\r\n" for value in values) + b"\r\n"


def start(line: bytes) -> bytes:
    """Compose a request with this request line."""
    return line + b"\r\nHost: localhost\r\n\r\n"


FRAMING = {
    "length and coding": post(b"Content-Length: 5", b"Transfer-Encoding: chunked"),
    "coding and length": post(b"Transfer-Encoding: chunked", b"Content-Length: 5"),
    "coding and length 0": post(b"Transfer-Encoding: chunked", b"Content-Length: 0"),
    "two equal lengths": post(b"Content-Length: 5", b"Content-Length: 5"),
    "two lengths": post(b"Content-Length: 5", b"content-length: 0"),
    "list of equal lengths": post(b"Content-Length: 5, 5"),
    "list of lengths": post(b"Content-Length: 5,0"),
    "length with plus": post(b"Content-Length: +5"),
    "negative length": post(b"Content-Length: -5"),
    "hexadecimal length": post(b"Content-Length: 0x5"),
    "length with a gap": post(b"Content-Length: 5 5"),
    "length with underscore": post(b"Content-Length: 1_0"),
    "empty length": post(b"Content-Length: "),
    "length no number": post(b"Content-Length: five"),
    "fraction": post(b"Content-Length: 5.0"),
    "length of 2^63": post(b"Content-Length: 9223372036854775808"),
    "length of 2^64 + 5": post(b"Content-Length: 18446744073709551621"),
    "arabic digits": post(b"Content-Length: \xd9\xa5"),
    "identity": post(b"Transfer-Encoding: identity"),
    "identity, chunked": post(b"Transfer-Encoding: identity, chunked"),
    "gzip": post(b"Transfer-Encoding: gzip"),
    "gzip, chunked": post(b"Transfer-Encoding: gzip, chunked"),
    "chunked, gzip": post(b"Transfer-Encoding: chunked, gzip"),
    "chunked twice": post(b"Transfer-Encoding: chunked, chunked"),
    "two codings": post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
    "chunked then identity": post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
    "empty element": post(b"Transfer-Encoding: , chunked"),
    "empty coding": post(b"Transfer-Encoding: "),
    "coding with parameter": post(b"Transfer-Encoding: chunked;q=1"),
    "xchunked": post(b"Transfer-Encoding: xchunked"),
    "quoted chunked": post(b'Transfer-Encoding: "chunked"'),
    "vertical tab before chunked": post(b"Transfer-Encoding: \x0bchunked"),
    "coding in HTTP/1.0": post(b"Transfer-Encoding: chunked").replace(b"/1.1", b"/1.0", 1),
    "space before colon of a coding": post(b"Transfer-Encoding : chunked"),
    "space before colon of a length": post(b"Content-Length : 5"),
    "tab before colon": post(b"Transfer-Encoding\t: chunked"),
    "coding on a folded line": post(b"Transfer-Encoding:", b" chunked"),
    "other expectation": post(b"Content-Length: 5", b"Expect: 200-ok"),
}
FIELDS = {
    "folded line": get(b"X-A: a\r\n b"),
    "folded with tab": get(b"X-A: a\r\n\tb"),
    "first field folded": b"GET /owa/ HTTP/1.1\r\n Host: localhost\r\n\r\n",
    "white space alone": get(b"X-A: a\r\n "),
    "NUL in a value": get(b"X-A: a\x00b"),
    "NUL in a name": get(b"X\x00A: a"),
    "control byte in a value": get(b"X-A: a\x01b"),
    "escape in a value": get(b"X-A: \x1b[31m"),
    "DEL in a value": get(b"X-A: a\x7fb"),
    "bare LF in a value": get(b"X-A: a\nX-B: b"),
    "bare CR in a value": get(b"X-A: a\rX-B: b"),
    "bare LF line ends": b"GET /owa/ HTTP/1.1\nHost: localhost\n\n",
    "bare CR line ends": b"GET /owa/ HTTP/1.1\rHost: localhost\r\r",
    "one bare LF": b"GET /owa/ HTTP/1.1\nHost: localhost\r\n\r\n",
    "blank line of LF": b"GET /owa/ HTTP/1.1\r\nHost: localhost\r\n\n",
    "CR CR LF": get(b"X-A: a\r"),
    "no colon": get(b"X-A"),
    "empty name": get(b": a"),
    "space in a name": get(b"X A: a"),
    "bracket in a name": get(b"X(A): a"),
    "name beyond ASCII": get(b"X\xc3\xa4: a"),
    "no Host": host(),
    "no Host in HTTP/1.0": b"GET /owa/ HTTP/1.0\r\n\r\n",
    "two Hosts": host(b"localhost", b"other"),
    "two equal Hosts": host(b"localhost", b"localhost"),
    **{
        f"Host {value!r}": host(value)
        for value in (
            b"", b"a b", b"local\thost", b"localhost/owa", b"localhost?", b"localhost#x", b"u@localhost",
            b"local\\host", b'"localhost"', b"[::1", b"::1", b"[::1]x", b"[v1.x]", b"localhost:x", b"localhost:99999",
            b"localhost:1:2", b"%zz", b"localhost, other", b"<localhost>", b"local\xc3\xa4host", b":443",
        )
    },
}  # fmt: skip
START = {
    "HTTP/0.9": b"GET /owa/\r\n\r\n",
    "HTTP/0.9 with version": start(b"GET /owa/ HTTP/0.9"),
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/2.0": start(b"GET /owa/ HTTP/2.0"),
    "HTTP/1.2": start(b"GET /owa/ HTTP/1.2"),
    "HTTP/1.10": start(b"GET /owa/ HTTP/1.10"),
    "HTTP/11": start(b"GET /owa/ HTTP/11"),
    "HTTP/1,1": start(b"GET /owa/ HTTP/1,1"),
    "http in lower case": start(b"GET /owa/ http/1.1"),
    "HTTPS/1.1": start(b"GET /owa/ HTTPS/1.1"),
    "space after the version": start(b"GET /owa/ HTTP/1.1 "),
    "two spaces": start(b"GET  /owa/ HTTP/1.1"),
    "two spaces before the version": start(b"GET /owa/  HTTP/1.1"),
    "tab": start(b"GET\t/owa/ HTTP/1.1"),
    "space in front": start(b" GET /owa/ HTTP/1.1"),
    "space in the target": start(b"GET /owa/ x HTTP/1.1"),
    "no target": start(b"GET HTTP/1.1"),
    "lower case method": start(b"get /owa/ HTTP/1.1"),
    "method no token": start(b"G(ET /owa/ HTTP/1.1"),
    "fragment": start(b"GET /owa/#x HTTP/1.1"),
    "target beyond ASCII": start(b"GET /owa/\xc3\xa4 HTTP/1.1"),
    "NUL in the target": start(b"GET /owa/\x00 HTTP/1.1"),
    "target without slash": start(b"GET owa/ HTTP/1.1"),
    "authority as target": start(b"GET localhost:443 HTTP/1.1"),
    "star for GET": start(b"GET * HTTP/1.1"),
    "other scheme": start(b"GET ftp://localhost/ HTTP/1.1"),
    "file scheme": start(b"GET file:///etc/passwd HTTP/1.1"),
    "other host": start(b"GET https://cas.branch.test/ HTTP/1.1"),
    "other port": start(b"GET https://localhost:444/ HTTP/1.1"),
    "user name": start(b"GET https://u@localhost/ HTTP/1.1"),
    "no host": start(b"GET https:/// HTTP/1.1"),
    "many empty lines": b"\r\n" * 9 + SMUGGLED,
    "TLS inside TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}
CHUNKS = {
    "no hexadecimal digit": b"g\r\n",
    "0x": b"0x1\r\nx\r\n0\r\n\r\n",
    "plus": b"+1\r\nx\r\n0\r\n\r\n",
    "minus": b"-1\r\nx\r\n0\r\n\r\n",
    "underscore": b"1_0\r\nx\r\n0\r\n\r\n",
    "space before": b" 1\r\nx\r\n0\r\n\r\n",
    "space after": b"1 \r\nx\r\n0\r\n\r\n",
    "empty size": b"\r\nx\r\n0\r\n\r\n",
    "only an extension": b";a=b\r\nx\r\n0\r\n\r\n",
    "2^64 - 1": b"ffffffffffffffff\r\nx\r\n0\r\n\r\n",
    "2^64 + 1": b"10000000000000001\r\nx\r\n0\r\n\r\n",
    "zeros in front": b"00000000000000001\r\nx\r\n0\r\n\r\n",
    "bare LF": b"1\nx\r\n0\r\n\r\n",
    "bare CR": b"1\rx\r\n0\r\n\r\n",
    "LF in an extension": b"1;a\nb\r\nx\r\n0\r\n\r\n",
    "NUL in an extension": b"1;a\x00\r\nx\r\n0\r\n\r\n",
    "overlong extension": b"1;" + b"a" * 5000 + b"\r\nx\r\n0\r\n\r\n",
    "extensions without end": (b"1;" + b"a" * 1000 + b"\r\nx\r\n") * 17 + b"0\r\n\r\n",
    "data longer than the size": b"1\r\nxy\r\n0\r\n\r\n",
    "data shorter than the size": b"3\r\nx\r\n0\r\n\r\n",
    "data ends in bare LF": b"1\r\nx\n0\r\n\r\n",
    "trailer without colon": b"0\r\nX-A\r\n\r\n",
    "trailer with space before colon": b"0\r\nX-A : a\r\n\r\n",
    "folded trailer": b"0\r\nX-A: a\r\n b\r\n\r\n",
    "NUL in a trailer": b"0\r\nX-A: \x00\r\n\r\n",
    "too many trailers": b"0\r\n" + b"A: b\r\n" * 101 + b"\r\n",
    "large trailer": b"0\r\nA: " + b"b" * 17_000 + b"\r\n\r\n",
}
TABLE = FRAMING | FIELDS | START | {f"chunk: {name}": CHUNKED + body for name, body in CHUNKS.items()}
SPLIT = ("length and coding", "two lengths", "CR CR LF", "bare LF in a value", "folded line", "two spaces", "no Host")


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="running")
async def one_stage() -> AsyncIterator[Stage]:
    """One proxy for the whole table: its backend must never hear anything."""
    async with stage({"HQ": playing(OK)}) as running:
        yield running
        assert running.backends["HQ"].connections == []
        assert (await running.ask(SMUGGLED)).status == 200


@pytest.mark.parametrize("raw", [pytest.param(raw, id=name) for name, raw in TABLE.items()])
async def test_refused_and_closed(running: Stage, raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """400, `Connection: close`, the end; nothing of it reaches the backend, nor does a good request behind it."""
    monkeypatch.setattr("proxy.front.connection.LINGER_SECONDS", 0.05)
    monkeypatch.setattr("proxy.front.connection.LINGER_BRIEFLY", 0.0)
    browser = await running.browser()
    answer = await browser.ask(raw + SMUGGLED)
    assert answer.status == 400
    assert answer.field(b"connection") == b"close"
    assert answer.field(b"proxy-status") == b"CAS01; error=http_request_error"
    assert await browser.rest() == b""
    browser.close()
    assert running.access[-1].status == 400
    assert running.backends["HQ"].connections == []


@pytest.mark.parametrize("name", SPLIT)
async def test_where_it_is_cut_makes_no_difference(running: Stage, name: str) -> None:
    """However TCP and TLS cut a request into pieces, it is refused all the same."""
    raw = TABLE[name]

    async def cut(place: int) -> int:
        browser = await running.browser()
        await browser.send(raw[:place])
        await asyncio.sleep(0.02)
        answer = await browser.ask(raw[place:] + SMUGGLED)
        assert await browser.rest() == b""
        browser.close()
        return answer.status

    statuses = await asyncio.gather(*(cut(place) for place in range(1, len(raw))))
    assert set(statuses) == {400}
    assert running.backends["HQ"].connections == []
