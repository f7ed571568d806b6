"""Turn what stands in a file, a variable or a flag into a value of a key's kind; which one wins is left to `walk`."""

import difflib
import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from typing import Any

import msgspec

from proxy.settings.keys import AUTO, Key, Kind
from proxy.settings.problems import quote

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h)", re.ASCII)
_NUMBER = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{1,3})?)\s*([A-Za-z]*)\s*", re.ASCII)
_LONG_UNITS = {
    "": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "min": "m", "mins": "m", "minute": "m",
    "minutes": "m", "hour": "h", "hours": "h", "hr": "h", "msec": "ms", "millis": "ms", "milliseconds": "ms",
}  # fmt: skip
_MAX_INT = 2**63
_SIZE = re.compile(r"\s*([0-9]{1,9})\s*([kmg])i?b?\s*", re.ASCII | re.IGNORECASE)


class BadValue(Exception):
    """A value cannot be what its key takes."""

    def __init__(self, sentence: str, suggestion: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        """What is wrong, a whole sentence."""
        self.suggestion = suggestion
        """What to write instead, or the empty string."""


def read_value(key: Key, value: object, *, text: bool) -> Any:  # Any: the type is the key's
    """Convert a value; `text` tells that it came as text from a variable or a flag, where all is a string.

    Raises: BadValue with a sentence that does not show a secret.
    """
    if any(isinstance(each, int) and abs(each) > _MAX_INT for each in (value if isinstance(value, list) else [value])):
        raise BadValue("This number is too large for TOML.")  # and too long to be shown
    if text and isinstance(value, str):
        value = _from_text(key, value)
    try:
        return _READERS[key.kind](key, value)
    except BadValue as fault:
        if key.secret:
            raise BadValue(f"This takes {key.kind.value}.") from None
        raise fault from None


def spell_seconds(seconds: float) -> str:
    """Write a duration as the settings do: `250ms`, `90s`, `5m`."""
    if seconds and seconds < 1:
        return f"{seconds * 1000:g}ms"
    return f"{seconds:.12g}s"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Suggest the nearest known words, or nothing."""
    by_fold = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.6)
    return f"Did you mean {by_fold[near[0]]}?" if near else ""


def describe_type(value: object) -> str:
    """Name the TOML type of a value."""
    names: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "a boolean"), (int, "a whole number"), (float, "a number with a fraction"), (str, "a string"),
        (list, "a list"), (dict, "a table"), ((date, time), "a date or time"),
    )  # fmt: skip
    return next((name for each, name in names if isinstance(value, each)), "something else")


def _from_text(key: Key, value: str) -> object:
    """Make of text what would stand in a file: lists are separated by commas."""
    if key.kind in (Kind.TEXTS, Kind.ONE_OR_MORE):
        return [each.strip() for each in value.split(",") if each.strip()]
    if key.kind is Kind.SWITCH:
        return {"0": 0, "1": 1, "true": True, "false": False}.get(value, value)
    wanted = {Kind.WHOLE: int, Kind.COUNT: int, Kind.VERSION: int, Kind.YES_NO: bool}.get(key.kind)
    if wanted is None:
        return value
    try:
        return msgspec.convert(value.strip(), wanted, strict=False)
    except msgspec.ValidationError:
        return value


def _wrong_type(key: Key, value: object, suggestion: str = "") -> BadValue:
    if isinstance(value, (dict, list)):
        return BadValue(f"This is {describe_type(value)}, but the key takes {key.kind.value}.", suggestion)
    return BadValue(f"{quote(value)} is {describe_type(value)}, but the key takes {key.kind.value}.", suggestion)


def _text(key: Key, value: object) -> str:
    if not isinstance(value, str):
        numbers = isinstance(value, (int, float)) and not isinstance(value, bool)
        raise _wrong_type(key, value, f'Write "{value}".' if numbers and len(str(value)) < 80 else "")  # noqa: PLR2004 - one line
    if any(not each.isprintable() for each in value):
        raise BadValue(f"{quote(value)} holds control characters.")
    return value


def _whole(key: Key, value: object) -> int:
    if isinstance(value, str) and (match := _SIZE.fullmatch(value)) and key.extra.get("unit") == "bytes":
        number = int(match[1]) << {"k": 10, "m": 20, "g": 30}[match[2].lower()]
        raise BadValue(f"{quote(value)} is not a whole number of bytes.", f"Write {number}.")
    if isinstance(value, bool) or not isinstance(value, int):
        digits = isinstance(value, str) and value.isascii() and value.isdigit()
        raise _wrong_type(key, value, f"Write {value}." if digits and len(str(value)) < 20 else "")  # noqa: PLR2004 - one line
    _check_bounds(key, value, str)
    return value


def _count(key: Key, value: object) -> int | str:
    return AUTO if value == AUTO else _whole(key, value)


def _yes_no(key: Key, value: object) -> bool:
    if not isinstance(value, bool):
        guess = {"0": "false", "1": "true", "no": "false", "yes": "true", "off": "false", "on": "true"}
        word = guess.get(str(value).lower(), str(value).lower()) if isinstance(value, (int, str)) else ""
        raise _wrong_type(key, value, f"Write {word}." if word in ("true", "false") else "")
    return value


def _switch(key: Key, value: object) -> bool:
    if isinstance(value, bool) or (isinstance(value, int) and value in (0, 1)):
        return bool(value)
    shown = quote(value) if isinstance(value, (str, int, float)) else f"This is {describe_type(value)}, it"
    guess = {"0": "0", "1": "1", "0.0": "0", "1.0": "1", "false": "0", "true": "1", "no": "0", "yes": "1"}
    word = guess.get(str(value).strip().lower())
    raise BadValue(
        f"{shown} is not a value of the switch; it takes {key.kind.value}.",
        f"Write {word}." if word else "Write 0 to refuse untrusted servers, 1 to use them.",
    )


def _duration(key: Key, value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        shown = f"{value:g}" if math.isfinite(value) and abs(value) < 1e9 else ""  # noqa: PLR2004 - what a duration can be
        guess = f'Write "{shown}s".' if shown and value >= 0 else ""
        raise BadValue(f"{quote(value)} has no unit; the key takes {key.kind.value}.", guess)
    if not isinstance(value, str):
        raise _wrong_type(key, value)
    match = _DURATION.fullmatch(value)
    if match is None:
        raise BadValue(f"{quote(value)} is not {key.kind.value}.", _guess_duration(value))
    seconds = float(match[1]) * _UNITS[match[2]]
    _check_bounds(key, seconds, lambda bound: f'"{spell_seconds(float(bound))}"')
    return seconds


def _guess_duration(value: str) -> str:
    match = _NUMBER.fullmatch(value)
    if match is None:
        return ""
    unit = match[2].lower()
    unit = _LONG_UNITS.get(unit, unit)
    return f'Write "{match[1]}{unit}".' if unit in _UNITS else ""


def _choice(key: Key, value: object) -> object:
    if type(value) in (str, int) and value in key.choices:
        return value
    written = [f'"{each}"' if isinstance(each, str) else str(each) for each in key.choices]
    shown = "This" if isinstance(value, (dict, list)) else quote(value)
    guess = did_you_mean(str(value), map(str, key.choices)) if isinstance(value, (str, int, float)) else ""
    if guess:
        guess = guess.removesuffix("?").replace("mean ", 'mean "') + '"?'
    if key.kind is Kind.VERSION:
        guess = "Take a newer casproxy for newer files."
    raise BadValue(f"{shown} is not one of {', '.join(written)}.", guess)


def _texts(key: Key, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _wrong_type(key, value, f"Write [{quote(value)}]." if isinstance(value, str) else "")
    return tuple(_text(key, each) for each in value)


def _one_or_more(key: Key, value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (_text(key, value),)
    return _texts(key, value)


def _check_bounds(key: Key, value: float, spell: Callable[[float], str]) -> None:
    """Hold a number against the bounds in the schema."""
    meta = key.meta
    if meta.gt is not None and value <= meta.gt:
        raise BadValue("This must be more than zero." if meta.gt == 0 else f"This must be more than {spell(meta.gt)}.")
    if meta.ge is not None and value < meta.ge:
        raise BadValue(f"{spell(value)} is too small; the least is {spell(meta.ge)}.")
    top = meta.le if meta.le is not None else 2**53
    if value > top:
        raise BadValue(f"This is too large; the most is {spell(top)}.")


_READERS: Mapping[Kind, Callable[[Key, object], object]] = {
    Kind.TEXT: _text,
    Kind.WHOLE: _whole,
    Kind.COUNT: _count,
    Kind.YES_NO: _yes_no,
    Kind.SWITCH: _switch,
    Kind.DURATION: _duration,
    Kind.CHOICE: _choice,
    Kind.VERSION: _choice,
    Kind.TEXTS: _texts,
    Kind.ONE_OR_MORE: _one_or_more,
}
