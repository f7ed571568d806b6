"""Fields in both directions: what stays as it is, what goes no further, what is ours and cannot be forged."""

import pytest

from tests.stage import OK, stage
from tests.wire import Seen, playing, request, requests_in

pytestmark = pytest.mark.e2e

TRUSTING = '[server]\ntrusted_proxies = ["127.0.0.0/8"]\n'
OURS = (
    b"Via", b"Forwarded", b"X-Forwarded-For", b"X-Forwarded-Proto", b"X-Forwarded-Host", b"X-CASProxy-Trust",
    b"X-Request-Id",
)  # fmt: skip


async def upwards(*lines: bytes, trusted: bool = False, host: bytes = b"localhost", more: str = "") -> Seen:
    """Send one request with these lines and give what the backend read."""
    async with stage({"HQ": playing(OK)}, site_settings={"HQ": more}) as running:
        if trusted:
            running.reload(running.settings.replace("[trust]", 'trusted_proxies = ["127.0.0.0/8"]\n[trust]', 1))
        assert (await running.ask(request(*lines, host=host))).status == 200
        (one,) = requests_in(running.backends["HQ"].raw)
        assert running.access[-1].request_id == one.values(b"x-request-id")[0]
        return one


async def downwards(*lines: bytes, host: bytes = b"localhost", asked: tuple[bytes, ...] = ()) -> bytes:
    """Let the backend answer with these lines and give the head the browser read."""
    answer = b"\r\n".join([b"HTTP/1.1 200 OK", b"Content-Length: 2", *lines, b"", b"ok"])
    async with stage({"HQ": playing(answer)}) as running:
        got = await running.ask(request(*asked, host=host))
        assert got.body == b"ok"
        return got.raw_head


async def test_order_case_and_duplicates_are_kept_upwards() -> None:
    """Fields that pass arrive as they were spelled, in their order, duplicates apart, ours behind them."""
    lines = (
        b"cOOKIE: a=b",
        b"X-Zebra: 1",
        b"accept: text/html",
        b"X-Alpha: 2",
        b"Cookie: c=d",
        b"x-zebra: 3",
        b"Authorization: Negotiate abc=",
        b"X-Empty: ",
        b"X-Latin: \xe4\xf6",
        b'X-Quoted: "a, b\\""',
    )
    one = await upwards(*lines)
    sent = [tuple(line.split(b": ", 1)) for line in lines]
    assert one.fields[0] == (b"Host", b"cas.hq.test")
    assert one.fields[1 : 1 + len(sent)] == sent
    assert one.names[1 + len(sent) :] == list(OURS)


async def test_order_case_and_duplicates_are_kept_downwards() -> None:
    """An answer's fields too; each Set-Cookie stays a line of its own."""
    lines = (b"x-B: 1", b"Set-Cookie: a=b; path=/; HttpOnly", b"X-a: 2", b"set-cookie: c=d, e", b"X-B: 3", b"Server: x")
    head = await downwards(*lines)
    assert b"HTTP/1.1 200 OK\r\n" + b"\r\n".join(lines) + b"\r\n" in head


HOP_BY_HOP = (
    b"Keep-Alive: timeout=5", b"Proxy-Connection: keep-alive", b"Proxy-Authorization: Basic eDp5", b"TE: trailers",
    b"Trailer: X-Sum", b"Upgrade: websocket", b"X-Named: a", b"x-NAMED-too: b",
)  # fmt: skip


async def test_fields_of_the_connection_go_no_further_up() -> None:
    """Hop-by-hop fields, and what Connection names in any case, stop here."""
    one = await upwards(b"Connection: keep-alive, x-named", *HOP_BY_HOP, b"connection: X-Named-Too", b"X-Stays: c")
    assert one.names == [b"Host", b"X-Stays", *OURS]


async def test_fields_of_the_connection_go_no_further_down() -> None:
    """The same for an answer."""
    head = await downwards(
        b"Connection: keep-alive, x-named", *HOP_BY_HOP, b"connection: X-Named-Too", b"X-Stays: c",
        b"Proxy-Authenticate: Basic", b"Proxy-Authentication-Info: a",
    )  # fmt: skip
    names = [line.split(b":")[0] for line in head.split(b"\r\n")[1:-2]]
    assert names == [b"X-Stays", b"Via", b"X-Request-Id", b"Content-Length"]


