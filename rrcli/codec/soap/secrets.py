"""Where secrets stand in an envelope that is sent: the text of elements that are named as passwords and tokens are."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError
from rrcli.base.fields import ENDINGS
from rrcli.codec.soap.xml import Visitor, local, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.codec.soap.xml import Names

Span = tuple[int, int]


class _Secrets(Visitor):
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._begun: list[int | None] = []  # where the content of each open element begins, of those that hold a secret
        self.spans: list[Span] = []
        self.texts: list[str] = []
        self._text = ""

    def start(self, name: str, attributes: Names, at: int) -> None:  # noqa: ARG002
        if self._begun and self._begun[-1] is not None:  # it has elements in it, and they may have names of their own
            self._begun[-1] = None
        secret = local(name).lower().endswith(ENDINGS)
        self._begun.append(_end_of_tag(self._data, at) if secret else None)
        self._text = ""

    def text(self, data: str) -> None:
        if self._begun and self._begun[-1] is not None:
            self._text += data

    def end(self, name: str, at: int) -> None:  # noqa: ARG002
        begin = self._begun.pop()
        if begin is not None and begin < at and self._text.strip():
            self.spans.append((begin, at))
            self.texts.append(self._text.strip())


def _end_of_tag(data: bytes, at: int) -> int:
    """Behind the `>` of a tag, which may stand within quotes before."""
    quote = 0
    for place in range(at, len(data)):
        letter = data[place]
        if quote:
            quote = 0 if letter == quote else quote
        elif letter in b"\"'":
            quote = letter
        elif letter == 0x3E:
            return place + 1
    return len(data)


def secret_spans(data: bytes) -> list[Span]:
    """The spans of secrets in XML; of what is no XML as many as stand before the mistake."""
    return _found(data).spans


def secret_texts(data: bytes) -> tuple[str, ...]:
    """The secrets themselves, in plain and as they stand there."""
    found = _found(data)
    written = [data[begin:end].decode("utf-8", "replace").strip() for begin, end in found.spans]
    return tuple(dict.fromkeys((*found.texts, *written)))


def _found(data: bytes) -> _Secrets:
    visitor = _Secrets(data)
    try:
        read(data, visitor, "the envelope")
    except ExchangeError:
        pass
    return visitor
