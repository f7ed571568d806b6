"""The lab's folder of certificates."""

import concurrent.futures
import fcntl
import os
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from proxy.certkit import store
from proxy.certkit.authority import Authority
from proxy.certkit.chains import CannotMake
from proxy.certkit.faults import FAULTS, Fault
from proxy.certkit.leaf import Leaf, serve_files
from proxy.certkit.pair import Pair
from proxy.certkit.store import StoreBusyError, Stored, Wanted, open_store
from tests.certkit.clients import client_context

WANTED = (
    Wanted(stem="front", names=("localhost", "branch.localhost", "127.0.0.1")),
    Wanted(stem="plant", names=("cas04.plant.lab.localhost",), fault="expired"),
    Wanted(stem="depot", names=("cas06.depot.lab.localhost",), fault="incomplete-chain"),
)


def contents(folder: Path) -> dict[str, bytes]:
    """Give every PEM file's content."""
    return {path.name: path.read_bytes() for path in folder.glob("*.pem")}


def fill(folder: Path, *, wanted=WANTED, days: float = 0) -> tuple[Stored, list[str]]:
    """Start in the folder, some days from now; give what is stored and what was said."""
    said: list[str] = []
    return open_store(folder, wanted, said.append, datetime.now(UTC) + timedelta(days=days)), said


def test_first_start_makes_everything_quietly(tmp_path: Path) -> None:
    """A fresh folder ends with an authority, the pairs, the withheld intermediate, and no complaint."""
    folder = tmp_path / "deep" / "lab"

    stored, said = fill(folder)

    assert said == []
    assert stored.pairs.keys() == {"front", "plant", "depot"}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.glob("*.key.pem")} == {0o600}
    assert (folder / "depot.missing.pem").exists()
    for pair in stored.pairs.values():
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(pair.certificate, pair.key)


def test_second_start_changes_nothing(tmp_path: Path) -> None:
    """What is sound stays, the ones that are outdated by design too."""
    fill(tmp_path)
    before = contents(tmp_path)

    _, said = fill(tmp_path)

    assert said == []
    assert contents(tmp_path) == before


def test_leaves_are_renewed_a_month_before_their_end(tmp_path: Path) -> None:
    """With less than thirty days left a leaf is made anew and that is told; the authority and the expired one stay."""
    fill(tmp_path)
    before = contents(tmp_path)

    _, said = fill(tmp_path, days=398 - 29)

    after = contents(tmp_path)
    assert {name for name in after if after[name] != before[name]} == {
        "front.pem",
        "front.key.pem",
        "depot.pem",
        "depot.key.pem",
        "depot.missing.pem",
    }
    assert [sentence for sentence in said if "front.pem was near its end" in sentence]


def test_authority_is_renewed_with_all_its_leaves(tmp_path: Path) -> None:
    """An authority near its end is replaced, so are its leaves, and the user hears that it must be trusted again."""
    fill(tmp_path)
    before = contents(tmp_path)

    _, said = fill(tmp_path, days=3652 - 29)

    assert not set(contents(tmp_path).values()) & set(before.values())
    assert "trust the new one" in said[0]


@pytest.mark.parametrize("damage", [b"", b"-----BEGIN CERTIFICATE-----\nMIIB", b"\x00\xff" * 99])
@pytest.mark.parametrize("name", ["ca.pem", "ca.key.pem", "front.pem", "front.key.pem"])
def test_damaged_files_are_told_and_remade(tmp_path: Path, name: str, damage: bytes) -> None:
    """An empty, half-written or foreign file never stops a start."""
    fill(tmp_path)
    (tmp_path / name).write_bytes(damage)

    stored, said = fill(tmp_path)

    assert any("damaged" in sentence for sentence in said)
    pair = stored.pairs["front"]
    leaf, root = (x509.load_pem_x509_certificate(path.read_bytes()) for path in (pair.certificate, stored.ca_file))
    leaf.verify_directly_issued_by(root)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(pair.certificate, pair.key)


