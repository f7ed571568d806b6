"""The rules of RFC 5280 that OpenSSL adds under its strict flag; what follows from a breach is `explain`'s.

Only what the policy asks for is a reason; otherwise it is a remark, because newer clients come with the flag set.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from cryptography import x509

from proxy.model.verdict import Finding, Reason
from proxy.trust.certificate import extension_of, outline
from proxy.trust.examined import Examined, Member, find, has_critical

_EMPTY = b"\x30\x00"
"""A name without parts, as DER."""
_LENGTH_ALONE = re.compile(rb"\x06\x03\x55\x1d\x13(\x01\x01.)?\x04.\x30.(\x01\x01\x00)?\x02\x01", re.DOTALL)
"""Basic constraints with a path length and without CA: the parser refuses them, so they are looked for as DER."""


class Breach(NamedTuple):
    """One rule that one certificate breaks."""

    member: Member
    """The certificate."""
    clause: str
    """What is wrong with it."""
    code: int
    """OpenSSL's verify code."""


def check_strictly(examined: Examined) -> Iterator[Finding]:
    """Hold the rules, where the policy asks for them."""
    for breach in breaches(examined) if examined.policy.strict_rfc5280 else ():
        yield find(Reason.NOT_RFC5280, f"{breach.member.title} {breach.clause} (code {breach.code}).", breach.member)


def breaches(examined: Examined) -> Iterator[Breach]:
    """List what breaks the rules, in OpenSSL's order; a chain of one certificate is not held to them."""
    if len(examined.path.links) < 2:  # noqa: PLR2004 - the server's certificate and one more
        return
    for member in examined.members:
        traits = _traits(member, is_last=member.index + 1 == len(examined.path.links))
        yield from (Breach(member, rule.clause, rule.code) for rule in _RULES if rule.is_broken(traits))


class _Traits(NamedTuple):
    certificate: x509.Certificate
    is_last: bool
    is_authority: bool
    has_limit: bool
    may_sign: bool | None
    signs_lists: bool
    has_issuer: bool
    has_subject: bool
    names: x509.SubjectAlternativeName | None


class _Rule(NamedTuple):
    code: int
    clause: str
    is_broken: Callable[[_Traits], bool]


_RULES = (
    _Rule(
        80,
        "limits the length of the path below it without being an authority",
        lambda it: _LENGTH_ALONE.search(it.certificate.tbs_certificate_bytes) is not None,
    ),
    _Rule(
        81,
        "limits the length of the path below it without a key usage for signing certificates",
        lambda it: it.has_limit and not it.may_sign,
    ),
    _Rule(
        89,
        "is an authority and does not mark its basic constraints as critical",
        lambda it: it.is_authority and not has_critical(it.certificate, x509.BasicConstraints),
    ),
    _Rule(
        92,
        "is an authority without a key usage",
        lambda it: it.is_authority and it.may_sign is None,
    ),
    _Rule(
        82,
        "has a key usage for signing certificates without being an authority",
        lambda it: bool(it.may_sign) and not it.is_authority,
    ),
    _Rule(83, "does not name its issuer", lambda it: not it.has_issuer),
    _Rule(
        84,
        "has no subject, though it is an authority, signs revocation lists or has no alternative name",
        lambda it: not it.has_subject and (it.is_authority or it.signs_lists or it.names is None),
    ),
    _Rule(
        88,
        "has no subject and does not mark its alternative names as critical",
        lambda it: (
            not it.has_subject
            and it.names is not None
            and not has_critical(it.certificate, x509.SubjectAlternativeName)
        ),
    ),
    _Rule(87, "has an empty subject alternative name", lambda it: it.names is not None and not list(it.names)),
    _Rule(
        85,
        "has no authority key identifier",
        lambda it: not it.is_last and not _names_issuer_key(it.certificate),
    ),
    _Rule(
        86,
        "is an authority without a subject key identifier",
        lambda it: it.is_authority and extension_of(it.certificate, x509.SubjectKeyIdentifier) is None,
    ),
)
"""In the order of OpenSSL's checks, which stop at the first; each code was produced with it.

A critical key identifier is refused under another code, 34.
"""


def _traits(member: Member, *, is_last: bool) -> _Traits:
    certificate = member.certificate
    constraints = extension_of(certificate, x509.BasicConstraints)
    usage = extension_of(certificate, x509.KeyUsage)
    parts = outline(certificate)
    return _Traits(
        certificate=certificate,
        is_last=is_last,
        is_authority=constraints is not None and constraints.ca,
        has_limit=constraints is not None and constraints.path_length is not None,
        may_sign=None if usage is None else usage.key_cert_sign,
        signs_lists=usage is not None and usage.crl_sign,
        has_issuer=parts.issuer != _EMPTY,
        has_subject=parts.subject != _EMPTY,
        names=extension_of(certificate, x509.SubjectAlternativeName),
    )


def _names_issuer_key(certificate: x509.Certificate) -> bool:
    identifier = extension_of(certificate, x509.AuthorityKeyIdentifier)
    return identifier is not None and identifier.key_identifier is not None
