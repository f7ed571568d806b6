"""Sets and removes single values in the text of a configuration and keeps all else: comments, order, line ends.

Each change is tried on the text, read by `tomllib`, and kept only if it changed that one value and nothing else.
"""

import copy
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from proxy.settings.effective import Plain, spell_toml
from proxy.settings.keys import key_at
from proxy.settings.lines import index_lines
from proxy.settings.problems import spell_path
from proxy.settings.schema import Settings

Place = tuple[str, str]
"""A table and a key in it: `("trust", "allow_internal_untrusted_certs")`."""

_SCALAR = r"""(true|false|[0-9]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_MARK = "\ufeff"
"""Editors on Windows put it before the first letter."""


class CannotEdit(Exception):
    """A text is written in a way that cannot be changed here; `str()` says what to do."""


def set_value(text: str, place: Place, value: Plain | None) -> str:
    """Give the text with a value set; None removes it, so that the default holds. The spelling of a key is kept.

    The text must be one that `parse` accepts. Raises: CannotEdit.
    """
    bare = text.removeprefix(_MARK)
    before = tomllib.loads(bare)
    spelled = (place[0], _spelling(before, place))
    wanted = _wanted(before, spelled, value)
    if _means(bare, wanted):
        return text
    for candidate in _candidates(bare, spelled, value):
        if _means(candidate, wanted):
            return text[: len(text) - len(bare)] + candidate
    line = f"{spell_path(place)} = {spell_toml(value)}" if value is not None else f"no {spell_path(place)}"
    raise CannotEdit(f"This file is written in a way that cannot be changed here. Change it by hand: {line}.")


def read_value(text: str, place: Place) -> object:
    """Give the value that a text sets, in either spelling; None when it sets none."""
    document = tomllib.loads(text.removeprefix(_MARK))
    table = document.get(place[0])
    return table.get(_spelling(document, place)) if isinstance(table, dict) else None


def _spelling(document: dict[str, Any], place: Place) -> str:
    """Choose the spelling that stands in the text, or the key's name."""
    key = key_at(Settings, place)
    table = document.get(place[0])
    is_alias = key is not None and key.alias and isinstance(table, dict) and key.alias in table
    return key.alias if key is not None and is_alias else place[1]


def _wanted(document: dict[str, Any], place: Place, value: Plain | None) -> dict[str, Any]:
    """Give what the text shall mean; empty tables do not count."""
    table, name = place
    wanted = copy.deepcopy(document)
    wanted.setdefault(table, {})[name] = value
    if value is None:
        del wanted[table][name]
    return {each: held for each, held in wanted.items() if held != {}}


def _means(text: str, wanted: dict[str, Any]) -> bool:
    """Tell whether a text means this."""
    try:
        document = tomllib.loads(text)
    except ValueError:
        return False
    return {each: held for each, held in document.items() if held != {}} == wanted


def _candidates(text: str, place: Place, value: Plain | None) -> Iterator[str]:
    """Try the ways in which a change can be written, the most careful one first."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    index = index_lines(text)
    if place in index:
        yield from _changed(lines, index[place] - 1, place[1], value)
    elif value is not None:
        yield from _added(lines, index.get((place[0],), 0) - 1, place, value)


def _changed(lines: list[str], at: int, name: str, value: Plain | None) -> Iterator[str]:
    """Write another value where one stands, or take its line out."""
    if value is None:
        yield "".join(lines[:at] + lines[at + 1 :])
        return
    for match in re.finditer(rf"""(?:\b{name}|"{name}"|'{name}')[ \t]*=[ \t]*{_SCALAR}""", lines[at]):
        line = lines[at][: match.start(1)] + spell_toml(value) + lines[at][match.end(1) :]
        yield "".join([*lines[:at], line, *lines[at + 1 :]])


def _added(lines: list[str], at: int, place: Place, value: Plain) -> Iterator[str]:
    """Write a value where none stands: below the table's header, beside its other keys, or in a new table."""
    table, name = place
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    pair = f"{name} = {spell_toml(value)}"
    whole = [each if each.endswith("\n") else each + end for each in lines]
    if at < 0:
        yield "".join([*whole, end if whole else "", f"[{table}]{end}{pair}{end}"])
        return
    indent = re.match(r"[ \t]*", whole[at])[0]  # type: ignore[index]  # it matches nothing, too
    yield "".join([*whole[: at + 1], f"{indent}{pair}{end}", *whole[at + 1 :]])
    yield "".join([*whole[:at], f"{indent}{table}.{pair}{end}", *whole[at:]])
    opened = whole[at].replace("{", f"{{ {pair},", 1)
    yield "".join([*whole[:at], opened, *whole[at + 1 :]])
    yield "".join([*whole[:at], opened.replace(f"{pair},", pair, 1), *whole[at + 1 :]])
