"""Answers of ours and errands: written whole, begun with the whole body, forgotten with the browser."""

from dataclasses import replace

import pytest

from proxy.errors import ClientFault, OurFault
from proxy.model.limits import Limits
from proxy.model.reply import Reply
from proxy.routing.passage import Passage
from tests.fakes import FakeErrand, FakeGate, World, make_site

PAGE = Reply(302, (("Location", "/owa/auth/logon.aspx"),), b"moved", "no session")
GET = b"GET /owa/ HTTP/1.1\r\nHost: mail.example\r\n\r\n"
POST = b"POST /owa/auth.owa HTTP/1.1\r\nHost: mail.example\r\nContent-Length: 5\r\n\r\n"
EXPECTING = POST.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")


def world(outcome: object) -> World:
    """Make a world with a gate that says this of every request."""
    return World(gate=FakeGate(outcome))


def passage(scene: World, **more: object) -> Passage:
    """Make a passage to the scene's site."""
    return Passage(scene.equipment.router.decide_in("Branch", b"/owa/"), **more)


def test_a_reply_is_written_whole():
    """Status, its fields, length and id; nobody is dialled and the connection stays."""
    scene = world(PAGE)
    _, browser = scene.request(GET)

    assert browser.written.startswith(b"HTTP/1.1 302 Found\r\nLocation: /owa/auth/logon.aspx\r\nContent-Length: 5\r\n")
    assert browser.written.endswith(b"X-Request-Id: 0123456789abcdef\r\n\r\nmoved")
    assert browser.calls[-1] == "keep"
    assert scene.pools[0].waiting == []
    assert [(entry.status, entry.because) for entry in scene.access] == [(302, "no session")]


@pytest.mark.parametrize(
    ("raw", "end"),
    [
        (GET.replace(b"GET", b"HEAD"), b"Content-Length: 5\r\nX-Request-Id: 0123456789abcdef\r\n\r\n"),
        (
            GET.replace(b"HTTP/1.1\r\nHost", b"HTTP/1.0\r\nConnection: keep-alive\r\nHost"),
            b"Connection: keep-alive\r\n\r\nmoved",
        ),
        (GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), b"Connection: close\r\n\r\nmoved"),
    ],
)
def test_a_reply_suits_its_request(raw, end):
    """No body to HEAD; what was asked for the connection is kept."""
    _, browser = world(PAGE).request(raw)

    assert browser.written.endswith(end)


def test_a_reply_that_closes():
    """440 has a phrase of its own and ends the connection."""
    _, browser = world(Reply(440, (), b"x", "expired", closes=True)).request(GET)

    assert browser.written.startswith(b"HTTP/1.1 440 Login Timeout\r\n")
    assert browser.calls[-1] == "close"


def test_a_reply_does_not_wait_for_a_body():
    """A POST without a session is answered at once; what follows of it must not be taken for a request."""
    scene = world(PAGE)
    _, browser = scene.request(POST, b"", ended=False)

    assert (browser.status, browser.calls[-1]) == (302, "close")


def test_an_errand_begins_with_the_whole_body():
    """However it is cut, and no sooner."""
    errand = FakeErrand()
    scene = world(errand)
    exchange, browser = scene.request(POST, b"ab", ended=False)
    before = errand.body
    exchange.send_body(b"cd", ended=False)
    exchange.send_body(b"e", ended=True)

    assert (before, errand.body, browser.written) == (None, b"abcde", b"")


@pytest.mark.parametrize(
    ("outcome", "status"), [(PAGE, 302), (OurFault(503, "The directory does not answer.", retry_after=5), 503)]
)
def test_what_an_errand_brings_is_answered(outcome, status):
    """A reply or an error, whenever it comes."""
    errand = FakeErrand()
    _, browser = world(errand).request(POST, b"abcde", ended=True)
    errand.done(outcome)

    assert browser.status == status


