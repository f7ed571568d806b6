"""Writing PEM files in one step."""

import os
import stat
from pathlib import Path

import pytest

from proxy.certkit.files import PRIVATE, write_file


def test_replaces_content_and_mode(tmp_path: Path) -> None:
    """A file that was readable for all holds the new content for its owner alone."""
    path = tmp_path / "key.pem"
    path.write_bytes(b"old")
    path.chmod(0o644)

    write_file(path, b"new", PRIVATE)

    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_the_owner_is_that_of_the_file_before_anybody_sees_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever it belongs to could not open it for a moment otherwise, or for ever if the machine stopped then."""
    path = tmp_path / "key.pem"
    path.write_bytes(b"old")
    given: list[tuple[int, int, bytes]] = []
    monkeypatch.setattr(os, "fchown", lambda _file, user, group: given.append((user, group, path.read_bytes())))

    write_file(path, b"new", PRIVATE, (7, 8))
    write_file(path, b"newer", PRIVATE)

    assert given == [(7, 8, b"old")]


def test_an_owner_that_cannot_be_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the old file stays."""

    def refuse(*_: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    (tmp_path / "key.pem").write_bytes(b"old")
    monkeypatch.setattr(os, "fchown", refuse)

    with pytest.raises(PermissionError):
        write_file(tmp_path / "key.pem", b"new", PRIVATE, (7, 8))
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    """When the replacing fails, the draft is gone and the error is told."""
    blocked = tmp_path / "folder"
    (blocked / "inside").mkdir(parents=True)

    with pytest.raises(OSError, match="folder"):
        write_file(blocked, b"x", PRIVATE)

    assert list(tmp_path.iterdir()) == [blocked]
