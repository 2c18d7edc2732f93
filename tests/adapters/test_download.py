"""Downloads and uploads: names, going on, limits of speed and memory, against nginx, httpbin and exact bytes."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import re
import shlex
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from peers.httpbin import Httpbin
from peers.nginx import LARGE_SIZE, Nginx
from peers.script import Handler, end, hear, responder, say, script

from rrcli.adapters.http.download import VALIDATOR, content_range, validator
from rrcli.adapters.http.request import HttpRequest
from rrcli.base.errors import ExchangeError
from rrcli.base.jsontext import loads
from rrcli.cli import fast
from rrcli.cli.execute import execute
from rrcli.engine.send import send

HEAD_END = b"\r\n\r\n"
LARGE = bytes(range(256)) * (LARGE_SIZE // 256)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@contextlib.contextmanager
def serving(*steps: Handler) -> Iterator[str]:
    with responder(script(*steps)) as peer:
        yield f"http://{peer.host}:{peer.port}"


def rrcli(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    """The exit code and the document of a command line."""
    invocation = fast.parse(["http", *words, "--json"])
    assert invocation is not None
    capfd.readouterr()
    code = execute(invocation)
    return code, loads(capfd.readouterr().out)


def answered(capfd: pytest.CaptureFixture[str], data: bytes, *words: str, path: str = "/file") -> tuple[int, Any, str]:
    """As `rrcli`, of an answer that is `data`, after which the peer closes; and what it was asked."""
    into: list[bytes] = []
    with serving(hear(HEAD_END, into), say(data)) as url:
        code, found = rrcli(capfd, url + path, *words)
    return code, found, into[0].decode()


def usage_error(*words: str) -> str:
    invocation = fast.parse(["http", "http://127.0.0.1:1/file", *words])
    assert invocation is not None
    with pytest.raises(ExchangeError) as caught:
        execute(invocation)
    assert caught.value.layer == "usage"
    return caught.value.message


def ok(content: bytes, *fields: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(content)}", *fields, "", ""]
    return "\r\n".join(lines).encode("utf-8") + content


def part(content: bytes, span: str, *fields: str) -> bytes:
    return ok(content, f"Content-Range: bytes {span}", *fields).replace(b"200 OK", b"206 Partial Content", 1)


def notes(document: Any) -> list[str]:
    return [note["code"] for note in document["notes"]]


# --- the file


@pytest.mark.parametrize("words", [["-o", "large.bin"], ["-O"], ["-O", "--output-dir", "."]])
def test_a_download_is_the_bytes_with_the_mode_that_the_umask_leaves(
    nginx: Nginx, capfd: pytest.CaptureFixture[str], words: list[str]
) -> None:
    code, found = rrcli(capfd, nginx.url("/large.bin"), *words)
    body = found["response"]["body"]
    assert (code, body["size"], body["base64"], body["truncated"]) == (0, LARGE_SIZE, None, False)
    assert body["sha256"] == hashlib.sha256(LARGE).hexdigest()
    path = Path(body["file"])
    assert path.name == "large.bin"
    assert path.read_bytes() == LARGE
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_folders_are_made_when_asked_for(nginx: Nginx, capfd: pytest.CaptureFixture[str]) -> None:
    code, found = rrcli(capfd, nginx.url("/users.json"), "-O", "--output-dir", "a/b")
    assert (code, found["error"]["layer"], found["error"]["message"]) == (
        9,
        "local",
        "cannot write a/b/users.json: no such file or directory",
    )
    assert found["error"]["hint"] == "--create-dirs makes the folders that are missing"
    code, found = rrcli(capfd, nginx.url("/users.json"), "-O", "--output-dir", "a/b", "--create-dirs")
    assert (code, found["response"]["body"]["file"]) == (0, "a/b/users.json")
    assert Path("a/b/users.json").read_text() == '{"users": [{"id": 7, "name": "ann"}]}\n'


def test_dash_is_standard_output(nginx: Nginx, capfd: pytest.CaptureFixture[str]) -> None:
    invocation = fast.parse(["http", nginx.url("/users.json"), "-o", "-"])
    assert invocation is not None
    assert execute(invocation) == 0
    assert capfd.readouterr() == ('{"users": [{"id": 7, "name": "ann"}]}\n', "")
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "-", "--json"], "-o - and --json exclude each other"),
        (["-o", "-", "--format", "pretty"], "-o - and --format pretty exclude each other"),
        (["-o", "x", "-O"], "-o and -O exclude each other"),
        (["-o", "x", "-J"], "-o and -J exclude each other"),
        (["-J", "-C", "-"], "-C and -J exclude each other: the name of the file is known only with the answer"),
        (["-O", "-C", "-", "--remove-on-error"], "-C and --remove-on-error exclude each other"),
        (["-C", "-"], "-C - goes on with a file, and none is named"),
        (["-C", "7", "-r", "0-3"], "-C and -r exclude each other"),
        (["-C", "7", "--compressed"], "-C and --compressed exclude each other"),
        (["-C", "7", "-o", "none"], "none has 0 bytes: going on at 7 would leave a hole"),
        (["--output-dir", "x"], "--output-dir is for a file, and none is named"),
        (["--create-dirs"], "--create-dirs is for a file, and none is named"),
        (["--compress", "gzip"], "--compress compresses content, and there is none"),
    ],
)
def test_contradictions_are_refused_before_anything_is_sent(words: list[str], message: str) -> None:
    assert usage_error(*words) == message


@pytest.mark.parametrize("path", ["/", "/a/", "/..", ""])
def test_a_url_without_a_name(path: str) -> None:
    invocation = fast.parse(["http", f"http://127.0.0.1:1{path}", "-O"])
    assert invocation is not None
    with pytest.raises(ExchangeError) as caught:
        execute(invocation)
    assert (caught.value.layer, caught.value.message) == ("usage", "the URL names no file that -O could save to")
    assert caught.value.hint == "name one with -o FILE"


# --- the server's name for it


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ("attachment; filename*=UTF-8''%2e%2e%2fna%C3%AFve.txt", "naïve.txt"),
        ("attachment; filename=.bashrc", "_bashrc"),
        ("attachment; filename=..", "file"),
        ("attachment", "file"),
    ],
)
def test_the_name_of_the_header_is_one_harmless_name(capfd: pytest.CaptureFixture[str], tmp_path: Path, field: str, name: str) -> None:
    code, found, _ = answered(capfd, ok(b"data", f"Content-Disposition: {field}"), "-J")
    assert (code, found["response"]["body"]["file"]) == (0, name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == b"data"


def test_the_header_overwrites_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    Path("mine").write_bytes(b"mine")
    code, found, _ = answered(capfd, ok(b"theirs", "Content-Disposition: attachment; filename=mine"), "-OJ")
    assert (code, found["error"]["message"]) == (9, "mine exists, and -J overwrites nothing")
    assert Path("mine").read_bytes() == b"mine"


def test_no_name_at_all(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, found, _ = answered(capfd, ok(b"data"), "-J", path="/")
    assert (code, found["error"]["message"]) == (9, "neither Content-Disposition nor the URL names a file")
    assert list(tmp_path.iterdir()) == []


# --- going on


@pytest.mark.parametrize("have", [0, 1, LARGE_SIZE // 2, LARGE_SIZE - 1])
def test_a_download_goes_on_where_the_file_ends(nginx: Nginx, capfd: pytest.CaptureFixture[str], have: int) -> None:
    Path("file").write_bytes(LARGE[:have])
    code, found = rrcli(capfd, nginx.url("/large.bin"), "-o", "file", "-C", "-")
    assert (code, found["response"]["status"]["code"]) == (0, 206 if have else 200)
    assert found["response"]["body"]["size"] == LARGE_SIZE - have
    assert Path("file").read_bytes() == LARGE


def test_a_download_goes_on_at_a_byte(nginx: Nginx, capfd: pytest.CaptureFixture[str]) -> None:
    Path("file").write_bytes(LARGE[:1000] + b"spoilt")
    assert rrcli(capfd, nginx.url("/large.bin"), "-o", "file", "-C", "1000")[0] == 0
    assert Path("file").read_bytes() == LARGE
    code, found = rrcli(capfd, nginx.url("/users.json"), "-C", "2")
    assert (code, found["response"]["body"]["text"]) == (0, 'users": [{"id": 7, "name": "ann"}]}\n')


def test_httpbin_serves_ranges(httpbin: Httpbin, capfd: pytest.CaptureFixture[str]) -> None:
    Path("file").write_bytes(b"abcdefgh")
    code, _ = rrcli(capfd, httpbin.url("/range/26"), "-o", "file", "-C", "-")
    assert (code, Path("file").read_text()) == (0, "abcdefghijklmnopqrstuvwxyz")


def test_a_file_that_is_whole_is_left_alone(nginx: Nginx, capfd: pytest.CaptureFixture[str]) -> None:
    Path("file").write_bytes(LARGE)
    code, found = rrcli(capfd, nginx.url("/large.bin"), "-o", "file", "-C", "-")
    assert (code, found["outcome"], found["response"]["status"]) == (
        0, "ok", {"code": 416, "text": "Requested Range Not Satisfiable", "ok": True},
    )  # fmt: skip
    assert notes(found) == ["already-complete"]
    assert found["response"]["body"]["file"] is None
    assert Path("file").read_bytes() == LARGE


def test_a_file_that_is_longer_is_told_of(nginx: Nginx, capfd: pytest.CaptureFixture[str]) -> None:
    Path("file").write_bytes(LARGE + b"x")
    code, found = rrcli(capfd, nginx.url("/large.bin"), "-o", "file", "-C", "-")
    assert (code, notes(found)) == (1, ["file-longer"])
    assert Path("file").read_bytes() == LARGE + b"x"


REFUSED = b"HTTP/1.1 416 No\r\nContent-Length: 3\r\n\r\nno\n"
NO_RANGE = "a 206 without a valid Content-Range does not say which part it is (RFC 9110 section 15.3.7)"
PARTS = "Content-Type: multipart/byteranges; boundary=b"


@pytest.mark.parametrize(
    ("data", "code", "kind", "message"),
    [
        (ok(b"abcdef"), 7, "unsupported", "asked for what follows byte 3, the server sends the whole: it does not serve ranges"),
        (part(b"bcdef", "1-5/6"), 7, "malformed", "asked for what follows byte 3, the server sends what follows byte 1"),
        (part(b"def", "*/6"), 7, "malformed", NO_RANGE),
        (part(b"def", "5-3/6"), 7, "malformed", NO_RANGE),
        (part(b"--b--", "3-5/6", PARTS), 7, "malformed", "asked for one range, the server sends several parts (multipart/byteranges)"),
        (
            part(gzip.compress(b"x"), "3-5/6", "Content-Encoding: gzip"), 7, "unsupported",
            "the part is one of compressed content, which cannot be decoded from its middle",
        ),
        (REFUSED, 1, "bad_status", "HTTP/1.1 416 No"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone", 1, "bad_status", "HTTP/1.1 404 Not Found"),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy", 1, "bad_status", "HTTP/1.1 503 Busy"),
    ],
)  # fmt: skip
def test_nothing_wrong_is_appended(capfd: pytest.CaptureFixture[str], data: bytes, code: int, kind: str, message: str) -> None:
    Path("file").write_bytes(b"abc")
    found_code, found, asked = answered(capfd, data, "-o", "file", "-C", "-")
    assert (found_code, found["error"]["kind"], found["error"]["message"]) == (code, kind, message)
    assert found["response"]["status"]["code"] == int(data.split()[1])
    assert "\r\nRange: bytes=3-\r\n" in asked
    assert Path("file").read_bytes() == b"abc"


def test_a_download_that_broke_off_goes_on_with_what_it_was_a_part_of(capfd: pytest.CaptureFixture[str]) -> None:
    code, found, _ = answered(capfd, ok(b"abcdef", 'ETag: "one"')[:-3], "-o", "file")
    assert (code, found["error"]["kind"]) == (7, "truncated")
    assert found["error"]["hint"].endswith("; the 3 bytes that arrived are in file: the same command with -C - goes on from there")
    assert Path("file").read_bytes() == b"abc"
    if os.getxattr("file", VALIDATOR) != b'"one"':
        pytest.fail("the validator was not kept")

    code, found, asked = answered(capfd, ok(b"ABCDEF", 'ETag: "two"'), "-o", "file", "-C", "-")
    assert '\r\nRange: bytes=3-\r\nIf-Range: "one"\r\n' in asked
    assert (code, found["error"]["message"]) == (7, "the resource changed since its first part was saved")
    assert Path("file").read_bytes() == b"abc"

    code, found, _ = answered(capfd, part(b"def", "3-5/6", 'ETag: "one"'), "-o", "file", "-C", "-")
    assert (code, found["error"], notes(found)) == (0, None, [])
    assert Path("file").read_bytes() == b"abcdef"
    assert VALIDATOR not in os.listxattr("file")


def test_a_resource_that_is_newer_than_its_part_is_noted(capfd: pytest.CaptureFixture[str]) -> None:
    Path("file").write_bytes(b"abc")
    os.utime("file", (10**9, 10**9))
    code, found, _ = answered(capfd, part(b"def", "3-5/6", "Last-Modified: Sun, 06 Nov 2022 08:49:37 GMT"), "-o", "file", "-C", "-")
    assert (code, notes(found)) == (0, ["resource-changed"])


def test_a_failed_download_is_removed_when_asked_for(capfd: pytest.CaptureFixture[str]) -> None:
    code, found, _ = answered(capfd, ok(b"abcdef")[:-3], "-o", "file", "--remove-on-error")
    assert (code, found["error"]["kind"], found["response"]["body"]["file"]) == (7, "truncated", None)
    assert not Path("file").exists()


def test_ctrl_c_leaves_what_arrived_and_says_how_to_go_on(nginx: Nginx) -> None:
    command = [sys.executable, "-m", "rrcli", "http", nginx.url("/slow/rate"), "-o", "file"]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ)
    until = time.monotonic() + 10
    while not (Path("file").exists() and Path("file").stat().st_size):
        assert time.monotonic() < until
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=10)
    assert process.returncode == 130
    came = Path("file").stat().st_size
    hint = f"The {came} bytes that arrived are in file: the same command with -C - goes on from there"
    assert hint in " ".join(said.split())  # the name of a file is no word of a sentence


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("bytes 3-5/6", (3, 6)),
        ("BYTES  3-5/*", (3, None)),
        ("bytes */6", (None, 6)),
        ("bytes */*", (None, None)),
        ("bytes 5-3/6", (None, None)),
        ("bytes -5/6", (None, None)),
        ("items 3-5/6", (None, None)),
        (f"bytes {'9' * 30}-{'9' * 31}/6", (None, None)),
        ("", (None, None)),
    ],
)
def test_content_range(value: str, found: tuple[int | None, int | None]) -> None:
    assert content_range((("content-range", value),)) == found


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"etag": '"a"', "last-modified": "Mon"}, '"a"'),
        ({"etag": 'W/"a"', "last-modified": "Mon", "date": "Tue"}, "Mon"),
        ({"last-modified": "Mon", "date": "Mon"}, None),
        ({"etag": '"a"', "content-encoding": "gzip"}, None),
        ({"etag": '"' + "a" * 5000 + '"'}, None),
        ({}, None),
    ],
)
def test_what_if_range_may_carry(fields: dict[str, str], found: str | None) -> None:
    assert validator(tuple(fields.items())) == found


# --- speed and memory


@pytest.mark.parametrize("words", [["-o", "file"], ["-X", "PUT", "-T", "sent"]])
def test_the_speed_is_limited_both_ways(nginx: Nginx, words: list[str]) -> None:
    Path("sent").write_bytes(LARGE[: 1 << 20])
    path = "/large.bin" if "-o" in words else "/echo"
    invocation = fast.parse(["http", nginx.url(path), *words, "--limit-rate", "16M" if "-o" in words else "2M", "-s"])
    assert invocation is not None
    begin = time.monotonic()
    assert execute(invocation) in (0, 1)
    assert 0.48 < time.monotonic() - begin < (0.6 if "-o" in words else 1.2)  # the echo comes back as slowly


def test_the_deadline_holds_under_a_limit(nginx: Nginx) -> None:
    exchange = send(HttpRequest(nginx.url("/large.bin"), limit_rate=1000, timeout=0.3))
    assert exchange.error is not None
    assert (exchange.error.kind, exchange.error.message) == ("timeout", "receiving the answer: the time limit passed (--timeout 300ms)")
    assert exchange.timing.total_ns < 400 * 10**6


@pytest.mark.parametrize(("text", "rate"), [("1000", 1000), ("2k", 2048), ("1M", 1 << 20), ("1.5G", 3 << 29), ("500kB", 500_000), ("0", 0)])
def test_sizes_of_a_rate(text: str, rate: int) -> None:
    invocation = fast.parse(["http", "http://h/", "--limit-rate", text])
    assert invocation is not None
    assert invocation.request.limit_rate == rate  # type: ignore[attr-defined]


MEMORY = """
import sys
from rrcli.__main__ import main
code = main(sys.argv[1:])
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(peak, file=sys.stderr)
sys.exit(code)
"""


def peak_of(*words: str, stdin: int = subprocess.DEVNULL) -> int:
    """The most memory in bytes that a command took."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", MEMORY, "http", "-s", *words]
    done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, env=environ, check=True)
    return int(done.stderr.split()[-1]) * 1024


