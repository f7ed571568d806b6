"""What an answer means is decided once, and only what is checked or ours goes to the browser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.message.faults import MalformedMessage
from proxy.message.head import parse_response_head
from proxy.message.response import Names, ResponseFacts, ResponseReader, ResponseWriter
from proxy.model.limits import Limits
from proxy.model.message import BodyKind, Framing

LIMITS = Limits()
NAMES = Names((b"cas02.corp.example", b"cas02.corp.example:443"), b"mail.example", "cas02.corp.example", "mail.example")
NONE = Framing(BodyKind.NONE, 0)
CHUNKED = Framing(BodyKind.CHUNKED, 0)
CLOSE = Framing(BodyKind.UNTIL_CLOSE, 0)


def head(*fields: bytes, line: bytes = b"HTTP/1.1 200 OK"):
    """Take apart an answer with these fields."""
    return parse_response_head(b"\r\n".join([line, *fields, b"", b""]), LIMITS)


def read(*fields: bytes, line: bytes = b"HTTP/1.1 200 OK", method: bytes = b"GET") -> ResponseFacts:
    """Read such an answer."""
    return ResponseReader("cas01").read(head(*fields, line=line), method, NAMES)


@pytest.mark.parametrize(
    ("line", "method", "fields", "framing", "keeps"),
    [
        (b"HTTP/1.1 200 OK", b"GET", [b"Content-Length: 3"], Framing(BodyKind.LENGTH, 3), True),
        (b"HTTP/1.1 200 OK", b"GET", [b"Transfer-Encoding: chunked"], CHUNKED, True),
        (b"HTTP/1.1 200 OK", b"GET", [], CLOSE, False),
        (b"HTTP/1.1 200 OK", b"GET", [b"Content-Length: 3", b"Connection: close"], Framing(BodyKind.LENGTH, 3), False),
        (b"HTTP/1.0 200 OK", b"GET", [b"Content-Length: 3"], Framing(BodyKind.LENGTH, 3), False),
        (
            b"HTTP/1.0 200 OK",
            b"GET",
            [b"Content-Length: 3", b"Connection: keep-alive"],
            Framing(BodyKind.LENGTH, 3),
            True,
        ),
        (b"HTTP/1.0 200 OK", b"GET", [b"Connection: keep-alive"], CLOSE, False),
        (b"HTTP/1.1 200 OK", b"HEAD", [b"Content-Length: 3"], NONE, True),
        (b"HTTP/1.1 200 OK", b"HEAD", [b"Transfer-Encoding: chunked"], NONE, True),
        (b"HTTP/1.1 200 OK", b"HEAD", [], NONE, True),
        (b"HTTP/1.1 304 x", b"GET", [b"Content-Length: 3"], NONE, True),
        (b"HTTP/1.1 204 x", b"GET", [], NONE, True),
        (b"HTTP/1.1 204 x", b"GET", [b"Content-Length: 0"], NONE, True),
        (b"HTTP/1.1 204 x", b"GET", [b"Content-Length: 3"], NONE, False),
        (b"HTTP/1.1 204 x", b"GET", [b"Transfer-Encoding: chunked"], NONE, False),
        (b"HTTP/1.1 100 x", b"POST", [], NONE, True),
        (b"HTTP/1.1 103 x", b"GET", [b"Content-Length: 3"], NONE, False),
        (b"HTTP/1.1 101 x", b"GET", [b"Upgrade: x", b"Connection: upgrade"], NONE, False),
    ],
)
def test_where_the_body_ends_and_whether_the_connection_stays(line, method, fields, framing, keeps):
    """RFC 9112 §6.3: HEAD, 1xx, 204 and 304 have none; announced bytes that may not be end the connection."""
    facts = read(*fields, line=line, method=method)

    assert (facts.framing, facts.keep_alive) == (framing, keeps)


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
@pytest.mark.parametrize(
    "fields",
    [
        [b"Content-Length: 3", b"Transfer-Encoding: chunked"],
        [b"Content-Length: 3", b"content-length: 3"],
        [b"Content-Length: 3, 3"],
        [b"Content-Length: 3x"],
        [b"Transfer-Encoding: gzip, chunked"],
        [b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"],
        [b"Transfer-Encoding: identity"],
    ],
)
@pytest.mark.parametrize("line", [b"HTTP/1.1 200 x", b"HTTP/1.1 204 x", b"HTTP/1.1 304 x"])
def test_conflicting_framing_is_malformed(method, fields, line):
    """Whatever the method and status: somebody behind us would believe the other announcement."""
    with pytest.raises(MalformedMessage):
        read(*fields, line=line, method=method)


def test_transfer_encoding_in_http_1_0_is_malformed():
    """Nobody knows what it means there."""
    with pytest.raises(MalformedMessage):
        read(b"Transfer-Encoding: chunked", line=b"HTTP/1.0 200 OK")


@pytest.mark.parametrize(("line", "method"), [(b"HTTP/1.1 200 OK", b"HEAD"), (b"HTTP/1.1 304 x", b"GET")])
def test_a_length_that_announces_nothing_is_kept(line, method):
    """It tells the browser how long the body would be; 204 has none to tell."""
    assert read(b"Content-Length: 03", line=line, method=method).lines == [b"Content-Length: 3\r\n"]
    assert read(b"Content-Length: 0", line=b"HTTP/1.1 204 x").lines == []


def test_fields_pass_in_order_and_number_with_our_names():
    """Set-Cookie is never merged; Location and its like name us; what is the connection's goes no further."""
    assert read(
        b"sEt-Cookie: a=1; Domain=corp.example; Path=/",
        b"Set-Cookie: b=2",
        b"Location: https://cas02.corp.example/owa",
        b"Content-Location: http://cas02.corp.example:443/x",
        b"Link: https://cas02.corp.example/",
        b"Content-Encoding: gzip",
        b"Connection: X-Hop, Set-Cookie, Via",
        b"X-Hop: 1",
        b"Keep-Alive: 5",
        b"Proxy-Authenticate: Basic",
        b"Trailer: X",
        b"X-Request-Id: theirs",
        b"X-CASProxy-Anything: theirs",
        b"Via: 1.1 inner",
        b"Content_Length: 5",
        b"Upgrade: h2",
    ).lines == [
        b"sEt-Cookie: a=1; Path=/\r\n",
        b"Set-Cookie: b=2\r\n",
        b"Location: https://mail.example/owa\r\n",
        b"Content-Location: https://mail.example/x\r\n",
        b"Link: https://cas02.corp.example/\r\n",
        b"Content-Encoding: gzip\r\n",
    ]


