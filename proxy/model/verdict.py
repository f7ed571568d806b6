"""What is known of a backend's trust, as plain values: reasons, certificates, the path, the verdict.

Reaching a verdict is left to `trust`; OpenSSL's handshake and the pins decide, a verdict only tells. Every text that
comes from a certificate is hostile and is kept as it came: whoever shows it cleans and escapes it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Reason(Enum):
    """Why TLS with a backend is refused: label of metrics, `event.reason`, the error page and `--json`."""

    SELF_SIGNED = "self_signed"
    UNTRUSTED_ROOT = "untrusted_root"
    UNKNOWN_ISSUER = "unknown_issuer"
    MISSING_INTERMEDIATE = "missing_intermediate"
    PRIVATE_CA = "private_ca"
    TRUSTED_INTERMEDIATE_ONLY = "trusted_intermediate_only"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    NAME_MISMATCH = "name_mismatch"
    WRONG_PURPOSE = "wrong_purpose"
    CA_MISUSE = "ca_misuse"
    PATH_LENGTH = "path_length"
    NAME_CONSTRAINT = "name_constraint"
    UNKNOWN_EXTENSION = "unknown_extension"
    WEAK_KEY = "weak_key"
    WEAK_SIGNATURE = "weak_signature"
    REVOKED = "revoked"
    CRL_MISSING = "crl_missing"
    CRL_EXPIRED = "crl_expired"
    NOT_RFC5280 = "not_rfc5280"
    PIN_MISMATCH = "pin_mismatch"
    NOT_TLS = "not_tls"
    TLS_VERSION = "tls_version"
    TLS_ALERT = "tls_alert"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """What one certificate says of itself; none of it is verified."""

    size: int
    """Bytes of its DER."""
    sha256: str
    """Fingerprint: SHA-256 of the DER, 64 hexadecimal digits in lower case."""
    fault: str = ""
    """Why it could not be read, as a clause; then nothing below is known."""
    subject: str = ""
    """Subject as RFC 4514 writes it, most specific part first: `CN=cas02.branch.example,O=Branch`."""
    issuer: str = ""
    """Issuer, written likewise."""
    serial: str = ""
    """Serial number in hexadecimal digits."""
    names: tuple[str, ...] = ()
    """Names it is valid for, from the subject alternative name: DNS names, then IP addresses; the first 100 of them."""
    name_count: int = 0
    """How many names there are in all."""
    not_before: datetime | None = None
    """First moment of its validity, UTC."""
    not_after: datetime | None = None
    """Last moment of its validity, UTC."""
    key: str = ""
    """Kind and size of its key: `RSA 2048`, `EC P-256`, `Ed25519`."""
    signature: str = ""
    """How it is signed: `RSA with SHA-256`, `ECDSA with SHA-256`."""
    usages: tuple[str, ...] = ()
    """Extended key usages in words (`server authentication`); unknown ones as dotted numbers. Empty: any."""
    is_authority: bool = False
    """Whether it says that it may issue certificates (basic constraints)."""
    issuer_urls: tuple[str, ...] = ()
    """Where it says that its issuer's certificate can be fetched (authority information access); never fetched."""
    crl_urls: tuple[str, ...] = ()
    """Where it says that its revocation list can be fetched; never fetched."""
    spki_sha256: str = ""
    """Its pin: SHA-256 of the subject public key info, in base64."""


class Whence(Enum):
    """Where a certificate of the path was found."""

    PRESENTED = "presented"
    """The server sent it."""
    STORE = "store"
    """It is a trust anchor of ours."""
    ABSENT = "absent"
    """Nowhere: only its name is known, from the certificate below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One certificate of the path from the server's own towards a root."""

    whence: Whence
    """Where it was found."""
    subject: str
    """Its subject; for an absent one the issuer's name in the certificate below."""
    certificate: CertificateFacts | None = None
    """Its facts; None when it is absent."""
    position: int | None = None
    """Its place among the presented ones, 0 for the server's own; None when it was not presented."""
    signed: bool | None = None
    """Whether the next link's key really signed it; for the last one whether its own did. None: cannot be told."""
    anchor: str = ""
    """The trust store's source that holds it, `certifi` or a file; empty when it is no trust anchor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One reason against trust that holds."""

    reason: Reason
    """Label."""
    sentence: str
    """What is wrong, with names and dates; may hold text from a certificate."""
    cure: str
    """What an administrator does about it."""
    position: int | None = None
    """Which presented certificate it is about, 0 for the server's own; None for none of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a backend is trusted, every reason why not, and the chain it presented."""

    trusted: bool
    """What OpenSSL's handshake and the pins decided; never what our own checks found."""
    name: str
    """The name the certificate had to bear."""
    code: int | None = None
    """OpenSSL's verify code; None when it accepted the chain."""
    text: str = ""
    """OpenSSL's text for the code."""
    findings: tuple[Finding, ...] = ()
    """Every reason that holds, the deciding one first. Of a trusted backend none."""
    is_explained: bool = True
    """Whether our own checks found the deciding reason too; False: it is known from OpenSSL's code alone."""
    notes: tuple[str, ...] = ()
    """Remarks that are no reasons: would fail strict rules, chain out of order, weak dates to come."""
    presented: tuple[CertificateFacts, ...] = ()
    """Every certificate the server sent, in its order; empty when the chain could not be fetched."""
    path: tuple[Link, ...] = ()
    """The way from the server's certificate as far as it could be followed."""
    store: str = ""
    """The trust store that was consulted: `142 from certifi, 1 from certs/branch-root.pem`."""
    resembles: str = ""
    """The site whose server's name the certificate bears, when that is another one than was asked for."""
    at: datetime
    """When it was found out, UTC."""

    @property
    def deciding(self) -> Finding | None:
        """The finding that decided; None when trusted."""
        return self.findings[0] if self.findings else None

    @property
    def reason(self) -> str:
        """The deciding reason's word; empty when trusted."""
        return self.findings[0].reason.value if self.findings else ""

    @property
    def leaf(self) -> CertificateFacts | None:
        """The server's own certificate, if the chain could be fetched."""
        return self.presented[0] if self.presented else None
