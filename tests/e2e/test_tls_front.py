"""The browser's TLS: versions, certificates by name, and plain HTTP where TLS is spoken or redirected to."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.stage import OK, PATIENCE, Answer, Browser, Stage, stage
from tests.wire import playing, request

pytestmark = pytest.mark.e2e

REFUSED = (ssl.SSLError, ConnectionResetError)
"""How a browser sees a refused handshake: an alert or, as asyncio, uvloop and aiofastnet have it, merely the end."""


def context(running: Stage, **versions: ssl.TLSVersion) -> ssl.SSLContext:
    """Make a browser's context that trusts the stage; `versions`: `lowest` and `highest`."""
    made = ssl.create_default_context(cadata=running.authority.certificate_pem.decode())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old versions are the point
        made.minimum_version = versions.get("lowest", ssl.TLSVersion.TLSv1_2)
        made.maximum_version = versions.get("highest", ssl.TLSVersion.TLSv1_3)
    return made


async def shake(running: Stage, made: ssl.SSLContext, name: str = "localhost") -> ssl.SSLObject:
    """Shake hands, ask once, and give the connection's TLS object."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port, ssl=made, server_hostname=name)
        writer.write(request())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        tls = writer.get_extra_info("ssl_object")
        writer.transport.abort()
        return tls


@asynccontextmanager
async def several_certificates() -> AsyncIterator[Stage]:
    """Give a stage with a second certificate, for `mail.example` and `*.other.example`."""
    async with stage({"HQ": playing(OK)}) as running:
        running.authority.issue("mail.example", "*.other.example").write(running.folder, "second")
        pair = f'certificate = "{running.folder}/second.pem", key = "{running.folder}/second.key.pem"'
        running.reload(running.settings.replace("[trust]", f"certificates = [{{ {pair} }}]\n[trust]", 1))
        yield running


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLSv1.2", "TLSv1.3"])
async def test_both_versions_are_spoken(version: ssl.TLSVersion) -> None:
    """TLS 1.2 and 1.3 with forward secrecy and authenticated encryption, no compression; the log says which."""
    async with stage({"HQ": playing(OK)}) as running:
        tls = await shake(running, context(running, lowest=version, highest=version))
        assert tls.version() == version.name.replace("_", ".") == running.access[-1].tls
        name, _, bits = tls.cipher() or ("", "", 0)
        assert bits >= 128
        assert name.startswith(("ECDHE-", "TLS_"))
        assert "GCM" in name or "CHACHA20" in name
        assert tls.compression() is None


async def test_older_versions_are_refused() -> None:
    """TLS 1.1 gets no connection."""
    async with stage({"HQ": playing(OK)}) as running:
        old = context(running, lowest=ssl.TLSVersion.TLSv1, highest=ssl.TLSVersion.TLSv1_1)
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises(REFUSED):
            await shake(running, old)


@pytest.mark.parametrize("suites", ["AES128-GCM-SHA256", "ECDHE+AES:!AESGCM:!AESCCM", "NULL:aNULL:@SECLEVEL=0"])
async def test_weak_suites_are_refused(suites: str) -> None:
    """Without forward secrecy, authenticated encryption or a certificate there is no connection."""
    async with stage({"HQ": playing(OK)}) as running:
        weak = context(running, highest=ssl.TLSVersion.TLSv1_2)
        weak.set_ciphers(suites)
        with pytest.raises(REFUSED):
            await shake(running, weak)


async def test_the_lowest_version_can_be_raised() -> None:
    """`min_tls_version = "1.3"` refuses 1.2, after a reload too."""
    async with stage({"HQ": playing(OK)}) as running:
        running.reload(running.settings.replace("[trust]", 'min_tls_version = "1.3"\n[trust]', 1))
        with pytest.raises(REFUSED):
            await shake(running, context(running, highest=ssl.TLSVersion.TLSv1_2))
        assert (await shake(running, context(running))).version() == "TLSv1.3"


@pytest.mark.parametrize(
    ("offered", "chosen"), [(["h2", "http/1.1"], "http/1.1"), (["http/1.1"], "http/1.1"), (["h2"], None), ([], None)]
)
async def test_http_1_1_is_agreed_upon(offered: list[str], chosen: str | None) -> None:
    """Of the protocols a browser offers HTTP/1.1 is chosen; without it the connection is plain TLS."""
    async with stage({"HQ": playing(OK)}) as running:
        offering = context(running)
        if offered:
            offering.set_alpn_protocols(offered)
        assert (await shake(running, offering)).selected_alpn_protocol() == chosen


@pytest.mark.parametrize("name", ["localhost", "a.lab.localhost", "mail.example", "MAIL.example", "a.other.example"])
async def test_the_certificate_fits_the_name(name: str) -> None:
    """The name a browser asks for chooses the certificate, exact names and wildcards, whatever the case."""
    async with several_certificates() as running:
        await shake(running, context(running), name)


@pytest.mark.parametrize("name", ["nobody.example", "a.b.other.example", "other.example", "127.0.0.1"])
async def test_other_names_get_the_default_certificate(name: str) -> None:
    """A name of no certificate, a deeper one than a wildcard covers, or none at all gets the first certificate."""
    async with several_certificates() as running:
        trusting = context(running)
        trusting.check_hostname = False
        names = (await shake(running, trusting, name)).getpeercert() or {}
        assert ("DNS", "localhost") in names["subjectAltName"]


async def test_a_hello_in_pieces_is_understood() -> None:
    """A ClientHello that comes byte by byte still chooses the certificate."""
    async with several_certificates() as running:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context(running).wrap_bio(incoming, outgoing, server_hostname="mail.example")
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    for byte in outgoing.read():
                        writer.write(bytes((byte,)))
                        await asyncio.sleep(0)
                    incoming.write(await reader.read(65_536))
        assert ("DNS", "mail.example") in (tls.getpeercert() or {})["subjectAltName"]
        writer.close()


async def plainly(port: int, data: bytes) -> tuple[Answer, bytes]:
    """Send bytes without TLS; gives the answer and what follows it up to the end."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        answer = Answer(await reader.readuntil(b"\r\n\r\n"))
        rest = await reader.read()
        writer.close()
        size = int(answer.field(b"content-length") or 0)
        answer.body = rest[:size]
        return answer, rest[size:]


