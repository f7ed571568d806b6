"""Reads what one certificate says of itself, however broken it is; verifying anything is left to OpenSSL and `chain`.

cryptography's parser is used for facts alone. Each field is read on its own, so one that cannot be read loses only
itself. Texts stay as they came: they are hostile, whoever shows them cleans them.
"""

import base64
import hashlib
import warnings
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, SignatureAlgorithmOID

from proxy.model.verdict import CertificateFacts

UNREADABLE = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What cryptography raises over bytes it cannot make sense of; mutated certificates never made its Rust half panic."""

KEPT_NAMES = 100
"""Names kept of a certificate; it may bear thousands."""
KEPT_ENTRIES = 20
"""Usages and addresses kept, of each kind."""

_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
"""cryptography's names of the curves as administrators know them."""

_SIGNATURES = {
    SignatureAlgorithmOID.RSA_WITH_MD5: "RSA with MD5",
    SignatureAlgorithmOID.RSA_WITH_SHA1: "RSA with SHA-1",
    SignatureAlgorithmOID.RSA_WITH_SHA224: "RSA with SHA-224",
    SignatureAlgorithmOID.RSA_WITH_SHA256: "RSA with SHA-256",
    SignatureAlgorithmOID.RSA_WITH_SHA384: "RSA with SHA-384",
    SignatureAlgorithmOID.RSA_WITH_SHA512: "RSA with SHA-512",
    SignatureAlgorithmOID.ECDSA_WITH_SHA1: "ECDSA with SHA-1",
    SignatureAlgorithmOID.ECDSA_WITH_SHA224: "ECDSA with SHA-224",
    SignatureAlgorithmOID.ECDSA_WITH_SHA256: "ECDSA with SHA-256",
    SignatureAlgorithmOID.ECDSA_WITH_SHA384: "ECDSA with SHA-384",
    SignatureAlgorithmOID.ECDSA_WITH_SHA512: "ECDSA with SHA-512",
    SignatureAlgorithmOID.DSA_WITH_SHA1: "DSA with SHA-1",
    SignatureAlgorithmOID.DSA_WITH_SHA256: "DSA with SHA-256",
    SignatureAlgorithmOID.ED25519: "Ed25519",
    SignatureAlgorithmOID.ED448: "Ed448",
}
"""How a certificate is signed, in words; others are given as dotted numbers."""

_USAGES = {
    ExtendedKeyUsageOID.SERVER_AUTH: "server authentication",
    ExtendedKeyUsageOID.CLIENT_AUTH: "client authentication",
    ExtendedKeyUsageOID.CODE_SIGNING: "code signing",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "e-mail protection",
    ExtendedKeyUsageOID.TIME_STAMPING: "time stamping",
    ExtendedKeyUsageOID.OCSP_SIGNING: "OCSP signing",
    ExtendedKeyUsageOID.SMARTCARD_LOGON: "smart card logon",
    ExtendedKeyUsageOID.KERBEROS_PKINIT_KDC: "Kerberos KDC",
    ExtendedKeyUsageOID.IPSEC_IKE: "IPsec",
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "any purpose",
}
"""Extended key usages in words; others are given as dotted numbers."""

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)
_Field = TypeVar("_Field")


class Parsed(NamedTuple):
    """A certificate as facts and, when it could be parsed, as cryptography's object."""

    facts: CertificateFacts
    """What it says of itself; with `fault` when it could not be parsed."""
    certificate: x509.Certificate | None
    """The object, for signatures and extensions; None: unreadable."""


class Outline(NamedTuple):
    """The parts of a certificate's body as DER, which are there even when their contents make no sense."""

    issuer: bytes
    """Issuer's name."""
    subject: bytes
    """Subject's name."""
    public_key: bytes
    """Subject public key info."""


