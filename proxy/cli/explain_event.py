"""`casproxy explain event N`: what an event of the catalogue means, what causes it and what to do about it.

With `--all` the reference of all events is written, in Markdown or JSON.
"""

import argparse
import json
import sys
import textwrap
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from proxy.events.catalogue import CATALOGUE
from proxy.events.entry import Entry
from proxy.events.formats import Voice, provider_of
from proxy.events.reference import render_events
from proxy.model.verdict import Reason
from proxy.trust.reasons import REASONS

NAME = "event"
HELP = "what an event means, when it is written, its causes and what to do"

KNOWN, USAGE = 0, 2
"""Exit codes."""

_NEAREST = 3
"""Numbers offered for one that does not exist."""
_WIDTH = 98
_LABEL = 10
_TRUST = tuple(reason for reason, entry in REASONS.items() if entry.error_type == "tls_certificate_error")
_PROTOCOL = tuple(reason for reason in REASONS if reason not in _TRUST)
_CAUSES: Mapping[int, tuple[Reason, ...]] = MappingProxyType({43: _TRUST, 1001: _PROTOCOL, 1020: _TRUST, 1043: _TRUST})
"""Event to the reasons it can have; events without reasons are not in the table."""
_SWITCH = MappingProxyType(
    {
        "key": "allow_internal_untrusted_certs",
        "file": "[trust] for all sites, [sites.trust] for one site, which wins",
        "environment": (
            "CASPROXY_TRUST__ALLOW_INTERNAL_UNTRUSTED_CERTS, "
            "CASPROXY_SITES__<SITE>__TRUST__ALLOW_INTERNAL_UNTRUSTED_CERTS"
        ),
        "default": "1: untrusted certificates are accepted, as in Exchange 2010",
        "shown_by": "casproxy check-config --show-origin",
    }
)
"""Where the switch that decides between 43 and 1043 is set."""
_SWITCHED = {43, 1043}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the number and the form of the answer."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("number", nargs="?", type=int, metavar="N", help="number of the event, 43 for instance")
    which.add_argument("--all", action="store_true", help="every event, as a reference in Markdown")
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(arguments: argparse.Namespace) -> int:
    """Explain; 0 for an event of the catalogue, 2 for a number that is none."""
    if arguments.all:
        every = [to_json(CATALOGUE[number]) for number in sorted(CATALOGUE)] if arguments.json else None
        sys.stdout.write(render_events() if every is None else json.dumps(every, indent=2, ensure_ascii=False) + "\n")
        return KNOWN
    entry = CATALOGUE.get(arguments.number)
    if entry is None:
        near = ", ".join(f"{each} {CATALOGUE[each].symbol}" for each in nearest(arguments.number))
        print(f"casproxy explain event: there is no event {arguments.number}. Nearest: {near}.", file=sys.stderr)
        return USAGE
    if arguments.json:
        print(json.dumps(to_json(entry), indent=2, ensure_ascii=False))
    else:
        print("\n".join(to_text(entry)))
    return KNOWN


def nearest(number: int) -> list[int]:
    """Choose the numbers of the catalogue closest to one, the closest first."""
    return sorted(CATALOGUE, key=lambda each: (abs(each - number), each))[:_NEAREST]


def to_json(entry: Entry) -> dict[str, Any]:  # JSON has no narrower type
    """Make the answer for programs; every key is there, whatever the event."""
    return {
        "id": entry.id,
        "symbol": entry.symbol,
        "level": entry.level.value,
        "provider": _provider(entry),
        "provider_is_configurable": entry.provider is None,
        "category": entry.category,
        "text": entry.text,
        "parameters": list(entry.parameters),
        "when": entry.when,
        "cure": entry.cure,
        "causes": [
            {"reason": reason.value, "why": words.sentence, "cure": words.cure, "codes": list(words.codes)}
            for reason, words in REASONS.items()
            if reason in _CAUSES.get(entry.id, ())
        ],
        "switch": dict(_SWITCH) if entry.id in _SWITCHED else None,
    }


def to_text(entry: Entry) -> Iterator[str]:
    """Lay the answer out for people: what, who, when, what to do, then the causes."""
    yield f"{entry.id}  {entry.symbol}"
    note = " (events.provider)" if entry.provider is None else ""
    rows = [
        ("level", entry.level.value),
        ("provider", f"{_provider(entry)}{note}"),
        ("category", entry.category),
        ("text", entry.text),
        *((f"%{place}", meaning) for place, meaning in enumerate(entry.parameters, start=1)),
        ("when", entry.when),
        ("to do", entry.cure or "Nothing, all is well."),
    ]
    for label, text in rows:
        yield from _row(label, text)
    if entry.id in _SWITCHED:
        yield from _switch()
    if entry.id in _CAUSES:
        yield from _causes(_CAUSES[entry.id])
    if entry.id in _SWITCHED:
        yield from [
            "",
            f"Not a matter of trust, event 1001 tells of it: {', '.join(each.value for each in _PROTOCOL)}.",
        ]


def _provider(entry: Entry) -> str:
    return provider_of(entry, Voice(first_server=""))


def _switch() -> Iterator[str]:
    yield ""
    yield "Where the switch is set"
    for label, text in _SWITCH.items():
        yield from _row(label.replace("_", " "), text, 14)


def _causes(reasons: tuple[Reason, ...]) -> Iterator[str]:
    yield ""
    yield "Causes (event.reason, OpenSSL's code)"
    for reason in reasons:
        words = REASONS[reason]
        yield f"  {reason.value}{_codes(words.codes)}"
        yield from textwrap.wrap(words.sentence, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)
        yield from textwrap.wrap(words.cure, _WIDTH, initial_indent="    → ", subsequent_indent=" " * 6)


def _codes(codes: tuple[int, ...]) -> str:
    if len(codes) > _NEAREST:
        return f" ({codes[0]} to {codes[-1]})"
    return f" ({', '.join(map(str, codes))})" if codes else ""


def _row(label: str, text: str, width: int = _LABEL) -> list[str]:
    first = f"  {label:<{width}}"
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=" " * len(first), break_long_words=False)
