"""`casproxy check-config`: says whether a configuration can be used, what is in force and where it came from."""

import argparse
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from proxy.service.load import Loaded, load
from proxy.settings.effective import list_effective, render_toml
from proxy.settings.overlay import FLAGS
from proxy.settings.problems import Problem, SettingsInvalid

NAME = "check-config"
HELP = "check a configuration and print what is in force"

VALID, INVALID, USAGE = 0, 1, 2


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the file, the form of the answer, and the flags that `serve` takes."""
    parser.add_argument("file", nargs="?", metavar="FILE", help="the configuration")
    parser.add_argument("--config", metavar="FILE", help="the same; without either CASPROXY_CONFIG is taken")
    parser.add_argument("--show-origin", action="store_true", help="tell where each value came from")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    for flag, key in FLAGS.items():
        parser.add_argument(flag, dest=key, metavar="VALUE", help=f"as if serve were given it: {key}")


def run(arguments: argparse.Namespace) -> int:
    """Check, and answer on standard output: 0 for valid, 1 for invalid, 2 when no file is named."""
    if arguments.file and arguments.config:
        return _refuse("Name the file once: FILE or --config FILE.")
    path = arguments.file or arguments.config or os.environ.get("CASPROXY_CONFIG", "")
    if not path:
        return _refuse("Name a file, or set CASPROXY_CONFIG. `casproxy schema --format toml` prints one to start from.")
    flags = {key: getattr(arguments, key, None) for key in FLAGS.values()}
    try:
        loaded = load(Path(path), os.environ, flags)
    except SettingsInvalid as invalid:
        _tell_invalid(path, invalid.problems, as_json=arguments.json)
        return INVALID
    if arguments.json:
        print(json.dumps(_describe(path, loaded), indent=2, ensure_ascii=False))
    else:
        print(render_toml(loaded.parsed, show_origin=arguments.show_origin), end="")
    _tell_warnings(loaded)
    return VALID


def _refuse(sentence: str) -> int:
    print(f"casproxy check-config: {sentence}", file=sys.stderr)
    return USAGE


def _tell_invalid(path: str, problems: Iterable[Problem], *, as_json: bool) -> None:
    problems = list(problems)
    if as_json:
        answer = {"valid": False, "file": path, "problems": [_plain_problem(each) for each in problems]}
        print(json.dumps(answer, indent=2, ensure_ascii=False))
        return
    for each in problems:
        print(each, file=sys.stderr)
    number = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    print(f"{path} cannot be used: {number}.", file=sys.stderr)


def _tell_warnings(loaded: Loaded) -> None:
    for each in loaded.warnings:
        print(f"warning: {each}", file=sys.stderr)
    if loaded.is_default_switch:
        print(
            "warning: untrusted backend certificates are accepted (default, as in Exchange 2010). "
            "Set trust.allow_internal_untrusted_certs to say what is meant.",
            file=sys.stderr,
        )


def _describe(path: str, loaded: Loaded) -> dict[str, object]:
    """Make the answer for programs; every key is there, whatever it came from."""
    return {
        "valid": True,
        "file": path,
        "settings": {
            each.name: {"value": each.value, "origin": str(each.origin), "inherited": each.inherited}
            for each in list_effective(loaded.parsed)
        },
        "warnings": [_plain_problem(each) for each in loaded.warnings],
        "accepts_untrusted_by_default": loaded.is_default_switch,
    }


def _plain_problem(problem: Problem) -> dict[str, object]:
    return {
        "path": problem.path,
        "name": problem.name,
        "origin": problem.origin.layer.value,
        "source": problem.origin.name,
        "line": problem.origin.line,
        "sentence": problem.sentence,
        "suggestion": problem.suggestion,
        "text": str(problem),
    }
