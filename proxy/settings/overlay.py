"""Which keys the environment and the flags set; what their values mean is left to `values`, which wins to `parse`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from msgspec import Struct

from proxy.settings.keys import Kind, key_at, keys_of
from proxy.settings.problems import Layer, Origin, Path, Problem
from proxy.settings.schema import Settings
from proxy.settings.values import did_you_mean

PREFIX = "CASPROXY_"
"""What our environment variables start with."""

NOT_SETTINGS = frozenset({"CASPROXY_CONFIG"})
"""Variables with the prefix that are read elsewhere."""

# Kubernetes and container links set such variables for every service that is called `casproxy`.
_SERVICE_LINK = re.compile(r"CASPROXY_(SERVICE_(HOST|PORT\w*)|PORT(_[0-9]+_(TCP|UDP)\w*)?)")

FLAGS: Mapping[str, str] = MappingProxyType(
    {
        "--name": "server.name",
        "--listen": "server.listen",
        "--redirect-listen": "server.redirect_listen",
        "--admin": "server.admin",
        "--certificate": "server.certificate",
        "--key": "server.key",
        "--state-dir": "server.state_dir",
        "--workers": "server.workers",
        "--log-format": "log.format",
        "--log-level": "log.level",
        "--allow": "trust.allow_internal_untrusted_certs",
    }
)
"""Flag → key. Commands may pass any other key, too; its flag is then named after the key."""


@dataclass(frozen=True, slots=True)
class Overlaid:
    """A value from the environment or a flag."""

    value: object
    """Text from the environment; text or a TOML-like value from a flag."""
    origin: Origin
    """The variable or flag."""


Overlay = dict[Path, Overlaid]


def overlay_environment(environment: Mapping[str, str], sites: Sequence[str]) -> tuple[Overlay, list[Problem]]:
    """Find the keys that variables set; `sites` are the names in the file, the empty string for one without a name."""
    overlay: Overlay = {}
    problems: list[Problem] = []
    for name in sorted(environment):
        if not name.startswith(PREFIX) or name in NOT_SETTINGS or _SERVICE_LINK.fullmatch(name):
            continue
        paths = [path for known, path in _variables(sites) if known == name]
        sentence = ""
        if not paths:
            sentence = "No setting has this name."
        elif len(set(paths)) > 1:
            sentence = "More than one site answers to this name; set it in the file."
        elif paths[0] in overlay:
            sentence = f"This is the same key as {overlay[paths[0]].origin.name}; set one of them."
        origin = Origin(Layer.ENVIRONMENT, name)
        if sentence:
            guess = "" if paths else _guess_variable(name, sites)
            problems.append(Problem(path="", name="", origin=origin, sentence=sentence, suggestion=guess))
        else:
            overlay[paths[0]] = Overlaid(environment[name], origin)
    return overlay, problems


def overlay_flags(flags: Mapping[str, object], sites: Sequence[str]) -> tuple[Overlay, list[Problem]]:
    """Find the keys that flags set. Keys are spelled `server.listen` or `sites.Branch.servers`; None is not set."""
    overlay: Overlay = {}
    problems: list[Problem] = []
    names = {path: flag for flag, path in FLAGS.items()}
    for dotted, value in flags.items():
        if value is None:
            continue
        origin = Origin(Layer.FLAG, names.get(dotted, "--" + dotted.replace(".", "-").replace("_", "-")))
        path = _flag_path(dotted, sites)
        key = key_at(Settings, path) if path else None
        if path and key is not None and (key.is_leaf or key.short):
            overlay[path] = Overlaid(value, origin)
            continue
        guess = did_you_mean(dotted, (known for known, _ in _dotted_keys(sites)))
        problems.append(
            Problem(path="", name=dotted, origin=origin, sentence="No setting has this name.", suggestion=guess)
        )
    return overlay, problems


def variable_part(name: str) -> str:
    """Spell a name as a part of a variable: upper case, everything but letters and digits an underscore."""
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


def _flag_path(dotted: str, sites: Sequence[str]) -> Path:
    return next((path for known, path in _dotted_keys(sites) if known == dotted), ())


def _dotted_keys(sites: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """Every key that a flag can set, as it is spelled, with its path."""
    for path in _settable(Settings, ()):
        yield ".".join(map(str, path)), path
    for number, path in _site_paths(sites):
        yield ".".join(map(str, ("sites", sites[number], *path[2:]))), path


def _variables(sites: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """Every variable that is known, with its path; second spellings included."""
    for path in _settable(Settings, ()):
        for parts in _spellings(path):
            yield PREFIX + "__".join(map(variable_part, parts)), path
    for number, path in _site_paths(sites):
        for parts in _spellings(path):
            yield PREFIX + "__".join(map(variable_part, ("sites", sites[number], *parts[1:]))), path


def _site_paths(sites: Sequence[str]) -> Iterator[tuple[int, Path]]:
    site = next(each for each in keys_of(Settings) if each.name == "sites").table
    assert site is not None
    for number, name in enumerate(sites):
        if name:
            yield from ((number, path) for path in _settable(site, ("sites", number)))


def _settable(table: type[Struct], prefix: Path) -> Iterator[Path]:
    """Every leaf below a table, lists of tables only where plain strings may stand for them."""
    for key in keys_of(table):
        path = (*prefix, key.name)
        if key.is_leaf or key.short:
            yield path
        elif key.kind is Kind.TABLE and key.table is not None:
            yield from _settable(key.table, path)


def _spellings(path: Path) -> Iterator[tuple[str, ...]]:
    """Give the path with its last part in either spelling, positions left out."""
    parts = tuple(part for part in path if isinstance(part, str))
    key = key_at(Settings, path)
    yield parts
    if key is not None and key.alias:
        yield (*parts[:-1], key.alias)


def _guess_variable(name: str, sites: Sequence[str]) -> str:
    guess = did_you_mean(name.removeprefix(PREFIX), (known.removeprefix(PREFIX) for known, _ in _variables(sites)))
    return guess.replace("mean ", f"mean {PREFIX}")
