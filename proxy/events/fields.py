"""Gives the JSON fields that tell a verdict; which record they stand in is left to `formats`.

However large a certificate is, the fields together stay under 12 KiB: collectors drop lines that are longer than 16.
"""

import json
from collections.abc import Iterable
from datetime import datetime

from proxy.model.clean import clean_text, list_some
from proxy.model.verdict import CertificateFacts, Link, Verdict, Whence

_TEXT = 256
"""Bytes of one text of a certificate."""
_SENTENCE = 512
"""Bytes of one sentence of ours, which may hold texts of a certificate."""
_ENTRIES = 20
"""Entries of a list."""
_LIST_BYTES = 3072
"""Bytes that the entries of a list may fill."""
_WHENCE = {
    Whence.PRESENTED: "presented",
    Whence.STORE: "in the trust store",
    Whence.ABSENT: "not sent by the server, not in the trust store",
}


def verdict_fields(verdict: Verdict | None) -> dict[str, str | list[str]]:
    """Give the fields of a verdict, cleaned and bounded; what is not known is empty. Without a verdict there are none.

    `casproxy.chain` has one entry for each certificate of the path, the server's first: subject, whence, last day.
    """
    if verdict is None:
        return {}
    deciding = verdict.deciding
    words = dict.fromkeys(each.reason.value for each in verdict.findings)
    return {
        **_leaf(verdict.leaf),
        "casproxy.reasons": _bounded(words, len(words)),
        "casproxy.why": _cut(deciding.sentence, _SENTENCE) if deciding is not None else "",
        "casproxy.cure": _cut(deciding.cure, _SENTENCE) if deciding is not None else "",
        "casproxy.chain": _bounded(map(_link_text, verdict.path), len(verdict.path)),
        "casproxy.trust_store": _cut(verdict.store),
        "casproxy.resembles": _cut(verdict.resembles),
    }


def _leaf(leaf: CertificateFacts | None) -> dict[str, str | list[str]]:
    if leaf is None:
        return {}
    return {
        "tls.server.subject": _cut(leaf.subject),
        "tls.server.issuer": _cut(leaf.issuer),
        "tls.server.not_before": _time(leaf.not_before),
        "tls.server.not_after": _time(leaf.not_after),
        "tls.server.hash.sha256": _cut(leaf.sha256),
        "tls.server.x509.alternative_names": _bounded(leaf.names, leaf.name_count),
        "casproxy.valid_for": _cut(list_some(leaf.names, leaf.name_count, width=40)),
    }


def _link_text(link: Link) -> str:
    until = link.certificate.not_after if link.certificate is not None else None
    broken = " — signature does not verify" if link.signed is False else ""
    date = f" — until {until.date().isoformat()}" if until is not None else ""
    return f"{_cut(link.subject, _TEXT // 2)} — {_WHENCE[link.whence]}{broken}{date}"


def _bounded(texts: Iterable[str], total: int) -> list[str]:
    """Keep the first entries that fit, each cut; a last one says how many more there are."""
    kept: list[str] = []
    room = _LIST_BYTES
    for text in texts:
        entry = _cut(text)
        room -= _size(entry)
        if room < 0 or len(kept) == _ENTRIES:
            break
        kept.append(entry)
    return [*kept, f"… {total - len(kept):,} more"] if total > len(kept) else kept


def _cut(text: str, limit: int = _TEXT) -> str:
    """Clean a text and cut it to so many bytes, as JSON writes them."""
    cleaned = clean_text(text, limit)
    while (excess := _size(cleaned) - limit) > 0:
        cleaned = cleaned[: -max(excess // 8, 1) - 1] + "…"
    return cleaned


def _size(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode()) - 2


def _time(time: datetime | None) -> str:
    return "" if time is None else time.isoformat().removesuffix("+00:00") + "Z"
