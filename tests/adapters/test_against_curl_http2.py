"""Odd answers of HTTP/2, frame for frame the same to the real curl and to us: both fail, or both have the same status and content.

Where we differ on purpose, `ON_PURPOSE` has the name and the reason; `KINDS` has what we call the failures.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from hpack import Decoder
from peers.script import Responder, end, hear, hear_end, responder

from rrcli import HttpRequest, send
from rrcli.codec.http.h2frames import HEADERS, PREFACE, WITH_PRIORITY, Frames

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")

DATA, _, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION, ALTSVC, _, ORIGIN = range(13)
END_STREAM, ACK, END_HEADERS, PADDED = 0x1, 0x1, 0x4, 0x8
STATUS_200 = b"\x88"  # RFC 7541 appendix A


def frame(kind: int, payload: bytes = b"", flags: int = 0, stream: int = 1) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def block(*fields: tuple[bytes, bytes]) -> bytes:
    """Literals, spelled as they are and not remembered (RFC 7541 section 6.2.2)."""
    return b"".join(b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value for name, value in fields)


def fields(*pairs: tuple[bytes, bytes], flags: int = 0) -> bytes:
    return frame(HEADERS, block(*pairs), END_HEADERS | flags)


def head(*pairs: tuple[bytes, bytes], status: bytes = b"200", flags: int = 0) -> bytes:
    return fields((b":status", status), *pairs, flags=flags)


def length(value: bytes) -> tuple[bytes, bytes]:
    return b"content-length", value


def reset(code: int, stream: int = 1) -> bytes:
    return frame(RST_STREAM, code.to_bytes(4, "big"), stream=stream)


def goaway(last: int, code: int = 0, stream: int = 0) -> bytes:
    return frame(GOAWAY, last.to_bytes(4, "big") + code.to_bytes(4, "big"), stream=stream)


def setting(code: int, value: int) -> bytes:
    return frame(SETTINGS, code.to_bytes(2, "big") + value.to_bytes(4, "big"), stream=0)


def window(size: int, stream: int = 0) -> bytes:
    return frame(WINDOW_UPDATE, size.to_bytes(4, "big"), stream=stream)


HEAD, PART, WHOLE = head(), frame(DATA, b"hello"), frame(DATA, b"hello", END_STREAM)
OK = HEAD + WHOLE
TRAILER = (b"x", b"y")
MALFORMED, TRUNCATED, RESET, REFUSED = (
    ("protocol", "malformed"),
    ("protocol", "truncated"),
    ("transport", "reset"),
    ("transport", "refused"),
)
FINE: dict[str, bytes] = {
    "plain": OK,
    "length kept": head(length(b"5")) + WHOLE,
    "length kept with padding": head(length(b"5")) + frame(DATA, b"\3helloxyz", PADDED | END_STREAM),
    "length kept, and no end": head(length(b"5")) + PART,
    "trailers": HEAD + PART + fields(TRAILER, flags=END_STREAM),
    "trailers without any": HEAD + PART + fields(flags=END_STREAM),
    "RST_STREAM NO_ERROR after the end": OK + reset(0),
    "RST_STREAM CANCEL after the end": OK + reset(8),
    "DATA after the end": OK + WHOLE,
    "HEADERS after the end": OK + fields(TRAILER, flags=END_STREAM),
    "100 and 103": head(status=b"100") + head(TRAILER, status=b"103") * 2 + OK,
    "204": head(status=b"204", flags=END_STREAM),
    "204 with empty DATA": head(status=b"204") + frame(DATA, b"", END_STREAM),
    "205 with content": head(status=b"205") + WHOLE,
    "304 with a length": head(length(b"5"), status=b"304", flags=END_STREAM),
    "status 999": head(status=b"999") + WHOLE,
    "status 099": head(status=b"099") + WHOLE,
    "space around a value": head((b"x", b" a\t")) + WHOLE,
    "a value of UTF-8": head((b"x", b"\xc3\xa9")) + WHOLE,
    "te: trailers": head((b"te", b"trailers")) + WHOLE,
    "CONTINUATION": frame(HEADERS, STATUS_200) + frame(CONTINUATION, block(TRAILER)) + frame(CONTINUATION, b"", END_HEADERS) + WHOLE,
    "padded HEADERS": frame(HEADERS, b"\2\x88\0\0", PADDED | END_HEADERS) + WHOLE,
    "nothing but padding": HEAD + frame(DATA, b"\3\0\0\0", PADDED | END_STREAM),
    "PRIORITY": frame(PRIORITY, b"\0\0\0\0\x10") + OK,
    "a list of 60 kB": frame(HEADERS, STATUS_200 + block((b"x", b"y" * 120)) * 120)
    + frame(CONTINUATION, block((b"x", b"y" * 120)) * 120) * 3
    + frame(CONTINUATION, b"", END_HEADERS)
    + WHOLE,
    "SETTINGS within the answer": HEAD + setting(4, 100_000) + frame(DATA, b"he") + setting(1, 0) + frame(DATA, b"llo", END_STREAM),
    "SETTINGS nobody knows": setting(0x99, 5) + OK,
    "GOAWAY, then the answer": goaway(1) + HEAD + goaway(1, 2) + WHOLE,
    "WINDOW_UPDATE after the end": OK + window(1, 1),
    "a frame nobody knows": frame(0xBA, b"x", 0xFF) + OK,
    "ALTSVC": frame(ALTSVC, b'\0\0h2=":1"') + OK,
    "ALTSVC that is cut": frame(ALTSVC, b"\0") + OK,
    "ORIGIN": frame(ORIGIN, b"\0\x08http://a", stream=0) + OK,
}
KINDS: dict[str, tuple[bytes, tuple[str, str]]] = {
    "length too long": (head(length(b"6")) + WHOLE, TRUNCATED),
    "length too short": (head(length(b"4")) + WHOLE, MALFORMED),
    "length without content": (head(length(b"5"), flags=END_STREAM), TRUNCATED),
    "lengths that differ": (head(length(b"5"), length(b"6")) + WHOLE, MALFORMED),
    "length with a sign": (head(length(b"+5")) + WHOLE, MALFORMED),
    "no end": (HEAD + PART, TRUNCATED),
    "nothing": (b"", ("transport", "closed")),
    "RST_STREAM NO_ERROR before the end": (HEAD + PART + reset(0), RESET),
    "RST_STREAM INTERNAL_ERROR": (reset(2), RESET),
    "RST_STREAM REFUSED_STREAM": (reset(7), REFUSED),
    "RST_STREAM that is cut": (frame(RST_STREAM, b"\0\0\0") + OK, MALFORMED),
    "trailers that do not end": (HEAD + PART + fields(TRAILER) + WHOLE, MALFORMED),
    "trailers with a status": (HEAD + PART + fields((b":status", b"200"), flags=END_STREAM), MALFORMED),
    "100 that ends": (head(status=b"100", flags=END_STREAM), MALFORMED),
    "101": (head(status=b"101") + OK, MALFORMED),
    "204 with content": (head(status=b"204") + WHOLE, MALFORMED),
    "304 with content": (head(length(b"5"), status=b"304") + WHOLE, MALFORMED),
    "DATA first": (WHOLE + OK, MALFORMED),
    "a second head": (HEAD + OK, MALFORMED),
    "status 2000": (head(status=b"2000") + WHOLE, MALFORMED),
    "status with space": (head(status=b"200 ") + WHOLE, MALFORMED),
    "no status": (fields(TRAILER) + WHOLE, MALFORMED),
    "two of them": (head((b":status", b"200")) + WHOLE, MALFORMED),
    "a late one": (fields(TRAILER, (b":status", b"200")) + WHOLE, MALFORMED),
    "another pseudo-field": (head((b":path", b"/")) + WHOLE, MALFORMED),
    "a name in upper case": (head((b"X", b"y")) + WHOLE, MALFORMED),
    "a name with space": (head((b"x y", b"z")) + WHOLE, MALFORMED),
    "LF in a value": (head((b"x", b"a\nb")) + WHOLE, MALFORMED),
    "connection": (head((b"connection", b"close")) + WHOLE, MALFORMED),
    "transfer-encoding": (head((b"transfer-encoding", b"chunked")) + WHOLE, MALFORMED),
    "PING within a field block": (frame(HEADERS, STATUS_200) + frame(PING, bytes(8), stream=0), MALFORMED),
    "a frame nobody knows within a field block": (frame(HEADERS, STATUS_200) + frame(0xBA, b"x"), MALFORMED),
    "CONTINUATION alone": (frame(CONTINUATION, STATUS_200, END_HEADERS) + WHOLE, MALFORMED),
    "a field block that is cut": (frame(HEADERS, b"\x88\0\5ab", END_HEADERS) + WHOLE, MALFORMED),
    "SETTINGS that allow push": (setting(2, 1) + OK, MALFORMED),
    "SETTINGS of a window too large": (setting(4, 1 << 31) + OK, MALFORMED),
    "GOAWAY before the stream": (goaway(0) + OK, REFUSED),
    "GOAWAY on a stream": (goaway(0, stream=1) + OK, MALFORMED),
    "GOAWAY within the answer, then none": (HEAD + PART + goaway(1), TRUNCATED),
    "windows beyond the most": (window(0x7FFFFFFF) * 2 + OK, MALFORMED),
    "a stream's window beyond the most": (window(0x7FFFFFFF, 1) * 2 + OK, MALFORMED),
    "a window of nothing": (window(0) + OK, MALFORMED),
    "a window of no stream": (window(1, 5) + OK, MALFORMED),
}
LENIENT = "it says what it says, and nothing in it is doubtful: curl's library has more rules than RFC 9113"
CUT = "what breaks off is no whole answer; curl takes the end of the connection for its end"
ON_PURPOSE: dict[str, tuple[bytes, str]] = {
    "length twice": (head(length(b"5"), length(b"5")) + WHOLE, "RFC 9110 section 8.6"),
    "length with space": (head(length(b" 5")) + WHOLE, LENIENT),
    "length in trailers": (HEAD + PART + fields(length(b"9"), flags=END_STREAM), LENIENT),
    "length of a 100": (head(length(b"5"), status=b"100") + OK, LENIENT),
    "length of a 204": (head(length(b"5"), status=b"204", flags=END_STREAM), LENIENT),
    "a control character in a value": (head((b"x", b"a\1b")) + WHOLE, LENIENT),
    "a name that is no token": (head((b"x(", b"y")) + WHOLE, LENIENT),
    "a reset of no stream": (reset(0, 3) + OK, LENIENT),
    "twenty CONTINUATIONs": (
        frame(HEADERS, STATUS_200) + frame(CONTINUATION, block(TRAILER)) * 20 + frame(CONTINUATION, b"", END_HEADERS) + WHOLE,
        "they are bounded by their size",
    ),
    "PUSH_PROMISE": (frame(PUSH_PROMISE, b"\0\0\0\2\x82\x86\x84", END_HEADERS) + OK, "we said that it is not allowed, before we asked"),
    "HEADERS that depend on themselves": (
        frame(HEADERS, b"\0\0\0\1\x10\x88", WITH_PRIORITY | END_HEADERS) + WHOLE,
        "RFC 7540 section 5.3.1",
    ),
    "padding beyond the frame": (HEAD + frame(DATA, b"\x09hello", PADDED | END_STREAM), CUT),
    "DATA of no stream": (HEAD + frame(DATA, b"x", stream=0) + WHOLE, CUT),
    "DATA of another stream": (HEAD + frame(DATA, b"x", stream=3) + WHOLE, CUT),
    "a frame that is too large": (HEAD + frame(DATA, bytes(16_385), END_STREAM), CUT),
}
ANSWERS = {**FINE, **{name: raw for name, (raw, _) in (KINDS | ON_PURPOSE).items()}}
ASKED_BY_HEAD = {
    "HEAD with a length": head(length(b"5"), flags=END_STREAM),
    "HEAD that does not end": head(length(b"5")),
    "HEAD with content": OK,
}
NAMES = [*ANSWERS, *ASKED_BY_HEAD]


class Reading(NamedTuple):
    """What either makes of an answer; of a failure nothing more."""

    ok: bool
    status: int = 0
    content: bytes = b""


@pytest.fixture(scope="module")
def player() -> Iterator[Responder]:
    """Answers `/3` with the frames of the fourth name."""

    def play(connection: socket.socket) -> None:
        hear(PREFACE)(connection)
        connection.sendall(frame(SETTINGS, stream=0))
        frames = Frames()
        heads: list[bytes] = []
        while not heads:
            if not (data := connection.recv(4096)):
                return
            heads = [one.payload[5 if one.flags & WITH_PRIORITY else 0 :] for one in frames.feed(data) if one.kind == HEADERS]
        path = dict(Decoder().decode(heads[0]))[":path"]
        connection.sendall((ANSWERS | ASKED_BY_HEAD)[NAMES[int(path[1:])]])
        end(connection)
        hear_end(connection)

    with responder(play) as peer:
        yield peer


def by_curl(name: str, url: str, body: Path) -> Reading:
    command = ["curl", "-q", "-s", "--http2-prior-knowledge", "--noproxy", "*", "--max-time", "5", "-o", str(body), "-w", "%{http_code}"]
    run = subprocess.run([*command, *(["-I"] * (name in ASKED_BY_HEAD)), url], capture_output=True, check=False, text=True)
    if run.returncode:
        return Reading(ok=False)
    return Reading(True, int(run.stdout), body.read_bytes() if body.exists() and name not in ASKED_BY_HEAD else b"")


def by_us(name: str, url: str) -> tuple[Reading, tuple[str, str] | None]:
    exchange = send(HttpRequest(url, timeout=5, ok="any", http2_prior_knowledge=True, head=name in ASKED_BY_HEAD))
    if exchange.error:
        return Reading(ok=False), (exchange.error.layer, exchange.error.kind)
    assert exchange.response
    code = exchange.response.status.code
    assert isinstance(code, int)
    return Reading(True, code, exchange.response.body.data if exchange.response.body else b""), None


def test_odd_answers_are_read_as_curl_reads_them(player: Responder, tmp_path: Path) -> None:
    """2 s: curl is a process each time."""
    urls = [f"http://{player.host}:{player.port}/{number}" for number in range(len(NAMES))]
    with ThreadPoolExecutor(4) as workers:
        theirs = list(workers.map(by_curl, NAMES, urls, [tmp_path / str(number) for number in range(len(NAMES))]))
        ours = list(workers.map(by_us, NAMES, urls))
    different = {name: (curl, us) for name, curl, (us, _) in zip(NAMES, theirs, ours, strict=True) if curl != us}
    assert {name: readings for name, readings in different.items() if name not in ON_PURPOSE} == {}
    assert ON_PURPOSE.keys() - different.keys() == set(), "no longer different"
    fails = {name: kind for name, (_, kind) in zip(NAMES, ours, strict=True) if name in FINE or name in KINDS}
    assert fails == {**dict.fromkeys(FINE), **{name: kind for name, (_, kind) in KINDS.items()}}


NOTES = {
    "length kept, and no end": ["no-end-stream"],
    "HEADERS after the end": ["bytes-after-end"],
    "space around a value": ["space-around-value"],
    "plain": [],
}


@pytest.mark.parametrize("name", NOTES)
def test_what_is_accepted_though_suspicious_is_noted(name: str, player: Responder) -> None:
    exchange = send(HttpRequest(f"http://{player.host}:{player.port}/{NAMES.index(name)}", timeout=5, http2_prior_knowledge=True))
    assert exchange.response
    assert exchange.response.body
    assert exchange.response.body.data == b"hello"
    assert [note.code for note in exchange.notes] == NOTES[name]
    assert ("x", " a\t") not in exchange.response.fields
