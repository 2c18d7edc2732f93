"""Cookies that were given on the command line, as a session keeps them."""

from __future__ import annotations

from time import time

from rrcli.base.errors import usage
from rrcli.codec.http.cookies import Cookie

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from rrcli.adapters.http.request import AnyHttpRequest
    from rrcli.codec.http.cookies import Place

    AnyRequest = TypeVar("AnyRequest", bound=AnyHttpRequest)


def given_cookies(texts: tuple[str, ...], place: Place) -> list[Cookie]:
    """The cookies of `-b name=value` as a session keeps them: for that host alone, until they are deleted."""
    found = []
    for pair in "; ".join(texts).split(";"):
        name, equals, value = pair.strip().partition("=")
        if any(letter < " " or letter == "\x7f" for letter in name + value):
            raise usage("-b holds a control character")
        if equals and name:
            found.append(Cookie(name=name, value=value, domain=place.host, created=time(), origin=place.origin))
    return found
