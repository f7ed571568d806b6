"""Answers are found to the byte, and what breaks the rules never reaches anybody as an answer."""

import gc
import socket
import ssl
import weakref

import pytest

from proxy.message.response import ResponseReader
from proxy.model.limits import Limits
from proxy.model.message import LENGTH, NONE, Framing
from proxy.upstream.connection import MAX_INTERIM_ANSWERS, UpstreamConnection
from proxy.upstream.terms import BODY, BODY_UNTIL_CLOSE, CLOSED, HEAD, IDLE, TUNNEL, Question
from tests.fakes import NAMES, FakeHome, FakeReceiver, FakeTransport, connected

REQUEST = b"GET / HTTP/1.1\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED_ANSWER = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
UNTIL_CLOSE_ANSWER = b"HTTP/1.1 200 OK\r\n\r\nhello"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"


def asked(method: bytes = b"GET", upgrade: bytes = b"", *, limits: Limits | None = None, **extra):
    """Make a connection that has been asked; gives it and its receiver."""
    connection = connected(limits=limits, **extra)
    receiver = FakeReceiver()
    connection.ask(receiver, Question(method, upgrade, NAMES), REQUEST)
    return connection, receiver


def feed(connection: UpstreamConnection, data: bytes, size: int = 1_000_000) -> None:
    """Bring bytes in pieces."""
    for position in range(0, len(data), size):
        connection.data_received(data[position : position + size])


def is_for_reuse(connection: UpstreamConnection, receiver: FakeReceiver) -> bool:
    """Whether another request may follow the complete answer."""
    assert receiver.ended == 1
    return connection.is_reusable(receiver.facts)


# ── asking ───────────────────────────────────────────────────────────────────────────────────────


def test_nothing_is_written_before_somebody_asks():
    """The handshake's end sends no byte."""
    assert connected().transport.written == b""


def test_a_question_goes_out_as_it_is_and_is_counted():
    """Head and body are written unchanged; `asked` counts, the answer's bytes begin anew."""
    connection, _ = asked()
    connection.send(b"more")

    assert connection.transport.written == REQUEST + b"more"
    assert (connection.asked, connection.answer_bytes, connection.state) == (1, 0, HEAD)


def test_asking_a_lost_connection_writes_nowhere():
    """Without a transport nothing happens, and nothing fails."""
    connection = UpstreamConnection(ResponseReader("CAS01"), Limits(), FakeHome())
    connection.ask(FakeReceiver(), Question(b"GET", b"", NAMES), REQUEST)
    connection.send(b"x")
    connection.pause()
    connection.resume()
    connection.close()
    connection.abort()

    assert connection.state is CLOSED
    assert not connection.is_fresh()


# ── answers ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [1, 2, 7, 1_000_000])
@pytest.mark.parametrize("answer", [ANSWER, CHUNKED_ANSWER])
def test_an_answer_is_the_same_however_it_arrives(answer, size):
    """Byte by byte or at once: one head, the body's bytes, one end, and the connection may serve again."""
    connection, receiver = asked()
    feed(connection, answer, size)

    assert (receiver.head.status, receiver.body, receiver.ended, receiver.broken) == (200, b"hello", 1, [])
    assert is_for_reuse(connection, receiver)


def test_a_small_answer_is_told_at_once():
    """Head and whole body in one read make one call."""
    connection, receiver = asked()
    feed(connection, ANSWER)

    assert receiver.pieces == 1


@pytest.mark.parametrize("size", [1, 1_000_000])
def test_answers_that_repeat_are_read_the_same(size):
    """The remembered head gives what reading it again gives, also with another body."""
    connection, _ = asked()
    seen = []
    for body in (b"hello", b"world"):
        receiver = FakeReceiver()
        connection.ask(receiver, Question(b"GET", b"", NAMES), REQUEST)
        feed(connection, ANSWER.replace(b"hello", body), size)
        seen.append((receiver.head, receiver.facts, receiver.body))
        connection.rest(1.0)

    assert seen[0][:2] == seen[1][:2]
    assert [body for *_, body in seen] == [b"hello", b"world"]


