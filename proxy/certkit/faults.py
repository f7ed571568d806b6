"""The table of deliberately bad chains, each with the code OpenSSL must give; finding words for it is left to `trust`.

Names are badssl's words, so that people can guess them. A test serves every row over real TLS.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from proxy.certkit import chains
from proxy.certkit.chains import Make

FOREIGN_PIN = base64.b64encode(hashlib.sha256(b"the key of another server").digest()).decode()
"""A pin that no certificate here has."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to present a certificate."""

    name: str
    """Word for command lines and tables."""
    sentence: str
    """What is wrong, for people; one sentence."""
    make: Make
    """Makes the leaf. May raise `CannotMake`."""
    code: int = 0
    """OpenSSL's verify code under name, chain, dates and what the row demands besides; 0 when it accepts."""
    reasons: tuple[str, ...] = ()
    """Every word of the reason vocabulary that holds, the deciding one first; empty when it is trusted."""
    by_design_outdated: bool = field(default=False, kw_only=True)
    """Whether a certificate's dates are the fault, so that renewing it would mend it."""
    files: tuple[str, ...] = field(default=(), kw_only=True)
    """Keys of [trust] that have to name files of the leaf: `crl_files` its lists, `ca_files` its anchors."""
    policy: Mapping[str, object] = field(default_factory=dict, kw_only=True)
    """Further keys of [trust] that have to be set for the fault to show itself."""

    @property
    def reason(self) -> str:
        """The deciding reason's word; empty when it is trusted."""
        return self.reasons[0] if self.reasons else ""

    @property
    def is_trusted(self) -> bool:
        """Whether a client that trusts the authority, and demands what the row says, accepts it."""
        return not self.reasons

    @property
    def needs(self) -> tuple[str, ...]:
        """Keys of [trust] without which it does not show itself; empty: a strict client sees it as it is."""
        return (*self.files, *self.policy)


_ROWS = (
    Fault("good", "The certificate is sound and its authority is trusted.", chains.good),
    Fault("intermediate", "The certificate is sound and the intermediate is presented.", chains.with_intermediate),
    Fault("reversed-chain", "The root is presented before the intermediate.", chains.reversed_chain),
    Fault("many-sans", "The certificate is for two thousand names.", chains.many_names),
    Fault("self-signed", "The server signed its certificate itself.", chains.self_signed, 18, ("self_signed",)),
    Fault(
        "expired",
        "The certificate expired two days ago.",
        chains.expired,
        10,
        ("expired",),
        by_design_outdated=True,
    ),
    Fault(
        "not-yet-valid",
        "The certificate becomes valid in ten years.",
        chains.not_yet_valid,
        9,
        ("not_yet_valid",),
        by_design_outdated=True,
    ),
    Fault(
        "expired-intermediate",
        "The intermediate has expired.",
        chains.expired_intermediate,
        10,
        ("expired",),
        by_design_outdated=True,
    ),
    Fault("wrong-host", "The certificate is for another host name.", chains.wrong_host, 62, ("name_mismatch",)),
    Fault("no-san", "The host name stands in the common name alone.", chains.no_san, 62, ("name_mismatch",)),
    Fault("ip-san", "The certificate names addresses, no host.", chains.ip_san, 62, ("name_mismatch",)),
    Fault(
        "incomplete-chain",
        "The intermediate is not presented.",
        chains.incomplete_chain,
        20,
        ("missing_intermediate",),
    ),
    Fault("untrusted-root", "The presented root is not trusted.", chains.untrusted_root, 19, ("untrusted_root",)),
    Fault("unknown-issuer", "The root is neither presented nor trusted.", chains.unknown_issuer, 20, ("private_ca",)),
    Fault(
        "trusted-intermediate-only",
        "The intermediate is trusted, its root is not.",
        chains.trusted_intermediate_only,
        2,
        ("trusted_intermediate_only",),
        files=("ca_files",),
    ),
    Fault(
        "hostile-names",
        "The names hold line breaks and markup.",
        chains.hostile_names,
        19,
        ("untrusted_root",),
    ),
    Fault("client-auth-only", "The certificate is for clients only.", chains.client_auth_only, 26, ("wrong_purpose",)),
    Fault("leaf-signed-leaf", "The issuer is a server, no authority.", chains.leaf_signed_leaf, 79, ("ca_misuse",)),
    Fault(
        "ca-false-intermediate",
        "The intermediate says that it is no authority.",
        chains.ca_false_intermediate,
        79,
        ("ca_misuse",),
    ),
    Fault("path-length", "There is one authority too many in the path.", chains.path_length, 25, ("path_length",)),
    Fault(
        "name-constraints",
        "The intermediate may not sign this name.",
        chains.name_constraints,
        47,
        ("name_constraint",),
    ),
    Fault(
        "unknown-critical-extension",
        "A critical extension is unknown.",
        chains.unknown_critical_extension,
        34,
        ("unknown_extension",),
    ),
    Fault("rsa-1024", "The server's RSA key has 1024 bits.", chains.rsa_1024, 66, ("weak_key",)),
    Fault("sha1-signature", "The certificate is signed with SHA-1.", chains.sha1_signature, 68, ("weak_signature",)),
    Fault(
        "no-aki",
        "The authority key identifier is missing, which strict rules forbid.",
        chains.no_aki,
        85,
        ("not_rfc5280",),
        policy={"strict_rfc5280": True},
    ),
    Fault(
        "pin-mismatch",
        "The certificate is sound, but another key is pinned.",
        chains.good,
        0,
        ("pin_mismatch",),
        policy={"pin_spki_sha256": [FOREIGN_PIN]},
    ),
    Fault("revoked", "The certificate is revoked.", chains.revoked, 23, ("revoked",), files=("crl_files",)),
    Fault(
        "crl-missing",
        "The intermediate's revocation list is missing.",
        chains.crl_missing,
        3,
        ("crl_missing",),
        files=("crl_files",),
    ),
    Fault(
        "crl-expired",
        "The intermediate's revocation list is two days out of date.",
        chains.crl_expired,
        12,
        ("crl_expired",),
        files=("crl_files",),
    ),
)

FAULTS: Mapping[str, Fault] = MappingProxyType({row.name: row for row in _ROWS})
"""Every fault by its name; a new one is a row above."""
