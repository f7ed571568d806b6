"""The house as it stands keeps every rule."""

from collections.abc import Callable, Iterable

import pytest

from tests.architecture import files, house, imports, shapes
from tests.architecture.source import ROOT, Module, functions_of, read_house, read_tests, tracked_files

Rule = Callable[[Iterable[Module]], list[str]]

HOUSE_RULES: list[Rule] = [
    imports.floors,
    imports.top_only,
    imports.settings_seen,
    imports.libraries,
    imports.purity,
    imports.banned,
    imports.cycles,
    imports.mocks,
    shapes.module_size,
    shapes.function_size,
    shapes.parameter_count,
    shapes.impure_calls,
    shapes.broad_except,
    shapes.docstrings,
]
TEST_RULES: list[Rule] = [imports.mocks, shapes.promises, shapes.sleeps]


def _name(rule: Rule) -> str:
    return rule.__name__


@pytest.mark.parametrize("rule", HOUSE_RULES, ids=_name)
def test_the_house_keeps_the_rule(rule: Rule) -> None:
    """No module of `proxy` breaks the rule."""
    assert rule(read_house()) == []


@pytest.mark.parametrize("rule", TEST_RULES, ids=_name)
def test_the_tests_keep_the_rule(rule: Rule) -> None:
    """No test breaks the rule."""
    assert rule(read_tests()) == []


def test_every_module_has_its_test() -> None:
    """The tests mirror the house."""
    modules = [path.relative_to(ROOT).as_posix() for path in (ROOT / "proxy").rglob("*.py")]
    tests = [path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py")]

    assert files.mirror(modules, tests) == []


def test_no_file_carries_what_must_not_be_published() -> None:
    """Keys, machine paths and package indexes stay out of the repository."""
    texts = [(path.relative_to(ROOT).as_posix(), path.read_text(errors="replace")) for path in tracked_files()]

    assert files.clean_text(texts) == []


def test_no_exception_outlives_its_reason() -> None:
    """Each function that is listed for its many parameters still exists and still has them."""
    listed = dict.fromkeys(house.MANY_PARAMETERS)
    found = {name for module in read_house() for name, _ in functions_of(module)}

    assert listed.keys() - found == set()
