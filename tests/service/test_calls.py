"""What signals ask of a process."""

import asyncio
import os
import signal

from proxy.service.calls import DRAIN_CUT, OK, Calls


def send(number: signal.Signals) -> None:
    """Send a signal to ourselves."""
    os.kill(os.getpid(), number)


async def test_a_signal_begins_the_end():
    """Draining that finishes is a clean end."""
    calls = Calls()
    drained = []

    async def drain() -> bool:
        drained.append(True)
        return True

    send(signal.SIGTERM)

    assert await calls.until_ended(drain) == OK
    assert drained == [True]


async def test_draining_that_is_cut_off_has_a_code_of_its_own():
    """Something was in flight."""
    calls = Calls()

    async def drain() -> bool:
        return False

    send(signal.SIGINT)

    assert await calls.until_ended(drain) == DRAIN_CUT


async def test_a_second_signal_hurries():
    """Draining that would take for ever is broken off."""
    calls = Calls()
    began = asyncio.Event()

    async def drain() -> bool:
        began.set()
        await asyncio.Event().wait()
        return True

    send(signal.SIGTERM)
    end = asyncio.ensure_future(calls.until_ended(drain))
    await began.wait()
    send(signal.SIGTERM)

    assert await end == DRAIN_CUT


async def test_what_a_signal_asked_for_ends_with_the_process():
    """It is broken off."""
    calls = Calls(ends=())
    seen, began = [], asyncio.Event()

    async def work() -> None:
        try:
            began.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("broken off")
            raise

    calls.on(signal.SIGHUP, lambda: calls.begin(work()))
    send(signal.SIGHUP)
    await began.wait()
    await calls.close()

    assert seen == ["broken off"]


async def test_what_comes_before_the_end_is_broken_off_by_it():
    """It gives nothing then; what is done in time gives what it gives."""
    calls = Calls()

    async def give() -> str:
        return "done"

    done = await calls.unless_ended(give())
    send(signal.SIGTERM)
    broken = await calls.unless_ended(asyncio.Event().wait())

    assert (done, broken) == ("done", None)


async def test_one_signal_may_hurry_alone():
    """The supervisor sends another one, for two of a kind may become one."""
    calls = Calls(ends=())
    send(signal.SIGUSR2)

    async def drain() -> bool:
        await asyncio.Event().wait()
        return True

    assert await calls.until_ended(drain) == DRAIN_CUT
