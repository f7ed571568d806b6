"""A chunked body is decoded in one way only, however it arrives."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.message.chunked import (
    LAST_CHUNK,
    MAX_EXTENSION_BYTES,
    MAX_LINE_BYTES,
    MAX_TRAILER_BYTES,
    MAX_TRAILER_FIELDS,
    ChunkedDecoder,
    encode_chunk,
)
from proxy.message.faults import MalformedMessage

BODY = b'5;a=b;c="d;e"\r\nhello\r\n3\r\n, w\r\n00004\r\norld\r\n0;last\r\nX-Sum: 1\r\nEmpty:\r\n\r\nGET /'
"""Extensions, leading zeros, trailer fields, and the beginning of what follows."""


def decode(*pieces: bytes) -> tuple[bytes, bool, bytes]:
    """Feed pieces to a new decoder; gives data, whether it ended, and what followed."""
    decoder = ChunkedDecoder()
    data = b"".join([decoder.feed(piece) for piece in pieces])
    return data, decoder.done, decoder.rest


def test_every_split_in_two_gives_the_same():
    """Where the network cuts makes no difference."""
    whole = decode(BODY)

    assert whole == (b"hello, world", True, b"GET /")
    assert {decode(BODY[:cut], BODY[cut:]) for cut in range(len(BODY) + 1)} == {whole}


def test_every_split_in_three_gives_the_same():
    """A cut inside a line that is already cut makes no difference either."""
    cuts = itertools.combinations(range(len(BODY) + 1), 2)

    assert {decode(BODY[:a], BODY[a:b], BODY[b:]) for a, b in cuts} == {(b"hello, world", True, b"GET /")}


def test_single_bytes_give_the_same():
    """The slowest peer is understood as well; what follows is collected whole."""
    assert decode(*(BODY[i : i + 1] for i in range(len(BODY)))) == (b"hello, world", True, b"GET /")


@given(st.lists(st.binary(max_size=40), max_size=8), st.integers(1, 30), st.binary(max_size=10))
def test_what_is_encoded_is_decoded(pieces, size, after):
    """Encoder and decoder are each other's inverse, whatever the data and the reads."""
    wire = b"".join(map(encode_chunk, pieces)) + LAST_CHUNK + after

    decoded = decode(*(wire[i : i + size] for i in range(0, len(wire), size)))

    assert decoded == (b"".join(pieces), True, after)


def test_no_data_is_no_chunk():
    """A chunk of size 0 would end the body."""
    assert encode_chunk(b"") == b""


def test_a_body_is_not_over_before_its_last_line():
    """No beginning of it counts as complete."""
    end = len(BODY) - len(b"GET /")

    assert not any(decode(BODY[:cut])[1] for cut in range(end))


def test_a_piece_inside_a_chunk_is_passed_on_as_it_is():
    """Large bodies are not copied."""
    decoder = ChunkedDecoder()
    decoder.feed(b"fffff\r\n")
    piece = bytes(1000)

    assert decoder.feed(piece) is piece


@pytest.mark.parametrize(
    "body",
    [
        b"\r\n", b" 5\r\n", b"5 \r\n", b"5\t;a\r\n", b"0x5\r\n", b"+5\r\n", b"-5\r\n", b"5_0\r\n", b"5\n", b"5\r\r\n",
        b"g\r\n", b";a\r\n", b"5,5\r\n", b"\xb2\r\n", b"5;a\x00\r\n", b"5;a\rb\r\n", b"5;\x7f\r\n",
        b"0" * 17 + b"\r\n", b"8000000000000000\r\n", b"ffffffffffffffff\r\n", b"10000000000000000\r\n",
        b"1\r\naX\r\n", b"1\r\nab\r\n", b"1\r\na\n", b"1\r\na\rX", b"1\r\na0\r\n\r\n",
        b"0\r\nX\r\n", b"0\r\n: v\r\n", b"0\r\nX : v\r\n", b"0\r\n folded: v\r\n", b"0\r\nX: \x00\r\n", b"0\r\nX: a\n",
        b"0\r\nX: a\rb\r\n", b"0\r\n\n",
    ],
)  # fmt: skip
def test_what_others_read_differently_is_refused(body):
    """Signs, white space, bare CR and LF, sizes beyond 63 bits, bad trailers: refused, in one piece and in many."""
    for pieces in ([body], [body[i : i + 1] for i in range(len(body))]):
        with pytest.raises(MalformedMessage):
            decode(*pieces)


