"""The configuration in force, key by key, for people and programs to read, without its secrets."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import Struct

from proxy.settings.keys import Key, Kind, keys_of
from proxy.settings.parse import Parsed
from proxy.settings.problems import DEFAULT, Origin, Path, name_path
from proxy.settings.schema import Settings
from proxy.settings.values import spell_seconds

HIDDEN = "(set, not shown)"
"""What stands for a secret."""

Plain = str | int | bool | list[str]
"""A value as it would be written in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One key in force."""

    path: Path
    """Where it stands."""
    name: str
    """The path by site name."""
    key: Key
    """What the schema says about it."""
    value: Plain
    """As it would be written; `HIDDEN` for a secret that is set."""
    origin: Origin
    """Where the value came from."""
    inherited: bool
    """Whether a site or a route takes it from the table above."""


def list_effective(parsed: Parsed) -> list[Entry]:
    """List every key in force, in the order of the schema."""
    return [_to_entry(parsed, path, key) for path, key in _leaves(Settings, (), parsed.settings)]


def list_site_trust(parsed: Parsed, site: str) -> list[Entry]:
    """List the keys of a site's trust policy that are in force, inherited ones included."""
    number = next(number for number, each in enumerate(parsed.settings.sites) if each.name == site)
    return [entry for entry in list_effective(parsed) if entry.path[:3] == ("sites", number, "trust")]


def to_plain(key: Key, value: object) -> Plain:
    """Write a value as it would stand in the file, as a plain value."""
    match value:
        case bool():
            return int(value) if key.kind is Kind.SWITCH else value
        case float():
            return spell_seconds(value)
        case tuple() | list():
            return [str(each) for each in value]
        case int() | str():
            return value
        case _:
            raise TypeError(f"{key.name} holds something else than a value")


def spell_toml(value: Plain) -> str:
    """Write a plain value in TOML, whose basic strings are JSON's."""
    return json.dumps(value, ensure_ascii=False)


def render_toml(parsed: Parsed, *, show_origin: bool) -> str:
    """Write the configuration in force as a file that means the same; secrets are missing, and said to be."""
    lines: list[str] = []
    table: Path = ()
    for entry in list_effective(parsed):
        if entry.inherited and "trust" not in entry.path:
            continue
        if entry.path[:-1] != table:
            table = entry.path[:-1]
            lines += ["", _header(table)]
        lines += _spell_entry(entry, show_origin=show_origin)
    return "\n".join(lines).lstrip("\n") + "\n"


def _spell_entry(entry: Entry, *, show_origin: bool) -> Iterator[str]:
    origin = f"  # {entry.origin}" if show_origin else ""
    if entry.value == HIDDEN:
        yield f"# {entry.key.name} = {HIDDEN}{origin}"
    elif not entry.key.secret:
        yield f"{entry.key.name} = {spell_toml(entry.value)}{origin}"


def _header(table: Path) -> str:
    """Write the header of a table; a position at its end makes it one of a list."""
    names = [
        part if part.isidentifier() and part.isascii() else spell_toml(part) for part in table if isinstance(part, str)
    ]
    return f"[[{'.'.join(names)}]]" if isinstance(table[-1], int) else f"[{'.'.join(names)}]"


def _leaves(table: type[Struct], path: Path, value: object) -> Iterator[tuple[Path, Key]]:
    """Walk the keys; values before tables, so that a table's own keys stand together."""
    keys = keys_of(table)
    yield from (((*path, key.name), key) for key in keys if key.table is None)
    for key in keys:
        if key.table is None:
            continue
        inner, place = getattr(value, key.name), (*path, key.name)
        if key.kind is Kind.TABLE:
            yield from _leaves(key.table, place, inner)
            continue
        named = inner.items() if isinstance(inner, dict) else enumerate(inner)
        for name, one in named:
            yield from _leaves(key.table, (*place, name), one)


def _to_entry(parsed: Parsed, path: Path, key: Key) -> Entry:
    sites = [site.name for site in parsed.settings.sites]
    place = path
    while (value := _value_at(parsed.settings, place)) is None:
        if _stands_alone(parsed, place, key):
            value = ""
            break
        place = _above(place)
    origin = parsed.origins.get(name_path(place, sites), DEFAULT)
    plain = to_plain(key, value)
    if key.secret and value:
        plain = HIDDEN
    return Entry(path=path, name=name_path(path, sites), key=key, value=plain, origin=origin, inherited=place != path)


def _stands_alone(parsed: Parsed, path: Path, key: Key) -> bool:
    """Tell whether an absent key means none, because the key that it belongs to is set in the same table."""
    beside = str(key.extra.get("beside", ""))
    return bool(beside) and _value_at(parsed.settings, (*path[:-1], beside)) is not None


def _above(path: Path) -> Path:
    """Where a site's key that is absent is taken from, and a route's."""
    if "routes" in path:
        return (*path[:2], *path[-2:])
    return path[-2:]


def _value_at(value: object, path: Path) -> object:
    for part in path:
        match value:
            case dict():
                value = value[part]
            case tuple():
                assert isinstance(part, int)
                value = value[part]
            case _:
                value = getattr(value, str(part))
    return value
