"""The HTTP/1 codec: exact bytes to exact events, notes and errors, however the bytes are cut."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrcli.base.errors import ExchangeError
from rrcli.codec.http.h1 import LAST_CHUNK, Data, End, Event, Head, Informational, ResponseDecoder, Trailers, encode_chunk, encode_request

ROOT = Path(__file__).parents[2]
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
TE = ("Transfer-Encoding", "chunked")


Cut = Callable[[bytes], list[bytes]]


class Outcome(NamedTuple):
    """All that a decoder made of one connection's bytes; `rest` is what came after the end."""

    events: list[Event]
    rest: bytes
    notes: list[str]
    framing: str | None
    error: tuple[str, str, str] | None


def read(pieces: list[bytes], method: str = "GET") -> Outcome:
    """Feed the pieces, then the end of the stream. Neighbouring `Data` are joined and what follows `End` is taken out of it."""
    decoder = ResponseDecoder(method)
    events: list[Event] = []
    rest, error = b"", None
    try:
        for piece in pieces:
            if events and isinstance(events[-1], End):
                rest += piece
            join(events, decoder.feed(piece))
        join(events, decoder.eof())
    except ExchangeError as raised:
        join(events, decoder.salvaged)
        error = (raised.layer, raised.kind, raised.message)
    if events and isinstance(events[-1], End):
        rest = events[-1].leftover + rest
        events[-1] = End(framing=events[-1].framing, leftover=b"")
    return Outcome(events, rest, [note.code for note in decoder.notes], decoder.framing, error)


def join(events: list[Event], more: list[Event]) -> None:
    for event in more:
        if isinstance(event, Data) and events and isinstance(events[-1], Data):
            events[-1] = Data(data=events[-1].data + event.data)
        else:
            events.append(event)


def bytewise(raw: bytes) -> list[bytes]:
    return [raw[index : index + 1] for index in range(len(raw))]


def whole(raw: bytes) -> list[bytes]:
    return [raw]


def with_empty_feeds(raw: bytes) -> list[bytes]:
    return [b"", raw, b""]


def answer(head: Head, framing: str, body: bytes = b"", trailers: tuple[tuple[str, str], ...] = ()) -> list[Event]:
    middle: list[Event] = [Data(data=body)] if body else []
    if trailers:
        middle.append(Trailers(fields=trailers))
    return [head, *middle, End(framing=framing, leftover=b"")]


def framing_of(events: list[Event]) -> str:
    assert isinstance(events[-1], End)
    return events[-1].framing


def ok(*fields: tuple[str, str], code: int = 200, reason: str = "OK", version: str = "HTTP/1.1") -> Head:
    return Head(version=version, code=code, reason=reason, fields=fields)


def field(line: str) -> bytes:
    """A whole answer of two bytes with one more field line."""
    return OK + line.encode("latin-1") + b"\r\nContent-Length: 2\r\n\r\nhi"


def length(value: str) -> bytes:
    return OK + b"Content-Length: " + value.encode() + b"\r\n\r\nhi"


def coded(value: str) -> bytes:
    return OK + b"Transfer-Encoding: " + value.encode() + b"\r\n\r\n2\r\nhi\r\n0\r\n\r\n"


def status(line: str) -> bytes:
    return line.encode("latin-1") + b"\r\nContent-Length: 2\r\n\r\nhi"


TWO = ("Content-Length", "2")


def counted(*fields: tuple[str, str], **status: str | int) -> list[Event]:
    return answer(ok(*fields, TWO, **status), "content-length", b"hi")  # type: ignore[arg-type]


def chunks(value: str = "chunked", version: str = "HTTP/1.1", trailers: tuple[tuple[str, str], ...] = ()) -> list[Event]:
    return answer(ok(("Transfer-Encoding", value), version=version), "chunked", b"hi", trailers)


