"""The tables about trust, as structs with their keys; they belong to `schema`, which says how keys are described.

What holds for a site is put together here; which values may stand beside each other is left to `check_trust`.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from proxy.settings.terms import Table

CHECKS = ("chain", "name", "expiry")
"""What `verify` may name."""

Switch = Annotated[
    bool,
    Meta(
        description="Whether a server whose certificate is not trusted is used all the same. 1 uses it and says so; "
        "0 sends nothing, answers 502 and writes event 43. Only 0, 1, true and false are taken.",
        extra={
            "kind": "switch",
            "alias": "AllowInternalUntrustedCerts",
            "historic": "AllowInternalUntrustedCerts",
            "absent": "Absent means 1, and a warning is said at start.",
        },
    ),
]
CaFiles = Annotated[
    tuple[str, ...],
    Meta(
        description="PEM files of further trust anchors: certificates only, no revocation lists. Only a certificate "
        "that signed itself ends a chain, unless `partial_chain` is set: to trust one server's certificate that an "
        "authority issued, list that certificate and set `partial_chain`.",
        extra={"example": ["/etc/casproxy/branch-root.pem"]},
    ),
]
CaMode = Annotated[
    Literal["add", "only"],
    Meta(description="`add`: the anchors of `ca_files` join the public ones (certifi); `only`: they replace them."),
]
Verify = Annotated[
    tuple[str, ...],
    Meta(
        description='What is demanded of a certificate: "chain" (it leads to a trust anchor), "name" (it is for the '
        'server\'s name), "expiry" (its dates and its issuers\' hold). Without "chain" `pin_spki_sha256` must be set.',
        extra={"words": CHECKS},
    ),
]
Pins = Annotated[
    tuple[str, ...],
    Meta(
        description="Hashes of public keys: SHA-256 of the subject public key info in base64, with or without "
        "`sha256/` before it. The server's own key must be among them, besides what `verify` demands; list the next "
        "key, too, before it is used. Empty: any key.",
        extra={"example": ["sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]},
    ),
]
CrlFiles = Annotated[
    tuple[str, ...],
    Meta(
        description="PEM files of revocation lists, no certificates. Once there is one, each certificate of a chain "
        "needs a current list of its issuer.",
        extra={"example": ["/etc/casproxy/branch-root.crl.pem"]},
    ),
]
PartialChain = Annotated[
    bool,
    Meta(description="Whether any certificate of `ca_files` ends a chain, not only one that signed itself."),
]
StrictRfc5280 = Annotated[
    bool,
    Meta(description="Whether chains must keep every rule of RFC 5280 that OpenSSL knows; many private ones do not."),
]
MinTlsVersion = Annotated[
    Literal["1.0", "1.1", "1.2", "1.3"],
    Meta(
        description="Lowest TLS version that a server may use. Below 1.2 OpenSSL's security level 0 applies: weak "
        "keys and signatures pass as well. That is said loudly at start.",
    ),
]
ClientCert = Annotated[
    str,
    Meta(
        description="PEM file with the certificate that a server is shown when it asks for one, intermediates after "
        "it; it may hold the key, too.",
        extra={"example": "/etc/casproxy/client.pem", "absent": "Absent: none is shown."},
    ),
]
ClientKey = Annotated[
    str,
    Meta(
        description="PEM file with the key of `client_cert`, not encrypted. A site that names a `client_cert` does "
        "not take the key from above it.",
        extra={
            "example": "/etc/casproxy/client.key",
            "absent": "Absent: the key is in the file of client_cert.",
            "beside": "client_cert",
        },
    ),
]


class Trust(Table, frozen=True, kw_only=True):
    """What is demanded of the certificates of the sites' servers."""

    allow_internal_untrusted_certs: Switch = True
    ca_files: CaFiles = ()
    ca_mode: CaMode = "add"
    verify: Verify = CHECKS
    pin_spki_sha256: Pins = ()
    crl_files: CrlFiles = ()
    partial_chain: PartialChain = False
    strict_rfc5280: StrictRfc5280 = False
    min_tls_version: MinTlsVersion = "1.2"
    client_cert: ClientCert = ""
    client_key: ClientKey = ""


class SiteTrust(Table, frozen=True, kw_only=True):
    """The same for this site alone; what is absent is as in `[trust]`."""

    allow_internal_untrusted_certs: Switch | None = None
    ca_files: CaFiles | None = None
    ca_mode: CaMode | None = None
    verify: Verify | None = None
    pin_spki_sha256: Pins | None = None
    crl_files: CrlFiles | None = None
    partial_chain: PartialChain | None = None
    strict_rfc5280: StrictRfc5280 | None = None
    min_tls_version: MinTlsVersion | None = None
    client_cert: ClientCert | None = None
    client_key: ClientKey | None = None


def put_over(trust: Trust, site: SiteTrust) -> Trust:
    """Give what is in force for a site: its own keys in place of those of `[trust]`, the client's pair as one."""
    own = {name: value for name, value in msgspec.structs.asdict(site).items() if value is not None}
    if "client_cert" in own:
        own.setdefault("client_key", "")
    return msgspec.structs.replace(trust, **own)
