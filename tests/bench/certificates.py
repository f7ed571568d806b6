"""Certificates of one run: an authority, a front, an origin, and two origins that nobody may trust."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAME = "localhost"
"""Name of the front and of the origin; every candidate can dial it as well as verify it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Files of one certificate."""

    certificate: Path
    key: Path
    both: Path
    """Certificate and key in one file, as HAProxy wants it."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """All files of one run."""

    authority: Path
    front: Pair
    origin: Pair
    wrong_name: Pair
    """Of the right authority, for another name."""
    wrong_authority: Pair
    """Of another authority, for the right name."""


@dataclass(frozen=True, slots=True)
class _Issuer:
    """An authority with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def make_certificates(folder: Path) -> Certificates:
    """Make every certificate (ECDSA P-256) and write it below the folder."""
    good, other = _make_authority("bench authority"), _make_authority("other authority")
    authority = folder / "authority.pem"
    authority.write_bytes(good.certificate.public_bytes(serialization.Encoding.PEM))
    return Certificates(
        authority=authority,
        front=_issue(good, NAME, folder / "front"),
        origin=_issue(good, NAME, folder / "origin"),
        wrong_name=_issue(good, "other.localhost", folder / "wrong_name"),
        wrong_authority=_issue(other, NAME, folder / "wrong_authority"),
    )


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _make_authority(name: str) -> _Issuer:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(_common_name(name), _common_name(name), key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return _Issuer(certificate, key)


def _issue(issuer: _Issuer, name: str, stem: Path) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(_common_name(name), issuer.certificate.subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()),
            critical=False,
        )
        .sign(issuer.key, hashes.SHA256())
    )
    pair = Pair(stem.with_suffix(".crt"), stem.with_suffix(".key"), stem.with_suffix(".pem"))
    public = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pair.certificate.write_bytes(public)
    for path, content in ((pair.key, private), (pair.both, public + private)):
        path.touch(mode=0o600)
        path.write_bytes(content)
    return pair
