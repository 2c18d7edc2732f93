"""No secret stays in a transcript because something cut it, packed it or spelled it differently."""

from __future__ import annotations

import gzip
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peers.script import hear, responder, say, script

from rrcli import HttpRequest, send
from rrcli.codec.http.contentspans import content_spans
from rrcli.codec.http.h2frames import PREFACE
from rrcli.model.values import Body, Exchange, RequestMessage, Response, Status, Target, TranscriptEntry
from rrcli.policy.redact import masked

TOKEN = "hunter22hunter22"
CONNECTED = b"HTTP/1.1 200 Connection established\r\n\r\n"


def received(
    data: bytes,
    *,
    body: bytes,
    sent: bytes = b"GET / HTTP/1.1\r\n\r\n",
    fields: tuple[tuple[str, str], ...] = (),
    charset: str | None = None,
) -> bytes:
    """What the transcript shows of received bytes whose decoded content is `body`."""
    answer = Response(
        summary="HTTP/1.1 200 OK",
        status=Status(code=200, text="OK"),
        fields=fields,
        body=Body(data=body, size=len(body), sha256=hashlib.sha256(body).hexdigest(), media_type="application/json", charset=charset),
    )
    one = Exchange(
        id="1",
        protocol="http",
        target=Target(url="http://h/", host="h", port=80),
        request=RequestMessage(summary="GET / HTTP/1.1", fields=(("X-Auth-Token", TOKEN),)),
        response=answer,
        transcript=(TranscriptEntry(at_ns=0, direction="sent", data=sent), TranscriptEntry(at_ns=1, direction="received", data=data)),
        content_spans="rrcli.codec.http.contentspans:content_spans",
    )
    shown = masked(one).transcript
    assert shown
    return shown[1].data


def frame(kind: int, payload: bytes, *, stream: int = 1, flags: int = 0) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def test_a_secret_across_chunks_is_blanked_and_the_chunks_stay() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    data = head + b'8;x=y\r\n["hunter\r\n5\r\n22hun\r\n7\r\nter22"]\r\n0\r\nA: b\r\n\r\n'
    assert received(data, body=b'["hunter22hunter22"]') == head + b'8;x=y\r\n["******\r\n5\r\n*****\r\n7\r\n*****"]\r\n0\r\nA: b\r\n\r\n'


def test_a_secret_across_frames_of_one_stream_is_blanked() -> None:
    pad = frame(0, b"\x02" + TOKEN[4:10].encode() + b"\0\0", flags=8)
    data = frame(4, b"") + frame(0, b"<hunt") + frame(0, b"-" * 9, stream=3) + pad + frame(0, TOKEN[10:].encode() + b">")
    blank = frame(0, b"\x02" + b"*" * 6 + b"\0\0", flags=8)
    expected = frame(4, b"") + frame(0, b"<****") + frame(0, b"-" * 9, stream=3) + blank + frame(0, b"******>")
    assert received(data, body=f"<{TOKEN}>".encode(), sent=PREFACE) == expected


def test_compressed_content_with_a_secret_is_blanked_whole() -> None:
    head, body = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", f"your token is {TOKEN}".encode()
    packed = gzip.compress(body, mtime=0)
    fields = (("Content-Encoding", "gzip"),)
    assert received(head + packed, body=body, fields=fields) == head + b"*" * len(packed)
    harmless = gzip.compress(b"nothing of the kind", mtime=0)
    assert received(head + harmless, body=b"nothing of the kind", fields=fields) == head + harmless


@pytest.mark.parametrize(
    ("text", "charset"), [(b'{"a": "\\u0068unter22hunter22"}', None), (f'{{"a": "{TOKEN}"}}'.encode("utf-16"), "utf-16")]
)
def test_a_secret_in_another_spelling_blanks_the_content(text: bytes, charset: str | None) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
    assert received(head + text, body=text, charset=charset) == head + b"*" * len(text)


@given(st.binary(max_size=400), st.binary(max_size=400))
def test_strands_lie_within_any_bytes_in_order(sent: bytes, got: bytes) -> None:
    for stream, found in zip((sent, got), content_spans(sent, got), strict=True):
        for strand in found:
            edges = [edge for span in strand for edge in span]
            assert edges == sorted(edges)
            assert all(0 <= edge <= len(stream) for edge in edges)


@pytest.mark.parametrize(
    ("sent", "got", "expected"),
    [
        (b"", b"", ([[]], [[]])),
        (b"POST / HTTP/1.1\r\n\r\nab", b"HTTP/1.1 200 OK\n\nxyz", ([[(19, 21)]], [[(17, 20)]])),
        (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 OK\r\n\r\nx", ([[]], [[(37, 38)]])),
        (b"CONNECT h:1 HTTP/1.1\r\n\r\nPUT / HTTP/1.1\r\n\r\nab", CONNECTED + b"HTTP/1.1 200 OK\r\n\r\nx", ([[(42, 44)]], [[(58, 59)]])),
        (b"", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nnoise\n", ([[]], [[(50, 53), (55, 61)]])),
        (b"", b"HTTP/1.1 200 OK\r\nno end", ([[]], [[]])),
        (PREFACE + frame(0, b"ab", stream=5), frame(0, b"c")[:9], ([[(33, 35)]], [])),
        (b"CONNECT h:1 HTTP/1.1\r\n\r\n" + PREFACE, CONNECTED + frame(0, b"c"), ([], [[(48, 49)]])),
    ],
)
def test_where_the_content_lies(sent: bytes, got: bytes, expected: tuple[list[object], list[object]]) -> None:
    assert content_spans(sent, got) == expected


def test_an_echo_in_chunks_is_blanked_in_what_is_shown() -> None:
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhunter22\r\n8\r\nhunter22\r\n0\r\n\r\n"
    with responder(script(hear(b"\r\n\r\n"), say(answer))) as peer:
        shown = masked(send(HttpRequest(f"http://{peer.host}:{peer.port}/", bearer=TOKEN, wire=1 << 20)))
    data = b"".join(entry.data for entry in shown.transcript or ())
    assert b"hunter" not in data
    assert data.endswith(b"8\r\n********\r\n8\r\n********\r\n0\r\n\r\n")
