"""RESP2 and RESP3, the protocol of Redis: bytes to typed replies, commands to bytes, replies to JSON.

    decoder = Decoder()
    for reply in decoder.feed(received): ...

hiredis would parse faster, and it loses what this tool exists to show: a status and a bulk string look the same, a
set comes as a list, the format of a verbatim string, attributes, the kind of an aggregate, the digits of a double and
the repeated keys of a map are gone, and a map with an array as key raises `TypeError`. So replies are decoded here,
with their types, and hiredis is the oracle in the tests for all that it can represent.

The decoder is a stack of open aggregates over one buffer. A byte is looked at once: an unfinished line goes on being
searched where the last search ended, an unfinished bulk waits for its length, and what was decoded leaves the buffer
at the end of `feed`. How redis-cli would print a reply is in `text.py`, which JSON output does not need.

Specification: https://redis.io/docs/latest/develop/reference/protocol-spec/ and, for what Redis itself does not send
(streamed strings and aggregates), https://github.com/redis/redis-specifications/blob/master/protocol/RESP3.md
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, malformed, too_large

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    Pairs = tuple[tuple["Reply", "Reply"], ...]

_QUOTED = 40  # bytes of the peer's data that an error message shows at most


class Reply:
    """One reply, or one element of an aggregate; never changed. `type` says what `value` is:

    status, error, bulk, verbatim, blob_error: bytes · integer: int · boolean: bool · null: None ·
    double, big_number: the digits as they came, a str · array, set, push: a tuple of replies ·
    map: a tuple of pairs of replies, in their order and with repeated keys.

    `format` is the three letters that introduce a verbatim string (`txt`, `mkd`). It is no `Record`, because a million
    elements are an everyday answer: with slots each takes 64 bytes, in place of 300.
    """

    __slots__ = ("attributes", "format", "type", "value")

    def __init__(self, type: str, value: Any, attributes: Pairs = (), format: str = "") -> None:
        self.type = type
        self.value = value
        self.attributes = attributes
        self.format = format

    def replace(self, **changes: Any) -> Reply:
        """The same with some parts changed."""
        return Reply(**{**self._parts(), **changes})

    def _parts(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reply) and self._parts() == other._parts()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Reply(type={self.type!r}, value={self.value!r}, attributes={self.attributes!r}, format={self.format!r})"


def encode(args: Sequence[bytes]) -> bytes:
    """A command as Redis reads it: an array of bulk strings."""
    return b"".join((b"*%d\r\n" % len(args), *(b"$%d\r\n%b\r\n" % (len(arg), arg) for arg in args)))


def word_spans(args: Sequence[bytes]) -> list[tuple[int, int]]:
    """Where each word stands in what `encode` makes of the command: from its first byte to behind its last one."""
    spans, at = [], len(b"*%d\r\n" % len(args))
    for arg in args:
        begin = at + len(b"$%d\r\n" % len(arg))
        spans.append((begin, begin + len(arg)))
        at = begin + len(arg) + 2
    return spans


def _quote(data: bytes | bytearray) -> str:
    """The start of what came, with everything unprintable escaped."""
    return repr(bytes(data[:_QUOTED]))[1:] + ("…" if len(data) > _QUOTED else "")


def _integer(line: bytes) -> int:
    digits = line[1:] if line[:1] in (b"-", b"+") else line
    # 20 digits hold any 64-bit number; Python refuses to convert thousands of them
    if not digits.isdigit() or len(digits) > 20 or not -(2**63) <= (number := int(line)) < 2**63:
        raise malformed(f"expected a 64-bit integer, got {_quote(line)}")
    return number


def _double(line: bytes) -> str:
    """The digits are kept: `1.10` is not the `1.1` that a float would print."""
    text = line.decode("ascii", "replace")
    if text.lower() not in ("inf", "+inf", "-inf") and not _is_nan(text):
        try:
            if text.strip("0123456789+-.eE"):  # float() takes underscores, spaces and words besides
                raise ValueError
            float(text)
        except ValueError:
            raise malformed(f"expected a double, got {_quote(line)}") from None
    return text


def _is_nan(text: str) -> bool:
    """Whether it is `nan` as C prints one, with a sign or a payload: `-nan`, `nan(0x8)` (C99 section 7.19.6.1)."""
    name, bracket, payload = text.lower().removeprefix("-").removeprefix("+").partition("(")
    inside = payload.removesuffix(")")
    return name == "nan" and (not bracket or (payload.endswith(")") and (not inside or inside.replace("_", "a").isalnum())))


def _boolean(line: bytes) -> bool:
    if line not in (b"t", b"f"):
        raise malformed(f"expected a boolean, t or f, got {_quote(line)}")
    return line == b"t"


def _big_number(line: bytes) -> str:
    digits = line[1:] if line[:1] in (b"-", b"+") else line
    if not digits.isdigit():
        raise malformed(f"expected a big number, got {_quote(line)}")
    return line.decode("ascii")


def _null(line: bytes) -> None:
    if line:
        raise malformed(f"expected nothing after the type of a null, got {_quote(line)}")


def _length(line: bytes, what: str) -> int:
    if not line.isdigit():
        raise malformed(f"expected the length of the {what}, got {_quote(line)}")
    return int(line) if len(line) <= 20 else 10**20  # over every limit, and cheap to convert


_LINES: dict[int, tuple[str, Callable[[bytes], Any]]] = {
    ord("+"): ("status", bytes),
    ord("-"): ("error", bytes),
    ord(":"): ("integer", _integer),
    ord(","): ("double", _double),
    ord("#"): ("boolean", _boolean),
    ord("("): ("big_number", _big_number),
    ord("_"): ("null", _null),
}
_BULKS = {ord("$"): "bulk", ord("="): "verbatim", ord("!"): "blob_error", ord(";"): "chunk"}
_AGGREGATES = {ord("*"): "array", ord("~"): "set", ord(">"): "push", ord("%"): "map", ord("|"): "attribute"}
_CHUNK, _END = ord(";"), ord(".")
_FIRST = frozenset({*_LINES, *_BULKS, *_AGGREGATES} - {_CHUNK})  # what a reply can start with


class _Frame:
    """An aggregate, or a string that comes in chunks, of which not everything came yet.

    `left` is how many elements are still wanted; a streamed one (`*?`) has no count, and `left` below zero.
    """

    __slots__ = ("attributes", "items", "kind", "left", "size")

    def __init__(self, kind: str, left: int, attributes: list[tuple[Reply, Reply]]) -> None:
        self.kind = kind
        self.left = left
        self.attributes = attributes
        self.items: list[Any] = []
        self.size = 0  # bytes of the chunks so far


class Decoder:
    """Received bytes to replies. It keeps no more than the unfinished reply, within these limits.

    A total size is for the caller to limit, by `received`. With `in_parts` the outermost string, array or set has no limit
    of its own, because the caller takes what came of it away, by `drain`, whenever that is much.
    """

    MAX_DEPTH = 128  # aggregates within aggregates; Redis sends up to about 10, its Lua scripts refuse over 100
    MAX_LINE = 64 * 1024  # bytes of anything that is not length-prefixed, up to its line feed
    MAX_BULK = 512 * 1024 * 1024  # bytes of one string: the default `proto-max-bulk-len`
    MAX_COUNT = 2**20  # elements of one aggregate (pairs of a map): what Redis itself accepts in one command
    MAX_ELEMENTS = 2**20 + 2**10  # elements of one reply at all depths: each costs 100 to 200 bytes of memory, whatever its size

    def __init__(self, *, in_parts: bool = False) -> None:
        self._in_parts = in_parts
        self._buffer = bytearray()
        self._at = 0  # in the buffer: where the next unread byte is
        self._scanned = 0  # in the buffer: no line feed between _at and here
        self._start = 0  # in the buffer: where the unfinished reply starts
        self._gone = 0  # bytes of the unfinished reply that have left the buffer
        self._elements = 0
        self._stack: list[_Frame] = []
        self._bulk: tuple[str, int] | None = None  # kind and length of the string whose bytes come next
        self._attributes: list[tuple[Reply, Reply]] = []  # of the reply that comes next
        self._done: list[Reply] = []
        self._answered = False
        self._failure: ExchangeError | None = None

    @property
    def received(self) -> int:
        """Bytes of the unfinished reply so far."""
        return self._gone + len(self._buffer) - self._start

    @property
    def pending(self) -> bool:
        """Inside a reply: the end of the connection would cut it off. True after a failure."""
        return self.received > 0 or bool(self._stack or self._bulk)

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that these bytes complete.

        Raises `ExchangeError`, layer `protocol`: `wrong_protocol` when the first byte of the connection starts no
        reply, `malformed`, or `too_large` for one of the limits. When replies came before the broken one they are
        returned, and the error is raised by the next call (`feed(b"")` at the end of the connection will do).
        A decoder that failed stays failed.
        """
        if self._failure is not None:
            raise self._failure
        self._buffer += data
        try:
            while self._advance():
                pass
        except ExchangeError as failure:
            self._failure = failure
            if not self._done:
                raise
        done, self._done = self._done, []
        self._gone += self._at - self._start
        self._scanned -= self._at
        del self._buffer[: self._at]
        self._at = self._start = 0
        return done

    @property
    def outermost(self) -> Reply | None:
        """The unfinished reply, if it is one that `drain` takes from: a string or an array or set, with its size as value."""
        if self._stack:
            frame = self._stack[0]
            counted = frame.kind in ("array", "set") and frame.left > 0
            return Reply(type=frame.kind, value=len(frame.items) + frame.left) if counted else None
        return Reply(type="bulk", value=self._bulk[1]) if self._bulk and self._bulk[0] == "bulk" else None

    def drain(self) -> list[Reply]:
        """Take away what came of the `outermost` reply: its elements, or the bytes of the string as one reply.

        The reply that `feed` then returns is what is left of it.
        """
        if self._stack:
            parts, self._stack[0].items = self._stack[0].items, []
            self._start, self._gone, self._elements = self._at, 0, 1  # something of the reply has been read: `pending`
            return parts
        assert self._bulk
        kind, length = self._bulk
        data = bytes(self._buffer[self._at : self._at + length])
        del self._buffer[self._at : self._at + len(data)]
        self._scanned = self._gone = 0
        self._bulk = kind, length - len(data)
        return [Reply(type=kind, value=data)]

    def _advance(self) -> bool:
        """Read one line, or one string's bytes; False when there is not enough yet."""
        if self._bulk is not None:
            return self._read_bulk(*self._bulk)
        if self._at == len(self._buffer):
            return False
        code = self._buffer[self._at]
        self._check(code)
        line = self._read_line()
        if line is None:
            return False
        self._elements += 1
        if self._elements > self.MAX_ELEMENTS:
            raise too_large(f"the reply has more than {self.MAX_ELEMENTS} elements")
        if code in _LINES:
            kind, parse = _LINES[code]
            self._finish(kind, parse(line))
        elif code in _BULKS:
            self._open_bulk(_BULKS[code], line)
        elif code in _AGGREGATES:
            self._open(_AGGREGATES[code], line)
        else:
            self._end(line)
        return True

    def _check(self, code: int) -> None:
        """Refuse a first byte that cannot stand here, before the rest of its line has come."""
        streamed = self._stack[-1] if self._stack and self._stack[-1].left < 0 else None
        if streamed is not None and streamed.kind == "chunk":
            allowed = code == _CHUNK
        else:
            allowed = code in _FIRST or (code == _END and streamed is not None)
        if allowed:
            return
        came = _quote(self._buffer[self._at : self._at + _QUOTED + 1])
        if self._answered or self._elements:
            raise malformed(f"expected the next part of a Redis reply, got {came}")
        raise ExchangeError("protocol", "wrong_protocol", f"expected a Redis reply, got {came}")

    def _read_line(self) -> bytes | None:
        """The line after its type byte, without its CRLF."""
        buffer, at = self._buffer, self._at
        end = buffer.find(b"\n", max(at, self._scanned))
        self._scanned = len(buffer) if end < 0 else end
        if self._scanned - at > self.MAX_LINE:
            raise too_large(f"the reply has a line of more than {self.MAX_LINE} bytes: {_quote(buffer[at : at + _QUOTED + 1])}")
        if end < 0:
            return None
        line = bytes(buffer[at + 1 : end])
        if line.find(b"\r") != len(line) - 1 or not line:
            raise malformed(f"expected a line that ends with CRLF, got {_quote(buffer[at : end + 1])}")
        self._at = end + 1
        return line[:-1]

    def _read_bulk(self, kind: str, length: int) -> bool:
        end = self._at + length
        if len(self._buffer) < end + 2:
            return False
        if self._buffer[end : end + 2] != b"\r\n":
            raise malformed(f"expected CRLF after the {length} bytes of the {kind}, got {_quote(self._buffer[end : end + 2])}")
        with memoryview(self._buffer) as view:
            data = view[self._at : end].tobytes()
        self._at = end + 2
        self._bulk = None
        if kind == "chunk":
            self._stack[-1].items.append(data)
        elif kind == "verbatim":
            if data[3:4] != b":":
                raise malformed(f"expected a verbatim string as FMT:TEXT, got {_quote(data)}")
            self._finish(kind, data[4:], data[:3].decode("ascii", "backslashreplace"))
        else:
            self._finish(kind, data)
        return True

    def _open_bulk(self, kind: str, line: bytes) -> None:
        if kind == "bulk" and line == b"-1":
            self._finish("null", None)
            return
        if kind == "bulk" and line == b"?":
            self._push("chunk", -1)
            return
        length = _length(line, kind)
        total = length + (self._stack[-1].size if kind == "chunk" else 0)
        if total > self.MAX_BULK and not (self._in_parts and kind == "bulk" and not self._stack):
            raise too_large(f"the {kind} has {total} bytes, where {self.MAX_BULK} are allowed")
        if kind == "chunk" and length == 0:
            frame = self._stack.pop()
            self._attributes = frame.attributes
            self._finish("bulk", b"".join(frame.items))
            return
        if kind == "chunk":
            self._stack[-1].size = total
        self._bulk = (kind, length)

    def _open(self, kind: str, line: bytes) -> None:
        if kind == "array" and line == b"-1":
            self._finish("null", None)
            return
        if line == b"?":
            self._push(kind, -1)
            return
        count = _length(line, kind)
        if count > self.MAX_COUNT and not (self._in_parts and kind in ("array", "set") and not self._stack):
            raise too_large(f"the {kind} has {count} elements, where {self.MAX_COUNT} are allowed")
        frame = self._push(kind, count * 2 if kind in ("map", "attribute") else count)
        if not count:
            self._close(frame)

    def _push(self, kind: str, left: int) -> _Frame:
        if len(self._stack) == self.MAX_DEPTH:
            raise too_large(f"the reply is nested more than {self.MAX_DEPTH} deep")
        frame = _Frame(kind, left, self._attributes)
        self._attributes = []
        self._stack.append(frame)
        return frame

    def _end(self, line: bytes) -> None:
        """The end of a streamed aggregate, which must not leave half of something behind."""
        frame = self._stack[-1]
        if line:
            raise malformed(f"expected nothing after the end of the streamed {frame.kind}, got {_quote(line)}")
        if self._attributes or (frame.kind in ("map", "attribute") and len(frame.items) % 2):
            raise malformed(f"expected another element of the streamed {frame.kind}, got its end")
        self._close(frame)

    def _close(self, frame: _Frame) -> None:
        """`frame`, the innermost, is complete."""
        self._stack.pop()
        self._attributes = frame.attributes
        if frame.kind == "attribute":
            self._attributes.extend(zip(frame.items[::2], frame.items[1::2], strict=True))
        elif frame.kind == "map":
            self._finish("map", tuple(zip(frame.items[::2], frame.items[1::2], strict=True)))
        else:
            self._finish(frame.kind, tuple(frame.items))

    def _finish(self, kind: str, value: Any, format: str = "") -> None:
        """A reply is complete: put it in its aggregate, or out."""
        reply = Reply(type=kind, value=value, attributes=tuple(self._attributes), format=format)
        self._attributes = []
        if self._stack:
            frame = self._stack[-1]
            frame.items.append(reply)
            frame.left -= 1
            if not frame.left:
                self._close(frame)
            return
        self._done.append(reply)
        self._answered = True
        self._start = self._at
        self._gone = self._elements = 0


