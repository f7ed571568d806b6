"""What counts as a change of a file, and when a reading is asked for."""

import os
from pathlib import Path

import pytest

from proxy.certkit.authority import Authority
from proxy.service.load import load
from proxy.service.watching import POLL_SECONDS, Watching, files_of

TEXT = """\
[server]
certificate = "tls.pem"
key = "tls.key"
{watch}
[trust]
allow_internal_untrusted_certs = 0
[[sites]]
name = "Branch"
default = true
servers = ["https://cas02.branch.example/owa"]
"""


class Watch:
    """Files that are watched, and a clock turned by hand."""

    def __init__(self, *files: Path) -> None:
        self.asked = 0
        self.now = 100.0
        self.watching = Watching(files, self.ask)

    def ask(self) -> None:
        """Count."""
        self.asked += 1

    def polls(self, count: int = 2) -> int:
        """Look so often; gives how often a reading has been asked for in all."""
        for _ in range(count):
            self.now += POLL_SECONDS
            self.watching.tick(self.now)
        return self.asked


@pytest.fixture
def file(tmp_path) -> Path:
    """Make a file."""
    file = tmp_path / "tls.pem"
    file.write_text("first")
    return file


@pytest.fixture
def watch(file) -> Watch:
    """Watch it."""
    return Watch(file)


def test_nothing_is_asked_without_a_change(watch, file):
    """Reading a file is none."""
    file.read_text()

    assert watch.polls(10) == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda file: file.write_text("longer than before"),
        lambda file: file.write_text("other"),
        lambda file: file.with_suffix(".new").rename(file),
        lambda file: file.unlink(),
        lambda file: file.chmod(0o400),
        lambda file: os.utime(file, (1, 1)),
    ],
    ids=["longer", "as long", "replaced", "gone", "readable", "older"],
)
def test_a_change_is_asked_for_once(watch, file, change):
    """Whatever it is: a file that may be read at last counts, too."""
    file.with_suffix(".new").write_text("first")
    change(file)

    assert watch.polls(1) == 0
    assert watch.polls(1) == 1
    assert watch.polls(10) == 1


def test_a_change_must_stand_still(watch, file):
    """What is being written is not read."""
    for length in range(2, 8):
        file.write_text("x" * length)
        watch.polls(1)

    assert watch.polls(0) == 0
    assert watch.polls(1) == 1


def test_files_that_were_put_back_are_no_change(watch, file):
    """Somebody moved them away and changed their mind."""
    file.rename(file.with_suffix(".away"))
    watch.polls(1)
    file.with_suffix(".away").rename(file)
    watch.watching.look()

    assert watch.polls(5) == 0


def test_ticks_between_two_looks_do_nothing(watch, file):
    """The coarse clock ticks more often."""
    file.write_text("changed")
    for _ in range(3):
        watch.watching.tick(watch.now)

    assert watch.polls(0) == 0
    assert watch.polls(2) == 1


def test_a_folder_exchanged_behind_a_link_is_a_change(tmp_path):
    """As Kubernetes does it: the file is a link to `..data/tls.crt`, and `..data` a link to a folder."""
    for stamp in ("1", "2"):
        (tmp_path / f"..{stamp}").mkdir()
        (tmp_path / f"..{stamp}" / "tls.crt").write_text("same")
        os.utime(tmp_path / f"..{stamp}" / "tls.crt", (1, 1))
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "tls.crt").symlink_to("..data/tls.crt")
    watch = Watch(tmp_path / "tls.crt")
    watch.polls()
    (tmp_path / "..data_tmp").symlink_to("..2")
    (tmp_path / "..data_tmp").rename(tmp_path / "..data")

    assert watch.polls() == 1


def test_a_refused_reading_waits_for_the_next_change(watch, file):
    """The same mistake is not told every second."""
    file.write_text("mistake")
    watch.polls()
    watch.watching.look()

    assert watch.polls(10) == 1
    file.write_text("mended")
    assert watch.polls() == 2


def test_a_missing_file_of_a_refused_reading_may_come(watch, file, tmp_path):
    """It is watched although the settings that name it are not in force."""
    missing = tmp_path / "ca.pem"
    file.write_text("names ca.pem")
    watch.polls()
    watch.watching.add([str(missing), "no\0name"])

    assert watch.polls() == 1
    missing.write_text("here")
    assert watch.polls() == 2


def test_somebody_else_s_reload_is_not_repeated(watch, file):
    """SIGHUP right after a change: the change has been read."""
    file.write_text("changed")
    watch.watching.look()
    watch.watching.adopt([file])

    assert watch.polls(5) == 0


def test_a_change_during_a_reading_is_noticed(watch, file):
    """Nobody knows which of the two was read."""
    file.write_text("changed")
    watch.watching.look()
    file.write_text("and again")
    watch.watching.adopt([file])

    assert watch.polls() == 1


def test_other_files_are_watched_after_a_reload(watch, file, tmp_path):
    """Those of the settings in force."""
    other = tmp_path / "other.pem"
    other.write_text("other")
    watch.watching.adopt([other])
    file.write_text("changed")
    watch.polls(3)
    other.write_text("changed")

    assert watch.polls() == 1


def test_off_watches_nothing(watch, file):
    """Not even what a refused reading named."""
    watch.watching.adopt([])
    watch.watching.add([str(file)])
    watch.watching.look()
    file.write_text("changed")

    assert watch.polls(5) == 0


@pytest.mark.parametrize(
    ("setting", "expected"),
    [("watch = true", ("a.toml", "tls.pem", "tls.key")), ("watch = false", ()), ("", ())],
)
def test_files_are_those_of_the_settings(tmp_path, monkeypatch, setting, expected):
    """And the settings themselves, while `server.watch` says so."""
    monkeypatch.chdir(tmp_path)
    leaf = Authority.create("Test CA").issue("cas01.example")
    (tmp_path / "tls.pem").write_bytes(leaf.certificate_pem)
    (tmp_path / "tls.key").write_bytes(leaf.key_pem)
    (tmp_path / "a.toml").write_text(TEXT.format(watch=setting))

    assert files_of(load("a.toml", {}, {})) == tuple(map(Path, expected))
