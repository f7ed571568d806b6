"""The example file and the reference of all keys, made from the structs; tests compare the committed ones."""

import textwrap
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from proxy.settings.effective import Plain, spell_toml, to_plain
from proxy.settings.keys import Key, Kind, keys_of
from proxy.settings.overlay import FLAGS, PREFIX, variable_part
from proxy.settings.schema import Settings
from proxy.settings.values import spell_seconds

WIDTH = 110
"""Columns of comments in the example file."""

_EXAMPLE_HEAD = """\
#:schema ./casproxy.schema.json

# Every key of casproxy with its meaning. What is commented out shows the default, or an example where there is none.
# Times are written "250ms", "30s", "5m", "2h"; sizes are whole numbers of bytes. Relative file names start at the
# working directory. Check a file with: casproxy check-config FILE
"""

_REFERENCE_HEAD = f"""\
# Keys of the configuration

Made from the schema; `casproxy schema --format markdown` writes it anew.

- A flag wins over the environment, the environment over the file, the file over the default.
  `casproxy check-config --show-origin` tells which one did.
- Variables start with `{PREFIX}`; `__` separates table and key: `{PREFIX}TIMEOUTS__CONNECT=3s`. Lists are separated by
  commas. A site is reached by its name, upper case, everything but letters and digits an underscore:
  `{PREFIX}SITES__BRANCH__TRUST__ALLOW_INTERNAL_UNTRUSTED_CERTS=0`.
  `certificates`, `routes`, `events.files`, `events.syslog` and further sites can only be written in the file.
- An unknown key or variable is an error. `{PREFIX}CONFIG` names the file and is no setting; variables that Kubernetes
  sets for a service named `casproxy` (`{PREFIX}SERVICE_HOST`, `{PREFIX}PORT_…`) are passed over.
- Relative file names start at the working directory, whether they stand in the file, a variable or a flag.
- Secrets belong into files: `{PREFIX}SERVER__ADMIN_TOKEN_FILE` names the file that holds what
  `{PREFIX}SERVER__ADMIN_TOKEN` would. No command shows them.
- Times are a number and a unit, `250ms`, `30s`, `5m`, `2h`; a plain number is refused. Sizes are whole numbers of
  bytes.
- What a site says in `trust`, `health`, `timeouts` and `limits` stands in place of the same key of `[trust]`,
  `[health]`, `[timeouts]` and `[limits]`, and what a route says in place of the site's; lists are not joined.
"""

_HINTS: dict[tuple[str, ...], str] = {
    ("sites", "servers"): '["https://cas02.branch.example/owa", { url = "https://cas03.branch.example/owa", '
    'connect_to = "192.0.2.13:443", tls_name = "cas03.branch.example" }]',
    ("sites", "default"): "true",
    ("server", "certificates", "certificate"): '"/etc/casproxy/mail.example.pem"',
    ("server", "certificates", "key"): '"/etc/casproxy/mail.example.key"',
}
"""What the example file shows where the schema's own example would not do."""

_LIVE = {("server", "certificate"), ("sites", "name"), ("sites", "servers"), ("sites", "default")}
"""Keys that are not commented out, so that the example is a whole configuration."""


def render_example() -> str:
    """Write a file with every key, explained."""
    lines = [_EXAMPLE_HEAD.rstrip("\n")]
    lines += _example_table(Settings, ())
    return "\n".join(lines) + "\n"


def render_reference() -> str:
    """Write the reference of all keys in Markdown."""
    lines = [_REFERENCE_HEAD.rstrip("\n")]
    lines += _reference_table(Settings, (), "The whole file")
    return "\n".join(lines) + "\n"


def _example_table(table: type[Struct], path: tuple[str, ...]) -> Iterator[str]:
    keys = keys_of(table)
    for key in keys:
        if key.is_leaf or key.short:
            yield from ("", *_comment(_explain(key)), _example_line(key, (*path, key.name)))
    for key in keys:
        if key.table is None or key.short:
            continue
        place = (*path, key.name)
        yield from ("", "", *_comment(key.meta.description or _about(key.table)))
        yield from _example_header(key, place)
        yield from _example_table(key.table, (*place, '"/owa/ev.owa"') if key.kind is Kind.NAMED_TABLES else place)


