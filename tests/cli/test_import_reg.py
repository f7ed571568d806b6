"""`casproxy import-reg`: an export becomes settings, printed or written, and nothing is lost on the way."""

import tomllib
from pathlib import Path

import pytest

from proxy.certkit.authority import Authority
from proxy.cli import import_reg
from proxy.cli.main import main
from proxy.settings.registry import KEY

LEAF = Authority.create("Test authority").issue("cas01.example")
SETTINGS = """\
# The settings of CAS01.
[server]
name = "CAS01"
certificate = "tls.pem"   # from the lab

[trust]
AllowInternalUntrustedCerts = 1  # as before

[[sites]]
name = "Branch"
default = true
servers = ["https://cas02.branch.example/owa"]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Make a working directory with settings and an export, and nothing in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CASPROXY_CONFIG", raising=False)
    (tmp_path / "a.toml").write_text(SETTINGS)
    (tmp_path / "tls.pem").write_bytes(LEAF.certificate_pem + LEAF.key_pem)
    export(tmp_path, '"AllowInternalUntrustedCerts"=dword:00000000')
    return tmp_path


def export(folder: Path, *lines: str) -> None:
    """Write an export as regedit does."""
    text = "\r\n".join(["Windows Registry Editor Version 5.00", "", f"[{KEY}]", *lines, ""])
    (folder / "owa.reg").write_bytes(b"\xff\xfe" + text.encode("utf-16-le"))


def test_it_prints_settings(folder, capsys):
    """The answer is TOML alone; what means nothing here is told beside it."""
    export(folder, '"AllowInternalUntrustedCerts"=dword:00000000', '"\x1bOdd"=dword:1', '"PublicTimeout"=dword:1e')

    assert main(["import-reg", "owa.reg"]) == 0
    out, err = capsys.readouterr()
    assert tomllib.loads(out) == {
        "trust": {"allow_internal_untrusted_certs": 0},
        "session": {"public_timeout": "30m"},
    }
    assert err == "casproxy import-reg: left out, for they mean nothing here: \\x1bOdd.\n"
    assert (folder / "a.toml").read_text() == SETTINGS


def test_it_writes_and_keeps_all_else(folder, capsys, monkeypatch):
    """One value changes; comments, spelling and the mode stay, and the next command is told."""
    path = folder / "a.toml"
    path.chmod(0o640)
    monkeypatch.setenv("CASPROXY_CONFIG", "a.toml")

    assert main(["import-reg", "owa.reg", "--write"]) == 0
    out, err = capsys.readouterr()
    assert path.read_text() == SETTINGS.replace("Certs = 1", "Certs = 0")
    assert path.stat().st_mode & 0o777 == 0o640
    assert out == "trust.allow_internal_untrusted_certs 1 → 0\n"
    assert err == "casproxy import-reg: `casproxy reload` puts it in force.\n"
    assert sorted(each.name for each in folder.iterdir()) == ["a.toml", "owa.reg", "tls.pem"]


def test_written_twice_is_written_once(folder, capsys):
    """The second time nothing changes, and there is nothing to reload."""
    main(["import-reg", "owa.reg", "--write", "--config", "a.toml"])
    text = (folder / "a.toml").read_text()
    capsys.readouterr()

    assert main(["import-reg", "owa.reg", "--write", "--config", "a.toml"]) == 0
    assert (folder / "a.toml").read_text() == text
    assert capsys.readouterr() == ("trust.allow_internal_untrusted_certs 0 → 0\n", "")


@pytest.mark.parametrize("words", [("-n",), ("--dry-run", "--write")])
def test_a_dry_run_shows_the_diff(folder, words, capsys):
    """What would change, as a diff; nothing is changed."""
    assert main(["import-reg", "owa.reg", "--config", "a.toml", *words]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[:2] == ["--- a.toml", "+++ a.toml (new)"]
    assert "-AllowInternalUntrustedCerts = 1  # as before" in out.splitlines()
    assert "+AllowInternalUntrustedCerts = 0  # as before" in out.splitlines()
    assert (err, (folder / "a.toml").read_text()) == ("", SETTINGS)


def test_a_removed_value_is_removed(folder, capsys):
    """The line goes, and it is said that the default holds."""
    export(folder, '"AllowInternalUntrustedCerts"=-')

    assert main(["import-reg", "owa.reg", "--write", "--config", "a.toml"]) == 0
    out, err = capsys.readouterr()
    assert "Allow" not in (folder / "a.toml").read_text()
    assert out == "trust.allow_internal_untrusted_certs 1 → absent\n"
    assert "AllowInternalUntrustedCerts removed: Its default is in force then." in err


def test_what_cannot_be_taken_over_is_said(folder, capsys):
    """No setting, a number that is mapped, a site's own switch and a variable that wins: each is a sentence."""
    own = "[sites.trust]\nallow_internal_untrusted_certs = 1\n"
    (folder / "a.toml").write_text(SETTINGS + own)
    export(folder, '"AllowInternalUntrustedCerts"=dword:7', '"AllowProxyingWithoutSSL"=dword:1')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CASPROXY_TRUST__ALLOW_INTERNAL_UNTRUSTED_CERTS", "0")
        code = main(["import-reg", "owa.reg", "--write", "--config", "a.toml"])

    err = capsys.readouterr().err
    assert code == 0
    assert "AllowInternalUntrustedCerts = 7: Exchange counts every number but 0 as 1" in err
    assert "AllowProxyingWithoutSSL = 1: There is no such setting" in err
    assert "site Branch has a switch of its own, which stays." in err
    assert "environment CASPROXY_TRUST__ALLOW_INTERNAL_UNTRUSTED_CERTS wins over the file." in err
    assert (folder / "a.toml").read_text() == SETTINGS + own


