"""`casproxy import-reg FILE.reg`: what a registry export of an Exchange server means here, printed or written."""

import argparse
import difflib
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from proxy.accounts.rewrite import rewrite
from proxy.directory.faults import DirectoryInvalid
from proxy.model.clean import clean_text, list_some
from proxy.service.load import Loaded, load
from proxy.settings.edit import CannotEdit, read_value, set_value
from proxy.settings.effective import spell_toml
from proxy.settings.problems import Layer, Problem, SettingsInvalid, spell_path
from proxy.settings.registry import KEY, read_registry
from proxy.settings.registry_keys import MEANINGS, Imported, list_others, render_imported, to_settings

NAME = "import-reg"
HELP = "turn a registry export of an Exchange 2010 server into settings"

DONE, INVALID, USAGE, UNKNOWN = 0, 1, 2, 3

MAX_BYTES = 64 * 1024 * 1024
"""Of an export; one of the whole registry is larger, one of the key has some hundred bytes."""


class Mistake(Exception):
    """It cannot be done; `str()` says why, and `code` is the exit code."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the export and what is done with it."""
    parser.add_argument("file", metavar="FILE.reg", help=f"export of {KEY}")
    parser.add_argument("--write", action="store_true", help="set them in the settings file, which keeps its comments")
    parser.add_argument("-n", "--dry-run", action="store_true", help="show as a diff what --write would change")
    parser.add_argument("--config", metavar="FILE", help="the settings file to change; also CASPROXY_CONFIG")
    parser.add_argument("-q", "--quiet", action="store_true", help="tell mistakes only")


def run(arguments: argparse.Namespace) -> int:
    """Read the export, and print or write: 0 done, 1 nothing in it or not valid, 2 usage, 3 a file cannot be used."""
    try:
        imported = _read(arguments)
        if arguments.write or arguments.dry_run:
            _apply(arguments, imported)
        else:
            print(render_imported(imported), end="")
    except SettingsInvalid as invalid:
        print(invalid, file=sys.stderr)
        return INVALID
    except Mistake as mistake:
        print(f"casproxy import-reg: {mistake}", file=sys.stderr)
        return mistake.code
    return DONE


def _read(arguments: argparse.Namespace) -> tuple[Imported, ...]:
    name = arguments.file
    try:
        with Path(name).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as fault:
        raise Mistake(f"{clean_text(name)} cannot be read: {_why(fault)}.", UNKNOWN) from fault
    if len(data) > MAX_BYTES:
        raise Mistake(f"{clean_text(name)} is too large. Export the key alone: {KEY}.", UNKNOWN)
    values = read_registry(data, name)
    imported = to_settings(values, name)
    others = list_others(values)
    if others and not arguments.quiet:
        _say(f"left out, for they mean nothing here: {list_some(others, most=20)}.")
    if not imported:
        raise Mistake(f"{clean_text(name)} has none of {', '.join(MEANINGS)} in {KEY}.", INVALID)
    return imported


def _apply(arguments: argparse.Namespace, imported: tuple[Imported, ...]) -> None:
    """Change the settings file, or show what would change."""
    name = arguments.config or os.environ.get("CASPROXY_CONFIG", "")
    if not name:
        raise Mistake("Which settings? Give --config FILE or set CASPROXY_CONFIG.", USAGE)
    path = Path(name)
    found: list[_Change] = []

    def change(text: str) -> str:
        new = _edit(text, imported, name)
        found[:] = [_Change(text, new, _check(path, new))]
        if arguments.dry_run:
            raise _DryRun
        return new

    try:
        load(path, os.environ, {})  # what is wrong before is not said of the change
        rewrite(path, change)
    except _DryRun:
        pass
    except DirectoryInvalid as fault:
        raise Mistake(str(fault), UNKNOWN) from fault
    except OSError as fault:
        raise Mistake(f"{clean_text(name)} was not changed: {_why(fault)}.", UNKNOWN) from fault
    old, new, loaded = found[0]
    print("\n".join(_diff(old, new, name) if arguments.dry_run else _changes(old, imported)))
    if not arguments.quiet:
        _tell(arguments, imported, loaded, is_same=old == new)


class _Change(NamedTuple):
    """What is done to the settings."""

    old: str
    """The text before."""
    new: str
    """The text after."""
    loaded: Loaded
    """What it means."""


class _DryRun(Exception):
    """Everything is known, and nothing shall be written."""


def _edit(text: str, imported: tuple[Imported, ...], name: str) -> str:
    for each in imported:
        if each.path:
            try:
                text = set_value(text, (str(each.path[0]), str(each.path[1])), each.value)
            except CannotEdit as fault:
                raise Mistake(f"{clean_text(name)}: {fault}", UNKNOWN) from fault
    return text


def _check(path: Path, text: str) -> Loaded:
    """Load the new text as the proxy would; what is wrong is said of the file itself."""
    with tempfile.NamedTemporaryFile(prefix="casproxy-", suffix=".toml") as draft:  # mode 600: it may hold secrets
        draft.write(text.encode())
        draft.flush()
        try:
            return load(draft.name, os.environ, {})
        except SettingsInvalid as invalid:
            raise SettingsInvalid([_renamed(each, draft.name, str(path)) for each in invalid.problems]) from invalid


def _renamed(problem: Problem, old: str, new: str) -> Problem:
    origin = problem.origin
    return replace(problem, origin=replace(origin, name=new)) if origin.name == old else problem


def _diff(old: str, new: str, name: str) -> Iterator[str]:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), name, f"{name} (new)", lineterm="")
    return (clean_text(each) for each in lines)


def _changes(old: str, imported: tuple[Imported, ...]) -> Iterator[str]:
    for each in imported:
        if each.path:
            before = read_value(old, (str(each.path[0]), str(each.path[1])))
            shown = "absent" if before is None else spell_toml(int(before) if isinstance(before, int) else str(before))
            yield f"{spell_path(each.path)} {shown} → {'absent' if each.value is None else spell_toml(each.value)}"


def _tell(arguments: argparse.Namespace, imported: tuple[Imported, ...], loaded: Loaded, *, is_same: bool) -> None:
    """Say what is worth a word: what could not be taken over, what wins over the file, and what comes next."""
    for each in imported:
        if each.note:
            _say(f"{each.written}: {each.note}")
        origin = loaded.origins.get(spell_path(each.path)) if each.path else None
        if origin is not None and origin.layer in (Layer.ENVIRONMENT, Layer.FLAG):
            _say(f"{spell_path(each.path)}: {origin} wins over the file.")
        for site in loaded.settings.sites if each.path == ("trust", "allow_internal_untrusted_certs") else ():
            if site.trust.allow_internal_untrusted_certs is not None:
                _say(f"site {clean_text(site.name)} has a switch of its own, which stays.")
    if not is_same and not arguments.dry_run:
        _say("`casproxy reload` puts it in force.")


def _why(fault: Exception) -> str:
    return (fault.strerror if isinstance(fault, OSError) else "") or str(fault)


def _say(sentence: str) -> None:
    print(f"casproxy import-reg: {sentence}", file=sys.stderr)
