"""The layers: every import of the package is read from its source, lazy and type-only ones too; none goes up, and none closes a circle."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1] / "rrcli"
LAYERS = [
    "base",
    "model",
    "explain",
    "options",
    "codec",
    "wire",
    "responders",
    "policy",
    "engine",
    "adapters",
    "series",
    "plan",
    "load",
    "report",
    "cli",
]
IN_THE_ROOT = {"rrcli", "rrcli.__main__", "rrcli.api", "rrcli.httpxtransport"}


def modules() -> dict[str, Path]:
    """Every module by its dotted name; a package is its `__init__`."""
    found = {}
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imported(name: str, path: Path) -> Iterator[str]:
    """The modules of the package that a module imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name} imports relatively"
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [one if one in MODULES else str(node.module) for one in whole]
        yield from (one for one in names if one in MODULES and one != name)


@functools.cache
def graph() -> dict[str, set[str]]:
    """Every module with those that it imports."""
    return {name: set(imported(name, path)) for name, path in MODULES.items()}


def circles(edges: dict[str, set[str]]) -> set[frozenset[str]]:
    """The largest groups of modules that all import each other, directly or not (Tarjan's strongly connected components)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    found: set[frozenset[str]] = set()

    def visit(name: str) -> None:
        order[name] = low[name] = len(order)
        path.append(name)
        for other in edges[name]:
            if other not in order:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in path:
                low[name] = min(low[name], order[other])
        if low[name] == order[name]:
            at = path.index(name)
            if len(path) - at > 1:
                found.add(frozenset(path[at:]))
            del path[at:]

    for name in edges:
        if name not in order:
            visit(name)
    return found


def layer_of(name: str) -> str | None:
    """The folder of a module under the root."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and name not in IN_THE_ROOT else None


def test_a_circle_is_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == {frozenset({"b", "c"})}


def test_no_files_import_each_other_in_a_circle() -> None:
    assert circles(graph()) == set()


def test_a_folder_imports_only_what_stands_before_it() -> None:
    upwards = {
        (name, other)
        for name, others in graph().items()
        for other in others
        if (ours := layer_of(name)) and (theirs := layer_of(other)) and LAYERS.index(theirs) > LAYERS.index(ours)
    }
    assert upwards == set()


def test_every_folder_is_a_layer_and_only_the_entrances_stand_in_the_root() -> None:
    loose = {name for name in MODULES if name.count(".") == 1 and MODULES[name].name != "__init__.py"} | {"rrcli"}
    assert loose == IN_THE_ROOT
    assert {layer for name in MODULES if (layer := layer_of(name))} <= set(LAYERS)
    assert all(not (IN_THE_ROOT & others) for name, others in graph().items() if name not in IN_THE_ROOT)
