"""What a server of Exchange 2010 is asked before a request, and what becomes of each of its answers."""

from dataclasses import replace
from socket import socketpair

import pytest

from proxy.errors import UpstreamUnreachable
from proxy.message.exchange2010 import LANGUAGE_PAGE
from proxy.model.accounts import Account
from proxy.relay.accord import AGREED_SECONDS, MAX_INQUIRIES, MAX_REPEATS, REFUSED_SECONDS
from proxy.relay.inquiry import MAX_BODY
from proxy.routing.passage import Caller, Passage, Ring
from tests.fakes import FakeGate, World, connected, head, make_site

GET = head()
POST = head("POST", "/owa/ev.owa", "Content-Length: 3")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
DOWN = UpstreamUnreachable("Branch", "cas02.branch.test", "It does not answer.")
ALICE = Account(name="LAB\\alice", sid="S-1-5-21-1-2-3-1104", groups=("Staff",))
PINGED = b"HTTP/1.1 242 Pinged\r\nX-OWA-Version: 14.3.123.4\r\nContent-Length: 0\r\n\r\n"
SIGNED_ON = b"HTTP/1.1 241 Signed On\r\nSet-Cookie: inner=1\r\nContent-Length: 0\r\n\r\n"
UNKNOWN = b"HTTP/1.1 441 Need Identity\r\nContent-Length: 4\r\n\r\nwho?"


def answer(status: int, *lines: bytes, body: bytes = b"") -> bytes:
    """Make an answer of a server."""
    return b"\r\n".join([b"HTTP/1.1 %d X" % status, *lines, b"Content-Length: %d" % len(body), b"", body])


class House(World):
    """A world whose site is spoken to as Exchange 2010's, and whose user has signed in."""

    def __init__(self, servers: int = 1, account: Account = ALICE, *, public: bool = False, **more: object) -> None:
        super().__init__(make_site(servers, compat="exchange2010"), gate=FakeGate(), **more)
        self.ring = Ring()
        decision = self.equipment.router.decide_in("Branch", b"/owa/")
        caller = Caller(account, public=public)
        self.gate.outcome = Passage(
            decision, b"X-CASProxy-User: LAB\\alice\r\n", "alice", ring=self.ring, caller=caller
        )

    @property
    def numbers(self) -> list[int]:
        """The events' numbers."""
        return [event.id for event in self.events]

    def agreed(self, raw: bytes = GET, **more: object):
        """Begin a request and let the server agree; gives its connection, the exchange and the browser."""
        connection = self.offer(**more)
        exchange, browser = self.request(raw)
        for each in (PINGED, SIGNED_ON):
            connection.transport.take()
            connection.data_received(each)
        return connection, exchange, browser


def line(written: bytes) -> bytes:
    """Give the request line of what was written."""
    return written.partition(b"\r\n")[0]


# ── what is asked ────────────────────────────────────────────────────────────────────────────────


def test_the_order_is_version_user_request():
    """On one connection, each after the answer to the one before; the browser sees the last answer alone."""
    house = House()
    connection = house.offer()
    _, browser = house.request(GET)
    asked = []
    for each in (PINGED, SIGNED_ON, OK):
        asked.append(line(connection.transport.take()))
        connection.data_received(each)

    assert asked == [b"GET /owa/ping.owa HTTP/1.1", b"POST /owa/proxyLogon.owa HTTP/1.1", b"GET /owa/ HTTP/1.1"]
    assert (browser.status, browser.written.count(b"HTTP/1.1"), browser.calls) == (200, 1, ["keep"])
    assert b"inner" not in browser.written
    assert house.pools[0].returned == [connection]


def test_the_next_request_goes_at_once():
    """Both are remembered."""
    house = House()
    connection, _, _ = house.agreed()
    connection.data_received(OK)
    connection.transport.take()
    house.pools[0].idle.append(connection)
    house.request(GET)

    assert line(connection.transport.take()) == b"GET /owa/ HTTP/1.1"


def test_another_session_is_told_but_the_version_is_not_asked_again():
    """The version is the server's, the sign-on the session's; each has a canary of its own."""
    house = House()
    first, _, _ = house.agreed()
    house.gate.outcome = house.gate.outcome._replace(ring=Ring())
    second = house.offer()
    house.request(GET)

    assert line(second.transport.written) == b"POST /owa/proxyLogon.owa HTTP/1.1"
    assert canary(first.transport.written) != canary(second.transport.written)


def canary(written: bytes) -> bytes:
    """Give the canary in what was written."""
    return written.partition(b"X-OWA-ProxyCanary: ")[2].partition(b"\r\n")[0]


