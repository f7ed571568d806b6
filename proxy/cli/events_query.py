"""What `casproxy events` asks for and gets: arguments as a query of the admin API, times as people say them."""

import argparse
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from proxy.admin.query import LAST_ID, LAST_SEQUENCE, MOST_EVENTS
from proxy.admin.records import FORMATS

JSON = "json"
CHOICES = ("text", JSON, *(name for name in FORMATS if name != "text"))
"""Formats, the usual one first."""

_AGO = re.compile(r"([0-9]{1,9})(s|m|h|d)", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which events, and how."""

    format: str
    """One of CHOICES."""
    filters: dict[str, str | int]
    """What holds for the stream, too: `id`, `site`."""
    bounds: dict[str, str | int]
    """`since`, `until`, `after`, `limit`, as far as they were given."""


class Entry(msgspec.Struct, frozen=True):
    """An event of an answer."""

    sequence: int
    record: msgspec.Raw
    """As it was written."""


class Page(msgspec.Struct, frozen=True):
    """An answer of `/api/events`."""

    events: tuple[Entry, ...]
    last: int
    """Number of the newest event, asked for or not."""


def add_query(parser: argparse.ArgumentParser) -> None:
    """Add which events and in which format."""
    parser.add_argument(
        "--id", action="append", default=[], type=_number, metavar="N", help="this event; may be repeated"
    )
    parser.add_argument("--site", metavar="S", help="events of this site")
    parser.add_argument(
        "--since", type=_time, metavar="T", help="from then on: 10m, 2h, 1d ago, or 2026-11-23T18:00:00Z"
    )
    parser.add_argument("--until", type=_time, metavar="T", help="before then")
    parser.add_argument("--after", type=_sequence, metavar="N", help="after the event with this number")
    parser.add_argument("-l", "--limit", type=_limit, metavar="N", help=f"so many, up to {MOST_EVENTS}")
    parser.add_argument("--format", choices=CHOICES, default=CHOICES[0], help=f"how they are written ({CHOICES[0]})")
    parser.add_argument("--json", action="store_const", dest="format", const=JSON, help="the same as --format json")


def read_wish(arguments: argparse.Namespace) -> Wish:
    """Read what was asked for."""
    filters: dict[str, str | int] = {}
    if arguments.id:
        filters["id"] = ",".join(map(str, dict.fromkeys(arguments.id)))
    if arguments.site:
        filters["site"] = arguments.site
    names = ("since", "until", "after", "limit")
    bounds = {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}
    return Wish(format=arguments.format, filters=filters, bounds=bounds)


def read_time(text: str, now: datetime) -> str:
    """Read a time, or how long ago it was, and give it in RFC 3339. Raises: ValueError."""
    if match := _AGO.fullmatch(text):
        try:
            return (now - timedelta(**{_UNITS[match[2]]: int(match[1])})).isoformat().replace("+00:00", "Z")
        except OverflowError as fault:
            raise ValueError(text) from fault
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        at = at.astimezone()  # a time without an offset is that of this machine
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _time(text: str) -> str:
    try:
        return read_time(text, datetime.now(UTC))
    except (ValueError, OverflowError) as fault:
        sentence = f"{text!r} is no time: write 10m, 2h or 1d for how long ago, or 2026-11-23T18:00:00Z"
        raise argparse.ArgumentTypeError(sentence) from fault


def _number(text: str) -> int:
    return _whole(text, 1, LAST_ID)


def _sequence(text: str) -> int:
    return _whole(text, 0, LAST_SEQUENCE)


def _limit(text: str) -> int:
    return _whole(text, 1, MOST_EVENTS)


def _whole(text: str, lowest: int, highest: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and lowest <= int(text) <= highest):  # noqa: PLR2004 - digits
        raise argparse.ArgumentTypeError(f"{text!r} is no number from {lowest} to {highest}")
    return int(text)
