"""What a request means is decided once, and only what is checked or ours goes upstream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import ClientFault, LoopDetected
from proxy.message.cookies import OwnCookies
from proxy.message.head import parse_request_head
from proxy.message.request import MAX_NAMES, Leg, RequestFacts, RequestReader, RequestWriter
from proxy.model.limits import Limits
from proxy.model.message import BodyKind, Framing, RequestHead

LIMITS = Limits()
LEG = Leg(b"192.0.2.7", peer_trusted=False, host=b"cas02.corp.example", trust=b"allowed")
CHUNKED = b"Transfer-Encoding: chunked"
UPGRADE = b"Upgrade: websocket"


def parsed(*fields: bytes, line: bytes = b"GET /owa HTTP/1.1") -> RequestHead:
    """Take apart a request with one Host and these fields."""
    return parse_request_head(b"\r\n".join([line, b"Host: mail.example", *fields, b"", b""]), LIMITS)


def read(*fields: bytes, line: bytes = b"GET /owa HTTP/1.1") -> RequestFacts:
    """Read such a request."""
    return RequestReader("cas01").read(parsed(*fields, line=line))


def refused(head: RequestHead) -> None:
    """Demand 400 and the end of the connection."""
    with pytest.raises(ClientFault) as caught:
        RequestReader("cas01").read(head)
    assert (caught.value.status, caught.value.closes) == (400, True)


def sent(*fields: bytes, line: bytes = b"GET /owa HTTP/1.1", leg: Leg = LEG) -> list[bytes]:
    """Give the lines that go upstream, without the blank ones at the end."""
    head = parsed(*fields, line=line)
    raw = RequestWriter("cas01").write(head, RequestReader("cas01").read(head), leg, b"id-1")
    assert raw.endswith(b"\r\n\r\n")
    return raw[:-4].split(b"\r\n")


def test_a_plain_request_is_written_anew():
    """Request line byte for byte, our Host, the fields in their order, case and number, then what is ours."""
    assert sent(b"aCCept: x", b"Cookie: a", b"Cookie: b", b"X_Own: 1", line=b"GET /a?b=%2f;| HTTP/1.0") == [
        b"GET /a?b=%2f;| HTTP/1.1",
        b"Host: cas02.corp.example",
        b"aCCept: x",
        b"Cookie: a",
        b"Cookie: b",
        b"X_Own: 1",
        b"Via: 1.0 cas01",
        b"Forwarded: for=192.0.2.7;host=mail.example;proto=https",
        b"X-Forwarded-For: 192.0.2.7",
        b"X-Forwarded-Proto: https",
        b"X-Forwarded-Host: mail.example",
        b"X-CASProxy-Trust: allowed",
        b"X-Request-Id: id-1",
    ]


def test_our_own_cookies_stay_here():
    """They are told to us, others pass in their place, and a field that held nothing else is gone."""
    fields = [b"A: 1", b"Cookie: a=1; __Host-casproxy=s; b=2", b"B: 2", b"cookie: __Host-casproxy-logon=n", b"C: 3"]

    assert sent(*fields)[2:6] == [b"A: 1", b"Cookie: a=1; b=2", b"B: 2", b"C: 3"]
    assert read(*fields).own == OwnCookies(b"s", b"n")
    assert read(b"Cookie: a=1").own == OwnCookies()


@pytest.mark.parametrize("field", [b"X-Who: eve", b"x-who: eve", b"X_WHO: eve", b"x_Who: eve"])
def test_the_names_we_tell_identity_by_are_not_believed(field):
    """However they are spelled; the names are those of the settings."""
    facts = RequestReader("cas01", (b"X-Who",)).read(parsed(field, b"X-Whose: 1"))

    assert facts.lines == [b"X-Whose: 1\r\n"]


def test_identity_lines_are_ours():
    """They stand behind everything a browser sent."""
    leg = LEG._replace(identity=b"X-Who: LAB\\alice\r\n")

    assert sent(b"A: 1", leg=leg)[-3:-1] == [b"X-CASProxy-Trust: allowed", b"X-Who: LAB\\alice"]


@pytest.mark.parametrize("identity", [b"X-Who: a", b"X-Who: a\r\n\r\n", b"X-Who: a\rb\r\n", b"\r\n", b"X-Who: a\0\r\n"])
def test_identity_lines_that_would_break_the_head_are_a_defect(identity):
    """Whoever composes them checks them; this is the last net."""
    with pytest.raises(ValueError, match="identity"):
        sent(leg=LEG._replace(identity=identity))


@pytest.mark.parametrize(
    "field",
    [
        b"Connection: close", b"Keep-Alive: 5", b"Proxy-Connection: x", b"Proxy-Authorization: x", b"TE: trailers",
        b"Trailer: X", b"HTTP2-Settings: x", b"Upgrade: websocket", b"Expect: 100-continue", b"Content_Length: 3",
        b"Transfer_Encoding: chunked", b"X-Forwarded-Host: evil", b"X-Forwarded-Proto: http", b"X_FORWARDED_FOR: evil",
        b"X-Real-IP: evil", b"Forwarded: for=evil", b"X-Forwarded-For: evil", b"X-Request-Id: evil",
        b"X-CASProxy-Trust: trusted", b"x_casproxy_sid: evil", b"X-LogonType: evil", b"X-OWA-Proxy-Auth: evil",
        b"X-Original-URL: /ecp", b"X_Rewrite_URL: /ecp", b"Proxy: evil",
    ],
)  # fmt: skip
def test_what_is_the_connections_or_a_forged_identity_goes_no_further(field):
    """The backend sees the same head as without it."""
    assert sent(field) == sent()


def test_a_trusted_peers_claims_are_kept():
    """And extended."""
    lines = sent(b"X-Forwarded-For: 10.0.0.1", b"Forwarded: for=10.0.0.1", leg=LEG._replace(peer_trusted=True))

    assert b"X-Forwarded-For: 10.0.0.1, 192.0.2.7" in lines
    assert b"Forwarded: for=10.0.0.1, for=192.0.2.7;host=mail.example;proto=https" in lines


def test_the_first_request_id_is_told():
    """Whether it is believed, the caller decides."""
    assert read(b"X-Request-Id: a", b"x-request-id: b").request_id == b"a"
    assert read().request_id == b""


def test_connection_takes_away_what_it_names_and_nothing_of_ours():
    """Named fields go; framing, Host, Via and what we add cannot be named away."""
    names = b"Connection: X-Foo, Host, Via, Content-Length, X-Forwarded-For, X-CASProxy-Trust, X-Request-Id, Forwarded"
    line = b"POST / HTTP/1.1"

    assert sent(names, b"x-foo: 1", b"Content-Length: 3", line=line) == sent(b"Content-Length: 3", line=line)
    assert b"Expect: 100-continue" in sent(b"Connection: expect", b"Expect: 100-continue", CHUNKED, line=line)


@pytest.mark.parametrize(
    ("fields", "framing", "line"),
    [
        ([], Framing(BodyKind.NONE, 0), None),
        ([b"Content-Length: 0"], Framing(BodyKind.LENGTH, 0), b"Content-Length: 0"),
        ([b"content-length: 007"], Framing(BodyKind.LENGTH, 7), b"Content-Length: 7"),
        ([b"TRANSFER-encoding: Chunked"], Framing(BodyKind.CHUNKED, 0), b"Transfer-Encoding: chunked"),
    ],
)
def test_the_framing_is_written_anew_once(fields, framing, line):
    """In one spelling that nobody reads differently."""
    assert read(*fields, line=b"POST / HTTP/1.1").framing == framing
    lines = sent(*fields, line=b"POST / HTTP/1.1")
    framings = [one for one in lines if one.lower().startswith((b"content-length", b"transfer-encoding"))]
    assert framings == ([line] if line else [])


@pytest.mark.parametrize(
    "fields",
    [
        (b"Content-Length: 3", b"Transfer-Encoding: chunked"), (b"Transfer-Encoding: chunked", b"Content-Length: 3"),
        (b"Content-Length: 3", b"Content-Length: 3"), (b"Content-Length: 3, 3",), (b"Content-Length: +3",),
        (b"Content-Length:",), (CHUNKED, CHUNKED), (b"Transfer-Encoding: gzip, chunked",),
        (b"Transfer-Encoding: identity",), (b"Transfer-Encoding: chunked, gzip",), (b"Transfer-Encoding:",),
        (b"Transfer-Encoding: , chunked",), (b"Host: mail.example",), (b"host: other.example",), (b"Expect: magic",),
        (b"Expect: 100-continue", b"Expect: 100-continue"), (b"Expect: 100-continue, x",),
    ],
)  # fmt: skip
def test_what_could_be_read_in_two_ways_is_refused(fields):
    """400: framing announced twice or strangely, two Hosts, other expectations."""
    head = parsed()
    refused(head._replace(fields=[*head.fields, *((n, v.strip()) for n, _, v in (f.partition(b":") for f in fields))]))


def test_transfer_encoding_in_http_1_0_is_refused():
    """Nobody knows what it means there."""
    refused(parsed(line=b"POST / HTTP/1.0")._replace(fields=[(b"Host", b"x"), (b"Transfer-Encoding", b"chunked")]))


@pytest.mark.parametrize("minor", [0, 1])
@pytest.mark.parametrize(
    "fields", [[], [(b"Host", b"")], [(b"Host", b"a b")], [(b"Host", b"u@a")], [(b"Bad Name", b"x")]]
)
def test_a_missing_or_invalid_host_is_refused(minor, fields):
    """Without one no site can be chosen, in HTTP/1.0 neither."""
    refused(RequestHead(b"GET", b"/", minor, fields))


@pytest.mark.parametrize(
    ("line", "target"),
    [
        (b"GET http://mail.example/a?b HTTP/1.1", b"/a?b"),
        (b"GET HTTPS://MAIL.example/%2f HTTP/1.1", b"/%2f"),
        (b"GET http://mail.example HTTP/1.1", b"/"),
        (b"GET http://mail.example?b=/ HTTP/1.1", b"/?b=/"),
        (b"OPTIONS http://mail.example HTTP/1.1", b"*"),
        (b"OPTIONS http://mail.example/ HTTP/1.1", b"/"),
        (b"OPTIONS * HTTP/1.1", b"*"),
    ],
)
def test_absolute_form_becomes_origin_form(line, target):
    """RFC 9112 §3.2.2 and §3.2.4."""
    assert read(line=line).target == target


@pytest.mark.parametrize(
    "target",
    [
        b"*", b"owa", b"mail.example:443", b"ftp://mail.example/", b"http://other.example/", b"http:/mail.example/",
        b"http://mail.example:80/", b"http://u@mail.example/", b"http://", b"http:///", b"?x", b"://mail.example/",
        b"http://mail.example\\/",
    ],
)  # fmt: skip
def test_other_targets_are_refused(target):
    """Another host than Host's, another scheme, another form."""
    refused(RequestHead(b"GET", target, 1, [(b"Host", b"mail.example")]))