@pytest.mark.parametrize(
    ("seconds", "asks"), [(AGREED_SECONDS - 1, b"GET /owa/ HTTP/1.1"), (AGREED_SECONDS, b"GET /owa/ping.owa HTTP/1.1")]
)
def test_the_version_is_asked_again_in_time(seconds, asks):
    """An hour later."""
    house = House()
    house.agreed()
    house.ticks.now += seconds
    later = house.offer()
    house.request(GET)

    assert line(later.transport.written) == asks


def test_each_request_names_its_sender():
    """What servers ask for stands beside our own lines, in the sign-on as in the request, with the same canary."""
    house = House(public=True)
    connection = house.offer()
    house.request(GET)
    connection.transport.take()
    connection.data_received(PINGED)
    logon = connection.transport.take()
    connection.data_received(SIGNED_ON)
    written = connection.transport.take()

    for each in (logon, written):
        assert b"\r\nX-OWA-ProxyUri: https://mail.test/owa\r\nX-OWA-ProxyVersion: 14.3.513.0\r\n" in each
        assert b"\r\nX-OWA-ProxySid: S-1-5-21-1-2-3-1104\r\n" in each
        assert b"\r\nX-LogonType: Public\r\n" in each
        assert b"\r\nX-CASProxy-User: LAB\\alice\r\n" in each
        assert b"\r\nx-ServerToServer-OriginalClient: 192.0.2.7\r\n" in each
    assert canary(logon) == canary(written) != b""
    assert logon.endswith(b'<s>S-1-5-21-1-2-3-1104</s><s t="1" a="7">Staff</s></r>')


def test_shortcuts_stay_here_and_cookies_pass():
    """As the original did, but for cookies."""
    house = House()
    connection, _, _ = house.agreed(
        head("GET", "/owa/", "Range: bytes=0-1", "Accept-Encoding: gzip", "Cookie: UserContext=1")
    )
    written = connection.transport.take()

    assert b"Range" not in written
    assert b"Accept-Encoding" not in written
    assert b"\r\nCookie: UserContext=1\r\n" in written


def test_a_credential_is_told_over_verified_connections_only():
    """In the sign-on as in the request; never with the ping, which is for everybody."""
    for trusted in (True, False):
        house = House()
        house.gate.outcome = house.gate.outcome._replace(credential=b"Authorization: Basic x\r\n")
        connection = house.offer(trusted=trusted)
        house.request(GET)
        told = [b"Basic x" in connection.transport.take()]
        for each in (PINGED, SIGNED_ON):
            connection.data_received(each)
            told.append(b"Basic x" in connection.transport.take())

        assert told == [False, trusted, trusted]


def test_a_body_waits():
    """Nothing of it is sent before, nothing is read meanwhile; all of it arrives."""
    house = House()
    connection = house.offer()
    exchange, browser = house.request(POST, b"a", ended=False)
    exchange.send_body(b"bc", ended=True)
    for each in (PINGED, SIGNED_ON):
        assert b"abc" not in connection.transport.take()
        connection.data_received(each)

    assert connection.transport.take().endswith(b"\r\n\r\nabc")
    assert browser.calls == ["hold", "release"]


@pytest.mark.parametrize("closes", [b"Connection: close", b"Content-Type: text/plain"])
def test_a_server_may_close_after_each_answer(closes):
    """Another connection to it is used then."""
    house = House()
    first = house.offer()
    exchange, browser = house.request(GET)
    first.data_received(answer(242, b"X-OWA-Version: 14.3.123.4", closes))
    if closes.startswith(b"Conn"):
        assert house.pools[0].waiting == [exchange]
        second = house.offer()
        exchange.on_connection(house.pools[0].idle.pop())
    else:
        second = first
    second.data_received(SIGNED_ON)
    second.data_received(OK)

    assert browser.status == 200


def test_a_byte_nobody_asked_for_ends_a_connection():
    """What waits behind the answer to us would pass for the next one: another connection is used."""
    house, (near, far) = House(), socketpair()
    connection = connected(socket=near)
    house.pools[0].idle.append(connection)
    exchange, browser = house.request(GET)
    far.send(b"x")
    connection.data_received(PINGED)
    near.close()
    far.close()

    assert connection.transport.is_closed
    assert (house.pools[0].waiting, browser.written) == ([exchange], b"")


def test_a_tie_is_kept():
    """A challenge in an answer to us makes the connection this browser's alone."""
    house = House()
    connection = house.offer()
    _, browser = house.request(GET)
    connection.data_received(answer(242, b"X-OWA-Version: 14.3.123.4", b"WWW-Authenticate: NTLM"))
    connection.data_received(SIGNED_ON)
    connection.data_received(OK)

    assert browser.tie.is_tied
    assert house.pools[0].returned == []


