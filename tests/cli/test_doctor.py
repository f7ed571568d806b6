"""`casproxy doctor`: all servers, worst first, and how to mend them."""

import json
import shlex

from proxy.cli.main import main


def test_worst_first_with_the_commands_that_mend(sites, tmp_path, capsys):
    """Four faults before the good one; each names why and fix, and its command works as it is written."""
    code = main(["doctor", "--config", sites.settings(tmp_path / "lab.toml", 0)])
    out = capsys.readouterr().out
    heads = [line for line in out.splitlines() if line.startswith(("✖", "✔", "?"))]
    commands = [line.split(maxsplit=1)[1] for line in out.splitlines() if line.startswith(" look")]

    assert code == 1
    assert [head[0] for head in heads] == ["✖"] * 4 + ["✔"]
    assert "Requests are refused with 502 and event 43 (switch 0 from trust)" in out
    assert out.splitlines()[-1] == "5 servers: 1 trusted, 4 not trusted, 0 could not be looked at."
    assert [main(shlex.split(command)[1:]) for command in commands] == [1] * 4


def test_under_1_it_says_what_0_would_do(sites, tmp_path, capsys):
    """Servers that are used although they are not trusted."""
    code = main(["doctor", "--config", sites.settings(tmp_path / "lab.toml", 1)])

    assert code == 1
    assert capsys.readouterr().out.count("with 0 they would be refused") == 4


def test_the_same_for_programs(sites, tmp_path, capsys):
    """One object with all servers."""
    main(["doctor", "--json", "--config", sites.settings(tmp_path / "lab.toml", 0)])
    servers = json.loads(capsys.readouterr().out)["servers"]

    assert {each["site"]: each["enforce"] for each in servers} == {
        "HQ": "trusted",
        "Branch": "untrusted",
        "Plant": "untrusted",
        "Warehouse": "untrusted",
        "Depot": "untrusted",
    }
    assert {each["verdict"]["reason"] for each in servers if each["verdict"]["reason"]} == {
        "self_signed",
        "expired",
        "name_mismatch",
        "missing_intermediate",
    }


def test_without_settings_it_says_where_they_are(monkeypatch, capsys):
    """2, with the way out."""
    monkeypatch.delenv("CASPROXY_CONFIG", raising=False)

    assert main(["doctor"]) == 2
    assert "--config FILE" in capsys.readouterr().err


def test_wrong_settings_are_told(tmp_path, capsys):
    """1, with the problem."""
    file = tmp_path / "bad.toml"
    file.write_text("[server]\nnme = 1\n")

    assert main(["doctor", "--config", str(file)]) == 1
    assert "nme" in capsys.readouterr().err
