"""Finds the numbers of all events that a program can emit by reading it: what `Event(id=…)` is given, and by whom.

Numbers are followed through constants, tables, `if` expressions, local names and parameters of functions of the same
module, and through the fields in `FIELDS`. What cannot be followed is an error: the code, or this, must be plainer.
"""

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tests.architecture.source import Module

FIELDS = {"Outcome": 4, "Step": 3, "CandidateRule": 1}
"""Values that carry a number of an event in their field `event`, to its place among the arguments."""

Node = ast.expr
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Unseen(Exception):
    """A number could not be followed; `str()` says where."""


class Place(NamedTuple):
    """Where an expression stands."""

    module: Module
    function: Function | None

    def follow_error(self, node: ast.AST) -> Unseen:
        """Make the error for a node."""
        return Unseen(f"{self.module.name}: cannot see what number {ast.unparse(node)!r} is")


class Program:
    """The modules to read."""

    def __init__(self, modules: Iterable[Module]) -> None:
        self._modules = {module.name: module for module in modules}
        self._open: list[tuple[Place, str]] = []

    def emitted(self) -> dict[int, set[str]]:
        """Give each number that can be emitted with the modules that emit it. Raises: Unseen."""
        found: dict[int, set[str]] = {}
        twins: list[tuple[Place, ast.Call]] = []
        for place, call in self._calls():
            value = _keyword(call, "id")
            if value is None or _called(call) not in ("Event", "replace"):
                continue
            if _called(call) == "replace" and isinstance(value, ast.Call):
                twins.append((place, value))
                continue
            for number in self._numbers(value, place):
                found.setdefault(number, set()).add(place.module.name)
        for place, get in twins:  # `replace(event, id=TWINS.get(event.id, event.id))`: another number for the same
            for number, twin in self._table(get, place).items():
                if place.module.name in found.get(number, set()):
                    for each in self._numbers(twin, place):
                        found.setdefault(each, set()).add(place.module.name)
        return found

    def _calls(self) -> Iterator[tuple[Place, ast.Call]]:
        for module in self._modules.values():
            yield from _calls_in(module.tree, Place(module, None))

    def _numbers(self, node: Node, place: Place) -> set[int]:
        """Follow an expression to its numbers; 0 and None stand for no event."""
        match node:
            case ast.Constant(value=int(number)):
                return {number} - {0}
            case ast.Constant(value=None):
                return set()
            case ast.Attribute(attr="event"):
                return self._fields()
            case ast.Name():
                return self._of_name(node, place)
            case _:
                return self._of_all(self._branches(node, place), place)

    def _branches(self, node: Node, place: Place) -> list[Node]:
        """List what an expression may give: either side of an `if`, any value of a table."""
        match node:
            case ast.IfExp():
                return [node.body, node.orelse]
            case ast.Subscript(value=table):
                return self._values(table, place)
            case ast.Call(func=ast.Attribute(attr="get", value=table)):
                return [*self._values(table, place), *node.args[1:]]
            case _:
                raise place.follow_error(node)

    def _of_all(self, nodes: Iterable[Node], place: Place) -> set[int]:
        return {number for node in nodes for number in self._numbers(node, place)}

    def _fields(self) -> set[int]:
        """Give what is put into the fields that carry numbers; a number taken from one of them has been seen there."""
        found: set[int] = set()
        for place, call in self._calls():
            name = _called(call)
            if name not in FIELDS:
                continue
            value = _keyword(call, "event") or _positional(call, FIELDS[name])
            if value is not None and not (isinstance(value, ast.Attribute) and value.attr == "event"):
                found |= self._numbers(value, place)
        return found

    def _of_name(self, node: ast.Name, place: Place) -> set[int]:
        function = place.function
        if function is not None:
            parameters = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
            if node.id in parameters:
                return self._arguments(function, parameters.index(node.id), node.id, place)
        assigned = self._assigned(node.id, place)
        if not assigned:
            raise place.follow_error(node)
        if (place, node.id) in self._open:  # it is bound to itself, or to another: the other is seen, too
            return set()
        self._open.append((place, node.id))
        try:
            return {number for value, where in assigned for number in self._numbers(value, where)}
        finally:
            self._open.pop()

    def _arguments(self, function: Function, index: int, name: str, place: Place) -> set[int]:
        """Follow a parameter to every call of its function within the module."""
        shift = 1 if function.args.args and function.args.args[0].arg == "self" else 0
        found: set[int] = set()
        for where, call in _calls_in(place.module.tree, Place(place.module, None)):
            if _called(call) == function.name:
                value = _keyword(call, name) or _positional(call, index - shift)
                if value is not None:
                    found |= self._numbers(value, where)
        return found

    def _assigned(self, name: str, place: Place) -> list[tuple[Node, Place]]:
        """List what a name is bound to: in the function, else in the module, else where it is imported from."""
        if place.function is not None:
            inner = list(self._bindings(name, place.function, place))
            if inner:
                return inner
        top = Place(place.module, None)
        outer = list(self._bindings(name, place.module.tree, top))
        if outer:
            return outer
        for statement in place.module.tree.body:
            if isinstance(statement, ast.ImportFrom) and any(each.name == name for each in statement.names):
                source = self._modules.get(statement.module or "")
                return self._assigned(name, Place(source, None)) if source is not None else []
        return []

    def _bindings(self, name: str, within: ast.AST, place: Place) -> Iterator[tuple[Node, Place]]:
        statements = within.body if isinstance(within, ast.Module) else ast.walk(within)
        for statement in statements:
            if isinstance(statement, ast.AnnAssign) and statement.value is not None:
                targets, value = [statement.target], statement.value
            elif isinstance(statement, ast.Assign):
                targets, value = statement.targets, statement.value
            else:
                continue
            for target in targets:
                if _is_name(target, name):
                    yield value, place
                elif isinstance(target, ast.Tuple):
                    index = next((number for number, each in enumerate(target.elts) if _is_name(each, name)), -1)
                    if index >= 0:
                        yield from ((each.elts[index], place) for each in self._tuples(value, place))

    def _tuples(self, node: Node, place: Place) -> list[ast.Tuple]:
        """Give the tuples that are taken apart: the one that stands there, or a table's."""
        nodes = self._values(node.value, place) if isinstance(node, ast.Subscript) else [node]
        return [each for each in nodes if isinstance(each, ast.Tuple)]

    def _values(self, node: Node, place: Place) -> list[Node]:
        return self._dictionary(node, place).values

    def _table(self, get: ast.Call, place: Place) -> dict[int, Node]:
        if not isinstance(get.func, ast.Attribute):
            raise place.follow_error(get)
        table = self._dictionary(get.func.value, place)
        keys = [each.value for each in table.keys if isinstance(each, ast.Constant)]
        return dict(zip(keys, table.values, strict=True))

    def _dictionary(self, node: Node, place: Place) -> ast.Dict:
        """Follow a name to the table it is bound to, read-only views of one included."""
        if isinstance(node, ast.Call) and _called(node) == "MappingProxyType":
            node = node.args[0]
        if isinstance(node, ast.Dict):
            return node
        if isinstance(node, ast.Name):
            for value, where in self._assigned(node.id, place):
                return self._dictionary(value, where)
        raise place.follow_error(node)


def _calls_in(tree: ast.AST, place: Place) -> Iterator[tuple[Place, ast.Call]]:
    for node in ast.iter_child_nodes(tree):
        inner = Place(place.module, node) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else place
        if isinstance(node, ast.Call):
            yield place, node
        yield from _calls_in(node, inner)


def _called(call: ast.Call) -> str:
    """Name what is called: a function, a class or a method of our own; what has no `id` is left to the caller."""
    match call.func:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr="Event"):
            return "Event"
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            return name
        case _:
            return ""


def _keyword(call: ast.Call, name: str) -> Node | None:
    return next((each.value for each in call.keywords if each.arg == name), None)


def _positional(call: ast.Call, index: int) -> Node | None:
    return call.args[index] if index < len(call.args) else None


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
