"""Odd answers, byte for byte the same to the real curl and to us: both fail, or both have the same status, content and hops.

Where we differ on purpose, `ON_PURPOSE` has the name and the reason.
"""

from __future__ import annotations

import gzip
import shutil
import socket
import subprocess
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from peers.script import Responder, end, hear_end, responder

from rrcli import HttpRequest, send

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")

OK = b"HTTP/1.1 200 OK\r\n"
TWO = b"Content-Length: 2\r\n\r\nhi"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
HELLO = b"5\r\nhello\r\n0\r\n\r\n"
GZIP = gzip.compress(b"hello", mtime=0)
DEFLATE = zlib.compress(b"hello")


def status(line: bytes) -> bytes:
    return line + b"\r\n" + TWO


def field(line: bytes) -> bytes:
    return OK + line + b"\r\n" + TWO


def length(value: bytes) -> bytes:
    return OK + b"Content-Length:" + value + b"\r\n\r\nhello"


def coding(value: bytes, more: bytes = b"", body: bytes = HELLO) -> bytes:
    return OK + b"Transfer-Encoding:" + value + b"\r\n" + more + b"\r\n" + body


def content(value: bytes, body: bytes) -> bytes:
    return OK + b"Content-Encoding: " + value + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def redirect(location: bytes, code: int = 302, more: bytes = b"Content-Length: 0\r\n\r\n") -> bytes:
    return b"HTTP/1.1 %d X\r\nLocation: %b\r\n" % (code, location) + more


