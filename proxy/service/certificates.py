"""The browser-side certificates of the settings as TLS contexts by name; choosing one is left to `front.sni`."""

import ssl
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509

from proxy.front.sni import Certificates, arrange_certificates, server_context

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def open_certificates(pairs: Iterable[tuple[str, str]], minimum: str) -> Certificates:
    """Make contexts of (certificate, key) files, the default first; an empty key is in the certificate's file.

    `load` has checked the files. Raises: OSError or ssl.SSLError when they have changed since.
    """
    contexts = [
        (certificate, server_context(certificate, key or certificate, VERSIONS[minimum])) for certificate, key in pairs
    ]
    return arrange_certificates((names_of(certificate), context) for certificate, context in contexts)


def names_of(certificate: str) -> list[str]:
    """List the DNS names of a PEM file's first certificate."""
    leaf = x509.load_pem_x509_certificates(Path(certificate).read_bytes())[0]
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return names.get_values_for_type(x509.DNSName)
