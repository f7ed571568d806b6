"""Draws the chain of a verdict as lines of text for terminal, page and event; finding it is left to `explain`.

Whatever a server sends, the drawing stays within `LINES` lines of `COLUMNS` characters, and no text of a certificate
ends a line, steers a terminal or turns text around.
"""

import textwrap
from collections.abc import Iterable, Sequence

from proxy.model.clean import list_some, shorten
from proxy.model.verdict import CertificateFacts, Finding, Link, Reason, Verdict, Whence
from proxy.trust.text import validity_text

COLUMNS = 98
"""Characters of a line."""
LINES = 200
"""Lines at most."""

_FIRST, _LAST = 9, 2
"""Links drawn from the server's end and from the root's; those between are counted."""
_SPARE = 10
"""Certificates listed of those that were sent and are no part of the path."""
_NAME = 42
"""Columns of a subject."""
_MARKS = 47
"""Column in which a mark stands, where the text before it is short enough."""
_INDENT = "   "
_ISSUED_BY = "   │ issued by"
_BESIDE = {
    Reason.NAME_MISMATCH: "names",
    Reason.WRONG_PURPOSE: "key",
    Reason.WEAK_KEY: "key",
    Reason.WEAK_SIGNATURE: "key",
    Reason.PIN_MISMATCH: "pin",
}
"""Reason to the row it is marked at; all others stand in a row of their own."""
_ABSENT = {Reason.MISSING_INTERMEDIATE, Reason.UNKNOWN_ISSUER, Reason.PRIVATE_CA, Reason.TRUSTED_INTERMEDIATE_ONLY}
"""Reasons that are marked at the absent certificate, if there is one, for its absence is what they tell of."""


def draw(verdict: Verdict) -> list[str]:
    """Draw the path, the server's certificate first, with what speaks against each certificate."""
    if not verdict.presented:
        return ["The certificates of the server could not be fetched.", *_store(verdict)]
    links = _numbered(verdict.path)
    lines = [line for number, link in links for line in _link(verdict, number, link)]
    lines += [*_spare(verdict), *_elsewhere(verdict), *_store(verdict)]
    return [shorten(line, COLUMNS) for line in lines][:LINES]


def _numbered(path: Sequence[Link]) -> list[tuple[int, Link | None]]:
    """Choose the links to draw, each with its place; one None stands for those left out."""
    every: list[tuple[int, Link | None]] = list(enumerate(path, start=1))
    if len(every) <= _FIRST + _LAST:
        return every
    return [*every[:_FIRST], (len(every) - _FIRST - _LAST, None), *every[-_LAST:]]


def _link(verdict: Verdict, number: int, link: Link | None) -> list[str]:
    if link is None:
        return [f"{_INDENT}… {number:,} more …", _ISSUED_BY]
    is_last = number == len(verdict.path)
    below = verdict.path[number - 2].certificate if number > 1 else None
    if link.certificate is None:
        rows = _absent(verdict, link, below)
    else:
        rows = _certificate(verdict, number, link, link.certificate)
    if link.signed is False:
        rows.append(f"{_INDENT}✖ signature does not verify")
    return rows if is_last else [*rows, _ISSUED_BY]


def _absent(verdict: Verdict, link: Link, below: CertificateFacts | None) -> list[str]:
    """Draw a certificate of which only the name is known; `below` is the one that names it."""
    head = f"{'?':<3}{shorten(link.subject, _NAME):<{_NAME}}  not sent by the server, not in the trust store"
    urls = below.issuer_urls if below is not None else ()
    said = [f"{_INDENT}said to be at {list_some(urls, most=1, width=50)} (not fetched)"] if urls else []
    return [head, *said, *_marked("", [each for each in verdict.findings if each.reason in _ABSENT])]


