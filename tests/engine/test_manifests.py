"""Every protocol of the registry: what follows from its name is there, and what its manifest names exists."""

from __future__ import annotations

import ast
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from rrcli.codec import boundary
from rrcli.codec.recognise import recognise
from rrcli.engine import hooks, registry
from rrcli.engine.catalogue import families, responders, scheme_of_greeting
from rrcli.engine.manifest import Manifest, load
from rrcli.options.request import Request

ROOT = Path(__file__).parents[2] / "rrcli"
PROTOCOLS = {entry.name: entry for entry in registry.PROTOCOLS}
EVERY = pytest.mark.parametrize("name", PROTOCOLS)
NAMED = ("as_command", "content_spans", "parts", "stream_words", "responder")  # fields of a manifest that are MODULE:NAME
# Framings that come out of codecs, by the protocol whose adapter yields them.
OF_CODECS = {
    "http": ("content-length", "chunked", "close", "none", "upgrade", "end-stream", "eof"),
    "redis": ("crlf", "length-prefix", "element-count"),
    "tcp": tuple({each.framing for each in vars(boundary).values() if isinstance(each, type) and issubclass(each, boundary.Boundary)}),
}


@EVERY
def test_the_package_is_named_as_the_command_and_has_its_parts(name: str) -> None:
    entry = PROTOCOLS[name]
    request_type, exchange = entry.load()
    assert request_type.__module__ == f"rrcli.adapters.{name}.request"
    assert issubclass(request_type, Request)
    assert (exchange.__module__, exchange.__name__) == (f"rrcli.adapters.{name}", "exchange")
    assert (type(entry.load_hooks()) is hooks.Hooks) is not entry.hooks
    assert isinstance(entry.load_manifest(), Manifest)


@EVERY
def test_the_package_itself_holds_exchange_alone(name: str) -> None:
    tree = ast.parse((ROOT / "adapters" / name / "__init__.py").read_text("utf-8"))
    assert [node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))] == ["exchange"]


@EVERY
def test_hooks_answer_what_is_asked_and_nothing_else(name: str) -> None:
    kind = type(PROTOCOLS[name].load_hooks())
    assert {each for each in dir(kind) if not each.startswith("_")} == {each for each in dir(hooks.Hooks) if not each.startswith("_")}


@EVERY
def test_the_page_of_its_help_is_whole(name: str) -> None:
    manifest = PROTOCOLS[name].load_manifest()
    assert all((manifest.synopsis, manifest.help.endswith("."), manifest.label))
    assert 2 <= len(manifest.examples) <= 4
    assert all(shlex.split(example)[:2] == ["rrcli", name] for example in manifest.examples)


@EVERY
def test_what_a_manifest_names_exists(name: str) -> None:
    manifest = PROTOCOLS[name].load_manifest()
    named = [*(getattr(manifest, field) for field in NAMED), *manifest.foreign_options]
    assert all(callable(load(reference)) for reference in named if reference)
    assert all(__import__(module, fromlist=["TABLE"]).TABLE for module in manifest.families.values())
    assert manifest.explains is None or manifest.explains in families()
    assert set(manifest.secure) <= {scheme for entry in registry.PROTOCOLS for scheme in entry.schemes}
    if manifest.place:
        assert manifest.place.over in responders().responders


@EVERY
def test_its_framings_are_known(name: str) -> None:
    framings = PROTOCOLS[name].load_manifest().framings
    assert {*constants("framing", ROOT / "adapters" / name), *OF_CODECS.get(name, ())} <= framings.keys()


def constants(name: str, folder: Path) -> Iterator[str]:
    """The texts given to a keyword, or assigned to a variable or an attribute, of that name within a folder's modules."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            value: ast.expr | None = None
            if (isinstance(node, ast.keyword) and node.arg == name) or (
                isinstance(node, ast.Assign) and name in {getattr(each, "attr", getattr(each, "id", None)) for each in node.targets}
            ):
                value = node.value
            for part in (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value


@EVERY
def test_a_demo_step_shows_the_protocol_where_it_is_answered(name: str) -> None:
    manifest = PROTOCOLS[name].load_manifest()
    assert bool(manifest.demo) is (name in responders().names)
    for step in manifest.demo:
        lines = [shlex.split(line.format(where="h:1", base="http://h:1")) for line in (step.line, *step.before)]
        assert all(words[0] == name for words in lines)


@pytest.mark.parametrize(("data", "scheme"), [(b"HTTP/1.1 200 OK\r\n", "http"), (b"-ERR x\r\n", "redis"), (b"SSH-2.0-x\r\n", None)])
def test_a_greeting_leads_to_the_protocol_that_knows_it(data: bytes, scheme: str | None) -> None:
    assert scheme_of_greeting(recognise(data).greeting or "") == scheme


def test_a_page_of_an_alias_is_whole() -> None:
    for alias in registry.ALIASES:
        page = alias.load_page()
        assert page.synopsis
        assert page.help.endswith(".")
        assert 2 <= len(page.examples) <= 4
        assert alias.protocol in PROTOCOLS
        assert alias.load().options()
