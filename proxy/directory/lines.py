"""In which line of a users file each user and key stands; whether the text is valid is left to `tomllib`."""

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r'(?P<many>"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5})'
    r"|(?P<one>\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*')"
    r"|(?P<comment>#[^\n]*)",
    re.DOTALL,
)
_HEADER = re.compile(r"\s*\[\[\s*([\"']?)users\1\s*\]\]")
_KEY = re.compile(r"\s*([\"']?)([A-Za-z0-9_-]+)\1\s*=")


@dataclass(slots=True)
class Block:
    """The lines of one `[[users]]` table."""

    start: int
    """Line of its header, from 1."""
    end: int
    """Line after its last key; comments that follow do not belong to it."""
    keys: dict[str, int] = field(default_factory=dict)
    """Key → line of its first mention."""


@dataclass(slots=True)
class Lines:
    """Where things stand."""

    top: dict[str, int] = field(default_factory=dict)
    """Key before the first table → line."""
    users: list[Block] = field(default_factory=list)
    """The tables in order; those written in another way than `[[users]]` are not among them."""

    def of(self, number: int, key: str = "") -> int:
        """Give the line of a user's key, of the user where the key is not found, 0 where neither is."""
        if number >= len(self.users):
            return self.top.get("users", 0)
        block = self.users[number]
        return block.keys.get(key, block.start)


def locate(text: str) -> Lines:
    """Find the lines; a text that is not valid gives some of them, never an error."""
    lines = Lines()
    keys = lines.top
    for number, line in enumerate(_TOKEN.sub(_blank, text).split("\n"), 1):
        if _HEADER.match(line):
            lines.users.append(Block(number, number + 1))
            keys = lines.users[-1].keys
        elif found := _KEY.match(line):
            keys.setdefault(found[2], number)
        if lines.users and line.strip():
            lines.users[-1].end = number + 1
    return lines


def _blank(found: re.Match[str]) -> str:
    """Drop comments and the insides of strings of several lines; the number of lines stays."""
    if found["one"] is not None:
        return found["one"]
    return '""' + "\n" * found["many"].count("\n") if found["many"] is not None else ""
