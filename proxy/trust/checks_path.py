"""Checks of every certificate of the path: dates, authority, length, extensions, strength.

Each check gives every finding that holds, from the server's certificate upwards, whatever OpenSSL stopped at.
"""

from collections.abc import Iterator
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from proxy.model.verdict import Finding, Reason
from proxy.trust.certificate import UNREADABLE, extension_of
from proxy.trust.examined import Examined, Member, enumerate_names, extensions_of, find, span_text

SUPPORTED_EXTENSIONS = frozenset(
    {
        "2.5.29.15",  # key usage
        "2.5.29.17",  # subject alternative name
        "2.5.29.19",  # basic constraints
        "2.5.29.30",  # name constraints
        "2.5.29.31",  # CRL distribution points
        "2.5.29.32",  # certificate policies
        "2.5.29.33",  # policy mappings
        "2.5.29.36",  # policy constraints
        "2.5.29.37",  # extended key usage
        "2.5.29.54",  # inhibit anyPolicy
        "1.3.6.1.5.5.7.1.7",  # IP address blocks
        "1.3.6.1.5.5.7.1.8",  # autonomous system numbers
        "1.3.6.1.5.5.7.1.14",  # proxy certificate
        "1.3.6.1.5.5.7.48.1.5",  # OCSP no check
        "2.16.840.1.113730.1.1",  # Netscape certificate type
    }
)
"""Extensions that OpenSSL 3.0 accepts when they are marked critical; the key identifiers are not among them."""
SHORTEST_RSA = 2048
"""Bits of an RSA or DSA key at OpenSSL's security level 2."""
SHORTEST_EC = 224
"""Bits of an elliptic curve at the same level."""
_WEAK_DIGESTS = (" MD5", " SHA-1")
_CLOCKS_DIFFER = timedelta(days=1)


def check_dates(examined: Examined) -> Iterator[Finding]:
    """Hold that every certificate of the path is valid now."""
    if not examined.policy.check_expiry:
        return
    for member in examined.members:
        first, last = member.facts.not_before, member.facts.not_after
        if first is not None and first > examined.now:
            yield _not_yet(member, first - examined.now, f"{first:%Y-%m-%d %H:%M} UTC")
        if last is not None and last <= examined.now:
            sentence = f"{member.title} expired {span_text(examined.now - last)} ago, on {last:%Y-%m-%d}."
            yield find(Reason.EXPIRED, sentence, member, _renewal(member))


def check_authority(examined: Examined) -> Iterator[Finding]:
    """Hold that who issued a certificate of the path may do so.

    OpenSSL lets the last certificate of the path alone pass without basic constraints, when its key usage says that
    it signs certificates, or when it is of version 1. Strict rules let none pass, and want the same of a server's
    certificate whose key may sign certificates.
    """
    leaf = examined.leaf
    if leaf is not None and examined.policy.strict_rfc5280 and _signs_without_constraints(leaf.certificate):
        sentence = "The server's certificate lets its key sign certificates, but has no basic constraints."
        yield find(Reason.CA_MISUSE, sentence, leaf)
    for issuer in examined.issuers:
        constraints = extension_of(issuer.certificate, x509.BasicConstraints)
        usage = extension_of(issuer.certificate, x509.KeyUsage)
        if usage is not None and not usage.key_cert_sign:
            flaw = "its key usage does not include signing certificates"
        elif constraints is not None and not constraints.ca:
            flaw = "its basic constraints say that it is no authority"
        elif constraints is None and not _may_lack_constraints(examined, issuer, usage):
            flaw = "it has no basic constraints"
        else:
            continue
        below = "the server's certificate" if issuer.index == 1 else "another certificate of the chain"
        yield find(Reason.CA_MISUSE, f"{issuer.title} issued {below}, but it may not: {flaw}.", issuer)


