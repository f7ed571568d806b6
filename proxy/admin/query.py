"""What may follow `?` in a request for events, as a value; finding the events is left to `sinks.recent`."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from proxy.admin.refusal import Refused
from proxy.admin.route import Parameter

MOST_IDS = 50
"""Event numbers that may be asked for at once."""
MOST_EVENTS = 1000
"""Events in one answer; whoever wants more pages on with `after`."""
USUAL_EVENTS = 100
LAST_ID = 65535
"""Event numbers of Windows have 16 bits."""
LAST_SEQUENCE = 2**53 - 1
"""The largest number that every reader of JSON keeps exactly."""
LAST_SECOND = 253_402_300_799.0
"""The end of the year 9999."""

IDS = Parameter(
    name="id",
    description="Numbers of events, with commas or by repeating the parameter.",
    schema={"type": "string", "pattern": r"^\d{1,5}(,\d{1,5})*$", "example": "43,1043"},
    repeats=True,
)
SITE = Parameter(name="site", description="A site's name; case does not count.")
SINCE = Parameter(
    name="since",
    description="Not before this time: RFC 3339 with its offset, or seconds since 1970.",
    schema={"type": "string", "example": "2026-11-23T18:00:00Z"},
)
UNTIL = Parameter(name="until", description="Before this time; written like since.", schema=SINCE.schema)
LIMIT = Parameter(
    name="limit",
    description="How many at most: the newest ones, with after the first ones after it.",
    schema={"type": "integer", "minimum": 1, "maximum": MOST_EVENTS, "default": USUAL_EVENTS},
)
AFTER = Parameter(
    name="after",
    description="Only those after the one with this number.",
    schema={"type": "integer", "minimum": 0, "maximum": LAST_SEQUENCE},
)


class Asked(Protocol):
    """What follows `?`; `multidict` has it."""

    def getall(self, key: str, default: list[str], /) -> Iterable[str]:
        """Give every value of a name."""
        ...

    def get(self, key: str, /) -> str | None:
        """Give the first value of a name."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQuery:
    """Which events are wanted."""

    ids: frozenset[int] = frozenset()
    """Numbers; none: all."""
    site: str = ""
    """Name of the site, in any case; empty: all."""
    since: float | None = None
    """Seconds since 1970."""
    until: float | None = None
    """Seconds since 1970, that one excluded."""
    limit: int = USUAL_EVENTS
    after: int | None = None
    """Number of the last one that is known already; None: none is."""


def read_query(asked: Asked) -> EventQuery:
    """Read what was asked for. Raises: Refused with 400 and what is wrong."""
    limit, after = asked.get("limit"), asked.get("after")
    return EventQuery(
        ids=frozenset(_ids(asked.getall("id", []))),
        site=asked.get("site") or "",
        since=_time("since", asked.get("since")),
        until=_time("until", asked.get("until")),
        limit=USUAL_EVENTS if limit is None else read_number("limit", limit, 1, MOST_EVENTS),
        after=None if after is None else read_number("after", after, 0, LAST_SEQUENCE),
    )


def read_number(name: str, text: str, lowest: int, highest: int) -> int:
    """Read a number in plain digits. Raises: Refused with 400."""
    if re.fullmatch(r"[0-9]{1,16}", text) and lowest <= int(text) <= highest:
        return int(text)
    raise Refused(400, f"{name} must be a number from {lowest} to {highest}.", f"You wrote {_quote(text)}.")


def read_choice(name: str, text: str | None, choices: Mapping[str, object], usual: str) -> str:
    """Read one of some words; the usual one when there is none. Raises: Refused with 400."""
    if text is None or text in choices:
        return text or usual
    raise Refused(400, f"{name} must be one of {', '.join(choices)}.", f"You wrote {_quote(text)}.")


def _ids(texts: Iterable[str]) -> list[int]:
    numbers = [read_number("id", word.strip(), 1, LAST_ID) for text in texts for word in text.split(",")]
    if len(numbers) > MOST_IDS:
        raise Refused(400, f"No more than {MOST_IDS} numbers can be asked for at once.", "Ask for all and choose.")
    return numbers


def _time(name: str, text: str | None) -> float | None:
    if text is None:
        return None
    seconds = _seconds(text)
    if seconds is None or not 0 <= seconds <= LAST_SECOND:
        sentence = f"{name} must be a time with its offset, or seconds since 1970."
        raise Refused(400, sentence, f"Write 2026-11-23T18:00:00Z; you wrote {_quote(text)}.")
    return seconds


def _seconds(text: str) -> float | None:
    if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,9})?", text):
        return float(text)
    try:
        # A plus sign that nobody escaped arrives as a space.
        at = datetime.fromisoformat(re.sub(r" (?=\d\d:?\d\d$)", "+", text) if "T" in text else text)
    except ValueError:
        return None
    seconds = at.timestamp() if at.tzinfo is not None else math.nan
    return None if math.isnan(seconds) else seconds


def _quote(text: str) -> str:
    return ascii(text[:40])
