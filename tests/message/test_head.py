"""A head is taken apart in one way only, or refused with the status that says why."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import ClientFault
from proxy.message.faults import MalformedMessage
from proxy.message.head import (
    MAX_EMPTY_LINES,
    METHODS,
    parse_request_head,
    parse_response_head,
    too_large,
    without_empty_lines,
)
from proxy.model.limits import Limits

LIMITS = Limits()
SMALL = replace(LIMITS, target_bytes=8, header_bytes=20, header_count=3, head_bytes=100)


def request(line: bytes = b"GET / HTTP/1.1", *fields: bytes) -> bytes:
    """Compose a head."""
    return b"\r\n".join([line, *fields, b"", b""])


def refused(raw: bytes, limits: Limits = LIMITS) -> int:
    """Give the status a request head is refused with; the connection closes in any case."""
    with pytest.raises(ClientFault) as caught:
        parse_request_head(raw, limits)
    assert caught.value.closes
    return caught.value.status


def test_a_request_is_taken_apart_byte_for_byte():
    """Order, case and duplicates are kept; only white space around values goes."""
    head = parse_request_head(request(b"GET /a?b=%2f HTTP/1.0", b"Host: x", b"A:\t1 \t", b"a: 2", b"E:"), LIMITS)

    assert head == (b"GET", b"/a?b=%2f", 0, [(b"Host", b"x"), (b"A", b"1"), (b"a", b"2"), (b"E", b"")])


@pytest.mark.parametrize("method", sorted(METHODS))
def test_known_methods_pass(method):
    """WebDAV's included."""
    assert parse_request_head(request(method + b" / HTTP/1.1", b"Host: x"), LIMITS).method == method


@pytest.mark.parametrize(
    "method", [b"CONNECT", b"TRACE", b"BREW", b"BMOVE", b"SUBSCRIBES", b"SOURCE", b"X-Y", b"A" * 60, b"PRI"]
)
def test_other_methods_are_not_implemented(method):
    """501 for what is unknown and for what is refused on purpose, never a tunnel."""
    assert refused(request(method + b" / HTTP/1.1", b"Host: x")) == 501


@pytest.mark.parametrize("target", [b"/", b"*", b"http://x/y", b'/|"\\^`{}', b"/%u1234;a?", b"/?a=%", b"//"])
def test_targets_pass_as_browsers_send_them(target):
    """Wider than RFC 3986; the form is judged later."""
    assert parse_request_head(request(b"OPTIONS " + target + b" HTTP/1.1"), LIMITS).target == target


@pytest.mark.parametrize(
    "line",
    [
        b"", b"GET", b"GET /", b"GET  / HTTP/1.1", b"GET / HTTP/1.1 ", b" GET / HTTP/1.1", b"GET /  HTTP/1.1",
        b"GET\t/\tHTTP/1.1", b"GET / a HTTP/1.1", b"GET / HTTP/2.0", b"GET / HTTP/0.9", b"GET / HTTP/1.2",
        b"GET / HTTP/1.10", b"GET / HTTP/01.1", b"GET / http/1.1", b"GET / HTTP/1.",
        b"GET / HTTP/11",
        b"GET / HTTP 1.1", b"GET / HTTPS/1.1", b"GET / RTSP/1.0", b"PRI * HTTP/2.0", b"get / HTTP/1.1",
        b"G(T / HTTP/1.1", b"GET /#f HTTP/1.1", b"GET /\xe9 HTTP/1.1", b"GET /\x00 HTTP/1.1", b"GET /\x7f HTTP/1.1",
        b"GET /\t HTTP/1.1", b"GET /\x1b HTTP/1.1", b"GET /\rX HTTP/1.1", b"GET /\nX HTTP/1.1",
    ],
)  # fmt: skip
def test_a_malformed_request_line_is_refused(line):
    """400: versions, white space, case, and bytes of no target."""
    assert refused(request(line, b"Host: x")) == 400