def test_host_is_told_as_sent_and_as_a_name():
    """The authority for what we say about the request, the name for the choice of the site."""
    facts = RequestReader("cas01").read(RequestHead(b"GET", b"/", 1, [(b"hOST", b"[::1]:8443")]))

    assert (facts.authority, facts.name) == (b"[::1]:8443", "::1")


def test_hosts_are_remembered_but_not_without_bound():
    """The table starts anew at its limit and still gives the same."""
    reader = RequestReader("cas01")
    for number in range(MAX_NAMES + 1):
        assert reader.read(RequestHead(b"GET", b"/", 1, [(b"Host", b"h%d" % number)])).name == f"h{number}"

    assert len(reader._names) == 1


@pytest.mark.parametrize("via", [b"1.1 cas01", b"1.1 edge, 1.0 CAS01 (x)"])
def test_our_own_name_in_via_is_a_loop(via):
    """And cannot be named away."""
    with pytest.raises(LoopDetected):
        read(b"Via: 1.1 first", b"Via: " + via, b"Connection: Via")

    assert read(b"Via: 1.1 cas02").via == [b"1.1 cas02"]


@pytest.mark.parametrize(
    ("line", "fields", "expects"),
    [
        (b"POST / HTTP/1.1", [b"Expect: 100-Continue", b"Content-Length: 3"], True),
        (b"POST / HTTP/1.1", [b"Expect: 100-continue", CHUNKED], True),
        (b"POST / HTTP/1.1", [b"Expect: 100-continue"], False),
        (b"POST / HTTP/1.0", [b"Expect: 100-continue", b"Content-Length: 3"], False),
        (b"POST / HTTP/1.1", [b"Content-Length: 3"], False),
    ],
)
def test_expect_counts_where_somebody_waits(line, fields, expects):
    """Only with a body and in HTTP/1.1; it is written anew."""
    assert read(*fields, line=line).expects_continue is expects
    assert (b"Expect: 100-continue" in sent(*fields, line=line)) is expects


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ((UPGRADE, b"Connection: keep-alive, Upgrade"), b"websocket"),
        ((UPGRADE,), b""),
        ((b"Upgrade: h2c", b"Connection: Upgrade, HTTP2-Settings", b"HTTP2-Settings: x"), b""),
        ((UPGRADE, b"Connection: Upgrade", b"Content-Length: 3"), b""),
        ((UPGRADE, b"Connection: Upgrade", CHUNKED), b""),
    ],
)
def test_upgrade_goes_upstream_only_as_a_tunnel_we_allow(fields, value):
    """Named by Connection, without a body, never h2c."""
    assert read(*fields).upgrade == value
    assert sent(*fields)[-2:].count(b"Connection: Upgrade") == bool(value)
    assert (b"Upgrade: " + value in sent(*fields)) is bool(value)


