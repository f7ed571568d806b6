"""Everything that can be wrong with a configuration's files is told at once."""

import socket

import pytest

from proxy.certkit.authority import Authority
from proxy.service.load import Loaded, load
from proxy.settings.problems import SettingsInvalid

AUTHORITY = Authority.create("Test authority")
LEAF = AUTHORITY.issue("cas01.example")
TEXT = """\
[server]
name = "CAS01"
certificate = "tls.pem"
key = "tls.key"
[trust]
allow_internal_untrusted_certs = 0
ca_files = ["ca.pem"]
[[sites]]
name = "Branch"
default = true
servers = ["https://cas02.branch.example/owa"]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Make a working directory with a good configuration."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.toml").write_text(TEXT)
    (tmp_path / "tls.pem").write_bytes(LEAF.certificate_pem)
    (tmp_path / "tls.key").write_bytes(LEAF.key_pem)
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.certificate_pem)
    return tmp_path


def read(environment=None, flags=None) -> Loaded:
    """Load the configuration of the working directory."""
    return load("a.toml", environment or {}, flags or {})


def complaints(environment=None, flags=None, path="a.toml") -> list[str]:
    """Give the lines that an administrator reads."""
    with pytest.raises(SettingsInvalid) as caught:
        load(path, environment or {}, flags or {})
    return [str(each) for each in caught.value.problems]


def test_a_good_configuration_carries_everything():
    """Settings, origins, topology, name: nothing else is needed to start."""
    loaded = read(flags={"server.listen": "127.0.0.1:0"})

    assert (loaded.first_server, loaded.topology.first_server) == ("CAS01", "CAS01")
    assert str(loaded.origins["server.listen"]) == "flag --listen"
    assert loaded.topology.sites[0].policy.ca_files == ("ca.pem",)
    assert (loaded.admin_token, loaded.warnings, loaded.is_default_switch) == ("", (), False)


def test_the_switch_that_nobody_set_is_known(folder):
    """A variable is enough to set it; without a word the configuration says so."""
    (folder / "a.toml").write_text(TEXT.replace("allow_internal_untrusted_certs = 0\n", ""))

    assert read().is_default_switch
    assert not read({"CASPROXY_TRUST__ALLOW_INTERNAL_UNTRUSTED_CERTS": "0"}).is_default_switch


def test_the_machine_gives_its_name(folder):
    """Without a name the host name stands in events."""
    (folder / "a.toml").write_text(TEXT.replace('name = "CAS01"', ""))

    assert read().first_server.lower() == socket.gethostname().strip("-._").lower()


def test_one_file_may_hold_certificate_and_key(folder):
    """`key` may be left out, whichever of the two stands first."""
    (folder / "a.toml").write_text(TEXT.replace('key = "tls.key"\n', ""))
    for pem in (LEAF.certificate_pem + LEAF.key_pem, LEAF.key_pem + LEAF.certificate_pem):
        (folder / "tls.pem").write_bytes(b"A comment.\n" + pem)

        assert read().settings.server.key == ""


def test_relative_names_start_at_the_working_directory(folder, monkeypatch):
    """Not at the configuration file; and when a file is missing, that is said."""
    (folder / "inner").mkdir()
    (folder / "inner" / "b.toml").write_text(TEXT)
    assert load(folder / "inner" / "b.toml", {}, {})

    monkeypatch.chdir(folder / "inner")
    first, *_ = complaints(path="b.toml")
    assert first == (
        'b.toml:3: server.certificate: The file "tls.pem" does not exist. '
        f"Relative names start at the working directory, {folder / 'inner'}."
    )


def test_problems_of_text_environment_and_files_come_together(folder):
    """One run shows everything that must be mended."""
    (folder / "a.toml").write_text(TEXT + '[log]\nlevel = "loud"\naccess_file = "no/where.log"\n')
    (folder / "tls.key").unlink()
    (folder / "ca.pem").unlink()

    assert [line.split(": ")[1] for line in complaints({"CASPROXY_X": "1"})] == [
        "server.key",
        "trust.ca_files[0]",
        "log.level",
        "log.access_file",
        "No setting has this name.",
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, 'a.toml: The file "a.toml" does not exist.'),
        (b'[server]\nname = "\xff"', "a.toml:2: This is not UTF-8. Save the file as UTF-8."),
        (b"[server", "a.toml:1: This is not TOML"),
        (b"\xff\xfe[\0s\0", "a.toml:1: This is not UTF-8."),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_one_problem(folder, content, words):
    """A missing or unreadable configuration is one line."""
    (folder / "a.toml").unlink()
    if content is not None:
        (folder / "a.toml").write_bytes(content)

    (line,) = complaints()
    assert line.startswith(words)


@pytest.mark.parametrize("path", [".", "a\0b", "x" * 5000, "a.toml/b"])
def test_names_that_name_no_file(path):
    """A directory, a NUL, a name too long: one line, no traceback."""
    assert len(complaints(path=path)) == 1


def test_the_files_of_a_refused_configuration_are_told(folder):
    """Whoever watches them reads it anew when one comes or changes."""
    (folder / "ca.pem").unlink()
    with pytest.raises(SettingsInvalid) as caught:
        read()

    assert caught.value.files == ("tls.pem", "tls.key", "ca.pem")
    assert read_after(folder).file == "a.toml"


def read_after(folder) -> Loaded:
    """Load it once the file is there again."""
    (folder / "ca.pem").write_bytes(AUTHORITY.certificate_pem)
    return read()
