"""The end of a body is announced once and clearly, or the message is refused."""

import pytest

from proxy.message.faults import MalformedMessage
from proxy.message.framing import CHUNKED, MAX_LENGTH, NO_BODY, UNTIL_CLOSE, announced_framing, content_length
from proxy.model.message import BodyKind, Framing


@pytest.mark.parametrize(("value", "length"), [(b"0", 0), (b"42", 42), (b"007", 7), (b"%d" % MAX_LENGTH, MAX_LENGTH)])
def test_digits_are_a_length(value, length):
    """Zero, leading zeros and the largest 64-bit value are taken."""
    assert content_length(value) == length


@pytest.mark.parametrize(
    "value",
    [
        b"", b" 5", b"5 ", b"+5", b"-5", b"0x5", b"5.0", b"5,5", b"5;", b"1_0", b"\xb2", b"\xd9\xa3",
        b"%d" % (MAX_LENGTH + 1), b"0" * 20,
    ],
)  # fmt: skip
def test_anything_else_is_no_length(value):
    """Signs, lists, other digits and what overflows 64 bits are refused."""
    with pytest.raises(MalformedMessage, match="Content-Length"):
        content_length(value)


@pytest.mark.parametrize(
    ("lengths", "codings", "minor", "framing"),
    [
        ([], [], 1, None),
        ([], [], 0, None),
        ([b"5"], [], 1, Framing(BodyKind.LENGTH, 5)),
        ([b"0"], [], 0, Framing(BodyKind.LENGTH, 0)),
        ([], [b"chunked"], 1, CHUNKED),
        ([], [b"CHUNKed"], 1, CHUNKED),
    ],
)
def test_one_announcement_is_the_framing(lengths, codings, minor, framing):
    """One Content-Length or one `chunked`, in any case of letters."""
    assert announced_framing(lengths, codings, minor) == framing


@pytest.mark.parametrize(
    ("lengths", "codings", "minor"),
    [
        ([b"5"], [b"chunked"], 1),
        ([b"0"], [b"chunked"], 1),
        ([b"5"], [b"identity"], 1),
        ([b"5", b"5"], [], 1),
        ([b"5", b"6"], [], 1),
        ([b"5, 5"], [], 1),
        ([], [b"chunked"], 0),
        ([], [b"chunked", b"chunked"], 1),
        ([], [b"gzip", b"chunked"], 1),
        ([], [b"chunked, chunked"], 1),
        ([], [b"gzip, chunked"], 1),
        ([], [b"chunked, gzip"], 1),
        ([], [b", chunked"], 1),
        ([], [b"chunked,"], 1),
        ([], [b"chunked;q=1"], 1),
        ([], [b"identity"], 1),
        ([], [b"xchunked"], 1),
        ([], [b"\x0bchunked"], 1),
        ([], [b"chunked "], 1),
        ([], [b""], 1),
    ],
)
def test_two_announcements_or_strange_ones_are_refused(lengths, codings, minor):
    """Whatever two servers could read differently is read by neither."""
    with pytest.raises(MalformedMessage):
        announced_framing(lengths, codings, minor)


def test_the_kinds_without_length_are_told_apart():
    """No body, chunks and the end of the connection are three things."""
    assert len({NO_BODY, CHUNKED, UNTIL_CLOSE}) == 3
    assert {framing.length for framing in (NO_BODY, CHUNKED, UNTIL_CLOSE)} == {0}
