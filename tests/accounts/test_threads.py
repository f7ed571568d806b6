"""Promises of the threads in which a library waits."""

import asyncio
import threading

import pytest

from proxy.accounts.provider import Busy, ProviderDown
from proxy.accounts.threads import Threads


@pytest.fixture
async def threads():
    """Make two threads, for which two may wait."""
    made = Threads("test", threads=2, waiting=2)
    yield made
    await made.close()


async def test_work_is_done_elsewhere(threads) -> None:
    """And gives or raises what it did."""
    assert await threads.run(threading.get_ident, 5.0) != threading.get_ident()
    with pytest.raises(KeyError):
        await threads.run(lambda: {}["x"], 5.0)


async def test_a_bounded_number_waits(threads) -> None:
    """Beyond it Busy, at once; afterwards there is room again."""
    go = threading.Event()
    work = [asyncio.ensure_future(threads.run(lambda: go.wait(30), 30.0)) for _ in range(4)]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await threads.run(int, 5.0)
    go.set()

    assert await asyncio.gather(*work) == [True] * 4
    assert await threads.run(int, 5.0) == 0


async def test_nobody_waits_for_ever(threads) -> None:
    """What takes too long keeps its thread and its place; whoever waited is told."""
    go = threading.Event()
    for _ in range(4):
        with pytest.raises(ProviderDown, match=r"within 0\.01 seconds"):
            await threads.run(lambda: go.wait(30), 0.01)
    go.set()
    await threads.close()


async def test_closing_ends_what_waits(threads) -> None:
    """What runs ends; what has not begun and what comes later is told."""
    begun, go = threading.Event(), threading.Event()

    def work() -> int:
        begun.set()
        go.wait(30)
        return 1

    running = [asyncio.ensure_future(threads.run(work, 30.0)) for _ in range(3)]
    await asyncio.to_thread(begun.wait, 30)
    closing = asyncio.ensure_future(threads.close())
    await asyncio.sleep(0)
    go.set()
    await closing

    outcomes = await asyncio.gather(*running, return_exceptions=True)
    assert outcomes[:2] == [1, 1]
    assert isinstance(outcomes[2], ProviderDown)
    with pytest.raises(ProviderDown):
        await threads.run(int, 5.0)
