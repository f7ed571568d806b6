"""Writes an event as a JSON line or as a block for a terminal; where it goes is left to `sinks`.

The names of the JSON fields are those of the Elastic Common Schema 9 and of winlogbeat; ours begin with `casproxy.`.
What is not known is left out. `event.module` tells a collector that no real Exchange server speaks.
"""

import ipaddress
import json
import textwrap
from dataclasses import dataclass
from datetime import UTC, datetime

from proxy.events.catalogue import CATALOGUE, message
from proxy.events.entry import Entry, Level
from proxy.events.fields import verdict_fields
from proxy.events.record import Event
from proxy.model.clean import clean_text, shorten
from proxy.model.sites import in_brackets

LEVEL_WORDS = {Level.INFORMATION: "info", Level.WARNING: "warning", Level.ERROR: "error"}
"""Levels as loggers call them."""

_SHORT = {Level.INFORMATION: "INFO ", Level.WARNING: "WARN ", Level.ERROR: "ERROR"}
_COLOURS = {Level.INFORMATION: "36", Level.WARNING: "33", Level.ERROR: "31"}
_WIDTH = 110
"""Columns of a block; terminals narrower than that wrap by themselves."""
_OTHERS = 12
"""Further causes that a block lists."""
_SENTENCE = 600
"""Characters of a cause; names of a certificate are in it."""

Value = str | int | list[str]
"""What a JSON field can hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Who speaks."""

    first_server: str
    """Our own name."""
    provider: str = "MSExchange OWA"
    """Provider of the events that Exchange has too, `events.provider`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How often, besides the event that is written."""

    repeats: int = 0
    """Suppressed occurrences this block stands for; 0 means it is the first."""
    seconds: float = 0.0
    """The time within which they happened."""
    left_out: int = 0
    """Records of this event left out of the log just before this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """An event in words, for people."""

    why: str = ""
    """Cause."""
    others: tuple[str, ...] = ()
    """Further causes, a sentence each."""
    resembles: str = ""
    """The site whose server the certificate belongs to, when that is another one."""
    fix: str = ""
    """Cure."""
    chain: tuple[str, ...] = ()
    """The chain of certificates, drawn; its lines are kept as they are."""


ONCE = Tally()
"""An event that speaks for itself alone."""


def to_json(event: Event, at: float, voice: Voice, tally: Tally = ONCE) -> bytes:
    """Write the event as one line of UTF-8 JSON. `at` is in seconds since 1970, UTC."""
    return json_line(
        at,
        {**_what(event, voice), **_who(event, voice), **_why(event), **verdict_fields(event.verdict), **_count(tally)},
    )


def json_line(at: float, fields: dict[str, Value]) -> bytes:
    """Write fields as one line of JSON with the time in front; empty ones are left out, all text is cleaned."""
    record: dict[str, Value] = {"@timestamp": time_text(at)}
    record |= {name: _clean(value) for name, value in fields.items() if value not in ("", [])}
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def time_text(at: float) -> str:
    """Write a time as RFC 3339 in UTC with milliseconds."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def provider_of(entry: Entry, voice: Voice) -> str:
    """Choose the source under which the event speaks."""
    return voice.provider if entry.provider is None else entry.provider


def to_text(event: Event, at: float, voice: Voice, words: Words, tally: Tally = ONCE, *, colour: bool = False) -> bytes:
    """Write the event as a block for people: one headline, then what, why, fix, chain and facts, indented.

    A summary has the headline and the facts of the last occurrence only.
    """
    entry = CATALOGUE[event.id]
    paint = f"\x1b[1;{_COLOURS[entry.level]}m" if colour else ""
    plain = "\x1b[0m" if colour else ""
    source = clean_text(f"{provider_of(entry, voice)} {entry.id}")
    headline = f"{time_text(at)[11:19]} {paint}{_SHORT[entry.level]} {source}{plain}  {_headline(event, voice, tally)}"
    lines = [] if tally.repeats else _body(event, words)
    return "\n".join([headline.rstrip(), *lines, *_wrapped("facts", _facts(event))]).encode() + b"\n"