def test_a_remembered_head_does_not_outlive_its_method():
    """The same head answers GET with a body and HEAD without one."""
    connection, _ = asked()
    feed(connection, ANSWER)
    connection.rest(1.0)
    receiver = FakeReceiver()
    connection.ask(receiver, Question(b"HEAD", b"", NAMES), REQUEST)
    feed(connection, ANSWER.removesuffix(b"hello"))

    assert (receiver.facts.framing, receiver.body, receiver.ended) == (Framing(NONE, 0), b"", 1)


@pytest.mark.parametrize(
    ("method", "head"),
    [
        (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        (b"HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
        (b"GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ],
)
def test_answers_without_a_body_are_over_with_their_head(method, head):
    """HEAD, 204, 304 and length 0 have no body whatever the head says, and the connection may serve again."""
    connection, receiver = asked(method)
    feed(connection, head)

    assert (receiver.body, receiver.ended) == (b"", 1)
    assert is_for_reuse(connection, receiver)


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        (b"GET", ANSWER + b"HTTP/1.1 200 OK\r\n\r\n"),
        (b"GET", CHUNKED_ANSWER + b"X"),
        (b"HEAD", ANSWER),
        (b"GET", b"HTTP/1.1 204 No Content\r\n\r\nX"),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\n\r\nX"),
    ],
)
@pytest.mark.parametrize("cut", [0, 1])
def test_surplus_bytes_end_the_connection(method, answer, cut):
    """Bytes after the end of an answer are nobody's: they are thrown away and nobody gets the connection again."""
    connection, receiver = asked(method)
    if cut:  # the surplus comes with the body's last bytes, after the head
        end = answer.index(b"\r\n\r\n") + 4
        feed(connection, answer[:end])
        if receiver.ended:
            connection.rest(1.0)
        connection.data_received(answer[end:])
    else:
        feed(connection, answer)

    assert receiver.body in (b"hello", b"")
    assert not connection.is_reusable(receiver.facts)
    assert not connection.is_fresh()


def test_bytes_after_the_end_in_their_own_read_reach_nobody():
    """A second answer that nobody asked for closes the idle connection."""
    connection, receiver = asked()
    feed(connection, ANSWER)
    connection.rest(1.0)
    connection.data_received(ANSWER)

    assert connection.transport.is_closed
    assert (receiver.ended, receiver.broken) == (1, [])


@pytest.mark.parametrize("extra", [b"Connection: close\r\n", b"connection: Keep-Alive, CLOSE\r\n"])
def test_a_backend_that_says_close_is_not_asked_again(extra):
    """`Connection: close` ends reuse."""
    connection, receiver = asked()
    feed(connection, ANSWER.replace(b"Content", extra + b"Content"))

    assert not is_for_reuse(connection, receiver)


def test_a_closing_transport_is_not_asked_again():
    """The transport has the last word on reuse."""
    connection, receiver = asked()
    feed(connection, ANSWER)
    connection.transport.close()

    assert not is_for_reuse(connection, receiver)


# ── answers that last until the connection closes ────────────────────────────────────────────────


def test_a_clean_end_completes_a_body_without_length():
    """Bytes until close_notify are the body; the connection is over."""
    connection, receiver = asked()
    feed(connection, UNTIL_CLOSE_ANSWER, 3)
    assert receiver.ended == 0
    connection.eof_received()
    connection.transport.lose()

    assert (receiver.body, receiver.ended, receiver.broken) == (b"hello", 1, [])
    assert not connection.is_reusable(receiver.facts)


@pytest.mark.parametrize("exc", [None, ConnectionResetError()])
@pytest.mark.parametrize("clean", [False, True])
def test_a_body_without_length_is_truncated_unless_the_end_was_clean(exc, clean):
    """Without close_notify, or with a reset, the body is cut: nobody may take it for whole."""
    connection, receiver = asked()
    feed(connection, UNTIL_CLOSE_ANSWER)
    if clean:
        connection.eof_received()
    connection.transport.lose(exc)

    is_whole = clean and exc is None
    assert receiver.ended == is_whole
    assert [kind for _, kind in receiver.broken] == ([] if is_whole else ["http_response_incomplete"])


def tls_pair() -> tuple[ssl.SSLObject, ssl.MemoryBIO]:
    """Make a TLS object whose peer has sent nothing yet."""
    incoming = ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_bio(incoming, ssl.MemoryBIO()), incoming


def test_on_stock_asyncio_a_bare_end_is_not_clean():
    """There `eof_received` comes without close_notify too; the TLS object knows that none came."""
    tls, _ = tls_pair()
    connection, receiver = asked(ssl_object=tls)
    feed(connection, UNTIL_CLOSE_ANSWER)
    connection.eof_received()
    connection.transport.lose()

    assert (receiver.ended, len(receiver.broken)) == (0, 1)


class Closed(ssl.SSLObject):
    """Not a plain `ssl.SSLObject`, as the other engines' objects are not."""


def test_other_engines_tell_of_clean_ends_only():
    """With uvloop and aiofastnet the call itself is the close_notify."""
    connection, receiver = asked(ssl_object=object.__new__(Closed))
    feed(connection, UNTIL_CLOSE_ANSWER)
    connection.eof_received()
    connection.transport.lose()

    assert receiver.ended == 1


# ── broken answers ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.1 099 Early\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nX y: z\r\n\r\n",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
@pytest.mark.parametrize("size", [1, 1_000_000])
def test_malformed_answers_break_the_connection(answer, size):
    """The receiver is told once, the connection is cut, and what follows is nobody's."""
    connection, receiver = asked()
    feed(connection, answer, size)
    feed(connection, ANSWER)

    assert [kind for _, kind in receiver.broken] == ["http_protocol_error"]
    assert connection.transport.is_aborted
    assert (receiver.body, receiver.ended, connection.state) == (b"", 0, CLOSED)


def test_bad_chunks_after_a_good_beginning_break_the_connection():
    """What came before the fault has been told; the end never is."""
    connection, receiver = asked()
    feed(connection, CHUNKED_ANSWER[:-5].removesuffix(b"\r\n") + b"oops")
    feed(connection, b"more")

    assert [kind for _, kind in receiver.broken] == ["http_protocol_error"]
    assert receiver.ended == 0


@pytest.mark.parametrize("size", [1, 100, 1_000_000])
def test_a_head_without_end_is_cut_at_the_limit(size):
    """A backend cannot make us keep more than limits.head_bytes of a head."""
    connection, receiver = asked(limits=Limits(head_bytes=1000))
    feed(connection, b"HTTP/1.1 200 OK\r\nX: " + b"x" * 2000, size)

    assert [kind for _, kind in receiver.broken] == ["http_response_header_section_size"]
    assert connection.transport.is_aborted


def test_a_whole_head_beyond_the_limit_is_refused_too():
    """Its end in the same read makes no difference."""
    connection, receiver = asked(limits=Limits(head_bytes=1000))
    feed(connection, b"HTTP/1.1 200 OK\r\nX: " + b"x" * 2000 + b"\r\n\r\n")

    assert len(receiver.broken) == 1


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (b"", "connection_terminated"),
        (b"HTTP/1.1 2", "http_response_incomplete"),
        (EARLY_HINTS, "http_response_incomplete"),
        (ANSWER[:-1], "http_response_incomplete"),
        (CHUNKED_ANSWER[:-1], "http_response_incomplete"),
    ],
)
@pytest.mark.parametrize("exc", [None, ConnectionResetError()])
def test_an_end_before_the_answers_end_is_told_as_a_break(sent, kind, exc):
    """Whether anything came is told too: nothing may be repeated after a byte."""
    connection, receiver = asked()
    feed(connection, sent)
    connection.eof_received()
    connection.transport.lose(exc)

    assert [each for _, each in receiver.broken] == [kind]
    assert (receiver.ended, bool(connection.answer_bytes)) == (0, bool(sent))