@pytest.mark.parametrize(
    "data", [request(), request(method=b"POST", body=b"x" * 30_000), b"GET / HTTP/1.0\r\n\r\n", b"G"]
)
async def test_plain_http_on_the_tls_port_is_told(data: bytes) -> None:
    """A readable 400 in plain HTTP says what is wrong, then the end; nothing reaches a backend, TLS goes on."""
    async with stage({"HQ": playing(OK)}) as running:
        answer, rest = await plainly(running.port, data)
        assert (answer.status, rest) == (400, b"")
        assert answer.field(b"connection") == b"close"
        assert b"HTTPS" in answer.body
        assert running.backends["HQ"].connections == []
        assert (await running.ask(request())).status == 200


async def test_other_bytes_on_the_tls_port_are_closed_on() -> None:
    """What is neither TLS nor HTTP gets the end."""
    async with stage({"HQ": playing(OK)}) as running:
        browser = Browser(*await asyncio.open_connection("127.0.0.1", running.port))
        await browser.send(b"\x00\x01\x02")
        assert await browser.rest() == b""
        browser.close()


@pytest.mark.parametrize(
    ("data", "location"),
    [
        (request(host=b"mail.example"), "https://mail.example:{}/owa/"),
        (request(host=b"mail.example:8080", target=b"/owa/?a=%2f&b"), "https://mail.example:{}/owa/?a=%2f&b"),
        (request(host=b"[::1]:8080"), "https://[::1]:{}/owa/"),
        (request(method=b"POST", body=b"user=a"), "https://localhost:{}/owa/"),
        (request(host=b"mail.example", target=b"http://mail.example/x"), "https://mail.example:{}/x"),
        (request(target=b"//evil.example/"), "https://localhost:{}//evil.example/"),
    ],
)
async def test_the_redirect_listener_sends_to_https(data: bytes, location: str) -> None:
    """Plain HTTP on `redirect_listen` is answered 308 to the same host and path over HTTPS, then the end."""
    async with stage({"HQ": playing(OK)}, server_settings='redirect_listen = "127.0.0.1:0"') as running:
        assert running.worker is not None
        answer, rest = await plainly(running.worker.redirects[0].address[1], data)
        assert (answer.status, rest) == (308, b"")
        assert answer.field(b"location") == location.format(running.port).encode()
        assert answer.field(b"connection") == b"close"
        assert running.backends["HQ"].connections == []


@pytest.mark.parametrize(
    "data", [request(host=b"a b"), request(host=b"a\r\nHost: b"), b"GET / HTTP/1.1\r\n\r\n", request(b"X: a\nY: b")]
)
async def test_the_redirect_listener_refuses_broken_requests(data: bytes) -> None:
    """What breaks a rule is not redirected anywhere."""
    async with stage({"HQ": playing(OK)}, server_settings='redirect_listen = "127.0.0.1:0"') as running:
        assert running.worker is not None
        answer, _ = await plainly(running.worker.redirects[0].address[1], data)
        assert (answer.status, answer.field(b"location")) == (400, None)