# name: (raw, events, notes); the method is GET
GOOD: dict[str, tuple[bytes, list[Event], list[str]]] = {
    "counted": (field("X: y"), counted(("X", "y")), []),
    "nothing counted": (OK + b"Content-Length: 0\r\n\r\n", answer(ok(("Content-Length", "0")), "content-length"), []),
    "order, case and repeats": (field("b: 1\r\nA: 2\r\nB: 3"), counted(("b", "1"), ("A", "2"), ("B", "3")), []),
    "white space around values": (field("X:\t a b \t\r\nY:"), counted(("X", "a b"), ("Y", "")), []),
    "utf-8": (field("X: caf\xc3\xa9"), counted(("X", "caf\xe9")), []),
    "no utf-8": (field("X: caf\xe9"), counted(("X", "caf\udce9")), []),
    "bare lf": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", counted(), ["bare-lf"]),
    "obs-fold": (field("X: a\r\n  b\r\n\tc"), counted(("X", "a b c")), ["obs-fold"]),
    "obs-fold of nothing": (field("X: a\r\n "), counted(("X", "a")), ["obs-fold"]),
    "space before colon": (field("X : y"), counted(("X", "y")), ["space-before-colon"]),
    "odd field name": (field("f(o: y"), counted(("f(o", "y")), ["odd-field-name"]),
    "field name in two words": (field("f o: y"), counted(("f o", "y")), ["odd-field-name"]),
    "empty field name": (field(": y"), counted(("", "y")), ["odd-field-name"]),
    "control in a value": (field("X: a\x01b"), counted(("X", "a\x01b")), ["control-character"]),
    "one note of each": (field("X : y\r\n)\x02: \x01\r\nZ : z"), counted(("X", "y"), (")\x02", "\x01"), ("Z", "z")),
                         ["space-before-colon", "odd-field-name", "control-character"]),
    # the status line
    "no reason": (status("HTTP/1.1 200 "), counted(reason=""), []),
    "no reason and no space": (status("HTTP/1.1 200"), counted(reason=""), ["missing-reason"]),
    "reason of words": (status("HTTP/1.1 404 Not  Found"), counted(code=404, reason="Not  Found"), []),
    "reason without space": (status("HTTP/1.1 200OK"), counted(), ["odd-status-line"]),
    "reason after a tab": (status("HTTP/1.1 200\tOK"), counted(), ["odd-status-line"]),
    "control in the reason": (status("HTTP/1.1 200 O\x1bK"), counted(reason="O\x1bK"), ["control-character"]),
    "two spaces": (status("HTTP/1.1  200 OK"), counted(), ["odd-status-line"]),
    "tabs": (status("HTTP/1.1 \t200\tOK"), counted(), ["odd-status-line"]),
    "cr in the reason": (status("HTTP/1.1 200 O\rK"), counted(reason="O\rK"), ["control-character"]),
    "cr in a value": (field("X: a\rb"), counted(("X", "a\rb")), ["control-character"]),
    "cr cr lf": (field("X: a\r"), counted(("X", "a\r")), ["control-character"]),
    "cr cr lf after the head": (OK + b"Content-Length: 2\r\n\r\r\nhi", counted(), ["stray-cr"]),
    "HTTP/2": (status("HTTP/2 200 OK"), counted(), ["odd-version"]),
    "HTTP/2.0": (status("HTTP/2.0 200"), counted(reason=""), ["odd-version", "missing-reason"]),
    "HTTP/x.y": (status("HTTP/x.y 404 No"), counted(code=404, reason="No", version="HTTP/1.0"), ["odd-version"]),
    "lower case": (status("http/1.1 404 No"), counted(code=404, reason="No"), ["lowercase-http"]),
    "999": (status("HTTP/1.1 999 Odd"), counted(code=999, reason="Odd"), ["odd-status-code"]),
    "599": (status("HTTP/1.1 599 Odd"), counted(code=599, reason="Odd"), []),
    "HTTP/1.0": (status("HTTP/1.0 200 OK"), counted(version="HTTP/1.0"), []),
    # Content-Length
    "repeated length": (length("2\r\nContent-Length: 2"), answer(ok(TWO, TWO), "content-length", b"hi"), ["duplicate-content-length"]),
    "listed length": (length("2, 02"), answer(ok(("Content-Length", "2, 02")), "content-length", b"hi"), ["duplicate-content-length"]),
    "signed length": (length("+2"), answer(ok(("Content-Length", "+2")), "content-length", b"hi"), ["signed-length"]),
    "white space behind a length": (length("2\x0b\t"),
                                    answer(ok(("Content-Length", "2\x0b")), "content-length", b"hi"), ["control-character"]),
    **{
        f"length {value!r}": (length(value), answer(ok(("Content-Length", value)), "content-length", b"hi"), ["odd-length"])
        for value in ("2 x", "2;", "2.0", "2x2", "2_0", "2e9")
    },
    "length with an empty member": (length("2,"), answer(ok(("Content-Length", "2,")), "content-length", b"hi"),
                                    ["odd-length", "duplicate-content-length"]),
    "length 0x": (OK + b"Content-Length: 0x2\r\n\r\n", answer(ok(("Content-Length", "0x2")), "content-length"), ["odd-length"]),
    "folded length": (length("2\r\n 5"), answer(ok(("Content-Length", "2 5")), "content-length", b"hi"), ["obs-fold", "framing-not-read"]),
    "length with zeros": (length("0" * 5000 + "2"), answer(ok(("Content-Length", "0" * 5000 + "2")), "content-length", b"hi"), []),
    # Transfer-Encoding
    "chunked": (CHUNKED + b"2\r\nhi\r\n0\r\n\r\n", chunks(), []),
    "several chunks": (CHUNKED + b"1\r\nh\r\n1\r\ni\r\n0\r\n\r\n", chunks(), []),
    "no chunk": (CHUNKED + b"0\r\n\r\n", answer(ok(TE), "chunked"), []),
    "digits": (CHUNKED + b"00A\r\n0123456789\r\na\r\n0123456789\r\n000\r\n\r\n", answer(ok(TE), "chunked", b"0123456789" * 2), []),
    "a chunk of line ends": (CHUNKED + b"4\r\n\r\n\r\n\r\n0\r\n\r\n", answer(ok(TE), "chunked", b"\r\n\r\n"), []),
    "extensions": (CHUNKED + b'2;a="b;c"\r\nhi\r\n0 ; d\r\n\r\n', chunks(), []),
    "space after the size": (CHUNKED + b"2 \t\r\nhi\r\n0\r\n\r\n", chunks(), ["space-after-chunk-size"]),
    "cr after the size": (CHUNKED + b"2\r\r\nhi\r\n0\r\n\r\n", chunks(), ["stray-cr"]),
    "cr in an extension": (CHUNKED + b"2;a\rb\r\nhi\r\n0\r\n\r\n", chunks(), ["stray-cr"]),
    "nul in an extension": (CHUNKED + b"2;\0\r\nhi\r\n0\r\n\r\n", chunks(), ["control-character"]),
    "cr cr after a chunk": (CHUNKED + b"2\r\nhi\r\r\n0\r\n\r\n", chunks(), ["stray-cr"]),
    "chunks with bare lf": (CHUNKED + b"2\nhi\n0\n\n", chunks(), ["bare-lf"]),
    "trailers": (CHUNKED + b"2\r\nhi\r\n0\r\nX: 1\r\ny: 2\r\n 3\r\n\r\n", chunks(trailers=(("X", "1"), ("y", "2 3"))), ["obs-fold"]),
    "chunked in any case": (coded("Chunked"), chunks("Chunked"), []),
    "empty members": (coded(", chunked,"), chunks(", chunked,"), []),
    "identity, chunked": (coded("identity, chunked"), chunks("identity, chunked"), []),
    "chunked, identity": (coded("chunked, identity"), chunks("chunked, identity"), ["odd-transfer-encoding"]),
    "none, chunked": (coded("none, chunked"), chunks("none, chunked"), ["odd-transfer-encoding"]),
    "white space behind chunked": (coded("chunked\x0b"), chunks("chunked\x0b"), ["control-character"]),
    "gzip, chunked": (coded("gzip, chunked"), chunks("gzip, chunked"), ["unasked-transfer-coding"]),
    "chunked twice": (coded("chunked, chunked"), chunks("chunked, chunked"), ["repeated-chunked"]),
    "chunked in HTTP/1.0": (coded("chunked").replace(b"1.1", b"1.0"), chunks(version="HTTP/1.0"), ["transfer-encoding-in-1.0"]),
    "chunked beside a length": (OK + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
                                answer(ok(("Content-Length", "9"), TE), "chunked", b"hi"), ["content-length-with-transfer-encoding"]),
    # nothing but the status tells that there is no body
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", answer(ok(code=204, reason="No Content"), "none"), []),
    "204 of no bytes": (b"HTTP/1.1 204 N\r\nContent-Length: 0\r\n\r\n",
                        answer(ok(("Content-Length", "0"), code=204, reason="N"), "none"), []),
    "204 announcing a body": (b"HTTP/1.1 204 N\r\nContent-Length: x\r\n\r\n",
                              answer(ok(("Content-Length", "x"), code=204, reason="N"), "none"), ["body-not-allowed"]),
    "205": (status("HTTP/1.1 205 R"), counted(code=205, reason="R"), []),
    "304": (b"HTTP/1.1 304 N\r\nContent-Length: 9\r\n\r\n", answer(ok(("Content-Length", "9"), code=304, reason="N"), "none"), []),
    # informational responses
    "100 and 103": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 7\r\n\r\n" + field("X: y"),
                    [Informational(version="HTTP/1.1", code=100, reason="Continue", fields=()),
                     Informational(version="HTTP/1.1", code=103, reason="Early Hints", fields=(("Link", "</a>"), ("Content-Length", "7"))),
                     *counted(("X", "y"))], []),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("cut", [whole, bytewise, with_empty_feeds])