# ── interim answers ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [1, 1_000_000])
def test_interim_answers_come_before_the_final_one(size):
    """Each 1xx is told by itself, then the answer."""
    connection, receiver = asked()
    feed(connection, b"HTTP/1.1 100 Continue\r\n\r\n" + EARLY_HINTS + ANSWER, size)

    assert (receiver.interims, receiver.head.status, receiver.body) == ([100, 103], 200, b"hello")


@pytest.mark.parametrize("size", [1, 1_000_000])
def test_a_flood_of_interim_answers_ends_the_connection(size):
    """Sixteen are passed on, the next one breaks."""
    connection, receiver = asked()
    feed(connection, EARLY_HINTS * (MAX_INTERIM_ANSWERS + 1) + ANSWER, size)

    assert (len(receiver.interims), len(receiver.broken)) == (MAX_INTERIM_ANSWERS, 1)
    assert (receiver.head, connection.transport.is_aborted) == (None, True)


def test_interim_answers_are_counted_for_each_request():
    """Sixteen for one request leave sixteen for the next."""
    connection, _ = asked()
    for _ in range(2):
        receiver = FakeReceiver()
        connection.ask(receiver, Question(b"GET", b"", NAMES), REQUEST)
        feed(connection, EARLY_HINTS * MAX_INTERIM_ANSWERS + ANSWER)
        connection.rest(1.0)

        assert (len(receiver.interims), receiver.ended) == (MAX_INTERIM_ANSWERS, 1)


