"""Sessions that were ended stay so over a restart, or somebody is told why not."""

from pathlib import Path

import pytest

from proxy.service.ended import NAME, EndedSessions
from proxy.session.revoked import Revoked

ID = "0123456789abcdef" * 2


def ended(folder: Path, revoked: Revoked | None = None) -> tuple[EndedSessions, Revoked, list[str]]:
    """Make a file beside a memory."""
    told: list[str] = []
    memory = revoked or Revoked()
    return EndedSessions(folder, memory, told.append), memory, told


def test_a_restart_revives_nobody(tmp_path):
    """What one process ended the next one knows; the file is the owner's alone."""
    first, memory, _ = ended(tmp_path)
    memory.add(ID, 1e10)
    first.keep(1)
    second, after, told = ended(tmp_path)
    second.read()

    assert (after.has(ID, 1.0), told) == (True, [])
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


def test_nothing_is_written_where_nothing_was_ended(tmp_path):
    """The first version is 0; the same version is written once."""
    first, memory, _ = ended(tmp_path)
    first.keep(0)
    was_there = (tmp_path / NAME).exists()
    memory.add(ID, 1e10)
    first.keep(1)
    (tmp_path / NAME).unlink()
    first.keep(1)

    assert (was_there, (tmp_path / NAME).exists()) == (False, False)


def test_no_file_is_no_fault(tmp_path):
    """The first start has none."""
    first, _, told = ended(tmp_path)
    first.read()

    assert told == []


def test_a_damaged_file_is_read_as_far_as_it_goes(tmp_path):
    """And told."""
    first, memory, _ = ended(tmp_path)
    memory.add(ID, 1e10)
    first.keep(1)
    (tmp_path / NAME).write_text((tmp_path / NAME).read_text() + "nonsense\n")
    second, after, told = ended(tmp_path)
    second.read()

    assert after.has(ID, 1.0)
    assert "damaged" in told[0]


@pytest.mark.parametrize("what", ["read", "keep"])
def test_a_place_that_cannot_be_used_is_told_once(tmp_path, what):
    """With the cure; the memory goes on working."""
    if what == "read":
        (tmp_path / NAME).mkdir()
        place = tmp_path
    else:
        place = tmp_path / "gone"
    first, memory, told = ended(place)
    memory.add(ID, 1e10)
    for version in (1, 2):
        first.read() if what == "read" else first.keep(version)

    assert len(told) == 1
    assert NAME in told[0]
    assert memory.has(ID, 1.0)
