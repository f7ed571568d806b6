"""Promises of the stream that never waits."""

import fcntl
import os

import pytest

from proxy.sinks.stream import PIECE, Stream


@pytest.fixture
def pipe():
    """Make a pipe as small as the kernel has them: one piece."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIECE)
    yield reader, writer
    for descriptor in (reader, writer):
        try:
            os.close(descriptor)
        except OSError:
            continue


def test_writes_at_once(pipe):
    """A reader that keeps up sees each record as it comes."""
    reader, writer = pipe
    stream = Stream(writer)
    stream.write(b"one\n")

    assert os.read(reader, 100) == b"one\n"
    assert (stream.lost, stream.is_terminal) == (0, False)


def test_a_terminal_is_told_from_a_file():
    """Blocks and colour are for people."""
    leader, follower = os.openpty()
    stream = Stream(follower)

    assert stream.is_terminal
    os.close(leader)
    os.close(follower)


def test_a_gone_reader_costs_records_only(pipe):
    """A broken pipe raises nothing; the records are counted."""
    reader, writer = pipe
    os.close(reader)
    stream = Stream(writer)
    stream.write(b"one\n")
    stream.write(b"two\nthree\n", 2)

    assert stream.lost == 3


def test_a_full_disk_costs_records_only():
    """A device without space raises nothing; the records are counted."""
    descriptor = os.open("/dev/full", os.O_WRONLY)
    stream = Stream(descriptor)
    stream.write(b"one\n" * 10, 10)
    os.close(descriptor)

    assert stream.lost == 10


def test_a_closed_descriptor_costs_records_only():
    """A descriptor that was closed behind our back raises nothing."""
    reader, writer = os.pipe()
    stream = Stream(writer)
    os.close(writer)
    os.close(reader)
    stream.write(b"one\n")

    assert stream.lost == 1


def test_a_hanging_reader_does_not_stop_us(pipe):
    """Writing to a full pipe returns; what waits arrives in order and whole once the reader goes on."""
    reader, writer = pipe
    stream = Stream(writer)
    records = [b"%d " % number + b"x" * 1000 + b"\n" for number in range(40)]
    for record in records:
        stream.write(record)
    received = b""
    while len(received) < sum(map(len, records)):
        received += os.read(reader, 100_000)
        stream.flush()

    assert received == b"".join(records)
    assert stream.lost == 0


def test_the_backlog_is_bounded(pipe):
    """A reader that never comes back costs a bounded amount of memory; the rest is counted."""
    reader, writer = pipe
    stream = Stream(writer, backlog=10_000)
    for _ in range(100):
        stream.write(b"x" * 999 + b"\n")
    lost = stream.lost
    stream.abandon()

    assert stream.lost - lost == 10
    assert stream.lost + len(os.read(reader, 100_000).splitlines()) == 100


def test_a_record_larger_than_the_backlog_is_still_tried(tmp_path):
    """A single large record goes to a file whole."""
    descriptor = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    Stream(descriptor, backlog=10).write(b"x" * 100 + b"\n")
    os.close(descriptor)

    assert (tmp_path / "log").read_bytes() == b"x" * 100 + b"\n"


def test_pieces_end_with_a_line(pipe):
    """Others who write to the same pipe find themselves between lines, not inside one."""
    reader, writer = pipe
    stream = Stream(writer)
    stream.write((b"x" * 99 + b"\n") * 100, 100)

    assert os.read(reader, 100_000) == (b"x" * 99 + b"\n") * 40


def test_after_a_loss_the_next_record_has_its_own_line(pipe):
    """A record that was cut off does not swallow the next one."""
    reader, writer = pipe
    stream = Stream(writer)
    stream.write(b"x" * (PIECE + 10) + b"\n")
    stream.abandon()
    received = os.read(reader, 100_000)
    stream.write(b"next\n")

    assert received + os.read(reader, 100) == b"x" * PIECE + b"\nnext\n"
    assert stream.lost == 1


def test_lines_that_were_written_are_not_counted_as_lost(pipe):
    """Of a batch only the lines that did not arrive are lost."""
    reader, writer = pipe
    stream = Stream(writer)
    stream.write((b"x" * 99 + b"\n") * 100, 100)
    os.close(reader)
    stream.flush()

    assert stream.lost == 60


def test_a_non_blocking_descriptor_is_fine_too(pipe):
    """Where the descriptor was made non-blocking by its owner, nothing changes."""
    reader, writer = pipe
    os.set_blocking(writer, False)
    stream = Stream(writer)
    stream.write(b"x" * (3 * PIECE) + b"\n")

    assert len(os.read(reader, 100_000)) == PIECE
    assert stream.lost == 0


def test_why_nothing_is_taken_is_told_until_something_is(pipe):
    """A reader that hangs is trouble; it is over with the first bytes that go."""
    reader, writer = pipe
    stream = Stream(writer, backlog=PIECE)
    while not stream.lost:
        stream.write(b"x" * 999 + b"\n")
    told = stream.trouble
    os.read(reader, 1_000_000)
    stream.flush()

    assert (told, stream.trouble) == ("its reader takes records more slowly than they come", "")


def test_a_reader_that_is_gone_is_told(pipe):
    """As the system calls it."""
    reader, writer = pipe
    stream = Stream(writer)
    os.close(reader)
    stream.write(b"one\n")

    assert (stream.lost, stream.trouble) == (1, "broken pipe")
