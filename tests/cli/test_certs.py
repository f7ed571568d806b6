"""`casproxy certs`: its actions on the command line, how to trust, the list of faults."""

import json
import shlex

import pytest

from proxy.certkit.faults import FAULTS
from proxy.certkit.store import AUTHORITY_NAME
from proxy.cli import main


def run(*words: str) -> int:
    """Run the command."""
    return main.main(["certs", *words])


def test_an_action_is_needed(capsys) -> None:
    """Without one the usage is told."""
    assert run() == 2
    assert "ACTION" in capsys.readouterr().err


def test_what_is_made_can_be_shown(tmp_path, capsys) -> None:
    """Make an authority and a certificate, show both: 0 each time, answers on standard output alone."""
    state, out = tmp_path / "state", tmp_path / "out"

    assert run("make", "cas02.lab.localhost", "--state", str(state), "--out", str(out)) == 0
    assert run("show", str(state / "ca.pem"), str(out / "cas02.lab.localhost.pem")) == 0

    told = capsys.readouterr()
    assert told.err == ""
    assert f"issued by  CN={AUTHORITY_NAME}\n" in told.out
    assert "CN=cas02.lab.localhost" in told.out


def test_trust_names_the_file_as_each_shell_wants_it(tmp_path, capsys) -> None:
    """Every system is named with the real path, quoted where a shell would split it; nothing is run."""
    state = tmp_path / "my lab"
    run("make", "--state", str(state))
    capsys.readouterr()

    assert run("trust", "--state", str(state)) == 0

    told = capsys.readouterr().out
    path = str(state / "ca.pem")
    for system in ("Debian", "Fedora", "macOS", "Windows", "Firefox", "Chromium", "curl"):
        assert f"\n  {system}" in told
    assert f"sudo cp {shlex.quote(path)} /usr/local/share/ca-certificates/" in told
    assert f'certutil -user -addstore Root "{path}"' in told
    assert f"curl --cacert {shlex.quote(path)} https://" in told
    assert told.count("undo") == 6
    assert f'"{AUTHORITY_NAME}"' in told


def test_trust_without_an_authority_says_what_makes_it(tmp_path, capsys) -> None:
    """No commands are printed for a file that is not there."""
    assert run("trust", "--state", str(tmp_path)) == 3

    told = capsys.readouterr()
    assert told.out == ""
    assert f"certs make --state {tmp_path}" in told.err


def test_faults_are_listed_for_people(capsys) -> None:
    """Each row is a line with its word, code, reasons, sentence, and what has to be set."""
    assert run("faults") == 0

    _, *lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(FAULTS)
    for line, fault in zip(lines, FAULTS.values(), strict=True):
        word, code, *_ = line.split()
        assert (word, code) == (fault.name, str(fault.code))
        assert all(part in line for part in (*fault.reasons, fault.sentence, *fault.needs))


def test_faults_are_listed_for_programs(capsys) -> None:
    """`--json` gives the same as a list."""
    assert run("faults", "--json") == 0

    told = {row["word"]: row for row in json.loads(capsys.readouterr().out)}
    assert list(told) == list(FAULTS)
    assert told["no-aki"] == {
        "word": "no-aki",
        "sentence": FAULTS["no-aki"].sentence,
        "trusted": False,
        "code": 85,
        "reasons": ["not_rfc5280"],
        "needs": ["strict_rfc5280"],
        "policy": {"strict_rfc5280": True},
    }


@pytest.mark.parametrize("action", ["make", "show", "trust", "faults"])
def test_each_action_has_help(action: str, capsys) -> None:
    """`casproxy certs ACTION --help` works."""
    assert run(action, "--help") == 0
    assert f"casproxy certs {action}" in capsys.readouterr().out
