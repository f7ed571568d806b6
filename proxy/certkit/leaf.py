"""A server's certificate with its key and the chain it presents; who signed it is left to `authority`."""

import ssl
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import PublicKeyAlgorithmOID, SignatureAlgorithmOID

from proxy.certkit.files import PRIVATE, PUBLIC, write_file

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
"""Keys that certificates here may have."""
_SOUND_RSA_BITS = 2048
"""Shorter keys are refused by OpenSSL unless its security level is 0."""
_WEAK_SIGNATURES = {SignatureAlgorithmOID.RSA_WITH_SHA1, SignatureAlgorithmOID.ECDSA_WITH_SHA1}
"""So are certificates that are signed so."""


def key_to_pem(key: PrivateKey) -> bytes:
    """Spell `key` as unencrypted PKCS #8 in PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def certificates_to_pem(*certificates: x509.Certificate) -> bytes:
    """Spell the certificates as PEM, one after the other."""
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


def lists_to_pem(*lists: x509.CertificateRevocationList) -> bytes:
    """Spell the revocation lists as PEM, one after the other."""
    return b"".join(each.public_bytes(Encoding.PEM) for each in lists)


def serve_files(certificate: Path, key: Path) -> ssl.SSLContext:
    """Make a context of a server that presents these PEM files; TLS 1.2 and newer.

    A weak leaf is presented all the same: for it alone the server's security level is lowered.
    Raises: `OSError` or `ValueError` when the files are unreadable or do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if _is_weak(x509.load_pem_x509_certificate(certificate.read_bytes())):
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(certificate, key)
    return context


def _is_weak(certificate: x509.Certificate) -> bool:
    # By identifiers: a strange key or digest is not weak, and OpenSSL may know more than cryptography.
    if certificate.signature_algorithm_oid in _WEAK_SIGNATURES:
        return True
    if certificate.public_key_algorithm_oid != PublicKeyAlgorithmOID.RSAES_PKCS1_v1_5:
        return False
    key = certificate.public_key()
    return isinstance(key, rsa.RSAPublicKey) and key.key_size < _SOUND_RSA_BITS


@dataclass(frozen=True, slots=True)
class Leaf:
    """A server's certificate, its key, and what the server presents besides it."""

    certificate: x509.Certificate
    """The server's own certificate."""
    key: PrivateKey
    """Its private key."""
    chain: tuple[x509.Certificate, ...] = ()
    """Presented after the certificate, in the order of the path."""
    withheld: tuple[x509.Certificate, ...] = ()
    """Belongs to the path, but is deliberately not presented."""
    lists: tuple[x509.CertificateRevocationList, ...] = ()
    """Revocation lists that a client is to consult for the whole chain; empty: none."""
    anchors: tuple[x509.Certificate, ...] = ()
    """What a client trusts instead of the authority; empty: the authority."""

    @property
    def certificate_pem(self) -> bytes:
        """The certificate and the chain to present, as PEM."""
        return certificates_to_pem(self.certificate, *self.chain)

    @property
    def key_pem(self) -> bytes:
        """The private key as PEM."""
        return key_to_pem(self.key)

    def without_chain(self) -> Self:
        """Return the same leaf whose server forgets to present the chain."""
        return replace(self, chain=(), withheld=self.chain)

    def write(self, folder: Path, stem: str) -> tuple[Path, Path]:
        """Write `stem.pem` (leaf and chain) and `stem.key.pem` (mode 0600); return both paths.

        Each file is replaced in one step, the pair is not: a reader checks that they match.
        """
        certificate_path, key_path = folder / f"{stem}.pem", folder / f"{stem}.key.pem"
        write_file(key_path, self.key_pem, PRIVATE)
        write_file(certificate_path, self.certificate_pem, PUBLIC)
        return certificate_path, key_path

    def server_context(self) -> ssl.SSLContext:
        """Make a context of a server that presents this leaf; TLS 1.2 and newer."""
        with tempfile.TemporaryDirectory(prefix="certkit-") as folder:  # OpenSSL loads keys from files only
            return serve_files(*self.write(Path(folder), "leaf"))
