"""What is wrong with a configuration, and where a value came from, as values; finding either is left to others."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

Path = tuple[str | int, ...]
"""Where a value stands: `("sites", 1, "servers", 0)`."""

_USER = re.compile(r"(?<=//).*@", re.DOTALL)


class Layer(Enum):
    """The four places a value can come from, the strongest last."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one effective value came from."""

    layer: Layer
    """The layer that won."""
    name: str = ""
    """The file, the environment variable or the flag; empty for a default."""
    line: int = 0
    """Line in the file, from 1; 0 when there is none."""

    def __str__(self) -> str:
        """Name it as people do: `file casproxy.toml:12`, `environment CASPROXY_…`, `flag --listen`, `default`."""
        name = f"{self.name}:{self.line}" if self.line else self.name
        return f"{self.layer.value} {name}".rstrip()


DEFAULT = Origin(Layer.DEFAULT)
"""The value that stands in the schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake, or one warning, with all that is needed to mend it."""

    path: str
    """Key path by position, `sites[1].servers[0]`; empty for the whole file."""
    name: str
    """The same by site name, `sites.Branch.servers[0]`."""
    origin: Origin
    """Where the value came from, or where it should have been."""
    sentence: str
    """What is wrong."""
    suggestion: str = ""
    """What to write instead; empty when there is nothing to guess."""

    def __str__(self) -> str:
        """Compose the line that an administrator reads."""
        place = str(self.origin)
        if self.origin.layer is Layer.FILE:
            place = place.removeprefix("file ")
        parts = (place, self.name, f"{self.sentence} {self.suggestion}".rstrip())
        return make_visible(": ".join(part for part in parts if part))


class SettingsInvalid(Exception):
    """The configuration cannot be used; `problems` holds every reason, in the order of the file."""

    def __init__(self, problems: Sequence[Problem], files: Sequence[str] = ()) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)
        """At least one."""
        self.files = tuple(files)
        """Names of the files that belong to the configuration, as far as it got: a change of one may mend it."""


def spell_path(path: Path) -> str:
    """Write a path as people do: `sites[1].servers[0]`, `sites[0].routes."/owa".limits`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if _is_bare(part) else quote(part))
    return text


def name_path(path: Path, sites: Sequence[str]) -> str:
    """Write a path with the site's name in place of its position: `sites.Branch.servers[0]`."""
    if len(path) > 1 and path[0] == "sites" and isinstance(path[1], int) and path[1] < len(sites) and sites[path[1]]:
        return spell_path(("sites", sites[path[1]], *path[2:]))
    return spell_path(path)


def make_visible(text: str) -> str:
    """Write control characters as escapes, so that a text stays on its line."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def quote(value: object) -> str:
    """Show a value in a message on one line, shortened, control characters made visible, a URL without its user."""
    text = _USER.sub("…@", value if isinstance(value, str) else repr(value))
    visible = make_visible(text[:200])
    short = visible if len(visible) <= 80 else visible[:79] + "…"  # noqa: PLR2004 - what fits beside the key path
    return f'"{short}"' if isinstance(value, str) else short


def hide_user(text: str) -> str:
    """Leave out all that stands before the host of an address, with a scheme or without."""
    _, at, host = text.rpartition("@")
    return f"…@{host}" if at else text


def _is_bare(part: str) -> bool:
    """Tell whether a key needs no quotes. Names of sites may hold letters of any script."""
    return bool(part) and all(each.isalnum() or each in "-_" for each in part)
