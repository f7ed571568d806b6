"""Writes events as lines of comma-separated values (RFC 4180), for tables and spreadsheets."""

from collections.abc import Iterable

from proxy.events.catalogue import CATALOGUE, message
from proxy.events.facts import NAMES, facts_of
from proxy.events.formats import ONCE, Tally, Voice, provider_of, time_text
from proxy.events.record import Event
from proxy.model.clean import clean_text

COLUMNS = ("time", "level", "provider", "id", "category", "computer", "message", *NAMES)
"""The columns, in order."""

_FORMULA = ("=", "+", "-", "@")
"""What makes a spreadsheet compute a cell instead of showing it."""

_SPECIAL = frozenset('",')
"""What a cell without quotes cannot hold; ends of lines are cleaned away."""


def csv_head() -> bytes:
    """Write the line that names the columns."""
    return _line(COLUMNS)


def to_csv(event: Event, at: float, voice: Voice, tally: Tally = ONCE) -> bytes:
    """Write the event as one line; a text that a spreadsheet would compute gets an apostrophe in front."""
    entry = CATALOGUE[event.id]
    facts = facts_of(event, tally)
    return _line(
        (
            time_text(at),
            entry.level.value,
            provider_of(entry, voice),
            str(entry.id),
            entry.category,
            voice.first_server,
            message(event),
            *(facts.get(name, "") for name in NAMES),
        )
    )


def _line(values: Iterable[str]) -> bytes:
    return ",".join(map(_cell, values)).encode() + b"\r\n"


def _cell(value: str) -> str:
    """Clean and quote a text, and keep strangers from putting formulas into an administrator's spreadsheet."""
    cleaned = clean_text(value)
    if cleaned.startswith(_FORMULA):
        cleaned = f"'{cleaned}"
    return '"{}"'.format(cleaned.replace('"', '""')) if _SPECIAL.intersection(cleaned) else cleaned
