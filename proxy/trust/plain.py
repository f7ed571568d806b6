"""Turns a verdict into plain values for JSON; reading it to people is left to `drawing`.

Times are RFC 3339, texts are cleaned and bounded, so that even who prints them without escapes prints no forged line.
"""

from datetime import datetime
from typing import Any

from proxy.model.clean import clean_text
from proxy.model.verdict import CertificateFacts, Finding, Link, Verdict
from proxy.trust.text import days_left, time_text

_ENTRY = 256
"""Characters of a text in a list; DNS names have 253 at most."""
_MOST = 100
"""Entries of a list; `name_count` and `presented_count` tell how many there are."""


def to_plain(verdict: Verdict) -> dict[str, Any]:  # JSON has no narrower type
    """List all that the verdict holds, under fixed keys; every key is there, null for what is not known."""
    return {
        "trusted": verdict.trusted,
        "reason": verdict.reason,
        "code": verdict.code,
        "text": clean_text(verdict.text),
        "name": clean_text(verdict.name),
        "explained": verdict.is_explained,
        "findings": [_finding(each) for each in verdict.findings[:_MOST]],
        "notes": _texts(verdict.notes),
        "presented": [plain_certificate(each, verdict.at) for each in verdict.presented[:_MOST]],
        "presented_count": len(verdict.presented),
        "path": [_link(each, verdict) for each in verdict.path[:_MOST]],
        "store": clean_text(verdict.store),
        "resembles": clean_text(verdict.resembles),
        "at": time_text(verdict.at),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "reason": finding.reason.value,
        "sentence": clean_text(finding.sentence),
        "cure": clean_text(finding.cure),
        "position": finding.position,
    }


def _link(link: Link, verdict: Verdict) -> dict[str, Any]:
    """Describe a link; a presented certificate is found by `position`, one of the store stands here."""
    facts = link.certificate if link.position is None else None
    return {
        "whence": link.whence.value,
        "subject": clean_text(link.subject),
        "position": link.position,
        "signed": link.signed,
        "anchor": clean_text(link.anchor),
        "certificate": None if facts is None else plain_certificate(facts, verdict.at),
    }


def plain_certificate(facts: CertificateFacts, at: datetime) -> dict[str, Any]:  # as above
    """Spell a certificate with the days it has left at a moment; every key is there, as in a verdict."""
    return {
        "subject": clean_text(facts.subject),
        "issuer": clean_text(facts.issuer),
        "serial": clean_text(facts.serial),
        "names": _texts(facts.names),
        "name_count": facts.name_count,
        "not_before": None if facts.not_before is None else time_text(facts.not_before),
        "not_after": None if facts.not_after is None else time_text(facts.not_after),
        "days_left": days_left(facts, at),
        "key": clean_text(facts.key),
        "signature": clean_text(facts.signature),
        "usages": _texts(facts.usages),
        "is_authority": facts.is_authority,
        "issuer_urls": _texts(facts.issuer_urls),
        "crl_urls": _texts(facts.crl_urls),
        "sha256": facts.sha256,
        "spki_sha256": facts.spki_sha256,
        "size": facts.size,
        "fault": clean_text(facts.fault),
    }


def _texts(texts: tuple[str, ...]) -> list[str]:
    return [clean_text(each, _ENTRY) for each in texts[:_MOST]]
