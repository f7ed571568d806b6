"""The admin listener: how it starts and ends, and that nothing it answers names a library or stays in a cache."""

import asyncio
import socket

import pytest
from aiohttp import ClientSession

from proxy.admin.app import STREAM, Admin
from proxy.admin.routes import ROUTES
from tests.admin_double import DoubleState
from tests.loopback import until

READS = [route for route in ROUTES if route.method == "GET" and STREAM not in route.answers[200].media]
UNCACHED = sorted({route.path.format(sequence=1) for route in READS if route.is_described})
PATHS = sorted({route.path.format(sequence=1, name="mark.svg") for route in READS})


@pytest.mark.parametrize("path", [*PATHS, "/nothing", "/api/nothing"])
async def test_no_library_is_named(client, path) -> None:
    """No answer tells which library or version is at work, not even a 404; no page of others may embed or read it."""
    answer = await client.get(path)

    assert answer.headers["Server"] == "casproxy"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "aiohttp" not in (await answer.text()).lower()


@pytest.mark.parametrize(
    "path", [path for path in PATHS if path.startswith("/api") or ("." not in path and path != "/")]
)
async def test_nothing_stays_in_a_cache(client, path) -> None:
    """What is told is true now only."""
    answer = await client.get(path)

    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", PATHS)
async def test_the_head_alone_can_be_asked(client, path) -> None:
    """HEAD gives what GET does, without the body."""
    head, whole = await client.head(path), await client.get(path)

    assert head.status == whole.status
    assert await head.read() == b""


async def test_the_stream_has_no_head_alone(client) -> None:
    """Its answer has no end, so HEAD is 405 instead of a connection that hangs."""
    assert (await client.head("/api/events/stream")).status == 405


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/api/events/1/2", 404), ("POST", "/livez", 405), ("GET", "/api/reload", 405)],
)
async def test_what_is_not_there_is_told_in_json(client, method, path, status) -> None:
    """Refusals by the library are in our words, too."""
    answer = await client.request(method, path)
    told = await answer.json()

    assert answer.status == status
    assert told["error"].endswith(".")
    assert told["cure"]
    assert ("Allow" in answer.headers) is (status == 405)


async def test_a_defect_is_an_event_and_a_500(client, state, monkeypatch) -> None:
    """What nobody foresaw costs that request alone, and its text stays here."""

    async def fail() -> None:
        raise RuntimeError("s3cret detail")

    monkeypatch.setattr(state, "sites", fail)

    answer = await client.get("/api/sites")

    assert answer.status == 500
    assert "s3cret" not in await answer.text()
    assert [kept.event.id for kept in state.recent.query()] == [1006]
    assert (await client.get("/livez")).status == 200


async def test_a_body_that_is_too_large_is_refused(client, token, state) -> None:
    """An order has some dozens of bytes; nobody makes us keep megabytes."""
    answer = await client.post("/api/reload", data=b" " * 20_000, headers={**token, "Content-Type": "application/json"})

    assert answer.status == 413
    assert (await answer.json())["error"]
    assert state.calls == []


async def test_start_and_stop() -> None:
    """`start` returns the port that was chosen, `stop` frees it and may come twice."""
    admin = Admin(DoubleState())
    port = await admin.start("127.0.0.1", 0)
    async with ClientSession() as session, session.get(f"http://127.0.0.1:{port}/readyz") as answer:
        status = answer.status
    await admin.stop()
    await admin.stop()

    assert status == 200
    with pytest.raises(OSError, match=r".+"):
        await asyncio.open_connection("127.0.0.1", port)


async def test_start_on_a_socket() -> None:
    """A socket that somebody else bound serves as well."""
    admin, sock = Admin(DoubleState()), socket.create_server(("127.0.0.1", 0))
    await admin.start_on(sock)
    port = sock.getsockname()[1]
    async with ClientSession() as session, session.get(f"http://127.0.0.1:{port}/livez") as answer:
        words = await answer.text()
    await admin.stop()

    assert words == "alive\n"
    assert sock.fileno() == -1


async def test_a_taken_port_is_an_os_error() -> None:
    """An address that another has is told as it is; `stop` works all the same."""
    first, second = Admin(DoubleState()), Admin(DoubleState())
    port = await first.start("127.0.0.1", 0)
    try:
        with pytest.raises(OSError, match=r".+"):
            await second.start("127.0.0.1", port)
    finally:
        await second.stop()
        await first.stop()


async def test_stop_does_not_wait_for_followers() -> None:
    """Who follows the events is told that it is over, at once."""
    loop, admin = asyncio.get_running_loop(), Admin(DoubleState())
    port = await admin.start("127.0.0.1", 0)
    async with ClientSession() as session:
        answer = await session.get(f"http://127.0.0.1:{port}/api/events/stream")
        await answer.content.readline()
        begin = loop.time()
        await admin.stop()
        took = loop.time() - begin
        rest = await answer.content.read()

    assert took < 0.5
    assert b"the last one is 0" in rest


async def test_strangers_bytes_are_nobodys_lines(capfd, caplog) -> None:
    """What is no HTTP is refused and written nowhere: no stranger fills the log."""
    admin = Admin(DoubleState())
    port = await admin.start("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"\x16\x03\x01 no HTTP at all\r\n\r\n")
    answer = await reader.read()
    writer.close()
    await admin.stop()

    assert answer.startswith(b"HTTP/1.0 400")
    assert b"aiohttp" not in answer
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


async def test_connections_are_bounded() -> None:
    """One too many is closed at once, and there is room again when another has gone."""
    admin = Admin(DoubleState())
    admin._doors._most = 2
    port = await admin.start("127.0.0.1", 0)
    server = admin._runner.server
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
    await until(lambda: len(server.connections) == 2, "they do not count")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    refused = await reader.read()
    writer.close()
    held[0][1].close()
    await until(lambda: len(server.connections) == 1, "it does not go")
    async with ClientSession() as session, session.get(f"http://127.0.0.1:{port}/livez") as answer:
        status = answer.status
    held[1][1].close()
    await admin.stop()

    assert (refused, status) == (b"", 200)
