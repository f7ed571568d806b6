"""Writing PEM files in one step."""

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


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    """When the replacing fails, the draft is gone and the error is told."""
    blocked = tmp_path / "folder"
    (blocked / "inside").mkdir(parents=True)

    with pytest.raises(OSError, match="folder"):
        write_file(blocked, b"x", PRIVATE)

    assert list(tmp_path.iterdir()) == [blocked]
