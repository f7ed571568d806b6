"""What was left out is said loudly, and is a failure where nothing may be left out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import peers

ROOT = Path(__file__).parents[1]


def test_silence_is_for_nothing_left_out(monkeypatch) -> None:
    """With every peer installed and every test run there is one quiet line."""
    monkeypatch.setattr(peers, "PEERS", {})

    assert peers.report([]) == "Nothing was left out: every peer is installed."


def test_each_test_left_out_is_named(monkeypatch) -> None:
    """Test, reason, missing peer and its package stand between two loud rules."""
    monkeypatch.setattr(peers, "PEERS", {"needs_x": peers.Peer(("no-such-program",), "some-package")})

    told = peers.report([["tests/test_x.py::test_it", "needs x"]]).splitlines()

    assert told[0] == told[-1] == "!" * 100
    assert "  tests/test_x.py::test_it: needs x" in told
    assert "  needs_x: no-such-program not found (apt-get install some-package)" in told


def test_what_only_root_can_do_is_missing_for_others(monkeypatch) -> None:
    """A peer that is used as root counts as missing for another user."""
    monkeypatch.setattr(peers, "PEERS", {"needs_x": peers.Peer(("sh",), "dash", as_root=True)})
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert "as root" in peers.why_missing("needs_x")


@pytest.mark.parametrize(("strict", "code"), [("", 0), ("1", 1)])
def test_leaving_out_is_a_failure_when_asked(tmp_path, strict, code) -> None:
    """With LEAVE_NOTHING_OUT a skipped test makes the run fail; without it the run is fine."""
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (tmp_path / "peers.py").write_text((ROOT / "tests" / "peers.py").read_text())
    (tmp_path / "test_x.py").write_text(
        "import pytest\ndef test_a():\n    pass\n@pytest.mark.skip('gone')\ndef test_b():\n    pass\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(tmp_path)],
        cwd=tmp_path,
        env=os.environ | {peers.STRICT: strict},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == code, done.stdout
    assert (peers.STRICT in done.stdout) == bool(strict)
