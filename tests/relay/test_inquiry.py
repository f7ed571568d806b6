"""Answers to the proxy itself: one of two things is told, once; nothing is kept."""

from proxy.message.response import Names
from proxy.relay.inquiry import MAX_BODY, NO_NAMES, Inquiry, Watch
from proxy.upstream.terms import Question
from tests.fakes import FakeReceiver, connected


class Ears:
    """Writes down what an inquiry tells, and asks one."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.broken: list[str] = []
        self.connection = connected()

    def ask(self, receiver: object) -> None:
        """Ask on the connection."""
        self.connection.ask(receiver, Question(b"GET", b"", NO_NAMES), b"")

    def inquire(self) -> "Ears":
        """Ask for ourselves."""
        done = self.done
        self.ask(
            Inquiry(self.connection, lambda head, _: done.append(head.status), lambda what, _: self.broken.append(what))
        )
        return self

    def watch(self) -> FakeReceiver:
        """Ask for somebody else."""
        receiver = FakeReceiver()
        self.ask(Watch(self.connection, receiver, lambda head, _: self.done.append(head.status)))
        return receiver


def test_it_ends_with_the_body():
    """In pieces, chunked, after interim answers."""
    ears = Ears().inquire()
    ears.connection.data_received(
        b"HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 242 X\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
    )
    before = list(ears.done)
    ears.connection.data_received(b"0\r\n\r\n")

    assert (before, ears.done, ears.broken) == ([], [242], [])


def test_a_body_is_bounded():
    """One byte more ends the connection."""
    ears = Ears().inquire()
    ears.connection.data_received(b"HTTP/1.1 242 X\r\nContent-Length: 99999999\r\n\r\n" + bytes(MAX_BODY))
    before = list(ears.broken)
    ears.connection.data_received(b"x")

    assert (before, ears.done) == ([], [])
    assert ears.broken == [f"sent more than {MAX_BODY} bytes that nobody asked for"]
    assert ears.connection.transport.is_aborted


def test_a_break_is_told():
    """Also one before the first byte; slowness is nobody's business."""
    ears = Ears().inquire()
    ears.connection.pause_writing()
    ears.connection.resume_writing()
    ears.connection.transport.lose()

    assert (ears.done, ears.broken) == ([], ["closed the connection without an answer"])


def test_a_watch_steps_aside():
    """All of an answer that is the browser's arrives, from its first byte."""
    ears = Ears()
    receiver = ears.watch()
    ears.connection.pause_writing()
    ears.connection.resume_writing()
    ears.connection.data_received(b"HTTP/1.1 103 X\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
    ears.connection.data_received(b"b")

    assert (receiver.interims, receiver.body, receiver.ended, receiver.flow) == ([103], b"ab", 1, ["pause", "resume"])
    assert ears.done == []


def test_a_watch_keeps_what_is_the_proxys():
    """The receiver hears of it only when it breaks."""
    ears = Ears()
    receiver = ears.watch()
    ears.connection.data_received(b"HTTP/1.1 441 X\r\nContent-Length: 2\r\n\r\nab")
    other = Ears()
    hearing = other.watch()
    other.connection.data_received(b"HTTP/1.1 441 X\r\nContent-Length: 2\r\n\r\na")
    other.connection.transport.lose()

    assert (ears.done, receiver.head, receiver.broken) == ([441], None, [])
    assert (other.done, len(hearing.broken)) == ([], 1)


def test_no_name_is_rewritten():
    """Nothing of such an answer is passed on."""
    assert Names((), b"", "", "") == NO_NAMES