@pytest.mark.parametrize(
    ("line", "fields", "keeps"),
    [
        (b"GET / HTTP/1.1", [], True),
        (b"GET / HTTP/1.1", [b"Connection: close"], False),
        (b"GET / HTTP/1.0", [], False),
        (b"GET / HTTP/1.0", [b"Connection: Keep-Alive"], True),
    ],
)
def test_the_connection_stays_as_the_standard_says(line, fields, keeps):
    """HTTP/1.0 must ask for it."""
    assert read(*fields, line=line).keep_alive is keeps


@pytest.mark.parametrize("request_id", [b"", b"a b", b"a\r\nX: y", b"\xe9"])
def test_a_request_id_that_would_break_the_head_is_a_defect(request_id):
    """It is ours to make."""
    head = parsed()
    with pytest.raises(ValueError, match="request id"):
        RequestWriter("cas01").write(head, read(), LEG, request_id)


NAMES = st.sampled_from([
    b"Host", b"HOST", b"Connection", b"Content-Length", b"Content_Length", b"Transfer-Encoding", b"Upgrade", b"Expect",
    b"Via", b"Forwarded", b"X-Forwarded-For", b"X-Forwarded-Host", b"X-CASProxy-Trust", b"X-Own", b"TE", b"Cookie",
])  # fmt: skip
VALUES = st.sampled_from([
    b"3", b"chunked", b"close", b"upgrade, host, via, content-length", b"websocket", b"100-continue", b"mail.example",
    b"1.1 edge", b"x, y", b"", b"h2c",
]) | st.binary(max_size=4)  # fmt: skip
FIELDS = st.lists(st.tuples(NAMES, VALUES) | st.tuples(NAMES, VALUES), max_size=5)
STARTS = st.sampled_from(
    [b"GET /", b"POST /a", b"OPTIONS *", b"PUT http://mail.example/x", b"GET http://other/", b"M /", b"GET "]
)


