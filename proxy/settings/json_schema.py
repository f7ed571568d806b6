"""The JSON Schema of the configuration, made from the structs; editors complete and check with it."""

from typing import Any

from msgspec import Struct

from proxy.settings.effective import to_plain
from proxy.settings.keys import AUTO, Key, Kind, keys_of
from proxy.settings.schema import Settings

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DURATION = r"^[0-9]{1,9}(\.[0-9]{1,3})?(ms|s|m|h)$"

Node = dict[str, Any]
"""A part of a JSON Schema."""

_TYPES: dict[Kind, Node] = {
    Kind.TEXT: {"type": "string"},
    Kind.WHOLE: {"type": "integer"},
    Kind.COUNT: {"anyOf": [{"type": "integer", "minimum": 1}, {"const": AUTO}]},
    Kind.YES_NO: {"type": "boolean"},
    Kind.SWITCH: {"enum": [0, 1, True, False]},
    Kind.DURATION: {"type": "string", "pattern": DURATION},
    Kind.TEXTS: {"type": "array", "items": {"type": "string"}},
    Kind.ONE_OR_MORE: {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
}


def make_json_schema() -> Node:
    """Make the schema of the whole file."""
    return {"$schema": DIALECT, "title": "Settings of casproxy", **_table(Settings)}


def _table(table: type[Struct]) -> Node:
    properties: Node = {}
    for key in keys_of(table):
        properties[key.name] = _key(key)
        if key.alias:
            properties[key.alias] = _key(key) | {"description": f"The same as {key.name}."}
    node: Node = {"type": "object", "properties": properties, "additionalProperties": False}
    if required := [key.name for key in keys_of(table) if key.required]:
        node["required"] = required
    return node


def _key(key: Key) -> Node:
    node: Node = {"description": key.meta.description} if key.meta.description else {}
    if key.table is not None:
        return node | _tables(key, key.table)
    if key.choices:
        node["enum"] = list(key.choices)
    else:
        node |= _TYPES[key.kind]
    if "words" in key.extra:
        node |= {"items": {"enum": list(key.extra["words"])}, "minItems": 1, "uniqueItems": True}
    if key.kind is Kind.WHOLE:
        bounds = (("minimum", key.meta.ge), ("maximum", key.meta.le))
        node |= {name: bound for name, bound in bounds if bound is not None}
    if not key.required and key.default not in (None, "", ()):
        node["default"] = to_plain(key, key.default)
    return node


def _tables(key: Key, table: type[Struct]) -> Node:
    inner = _table(table)
    match key.kind:
        case Kind.TABLE:
            return {"description": (table.__doc__ or "").partition("\n")[0]} | inner
        case Kind.NAMED_TABLES:
            return {"type": "object", "additionalProperties": inner}
        case _:
            return {"type": "array", "items": {"anyOf": [{"type": "string"}, inner]} if key.short else inner}
