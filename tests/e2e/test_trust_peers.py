"""TLS servers that nobody here wrote, and such as fail in the handshake, behind the switch at 0 and at 1."""

import asyncio
import json
import os
import re
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from proxy.certkit.faults import FAULTS, Fault
from proxy.certkit.leaf import certificates_to_pem
from proxy.events.record import Event
from tests.broken import Play, hang, move, reset, saying, tcp
from tests.faulty import trust_keys
from tests.loopback import until
from tests.peers import SEARCH_PATH
from tests.stage import OK, Stage, answering, stage
from tests.wire import request

pytestmark = pytest.mark.e2e

QUICK = '[timeouts]\nconnect = "2s"\nupstream_tls_handshake = "400ms"'
FATAL_ALERT = b"\x15\x03\x03\x00\x02\x02\x28"
"""A TLS record: fatal alert, handshake_failure."""
TRUST_EVENTS = {43, 1043}
NGINX_FAULTS = ["good", "self-signed", "expired", "incomplete-chain", "revoked", "wrong-host"]
UNTRUSTED = [name for name in NGINX_FAULTS if not FAULTS[name].is_trusted]

NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log; {user}
events {{ worker_connections 256; }}
http {{
  log_format short '$server_port $ssl_server_name $status $http_x_casproxy_trust $request';
  access_log {folder}/nginx.log short;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/t1; fastcgi_temp_path {folder}/t2;
  uwsgi_temp_path {folder}/t3; scgi_temp_path {folder}/t4;
{servers}
}}
"""
NGINX_SERVER = """  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/{fault}.pem; ssl_certificate_key {folder}/{fault}.key.pem;
    location / {{ return 200 "nginx"; }}
  }}
"""


def at(switch: int, more: str = "") -> str:
    """Set the switch."""
    return f"allow_internal_untrusted_certs = {switch}\n{more}"


def trust_events(running: Stage) -> list[Event]:
    """Give the events that tell of trust: 43 and 1043."""
    return [event for event in running.events if event.id in TRUST_EVENTS]


def assert_tells(event: Event, fault: str, switch: int, port: int) -> None:
    """Hold what 43 and 1043 say about a server with a certificate of the table."""
    row, host = FAULTS[fault], f"cas.{fault}.test"
    assert event.id == (1043 if switch else 43)
    assert event.parameters == ("CAS01", host)
    assert (event.reason, event.code, bool(event.code_text)) == (row.reason, row.code, True)
    assert (event.policy, event.site, event.server) == ("allow" if switch else "enforce", fault, host)
    assert (event.address, event.port) == ("127.0.0.1", port)
    assert event.verdict is not None
    assert (event.verdict.trusted, event.verdict.is_explained) == (False, True)
    assert tuple(dict.fromkeys(finding.reason.value for finding in event.verdict.findings)) == row.reasons
    assert event.verdict.leaf is not None


# ── nginx ────────────────────────────────────────────────────────────────────────────────────────


def free_ports(number: int) -> list[int]:
    """Give ports that nobody listens on; all are held until the last is found, so that they differ."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [sock.getsockname()[1] for sock in held]
    for sock in held:
        sock.close()
    return ports


def toml_lines(keys: dict[str, Any]) -> str:
    """Spell keys as lines of [sites.trust]; JSON's values are TOML's."""
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())


def moved(running: Stage, settings: str, site: str, port: int, keys: dict[str, Any]) -> str:
    """Let a site dial another port and demand further things of it; gives the settings."""
    old = f'connect_to = "127.0.0.1:{running.backends[site].port}" }}]\n'
    assert old in settings
    new = old.replace(str(running.backends[site].port), str(port))
    return settings.replace(old, f"{new}[sites.trust]\n{toml_lines(keys)}" if keys else new)


