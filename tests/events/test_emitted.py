"""The catalogue and the program agree: each entry is emitted somewhere, each number emitted has an entry and a test."""

import ast

import pytest

from proxy.events.catalogue import CATALOGUE
from tests.architecture.numbers import Program, Unseen
from tests.architecture.source import ROOT, parse, read_house

SEEN = {
    "admin/test_changing": (1050,),
    "e2e/test_drain": (1012,),
    "e2e/test_ecp_events": (22, 26, 28, 29, 42),
    "e2e/test_events": (1001,),
    "e2e/test_evil_backends": (1003,),
    "e2e/test_failover": (39, 40),
    "e2e/test_headers": (1005,),
    "e2e/test_health": (1047, 1048, 1049),
    "e2e/test_limits": (1014,),
    "e2e/test_monitor": (1020, 1021, 1022, 1023),
    "e2e/test_pool": (1004,),
    "e2e/test_reload": (1010,),
    "e2e/test_sign_in": (41, 1031, 1032),
    "e2e/test_timeouts": (1002,),
    "e2e/test_trust": (43, 1043),
    "relay/test_report": (27, 44, 46, 71),
    "service/test_defects": (1006,),
    "service/test_policy_talk": (1017, 1024),
    "service/test_worker": (14, 1011, 1013, 1015, 1016),
    "signin/test_answers": (38, 80, 81, 90, 91, 92),
    "signin/test_errands": (57,),
    "sinks/test_lookout": (1045, 1046),
    "e2e/test_workers": (1051,),
}
"""Module of tests to the numbers whose emission it holds; of several such modules one is enough."""


def emitted(*texts: str) -> dict[int, set[str]]:
    """Give what modules of these texts can emit; they are named a, b and so on."""
    return Program(parse(name, text) for name, text in zip("abc", texts, strict=False)).emitted()


def test_every_entry_is_emitted():
    """An event that nobody can ever see does not stand in the catalogue."""
    assert set(CATALOGUE) - set(Program(read_house()).emitted()) == set()


def test_every_number_has_an_entry():
    """No number is emitted that nobody could look up."""
    assert {number: where for number, where in Program(read_house()).emitted().items() if number not in CATALOGUE} == {}


def test_every_number_has_its_test():
    """Who adds an event writes a test that sees it happen, and names it here."""
    assert sorted(number for numbers in SEEN.values() for number in numbers) == sorted(CATALOGUE)


@pytest.mark.parametrize(("name", "numbers"), SEEN.items())
def test_the_test_speaks_of_the_number(name, numbers):
    """As a number, not only in its prose."""
    tree = ast.parse((ROOT / "tests" / f"{name}.py").read_text("utf-8"))
    spoken = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and type(node.value) is int}

    assert set(numbers) - spoken == set()


# ── the reader itself ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Event(id=7)", {7}),
        ("record.Event(id=7)", {7}),
        ("asyncio.Event()", set()),
        ("A, B = 7, 8\nEvent(id=B)", {8}),
        ("A: int = 7\nEvent(id=A if x else 9)", {7, 9}),
        ("T = {x: 7, y: 8}\nEvent(id=T[z])", {7, 8}),
        ("T = MappingProxyType({x: 7})\nn = T.get(z, 8)\nEvent(id=n)", {7, 8}),
        ("def f(a, n):\n    Event(id=n)\nf(1, 7)\nf(1, n=8)", {7, 8}),
        ("class C:\n    def f(self, n):\n        Event(id=n)\n    def g(self):\n        self.f(7)", {7}),
        ("def f():\n    n = 7\n    n = 8 if x else n\n    Event(id=n)", {7, 8}),
        ("T = {x: (a, 7)}\ndef f(n):\n    Event(id=n)\ndef g():\n    p, n = T[x]\n    f(n)", {7}),
        ("Step(a, b, c, 7)\nEvent(id=step.event)", {7}),
        ("Outcome(a, b, c, d, 0)\nOutcome(event=8)\nEvent(id=outcome.event)", {8}),
        ("T = {7: 3, 99: 4}\nEvent(id=7)\nreplace(event, id=T.get(event.id, event.id))", {3, 7}),
    ],
)
def test_numbers_are_followed(text, numbers):
    """Through constants, tables, branches, names, parameters, fields and twins; a twin only of what is emitted."""
    assert set(emitted(text)) == numbers


def test_numbers_are_followed_into_other_modules():
    """An imported constant is looked up where it stands; the emitter is who is told."""
    assert emitted("N = 7", "from a import N\nEvent(id=N)") == {7: {"b"}}


@pytest.mark.parametrize("text", ["Event(id=n)", "Event(id=n + 1)", "Event(id=f())", "T = f()\nEvent(id=T[x])"])
def test_what_cannot_be_followed_is_told(text):
    """Nothing is guessed, and nothing passed over."""
    with pytest.raises(Unseen, match="a: cannot see what number"):
        emitted(text)
