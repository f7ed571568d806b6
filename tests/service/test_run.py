"""Signals: what each asks of a running proxy, and which code the process ends with."""

import asyncio
import gc
import json
import os
import signal
import ssl
from contextlib import asynccontextmanager
from functools import partial

import pytest

from proxy.certkit.authority import Authority
from proxy.front.acceptor import CannotListen
from proxy.service import run
from proxy.service.calls import DRAIN_CUT, OK
from proxy.service.load import load
from tests.fakes import settle
from tests.loopback import until

SETTINGS = """
[server]
name = "CAS01"
listen = "127.0.0.1:0"
admin = "127.0.0.1:0"
certificate = "front.pem"
key = "front.key.pem"
[timeouts]
drain = "20s"
[log]
format = "json"
access_file = "access.log"
[[sites]]
name = "HQ"
default = true
servers = [{ url = "https://cas.test/owa", connect_to = "127.0.0.1:BACKEND" }]
"""


@pytest.fixture(autouse=True)
def collector():
    """Leave the garbage collector as it was."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


class Process:
    """A proxy in the foreground of this process's loop, and what it writes."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd
        self._written = ""
        self.code: asyncio.Future[int] | None = None

    def events(self, number: int) -> list[dict[str, object]]:
        """Give the records of an event so far."""
        self._written += self._capfd.readouterr().err
        records = [json.loads(line) for line in self._written.splitlines()]
        return [record for record in records if record["event.code"] == str(number)]

    async def told(self, number: int) -> dict[str, object]:
        """Wait for an event."""
        await until(lambda: bool(self.events(number)), f"no event {number}")
        return self.events(number)[-1]

    async def port(self) -> int:
        """Give the port of the HTTPS listener."""
        note = str((await self.told(14))["casproxy.note"])
        return int(note.partition("https://127.0.0.1:")[2].partition(".")[0])

    def signal(self, number: int) -> None:
        """Send one to ourselves."""
        os.kill(os.getpid(), number)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Make a working directory with settings and certificates."""
    monkeypatch.chdir(tmp_path)
    Authority.create("CA").issue("localhost").write(tmp_path, "front")
    (tmp_path / "a.toml").write_text(SETTINGS.replace("BACKEND", "1"))
    return tmp_path


@asynccontextmanager
async def running(capfd):
    """Run the proxy until the test ends it."""
    read = partial(load, "a.toml", {}, {})
    process = Process(capfd)
    process.code = asyncio.ensure_future(run.serve_in_loop(read(), read, colour=False))
    await process.told(14)
    try:
        yield process
    finally:
        process.code.cancel()
        await asyncio.gather(process.code, return_exceptions=True)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_an_idle_proxy_with_0(capfd, number):
    """Draining and the end are said."""
    async with running(capfd) as process:
        process.signal(number)

        assert await process.code == OK
        assert len(process.events(1012)) == len(process.events(1013)) == 1


@asynccontextmanager
async def hanging_request(folder, capfd):
    """Keep a request in flight at a backend that never answers its handshake."""
    writers: list[asyncio.StreamWriter] = []
    backend = await asyncio.start_server(lambda _reader, writer: writers.append(writer), "127.0.0.1", 0)
    port = backend.sockets[0].getsockname()[1]
    (folder / "a.toml").write_text(SETTINGS.replace("BACKEND", str(port)))
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    async with running(capfd) as process:
        _, writer = await asyncio.open_connection("127.0.0.1", await process.port(), ssl=context)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await writer.drain()
        await until(lambda: bool(writers), "the backend was not dialled")
        yield process
    for each in (writer, *writers):
        each.transport.abort()
    backend.close()
    await settle()


async def test_a_second_signal_ends_at_once(folder, capfd):
    """Without waiting for the drain's time: code 5 says that something may have been cut."""
    async with hanging_request(folder, capfd) as process:
        process.signal(signal.SIGTERM)
        await process.told(1012)
        process.signal(signal.SIGTERM)

        async with asyncio.timeout(5):
            assert await process.code == DRAIN_CUT


async def test_hup_reads_the_settings_anew(folder, capfd):
    """Event 1010, and the proxy goes on."""
    async with running(capfd) as process:
        (folder / "a.toml").write_text((folder / "a.toml").read_text().replace("20s", "2s"))
        process.signal(signal.SIGHUP)

        assert await process.told(1010)
        assert not process.code.done()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('drain = "20s"', 'drain = "soon"', "drain"),
        ('listen = "127.0.0.1:0"', 'listen = "127.0.0.1:1"', "server.listen changed, which takes a restart."),
        ('certificate = "front.pem"', 'certificate = "gone.pem"', "gone.pem"),
    ],
)
async def test_a_reload_that_cannot_be_is_said_on_one_line(folder, capfd, old, new, told):
    """Event 1011 tells why; nothing has changed and the proxy goes on."""
    async with running(capfd) as process:
        (folder / "a.toml").write_text((folder / "a.toml").read_text().replace(old, new))
        process.signal(signal.SIGHUP)
        record = await process.told(1011)

        assert told in json.dumps(record)
        assert not process.code.done()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "fault", [FileNotFoundError(2, "No such file or directory"), ssl.SSLError(1, "key values mismatch")]
)
async def test_a_file_that_goes_between_reading_and_use_is_said(capfd, monkeypatch, fault):
    """A certificate that is replaced at that moment refuses the reload."""

    def fail(*_):
        raise fault

    async with running(capfd) as process:
        await process.told(14)
        monkeypatch.setattr("proxy.service.worker.try_certificates", fail)
        process.signal(signal.SIGHUP)

        assert fault.strerror in json.dumps(await process.told(1011))


async def test_usr1_opens_the_access_log_anew(folder, capfd):
    """After it was moved away a new file stands there."""
    async with running(capfd) as process:
        (folder / "access.log").rename(folder / "old.log")
        process.signal(signal.SIGUSR1)
        await until((folder / "access.log").exists, "no new file")

        assert not process.code.done()


async def test_an_address_in_use_ends_the_start(folder, capfd):
    """The exception is the command's to tell."""
    async with running(capfd) as process:
        port = await process.port()
        text = (folder / "a.toml").read_text().replace('listen = "127.0.0.1:0"', f'listen = "127.0.0.1:{port}"')
        (folder / "a.toml").write_text(text)
        read = partial(load, "a.toml", {}, {})

        with pytest.raises(CannotListen):
            await run.serve_in_loop(read(), read, colour=False)


@pytest.mark.usefixtures("folder")
def test_serve_gives_the_code_of_the_loop_it_ran(monkeypatch):
    """On a loop of ours, with the allocator tuned first."""
    seen = []

    async def serve(*arguments, colour):
        seen.append((type(asyncio.get_running_loop()).__module__, arguments, colour))
        return 7

    monkeypatch.setattr(run, "tune_allocator", lambda: seen.append("tuned"))
    monkeypatch.setattr(run, "serve_in_loop", serve)

    loaded = load("a.toml", {}, {})

    assert run.serve(loaded, "load", colour=False) == 7
    assert seen[0] == "tuned"
    assert seen[1][1:] == ((loaded, "load"), False)