def test_64_mib_come_in_constant_memory(nginx: Nginx) -> None:
    with (nginx.folder / "www/64mib.bin").open("wb") as file:
        file.truncate(64 << 20)
    assert peak_of(nginx.url("/64mib.bin"), "-o", "file") < 30 << 20
    assert Path("file").stat().st_size == 64 << 20


# --- uploads


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("source", ["-d", "-T"])
def test_content_goes_out_compressed(capfd: pytest.CaptureFixture[str], coding: str, source: str) -> None:
    from rrcli.codec.http.content import ContentDecoder

    if coding in ("br", "zstd"):
        pytest.importorskip("brotlicffi" if coding == "br" else "backports.zstd")
    text = b"compress me, " * 10_000
    Path("plain").write_bytes(text)
    into: list[bytes] = []
    ending = b"0\r\n\r\n" if source == "-T" else b""
    with responder(lambda peer: _heard(peer, into, ending)) as peer:
        words = ["-T", "plain"] if source == "-T" else ["--data-binary", "@plain"]
        code, found = rrcli(capfd, f"http://{peer.host}:{peer.port}/", "--compress", coding, *words)
    head, _, content = into[0].partition(HEAD_END)
    assert code == 0
    assert f"\r\nContent-Encoding: {coding}".encode() in head
    if source == "-T":
        assert b"\r\nTransfer-Encoding: chunked" in head
        content = _unchunked(content)
    else:
        assert f"\r\nContent-Length: {len(content)}".encode() in head
    assert len(content) < 2000
    decoder = ContentDecoder([coding], lambda *_: None)
    assert b"".join(decoder.feed(content)) == text
    decoder.finish()
    body = found["request"]["body"]
    assert (body["size"], body["sha256"]) == (len(text), hashlib.sha256(text).hexdigest())