@pytest.mark.parametrize(
    "field",
    [
        b"A : 1", b" A: 1", b"\tA: 1", b"A\t: 1", b"A", b": 1", b"A B: 1", b"A(: 1", b"A\xe9: 1", b"A\x00: 1",
        b"A: \x00", b"A: \x01", b"A: \x1b", b"A: \x7f", b"A: a\rb", b"A: a\nb", b"A: a\n", b"A: a\r",
        b"A: 1\r\n folded",
        b"A: 1\r\n\tfolded", b"A: 1\r\n ", b"\nA: 1", b"Content-Length: -1", b"Content-Length: 1 1",
        b"Content-Length: 99999999999999999999999",
    ],
)  # fmt: skip
def test_a_malformed_field_is_refused(field):
    """400, first or last: white space before the colon, folding, bare CR and LF, control bytes."""
    assert refused(request(b"GET / HTTP/1.1", field, b"Host: x")) == 400
    assert refused(request(b"GET / HTTP/1.1", b"Host: x", field)) == 400


@pytest.mark.parametrize(
    "raw",
    [
        request() + request(),
        request()[:-2],
        request(b"GET / HTTP/1.1", b"A: 1")[:-1],
        b"",
        b"\r\n\r\n",
        b"\r\n" + request(),
    ],
)
def test_more_or_less_than_one_head_is_refused(raw):
    """A second head, a missing end, an empty line before: the caller delimits, this checks."""
    assert refused(raw) == 400


def test_the_target_is_bounded():
    """The limit itself passes, one byte more is 414, whatever else is wrong."""
    assert parse_request_head(request(b"GET /2345678 HTTP/1.1"), SMALL).target == b"/2345678"
    assert refused(request(b"GET /23456789 HTTP/1.1"), SMALL) == 414
    assert refused(request(b"GET /" + b"x" * 200 + b" HTTP/1.1"), SMALL) == 414


def test_fields_are_bounded_in_number():
    """The limit itself passes, one more is 431."""
    assert len(parse_request_head(request(b"GET / HTTP/1.1", *[b"A: 1"] * 3), SMALL).fields) == 3
    assert refused(request(b"GET / HTTP/1.1", *[b"A: 1"] * 4), SMALL) == 431


def test_each_field_is_bounded_in_bytes():
    """Name and value together, the limit itself passes, one byte more is 431."""
    assert parse_request_head(request(b"GET / HTTP/1.1", b"A:" + b"x" * 19), SMALL)
    assert refused(request(b"GET / HTTP/1.1", b"A:" + b"x" * 20), SMALL) == 431


def test_the_head_is_bounded_in_bytes():
    """The limit itself passes, one byte more is 431."""
    raw = request(b"GET / HTTP/1.1", b"A: 1234567890", b"B: 1234567890")

    assert parse_request_head(raw, replace(SMALL, head_bytes=len(raw)))
    assert refused(raw, replace(SMALL, head_bytes=len(raw) - 1)) == 431


@pytest.mark.parametrize(
    ("beginning", "status"),
    [
        (b"GET /23456789", 414),
        (b"GET /23456789 HTTP/1.1\r\nA: ", 414),
        (b"GET / HTTP/1.1\r\nA: ", 431),
        (b"G" * 99, 431),
    ],
)
def test_a_head_that_never_ends_has_its_status_too(beginning, status):
    """The caller cuts it off at the limit, and asks which limit it was."""
    assert too_large(beginning, SMALL).status == status


def test_a_few_empty_lines_are_overlooked():
    """As many as the limit, and not one more."""
    assert without_empty_lines(b"\r\n" * MAX_EMPTY_LINES + request()) == request()
    assert refused(without_empty_lines(b"\r\n" * (MAX_EMPTY_LINES + 1) + request())) == 400


@pytest.mark.parametrize(
    ("line", "status", "reason", "minor"),
    [
        (b"HTTP/1.1 200 OK", 200, b"OK", 1),
        (b"HTTP/1.0 404 Not  Found", 404, b"Not  Found", 0),
        (b"HTTP/1.1 204 ", 204, b"", 1),
        (b"HTTP/1.1 204", 204, b"", 1),
        (b"HTTP/1.1 100 Continue", 100, b"Continue", 1),
        (b"HTTP/1.1 599 \xe9", 599, b"\xe9", 1),
        (b"HTTP/1.1 101 Switching Protocols", 101, b"Switching Protocols", 1),
    ],
)
def test_a_response_is_taken_apart_byte_for_byte(line, status, reason, minor):
    """A missing reason is none; white space around values goes."""
    head = parse_response_head(request(line, b"Upgrade: x", b"Connection: upgrade", b"A:  1\t"), LIMITS)

    assert head == (status, reason, minor, [(b"Upgrade", b"x"), (b"Connection", b"upgrade"), (b"A", b"1")])


