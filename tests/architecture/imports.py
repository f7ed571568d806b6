"""Rules about who imports what. Each takes modules and returns complaints; the plan itself is in `house.py`."""

import sys
from collections.abc import Iterable

from tests.architecture import house
from tests.architecture.source import Import, Module, imports_of


def floors(modules: Iterable[Module]) -> list[str]:
    """Hold that rooms import rooms of lower floors only, and that every room has a floor."""
    found: list[str] = []
    for module in modules:
        if module.room and module.room not in house.FLOORS:
            found.append(f"{module.name}: the room {module.room} is not in the table of floors")
            continue
        for each in imports_of(module):
            other = room_of(each)
            if other in {"", module.room} or module.room == "":
                continue
            if other not in house.FLOORS:
                found.append(f"{module.name}:{each.line} imports {each.target}, which is in no room")
            elif house.FLOORS[other] >= house.FLOORS[module.room]:
                found.append(f"{module.name}:{each.line} imports {each.target}, which is not on a lower floor")
    return found


def top_only(modules: Iterable[Module]) -> list[str]:
    """Hold that imports stand at the top of the file and are spelled in full."""
    found = [
        f"{module.name}:{each.line} imports {each.target} inside the code"
        for module in modules
        for each in imports_of(module)
        if not each.at_top
    ]
    relative = [
        f"{module.name}:{each.line} imports relatively"
        for module in modules
        for each in imports_of(module)
        if each.relative
    ]
    return found + relative


def settings_seen(modules: Iterable[Module]) -> list[str]:
    """Hold that only the assembly sees the settings."""
    return [
        f"{module.name}:{each.line} imports the settings"
        for module in modules
        for each in imports_of(module)
        if room_of(each) == "settings" and module.room not in house.SEES_SETTINGS
    ]


def libraries(modules: Iterable[Module]) -> list[str]:
    """Hold that a third-party library is used only in the rooms that may."""
    return [
        f"{module.name}:{each.line} imports {each.target}"
        for module in modules
        for each in imports_of(module)
        if (name := each.target.partition(".")[0]) not in sys.stdlib_module_names
        and name != "proxy"
        and module.room not in house.LIBRARIES.get(name, set())
    ]


def purity(modules: Iterable[Module]) -> list[str]:
    """Hold that the two lowest floors import nothing that touches the world."""
    return [
        f"{module.name}:{each.line} imports {each.target} on a pure floor"
        for module in modules
        if house.FLOORS.get(module.room) in house.PURE_FLOORS
        for each in imports_of(module)
        if not _is_pure(module, each)
    ]


def banned(modules: Iterable[Module]) -> list[str]:
    """Hold the bans of single rooms."""
    return [
        f"{module.name}:{each.line} imports {each.target}, which is banned in {module.room}"
        for module in modules
        for each in imports_of(module)
        if each.target.partition(".")[0] in house.BANNED.get(module.room, set())
    ]


def mocks(modules: Iterable[Module]) -> list[str]:
    """Hold that nobody uses a mock library."""
    return [
        f"{module.name}:{each.line} imports {each.target}"
        for module in modules
        for each in imports_of(module)
        if any(f"{each.target}.".startswith(f"{name}.") for name in house.MOCK_LIBRARIES)
    ]


def cycles(modules: Iterable[Module]) -> list[str]:
    """Hold that no module imports itself by a detour."""
    named = {module.name: module for module in modules}
    edges = {
        name: {_module_of(each, named) for each in imports_of(module)} & named.keys() for name, module in named.items()
    }
    found: list[str] = []
    finished: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            found.append(" → ".join([*path[path.index(name) :], name]))
        elif name not in finished:
            for other in sorted(edges[name] - {name}):
                visit(other, (*path, name))
            finished.add(name)

    for name in edges:
        visit(name, ())
    return found


def room_of(each: Import) -> str:
    """Name the room an import leads to; empty when it leads out of the house or to `proxy` itself."""
    parts = each.target.split(".")
    if parts[0] != "proxy" or len(parts) == 1 or parts[1].startswith("__version"):
        return ""
    return parts[1]


def _module_of(each: Import, named: dict[str, Module]) -> str:
    return each.target if each.target in named else each.target.rpartition(".")[0]


def _is_pure(module: Module, each: Import) -> bool:
    name = each.target.partition(".")[0]
    if name == "proxy" or name not in sys.stdlib_module_names:  # rooms and third parties have rules of their own
        return True
    if name in house.PURE_PARTS:
        return any(f"{each.target}.".startswith(f"{part}.") for part in house.PURE_PARTS[name])
    excepted = {(module.name, name), (f"proxy.{module.room}", name)} & house.PURE_EXCEPTIONS.keys()
    return name in house.PURE_STANDARD_LIBRARY or bool(excepted)
