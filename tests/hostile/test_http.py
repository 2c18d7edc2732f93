"""`rrcli http` against servers that never end, fill memory, lie about lengths, or try to steer the terminal."""

from __future__ import annotations

import gzip
import json
import struct
import zlib
from pathlib import Path

import pytest
from peers import flood
from peers.bounds import DEADLINE_S, coloured, judged
from peers.child import piped
from peers.flood import STEER, forever, numbered
from peers.made import Made
from peers.script import Handler, drip, hear, pause, say, script

ASKED = hear(b"\r\n\r\n")
OK = b"HTTP/1.1 200 OK\r\n"
FIELD = b"Field-%d: value\r\n".__mod__
COOKIES = b"".join(b'Set-Cookie: c=a%d&"/\r\n' % number for number in range(4900))  # each value is a secret, with many spellings
ZEROS = bytes(1 << 20)


def answer(*parts: bytes) -> Handler:
    """Send these, then the end."""
    return flood.answer(b"\r\n\r\n", *parts)


def with_body(body: bytes, *fields: bytes) -> Handler:
    lines = b"".join(field + b"\r\n" for field in (*fields, b"Content-Length: %d" % len(body)))
    return answer(OK + lines + b"\r\n" + body)


def bomb(size: int = 256 << 20) -> bytes:
    """`size` zeros under gzip (RFC 1952), a multiple of 1 MiB: as they are all alike, they are squeezed once."""
    block = zlib.compressobj(9, wbits=-15)
    squeezed = block.compress(ZEROS) + block.flush(zlib.Z_FULL_FLUSH)
    count = size >> 20
    checksum = 0
    for _ in range(count):
        checksum = zlib.crc32(ZEROS, checksum)
    last = zlib.compressobj(wbits=-15).flush()
    return b"\x1f\x8b\x08\0\0\0\0\0\2\3" + squeezed * count + last + struct.pack("<II", checksum, size)