LINES = (
    b"HTTP/1.1 200", b"HTTP/1.1 200 ", b"HTTP/1.1  200 OK", b"HTTP/1.1 \t200\tOK", b"HTTP/1.1\t200 OK", b"HTTP/1.1 2000 OK",
    b"HTTP/1.1 99 OK",
    b"HTTP/1.1 099 OK", b"HTTP/1.1 600 OK", b"HTTP/1.1 999", b"HTTP/1.1 000 OK", b"HTTP/1.2 200 OK", b"HTTP/1.10 200 OK",
    b"HTTP/01.1 200 OK",
    b"HTTP/2 200 OK", b"HTTP/2 404", b"HTTP/2.0 200 OK", b"HTTP/2 2000", b"HTTP/3 200 OK", b"HTTP/0.9 200 OK", b"HTTP/x.y 200 OK",
    b"http/1.1 200 OK", b"hTTP/1.1 404 No", b"HTTP 200 OK", b"HTTP/ 200 OK", b"HTTP/1.1200 OK", b"HTTP/1.1 200OK", b"HTTP/1.1 -200 OK",
    b"HTTP/1.1 abc", b"HTTP/1.1", b"HTTP/1.1 200 O\0K", b"HTTP/1.1 200 O\rK", b"HTTP/1.1 200 OK\r", b"HTTP/1.1 200 caf\xe9", b"ICY 200 OK",
    b"HTTP/1.1 200 " + b"x" * 70_000, b"HTTP/1.1 200 " + b"x" * 110_000, b" HTTP/1.1 200 OK", b"\r\nHTTP/1.1 200 OK",
    b"\xef\xbb\xbfHTTP/1.1 200 OK",
    b"RTSP/1.0 200 OK", b"HTTPS/1.1 200 OK", b"HTTP/1.0 404 No",
)  # fmt: skip
FIELDS = (
    b"X: a\r\n b", b"X: a\r\n\tb", b"X: a\r\n ", b" X: a", b"X : a", b"X\t: a", b": a", b":", b"foo", b"foo\r\n bar: a", b"X: \0",
    b"X: \x01\x7f",
    b"X: \xe9\xff", b"X: a\rb", b"X: a\r", b"X\r: a", b"\rX: a", b"X(y): a", b"X y: a", b"X: " + b"y" * 99_000, b"X: " + b"y" * 103_000,
    b"X: y\r\n" * 1500 + b"X: y", (b"X: " + b"y" * 90_000 + b"\r\n") * 3 + b"X: y", (b"X: " + b"y" * 90_000 + b"\r\n") * 4 + b"X: y",
    b"Set-Cookie: =;;;\x01", b"Content-Type: ;;;", b"Connection: ,,", b"X: a\nY: b",
)  # fmt: skip
LENGTHS = (
    b" 5", b"5", b"\t5 ", b" 005", b" +5", b" -5", b" ++5", b" 5,5", b" 5, 05", b" 5,6", b" 6,5", b" 5.0", b" 0x5", b"", b" 5 5",
    b" 5;", b" 5x",
    b" x5", b" 5,", b" ,5", b" 5\x0b", b" \x0c5", b" 5\r\nContent-Length: 5", b" 5\r\nContent-Length: 6", b" 6\r\nContent-Length: 5",
    b" 5\r\nContent-Length:", b" 99999999999999999999", b" 9223372036854775807", b" 10", b" 4", b" 0", b" 5e0", b"\r\n 5", b" 5\r\n 5",
    b" " + b"0" * 30 + b"5",
)  # fmt: skip
CODINGS = (
    b" chunked", b"CHUNKED", b" xchunked", b" chunked;a=b", b" chunked, chunked", b" identity", b" chunked, identity",
    b" identity, chunked",
    b" gzip", b" gzip, chunked", b" chunked, gzip", b" compress", b"", b" ,chunked,", b' "chunked"', b" none", b" foo, chunked",
    b" chunked\x0b",
    b" \x0bchunked", b" chunked\r\nTransfer-Encoding: identity", b" chunked\r\nTransfer-Encoding: chunked", b"\r\n chunked",
)  # fmt: skip
CHUNKS = (
    b"05\r\nhello\r\n0\r\n\r\n", b"00000000000000005\r\nhello\r\n0\r\n\r\n", b"5 \t\r\nhello\r\n0 \r\n\r\n", b" 5\r\nhello\r\n0\r\n\r\n",
    b"+5\r\nhello\r\n0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n", b"5x\r\nhello\r\n0\r\n\r\n", b"A\r\n0123456789\r\n00\r\n\r\n",
    b'5;a="b;c"\r\nhello\r\n0;d\r\n\r\n', b"5;\0\r\nhello\r\n0\r\n\r\n", b"5;\rx\r\nhello\r\n0\r\n\r\n",
    b"5;" + b"x" * 20_000 + b"\r\nhello\r\n0\r\n\r\n",
    b"5\nhello\n0\n\n", b"5\r\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\r\n0\r\n\r\n", b"5\r\nhello\r\n\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\n",
    b"5\r\nhello\r\n", b"5\r\nhel", b"", b"5\r\nhello0\r\n\r\n", b"5\r\nhell\r\n0\r\n\r\n", b"hello", b"FFFFFFFFFFFFFFFFF\r\nhello",
    b"FFFFFFFFFFFFFFFF\r\nhello",
    b"5\r\nhello\r\n0\r\nX: y\r\n\r\n", b"5\r\nhello\r\n0\r\nfoo\r\n\r\n", b"5\r\nhello\r\n0\r\nX: \0\r\n\r\n",
    b"5\r\nhello\r\n0\r\nX: a\rb\r\n\r\n",
    b"5\r\nhello\r\n0\r\nContent-Length: 3\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\nmore", b"5\r\nhello\r\nzz\r\nabc\r\n",
)  # fmt: skip
WHOLE = (
    b"", b"\r\n", b"<html>hi</html>", b"H", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\n\nhi",
    b"HTTP/1.1 200 OK\r\r\n\r\r\nhi",
    b"HTTP/1.1 200 OK\r\nX: y\r\n", b"\x15\x03\x01\x00\x02\x02\x46", b"SSH-2.0-OpenSSH_9.2\r\n", b"220 mail ESMTP\r\n", bytes(range(256)),
    b"HTTP/1.0 200 OK\r\n\r\nhi", OK + b"\r\nhi" + OK + TWO, OK + TWO + OK + TWO, OK + b"Content-Length: 9\r\n\r\nhi",
    b"HTTP/1.1 204 N\r\n" + TWO, b"HTTP/1.1 304 N\r\n" + TWO, b"HTTP/1.1 205 R\r\n" + TWO, b"HTTP/1.1 100 C\r\n\r\n",
    b"HTTP/1.1 100 C\r\n\r\nhi", b"HTTP/1.1 100 C\r\nContent-Length: 5\r\n\r\n" + OK + TWO, b"HTTP/1.1 103 E\r\n\r\n" * 3 + OK + TWO,
    b"HTTP/1.1 100 C\r\n\r\n\r\n" + OK + TWO, b"HTTP/1.1 101 S\r\n\r\nhi", OK + b"Content-Length : 2\r\n\r\nhello",
    OK + b"Transfer-Encoding : chunked\r\n\r\n" + HELLO, OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + HELLO,
    OK + b"Content-Length: x\r\nTransfer-Encoding: chunked\r\n\r\n" + HELLO, coding(b" gzip", body=GZIP),
    coding(b" gzip, chunked", body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(GZIP), GZIP)),
    b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + HELLO,
    content(b"gzip", b"plain"), content(b"utf-8", b"plain"), content(b"compress", b"plain"),
)  # fmt: skip
CODED = (
    content(b"gzip", GZIP), content(b"x-gzip", GZIP), content(b"GZIP", GZIP), content(b"gzip", b"plain"), content(b"gzip", b""),
    content(b"gzip", DEFLATE),
    content(b"gzip", GZIP[:-8] + bytes(8)), content(b"gzip", GZIP[:-1]), content(b"gzip", GZIP + b"more"), content(b"gzip", GZIP * 2),
    content(b"deflate", DEFLATE), content(b"deflate", DEFLATE[2:-4]), content(b"deflate", b"plain"),
    content(b"gzip, deflate", zlib.compress(GZIP)),
    content(b"identity", b"plain"), content(b"none", b"plain"), content(b"utf-8", b"plain"), content(b"compress", b"plain"),
    OK + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(GZIP), GZIP),
)  # fmt: skip
REDIRECTS = (
    redirect(b"/x"), redirect(b"x/../y"), redirect(b"?q"), redirect(b""), redirect(b" /x "), redirect(b"/a b"), redirect(b"/x#f"),
    redirect(b"#f"),
    redirect(b"/x?"), redirect(b"http:x"), redirect(b"http:///x"), redirect(b"file:///etc/passwd"), redirect(b"javascript:1"),
    redirect(b"http://"),
    redirect(b"http://127.0.0.1:99999/"), redirect(b"http://[::1/"), redirect(b"/x\r\nLocation: /y"), redirect(b"/a\x01b"),
    redirect(b"/x", 300),
    redirect(b"/x", 399), redirect(b"/x", 304), redirect(b"/x", 305), redirect(b"/x", 201), redirect(b"/x", 307),
    redirect(b"/x", more=b"Content-Length: 9\r\n\r\nhi"), redirect(b"/x", more=b"Transfer-Encoding: chunked\r\n\r\nzz"),
    redirect(b"/x", more=b"Content-Length: x\r\n\r\n"), redirect(b"/x", more=b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nhi"),
)  # fmt: skip

CUT = "what is cut is no whole answer"
TWO_LENGTHS = "lengths that contradict each other are no length"
CHUNK_SIZE = "a chunk's size is a number and nothing else"
SAID = "the status is what the answer says; curl says 200 whatever it is"
SWITCHED = "after a 101 the bytes are another protocol's, not content"
ON_PURPOSE: dict[bytes, str] = {
    status(b"hTTP/1.1 404 No"): SAID,
    status(b"HTTP/2 2000"): "a status has three digits",
    field(b"\rX: a"): "a CR in front of a field does not end the head",
    length(b" 5,6"): TWO_LENGTHS,
    length(b" 6\r\nContent-Length: 5"): TWO_LENGTHS,
    CHUNKED + b"5x\r\nhello\r\n0\r\n\r\n": CHUNK_SIZE,
    b"HTTP/1.1 200 OK\r\nX: y\r\n": CUT,
    b"HTTP/1.1 101 S\r\n\r\nhi": SWITCHED,
    content(b"gzip", GZIP[:-1]): CUT,
    content(b"gzip", GZIP + b"more"): "gzip itself leaves out what is behind; a note says so",
    content(b"gzip", GZIP * 2): "gzip has members (RFC 1952 section 2.2), which curl 7 does not read",
    redirect(b"#f"): "a fragment leads to the same URL (RFC 3986 section 4.4); curl 7 forgets its path",
    redirect(b"/x?"): "an empty query is one (RFC 3986 section 3.4)",
    redirect(b"/x", 304): "it is no redirect",
    redirect(b"/x", 305): "a server does not choose the proxy",
}


class Case(NamedTuple):
    """An answer, curl's options for it, and ours."""

    raw: bytes
    flags: tuple[str, ...] = ()
    options: dict[str, Any] = {}


class Reading(NamedTuple):
    """What either makes of an answer; of a failure nothing more."""

    ok: bool
    status: int = 0
    content: bytes = b""
    hops: int = 0


PLAIN = (
    *map(status, LINES), *map(field, FIELDS), *map(length, LENGTHS), *map(coding, CODINGS),
    *(coding(value, b"Content-Length: 3\r\n") for value in CODINGS[:9]), *(CHUNKED + body for body in CHUNKS), *WHOLE,
)  # fmt: skip
CASES = [
    *(Case(raw) for raw in PLAIN),
    *(Case(raw, ("-I",), {"head": True}) for raw in (OK + TWO, OK + b"\r\n", length(b" x"), coding(b" foo"), b"HTTP/1.1 404 N\r\n\r\n")),
    *(Case(raw, ("--compressed",), {"compressed": True}) for raw in CODED),
    *(Case(raw, ("-L", "--max-redirs", "3"), {"location": True, "max_redirects": 3}) for raw in REDIRECTS),
]


@pytest.fixture(scope="module")
def player() -> Iterator[Responder]:
    """Answers `/3` with the bytes of the fourth case, and any other target with its own name."""

    def play(connection: socket.socket) -> None:
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            if not (more := connection.recv(4096)):
                return
            request += more
        target = request.split(b" ")[1]
        number = target[1:]
        body = b"at " + target
        connection.sendall(CASES[int(number)].raw if number.isdigit() else OK + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        end(connection)
        hear_end(connection)

    with responder(play) as peer:
        yield peer


def by_curl(case: Case, url: str, body: Path) -> Reading:
    command = ["curl", "-q", "-s", "--http1.1", "--noproxy", "*", "--max-time", "5", "-o", str(body), "-w", "%{http_code} %{num_redirects}"]
    run = subprocess.run([*command, *case.flags, url], capture_output=True, check=False, text=True)
    if run.returncode:
        return Reading(ok=False)
    code, hops = map(int, run.stdout.split())
    return Reading(True, code, body.read_bytes() if body.exists() and "-I" not in case.flags else b"", hops)


def by_us(case: Case, url: str) -> Reading:
    exchange = send(HttpRequest(url, timeout=5, ok="any", **case.options))
    if exchange.error:
        return Reading(ok=False)
    assert exchange.response
    code = exchange.response.status.code
    assert isinstance(code, int)
    return Reading(True, code, exchange.response.body.data if exchange.response.body else b"", len(exchange.history))


def test_odd_answers_are_read_as_curl_reads_them(player: Responder, tmp_path: Path) -> None:
    """3 s: curl is a process each time."""
    urls = [f"http://{player.host}:{player.port}/{number}" for number in range(len(CASES))]
    with ThreadPoolExecutor(4) as workers:
        theirs = list(workers.map(by_curl, CASES, urls, [tmp_path / str(number) for number in range(len(CASES))]))
        ours = list(workers.map(by_us, CASES, urls))
    different = {case.raw: (curl, us) for case, curl, us in zip(CASES, theirs, ours, strict=True) if curl != us}
    assert {raw: readings for raw, readings in different.items() if raw not in ON_PURPOSE} == {}
    assert ON_PURPOSE.keys() - different.keys() == set(), "no longer different"
