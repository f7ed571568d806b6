"""The whole proxy on loopback with real TLS: scripted backends that keep every byte they hear, and a raw browser.

Used by the tests in tests/e2e. Nothing here knows the proxy's insides: settings go in as TOML, bytes come out.
"""

import asyncio
import json
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self

from proxy.certkit.authority import Authority
from proxy.certkit.faults import FAULTS, Make
from proxy.certkit.leaf import Leaf
from proxy.events.access import AccessEntry
from proxy.events.record import Event
from proxy.service.build import Outlets
from proxy.service.control import Reload
from proxy.service.crew import CannotApply
from proxy.service.load import load
from proxy.service.single import Single
from proxy.service.transports import Choice
from proxy.service.worker import Worker
from tests.faulty import trust_keys
from tests.loopback import until

Script = Callable[["Heard", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What a backend does with one connection; everything read through `Heard.head` and `Heard.body` is kept."""

PATIENCE = 10.0
TURNS = 5
"""Turns of the loop after which both ends of a cut connection, or of one in its handshake, have let go of it."""
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Heard:
    """What one connection to a backend brought."""

    raw: bytes = b""
    """Every byte, in order."""
    closed: bool = False
    """Whether the proxy ended the connection."""

    async def head(self, reader: asyncio.StreamReader) -> bytes:
        """Read one head; empty when the proxy closes instead."""
        try:
            data = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError) as end:
            self.raw += getattr(end, "partial", b"")
            self.closed = True
            return b""
        self.raw += data
        return data

    async def body(self, reader: asyncio.StreamReader, size: int) -> bytes:
        """Read exactly `size` bytes, or what there is."""
        try:
            data = await reader.readexactly(size)
        except asyncio.IncompleteReadError as end:
            data = end.partial
            self.closed = True
        self.raw += data
        return data

    async def rest(self, reader: asyncio.StreamReader) -> bytes:
        """Read until the proxy closes."""
        try:
            data = await reader.read(-1)
        except ConnectionError:
            data = b""
        self.raw += data
        self.closed = True
        return data


def answering(*answers: bytes, close: bool = False) -> Script:
    """Make a script: each request gets the next answer, the last one for ever; bodies by Content-Length are read."""

    async def script(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = 0
        while head := await heard.head(reader):
            length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            if length:
                await heard.body(reader, int(length[0].split(b":")[1]))
            writer.write(answers[min(number, len(answers) - 1)])
            await writer.drain()
            number += 1
            if close:
                return

    return script


class Backend:
    """A TLS server on loopback that plays a script and keeps what it hears."""

    def __init__(self, name: str, script: Script) -> None:
        self.name = name
        self.script = script
        self.connections: list[Heard] = []
        self.port = 0
        self.context: ssl.SSLContext | None = None
        self.trust: dict[str, Any] = {}
        """Keys of [sites.trust] without which its fault does not show itself."""
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def raw(self) -> bytes:
        """Every byte heard, over all connections."""
        return b"".join(heard.raw for heard in self.connections)

    def present(self, leaf: Leaf) -> None:
        """Present another certificate in handshakes from now on."""
        assert self.context is not None
        with tempfile.TemporaryDirectory() as folder:
            self.context.load_cert_chain(*leaf.write(Path(folder), "leaf"))

    async def begin(self) -> None:
        """Serve; once it has had a port, at that one."""
        self._server = await asyncio.start_server(self.serve, "127.0.0.1", self.port, ssl=self.context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def end(self, *, cut: bool = True) -> None:
        """Serve nobody any more; `cut`: not even those who are here, as when the machine is switched off."""
        if self._server is not None:
            self._server.close()
        for writer in self._writers if cut else ():
            writer.transport.abort()
        for _ in range(TURNS):
            await asyncio.sleep(0)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Play the script on one connection."""
        heard = Heard()
        self.connections.append(heard)
        self._writers.add(writer)
        try:
            await self.script(heard, reader, writer)
        except (ConnectionError, ssl.SSLError):
            heard.closed = True
        finally:
            self._writers.discard(writer)
            writer.close()


class Browser:
    """One raw TLS connection to the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> bytes:
        """Read one response head."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def answer(self, *, to_head: bool = False) -> "Answer":
        """Read one whole answer: by Content-Length, chunked, or until the end."""
        async with asyncio.timeout(PATIENCE):
            raw = await self.reader.readuntil(b"\r\n\r\n")
            answer = Answer(raw)
            if to_head or answer.status in (204, 304) or answer.status < 200:
                return answer
            if answer.field(b"transfer-encoding") == b"chunked":
                while size := int((await self.reader.readuntil(b"\r\n")).strip(), 16):
                    answer.body += await self.reader.readexactly(size)
                    await self.reader.readexactly(2)
                await self.reader.readexactly(2)
            elif (length := answer.field(b"content-length")) is not None:
                answer.body = await self.reader.readexactly(int(length))
            else:
                answer.body = await self.reader.read(-1)
            return answer

    async def rest(self) -> bytes:
        """Read until the proxy closes."""
        async with asyncio.timeout(PATIENCE):
            try:
                return await self.reader.read(-1)
            except (ConnectionError, ssl.SSLError):
                return b""

    async def ask(self, data: bytes, *, to_head: bool = False) -> "Answer":
        """Send a request and read its answer."""
        await self.send(data)
        return await self.answer(to_head=to_head)

    def close(self) -> None:
        """Close the connection."""
        self.writer.close()


@dataclass
class Answer:
    """A response as bytes."""

    raw_head: bytes
    body: bytes = b""

    @property
    def status(self) -> int:
        """Status code."""
        return int(self.raw_head.split(b" ", 2)[1])

    def fields(self, name: bytes) -> list[bytes]:
        """Give the values of a field, in order."""
        pairs = [line.partition(b":") for line in self.raw_head.split(b"\r\n")[1:]]
        return [value.strip() for key, _, value in pairs if key.lower() == name.lower()]

    def field(self, name: bytes) -> bytes | None:
        """Give the value of a field that stands once; None when it is not there."""
        values = self.fields(name)
        return values[0] if values else None


@dataclass
class Stage:
    """A running proxy with its backends."""

    folder: Path
    authority: Authority
    backends: dict[str, Backend] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    access: list[AccessEntry] = field(default_factory=list)
    browsers: list[Browser] = field(default_factory=list)
    _proxy: Single | None = None
    settings: str = ""
    choice: Choice | None = None
    apart_port: int = 0
    """HTTPS port of a proxy that runs in a process of its own (tests/process.py)."""

    @property
    def port(self) -> int:
        """The proxy's HTTPS port."""
        if self.apart_port:
            return self.apart_port
        return self.proxy.port

    async def browser(self, version: ssl.TLSVersion | None = None) -> Browser:
        """Connect and shake hands, with verification of the proxy's certificate."""
        context = ssl.create_default_context(cadata=self.authority.certificate_pem.decode())
        if version is not None:
            context.minimum_version = context.maximum_version = version
        async with asyncio.timeout(PATIENCE):
            streams = await asyncio.open_connection("127.0.0.1", self.port, ssl=context, server_hostname="localhost")
        self.browsers.append(Browser(*streams))
        return self.browsers[-1]

    def end_browsers(self) -> None:
        """Cut the connections that a test left open, for instance because it failed."""
        for browser in self.browsers:
            browser.writer.transport.abort()

    async def ask(self, data: bytes, *, to_head: bool = False) -> Answer:
        """Ask once on a connection of its own."""
        browser = await self.browser()
        try:
            return await browser.ask(data, to_head=to_head)
        finally:
            browser.close()

    def seen(self, number: int) -> list[Event]:
        """Give the events with this id."""
        return [event for event in self.events if event.id == number]

    def reload(self, settings: str) -> None:
        """Put other settings in force, as SIGHUP does. Raises SettingsInvalid, and CannotApply when it is refused."""
        self._load(settings)
        told = self.put_in_force()
        if not told.ok:
            raise CannotApply(told.sentence)

    def put_in_force(self) -> Reload:
        """Read the settings that stand there; in one process nothing is waited for."""
        try:
            self.proxy.control.reload().send(None)
        except StopIteration as end:
            return end.value
        raise AssertionError("A reload in one process waits for something")

    async def until(self, condition: Callable[[], object]) -> None:
        """Let the loop turn until `condition` holds."""
        await until(lambda: bool(condition()), "it never came true", PATIENCE)

    def _load(self, settings: str):
        path = self.folder / "casproxy.toml"
        path.write_text(settings)
        return load(str(path), {}, {})

    async def start(self) -> Self:
        """Start the proxy."""
        self._proxy = self.make()
        await self._proxy.start()
        return self

    def make(self) -> Single:
        """Make a proxy with the settings as they are."""
        outlets = Outlets(emit=self.events.append, record_access=self.access.append)
        path = self.folder / "casproxy.toml"
        return Single(self._load(self.settings), partial(load, str(path), {}, {}), outlets, choice=self.choice)

    @property
    def proxy(self) -> Single:
        """The proxy; it must have been started."""
        assert self._proxy is not None
        return self._proxy

    @property
    def worker(self) -> Worker:
        """The part of the proxy that serves."""
        return self.proxy.worker


@asynccontextmanager
async def stage(
    sites: dict[str, Script],
    *,
    faults: dict[str, str | Make] | None = None,
    settings: str = "",
    server_settings: str = "",
    site_settings: dict[str, str] | None = None,
    server_version: ssl.TLSVersion | None = None,
    choice: Choice | None = None,
    apart: bool = False,
) -> AsyncIterator[Stage]:
    """Start one backend for each site and the proxy in front.

    `faults`: site → name in `certkit.faults.FAULTS` or what makes the certificate, `good` where it is not named.
    `settings`: further TOML tables, lines of `[trust]` first; without a `[monitor]` among them nobody looks at trust,
    with a `[directory]` mailboxes choose the sites.
    `site_settings`: site → further TOML lines of its `[[sites]]` table. The first site is the default; site X answers
    for the host `x.localhost` too. `choice`: transports other than the best that there are. `apart`: the backends
    alone, for a proxy in a process of its own.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        authority = Authority.create("Stage CA")
        (folder / "ca.pem").write_bytes(authority.certificate_pem)
        authority.issue("localhost", "*.lab.localhost", "127.0.0.1").write(folder, "front")
        running = Stage(folder, authority, choice=choice)
        for name, script in sites.items():
            backend = running.backends[name] = Backend(f"cas.{name.lower()}.test", script)
            fault = (faults or {}).get(name, "good")
            leaf = (FAULTS[fault].make if isinstance(fault, str) else fault)(authority, backend.name)
            if isinstance(fault, str) and FAULTS[fault].needs:
                backend.trust = trust_keys(FAULTS[fault], leaf, authority, folder / name)
            context = backend.context = leaf.server_context()
            if server_version is not None:
                context.minimum_version = context.maximum_version = server_version
            await backend.begin()
            stack.push_async_callback(backend.end, cut=False)
        running.settings = _settings(running, server_settings, settings, site_settings or {})
        if not apart:
            await running.start()
            stack.push_async_callback(running.proxy.stop)
        stack.callback(running.end_browsers)
        yield running


def _settings(running: Stage, of_server: str, more: str, of_sites: dict[str, str]) -> str:
    folder = running.folder
    tables = [
        f"""[server]
name = "CAS01"
listen = "127.0.0.1:0"
admin = "127.0.0.1:0"
state_dir = "{folder}"
certificate = "{folder}/front.pem"
key = "{folder}/front.key.pem"
{of_server}
""",
        more if "[trust]" in more else f'[trust]\nca_files = ["{folder}/ca.pem"]\n{more}',
        "" if "[monitor]" in more else '[monitor]\ninterval = "0s"\n',
    ]
    for number, (name, backend) in enumerate(running.backends.items()):
        tables.append(
            f'[[sites]]\nname = "{name}"\n{_choice(name, number) if "[directory]" not in more else ""}'
            f'servers = [{{ url = "https://{backend.name}/owa", connect_to = "127.0.0.1:{backend.port}" }}]\n'
            f"{_with_trust(of_sites.get(name, ''), backend.trust)}\n"
        )
    return "\n".join(tables)


def _choice(name: str, number: int) -> str:
    """Give what leads to a site where no mailbox does."""
    return f'default = {str(number == 0).lower()}\nhosts = ["{name.lower()}.localhost"]\n'


def _with_trust(lines: str, keys: dict[str, Any]) -> str:
    """Add keys to the [sites.trust] of a site's lines, which may have none yet; JSON's values are TOML's."""
    if not keys:
        return lines
    header = "[sites.trust]\n"
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
    return lines.replace(header, header + text) if header in lines else f"{lines}\n{header}{text}"
