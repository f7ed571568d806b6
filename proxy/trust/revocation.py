"""Revocation lists of `crl_files`: whether each certificate of the path has a current one, and whether it is on it.

OpenSSL decides; this names the certificate, the list and the dates.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from cryptography import x509

from proxy.model.verdict import Finding, Reason
from proxy.trust.certificate import UNREADABLE, outline
from proxy.trust.examined import Examined, Member, find, quote

_REASONS = {
    x509.ReasonFlags.key_compromise: "its key was compromised",
    x509.ReasonFlags.ca_compromise: "the authority's key was compromised",
    x509.ReasonFlags.affiliation_changed: "its owner's affiliation changed",
    x509.ReasonFlags.superseded: "it was superseded",
    x509.ReasonFlags.cessation_of_operation: "it is no longer needed",
    x509.ReasonFlags.certificate_hold: "it is on hold",
    x509.ReasonFlags.privilege_withdrawn: "its privileges were withdrawn",
    x509.ReasonFlags.aa_compromise: "the attribute authority was compromised",
}
"""Reasons of RFC 5280 §5.3.1 in words; others are not told."""


def check_revocation(examined: Examined) -> Iterator[Finding]:
    """Hold every certificate of the path, the root included, against its issuer's list, where lists are configured."""
    if not examined.policy.crl_files:
        return
    lists = read_lists(examined.demand.lists)
    for member in examined.members:
        named = [each for each in lists if _issuer_of(each) == outline(member.certificate).issuer]
        key = _issuer_key(examined, member)
        signed = [each for each in named if key is None or _is_signed_by(each, key)]
        if signed:
            yield from _consult(examined, member, max(signed, key=lambda each: _rank(each, examined.now)))
        else:
            yield _missing(member, is_forged=bool(named))


def read_lists(lists: Iterable[bytes]) -> tuple[x509.CertificateRevocationList, ...]:
    """Read revocation lists from DER and leave out what cannot be read. A list that revokes nothing is falsy."""
    return tuple(each for each in map(_read, lists) if each is not None)


def _read(der: bytes) -> x509.CertificateRevocationList | None:
    try:
        return x509.load_der_x509_crl(der)
    except UNREADABLE:
        return None


def _issuer_of(each: x509.CertificateRevocationList) -> bytes:
    try:
        return each.issuer.public_bytes()
    except UNREADABLE:
        return b""


def _issuer_key(examined: Examined, member: Member) -> x509.Certificate | None:
    """Find the certificate whose key must have signed the list: the next of the path, at its end a root itself."""
    above = [other for other in examined.members if other.index == member.index + 1]
    if above:
        return above[0].certificate
    return member.certificate if member.is_self_issued else None


def _is_signed_by(each: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    try:
        return each.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]  # other kinds raise TypeError
    except UNREADABLE:
        return False


def _rank(each: x509.CertificateRevocationList, now: datetime) -> tuple[bool, datetime]:
    """Prefer a current list, then the newest."""
    ends = each.next_update_utc
    return ends is None or ends > now, each.last_update_utc


def _consult(examined: Examined, member: Member, each: x509.CertificateRevocationList) -> Iterator[Finding]:
    ends = each.next_update_utc
    if ends is not None and ends <= examined.now and examined.policy.check_expiry:
        sentence = f"The revocation list of {quote(member.facts.issuer)} has been out of date since {ends:%Y-%m-%d}."
        yield find(Reason.CRL_EXPIRED, sentence, member)
    entry = _entry(each, member.certificate.serial_number)
    if entry is not None:
        since = (
            f"{member.title} (serial number {member.facts.serial}) was revoked on {entry.revocation_date_utc:%Y-%m-%d}"
        )
        yield find(Reason.REVOKED, f"{since}{_why(entry)}.", member)


def _entry(each: x509.CertificateRevocationList, serial: int) -> x509.RevokedCertificate | None:
    try:
        return each.get_revoked_certificate_by_serial_number(serial)
    except UNREADABLE:
        return None


def _why(entry: x509.RevokedCertificate) -> str:
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except (x509.ExtensionNotFound, *UNREADABLE):
        return ""
    return f": {_REASONS[reason]}" if reason in _REASONS else ""


def _missing(member: Member, *, is_forged: bool) -> Finding:
    issuer = quote(member.facts.issuer)
    if is_forged:
        sentence = f"The revocation list at hand in the name of {issuer} is not signed with that authority's key."
        return find(Reason.CRL_MISSING, sentence, member, "Replace the list in crl_files by one of that authority.")
    urls = member.facts.crl_urls
    cure = f"Fetch it from {urls[0]} and add it to crl_files." if urls else ""
    return find(Reason.CRL_MISSING, f"No revocation list of {issuer} is among the crl_files.", member, cure)
