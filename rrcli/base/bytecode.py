"""Imports of this package, found where they are known to be: what the command does first, a quarter of its start-up.

The interpreter's own finder asks each folder of `sys.path`, lists each folder of the package and looks at a module four times before
it reads it: a tenth of a millisecond for a module of no lines, and a command loads seventy. Here one look at the byte code beside the
source, and one at the source, is all. It holds the byte code to what the interpreter holds it to: the version of Python, and the age and
size of the source. At any doubt the interpreter's finder is asked, as if this one were not there; it also writes what is missing.
"""

from __future__ import annotations

import os
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import MAGIC_NUMBER, SourceFileLoader
from marshal import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, ModuleType

OURS = f"{__name__.partition('.')[0]}."
HEAD = MAGIC_NUMBER + bytes(4)  # of byte code that goes by the age of its source, and not by a hash (PEP 552)
ENDING = f".{sys.implementation.cache_tag}.pyc"


def install() -> None:
    """Find modules of this package so from now on, in this process, unless byte code lies elsewhere or is of another kind."""
    if sys.pycache_prefix is None and not sys.flags.optimize and sys.implementation.cache_tag:
        sys.meta_path.insert(0, Finder)


class Finder:
    """A finder of `sys.meta_path`."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:  # noqa: ARG004
        """The module or package `name` in the first folder of `path`; `None` where another finder has to say."""
        if not path or not name.startswith(OURS):
            return None
        folder, own = path[0], name.rpartition(".")[2]
        source, cached = f"{folder}/{own}.py", f"{folder}/__pycache__/{own}{ENDING}"
        code = _read(source, cached)
        is_package = code is None
        if is_package:
            source, cached = f"{folder}/{own}/__init__.py", f"{folder}/{own}/__pycache__/__init__{ENDING}"
            code = _read(source, cached)
            if code is None:
                return None
        spec = ModuleSpec(name, Loader(name, source, code), origin=source, is_package=is_package)
        spec.has_location = True
        spec.cached = cached
        if is_package:
            spec.submodule_search_locations = [f"{folder}/{own}"]
        return spec


class Loader(SourceFileLoader):
    """The interpreter's loader, which has the byte code already."""

    def __init__(self, name: str, source: str, code: CodeType | None) -> None:
        super().__init__(name, source)
        self.code = code

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, once with what was found; whoever loads it again has it read again."""
        code, self.code = self.code, None
        if code is None:
            super().exec_module(module)
        else:
            exec(code, module.__dict__)


def _read(source: str, cached: str) -> CodeType | None:
    """The byte code at `cached`, if it was made of `source` as that is now."""
    try:
        file = os.open(cached, os.O_RDONLY)
    except OSError:
        return None
    try:
        data = os.read(file, os.fstat(file).st_size)
        now = os.stat(source)
    except OSError:
        return None
    finally:
        os.close(file)
    made_of = data[8:12] == (int(now.st_mtime) & 0xFFFFFFFF).to_bytes(4, "little") and data[12:16] == now.st_size.to_bytes(4, "little")
    if data[:8] != HEAD or not made_of:
        return None
    try:
        found: CodeType = loads(memoryview(data)[16:])
    except (EOFError, TypeError, ValueError):  # it was cut
        return None
    return found
