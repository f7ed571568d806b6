"""Many users at once on pooled connections: nobody ever sees another's answer, nobody is ever taken for another."""

import asyncio
import random
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from tests.stage import Browser, Heard, Stage, stage
from tests.visitors import account, directory_settings, sign_in, write_users
from tests.wire import hear, request, requests_in

pytestmark = pytest.mark.e2e

SITES = {"alice": "HQ", "erin": "HQ", "bob": "Branch", "heidi": "Branch"}
SENT_AHEAD = 4
"""Requests of one write."""
_USER = re.compile(rb"\r\nX-CASProxy-User: ([^\r]*)\r\n")


async def echo(heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer each request with its target, who asked by the proxy's word, and its body."""
    before = 0
    while head := await hear(heard, reader):
        whole, before = heard.raw[before:], len(heard.raw)
        body = whole.partition(b"\r\n\r\n")[2]
        answer = b"\n".join([head.split(b" ")[1], b"|".join(_USER.findall(head)), body])
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))
        await writer.drain()


@asynccontextmanager
async def house(folder, more: str = ""):
    """Run two sites with two users each, on few connections to their servers."""
    write_users(folder, *(account(name, site) for name, site in SITES.items()))
    few = "[sites.limits]\nupstream_connections = 24\n"
    async with stage(
        {"HQ": echo, "Branch": echo},
        settings=f'{directory_settings(folder)}[log]\nuser = "plain"\n{more}',
        site_settings={"HQ": f"own = true\n{few}", "Branch": few},
    ) as running:
        yield running


def question(number: int, cookie: bytes) -> tuple[bytes, bytes, bytes]:
    """Make a request that nobody else makes; gives it with its target and body."""
    target, body = b"/owa/?question=%d" % number, b"body of %d" % number if number % 5 == 0 else b""
    method = b"POST" if body else b"GET"
    return request(b"Cookie: " + cookie, target=target, method=method, body=body), target, body


@dataclass
class Crowd:
    """Browsers that ask as several users, and what went wrong."""

    cookies: dict[str, bytes]
    wrong: list[tuple[bytes, bytes]] = field(default_factory=list)
    asked: int = 0

    async def ask_for_long(self, browser: Browser, users: list[str], numbers: range, seed: int) -> None:
        """Ask every question once, some of them ahead, each as one of the users."""
        chance = random.Random(seed)
        waiting = list(numbers)
        while waiting:
            ahead, waiting = waiting[: (count := chance.randint(1, SENT_AHEAD))], waiting[count:]
            asked = [(user := chance.choice(users), *question(number, self.cookies[user])) for number in ahead]
            await browser.send(b"".join(whole for _, whole, _, _ in asked))
            for user, _, target, body in asked:
                answer = await browser.answer()
                self.asked += 1
                expected = b"\n".join([target, b"LAB\\" + user.encode(), body])
                if (answer.status, answer.body) != (200, expected):
                    self.wrong.append((expected, answer.raw_head + answer.body))


async def come_and_go(running: Stage, user: str, done: asyncio.Event) -> int:
    """Sign in, ask, sign off, find the session over, again and again; gives how often."""
    browser, visits = await running.browser(), 0
    while not done.is_set():
        cookie = await sign_in(browser, user)
        answer = await browser.ask(question(1, cookie)[0])
        assert answer.body == b"/owa/?question=1\nLAB\\%b\n" % user.encode()
        ended = await browser.ask(request(b"Cookie: " + cookie, target=b"/owa/logoff.owa"))
        over = await browser.ask(question(1, cookie)[0])
        assert [each.status for each in (ended, over)] == [302, 302]
        visits += 1
    return visits


async def test_ten_thousand_questions_of_four_users(tmp_path) -> None:
    """Each gets its own answer and identity, while others sign in and off; the connections were shared."""
    async with house(tmp_path) as running:
        door = await running.browser()
        crowd = Crowd({user: await sign_in(door, user) for user in SITES})
        browsers = [await running.browser() for _ in range(40)]
        loners = [[user] for user in SITES for _ in range(5)]
        mixed = [["alice", "bob"], ["alice", "erin"], ["bob", "heidi"], list(SITES)] * 5
        done = asyncio.Event()
        goers = [asyncio.ensure_future(come_and_go(running, user, done)) for user in ("alice", "bob")]
        await asyncio.gather(
            *(
                crowd.ask_for_long(browser, users, range(10 + 250 * number, 260 + 250 * number), number)
                for number, (browser, users) in enumerate(zip(browsers, loners + mixed, strict=True))
            )
        )
        done.set()
        visits = await asyncio.gather(*goers)

        assert crowd.asked == 10_000
        assert crowd.wrong == []
        assert min(visits) > 3
        for site, backend in running.backends.items():
            of_site = {b"LAB\\" + user.encode() for user, home in SITES.items() if home == site}
            seen = [
                {one.values(b"x-casproxy-user")[0] for one in requests_in(each.raw)} for each in backend.connections
            ]
            assert set().union(*seen) == of_site
            assert of_site in seen  # a connection that carried both


async def test_two_sessions_of_one_connection(tmp_path) -> None:
    """Requests sent ahead with one cookie and the other by turns are answered for the one and the other."""
    async with house(tmp_path) as running:
        browser = await running.browser()
        cookies = {user: await sign_in(browser, user) for user in ("alice", "bob", "erin")}
        order = ["alice", "bob", "alice", "erin", "erin", "alice", "bob", "bob"] * 3
        await browser.send(b"".join(question(number, cookies[user])[0] for number, user in enumerate(order)))
        answers = [(await browser.answer()).body.split(b"\n")[:2] for _ in order]

        assert answers == [
            [b"/owa/?question=%d" % number, b"LAB\\" + user.encode()] for number, user in enumerate(order)
        ]
        assert [entry.user for entry in running.access if entry.user] == [f"LAB\\{user}" for user in order]


async def test_a_request_without_a_cookie_after_one_with(tmp_path) -> None:
    """A connection is nobody's: what was signed in before it says nothing of the request without a session."""
    async with house(tmp_path) as running:
        browser = await running.browser()
        cookie = await sign_in(browser, "alice")
        bare, two = request(target=b"/owa/?question=1"), cookie + b"x; " + cookie
        await browser.send(question(1, cookie)[0] + bare + request(b"Cookie: " + two, target=b"/owa/?question=2"))
        answers = [await browser.answer() for _ in range(3)]

        assert [answer.status for answer in answers] == [200, 302, 302]
        assert len(requests_in(running.backends["HQ"].raw)) == 1


async def test_an_end_between_requests_sent_ahead(tmp_path) -> None:
    """What was sent after the sign-off is not answered for the user any more; the other session goes on."""
    async with house(tmp_path) as running:
        browser = await running.browser()
        alice, bob = await sign_in(browser, "alice"), await sign_in(browser, "bob")
        off = request(b"Cookie: " + alice, target=b"/owa/logoff.owa")
        await browser.send(question(1, alice)[0] + off + question(2, alice)[0] + question(3, bob)[0])
        answers = [await browser.answer() for _ in range(4)]

        assert [answer.status for answer in answers] == [200, 302, 302, 200]
        assert answers[3].body == b"/owa/?question=3\nLAB\\bob\n"
        assert b"question=2" not in running.backends["HQ"].raw
