"""`casproxy probe` against real servers: the answer, the exit code, the file."""

import json
import socket
import ssl

import pytest

from proxy.cli.main import main


def probe(*words: str) -> int:
    """Run the command."""
    return main(["probe", *words])


def test_a_trusted_server(sites, capsys):
    """0, a chain, and no advice that nobody needs."""
    code = probe(*sites.server("HQ"))
    out = capsys.readouterr().out

    assert code == 0
    assert "enforce ✔   allow ✔   strict" in out
    assert "TLS 1.2 to 1.3" in out
    assert "cas03.hq.lab.localhost" in out
    assert "is not needed" not in out


@pytest.mark.parametrize(
    ("site", "words"),
    [
        ("Branch", ("self_signed", "signed by itself")),
        ("Plant", ("expired",)),
        ("Warehouse", ("name_mismatch", "wrong.cas05.warehouse.lab.localhost")),
        ("Depot", ("missing_intermediate", "not sent by the server")),
    ],
)
def test_a_server_that_is_not_trusted(sites, capsys, site, words):
    """1, the reason at its certificate, why and what to do."""
    code = probe(*sites.server(site))
    out = capsys.readouterr().out

    assert code == 1
    assert "enforce ✖   allow ✔" in out
    assert all(word in out for word in (*words, " why", " fix"))


def test_the_same_for_programs(sites, capsys):
    """One JSON object with the verdict under 0 and under strict rules."""
    code = probe(*sites.server("Plant"), "--json")
    answer = json.loads(capsys.readouterr().out)

    assert code == 1
    assert (answer["enforce"]["reason"], answer["enforce"]["code"], answer["allow"]) == ("expired", 10, True)
    assert answer["tls_versions"] == ["1.2", "1.3"]


def test_the_chain_is_written(sites, tmp_path):
    """What the server presents, in PEM, also when it is not trusted."""
    file = tmp_path / "chain.pem"
    code = probe(*sites.server("Branch"), "--pem", str(file))

    assert code == 1
    assert len(ssl.PEM_cert_to_DER_cert(file.read_text())) > 200


def test_a_file_that_cannot_be_written_is_told(sites, tmp_path, capsys):
    """Nothing is lost silently."""
    code = probe(*sites.server("Branch"), "--pem", str(tmp_path / "no" / "chain.pem"))

    assert code == 3
    assert "cannot be written" in capsys.readouterr().err


def test_another_name_is_another_question(sites, capsys):
    """`--name` is what must stand in the certificate."""
    code = probe(*sites.server("HQ"), "--name", "mail.example", "--json")

    assert code == 1
    assert json.loads(capsys.readouterr().out)["enforce"]["reason"] == "name_mismatch"


def test_only_the_given_anchors_count(sites, capsys):
    """`--only-ca` drops the public anchors, and the trust store says so."""
    code = probe(*sites.server("HQ"), "--only-ca")

    assert code == 0
    assert "certifi" not in capsys.readouterr().out


def test_a_server_that_is_not_there(capsys):
    """3: nobody knows."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        code = probe(f"127.0.0.1:{sock.getsockname()[1]}")

    assert code == 3
    assert "refused the connection" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [("https://x",), ("x:y",), ("a b",), ("::1",), ("x", "--name", "*"), ("x", "--connect-to", "")]
)
def test_what_is_no_address_is_usage(words, capsys):
    """2, or 3 for an empty address that means the same host; a sentence either way, no traceback."""
    code = probe(*words)
    streams = capsys.readouterr()

    assert code in {2, 3}
    assert "Traceback" not in streams.err + streams.out


def test_an_anchor_file_that_is_missing_is_named(sites, capsys):
    """3, with the name of the file."""
    code = probe(*sites.server("HQ")[:-1], "gone.pem")

    assert code == 3
    assert "gone.pem" in capsys.readouterr().out
