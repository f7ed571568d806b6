"""Reads modules as syntax trees without importing them; judging them is left to the rules."""

import ast
import subprocess
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Module(NamedTuple):
    """One file of Python."""

    name: str
    """Dotted name; a package's `__init__` has the package's."""
    text: str
    """Source."""
    tree: ast.Module
    """Its syntax tree."""

    @property
    def room(self) -> str:
        """Folder or module directly under `proxy`; empty for `proxy` itself."""
        return self.name.partition(".")[2].partition(".")[0]


class Import(NamedTuple):
    """One imported name."""

    target: str
    """`package.module`, or `package.module.name` for `from package.module import name`."""
    line: int
    """Where it stands."""
    at_top: bool
    """Whether it stands at the top of the file, or there in a `try` that catches ImportError."""
    relative: bool
    """Whether it is spelled with leading dots."""


def parse(name: str, text: str) -> Module:
    """Make a module of source text."""
    return Module(name, text, ast.parse(text))


@cache
def read_house() -> tuple[Module, ...]:
    """Read every module of `proxy`."""
    return tuple(parse(_dotted(path), path.read_text()) for path in sorted((ROOT / "proxy").rglob("*.py")))


@cache
def read_tests() -> tuple[Module, ...]:
    """Read every module of the tests; their names are paths."""
    paths = sorted((ROOT / "tests").rglob("*.py"))
    return tuple(parse(path.relative_to(ROOT).as_posix(), path.read_text()) for path in paths)


def tracked_files() -> list[Path]:
    """List the files that are in version control, or all that are there when this is no clone."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listing.returncode == 0:
        return [path for name in listing.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]
    return [path for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts]


def imports_of(module: Module) -> list[Import]:
    """List every import of a module, wherever it stands."""
    top = set(module.tree.body)
    for statement in module.tree.body:
        if isinstance(statement, ast.Try) and any(_catches_import_error(handler) for handler in statement.handlers):
            top.update(statement.body)
    found: list[Import] = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found += [Import(alias.name, node.lineno, node in top, relative=False) for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            base = node.module or ""
            found += [
                Import(f"{base}.{alias.name}", node.lineno, node in top, relative=node.level > 0)
                for alias in node.names
            ]
    return found


def functions_of(module: Module) -> list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """List every function and method with its dotted name, nested ones too."""
    return [(name, node) for name, node in definitions_of(module) if not isinstance(node, ast.ClassDef)]


def definitions_of(module: Module) -> list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]]:
    """List every function, method and class with its dotted name, nested ones too."""
    found: list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]] = []

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.append((f"{prefix}.{child.name}", child))
                visit(child, f"{prefix}.{child.name}")
            else:
                visit(child, prefix)

    visit(module.tree, module.name)
    return found


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    return isinstance(handler.type, ast.Name) and handler.type.id in {"ImportError", "ModuleNotFoundError"}