def test_an_errand_may_let_the_request_pass():
    """Then it goes where the passage says."""
    errand = FakeErrand()
    scene = world(errand)
    exchange, _ = scene.request(GET)
    errand.done(passage(scene))

    assert scene.pools[0].waiting == [exchange]


def test_a_form_that_is_too_large_is_refused():
    """413, and the errand is called off."""
    errand = FakeErrand(body_limit=4)
    _, browser = world(errand).request(POST, b"abcde", ended=True)

    assert (browser.status, errand.body, errand.cancelled) == (413, None, True)


def test_a_browser_that_waits_to_send_a_form_is_told_to():
    """`Expect: 100-continue` is answered by whoever reads the body: us."""
    errand = FakeErrand()
    exchange, browser = world(errand).request(EXPECTING, b"", ended=False)
    told = browser.written
    exchange.send_body(b"abcde", ended=True)

    assert told == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert errand.body == b"abcde"


def test_a_form_that_does_not_arrive_is_408():
    """A browser that stops in the middle holds nothing for ever."""
    errand = FakeErrand()
    scene = world(errand)
    exchange, browser = scene.request(POST, b"ab", ended=False)
    exchange.expire(browser.deadline + 1)

    assert (browser.status, errand.cancelled) == (408, True)


def test_a_browser_that_leaves_calls_the_errand_off():
    """And what it brings all the same is dropped."""
    errand = FakeErrand()
    exchange, browser = world(errand).request(POST, b"abcde", ended=True)
    exchange.leave()
    errand.done(PAGE)

    assert (errand.cancelled, browser.written) == (True, b"")


def test_the_gate_may_refuse():
    """A request that means two things is 400 like any other."""
    scene = world(ClientFault(400, "The path means something else once it is decoded."))
    _, browser = scene.request(GET)

    assert browser.status == 400


def test_identity_goes_upstream_and_a_renewed_cookie_back():
    """With each request of the passage, also when the head is remembered; another passage is another identity."""
    scene = World(gate=FakeGate())
    cookie = b"Set-Cookie: __Host-casproxy=new\r\n"
    scene.gate.outcome = passage(scene, identity=b"X-CASProxy-User: LAB\\alice\r\n", set_cookie=cookie)
    connection = scene.offer()
    _, browser = scene.request(GET)
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    scene.pools[0].idle.append(scene.pools[0].returned.pop())
    scene.gate.outcome = passage(scene, identity=b"X-CASProxy-User: LAB\\bob\r\n")
    scene.request(GET)

    heads = connection.transport.written.split(b"GET ")[1:]
    assert [b"X-CASProxy-User: LAB\\alice\r\n" in head for head in heads] == [True, False]
    assert [b"X-CASProxy-User: LAB\\bob\r\n" in head for head in heads] == [False, True]
    assert browser.written.count(cookie) == 1


LARGE = POST.replace(b"Content-Length: 5", b"Content-Length: 9")


def test_a_body_waits_for_an_errand_that_does_not_take_it():
    """Nothing more is read meanwhile; then all of it goes to the backend, in order."""
    errand = FakeErrand(body_limit=0)
    scene = world(errand)
    connection = scene.offer()
    exchange, browser = scene.request(LARGE, b"abc", ended=False)
    held = browser.calls[-1]
    errand.done(passage(scene))
    exchange.send_body(b"defghi", ended=True)

    assert (errand.body, held, browser.calls[-1]) == (b"", "hold", "release")
    assert connection.transport.written.endswith(b"\r\n\r\nabcdefghi")


def test_a_body_that_waited_and_is_too_large_for_its_site_is_refused():
    """The limit is known only when the site is."""
    errand = FakeErrand(body_limit=0)
    site = replace(make_site(), limits=Limits(body_bytes=8))
    scene = World(site, gate=FakeGate(errand))
    _, browser = scene.request(LARGE, b"abc", ended=False)
    errand.done(passage(scene))

    assert browser.status == 413
    assert scene.pools[0].waiting == []
