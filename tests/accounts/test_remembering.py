"""Promises of a source that remembers what a server told."""

import asyncio

import pytest

from proxy.accounts.cache import Ages
from proxy.accounts.provider import Busy, ProviderDown
from proxy.accounts.remembering import Remembering
from proxy.model.accounts import Account
from tests.loopback import until

ALICE = Account(name="LAB\\alice", addresses=("a@lab.test",))


class Server:
    """Knows Alice; counts what it is asked and fails on demand."""

    def __init__(self):
        self.users = {"LAB\\alice": ALICE, "alice": ALICE, "a@lab.test": ALICE}
        self.asked = []
        self.fault = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.closed = False

    async def check(self, login, password):
        """Say yes to the password `right`."""
        account = await self.find(login)
        return account if password == "right" else None

    async def find(self, login):
        """Answer when the gate is open."""
        self.asked.append(login)
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        return self.users.get(login)

    async def close(self):
        """Let everybody go."""
        self.closed = True
        self.fault = ProviderDown("It is closing.")
        self.gate.set()


class House:
    """A provider with its server, clock and what it told."""

    def __init__(self):
        self.server = Server()
        self.now = 1000.0
        self.told = []
        self.provider = Remembering(self.server, Ages(60.0, 10.0, 600.0), lambda: self.now, self.told.append)


@pytest.fixture
async def house():
    """Make one, and close it in the end."""
    made = House()
    yield made
    await made.provider.close()


async def test_who_was_found_is_remembered(house) -> None:
    """For the stated time; then the server is asked again."""
    assert await house.provider.find("LAB\\alice") is ALICE
    assert house.provider.cached("lab\\alice", 1059.0) is ALICE
    assert await house.provider.find("LAB\\alice") is ALICE
    assert house.server.asked == ["LAB\\alice"]

    house.now = 1060.0
    assert house.provider.cached("LAB\\alice", 1060.0) is None
    assert await house.provider.find("LAB\\alice") is ALICE
    assert len(house.server.asked) == 2


async def test_a_password_is_never_remembered(house) -> None:
    """Each sign-in asks the server; the user is remembered from then on, an unknown one is not slowed or hastened."""
    assert await house.provider.find("nobody") is None
    for password, account in (("right", ALICE), ("wrong", None), ("right", ALICE)):
        assert await house.provider.check("alice", password) is account
    assert await house.provider.check("nobody", "right") is None

    assert house.server.asked == ["nobody", "alice", "alice", "alice", "nobody"]
    assert house.provider.cached("LAB\\alice", 1000.0) is ALICE


async def test_nobody_is_remembered_for_a_moment(house) -> None:
    """Then somebody may have the name."""
    assert [await house.provider.find("nobody") for _ in range(3)] == [None] * 3
    assert house.server.asked == ["nobody"]

    house.now = 1010.0
    house.server.users["nobody"] = ALICE
    assert await house.provider.find("nobody") is ALICE


async def test_a_name_that_is_gone_is_nobodys_address(house) -> None:
    """A session of Bob does not become Alice's because she has a login that looks like it."""
    house.server.users["LAB\\bob"] = ALICE

    assert await house.provider.find("LAB\\bob") is None


async def test_who_asks_at_once_shares_the_answer(house) -> None:
    """One question; whoever gives up takes nothing from the others."""
    house.server.gate.clear()
    first, *others = (asyncio.ensure_future(house.provider.find("LAB\\alice")) for _ in range(3))
    await until(lambda: bool(house.server.asked), "nobody asked")
    first.cancel()
    house.server.gate.set()

    assert await asyncio.gather(*others) == [ALICE, ALICE]
    assert house.server.asked == ["LAB\\alice"]


async def test_who_is_there_is_looked_up_before_the_time_is_over(house) -> None:
    """So that no request has to wait; who is not there is not looked up."""
    await house.provider.find("LAB\\alice")
    house.provider.tick(1031.0)
    assert len(house.server.asked) == 1

    house.now = 1031.0
    house.provider.cached("LAB\\alice", 1031.0)
    house.provider.tick(1031.0)
    house.provider.tick(1031.0)
    await until(lambda: house.provider.cached("LAB\\alice", 1089.0) is ALICE, "nobody looked")

    assert len(house.server.asked) == 2


