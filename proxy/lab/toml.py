"""Spells tables as TOML, which the standard library only reads; what the tables mean is left to others."""

import json
from collections.abc import Mapping
from typing import Any

Tables = Mapping[str, Any]
"""As `tomllib` gives them: values have no common type."""


def to_toml(tables: Tables) -> str:
    """Spell `tables` as a TOML document that `tomllib` reads back to the same."""
    return "\n".join(_table(tables, ())).lstrip("\n") + "\n"


def _table(table: Tables, path: tuple[str, ...]) -> list[str]:
    lines = [f"{_key(key)} = {_value(value)}" for key, value in table.items() if not _is_section(value)]
    for key, value in table.items():
        if not _is_section(value):
            continue
        name = ".".join(_key(part) for part in (*path, key))
        if isinstance(value, Mapping):
            lines += ["", f"[{name}]", *_table(value, (*path, key))]
        else:
            for each in value:
                lines += ["", f"[[{name}]]", *_table(each, (*path, key))]
    return lines


def _is_section(value: object) -> bool:
    """Tell whether a value gets a header of its own; a list of small tables without tables stays on its line."""
    if isinstance(value, Mapping):
        return True
    if not isinstance(value, list) or not value or not all(isinstance(each, Mapping) for each in value):
        return False
    return any(isinstance(inner, (Mapping, list)) for each in value for inner in each.values())


def _key(key: str) -> str:
    return key if key and key.replace("-", "").replace("_", "").isalnum() and key.isascii() else _value(key)


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            # A TOML basic string is a JSON string, but for DEL and for pairs of surrogates.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case list():
            return f"[{', '.join(_value(each) for each in value)}]"
        case Mapping():
            inner = ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items())
            return f"{{ {inner} }}" if inner else "{}"
        case _:
            return str(value)  # numbers, and dates in the form of RFC 3339
