"""`-H NAME:VALUE`: an info header of THeader, or a field of HTTP."""

from __future__ import annotations

from rrcli.base.errors import usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.thrift.request import ThriftRequest
    from rrcli.model.values import Fields


def pairs(request: ThriftRequest) -> Fields:
    """The names and values. Raises `usage` for a word that has no name, or a control character."""
    found = []
    for text in request.headers:
        name, colon, value = text.partition(":")
        if not name.strip() or not colon:
            raise usage(f"-H {text[:60]!r} has no name", "write 'NAME: VALUE'")
        if any(letter < " " or letter == "\x7f" for letter in text):
            raise usage(f"-H {name[:60]!r} has a control character in it")
        found.append((name.strip(), value.strip()))
    return tuple(found)
