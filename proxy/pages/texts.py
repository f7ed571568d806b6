"""Reads the texts of the sign-in pages: one file of `texts/` per language, named by its tag (BCP 47).

A language is added as a file with the keys of `en.toml`. Placeholders stand in braces; what fills them is escaped
later, with the whole sentence, so that a text can hold no markup.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from proxy.model.clean import clean_text

FOLDER = Path(__file__).parent / "texts"


class Texts:
    """The texts of one language."""

    def __init__(self, tag: str, table: Mapping[str, str]) -> None:
        self.tag = tag
        """The language's tag, for `lang` and `Content-Language`."""
        self.table = table
        """Dotted key to text."""

    def say(self, key: str, **values: str) -> str:
        """Give a text with its placeholders filled, each value cleaned to one line."""
        return self.table[key].format_map({name: clean_text(value) for name, value in values.items()})


def load_texts(folder: Path = FOLDER) -> dict[str, Texts]:
    """Read every language; returns tag to texts."""
    files = sorted(folder.glob("*.toml"))
    return {file.stem: Texts(file.stem, read_table(file.read_text("utf-8"))) for file in files}


def read_table(text: str) -> Mapping[str, str]:
    """Flatten a file's sections to dotted keys."""
    return MappingProxyType(dict(_flatten(tomllib.loads(text), "")))


def _flatten(section: Mapping[str, Any], prefix: str) -> list[tuple[str, str]]:  # a parsed file has any shape
    rows: list[tuple[str, str]] = []
    for name, value in section.items():
        key = f"{prefix}{name}"
        rows += _flatten(value, f"{key}.") if isinstance(value, dict) else [(key, str(value))]
    return rows
