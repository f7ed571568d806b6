"""Promises of the access log."""

import json
import os

import pytest

from proxy.events.access import AccessEntry
from proxy.sinks.access import AccessLog
from proxy.sinks.batch import BATCH

ENTRY = AccessEntry(0.0, b"192.0.2.7", b"id", b"GET", b"/owa/", 200, 1, 2, 0.1)


def lines(path):
    """Read the log as records."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_lines_are_written_with_the_batch(tmp_path):
    """Nothing is written per request; `flush` writes what has gathered."""
    path = tmp_path / "access.log"
    log = AccessLog(str(path))
    log.record(ENTRY)
    log.record(ENTRY)
    before = lines(path)
    log.flush()

    assert (len(before), len(lines(path))) == (0, 2)
    log.close()


def test_a_full_batch_does_not_wait(tmp_path):
    """64 KiB are written without the timer."""
    path = tmp_path / "access.log"
    log = AccessLog(str(path))
    for _ in range(500):
        log.record(ENTRY)

    assert path.stat().st_size >= BATCH
    log.close()
    assert len(lines(path)) == 500


def test_close_writes_the_rest_and_the_file_is_private(tmp_path):
    """No line is forgotten at the end; others cannot read who asked for what."""
    path = tmp_path / "access.log"
    log = AccessLog(str(path))
    log.record(ENTRY)
    log.close()

    assert len(lines(path)) == 1
    assert path.stat().st_mode & 0o007 == 0


def test_reopen_follows_a_rotation(tmp_path):
    """After the file was moved away, lines before go to the old one and lines after to a new one."""
    path = tmp_path / "access.log"
    log = AccessLog(str(path))
    log.record(ENTRY)
    path.rename(tmp_path / "access.log.1")
    reopened = log.reopen()
    log.record(ENTRY)
    log.close()

    assert reopened
    assert (len(lines(tmp_path / "access.log.1")), len(lines(path))) == (1, 1)


def test_reopen_that_fails_keeps_the_old_file(tmp_path):
    """A folder that is gone does not stop the log."""
    folder = tmp_path / "logs"
    folder.mkdir()
    log = AccessLog(str(folder / "access.log"))
    folder.rename(tmp_path / "moved")
    reopened = log.reopen()
    log.record(ENTRY)
    log.close()

    assert not reopened
    assert len(lines(tmp_path / "moved" / "access.log")) == 1


def test_a_file_that_cannot_be_opened_is_told(tmp_path):
    """At start an impossible path is an error, not silence."""
    with pytest.raises(FileNotFoundError):
        AccessLog(str(tmp_path / "missing" / "access.log"))


def test_standard_output_stays_open():
    """A descriptor that was given is not closed, and reopening it is no failure."""
    reader, writer = os.pipe()
    log = AccessLog(descriptor=writer)
    log.record(ENTRY)

    assert log.reopen()
    log.close()
    assert json.loads(os.read(reader, 10_000))["url.path"] == "/owa/"
    os.close(writer)
    os.close(reader)


def test_a_gone_reader_is_counted_only():
    """A broken pipe loses lines, counted, and raises nothing."""
    reader, writer = os.pipe()
    os.close(reader)
    log = AccessLog(descriptor=writer)
    log.record(ENTRY)
    log.record(ENTRY)
    log.flush()
    log.flush()
    os.close(writer)

    assert log.lost == 2


def test_losses_survive_reopening():
    """The count goes on when the file does not."""
    log = AccessLog("/dev/full")
    log.record(ENTRY)
    log.reopen()
    log.record(ENTRY)
    log.close()

    assert log.lost == 2


def test_batches_are_counted_before_they_are_written(tmp_path):
    """Whoever counts requests does so where they are written, not where they are answered."""
    batches = []
    log = AccessLog(str(tmp_path / "access.log"), count=batches.append)
    for _ in range(BATCH + 1):
        log.record(ENTRY)
    log.close()

    assert [len(batch) for batch in batches] == [BATCH, 1]
    assert len(lines(tmp_path / "access.log")) == BATCH + 1


def test_a_log_that_writes_nothing_still_counts(tmp_path):
    """Without a file, and with nothing on standard output."""
    batches = []
    reader, writer = os.pipe()
    log = AccessLog(str(tmp_path / "access.log"), descriptor=writer, writes=False, count=batches.append)
    log.record(ENTRY)
    log.close()
    os.close(writer)

    assert (batches, list(tmp_path.iterdir()), os.read(reader, 10)) == ([[ENTRY]], [], b"")
    os.close(reader)


def test_another_file_takes_over(tmp_path):
    """What came before goes to the old one; from file to descriptor, to nothing, and back."""
    reader, writer = os.pipe()
    first, last = tmp_path / "first.log", tmp_path / "last.log"
    log = AccessLog(str(first), descriptor=writer)
    log.record(ENTRY)
    for path, writes in (("", True), (str(last), False), (str(last), True)):
        log.turn(path, writes=writes)
        log.record(ENTRY)
    log.close()
    os.close(writer)

    assert [len(lines(path)) for path in (first, last)] == [1, 1]
    assert len(os.read(reader, 10_000).splitlines()) == 1
    assert log.lost == 0
    os.close(reader)


def test_a_file_that_cannot_be_opened_changes_nothing(tmp_path):
    """The old one stays in use."""
    log = AccessLog(str(tmp_path / "access.log"))
    with pytest.raises(FileNotFoundError):
        log.turn(str(tmp_path / "no" / "where.log"), writes=True)
    log.record(ENTRY)
    log.close()

    assert len(lines(tmp_path / "access.log")) == 1


@pytest.mark.parametrize(("writes", "expected"), [(True, b"one\ntwo\n"), (False, b"")])
def test_lines_of_others_are_written_as_they_are(tmp_path, writes, expected):
    """Other processes encode their own requests; where nothing is written, theirs are not either."""
    path = tmp_path / "access.log"
    path.touch()
    log = AccessLog(str(path), writes=writes)
    log.write(b"one\ntwo\n", 2)
    log.close()

    assert path.read_bytes() == expected


def test_a_folder_that_is_gone_keeps_the_old_file_in_use(tmp_path):
    """`reopen` says so, and lines go where they went."""
    folder = tmp_path / "logs"
    folder.mkdir()
    log = AccessLog(str(folder / "access.log"))
    moved = folder.rename(tmp_path / "moved")
    reopened = log.reopen()
    log.record(ENTRY)
    log.close()

    assert (reopened, log.trouble, len(lines(moved / "access.log"))) == (False, "", 1)
