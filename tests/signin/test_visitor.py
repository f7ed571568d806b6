"""A cookie is opened to a session that holds now, or to nothing."""

from dataclasses import replace

import pytest

from proxy.session.cookie import Seal
from proxy.session.keys import KeyRing, new_key
from proxy.signin.visitor import Visitor, is_of, open_session
from tests.gatehouse import ALICE, BOB, LIFETIMES, RING, Gatehouse, as_cookie, head, read


def opened(house: Gatehouse, cookie: bytes) -> object:
    """Open what a request brings."""
    return open_session(read(head(cookie)), house.kit, house.book)


def test_what_was_sealed_opens():
    """To the same session."""
    house = Gatehouse()
    session = house.session()

    assert opened(house, as_cookie(house.kit.seal.seal(session))) == session


@pytest.mark.parametrize("value", ["", "x", "gAAAAA==", "a" * 3000, "\xe4"])
def test_nonsense_opens_to_nothing(value):
    """And raises nothing."""
    assert opened(Gatehouse(), as_cookie(value)) is None


def test_no_cookie_and_two_cookies_are_none():
    """A second cookie of the name is somebody's trick."""
    house = Gatehouse()
    one, other = house.cookie(), house.cookie("LAB\\bob")

    assert opened(house, b"") is None
    assert opened(house, one + b"; " + other) is None
    assert opened(house, one + b"; " + one) is not None


def test_a_foreign_key_opens_nothing():
    """A key that was taken out of the ring ends its sessions."""
    house = Gatehouse()
    foreign = Seal(KeyRing.parse(new_key()))

    assert opened(house, as_cookie(foreign.seal(house.session()))) is None


def test_a_former_key_still_opens():
    """A new one in front of it breaks nothing."""
    old = new_key()
    house = Gatehouse(seal=Seal(KeyRing.parse(f"{new_key()}\n{old}")))
    session = house.session()

    assert opened(house, as_cookie(Seal(KeyRing.parse(old)).seal(session))) == session


@pytest.mark.parametrize(("age", "holds"), [(0.0, True), (1.5 * LIFETIMES.public - 1, True), (1350.0, False)])
def test_time_ends_it(age, holds):
    """At the latest after one and a half lifetimes."""
    house = Gatehouse()
    cookie = house.cookie()
    house.now += age

    assert (opened(house, cookie) is not None) is holds


def test_the_end_of_a_session_is_the_end():
    """Of every cookie of its id."""
    house = Gatehouse()
    session = house.session()
    house.book.end(session.id, house.now + 1000)

    for each in (session, replace(session, renewed=house.now + 1)):
        assert opened(house, as_cookie(Seal(RING).seal(each))) is None


@pytest.mark.parametrize(
    ("user", "epoch", "account", "holds"),
    [
        ("LAB\\alice", 0, ALICE, True),
        ("lab\\ALICE", 0, ALICE, True),
        ("LAB\\alice", 5, replace(ALICE, epoch=5), True),
        ("LAB\\alice", 4, replace(ALICE, epoch=5), False),
        ("LAB\\alice", 0, BOB, False),
        ("alice@lab.test", 0, ALICE, False),
    ],
)
def test_whose_a_session_is(user, epoch, account, holds):
    """Its own name's alone, and not from before somebody was thrown out."""
    assert is_of(Gatehouse().session(user, epoch=epoch), account) is holds


def test_a_visitor_knows_nothing_by_itself():
    """The gate fills it in; until then it lets nobody pass."""
    visitor = Visitor(b"x", Gatehouse().session(), ALICE)

    assert (visitor.keeper, visitor.passage, visitor.until, visitor.identity) == (None, None, 0.0, b"")
