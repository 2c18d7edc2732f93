"""Shared code names no protocol: it asks the registry, the hooks and the manifest, so that a new protocol touches none of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from rrcli.engine import registry

ROOT = Path(__file__).parents[1] / "rrcli"
SHARED = ("engine", "report", "cli", "policy", "series", "plan", "load")
REGISTRY = ROOT / "engine" / "registry.py"
NAMES = {entry.name for entry in registry.PROTOCOLS}
# `tls` is a layer and a phase as well, and of a HAR `dns` is a key of the format.
ALLOWED = {"tls": SHARED, "dns": ("report/formats/har.py",)}
FILES = sorted(path for layer in SHARED for path in (ROOT / layer).rglob("*.py") if path != REGISTRY)


def adapters_imported(tree: ast.AST) -> Iterator[str]:
    """The imports of an adapter, lazy and type-only ones too."""
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
        yield from (name for name in names if name.startswith("rrcli.adapters"))


def names_used(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name wherever code depends on a protocol's name: compared, a key, a member, a subscript."""
    for node in ast.walk(tree):
        parts: list[ast.expr | None] = []
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.Dict):
            parts = list(node.keys)
        elif isinstance(node, (ast.Tuple, ast.Set, ast.List)):
            parts = list(node.elts)
        elif isinstance(node, ast.Subscript):
            parts = [node.slice]
        elif isinstance(node, ast.MatchValue):
            parts = [node.value]
        yield from ((part.lineno, part.value) for part in parts if isinstance(part, ast.Constant) and part.value in NAMES)


def is_allowed(path: Path, name: str) -> bool:
    where = path.relative_to(ROOT).as_posix()
    return any(where.startswith(prefix) for prefix in ALLOWED.get(name, ()))


@pytest.mark.parametrize("code", ["a == 'redis'", "{'redis': 1}", "a in ('redis', 'x')", "a['redis']", "['redis']", "{'redis'}"])
def test_a_name_that_is_used_is_found(code: str) -> None:
    assert list(names_used(ast.parse(code))) == [(1, "redis")]


def test_a_word_in_a_sentence_is_none() -> None:
    assert list(names_used(ast.parse("f('use rrcli redis', kind='redis')"))) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_shared_code_names_no_protocol(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert list(adapters_imported(tree)) == []
    assert [(line, name) for line, name in names_used(tree) if not is_allowed(path, name)] == []
