"""A session holds as long as it is used, and what a page does by itself is no use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.session.lifetime import Lifetimes, State, is_activity, latest_end, state
from proxy.session.session import Session, begin_session, renew_session

LIFETIMES = Lifetimes()
ENDINGS = ("js", "css", "gif", "png", "jpg", "jpeg", "ico", "JS", "Css", "woff2")


def begun(at: float, *, public: bool) -> Session:
    """Begin a session of somebody."""
    return begin_session("LAB\\alice", 0, at, public=public, light=False)


@pytest.mark.parametrize(
    ("public", "age", "expected"),
    [
        (True, 0, State.FRESH),
        (True, 450, State.FRESH),
        (True, 450.1, State.RENEW),
        (True, 900, State.RENEW),
        (True, 1349.9, State.RENEW),
        (True, 1350, State.EXPIRED),
        (True, 1e9, State.EXPIRED),
        (True, -60, State.FRESH),
        (True, -60.1, State.EXPIRED),
        (False, 14_400, State.FRESH),
        (False, 14_400.1, State.RENEW),
        (False, 43_199.9, State.RENEW),
        (False, 43_200, State.EXPIRED),
    ],
)
def test_a_session_holds_one_and_a_half_lifetimes_at_most(public: bool, age: float, expected: State) -> None:
    """Fresh to the half, to be renewed from there, over at one and a half; a minute of the future is forgiven."""
    assert state(begun(1e6, public=public), 1e6 + age, LIFETIMES) is expected


def test_a_session_begun_in_the_future_is_over() -> None:
    """Both moments count: a renewal does not heal a begin of a wrong clock."""
    session = renew_session(begun(1e6, public=True), 1e6 - 300)

    assert state(session, 1e6 - 300, LIFETIMES) is State.EXPIRED


@given(st.lists(st.floats(0, 2000), max_size=30), st.booleans())
def test_activity_keeps_and_silence_ends(pauses: list[float], public: bool) -> None:
    """Nobody is signed out within a lifetime after the last activity, nobody stays after one and a half."""
    lifetimes = Lifetimes(public=900.0, private=1000.0)
    lifetime = lifetimes.of(public=public)
    session, now = begun(1e6, public=public), 1e6
    for pause in pauses:
        now += pause
        found = state(session, now, lifetimes)
        if found is State.EXPIRED:
            assert pause >= lifetime
            return
        assert pause < 1.5 * lifetime
        if found is State.RENEW:
            session = renew_session(session, now)


@given(st.floats(0, 1349), st.floats(0, 2000))
def test_an_ended_session_is_remembered_until_all_its_copies_are_over(renewal: float, wait: float) -> None:
    """A copy renewed just before the end is over when the end is forgotten."""
    old = begun(1e6, public=True)
    newer = renew_session(old, 1e6 + renewal)
    ended = latest_end(old, newer.renewed, LIFETIMES)

    assert state(newer, ended + wait, LIFETIMES) is State.EXPIRED


@pytest.mark.parametrize(
    ("method", "path", "query", "header", "expected"),
    [
        ("GET", "/owa/", "", "", True),
        ("POST", "/owa/ev.owa", "oeh=1&ns=Mail&ev=Get", "", True),
        ("GET", "/owa/keepalive.owa", "", "", True),
        ("GET", "/OWA/KeepAlive.owa", "", "", True),
        ("GET", "/owa/", "UA=1", "1", True),
        ("GET", "/owa/", "ua=00&xua=0&u=a=0", "", True),
        ("GET", "/owa/attachment.ashx", "name=a.png", "", True),
        ("GET", "/owa/14.3/", "", "", False),
        ("GET", "/owa/ev.owa", "oeh=1&ns=PendingRequest&ev=PendingNotificationRequest&UA=0", "", False),
        ("GET", "/owa/ev.owa", "UA=0&oeh=1", "", False),
        ("GET", "/owa/ev.owa", "ua=0", "", False),
        ("GET", "/owa/ev.owa", "U%41=%30", "", False),
        ("GET", "/owa/ev.owa", "UA=1&UA=0", "", False),
        ("GET", "/owa/keepalive.owa", "UA=0", "", False),
        ("GET", "/owa/", "", "0", False),
        ("GET", "/owa/", "", " 0 ", False),
        ("GET", "/owa/ping.owa", "", "", False),
        ("GET", "/OWA/Ping.owa", "", "", False),
        ("OPTIONS", "/owa/", "", "", False),
        ("GET", "/owa/14.3.123.4/themes/base/x.aspx", "", "", False),
        ("GET", "/ecp/14.3.123.4/x", "", "", False),
        ("GET", "/owa/14.3.123.4", "", "", True),
        ("GET", "/owa/1/x", "", "", True),
        *(("GET", f"/owa/a.{ending}", "", "", False) for ending in ENDINGS),
        ("GET", "/owa/a.jsx", "", "", True),
        ("GET", "/owa/js", "", "", True),
        ("GET", "/owa/a\n.js", "", "", False),
    ],
)
def test_only_the_users_doing_is_activity(method: str, path: str, query: str, header: str, expected: bool) -> None:
    """Polls, pings, static files and what says so itself leave the session to age."""
    assert is_activity(method, path, query, header) is expected
