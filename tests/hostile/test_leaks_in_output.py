"""A server that gives back every secret, in every place and spelling, and one that writes what steers terminals: nothing shows it."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import json
import os
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from peers.bounds import OURS, RAW
from peers.child import on_terminal
from peers.flood import STEER
from peers.leaks import Run, leaks, site
from peers.script import end, hear_end, pause, responder, say, script

KEY = 'hunter2-key/+1 "<q>"'
VALUES = ("hunter2-user", "hunter2-bearer", KEY, "hunter2-cookie", "hunter2-query", "hunter2-info", "hunter2-word")
BASIC = base64.b64encode(b"ann:hunter2-user").decode()
ALL = " ".join(VALUES)
BEARER = VALUES[1]

FORMATS: dict[str, tuple[str, ...]] = {
    "pretty": ("--format=pretty", "-v", "--wire"),
    "coloured": ("--format=pretty", "-v", "--color=always"),
    "json": ("--json", "--wire"),
    "ndjson": ("--format=ndjson", "--wire"),
    "har": ("--format=har",),
    "mermaid": ("--format=mermaid",),
    "curl": ("--format=curl", "-v"),
}
MORE: dict[str, tuple[str, ...]] = {  # of http alone
    "quiet": ("-q",),
    "fields": ("-D", "-", "--format=pretty"),
    "checks": ("--json", '--expect=body == "x"', "--expect=header.x-echo == x", "--expect=response.headers == 1"),
    "series": ("--json", "--repeat=2"),
    "series drawn": ("--format=pretty", "-v", "--repeat=2"),
    "until": ("--json", "--until=status == 999", "--every=10ms", "--deadline=50ms"),
    "redirects": ("--json", "-L"),
    "retries": ("--json", "--retry=1", "--retry-delay=1ms"),
}


def answer(body: bytes, media_type: str = "text/plain", code: int = 200, fields: str = "", last: bytes = b"") -> bytes:
    """What has the secrets in its status, the name and value of a field, its content in chunks that cut them, and a trailer."""
    head = (
        f"HTTP/1.1 103 {ALL}\r\nLink: <http://x/{BEARER}>\r\n\r\nHTTP/1.1 {code} {ALL}\r\nX-Echo: {ALL}\r\n{BEARER}: 1\r\n"
        f"Set-Cookie: sid=hunter2-set; Path=/\r\nLocation: /?token=hunter2-query&y={BEARER}\r\nConnection: close\r\n"
        f"Content-Type: {media_type}\r\n{fields}Transfer-Encoding: chunked\r\n\r\n"
    )
    pieces = [body[at : at + 7] for at in range(0, len(body), 7)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return head.encode() + chunks + (last or f"0\r\nX-Trailer: {ALL}\r\n\r\n".encode())


def bare(text: str) -> bytes:
    return text.encode()


PROBLEM = {"title": ALL, "detail": BEARER, BEARER: [1, {BEARER: list(VALUES)}]}
ECHOES: dict[str, bytes] = {
    "text": answer("\n".join([ALL, *map(quote, VALUES), *map(quote_plus, VALUES), json.dumps(VALUES), BASIC]).encode()),
    "gzip": answer(gzip.compress(ALL.encode()), code=404, fields="Content-Encoding: gzip\r\n"),
    "JSON": answer(json.dumps(PROBLEM).encode(), "application/json"),
    "a problem": answer(json.dumps(PROBLEM).encode(), "application/problem+json", 500),
    "escaped JSON": answer(('["' + "".join(f"\\u{ord(letter):04x}" for letter in BEARER) + '"]').encode(), "application/json"),
    "UTF-16": answer(ALL.encode("utf-16"), "text/plain; charset=utf-16"),
    "markup": answer(f'<a b="{BEARER}">hunter2-key/+1 &quot;&lt;q&gt;&quot; {quote(KEY)}</a>'.encode(), "application/xml", 403),
    "cut in a secret": answer(ALL.encode()[:-3], last=b"7\r\n"),
    "cut in a chunk's size": answer(b"x", last=BEARER.encode() + b"\r\n"),
    "no HTTP": bare(ALL + "\r\n\r\n"),
    "a bad length": bare(f"HTTP/1.1 200 {ALL}\r\nContent-Length: x{BEARER}\r\n\r\n"),
    "a bad field": bare(f"HTTP/1.1 200 {ALL}\r\nX {BEARER}\r\n {BEARER}: x\r\nContent-Length: 0\r\n\r\n"),
    "odd codings": bare(
        f"HTTP/1.1 200 OK\r\nContent-Encoding: {BEARER}\r\nContent-Type: {BEARER}/x; charset={BEARER}\r\nContent-Length: 1\r\n\r\nx"
    ),
    "a challenge": bare(f'HTTP/1.1 401 {ALL}\r\nWWW-Authenticate: Basic realm="{BEARER}"\r\nContent-Length: 0\r\n\r\n'),
    "odd cookies": bare(
        f"HTTP/1.1 200 OK\r\nSet-Cookie: {BEARER}=1; Domain=x.test\r\nSet-Cookie: a={BEARER}; Domain={BEARER}.test\r\n"
        f"Set-Cookie: {BEARER}\r\nContent-Length: 0\r\n\r\n"
    ),
    "a bad place": bare(f"HTTP/1.1 302 Found\r\nLocation: http://{BEARER}:99999/\r\nContent-Length: 0\r\n\r\n"),
    "an odd scheme": bare(f"HTTP/1.1 302 Found\r\nLocation: {BEARER}://x/\r\nContent-Length: 0\r\n\r\n"),
}  # fmt: skip
GIVEN = (
    "--timeout=2s", "-H", f"Authorization: Bearer {BEARER}", "-H", f"X-Api-Key: {KEY}", "-b", "sid=hunter2-cookie",
    "-H", f"Proxy-Authorization: Basic {BASIC}", "-H", "X-Password: hunter2-word",
)  # fmt: skip


@pytest.mark.parametrize("style", FORMATS | MORE)
@pytest.mark.parametrize("echo", ECHOES)
def test_what_http_shows(echo: str, style: str, run: Run) -> None:
    with site(ECHOES[echo]) as peer:
        ended = run("http", *(FORMATS | MORE)[style], f"http://ann:hunter2-info@127.0.0.1:{peer.port}/?token=hunter2-query&a=1", *GIVEN)
    assert peer.requests
    _judge(ended.code, ended.all)


def _judge(code: int, shown: bytes) -> None:
    assert leaks(shown) == []
    assert code in (0, 1, 4, 6, 7, 8)
    assert b"Traceback" not in shown


KNOWN = " ".join(value for value in VALUES if value not in ("hunter2-query", "hunter2-info"))  # what GIVEN has
STREAM = f"HTTP/1.1 200 {KNOWN}\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
EVENTS = (
    STREAM
    + "".join(f"{name}: {BEARER}\n" for name in ("id", "event", "data"))
    + f'\ndata: {{"{BEARER}": ["{BEARER}"]}}\n\n: {BEARER}\ndata: {BEARER[:9]}'
)
GRAPHQL = {
    "data": {BEARER: 1, "a": [{BEARER: BEARER}]},
    "errors": [{"message": KNOWN, "path": [BEARER], "extensions": {BEARER: BEARER, "code": BEARER}}],
}
OF_GRAPHQL = f"HTTP/1.1 200 {KNOWN}\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
REFUSAL = f"HTTP/1.1 403 {KNOWN}\r\n{BEARER}: {BEARER}\r\nProxy-Authenticate: {BEARER}\r\nContent-Length: {len(KNOWN)}\r\n\r\n{KNOWN}"
OTHERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "sse": (EVENTS, ("sse", "{url}")),
    "sse, again": (EVENTS, ("sse", "--reconnect=1", "--deadline=200ms", "{url}")),
    "sse, another type": (f"HTTP/1.1 200 OK\r\nContent-Type: {BEARER}/x\r\nConnection: close\r\n\r\n{BEARER}", ("sse", "{url}")),
    "graphql": (OF_GRAPHQL + json.dumps(GRAPHQL), ("graphql", "{url}", "{{ a }}")),
    "graphql, no JSON": (OF_GRAPHQL + BEARER, ("graphql", "{url}", "{{ a }}")),
    "graphql, a schema": (OF_GRAPHQL + json.dumps(GRAPHQL), ("graphql", "--schema", "{url}")),
    "a proxy's tunnel": (REFUSAL, ("http", "--proxy", "http://ann:hunter2-info@127.0.0.1:{port}", "https://h.test/")),
    "a proxy": (REFUSAL, ("http", "--proxy", "http://ann:hunter2-info@127.0.0.1:{port}", "http://h.test/")),
    "no SOCKS": ("hunter2-info", ("http", "--proxy", "socks5h://ann:hunter2-info@127.0.0.1:{port}", "http://h.test/")),
    "offline": ("", ("http", "--offline", "http://a:hunter2-info@h.test/hunter2-bearer?token=hunter2-query", "X-Copy:hunter2-word")),
}  # fmt: skip


@pytest.mark.parametrize("style", FORMATS)
@pytest.mark.parametrize("name", OTHERS)
def test_what_the_others_show(name: str, style: str, run: Run) -> None:
    said, (command, *words) = OTHERS[name]
    given = () if "SOCKS" in name else GIVEN
    with responder(script(say(said.encode()), end, hear_end)) if "SOCKS" in name else site(said.encode()) as peer:
        place = {"url": f"http://127.0.0.1:{peer.port}/", "port": peer.port}
        ended = run(command, *FORMATS[style], *(word.format(**place) for word in words), *given)
    _judge(ended.code, ended.all)


def message(kind: str, **more: object) -> bytes:
    return frame(0x81, json.dumps({"type": kind, **more}).encode())


def frame(first: int, data: bytes) -> bytes:
    return bytes([first]) + (bytes([len(data)]) if len(data) < 126 else b"\x7e" + len(data).to_bytes(2, "big")) + data


ACK = message("connection_ack", payload={BEARER: BEARER})
SOCKETS: dict[str, bytes] = {
    "results": ACK + message("next", id="1", payload={"data": {BEARER: BEARER}}) + message("error", id="1", payload=[{"message": BEARER}]),
    "refused": frame(0x88, (4403).to_bytes(2, "big") + BEARER.encode()),
    "closed": ACK + frame(0x88, (1011).to_bytes(2, "big") + BEARER.encode()),
    "another message": ACK + message(BEARER, id=BEARER),
    "no JSON": ACK + frame(0x81, BEARER.encode()),
    "pings": frame(0x89, BEARER.encode()) + ACK + message("ping", payload={BEARER: BEARER}) + message("complete", id="1"),
}


@contextlib.contextmanager
def websocket(said: bytes) -> Iterator[str]:
    """A server that agrees to the change of protocol, says this after the first message, and waits for the end."""

    def handle(connection: socket.socket) -> None:
        heard = b""
        while not heard.endswith(b"\r\n\r\n"):
            heard += connection.recv(65536)
        key = re.search(rb"(?i)sec-websocket-key: (\S+)", heard)
        assert key
        accept = base64.b64encode(hashlib.sha1(key[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
        agreed = (
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\nSec-WebSocket-Accept: {accept}"
        )
        connection.sendall(f"HTTP/1.1 101 {BEARER}\r\nX-Echo: {BEARER}\r\n{agreed}\r\n\r\n".encode())
        connection.recv(65536)
        connection.sendall(said)
        while (data := connection.recv(65536)) and b"\x88\x82" not in data:
            pass

    with responder(handle) as peer:
        yield f"ws://{peer.host}:{peer.port}/"


@pytest.mark.parametrize("style", FORMATS)
@pytest.mark.parametrize("name", SOCKETS)
def test_what_a_subscription_shows(name: str, style: str, run: Run) -> None:
    for given in (("--init", json.dumps({"authToken": BEARER, "more": {"a": [f"Bearer {BEARER}"]}})), ("--bearer", BEARER)):
        with websocket(SOCKETS[name]) as url:
            ended = run("graphql", *FORMATS[style], "--timeout=2s", url, "subscription { a }", *given)
        _judge(ended.code, ended.all)


@pytest.mark.parametrize("words", [(), ("--json",)], ids=" ".join)
def test_what_doctor_shows(words: tuple[str, ...], run: Run) -> None:
    with site(ECHOES["odd codings"]) as peer:
        ended = run("doctor", *words, f"http://ann:hunter2-bearer@127.0.0.1:{peer.port}/?token=hunter2-query")
    _judge(ended.code, ended.all)


def test_lines_that_come_in_pieces_are_masked_as_one() -> None:
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
    steps = [say((head + "one hun").encode()), pause(0.3), say(b"ter2-be"), pause(0.1), say(b"arer two")]
    with responder(script(*steps)) as peer:
        ended = on_terminal("http", f"http://{peer.host}:{peer.port}/", "--bearer", BEARER)
    assert leaks(ended.out) == []
    assert "one ‹secret› two".encode() in ended.out


def test_the_line_that_tells_what_goes_on_shows_none() -> None:
    """It appears after half a second, and quotes what `--until` found."""
    answered = f"HTTP/1.1 200 OK\r\nContent-Length: {len(BEARER)}\r\nConnection: close\r\n\r\n{BEARER}"
    with site(answered.encode()) as peer:
        ended = on_terminal("http", "--until=body == x", "--every=300ms", "--deadline=900ms", peer.url, "--bearer", BEARER)
    assert (ended.code, leaks(ended.out)) == (6, [])
    assert "asked 2 times: body is ‹secret›".encode() in ended.out


WRONG = (
    ("-H", "Authorization Bearer hunter2-x"), ("-H", "Authorization: hunter2-x\r\nX: y"), ("--bearer", "hunter2-x\n"), ("-u", "hunter2-x"),
    ("-b", "a=hunter2-x\n"), ("http://a:hunter2-x@h.test:99999/",), ("http://a:hunter2-x@/",), ("http://a:hunter2-x y@h/",),
    ("--proxy", "http://a:hunter2-x@h:99999"), ("--proxy", "ftp://a:hunter2-x@h"), ("-H", "X-Api-Key: hunter2-x\n"),
    ("--from-curl", "curl -H 'Authorization: Bearer hunter2-x' --nonsense http://h/"), ("--from-curl", "curl -u 'a:hunter2-x"),
    ("--bearer=hunter2-x", "--digest"),
)  # fmt: skip


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_what_a_wrong_command_line_shows(words: tuple[str, ...], run: Run) -> None:
    url = () if words[0].startswith("http") or words[0] == "--from-curl" else ("http://127.0.0.1:1/",)
    ended = run("http", *words, *url)
    assert (ended.code, leaks(ended.all)) == (2, [])


@pytest.mark.parametrize(("name", "mode"), [("-o", 0o640), ("-D", 0o640), ("-O", 0o640), ("-c", 0o600)])
def test_files_have_the_mode_of_the_umask_but_a_jar_is_its_owners_alone(name: str, mode: int, run: Run, tmp_path: Path) -> None:
    before = os.umask(0o027)
    file = tmp_path / "made"
    with site(ECHOES["text"]) as peer:
        words = ("-O", "--output-dir", str(tmp_path)) if name == "-O" else (name, str(file))
        try:
            assert run("http", *words, f"{peer.url}made", *GIVEN).code == 0
        finally:
            os.umask(before)
    assert file.stat().st_mode & 0o777 == mode


# --- what steers a terminal

MARKS = STEER.replace(b"\0", b"") + b"\x1b]8;;http://x\x1b\\x\x1b]52;c;aGk=\x07[red]x[/red]\xc2\x85\xc2\x9d&lt;b>\"; }\\`'%{x}"
LINE = MARKS.replace(b"\x0b", b"").replace(b"\x0c", b"")
TOKEN = LINE.translate(None, b':;="\\')
STEERING = (
    b"X-Echo: %b\r\n%b: 1\r\nSet-Cookie: %b=1; Domain=%b\r\nLink: <%b>\r\nETag: %b\r\n"
    b'WWW-Authenticate: Basic realm="%b"\r\nConnection: close\r\n' % (LINE, TOKEN, TOKEN, LINE, LINE, LINE, TOKEN)
)
FORGED: dict[str, bytes] = {
    "everywhere": b"HTTP/1.1 200 " + LINE + b"\r\n" + STEERING + b"Content-Type: text/plain; charset=" + LINE + b"\r\n\r\n" + MARKS,
    "JSON": b"HTTP/1.1 401 "
    + LINE
    + b"\r\n"
    + STEERING
    + b'Content-Type: application/json\r\n\r\n{"'
    + TOKEN
    + b'": "\\u001b[31m\\u202e\\u009b"}',
    "events": b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\nid: %b\nevent: %b\ndata: %b\n\n"
    % (LINE, LINE, LINE),
    "a place": b"HTTP/1.1 302 " + LINE + b"\r\nLocation: http://" + LINE + b"/\r\n\r\n",
    "a scheme": b"HTTP/1.1 302 Found\r\nLocation: " + TOKEN + b"://h/\r\n\r\n",
    "1xx and trailers": b"HTTP/1.1 103 %b\r\nA: %b\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nB: %b\r\n\r\n"
    % (LINE, LINE, LINE),
    "no HTTP": MARKS + b"\r\n\r\n",
    "a length": b"HTTP/1.1 200 OK\r\nContent-Length: " + LINE + b"\r\n\r\n",
    "codings": b"HTTP/1.1 200 OK\r\nContent-Encoding: " + LINE + b"\r\nConnection: close\r\n\r\nabc",
    "a framing": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + LINE + b"\r\nConnection: close\r\n\r\nabc",
}
COMMANDS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "http": lambda url: ("http", "-L", url),
    "sse": lambda url: ("sse", url),
    "graphql": lambda url: ("graphql", url, "{ a }"),
    "proxy": lambda url: ("http", "--proxy", url, "https://h.test/"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", FORGED)
def test_no_format_passes_on_what_steers(name: str, command: str, run: Run) -> None:
    for style, words in FORMATS.items():
        if style == "coloured":
            continue
        with site(FORGED[name]) as peer:
            first, *rest = COMMANDS[command](peer.url)
            ended = run(first, *words, "--timeout=2s", "--deadline=2s", *rest)
        assert RAW.findall(ended.all) == [], style
        assert ended.code in range(10), style
        if style in ("json", "har"):
            json.loads(ended.out)
        if style == "ndjson":
            for line in ended.out.splitlines():
                json.loads(line)


ON_TERMINAL = (
    ("http", "-w", "%{json} %{header_json} %header{x-echo} %{content_type}\n"),
    ("http", "-D", "-"),
    ("http", "-c", "-"),
    ("http", "-i", "--format=raw"),
    ("http", "--query=response.status.text"),
    ("http", "--query=response.headers"),
    ("http", "--query=response.fields"),
    ("sse", "--format=raw", "-i"),
    ("doctor",),
)


@pytest.mark.parametrize("words", ON_TERMINAL, ids=" ".join)
def test_nothing_steers_the_terminal(words: tuple[str, ...]) -> None:
    with site(FORGED["events" if words[0] == "sse" else "everywhere"]) as peer:
        ended = on_terminal(*words, peer.url)
    assert RAW.findall(ended.out.replace(OURS, b"")) == []
    assert ended.out