def test_answers_that_say_where_they_end(name: str, cut: Cut) -> None:
    raw, events, notes = GOOD[name]
    assert read(cut(raw)) == Outcome(events, b"", notes, framing_of(events), None)
    assert read(cut(raw + b"HTTP")) == Outcome(events, b"HTTP", [*notes, "bytes-after-end"], framing_of(events), None)


# name: (raw, events, notes)
CLOSED: dict[str, tuple[bytes, list[Event], list[str]]] = {
    "announced": (OK + b"Connection: keep, Close\r\n\r\nhi", answer(ok(("Connection", "keep, Close")), "close", b"hi"), []),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\nhi", answer(ok(version="HTTP/1.0"), "close", b"hi"), []),
    "unannounced": (OK + b"\r\nhi", answer(ok(), "close", b"hi"), ["no-length"]),
    "nothing": (OK + b"\r\n", answer(ok(), "close"), ["no-length"]),
    "identity": (OK + b"Transfer-Encoding: identity\r\nContent-Length: 1\r\nConnection: close\r\n\r\nhi",
                 answer(ok(("Transfer-Encoding", "identity"), ("Content-Length", "1"), ("Connection", "close")), "close", b"hi"),
                 ["content-length-with-transfer-encoding"]),
    "none": (OK + b"Transfer-Encoding: none\r\nConnection: close\r\n\r\nhi",
             answer(ok(("Transfer-Encoding", "none"), ("Connection", "close")), "close", b"hi"), ["odd-transfer-encoding"]),
    "gzip": (OK + b"Transfer-Encoding: gzip\r\nConnection: close\r\n\r\nhi",
             answer(ok(("Transfer-Encoding", "gzip"), ("Connection", "close")), "close", b"hi"), ["unasked-transfer-coding"]),
    "length over 63 bits": (length(str(2**63) + "\r\nConnection: close"),
                            answer(ok(("Content-Length", str(2**63)), ("Connection", "close")), "close", b"hi"), ["huge-length"]),
    "length of 5000 digits": (length("9" * 5000 + "\r\nConnection: close"),
                              answer(ok(("Content-Length", "9" * 5000), ("Connection", "close")), "close", b"hi"), ["huge-length"]),
    "white space before the colon of a length": (OK + b"Content-Length : 1\r\nConnection: close\r\n\r\nhi",
        answer(ok(("Content-Length", "1"), ("Connection", "close")), "close", b"hi"), ["space-before-colon", "framing-not-read"]),
    "white space before the colon of a coding": (OK + b"transfer-encoding\t: chunked\r\nConnection: close\r\n\r\nhi",
        answer(ok(("transfer-encoding", "chunked"), ("Connection", "close")), "close", b"hi"), ["space-before-colon", "framing-not-read"]),
    "folded coding": (OK + b"Transfer-Encoding:\r\n chunked\r\nConnection: close\r\n\r\nhi",
        answer(ok(("Transfer-Encoding", "chunked"), ("Connection", "close")), "close", b"hi"), ["obs-fold", "framing-not-read"]),
    "an empty coding": (OK + b"Transfer-Encoding:\r\nConnection: close\r\n\r\nhi",
                        answer(ok(("Transfer-Encoding", ""), ("Connection", "close")), "close", b"hi"), []),
}  # fmt: skip


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize("cut", [whole, bytewise])
def test_answers_that_end_with_the_connection(name: str, cut: Cut) -> None:
    raw, events, notes = CLOSED[name]
    assert read(cut(raw)) == Outcome(events, b"", notes, "close", None)


