"""Cases of a test by name, each made when its test asks for it: held together, the largest would be gigabytes in every process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Made(dict[str, Callable[[], Any]]):
    """Names with functions; what is looked up is what the function returns, made anew each time."""

    def __getitem__(self, name: str) -> Any:
        return super().__getitem__(name)()