def _what(event: Event, voice: Voice) -> dict[str, Value]:
    entry = CATALOGUE[event.id]
    provider = provider_of(entry, voice)
    parameters = {f"winlog.event_data.param{n}": text for n, text in enumerate(event.parameters, start=1)}
    return {
        "log.level": LEVEL_WORDS[entry.level],
        "message": message(event),
        "event.code": str(entry.id),
        "event.provider": provider,
        "event.module": "casproxy",
        "event.action": entry.symbol,
        "event.kind": "event",
        "event.category": list(entry.kind.categories),
        "event.type": list(entry.kind.types),
        "event.outcome": entry.kind.outcome,
        "event.reason": event.reason,
        "winlog.event_id": entry.id,
        "winlog.provider_name": provider,
        "winlog.channel": "Application",
        "winlog.task": entry.category,
        "winlog.computer_name": voice.first_server,
        **parameters,
    }


def _who(event: Event, voice: Voice) -> dict[str, Value]:
    dialled = "destination.ip" if _is_address(event.address) else "destination.address"
    return {
        "observer.name": voice.first_server,
        "destination.domain": event.server,
        dialled: event.address,
        "destination.port": event.port or "",
    }


def _why(event: Event) -> dict[str, Value]:
    return {
        "error.code": "" if event.code is None else str(event.code),
        "error.message": event.code_text,
        "error.type": event.reason,
        "casproxy.proxy_status": event.proxy_status,
        "casproxy.site": event.site,
        "casproxy.policy": event.policy,
        "casproxy.policy_source": event.policy_source,
        "casproxy.policy_generation": event.generation if event.policy else "",
        "casproxy.note": event.note,
        "http.request.id": event.request_id,
    }


def _count(tally: Tally) -> dict[str, Value]:
    return {"casproxy.repeat_count": max(tally.repeats, 1), "casproxy.left_out": tally.left_out or ""}


def _clean(value: Value) -> Value:
    if isinstance(value, str):
        return clean_text(value)
    return [clean_text(text) for text in value] if isinstance(value, list) else value


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _headline(event: Event, voice: Voice, tally: Tally) -> str:
    code = "" if event.code is None else f" ({event.code})"
    server = f" → {event.server}" if event.server else ""
    again = f"  {tally.repeats} more within {tally.seconds:.0f} s" if tally.repeats else ""
    return clean_text(f"{voice.first_server}{server}  {event.reason}{code}".rstrip() + again)


def _facts(event: Event) -> str:
    switch = {"enforce": "switch 0", "allow": "switch 1"}.get(event.policy, "")
    facts = (
        f"site {event.site}" if event.site else "",
        f"{switch} from {event.policy_source}" if switch and event.policy_source else switch,
        f"dialled {in_brackets(event.address)}:{event.port}" if event.address else "",
        f"OpenSSL {event.code}: {event.code_text}" if event.code is not None and event.code_text else "",
        f"request {event.request_id}" if event.request_id else "",
    )
    return " · ".join(fact for fact in facts if fact)


def _body(event: Event, words: Words) -> list[str]:
    whose = f"The certificate is that of site {words.resembles}." if words.resembles else ""
    more = len(words.others) - _OTHERS
    parts = (
        ("what", message(event)),
        ("note", event.note),
        ("why", shorten(words.why, _SENTENCE)),
        *(("also", shorten(text, _SENTENCE)) for text in words.others[:_OTHERS]),
        ("also", f"{more} more reasons." if more > 0 else ""),
        ("whose", whose),
        ("fix", shorten(words.fix, _SENTENCE)),
    )
    return [*(line for label, text in parts for line in _wrapped(label, text)), *_drawn(words.chain)]


def _drawn(chain: tuple[str, ...]) -> list[str]:
    labels = ["chain", *[""] * len(chain)]
    return [f"     {label:<6}{clean_text(line, _WIDTH)}" for label, line in zip(labels, chain, strict=False)]


def _wrapped(label: str, text: str) -> list[str]:
    if not text:
        return []
    first = f"     {label:<6}"
    return textwrap.wrap(clean_text(text), _WIDTH, initial_indent=first, subsequent_indent=" " * len(first))
