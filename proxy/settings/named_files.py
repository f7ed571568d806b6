"""List the files that settings are read together with; reading them, and noticing changes, is left to others."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from proxy.settings.keys import Kind, keys_of
from proxy.settings.schema import Settings

WRITTEN = {"access_file"}
"""Keys with files that we write."""
LOOKS_AFTER_ITSELF = {"directory"}
"""Tables whose files are read anew by their users whenever they change."""
_PAIRS = {"certificate", "key", "client_cert", "client_key"}


def names_file(key: str) -> bool:
    """Tell whether a key of any table names one or several files that we read."""
    return (key in _PAIRS or key.endswith(("_file", "_files"))) and key not in WRITTEN


def files_named(settings: Settings) -> tuple[str, ...]:
    """List the files that take a reload to be read anew, each once, in the order of the settings."""
    return tuple(dict.fromkeys(name for name in _files_in(settings) if name))


def _files_in(table: Struct) -> Iterator[str]:
    for key in keys_of(type(table)):
        value: Any = getattr(table, key.name)
        if key.name in LOOKS_AFTER_ITSELF or value is None:
            continue
        if key.is_leaf:
            if names_file(key.name):
                yield from (value,) if isinstance(value, str) else value
        else:
            for inner in _tables_in(key.kind, value):
                yield from _files_in(inner)


def _tables_in(kind: Kind, value: Any) -> Iterator[Struct]:
    match kind:
        case Kind.TABLE:
            yield value
        case Kind.TABLES:
            yield from value
        case _:
            assert isinstance(value, Mapping)
            yield from value.values()