def _heard(peer: Any, into: list[bytes], ending: bytes) -> None:
    """Hear one request, up to `ending` or as long as its head says, and answer it."""
    heard = b""
    while HEAD_END not in heard or (ending and not heard.endswith(ending)) or (not ending and len(heard) < _whole(heard)):
        heard += peer.recv(65536)
    into.append(heard)
    peer.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")


def _whole(heard: bytes) -> int:
    length = re.search(rb"Content-Length: (\d+)", heard)
    assert length
    return heard.index(HEAD_END) + 4 + int(length[1])


def _unchunked(data: bytes) -> bytes:
    content = b""
    while data:
        line, _, data = data.partition(b"\r\n")
        size = int(line, 16)
        content, data = content + data[:size], data[size + 2 :]
    return content


@pytest.mark.parametrize("words", [[], ["--compress", "gzip"]])
def test_an_upload_of_any_size_takes_constant_memory(words: list[str]) -> None:
    with Path("large").open("wb") as file:
        file.truncate(64 << 20)

    def swallow(peer: Any) -> None:
        heard = b""
        while not heard.endswith(b"0\r\n\r\n" if words else bytes(4096)) or (not words and swallowed[0] < 64 << 20):
            data = peer.recv(1 << 20)
            swallowed[0] += len(data)
            heard = (heard + data)[-4096:]
        peer.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    swallowed = [0]
    with responder(swallow) as peer:
        assert peak_of(f"http://{peer.host}:{peer.port}/", "-T", "large", *words) < 30 << 20


