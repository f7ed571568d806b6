"""`casproxy certs make`: files, keys of [trust], and orders that make no sense."""

import ssl
import tomllib
from pathlib import Path

import pytest
from cryptography import x509

from proxy.certkit.chains import CannotMake
from proxy.certkit.faults import FAULTS, Fault
from proxy.cli import certs_make
from proxy.cli.certs_make import Order, make
from proxy.lab.topology import SITES

HOST = "cas02.branch.lab.localhost"


@pytest.fixture
def order(tmp_path: Path):
    """Give orders within the folder of the test."""

    def give(*names: str, fault: str | None = None, out: str = "out") -> Order:
        return Order(names=names, state=tmp_path / "state", fault=fault, out=tmp_path / out)

    return give


def names_in(folder: Path) -> set[str]:
    """List the visible files of a folder."""
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}


def test_without_names_there_is_an_authority(order, tmp_path: Path, capsys) -> None:
    """The authority is made once; the second time it is only named."""
    assert make(order()) == 0
    before = (tmp_path / "state" / "ca.pem").read_bytes()
    assert make(order()) == 0

    assert (tmp_path / "state" / "ca.pem").read_bytes() == before
    assert not (tmp_path / "out").exists()
    told = capsys.readouterr()
    assert told.out.splitlines() == [f"{tmp_path / 'state' / 'ca.pem'}  the authority: what clients trust"] * 2
    assert told.err == ""


def test_a_sound_certificate_is_for_all_names(order, tmp_path: Path, capsys) -> None:
    """The first name names the files; the pair loads, the key is its owner's, the authority signed it."""
    assert make(order("Localhost.", "127.0.0.1", "::1")) == 0

    out = tmp_path / "out"
    assert names_in(out) == {"localhost.pem", "localhost.key.pem"}
    assert (out / "localhost.key.pem").stat().st_mode & 0o777 == 0o600
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(out / "localhost.pem", out / "localhost.key.pem")
    leaf, root = (
        x509.load_pem_x509_certificate(path.read_bytes())
        for path in (out / "localhost.pem", tmp_path / "state" / "ca.pem")
    )
    leaf.verify_directly_issued_by(root)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert len(names.get_values_for_type(x509.IPAddress)) == 2
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
def test_each_fault_tells_its_files_and_keys(fault: Fault, order, tmp_path: Path, capsys) -> None:
    """What is printed names every file that was written, and the keys of [trust] as TOML that can be pasted."""
    assert make(order(HOST, fault=fault.name.upper())) == 0

    told = capsys.readouterr().out
    files, _, rest = told.partition("\n\n")
    paths = {line.split("  ")[0] for line in files.splitlines()}
    assert paths == {str(tmp_path / "out" / name) for name in names_in(tmp_path / "out")} | {
        str(tmp_path / "state" / "ca.pem")
    }
    assert all(reason in rest for reason in fault.reasons)
    keys = tomllib.loads(rest)["trust"]
    assert keys.keys() - {"ca_mode"} == {"ca_files", *fault.needs}
    assert all(Path(path).exists() for key in ("ca_files", "crl_files") for path in keys.get(key, ()))


@pytest.mark.parametrize(
    ("names", "fault", "says"),
    [
        ((), "expired", "for which host name"),
        (("a.localhost",), "expird", "Did you mean expired?"),
        (("a.localhost",), "zzz", "`casproxy certs faults` lists them"),
        (("a.localhost", "b.localhost"), "expired", "leave out b.localhost"),
        (("../a",), None, "no host name"),
        (("a b",), None, "no host name"),
        (("",), None, "no host name"),
        (("a\nb",), None, "no host name"),
        (("münchen.localhost",), None, "in ASCII"),
        (("a" * 64 + ".localhost",), None, "no host name"),
        (("a." * 127 + "localhost",), None, "no host name"),
    ],
)
def test_an_order_without_sense_is_a_usage_error(names, fault, says, order, capsys) -> None:
    """The mistake is told in a line, and nothing is made."""
    assert make(order(*names, fault=fault)) == 2

    told = capsys.readouterr()
    assert says in told.err
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert not order().state.exists()


@pytest.mark.parametrize("name", ["ca", "ca.key"])
def test_the_authority_is_never_written_over(name: str, order, tmp_path: Path, capsys) -> None:
    """A host name that would name the authority's files is refused in the authority's folder, and fine elsewhere."""
    make(order())
    before = {path.name: path.read_bytes() for path in (tmp_path / "state").glob("*.pem")}

    assert make(order(name, out="state")) == 2
    assert "choose another --out" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in (tmp_path / "state").glob("*.pem")} == before
    assert make(order(name)) == 0


def test_names_beyond_localhost_are_warned_of(order, capsys) -> None:
    """The certificate is made, and it is said that clients refuse it."""
    assert make(order("mail.example", "10.0.0.1", "a.localhost", "127.0.0.1")) == 0
    assert "OpenSSL refuses mail.example, 10.0.0.1 with code 47." in capsys.readouterr().err


def test_names_that_no_file_may_have_are_spelled_otherwise(order, tmp_path: Path) -> None:
    """Stars and colons become underscores."""
    make(order("*.lab.localhost"))
    make(order("::1"))

    assert names_in(tmp_path / "out") == {"_.lab.localhost.pem", "_.lab.localhost.key.pem", "__1.pem", "__1.key.pem"}


def test_a_folder_that_cannot_be_used_is_3(order, tmp_path: Path, capsys) -> None:
    """The system's words are told."""
    (tmp_path / "out").write_text("")

    assert make(order("a.localhost")) == 3
    assert "out" in capsys.readouterr().err


def test_a_fault_that_cannot_be_made_is_3(order, capsys, monkeypatch) -> None:
    """The maker's sentence is told."""

    def refuse(*_arguments: object) -> None:
        raise CannotMake("This machine cannot.")

    monkeypatch.setattr(certs_make, "FAULTS", {"odd": Fault("odd", "It is odd.", refuse)})

    assert make(order("a.localhost", fault="odd")) == 3
    assert capsys.readouterr().err == "casproxy certs: This machine cannot.\n"


def test_the_names_of_the_lab_are_names(order) -> None:
    """Whoever replaces a certificate of the lab types the host names it shows."""
    assert make(order(*(site.host for site in SITES), *(site.browser_host for site in SITES))) == 0