def check_length(examined: Examined) -> Iterator[Finding]:
    """Hold that no authority has more authorities below it than it allows; one that issued itself does not count."""
    below = 0
    for issuer in examined.issuers:
        constraints = extension_of(issuer.certificate, x509.BasicConstraints)
        limit = constraints.path_length if constraints is not None else None
        if limit is not None and below > limit:
            allowed, found = _authorities(limit), _authorities(below)
            sentence = f"{issuer.title} allows {allowed} below it, and the path has {found} there."
            yield find(Reason.PATH_LENGTH, sentence, issuer)
        below += not issuer.is_self_issued


def check_extensions(examined: Examined) -> Iterator[Finding]:
    """Hold that every critical extension is one that OpenSSL knows."""
    for member in examined.members:
        critical = [each.oid.dotted_string for each in extensions_of(member.certificate) if each.critical]
        unknown = [oid for oid in critical if oid not in SUPPORTED_EXTENSIONS]
        if unknown:
            names = enumerate_names(unknown)
            sentence = f"{member.title} has critical extensions that are unknown here: {names}."
            yield find(Reason.UNKNOWN_EXTENSION, sentence, member)


def check_keys(examined: Examined) -> Iterator[Finding]:
    """Hold that no key of the path is too short, where OpenSSL holds it."""
    for member in examined.members if examined.has_security_level else ():
        size, shortest = _key_sizes(member.certificate)
        if size < shortest:
            sentence = f"{member.title} has a key of {size} bits ({member.facts.key}); {shortest} is the least."
            yield find(Reason.WEAK_KEY, sentence, member)


def check_signatures(examined: Examined) -> Iterator[Finding]:
    """Hold that no certificate below the trust anchor is signed with MD5 or SHA-1, where OpenSSL holds it."""
    for member in examined.members if examined.has_security_level else ():
        is_end = member.is_anchor or member.is_self_issued
        if not is_end and member.facts.signature.endswith(_WEAK_DIGESTS):
            sentence = f"{member.title} is signed with a digest that is too weak: {member.facts.signature}."
            yield find(Reason.WEAK_SIGNATURE, sentence, member)


def _not_yet(member: Member, ahead: timedelta, first: str) -> Finding:
    sentence = f"{member.title} is not valid yet: it begins in {span_text(ahead)}, on {first}"
    clocks = "; the clocks of this host and of the authority may differ" if ahead < _CLOCKS_DIFFER else ""
    return find(Reason.NOT_YET_VALID, f"{sentence}{clocks}.", member)


def _renewal(member: Member) -> str:
    if member.index == 0:
        return ""
    if member.link.position is None:
        return "Replace this trust anchor in ca_files by its successor, and renew what it signed."
    return "Install the current certificate of that authority on the server, or have the server's issued anew."


def _authorities(limit: int) -> str:
    return {0: "no authority", 1: "1 authority"}.get(limit, f"{limit:,} authorities")


def _signs_without_constraints(certificate: x509.Certificate) -> bool:
    usage = extension_of(certificate, x509.KeyUsage)
    return usage is not None and usage.key_cert_sign and extension_of(certificate, x509.BasicConstraints) is None


def _may_lack_constraints(examined: Examined, issuer: Member, usage: x509.KeyUsage | None) -> bool:
    if issuer.index + 1 < len(examined.path.links) or examined.policy.strict_rfc5280:
        return False
    return usage is not None or (issuer.is_self_issued and issuer.certificate.version is x509.Version.v1)


def _key_sizes(certificate: x509.Certificate) -> tuple[int, int]:
    """Give the size of a key and the least one, in bits; zeros for keys that have but one size."""
    try:
        key = certificate.public_key()
    except UNREADABLE:
        return 0, 0
    match key:
        case rsa.RSAPublicKey() | dsa.DSAPublicKey():
            return key.key_size, SHORTEST_RSA
        case ec.EllipticCurvePublicKey():
            return key.key_size, SHORTEST_EC
    return 0, 0