ENDLESS = {
    "slow drip of the status": (script(ASKED, drip(OK + b"A: b\r\n" * 100, 0.05)), 6),
    "slow drip of the body": (script(ASKED, say(OK + b"Content-Length: 1000\r\n\r\n"), drip(b"x" * 1000, 0.05)), 6),
    "endless status line": (forever(b"HTTP/1.1 200 ", b"x"), 7),
    "endless field": (forever(OK + b"A: ", b"x"), 7),
    "endless fields": (numbered(OK, FIELD), 7),
    "endless empty lines before": (forever(b"", b"\r\n"), 7),
    "endless 1xx": (forever(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"), 7),
    "endless 100": (forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), 7),
    "endless chunks": (forever(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"), 6),
    "endless large chunks": (forever(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + bytes(65536) + b"\r\n"), 6),
    "endless chunk size": (forever(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"), 7),
    "endless chunk extension": (forever(OK + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x"), 7),
    "endless trailers": (numbered(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", FIELD), 7),
    "endless body": (forever(OK + b"\r\n", b"x" * 65536), 6),
    "endless body of empty lines": (forever(OK + b"Content-Type: application/json\r\n\r\n", b"\n"), 6),
    "endless redirect body": (forever(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", b"x" * 65536), 6),
    "endless error body": (forever(b"HTTP/1.1 500 No\r\n\r\n", b"x" * 65536), 6),
    "silence": (script(ASKED, pause(20)), 6),
    "silence before the request is read": (pause(20), 6),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_does_not_end(name: str, serve, document_or_drawing) -> None:
    handler, code = ENDLESS[name]
    peer = serve(handler)
    document_or_drawing("http", f"http://{peer.host}:{peer.port}/", code=code)


WRONG = Made(
    {
        "huge content-length": lambda: (answer(OK + b"Content-Length: 99999999999999999999999\r\n\r\nabc"), 0),
        "a content-length of a million digits": lambda: (answer(OK + b"Content-Length: " + b"9" * 1_000_000 + b"\r\n\r\n"), 7),
        "a content-length of 5000 digits": lambda: (answer(OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n"), 0),
        "huge chunk": lambda: (answer(OK + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc"), 7),
        "a chunk size of 5000 digits": lambda: (answer(OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 5000 + b"\r\n"), 7),
        "thousands of secrets": lambda: (answer(OK + COOKIES + b"Content-Length: 2\r\n\r\nok"), 0),
        "thousands of secrets in a place": lambda: (
            answer(OK + b"Location: /?" + b"&".join(b"token=a%d" % number for number in range(8000)) + b"\r\nContent-Length: 2\r\n\r\nok"),
            0,
        ),
        "thousands of secrets, and content that nearly names them": lambda: (with_body(b'a1&" a2&"/ ' * 500_000, COOKIES[:-2]), 0),
        "negative content-length": lambda: (answer(OK + b"Content-Length: -1\r\n\r\nabc"), 7),
        "content-length in other digits": lambda: (answer(OK + "Content-Length: ٣\r\n\r\nabc".encode()), 7),
        "a status of a million digits": lambda: (answer(b"HTTP/1.1 " + b"2" * 1_000_000 + b" OK\r\n\r\n"), 7),
        "bare CR in the status line": lambda: (answer(b"HTTP/1.1 200 OK\rX: y\r\n\r\n"), None),
        "bare CR in a field": lambda: (answer(OK + b"A: b\rContent-Length: 9\r\nContent-Length: 0\r\n\r\n"), None),
        "bare CRs alone": lambda: (answer(b"HTTP/1.1 200 OK\rContent-Length: 0\r\r"), None),
        "NUL in a field": lambda: (answer(OK + b"A\0B: c\0d\r\nContent-Length: 0\r\n\r\n"), None),
        "NUL bytes": lambda: (answer(bytes(100_000)), 7),
        "nothing": lambda: (answer(b""), 4),
        "random bytes": lambda: (answer(bytes(range(256)) * 100), 7),
        "redirect to itself": lambda: (answer(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"), None),
        "redirect to a huge place": lambda: (
            answer(b"HTTP/1.1 302 Found\r\nLocation: /" + b"a" * 50_000 + b"\r\nContent-Length: 0\r\n\r\n"),
            None,
        ),
        "redirect to nonsense": lambda: (
            answer(b"HTTP/1.1 302 Found\r\nLocation: http://[::1/\x1b]0;x\x07\r\nContent-Length: 0\r\n\r\n"),
            None,
        ),
        "not the coding it says": lambda: (with_body(b"x" * 100, b"Content-Encoding: gzip"), 0),
        "a hundred codings": lambda: (with_body(b"x", b"Content-Encoding: " + b"gzip, " * 100 + b"gzip"), 7),
        "retry-after of a million digits": lambda: (
            answer(b"HTTP/1.1 503 No\r\nRetry-After: " + b"9" * 60_000 + b"\r\nContent-Length: 0\r\n\r\n"),
            None,
        ),
        "content-type of nonsense": lambda: (with_body(b"x", b"Content-Type: \x1b[31m;charset=\x1b]0;x\x07"), 0),
        "charset that loads a module": lambda: (with_body(b"x", b"Content-Type: text/plain; charset=../../etc/passwd\0"), None),
        "charset that is no text": lambda: (with_body(b"78" * 100, b"Content-Type: text/plain; charset=hex"), 0),
        "charset idna of a long word": lambda: (with_body(b"xn--" + b"a" * 100_000, b"Content-Type: text/plain; charset=idna"), 0),
        "charset punycode of a long word": lambda: (with_body(b"a-" + b"z" * 100_000, b"Content-Type: text/plain; charset=punycode"), 0),
        "charset unicode_escape": lambda: (with_body(rb"\x1b[31m\u202e" * 10, b"Content-Type: text/plain; charset=unicode_escape"), 0),
        "charset utf-7": lambda: (with_body(b"+ABs-[31m", b"Content-Type: text/plain; charset=utf-7"), 0),
    }
)


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong(name: str, serve, document_or_drawing) -> None:
    handler, code = WRONG[name]
    peer = serve(handler)
    document_or_drawing("http", f"http://{peer.host}:{peer.port}/", code=code)


SLOW_TO_COLOUR = {
    b"text/html": b"&" * 65_000,
    b"text/javascript": b"'\\" * 32_000,
    b"application/yaml": b"%" * 65_000,
    b"text/css": b"a{" * 32_000,
}


@pytest.mark.parametrize("media_type", SLOW_TO_COLOUR, ids=bytes.decode)
def test_text_that_takes_a_lexer_long_is_plain_after_a_moment(media_type: bytes, serve) -> None:
    peer = serve(with_body(SLOW_TO_COLOUR[media_type], b"Content-Type: " + media_type))
    coloured("http", f"http://{peer.host}:{peer.port}/", code=0)


# --- content that is large, or deep


@pytest.fixture(scope="session")
def bombs() -> dict[int, bytes]:
    one = bomb()
    return {1: one, 2: gzip.compress(one), 3: gzip.compress(gzip.compress(one))}


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_zeros_under_gzip(layers: int, serve, bombs, document_or_drawing) -> None:
    peer = serve(with_body(bombs[layers], b"Content-Encoding: " + b", ".join([b"gzip"] * layers)))
    document_or_drawing("http", "--compressed", f"http://{peer.host}:{peer.port}/")


def test_a_bomb_into_a_file(serve, bombs, tmp_path: Path) -> None:
    peer = serve(with_body(bombs[2], b"Content-Encoding: gzip, gzip"))
    file = tmp_path / "file"
    ended = judged(piped("http", "--deadline", f"{DEADLINE_S}s", "-o", str(file), f"http://{peer.host}:{peer.port}/"))
    assert ended.code in (0, 6)
    assert file.exists()


LARGE = 64 << 20
JSON = b"Content-Type: application/json"
CONTENTS = Made(
    {
        "deep lists": lambda: b"[" * 5_000_000,
        "deep lists that end": lambda: b"[" * 100_000 + b"]" * 100_000,
        "deep objects": lambda: b'{"a":' * 500_000 + b"1" + b"}" * 500_000,
        "a number of ten million digits": lambda: b"9" * 10_000_000,
        "a fraction of ten million digits": lambda: b"0." + b"9" * 10_000_000,
        "an exponent": lambda: b"1e999999999",
        "a list of many numbers": lambda: b"[" + b"1," * 10_000_000 + b"1]",
        "a list of many lists": lambda: b"[" + b"[]," * 10_000_000 + b"[]]",
        "a list of many objects": lambda: b"[" + b"{}," * 8_000_000 + b"{}]",
        "one long string": lambda: b'"' + b"x" * (LARGE - 2) + b'"',
        "a string of escapes": lambda: b'"' + rb"\u001b" * 5_000_000 + b'"',
        "a string of wide characters": lambda: b'"' + "😀".encode() * 10_000_000 + b'"',
        "many keys": lambda: b"{" + b",".join(b'"k%d":%d' % (at, at) for at in range(2_000_000)) + b"}",
        "one key many times": lambda: b"{" + b'"a":1,' * 6_000_000 + b'"a":1}',
        "white space": lambda: b" " * (LARGE - 1) + b"1",
        "control characters": lambda: bytes(range(1, 32)) * 2_000_000,
        "del": lambda: b"\x7f" * (40 << 20),
        "bidi": lambda: "\u202e".encode() * 10_000_000,
        "empty lines": lambda: b"\n" * (LARGE - 1),
    }
)


@pytest.mark.parametrize("name", CONTENTS)
def test_large_content(name: str, serve, document_or_drawing) -> None:
    peer = serve(with_body(CONTENTS[name], JSON))
    assert document_or_drawing("http", f"http://{peer.host}:{peer.port}/").code in (0, 6)


@pytest.mark.parametrize("name", ["deep lists that end", "a list of many numbers", "many keys", "a number of ten million digits"])
@pytest.mark.parametrize("option", ["--expect=json.a == 1", "--query=response.body.json.a", "--expect=body contains zzz"])
def test_large_content_under_checks(name: str, option: str, serve, document_or_drawing) -> None:
    peer = serve(with_body(CONTENTS[name], JSON))
    if "--query" in option and document_or_drawing.__name__ == "as_json":
        pytest.skip("prints no document")
    assert document_or_drawing("http", option, f"http://{peer.host}:{peer.port}/").code in (1, 6, 8)


# --- what would steer a terminal

HARMLESS_IN_FIELDS = STEER.replace(b"\x00", b"")


def steering(where: str) -> Handler:
    parts = {
        "reason": b"HTTP/1.1 200 " + HARMLESS_IN_FIELDS + b"\r\nContent-Length: 0\r\n\r\n",
        "version": b"HTTP/1.1" + HARMLESS_IN_FIELDS + b" 200 OK\r\n\r\n",
        "no HTTP": STEER + b"\r\n",
        "field name": OK + b"X" + HARMLESS_IN_FIELDS + b": 1\r\nContent-Length: 0\r\n\r\n",
        "field value": OK + b"X: " + HARMLESS_IN_FIELDS + b"\r\nContent-Length: 0\r\n\r\n",
        "NUL in a value": OK + b"X: " + STEER + b"\r\nContent-Length: 0\r\n\r\n",
        "body": OK + b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(STEER) + STEER,
        "utf-8 body": OK + b"Content-Type: text/plain\r\n\r\n" + STEER.replace(b"\x9b", b""),
        "html body": OK + b"Content-Type: text/html\r\n\r\n<a title='" + STEER.replace(b"\x9b", b"").replace(b"\0", b"") + b"'>\r\rx",
        "json body": OK + b"Content-Type: application/json\r\n\r\n" + json.dumps(STEER.decode("latin-1")).encode(),
        "json body, not escaped": OK + b'Content-Type: application/json\r\n\r\n{"\x7f\xc2\x9b": "\xe2\x80\xae\x7f"}',
        "markup": OK + b"X: [red]x[/red]\r\n\r\n[bold][link=file:///etc/passwd]x[/]",
        "trailer": OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX" + HARMLESS_IN_FIELDS + b": " + HARMLESS_IN_FIELDS + b"\r\n\r\n",
        "chunk size": OK + b"Transfer-Encoding: chunked\r\n\r\n" + STEER + b"\r\n",
        "chunk extension": OK + b"Transfer-Encoding: chunked\r\n\r\n0;" + HARMLESS_IN_FIELDS + b"\r\n\r\n",
        "content type": OK + b"Content-Type: text/" + HARMLESS_IN_FIELDS + b"\r\n\r\nx",
        "content coding": OK + b"Content-Encoding: " + HARMLESS_IN_FIELDS + b"\r\n\r\nx",
        "transfer coding": OK + b"Transfer-Encoding: " + HARMLESS_IN_FIELDS + b"\r\n\r\nx",
        "content length": OK + b"Content-Length: " + HARMLESS_IN_FIELDS + b"\r\n\r\nx",
        "location": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/" + HARMLESS_IN_FIELDS + b"\r\nContent-Length: 0\r\n\r\n",
        "location's host": b"HTTP/1.1 302 Found\r\nLocation: http://" + HARMLESS_IN_FIELDS + b"/\r\nContent-Length: 0\r\n\r\n",
        "location's scheme": b"HTTP/1.1 302 Found\r\nLocation: " + HARMLESS_IN_FIELDS + b"://x/\r\nContent-Length: 0\r\n\r\n",
        "retry after": b"HTTP/1.1 503 No\r\nRetry-After: " + HARMLESS_IN_FIELDS + b"\r\nContent-Length: 0\r\n\r\n",
        "challenge": b"HTTP/1.1 401 No\r\nWWW-Authenticate: " + HARMLESS_IN_FIELDS + b"\r\nContent-Length: 0\r\n\r\n",
        "cookie": OK + b"Set-Cookie: " + HARMLESS_IN_FIELDS + b"=" + HARMLESS_IN_FIELDS + b"; path=/\r\nContent-Length: 0\r\n\r\n",
        "server, of an error": b"HTTP/2.0 400 x\r\nServer: " + HARMLESS_IN_FIELDS + b"\r\n\r\n",
    }
    return answer(parts[where])


PLACES = (
    "reason", "version", "no HTTP", "field name", "field value", "NUL in a value", "body", "utf-8 body", "html body", "json body",
    "json body, not escaped", "markup", "trailer", "chunk size", "chunk extension", "content type", "content coding", "transfer coding",
    "content length", "location", "location's host", "location's scheme", "retry after", "challenge", "cookie", "server, of an error",
)  # fmt: skip


@pytest.mark.parametrize("where", PLACES)
def test_nothing_steers_the_terminal(where: str, serve, way) -> None:
    peer = serve(steering(where))
    way("http", f"http://{peer.host}:{peer.port}/")


@pytest.mark.parametrize("where", ["body", "html body", "json body, not escaped", "field value"])
def test_nothing_steers_a_coloured_terminal(where: str, serve) -> None:
    peer = serve(steering(where))
    coloured("http", f"http://{peer.host}:{peer.port}/")


@pytest.mark.parametrize("words", [("--expect", "status == 200"), ("--ok", "2xx"), ("--query", "response.status"), ("--query", "response")])
@pytest.mark.parametrize("kind", ["json", "plain"])
def test_one_wide_letter_in_64_mib(words: tuple[str, ...], kind: str, serve) -> None:
    body = b'{"a": "\xf0\x9f\x98\x80' + b"x" * ((64 << 20) - 20) + b'"}'
    peer = serve(with_body(body, b"Content-Type: application/json" if kind == "json" else b"Content-Type: text/plain"))
    ended = judged(piped("http", *words, f"http://{peer.host}:{peer.port}/"))
    assert ended.code == 0


def test_json_that_was_not_parsed_is_noted(serve) -> None:
    peer = serve(with_body(b"[" + b"[]," * 3_000_000 + b"1]", b"Content-Type: application/json"))
    document = json.loads(judged(piped("http", "--json", f"http://{peer.host}:{peer.port}/")).out)
    assert (document["response"]["body"]["json"], [note["code"] for note in document["notes"]]) == (None, ["json-not-parsed"])
