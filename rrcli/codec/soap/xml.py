"""XML as SOAP has it: without a document type, and so without entities of its own and without anything from outside; bounded.

SOAP forbids a document type in its messages (SOAP 1.1 section 3, SOAP 1.2 part 1 section 5), and WSDL needs none. What is read passes
`read`; a visitor is told of the elements under their expanded names, `{namespace}local` as "namespace local".
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, malformed, too_large

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    Names = dict[str, str]

DEEPEST = 200
MOST_ELEMENTS = 1_000_000
LONGEST_TAG = 1 << 20  # bytes that one tag, comment or instruction may be; expat holds it whole
PIECE = 1 << 16
SPARE = 160 << 20  # bytes that values made of XML may take in memory, by a rough count
ENCODINGS = {"utf8": "utf-8", "us-ascii": "ascii", "latin1": "iso-8859-1"}
BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
XSI = "http://www.w3.org/2001/XMLSchema-instance"
ENCODING_11 = "http://schemas.xmlsoap.org/soap/envelope/"


class Visitor:
    """What is told of an XML text. Names are "namespace local", or the local name alone."""

    def start(self, name: str, attributes: Names, at: int) -> None:
        """An element begins at the byte `at` of the text in UTF-8."""

    def end(self, name: str, at: int) -> None:
        """It ends, by the tag that begins there."""

    def text(self, data: str) -> None:
        """Some of the text within."""


class Place:
    """Where something stands in a text: its line, counted from 1."""

    line = 1


def local(name: str) -> str:
    """The local part of a name."""
    return name.rpartition(" ")[2]


def read(data: bytes, visitor: Visitor, what: str, place: Place | None = None, check: Callable[[], None] | None = None) -> int:
    """Tell the visitor of a whole text in UTF-8, which `normalized` makes, and return how many elements it has.

    `what` is its name in messages; `check` is called now and then, and may raise.

    Raises `malformed` for what is not well-formed, has a document type or is nested too deeply, `too_large` for too many elements.
    """
    from pyexpat import ExpatError, ParserCreate

    parser = ParserCreate("utf-8", " ")  # whatever its declaration says: it has been decoded
    parser.buffer_text = True
    here = place or Place()
    depth = count = 0

    def start(name: str, attributes: Names) -> None:
        nonlocal depth, count
        depth, count = depth + 1, count + 1
        if depth > DEEPEST:
            raise malformed(f"{what} is nested deeper than {DEEPEST} (line {parser.CurrentLineNumber})")
        if count > MOST_ELEMENTS:
            raise too_large(f"{what} has more than {MOST_ELEMENTS} elements")
        here.line = parser.CurrentLineNumber
        visitor.start(name, attributes, parser.CurrentByteIndex)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        visitor.end(name, parser.CurrentByteIndex)

    def refuse(*_: object) -> NoReturn:
        raise malformed(
            f"{what} has a document type (line {parser.CurrentLineNumber}), which is never read",
            "no entity is expanded and nothing is fetched for it: SOAP forbids it",
        )

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = visitor.text
    parser.StartDoctypeDeclHandler = refuse
    try:
        for at in range(0, len(data), PIECE):
            parser.Parse(data[at : at + PIECE], False)
            if check:
                check()
            if at + PIECE - parser.CurrentByteIndex > LONGEST_TAG:
                raise too_large(f"{what} has a tag or a comment longer than {LONGEST_TAG >> 20} MiB (line {parser.CurrentLineNumber})")
        parser.Parse(b"", True)
        return count
    except ExpatError as error:
        raise malformed(f"{what} is no well-formed XML: line {error.lineno}, column {error.offset + 1}: {_words(error)}") from error


def _words(error: Any) -> str:
    from pyexpat import ErrorString

    return ErrorString(error.code) or "a mistake"


def normalized(data: bytes, charset: str | None, what: str) -> bytes:
    """The text in UTF-8, without a declaration that says otherwise. Its encoding is told by a byte order mark, else by `charset`,
    else by its declaration (RFC 7303 section 3). Raises `malformed`."""
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return _recoded(data[len(mark) :], encoding, what)
    declared = None if charset else _declared(data)
    encoding = (charset or declared or "utf-8").lower()
    return _recoded(data, ENCODINGS.get(encoding, encoding), what)


def _recoded(data: bytes, encoding: str, what: str) -> bytes:
    if encoding != "utf-8":
        from codecs import lookup

        try:
            if not lookup(encoding)._is_text_encoding:  # what `bytes.decode` asks, too
                raise LookupError
            data = data.decode(encoding).encode()
        except LookupError:
            raise ExchangeError("protocol", "unsupported", f"{what} is in the encoding {encoding[:40]!r}, which is not known") from None
        except ValueError as error:
            raise malformed(f"{what} is not in the encoding {encoding} that it says: {error}") from error
    return data[data.find(b"?>") + 2 :] if _declared(data) not in (None, "utf-8") else data


def _declared(data: bytes) -> str | None:
    """The encoding that the declaration names, in lower case."""
    if not data.startswith(b"<?xml"):
        return None
    head = data[: data.find(b"?>", 0, 400) + 1]
    _, found, rest = head.partition(b"encoding")
    rest = rest.lstrip(b" \t\r\n=")
    if not found or rest[:1] not in (b'"', b"'"):
        return None
    return rest[1:].partition(rest[:1])[0].decode("ascii", "replace").lower()


# --- values


class Builder(Visitor):
    """Makes the JSON value of an element: text, or an object of its children by their local names, repeated ones as a list.

    Attributes are members named with an `@`, text beside either stands under `#text`; those of XML Schema and of encodings are left out,
    but `xsi:nil`, which makes null. `value` is there once the element has ended.
    """

    def __init__(self) -> None:
        self.value: Any = None
        self._open: list[_Open] = []
        self._spent = 0

    @property
    def busy(self) -> bool:
        """Whether the element has not ended yet."""
        return bool(self._open)

    def start(self, name: str, attributes: Names, at: int) -> None:  # noqa: ARG002
        shown = {f"@{local(key)}": text for key, text in attributes.items() if not key.startswith((XSI, ENCODING_11))}
        is_nil = attributes.get(f"{XSI} nil") in ("true", "1") if attributes else False
        self._open.append(_Open(local(name), shown, is_nil))
        self._spend(320 if shown else 120)

    def text(self, data: str) -> None:
        if self._open:
            self._open[-1].text.append(data)
            self._spend(50 + len(data))

    def end(self, name: str, at: int) -> None:  # noqa: ARG002
        ended = self._open.pop()
        value = ended.value()
        if not self._open:
            self.value = value
            return
        self._open[-1].add(ended.name, value)

    def _spend(self, size: int) -> None:
        self._spent += size
        if self._spent > SPARE:
            raise too_large("the answer is too large to be read as values", "ask for less at once; -o FILE saves it as it is")


class _Open:
    """An element that has begun."""

    __slots__ = ("is_nil", "lists", "members", "name", "text")

    def __init__(self, name: str, members: dict[str, Any], is_nil: bool) -> None:
        self.name = name
        self.members = members
        self.is_nil = is_nil
        self.lists: tuple[str, ...] = ()  # the members that were repeated
        self.text: list[str] = []

    def add(self, name: str, value: Any) -> None:
        if name not in self.members:
            self.members[name] = value
        elif name in self.lists:
            self.members[name].append(value)
        else:
            self.members[name] = [self.members[name], value]
            self.lists = (*self.lists, name)

    def value(self) -> Any:
        text = "".join(self.text)
        if not self.members:
            return None if self.is_nil else text
        if text.strip():
            self.members["#text"] = text
        return self.members
