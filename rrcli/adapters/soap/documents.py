"""Where a WSDL and what it imports come from: URLs and files made absolute, read or queued, and never more than is allowed."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, malformed, too_large, usage
from rrcli.base.files import read_local
from rrcli.base.record import Record
from rrcli.base.url import without_userinfo
from rrcli.codec.soap.wsdl import scan
from rrcli.codec.soap.xml import normalized

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_FILES = 100
MOST_BYTES = 32 << 20  # of all together
HINT = "rrcli http shows what the URL answers; the WSDL's URL mostly ends with ?wsdl"


class Document(Record):
    """A WSDL or a schema, in UTF-8. `key` is what the library calls it, `url` where it came from in the end."""

    key: str
    url: str
    data: bytes
    enumerations: Mapping[tuple[str, str], tuple[str, ...]]


class Fetch(Record):
    """A document that is to be fetched; `named_by` says where it is named, for messages."""

    key: str
    url: str
    named_by: str = ""


def location_of(word: str) -> str:
    """The URL of what WSDL names: a file that is there, or a URL as people type it. Raises `usage`."""
    from os.path import abspath, exists, expanduser
    from urllib.parse import quote

    if "://" in word and not word.lower().startswith("file://"):
        from rrcli.adapters.http.prepare.target import read_url

        return read_url(word).text
    path = expanduser(word[7:] if word.lower().startswith("file://") else word)
    if exists(path) or word.lower().startswith("file://") or (word.endswith((".wsdl", ".xml")) and ":" not in word):
        return f"file://{quote(abspath(path))}"
    from rrcli.adapters.http.prepare.target import read_url

    if not (":" in word or "/" in word or "." in word or word == "localhost"):
        raise usage(f"{word!r} is neither a file nor a URL", "write rrcli soap http://HOST/PATH?wsdl, or the name of a file")
    return read_url(word).text


def is_file(url: str) -> bool:
    return url.startswith("file://")


def path_of(url: str) -> str:
    """The path of a file's URL."""
    from urllib.parse import unquote

    return unquote(url[7:])


def shown_url(url: str) -> str:
    """A URL for messages: that of a file as its path, others without a password."""
    return path_of(url) if is_file(url) else without_userinfo(url)


class Collection:
    """The documents and those that they name, as far as they are known."""

    def __init__(self, documents: Mapping[str, Document], waiting: tuple[Fetch, ...]) -> None:
        self.documents = dict(documents)
        self.waiting = list(waiting)

    def add_file(self, fetch: Fetch) -> None:
        """Read a file of this machine. Raises `local`, or what `add` raises."""
        try:
            data = read_local(path_of(fetch.url))
        except ExchangeError as error:
            error.hint = f"it is named by {fetch.named_by}" if fetch.named_by else error.hint
            raise
        self.add(fetch, fetch.url, data, None)

    def add(self, fetch: Fetch, url: str, data: bytes, charset: str | None) -> None:
        """Take a document, and queue what it imports; of files those are read too.

        Raises `malformed`, `wrong_protocol`, `unsupported` or `too_large`.
        """
        what = shown_url(url)
        refuse_html(data, what)
        data = normalized(data, charset, what)
        if not data.lstrip().startswith(b"<"):
            start = data[:60].decode("utf-8", "replace").split("\n")[0].strip()
            raise malformed(f"expected a WSDL, got {start!r} ({what})" if start else f"expected a WSDL, got nothing ({what})", HINT)
        found = scan(data, what, root=not self.documents)
        self.documents[fetch.key] = Document(key=fetch.key, url=url, data=data, enumerations=found.enumerations)
        if sum(len(document.data) for document in self.documents.values()) > MOST_BYTES:
            raise too_large(f"the WSDL and what it imports are larger than {MOST_BYTES >> 20} MiB")
        for named in found.imports:
            self._name(fetch.key, url, named.location, f"{what}, line {named.line}")

    def _name(self, parent_key: str, parent_url: str, location: str, named_by: str) -> None:
        """Queue a document, or read it, unless it is known."""
        from urllib.parse import urljoin

        from rrcli.adapters.soap.builtin import BUILTIN

        key, url = _joined(urljoin, parent_key, location, named_by), _joined(urljoin, parent_url, location, named_by)
        if key in BUILTIN or key in self.documents or any(fetch.key == key for fetch in self.waiting):
            return
        fetch = Fetch(key=key, url=url, named_by=named_by)
        if len(self.documents) + len(self.waiting) >= MOST_FILES:
            raise too_large(f"the WSDL imports more than {MOST_FILES} files; one too many is named by {named_by}")
        if is_file(url):
            if not is_file(parent_url):
                message = f"{named_by} imports a file of this machine, which nothing from the network may"
                raise malformed(message, "the WSDL is broken, or hostile")
            self.add_file(fetch)
        elif url.startswith(("http://", "https://")):
            self.waiting.append(fetch)
        else:
            raise ExchangeError("protocol", "unsupported", f"{named_by} imports {url[:200]!r}, which is neither HTTP nor a file")


def _joined(join: object, base: str, location: str, named_by: str) -> str:
    """A location made absolute, without a fragment."""
    try:
        return str(join(base, location)).partition("#")[0]  # type: ignore[operator]  # urljoin
    except ValueError as error:
        raise malformed(f"{named_by} imports {location[:200]!r}, which is no URL: {error}") from error


def refuse_html(data: bytes, what: str) -> None:
    """Raise `wrong_protocol` for a page that people read."""
    if looks_like_html(data):
        raise ExchangeError("protocol", "wrong_protocol", f"expected a WSDL, got HTML{title(data)} ({what})", hint=HINT)


def looks_like_html(data: bytes) -> bool:
    """Whether it begins as a page of HTML does."""
    start = data[:1000].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(b"<?xml"):
        start = start.partition(b"?>")[2].lstrip()
    return start.startswith((b"<!doctype html", b"<html"))


def title(data: bytes) -> str:
    """The title of a page, as it is quoted."""
    start = data[:4096].decode("utf-8", "replace")
    at = start.lower().find("<title>")
    text = start[at + 7 :].partition("<")[0].strip() if at >= 0 else ""
    return f": {text[:80]!r}" if text else ""
