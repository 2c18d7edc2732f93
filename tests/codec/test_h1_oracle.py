"""The HTTP/1 decoder beside others: h11 on generated answers, curl on odd ones over a loopback socket."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import h11
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rrcli.base.errors import ExchangeError
from rrcli.codec.http.content import ContentDecoder
from rrcli.codec.http.h1 import Data, End, Head, Informational, ResponseDecoder, Trailers

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

Pairs = list[tuple[bytes, bytes]]


class Reading(NamedTuple):
    """What either reader makes of an answer."""

    informational: list[tuple[int, Pairs]]
    code: int
    fields: Pairs
    body: bytes
    trailers: Pairs


def by_h11(raw: bytes, method: str) -> Reading:
    """Raises `h11.RemoteProtocolError` for what h11 refuses."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "a.test")]))
    connection.send(h11.EndOfMessage())
    informational: list[tuple[int, Pairs]] = []
    code, fields, body = 0, [], b""
    connection.receive_data(raw)
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(b"")
        elif isinstance(event, h11.InformationalResponse):
            informational.append((event.status_code, list(event.headers.raw_items())))
        elif isinstance(event, h11.Response):
            code, fields = event.status_code, list(event.headers.raw_items())
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            return Reading(informational, code, fields, body, list(event.headers.raw_items()))


def by_us(raw: bytes, method: str) -> Reading:
    """Raises `ExchangeError` for what we refuse."""
    decoder = ResponseDecoder(method)
    informational: list[tuple[int, Pairs]] = []
    code, body, fields, trailers = 0, b"", [], []
    for event in [*decoder.feed(raw), *decoder.eof()]:
        match event:
            case Informational():
                informational.append((event.code, octets(event.fields)))
            case Head():
                code, fields = event.code, octets(event.fields)
            case Data():
                body += event.data
            case Trailers():
                trailers = octets(event.fields)
            case End():
                pass
    coded = ContentDecoder(list(decoder.transfer_codings), lambda *_: None)
    body = b"".join(coded.feed(body))
    coded.finish()
    return Reading(informational, code, fields, body, trailers)


def octets(fields: tuple[tuple[str, str], ...]) -> Pairs:
    return [(name.encode("utf-8", "surrogateescape"), value.encode("utf-8", "surrogateescape")) for name, value in fields]


# Generated answers

TOKEN = "!#$%&'*+-.^_`|~0123456789abcxyzABCXYZ"
VISIBLE = "".join(map(chr, [*range(0x21, 0x7F), *range(0xA1, 0x100)]))
names = st.text(TOKEN, min_size=1, max_size=12).filter(
    lambda name: name.lower() not in ("content-length", "transfer-encoding", "connection", "upgrade")
)
words = st.text(VISIBLE, max_size=8)
blanks = st.sampled_from(["", " ", "\t", "  \t"])


@st.composite
def field_lines(draw: st.DrawFn, end: str) -> str:
    """Fields with odd white space, some of them folded over lines."""
    lines = []
    for _ in range(draw(st.integers(0, 4))):
        fold = draw(st.sampled_from(["", "", end + " ", " " + end + "\t "]))
        value = draw(words) + (fold + draw(words) if fold else "")
        lines.append(f"{draw(names)}:{draw(blanks)}{value}{draw(blanks)}{end}")
    return "".join(lines)


@st.composite
def heads(draw: st.DrawFn, codes: st.SearchStrategy[int], end: str, extra: str = "", version: str = "1.1") -> bytes:
    reason = draw(st.sampled_from(["", " ", " OK", " Not  Found", " caf\xe9"]))
    return f"HTTP/{version} {draw(codes)}{reason}{end}{extra}{draw(field_lines(end))}{end}".encode("latin-1")