def test_the_largest_size_is_taken():
    """2^63 - 1 in sixteen digits is the boundary."""
    assert decode(b"7fffffffffffffff\r\nx") == (b"x", False, b"")


def test_after_a_fault_nothing_is_decoded_any_more():
    """A caller that goes on feeding cannot resynchronise on the attacker's bytes."""
    decoder = ChunkedDecoder()
    for piece in (b"zz\r\n", b"1\r\na\r\n", b"0\r\n\r\n"):
        with pytest.raises(MalformedMessage):
            decoder.feed(piece)

    assert not decoder.done


def test_the_chunk_line_is_bounded():
    """A line of the limit is taken, one byte more is not, and neither is waited for."""
    line = b"1;" + b"x" * (MAX_LINE_BYTES - 2)

    assert decode(line + b"\r\na") == (b"a", False, b"")
    for pieces in ([line + b"x\r\n"], [line + b"xxx"], [line, b"xxx"]):
        with pytest.raises(MalformedMessage, match="too long"):
            decode(*pieces)


def test_extensions_are_bounded_in_all():
    """The limit itself is taken; many small extensions are not taken for ever."""
    decoder = ChunkedDecoder()
    for _ in range(MAX_EXTENSION_BYTES // 4):
        assert decoder.feed(b"1;abc\r\nx\r\n") == b"x"

    with pytest.raises(MalformedMessage, match="extensions"):
        decoder.feed(b"1;\r\n")


def test_trailer_fields_are_bounded_in_number():
    """The limit itself is taken, one more is not."""
    fields = b"0\r\n" + b"T: v\r\n" * MAX_TRAILER_FIELDS

    assert decode(fields + b"\r\n") == (b"", True, b"")
    with pytest.raises(MalformedMessage, match="trailer"):
        decode(fields + b"T: v\r\n")


def test_trailer_fields_are_bounded_in_bytes():
    """The limit itself is taken, one byte more is not, in one field or in several."""
    field = b"T: " + b"v" * (MAX_TRAILER_BYTES // 2 - 5) + b"\r\n"

    assert decode(b"0\r\n" + field * 2 + b"\r\n") == (b"", True, b"")
    for more in (field + field[:-2] + b"v\r\n", b"T: " + b"v" * MAX_TRAILER_BYTES):
        with pytest.raises(MalformedMessage, match="trailer too large"):
            decode(b"0\r\n" + more)


@pytest.mark.parametrize(("start", "limit"), [(b"1;", MAX_LINE_BYTES + 2), (b"0\r\n", MAX_TRAILER_BYTES + 2)])
def test_a_line_without_end_is_refused_at_its_limit(start, limit):
    """A peer that sends single bytes for ever is not remembered for ever."""
    decoder = ChunkedDecoder()
    decoder.feed(start)
    for _ in range(limit - len(decoder._partial) - 1):
        assert decoder.feed(b"x") == b""
    with pytest.raises(MalformedMessage, match="too l"):
        decoder.feed(b"x")

    assert decoder._partial == b""


class Counting(bytes):
    """Bytes that count how many of them were looked at."""

    looked_at = 0

    def find(self, sub, start=0, end=None):
        """Count up to the place found, or the bytes searched in vain."""
        place = super().find(sub, start, len(self) if end is None else end)
        stop = min(len(self), len(self) if end is None else end)
        Counting.looked_at += (place + 1 if place >= 0 else stop) - start
        return place

    def __getitem__(self, key):
        """Count what is copied."""
        piece = super().__getitem__(key)
        Counting.looked_at += len(piece) if isinstance(key, slice) else 1
        return piece


@pytest.mark.parametrize("count", [100, 10_000])
def test_many_tiny_chunks_cost_their_bytes_and_no_more(count):
    """Each byte is looked at a bounded number of times: a read full of one-byte chunks is linear, not quadratic."""
    wire = Counting(b"1\r\nx\r\n" * count + LAST_CHUNK)
    Counting.looked_at = 0

    assert decode(wire) == (b"x" * count, True, b"")
    assert Counting.looked_at <= 3 * len(wire)
