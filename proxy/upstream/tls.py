"""What is demanded of a backend's TLS: the only place where the switch acts. Dialling is left to `attempt`.

OpenSSL decides about trust, and after it the pins, where there are some. Whatever is asked afterwards is asked of
numeric codes and reason symbols, never of OpenSSL's texts.
"""

import base64
import hashlib
import ssl
import tempfile
import warnings
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from proxy.errors import OurFault
from proxy.model.sites import OLD_TLS_VERSIONS, CaMode, TrustPolicy
from proxy.upstream.material import Material, lists_to_pem, read_material

_SUITES = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:ECDHE+AES:DHE+AES"
CIPHERS = f"{_SUITES}:!aNULL:!eNULL:!PSK:!SHA1:!AESCCM:@SECLEVEL=2"
"""Suites of TLS 1.2, also under switch 1: forward secrecy, SHA-2, and no suite without encryption or certificate.

The CBC suites with SHA-2 are what Windows Server 2008 R2, the host of Exchange 2010, offers at its best.
"""
OLD_CIPHERS = f"{_SUITES}:RSA+AES:!aNULL:!eNULL:!PSK:!AESCCM:@SECLEVEL=0"
"""Suites where `min_tls_version` lies below 1.2: with SHA-1 and without forward secrecy, too, but always encrypted.

OpenSSL 3 speaks TLS 1.0 and 1.1 at security level 0 only, and at that level weak keys and signatures pass as well.
"""
VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}
"""`min_tls_version` in Python's words."""

NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME, which Python has no name for; it accepts a stale revocation list, too."""
PIN_TEXT = "no pinned key"
"""What stands in place of OpenSSL's text where a pin decided."""

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
        self._materials: dict[TrustPolicy, Material] = {}
        self._made: dict[tuple[object, ...], ssl.SSLContext] = {}

    def material(self, policy: TrustPolicy) -> Material:
        """Give the contents of the policy's files, read when it is first seen and after `forget`.

        Raises: `OurFault` when a file of the policy cannot be used; nothing may be sent then.
        """
        material = self._materials.get(policy)
        if material is None:
            material = self._materials[policy] = read_material(policy)
        return material

    def strict(self, policy: TrustPolicy) -> ssl.SSLContext:
        """Give the context that verifies what the policy demands; the first call blocks for some milliseconds.

        Raises: `OurFault` when a file of the policy cannot be used; nothing may be sent then.
        """
        material = self.material(policy)
        key = ("strict", material.mark, policy.ca_mode, _demands(policy))
        context = self._made.get(key)
        if context is None:
            context = self._made[key] = _strict_context(policy, material)
        return context

    def exact(self, policy: TrustPolicy, leaf: bytes) -> ssl.SSLContext:
        """Give the context that trusts one certificate (DER) and no other, for policies that leave the chain out.

        Name, dates and purpose are verified as the policy says. A context without verification could not check the
        name: Python refuses `check_hostname` there. The caller compares the pins.
        """
        material = self.material(policy)
        context = _plain_context(policy, material)
        _demand(context, policy)
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        try:
            context.load_verify_locations(cadata=leaf)
        except ssl.SSLError as exc:  # a certificate OpenSSL itself has just accepted from the server
            raise OurFault(500, "The server's certificate cannot be read back.") from exc
        return context

    def lax(self, policy: TrustPolicy) -> ssl.SSLContext:
        """Give the context that waives trust, and trust alone: protocol versions and suites are those of `strict`."""
        material = self.material(policy)
        key = ("lax", hashlib.sha256(material.client).digest(), policy.min_tls_version, policy.client_cert)
        context = self._made.get(key)
        if context is None:
            context = self._made[key] = _plain_context(policy, material)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def forget(self) -> None:
        """Have the files read again, for a reload; unchanged content gives the same contexts as before."""
        self._materials.clear()


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


def leaf_digest(leaf: bytes) -> str:
    """Give the SHA-256 of a certificate (DER) in hexadecimal digits; empty when there is none."""
    return hashlib.sha256(leaf).hexdigest() if leaf else ""


def has_pinned_key(policy: TrustPolicy, leaf: bytes) -> bool:
    """Tell whether the key of a certificate (DER) is among the policy's pins; True when there are none.

    This is the second gate, after OpenSSL's handshake: False forbids sending a byte under switch 0. A certificate
    whose key cannot be read has no pinned key.
    """
    if not policy.pins:
        return True
    try:
        key = x509.load_der_x509_certificate(leaf).public_key()
        spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, TypeError, x509.InvalidVersion, UnsupportedAlgorithm):
        return False
    return base64.b64encode(hashlib.sha256(spki).digest()).decode() in policy.pins


def _demands(policy: TrustPolicy) -> tuple[object, ...]:
    return (
        policy.check_name,
        policy.check_expiry,
        policy.partial_chain,
        policy.strict_rfc5280,
        policy.min_tls_version,
    )


def _strict_context(policy: TrustPolicy, material: Material) -> ssl.SSLContext:
    context = _plain_context(policy, material)
    _demand(context, policy)
    if policy.ca_mode is CaMode.ADD:
        context.load_verify_locations(certifi.where())
    if material.anchors:
        context.load_verify_locations(cadata=material.anchors)
    if material.lists:
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
        with tempfile.NamedTemporaryFile(prefix="casproxy-", suffix=".crl.pem") as file:
            file.write(lists_to_pem(material.lists))
            file.flush()
            context.load_verify_locations(cafile=file.name)
    return context


def _demand(context: ssl.SSLContext, policy: TrustPolicy) -> None:
    """Set what does not depend on files."""
    context.check_hostname = policy.check_name
    context.verify_mode = ssl.CERT_REQUIRED
    # Names are looked for in the subject alternative name only (RFC 9110 §4.3.4), and a wildcard is a whole label:
    # Python sets the second for every context, a test holds it.
    context.hostname_checks_common_name = False
    # Set, not added: newer versions of Python may come with VERIFY_X509_STRICT, which old private authorities fail.
    flags = ssl.VERIFY_X509_TRUSTED_FIRST
    if policy.partial_chain:
        flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if policy.strict_rfc5280:
        flags |= ssl.VERIFY_X509_STRICT
    if not policy.check_expiry:
        flags |= NO_CHECK_TIME
    context.verify_flags = flags


def _plain_context(policy: TrustPolicy, material: Material) -> ssl.SSLContext:
    # Never create_default_context: what it demands changes with Python's version.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    is_old = policy.min_tls_version in OLD_TLS_VERSIONS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # for old versions; the settings have warned already
        context.minimum_version = VERSIONS[policy.min_tls_version]
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_ciphers(OLD_CIPHERS if is_old else CIPHERS)
    context.set_alpn_protocols(["http/1.1"])
    if material.client:
        _show_client(context, policy)
    return context


def _show_client(context: ssl.SSLContext, policy: TrustPolicy) -> None:
    key = Path(policy.client_key or policy.client_cert)
    try:
        context.load_cert_chain(policy.client_cert, key, password="")
    except (OSError, ValueError) as exc:  # ssl.SSLError is an OSError
        raise OurFault(
            500, f"The certificate {policy.client_cert} of client_cert cannot be used with its key."
        ) from exc