def parse(der: bytes) -> Parsed:
    """Read a certificate from DER; never raises, whatever the bytes are."""
    certificate = load(der)
    if certificate is None:
        fault = "it is no certificate that can be read" if der else "it is empty"
        return Parsed(CertificateFacts(size=len(der), sha256=fingerprint(der), fault=fault), None)
    with warnings.catch_warnings(action="ignore"):
        return Parsed(_facts(der, certificate), certificate)


def load(der: bytes) -> x509.Certificate | None:
    """Parse a certificate without reading its facts; None when that cannot be done. Never raises."""
    # Odd certificates make cryptography warn, a public root with serial number 0 among them: not our user's business.
    with warnings.catch_warnings(action="ignore"):
        try:
            return x509.load_der_x509_certificate(der)
        except UNREADABLE:
            return None


def read_certificate(der: bytes) -> CertificateFacts:
    """Read what a certificate in DER says of itself; never raises, unreadable bytes give facts with `fault`."""
    return parse(der).facts


def fingerprint(der: bytes) -> str:
    """Digest a certificate: SHA-256 in lower-case hexadecimal digits."""
    return hashlib.sha256(der).hexdigest()


def outline(certificate: x509.Certificate) -> Outline:
    """Take the parts of a certificate's body as DER, to compare names byte by byte."""
    parts = _body(certificate)
    return Outline(issuer=parts[3], subject=parts[5], public_key=parts[6])


