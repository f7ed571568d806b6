"""`casproxy trust diff`: what the switch would change, from looks at real servers."""

import json

import pytest

from proxy.cli.main import main


@pytest.mark.parametrize(
    ("switch", "effect"), [(1, "would be refused with 502 and event 43"), (0, "is refused now and would be used")]
)
def test_what_turning_the_switch_changes(sites, tmp_path, capsys, switch, effect):
    """Four sites change either way, the trusted one stays."""
    code = main(["trust", "diff", "--config", sites.settings(tmp_path / "lab.toml", switch)])
    out = capsys.readouterr().out

    assert code == 1
    assert out.count(effect) == 4
    assert out.count("stays in use") == 1
    assert out.splitlines()[-1] == "Turning the switch everywhere changes what happens to 4 of 5 servers."


def test_the_same_for_programs(sites, tmp_path, capsys):
    """One object with all servers and their reasons."""
    main(["trust", "diff", "--json", "--config", sites.settings(tmp_path / "lab.toml", 1)])
    servers = {each["site"]: each for each in json.loads(capsys.readouterr().out)["servers"]}

    assert (servers["HQ"]["changes"], servers["Branch"]["changes"]) == (False, True)
    assert (servers["Branch"]["switch"], servers["Branch"]["reasons"]) == (1, ["self_signed"])


def test_without_an_action_it_is_usage(capsys):
    """2, and what is missing is named."""
    assert main(["trust"]) == 2
    assert "ACTION" in capsys.readouterr().err
