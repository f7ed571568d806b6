"""What an exchange knows, and the questions about it."""

import pytest

from proxy.front.connection import BrowserConnection
from proxy.model.limits import Timeouts
from proxy.model.message import CHUNKED, LENGTH, NONE, UNTIL_CLOSE, Framing
from proxy.model.sites import PathLimits
from proxy.relay import state
from proxy.relay.state import Browser, frame
from tests.fakes import NOW, World, connected, head, make_site


@pytest.mark.parametrize("kind", [NONE, LENGTH, UNTIL_CLOSE])
@pytest.mark.parametrize("ended", [False, True])
def test_only_chunked_bodies_are_framed(kind, ended):
    """By length and until close bytes pass as they are."""
    assert frame(Framing(kind, 5), b"hello", ended=ended) == b"hello"


@pytest.mark.parametrize(
    ("data", "ended", "framed"),
    [
        (b"hello", False, b"5\r\nhello\r\n"),
        (b"hello", True, b"5\r\nhello\r\n0\r\n\r\n"),
        (b"", False, b""),
        (b"", True, b"0\r\n\r\n"),
    ],
)
def test_chunks_end_only_with_the_body(data, ended, framed):
    """Nothing becomes nothing, never the chunk that ends a body."""
    assert frame(Framing(CHUNKED, 0), data, ended=ended) == framed


def test_phases_stand_by_themselves():
    """The bare names are the members they are named after."""
    assert {name: getattr(state, name) for name in state.Phase.__members__} == dict(state.Phase.__members__)


def test_the_browsers_connection_is_a_browser():
    """The front offers everything that an exchange uses."""
    promised = [name for name in (*vars(Browser), *Browser.__annotations__) if not name.startswith("_")]

    assert [name for name in promised if not hasattr(BrowserConnection, name)] == []


def test_a_new_exchange_knows_nothing():
    """No status, no error, no bytes, and an id of its own."""
    exchange, _ = World().exchange()

    assert (exchange.status, exchange.error_type, exchange.bytes_in, exchange.bytes_out) == (0, "", 0, 0)
    assert exchange.request_id == b"0123456789abcdef"


def test_a_request_without_a_head_is_never_asked_again():
    """What has not been read cannot be known to be safe."""
    exchange, _ = World().exchange()
    connection = connected()
    connection.asked = 5

    assert not exchange.may_be_sent_again(connection)


def test_a_route_has_time_limits_of_its_own():
    """A long poll's path may wait longer than the site's others."""
    route = PathLimits(prefix="/owa/poll", timeouts=Timeouts(response_head=600.0), limits=make_site().limits)
    deadlines = []
    for target in ("/owa/", "/owa/poll?x"):
        world = World(make_site(routes=(route,)))
        world.offer()
        _, browser = world.request(head("GET", target))
        deadlines.append(browser.deadline - NOW)

    assert deadlines == [120.0, 600.0]


def test_hold_and_release_are_told_once():
    """The browser's side hears changes only."""
    exchange, browser = World().exchange()
    for step in (exchange.release, exchange.hold, exchange.hold, exchange.release, exchange.release):
        step()

    assert browser.calls == ["hold", "release"]
