"""The running lab is operated from the command line, as the README says."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from proxy.cli.main import main
from proxy.settings.registry import KEY
from tests.e2e.lab_process import Running, client

pytestmark = pytest.mark.e2e

PATIENCE = 20


class Done(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[Running]:
    """Run one lab for the tests of this module; they leave the switch at 1."""
    running = Running(tmp_path_factory.mktemp("lab"), "--no-sign-in")
    yield running
    assert running.end() == 0


@pytest.fixture(autouse=True)
def _silent_environment(monkeypatch):
    """Let the environment say nothing of a proxy."""
    for name in list(os.environ):
        if name.startswith("CASPROXY_"):
            monkeypatch.delenv(name)


@pytest.fixture
def run(lab, capsys) -> Callable[..., Done]:
    """Run a command to its end; it finds the lab by its settings."""

    def running(*words: str) -> Done:
        code = main([*words, "--config", lab.facts["settings"]])
        return Done(code, *capsys.readouterr())

    return running


async def status_of(lab: Running, site: str) -> int:
    """Ask a site as a browser does."""
    async with client(lab) as session, session.get(lab.sites[site]["url"]) as answer:
        return answer.status


async def test_the_switch_is_in_force_when_the_command_returns(lab, run):
    """Branch is used, refused and used again; what was refused is told by `events`, with where the switch came from."""
    assert await status_of(lab, "Branch") == 200

    turned = run("trust", "set", "--site", "branch", "0")
    assert (turned.code, turned.out.splitlines()[0]) == (
        0,
        "Branch: allow_internal_untrusted_certs 1 → 0 (default → run time).",
    )
    assert [await status_of(lab, "Branch"), await status_of(lab, "HQ")] == [502, 200]
    told = run("events", "--id", "43", "--site", "Branch", "--json")
    record = json.loads(told.out.splitlines()[-1])
    assert (record["event.reason"], record["casproxy.policy_source"]) == ("self_signed", "run time")

    assert run("trust", "reset").code == 0
    assert await status_of(lab, "Branch") == 200
    changes = [json.loads(line)["message"] for line in run("events", "--id", "1050", "--json").out.splitlines()]
    assert any("of site Branch 1 → 0 (default → run time)" in each for each in changes)


async def test_what_was_turned_holds_over_a_reload(lab, run):
    """`trust show` says so, and `reset` ends it."""
    run("trust", "set", "0", "-q")
    try:
        assert run("reload").code == 0
        assert await status_of(lab, "Branch") == 502
        assert "Branch            0  run time" in run("trust", "show").out.splitlines()
    finally:
        assert run("trust", "reset", "-q").code == 0
    assert await status_of(lab, "Branch") == 200


@pytest.fixture
def settings(lab, run) -> Iterator[Path]:
    """Give the settings file; afterwards it is as before, and in force."""
    path = Path(lab.facts["settings"])
    text = path.read_text()
    yield path
    path.write_text(text)
    assert run("reload").code == 0


@pytest.fixture
def export(tmp_path) -> Path:
    """Write an export of the registry with the switch at 0."""
    path = tmp_path / "owa.reg"
    lines = ("Windows Registry Editor Version 5.00", "", f"[{KEY}]", '"AllowInternalUntrustedCerts"=dword:00000000', "")
    path.write_bytes(b"\xff\xfe" + "\r\n".join(lines).encode("utf-16-le"))
    return path


def test_settings_that_are_refused_change_nothing(settings, run):
    """`reload` is 1 and says why, and so does `status`."""
    settings.write_text(settings.read_text().replace("[trust]\n", '[trust]\nca_mod = "only"\n', 1))

    refused = run("reload")
    assert (refused.code, refused.out) == (1, "")
    assert "trust.ca_mod" in refused.err
    assert "refused: " in run("status").out


@pytest.mark.usefixtures("settings")
async def test_an_import_is_put_in_force(lab, run, export):
    """From an export of the registry to a refusal: `import-reg --write`, `reload`."""
    assert run("import-reg", str(export), "--write").code == 0
    assert run("reload").code == 0
    assert await status_of(lab, "Branch") == 502


def test_events_arrive_as_they_happen(lab, run):
    """`events -f` tells a change at once; Ctrl-C ends it."""
    words = ["events", "-f", "--json", "--id", "1050", "--limit", "1", "--config", lab.facts["settings"]]
    command = ["env", "--default-signal=INT", sys.executable, "-m", "proxy", *words]  # it may be ignored by who tests
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as following:
        try:
            run("log-level", "warning")
            run("log-level", "info")
            seen = ""
            while "log.level warning → info" not in seen:
                line = following.stdout.readline().decode()
                assert line, following.stderr.read()
                seen = json.loads(line)["message"]
            following.send_signal(2)
            assert following.wait(PATIENCE) == 130
        finally:
            following.kill()


def test_the_token_is_a_secret_of_the_owner(lab, capsys):
    """Nobody else may read it, and without it nothing is changed."""
    assert Path(lab.facts["admin_token_file"]).stat().st_mode & 0o777 == 0o600

    assert main(["trust", "set", "0", "--admin", lab.facts["admin"]]) == 3
    assert "--token-file" in capsys.readouterr().err
    with urllib.request.urlopen(f"http://{lab.facts['admin']}/api/trust") as answer:
        assert json.load(answer)["default"]["run_time"] is False