async def test_what_we_add_cannot_be_named_away() -> None:
    """A browser that lists our fields, Host and the framing in Connection changes nothing of them."""
    named = b", ".join((*OURS, b"Host", b"Content-Length", b"Set-Cookie"))
    one = await upwards(b"Connection: " + named)
    assert one.names == [b"Host", *OURS]
    head = await downwards(b"Connection: " + named, b"Set-Cookie: a=b")
    for line in (b"Via: 1.1 CAS01", b"Content-Length: 2", b"Set-Cookie: a=b", b"X-Request-Id: "):
        assert b"\r\n" + line in head


@pytest.mark.parametrize(
    "name",
    [
        b"X-CASProxy-Trust",
        b"x-casproxy-trust",
        b"X_CASProxy_Trust",
        b"X-CASProxy_Trust",
        b"X-CASPROXY-Anything",
        b"X-OWA-ProxyUri",
        b"X_Owa_ProxySid",
        b"X-LogonType",
        b"X-BEResource",
        b"X-AnonResource-Backend",
        b"X-ServerToServer-Identity",
        b"X-Original-URL",
        b"X-Rewrite-Url",
        b"X-Real-IP",
        b"X-Forwarded-Host",
        b"X-Forwarded-Proto",
        b"X-Forwarded-Prefix",
        b"X_Forwarded_For",
        b"x_request_id",
        b"Proxy",
        b"Content_Length",
        b"Transfer_Encoding",
        b"HOST_",
    ],
)
async def test_what_only_we_may_say_cannot_be_forged(name: bytes) -> None:
    """Whatever its case, and with `_` for `-`, a browser's copy goes no further; trusted peers' neither."""
    for trusted in (False, True):
        one = await upwards(name + b": forged", trusted=trusted)
        values = [value for _, value in one.fields]
        assert (b"forged" in values) is (name == b"HOST_")
        assert one.values(b"x-casproxy-trust") == [b"trusted"]


FROM_OUTSIDE = (
    b"Forwarded: for=192.0.2.1;proto=http",
    b"X-Forwarded-For: 192.0.2.1",
    b"X-Forwarded-Proto: http",
    b"X-Forwarded-Host: forged.example",
    b"Via: 1.1 outer",
    b"X-Request-Id: from-outside",
)


async def test_strangers_are_not_believed() -> None:
    """What a stranger says about the way of a request is replaced; Via alone is kept and added to."""
    one = await upwards(*FROM_OUTSIDE, host=b"mail.example:8443")
    assert one.values(b"forwarded") == [b'for=127.0.0.1;host="mail.example:8443";proto=https']
    assert one.values(b"x-forwarded-for") == [b"127.0.0.1"]
    assert one.values(b"x-forwarded-proto") == [b"https"]
    assert one.values(b"x-forwarded-host") == [b"mail.example:8443"]
    assert one.values(b"via") == [b"1.1 outer", b"1.1 CAS01"]
    assert one.values(b"x-request-id") != [b"from-outside"]


async def test_trusted_proxies_are_believed_and_added_to() -> None:
    """The chain of a proxy in front of us is kept, our link added behind it; its request id is taken over."""
    one = await upwards(*FROM_OUTSIDE, trusted=True)
    assert one.values(b"forwarded") == [b"for=192.0.2.1;proto=http, for=127.0.0.1;host=localhost;proto=https"]
    assert one.values(b"x-forwarded-for") == [b"192.0.2.1, 127.0.0.1"]
    assert one.values(b"x-forwarded-proto") == [b"https"]
    assert one.values(b"x-forwarded-host") == [b"localhost"]
    assert one.values(b"via") == [b"1.1 outer", b"1.1 CAS01"]
    assert one.values(b"x-request-id") == [b"from-outside"]


