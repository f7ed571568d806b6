"""`casproxy lab` refuses what it does not know, with a cure; what it serves is held in tests/e2e/test_lab.py."""

import argparse
import socket
import tomllib
from pathlib import Path

import pytest

from proxy.cli import lab
from proxy.lab.claim import claim


def run(*argv: str) -> int:
    """Run the command with these arguments."""
    parser = argparse.ArgumentParser()
    lab.configure(parser)
    return lab.run(parser.parse_args(argv))


@pytest.mark.parametrize(
    ("fault", "says"),
    [("Plant=expird", "Did you mean expired?"), ("Brunch=good", "Did you mean Branch?"), ("x", "SITE=FAULT")],
)
def test_an_unknown_site_or_fault_is_a_usage_error(fault, says, capsys):
    """Exit code 2, and the nearest known word."""
    assert run("--fault", fault) == 2
    assert says in capsys.readouterr().err


def test_a_folder_that_cannot_be_used_is_said(tmp_path, capsys):
    """Exit code 1 and one sentence, no traceback."""
    file = tmp_path / "file"
    file.write_text("")

    assert run("--state", str(file), "--port", "0") == 1
    assert capsys.readouterr().err.startswith("casproxy lab: ")


def test_settings_that_contradict_are_said(tmp_path, capsys, monkeypatch):
    """The environment counts as for `serve`; its mistakes end the start."""
    monkeypatch.setenv("CASPROXY_TRUST__CA_MODE", "onyl")

    assert run("--state", str(tmp_path), "--port", "0") == 1
    assert "CASPROXY_TRUST__CA_MODE" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["70000", "-1", "x"])
def test_what_is_no_port_is_a_usage_error(port, capsys):
    """Said before anything is made."""
    with pytest.raises(SystemExit) as stop:
        run(f"--port={port}")

    assert stop.value.code == 2
    assert "is no port" in capsys.readouterr().err


def test_a_second_lab_in_the_same_folder_is_refused(tmp_path, capsys):
    """It would write its own addresses over those of the first, whose switch could not be turned any more."""
    with claim(tmp_path):
        assert run("--state", str(tmp_path), "--port", "0") == 1

    assert "A lab is running already" in capsys.readouterr().err
    assert not (tmp_path / "lab.toml").exists()


def test_a_port_in_use_is_said_with_a_cure(tmp_path, capsys):
    """The port that people type is not replaced behind their backs."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run("--state", str(tmp_path), "--port", str(port)) == 1

    error = capsys.readouterr().err
    assert f"server.listen: 127.0.0.1:{port} is in use." in error
    assert "--port 0" in error


@pytest.mark.parametrize("variable", lab.SWITCH_VARIABLES)
def test_the_flag_wins_over_the_environment_and_that_over_the_file(variable, monkeypatch, capsys):
    """With `--allow` the variable does not count; without it somebody is told why the file would have no effect."""
    monkeypatch.setenv(variable, "0")

    assert variable not in lab._environment(argparse.Namespace(allow="1"))
    assert capsys.readouterr().err == ""
    assert lab._environment(argparse.Namespace(allow=None))[variable] == "0"
    assert variable in capsys.readouterr().err


def test_the_settings_of_the_lab_say_where_requests_are_logged():
    """Beside them; what the tables say besides stays, and the drain time is short."""
    tables = tomllib.loads(lab.spell_settings({"log": {"user": "plain"}, "server": {"name": "CAS01"}}, Path("folder")))

    assert tables["log"] == {"user": "plain", "access_file": "folder/access.log"}
    assert tables["server"] == {"name": "CAS01"}
    assert tables["timeouts"]["drain"] == lab.DRAIN


def test_the_second_proxy_s_site_is_there_with_users_alone(capsys):
    """Without sign-in the lab knows no site Remote."""
    assert run("--no-sign-in", "--fault", "Remote=expired") == 2
    assert "no site 'Remote'" in capsys.readouterr().err