@asynccontextmanager
async def program(*arguments: str, output: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program until the block ends; what it says goes to a file, which never fills up as a pipe does."""
    with output.open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=said, stderr=said, cwd=output.parent
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@asynccontextmanager
async def nginx(switch: int) -> AsyncIterator[tuple[Stage, dict[str, int]]]:
    """Run one nginx with a port for each fault, and the proxy before it; gives the ports too."""
    path = shutil.which("nginx", path=SEARCH_PATH)
    assert path
    async with stage(dict.fromkeys(NGINX_FAULTS, answering(OK)), settings=at(switch)) as running:
        folder, settings = running.folder, running.settings
        ports = dict(zip(NGINX_FAULTS, free_ports(len(NGINX_FAULTS)), strict=True))  # after the stage has taken its own
        for fault, port in ports.items():
            leaf = FAULTS[fault].make(running.authority, running.backends[fault].name)
            leaf.write(folder, fault)
            needs = FAULTS[fault].needs
            keys = trust_keys(FAULTS[fault], leaf, running.authority, folder / f"{fault}.trust") if needs else {}
            settings = moved(running, settings, fault, port, keys)
        servers = "".join(NGINX_SERVER.format(port=port, folder=folder, fault=fault) for fault, port in ports.items())
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, user=user, servers=servers))
        said = folder / "nginx.said"
        async with program(path, "-p", str(folder), "-c", str(folder / "nginx.conf"), output=said) as process:
            started = (folder / "nginx.pid").exists
            await until(lambda: started() or process.returncode is not None, "nginx does not start")
            assert process.returncode is None, said.read_text()
            running.reload(settings)
            yield running, ports


async def ask_all(running: Stage) -> dict[str, tuple[int, bytes]]:
    """Ask every site once; gives status and body."""
    answers = {name: await running.ask(request(host=f"{name}.localhost".encode())) for name in running.backends}
    return {name: (answer.status, answer.body) for name, answer in answers.items()}


def nginx_log(running: Stage) -> list[tuple[str, ...]]:
    """Give nginx's access log: port, SNI, status, our word on its trust, request line."""
    return [tuple(line.split(" ", 4)) for line in (running.folder / "nginx.log").read_text().splitlines()]


@pytest.mark.needs_nginx
async def test_nginx_at_0_hears_only_the_trusted() -> None:
    """At 0 nginx logs a request for the good certificate alone; each other one is 502 with a 43 that says it all."""
    async with nginx(0) as (running, ports):
        answers = await ask_all(running)
        assert answers.pop("good") == (200, b"nginx")
        assert {status for status, _ in answers.values()} == {502}
        assert [event.site for event in trust_events(running)] == UNTRUSTED
        for event in trust_events(running):
            assert_tells(event, event.site, 0, ports[event.site])
            assert event.proxy_status == "tls_certificate_error"
        await running.until(lambda: nginx_log(running))
        assert nginx_log(running) == [(str(ports["good"]), "cas.good.test", "200", "trusted", "GET /owa/ HTTP/1.1")]


@pytest.mark.needs_nginx
async def test_nginx_at_1_is_used_and_told_once() -> None:
    """At 1 nginx answers whatever it presents, with one 1043 for each certificate that 0 would have refused."""
    async with nginx(1) as (running, ports):
        for _ in range(2):
            assert set((await ask_all(running)).values()) == {(200, b"nginx")}
        assert [event.site for event in trust_events(running)] == UNTRUSTED
        for event in trust_events(running):
            assert_tells(event, event.site, 1, ports[event.site])
        await running.until(lambda: len(nginx_log(running)) == 2 * len(NGINX_FAULTS))
        words = {port: "trusted" if fault == "good" else "allowed" for fault, port in ports.items()}
        assert {int(line[0]): line[3] for line in nginx_log(running)} == words


# ── openssl s_server ─────────────────────────────────────────────────────────────────────────────

INTERMEDIATE, INCOMPLETE = FAULTS["intermediate"], FAULTS["incomplete-chain"]
ACCEPTS = re.compile(r"^ACCEPT 127\.0\.0\.1:([0-9]+)$", re.MULTILINE)
"""What it says once it listens; port 0 chose the port."""
TLS_1_0 = ("-tls1", "-cipher", "ALL:@SECLEVEL=0")


@asynccontextmanager
async def s_server(fault: Fault, *options: str, settings: str) -> AsyncIterator[Stage]:
    """Run OpenSSL's own server as HQ's, with the leaf's chain where it presents one; it tells of files it gives."""
    path = shutil.which("openssl", path=SEARCH_PATH)
    assert path
    async with stage({"HQ": answering(OK)}, settings=settings) as running:
        folder = running.folder
        (folder / "page.txt").write_bytes(b"given by openssl")
        leaf = fault.make(running.authority, running.backends["HQ"].name)
        leaf.write(folder, "openssl")
        (folder / "chain.pem").write_bytes(certificates_to_pem(*leaf.chain))
        chain = ("-cert_chain", "chain.pem") if leaf.chain else ()
        names = ("-cert", "openssl.pem", "-key", "openssl.key.pem", *chain)
        said = said_by(running)
        async with program(path, "s_server", "-accept", "127.0.0.1:0", *names, *options, output=said) as process:
            await until(lambda: ACCEPTS.search(said.read_text()) or process.returncode is not None, "it does not start")
            listens = ACCEPTS.search(said.read_text())
            assert listens, said.read_text()
            running.settings = move(running, "HQ", int(listens[1]))
            yield running


def said_by(running: Stage) -> Path:
    """Name the file with everything that OpenSSL's server says."""
    return running.folder / "openssl.said"


@pytest.mark.needs_openssl
@pytest.mark.parametrize("switch", [0, 1])
async def test_s_server_with_its_chain_is_trusted(switch: int) -> None:
    """OpenSSL's own server that presents its intermediate is used, and nothing is told, at 0 as at 1."""
    async with s_server(INTERMEDIATE, "-www", settings=at(switch)) as running:
        answer = await running.ask(request())
        assert (answer.status, b"Ciphers supported" in answer.body) == (200, True)
        assert trust_events(running) == []


@pytest.mark.needs_openssl
@pytest.mark.parametrize("switch", [0, 1])
async def test_s_server_without_its_chain(switch: int) -> None:
    """Without the intermediate it is refused at 0 and gives no file; at 1 it gives one, and 1043 says what is wrong."""
    async with s_server(INCOMPLETE, "-WWW", settings=at(switch)) as running:
        answer = await running.ask(request(target=b"/page.txt"))
        (event,) = trust_events(running)
        assert (event.id, event.reason, event.code) == (1043 if switch else 43, "missing_intermediate", INCOMPLETE.code)
        assert event.verdict is not None
        assert event.verdict.is_explained
        given = "FILE:page.txt" in said_by(running).read_text()
        assert (answer.status, given) == ((200, True) if switch else (502, False))
        assert (answer.body == b"given by openssl") == bool(switch)


@pytest.mark.needs_openssl
@pytest.mark.parametrize("switch", [0, 1])
async def test_s_server_of_tls_1_0(switch: int) -> None:
    """A server of TLS 1.0 alone is 502 with event 1001, whatever the switch; `min_tls_version` admits it."""
    async with s_server(INTERMEDIATE, "-www", *TLS_1_0, settings=at(switch)) as running:
        answer = await running.ask(request())
        (event,) = running.seen(1001)
        assert (answer.status, event.reason, event.verdict) == (502, "tls_version", None)
        assert b"error=tls_protocol_error" in (answer.field(b"proxy-status") or b"")
        running.reload(running.settings.replace("[trust]\n", '[trust]\nmin_tls_version = "1.0"\n'))
        assert (await running.ask(request())).status == 200
        assert [event.parameters for event in running.seen(1024)] == [("CAS01", "HQ", "1.0")]
        assert trust_events(running) == []


WANTS = ("-Verify", "1", "-verify_return_error", "-CAfile", "ca.pem")
"""Makes OpenSSL's server demand a certificate of its client."""
DEMANDING = {
    "-tls1_2": {(502, 1001, "tls_alert_received")},
    "-tls1_3": {(502, 1003, "connection_terminated"), (503, 40, "connection_terminated")},
}
"""Version to status, event and error type. In TLS 1.3 our side of the handshake is over before the alert comes: it is
a connection that was closed, before the request was sent or after."""


@pytest.mark.needs_openssl
@pytest.mark.parametrize("switch", [0, 1])
@pytest.mark.parametrize("version", DEMANDING)
async def test_s_server_that_demands_a_certificate(version: str, switch: int) -> None:
    """Whoever demands a certificate of ours is an error that is no matter of trust; with `client_cert` it answers."""
    async with s_server(INTERMEDIATE, "-www", version, *WANTS, settings=at(switch)) as running:
        answer = await running.ask(request())
        (told,) = [event for event in running.events if event.request_id]
        assert (answer.status, told.id, told.proxy_status) in DEMANDING[version]
        assert told.verdict is None
        client = running.authority.issue("casproxy", usages=(ExtendedKeyUsageOID.CLIENT_AUTH,))
        certificate, key = client.write(running.folder, "client")
        pair = f'[trust]\nclient_cert = "{certificate}"\nclient_key = "{key}"\n'
        running.reload(running.settings.replace("[trust]\n", pair))
        assert (await running.ask(request())).status == 200
        assert trust_events(running) == []


# ── servers that fail in the handshake ───────────────────────────────────────────────────────────


async def close(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Read the first bytes, then close."""
    await reader.read(65_536)


FAILURES: dict[str, tuple[Play, int, int, str, str]] = {
    "close": (close, 503, 40, "", "connection_terminated"),
    "reset": (reset, 503, 40, "", "connection_terminated"),
    "hang": (hang, 503, 40, "", "connection_timeout"),
    "alert": (saying(FATAL_ALERT), 502, 1001, "tls_alert", "tls_alert_received"),
    "plain HTTP": (saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), 502, 1001, "not_tls", "tls_protocol_error"),
}
"""What the server does; status, event, its reason and error type."""


@pytest.mark.parametrize("switch", [0, 1])
@pytest.mark.parametrize("name", FAILURES)
async def test_a_failed_handshake_is_no_verdict(name: str, switch: int) -> None:
    """Who closes, hangs or sends an alert in the handshake was not judged: no 43, no 1043, and no verdict anywhere."""
    play, status, number, reason, error_type = FAILURES[name]
    async with stage({"HQ": answering(OK)}, settings=at(switch, QUICK)) as running, tcp(play) as port:
        move(running, "HQ", port)
        answer = await running.ask(request())
        (event,) = running.seen(number)
        assert (answer.status, event.reason, event.proxy_status) == (status, reason, error_type)
        assert f"error={error_type}".encode() in (answer.field(b"proxy-status") or b"")
        assert event.port == port
        assert (event.verdict, trust_events(running)) == (None, [])
        assert running.worker is not None
        assert [each["verdict"] for each in running.proxy.state.verdicts()] == [None]
        assert running.backends["HQ"].raw == b""