# name: (method, raw, events, rest, notes)
BY_METHOD: dict[str, tuple[str, bytes, list[Event], bytes, list[str]]] = {
    "HEAD": ("HEAD", OK + b"Content-Length: 9\r\n\r\n", answer(ok(("Content-Length", "9")), "none"), b"", []),
    "HEAD, chunked": ("HEAD", OK + b"Transfer-Encoding: gzip\r\n\r\n", answer(ok(("Transfer-Encoding", "gzip")), "none"), b"", []),
    "HEAD with a body": ("HEAD", field("X: y"), answer(ok(("X", "y"), TWO), "none"), b"hi", ["bytes-after-end"]),
    "head in lower case": ("head", field("X: y"), counted(("X", "y")), b"", []),
    "CONNECT": ("CONNECT", OK + b"\r\n\x16\x03", answer(ok(), "none"), b"\x16\x03", []),
    "CONNECT with a length": ("CONNECT", OK + b"Content-Length: 1\r\n\r\nx", answer(ok(("Content-Length", "1")), "none"), b"x",
                              ["body-not-allowed"]),
    "CONNECT refused": ("CONNECT", status("HTTP/1.1 407 No"), counted(code=407, reason="No"), b"", []),
    "CONNECT refused, and more": ("CONNECT", status("HTTP/1.1 407 No") + b"x", counted(code=407, reason="No"), b"x", ["bytes-after-end"]),
    "upgrade": ("GET", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x00",
                answer(ok(("Upgrade", "websocket"), code=101, reason="Switching Protocols"), "upgrade"), b"\x81\x00", []),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_METHOD)
@pytest.mark.parametrize("cut", [whole, bytewise])
def test_answers_whose_end_depends_on_the_request(name: str, cut: Cut) -> None:
    method, raw, events, rest, notes = BY_METHOD[name]
    assert read(cut(raw), method) == Outcome(events, rest, notes, framing_of(events), None)


