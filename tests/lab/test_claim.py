"""One folder, one running lab."""

import os

import pytest

from proxy.lab.claim import FILE, claim
from proxy.lab.topology import LabMistake


def test_a_folder_that_is_held_is_refused_with_the_holder_and_a_cure(tmp_path):
    """The sentence names the folder, the process and how to have a second lab."""
    with claim(tmp_path), pytest.raises(LabMistake) as refusal, claim(tmp_path):
        pass

    assert f"{tmp_path} (process {os.getpid()})" in str(refusal.value)
    assert "--state DIR --port 0" in str(refusal.value)


def test_what_a_killed_lab_left_behind_holds_nobody_up(tmp_path):
    """The file may be there with any content; only the lock counts."""
    (tmp_path / FILE).write_text("a longer text than a process id")

    with claim(tmp_path):
        assert (tmp_path / FILE).read_text() == str(os.getpid())


def test_a_claim_ends_with_its_block(tmp_path):
    """The next start in the same folder is free to go."""
    with claim(tmp_path / "new"):
        pass
    with claim(tmp_path / "new"):
        assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
