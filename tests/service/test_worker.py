"""A whole worker on loopback: it starts, takes new settings, drains and ends."""

import asyncio
import socket
import ssl
from dataclasses import replace

import pytest

from proxy.events.record import Event
from proxy.front.acceptor import CannotListen
from proxy.service import share
from proxy.service.build import Outlets
from proxy.service.crew import CannotApply
from proxy.service.load import Loaded
from proxy.service.single import Single
from proxy.settings.problems import Layer, Origin, Problem
from tests.stage import OK, PATIENCE, Stage, answering, stage

GET = b"GET /owa/ HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Slow:
    """A backend that answers when it is told to."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def __call__(self, heard, reader, writer) -> None:
        """Read a head, wait, answer."""
        while await heard.head(reader):
            self.asked.set()
            await self.may_answer.wait()
            writer.write(OK)


def notes(running: Stage, number: int) -> list[str]:
    """Give the notes of the events with this id."""
    return [event.note for event in running.seen(number)]


# ── start ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_worker_serves_and_says_where():
    """Event 14 names the addresses, each site's policy and the transports; the admin listener has a port."""
    async with stage({"HQ": answering(OK)}) as running:
        answer = await running.ask(GET)

        assert (answer.status, answer.body) == (200, b"ok")
        policy = "HQ: allow (default). For all: ca_files (casproxy.toml:11)."
        where = f"Listens on https://127.0.0.1:{running.port}. Trust policy: {policy}"
        assert notes(running, 14) == [f"{where} {running.worker.transport_sentence}"]
        assert running.proxy.state.is_ready()
        assert running.proxy.admin_port > 0


@pytest.mark.parametrize(("line", "told"), [("", 1), ("allow_internal_untrusted_certs = 1\n", 0)])
async def test_the_default_of_the_switch_is_said_once(line, told):
    """Only when nobody set it: 1 that was set is meant."""
    async with stage({"HQ": answering(OK)}, settings=line) as running:
        assert len(running.seen(1015)) == told


async def test_too_few_descriptors_are_said(monkeypatch):
    """Event 1016 names how many connections fit, and no more are taken."""
    monkeypatch.setattr(share, "allowed_connections", lambda wanted: (min(wanted, 7), 78))
    async with stage({"HQ": answering(OK)}) as running:
        assert [event.parameters for event in running.seen(1016)] == [("CAS01", "7")]
        assert running.worker.holder.now.limits.connections == 7


def make_another(loaded: Loaded, events: list[Event]) -> Single:
    """Make a second proxy beside the one that runs."""
    return Single(loaded, lambda: loaded, Outlets(emit=events.append, record_access=None))


def start_again(running: Stage, settings: str) -> list[object]:
    """Start a second proxy that should fail; gives its events."""
    events: list[Event] = []
    with pytest.raises(CannotListen) as caught:
        make_another(running._load(settings), events)
    return [str(caught.value), *events]


@pytest.mark.parametrize(("key", "named"), [("listen", "server.listen"), ("admin", "server.admin")])
async def test_an_address_in_use_is_told_and_nothing_stays_open(key, named):
    """The key and the address are named; a worker that never started says nothing else."""
    async with stage({"HQ": answering(OK)}) as running:
        port = running.port if key == "listen" else running.proxy.admin_port
        spare = socket.create_server(("127.0.0.1", 0))
        free = spare.getsockname()[1]
        spare.close()
        text = running.settings.replace(f'{key} = "127.0.0.1:0"', f'{key} = "127.0.0.1:{port}"')
        text = text.replace('listen = "127.0.0.1:0"', f'listen = "127.0.0.1:{free}"')
        sentence, *events = start_again(running, text)

        assert f"{named}: cannot listen on 127.0.0.1:{port}" in sentence
        assert events == []
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", free)


async def test_plain_http_is_sent_to_https():
    """`redirect_listen` answers 308 with the HTTPS port."""
    async with stage({"HQ": answering(OK)}) as running:
        text = running.settings.replace(
            'admin = "127.0.0.1:0"', 'admin = "127.0.0.1:0"\nredirect_listen = "127.0.0.1:0"'
        )
        other = make_another(running._load(text), [])
        await other.start()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", other.redirect_ports[0])
            writer.write(GET)
            async with asyncio.timeout(PATIENCE):
                answer = await reader.read(-1)
            writer.close()
            port = other.port
        finally:
            await other.stop()

        assert answer.startswith(b"HTTP/1.1 308 ")
        assert f"\r\nLocation: https://localhost:{port}/owa/\r\n".encode() in answer