@given(STARTS, st.sampled_from([b"1.0", b"1.1", b"2.0"]), FIELDS, st.booleans(), st.booleans())
def test_upstream_gets_exactly_one_well_formed_head_or_nothing(start, version, fields, with_host, trusted):
    """Whatever comes: a refusal of ours, or one head with one Host, at most one framing, and no control byte."""
    fields = [(b"Host", b"mail.example"), *fields] if with_host else fields
    raw = b"%b HTTP/%b\r\n" % (start, version) + b"".join(b"%b: %b\r\n" % field for field in fields) + b"\r\n"
    try:
        head = parse_request_head(raw, LIMITS)
        facts = RequestReader("cas01").read(head)
    except (ClientFault, LoopDetected):
        return
    written = RequestWriter("cas01").write(head, facts, LEG._replace(peer_trusted=trusted), b"id-1")

    again = parse_request_head(written, LIMITS)
    assert again[:3] == (head.method, facts.target, 1)
    names = [name.lower() for name, _ in again.fields]
    assert names.count(b"host") == 1
    assert names.count(b"content-length") + names.count(b"transfer-encoding") == (
        facts.framing.kind is not BodyKind.NONE
    )
    assert (names.count(b"x-casproxy-trust"), names.count(b"x-request-id")) == (1, 1)
    assert RequestReader("other").read(again).framing == facts.framing
    assert not any(b"_" in name for name in names)
