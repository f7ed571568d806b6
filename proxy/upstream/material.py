"""What a trust policy's files hold, read and checked: anchors, revocation lists, the client's certificate.

Making TLS contexts of it is left to `tls`, judging it to OpenSSL.
"""

import hashlib
import re
import ssl
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import certifi

from proxy.errors import OurFault
from proxy.model.sites import CaMode, TrustPolicy
from proxy.trust.anchors import Anchors, Source

_PEM_CERTIFICATE = re.compile(
    rb"-----BEGIN (?:X509 )?CERTIFICATE-----.+?-----END (?:X509 )?CERTIFICATE-----", re.DOTALL
)
_PEM_LIST = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)
_DER_SEQUENCE = b"\x30"
"""First byte of a certificate that is not in PEM; Windows authorities export such `.cer` files."""


class Material(NamedTuple):
    """The contents of the files of one policy."""

    anchors: bytes
    """Certificates of `ca_files`, DER after DER."""
    sources: tuple[Source, ...]
    """All trust anchors, file by file, certifi's first."""
    lists: tuple[bytes, ...]
    """Revocation lists of `crl_files`, DER each."""
    client: bytes
    """The client's certificate and key as the files hold them; empty: none."""

    @property
    def mark(self) -> str:
        """A digest of everything: equal marks, equal contents."""
        parts = (self.anchors, *self.lists, b"", self.client)
        return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()

    def as_anchors(self) -> Anchors:
        """Give the anchors as `trust` looks at them."""
        return Anchors(self.sources)


def read_material(policy: TrustPolicy) -> Material:
    """Read every file of the policy.

    Raises: `OurFault` naming the file that cannot be read or holds something else; nothing may be sent then.
    """
    own = [Source(name, read_certificates(name)) for name in policy.ca_files]
    sources = own if policy.ca_mode is CaMode.ONLY else [Source("certifi", default_anchors()), *own]
    return Material(
        anchors=b"".join(each for source in own for each in source.certificates),
        sources=tuple(sources),
        lists=tuple(each for name in policy.crl_files for each in read_lists(name)),
        client=_read_client(policy),
    )


@cache
def default_anchors() -> tuple[bytes, ...]:
    """Give certifi's trust anchors, DER each; read once, the package does not change while we run."""
    return tuple(_blocks_of(Path(certifi.where()).read_bytes(), _PEM_CERTIFICATE, "certifi", "certificate"))


def read_certificates(name: str) -> tuple[bytes, ...]:
    """Read the certificates of a file of `ca_files`, DER each; anything else in a PEM file is left out.

    Raises: `OurFault` naming the file that cannot be read, is damaged or holds no certificate.
    """
    content = _read(name, "ca_files")
    if content.startswith(_DER_SEQUENCE):
        found = [content]
    else:
        found = _blocks_of(content, _PEM_CERTIFICATE, f"The file {name} of ca_files", "certificate")
    if not found:
        raise OurFault(500, f"The file {name} of ca_files holds no certificate.")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=b"".join(found))
    except ssl.SSLError as exc:
        raise OurFault(500, f"The file {name} of ca_files holds a damaged certificate.") from exc
    return tuple(found)


def read_lists(name: str) -> tuple[bytes, ...]:
    """Read the revocation lists of a file of `crl_files`, DER each.

    Raises: `OurFault`; also when the file holds a certificate, which OpenSSL would take for a trust anchor.
    """
    content = _read(name, "crl_files")
    if _PEM_CERTIFICATE.search(content):
        raise OurFault(500, f"The file {name} of crl_files holds a certificate; only revocation lists may stand there.")
    found = _blocks_of(content, _PEM_LIST, f"The file {name} of crl_files", "revocation list")
    if not found:
        raise OurFault(500, f"The file {name} of crl_files holds no revocation list in PEM.")
    return tuple(found)


def lists_to_pem(lists: Iterable[bytes]) -> bytes:
    """Write lists as PEM: the only form in which Python hands them to OpenSSL, and only from a file."""
    texts = (ssl.DER_cert_to_PEM_cert(each).replace("CERTIFICATE-----", "X509 CRL-----") for each in lists)
    return "".join(texts).encode()


def _read(name: str, key: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as exc:
        raise OurFault(500, f"The file {name} of {key} cannot be read: {exc.strerror}.") from exc


def _read_client(policy: TrustPolicy) -> bytes:
    if not policy.client_cert:
        return b""
    content = _read(policy.client_cert, "client_cert")
    return content + _read(policy.client_key, "client_key") if policy.client_key else content


def _blocks_of(content: bytes, pattern: re.Pattern[bytes], what: str, kind: str) -> list[bytes]:
    try:
        return [_der_of(block.group()) for block in pattern.finditer(content)]
    except ValueError as exc:
        raise OurFault(500, f"{what} holds a damaged {kind}.") from exc


def _der_of(block: bytes) -> bytes:
    text = block.decode("ascii")
    for label in ("X509 CRL-----", "X509 CERTIFICATE-----"):
        text = text.replace(label, "CERTIFICATE-----")
    return ssl.PEM_cert_to_DER_cert(text)
