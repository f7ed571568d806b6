"""NTLM and Negotiate: a backend that signs connections in never gets two users onto one of them."""

import asyncio
import itertools

import pytest

from tests.stage import Heard, stage
from tests.wire import request

pytestmark = pytest.mark.e2e

ROUNDS = 20


def signing_in():
    """Make a backend like IIS: it answers with whoever signed this connection in, and asks whom it does not know."""

    async def script(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        user, challenged = b"", False
        while head := await heard.head(reader):
            credential = next((line for line in head.split(b"\r\n") if line.lower().startswith(b"authorization:")), b"")
            if credential:
                word = credential.split()[-1]
                if word == b"TYPE1":
                    challenged = True
                    writer.write(b"HTTP/1.1 401 Go on\r\nWWW-Authenticate: NTLM TYPE2\r\nContent-Length: 0\r\n\r\n")
                    continue
                user = word if challenged else b""  # the answer to a challenge of another connection is worth nothing
            if not user:
                writer.write(b"HTTP/1.1 401 Who\r\nWWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n")
                continue
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(user), user))

    return script


async def sign_in(browser, user: bytes):
    """Go through the three steps on one browser connection; gives the last answer."""
    first = await browser.ask(request())
    second = await browser.ask(request(b"Authorization: NTLM TYPE1"))
    third = await browser.ask(request(b"Authorization: NTLM " + user))
    assert (first.status, second.status) == (401, 401)
    return third


async def test_two_users_are_never_mixed_up() -> None:
    """Many requests of two browsers at once: each hears its own name, also when it says no more who it is."""
    async with stage({"HQ": signing_in()}) as running:
        browsers = {user: await running.browser() for user in (b"alice", b"bob")}
        signed = {user: (await sign_in(browser, user)).body for user, browser in browsers.items()}
        answers = [
            await asyncio.gather(*(browser.ask(request()) for browser in browsers.values())) for _ in range(ROUNDS)
        ]

        assert signed == {user: user for user in browsers}
        assert {tuple(answer.body for answer in pair) for pair in answers} == {(b"alice", b"bob")}


async def test_a_newcomer_is_nobody() -> None:
    """While signed-in connections exist, and after their browser has gone, a third browser is asked who it is."""
    async with stage({"HQ": signing_in()}) as running:
        alice = await running.browser()
        await sign_in(alice, b"alice")
        during = (await running.ask(request())).status
        alice.close()
        await running.until(lambda: running.backends["HQ"].connections[0].closed)
        after = [(await running.ask(request())).status for _ in range(3)]

        assert (during, after) == (401, [401] * 3)


async def test_a_tie_costs_a_browser_one_connection() -> None:
    """However many requests it sends."""
    async with stage({"HQ": signing_in()}) as running:
        one, other = await running.browser(), await running.browser()
        for browser, _ in itertools.product((one, other), range(3)):
            await browser.ask(request(b"Authorization: Basic YTph"))

        assert len(running.backends["HQ"].connections) == 2