async def test_what_works_but_will_hardly_be_meant_is_said():
    """Warnings of the settings stand in events of the start."""
    async with stage({"HQ": answering(OK)}) as running:
        loaded = running._load(running.settings)
        warning = Problem(
            path="server",
            name="certificate",
            origin=Origin(Layer.FILE, "a.toml", 3),
            sentence="It has expired.",
            suggestion="",
        )
        events: list[Event] = []
        other = make_another(replace(loaded, parsed=replace(loaded.parsed, warnings=(warning,))), events)
        await other.start()
        await other.stop()

        assert [event.note for event in events if event.id == 1017] == ["a.toml:3: certificate: It has expired."]


async def test_old_versions_of_tls_are_said_loudly():
    """Event 1024 for each site that allows them, at start and after a reload."""
    old = {"HQ": '[sites.trust]\nmin_tls_version = "1.0"\n'}
    async with stage({"HQ": answering(OK), "Branch": answering(OK)}, site_settings=old) as running:
        running.reload(running.settings)

        assert [event.parameters for event in running.seen(1024)] == [("CAS01", "HQ", "1.0")] * 2
        assert "HQ: allow (default), min_tls_version (casproxy.toml:" in notes(running, 1010)[0]


async def test_the_api_tells_the_verdicts():
    """What the monitor knows of each server, also before it has looked."""
    async with stage({"HQ": answering(OK)}) as running:
        (told,) = running.proxy.state.verdicts()

        assert (told["site"], told["policy"], told["verdict"]) == ("HQ", "allow", None)
        assert running.proxy.state.admin_token() == ""


# ── trusted peers ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("networks", "believed"), [('["127.0.0.0/8", "::1/128"]', True), ('["10.0.0.0/8"]', False), ("[]", False)]
)
async def test_forwarding_fields_are_believed_of_trusted_proxies_only(networks, believed):
    """`server.trusted_proxies` are networks; everybody else's request id is replaced."""
    async with stage({"HQ": answering(OK)}) as running:
        text = running.settings.replace('admin = "127.0.0.1:0"', f'admin = "127.0.0.1:0"\ntrusted_proxies = {networks}')
        running.reload(text)
        answer = await running.ask(GET.replace(b"\r\n\r\n", b"\r\nX-Request-Id: theirs\r\n\r\n"))

        assert (answer.field(b"x-request-id") == b"theirs") is believed


# ── reload ───────────────────────────────────────────────────────────────────────────────────────


async def test_a_reload_holds_for_the_next_request():
    """Also on a connection that was there before; event 1010 names the policies."""
    async with stage({"HQ": answering(OK)}) as running:
        browser = await running.browser()
        before = await browser.ask(GET)
        running.reload(running.settings.replace("[trust]", "[limits]\ntarget_bytes = 64\n[trust]"))
        after = await browser.ask(GET.replace(b"/owa/", b"/owa/" + b"x" * 64))
        browser.close()

        assert (before.status, after.status) == (200, 414)
        assert notes(running, 1010) == ["Trust policy: HQ: allow (default). For all: ca_files (casproxy.toml:13)."]


async def test_a_request_in_flight_finishes_under_the_old_settings():
    """Turning the switch does not touch it, and its connection serves nobody afterwards."""
    slow = Slow()
    async with stage({"HQ": slow}, faults={"HQ": "self-signed"}) as running:
        browser = await running.browser()
        await browser.send(GET)
        await slow.asked.wait()
        running.reload(running.settings.replace("[trust]", "[trust]\nallow_internal_untrusted_certs = 0"))
        slow.may_answer.set()
        first = await browser.answer()
        second = await browser.ask(GET)
        browser.close()

        assert (first.status, second.status) == (200, 502)
        assert len(running.seen(43)) == 1
        assert running.backends["HQ"].raw.count(b"GET ") == 1


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ('name = "CAS01"', 'name = "CAS02"', "server.name"),
        ('listen = "127.0.0.1:0"', 'listen = "127.0.0.1:1"', "server.listen"),
        ('admin = "127.0.0.1:0"', 'admin = "127.0.0.1:1"', "server.admin"),
        ('state_dir = "', 'state_dir = "/elsewhere', "server.state_dir"),
    ],
)
async def test_what_only_a_restart_can_change_is_refused(before, after, key):
    """The key is named, and nothing else of the new settings is in force."""
    async with stage({"HQ": answering(OK)}) as running:
        equipment = running.worker.holder.now
        with pytest.raises(CannotApply, match=key):
            running.reload(
                running.settings.replace(before, after, 1).replace("[trust]", "[limits]\ntarget_bytes = 64\n[trust]")
            )

        assert running.worker.holder.now is equipment
        assert running.seen(1010) == []