def test_a_receiver_that_leaves_at_an_interim_answer_hears_no_more():
    """What follows in the same read is thrown away."""
    connection, receiver = asked()
    receiver.on_interim = lambda _head: connection.abort()
    feed(connection, EARLY_HINTS + ANSWER)

    assert (receiver.head, receiver.broken) == (None, [])


# ── tunnels ──────────────────────────────────────────────────────────────────────────────────────


def test_a_switch_that_was_asked_for_opens_a_tunnel():
    """Bytes after 101 pass raw in both directions, and the end of the connection is the tunnel's."""
    connection, receiver = asked(upgrade=b"websocket")
    feed(connection, SWITCH + b"\x81\x01")
    feed(connection, b"HTTP/1.1 raw")
    connection.send(b"\x88")
    connection.transport.lose()

    assert (receiver.head.status, receiver.body, receiver.ended) == (101, b"\x81\x01HTTP/1.1 raw", 1)
    assert connection.transport is None


@pytest.mark.parametrize(
    ("upgrade", "left_out", "kind"),
    [
        (b"", b"", "http_upgrade_failed"),
        (b"websocket", b"Connection: Upgrade\r\n", "http_protocol_error"),
        (b"websocket", b"Upgrade: websocket\r\n", "http_protocol_error"),
    ],
)
def test_a_switch_that_nobody_asked_for_breaks(upgrade, left_out, kind):
    """101 without `Upgrade` in the request is a fault, and so is one that does not say to what it switches."""
    connection, receiver = asked(upgrade=upgrade)
    feed(connection, SWITCH.replace(left_out, b"") + ANSWER)

    assert [each for _, each in receiver.broken] == [kind]
    assert (receiver.head, connection.transport.is_aborted) == (None, True)


def test_a_tunnel_may_be_reset():
    """How it ends makes no difference: there is no end that could be missed."""
    connection, receiver = asked(upgrade=b"websocket")
    feed(connection, SWITCH)
    connection.transport.lose(ConnectionResetError())

    assert (receiver.ended, receiver.broken) == (1, [])


# ── rest and reuse ───────────────────────────────────────────────────────────────────────────────