def _example_header(key: Key, path: tuple[str, ...]) -> Iterator[str]:
    """Write the header of a table; one that only holds named tables has none."""
    name = ".".join(path)
    if key.kind is Kind.TABLES:
        yield f"[[{name}]]" if path == ("sites",) else f"# [[{name}]]"
    elif key.kind is Kind.TABLE:
        yield f"[{name}]"


def _example_line(key: Key, path: tuple[str, ...]) -> str:
    value = _HINTS.get(path) or spell_toml(_shown(key))
    return f"{'' if path in _LIVE else '# '}{key.name} = {value}"


def _shown(key: Key) -> Plain:
    """Give the value that an example shows: the default, else what the schema gives as an example."""
    if not key.required and key.default not in (None, "", ()):
        return to_plain(key, key.default)
    if "example" in key.extra:
        example: Plain = key.extra["example"]
        return example
    outer: dict[str, Any] = {each.name: each for each in _all_leaves(Settings) if each.default is not None}
    return to_plain(key, outer[key.name].default) if key.name in outer else ""


def _all_leaves(table: type[Struct]) -> Iterator[Key]:
    for key in keys_of(table):
        if key.table is None:
            yield key
        elif key.kind is Kind.TABLE:
            yield from _all_leaves(key.table)


def _explain(key: Key) -> str:
    """Compose meaning, unit, default and historic name."""
    parts = [key.meta.description or "", *_facts(key)]
    return " ".join(part for part in parts if part)


def _facts(key: Key) -> Iterator[str]:
    if key.choices:
        yield f"One of {', '.join(spell_toml(each) for each in key.choices)}."
    if "unit" in key.extra:
        yield f"Unit: {key.extra['unit']}."
    if "historic" in key.extra:
        yield f"Historic name: {key.extra['historic']}."
    if key.alias:
        yield f"{key.alias} is taken as a second spelling."
    if "absent" in key.extra and key.default is not None:
        yield str(key.extra["absent"])


def _comment(text: str) -> Iterator[str]:
    yield from (f"# {line}" for line in textwrap.wrap(text, WIDTH, break_on_hyphens=False, break_long_words=False))


def _about(table: type[Struct]) -> str:
    return (table.__doc__ or "").partition("\n")[0]


def _reference_table(table: type[Struct], path: tuple[str, ...], about: str) -> Iterator[str]:
    keys = keys_of(table)
    leaves = [key for key in keys if key.is_leaf or key.short]
    if leaves:
        yield from ("", f"## {_title(path)}", "", about, "")
        yield from ("| key | takes | default | meaning |", "|---|---|---|---|")
        yield from (_reference_row(key, path) for key in leaves)
    for key in keys:
        if key.table is not None:
            place = (*path, f"{key.name}[]" if key.kind is Kind.TABLES else key.name)
            if key.kind is Kind.NAMED_TABLES:
                place = (*place, '"/prefix"')
            yield from _reference_table(key.table, place, _about(key.table))


def _title(path: tuple[str, ...]) -> str:
    if not path:
        return "Top level"
    name = ".".join(part.removesuffix("[]") for part in path)
    return f"`[[{name}]]`" if path[-1].endswith("[]") else f"`[{name}]`"


def _reference_row(key: Key, path: tuple[str, ...]) -> str:
    meaning = _explain(key)
    if all(not part.endswith(("[]", '"')) for part in path):
        meaning += f" Variable: `{PREFIX}{'__'.join(map(variable_part, (*path, key.name)))}`."
        flag = next((flag for flag, name in FLAGS.items() if name == ".".join((*path, key.name))), "")
        meaning += f" Flag: `{flag}`." if flag else ""
    takes = "strings or tables" if key.short else key.kind.value
    cells = (f"`{key.name}`", takes + _bounds(key), _default(key), meaning)
    return "| " + " | ".join(each.replace("|", "\\|") for each in cells) + " |"


def _default(key: Key) -> str:
    if key.required:
        return "required"
    if key.default is None:
        return "as above it"
    return f"`{spell_toml(to_plain(key, key.default))}`" if key.default not in ("", ()) else "none"


def _bounds(key: Key) -> str:
    """Write the bounds of a number."""
    spell = spell_seconds if key.kind is Kind.DURATION else str
    low = f"more than {spell(key.meta.gt)}" if key.meta.gt is not None else ""
    low = f"at least {spell(key.meta.ge)}" if key.meta.ge is not None else low
    high = f"at most {spell(key.meta.le)}" if key.meta.le is not None else ""
    return "".join(f", {each}" for each in (low, high) if each)