# ── answers to the questions ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("reply", "status", "number"),
    [
        (answer(242, b"X-OWA-Version: 15.0.847.32"), 502, 46),
        (answer(242, b"X-OWA-Version: 14.3.999.0"), 502, 46),
        (answer(242, b"X-OWA-Version: 8.3.83.6"), 502, 46),
        (answer(242), 502, 1003),
        (answer(242, b"X-OWA-Version: \x9b31m<b>"), 502, 1003),
        (answer(403), 502, 42),
        (answer(401, b"WWW-Authenticate: Negotiate"), 502, 71),
        (answer(404), 502, 1003),
        (answer(200, body=b"hello"), 502, 1003),
        (answer(302, b"Location: https://elsewhere.test/"), 502, 1003),
    ],
)
def test_a_server_that_does_not_fit_gets_nothing(reply, status, number):
    """No other server is asked; the answer holds for a minute, and then it is asked again."""
    house = House(2)
    connection = house.offer()
    _, browser = house.request(GET)
    connection.transport.take()
    connection.data_received(reply)
    spare = house.offer()
    _, second = house.request(GET)
    house.ticks.now += REFUSED_SECONDS
    house.pools[0].idle.append(spare)
    house.request(GET)

    assert (browser.status, second.status, house.numbers) == (status, status, [number, number])
    assert connection.transport.take() == b""
    assert line(spare.transport.take()) == b"GET /owa/ping.owa HTTP/1.1"
    assert all(event.parameters[0] == "CAS01" for event in house.events)


def test_versions_stand_in_the_event():
    """Ours and the server's, behind their names."""
    house = House()
    connection = house.offer()
    house.request(GET)
    connection.data_received(answer(242, b"X-OWA-Version: 15.0.847.32"))

    assert house.events[0].parameters == ("CAS01", "14.3.513.0", "cas02.branch.test", "15.0.847.32")


@pytest.mark.parametrize(
    ("status", "number"), [(401, 71), (403, 42), (404, 1003), (441, 1003), (200, 1003), (242, 1003)]
)
def test_a_sign_on_that_fails_is_told(status, number):
    """No other server is asked, and nothing of the request was sent; the next request tries anew."""
    house = House(2)
    connection = house.offer()
    _, browser = house.request(POST, b"abc")
    connection.data_received(PINGED)
    connection.transport.take()
    connection.data_received(answer(status))
    later = house.offer()
    house.request(GET)

    assert (browser.status, house.numbers) == (502, [number])
    assert connection.transport.written == b""
    assert line(later.transport.written) == b"POST /owa/proxyLogon.owa HTTP/1.1"


@pytest.mark.parametrize("before", [(), (PINGED,)])
@pytest.mark.parametrize("trouble", ["502", "503", "lost", "half", "large"])
def test_a_server_that_cannot_answer_is_passed_over(before, trouble):
    """Whatever the request is, for nothing of it was sent; its body arrives whole at the next server."""
    house = House(2)
    first, second = house.offer(pool=0), house.offer(pool=1)
    _, browser = house.request(POST, b"abc")
    for each in before:
        first.data_received(each)
    spoil(first, trouble)
    if house.pools[0].waiting:
        house.pools[0].waiting.pop().on_no_connection(DOWN)
    for each in (PINGED, SIGNED_ON, OK):
        written = second.transport.take()
        second.data_received(each)

    assert written.endswith(b"\r\n\r\nabc")
    assert (browser.status, house.numbers) == (200, [39])


