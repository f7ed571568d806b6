"""The browser-side certificates of the settings as TLS contexts by name; choosing one is left to `front.sni`.

What a browser may resume with belongs to the context that it met, and cannot be carried to another one. So contexts
are kept in a stock that is made before the workers are forked, and a reload loads its certificates into those there
are: a browser resumes at every worker, and after a reload. Connections that were begun keep what they began with.
"""

import os
import ssl
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from proxy.front.sni import Certificates, arrange_certificates, empty_context, server_context
from proxy.settings.problems import quote

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}

KEY_TYPES = ("1.2.840.113549.1.1.1", "1.2.840.10045.2.1")
"""Types of keys that browsers accept, RSA and elliptic curves, as their object identifiers."""


class NamesUnreadable(OSError):
    """A certificate that OpenSSL takes, but whose names are garbled; `str()` says which."""


class Stock:
    """Contexts by place in the settings and type of key; what is not there is made when it is asked for.

    The type counts because OpenSSL keeps one certificate for each: beside a new one of another type it would go on
    to show the old one. That a place always gets the same context makes workers agree whatever each has been through.
    """

    def __init__(self, places: int = 0) -> None:
        """Make contexts for so many certificates; a reload may then add some and they resume everywhere, too."""
        self._contexts = {(place, key_type): empty_context() for place in range(places) for key_type in KEY_TYPES}

    def take(self, place: int, key_type: str) -> ssl.SSLContext:
        """Give the context of a place."""
        context = self._contexts.get((place, key_type))
        if context is None:
            context = self._contexts[place, key_type] = empty_context()
        return context


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A certificate and its key as they were read, and tried."""

    certificate: bytes
    """PEM, the leaf first, then its chain."""
    key: bytes
    """PEM."""
    names: tuple[str, ...]
    """DNS names of the leaf."""
    key_type: str
    """Object identifier of the leaf's type of key."""


@dataclass(frozen=True, slots=True)
class Tried:
    """Certificates that OpenSSL has accepted, in force nowhere yet."""

    pairs: tuple[Pair, ...]
    """In the order of the settings, the default first."""
    minimum: ssl.TLSVersion
    """Lowest version that browsers may use."""

    def put_into(self, stock: Stock) -> Certificates:
        """Put them in force for new connections. It has been tried: nothing is read and nothing can be wrong."""
        return arrange_certificates((pair.names, self._load(stock, place)) for place, pair in enumerate(self.pairs))

    def _load(self, stock: Stock, place: int) -> ssl.SSLContext:
        pair = self.pairs[place]
        context = stock.take(place, pair.key_type)
        context.minimum_version = self.minimum
        with as_file(pair.certificate) as certificate, as_file(pair.key) as key:
            context.load_cert_chain(certificate, key, "")
        return context


def try_certificates(pairs: Iterable[tuple[str, str]], minimum: str) -> Tried:
    """Read (certificate, key) files, each once, and let OpenSSL judge them; an empty key is in the certificate's file.

    `load` has checked the files. Raises: OSError or ssl.SSLError when they have changed since.
    """
    version = VERSIONS[minimum]
    return Tried(tuple(_try_pair(certificate, key or certificate, version) for certificate, key in pairs), version)


def _try_pair(certificate_name: str, key_name: str, minimum: ssl.TLSVersion) -> Pair:
    certificate = Path(certificate_name).read_bytes()
    key = certificate if key_name == certificate_name else Path(key_name).read_bytes()
    with as_file(certificate) as certificate_file, as_file(key) as key_file:
        server_context(certificate_file, key_file, minimum)
    try:
        leaf = x509.load_pem_x509_certificates(certificate)[0]
        names, key_type = names_of(leaf), leaf.public_key_algorithm_oid.dotted_string
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as fault:
        raise NamesUnreadable(f"The names in {quote(certificate_name)} cannot be read") from fault
    return Pair(certificate=certificate, key=key, names=names, key_type=key_type)


def names_of(leaf: x509.Certificate) -> tuple[str, ...]:
    """List the DNS names of a certificate."""
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(names.get_values_for_type(x509.DNSName))


@contextmanager
def as_file(content: bytes) -> Iterator[str]:
    """Give `content` a name while it is read: OpenSSL takes certificates and keys from files only.

    On Linux the file is in memory: no key is written where it does not belong, and no folder has to be writable.
    """
    if hasattr(os, "memfd_create"):
        with open(os.memfd_create("casproxy", os.MFD_CLOEXEC), "wb") as file:  # noqa: PTH123 - it has no path
            file.write(content)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
        return
    with tempfile.NamedTemporaryFile() as kept:
        kept.write(content)
        kept.flush()
        yield kept.name