@pytest.mark.parametrize(
    "raw",
    [
        *(request(line) for line in (
            b"HTTP/2.0 200 OK", b"HTTP/1.2 200 OK", b"HTTP/0.9 200 OK", b"HTTP/1.1 099 x", b"HTTP/1.1 600 x",
            b"HTTP/1.1 999 x",
            b"HTTP/1.1 20 OK", b"HTTP/1.1 2000 OK", b"HTTP/1.1 2x0 OK", b"HTTP/1.1  200 OK", b"HTTP/1.1 200OK",
            b"HTTP/1.1",
            b"HTTP/1.1 200 O\x00K", b"HTTP/1.1 200 O\rK", b"HTTP/1.1 200 O\nK", b"HTTP/1.1 200 \x1b",
            b"ICY 200 OK", b"",
            b" HTTP/1.1 200 OK", b"HTTP/1.1\t200 OK",
        )),
        *(request(b"HTTP/1.1 200 OK", b"X: y", field, b"Z: y") for field in (
            b"A : 1", b" A: 1", b"A: 1\r\n folded", b"A: 1\r\n\tfolded", b"A: \x00", b"A: a\rb", b"A: a\nb",
            b"A: \x1b", b"A",
            b": 1", b"Content-Length: x", b"Content-Length: 1\r\nContent-Length: 2",
        )),
        request(b"HTTP/1.1 200 OK") * 2, request(b"HTTP/1.1 204 x") * 2, request(b"HTTP/1.1 100 x") * 2,
        request(b"HTTP/1.1 200 OK")[:-2], b"",
    ],
)  # fmt: skip
def test_a_malformed_response_is_refused(raw):
    """Versions, status codes, folding, control bytes, a second head: nothing of it reaches a browser."""
    with pytest.raises(MalformedMessage):
        parse_response_head(raw, LIMITS)


def test_a_response_is_bounded_like_a_request():
    """Each limit itself passes, one more does not."""
    ok = request(b"HTTP/1.1 200 OK", b"A:" + b"x" * 19, b"B:", b"C:")
    assert parse_response_head(ok, replace(SMALL, head_bytes=len(ok))).status == 200

    for raw, limits in (
        (ok, replace(SMALL, head_bytes=len(ok) - 1)),
        (ok, replace(SMALL, header_bytes=19)),
        (ok, replace(SMALL, header_count=2)),
    ):
        with pytest.raises(MalformedMessage, match="large"):
            parse_response_head(raw, limits)


HEADS = st.lists(
    st.sampled_from([b"GET / HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\n", b"A: b\r\n", b"Host: x\r\n", b"\r\n", b"\r",
                     b"\n", b" ",
                     b":", b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"\x00", b"GET ", b"/", b"#"])
    | st.binary(max_size=5),
    max_size=12,
).map(b"".join)  # fmt: skip


@given(HEADS, st.booleans())
def test_whatever_comes_is_a_well_formed_request_or_a_refusal(raw, ends):
    """No other exception, and no control byte in what was accepted."""
    raw += b"\r\n\r\n" if ends else b""
    try:
        head = parse_request_head(raw, LIMITS)
    except ClientFault:
        return
    assert head.method in METHODS
    again = b"%b %b HTTP/1.%d" % head[:3]
    assert raw.startswith(again + b"\r\n")
    assert raw.count(b"\n") == len(head.fields) + 2
    assert not any(octet < 32 and octet != 9 for name, value in head.fields for octet in name + value)


@given(HEADS)
def test_whatever_comes_is_a_well_formed_response_or_malformed(raw):
    """No other exception, and no control byte in what was accepted."""
    try:
        head = parse_response_head(raw + b"\r\n\r\n", LIMITS)
    except MalformedMessage:
        return
    assert 100 <= head.status <= 599
    assert not any(octet < 32 and octet != 9 for name, value in head.fields for octet in head.reason + name + value)
