"""What is demanded of a backend's TLS: the only place where the switch acts. Dialling is left to `dial`.

OpenSSL decides about trust. Whatever is asked afterwards is asked of its numeric codes and reason symbols, never of
its texts.
"""

import hashlib
import re
import ssl
from collections.abc import Iterable
from pathlib import Path

import certifi

from proxy.errors import OurFault
from proxy.model.sites import CaMode, TrustPolicy

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:ECDHE+AES:DHE+AES:!aNULL:!eNULL:!PSK:!SHA1:!AESCCM:@SECLEVEL=2"
"""Suites of TLS 1.2, also under switch 1: forward secrecy, SHA-2, and no suite without encryption or certificate.

The CBC suites with SHA-2 are what Windows Server 2008 R2, the host of Exchange 2010, offers at its best.
"""

_PEM_CERTIFICATE = re.compile(
    rb"-----BEGIN (?:X509 )?CERTIFICATE-----.+?-----END (?:X509 )?CERTIFICATE-----", re.DOTALL
)
_DER_SEQUENCE = b"\x30"
"""First byte of a certificate that is not in PEM; Windows authorities export such `.cer` files."""

_NAME_TEXTS = {62: "hostname mismatch", 64: "IP address mismatch"}
"""OpenSSL's own texts; Python's `ssl` puts the name into them, other transports do not."""

_NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "PACKET_LENGTH_TOO_LONG"})
"""A first record that is no TLS record: plain HTTP, SMTP's greeting, anything else."""
_VERSION = frozenset({"UNSUPPORTED_PROTOCOL", "VERSION_TOO_LOW", "VERSION_TOO_HIGH", "NO_PROTOCOLS_AVAILABLE"})
_VERSION_ALERT = "ALERT_PROTOCOL_VERSION"
_ALERT = "_ALERT_"


class TlsContexts:
    """Builds client contexts, one for each distinct content of a policy."""

    def __init__(self) -> None:
        self._by_policy: dict[tuple[tuple[str, ...], CaMode], ssl.SSLContext] = {}
        self._by_content: dict[tuple[str, CaMode], ssl.SSLContext] = {}
        self._lax: ssl.SSLContext | None = None

    def strict(self, policy: TrustPolicy) -> ssl.SSLContext:
        """Give the context that verifies chain, name and dates against the policy's anchors.

        Files are read when a policy is first seen and after `forget`; the first call blocks for some milliseconds.
        Raises: `OurFault` when a file of the policy cannot be used; nothing may be sent then.
        """
        key = (policy.ca_files, policy.ca_mode)
        context = self._by_policy.get(key)
        if context is None:
            context = self._by_policy[key] = self._of_content(policy)
        return context

    def lax(self) -> ssl.SSLContext:
        """Give the context that waives trust, and trust alone: protocol versions and suites are those of `strict`."""
        if self._lax is None:
            context = _plain_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self._lax = context
        return self._lax

    def forget(self) -> None:
        """Have the files read again, for a reload; unchanged content gives the same contexts as before."""
        self._by_policy.clear()

    def _of_content(self, policy: TrustPolicy) -> ssl.SSLContext:
        anchors = read_anchors(policy.ca_files)
        key = (hashlib.sha256(anchors).hexdigest(), policy.ca_mode)
        context = self._by_content.get(key)
        if context is None:
            context = self._by_content[key] = _strict_context(anchors, policy.ca_mode)
        return context


def read_anchors(ca_files: Iterable[str]) -> bytes:
    """Read the certificates of the files, DER after DER, in their order; anything else in a PEM file is left out.

    The result identifies the content: a reload compares it to learn whether the anchors changed.
    Raises: `OurFault` naming the file that cannot be read or holds no certificate.
    """
    return b"".join(_read_certificates(name) for name in ca_files)


def verify_failure(exc: BaseException) -> tuple[int, str] | None:
    """Give OpenSSL's verify code and text when `exc` says that trust failed; None for every other failure."""
    if not isinstance(exc, ssl.SSLCertVerificationError):
        return None
    code = getattr(exc, "verify_code", 0)
    if not isinstance(code, int) or code <= 0:
        return None
    return code, _NAME_TEXTS.get(code, str(getattr(exc, "verify_message", "")))


def tls_fault_reason(exc: BaseException) -> str:
    """Sort a failed handshake that was not over trust: `not_tls`, `tls_version`, `tls_alert` or `other`."""
    symbol = getattr(exc, "reason", None)
    if not isinstance(symbol, str):
        return "other"
    if symbol in _NOT_TLS:
        return "not_tls"
    if symbol in _VERSION or symbol.endswith(_VERSION_ALERT):
        return "tls_version"
    return "tls_alert" if _ALERT in symbol else "other"


def leaf_digest(ssl_object: ssl.SSLObject) -> str:
    """Give the SHA-256 of the peer's certificate in hexadecimal digits; empty when it sent none."""
    certificate = ssl_object.getpeercert(True)
    return hashlib.sha256(certificate).hexdigest() if certificate else ""


def _strict_context(anchors: bytes, mode: CaMode) -> ssl.SSLContext:
    context = _plain_context()
    context.check_hostname = True
    context.verify_mode = ssl.CERT_REQUIRED
    # Names are looked for in the subject alternative name only (RFC 9110 §4.3.4), and a wildcard is a whole label:
    # Python sets the second for every context, a test holds it.
    context.hostname_checks_common_name = False
    # Set, not added: newer versions of Python may come with VERIFY_X509_STRICT, which old private authorities fail.
    context.verify_flags = ssl.VERIFY_X509_TRUSTED_FIRST
    if mode is CaMode.ADD:
        context.load_verify_locations(certifi.where())
    if anchors:
        # A listed certificate is an anchor even when an authority issued it: the cure for one backend's certificate.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(cadata=anchors)
    return context


def _plain_context() -> ssl.SSLContext:
    # Never create_default_context: what it demands changes with Python's version.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_ciphers(CIPHERS)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _read_certificates(name: str) -> bytes:
    try:
        content = Path(name).read_bytes()
    except OSError as exc:
        raise OurFault(500, f"The file {name} of ca_files cannot be read: {exc.strerror}.") from exc
    if content.startswith(_DER_SEQUENCE):
        certificates = content
    else:
        blocks = _PEM_CERTIFICATE.findall(content)
        certificates = b"".join(_der_of(name, block) for block in blocks)
    if not certificates:
        raise OurFault(500, f"The file {name} of ca_files holds no certificate.")
    _check_loads(name, certificates)
    return certificates


def _der_of(name: str, block: bytes) -> bytes:
    try:
        text = block.decode("ascii").replace("BEGIN X509 ", "BEGIN ").replace("END X509 ", "END ")
        return ssl.PEM_cert_to_DER_cert(text)
    except ValueError as exc:
        raise OurFault(500, f"The file {name} of ca_files holds a damaged certificate.") from exc


def _check_loads(name: str, certificates: bytes) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=certificates)
    except ssl.SSLError as exc:
        raise OurFault(500, f"The file {name} of ca_files holds a damaged certificate.") from exc
