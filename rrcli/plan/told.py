"""What is wrong with a piece of a plan, told with its place."""

from __future__ import annotations

from contextlib import contextmanager

from rrcli.base.errors import ExchangeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.base.places import Path as Place
    from rrcli.base.sourcefile import Problems, SourceFile


@contextmanager
def told(problems: Problems, source: SourceFile, path: Place, *, key: bool = False, token: str = "") -> Iterator[None]:
    """Whatever is found wrong within is told with the place."""
    try:
        yield
    except ExchangeError as error:
        problems.add(source, path, f"{error.message}{(error.hint and f' ({error.hint})') or ''}", key=key, token=token)
    except ValueError as error:
        problems.add(source, path, str(error), key=key, token=token)