def test_key_of_another_certificate_is_remade(tmp_path: Path) -> None:
    """A crash between the two files of a pair leaves a mismatch; the next start mends it."""
    fill(tmp_path)
    Authority.create("other").issue("localhost").write(tmp_path / "..", "other")
    (tmp_path.parent / "other.key.pem").replace(tmp_path / "front.key.pem")

    stored, said = fill(tmp_path)

    assert len(said) == 1
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
        stored.pairs["front"].certificate, stored.pairs["front"].key
    )


@pytest.mark.parametrize("name", ["ca.pem", "ca.key.pem", "front.key.pem"])
def test_half_a_pair_is_told_and_remade(tmp_path: Path, name: str) -> None:
    """A certificate without its key, or the reverse, is made anew."""
    fill(tmp_path)
    (tmp_path / name).unlink()

    _, said = fill(tmp_path)

    assert said
    assert (tmp_path / name).exists()


@pytest.mark.parametrize("text", [None, b"{", b"[]"], ids=["gone", "half", "other"])
def test_lost_manifest_costs_new_leaves_only(tmp_path: Path, text: bytes | None) -> None:
    """Without its notes the store does not know what a leaf was for; the authority, trusted by hand, stays."""
    fill(tmp_path)
    before = contents(tmp_path)
    (tmp_path / "manifest.json").unlink()
    if text is not None:
        (tmp_path / "manifest.json").write_bytes(text)

    fill(tmp_path)

    assert contents(tmp_path)["ca.pem"] == before["ca.pem"]
    assert contents(tmp_path)["front.pem"] != before["front.pem"]


@pytest.mark.parametrize(
    "other",
    [
        Wanted(stem="front", names=("localhost", "new.localhost")),
        Wanted(stem="front", names=("localhost",), fault="expired"),
    ],
    ids=["names", "fault"],
)
def test_another_order_reissues_that_leaf_alone(tmp_path: Path, other: Wanted) -> None:
    """Other host names or another fault make that leaf anew, and no other."""
    fill(tmp_path)
    before = contents(tmp_path)

    fill(tmp_path, wanted=(other, *WANTED[1:]))

    after = contents(tmp_path)
    assert {name for name in after if after[name] != before[name]} == {"front.pem", "front.key.pem"}


def test_missing_intermediate_goes_when_the_fault_goes(tmp_path: Path) -> None:
    """A leaf that presents all of its chain has nothing beside it."""
    fill(tmp_path)

    fill(tmp_path, wanted=(Wanted(stem="depot", names=("cas06.depot.lab.localhost",)),))

    assert not (tmp_path / "depot.missing.pem").exists()


def test_open_keys_are_closed(tmp_path: Path) -> None:
    """A key that others could read is the owner's alone after the next start, and that is told."""
    fill(tmp_path)
    (tmp_path / "front.key.pem").chmod(0o644)

    _, said = fill(tmp_path)

    assert stat.S_IMODE((tmp_path / "front.key.pem").stat().st_mode) == 0o600
    assert len(said) == 1


def test_starts_at_once_agree(tmp_path: Path) -> None:
    """Eight starts in one fresh folder end with one authority and pairs that match."""
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        all_said = [said for _, said in pool.map(lambda _: fill(tmp_path), range(8))]

    assert all_said == [[]] * 8
    assert fill(tmp_path)[1] == []


def test_a_stuck_start_is_named(tmp_path: Path, monkeypatch) -> None:
    """A lock that is never let go of ends in a sentence, not in a hang."""
    monkeypatch.setattr(store, "LOCK_SECONDS", 0.1)
    descriptor = os.open(tmp_path / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        with pytest.raises(StoreBusyError, match="Another start"):
            fill(tmp_path)
    finally:
        os.close(descriptor)


def handshake_code(pair: Pair, ca_file: Path, host: str, fault: str = "good") -> int:
    """Shake hands in memory with the client that the fault speaks of; give OpenSSL's code."""
    server = serve_files(pair.certificate, pair.key)
    client = client_context(FAULTS[fault], ca_file, lists=pair.lists, anchors=pair.anchors)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=host)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (ours, theirs, ours, theirs, ours):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLCertVerificationError as error:
            return error.verify_code
    return 0


