"""permessage-deflate (RFC 7692): what the handshake agrees on, and the messages squeezed and inflated."""

from __future__ import annotations

import zlib

from rrcli.base.errors import ExchangeError, malformed, too_large
from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import Fields

    Extension = tuple[str, tuple[tuple[str, str | None], ...]]

NAME = "permessage-deflate"
TAIL = b"\0\0\xff\xff"  # the end of every message, which is not sent (section 7.2.1)
WINDOW = 15  # bits of the largest window
_FLAGS = ("server_no_context_takeover", "client_no_context_takeover")
_BITS = ("server_max_window_bits", "client_max_window_bits")
_MOST_FINAL_BLOCKS = 100  # within one message; each begins a new stream
_MOST_EXTENSIONS = 50  # in the fields of one handshake
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class Deflate(Record):
    """The parameters of the extension, offered or agreed on (section 7.1)."""

    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    server_max_window_bits: int = WINDOW
    client_max_window_bits: int = WINDOW

    def text(self, *, offered: bool = False) -> str:
        """As the field has it. An offer lets the server choose the client's window, which is `client_max_window_bits` without a value."""
        words = [NAME, *(name for name in _FLAGS if getattr(self, name))]
        for name in _BITS:
            bits: int = getattr(self, name)
            if bits != WINDOW:
                words.append(f"{name}={bits}")
            elif offered and name == "client_max_window_bits":
                words.append(name)
        return "; ".join(words)


def agreed(offer: Deflate, answer: Fields) -> Deflate | None:
    """What is in use after a server's answer to `offer`; `None` when the server wants none. Raises `malformed`."""
    extensions = read_extensions(answer)
    if not extensions:
        return None
    others = [name for name, _ in extensions if name != NAME]
    if others:
        raise malformed(f"the server uses the extension {others[0][:60]!r}, which was not offered")
    if len(extensions) > 1:
        raise _disagreed(f"{NAME} is there twice")
    given = _parameters(extensions[0][1], answered=True)
    for name in _BITS:
        if name in given and given[name] > getattr(offer, name):
            raise _disagreed(f"{name}={given[name]} is more than was offered")
    if offer.server_no_context_takeover and not given.get("server_no_context_takeover"):
        raise _disagreed("server_no_context_takeover was asked for and is not there")
    if offer.server_max_window_bits != WINDOW and "server_max_window_bits" not in given:
        raise _disagreed("server_max_window_bits was asked for and is not there")
    return offer.replace(**given)


def accepted(request: Fields) -> Deflate | None:
    """What a server makes of a client's offers: the first that it can take (section 5.1). Raises `malformed`."""
    for name, parameters in read_extensions(request):
        if name != NAME:
            continue
        try:
            given = _parameters(parameters, answered=False)
        except ExchangeError:
            continue  # an offer that cannot be taken is passed over
        return Deflate(**given)
    return None


def read_extensions(fields: Fields) -> list[Extension]:
    """Every extension that the Sec-WebSocket-Extensions fields name, with its parameters (RFC 6455 section 9.1). Raises `malformed`."""
    found: list[Extension] = []
    for name, value in fields:
        if name.lower() != "sec-websocket-extensions":
            continue
        for part in value.split(","):
            if not part.strip():
                continue  # an empty element of a list (RFC 9110 section 5.6.1.2)
            head, *parameters = (word.strip() for word in part.split(";"))
            found.append((_token(head), tuple(map(_parameter, parameters))))
            if len(found) > _MOST_EXTENSIONS:
                raise _disagreed(f"there are more than {_MOST_EXTENSIONS}")
    return found


def _parameter(text: str) -> tuple[str, str | None]:
    name, equals, value = text.partition("=")
    if not equals:
        return _token(name), None
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1].replace("\\", "")  # what is quoted has to be a token too
    return _token(name.rstrip()), _token(value)


def _token(word: str) -> str:
    if not word or not _TOKEN.issuperset(word):
        raise _disagreed(f"{word[:40]!r} is no name")
    return word


def _parameters(parameters: tuple[tuple[str, str | None], ...], *, answered: bool) -> dict[str, Any]:
    """The parameters with their values. Raises `malformed` for those that RFC 7692 does not have."""
    given: dict[str, Any] = {}
    for name, value in parameters:
        if name in given:
            raise _disagreed(f"{name} is there twice")
        if name in _FLAGS and value is None:
            given[name] = True
        elif name == "client_max_window_bits" and value is None and not answered:
            given[name] = WINDOW
        elif name in _BITS and value is not None and value in ("8", "9", "10", "11", "12", "13", "14", "15"):
            given[name] = int(value)
        else:
            raise _disagreed(f"{name[:40]}{'' if value is None else f'={value[:40]}'} is no parameter of {NAME}")
    return given


def _disagreed(why: str) -> ExchangeError:
    return malformed(f"the server's extensions cannot be agreed to: {why}")


class Deflater:
    """Squeezes the messages of one side."""

    def __init__(self, deflate: Deflate, *, server: bool) -> None:
        side = "server" if server else "client"
        self._bits: int = getattr(deflate, f"{side}_max_window_bits")
        self._starts_anew: bool = getattr(deflate, f"{side}_no_context_takeover")
        self._stream: Any = None

    @property
    def can(self) -> bool:
        """Whether messages can be squeezed: zlib has no window of 8 bits, and a message may always go as it is (section 6)."""
        return self._bits > 8

    def message(self, data: bytes) -> bytes:
        """A whole message as its frames carry it."""
        if self._stream is None or self._starts_anew:
            self._stream = zlib.compressobj(wbits=-self._bits)
        squeezed: bytes = self._stream.compress(data) + self._stream.flush(zlib.Z_SYNC_FLUSH)
        return squeezed[: -len(TAIL)]


class Inflater:
    """Inflates the messages of the other side, piece by piece and no further than asked."""

    def __init__(self, deflate: Deflate, *, server: bool) -> None:
        self._starts_anew: bool = getattr(deflate, f"{'server' if server else 'client'}_no_context_takeover")
        self._finals = 0  # blocks of this message that said they were the last; a new stream begins behind each (section 7.2.3.4)
        self._begin()

    def _begin(self) -> None:
        self._stream = zlib.decompressobj(wbits=-WINDOW)  # the largest, whatever was agreed on: it reads what a smaller one wrote

    def feed(self, data: bytes, most: int) -> bytes:
        """What a piece of a message inflates to. Raises `too_large` when that is more than `most` bytes, and `malformed`."""
        found = self._inflate(data, most)
        while self._stream.eof:
            self._finals += 1
            if self._finals > _MOST_FINAL_BLOCKS:
                raise malformed(f"a deflated message has more than {_MOST_FINAL_BLOCKS} last blocks")
            rest = self._stream.unused_data
            self._begin()
            found += self._inflate(rest, most - len(found))
        return found

    def _inflate(self, data: bytes, most: int) -> bytes:
        try:
            found: bytes = self._stream.decompress(data, most + 1)
        except zlib.error as error:
            raise malformed(f"a deflated message cannot be inflated: {str(error)[:80]}") from error
        if len(found) > most:
            raise too_large("a deflated message inflates to more than is allowed")
        return found

    def end(self, most: int) -> bytes:
        """The last of a message; the next is expected after it."""
        found = self.feed(TAIL, most)
        if self._starts_anew or self._finals:
            self._begin()
        self._finals = 0
        return found
