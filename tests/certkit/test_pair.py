"""A leaf's files in a folder."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from proxy.certkit.authority import Authority
from proxy.certkit.faults import FAULTS
from proxy.certkit.leaf import Leaf
from proxy.certkit.pair import find_pair, write_pair

HOST = "cas02.branch.lab.localhost"


@pytest.fixture
def leaf() -> Leaf:
    """Make a leaf that has everything beside it."""
    root = Authority.create("root")
    bare = root.intermediate("issuing").issue(HOST).without_chain()
    return replace(bare, lists=(root.list_revoked(),), anchors=bare.withheld)


def test_everything_is_written_and_found(leaf: Leaf, tmp_path: Path) -> None:
    """What is withheld, listed and trusted lies beside the pair under names that say so."""
    pair = write_pair(leaf, tmp_path, "branch")

    assert pair == find_pair(tmp_path, "branch")
    assert [path.name for path in pair.files] == [
        "branch.pem",
        "branch.key.pem",
        "branch.missing.pem",
        "branch.crl.pem",
        "branch.anchors.pem",
    ]
    assert pair.lists is not None
    assert pair.anchors is not None
    assert x509.load_pem_x509_crl(pair.lists.read_bytes()) == leaf.lists[0]
    assert x509.load_pem_x509_certificates(pair.anchors.read_bytes()) == list(leaf.anchors)


def test_what_an_earlier_leaf_left_is_removed(leaf: Leaf, tmp_path: Path) -> None:
    """A stale list or anchor would make a sound certificate look bad."""
    write_pair(leaf, tmp_path, "branch")

    pair = write_pair(Authority.create("root").issue(HOST), tmp_path, "branch")

    assert (pair.missing, pair.lists, pair.anchors) == (None, None, None)
    assert {path.name for path in tmp_path.iterdir()} == {"branch.pem", "branch.key.pem"}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
def test_trust_keys_are_what_the_row_needs(fault, tmp_path: Path) -> None:
    """The keys name the files there are, replace the anchors where that is meant, and hold the row's policy."""
    pair = write_pair(fault.make(Authority.create("root"), HOST), tmp_path, "branch")

    keys = pair.trust_keys(fault.policy)

    expected: dict[str, object] = {
        "ca_files": [str(tmp_path / "branch.anchors.pem")],
        "crl_files": [str(tmp_path / "branch.crl.pem")],
    }
    mode = {"ca_mode": "only"} if "ca_files" in fault.files else {}
    assert keys == {key: expected[key] for key in fault.files} | mode | dict(fault.policy)
