"""`casproxy reload` against the real admin listener."""

import json

import pytest

from proxy.cli.main import main


@pytest.mark.parametrize(("words", "out"), [((), True), (("-q",), False)])
def test_settings_that_are_taken(admin, words, out, capsys):
    """0, with the proxy's sentence unless it shall be quiet."""
    assert main(["reload", *words]) == 0
    told = capsys.readouterr()
    assert told == ("CAS01 now works with the settings it has just read.\n" if out else "", "")
    assert admin.state.calls == ["reload"]


def test_settings_that_are_refused(admin, capsys):
    """1, and why; nothing on standard output."""
    admin.state.reload_ok = False

    assert main(["reload"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "casproxy reload: refused, nothing has changed. casproxy.toml:3: sites.nam is no key. Did you mean name?\n"
    )


@pytest.mark.parametrize(("ok", "code"), [(True, 0), (False, 1)])
def test_for_programs(admin, ok, code, capsys):
    """The answer says the same either way, and the exit code, too."""
    admin.state.reload_ok = ok

    assert main(["reload", "--json"]) == code
    out, err = capsys.readouterr()
    assert (json.loads(out)["reloaded"], err) == (ok, "")


def test_without_a_token(admin, monkeypatch, capsys):
    """3: whether it would have been taken is not known."""
    monkeypatch.delenv("CASPROXY_SERVER__ADMIN_TOKEN_FILE")

    assert main(["reload"]) == 3
    assert "--token-file" in capsys.readouterr().err
    assert admin.state.calls == []
