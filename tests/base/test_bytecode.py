"""The finder of this package's own modules: what it finds is what the interpreter would find, and at any doubt it steps aside."""

from __future__ import annotations

import importlib.util
import os
import py_compile
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rrcli.base.bytecode import Finder

NAME = "rrcli.sample"


def module(folder: Path, text: str = "VALUE = 1\n", name: str = "sample") -> Path:
    """A module with the byte code that the interpreter would write; its path."""
    source = folder / f"{name}.py"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(text)
    py_compile.compile(str(source), doraise=True, invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP)
    return source


def cached(source: Path) -> Path:
    return Path(importlib.util.cache_from_source(str(source)))


def test_a_module_is_as_the_interpreter_makes_it(tmp_path: Path) -> None:
    source = module(tmp_path)
    spec = Finder.find_spec(NAME, [str(tmp_path)])
    usual = importlib.util.spec_from_file_location(NAME, source)
    assert spec is not None
    assert usual is not None
    for name in ("name", "origin", "cached", "has_location", "parent", "submodule_search_locations"):
        assert getattr(spec, name) == getattr(usual, name)
    made = importlib.util.module_from_spec(spec)
    assert spec.loader is not None
    spec.loader.exec_module(made)
    assert (made.VALUE, made.__file__, made.__cached__) == (1, str(source), str(cached(source)))
    assert spec.loader.get_source(NAME) == "VALUE = 1\n"  # type: ignore[attr-defined]  # what tracebacks show
    source.write_text("VALUE = 22\n")
    spec.loader.exec_module(made)  # as `importlib.reload` does
    assert made.VALUE == 22


def test_a_package_is_found_with_its_folder(tmp_path: Path) -> None:
    module(tmp_path / "sample", name="__init__")
    spec = Finder.find_spec(NAME, [str(tmp_path)])
    assert spec is not None
    assert (spec.origin, spec.submodule_search_locations) == (str(tmp_path / "sample/__init__.py"), [str(tmp_path / "sample")])


def older(source: Path) -> None:
    os.utime(source, (1, 1))


def longer(source: Path) -> None:
    now = source.stat().st_mtime
    source.write_text("VALUE = 333\n")
    os.utime(source, (now, now))


def of_another_python(source: Path) -> None:
    data = cached(source).read_bytes()
    cached(source).write_bytes(bytes(4) + data[4:])


def by_its_hash(source: Path) -> None:
    py_compile.compile(str(source), doraise=True, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)


def cut_short(source: Path) -> None:
    cached(source).write_bytes(cached(source).read_bytes()[:12])


def cut_inside(source: Path) -> None:
    cached(source).write_bytes(cached(source).read_bytes()[:-4])


def without_source(source: Path) -> None:
    source.unlink()


def without_byte_code(source: Path) -> None:
    cached(source).unlink()


@pytest.mark.parametrize("spoil", [older, longer, of_another_python, by_its_hash, cut_short, cut_inside, without_source, without_byte_code])
def test_at_any_doubt_the_interpreter_is_asked(spoil: Callable[[Path], None], tmp_path: Path) -> None:
    source = module(tmp_path)
    assert Finder.find_spec(NAME, [str(tmp_path)]) is not None
    spoil(source)
    assert Finder.find_spec(NAME, [str(tmp_path)]) is None


@pytest.mark.parametrize("name", ["json", "rrclient.sample", "rrcli"])
def test_modules_of_others_are_left_alone(name: str, tmp_path: Path) -> None:
    module(tmp_path, name=name.rpartition(".")[2])
    assert Finder.find_spec(name, [str(tmp_path)]) is None
    assert Finder.find_spec(NAME) is None


@pytest.mark.parametrize(
    ("options", "environ", "ours"), [([], {}, True), (["-O"], {}, False), ([], {"PYTHONPYCACHEPREFIX": "{}/cache"}, False)]
)
def test_the_command_uses_it_where_byte_code_lies_beside_the_source(
    options: list[str], environ: dict[str, str], ours: bool, tmp_path: Path
) -> None:
    asking = "import sys, rrcli.__main__ as entry; entry.main = lambda: print(sys.meta_path[0].__module__) or 0; entry.run()"
    environ = {name: value.format(tmp_path) for name, value in environ.items()}
    environ |= {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, *options, "-c", asking], env=environ, capture_output=True, text=True, check=True)
    assert (done.stdout == "rrcli.base.bytecode\n") is ours