def test_rest_makes_it_idle_again():
    """Nobody is told of anything any more, and reading is on."""
    connection, receiver = asked()
    feed(connection, ANSWER)
    connection.pause()
    connection.rest(12.0)

    assert (connection.state, connection.idle_since, connection.receiver) == (IDLE, 12.0, None)
    assert connection.transport.is_reading
    assert connection.is_fresh()
    assert receiver.ended == 1


def test_unasked_bytes_close_an_idle_connection():
    """A byte before the first question closes it."""
    connection = connected()
    connection.data_received(b"x")

    assert (connection.transport.is_closed, connection.is_fresh()) == (True, False)


def test_unread_bytes_make_an_idle_connection_stale():
    """What waits in the socket is seen when leasing, before the loop has read it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = connected(socket=ours)
        before = connection.is_fresh()
        theirs.send(b"x")

        assert (before, connection.is_fresh()) == (True, False)


def test_a_closed_peer_makes_an_idle_connection_stale():
    """So is the end of the stream."""
    ours, theirs = socket.socketpair()
    with ours:
        connection = connected(socket=ours)
        theirs.close()

        assert not connection.is_fresh()


@pytest.mark.parametrize("busy", [HEAD, BODY, BODY_UNTIL_CLOSE, TUNNEL, CLOSED])
def test_only_idle_connections_are_fresh(busy):
    """A connection in any other state is nobody else's."""
    connection = connected()
    connection.state = busy

    assert not connection.is_fresh()


# ── flow and end ─────────────────────────────────────────────────────────────────────────────────


def test_pausing_twice_pauses_once():
    """Pause and resume are switches, not counters."""
    connection, _ = asked()
    for step in (connection.pause, connection.pause, connection.resume, connection.resume):
        step()

    assert connection.transport.calls == ["pause", "resume"]


def test_a_slow_backend_is_passed_on():
    """Pause and resume of the transport reach whoever sends; without one nothing happens."""
    connection, receiver = asked()
    connection.pause_writing()
    connection.resume_writing()
    connection.receiver = None
    connection.pause_writing()
    connection.resume_writing()

    assert receiver.flow == ["pause", "resume"]


@pytest.mark.parametrize("end", ["close", "abort"])
def test_whoever_ends_it_is_not_told(end):
    """The owner knows; bytes that still arrive go nowhere."""
    connection, receiver = asked()
    getattr(connection, end)()
    feed(connection, ANSWER)
    transport = connection.transport
    transport.lose()

    assert transport.calls == [end]
    assert (receiver.head, receiver.broken, receiver.ended) == (None, [], 0)


def test_home_is_told_of_the_end_once():
    """The pool forgets it, with or without a receiver."""
    home = FakeHome()
    connection = connected(home)
    connection.transport.lose()

    assert home.forgotten == [connection]
    connection.connection_lost(None)
    assert home.forgotten == [connection]


def test_a_lost_connection_is_freed_without_the_collector():
    """No reference cycle keeps its buffers alive."""
    gc.disable()
    try:
        connection, _ = asked()
        feed(connection, ANSWER[:-1])
        mark = weakref.ref(connection.transport)
        connection.transport.lose()
        del connection

        assert mark() is None
    finally:
        gc.enable()


def test_bytes_of_a_body_for_nobody_go_nowhere():
    """A receiver that is gone is not called."""
    for answer in (UNTIL_CLOSE_ANSWER, ANSWER[:-2]):
        connection, receiver = asked()
        feed(connection, answer)
        connection.receiver = None
        connection.data_received(b"lo")

        assert receiver.ended == 0


def test_a_length_is_kept_as_announced():
    """The framing that the receiver is told is the backend's."""
    connection, receiver = asked()
    feed(connection, ANSWER)

    assert receiver.facts.framing == Framing(LENGTH, 5)


def test_the_transport_is_taken_with_or_without_a_socket():
    """Where there is no descriptor to look at, freshness is what the transport says."""
    connection = UpstreamConnection(ResponseReader("CAS01"), Limits(), FakeHome())
    connection.connection_made(FakeTransport(connection))

    assert connection.is_fresh()
