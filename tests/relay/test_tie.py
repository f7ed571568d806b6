"""A connection that somebody has signed in is one browser's alone."""

import pytest

from tests.fakes import World, make_site

PLAIN = b"GET /owa/ HTTP/1.1\r\nHost: mail.example\r\n\r\n"
SIGNED = PLAIN.replace(b"\r\n\r\n", b"\r\nAuthorization: NTLM TlRMTVNTUAAB\r\n\r\n")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHALLENGE = b"HTTP/1.1 401 No\r\nWWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n"


class Scene:
    """One browser connection that asks several times."""

    def __init__(self, servers: int = 1) -> None:
        self.world = World(make_site(servers))
        _, self.browser = self.world.exchange()

    def ask(self, raw: bytes):
        """Ask on the browser's connection."""
        exchange, browser = self.world.exchange()
        browser.tie = self.browser.tie
        exchange.browser = browser
        exchange.prepare(raw, self.world.memory)
        exchange.start(b"", ended=True)
        return exchange, browser


@pytest.mark.parametrize(("request_head", "answer"), [(SIGNED, OK), (PLAIN, CHALLENGE), (SIGNED, CHALLENGE)])
def test_a_challenge_or_a_credential_ties(request_head, answer):
    """The pool gets nothing back, and the browser's next request goes to the very same connection."""
    scene = Scene()
    connection = scene.world.offer()
    scene.ask(request_head)
    connection.data_received(answer)
    scene.ask(PLAIN)

    assert scene.world.pools[0].returned == []
    assert connection.transport.written.count(b"GET /owa/") == 2
    assert scene.world.pools[0].waiting == []


def test_nobody_else_gets_it():
    """Another browser's request waits for a connection of its own."""
    scene = Scene()
    connection = scene.world.offer()
    scene.ask(SIGNED)
    connection.data_received(OK)
    other, _ = scene.world.request(PLAIN)

    assert scene.world.pools[0].waiting == [other]
    assert connection.transport.written.count(b"GET /owa/") == 1


def test_without_either_connections_are_shared():
    """Basic is said anew with every request."""
    scene = Scene()
    connection = scene.world.offer()
    scene.ask(PLAIN.replace(b"\r\n\r\n", b"\r\nAuthorization: Basic YTph\r\n\r\n"))
    connection.data_received(OK)

    assert scene.world.pools[0].returned == [connection]
    assert not scene.browser.tie.is_tied


def test_it_ends_with_the_browser():
    """Nobody may inherit it."""
    scene = Scene()
    connection = scene.world.offer()
    scene.ask(SIGNED)
    connection.data_received(OK)
    scene.browser.tie.cut()

    assert connection.transport.is_closing()
    assert not scene.browser.tie.is_tied


def test_a_changed_policy_cuts_it():
    """A connection made under the old one is not used again, and the request waits for another."""
    scene = Scene()
    connection = scene.world.offer()
    scene.ask(SIGNED)
    connection.data_received(OK)
    scene.world.pools[0].keeps = False
    exchange, _ = scene.ask(PLAIN)

    assert connection.transport.is_closing()
    assert scene.world.pools[0].waiting == [exchange]


def test_a_connection_that_may_not_be_kept_is_closed_at_once():
    """The policy changed while it was in use."""
    scene = Scene()
    connection = scene.world.offer()
    scene.world.pools[0].keeps = False
    scene.ask(SIGNED)
    connection.data_received(OK)

    assert connection.transport.is_closing()
    assert not scene.browser.tie.is_tied


def test_a_connection_that_ended_meanwhile_is_replaced():
    """By one of the pool, on which nobody is signed in: the backend will ask again."""
    scene = Scene()
    connection = scene.world.offer()
    scene.ask(SIGNED)
    connection.data_received(OK)
    connection.transport.lose()
    fresh = scene.world.offer()
    scene.ask(PLAIN)
    fresh.data_received(OK)

    assert scene.world.pools[0].returned == [fresh]
