"""`casproxy certs show`: what files say, whatever they hold."""

import base64
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from proxy.certkit import chains
from proxy.certkit.authority import Authority
from proxy.certkit.faults import FAULTS, Fault
from proxy.certkit.leaf import lists_to_pem
from proxy.cli.certs_show import read, show

HOST = "cas02.branch.lab.localhost"


@pytest.fixture(scope="module")
def authority() -> Authority:
    """One authority for all."""
    return Authority.create("casproxy test root")


def show_text(content: bytes, folder: Path, capsys) -> tuple[int, str, str]:
    """Show a file of this content to people."""
    file = folder / "some.pem"
    file.write_bytes(content)
    code = show([file], as_json=False)
    return code, *capsys.readouterr()


def test_people_see_what_matters(authority: Authority, tmp_path: Path, capsys) -> None:
    """Subject, issuer, names, days left, key, usages, fingerprint and pin, for each certificate of the file."""
    leaf = authority.intermediate("issuing").issue(HOST, "127.0.0.1")

    code, told, talk = show_text(leaf.certificate_pem, tmp_path, capsys)

    der = leaf.certificate.public_bytes(Encoding.DER)
    key = leaf.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    lines = [line.strip() for line in told.splitlines()]
    assert (code, talk) == (0, "")
    assert lines[0] == str(tmp_path / "some.pem")
    assert lines[1] == f"1  CN={HOST}"
    assert lines[2:5] == ["issued by  CN=issuing", f"names      {HOST}, 127.0.0.1", lines[4]]
    assert lines[4].startswith("valid      39")
    assert lines[5:7] == ["key        EC P-256, signed with ECDSA with SHA-256", "usages     server authentication"]
    assert lines[7] == f"sha256     {hashlib.sha256(der).hexdigest()}"
    assert lines[8] == f"pin        {base64.b64encode(hashlib.sha256(key).digest()).decode()}"
    assert lines[9] == "2  CN=issuing"
    assert "authority  it may issue certificates" in lines


def test_who_signed_itself_is_said(authority: Authority, tmp_path: Path, capsys) -> None:
    """A root is recognised by the eye."""
    _, told, _ = show_text(authority.certificate_pem, tmp_path, capsys)

    assert "issued by  CN=casproxy test root (itself)\n" in told


def test_programs_get_every_key(authority: Authority, tmp_path: Path, capsys) -> None:
    """`--json` gives each file with its certificates, days left included."""
    leaf = authority.issue(HOST)
    leaf.write(tmp_path, "leaf")

    code = show([tmp_path / "leaf.pem", tmp_path / "leaf.key.pem"], as_json=True)

    told = json.loads(capsys.readouterr().out)
    good, bad = told["files"]
    (certificate,) = good["certificates"]
    days = (leaf.certificate.not_valid_after_utc - datetime.fromisoformat(told["at"])).days
    assert code == 1
    assert (certificate["subject"], certificate["names"], certificate["days_left"]) == (f"CN={HOST}", [HOST], days)
    assert datetime.fromisoformat(certificate["not_after"]) == leaf.certificate.not_valid_after_utc
    assert (bad["certificates"], bad["problem"].endswith("it holds PRIVATE KEY.")) == ([], True)


def test_der_is_read(authority: Authority, tmp_path: Path, capsys) -> None:
    """What Windows exports without armour is shown likewise."""
    code, told, _ = show_text(authority.certificate.public_bytes(Encoding.DER), tmp_path, capsys)

    assert code == 0
    assert "1  CN=casproxy test root\n" in told


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
@pytest.mark.parametrize("as_json", [False, True])
def test_every_fault_is_shown_cleanly(
    fault: Fault, authority: Authority, tmp_path: Path, capsys, *, as_json: bool
) -> None:
    """No certificate forges a line or steers the terminal, and thousands of names do not flood it."""
    fault.make(authority, HOST).write(tmp_path, "leaf")

    assert show([tmp_path / "leaf.pem"], as_json=as_json) == 0

    told = capsys.readouterr().out
    assert all(line.isprintable() for line in told.splitlines())
    assert not any(line.lstrip().startswith("MSExchange") for line in told.splitlines())
    assert len(told) < 12_000


def test_many_names_are_counted(authority: Authority, tmp_path: Path, capsys) -> None:
    """The first names are shown, the others counted."""
    _, told, _ = show_text(chains.many_names(authority, HOST).certificate_pem, tmp_path, capsys)

    assert "n0.localhost, n1.localhost" in told
    assert "and 1,980 more" in told


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nothing",
        b"\x00\xff" * 99,
        b"-----BEGIN CERTIFICATE-----\nMIIB",
        b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----",
        b"0\x82\xff\xff",
    ],
)
def test_what_is_no_certificate_is_1(content: bytes, tmp_path: Path, capsys) -> None:
    """The honest answer to rubbish is no, in one sentence."""
    code, _, talk = show_text(content, tmp_path, capsys)

    assert code == 1
    assert "some.pem holds no certificate that can be read." in talk
    assert talk.count("\n") == 1


def test_other_contents_are_named(authority: Authority, tmp_path: Path, capsys) -> None:
    """Whoever took the wrong file learns which it is."""
    code, told, talk = show_text(lists_to_pem(authority.list_revoked()), tmp_path, capsys)

    assert (code, told) == (1, "")
    assert "holds no certificate that can be read; it holds X509 CRL." in talk


def test_an_unreadable_one_among_good_ones_is_shown_as_such(authority: Authority, tmp_path: Path, capsys) -> None:
    """One broken certificate hides no other."""
    broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"

    code, told, talk = show_text(broken + authority.certificate_pem, tmp_path, capsys)

    assert (code, talk) == (0, "")
    assert "1  unreadable: " in told
    assert "2  CN=casproxy test root" in told


def test_a_file_that_cannot_be_read_is_3(authority: Authority, tmp_path: Path, capsys) -> None:
    """The gravest code wins, the other files are shown all the same."""
    file = tmp_path / "root.pem"
    file.write_bytes(authority.certificate_pem)
    (tmp_path / "none.pem").write_bytes(b"")

    code = show([tmp_path / "nowhere.pem", tmp_path / "none.pem", file], as_json=False)

    told = capsys.readouterr()
    assert code == 3
    assert "CN=casproxy test root" in told.out
    assert "nowhere.pem cannot be read: No such file or directory." in told.err


def test_a_file_s_name_cannot_forge_a_line(tmp_path: Path) -> None:
    """A name with a line break is shown with its escape."""
    assert "\n" not in read(tmp_path / "a\nb").problem


def test_times_are_utc(authority: Authority, tmp_path: Path, capsys) -> None:
    """The time of the answer is in it, and it is now."""
    (tmp_path / "root.pem").write_bytes(authority.certificate_pem)

    show([tmp_path / "root.pem"], as_json=True)

    at = datetime.fromisoformat(json.loads(capsys.readouterr().out)["at"])
    assert abs((datetime.now(UTC) - at).total_seconds()) < 60
