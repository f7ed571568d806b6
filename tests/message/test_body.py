"""The end of a body is found to the byte, however it arrives."""

import pytest

from proxy.message.body import BodyReader
from proxy.message.faults import MalformedMessage
from proxy.model.message import CHUNKED, LENGTH, NONE, UNTIL_CLOSE, Framing


def read(framing: Framing, data: bytes, size: int) -> tuple[bytes, bool, bytes]:
    """Feed `data` in pieces of `size` until the end; gives body, end, and what follows."""
    reader = BodyReader(framing)
    body, ended = b"", False
    position = 0
    while position < len(data) and not ended:
        piece, ended = reader.feed(data[position : position + size])
        body += piece
        position += size
    return body, ended, reader.rest + data[position:]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
@pytest.mark.parametrize(
    ("framing", "data"),
    [(Framing(LENGTH, 5), b"helloNEXT"), (Framing(CHUNKED, 0), b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nT: v\r\n\r\nNEXT")],
)
def test_a_delimited_body_ends_where_its_framing_says(framing, data, size):
    """The next message's bytes are never the body's, whatever the reads."""
    assert read(framing, data, size) == (b"hello", True, b"NEXT")


@pytest.mark.parametrize("framing", [Framing(LENGTH, 6), Framing(CHUNKED, 0)])
def test_a_body_is_not_over_before_its_end(framing):
    """One byte short is not complete."""
    body, ended, rest = read(framing, b"5\r\nab", 100)

    assert (ended, rest) == (False, b"")
    assert body in (b"5\r\nab", b"ab")


def test_a_body_of_no_bytes_ends_at_once():
    """`Content-Length: 0` waits for nothing."""
    assert BodyReader(Framing(LENGTH, 0)).feed(b"") == (b"", True)


def test_where_there_is_no_body_everything_follows():
    """After an answer to HEAD every byte is surplus."""
    reader = BodyReader(Framing(NONE, 0))

    assert (reader.feed(b"surplus"), reader.rest) == ((b"", True), b"surplus")


def test_a_body_until_close_never_ends_by_itself():
    """Its end is the connection's, which the caller notices."""
    reader = BodyReader(Framing(UNTIL_CLOSE, 0))

    assert [reader.feed(b"a"), reader.feed(b"")] == [(b"a", False), (b"", False)]


def test_bad_chunks_are_refused():
    """A malformed size is no body."""
    with pytest.raises(MalformedMessage):
        BodyReader(Framing(CHUNKED, 0)).feed(b"x\r\n")