async def test_a_request_id_is_the_same_everywhere() -> None:
    """Backend, browser and access log see the same id; the backend's own is replaced; each request has another."""
    answer = b"HTTP/1.1 200 OK\r\nX-Request-Id: backend\r\nContent-Length: 2\r\n\r\nok"
    async with stage({"HQ": playing(answer)}) as running:
        browser = await running.browser()
        answers = [await browser.ask(request()) for _ in range(3)]
        ids = [got.fields(b"x-request-id") for got in answers]
        seen = [one.values(b"x-request-id") for one in requests_in(running.backends["HQ"].raw)]
        assert ids == seen == [[entry.request_id] for entry in running.access]
        assert len({each[0] for each in ids}) == 3
        browser.close()


@pytest.mark.parametrize(
    "via", [b"1.1 CAS01", b"1.0 a, 1.1 cas01 (x)", b"HTTP/1.1 CAS01, 1.1 b", b"1.1 other\r\nVia: 1.0 cas01"]
)
async def test_a_request_that_was_here_before_is_a_loop(via: bytes) -> None:
    """Our own name in Via is 502 `proxy_loop_detected` and event 1005; it goes no further."""
    async with stage({"HQ": playing(OK)}) as running:
        answer = await running.ask(request(b"Via: " + via))
        assert answer.status == 502
        assert answer.field(b"proxy-status") == b"CAS01; error=proxy_loop_detected"
        assert len(running.seen(1005)) == 1
        assert running.backends["HQ"].raw == b""


async def test_the_browsers_host_is_kept_where_asked() -> None:
    """`preserve_host` sends the browser's Host on, port and case included."""
    assert (await upwards(host=b"Mail.Example:8443")).values(b"host") == [b"cas.hq.test"]
    kept = await upwards(host=b"Mail.Example:8443", more="preserve_host = true")
    assert kept.values(b"host") == [b"Mail.Example:8443"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"Location: https://cas.hq.test/owa/a?b#c", b"Location: https://mail.example:8443/owa/a?b#c"),
        (b"Location: https://cas.hq.test:443/owa/", b"Location: https://mail.example:8443/owa/"),
        (b"location: HTTPS://CAS.HQ.TEST", b"location: https://mail.example:8443"),
        (b"Location: http://cas.hq.test/owa/", b"Location: https://mail.example:8443/owa/"),
        (b"Location: //cas.hq.test/owa/", b"Location: //mail.example:8443/owa/"),
        (b"Location: /owa/", b"Location: /owa/"),
        (b"Location: ../x", b"Location: ../x"),
        (b"Location: https://elsewhere.example/?u=https://cas.hq.test/", None),
        (b"Location: https://cas.hq.test.evil.example/", None),
        (b"Content-Location: https://cas.hq.test/owa/x", b"Content-Location: https://mail.example:8443/owa/x"),
        (b"Set-Cookie: a=b; domain=cas.hq.test; path=/owa; Secure", b"Set-Cookie: a=b; path=/owa; Secure"),
        (b"Set-Cookie: a=b; Domain=.hq.test; HttpOnly", b"Set-Cookie: a=b; HttpOnly"),
        (b"Set-Cookie: a=b; domain=other.example", None),
        (b"Set-Cookie: domain=cas.hq.test; path=/", None),
        (b"X-Other: https://cas.hq.test/", None),
    ],
)
async def test_the_backends_name_becomes_the_browsers(line: bytes, expected: bytes | None) -> None:
    """Location, Content-Location and the Domain of cookies name us instead of the backend; all else stays."""
    head = await downwards(line, host=b"mail.example:8443")
    assert b"\r\n" + (line if expected is None else expected) + b"\r\n" in head


async def test_the_answer_names_us_in_via_and_hides_our_own_words() -> None:
    """Our link is added to Via; a backend cannot speak in our name to the browser."""
    head = await downwards(b"Via: 1.1 inner", b"X-CASProxy-Trust: trusted", b"x_casproxy_user: a")
    assert b"\r\nVia: 1.1 inner\r\nVia: 1.1 CAS01\r\n" in head
    assert b"casproxy" not in head.lower()
