"""The messages that are sent, as JSON: items, `-d`, files, and standard input as it comes."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, usage
from rrcli.base.jsontext import WHITESPACE, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.adapters.grpc.request import GrpcRequest

MOST_UNREAD = 64 << 20  # bytes of a message on standard input that is not over


class Values:
    """Cuts text into JSON values that follow each other, each as soon as it is whole."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._rest = ""
        self._at = 0  # letters of the rest that are looked at
        self._depth = 0
        self._quoted = self._escaped = False

    def feed(self, text: str) -> Iterator[Any]:
        """The values that the text completes. Raises `usage` for what is no JSON."""
        self._rest += text
        while (end := self._end()) is not None:
            word, self._rest, self._at = self._rest[:end], self._rest[end:], 0
            yield self._value(word)
        if len(self._rest) > MOST_UNREAD:
            raise usage(f"a message in {self._source} is longer than {MOST_UNREAD >> 20} MiB")

    def finish(self) -> Iterator[Any]:
        """The value that the end of the text ends."""
        if self._rest.strip(WHITESPACE):
            yield self._value(self._rest)

    def _end(self) -> int | None:
        """Where the value at the beginning of the rest ends; `None` while that is not known."""
        if self._at == 0:
            self._rest = self._rest.lstrip(WHITESPACE)
        for at in range(self._at, len(self._rest)):
            letter = self._rest[at]
            if self._quoted:
                self._quoted = self._escaped or letter != '"'
                self._escaped = letter == "\\" and not self._escaped
                if not (self._quoted or self._depth):
                    return at + 1
            elif letter == '"':
                self._quoted = True
            elif letter in "{[":
                self._depth += 1
            elif letter in "}]":
                self._depth = max(self._depth - 1, 0)
                if not self._depth:
                    return at + 1
            elif not self._depth and letter in WHITESPACE:
                return at
        self._at = len(self._rest)
        return None

    def _value(self, text: str) -> Any:
        try:
            return loads(text)
        except ValueError as error:
            raise usage(f"{text.strip()[:60]!r} in {self._source}: {error}", "a message is written as JSON") from None


def values_of(request: GrpcRequest) -> list[Any] | None:
    """The messages as JSON values; `None` where standard input has them. Raises `usage`, or `local` for a file."""
    if "@-" in request.data:
        if len(request.data) > 1:
            raise usage("-d @- and another -d exclude each other", "standard input can have all messages")
        return None
    found: list[Any] = []
    for word in request.data:
        values = Values("-d")
        text = word
        if word.startswith("@"):
            from rrcli.adapters.http.prepare.items import read_text

            values, text = Values(word[1:]), read_text(word[1:])
        found += values.feed(text)
        found += values.finish()
    if words := request.arguments[2:]:
        found.append(_of_items(words))
    return found


def _of_items(words: tuple[str, ...]) -> Any:
    """The message that items make."""
    from rrcli.adapters.http.prepare.items import json_content, read_items

    items = read_items(words)
    for item in items:
        if item.separator not in ("=", ":="):
            raise usage(
                f"{item.name}{item.separator}{item.value[:40]} is no part of a message", "write name=value, name:=json or a.b=value"
            )
    return loads(json_content([item.replace(name=_bracketed(item.name)) for item in items]).decode())


def _bracketed(name: str) -> str:
    """`a.b[0].c` as `a[b][0][c]`."""
    parts, depth = [""], 0
    for letter in name:
        depth += (letter == "[") - (letter == "]")
        if letter == "." and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    found = parts[0]
    for part in parts[1:]:
        key, bracket, rest = part.partition("[")
        found += f"[{chr(92) if key.isdecimal() else ''}{key}]{bracket}{rest}"
    return found


class StandardInput:
    """The messages on standard input, each as it is read."""

    def __init__(self) -> None:
        import sys

        if sys.stdin is None:
            raise ExchangeError("local", "input", "cannot read standard input: it is closed")
        self.descriptor = sys.stdin.fileno()
        self.over = False
        self._values = Values("standard input")
        self._undecoded = b""

    def read(self) -> list[Any]:
        """The messages that one read brings; it waits where there is nothing to read. Raises `usage`, or `local`."""
        import os

        try:
            data = os.read(self.descriptor, 65536)
        except OSError as error:
            raise ExchangeError("local", "input", f"cannot read standard input: {(error.strerror or str(error)).lower()}") from error
        self.over = not data
        self._undecoded += data
        whole = self._undecoded if self.over else self._undecoded[: _whole_letters(self._undecoded)]
        self._undecoded = self._undecoded[len(whole) :]
        try:
            text = whole.decode()
        except UnicodeDecodeError:
            raise usage("standard input is no UTF-8 text", "messages are written as JSON") from None
        return [*self._values.feed(text), *(self._values.finish() if self.over else ())]


def _whole_letters(data: bytes) -> int:
    """Bytes before a letter that is cut at the end."""
    for back in range(1, min(4, len(data)) + 1):
        octet = data[-back]
        if octet >= 0xC0:
            return len(data) - back if back < (2 if octet < 0xE0 else 3 if octet < 0xF0 else 4) else len(data)
        if octet < 0x80:
            break
    return len(data)
