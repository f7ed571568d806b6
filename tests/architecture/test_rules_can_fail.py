"""Each rule finds the fault it is there for, and lets its neighbour pass: a rule that cannot fail holds nothing."""

from collections.abc import Callable, Iterable

import pytest

from tests.architecture import files, house, imports, shapes, test_house
from tests.architecture.source import Module, parse

Rule = Callable[[Iterable[Module]], list[str]]

LONG = "\n".join(["def long() -> None:", *["    pass"] * house.FUNCTION_LINES])
MANY = ", ".join("abcdefg")

FAULTS: list[tuple[Rule, str, str]] = [
    (imports.floors, "proxy.model.x", "from proxy.trust import reasons"),
    (imports.floors, "proxy.message.x", "from proxy.trust.reasons import Reason"),
    (imports.floors, "proxy.front.x", "import proxy.service.build"),
    (imports.floors, "proxy.service.x", "from proxy import cli"),
    (imports.floors, "proxy.cellar.x", ""),
    (imports.floors, "proxy.relay.x", "from proxy.cellar import wine"),
    (imports.top_only, "proxy.relay.x", "def f():\n    import json"),
    (imports.top_only, "proxy.relay.x", "if True:\n    import json"),
    (imports.top_only, "proxy.relay.x", "from . import y"),
    (imports.settings_seen, "proxy.front.x", "from proxy.settings.schema import Settings"),
    (imports.libraries, "proxy.relay.x", "import httptools"),
    (imports.libraries, "proxy.front.x", "from jinja2 import Environment"),
    (imports.libraries, "proxy.service.x", "import requests"),
    (imports.purity, "proxy.model.x", "import socket"),
    (imports.purity, "proxy.message.x", "import asyncio"),
    (imports.purity, "proxy.events.x", "from time import monotonic"),
    (imports.purity, "proxy.routing.x", "import os.path"),
    (imports.purity, "proxy.routing.x", "from pathlib import Path"),
    (imports.purity, "proxy.routing.x", "import urllib.request"),
    (imports.purity, "proxy.health.x", "import random"),
    (imports.purity, "proxy.trust.x", "import secrets"),
    (imports.banned, "proxy.trust.x", "import ssl"),
    (imports.mocks, "proxy.relay.x", "from unittest import mock"),
    (imports.mocks, "tests/relay/test_x.py", "from unittest.mock import Mock"),
    (shapes.module_size, "proxy.relay.x", "\n" * (house.MODULE_LINES + 1)),
    (shapes.function_size, "proxy.relay.x", LONG),
    (shapes.parameter_count, "proxy.relay.x", f"class A:\n    def f(self, {MANY}): ..."),
    (shapes.parameter_count, "proxy.relay.x", "async def f(a, b, c, /, d, e, *, f, **g): ..."),
    (shapes.impure_calls, "proxy.trust.x", "open('/etc/passwd')"),
    (shapes.impure_calls, "proxy.trust.x", "datetime.now(UTC)"),
    (shapes.broad_except, "proxy.relay.x", "try:\n    f()\nexcept Exception:\n    pass"),
    (shapes.broad_except, "proxy.relay.x", "try:\n    f()\nexcept (OSError, BaseException):\n    pass"),
    (shapes.broad_except, "proxy.relay.x", "try:\n    f()\nexcept:\n    pass"),
    (shapes.docstrings, "proxy.relay.x", "x = 1"),
    (shapes.docstrings, "proxy.relay.x", '"""Room."""\nclass A:\n    """A."""\n    def f(self): ...'),
    (shapes.promises, "tests/relay/test_x.py", "def test_it():\n    assert True"),
    (shapes.sleeps, "tests/relay/test_x.py", "await asyncio.sleep(0.1)"),
]