def framing(reply: Reply) -> str:
    """What told the client where this reply ends: crlf, length-prefix or element-count."""
    if reply.type in ("bulk", "verbatim", "blob_error"):
        return "length-prefix"
    return "element-count" if isinstance(reply.value, tuple) else "crlf"


def as_json(reply: Reply) -> Any:
    """The reply as a JSON value, without its attributes.

    A map becomes an object: the last of repeated keys wins, and a key that is not text becomes its compact JSON.
    Strings that are not UTF-8 are `{"base64": …}`; an error inside an aggregate is `{"error": …}`, so that it is not
    taken for a string. JSON has no infinity and no NaN: these doubles are `"inf"`, `"-inf"` and `"nan"`.
    """
    value = reply.value
    if isinstance(value, bytes):
        return _text(value)
    if isinstance(value, tuple):
        if reply.type == "map":
            return {_key(key): _element(item) for key, item in value}
        return [_element(item) for item in value]
    if reply.type == "double":
        if _is_nan(value):
            return "nan"
        number = float(value)
        return number if number - number == 0 else str(number)
    if reply.type == "big_number":
        try:
            return int(value)
        except ValueError:  # over 4300 digits Python converts in neither direction, so no JSON writer could print it
            return value
    return value


def oddities(reply: Reply, path: str = "value") -> Iterator[tuple[str, str | Pairs]]:
    """What `as_json` leaves out, at any depth, with its path in the JSON value: a key that a map repeats, the attributes of an element."""
    if not isinstance(reply.value, tuple):
        return
    if reply.type == "map":
        names = [_key(key) for key, _ in reply.value]
        seen: set[str] = set()
        for name in names if len(set(names)) < len(names) else ():
            if name in seen:
                yield path, name
            seen.add(name)
        parts = [(name, part) for name, pair in zip(names, reply.value, strict=True) for part in pair]
        for name, part in parts:
            yield from _oddities_of(part, path, f".{_quoted(name)}")
        return
    for at, part in enumerate(reply.value):
        if part.attributes or isinstance(part.value, tuple):
            yield from _oddities_of(part, path, f"[{at}]")


def _oddities_of(part: Reply, path: str, step: str) -> Iterator[tuple[str, str | Pairs]]:
    if part.attributes:
        yield path + step, part.attributes
    yield from oddities(part, path + step)


def _element(reply: Reply) -> Any:
    return {"error": as_json(reply)} if reply.type in ("error", "blob_error") else as_json(reply)


def _text(value: bytes) -> Any:
    try:
        return value.decode()
    except UnicodeDecodeError:
        from binascii import b2a_base64

        return {"base64": b2a_base64(value, newline=False).decode("ascii")}


def _key(reply: Reply) -> str:
    if isinstance(reply.value, str):
        return reply.value  # the digits of a number, exact
    value = as_json(reply)
    return value if isinstance(value, str) else _compact(value)


def _quoted(text: str) -> str:
    from _json import encode_basestring

    return encode_basestring(text)


def _compact(value: Any) -> str:
    """JSON on one line without spaces; `json` itself would double the start-up of a command."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list):
        return f"[{','.join(map(_compact, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{_quoted(key)}:{_compact(item)}' for key, item in value.items())}}}"
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else repr(value)
