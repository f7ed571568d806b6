"""Walk the tables of a document along the schema and make structs of them; the layers are handed in as overlays."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from proxy.settings.keys import Key, Kind, key_named, keys_of, spellings_of
from proxy.settings.overlay import Overlay
from proxy.settings.problems import DEFAULT, Origin, Path, quote, spell_path
from proxy.settings.report import Report
from proxy.settings.schema import Settings
from proxy.settings.values import BadValue, describe_type, did_you_mean, read_value

_PLACEHOLDERS: Mapping[Kind, object] = {
    Kind.TEXT: "",
    Kind.WHOLE: 1,
    Kind.COUNT: 1,
    Kind.TEXTS: (),
    Kind.ONE_OR_MORE: (),
}
"""What stands for a required value that is missing or wrong, so that the walk can go on."""

_Table = Mapping[str, object]


class Walk:
    """One reading of one document. All findings go to the report."""

    def __init__(self, report: Report, overlays: Sequence[Overlay]) -> None:
        """`overlays` stand over the file, the weakest first."""
        self._report = report
        self._overlays = overlays

    def table(self, table: type[Struct], path: Path, raw: _Table, origin: Origin | None = None) -> Any:
        """Make the struct of a table; `origin` is given when the table did not come from the file.

        The result is of type `table`; with problems in the report it holds placeholders.
        """
        self._refuse_unknown(table, path, raw)
        return table(**{key.name: self._key(key, (*path, key.name), raw, origin) for key in keys_of(table)})

    def _key(self, key: Key, path: Path, raw: _Table, origin: Origin | None) -> Any:
        if key.is_leaf:
            return self._leaf(key, path, raw, origin)
        assert key.table is not None
        if key.kind is Kind.TABLES:
            return self._tables(key, key.table, path, raw)
        inner = raw.get(key.name, {})
        if not isinstance(inner, dict):
            self._report.fail(path, f"This is {describe_type(inner)}, but the key takes {key.kind.value}.")
            inner = {}
        if key.kind is Kind.TABLE:
            return self.table(key.table, path, inner, origin)
        return {name: self._named(key.table, (*path, name), one) for name, one in inner.items()}

    def _named(self, table: type[Struct], path: Path, raw: object) -> Any:
        if not isinstance(raw, dict):
            self._report.fail(path, f"This is {describe_type(raw)}, but a table belongs here.")
            raw = {}
        return self.table(table, path, raw)

    def _leaf(self, key: Key, path: Path, raw: _Table, origin: Origin | None) -> Any:
        """Read the key in every layer, the weakest first; a wrong value is told even where a stronger layer wins."""
        value, came_from, good = key.default, DEFAULT, True
        for spelling in (key.alias, key.name):
            if spelling and spelling in raw:
                where = (*path[:-1], spelling)
                came_from = origin or self._report.in_file(where)
                value, good = self._read(key, path, raw[spelling], came_from, text=False)
        if key.alias in raw and key.name in raw:
            self._report.fail(path, f"{key.alias} and {key.name} are the same key; only one of them may stand here.")
        for overlay in self._overlays:
            if path in overlay:
                came_from = overlay[path].origin
                value, good = self._read(key, path, overlay[path].value, came_from, text=True)
        if key.required and came_from is DEFAULT:
            self._report.fail(path, "This key is missing.", _suggest_example(key))
            good = False
        self._report.origins[path] = came_from
        return value if good else _placeholder(key)

    def _read(self, key: Key, path: Path, value: object, origin: Origin, *, text: bool) -> tuple[Any, bool]:
        try:
            return read_value(key, value, text=text), True
        except BadValue as fault:
            self._report.fail(path, fault.sentence, fault.suggestion, origin)
            return None, False

    def _tables(self, key: Key, table: type[Struct], path: Path, raw: _Table) -> tuple[Any, ...]:
        """Read a list of tables; where the schema has a short form, strings stand for tables."""
        elements = self._elements(key, path, raw.get(key.name, []), None)
        for overlay in self._overlays:
            if path in overlay:
                value, origin = overlay[path].value, overlay[path].origin
                self._report.shorts -= {(*path, number) for number in range(len(elements))}
                self._report.origins[path] = origin
                split = [each.strip() for each in value.split(",") if each.strip()] if isinstance(value, str) else value
                elements = self._elements(key, path, split, origin)
        return tuple(self.table(table, (*path, number), one, origin) for number, one, origin in elements)

    def _elements(
        self, key: Key, path: Path, raw: object, origin: Origin | None
    ) -> list[tuple[int, _Table, Origin | None]]:
        """List the tables of a list, those that are none left out."""
        if not isinstance(raw, list):
            guess = f"Write [[{spell_path(tuple(part for part in path if isinstance(part, str)))}]]."
            self._report.fail(
                path,
                f"This is {describe_type(raw)}, but the key takes {'a list' if key.short else key.kind.value}.",
                f"Write [{quote(raw)}]."
                if key.short and isinstance(raw, str)
                else guess
                if isinstance(raw, dict)
                else "",
                origin,
            )
            return []
        found: list[tuple[int, _Table, Origin | None]] = []
        for number, each in enumerate(raw):
            place = (*path, number)
            if key.short and isinstance(each, str):
                self._report.shorts.add(place)
                found.append((number, {key.short: each}, origin or self._report.in_file(place)))
            elif isinstance(each, dict):
                found.append((number, each, origin))
            else:
                wanted = "a string or a table" if key.short else "a table"
                self._report.fail(place, f"This is {describe_type(each)}, but {wanted} belongs here.", "", origin)
        return found

    def _refuse_unknown(self, table: type[Struct], path: Path, raw: _Table) -> None:
        known = spellings_of(table)
        for name in raw:
            if name not in known:
                self._report.refuse((*path, name), "No setting has this name.", _guess_key(table, path, name))


def _placeholder(key: Key) -> object:
    return _PLACEHOLDERS.get(key.kind, key.default) if key.required else key.default


def _suggest_example(key: Key) -> str:
    example = key.extra.get("example")
    return f"For example: {key.name} = {quote(example)}." if isinstance(example, str) else ""


def _guess_key(table: type[Struct], path: Path, name: str) -> str:
    """Suggest a key of the same table, or the table in which the key does exist."""
    outer = next((key.table for key in keys_of(Settings) if path and key.name == path[-1] and key.table), None)
    if len(path) > 1 and outer is not None and key_named(outer, name):
        return f"It is settled before the site is known: write it under [{path[-1]}]."
    near = did_you_mean(name, spellings_of(table))
    if near:
        return near
    homes = [
        key.name for key in keys_of(Settings) if key.kind is Kind.TABLE and key.table and key_named(key.table, name)
    ]
    return f"Did you mean {homes[0]}.{name}?" if homes else f"This table takes: {', '.join(spellings_of(table))}."
