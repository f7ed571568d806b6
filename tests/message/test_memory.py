"""What is remembered gives what reading in full gives, or nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import ClientFault, LoopDetected
from proxy.message.head import parse_request_head, parse_response_head
from proxy.message.memory import RequestMemory, ResponseMemory
from proxy.message.request import RequestReader
from proxy.message.response import Names, ResponseReader
from proxy.model.limits import Limits

LIMITS = Limits()
NAMES = Names((b"cas02.corp.example",), b"mail.example", "cas02.corp.example", "mail.example")
TAIL = b"\r\nHost: mail.example\r\nAccept: a \r\nCookie: c\r\n\r\n"
READER = RequestReader("cas01")


def read(raw: bytes, limits: Limits = LIMITS):
    """Read a request in full."""
    head = parse_request_head(raw, limits)
    return head, READER.read(head)


def remembering(raw: bytes, limits: Limits = LIMITS) -> RequestMemory:
    """Give a memory that was asked in vain for `raw` and then shown it, as every connection does."""
    memory = RequestMemory()
    assert memory.recall(raw, limits) is None
    memory.keep(raw, *read(raw))
    return memory


@pytest.mark.parametrize(
    "line", [b"GET /b?c=%2f HTTP/1.1", b"POST /a|b HTTP/1.1", b"PROPFIND / HTTP/1.1", b"HEAD // HTTP/1.1"]
)
def test_the_same_fields_are_recalled_for_another_target(line):
    """Exactly as a full read gives them."""
    raw = line + TAIL

    assert remembering(b"GET /a HTTP/1.1" + TAIL).recall(raw, LIMITS) == read(raw)


@pytest.mark.parametrize(
    "line",
    [
        b"GET / HTTP/1.0", b"OPTIONS * HTTP/1.1", b"GET http://mail.example/ HTTP/1.1", b"GET * HTTP/1.1",
        b"CONNECT / HTTP/1.1",
        b"TRACE / HTTP/1.1", b"get / HTTP/1.1", b"GET  / HTTP/1.1", b"GET /a b HTTP/1.1", b"GET /#x HTTP/1.1",
        b"GET / HTTP/1.1 ",
        b"GET /\xe9 HTTP/1.1", b"GET /\x00 HTTP/1.1", b"GET /\n HTTP/1.1", b"GET / HTTP/2.0", b"", b"GET /",
        b" GET / HTTP/1.1",
    ],
)  # fmt: skip
def test_other_start_lines_are_never_recalled(line):
    """They are read in full, which refuses them or reads another form."""
    assert remembering(b"GET /a HTTP/1.1" + TAIL).recall(line + TAIL, LIMITS) is None


@pytest.mark.parametrize("place", range(len(TAIL)))
def test_no_differing_byte_is_overlooked(place):
    """Wherever it stands: flipped, gone, or doubled."""
    memory = remembering(b"GET /a HTTP/1.1" + TAIL)
    for changed in (
        TAIL[:place] + bytes([TAIL[place] ^ 0x20]) + TAIL[place + 1 :],
        TAIL[:place] + TAIL[place + 1 :],
        TAIL[:place] + TAIL[place : place + 1] + TAIL[place:],
    ):
        recalled = memory.recall(b"GET /a HTTP/1.1" + changed, LIMITS)
        assert changed == TAIL or recalled is None


def test_a_target_beyond_its_limit_is_not_recalled():
    """The limit itself is."""
    limits = Limits(target_bytes=4)
    memory = remembering(b"GET /a HTTP/1.1" + TAIL, limits)

    assert memory.recall(b"GET /123 HTTP/1.1" + TAIL, limits) is not None
    assert memory.recall(b"GET /1234 HTTP/1.1" + TAIL, limits) is None


def test_a_head_beyond_its_limit_is_not_recalled():
    """Equal fields below a longer target can make it too large; the limit itself is recalled."""
    limits = Limits(head_bytes=len(b"GET /123 HTTP/1.1" + TAIL))
    memory = remembering(b"GET /a HTTP/1.1" + TAIL, limits)

    assert memory.recall(b"GET /123 HTTP/1.1" + TAIL, limits) is not None
    assert memory.recall(b"GET /1234 HTTP/1.1" + TAIL, limits) is None


def test_other_limits_are_a_reason_to_read_in_full():
    """A reload may have made them narrower."""
    memory = remembering(b"GET /a HTTP/1.1" + TAIL)

    assert memory.recall(b"GET /a HTTP/1.1" + TAIL, Limits(header_count=1)) is None


@pytest.mark.parametrize("line", [b"GET /a HTTP/1.0", b"OPTIONS * HTTP/1.1", b"GET http://mail.example/ HTTP/1.1"])
def test_what_cannot_be_recalled_is_forgotten_with_what_was_before(line):
    """One slot, and nothing stale in it."""
    raw = b"GET /a HTTP/1.1" + TAIL
    memory = remembering(raw)
    memory.written = (b"", b"", NAMES)

    assert memory.keep(line + TAIL, *read(line + TAIL)) is False
    assert (memory.written, memory.recall(raw, LIMITS), memory.recall(line + TAIL, LIMITS)) == (None, None, None)


def test_an_empty_memory_recalls_nothing():
    """Nor does it fail over an empty head."""
    assert RequestMemory().recall(b"GET / HTTP/1.1\r\n\r\n", LIMITS) is None
    assert RequestMemory().recall(b"", LIMITS) is None
    assert ResponseMemory().recall(b"HTTP/1.1 200 OK\r\n\r\n", b"GET", NAMES) is None


LINES = st.builds(
    lambda *parts: b" ".join(parts),
    st.sampled_from([b"GET", b"POST", b"MOVE", b"OPTIONS", b"BAD", b"CONNECT"]),
    st.sampled_from([b"/", b"*", b"http://mail.example/", b"/a?b", b"/#", b"/" + b"x" * 8191, b"/" + b"x" * 8192])
    | st.binary(max_size=4).map(lambda rest: b"/" + rest),
    st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/1.1 "]),
)
TAILS = st.lists(
    st.sampled_from([b"Accept: x", b"A: y ", b"Content-Length: 3", b"Transfer-Encoding: chunked",
                     b"Connection: close, A",
                     b"Upgrade: w", b"Via: 1.1 edge", b"Expect: 100-continue", b"B:" + b"z" * 17_000]),
    max_size=4,
).map(lambda fields: b"\r\n" + b"\r\n".join([b"Host: mail.example", *fields, b"", b""]))  # fmt: skip


@given(LINES, TAILS, LINES, st.none() | TAILS)
def test_what_is_recalled_is_what_a_full_read_gives(first, tail, second, other):
    """For any two heads in a row; what would be refused is never recalled."""
    try:
        memory = remembering(first + tail)
    except (ClientFault, LoopDetected):
        return
    raw = second + (other or tail)
    recalled = memory.recall(raw, LIMITS)
    if recalled is not None:
        assert raw.endswith(tail)
        assert recalled == read(raw)


ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nLocation: https://cas02.corp.example/\r\n\r\n"


def test_an_answer_is_recalled_for_the_same_question_alone():
    """Another method means another framing, other names other fields."""
    head = parse_response_head(ANSWER, LIMITS)
    answer = head, ResponseReader("cas01").read(head, b"GET", NAMES)
    memory = ResponseMemory()
    memory.keep(ANSWER, b"GET", NAMES, answer)

    assert memory.recall(ANSWER, b"GET", NAMES) == answer
    assert memory.recall(ANSWER, b"GET", NAMES._replace()) == answer
    assert memory.recall(ANSWER, b"HEAD", NAMES) is None
    assert memory.recall(ANSWER, b"GET", NAMES._replace(external=b"mail.example:8443")) is None
    for place in range(len(ANSWER)):
        changed = ANSWER[:place] + bytes([ANSWER[place] ^ 1]) + ANSWER[place + 1 :]
        assert memory.recall(changed, b"GET", NAMES) is None
    assert memory.recall(ANSWER[:-1], b"GET", NAMES) is None


@given(st.lists(st.tuples(st.sampled_from([ANSWER, ANSWER.replace(b"200", b"304"), ANSWER.replace(b"3\r", b"4\r")]),
                          st.sampled_from([b"GET", b"HEAD"])), max_size=6))  # fmt: skip
def test_answers_in_a_row_are_recalled_as_a_full_read_gives_them(answers):
    """Whatever was asked before."""
    memory, reader = ResponseMemory(), ResponseReader("cas01")
    for raw, method in answers:
        head = parse_response_head(raw, LIMITS)
        full = head, reader.read(head, method, NAMES)
        assert memory.recall(raw, method, NAMES) in (None, full)
        memory.keep(raw, method, NAMES, full)
        assert memory.recall(raw, method, NAMES) == full
