"""Rules about files. Each takes names or texts and returns complaints."""

import re
from collections.abc import Iterable

_HOMES = "|".join(["work", "root", "home/[a-z]+", "Users/[A-Za-z]+", "opt/py" + "pi"])
_INDEXES = "|".join(
    [
        r"pypi\." + "org",
        "python" + "hosted",
        r"npmjs\." + "org",
        r"deb\." + "debian",
        "--(?:extra-)?index" + "-url",
        "--find" + "-links",
    ]
)

FORBIDDEN_TEXT = {
    "a private key": re.compile("-----BEGIN [A-Z ]*PRIVATE " + "KEY-----"),
    "a path of somebody's machine": re.compile(rf"(?<![\w.$}}-])/(?:{_HOMES})/"),
    "where packages come from": re.compile(_INDEXES),
}
"""What must not be in the repository; spelled in pieces, so that this file does not forbid itself."""

MAY_NAME_OPTIONS = {"Makefile"}
"""Files whose business is to keep such options out of others."""


def mirror(modules: Iterable[str], tests: Iterable[str]) -> list[str]:
    """Hold that `proxy/room/x.py` has `tests/room/test_x.py`."""
    there = set(tests)
    return [
        f"{module} has no {wanted}"
        for module in modules
        if not (name := module.rpartition("/")[2]).startswith("__")
        and (wanted := "tests/" + module.removeprefix("proxy/").removesuffix(name) + f"test_{name.lstrip('_')}")
        not in there
    ]


def clean_text(texts: Iterable[tuple[str, str]]) -> list[str]:
    """Hold that no file carries a key, a machine's path or the address of a package index."""
    return [
        f"{name} holds {what}: {match.group()}"
        for name, text in texts
        for what, pattern in FORBIDDEN_TEXT.items()
        if (match := pattern.search(text)) and name not in MAY_NAME_OPTIONS
    ]
