"""Raw bytes: every way to say what is sent and where the answer ends, against real servers and scripted ones."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peers.base import Peer, accepts, free_port, need, running
from peers.ca import Authority
from peers.exchange import failed_as, failure_of, notes
from peers.script import datagram_responder, deaf, drip, hear, hear_end, pause, reset, responder, say, script
from peers.smtp import BANNER

import rrcli
from rrcli.adapters.tcp import dialogue
from rrcli.adapters.tcp.steps import place_words, step
from rrcli.base.errors import ExchangeError
from rrcli.engine.registry import BY_NAME
from rrcli.model.values import Exchange, Response
from rrcli.options.steps import ESCAPES, ending, payload, unescape
from rrcli.report.terminal.render import render

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


def ask(where: Any, *steps: tuple[str, str], **options: Any) -> Exchange:
    """Send these to a peer, or to HOST:PORT."""
    word = where if isinstance(where, str) else f"{where.host}:{where.port}"
    given = {"steps": tuple(step(*pair) for pair in steps), "timeout": 5.0, **options}
    return rrcli.send(rrcli.TcpRequest(word, **given))


def answer_of(exchange: Exchange) -> Response:
    assert exchange.error is None, exchange.error
    assert exchange.response
    return exchange.response


def content(exchange: Exchange) -> bytes:
    body = exchange.response and exchange.response.body
    return body.data if body else b""


def refused(*steps: tuple[str, str], where: str = "127.0.0.1:9", **options: Any) -> str:
    """The usage error that is raised before anything is sent."""
    with pytest.raises(ExchangeError) as caught:
        ask(where, *steps, **options)
    assert (caught.value.layer, caught.value.kind) == ("usage", "usage")
    return caught.value.message


# --- escapes


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", b""),
        ("plain", b"plain"),
        (r"\r\n", b"\r\n"),
        (r"a\tb\0c\a\b\e", b"a\tb\0c\a\b\x1b"),
        (r"\x00\xff\xFf\x41", b"\0\xff\xffA"),
        (r"\x411", b"A1"),
        ("\\\\", b"\\"),
        (r"\\n", b"\\n"),
        (r"\\\n", b"\\\n"),
        (r"\\\\", b"\\\\"),
        (r"\\x41\\", b"\\x41\\"),
        ("grün €", "grün €".encode()),
        ("\udcff", b"\xff"),  # a byte of the command line that is no UTF-8
    ],
)
def test_escapes(text: str, data: bytes) -> None:
    assert unescape(text) == data


@pytest.mark.parametrize(
    "text", ["\\", "\\\\\\", r"\q", r"\x", r"\x4", r"\xg0", r"\x 1", r"\x  ", r"\x+1", r"\x٠٠", r"\X41", r"\N", "a\\\nb"]
)
def test_other_escapes_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="^unknown escape "):
        unescape(text)


@given(st.text() | st.text(alphabet="\\xrnt0aAfF9 g"))
def test_any_text_is_bytes_or_a_value_error(text: str) -> None:
    try:
        data = unescape(text)
    except ValueError:
        return
    assert isinstance(data, bytes)
    assert data == text.encode("utf-8", "surrogateescape") or "\\" in text


@given(st.binary())
def test_any_bytes_can_be_written(data: bytes) -> None:
    assert unescape("".join(f"\\x{byte:02x}" for byte in data)) == data
    named = {value: name for name, value in ESCAPES.items()}
    written = "".join(f"\\{named[bytes([byte])]}" if bytes([byte]) in named else f"\\x{byte:02X}" for byte in data)
    assert unescape(written) == data


@pytest.mark.parametrize(
    ("flag", "text", "data"),
    [
        ("--send-hex", "68 65 6c6C6f", b"hello"),
        ("--send-hex", "0x0d0a", b"\r\n"),
        ("--send-hex", "de:ad:be:ef", b"\xde\xad\xbe\xef"),
        ("--send-hex", "", b""),
        ("--send-base64", "aGVsbG8=", b"hello"),
        ("--send-base64", "/+8=", b"\xff\xef"),
        ("--send-file", "grün", "grün".encode()),
        ("--send-file", "\udcff", b"\xff"),
    ],
)
def test_payloads(flag: str, text: str, data: bytes) -> None:
    assert payload(flag, text) == data


@pytest.mark.parametrize(
    ("flag", "text"),
    [
        ("--send-hex", "6"),
        ("--send-hex", "6g"),
        ("--send-hex", "0x0x"),
        ("--send-hex", "414"),
        ("--send-hex", "41 4"),
        ("--send-base64", "aGVsbG8"),
        ("--send-base64", "a b="),
        ("--send-base64", "ü"),
    ],
)
def test_payloads_that_are_none(flag: str, text: str) -> None:
    with pytest.raises(ValueError, match="."):
        payload(flag, text)


# --- what is sent


def test_everything_is_sent_in_the_order_given(tcp_echo: Peer, tmp_path: Path) -> None:
    file = tmp_path / "päyload"
    file.write_bytes(b"from a file\0")
    steps = [("--send", r"one\r\n"), ("--send-file", str(file)), ("--send-hex", "0001"), ("--send-base64", "aGk="), ("--send", "!")]
    exchange = ask(tcp_echo, *steps, half_close=True, read_eof=True)
    data = b"one\r\nfrom a file\0\0\1hi!"
    answer = answer_of(exchange)
    assert content(exchange) == data
    assert (answer.summary, answer.framing, answer.status.text, answer.data) == ("22 bytes", "close", "answered", {"banner": None})
    assert exchange.request.summary == f"22 bytes to tcp://{tcp_echo.host}:{tcp_echo.port}"
    assert exchange.request.body
    assert (exchange.request.body.data, exchange.request.body.sha256) == (data, hashlib.sha256(data).hexdigest())
    assert (exchange.request.data["safe"], exchange.request.data["idempotent"]) == (False, False)
    assert (exchange.connection.bytes_sent, exchange.connection.bytes_received) == (22, 22)


class Stdin:
    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)


@pytest.mark.parametrize("steps", [[("--send-file", "-")], []], ids=["--send-file -", "--stdin"])
def test_standard_input(tcp_echo: Peer, monkeypatch: pytest.MonkeyPatch, steps: list[tuple[str, str]]) -> None:
    monkeypatch.setattr("sys.stdin", Stdin(b"piped\0in"))
    exchange = ask(tcp_echo, *steps, stdin=not steps, half_close=True, read_eof=True)
    assert content(exchange) == b"piped\0in"


def test_standard_input_goes_last(tcp_echo: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Stdin(b" world"))
    assert content(ask(tcp_echo, ("--send", "hello"), stdin=True, read_bytes=11)) == b"hello world"


def test_standard_input_that_is_closed() -> None:
    command = [sys.executable, "-m", "rrcli", "tcp", "127.0.0.1:9", "--stdin"]
    done = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", *command], capture_output=True, check=False)
    assert done.returncode == 9
    assert b"cannot read standard input: it is closed" in done.stderr


@pytest.mark.parametrize(("path", "why"), [("/nonexistent/file", "no such file or directory"), ("/", "is a directory")])
def test_a_file_that_cannot_be_read(path: str, why: str) -> None:
    with pytest.raises(ExchangeError, match=f"^cannot read {path}: {why}$") as caught:
        ask("127.0.0.1:9", ("--send-file", path))
    assert (caught.value.layer, caught.value.kind) == ("local", "input")


def test_half_closing_lets_the_peer_count(tcp_script: Callable[[str], Peer]) -> None:
    exchange = ask(tcp_script("wc -c"), ("--send", "12345"), half_close=True, read_eof=True)
    assert content(exchange).strip() == b"5"


def test_a_large_payload_comes_back_whole(tcp_echo: Peer, tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    file = tmp_path / "large"
    file.write_bytes(data)
    exchange = ask(tcp_echo, ("--send-file", str(file)), half_close=True, read_eof=True)
    assert content(exchange) == data


# --- where the answer ends


@pytest.mark.parametrize(
    ("said", "options", "data", "framing"),
    [
        (b"one\ntwo\nthree\n", {"read_until": ending(r"two\n")}, b"one\ntwo\n", "read-until"),
        (b"one\ntwo\nthree\n", {"read_until": ending("/^t.*o\n/")}, b"one\ntwo\n", "read-until"),
        (b"a/b/c", {"read_until": ending("/")}, b"a/", "read-until"),
        (b"\0\1\2\3", {"read_until": ending(r"\x02")}, b"\0\1\2", "read-until"),
        (b"123456", {"read_bytes": 4}, b"1234", "read-bytes"),
        (b"one\ntwo\nthree\n", {"read_lines": 2}, b"one\ntwo\n", "read-lines"),
        (b"\n\n\n", {"read_lines": 1}, b"\n", "read-lines"),
    ],
)
@pytest.mark.parametrize("dripping", [False, True], ids=["at once", "byte by byte"])
def test_ends_over_the_borders_of_pieces(said: bytes, options: dict[str, Any], data: bytes, framing: str, dripping: bool) -> None:
    with responder(script(hear(b"?"), drip(said, 0.002) if dripping else say(said), hear_end)) as peer:
        exchange = ask(peer, ("--send", "?"), **options)
    assert (content(exchange), answer_of(exchange).framing) == (data, framing)
    left = len(said) - len(data)
    assert notes(exchange) == ([] if dripping else [("bytes-after-end", f"{left} or more bytes came after the end of the answer")])


def test_an_answer_that_ends_with_its_last_byte_needs_no_note() -> None:
    with responder(script(say(b"1234"), hear_end)) as peer:
        exchange = ask(peer, read_bytes=4)
    assert (content(exchange), notes(exchange)) == (b"1234", [])


@pytest.mark.parametrize(("text", "why"), [("/(/", "is no regular expression"), ("", "is empty"), (r"\q", "unknown escape")])
def test_ends_that_are_none(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        ending(text)


def test_the_end_of_the_peer() -> None:
    with responder(script(hear(b"?"), say(b"all"), pause(0.02), say(b" of it"))) as peer:
        exchange = ask(peer, ("--send", "?"), read_eof=True)
    assert (content(exchange), answer_of(exchange).framing) == (b"all of it", "close")


def test_a_silence_ends_an_answer_when_nothing_else_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert dialogue.IDLE == 1.0
    monkeypatch.setattr(dialogue, "IDLE", 0.5)  # a second is long for a test
    with responder(script(hear(b"?"), say(b"some"), pause(0.2), say(b"more"), hear_end)) as peer:
        began = time.monotonic()
        exchange = ask(peer, ("--send", "?"))
    assert (content(exchange), answer_of(exchange).framing) == (b"somemore", "read-idle")
    assert time.monotonic() - began >= 0.7
    assert exchange.timing.total_ns / 1e9 < time.monotonic() - began - 0.3  # the silence itself is no part of the exchange


def test_a_silence_of_ones_own() -> None:
    with responder(script(hear(b"?"), say(b"some"), pause(0.3), say(b"more"), hear_end)) as peer:
        exchange = ask(peer, ("--send", "?"), read_idle=0.05)
    assert (content(exchange), answer_of(exchange).framing) == (b"some", "read-idle")


def test_the_end_comes_before_the_silence() -> None:
    with responder(script(hear(b"?"), say(b"some"))) as peer:
        exchange = ask(peer, ("--send", "?"), read_idle=5.0)
    assert (content(exchange), answer_of(exchange).framing) == (b"some", "close")


@pytest.mark.parametrize("options", [{"read_bytes": 0}, {"read_lines": 0}])
def test_an_answer_of_nothing_is_not_waited_for(options: dict[str, int]) -> None:
    heard: list[bytes] = []
    with responder(script(hear(b"?", into=heard), hear_end)) as peer:
        exchange = ask(peer, ("--send", "fire and forget?"), **options)
        deadline = time.monotonic() + 5
        while not heard and time.monotonic() < deadline:
            time.sleep(0.002)
    assert (answer_of(exchange).summary, content(exchange)) == ("not read", b"")
    assert heard == [b"fire and forget?"]


def test_only_connecting() -> None:
    heard: list[bytes] = []
    with responder(lambda connection: heard.append(connection.recv(10))) as peer:
        exchange = ask(peer, connect_only=True)
        deadline = time.monotonic() + 5
        while not heard and time.monotonic() < deadline:
            time.sleep(0.002)
    assert heard == [b""]
    answer = answer_of(exchange)
    assert (answer.summary, answer.status.text, answer.body, answer.data) == ("connected", "connected", None, {"banner": None})
    assert exchange.request.summary == f"connect to tcp://{peer.host}:{peer.port}"
    assert list(exchange.timing.phases) == ["connect"]


# --- who answers


def test_a_banner(smtp_banner: Peer) -> None:
    exchange = ask(smtp_banner, read_lines=1)
    answer = answer_of(exchange)
    assert content(exchange) == BANNER
    assert answer.summary == "34 bytes, an SMTP reply: '220 mail.example.test ESMTP peer'"
    assert answer.data == {"banner": "220 mail.example.test ESMTP peer"}
    assert (exchange.request.data["safe"], exchange.request.data["idempotent"]) == (True, True)
    assert exchange.request.body is None
    assert exchange.request.summary == f"listen to tcp://{smtp_banner.host}:{smtp_banner.port}"


def test_a_dialogue_reads_one_answer(smtp_banner: Peer) -> None:
    exchange = ask(smtp_banner, ("--send", r"QUIT\r\n"), read_eof=True)
    assert content(exchange) == BANNER + b"221 Bye\r\n"


def test_an_answer_that_looks_like_nothing_known() -> None:
    with responder(script(say(PNG))) as peer:
        assert answer_of(ask(peer, read_eof=True)).summary == f"{len(PNG)} bytes"


def test_over_tls(s_server: Callable[..., Peer], ca: Authority) -> None:
    peer = s_server()
    exchange = ask(f"localhost:{peer.port}", ("--send", r"hello\n"), tls=True, cacert=str(ca.root), read_lines=1)
    assert content(exchange) == b"olleh\n"
    assert exchange.connection.tls
    assert exchange.connection.tls.verified is True
    assert list(exchange.timing.phases) == ["resolve", "connect", "tls", "send", "wait", "receive"]


def test_over_tls_by_the_scheme(s_server: Callable[..., Peer]) -> None:
    exchange = ask(f"tls://127.0.0.1:{s_server().port}", ("--send", r"hello\n"), insecure=True, read_lines=1)
    assert content(exchange) == b"olleh\n"


@pytest.fixture
def unix_echo(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "echo.sock"

    def listens() -> bool:  # the file is there a moment before anybody listens
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(path)) == 0

    with running([need("socat"), f"UNIX-LISTEN:{path},fork", "EXEC:cat"], tmp_path, listens):
        yield path


@pytest.mark.parametrize("by_url", [True, False])
def test_over_a_unix_socket(unix_echo: Path, by_url: bool) -> None:
    where, options = (f"unix://{unix_echo}", {}) if by_url else ("ignored:80", {"unix_socket": str(unix_echo)})
    exchange = ask(where, ("--send", r"hello\n"), read_lines=1, **options)
    assert content(exchange) == b"hello\n"
    assert (exchange.target.url, exchange.target.port) == (f"unix://{unix_echo}", 0)
    assert exchange.connection.peer == str(unix_echo)


def test_ncat_is_understood_too(tmp_path: Path) -> None:
    port = free_port()
    command = [need("ncat"), "-l", "--keep-open", "127.0.0.1", str(port), "--exec", "/bin/cat"]
    with running(command, tmp_path, lambda: accepts(port)):
        assert content(ask(f"tcp://127.0.0.1:{port}", ("--send", r"hello\n"), read_lines=1)) == b"hello\n"


# --- datagrams


@pytest.mark.parametrize("by_url", [True, False])
def test_a_datagram(udp_echo: Peer, by_url: bool) -> None:
    where = f"{'udp://' if by_url else ''}{udp_echo.host}:{udp_echo.port}"
    exchange = ask(where, ("--send", r"hello\0"), udp=not by_url)
    answer = answer_of(exchange)
    assert content(exchange) == b"hello\0"
    assert (answer.framing, exchange.target.url) == ("datagram", f"udp://{udp_echo.host}:{udp_echo.port}")


def _twice(server: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
    server.sendto(data, sender)
    server.sendto(b"+", sender)


def test_each_payload_is_a_datagram_and_a_silence_ends_the_answers() -> None:
    with datagram_responder(_twice) as peer:
        exchange = ask(peer, ("--send", "a"), ("--send", "b"), udp=True, read_idle=0.1)
    assert (content(exchange), answer_of(exchange).framing) == (b"a+b+", "read-idle")


def test_the_first_datagram_is_the_answer_when_no_silence_is_asked_for() -> None:
    with datagram_responder(_twice) as peer:
        assert content(ask(peer, ("--send", "a"), udp=True)) == b"a"


def _echo(server: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
    server.sendto(data, sender)


def test_an_empty_datagram_asks_and_answers() -> None:
    with datagram_responder(_echo) as peer:
        exchange = ask(peer, udp=True)
    assert (answer_of(exchange).framing, content(exchange)) == ("datagram", b"")


def test_datagrams_of_others_are_told() -> None:
    def answer(server: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as stranger:
            stranger.sendto(b"spoofed", sender)
        server.sendto(data, sender)

    with datagram_responder(answer) as peer:
        exchange = ask(peer, ("--send", "a"), udp=True)
    assert content(exchange) == b"a"
    assert notes(exchange) == [("spoofed", "1 datagrams from other sources were ignored")]


def test_nobody_hears_the_datagram() -> None:
    exchange = ask(f"127.0.0.1:{free_port()}", ("--send", "a"), udp=True)
    assert failed_as(exchange) == ("transport", "refused", "wait", "not_sent")


def test_nobody_answers_the_datagram() -> None:
    with datagram_responder(lambda *_: None) as peer:
        exchange = ask(peer, ("--send", "a"), udp=True, timeout=0.1)
    assert failed_as(exchange) == ("transport", "timeout", "wait", "unknown")


# --- what does not go together


ENDS = {"read_until": "--read-until", "read_bytes": "--read-bytes", "read_lines": "--read-lines", "read_eof": "--read-eof"}
VALUES: dict[str, Any] = {"read_until": ending("x"), "read_bytes": 0, "read_lines": 0, "read_eof": True, "read_idle": 0.1}


@pytest.mark.parametrize(
    ("first", "second"), [(first, second) for number, first in enumerate(VALUES) for second in list(VALUES)[number + 1 :]]
)
def test_ends_exclude_each_other(first: str, second: str) -> None:
    names = {**ENDS, "read_idle": "--read-idle"}
    message = refused(**{first: VALUES[first], second: VALUES[second]})
    assert message == f"{names[first]} and {names[second]} exclude each other"


@pytest.mark.parametrize("end", ENDS)
def test_a_datagram_has_no_other_end(end: str) -> None:
    assert refused(udp=True, **{end: VALUES[end]}) == "a datagram ends by itself"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"udp": True, "tls": True}, "--udp and --tls exclude each other"),
        ({"udp": True, "unix_socket": "/tmp/s"}, "--udp and --unix-socket exclude each other"),
        ({"udp": True, "half_close": True}, "a datagram ends by itself"),
        ({"udp": True, "connect_only": True}, "--connect-only means nothing for UDP"),
        ({"connect_only": True, "steps": (("--send", b"x"),)}, "--connect-only sends nothing"),
        ({"connect_only": True, "stdin": True}, "--connect-only sends nothing"),
        ({"connect_only": True, "half_close": True}, "--connect-only sends nothing"),
    ],
)
def test_options_that_exclude_each_other(options: dict[str, Any], message: str) -> None:
    with datagram_responder(lambda *_: pytest.fail("something was sent")) as peer:
        assert refused(where=f"{peer.host}:{peer.port}", **options) == message


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("localhost", "'localhost' names no port"),
        ("::1", "'::1' is no host and port: it has several colons"),
        ("tls://localhost", "'localhost' names no port"),
        ("localhost:99999", "'99999' is no port (in 'localhost:99999')"),
        ("localhost:http", "'http' is no port (in 'localhost:http')"),
        ("[::1:80", "'[::1:80' is no host and port"),
    ],
)
def test_words_that_are_no_peer(where: str, message: str) -> None:
    assert refused(where=where) == message


def test_one_peer_at_a_time() -> None:
    with pytest.raises(ExchangeError, match="^tcp takes one HOST:PORT, got 2 words$"):
        rrcli.send(rrcli.TcpRequest("localhost:1", "hello"))


# --- failures


def test_closed_without_a_byte() -> None:
    with responder(hear(b"?")) as peer:
        exchange = ask(peer, ("--send", "?"))
    assert failed_as(exchange) == ("transport", "closed", "wait", "unknown")
    assert failure_of(exchange).message == "the peer closed the connection without sending a byte"


@pytest.mark.parametrize(
    ("options", "name"), [({"read_until": ending("x")}, "read-until"), ({"read_bytes": 9}, "read-bytes"), ({"read_lines": 2}, "read-lines")]
)
def test_closed_before_the_end_that_was_asked_for(options: dict[str, Any], name: str) -> None:
    with responder(script(hear(b"?"), say(b"one\nhal"))) as peer:
        exchange = ask(peer, ("--send", "?"), **options)
    assert failed_as(exchange) == ("protocol", "truncated", "receive", "unknown")
    assert failure_of(exchange).message == f"the peer closed before the end that --{name} asks for, after 7 bytes"
    assert content(exchange) == b"one\nhal"
    assert exchange.response
    assert exchange.response.body
    assert exchange.response.body.truncated is True


def test_reset_within_the_answer() -> None:
    with responder(script(hear(b"?"), say(b"half"), pause(0.05), reset)) as peer:
        exchange = ask(peer, ("--send", "?"), read_eof=True)
    assert failed_as(exchange) == ("transport", "reset", "receive", "unknown")
    assert content(exchange) == b"half"


@pytest.mark.parametrize("options", [{"read_idle": 5.0}, {"read_eof": True}, {}], ids=["--read-idle", "--read-eof", "no end"])
def test_the_time_limit_goes_before_the_end(options: dict[str, Any]) -> None:
    with responder(script(hear(b"?"), say(b"half"), hear_end)) as peer:
        exchange = ask(peer, ("--send", "?"), timeout=0.1, **options)
    assert failed_as(exchange) == ("transport", "timeout", "receive", "unknown")
    assert content(exchange) == b"half"


def test_a_time_out_while_sending() -> None:
    with responder(pause(1)) as peer:
        exchange = ask(peer, steps=(("--send", bytes(20_000_000)),), timeout=0.1)
    assert failed_as(exchange) == ("transport", "timeout", "send", "unknown")


def test_a_time_out_while_connecting() -> None:
    with deaf() as peer:
        assert failed_as(ask(peer, ("--send", "?"), timeout=0.05)) == ("transport", "timeout", "connect", "not_sent")


def test_a_silence_limit() -> None:
    with responder(script(hear(b"?"), say(b"half"), hear_end)) as peer:
        exchange = ask(peer, ("--send", "?"), read_eof=True, idle_timeout=0.1)
    assert failure_of(exchange).message == "receiving the answer: the time limit passed (--idle-timeout 100ms)"


def test_an_answer_larger_than_what_may_be_kept() -> None:
    data = os.urandom(300_000)
    with responder(script(hear(b"?"), say(data))) as peer:
        exchange = ask(peer, ("--send", "?"), read_eof=True, max_size=1000)
    body = answer_of(exchange).body
    assert body
    assert (body.data, body.size, body.truncated) == (data[:1000], 300_000, True)
    assert body.sha256 == hashlib.sha256(data).hexdigest()


def test_an_answer_just_as_large_as_what_may_be_kept() -> None:
    with responder(script(hear(b"?"), say(b"x" * 1000))) as peer:
        body = answer_of(ask(peer, ("--send", "?"), read_eof=True, max_size=1000)).body
    assert body
    assert (len(body.data), body.truncated) == (1000, False)


# --- silence


def test_a_peer_that_says_nothing_to_nothing_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    assert dialogue.SILENCE == 3.0
    monkeypatch.setattr(dialogue, "SILENCE", 0.05)
    with responder(hear_end) as peer:
        exchange = ask(peer)
    assert exchange.outcome == "ok"
    assert exchange.response
    assert (exchange.response.status.text, exchange.response.framing, content(exchange)) == ("silent", None, b"")
    message = "nothing was sent, and the peer said nothing for 0.05 s; --send TEXT says something"
    assert [(note.code, note.message) for note in exchange.notes] == [("silent", message)]


@pytest.mark.parametrize(
    ("steps", "options"),
    [([("--send", "?")], {}), ([], {"read_lines": 1}), ([], {"read_idle": 0.01}), ([("--await", "x")], {})],
)
def test_a_peer_that_was_asked_for_something_has_to_say_it(
    steps: list[tuple[str, str]], options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialogue, "SILENCE", 0.05)
    with responder(script(hear(b"?") if steps == [("--send", "?")] else pause(0), hear_end)) as peer:
        assert failed_as(ask(peer, *steps, timeout=0.3, **options))[1] == "timeout"


def test_a_peer_that_is_slow_to_greet_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialogue, "IDLE", 0.05)
    with responder(script(pause(0.1), say(b"220 hello\r\n"), hear_end)) as peer:
        exchange = ask(peer)
    assert (content(exchange), notes(exchange)) == (b"220 hello\r\n", [])


def test_a_time_limit_of_listening_does_not_speak_of_a_request() -> None:
    with responder(hear_end) as peer:
        failure = failure_of(ask(peer, timeout=0.1))
    assert failure.hint == (
        "nothing was sent, and the peer said nothing: does it wait for something to be said first? allow more with --timeout"
    )


# --- as netcat has it


def test_host_and_port_may_be_two_words() -> None:
    with responder(script(hear(b"?"), say(b"yes\n"))) as peer:
        steps = (step("--send", "?"),)
        exchange = rrcli.send(rrcli.TcpRequest("127.0.0.1", str(peer.port), steps=steps, read_lines=1, timeout=5.0))
    assert (exchange.target.url, content(exchange)) == (f"tcp://127.0.0.1:{peer.port}", b"yes\n")


@pytest.mark.parametrize(
    ("words", "one"),
    [
        (("h", "80"), ("h:80",)),
        (("::1", "80"), ("[::1]:80",)),
        (("h", "20-25"), ("h:20-25",)),
        (("h", "22,80"), ("h:22,80",)),
        (("h", "http"), ("h", "http")),
        (("h:1", "h:2"), ("h:1", "h:2")),
        (("tcp://h", "80"), ("tcp://h", "80")),
        (("h", "80", "x"), ("h", "80", "x")),
    ],
)
def test_two_words_as_one(words: tuple[str, ...], one: tuple[str, ...]) -> None:
    assert place_words(words) == one


def test_a_unix_url_is_decoded_as_any_url(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "a b"))
        server.listen()
        exchange = rrcli.send(rrcli.TcpRequest(f"unix://{tmp_path}/a%20b", connect_only=True))
    assert exchange.outcome == "ok"
    assert exchange.connection.peer == f"{tmp_path}/a b"


# --- pictures


def test_a_conversation_is_drawn_in_turn() -> None:
    turns = script(say(b"220 hello\r\n"), hear(b"\n"), say(b"250-a\r\n250 b\r\n"), hear_end)
    with responder(turns) as peer:
        exchange = ask(peer, ("--await", "220"), ("--send", "EHLO x\\r\\n"), read_lines=3)
    assert [(line[0][0], line[1][0]) for line in answer_of(exchange).display or ()] == [
        ("← ", "220"),
        ("→ ", "EHLO x"),
        ("← ", " hello"),
        ("← ", "250-a"),
        ("← ", "250 b"),
    ]


@pytest.mark.parametrize("reply", [b"\xff\n", b"\0\n", b"x" * (65 << 10) + b"\n"])
def test_what_is_no_text_or_much_is_no_conversation(reply: bytes) -> None:
    with responder(script(say(b"220 hello\r\n"), hear(b"\n"), say(reply), hear_end)) as peer:
        exchange = ask(peer, ("--await", "hello"), ("--send", "a\\n"), read_lines=2)
    assert answer_of(exchange).display is None


def test_a_small_answer_of_bytes_is_dumped_at_once() -> None:
    with responder(script(hear(b"?"), say(PNG))) as peer:
        text = render(ask(peer, ("--send", "?"), read_eof=True), BY_NAME["tcp"], width=80, color=False, verbose=False, wire=False)
    assert "    0000  89 50 4e 47 0d 0a 1a 0a  00 00 00 0d 49 48 44 52  .PNG........IHDR\n" in text
    assert "--wire" not in text
