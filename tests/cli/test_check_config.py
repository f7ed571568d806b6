"""`casproxy check-config` answers on standard output, talks beside it, and its status is the verdict."""

import argparse
import json
import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.certkit.authority import Authority
from proxy.cli import check_config

LEAF = Authority.create("Test authority").issue("cas01.example")
TEXT = """\
[server]
name = "CAS01"
certificate = "tls.pem"
admin_token_file = "token"
[trust]
allow_internal_untrusted_certs = 0
[[sites]]
name = "Branch"
default = true
servers = ["https://cas02.branch.example/owa"]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Make a working directory with a good configuration and nothing in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CASPROXY_CONFIG", raising=False)
    (tmp_path / "a.toml").write_text(TEXT)
    (tmp_path / "token").write_text("geheim")
    (tmp_path / "tls.pem").write_bytes(LEAF.certificate_pem + LEAF.key_pem)
    return tmp_path


def run(*words) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser()
    check_config.configure(parser)
    return check_config.run(parser.parse_args(words))


@pytest.mark.parametrize("words", [("a.toml",), ("--config", "a.toml")])
def test_valid_is_zero_and_prints_what_is_in_force(words, capsys):
    """The answer is a file that could be saved; there is nothing to talk about."""
    status = run(*words)

    out, err = capsys.readouterr()
    assert (status, err) == (0, "")
    assert tomllib.loads(out)["sites"][0]["trust"]["allow_internal_untrusted_certs"] == 0


def test_file_can_come_from_the_environment(monkeypatch):
    """`CASPROXY_CONFIG` names the file."""
    monkeypatch.setenv("CASPROXY_CONFIG", "a.toml")

    assert run() == 0


def test_origins_are_shown_on_demand(monkeypatch, capsys):
    """File with line, variable, flag and default are told apart."""
    monkeypatch.setenv("CASPROXY_LOG__LEVEL", "debug")
    assert run("a.toml", "--show-origin", "--listen", "127.0.0.1:0") == 0

    lines = capsys.readouterr().out.splitlines()
    assert 'name = "CAS01"  # file a.toml:2' in lines
    assert 'level = "debug"  # environment CASPROXY_LOG__LEVEL' in lines
    assert 'listen = ["127.0.0.1:0"]  # flag --listen' in lines
    assert "workers = 1  # default" in lines


def test_every_demand_is_shown_with_its_origin(folder, capsys):
    """What is demanded of a site's servers is told key by key, whether it is set, inherited or a default."""
    (folder / "a.toml").write_text(TEXT + '[sites.trust]\nstrict_rfc5280 = true\n[monitor]\ninterval = "1m"\n')
    assert run("a.toml", "--show-origin") == 0

    lines = capsys.readouterr().out.splitlines()
    site = lines[lines.index("[sites.trust]") :]
    assert "strict_rfc5280 = true  # file a.toml:12" in site
    assert "allow_internal_untrusted_certs = 0  # file a.toml:6" in site
    assert {
        'verify = ["chain", "name", "expiry"]  # default',
        "pin_spki_sha256 = []  # default",
        "crl_files = []  # default",
        "partial_chain = false  # default",
        'min_tls_version = "1.2"  # default',
        'client_cert = ""  # default',
        'client_key = ""  # default',
    } <= set(site)
    assert {'interval = "60s"  # file a.toml:14', "expiry_warning = 21  # default"} <= set(lines)


def test_json_answers_programs(capsys):
    """Every key has its value and origin."""
    assert run("a.toml", "--json") == 0

    answer = json.loads(capsys.readouterr().out)
    assert (
        answer["valid"],
        answer["file"],
        answer["warnings"],
        answer["accepts_untrusted_by_default"],
    ) == (True, "a.toml", [], False)
    assert answer["settings"]["sites.Branch.trust.allow_internal_untrusted_certs"] == {
        "value": 0,
        "origin": "file a.toml:6",
        "inherited": True,
    }


@pytest.mark.parametrize("words", [(), ("--json",), ("--show-origin",)])
def test_secrets_are_never_shown(words, monkeypatch, folder, capsys):
    """Neither a token of a file nor one of a variable is printed, be the configuration good or bad."""
    assert run("a.toml", *words) == 0
    (folder / "a.toml").write_text(TEXT.replace("admin_token_file = ", "#"))
    monkeypatch.setenv("CASPROXY_SERVER__ADMIN_TOKEN", "geheim")
    assert run("a.toml", *words) == 0
    monkeypatch.setenv("CASPROXY_SERVER__ADMIN_TOKEN", "geheim geheim")
    assert run("a.toml", *words) == 1

    out, err = capsys.readouterr()
    assert "geheim" not in out + err


def test_invalid_is_one_and_tells_everything(folder, capsys):
    """Problems are talked about, one line each; standard output stays empty."""
    (folder / "a.toml").write_text(TEXT.replace("https://", "http://") + 'hots = ["x"]\n')

    assert run("a.toml") == 1
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 3)
    assert err.splitlines()[0] == (
        'a.toml:10: sites.Branch.servers[0]: "http://cas02.branch.example/owa" is not an https URL. '
        'Write "https://cas02.branch.example/owa".'
    )
    assert err.splitlines()[2] == "a.toml cannot be used: 2 problems."


def test_invalid_in_json(folder, capsys):
    """Programs get path, name, line, sentence and suggestion apart."""
    (folder / "a.toml").write_text(TEXT.replace("https://", "http://"))

    assert run("a.toml", "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert not answer["valid"]
    (problem,) = answer["problems"]
    assert (problem["path"], problem["name"], problem["line"]) == ("sites[0].servers[0]", "sites.Branch.servers[0]", 10)


def test_missing_file_is_invalid(capsys):
    """A file that does not exist cannot be used."""
    assert run("no.toml") == 1
    assert "does not exist" in capsys.readouterr().err


@pytest.mark.parametrize("words", [(), ("a.toml", "--config", "a.toml")])
def test_usage_errors_are_two(words, capsys):
    """No file, or two, is a mistake in the command; it is said what to do."""
    assert run(*words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("casproxy check-config: Name ")


def test_warnings_are_talked_about(folder, capsys):
    """An absent switch and an unreachable site are told beside the answer."""
    (folder / "a.toml").write_text(TEXT.replace("default = true\n", "").replace("allow_internal", "#"))

    assert run("a.toml") == 0
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("warning: a.toml:7: sites.Branch: No request can reach this site.")
    assert second.startswith("warning: untrusted backend certificates are accepted (default, as in Exchange 2010).")


@given(content=st.binary() | st.text().map(str.encode) | st.sampled_from(TEXT.splitlines()).map(str.encode))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_content_gives_a_verdict(folder, content):
    """No content of the file leads to anything but valid or invalid."""
    (folder / "b.toml").write_bytes(content)

    assert run("b.toml") in (0, 1)
