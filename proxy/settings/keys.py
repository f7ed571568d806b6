"""What the schema says about each key, as plain values; turning text into a value of that kind is left to `values`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Meta, Struct

from proxy.settings.problems import Path

AUTO = "auto"
"""What stands for a number that is found out."""


class Kind(Enum):
    """How a value is written. The text completes the sentence `… takes …`."""

    TEXT = "a string"
    WHOLE = "a whole number"
    COUNT = 'a whole number or "auto"'
    YES_NO = "true or false"
    SWITCH = "only 0, 1, true or false"
    DURATION = 'a time such as "30s", "5m" or "250ms"'
    CHOICE = "one of these"
    VERSION = "the number of a known format"
    TEXTS = "a list of strings"
    ONE_OR_MORE = "a string or a list of strings"
    TABLE = "a table"
    TABLES = "a list of tables"
    NAMED_TABLES = "tables with names of their own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a table."""

    name: str
    """As it is spelled in the file."""
    kind: Kind
    """How its value is written."""
    meta: Meta
    """Description and bounds."""
    extra: Mapping[str, Any]
    """What else the schema says, see its docstring; values of several types."""
    default: object
    """The value when it is absent; None means: as in the table above it; `NODEFAULT` when it is required."""
    choices: tuple[str | int, ...] = ()
    """The only values of a CHOICE or VERSION."""
    table: type[Struct] | None = None
    """What TABLE, TABLES and NAMED_TABLES hold."""

    @property
    def required(self) -> bool:
        """Whether the table cannot do without it."""
        return self.default is NODEFAULT

    @property
    def is_leaf(self) -> bool:
        """Whether it holds a value rather than further keys."""
        return self.table is None

    @property
    def secret(self) -> bool:
        """Whether its value must not be shown."""
        return bool(self.extra.get("secret"))

    @property
    def alias(self) -> str:
        """A second spelling, or the empty string."""
        return str(self.extra.get("alias", ""))

    @property
    def short(self) -> str:
        """The key that a plain string in a list of tables stands for, or the empty string."""
        return str(self.extra.get("short", ""))


@cache
def keys_of(table: type[Struct]) -> tuple[Key, ...]:
    """List the keys of a table in the order of the schema."""
    return tuple(_describe(each.encode_name, each.type, _default_of(each)) for each in msgspec.structs.fields(table))


def key_named(table: type[Struct], name: str) -> Key | None:
    """Find a key by either spelling."""
    return next((each for each in keys_of(table) if name in (each.name, each.alias)), None)


def spellings_of(table: type[Struct]) -> tuple[str, ...]:
    """List everything that may stand in a table, second spellings included."""
    keys = keys_of(table)
    return tuple(each.name for each in keys) + tuple(each.alias for each in keys if each.alias)


def key_at(root: type[Struct], path: Path) -> Key | None:
    """Find the key a path leads to; list positions and names of named tables are passed over."""
    table: type[Struct] | None = root
    key: Key | None = None
    named = False
    for part in path:
        if isinstance(part, int) or named:
            named = False
            continue
        key = key_named(table, part) if table else None
        if key is None:
            return None
        table, named = key.table, key.kind is Kind.NAMED_TABLES
    return key


def _default_of(field: msgspec.structs.FieldInfo) -> object:
    if field.default is not NODEFAULT:
        return field.default
    return field.default_factory() if callable(field.default_factory) else NODEFAULT


def _describe(name: str, annotation: Any, default: object) -> Key:  # Any: an annotation has no better type
    """Take an annotation apart: `X | None`, `Annotated`, then the type itself."""
    metas: list[Meta] = []
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation, *more = get_args(annotation)
            metas += [each for each in more if isinstance(each, Meta)]
        elif origin in (Union, UnionType):
            annotation = next(each for each in get_args(annotation) if each is not type(None))
        else:
            break
    meta = metas[0] if metas else Meta()
    extra = meta.extra or {}
    kind, table = _kind_of(annotation, str(extra.get("kind", "")))
    choices = get_args(annotation) if origin is Literal else ()
    return Key(name=name, kind=kind, meta=meta, extra=extra, default=default, choices=choices, table=table)


def _kind_of(annotation: Any, named: str) -> tuple[Kind, type[Struct] | None]:  # Any: as above
    if named:
        return Kind[named.upper()], None
    arguments = get_args(annotation)
    match get_origin(annotation):
        case None:
            kind = {str: Kind.TEXT, int: Kind.WHOLE, bool: Kind.YES_NO}.get(annotation, Kind.TABLE)
            return kind, annotation if kind is Kind.TABLE else None
        case origin if origin is Literal:
            return Kind.CHOICE, None
        case origin if origin is dict:
            return Kind.NAMED_TABLES, arguments[1]
        case _ if arguments[0] is str:
            return Kind.TEXTS, None
        case _:
            return Kind.TABLES, arguments[0]
