"""HTTP against nginx, httpbin and exact bytes, and beside the real curl."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from peers import child
from peers.ca import Authority
from peers.exchange import codes, content_of, failure_of, serving
from peers.httpbin import Httpbin
from peers.nginx import LARGE_SIZE, Nginx
from peers.script import Handler, end, hear, hear_end, pause, reset, responder, say

from rrcli.adapters.http.hopstate import HopState
from rrcli.adapters.http.prepare.prepare import prepare
from rrcli.adapters.http.request import HttpRequest
from rrcli.adapters.http.versions import stream
from rrcli.base import __version__
from rrcli.base.deadline import Deadline
from rrcli.base.errors import ExchangeError
from rrcli.cli import fast
from rrcli.codec.http.content import askable
from rrcli.engine.send import send
from rrcli.model.document import document
from rrcli.model.values import Exchange, Note

HEAD_END = b"\r\n\r\n"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def request(url: str, *words: str, **options: Any) -> Exchange:
    return send(HttpRequest(url, *words, **options))


def answered_with(data: bytes, *words: str, **options: Any) -> Exchange:
    """The exchange whose answer is `data`, after which the peer closes."""
    with serving(hear(HEAD_END), say(data)) as url:
        return request(url, *words, **options)


# --- bytes out


def heard(ending: bytes, *words: str, path: str = "", **options: Any) -> tuple[str, str]:
    """What went on the wire up to `ending`, and the address it went to."""
    into: list[bytes] = []
    with serving(hear(ending, into), say(NO_CONTENT)) as url:
        exchange = request(url + path, *words, **options)
    assert exchange.outcome == "ok"
    assert exchange.connection.bytes_sent == len(into[0])
    return into[0].decode("latin-1"), url.split("/")[2]


def test_a_plain_request_byte_for_byte() -> None:
    sent, host = heard(HEAD_END)
    assert sent == f"GET / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: rrcli/{__version__}\r\nAccept: */*\r\n\r\n"


def test_a_request_with_content_byte_for_byte() -> None:
    sent, host = heard(b"}", "x-B:2", "n:=1.0", "X-a: 1", path="users?q=1", http10=True)
    assert sent == (
        f"POST /users?q=1 HTTP/1.0\r\nHost: {host}\r\nUser-Agent: rrcli/{__version__}\r\nAccept: application/json, */*;q=0.5\r\n"
        'Content-Type: application/json\r\nContent-Length: 10\r\nx-B: 2\r\nX-a: 1\r\n\r\n{"n": 1.0}'
    )


def test_content_goes_in_chunks_when_the_user_says_so() -> None:
    sent, _ = heard(b"0\r\n\r\n", data=(("-d", "abc"),), headers=("Transfer-Encoding: chunked",))
    assert sent.endswith("urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")


@pytest.mark.parametrize("bad", ["a\rb", "a\nb", "a\0b"])
@pytest.mark.parametrize(
    "options",
    [
        lambda bad: {"headers": (f"X: {bad}",)},
        lambda bad: {"headers": (f"{bad}: x",)},
        lambda bad: {"method": bad},
        lambda bad: {"user_agent": bad},
        lambda bad: {"referer": bad},
        lambda bad: {"cookies": (f"a={bad}",)},
        lambda bad: {"bearer": bad},
        lambda bad: {"range": bad},
        lambda bad: {"get": True, "data": (("-d", bad),)},
    ],
)
def test_refuses_what_would_break_the_head_apart(options: Callable[[str], dict[str, Any]], bad: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        request("http://127.0.0.1:1/", **options(bad))
    assert caught.value.layer == "usage"


# --- beside curl


class Recorder:
    """A server that reads one request of each connection, however it is framed, and keeps it."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []

    def handle(self, connection: Any) -> None:
        connection.settimeout(5)
        head: list[bytes] = []
        hear(HEAD_END, head)(connection)
        if b"100-continue" in head[0]:
            say(b"HTTP/1.1 100 Continue\r\n\r\n")(connection)
        length = re.search(rb"\r\nContent-Length: (\d+)", head[0])
        content: list[bytes] = [b""]
        if length:
            while len(content[0]) < int(length[1]):
                content[0] += connection.recv(65536)
        elif b"Transfer-Encoding: chunked" in head[0]:
            content.clear()
            hear(b"0\r\n\r\n", content)(connection)
        self.requests.append(head[0] + content[0])
        say(NO_CONTENT)(connection)