async def test_a_certificate_that_breaks_between_reading_and_use_changes_nothing():
    """The old one is shown on."""
    async with stage({"HQ": answering(OK)}) as running:
        equipment = running.worker.holder.now
        loaded = running._load(running.settings)
        (running.folder / "front.pem").write_text("broken")
        with pytest.raises(CannotApply, match="A file could not be read"):
            running.worker.apply(loaded)
        answer = await running.ask(GET)

        assert (running.worker.holder.now is equipment, answer.status) == (True, 200)


async def test_a_refused_reload_is_said():
    """Event 1011 with the reason."""
    async with stage({"HQ": answering(OK)}) as running:
        (running.folder / "casproxy.toml").write_text("nonsense")
        told = running.put_in_force()

        assert not told.ok
        assert notes(running, 1011) == [told.sentence]
        assert "nonsense" in told.sentence or "casproxy.toml:1" in told.sentence


async def test_a_sweep_may_be_added():
    """It is called with every tick."""
    async with stage({"HQ": answering(OK)}) as running:
        seen: list[float] = []
        running.proxy.add_sweep(seen.append)
        await running.until(lambda: seen)

        assert seen


# ── end ──────────────────────────────────────────────────────────────────────────────────────────


async def test_draining_finishes_what_is_in_flight():
    """Nothing new is accepted, idle connections close, and the answer under way says that it is the last."""
    slow = Slow()
    async with stage({"HQ": slow}) as running:
        idle, browser = await running.browser(), await running.browser()
        await browser.send(GET)
        await slow.asked.wait()
        port = running.port
        drain = asyncio.ensure_future(running.proxy.drain())
        closed = await idle.rest()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        ready = running.proxy.state.is_ready()
        slow.may_answer.set()
        answer = await browser.answer()
        browser.close()
        idle.close()

        assert (closed, ready, answer.status, answer.field(b"connection")) == (b"", False, 200, b"close")
        assert await drain
        assert len(running.seen(1012)) == 1


async def test_draining_ends_with_its_time():
    """What is not finished by then is cut: False, and the access log says so."""
    slow = Slow()
    async with stage({"HQ": slow}, settings='[timeouts]\ndrain = "0.2s"\n') as running:
        browser = await running.browser()
        await browser.send(GET)
        await slow.asked.wait()
        finished = await running.proxy.drain()
        await running.proxy.stop()
        await running.proxy.stop()
        rest = await browser.rest()
        browser.close()

        assert (finished, rest) == (False, b"")
        assert [entry.error for entry in running.access] == ["connection_terminated"]
        assert len(running.seen(1013)) == 1


async def test_an_idle_worker_drains_at_once():
    """There is nothing to wait for."""
    async with stage({"HQ": answering(OK)}) as running:
        assert await running.proxy.drain()


async def test_a_handshake_that_ends_while_draining_ends_its_connection():
    """It was under way: it may finish, and nothing is asked on it."""
    async with stage({"HQ": answering(OK)}) as running:
        sock = socket.create_connection(("127.0.0.1", running.port))
        sock.setblocking(False)
        await running.until(lambda: running.worker._seats.occupied)
        drain = asyncio.ensure_future(running.proxy.drain())
        await asyncio.sleep(0)
        context = ssl.create_default_context(cadata=running.authority.certificate_pem.decode())
        reader, writer = await asyncio.open_connection(sock=sock, ssl=context, server_hostname="localhost")
        async with asyncio.timeout(PATIENCE):
            rest = await reader.read(-1)
        writer.close()

        assert (rest, await drain) == (b"", True)


async def test_time_limits_are_enforced_on_every_connection():
    """A browser that asks nothing is closed with the next tick after its time."""
    async with stage({"HQ": answering(OK)}, settings='[timeouts]\nrequest_head = "0.1s"\n') as running:
        browser = await running.browser()

        assert await browser.rest() == b""
        browser.close()
