"""Names and addresses to dial: who is asked, and how often."""

import asyncio
import socket

import pytest

from proxy.upstream.resolve import Resolver


class CountingLoop(asyncio.SelectorEventLoop):
    """A loop whose resolver counts questions and answers when `gate` opens."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.answer: list | OSError = []

    async def getaddrinfo(self, host, port, **_kinds):
        """Count, wait, answer."""
        self.asked.append(host)
        await self.gate.wait()
        if isinstance(self.answer, OSError):
            raise self.answer
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in self.answer]


def run(work):
    """Run on a counting loop."""
    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        return runner.run(work(runner.get_loop()))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", ["127.0.0.1"]),
        ("::1", ["::1"]),
        ("localhost", ["127.0.0.1", "::1"]),
        ("branch.localhost", ["127.0.0.1", "::1"]),
        ("Branch.LOCALHOST.", ["127.0.0.1", "::1"]),
    ],
)
def test_literals_and_localhost_ask_nobody(host, expected):
    """IP literals and names below localhost are known without the system's resolver."""

    async def work(loop):
        addresses = await Resolver().addresses(host, 443)
        return [(each.host, each.sockaddr[:2]) for each in addresses], loop.asked

    assert run(work) == ([(address, (address, 443)) for address in expected], [])


def test_questions_at_once_are_one_question():
    """However many wait for a name, the resolver is asked once, and again when it has answered."""

    async def work(loop):
        resolver = Resolver()
        waiting = [loop.create_task(resolver.addresses("cas02.example", 443)) for _ in range(20)]
        await asyncio.sleep(0)
        loop.answer = ["192.0.2.7", "192.0.2.7", "192.0.2.8"]
        loop.gate.set()
        found = await asyncio.gather(*waiting)
        await resolver.addresses("cas02.example", 443)
        return {tuple(each.host for each in addresses) for addresses in found}, len(loop.asked)

    assert run(work) == ({("192.0.2.7", "192.0.2.8")}, 2)


def test_one_who_gives_up_does_not_take_the_answer_from_others():
    """Cancelling one waiter leaves the question to the others."""

    async def work(loop):
        resolver = Resolver()
        leaves, stays = (loop.create_task(resolver.addresses("cas02.example", 443)) for _ in range(2))
        await asyncio.sleep(0)
        leaves.cancel()
        loop.answer = ["192.0.2.7"]
        loop.gate.set()
        with pytest.raises(asyncio.CancelledError):
            await leaves
        return [each.host for each in await stays]

    assert run(work) == ["192.0.2.7"]


@pytest.mark.parametrize("answer", [[], socket.gaierror(socket.EAI_NONAME, "unknown")])
def test_unknown_name_is_an_error_of_the_resolver(answer):
    """No such name, and a name without addresses, are both told as `gaierror`."""

    async def work(loop):
        loop.answer = answer
        loop.gate.set()
        with pytest.raises(socket.gaierror):
            await Resolver().addresses("nobody.example", 443)

    run(work)


def test_label_that_cannot_be_asked_for_is_unknown():
    """A label of more than 63 characters is an unknown name, not a defect of ours."""

    async def work():
        with pytest.raises(socket.gaierror):
            await Resolver().addresses("a" * 64 + ".example", 443)

    asyncio.run(work())