def test_the_stored_faults_keep_their_codes(tmp_path: Path) -> None:
    """Under the authority that is limited to localhost every fault yields the code of its row."""
    host = "cas02.branch.lab.localhost"
    stored, _ = fill(tmp_path, wanted=[Wanted(stem=name, names=(host,), fault=name) for name in FAULTS])

    codes = {name: handshake_code(stored.pairs[name], stored.ca_file, host, name) for name in FAULTS}

    assert codes == {name: fault.code for name, fault in FAULTS.items()}


def test_all_faults_survive_a_second_start(tmp_path: Path) -> None:
    """Weak keys, stale lists and the rest are what was wanted; none of it counts as damage."""
    wanted = [Wanted(stem=name, names=("cas02.branch.lab.localhost",), fault=name) for name in FAULTS]
    fill(tmp_path, wanted=wanted)
    before = contents(tmp_path)

    _, said = fill(tmp_path, wanted=wanted)

    assert (said, contents(tmp_path)) == ([], before)


@pytest.mark.parametrize("damage", [None, b"", b"half"], ids=["gone", "empty", "other"])
def test_a_lost_list_is_remade(tmp_path: Path, damage: bytes | None) -> None:
    """A list that somebody removed or altered is made anew with its leaf: it names that leaf's serial number."""
    wanted = (Wanted(stem="branch", names=("cas02.branch.lab.localhost",), fault="revoked"),)
    stored, _ = fill(tmp_path, wanted=wanted)
    lists = stored.pairs["branch"].lists
    assert lists is not None
    lists.unlink() if damage is None else lists.write_bytes(damage)

    stored, said = fill(tmp_path, wanted=wanted)

    assert len(said) == 1
    assert handshake_code(stored.pairs["branch"], stored.ca_file, wanted[0].names[0], "revoked") == 23


@pytest.mark.parametrize("fault", ["revoked", "crl-missing", "crl-expired"])
def test_lists_are_renewed_with_their_leaf(tmp_path: Path, fault: str) -> None:
    """A month before its end a leaf takes its list along, which is then current for as long, or outdated as wanted."""
    wanted = (Wanted(stem="branch", names=("cas02.branch.lab.localhost",), fault=fault),)
    fill(tmp_path, wanted=wanted)
    before = contents(tmp_path)

    fill(tmp_path, wanted=wanted, days=398 - 29)

    after = contents(tmp_path)
    assert {name for name in after if after[name] != before[name]} == {
        "branch.pem",
        "branch.key.pem",
        "branch.crl.pem",
    }


def test_a_fault_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch) -> None:
    """The sentence of the maker reaches whoever wanted the fault, and the folder is free again."""

    def refuse(_authority: Authority, _host: str) -> Leaf:
        raise CannotMake("This machine cannot.")

    monkeypatch.setattr(store, "FAULTS", {"odd": Fault("odd", "It is odd.", refuse)})
    with pytest.raises(CannotMake, match="cannot"):
        fill(tmp_path, wanted=(Wanted(stem="branch", names=("localhost",), fault="odd"),))

    assert fill(tmp_path, wanted=())[1] == []


def test_the_authority_is_worth_nothing_elsewhere(tmp_path: Path) -> None:
    """Whoever steals the lab's key cannot pass for a host outside localhost: OpenSSL's code 47."""
    host = "bank.example"
    stored, _ = fill(tmp_path, wanted=(Wanted(stem="stolen", names=(host,)),))

    assert handshake_code(stored.pairs["stolen"], stored.ca_file, host) == 47
