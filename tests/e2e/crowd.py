"""Many browsers at once in front of a stage: each asks without end, and every answer and every failure is counted."""

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from tests.stage import OK, PATIENCE, Browser, Heard, Stage
from tests.wire import request

PIECES, PIECE = 20, b"tick" * 256
PAUSE = 0.02
"""Between two pieces of a body: it streams for half a second."""

Visit = Callable[["Crowd", bytes], Coroutine[Any, Any, None]]
"""What a browser does over and over."""


async def serve_crowd(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer GET /stream in pieces that take their time, a PUT with the length of its body, the rest at once."""
    while head := await heard.head(reader):
        if head.startswith(b"PUT"):
            try:
                length = await _read_chunks(reader)
            except asyncio.IncompleteReadError:  # whoever sent it has been killed
                return
            text = b"%d" % length
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))
        elif b" /stream " in head:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (PIECES * len(PIECE)))
            for _ in range(PIECES):
                writer.write(PIECE)
                await writer.drain()
                await asyncio.sleep(PAUSE)
        else:
            writer.write(OK)


async def _read_chunks(reader: asyncio.StreamReader) -> int:
    length = 0
    while size := int(await reader.readuntil(b"\r\n"), 16):
        length += len(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return length


class Crowd:
    """Browsers of a stage and what became of their requests."""

    def __init__(self, running: Stage) -> None:
        self._running = running
        self._context = ssl.create_default_context(cadata=running.authority.certificate_pem.decode())
        self._is_over = False
        self._tasks: list[asyncio.Task[None]] = []
        self.statuses: Counter[int] = Counter()
        """How often each status was answered, with the body that belongs to it."""
        self.latest = 0
        """Status of the last answer."""
        self.failures: list[str] = []
        """Requests without a whole answer, in words."""
        self.slowest = 0.0
        """Seconds that the slowest answer took to arrive whole, streams left out."""

    @property
    def total(self) -> int:
        """How many requests have come to an end."""
        return self.statuses.total() + len(self.failures)

    def join(self, visit: Visit, number: int, host: bytes = b"localhost") -> None:
        """Have so many browsers do this over and over, at that host."""
        loop = asyncio.get_running_loop()
        self._tasks += [loop.create_task(self._repeat(visit, host), name="browser") for _ in range(number)]

    async def more(self, number: int) -> None:
        """Wait until so many more requests have come to an end."""
        wanted = self.total + number
        await self._running.until(lambda: self.total >= wanted)

    async def go(self) -> None:
        """Let everybody finish what they do, and no more."""
        self._is_over = True
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*self._tasks)

    async def connect(self) -> Browser:
        """Connect to the proxy."""
        async with asyncio.timeout(PATIENCE):
            streams = await asyncio.open_connection(
                "127.0.0.1", self._running.port, ssl=self._context, server_hostname="localhost"
            )
        return Browser(*streams)

    async def ask(self, browser: Browser, data: bytes, expected: bytes = b"ok") -> bool:
        """Ask and count; False when the connection is of no more use. Raises whatever goes wrong."""
        loop = asyncio.get_running_loop()
        begin = loop.time()
        answer = await browser.ask(data)
        if expected == b"ok":
            self.slowest = max(self.slowest, loop.time() - begin)
        assert answer.status != 200 or answer.body == expected, f"a wrong body of {len(answer.body)} bytes"
        self.latest = answer.status
        self.statuses[answer.status] += 1
        return answer.field(b"connection") != b"close"

    @property
    def is_over(self) -> bool:
        """Whether it is time to go."""
        return self._is_over

    async def _repeat(self, visit: Visit, host: bytes) -> None:
        while not self._is_over:
            try:
                await visit(self, host)
            except (OSError, EOFError, TimeoutError, AssertionError) as fault:
                self.failures.append(f"{visit.__name__}: {fault!r}")
                await asyncio.sleep(PAUSE)  # a proxy that is down would be asked a thousand times a second


async def keep_asking(crowd: Crowd, host: bytes) -> None:
    """Ask again and again on one connection, for as long as both sides keep it."""
    browser = await crowd.connect()
    try:
        while await crowd.ask(browser, request(host=host)) and not crowd.is_over:
            pass
    finally:
        browser.close()


async def come_and_go(crowd: Crowd, host: bytes) -> None:
    """Ask once on a connection of its own."""
    browser = await crowd.connect()
    try:
        await crowd.ask(browser, request(host=host))
    finally:
        browser.close()


async def download(crowd: Crowd, host: bytes) -> None:
    """Take a body that streams."""
    browser = await crowd.connect()
    try:
        await crowd.ask(browser, request(target=b"/stream", host=host), PIECE * PIECES)
    finally:
        browser.close()


async def upload(crowd: Crowd, host: bytes) -> None:
    """Send a body that streams."""
    browser = await crowd.connect()
    try:
        await browser.send(request(b"Transfer-Encoding: chunked", method=b"PUT", host=host))
        for _ in range(PIECES):
            await browser.send(b"%x\r\n%b\r\n" % (len(PIECE), PIECE))
            await asyncio.sleep(PAUSE)
        await crowd.ask(browser, b"0\r\n\r\n", b"%d" % (PIECES * len(PIECE)))
    finally:
        browser.close()


@asynccontextmanager
async def crowded(running: Stage, visits: dict[Visit, int], host: bytes = b"localhost") -> AsyncIterator[Crowd]:
    """Have browsers come, and let them finish at the end."""
    crowd = Crowd(running)
    for visit, number in visits.items():
        crowd.join(visit, number, host)
    try:
        await crowd.more(1)
        yield crowd
    finally:
        await crowd.go()


class Resuming:
    """One browser that comes back with what it was given."""

    def __init__(self, running: Stage, version: ssl.TLSVersion) -> None:
        self._running = running
        self._context = ssl.create_default_context(cadata=running.authority.certificate_pem.decode())
        self._context.minimum_version = self._context.maximum_version = version
        self._session: ssl.SSLSession | None = None

    async def come(self) -> bool:
        """Ask on a connection of its own; tells whether it could resume."""
        return await asyncio.to_thread(self._come)

    def _come(self) -> bool:
        plain = socket.create_connection(("127.0.0.1", self._running.port), PATIENCE)
        with self._context.wrap_socket(plain, server_hostname="localhost", session=self._session) as browser:
            browser.sendall(request(b"Connection: close"))
            answer = b"".join(iter(lambda: browser.recv(1 << 16), b""))
            assert answer.startswith(b"HTTP/1.1 200 ")
            self._session = browser.session
            return bool(browser.session_reused)
