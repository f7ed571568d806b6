"""`casproxy log-level` against the real admin listener."""

import json

import pytest

from proxy.cli.main import main


def test_it_is_shown(admin, capsys):
    """One word."""
    assert main(["log-level"]) == 0
    assert capsys.readouterr() == ("info\n", "")
    assert admin.state.calls == []


@pytest.mark.parametrize(("words", "out"), [([], "debug\n"), (["-q"], ""), (["--json"], '{\n  "level": "debug"\n}\n')])
def test_it_is_changed(admin, words, out, capsys):
    """To one of the four, told as wanted."""
    assert main(["log-level", "debug", *words]) == 0
    assert capsys.readouterr() == (out, "")
    assert admin.state.level == "debug"


def test_an_unknown_level_is_usage(admin, capsys):
    """2, with the words that there are."""
    assert main(["log-level", "loud"]) == 2
    assert "'debug', 'info', 'warning', 'error'" in capsys.readouterr().err
    assert admin.state.calls == []


def test_without_a_proxy(admin, capsys):
    """3 and why."""
    admin.stop()

    assert main(["log-level", "debug"]) == 3
    assert "casproxy log-level: 127.0.0.1:" in capsys.readouterr().err


def test_for_programs(admin, capsys):
    """The proxy's answer."""
    assert main(["log-level", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"level": "info"}
    assert admin.state.level == "info"
