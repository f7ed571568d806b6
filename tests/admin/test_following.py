"""Followers of events: what they get, what they get again, and what becomes of those who are slow or too many."""

import asyncio
import json

import pytest
from aiohttp import ClientResponse, ClientSession
from aiohttp.test_utils import TestClient, TestServer

from proxy.admin.app import Admin, make_app
from proxy.admin.following import FOLLOWERS, MOST_FOLLOWERS, MOST_WAITING, Follower
from proxy.admin.query import EventQuery
from proxy.events.record import Event
from tests.loopback import until

STREAM = "/api/events/stream"


@pytest.fixture
async def app(state):
    """Make the application, so that tests see its followers."""
    return make_app(state)


@pytest.fixture
async def client(app):
    """Ask it."""
    async with TestClient(TestServer(app)) as asking:
        yield asking


def _happen(state, *numbers: int, site: str = "Branch") -> None:
    for number in numbers:
        state.emit(Event(id=number, parameters=("CAS01", "cas02.branch.example"), site=site))


async def _opening(answer: ClientResponse) -> str:
    return (await answer.content.readuntil(b"\n\n")).decode()


async def _next(answer: ClientResponse) -> tuple[int, str, int]:
    """Read one event: its number, its name and the code of its record."""
    async with asyncio.timeout(5):
        lines = (await answer.content.readuntil(b"\n\n")).decode().splitlines()
    fields = dict(line.split(": ", 1) for line in lines if line)
    return int(fields["id"]), fields["event"], json.loads(fields["data"])["winlog.event_id"]


async def test_events_come_as_they_happen(client, state) -> None:
    """Only those after the beginning, each with its number and its record."""
    _happen(state, 43)
    async with client.get(STREAM) as answer:
        opening = await _opening(answer)
        _happen(state, 1043, 43)
        got = [await _next(answer), await _next(answer)]

    assert answer.content_type == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    assert opening == "retry: 2000\n: the last one is 1\n\n"
    assert got == [(2, "record", 1043), (3, "record", 43)]


@pytest.mark.parametrize(
    ("query", "headers"), [("?after=1", {}), ("", {"Last-Event-ID": "1"}), ("?after=0", {"Last-Event-ID": "1"})]
)
async def test_what_was_missed_comes_first(client, state, query, headers) -> None:
    """After the number in the address, or in what a browser sends when it comes back, which is newer."""
    _happen(state, 43, 1043, 1010)
    async with client.get(STREAM + query, headers=headers) as answer:
        await _opening(answer)
        _happen(state, 39)
        got = [(await _next(answer))[0] for _ in range(3)]

    assert got == [2, 3, 4]


async def test_all_that_is_kept_can_be_had(client, state) -> None:
    """After 0, and after a number of before a restart, comes everything; more than fits into one piece."""
    _happen(state, *[43] * 250)
    for query in ("?after=0", "?after=99999"):
        async with client.get(STREAM + query) as answer:
            await _opening(answer)
            got = [(await _next(answer))[0] for _ in range(250)]

        assert got == list(range(1, 251))


async def test_followers_may_choose(client, state) -> None:
    """By number and site, whatever the case, among the old ones and the new ones."""
    _happen(state, 43, 1043)
    _happen(state, 43, site="HQ")
    async with client.get(f"{STREAM}?id=43,1010&site=branch&after=0") as answer:
        await _opening(answer)
        _happen(state, 43, 1010, site="HQ")
        _happen(state, 1043, 1010)
        got = [await _next(answer), await _next(answer)]

    assert [(number, code) for number, _, code in got] == [(1, 43), (7, 1010)]


async def test_silence_is_told(client, app) -> None:
    """A comment now and then keeps the connection open and finds out who has gone."""
    app[FOLLOWERS].beat = 0.01
    async with client.get(STREAM) as answer:
        await _opening(answer)
        comment = await answer.content.readuntil(b"\n\n")

    assert comment == b": nothing new\n\n"
    await until(lambda: len(app[FOLLOWERS]) == 0, "it is still followed")


@pytest.mark.parametrize("text", ["x", "-1", "99999999999999999", "1 2"])
async def test_a_strange_number_is_400(client, text) -> None:
    """In the address or in the field."""
    assert (await client.get(STREAM, headers={"Last-Event-ID": text})).status == 400
    assert (await client.get(STREAM, params={"after": text})).status == 400


async def test_only_choices_that_make_sense(client) -> None:
    """Times and limits belong to what is kept."""
    assert (await client.get(f"{STREAM}?limit=5")).status == 400
    assert (await client.get(f"{STREAM}?since=0")).status == 400


async def test_followers_are_bounded(state) -> None:
    """One too many is told to come back; those who have gone make room at once."""
    admin = Admin(state)
    port = await admin.start("127.0.0.1", 0)
    followers = admin._runner.app[FOLLOWERS]
    async with ClientSession(f"http://127.0.0.1:{port}") as session:
        answers = [await session.get(STREAM) for _ in range(MOST_FOLLOWERS)]
        refused = await session.get(STREAM)
        answers[0].close()
        await until(lambda: any(each.is_gone for each in followers._followers), "it does not go")
        taken = await session.get(STREAM)
        for answer in (*answers, taken):
            answer.close()
    await admin.stop()

    assert (refused.status, refused.headers["Retry-After"]) == (503, "15")
    assert taken.status == 200


async def test_a_slow_follower_is_cut_and_counted(state) -> None:
    """It costs nobody else anything, comes back and gets what it missed."""
    admin = Admin(state)
    port = await admin.start("127.0.0.1", 0)
    followers = admin._runner.app[FOLLOWERS]
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.transport.pause_reading()
    writer.write(f"GET {STREAM} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    await until(lambda: len(followers) == 1, "nobody follows")
    while followers.lost == 0:
        state.emit(Event(id=43, parameters=("CAS01", "cas02"), note="x" * 2000))
        await asyncio.sleep(0)
    await until(lambda: len(followers) == 0, "it is not cut")
    lost = followers.lost
    writer.close()
    del reader
    await admin.stop()

    assert lost == MOST_WAITING + 1


async def test_nobody_is_told_when_nobody_follows(client, app, state) -> None:
    """The keeper of events forgets us with the last follower."""
    app[FOLLOWERS].beat = 0.01
    async with client.get(STREAM) as answer:
        await _opening(answer)
        told = list(state.kept._followers)
    await until(lambda: state.kept._followers == [], "we are still told")

    assert len(told) == 1


async def test_a_follower_that_is_cut_gets_nothing_more() -> None:
    """Neither what waits nor what happens then."""
    follower = Follower(EventQuery(), None)
    taken = [follower.take(b"x") for _ in range(MOST_WAITING + 1)]

    assert taken == [True] * MOST_WAITING + [False]
    assert follower.is_over
    assert follower.is_gone
    assert await follower.next(1.0) == b""