@pytest.mark.parametrize("coding", [None, "gzip"])
def test_a_form_with_a_large_file_is_read_while_it_is_sent(httpbin: Httpbin, coding: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    from rrcli.adapters.http.prepare import content

    monkeypatch.setattr(content, "LARGE_FILE", 1000)
    Path("large.txt").write_text("large " * 1000)
    Path("small.txt").write_text("small")
    into: list[bytes] = []
    parts = (("-F", "a=1"), ("-F", "f=@large.txt;type=text/plain"), ("-F", "g=@small.txt"), ("-F", "h=@large.txt"))
    with responder(lambda peer: _heard(peer, into, b"0\r\n\r\n" if coding else b"")) as peer:
        exchange = send(HttpRequest(f"http://{peer.host}:{peer.port}/", parts=parts, compress=coding))
    head, _, sent = into[0].partition(HEAD_END)
    assert head.startswith(b"POST / HTTP/1.1\r\n")
    whole = gzip.decompress(_unchunked(sent)) if coding else sent
    body = exchange.request.body
    assert body is not None
    assert (body.size, body.sha256, body.file) == (len(whole), hashlib.sha256(whole).hexdigest(), None)
    if coding is None:
        found = loads(_data_of(send(HttpRequest(httpbin.url("/post"), parts=parts))))
        assert found["form"] == {"a": "1"}
        assert found["files"] == {"f": "large " * 1000, "g": "small", "h": "large " * 1000}


def _data_of(exchange: Any) -> str:
    data: bytes = exchange.response.body.data
    return data.decode()


def test_a_form_with_a_file_of_any_size_takes_constant_memory(nginx: Nginx) -> None:
    with Path("large").open("wb") as file:
        file.truncate(64 << 20)
    assert peak_of(nginx.url("/status/200"), "-F", "f=@large", "--ok", "any") < 30 << 20


def test_standard_input_goes_out_in_chunks(httpbin: Httpbin) -> None:
    line = f"printf 'a b c' | {shlex.quote(sys.executable)} -m rrcli http PUT {httpbin.url('/put')} -T - --query json.data"
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    assert subprocess.run(line, shell=True, capture_output=True, text=True, env=environ, check=True).stdout == "a b c\n"


def test_how_much_has_left_is_told(nginx: Nginx) -> None:
    from rrcli.engine.events import Observer

    Path("sent").write_bytes(LARGE[:200_000])
    told: list[tuple[int, int | None]] = []

    class Watching(Observer):
        def uploaded(self, done: int, total: int | None) -> None:
            told.append((done, total))

    send(HttpRequest("PUT", nginx.url("/echo"), upload="sent"), Watching())
    assert told[-1] == (200_000, 200_000)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


# --- what a body may be


def test_a_name_twice_in_json_is_noted(capfd: pytest.CaptureFixture[str]) -> None:
    data = ok(b'{"a": 12345678901234567890123, "b": {"x": 1.10, "x": 1e400}}', "Content-Type: application/json")
    code, found, _ = answered(capfd, data)
    assert (code, notes(found)) == (0, ["duplicate-key"])
    assert found["notes"][0]["message"].startswith("an object of the JSON has 'x' twice, and readers differ on which counts")


def test_closing_early_is_no_download(capfd: pytest.CaptureFixture[str]) -> None:
    with serving(hear(HEAD_END), end) as url:
        code, found = rrcli(capfd, f"{url}/file", "-O")
    assert (code, found["error"]["kind"]) == (4, "closed")
    assert not Path("file").exists()
