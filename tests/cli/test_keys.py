"""`casproxy keys`: the ring is made once, rotated in one step, and never shown."""

import os
from pathlib import Path

import pytest

from proxy.cli import keys
from proxy.cli.main import main
from proxy.session.keys import MAX_KEYS, MAX_OCTETS, KeyRing


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    """Make a ring."""
    path = tmp_path / "ring"
    assert main(["keys", "make", "--file", str(path)]) == 0
    return path


def fingerprints(path: Path) -> tuple[str, ...]:
    """Read the fingerprints of a ring."""
    return KeyRing.parse(path.read_text()).fingerprints


def secrets_of(path: Path) -> list[str]:
    """List the keys of a ring."""
    return [line for line in path.read_text().splitlines() if not line.startswith("#")]


def test_a_ring_is_made_for_its_owner_alone(tmp_path: Path, capsys) -> None:
    """One key, mode 0600, its fingerprint told, nothing else left in the folder."""
    ring = tmp_path / "ring"
    assert main(["keys", "make", "--file", str(ring)]) == 0

    assert ring.stat().st_mode & 0o777 == 0o600
    assert len(secrets_of(ring)) == 1
    told = capsys.readouterr()
    assert told.out == f"{fingerprints(ring)[0]}  seals and opens\n"
    assert told.err == ""
    assert [path.name for path in ring.parent.iterdir()] == ["ring"]


def test_a_ring_is_never_made_over(ring: Path, tmp_path: Path, capsys) -> None:
    """Making it again would sign everybody out; a link that leads nowhere is no room for one either."""
    before = ring.read_bytes()
    dangling = tmp_path / "link"
    dangling.symlink_to(tmp_path / "nowhere")
    capsys.readouterr()

    assert main(["keys", "make", "--file", str(ring)]) == 1
    assert main(["keys", "make", "--file", str(dangling)]) == 1

    assert ring.read_bytes() == before
    assert not (tmp_path / "nowhere").exists()
    assert "is there already" in capsys.readouterr().err


def test_rotation_puts_a_key_first_and_keeps_some(ring: Path) -> None:
    """The former key opens still, twice; then it is gone. Comments and mode stay."""
    first = fingerprints(ring)[0]
    for expected in (2, 3, 3):
        assert main(["keys", "rotate", "--file", str(ring)]) == 0
        assert len(fingerprints(ring)) == expected

    assert first not in fingerprints(ring)
    assert ring.read_text().startswith(keys.HEADING)
    assert ring.stat().st_mode & 0o777 == 0o600
    newest = fingerprints(ring)[0]
    assert main(["keys", "rotate", "--keep", "0", "--file", str(ring)]) == 0
    assert len(fingerprints(ring)) == 1
    assert fingerprints(ring)[0] != newest


def test_a_link_goes_on_leading_to_the_ring(ring: Path, tmp_path: Path) -> None:
    """A ring that was linked into place is rotated where it is."""
    link = tmp_path / "link"
    link.symlink_to(ring)

    assert main(["keys", "rotate", "--file", str(link)]) == 0

    assert link.is_symlink()
    assert len(fingerprints(ring)) == 2


def test_the_ring_keeps_its_owner(ring: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """Root gives the new file to the old one's owner; anybody else who is not the owner leaves it alone."""
    given: list[tuple[int, int, bool]] = []
    owner = ring.stat()
    monkeypatch.setattr(
        os, "fchown", lambda _file, user, group: given.append((user, group, ring.stat().st_ino == owner.st_ino))
    )

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert main(["keys", "rotate", "--file", str(ring)]) == 0
    assert given == [(owner.st_uid, owner.st_gid, True)]  # the old ring is still there

    before = ring.read_bytes()
    monkeypatch.setattr(os, "geteuid", lambda: owner.st_uid + 1)
    assert main(["keys", "rotate", "--file", str(ring)]) == 3
    assert ring.read_bytes() == before
    assert "belongs to another user" in capsys.readouterr().err


def test_an_owner_rotates_without_giving_away(ring: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is not root changes no owner, for he may not."""
    stat = os.stat_result((0o100600, 0, 0, 1, 7, 7, 0, 0, 0, 0))
    monkeypatch.setattr(Path, "stat", lambda _self, **_options: stat)
    monkeypatch.setattr(os, "geteuid", lambda: 7)
    monkeypatch.setattr(os, "fchown", pytest.fail)

    assert main(["keys", "rotate", "--file", str(ring)]) == 0
    assert len(fingerprints(ring)) == 2


def test_show_tells_fingerprints_only(ring: Path, capsys) -> None:
    """In the order of the ring, the sealing one first; no part of a key in any answer."""
    main(["keys", "rotate", "--file", str(ring)])
    capsys.readouterr()

    assert main(["keys", "show", "--file", str(ring)]) == 0

    told = capsys.readouterr()
    first, second = fingerprints(ring)
    assert told.out == f"{first}  seals and opens\n{second}  opens\n"
    assert told.err == ""
    assert not any(secret[:8] in told.out for secret in secrets_of(ring))


def test_a_ring_open_to_others_is_remarked(ring: Path, capsys) -> None:
    """Whoever reads the ring can sign in as anybody."""
    ring.chmod(0o640)
    capsys.readouterr()

    assert main(["keys", "show", "--file", str(ring)]) == 0
    assert "chmod 600" in capsys.readouterr().err


@pytest.mark.parametrize("action", ["rotate", "show"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no key in it"),
        (b"# one\nsecret!\n", "Line 2 is no key"),
        (b"\xff\xfe", "Line 1 is not UTF-8; save the file as UTF-8, or name the right one."),
        (b"#" * (MAX_OCTETS + 1), "some other file"),
    ],
)
def test_what_is_no_ring_is_left_alone(action: str, content: bytes, words: str, tmp_path: Path, capsys) -> None:
    """The answer is 1, names file and line, quotes nothing, and the file is as before."""
    path = tmp_path / "ring"
    path.write_bytes(content)

    assert main(["keys", action, "--file", str(path)]) == 1

    told = capsys.readouterr()
    assert words in told.err
    assert str(path) in told.err
    assert "secret" not in told.err + told.out
    assert path.read_bytes() == content


@pytest.mark.parametrize("action", ["make", "rotate", "show"])
def test_a_file_that_cannot_be_used_is_3(action: str, tmp_path: Path, capsys) -> None:
    """A missing folder is told in the system's words."""
    assert main(["keys", action, "--file", str(tmp_path / "none" / "ring")]) == 3
    assert "No such file" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["-1", str(MAX_KEYS), "x", "", "\u0663", "0099", "0" * 5000])
def test_how_many_to_keep_is_bounded(number: str, ring: Path) -> None:
    """What is no such number is a usage error."""
    before = ring.read_bytes()

    assert main(["keys", "rotate", "--file", str(ring), f"--keep={number}"]) == 2
    assert ring.read_bytes() == before