def essence(raw: bytes) -> tuple[str, str, dict[str, str], bytes]:
    """Method, target, the fields that say what is meant, and the content, boundaries made alike."""
    raw = re.sub(rb"-{24,26}[0-9a-f]{16,24}", b"BOUNDARY", raw)
    head, _, content = raw.partition(HEAD_END)
    line, *fields = head.decode("latin-1").split("\r\n")
    method, target, _ = line.split(" ")
    pairs = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    for name in ("user-agent", "expect", "accept-encoding", "content-length"):
        pairs.pop(name, None)
    return method, target, pairs, content


CURL_LINES = [
    ["-d", "a=1", "-d", "@FILE", "--data-raw", "@x"],
    ["--data-binary", "@FILE"],
    ["--data-urlencode", "a b~*", "--data-urlencode", "n=ü&", "--data-urlencode", "n@FILE"],
    ["-G", "-d", "a=1", "--data-urlencode", "b=c d"],
    ["-I"],
    ["-X", "DELETE"],
    ["-X", "PATCH", "-d", "", "-H", "Content-Type: text/plain"],
    ["-H", "Accept:", "-H", "X-Empty;", "-H", "X-B: 2", "-H", "host: other"],
    ["-u", "ann:ü", "-e", "http://r/", "-b", "a=1", "-r", "0-4"],
    ["-F", "a=b", "-F", "f=@FILE;type=text/x-y;filename=q\"", "-F", "g=<FILE", "-F", "h=x;type=text/z", "--form-string", "i=@j"],
    ["-F", 'a="Doe; John"', "-F", 'f=@"FILE"', "-F", 'g=<"FILE"', "-F", 'h=@FILE;filename="y \\"z\\""',],
    ["-F", 'i="x" ; type=text/x;charset=u', "-F", 'i="open'],
    ["-F", "f=ab;headers=X-A: 1;headers=\"X-B: 2; 3\"", "-F", 'g=@FILE,"FILE";type=a/b;encoder=base64', "-F", r'h="a\"\\\d"'],
    ["-F", "f=(;type=multipart/alternative", "-F", "=one", "-F", "=<FILE;type=text/html", "-F", "=)", "-F", "=x;encoder=8bit"],
    ["-F", "g= a ", "-F", "h=<FILE;filename=x"],
    ["-H", "Content-Type: multipart/form-data", "-F", "a=b"],
    ["-H", "content-type: multipart/related; type=x", "-F", "a=b", "-F", "=c"],
    ["-T", "FILE"],
    ["-d", "abc", "-H", "Transfer-Encoding: chunked"],
    ["-d", "abc", "-H", "Expect: 100-continue"],
    ["-A", "", "-0"],
]  # fmt: skip


