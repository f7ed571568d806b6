"""Rules about the shape of code. Each takes modules and returns complaints; the numbers are in `house.py`."""

import ast
from collections.abc import Iterable

from tests.architecture import house
from tests.architecture.source import Module, definitions_of, functions_of


def module_size(modules: Iterable[Module]) -> list[str]:
    """Hold the length of modules."""
    counted = ((module.name, len(module.text.splitlines())) for module in modules)
    return [f"{name} has {lines} lines" for name, lines in counted if lines > house.MODULE_LINES]


def function_size(modules: Iterable[Module]) -> list[str]:
    """Hold the length of functions, docstring included."""
    return [
        f"{name} has {lines} lines"
        for module in modules
        for name, node in functions_of(module)
        if (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > house.FUNCTION_LINES
    ]


def parameter_count(modules: Iterable[Module]) -> list[str]:
    """Hold the number of parameters, `self` and `cls` not counted."""
    return [
        f"{name} takes {count} parameters"
        for module in modules
        for name, node in functions_of(module)
        if (count := _parameters(node)) > house.PARAMETERS and name not in house.MANY_PARAMETERS
    ]


def impure_calls(modules: Iterable[Module]) -> list[str]:
    """Hold that the two lowest floors open no file and read no clock."""
    return [
        f"{module.name}:{node.lineno} calls {_called(node)} on a pure floor"
        for module in modules
        if house.FLOORS.get(module.room) in house.PURE_FLOORS
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and _called(node) in house.IMPURE_CALLS and not _is_parameter_call(node)
    ]


def broad_except(modules: Iterable[Module]) -> list[str]:
    """Hold that only the listed last resorts catch everything; tidying up and raising again is no catching."""
    return [
        f"{module.name}:{node.lineno} catches everything"
        for module in modules
        if module.name not in house.BROAD_EXCEPT
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler) and _is_broad(node.type) and not _raises_again(node)
    ]


def docstrings(modules: Iterable[Module]) -> list[str]:
    """Hold that each module and each public class, function and method says what it does."""
    silent = [module.name for module in modules if ast.get_docstring(module.tree) is None]
    return silent + [
        name
        for module in modules
        for name, node in _public_definitions(module)
        if ast.get_docstring(node) is None and not _is_overload(node)
    ]


def promises(modules: Iterable[Module]) -> list[str]:
    """Hold that each test states its promise."""
    return [
        name
        for module in modules
        for name, node in functions_of(module)
        if node.name.startswith("test_") and ast.get_docstring(node) is None
    ]


def sleeps(modules: Iterable[Module]) -> list[str]:
    """Hold that no test waits for time to pass; a pause of 0 seconds lets others run and is fine."""
    return [
        f"{module.name}:{node.lineno} sleeps"
        for module in modules
        if not module.name.startswith(house.MAY_SLEEP)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and _called(node) == "sleep"
        and [ast.unparse(each) for each in node.args] != ["0"]
    ]


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    arguments = node.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    starred = [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
    return len([each for each in named if each.arg not in {"self", "cls"}]) + len(starred)


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def _is_parameter_call(node: ast.Call) -> bool:
    """Tell whether it is a call of a bare name that only methods are forbidden under: `now()` is a clock passed in."""
    return isinstance(node.func, ast.Name) and node.func.id not in {"open", "print", "input"}


def _is_broad(caught: ast.expr | None) -> bool:
    if caught is None:
        return True
    kinds = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"} for kind in kinds)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def _public_definitions(
    module: Module,
) -> list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]]:
    hidden = {name for name, node in functions_of(module)}
    return [
        (name, node)
        for name, node in definitions_of(module)
        if not any(part.startswith("_") for part in name.removeprefix(f"{module.name}.").split("."))
        and name.rpartition(".")[0] not in hidden  # nested in a function: nobody else's
    ]


def _is_overload(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    return any(ast.unparse(each).split(".")[-1] in {"overload", "setter"} for each in node.decorator_list)
