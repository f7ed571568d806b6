"""`casproxy explain site`: the policy with its origins, and the verdicts of the running proxy or of a look now."""

import json

import pytest

from proxy.cli.main import main
from tests.admin_double import admin_listener


def settings(sites, tmp_path, admin: str = "127.0.0.1:1", allow: int = 0) -> str:
    """Write settings whose admin listener is there."""
    name = sites.settings(tmp_path / "lab.toml", allow)
    text = (tmp_path / "lab.toml").read_text().replace('admin = "127.0.0.1:0"', f'admin = "{admin}"')
    (tmp_path / "lab.toml").write_text(text)
    return name


def test_without_a_proxy_the_servers_are_looked_at(sites, tmp_path, capsys):
    """The policy with who set it, then what was found now."""
    code = main(["explain", "site", "plant", "--config", settings(sites, tmp_path)])
    out = capsys.readouterr().out

    assert code == 1
    assert out.startswith("Site Plant: policy enforce, because trust says so.")
    assert "allow_internal_untrusted_certs = 0  # " in out
    assert "looked at now" in out
    assert "✖ cas04.plant.lab.localhost  expired" in out
    assert " why" in out
    assert " fix" in out


def test_a_running_proxy_is_asked(sites, tmp_path, capsys):
    """Its last verdict is told, with whose word it is; a token that the settings know is shown to it."""
    verdict = {"trusted": True, "reason": "", "findings": []}
    body = json.dumps({"verdicts": [{"site": "Plant", "server": "told-by-the-proxy", "fault": "", "verdict": verdict}]})
    with admin_listener(200, body.encode()) as (address, seen):
        name = settings(sites, tmp_path, address)
        file = tmp_path / "lab.toml"
        file.write_text(file.read_text().replace("[server]", '[server]\nadmin_token = "s3cret"'))
        code = main(["explain", "site", "Plant", "--config", name])
    out = capsys.readouterr().out

    assert code == 0
    assert f"as the proxy at {address} saw them last" in out
    assert "✔ told-by-the-proxy  trusted" in out
    assert seen == ["Bearer s3cret"]


@pytest.mark.parametrize(
    ("status", "body"),
    [(401, b"{}"), (200, b"nonsense"), (200, b"{}"), (200, b'{"verdicts": []}'), (500, b""), (200, b"[]")],
)
def test_an_answer_that_tells_nothing_is_no_answer(sites, tmp_path, capsys, status, body):
    """Then the servers are looked at."""
    with admin_listener(status, body) as (address, _):
        code = main(["explain", "site", "HQ", "--config", settings(sites, tmp_path, address)])

    assert code == 0
    assert "looked at now" in capsys.readouterr().out


def test_the_same_for_programs(sites, tmp_path, capsys):
    """Policy and servers in one object."""
    code = main(["explain", "site", "Branch", "--json", "--config", settings(sites, tmp_path)])
    answer = json.loads(capsys.readouterr().out)

    assert code == 1
    assert answer["site"] == "Branch"
    assert answer["policy"]["allow_internal_untrusted_certs"]["value"] == 0
    assert answer["servers"][0]["verdict"]["reason"] == "self_signed"


def test_a_site_that_is_not_there(sites, tmp_path, capsys):
    """2, with the nearest name and all there are."""
    code = main(["explain", "site", "Brunch", "--config", settings(sites, tmp_path)])
    err = capsys.readouterr().err

    assert code == 2
    assert "Did you mean Branch?" in err
    assert "Warehouse" in err