@pytest.mark.parametrize("options", CURL_LINES, ids=" ".join)
def test_sends_what_curl_sends(options: list[str], tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if not curl:
        pytest.skip("curl is not installed")
    (tmp_path / "f.txt").write_bytes(b"one two\r\n\r\nthree\n")
    options = [option.replace("FILE", f"{tmp_path}/f.txt") for option in options]
    recorder = Recorder()
    with responder(recorder.handle) as peer:
        url = f"http://{peer.host}:{peer.port}/a/./b/../c/"
        subprocess.run([curl, "-s", "--noproxy", "*", *options, url], check=True, capture_output=True)
        invocation = fast.parse(["http", *options, url])
        assert invocation is not None
        assert send(invocation.request).outcome == "ok"
    by_curl, by_us = recorder.requests
    assert essence(by_us) == essence(by_curl)


# --- what comes in


def test_an_answer_of_nginx(nginx: Nginx) -> None:
    exchange = request(nginx.url("/index.html"))
    answer = exchange.response
    assert answer is not None
    assert (answer.summary, answer.status.code, answer.status.text, answer.status.ok) == ("HTTP/1.1 200 OK", 200, "OK", True)
    assert (answer.framing, answer.data, answer.trailers) == ("content-length", {"version": "HTTP/1.1"}, ())
    assert answer.body is not None
    assert (answer.body.media_type, answer.body.charset, answer.body.truncated) == ("text/html", "utf-8", False)
    assert answer.body.data == b"<!doctype html>\n<title>peer</title>\n"
    assert exchange.target.url == nginx.url("/index.html")
    assert (exchange.target.host, exchange.target.port) == (nginx.host, nginx.port)
    assert exchange.request.summary == "GET /index.html HTTP/1.1"
    assert exchange.request.data == {"method": "GET", "safe": True, "idempotent": True}
    assert list(exchange.timing.phases) == ["connect", "send", "wait", "receive"]
    assert (exchange.outcome, exchange.error, exchange.notes) == ("ok", None, ())


def test_what_was_sent_is_reported(nginx: Nginx) -> None:
    exchange = request(nginx.url("/echo"), "name=ann", "Idempotency-Key:1")
    body = exchange.request.body
    assert body is not None
    assert (body.data, body.size, body.media_type) == (b'{"name": "ann"}', 15, "application/json")
    assert exchange.request.data == {"method": "POST", "safe": False, "idempotent": True}
    head = "".join(f"{name}: {value}\r\n" for name, value in exchange.request.fields)
    assert content_of(exchange).decode() == f"POST /echo HTTP/1.1\r\n{head}\r\n" + '{"name": "ann"}'


@pytest.mark.parametrize(("code", "outcome"), [(201, "ok"), (304, "ok"), (400, "application_error"), (503, "application_error")])
def test_a_status_from_400_fails(nginx: Nginx, code: int, outcome: str) -> None:
    exchange = request(nginx.url(f"/status/{code}"))
    assert exchange.outcome == outcome
    assert exchange.response is not None
    assert exchange.response.status.ok is (code < 400)


@pytest.mark.parametrize(("words", "path"), [(("HEAD",), "/users.json"), ((), "/status/204"), ((), "/status/304")])
def test_an_answer_without_content(nginx: Nginx, words: tuple[str, ...], path: str) -> None:
    answer = send(HttpRequest(*words, nginx.url(path))).response
    assert answer is not None
    assert (answer.body, answer.framing) == (None, "none")


def test_basic_authentication(nginx: Nginx) -> None:
    url = nginx.url("/private")
    assert content_of(request(url, user="ann:open sesame")) == b'{"user": "ann"}\n'
    assert content_of(request(url.replace("http://", "http://ann:open%20sesame@"))) == b'{"user": "ann"}\n'
    refused = request(url, user="ann:wrong").response
    assert refused is not None
    assert refused.status.code == 401


@pytest.mark.parametrize(("path", "framing"), [("/chunked", "chunked"), ("/close", "close")])
def test_the_framing_is_told(nginx: Nginx, path: str, framing: str) -> None:
    exchange = request(nginx.url(path))
    assert content_of(exchange) == b"one\ntwo\n"
    assert exchange.response is not None
    assert exchange.response.framing == framing


def test_a_large_answer(nginx: Nginx) -> None:
    assert len(content_of(request(nginx.url("/large.bin")))) == LARGE_SIZE
    exchange = request(nginx.url("/large.bin"), max_size=1000)
    assert exchange.response is not None
    assert exchange.response.body is not None
    assert (len(exchange.response.body.data), exchange.response.body.size, exchange.response.body.truncated) == (1000, LARGE_SIZE, True)


def test_over_tls(nginx: Nginx, ca: Authority) -> None:
    exchange = request(nginx.https("/users.json"), cacert=str(ca.root))
    assert content_of(exchange) == b'{"users": [{"id": 7, "name": "ann"}]}\n'
    assert exchange.connection.tls is not None
    assert (exchange.connection.tls.alpn, exchange.connection.tls.verified) == ("http/1.1", True)


def test_over_a_unix_socket(nginx: Nginx) -> None:
    exchange = request("http://some.test:81/echo", unix_socket=str(nginx.unix_socket))
    assert content_of(exchange).startswith(b"GET /echo HTTP/1.1\r\nHost: some.test:81\r\n")


def test_a_plain_request_to_a_tls_port_is_told_so(nginx: Nginx) -> None:
    port = nginx.tls_ports["good"]
    exchange = request(f"http://localhost:{port}/x")
    assert exchange.notes == (Note(code="tls-port", message=f"this port speaks TLS: use https://localhost:{port}/x"),)


@pytest.mark.parametrize("path", ["/gzip", "/deflate", "/brotli"])
def test_content_codings_of_httpbin(httpbin: Httpbin, path: str) -> None:
    if path == "/brotli":
        pytest.importorskip("brotlicffi")
    exchange = request(httpbin.url(path), compressed=True)
    assert document(exchange)["response"]["body"]["json"]["headers"]["Accept-Encoding"] == askable()
    assert exchange.notes == ()


@pytest.mark.parametrize(
    ("words", "options", "key", "value"),
    [
        (("a=1", "n:=2"), {}, "json", {"a": "1", "n": 2}),
        (("a=1 2", "a=ä"), {"form": True}, "form", {"a": ["1 2", "ä"]}),
        ((), {"parts": (("-F", "a=b"),)}, "form", {"a": "b"}),
        ((), {"parts": (("-F", "f=@FILE;type=text/plain"),)}, "files", {"f": "content\n"}),
        (("f@FILE", "b=c"), {}, "files", {"f": "content\n"}),
        (("q==a b", "q==&"), {"method": "PUT"}, "args", {"q": ["a b", "&"]}),
        ((), {"upload": "FILE"}, "data", "content\n"),
        ((), {"upload": "FILE", "headers": ("Transfer-Encoding: chunked",)}, "data", "content\n"),
    ],
)
def test_httpbin_understands_the_content(
    httpbin: Httpbin, tmp_path: Path, words: tuple[str, ...], options: dict[str, Any], key: str, value: object
) -> None:
    (tmp_path / "file.txt").write_text("content\n")

    def with_file(item: Any) -> Any:
        return item.replace("FILE", f"{tmp_path}/file.txt") if isinstance(item, str) else tuple(with_file(part) for part in item)

    given = {name: option if isinstance(option, bool) else with_file(option) for name, option in options.items()}
    shown = document(request(httpbin.url("/anything"), *with_file(words), **given))
    assert shown["response"]["body"]["json"][key] == value


def test_informational_answers_and_trailers_are_shown() -> None:
    exchange = answered_with(
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\r\nab\r\n1\r\nc\r\n0\r\nX-Sum: 1\r\nX-sum: 2\r\n\r\n"
    )
    assert exchange.response is not None
    assert content_of(exchange) == b"abc"
    assert exchange.response.trailers == (("X-Sum", "1"), ("X-sum", "2"))
    assert exchange.response.data == {
        "version": "HTTP/1.1",
        "informational": [{"status": 103, "reason": "Early Hints", "fields": [["Link", "</a>"]]}],
    }


@pytest.mark.parametrize(
    ("field", "media_type", "charset"),
    [
        ('Text/HTML; charset="UTF-8"', "text/html", "utf-8"),
        ("text/plain;format=flowed ; Charset=latin-1;x", "text/plain", "latin-1"),
        ("application/json", "application/json", None),
        (";", None, None),
    ],
)
def test_the_media_type(field: str, media_type: str | None, charset: str | None) -> None:
    answer = answered_with(f"HTTP/1.1 200 OK\r\nContent-Type: {field}\r\nContent-Length: 0\r\n\r\n".encode()).response
    assert answer is not None
    assert answer.body is not None
    assert (answer.body.media_type, answer.body.charset) == (media_type, charset)


def test_suspicious_answers_are_noted() -> None:
    assert codes(answered_with(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nokmore")) == ["bare-lf", "bytes-after-end"]
    packed = gzip.compress(b"x")
    data = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(packed), packed)
    exchange = answered_with(data)
    assert exchange.notes == (
        Note(code="unasked-coding", message="the content is coded with 'gzip', which was not asked for; what can be decoded is"),
    )
    assert content_of(exchange) == b"x"
    assert codes(answered_with(data, headers=("Accept-Encoding: *",))) == []


def test_json_sent_as_a_form_is_noted() -> None:
    with serving(hear(b"}"), say(OK)) as url:
        assert codes(request(url, data=(("-d", '{"a": 1}'),))) == ["json-as-form"]
        assert codes(request(url, data=(("-d", '{"a": 1}'),), headers=("Content-Type: application/json",))) == []


def test_the_transcript_is_annotated() -> None:
    exchange = answered_with(OK, wire=1000)
    assert exchange.transcript is not None
    assert [(entry.direction, entry.data[:8], entry.note) for entry in exchange.transcript] == [
        ("sent", b"GET / HT", "head"),
        ("received", b"HTTP/1.1", "HTTP/1.1 200 OK"),
    ]


def test_a_request_id_goes_along() -> None:
    sent, _ = heard(HEAD_END, request_id="my-id")
    assert "\r\nX-Request-ID: my-id\r\n" in sent


# --- failures


@pytest.mark.parametrize(
    ("data", "layer", "kind", "message"),
    [
        (b"", "transport", "closed", "the peer closed without an answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", "protocol", "truncated", "the peer closed after 2 of 5 bytes of the body"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "protocol", "wrong_protocol", "expected HTTP, got an SSH banner: 'SSH-2.0-OpenSSH_9.2p1'"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "protocol", "malformed", "Content-Length is not a number: 'x'"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain", "protocol", "malformed",
            "Content-Encoding says gzip, but the content is not: it begins with b'plain'",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: compress\r\n\r\n", "protocol", "unsupported", "the content is coded with compress"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: utf-8\r\n\r\n", "protocol", "unsupported",
            "Content-Encoding says 'utf-8', which is no content coding",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nplain", "protocol", "malformed",
            "Content-Encoding says gzip, but the content is not: it begins with b'plain'",
        ),
    ],
)  # fmt: skip
def test_broken_answers(data: bytes, layer: str, kind: str, message: str) -> None:
    failure = failure_of(answered_with(data, compressed=True))
    assert (failure.layer, failure.kind, failure.message, failure.delivery) == (layer, kind, message, "unknown")


@pytest.mark.parametrize(
    ("coding", "content", "notes"),
    [
        ("gzip", b"plain", ["unasked-coding", "not-coded"]),
        ("deflate", b"plain", ["unasked-coding", "not-coded"]),
        ("compress", b"plain", ["unasked-coding", "not-decoded"]),
        ("utf-8", b"plain", ["unknown-content-coding"]),
    ],
)
def test_content_that_is_not_coded_as_it_says_is_shown_as_it_came_unless_that_was_asked_for(
    coding: str, content: bytes, notes: list[str]
) -> None:
    data = b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n%b" % (coding.encode(), len(content), content)
    exchange = answered_with(data)
    assert (content_of(exchange), codes(exchange)) == (content, notes)
    assert failure_of(answered_with(data, compressed=True)).layer == "protocol"


def test_what_came_with_a_head_that_contradicts_itself_is_kept() -> None:
    exchange = answered_with(b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello")
    assert exchange.response is not None
    assert exchange.response.body is not None
    assert (exchange.response.status.code, exchange.response.body.data) == (200, b"hello")
    assert failure_of(exchange).message == "Content-Length says 5 and 6"


def test_what_came_before_the_failure_is_kept() -> None:
    exchange = answered_with(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nzz\r\n")
    assert exchange.response is not None
    assert exchange.response.body is not None
    assert (exchange.response.summary, exchange.response.body.data, exchange.response.body.truncated) == ("HTTP/1.1 200 OK", b"ab", True)
    assert failure_of(exchange).kind == "malformed"


def test_a_server_that_hangs_up(nginx: Nginx) -> None:
    failure = failure_of(request(nginx.url("/hang-up")))
    assert (failure.layer, failure.kind, failure.phase, failure.retry) == ("transport", "closed", "wait", "safe")


def test_a_bomb_ends_at_the_deadline() -> None:
    bomb = gzip.compress(gzip.compress(bytes(1 << 20)) * 16384)  # 16 GiB
    data = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(bomb), bomb)
    began = time.monotonic()
    failure = failure_of(answered_with(data, timeout=0.2, max_size=10))
    assert (failure.kind, failure.phase) == ("timeout", "receive")
    assert time.monotonic() - began < 5


# --- answers during the request


def test_an_upload_stops_at_a_refusal() -> None:
    with serving(hear(HEAD_END), say(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig"), end, pause(0.2), hear_end) as url:
        exchange = request(url, data=(("-d", "x" * (64 << 20)),))
    assert exchange.notes == (
        Note(
            code="upload-stopped",
            message="the answer HTTP/1.1 413 Content Too Large came before the request was whole; the rest was not sent",
        ),
    )
    assert exchange.response is not None
    assert exchange.response.body is not None
    assert exchange.response.body.data == b"big"
    assert exchange.connection.bytes_sent < 64 << 20
    assert exchange.timing.phases["wait"] == 0


@pytest.mark.parametrize("early", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"])
def test_an_upload_goes_on_after_a_good_answer(early: bytes) -> None:
    sent = b"x" * (16 << 20) + b"!"
    late = b"ok" if b"200" in early else OK
    with serving(hear(HEAD_END), say(early), pause(0.05), drain(len(sent)), say(late)) as url:
        exchange = request(url, data=(("-d", sent.decode()),))
    assert content_of(exchange) == b"ok"
    assert exchange.notes == ()
    if b"100" in early:
        assert exchange.timing.phases["send"] > 50_000_000


def drain(size: int) -> Handler:
    """Read so many bytes."""

    def step(connection: Any) -> None:
        left = size
        while left:
            left -= len(connection.recv(min(left, 1 << 20)))

    return step


def test_an_answer_before_a_reset_is_read() -> None:
    with serving(hear(HEAD_END), say(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"), pause(0.05), reset) as url:
        exchange = request(url, data=(("-d", "x" * (64 << 20)),))
    assert exchange.response is not None
    assert exchange.response.status.code == 401
    assert codes(exchange) == ["upload-stopped"]


def test_content_waits_for_a_100() -> None:
    steps = (hear(HEAD_END), pause(0.1), say(b"HTTP/1.1 100 Continue\r\n\r\n"), hear(b"a"), pause(0.05), say(OK))
    with serving(*steps) as url:
        exchange = request(url, data=(("-d", "a"),), headers=("Expect: 100-continue",))
    phases = exchange.timing.phases
    assert content_of(exchange) == b"ok"
    assert phases["send"] >= 100e6
    assert 50e6 <= phases["wait"] < phases["send"]
    assert exchange.response is not None
    assert exchange.response.data["informational"] == [{"status": 100, "reason": "Continue", "fields": []}]


def test_content_is_held_back_by_a_final_answer() -> None:
    with serving(hear(HEAD_END), pause(0.1), say(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")) as url:
        exchange = request(url, data=(("-d", "a"),), headers=("Expect: 100-continue",))
    assert exchange.response is not None
    assert exchange.response.status.code == 417
    assert codes(exchange) == ["upload-stopped"]
    assert exchange.timing.phases["send"] >= 100e6
    assert exchange.timing.phases["wait"] == 0


def test_content_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    assert stream.CONTINUE_WAIT == 1.0
    monkeypatch.setattr(stream, "CONTINUE_WAIT", 0.1)
    with serving(hear(HEAD_END), hear(b"a"), say(OK)) as url:
        exchange = request(url, data=(("-d", "a"),), headers=("Expect: 100-continue",))
    assert content_of(exchange) == b"ok"
    assert exchange.timing.phases["send"] >= 100e6


def test_a_peer_that_closes_instead_of_a_100() -> None:
    with serving(hear(HEAD_END)) as url:
        failure = failure_of(request(url, data=(("-d", "a"),), headers=("Expect: 100-continue",)))
    assert (failure.kind, failure.message) == ("closed", "the peer closed without an answer")


# --- uploads


def test_an_upload_opens_its_file_only_to_send_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    before = os.listdir("/proc/self/fd")
    asked = prepare(HopState(options=HttpRequest("http://a.test/", upload=str(tmp_path / "file"))), "id")
    assert os.listdir("/proc/self/fd") == before
    assert asked.upload is not None
    assert list(asked.upload.pieces(Deadline(None, ""))) == [(b"content", True)]
    asked.upload.close()
    assert os.listdir("/proc/self/fd") == before


def test_a_dot_is_standard_input_as_in_curl() -> None:
    invocation = fast.parse(["http", "-T", ".", "http://a.test/"])
    assert invocation is not None
    assert invocation.request.upload == "-"  # type: ignore[attr-defined]


def test_an_upload_that_cannot_be_read_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    for path, why in ((tmp_path, "is a directory"), (tmp_path / "none", "no such file or directory")):
        with pytest.raises(ExchangeError) as caught:
            send(HttpRequest("http://127.0.0.1:1/", upload=str(path)))
        assert (caught.value.layer, caught.value.message) == ("local", f"cannot read {path}: {why}")


def test_a_named_pipe_that_nobody_writes_to_is_given_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with responder(hear(b"\r\n\r\n")) as peer:
        failure = failure_of(request(f"http://{peer.host}:{peer.port}/", upload=str(tmp_path / "pipe"), timeout=0.05))
    assert (failure.layer, failure.kind) == ("transport", "timeout")


def test_an_upload_is_reported(httpbin: Httpbin, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"0123456789" * 200_000)
    exchange = request(httpbin.url("/anything"), upload=f"{tmp_path}/big", headers=("Content-Type: text/plain",))
    body = exchange.request.body
    assert body is not None
    assert (body.size, len(body.data), body.truncated, body.media_type, body.file) == (
        2_000_000,
        1 << 20,
        True,
        "text/plain",
        f"{tmp_path}/big",
    )
    assert document(exchange)["response"]["body"]["json"]["data"] == "0123456789" * 200_000


def run(url: str, *options: str, data: bytes) -> subprocess.CompletedProcess[bytes]:
    return child.run("http", *options, url, input=data)


@pytest.mark.parametrize("options", [["-T", "-"], ["-0", "-T", "-"], ["-d", "@-"], ["-F", "f=@-"]], ids=" ".join)
def test_standard_input_is_sent(httpbin: Httpbin, options: list[str]) -> None:
    done = run(httpbin.url("/anything"), "--query", "json.[data, form, files]", *options, data=b"from stdin")
    assert done.returncode == 0
    assert b"from stdin" in done.stdout


def test_standard_input_comes_in_chunks_as_it_comes() -> None:
    into: list[bytes] = []
    with serving(
        hear(HEAD_END), hear(b"3\r\none\r\n", into), say(b"HTTP/1.1 100 Continue\r\n\r\n"), hear(b"0\r\n\r\n", into), say(OK)
    ) as url:
        process = subprocess.Popen([sys.executable, "-m", "rrcli", "http", "-T", "-", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin is not None
        process.stdin.write(b"one")
        process.stdin.flush()
        deadline = time.monotonic() + 5
        while not into and time.monotonic() < deadline:
            time.sleep(0.005)
        out, _ = process.communicate(b"two")
    assert (out, into, process.returncode) == (b"ok", [b"3\r\none\r\n", b"3\r\ntwo\r\n0\r\n\r\n"], 0)


def test_silent_standard_input_ends_at_the_deadline() -> None:
    with serving(hear_end) as url:
        process = subprocess.Popen(
            [sys.executable, "-m", "rrcli", "http", "-T", "-", "-m", "0.2", url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert process.wait(5) == 6
        process.communicate()


def test_a_file_that_shrinks_is_a_local_failure(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"x" * 1000)

    def cut(_: object) -> None:
        file.write_bytes(b"x")

    with serving(hear(HEAD_END), cut, say(b"HTTP/1.1 100 Continue\r\n\r\n"), hear_end) as url:
        failure = failure_of(request(url, upload=str(file), headers=("Expect: 100-continue",)))
    assert (failure.layer, failure.kind, failure.message) == ("local", "input", f"{file} became 999 bytes shorter while it was sent")