def spoil(connection, trouble: str) -> None:
    """Answer badly."""
    if trouble == "lost":
        connection.transport.lose()
    elif trouble == "half":
        connection.data_received(b"HTTP/1.1 242")
        connection.transport.lose()
    elif trouble == "large":
        connection.data_received(b"HTTP/1.1 242 X\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1))
        connection.data_received(bytes(MAX_BODY + 1))
        assert connection.transport.is_aborted
    else:
        connection.data_received(answer(int(trouble)))


def test_the_last_servers_failure_is_the_answer():
    """503 and event 40: there is nobody else."""
    house = House()
    connection = house.offer()
    _, browser = house.request(GET)
    connection.data_received(answer(503))

    assert (browser.status, house.numbers) == (503, [40])
    assert house.events[0].parameters == ("CAS01", "cas02.branch.test", "destination_unavailable")


def test_a_dead_pooled_connection_is_replaced():
    """Once, by a fresh one to the same server; nobody hears of it."""
    house = House(2)
    dead = house.offer(asked=3)
    exchange, browser = house.request(POST, b"abc")
    dead.transport.lose()
    waiting = house.pools[0].waiting == [exchange]
    house.offer()
    exchange.on_connection(house.pools[0].idle.pop())

    assert waiting
    assert (browser.written, house.events) == (b"", [])


def test_nobody_asks_for_ever():
    """A server that closes after each question is left alone in the end."""
    house = House()
    house.offer()
    exchange, browser = house.request(GET)
    exchange.inquiries = MAX_INQUIRIES
    house.ring.registrations = None
    house.offer()
    connection = exchange.connection
    connection.data_received(PINGED)

    assert (browser.status, house.numbers) == (502, [1003])
    assert house.pools[0].returned == [connection]


# ── answers to the request ───────────────────────────────────────────────────────────────────────


def test_a_server_that_lost_the_session_is_told_again():
    """On the same connection, then the same request; the browser waits and sees the last answer alone."""
    house = House()
    connection, _, browser = house.agreed()
    asked = []
    for each in (UNKNOWN, SIGNED_ON, OK):
        asked.append(line(connection.transport.take()))
        connection.data_received(each)

    assert asked == [b"GET /owa/ HTTP/1.1", b"POST /owa/proxyLogon.owa HTTP/1.1", b"GET /owa/ HTTP/1.1"]
    assert (browser.status, browser.written.count(b"HTTP/1.1")) == (200, 1)
    assert b"who?" not in browser.written


def test_441_for_ever_ends():
    """After two repetitions it is the server's fault."""
    house = House()
    connection, _, browser = house.agreed()
    for _ in range(MAX_REPEATS):
        connection.data_received(UNKNOWN)
        connection.data_received(SIGNED_ON)
    connection.transport.take()
    connection.data_received(UNKNOWN)

    assert (browser.status, house.numbers) == (502, [1003])
    assert connection.transport.take() == b""


def test_a_request_with_a_body_is_not_repeated():
    """502; the next request of the session tells the server first, so it succeeds."""
    house = House()
    connection, exchange, browser = house.agreed(POST)
    exchange.send_body(b"abc", ended=True)
    connection.data_received(UNKNOWN)
    later = house.offer()
    house.request(GET)

    assert (browser.status, house.numbers) == (502, [1003])
    assert line(later.transport.written) == b"POST /owa/proxyLogon.owa HTTP/1.1"


def test_a_user_without_a_language_is_sent_to_choose_one():
    """302 on our own host; the connection is of use still."""
    house = House()
    connection, _, browser = house.agreed()
    connection.data_received(answer(442, body=b"?"))

    assert browser.status == 302
    assert f"\r\nLocation: {LANGUAGE_PAGE}\r\n".encode() in browser.written
    assert house.pools[0].returned == [connection]
    assert (browser.calls, house.numbers) == (["keep"], [])


def test_442_to_half_a_request_ends_its_connection():
    """What follows of the body must not pass for another request."""
    house = House()
    waiting = house.offer()
    exchange, browser = house.request(POST, b"a", ended=False)
    for each in (PINGED, SIGNED_ON, answer(442)):
        waiting.data_received(each)
    exchange.send_body(b"bc", ended=True)

    assert (browser.status, browser.calls[-1]) == (302, "close")
    assert waiting.transport.is_aborted


@pytest.mark.parametrize(("target", "status"), [(LANGUAGE_PAGE.upper(), 442), ("/owa/", 241), ("/owa/", 242)])
def test_what_servers_say_to_each_other_is_no_answer(target, status):
    """Also 442 to the very page where a language is chosen: that would go round for ever."""
    house = House()
    connection, _, browser = house.agreed(head("GET", target))
    connection.data_received(answer(status, b"X-OWA-Version: 14.3.123.4"))

    assert (browser.status, house.numbers) == (502, [1003])
    assert b"14.3.123.4" not in browser.written


@pytest.mark.parametrize("status", [200, 302, 401, 403, 404, 440, 500])
def test_other_answers_pass(status):
    """As they came."""
    house = House()
    connection, _, browser = house.agreed()
    connection.data_received(answer(status, b"X-Own: 1", body=b"ok"))

    assert browser.status == status
    assert browser.written.endswith(b"\r\n\r\nok")
    assert house.numbers == []


def test_an_answer_in_pieces_passes():
    """Interim answers, body in pieces, and the server's slowness: the watch steps aside."""
    house = House()
    connection, _, browser = house.agreed(POST)
    connection.pause_writing()
    connection.resume_writing()
    connection.data_received(b"HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
    connection.data_received(b"cd")

    assert browser.written.startswith(b"HTTP/1.1 103 ")
    assert browser.written.endswith(b"\r\n\r\nabcd")
    assert browser.calls == ["hold", "release", "keep"]


def test_an_answer_that_breaks_off_is_a_fault():
    """Before its end nothing of a 441 is acted on."""
    house = House()
    connection, _, browser = house.agreed()
    connection.data_received(UNKNOWN[:-1])
    connection.transport.lose()

    assert (browser.status, house.numbers) == (502, [1003])


# ── what is never sent ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "target", ["/owa/proxyLogon.owa", "/OWA/%50roxyLogon.owa", "/owa/ping.owa?x", "/owa/..%2fowa/PING.OWA"]
)
def test_no_browser_speaks_as_a_server(target):
    """403; its body could name anybody."""
    house = House()
    connection = house.offer()
    _, browser = house.request(head("POST", target, "Content-Length: 0"))

    assert (browser.status, house.numbers, connection.transport.written) == (403, [], b"")
    assert house.pools[0].returned == [connection]


def test_a_path_that_cannot_be_read_is_refused():
    """Nobody knows what a server would make of it."""
    house = House()
    house.offer()
    _, browser = house.request(head("GET", "/owa/%00"))

    assert browser.status == 400


@pytest.mark.parametrize(
    ("changes", "status", "number"),
    [
        ({"sid": ""}, 502, 71),
        ({"sid": "S-1-5\r\nX: y"}, 502, 71),
        ({"groups": tuple(map(str, range(3001)))}, 403, 44),
        ({"groups": tuple(map(str, range(3000)))}, 0, None),
    ],
)
def test_users_a_server_cannot_take(changes, status, number):
    """Nothing is sent, and the events tell why."""
    house = House(account=replace(ALICE, **changes))
    connection = house.offer()
    _, browser = house.request(GET)

    assert (browser.status if browser.written else 0) == status
    assert house.numbers == ([number] if number else [])
    assert bool(connection.transport.written) is (status == 0)


def test_event_44_names_the_user_and_the_limit():
    """The user as logs may tell it."""
    house = House(account=replace(ALICE, groups=tuple(map(str, range(3001)))))
    house.offer()
    house.request(GET)

    assert house.events[0].parameters == ("CAS01", "cas02.branch.test", "alice", "3000")


@pytest.mark.parametrize("passage", ["none", "caller", "ring"])
def test_without_a_user_nothing_is_sent(passage):
    """A request that began before anybody had to sign in."""
    house = House()
    outcome = house.gate.outcome
    if passage == "none":
        house.equipment = replace(house.equipment, gate=None)
    else:
        house.gate.outcome = outcome._replace(**{passage: None})
    connection = house.offer()
    _, browser = house.request(GET)

    assert (browser.status, connection.transport.written) == (503, b"")


def test_a_tied_connection_is_spared():
    """It stays the browser's when nothing may be sent on it."""
    house = House()
    connection = house.offer()
    exchange, browser = house.exchange()
    browser.tie.tie(connection, house.equipment.destinations["Branch"][0])
    exchange.prepare(head("GET", "/owa/ping.owa"), house.memory)
    exchange.start(b"", ended=True)

    assert (browser.status, browser.tie.is_tied, connection.transport.is_closing()) == (403, True, False)


# ── time, and browsers that leave ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("before", [(), (PINGED,), (PINGED, SIGNED_ON, UNKNOWN[:-2])])
def test_each_question_has_its_time(before):
    """504 and no other server, as for the request itself; the connection is cut."""
    house = House(2)
    connection = house.offer()
    exchange, browser = house.request(GET)
    for each in before:
        connection.data_received(each)
    assert browser.deadline == house.ticks.now + house.timeouts.response_head
    exchange.expire(browser.deadline)

    assert (browser.status, house.numbers) == (504, [1002])
    assert connection.transport.is_aborted


@pytest.mark.parametrize("before", [(), (PINGED,), (PINGED, SIGNED_ON), (PINGED, SIGNED_ON, UNKNOWN[:-2])])
def test_a_browser_that_leaves_ends_it(before):
    """The server is told at once, and nothing is asked any more."""
    house = House()
    connection = house.offer()
    exchange, browser = house.request(GET)
    for each in before:
        connection.data_received(each)
    connection.transport.take()
    exchange.leave()

    assert (connection.transport.is_aborted, connection.transport.take(), browser.written) == (True, b"", b"")
    assert [entry.error for entry in house.access] == ["connection_terminated"]