def test_quiet_tells_mistakes_only(folder, capsys):
    """`-q`: the answer alone."""
    export(folder, '"AllowInternalUntrustedCerts"=dword:7', '"Odd"=dword:1')

    assert main(["import-reg", "owa.reg", "--write", "-q", "--config", "a.toml"]) == 0
    assert capsys.readouterr().err == ""


def test_settings_that_would_not_be_accepted_are_not_written(folder, monkeypatch, capsys):
    """The new text is loaded first; what is wrong with it is said of the file, and the file stays."""
    monkeypatch.setattr(import_reg, "set_value", lambda text, _place, _value: "odd = 1\n" + text)

    assert main(["import-reg", "owa.reg", "--write", "--config", "a.toml"]) == 1
    assert capsys.readouterr().err.startswith("a.toml:1: odd: No setting has this name.")
    assert (folder / "a.toml").read_text() == SETTINGS


@pytest.mark.parametrize(
    ("settings", "words"),
    [("[server]\n", "a.toml"), ("[trust\n", "a.toml:1: This is not TOML"), (SETTINGS + "odd = 1\n", "a.toml:13")],
)
def test_settings_that_are_wrong_already(folder, settings, words, capsys):
    """What is wrong before is said as `check-config` does, and nothing is written."""
    (folder / "a.toml").write_text(settings)

    assert main(["import-reg", "owa.reg", "--write", "--config", "a.toml"]) == 1
    assert words in capsys.readouterr().err
    assert (folder / "a.toml").read_text() == settings


def test_a_form_that_cannot_be_changed(folder, capsys):
    """A removal from an inline table is left to people."""
    settings = 'trust = { AllowInternalUntrustedCerts = 1, ca_mode = "add" }\n' + SETTINGS.replace(
        "[trust]\nAllowInternalUntrustedCerts = 1  # as before\n", ""
    )
    (folder / "a.toml").write_text(settings)
    export(folder, '"AllowInternalUntrustedCerts"=-')

    assert main(["import-reg", "owa.reg", "--write", "--config", "a.toml"]) == 3
    assert "Change it by hand: no trust.allow_internal_untrusted_certs." in capsys.readouterr().err
    assert (folder / "a.toml").read_text() == settings


def test_which_settings(capsys):
    """`--write` without a file is a mistake of usage."""
    assert main(["import-reg", "owa.reg", "--write"]) == 2
    assert "--config FILE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (['"AllowInternalUntrustedCerts"="0"'], "owa.reg:4: AllowInternalUntrustedCerts: This is a REG_SZ"),
        (['"AllowInternalUntrustedCerts"=dword:'], "owa.reg:4: "),
        (['"Odd"=dword:0'], "owa.reg has none of AllowInternalUntrustedCerts, "),
    ],
)
def test_an_export_that_says_nothing_is_1(folder, lines, words, capsys):
    """Wrong types and missing values are told; nothing is printed as an answer."""
    export(folder, *lines)

    assert main(["import-reg", "owa.reg", "-q"]) == 1
    out, err = capsys.readouterr()
    assert (out, words in err) == ("", True)


def test_files_that_cannot_be_used(monkeypatch, capsys):
    """No such file, a folder, one that is too large: 3."""
    assert main(["import-reg", "none.reg"]) == 3
    assert main(["import-reg", "."]) == 3
    monkeypatch.setattr(import_reg, "MAX_BYTES", 10)
    assert main(["import-reg", "owa.reg"]) == 3
    told = capsys.readouterr().err
    assert "none.reg cannot be read: No such file or directory." in told
    assert "owa.reg is too large." in told


def test_settings_that_cannot_be_written(monkeypatch, capsys):
    """A folder that does not let a file be replaced: 3, and the file is as before."""

    def refuse(path, change):
        change(path.read_text())
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(import_reg, "rewrite", refuse)

    assert main(["import-reg", "owa.reg", "--write", "--config", "a.toml"]) == 3
    assert "a.toml was not changed: Permission denied." in capsys.readouterr().err
