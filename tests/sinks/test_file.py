"""Promises of log files, on real disks that are moved, removed, full and broken."""

import asyncio
import errno
import os
import resource
import signal
from contextlib import contextmanager

import pytest

from proxy.events.record import Event
from proxy.sinks.courier import Courier
from proxy.sinks.file import LogFile
from proxy.sinks.renderers import Letter
from tests.loopback import until

LINE = b"x" * 99 + b"\n"


def made(path, *, max_bytes=1_000_000, keep=3):
    """Make a file's place."""
    return LogFile(str(path), max_bytes=max_bytes, keep=keep)


@contextmanager
def small_disk(size):
    """Let no file grow beyond so many bytes, as a full disk does: what fits of a line is written, then it fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_the_system_tells_of_files_that_are_too_large_by_an_error():
    """What `small_disk` counts on."""
    assert signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN


def test_lines_are_appended_and_the_file_is_private(tmp_path):
    """What was there stays, and others cannot read who does what."""
    path = tmp_path / "events.log"
    path.write_bytes(b"before\n")
    path.chmod(0o640)
    file = made(path)
    file.deliver(b"one\n")
    file.deliver(b"two\n")
    file.close()
    made(tmp_path / "new.log").deliver(b"x\n")

    assert path.read_bytes() == b"before\none\ntwo\n"
    assert (tmp_path / "new.log").stat().st_mode & 0o027 == 0


def test_a_file_is_turned_over_before_it_grows_too_large(tmp_path):
    """Never larger than allowed, the newest is `.1`, and so many are kept; no line is torn, only the oldest go."""
    path = tmp_path / "events.log"
    file = made(path, max_bytes=250, keep=2)
    for number in range(9):
        file.deliver(b"%d" % number * 99 + b"\n")
    file.close()

    assert sorted(each.name for each in tmp_path.iterdir()) == ["events.log", "events.log.1", "events.log.2"]
    starts = [
        [line[:1] for line in (tmp_path / name).read_bytes().splitlines()]
        for name in ("events.log.2", "events.log.1", "events.log")
    ]
    assert starts == [[b"4", b"5"], [b"6", b"7"], [b"8"]]


def test_a_line_that_is_larger_than_a_file_may_be_is_written_alone(tmp_path):
    """It is not lost, and no empty file is kept in front of it."""
    path = tmp_path / "events.log"
    file = made(path, max_bytes=10)
    file.deliver(LINE)
    file.deliver(LINE)
    file.close()

    assert [path.read_bytes(), (tmp_path / "events.log.1").read_bytes()] == [LINE, LINE]


def test_a_file_that_was_there_counts(tmp_path):
    """Its size is known from the start, not from what was written since."""
    path = tmp_path / "events.log"
    path.write_bytes(LINE)
    file = made(path, max_bytes=150)
    file.deliver(LINE)
    file.close()

    assert (path.read_bytes(), (tmp_path / "events.log.1").read_bytes()) == (LINE, LINE)


def test_a_file_that_is_moved_away_is_made_anew(tmp_path):
    """Others may rotate it: what comes after goes to a new file of the name, with or without a signal."""
    path = tmp_path / "events.log"
    file = made(path)
    file.deliver(b"one\n")
    path.rename(tmp_path / "old.log")
    file.deliver(b"two\n")
    file.reopen()
    file.deliver(b"three\n")
    file.close()

    assert ((tmp_path / "old.log").read_bytes(), path.read_bytes()) == (b"one\n", b"two\nthree\n")


def test_a_folder_that_is_removed_is_made_anew(tmp_path):
    """The next line is in a file again."""
    path = tmp_path / "logs" / "casproxy" / "events.log"
    file = made(path)
    file.deliver(b"one\n")
    path.unlink()
    path.parent.rmdir()
    path.parent.parent.rmdir()
    file.deliver(b"two\n")
    file.close()

    assert path.read_bytes() == b"two\n"


def test_a_file_that_is_a_folder_is_told(tmp_path):
    """As an error of the system; once it is none any more, lines arrive."""
    path = tmp_path / "events.log"
    path.mkdir()
    file = made(path)
    with pytest.raises(IsADirectoryError):
        file.deliver(b"one\n")
    path.rmdir()
    file.deliver(b"one\n")
    file.close()

    assert path.read_bytes() == b"one\n"


def test_a_full_disk_leaves_no_half_line(tmp_path):
    """The part that was written is taken back; the same line is whole once there is room."""
    path = tmp_path / "events.log"
    file = made(path)
    file.deliver(LINE)
    with small_disk(150):
        for _ in range(3):
            with pytest.raises(OSError, match="File too large") as caught:
                file.deliver(LINE)
    full = path.read_bytes()
    file.deliver(LINE)
    file.close()

    assert (caught.value.errno, full, path.read_bytes()) == (errno.EFBIG, LINE, LINE * 2)


def test_where_somebody_else_has_written_the_next_line_begins_by_itself(tmp_path):
    """A half line that cannot be taken back swallows nothing, also not after the file was opened anew."""
    path = tmp_path / "events.log"
    file = made(path)
    file.deliver(b"one\n")
    with path.open("ab") as other:
        other.write(b"another's\n")
    with small_disk(20), pytest.raises(OSError, match="File too large"):
        file.deliver(LINE)
    cut = path.read_bytes()
    file.deliver(b"two\n")
    with path.open("ab") as other:
        other.write(b"half")
    file.reopen()
    file.deliver(b"three\n")
    file.close()

    assert cut == b"one\nanother's\n" + b"x" * 6
    assert path.read_bytes() == cut + b"\ntwo\nhalf\nthree\n"


def test_a_device_that_is_always_full_is_told_and_left(tmp_path):
    """`/dev/full` behaves as a full disk; once the name means a file, lines arrive."""
    path = tmp_path / "events.log"
    path.symlink_to("/dev/full")
    file = made(path)
    for _ in range(2):
        with pytest.raises(OSError, match="No space left") as caught:
            file.deliver(LINE)
    path.unlink()
    file.deliver(LINE)
    file.close()

    assert (caught.value.errno, path.read_bytes()) == (errno.ENOSPC, LINE)


def test_a_pipe_is_written_and_never_turned_over():
    """Standard output by its name in `/dev`, for instance."""
    reader, writer = os.pipe()
    file = made(f"/dev/fd/{writer}", max_bytes=50)
    for _ in range(3):
        file.deliver(LINE)
    file.close()
    file.close()
    os.close(writer)

    assert os.read(reader, 1000) == LINE * 3
    os.close(reader)


def test_a_full_disk_costs_what_the_queue_cannot_hold(tmp_path):
    """Through the queue: nobody waits, the rest is counted, and what waited is whole in the file once there is room."""
    path = tmp_path / "events.log"
    courier = Courier("file", made(path), lambda letter: b"%d" % letter.number * 99 + b"\n", capacity=4)
    with small_disk(150):
        courier.start()
        courier.put(Letter(Event(id=43), 0.0, number=0))
        asyncio.run(until(lambda: path.exists() and path.stat().st_size == 100, "nothing is written"))
        for number in range(1, 10):
            courier.put(Letter(Event(id=43), 0.0, number=number))
        asyncio.run(until(lambda: courier.trouble == "file too large", "the full disk is not noticed"))
        lost = courier.lost
    courier.reopen()
    asyncio.run(until(lambda: not courier.waiting, "what waited does not arrive"))
    courier.close()
    courier.join()

    assert [line[:1] for line in path.read_bytes().splitlines()] == [b"0", b"1", b"2", b"3", b"4"]
    assert (lost, courier.lost, courier.trouble) == (5, 5, "")
