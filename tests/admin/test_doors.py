"""Who gets a connection: so many at a time, and only those who ask something soon."""

import asyncio

import pytest
from aiohttp import web

from proxy.admin.doors import Doors
from tests.loopback import until


async def _hello(_request: web.BaseRequest) -> web.Response:
    return web.Response(text="hello\n")


@pytest.fixture
async def opened():
    """Listen with doors; gives a function that does it and gives server and port."""
    closing = []

    async def listen(doors: Doors) -> tuple[web.Server, int]:
        app = web.Application(middlewares=[doors.note])
        app.router.add_get("/", _hello)
        runner = web.AppRunner(app)
        await runner.setup()
        listening = await asyncio.get_running_loop().create_server(doors.open_into(runner.server), "127.0.0.1", 0)
        closing.append((listening, runner))
        return runner.server, listening.sockets[0].getsockname()[1]

    yield listen
    for listening, runner in closing:
        listening.close()
        await runner.cleanup()


async def test_who_says_nothing_is_let_go(opened) -> None:
    """A connection without a request, even one that sends half of it, ends when patience does."""
    _, port = await opened(Doors(patience=0.05))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: loc")

    assert await reader.read() == b""
    writer.close()


async def test_who_has_asked_may_stay(opened) -> None:
    """A connection that has had a request is left to the library's own time limit."""
    doors = Doors(patience=3600.0)
    server, port = await opened(doors)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    writer.write(request)
    first = await reader.readuntil(b"hello\n")
    for protocol in server.connections:
        doors._look_at(protocol)
    writer.write(request)
    second = await reader.readuntil(b"hello\n")
    writer.close()

    assert first.startswith(b"HTTP/1.1 200")
    assert second.startswith(b"HTTP/1.1 200")


async def test_who_has_gone_is_not_looked_for(opened) -> None:
    """A connection that ended before patience did costs nothing and is forgotten."""
    doors = Doors(patience=3600.0)
    server, port = await opened(doors)
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    await until(lambda: len(server.connections) == 1, "it does not come")
    protocol = server.connections[0]
    writer.close()
    await until(lambda: server.connections == [], "it does not go")
    doors._look_at(protocol)

    assert doors._silent == set()


async def test_one_too_many_is_closed(opened) -> None:
    """At once and without a word."""
    _, port = await opened(Doors(most=0))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    assert await reader.read() == b""
    writer.close()