NEIGHBOURS: list[tuple[Rule, str, str]] = [
    (shapes.broad_except, "proxy.relay.x", "try:\n    f()\nexcept BaseException:\n    g()\n    raise"),
    (imports.floors, "proxy.trust.x", "from proxy.model.sites import Site\nfrom proxy.trust.y import z"),
    (imports.floors, "proxy.cli.x", "from proxy import __version__\nfrom proxy.service import build"),
    (imports.top_only, "proxy.service.x", "try:\n    import uvloop\nexcept ImportError:\n    uvloop = None"),
    (imports.settings_seen, "proxy.service.x", "from proxy.settings.schema import Settings"),
    (imports.libraries, "proxy.message.x", "import httptools\nimport json"),
    (imports.purity, "proxy.model.wire", "import asyncio\nimport socket\nimport ssl"),
    (imports.purity, "proxy.session.cookie", "import secrets"),
    (imports.purity, "proxy.message.x", "from urllib.parse import quote\nfrom pathlib import PurePosixPath"),
    (imports.purity, "proxy.relay.x", "import asyncio"),
    (shapes.impure_calls, "proxy.trust.x", "now()"),
    (shapes.parameter_count, "proxy.relay.x", "class A:\n    def f(self, a, b, c, d, e, f): ..."),
    (shapes.broad_except, "proxy.cli.main", "try:\n    f()\nexcept Exception:\n    pass"),
    (shapes.docstrings, "proxy.relay.x", '"""Room."""\ndef _f(): ...\ndef g():\n    """G."""\n    def h(): ...'),
    (shapes.sleeps, "tests/relay/test_x.py", "await asyncio.sleep(0)"),
    (shapes.sleeps, "tests/e2e/test_x.py", "time.sleep(1)"),
]


@pytest.mark.parametrize(("rule", "name", "text"), FAULTS, ids=lambda each: getattr(each, "__name__", None))
def test_the_rule_finds_the_fault(rule: Rule, name: str, text: str) -> None:
    """One bad module, one complaint at least."""
    assert rule([parse(name, text)]) != []


@pytest.mark.parametrize(("rule", "name", "text"), NEIGHBOURS, ids=lambda each: getattr(each, "__name__", None))
def test_the_rule_lets_its_neighbour_pass(rule: Rule, name: str, text: str) -> None:
    """What is just allowed is no fault."""
    assert rule([parse(name, text)]) == []


def test_cycles_are_found_over_several_modules() -> None:
    """Three modules in a ring are a cycle, named from one end to itself; a shared import is none."""
    ring = [
        parse("proxy.relay.a", "from proxy.relay import b"),
        parse("proxy.relay.b", "from proxy.relay.c import name"),
        parse("proxy.relay.c", "import proxy.relay.a"),
    ]
    tree = [*ring[:2], parse("proxy.relay.c", "import json")]

    assert imports.cycles(ring) == ["proxy.relay.a → proxy.relay.b → proxy.relay.c → proxy.relay.a"]
    assert imports.cycles(tree) == []


def test_the_mirror_shows_a_module_without_test() -> None:
    """A module needs its file of tests; `__init__` and `__main__` do not."""
    modules = ["proxy/trust/chain.py", "proxy/errors.py", "proxy/trust/__init__.py"]

    assert files.mirror(modules, ["tests/test_errors.py"]) == ["proxy/trust/chain.py has no tests/trust/test_chain.py"]


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN RSA PRIVATE " + "KEY-----",
        "see /ro" + "ot/x",
        "/home/" + "ann/x",
        "--find" + "-links /x",
        "files.python" + "hosted.org",
    ],
)
def test_forbidden_text_is_found(text: str) -> None:
    """A key, a machine's path and a package index are each found."""
    assert len(files.clean_text([("README.md", text)])) == 1


def test_every_rule_has_a_fault_it_finds() -> None:
    """A new rule without a bad example fails here."""
    shown = {rule for rule, _, _ in FAULTS} | {imports.cycles}

    assert {*test_house.HOUSE_RULES, *test_house.TEST_RULES} - shown == set()