@st.composite
def chunked(draw: st.DrawFn, body: bytes, end: str) -> bytes:
    out, line_end = b"", end.encode()
    while body:
        size = draw(st.integers(1, len(body)))
        extension = draw(st.sampled_from(["", ";a", ';a="b"', ";a=b;c"]))
        out += f"{'0' * draw(st.integers(0, 3))}{size:{draw(st.sampled_from('xX'))}}{extension}\r\n".encode() + body[:size] + b"\r\n"
        body = body[size:]
    return out + b"0\r\n" + draw(field_lines(end)).encode("latin-1") + line_end


@st.composite
def answers(draw: st.DrawFn) -> tuple[str, bytes]:
    """A method and a valid answer to it: informational responses first, framed in each of the ways there are."""
    end = draw(st.sampled_from(["\r\n", "\r\n", "\n"]))
    method = draw(st.sampled_from(["GET", "GET", "POST", "HEAD"]))
    before = b"".join(draw(st.lists(heads(st.sampled_from([100, 102, 103, 199]), end), max_size=2)))
    codes = st.sampled_from([200, 201, 206, 301, 400, 404, 500, 599])
    body = draw(st.binary(max_size=40))
    framing = draw(st.sampled_from(["content-length", "chunked", "close", "none"]))
    if framing == "none":
        return method, before + draw(heads(st.sampled_from([204, 304]), end))
    if framing == "close":
        version = draw(st.sampled_from(["1.0", "1.1"]))
        head = draw(heads(codes, end, f"Connection: close{end}", version))
    elif framing == "chunked":
        head = draw(heads(codes, end, f"Transfer-Encoding: chunked{end}"))
        body = draw(chunked(body, end))
    else:
        head = draw(heads(codes, end, f"Content-Length: {len(body)}{end}"))
    return method, before + head + (b"" if method == "HEAD" else body)


@given(answers())
@example(("GET", CHUNKED + b"A;x\r\n0123456789\r\n0\r\nX: a\r\n  b\r\n\r\n"))
@example(("HEAD", OK + b"Content-Length: 9\r\n\r\n"))
def test_a_valid_answer_is_read_as_h11_reads_it(answer: tuple[str, bytes]) -> None:
    method, raw = answer
    assert by_us(raw, method) == by_h11(raw, method)


@given(answers(), st.data())
def test_whatever_h11_accepts_of_a_damaged_answer_is_read_alike_or_refused(answer: tuple[str, bytes], data: st.DataObject) -> None:
    method, raw = answer
    at = data.draw(st.integers(0, len(raw)))
    piece = data.draw(st.sampled_from([b"", b"\r", b"\n", b"\r\n", b" ", b"\t", b":", b";", b",", b"0", b"1", b"\0", b"\xff"]))
    raw = raw[:at] + piece + raw[at + data.draw(st.integers(0, 2)) :]
    try:
        expected = by_h11(raw, method)
        ours = by_us(raw, method)
    except (h11.RemoteProtocolError, ExchangeError):
        return
    assert ours == expected


# Odd answers over a socket