async def test_who_was_removed_is_out_by_then(house) -> None:
    """Found by the look before the time is over."""
    await house.provider.find("LAB\\alice")
    house.server.users.clear()
    house.now = 1031.0
    house.provider.cached("LAB\\alice", 1031.0)
    house.provider.tick(1031.0)

    await until(lambda: house.provider.cached("LAB\\alice", 1031.0) is None, "she stayed")
    assert await house.provider.find("LAB\\alice") is None


async def test_while_the_server_is_down_who_is_known_goes_on(house) -> None:
    """Up to the stated age, and nobody signs in; it is told once, and once that it is over."""
    await house.provider.find("LAB\\alice")
    house.server.fault = ProviderDown("It hangs.")
    house.now = 1061.0
    assert house.provider.cached("LAB\\alice", 1061.0) is None
    assert await house.provider.find("LAB\\alice") is ALICE
    assert house.provider.cached("LAB\\alice", 1599.0) is ALICE
    asked = len(house.server.asked)
    assert await house.provider.find("LAB\\alice") is ALICE
    assert len(house.server.asked) == asked

    for work in (house.provider.check("alice", "right"), house.provider.find("bob")):
        with pytest.raises(ProviderDown, match="It hangs"):
            await work
    assert house.provider.cached("LAB\\alice", 1600.0) is None
    house.now = 1600.0
    with pytest.raises(ProviderDown):
        await house.provider.find("LAB\\alice")

    house.server.fault = None
    assert await house.provider.check("alice", "right") is ALICE
    assert house.told == [
        "It hangs. Nobody can sign in; who is signed in goes on for a while.",
        "The directory can be asked again.",
    ]


async def test_a_server_that_is_down_is_asked_seldom(house) -> None:
    """For those who are known: one question after five seconds."""
    bob = house.server.users["LAB\\bob"] = Account(name="LAB\\bob")
    for name in ("LAB\\alice", "LAB\\bob"):
        await house.provider.find(name)
    house.server.fault = ProviderDown("It hangs.")
    house.now = 1040.0
    for now in (1040.0, 1041.0, 1044.9, 1045.0, 1046.0):
        house.now = now
        for name in ("LAB\\alice", "LAB\\bob"):
            assert house.provider.cached(name, now) is not None
        house.provider.tick(now)
        await until(lambda: not house.provider._looks, "it never ends")
    assert len(house.server.asked) == 2 + 2 + 1

    house.server.fault = None
    house.now = 1050.0
    house.provider.tick(1050.0)
    await until(lambda: not house.provider._looks, "it never ends")
    assert house.provider.cached("LAB\\bob", 1050.0) is bob
    assert house.told[-1] == "The directory can be asked again."


async def test_busy_is_not_down(house) -> None:
    """Our own limit says nothing about the server."""
    await house.provider.find("LAB\\alice")
    house.server.fault = Busy("Too many wait.")
    house.now = 1060.0

    assert await house.provider.find("LAB\\alice") is ALICE
    with pytest.raises(Busy):
        await house.provider.check("alice", "right")
    assert house.provider.cached("LAB\\alice", 1060.0) is None
    assert house.told == []


async def test_what_is_too_old_is_thrown_away(house) -> None:
    """Once a minute."""
    await house.provider.find("LAB\\alice")
    house.now = 2000.0
    house.provider.tick(2000.0)

    assert house.provider.cached("LAB\\alice", 1001.0) is None


async def test_closing_lets_nobody_wait(house) -> None:
    """Whoever waits is told."""
    house.server.gate.clear()
    waiting = asyncio.ensure_future(house.provider.find("LAB\\alice"))
    await until(lambda: bool(house.server.asked), "nobody asked")
    await house.provider.close()

    with pytest.raises(ProviderDown):
        await waiting
    assert house.server.closed