# name: (raw, kind, message); the head's events are not compared here
BAD: dict[str, tuple[bytes, str, str]] = {
    "HTTP/2.1": (status("HTTP/2.1 200 OK"), "unsupported", "the answer is in 'HTTP/2.1'; this connection speaks HTTP/1.0 and HTTP/1.1"),
    "HTTP/3": (status("HTTP/3 200 OK"), "unsupported", "the answer is in 'HTTP/3'; this connection speaks HTTP/1.0 and HTTP/1.1"),
    "HTTP/1.2": (status("HTTP/1.2 200 OK"), "unsupported", "the answer is in 'HTTP/1.2'; this connection speaks HTTP/1.0 and HTTP/1.1"),
    "HTTP/1.10": (status("HTTP/1.10 200"), "unsupported", "the answer is in 'HTTP/1.10'; this connection speaks HTTP/1.0 and HTTP/1.1"),
    "HTTP/1x": (status("HTTP/1x 200 OK"), "malformed", "expected a status line, got 'HTTP/1x 200 OK'"),
    "tab after the version": (status("HTTP/1.1\t200 OK"), "malformed", r"expected a status line, got 'HTTP/1.1\t200 OK'"),
    "HTTP/": (status("HTTP/ 200 OK"), "malformed", "expected a status line, got 'HTTP/ 200 OK'"),
    "a long status line": (b"HTTP/" + b"x" * 50 + b"\r\n", "malformed",
        f"expected a status code from 100 to 999, got 'HTTP/{'x' * 35}'…"),
    **{
        f"code {code!r}": (status(f"HTTP/1.1 {code} X"), "malformed", f"expected a status code from 100 to 999, got 'HTTP/1.1 {code} X'")
        for code in ("", "20", "099", "000", "1000", "abc", "-20", "+20")
    },
    "no code": (b"HTTP/1.1\r\n", "malformed", "expected a status code from 100 to 999, got 'HTTP/1.1'"),
    "nul in the status line": (status("HTTP/1.1 200 O\0K"), "malformed", r"a status line has a NUL: 'HTTP/1.1 200 O\x00K'"),
    "cr before a field": (field("\rX: a"), "malformed", r"a field line has a lone CR: '\r'"),
    "cr in a field name": (field("X\r: a"), "malformed", r"a field name has a lone CR: 'X\r'"),
    "cr in a trailer": (CHUNKED + b"0\r\nX: a\rb\r\n\r\n", "malformed", "a field line has a lone CR: 'X'"),
    "cr cr lf after trailers": (CHUNKED + b"0\r\n\r\r\n", "malformed", r"a field line has a lone CR: '\r'"),
    "nul": (field("X: \0"), "malformed", "a field line has a NUL: 'X'"),
    "no colon": (field("X y"), "malformed", "a field has no colon: 'X y'"),
    "no colon before a fold": (field("X\r\n Y: z"), "malformed", "a field has no colon: 'X'"),
    "white space before the first field": (field(" X: y"), "malformed", "the first field starts with white space: ' X: y'"),
    **{
        f"length {value!r}": (length(value), "malformed", f"Content-Length is not a number: {shown!r}")
        for value, shown in [("", ""), ("x", "x"), ("-2", "-2"), ("++2", "++2"), ("x2", "x2"), (".2", ".2"), (",2", ""),
                             ("2, x", "x"), ("\r\n 2", ""), ("2\r\nContent-Length:", ""), ("\x0c2", "\x0c2"), ("x" * 50, "x" * 40)]
    },
    "two lengths": (length("2\r\nContent-Length: 3"), "malformed", "Content-Length says 2 and 3"),
    "two listed lengths": (length("3, 2"), "malformed", "Content-Length says 2 and 3"),
    "a length over 63 bits and another": (length(f"2, {2**63}"), "malformed", "Content-Length says over 63 bits and 2"),
    "a bad length beside chunked": (coded("chunked\r\nContent-Length: x"), "malformed", "Content-Length is not a number: 'x'"),
    **{
        f"coding {value!r}": (coded(value), "unsupported", f"the body has the transfer coding {other!r}, which was not asked for")
        for value, other in [("compress", "compress"), ("foo, chunked", "foo"), ("chunked, gzip", "gzip"), ("chunked;a=b", "chunked;a=b"),
                             ("xchunked", "xchunked"), ("\x0bchunked", "\x0bchunked")]
    },
    **{
        f"chunk size {line!r}": (CHUNKED + line + b"\r\nhi\r\n", "malformed", f"expected the size of a chunk, got {line.decode()!r}")
        for line in (b"", b" 2", b"0x2", b"2zz", b"2 2", b"-2", b"+2", b"0_2", b";a=b", b"g")
    },
    "chunk of 17 digits": (CHUNKED + b"00000000000000002\r\n", "too_large",
        "the size of a chunk is over 63 bits or has more than 16 digits: '00000000000000002'"),
    "chunk over 63 bits": (CHUNKED + b"8000000000000000\r\n", "too_large",
        "the size of a chunk is over 63 bits or has more than 16 digits: '8000000000000000'"),
    "chunk too long": (CHUNKED + b"2\r\nhix\r\n", "malformed", "expected the end of a chunk after 2 bytes of the body, got 'x'"),
    "chunk without end": (CHUNKED + b"2\r\nhi0\r\n\r\n", "malformed", "expected the end of a chunk after 2 bytes of the body, got '0'"),
    "cr after a chunk": (CHUNKED + b"2\r\nhi\rx", "malformed", r"expected the end of a chunk after 2 bytes of the body, got '\rx'"),
    "nothing but cr after a chunk": (CHUNKED + b"2\r\nhi" + b"\r" * 17 + b"\n", "too_large", "a chunk end is longer than 16 bytes"),
    "a blank line after a chunk": (CHUNKED + b"2\r\nhi\r\n\r\n0", "malformed", "expected the size of a chunk, got ''"),
    "trailer without colon": (CHUNKED + b"0\r\nX\r\n\r\n", "malformed", "a field has no colon: 'X'"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_answers_that_are_refused(name: str) -> None:
    raw, kind, message = BAD[name]
    outcome = read([raw])
    assert outcome.error == ("protocol", kind, message)
    assert read(bytewise(raw)) == outcome
    assert read([raw + b"tail"]) == outcome


# name: (raw, layer, kind, message)
CUT: dict[str, tuple[bytes, str, str, str]] = {
    "nothing": (b"", "transport", "closed", "the peer closed without an answer"),
    "a prefix": (b"HT", "transport", "closed", "the peer closed within the head of its answer, after 2 bytes"),
    "a status line": (OK, "transport", "closed", "the peer closed within the head of its answer, after 17 bytes"),
    "half a field": (OK + b"X: ", "transport", "closed", "the peer closed within the head of its answer, after 20 bytes"),
    "an informational response": (b"HTTP/1.1 100 C\r\n\r\n", "transport", "closed",
        "the peer closed after an informational response, before the final one"),
    "more than that": (b"HTTP/1.1 100 C\r\n\r\nH", "transport", "closed", "the peer closed within the head of its answer, after 19 bytes"),
    "no body": (length("20")[:-2], "protocol", "truncated", "the peer closed after 0 of 20 bytes of the body"),
    "half a body": (length("20"), "protocol", "truncated", "the peer closed after 2 of 20 bytes of the body"),
    "half a chunk": (CHUNKED + b"3\r\nabc\r\n9\r\nhi", "protocol", "truncated",
        "the peer closed with 7 bytes of a chunk missing, after 5 bytes of the body"),
    **{
        f"chunks up to {end!r}": (CHUNKED + b"2\r\nhi" + end, "protocol", "truncated",
            "the peer closed before the end of the chunked body, after 2 bytes of the body")
        for end in (b"", b"\r", b"\r\n", b"\r\n0", b"\r\n0\r\n", b"\r\n0\r\n\r", b"\r\n0\r\nX: 1\r\n")
    },
}  # fmt: skip


@pytest.mark.parametrize("name", CUT)
def test_answers_that_stop_too_early(name: str) -> None:
    raw, layer, kind, message = CUT[name]
    outcome = read([raw])
    assert outcome.error == (layer, kind, message)
    assert read(bytewise(raw)) == outcome


@pytest.mark.parametrize(
    ("raw", "shown", "decided"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", r"'SSH-2.0-OpenSSH_9.2\r\n'", 1),
        (b"\x15\x03\x01\x00\x02\x02\x16", r"'\x15\x03\x01\x00\x02\x02\x16'", 1),
        (b"HTTP 200 OK\r\n", r"'HTTP 200 OK\r\n'", 5),
        (b"HELO", "'HELO'", 2),
        (b"<p>" + b"\xe9" * 50, "'<p>" + r"\xe9" * 37 + "'…", 1),
        # curl refuses an empty line too: it is what a body leaves on the connection that is longer than its length
        (b"\r\nHTTP/1.1 200 OK\r\n", r"'\r\nHTTP/1.1 200 OK\r\n'", 1),
    ],
    ids=["ssh", "tls", "no slash", "smtp", "http/0.9", "empty line"],
)
def test_another_protocol_is_told_by_the_first_byte_that_cannot_be(raw: bytes, shown: str, decided: int) -> None:
    assert read([raw]) == Outcome([], b"", [], None, ("protocol", "wrong_protocol", f"expected an HTTP/1.1 response, got {shown}"))
    decoder = ResponseDecoder("GET")
    assert [decoder.feed(raw[at : at + 1]) for at in range(decided - 1)] == [[]] * (decided - 1)
    with pytest.raises(ExchangeError) as raised:
        decoder.feed(raw[decided - 1 : decided])
    assert raised.value.kind == "wrong_protocol"


def test_after_an_informational_response_only_another_response_is_read() -> None:
    interim = Informational(version="HTTP/1.1", code=100, reason="C", fields=())
    message = r"expected the final response after an informational one, got '\r\n'"
    assert read([b"HTTP/1.1 100 C\r\n\r\n\r\n"]) == Outcome([interim], b"", [], None, ("protocol", "malformed", message))


def test_what_was_read_before_an_error_is_not_lost() -> None:
    decoder = ResponseDecoder("GET")
    with pytest.raises(ExchangeError):
        decoder.feed(CHUNKED + b"2\r\nhi\r\nx\r\n")
    assert decoder.salvaged == [ok(TE), Data(data=b"hi")]
    assert (decoder.framing, decoder.received) == ("chunked", 2)


def test_the_end_carries_what_was_fed_beyond_it() -> None:
    decoder = ResponseDecoder("GET")
    assert decoder.feed(b"HTTP/1.1 101 S\r\n\r\n\x81\x02hi") == [ok(code=101, reason="S"), End(framing="upgrade", leftover=b"\x81\x02hi")]
    assert (decoder.eof(), decoder.notes) == ([], [])


def test_the_codings_under_the_chunks_are_told() -> None:
    decoder = ResponseDecoder("GET")
    decoder.feed(OK + b"Transfer-Encoding: deflate, X-Gzip\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert (decoder.framing, decoder.transfer_codings) == ("chunked", ("deflate", "x-gzip"))


def test_a_body_is_handed_on_without_a_copy() -> None:
    decoder, block = ResponseDecoder("GET"), bytes(100_000)
    decoder.feed(OK + b"Content-Length: 300000\r\n\r\n")
    for _ in range(2):
        (data,) = decoder.feed(block)
        assert isinstance(data, Data)
        assert data.data is block
    assert decoder.received == 200_000


@pytest.mark.parametrize(
    ("within", "beyond", "message"),
    [
        (b"HTTP/1.1 200 " + b"x" * 102386 + b"\r\n", b"HTTP/1.1 200 " + b"x" * 102388, "a status line is longer than 102400 bytes"),
        (OK + b"X:" + b"y" * 102397 + b"\r\n", OK + b"X:" + b"y" * 102399, "a field line is longer than 102400 bytes"),
        (OK + b"X: y\r\n" * 5000, OK + b"X: y\r\n" * 5001, "the head has more than 5000 fields"),
        (OK + (b"X:" + b"y" * 996 + b"\r\n") * 307 + b"X:" + b"y" * 177 + b"\r\n\r\n",
         OK + (b"X:" + b"y" * 996 + b"\r\n") * 307 + b"X:" + b"y" * 178 + b"\r\n\r\n", "the head is longer than 307200 bytes"),
        (b"HTTP/1.1 102 P\r\n\r\n" * 100, b"HTTP/1.1 102 P\r\n\r\n" * 101, "more than 100 informational responses came"),
        ((b"HTTP/1.1 102 P\r\nX:" + b"y" * 60000 + b"\r\n\r\n") * 5, (b"HTTP/1.1 102 P\r\nX:" + b"y" * 60000 + b"\r\n\r\n") * 6,
         "the head is longer than 307200 bytes"),
        (CHUNKED + b"2;" + b"x" * 262141 + b"\r\n", CHUNKED + b"2;" + b"x" * 262143, "a chunk line is longer than 262144 bytes"),
        (CHUNKED + b"0\r\n" + b"X: y\r\n" * 5000, CHUNKED + b"0\r\n" + b"X: y\r\n" * 5001, "the trailer section has more than 5000 fields"),
        (CHUNKED + b"0\r\n" + (b"X:" + b"y" * 996 + b"\r\n") * 307, CHUNKED + b"0\r\n" + (b"X:" + b"y" * 996 + b"\r\n") * 308,
         "the trailer section is longer than 307200 bytes"),
    ],
    ids=["status line", "field line", "fields", "head", "informational", "informational bytes", "chunk line", "trailers", "trailer bytes"],
)  # fmt: skip
def test_bounds(within: bytes, beyond: bytes, message: str) -> None:
    assert read([within]).error != ("protocol", "too_large", message)
    assert read([beyond]).error == ("protocol", "too_large", message)
    assert read([beyond + b"\r\n\r\n"]).error == ("protocol", "too_large", message)
    assert read([beyond[at : at + 100] for at in range(0, len(beyond), 100)]).error == ("protocol", "too_large", message)


def test_the_bound_of_trailers_does_not_count_the_head() -> None:
    big = "y" * 60_000
    raw = OK + b"X: %b\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX: %b\r\n\r\n" % (big.encode(), big.encode())
    assert read([raw]).events == answer(ok(("X", big), TE), "chunked", b"hi", (("X", big),))


def test_a_long_line_in_single_bytes_is_read_in_linear_time() -> None:
    """Each byte is searched once: 60 kB took 0.04 s; re-reading the line from its start at each byte would search 1.8 GB."""
    raw = OK + b"X: " + b"y" * 60_000 + b"\r\nContent-Length: 2\r\n\r\nhi"
    assert read(bytewise(raw)).events == counted(("X", "y" * 60_000))


# Properties

VALID = [raw for raw, _, _ in (*GOOD.values(), *CLOSED.values()) if len(raw) < 1000]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A valid answer with up to three places overwritten, removed or filled in."""
    raw = draw(st.sampled_from(VALID))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(raw)))
        piece = draw(
            st.sampled_from([b"", b"\r", b"\n", b"\r\n", b" ", b":", b",", b"0", b"9", b"\0", b"chunked", b"Content-Length: 3\r\n"])
        )
        raw = raw[:start] + piece + raw[start + draw(st.integers(0, 4)) :]
    return raw


def without_rest(outcome: Outcome) -> Outcome:
    """An error decided at the first wrong byte quotes only what had come by then."""
    if outcome.error is None:
        return outcome
    layer, kind, message = outcome.error
    return outcome._replace(error=(layer, kind, message.partition(", got ")[0]))


@given(st.one_of(mutated(), st.binary(), st.binary().map(CHUNKED.__add__), st.binary().map(OK.__add__)), st.data())
def test_any_bytes_give_events_or_an_exchange_error_however_they_are_cut(raw: bytes, data: st.DataObject) -> None:
    method = data.draw(st.sampled_from(["GET", "HEAD", "CONNECT"]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=8)))
    pieces = [raw[start:end] for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    outcome = without_rest(read([raw], method))
    assert without_rest(read(pieces, method)) == outcome
    assert without_rest(read(bytewise(raw), method)) == outcome


# Requests


def test_a_request_head_keeps_order_case_and_repeats() -> None:
    fields = (("Host", "a.test"), ("x-b", "1"), ("X-B", "2"), ("Empty", ""))
    assert (
        encode_request("GET", "/a?b=c", "HTTP/1.1", fields) == b"GET /a?b=c HTTP/1.1\r\nHost: a.test\r\nx-b: 1\r\nX-B: 2\r\nEmpty: \r\n\r\n"
    )


@pytest.mark.parametrize(
    ("value", "octets"),
    [("caf\xe9", b"caf\xc3\xa9"), ("a\udcff\tb", b"a\xff\tb")],
    ids=["utf-8", "undecodable argument"],
)
def test_text_goes_out_as_utf_8_and_undecodable_bytes_as_they_were(value: str, octets: bytes) -> None:
    assert encode_request("GET", "/", "HTTP/1.0", (("X", value),)) == b"GET / HTTP/1.0\r\nX: " + octets + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("method", "target", "version", "name", "value", "message"),
    [
        ("G T", "/", "HTTP/1.1", "X", "", "the method 'G T' is not a token (RFC 9110 section 9.1)"),
        ("", "/", "HTTP/1.1", "X", "", "the method '' is not a token (RFC 9110 section 9.1)"),
        ("GET\r", "/", "HTTP/1.1", "X", "", "the method has a carriage return at character 4"),
        ("GET", "/\n", "HTTP/1.1", "X", "", "the target has a line feed at character 2"),
        ("GET", "/a b", "HTTP/1.1", "X", "", "the target has ' ' at character 3"),
        ("GET", "/\x7f", "HTTP/1.1", "X", "", r"the target has '\x7f' at character 2"),
        ("GET", "/\x1b", "HTTP/1.1", "X", "", r"the target has '\x1b' at character 2"),
        ("GET", "/\u2003", "HTTP/1.1", "X", "", r"the target has '\u2003' at character 2"),
        ("GET", "", "HTTP/1.1", "X", "", "the target is empty"),
        ("GET", "/", "HTTP/1.1\0", "X", "", "the version has a NUL at character 9"),
        ("GET", "/", "HTTP/1.1", "X\nY", "", r"the field name 'X\nY' has a line feed at character 2"),
        ("GET", "/", "HTTP/1.1", "X", "a\r\nY: b", "the value of X has a carriage return at character 2"),
        ("GET", "/", "HTTP/1.1", "X", "\ud800", "the value of X has a lone surrogate at character 1"),
    ],
)
def test_what_would_break_a_request_apart_is_refused(method: str, target: str, version: str, name: str, value: str, message: str) -> None:
    with pytest.raises(ExchangeError) as raised:
        encode_request(method, target, version, ((name, value),))
    assert (raised.value.layer, raised.value.kind, raised.value.message) == ("usage", "usage", message)


def test_chunks_read_back() -> None:
    assert encode_chunk(b"0123456789") == b"a\r\n0123456789\r\n"
    assert encode_chunk(b"") == b""
    assert read([CHUNKED, encode_chunk(b"h"), encode_chunk(b"i"), LAST_CHUNK]).events == chunks()


def test_the_codec_loads_nothing_but_the_packages_own_base() -> None:
    code = "import sys; before = set(sys.modules); import rrcli.codec.http.h1; print(*sorted(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, check=True, text=True, cwd=ROOT).stdout.split()
    assert [name for name in loaded if not name.startswith("rrcli")] == ["__future__"]