def _certificate(verdict: Verdict, number: int, link: Link, facts: CertificateFacts) -> list[str]:
    whence = "presented" if link.whence is Whence.PRESENTED else "in the store"
    head = f"{number:<3}{shorten(link.subject, _NAME):<{_NAME}}  {whence:<12}  {validity_text(facts, verdict.at)}"
    found = _findings_at(verdict, link.position)
    rows = [head.rstrip()]
    for label, text in _rows(link, facts):
        beside = [each for each in found if _BESIDE.get(each.reason) == label]
        rows += _marked(f"{label:<7}{text}", beside) if text else _marked("", beside)
    return [*rows, *_marked("", [each for each in found if each.reason not in _BESIDE])]


def _rows(link: Link, facts: CertificateFacts) -> list[tuple[str, str]]:
    """List what is told of a certificate under its subject; rows without text are left out."""
    asked = " (its subject counts for nothing)" if link.position == 0 and not facts.fault else ""
    names = list_some(facts.names, facts.name_count, width=40) or f"none{asked}"
    key = [facts.key, f"signed {facts.signature}" if facts.signature else "", ", ".join(facts.usages)]
    is_own = facts.subject == facts.issuer and not facts.fault
    return [
        ("fault", shorten(facts.fault, COLUMNS - 10)),
        ("names", names if facts.names or asked else ""),
        ("key", " · ".join(shorten(each, 60) for each in key if each)),
        ("sha256", shorten(facts.sha256, 64)),
        ("pin", shorten(facts.spki_sha256, 64)),
        ("issuer", "itself" if is_own else ""),
        ("store", shorten(link.anchor, COLUMNS - 10)),
    ]


def _findings_at(verdict: Verdict, position: int | None) -> list[Finding]:
    """Pick what speaks against a presented certificate, without what is marked at the absent one."""
    here = [each for each in verdict.findings if position is not None and each.position == position]
    return [each for each in here if not _is_at_absent(verdict, each)]


def _is_at_absent(verdict: Verdict, finding: Finding) -> bool:
    return finding.reason in _ABSENT and any(link.certificate is None for link in verdict.path)


def _marked(text: str, findings: Iterable[Finding]) -> list[str]:
    """Indent a row, with its marks to the right where there is room, else under it."""
    words = dict.fromkeys(each.reason.value for each in findings)
    marks = " ".join(f"✖ {word}" for word in words)
    rows = textwrap.wrap(text, COLUMNS, initial_indent=_INDENT, subsequent_indent=" " * 10) if text else []
    if not marks:
        return rows
    if len(rows) == 1 and len(rows[0]) < _MARKS:
        return [f"{rows[0]:<{_MARKS}}{marks}"]
    return [*rows, *textwrap.wrap(marks, COLUMNS, initial_indent=_INDENT, subsequent_indent=_INDENT)]


def _spare(verdict: Verdict) -> list[str]:
    """List what was sent and is no part of the path."""
    places = _spare_places(verdict)
    if not places:
        return []
    rows = [row for place in places[:_SPARE] for row in _one_spare(verdict, place, verdict.presented[place])]
    more = [f"{_INDENT}and {len(places) - _SPARE:,} more"] if len(places) > _SPARE else []
    return ["also sent, not needed:", *rows, *more]


def _spare_places(verdict: Verdict) -> list[int]:
    used = {link.position for link in verdict.path}
    return [place for place in range(len(verdict.presented)) if place not in used]


def _one_spare(verdict: Verdict, place: int, facts: CertificateFacts) -> list[str]:
    head = f"{_INDENT}{shorten(facts.subject or facts.fault, _NAME):<{_NAME}}  {validity_text(facts, verdict.at)}"
    return [head.rstrip(), *_marked("", _findings_at(verdict, place))]


def _elsewhere(verdict: Verdict) -> list[str]:
    """Mark what is about no certificate that is drawn, so that every reason stands somewhere."""
    drawn = {link.position for _, link in _numbered(verdict.path) if link is not None}
    shown = (drawn | set(_spare_places(verdict)[:_SPARE])) - {None}
    others = [each for each in verdict.findings if each.position not in shown and not _is_at_absent(verdict, each)]
    return ["besides:", *_marked("", others)] if others else []


def _store(verdict: Verdict) -> list[str]:
    return [f"trust store: {shorten(verdict.store, COLUMNS - 15)}"] if verdict.store else []