@contextmanager
def serving(raw: bytes) -> Iterator[int]:
    """A server on loopback that answers one request with `raw` and closes; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(5)
                request = b""
                while not request.endswith(b"\r\n\r\n"):
                    request += connection.recv(4096)
                connection.sendall(raw)
                connection.shutdown(socket.SHUT_WR)
                try:
                    while connection.recv(4096):
                        pass
                except ConnectionResetError:
                    pass  # curl closes on bytes that it did not read

        server = threading.Thread(target=answer)
        server.start()
        yield listener.getsockname()[1]
        server.join()


# Where curl 7 and curl 8 agree. Where we refuse what curl reads, `test_h1.py` has the case and the decoder the reason.
ODD: dict[str, bytes] = {
    "bare lf": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi",
    "obs-fold": OK + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\nhi",
    "no reason": b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi",
    "reason without space": b"HTTP/1.1 200OK\r\nContent-Length: 2\r\n\r\nhi",
    "lower case": b"http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    "HTTP/1.2": b"HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    "no slash": b"HTTP 200 OK\r\n\r\nhi",
    "empty line first": b"\r\n" + OK + b"Content-Length: 2\r\n\r\nhi",
    "HTTP/0.9": b"hi",
    "code 099": b"HTTP/1.1 099 OK\r\n\r\nhi",
    "code 1000": b"HTTP/1.1 1000 OK\r\n\r\nhi",
    "code 20": b"HTTP/1.1 20 OK\r\n\r\nhi",
    "code 999": b"HTTP/1.1 999 OK\r\nContent-Length: 2\r\n\r\nhi",
    "no colon": OK + b"X\r\nContent-Length: 2\r\n\r\nhi",
    "nul": OK + b"X: \0\r\nContent-Length: 2\r\n\r\nhi",
    "empty name": OK + b": y\r\nContent-Length: 2\r\n\r\nhi",
    "space before colon": OK + b"X : y\r\nContent-Length: 2\r\n\r\nhi",
    "same length twice": OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
    "same length listed": OK + b"Content-Length: 2, 2\r\n\r\nhi",
    "length with zero": OK + b"Content-Length: 02\r\n\r\nhi",
    "negative length": OK + b"Content-Length: -2\r\n\r\nhi",
    "length of letters": OK + b"Content-Length: x\r\n\r\nhi",
    "empty length": OK + b"Content-Length:\r\n\r\nhi",
    "more than the length": OK + b"Content-Length: 2\r\n\r\nhixx",
    "less than the length": OK + b"Content-Length: 9\r\n\r\nhi",
    "no length": OK + b"\r\nhi",
    "body after 204": b"HTTP/1.1 204 N\r\nContent-Length: 2\r\n\r\nhi",
    "body after 304": b"HTTP/1.1 304 N\r\nContent-Length: 2\r\n\r\nhi",
    "body after 205": b"HTTP/1.1 205 N\r\nContent-Length: 2\r\n\r\nhi",
    "informational first": b"HTTP/1.1 103 E\r\nContent-Length: 7\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nhi",
    "informational alone": b"HTTP/1.1 100 C\r\n\r\n",
    "nothing": b"",
    "length beside chunked": OK + b"Content-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    "letters beside chunked": OK + b"Content-Length: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    "identity": OK + b"Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nhixx",
    "chunked in HTTP/1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    "chunked twice": OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    "gzip": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    "chunked;x": OK + b"Transfer-Encoding: chunked;x\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    "chunks with bare lf": CHUNKED + b"2\nhi\n0\n\n",
    "chunk extension": CHUNKED + b'2 ;a="b;c"\r\nhi\r\n0\r\n\r\n',
    "space after a chunk's size": CHUNKED + b"2  \r\nhi\r\n0\r\n\r\n",
    "space before a chunk's size": CHUNKED + b" 2\r\nhi\r\n0\r\n\r\n",
    "0x": CHUNKED + b"0x2\r\nhi\r\n0\r\n\r\n",
    "17 digits": CHUNKED + b"00000000000000002\r\nhi\r\n0\r\n\r\n",
    "chunk without end": CHUNKED + b"2\r\nhi0\r\n\r\n",
    "no last chunk": CHUNKED + b"2\r\nhi\r\n",
    "no last line": CHUNKED + b"2\r\nhi\r\n0\r\n",
    "trailers": CHUNKED + b"2\r\nhi\r\n0\r\nX: 1\r\n\r\n",
    "trailer without colon": CHUNKED + b"2\r\nhi\r\n0\r\nX\r\n\r\n",
}


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize("name", ODD)
def test_an_odd_answer_is_read_as_curl_reads_it(name: str) -> None:
    with serving(ODD[name]) as port:
        url = f"http://127.0.0.1:{port}/"
        curl = subprocess.run(
            ["curl", "-q", "--silent", "--http1.1", "--noproxy", "*", "--max-time", "5", url], capture_output=True, check=False
        )
    body: bytes | None
    try:
        body = by_us(ODD[name], "GET").body
    except ExchangeError:
        body = None
    assert body == (curl.stdout if curl.returncode == 0 else None)
