"""Promises of changing a users file."""

import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from proxy.accounts import rewrite as rewrite_module
from proxy.accounts.rewrite import rewrite
from proxy.directory.faults import DirectoryInvalid


@pytest.fixture
def path(tmp_path):
    """Give a file of one word."""
    path = tmp_path / "users.toml"
    path.write_text("one")
    path.chmod(0o640)
    return path


def test_the_text_is_replaced_and_the_mode_stays(path):
    """Readers see another file with the old mode; nothing else is left in the folder."""
    before = path.stat()
    rewrite(path, lambda text: text + " two")

    assert path.read_text() == "one two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.stat().st_ino != before.st_ino
    assert list(path.parent.iterdir()) == [path]


def test_a_new_file_is_for_its_owner_alone(tmp_path):
    """It holds hashes."""
    path = tmp_path / "users.toml"
    rewrite(path, lambda text: text + "!", new="new")

    assert path.read_text() == "new!"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_must_be_there_is_not_made(tmp_path):
    """Removing somebody from nothing is an error."""
    with pytest.raises(DirectoryInvalid, match="No such file"):
        rewrite(tmp_path / "users.toml", str)

    assert list(tmp_path.iterdir()) == []


def test_a_link_stays_a_link(path, tmp_path):
    """What it means is replaced."""
    link = tmp_path / "link.toml"
    link.symlink_to(path.name)
    rewrite(link, str.upper)

    assert link.is_symlink()
    assert path.read_text() == "ONE"


def test_a_change_that_fails_leaves_the_file(path):
    """The error is the caller's, the file is as before."""

    def fail(_text):
        raise KeyError

    with pytest.raises(KeyError):
        rewrite(path, fail)

    assert path.read_text() == "one"


def test_a_write_that_fails_leaves_the_file_and_no_draft(path, monkeypatch):
    """A full disk in the middle costs nothing."""

    def fail(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rewrite_module.os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        rewrite(path, str.upper)

    assert path.read_text() == "one"
    assert list(path.parent.iterdir()) == [path]


def test_the_owner_stays(path, monkeypatch):
    """A file that another account owns is given to it again before it takes the name."""
    given = []
    real = os.fstat

    def fstat(descriptor):
        state = real(descriptor)
        return os.stat_result((*state[:4], state.st_uid + 1, *state[5:]))

    monkeypatch.setattr(rewrite_module.os, "fstat", fstat)
    monkeypatch.setattr(rewrite_module.os, "fchown", lambda _descriptor, *owner: given.append(owner))
    rewrite(path, str.upper)

    assert given == [(os.getuid(), path.stat().st_gid)]


def test_many_changes_at_once_are_all_kept(path):
    """Each waits for the others, so that none works on an old text."""
    path.write_text("")
    together = threading.Barrier(8)

    def add(number):
        together.wait(30)
        rewrite(path, lambda text: f"{text}{number}\n")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(8)))

    assert sorted(path.read_text().split()) == list("01234567")


def test_a_folder_that_is_missing_is_an_error(tmp_path):
    """Folders are not made."""
    with pytest.raises(FileNotFoundError):
        rewrite(Path(tmp_path / "absent" / "users.toml"), str, new="")
