"""A certificate authority that signs leaves and further authorities; which deviation makes which fault is `faults`'."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self, TypedDict, Unpack

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from proxy.certkit.leaf import Leaf, PrivateKey, certificates_to_pem, key_to_pem

BACKDATED = timedelta(hours=1)
"""Certificates begin this long ago: the clocks of a lab's machines differ."""
LEAF_LIFETIME = timedelta(days=398)
"""The longest life browsers accept."""
AUTHORITY_LIFETIME = timedelta(days=3652)
"""Ten years: the authority outlives many leaves, so it is trusted by hand once."""
_LONGEST_COMMON_NAME = 64
"""RFC 5280 appendix A.1, ub-common-name."""


class Deviations(TypedDict, total=False):
    """What may differ from a sound certificate; each absent key means the sound value."""

    not_before: datetime
    """Begin of validity; an hour ago."""
    not_after: datetime
    """End of validity; 398 days (an authority: ten years) after the begin."""
    common_name: str
    """Subject's CN; the first name."""
    alternative_names: Sequence[str]
    """Entries of the subject alternative name, IP addresses recognised; the names. Empty leaves the extension out."""
    usages: Sequence[x509.ObjectIdentifier]
    """Extended key usage; serverAuth. Empty leaves the extension out."""
    key: PrivateKey
    """Subject's key; a fresh one on P-256."""
    extensions: Sequence[tuple[x509.ExtensionType, bool]]
    """Further extensions, each with whether it is critical; none."""
    path_length: int | None
    """How many authorities may stand below an authority; any number."""
    admits_authority: bool
    """Whether an authority says in its basic constraints that it is one; True."""
    names_issuer_key: bool
    """Whether the authority key identifier is there; True. A certificate that signed itself is not asked."""


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _subject(name: str, deviations: Deviations) -> x509.Name:
    common_name = deviations.get("common_name", name)[:_LONGEST_COMMON_NAME]
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _constraints(deviations: Deviations, *, is_authority: bool) -> x509.BasicConstraints:
    says_so = is_authority and deviations.get("admits_authority", True)
    return x509.BasicConstraints(ca=says_so, path_length=deviations.get("path_length"))


def _draft(
    name: str, key: PrivateKey, lifetime: timedelta, deviations: Deviations, *, is_authority: bool
) -> x509.CertificateBuilder:
    begin = deviations.get("not_before", datetime.now(UTC) - BACKDATED)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_subject(name, deviations))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(deviations.get("not_after", begin + lifetime))
        .add_extension(_constraints(deviations, is_authority=is_authority), critical=True)
        .add_extension(_key_usage(signs_certificates=is_authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    for extension, critical in deviations.get("extensions", ()):
        builder = builder.add_extension(extension, critical=critical)
    return builder


def _leaf_draft(names: tuple[str, ...], key: PrivateKey, deviations: Deviations) -> x509.CertificateBuilder:
    builder = _draft(names[0], key, LEAF_LIFETIME, deviations, is_authority=False)
    usages = deviations.get("usages", (ExtendedKeyUsageOID.SERVER_AUTH,))
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    entries = [_general_name(name) for name in deviations.get("alternative_names", names)]
    if entries:
        builder = builder.add_extension(x509.SubjectAlternativeName(entries), critical=False)
    return builder


def _new_key() -> PrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def self_signed(*names: str, **deviations: Unpack[Deviations]) -> Leaf:
    """Make a leaf that is its own issuer, as a fresh server has it."""
    key = deviations.get("key") or _new_key()
    draft = _leaf_draft(names, key, deviations).issuer_name(_subject(names[0], deviations))
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    return Leaf(draft.add_extension(identifier, critical=False).sign(key, hashes.SHA256()), key)


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority: its certificate, its key, and the intermediates a server must present."""

    certificate: x509.Certificate
    """The authority's own certificate."""
    key: PrivateKey
    """Its private key."""
    chain: tuple[x509.Certificate, ...] = ()
    """What a server presents after its leaf; empty for a root."""

    @classmethod
    def create(cls, name: str, **deviations: Unpack[Deviations]) -> Self:
        """Make a root named `name`. Without `key` it gets a fresh one on P-256."""
        key = deviations.get("key") or _new_key()
        draft = _draft(name, key, AUTHORITY_LIFETIME, deviations, is_authority=True)
        return cls(draft.issuer_name(_subject(name, deviations)).sign(key, hashes.SHA256()), key)

    @classmethod
    def load(cls, certificate_pem: bytes, key_pem: bytes) -> Self:
        """Read a root from PEM. Raises: `ValueError` when either is unreadable, or they do not belong together."""
        certificate = x509.load_pem_x509_certificate(certificate_pem)
        key = load_pem_private_key(key_pem, password=None)
        if not isinstance(key, PrivateKey) or key.public_key() != certificate.public_key():
            raise ValueError("The key does not belong to the authority's certificate.")
        return cls(certificate, key)

    @property
    def certificate_pem(self) -> bytes:
        """The authority's own certificate as PEM: the trust anchor when it is a root."""
        return certificates_to_pem(self.certificate)

    @property
    def key_pem(self) -> bytes:
        """The authority's private key as PEM."""
        return key_to_pem(self.key)

    def intermediate(self, name: str, **deviations: Unpack[Deviations]) -> "Authority":
        """Make an authority below this one; its leaves present it."""
        key = deviations.get("key") or _new_key()
        draft = _draft(name, key, AUTHORITY_LIFETIME, deviations, is_authority=True)
        certificate = self._sign(draft, deviations)
        return Authority(certificate, key, (certificate, *self.chain))

    def issue(self, *names: str, **deviations: Unpack[Deviations]) -> Leaf:
        """Make a server certificate for `names` (DNS names and IP addresses; the first is the CN)."""
        key = deviations.get("key") or _new_key()
        return Leaf(self._sign(_leaf_draft(names, key, deviations), deviations), key, self.chain)

    def list_revoked(
        self, *revoked: x509.Certificate, next_update: datetime | None = None
    ) -> x509.CertificateRevocationList:
        """Make the authority's revocation list; it is current for 398 days unless `next_update` ends it elsewhere."""
        now = datetime.now(UTC)
        end = next_update or now + LEAF_LIFETIME
        begin = min(now, end) - BACKDATED
        draft = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(begin)
            .next_update(end)
            .add_extension(self._identifier(), critical=False)
            .add_extension(x509.CRLNumber(int(begin.timestamp())), critical=False)
        )
        for certificate in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number).revocation_date(begin)
            draft = draft.add_revoked_certificate(entry.build())
        return draft.sign(self.key, hashes.SHA256())

    def _identifier(self) -> x509.AuthorityKeyIdentifier:
        ours = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ours)

    def _sign(self, draft: x509.CertificateBuilder, deviations: Deviations) -> x509.Certificate:
        if deviations.get("names_issuer_key", True):
            draft = draft.add_extension(self._identifier(), critical=False)
        return draft.issuer_name(self.certificate.subject).sign(self.key, hashes.SHA256())
