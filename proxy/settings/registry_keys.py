"""What the values of Exchange's registry key mean as settings of ours, as a table; reading exports is `registry`'s."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from proxy.settings.effective import Plain, spell_toml
from proxy.settings.problems import Path, Problem, SettingsInvalid, spell_path
from proxy.settings.registry import Value, fold, problem_at

MAX_MINUTES = 43_200
"""Thirty days, the most that Exchange 2010 took."""


class _BadNumberError(Exception):
    """A number has no meaning; `str()` says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What one value of the registry is here."""

    path: Path = ()
    """The key of the settings; empty when there is none."""
    read: Callable[[int], tuple[Plain, str]]
    """Gives the value of the key, and a sentence for people or the empty string."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """One value of the registry as a setting."""

    source: Value
    """Where it comes from."""
    path: Path
    """The key; empty when the settings have none."""
    value: Plain | None
    """What the key is set to; None removes it, so that its default holds."""
    note: str
    """What else is to be said; empty when nothing is."""

    @property
    def written(self) -> str:
        """How the registry has it, for people."""
        return f"{self.source.name} = {self.source.number}" if self.value is not None else f"{self.source.name} removed"


def _switch(number: int) -> tuple[Plain, str]:
    if number in (0, 1):
        return number, ""
    return 1, f"Exchange counts every number but 0 as 1, so {number} is written as 1."


def _minutes(number: int) -> tuple[Plain, str]:
    if not 1 <= number <= MAX_MINUTES:
        raise _BadNumberError(f"{number} minutes are not between 1 and {MAX_MINUTES}.")
    return f"{number}m", ""


def _without_ssl(number: int) -> tuple[Plain, str]:
    if number:
        return 1, (
            "There is no such setting: a server with an http:// InternalURL is never used, and event 42 says so. "
            "Give those servers a certificate and an https:// InternalURL."
        )
    return 0, "There is nothing to set: a server with an http:// InternalURL is never used."


def _offloaded(number: int) -> tuple[Plain, str]:
    if number:
        return 1, (
            "There is no such setting: browsers, and what stands before this proxy, speak TLS to it. "
            "Let the load balancer do so, too, and name its network in server.trusted_proxies."
        )
    return 0, "There is nothing to set: this proxy ends TLS itself."


_WITHOUT_SSL = Meaning(read=_without_ssl)
MEANINGS: Mapping[str, Meaning] = MappingProxyType(
    {
        "AllowInternalUntrustedCerts": Meaning(path=("trust", "allow_internal_untrusted_certs"), read=_switch),
        "AllowProxyingWithoutSsl": _WITHOUT_SSL,
        "SSLOffloaded": Meaning(read=_offloaded),
        "PublicTimeout": Meaning(path=("session", "public_timeout"), read=_minutes),
        "PrivateTimeout": Meaning(path=("session", "private_timeout"), read=_minutes),
    }
)
"""Name in the registry to its meaning; names are compared whatever the case, which covers `AllowProxyingWithoutSSL`."""

_BY_FOLD = {fold(name): meaning for name, meaning in MEANINGS.items()}


def to_settings(values: Iterable[Value], file_name: str) -> tuple[Imported, ...]:
    """Turn the values that have a meaning here into settings; all others are `list_others`'s.

    Raises: SettingsInvalid with every value of a wrong type or a number without a meaning.
    """
    imported: list[Imported] = []
    problems: list[Problem] = []
    for value in values:
        meaning = _BY_FOLD.get(fold(value.name))
        if meaning is None:
            continue
        try:
            imported.append(_import(value, meaning))
        except _BadNumberError as fault:
            problems.append(problem_at(file_name, value.line, value.name, str(fault)))
    if problems:
        raise SettingsInvalid(problems)
    return tuple(imported)


def list_others(values: Iterable[Value]) -> list[str]:
    """List the names of values that have no meaning here."""
    return [value.name for value in values if value.name and fold(value.name) not in _BY_FOLD]


def render_imported(imported: Iterable[Imported]) -> str:
    """Write the settings as TOML, each beside what the registry had; what there is no setting for is a comment."""
    lines: list[str] = []
    table: Path = ()
    for each in sorted(imported, key=lambda each: (not each.path, each.path[:-1] != ("trust",), each.source.line)):
        if each.path[:-1] != table:
            table = each.path[:-1]
            lines += ["", f"[{spell_path(table)}]"] if table else [""]
        lines += _render(each)
    return "\n".join(lines).lstrip("\n") + "\n"


def _import(value: Value, meaning: Meaning) -> Imported:
    if value.is_removed:
        note = "Its default is in force then." if meaning.path else "There is no such setting."
        return Imported(source=value, path=meaning.path, value=None, note=note)
    if value.number is None:
        raise _BadNumberError(f"This is a {value.kind}, which Exchange ignores; it takes a REG_DWORD.")
    plain, note = meaning.read(value.number)
    return Imported(source=value, path=meaning.path, value=plain, note=note)


def _render(each: Imported) -> Iterator[str]:
    origin = f"{each.written}, line {each.source.line}"
    if each.path and each.value is not None:
        yield f"{each.path[-1]} = {spell_toml(each.value)}  # {origin}"
    else:
        yield f"# {origin}{f': {each.path[-1]} is left out' if each.path else ''}"
    if each.note:
        yield f"# {each.note}"
