"""What a client demands so that a row of the table of bad chains shows itself: as a policy and as keys of [trust]."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from proxy.certkit.authority import Authority
from proxy.certkit.faults import Fault
from proxy.certkit.leaf import Leaf, certificates_to_pem
from proxy.model.sites import CaMode, TrustPolicy


def trust_keys(fault: Fault, leaf: Leaf, authority: Authority, folder: Path) -> dict[str, Any]:
    """Give the keys of [trust] under which the row must be refused; the files they name are written to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    anchors = folder / f"{fault.name}.anchors.pem"
    anchors.write_bytes(certificates_to_pem(*(leaf.anchors or (authority.certificate,))))
    keys: dict[str, Any] = {"ca_files": [str(anchors)], "ca_mode": "only", **fault.policy}
    if leaf.lists:
        lists = folder / f"{fault.name}.crl.pem"
        lists.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in leaf.lists))
        keys["crl_files"] = [str(lists)]
    return keys


def policy_for(fault: Fault, leaf: Leaf, authority: Authority, folder: Path, base: TrustPolicy) -> TrustPolicy:
    """Give the same as a policy; `base` says what the row does not."""
    keys = trust_keys(fault, leaf, authority, folder)
    return replace(
        base,
        ca_files=tuple(keys["ca_files"]),
        ca_mode=CaMode.ONLY,
        crl_files=tuple(keys.get("crl_files", ())),
        partial_chain=keys.get("partial_chain", False),
        strict_rfc5280=keys.get("strict_rfc5280", False),
        pins=tuple(keys.get("pin_spki_sha256", ())),
    )
