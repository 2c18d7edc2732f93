"""The arguments `[METHOD] URL [ITEM...]` told apart."""

from __future__ import annotations

from rrcli.adapters.http.prepare.target import PORTS
from rrcli.base.errors import usage
from rrcli.base.url import without_userinfo

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "QUERY")


def split_words(words: tuple[str, ...]) -> tuple[str | None, str, tuple[str, ...]]:
    """Method, URL and items. A first word is a method when it is written as one and what follows may be a URL."""
    if not words:
        raise usage("the URL is missing", "write [METHOD] URL [ITEM...] behind the command")
    first = words[0]
    for word in words:
        if (word.startswith("{") and word.endswith("}")) or word.startswith(('{"', "[{", '["', "@")):
            from rrcli.adapters.http.prepare.httpie import instead_of_json

            raise instead_of_json(word)
    if len(words) == 1:
        if first in METHODS:
            raise usage(f"{first} is a method, and the URL is missing", f"write rrcli http {first} URL")
        return None, first, ()
    known = first.upper() in METHODS and (first in METHODS or _like_url(words[1]))
    named = known or (_like_method(first) and _like_url(words[1]))
    method, (address, *items) = (first.upper() if known else first, words[1:]) if named else (None, words)
    for word in items:
        if word.partition("://")[0].lower() in PORTS:  # as an item it would be a field named http
            hint = f"a method is written {first.upper()}" if first.upper() in METHODS else "write rrcli http [METHOD] URL [ITEM...]"
            raise usage(f"{without_userinfo(word)!r} is a URL behind another: {without_userinfo(address)!r}", hint)
    return method, address, tuple(items)


def _like_method(word: str) -> bool:
    return word.isascii() and word.isupper() and word.replace("-", "").replace("_", "").isalnum()


def _like_url(word: str) -> bool:
    """Whether a word is more likely a URL than an item: no separator of items but a colon stands before its path."""
    start = word.partition("/")[0].partition("?")[0]
    return "://" in word or not ("=" in start or ";" in start or ("@" in start and ":" not in start.partition("@")[0]))
