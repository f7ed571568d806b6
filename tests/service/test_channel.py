"""Two processes of one proxy talk."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from proxy.service import channel as channel_module
from proxy.service.channel import Channel, ChannelLost, Said, frame


class Pair:
    """Both ends of a line; what is said is kept."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []
        self.lost: list[Channel] = []
        self.may_answer = asyncio.Event()

    def make(self) -> Channel:
        """Make an end that knows some verbs."""
        return Channel(
            {
                "note": lambda *arguments: self.heard.append(arguments),
                "double": lambda number: 2 * number,
                "later": self.later,
                "never": asyncio.Event().wait,
            },
            self.lost.append,
        )

    async def later(self, value: object) -> object:
        """Answer when it is time."""
        await self.may_answer.wait()
        return value


@contextlib.asynccontextmanager
async def line(tmp_path) -> AsyncIterator[tuple[Pair, Channel, Channel]]:
    """Connect two ends over a Unix socket."""
    pair, loop = Pair(), asyncio.get_running_loop()
    there = pair.make()
    server = await loop.create_unix_server(lambda: there, str(tmp_path / "s"))
    _, here = await loop.create_unix_connection(pair.make, str(tmp_path / "s"))
    try:
        yield pair, here, there
    finally:
        here.close()
        there.close()
        server.close()
        await asyncio.sleep(0)


async def test_what_is_told_arrives_in_order(tmp_path):
    """Nobody answers; large words come whole."""
    async with line(tmp_path) as (pair, here, _):
        told = [here.tell("note", number, b"x" * 100_000) for number in range(20)]
        await here.ask("double", 1)

    assert told == [True] * 20
    assert [(number, len(data)) for number, data in pair.heard] == [(number, 100_000) for number in range(20)]


async def test_both_ends_may_ask(tmp_path):
    """Answers find who asked, also when a later question is answered first."""
    async with line(tmp_path) as (pair, here, there):
        later = asyncio.ensure_future(here.ask("later", "late"))
        quick = [await here.ask("double", 2), await there.ask("double", 3)]
        pair.may_answer.set()

        assert (quick, await later) == ([4, 6], "late")


async def test_an_answer_that_takes_too_long_is_not_waited_for(tmp_path):
    """Whoever asked goes on; the answer that comes in the end is nobody's."""
    async with line(tmp_path) as (pair, here, _):
        with pytest.raises(ChannelLost, match="did not answer"):
            await here.ask("later", 1, patience=0.01)
        pair.may_answer.set()

        assert await here.ask("double", 1) == 2


async def test_a_process_that_goes_leaves_nobody_waiting(tmp_path):
    """Both ends hear of it, and nothing more can be said."""
    async with line(tmp_path) as (pair, here, there):
        waiting = asyncio.ensure_future(here.ask("never"))
        await here.ask("double", 1)
        there.close()
        with pytest.raises(ChannelLost, match="has gone"):
            await waiting
        with pytest.raises(ChannelLost, match="has gone"):
            await here.ask("double", 1)

        assert (here.tell("note"), here.dropped, here.is_open) == (False, 1, False)
        assert here in pair.lost


async def test_words_that_nobody_reads_are_dropped(tmp_path, monkeypatch):
    """And counted: memory stays bounded."""
    monkeypatch.setattr(channel_module, "BACKLOG_BYTES", 100_000)
    async with line(tmp_path) as (pair, here, there):
        await here.ask("double", 1)
        there._transport.pause_reading()
        told = [here.tell("note", b"x" * 100_000) for _ in range(20)]
        there._transport.resume_reading()
        await here.ask("double", 1)

    assert (told[0], told[-1]) == (True, False)
    assert (here.dropped, len(pair.heard)) == (told.count(False), told.count(True))


async def test_words_may_come_in_pieces():
    """A byte at a time is as good."""
    pair = Pair()
    channel = pair.make()
    for byte in frame(Said("note", ("whole",))):
        channel.data_received(bytes((byte,)))

    assert pair.heard == [("whole",)]
