"""The closed list of reasons why a backend's TLS is refused, each in words; refusing is left to `upstream`.

OpenSSL's numeric verify code chooses the reason, never its text. Codes that OpenSSL gives without telling causes
apart (20 for a missing intermediate and for a private authority) have one reason here, which `explain` may refine.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from proxy.model.verdict import Reason


class ReasonEntry(NamedTuple):
    """What is said about a reason."""

    sentence: str
    """Why, in one sentence about "the server"."""
    cure: str
    """What an administrator does about it."""
    codes: tuple[int, ...] = ()
    """OpenSSL's verify codes that mean it; empty when only we can tell."""
    error_type: str = "tls_certificate_error"
    """Proxy error type of RFC 9209 §2.3."""


_ADD_CA = "add that authority's certificate to ca_files of the site"
_PROTOCOL = "tls_protocol_error"
_STRICT_CODES = tuple(range(80, 95))
"""X509_V_ERR_PATHLEN_INVALID_FOR_NON_CA to X509_V_ERR_EC_KEY_EXPLICIT_PARAMS: given with the strict flag only."""

REASONS: Mapping[Reason, ReasonEntry] = MappingProxyType(
    {
        Reason.SELF_SIGNED: ReasonEntry(
            "The server's certificate is signed by itself and is not among the trusted ones.",
            "Install a certificate from a trusted authority on the server, or add this certificate to ca_files.",
            (18,),
        ),
        Reason.UNTRUSTED_ROOT: ReasonEntry(
            "The server's certificate leads to a root authority that is not trusted here.",
            f"If the root is yours, {_ADD_CA}; otherwise install a certificate from a trusted authority.",
            (19,),
        ),
        Reason.UNKNOWN_ISSUER: ReasonEntry(
            "The authority that issued the server's certificate is neither sent by the server nor trusted here.",
            f"Let the server send its intermediate certificates, or {_ADD_CA}.",
            (20, 21),
        ),
        Reason.MISSING_INTERMEDIATE: ReasonEntry(
            "The server does not send an intermediate certificate between its own and a trusted root.",
            "Install the missing intermediate certificate on the server, so that it sends the whole chain.",
        ),
        Reason.PRIVATE_CA: ReasonEntry(
            "The server's certificate comes from a private authority that is not trusted here.",
            f"If the authority is yours, {_ADD_CA}.",
        ),
        Reason.TRUSTED_INTERMEDIATE_ONLY: ReasonEntry(
            "An intermediate authority of the chain is trusted here, its root is not.",
            "Add the root's certificate to ca_files, or set partial_chain for the site.",
            (2,),
        ),
        Reason.EXPIRED: ReasonEntry(
            "A certificate of the server's chain has expired.",
            "Renew the certificate on the server; if it is new, check the clock of this host.",
            (10,),
        ),
        Reason.NOT_YET_VALID: ReasonEntry(
            "A certificate of the server's chain is not valid yet.",
            "Check the clocks of this host and of the authority, or wait until the certificate's first day.",
            (9,),
        ),
        Reason.NAME_MISMATCH: ReasonEntry(
            "The server's certificate is for other names than the one it was asked for.",
            "Issue a certificate with the name of the InternalURL, correct the InternalURL, or set tls_name.",
            (62, 64),
        ),
        Reason.WRONG_PURPOSE: ReasonEntry(
            "The server's certificate may not be used by a TLS server.",
            "Issue a certificate whose extended key usage includes server authentication.",
            (26,),
        ),
        Reason.CA_MISUSE: ReasonEntry(
            "A certificate of the server's chain was issued by one that is not an authority.",
            "Have the certificate issued anew by a proper authority.",
            (79, 24),
        ),
        Reason.PATH_LENGTH: ReasonEntry(
            "The server's chain is longer than one of its authorities allows.",
            "Have the certificate issued by an authority closer to the root.",
            (25,),
        ),
        Reason.NAME_CONSTRAINT: ReasonEntry(
            "An authority of the server's chain may not issue certificates for this name.",
            "Have the certificate issued by an authority that may do so for this name.",
            (47, 48),
        ),
        Reason.UNKNOWN_EXTENSION: ReasonEntry(
            "A certificate of the server's chain demands an extension that is not understood here.",
            "Issue the certificate without that critical extension.",
            (34,),
        ),
        Reason.WEAK_KEY: ReasonEntry(
            "A key in the server's chain is too short.",
            "Issue a certificate with an RSA key of 2048 bits or more, or with an elliptic-curve key.",
            (66, 67),
        ),
        Reason.WEAK_SIGNATURE: ReasonEntry(
            "A certificate of the server's chain is signed with a digest that is too weak.",
            "Have it issued anew with SHA-256 or better.",
            (68,),
        ),
        Reason.REVOKED: ReasonEntry(
            "A certificate of the server's chain has been revoked by its authority.",
            "Find out why it was revoked and replace it; do not go on with its key.",
            (23,),
        ),
        Reason.CRL_MISSING: ReasonEntry(
            "No revocation list of the authority that issued the server's certificate is at hand.",
            "Add that authority's list to crl_files.",
            (3,),
        ),
        Reason.CRL_EXPIRED: ReasonEntry(
            "The revocation list for the server's certificate is out of date.",
            "Replace the list in crl_files by a current one.",
            (12,),
        ),
        Reason.NOT_RFC5280: ReasonEntry(
            "A certificate of the server's chain breaks a rule of RFC 5280, and strict_rfc5280 is set.",
            "Issue the certificate anew with the fields the rule demands, or unset strict_rfc5280 for the site.",
            _STRICT_CODES,
        ),
        Reason.PIN_MISMATCH: ReasonEntry(
            "The server's key is none of those pinned for the site.",
            "If the server was given a new key on purpose, put its hash into pin_spki_sha256.",
        ),
        Reason.NOT_TLS: ReasonEntry(
            "The server does not speak TLS on this port.",
            "Correct the port of the InternalURL, or switch TLS on at the server.",
            (),
            _PROTOCOL,
        ),
        Reason.TLS_VERSION: ReasonEntry(
            "The server offers no TLS version that is allowed here.",
            "Enable TLS 1.2 or 1.3 on the server.",
            (),
            _PROTOCOL,
        ),
        Reason.TLS_ALERT: ReasonEntry(
            "The server ended the TLS handshake with an alert.",
            "Look at the server's own log; it may want a client certificate or other ciphers.",
            (),
            "tls_alert_received",
        ),
        Reason.OTHER: ReasonEntry(
            "The TLS connection to the server was refused for a rarer reason; see the code.",
            "Look the code up in OpenSSL's list of verification errors.",
        ),
    }
)
"""Every reason with its words."""

_BY_CODE: Mapping[int, Reason] = MappingProxyType(
    {code: reason for reason, entry in REASONS.items() for code in entry.codes}
)
_BY_NAME: Mapping[str, Reason] = MappingProxyType({reason.value: reason for reason in Reason})


def reason_of(code: int | None) -> Reason:
    """Choose the reason for OpenSSL's verify code; a code without a reason of its own is OTHER, no code a pin."""
    return Reason.PIN_MISMATCH if code is None else _BY_CODE.get(code, Reason.OTHER)


def reason_named(name: str) -> Reason:
    """Find the reason by its label; an unknown label is OTHER."""
    return _BY_NAME.get(name, Reason.OTHER)


def describe(reason: Reason) -> ReasonEntry:
    """Give the words for a reason."""
    return REASONS[reason]