def extension_of(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    """Find the extension of a class; None when it is absent, unreadable, or there twice. Never raises."""
    with warnings.catch_warnings(action="ignore"):
        try:
            return certificate.extensions.get_extension_for_class(kind).value
        except x509.ExtensionNotFound:
            return None
        except UNREADABLE:  # about some extension, perhaps another one
            return _extension_alone(certificate, kind)


def _facts(der: bytes, certificate: x509.Certificate) -> CertificateFacts:
    names = _names(certificate)
    constraints = extension_of(certificate, x509.BasicConstraints)
    return CertificateFacts(
        size=len(der),
        sha256=fingerprint(der),
        subject=_or(lambda: x509.Name.rfc4514_string(certificate.subject), ""),
        issuer=_or(lambda: x509.Name.rfc4514_string(certificate.issuer), ""),
        serial=f"{certificate.serial_number:x}",
        names=tuple(names[:KEPT_NAMES]),
        name_count=len(names),
        not_before=_or(lambda: certificate.not_valid_before_utc, None),
        not_after=_or(lambda: certificate.not_valid_after_utc, None),
        key=_or(lambda: _key(certificate), certificate.public_key_algorithm_oid.dotted_string),
        signature=_or(lambda: _signature(certificate), certificate.signature_algorithm_oid.dotted_string),
        usages=_usages(certificate),
        is_authority=constraints is not None and constraints.ca,
        issuer_urls=_issuer_urls(certificate),
        crl_urls=_crl_urls(certificate),
        spki_sha256=base64.b64encode(hashlib.sha256(outline(certificate).public_key).digest()).decode(),
    )


def _or(read: Callable[[], _Field], otherwise: _Field) -> _Field:
    try:
        return read()
    except UNREADABLE:
        return otherwise


def _names(certificate: x509.Certificate) -> list[str]:
    extension = extension_of(certificate, x509.SubjectAlternativeName)
    if extension is None:
        return []
    addresses = extension.get_values_for_type(x509.IPAddress)
    return [*extension.get_values_for_type(x509.DNSName), *map(str, addresses)]


def _key(certificate: x509.Certificate) -> str:
    match certificate.public_key():
        case rsa.RSAPublicKey() as key:
            return f"RSA {key.key_size}"
        case ec.EllipticCurvePublicKey() as key:
            return f"EC {_CURVES.get(key.curve.name, key.curve.name)}"
        case ed25519.Ed25519PublicKey():
            return "Ed25519"
        case ed448.Ed448PublicKey():
            return "Ed448"
        case dsa.DSAPublicKey() as key:
            return f"DSA {key.key_size}"
        case _:
            return certificate.public_key_algorithm_oid.dotted_string


def _signature(certificate: x509.Certificate) -> str:
    algorithm = certificate.signature_algorithm_oid
    if algorithm == SignatureAlgorithmOID.RSASSA_PSS:
        digest = certificate.signature_hash_algorithm  # stands in the parameters
        return f"RSA-PSS with {digest.name.upper().replace('SHA', 'SHA-', 1)}" if digest else "RSA-PSS"
    return _SIGNATURES.get(algorithm, algorithm.dotted_string)


def _usages(certificate: x509.Certificate) -> tuple[str, ...]:
    extension = extension_of(certificate, x509.ExtendedKeyUsage)
    return tuple(_USAGES.get(usage, usage.dotted_string) for usage in list(extension or ())[:KEPT_ENTRIES])


def _issuer_urls(certificate: x509.Certificate) -> tuple[str, ...]:
    extension = extension_of(certificate, x509.AuthorityInformationAccess)
    issuers = AuthorityInformationAccessOID.CA_ISSUERS
    return _urls([entry.access_location for entry in extension or () if entry.access_method == issuers])


def _crl_urls(certificate: x509.Certificate) -> tuple[str, ...]:
    extension = extension_of(certificate, x509.CRLDistributionPoints)
    return _urls([name for point in extension or () for name in point.full_name or ()])


def _urls(names: list[x509.GeneralName]) -> tuple[str, ...]:
    urls = [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]
    return tuple(urls[:KEPT_ENTRIES])


def _extension_alone(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    """Read one extension from a copy of the certificate that has no other."""
    *body, last = _body(certificate)
    every = _parts(_parts(last)[0]) if last[0] == _EXTENSIONS else []
    oid = _oid(kind.oid.dotted_string)
    wanted = [extension for extension in every if extension.startswith(oid, _content(extension)[0])]
    if len(wanted) != 1:
        return None
    _, algorithm, signature = _parts(certificate.public_bytes(Encoding.DER))
    alone = _element(_EXTENSIONS, _element(_SEQUENCE, wanted[0]))
    copy = _element(_SEQUENCE, _element(_SEQUENCE, b"".join((*body, alone))) + algorithm + signature)
    try:
        return x509.load_der_x509_certificate(copy).extensions.get_extension_for_class(kind).value
    except UNREADABLE:
        return None


# DER, X.690 §8.1 and §10.1: only of what cryptography has parsed before, so it is known to be well formed.

_SEQUENCE = 0x30
_OID = 0x06
_VERSION = 0xA0
_EXTENSIONS = 0xA3
_LONG = 0x80
"""In a length: it takes more than this byte. In an arc: another byte follows."""


def _body(certificate: x509.Certificate) -> list[bytes]:
    """List version (empty when left out), serial, algorithm, issuer, validity, subject, key, and what may follow."""
    parts = _parts(certificate.tbs_certificate_bytes)
    return parts if parts[0][0] == _VERSION else [b"", *parts]


def _content(der: bytes, at: int = 0) -> tuple[int, int]:
    """Find where the content of the element at `at` starts and ends."""
    size, start = der[at + 1], at + 2
    if size & _LONG:
        digits = size & ~_LONG
        size, start = int.from_bytes(der[start : start + digits]), start + digits
    return start, start + size


def _parts(der: bytes) -> list[bytes]:
    """Split the content of a constructed element into its elements."""
    at, end = _content(der)
    parts = []
    while at < end:
        _, after = _content(der, at)
        parts.append(der[at:after])
        at = after
    return parts


def _element(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < _LONG:
        return bytes((tag, size)) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, _LONG | len(digits))) + digits + content


def _oid(dotted: str) -> bytes:
    first, second, *others = map(int, dotted.split("."))
    return _element(_OID, b"".join(map(_arc, (40 * first + second, *others))))


def _arc(number: int) -> bytes:
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(_LONG | number & 0x7F)
    return bytes(reversed(digits))