@pytest.mark.parametrize(
    ("line", "upgrade"), [(b"HTTP/1.1 101 x", b"websocket"), (b"HTTP/1.1 200 x", b""), (b"HTTP/1.0 101 x", b"")]
)
def test_only_101_switches(line, upgrade):
    """An Upgrade field elsewhere is an offer, which goes no further."""
    assert read(b"Upgrade: websocket", b"Connection: Upgrade", line=line).upgrade == upgrade


def test_an_interim_answers_fields_pass():
    """But for what is the connection's; nothing is rewritten in them."""
    early = head(
        b"Link: </a.css>",
        b"Connection: X-Hop",
        b"X-Hop: 1",
        b"Set-Cookie: a",
        b"Location: /x",
        line=b"HTTP/1.1 103 Early",
    )

    assert ResponseReader("cas01").interim(early) == [b"Link: </a.css>\r\n", b"Set-Cookie: a\r\n", b"Location: /x\r\n"]


def write(*fields: bytes, line: bytes = b"HTTP/1.0 200 Fine", **how) -> bytes:
    """Read an answer and write it anew."""
    how = {"framing": NONE, "close": False, "request_id": b"id-1"} | how
    return ResponseWriter("cas01").write(head(*fields, line=line), read(*fields, line=line), **how)


@pytest.mark.parametrize(
    ("how", "end"),
    [
        ({}, b""),
        ({"framing": CLOSE, "close": True}, b"Connection: close\r\n"),
        ({"framing": Framing(BodyKind.LENGTH, 3)}, b"Content-Length: 3\r\n"),
        ({"framing": CHUNKED}, b"Transfer-Encoding: chunked\r\n"),
        ({"keep_alive_10": True}, b"Connection: keep-alive\r\n"),
        ({"keep_alive_10": True, "close": True}, b"Connection: close\r\n"),
    ],
)
def test_an_answer_is_written_anew(how, end):
    """Always HTTP/1.1, one framing, our Via behind the others', our request id."""
    assert write(b"A: 1", b"Via: 1.1 inner", **how) == (
        b"HTTP/1.1 200 Fine\r\nA: 1\r\nVia: 1.1 inner\r\nVia: 1.0 cas01\r\nX-Request-Id: id-1\r\n" + end + b"\r\n"
    )


def test_a_switch_is_said_to_the_browser():
    """With Connection, and without `close`."""
    written = write(b"Upgrade: websocket", b"Connection: upgrade", line=b"HTTP/1.1 101 x", close=True)

    assert written.endswith(b"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")


@pytest.mark.parametrize("request_id", [b"", b"a b", b"a\r\nX: y"])
def test_a_request_id_that_would_break_the_head_is_a_defect(request_id):
    """It is ours to make."""
    with pytest.raises(ValueError, match="request id"):
        write(request_id=request_id)


FIELDS = st.lists(
    st.tuples(
        st.sampled_from([b"Content-Length", b"Transfer-Encoding", b"Connection", b"Upgrade", b"Location", b"Set-Cookie",
                         b"Via", b"X-Own", b"Content_Length"]),
        st.sampled_from([b"3", b"0", b"chunked", b"close", b"content-length, upgrade", b"a; domain=corp.example", b"",
                         b"//cas02.corp.example"]) | st.binary(max_size=4),
    ),
    max_size=5,
)  # fmt: skip


@given(st.sampled_from([b"1.0", b"1.1", b"2.0"]), st.integers(99, 601), FIELDS, st.sampled_from([b"GET", b"HEAD"]))
def test_the_browser_gets_exactly_one_well_formed_head_or_nothing(version, status, fields, method):
    """Whatever comes: malformed, or one head with at most one framing, which means what was decided."""
    raw = b"HTTP/%b %d x\r\n" % (version, status) + b"".join(b"%b: %b\r\n" % field for field in fields) + b"\r\n"
    try:
        came = parse_response_head(raw, LIMITS)
        facts = ResponseReader("cas01").read(came, method, NAMES)
    except MalformedMessage:
        return
    written = ResponseWriter("cas01").write(came, facts, framing=facts.framing, close=False, request_id=b"id-1")

    again = parse_response_head(written, LIMITS)
    assert again[:3] == (came.status, came.reason, 1)
    names = [name.lower() for name, _ in again.fields]
    assert names.count(b"content-length") + names.count(b"transfer-encoding") <= 1
    assert not any(b"_" in name for name in names)
    assert ResponseReader("cas01").read(again, method, NAMES).framing == facts.framing


def test_a_backend_cannot_set_a_cookie_of_ours():
    """It could sign somebody in as somebody else; every other cookie passes."""
    facts = read(b"Set-Cookie: __Host-casproxy=x; Path=/", b"Set-Cookie: a=1", b"set-cookie: __host-CASPROXY-logon=")

    assert facts.lines == [b"Set-Cookie: a=1\r\n"]
