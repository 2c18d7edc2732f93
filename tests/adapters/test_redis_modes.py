"""Pipelines, event streams, waiting commands, quoted words, the server's own time, large replies, and redis-cli's command line."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from peers.base import need
from peers.ca import Authority
from peers.redis_server import Redis
from peers.script import hear, hear_end, pause, responder, say, script
from redis import Redis as Client

from rrcli.adapters.redis.hooks import HOOKS
from rrcli.adapters.redis.rediscli import as_command
from rrcli.adapters.redis.request import RedisRequest
from rrcli.base.errors import ExchangeError
from rrcli.base.jsontext import dumps
from rrcli.codec.redis.resp import encode
from rrcli.engine.events import Observer
from rrcli.engine.send import send
from rrcli.model.document import document
from rrcli.model.values import Exchange
from rrcli.policy.redact import masked

BINARY = bytes(range(256))
PING = encode([b"PING"])


@pytest.fixture(autouse=True)
def no_password_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDISCLI_AUTH", raising=False)


def ask(server: Redis, *words: str, **options: Any) -> Exchange:
    return send(RedisRequest(server.url(), *words, **options))


def data(exchange: Exchange) -> dict[str, Any]:
    assert exchange.response
    return dict(exchange.response.data)


def content(exchange: Exchange) -> bytes:
    assert exchange.response
    assert exchange.response.body
    return exchange.response.body.data


class Passing(Observer):
    """Takes the content itself, as a file does."""

    keeps_content = False

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def content(self, data: bytes) -> None:
        self.pieces.append(data)


@contextlib.contextmanager
def later(server: Redis, *commands: tuple[str | bytes, ...], seconds: float = 0.15) -> Iterator[None]:
    """Another client sends these in a moment."""

    def run() -> None:
        time.sleep(seconds)
        for words in commands:
            send(RedisRequest(server.url(), *(os.fsdecode(word) for word in words)))

    thread = threading.Thread(target=run)
    thread.start()
    yield
    thread.join()


# --- pipelines ---------------------------------------------------------------------------------------------

LINES = b"""SET text "two words\\x00\\xff"
GET text

MULTI
INCR count
LPUSH list 'it\\'s' ""
EXEC\r
LRANGE list 0 -1
"""


def pipeline(server: Redis, tmp_path: Path, lines: bytes, **options: Any) -> Exchange:
    path = tmp_path / "commands"
    path.write_bytes(lines)
    return ask(server, pipeline=str(path), **options)


def test_a_pipeline_is_one_write_and_a_list_of_replies(redis: Redis, tmp_path: Path) -> None:
    exchange = pipeline(redis, tmp_path, LINES, wire=1 << 20)
    assert exchange.response
    assert data(exchange) == {
        "replies": [
            {"value": "OK", "type": "status"},
            {"value": {"base64": "dHdvIHdvcmRzAP8="}, "type": "bulk"},
            {"value": "OK", "type": "status"},
            {"value": "QUEUED", "type": "status"},
            {"value": "QUEUED", "type": "status"},
            {"value": [1, 2], "type": "array"},
            {"value": ["", "it's"], "type": "array"},
        ]
    }
    assert (exchange.outcome, exchange.response.summary, exchange.response.status.text) == ("ok", "7 replies", "OK")
    assert content(exchange) == b"OK\ntwo words\0\xff\nOK\nQUEUED\nQUEUED\n1\n2\n\nit's"
    assert len([entry for entry in exchange.transcript or () if entry.direction == "sent"]) == 1
    assert exchange.response.headline == "7 replies"
    assert isinstance(exchange.response.display, tuple)
    assert ["".join(text for text, _ in line) for line in exchange.response.display] == [
        'SET text "two words\\x00\\xff"  OK',
        'GET text                      "two words\\x00\\xff"',
        "MULTI                         OK",
        "INCR count                    QUEUED",
        'LPUSH list "it\'s" ""          QUEUED',
        "EXEC                          1) (integer) 1",
        "                              2) (integer) 2",
        'LRANGE list 0 -1              1) ""',
        '                              2) "it\'s"',
    ]


def test_the_content_is_what_redis_cli_prints_of_the_same_lines(redis: Redis, tmp_path: Path) -> None:
    lines = b"SET k 'a b'\nGET k\nLPUSH k x\nHSET h f v\nHGETALL h\n"
    exchange = pipeline(redis, tmp_path, lines)
    cli = subprocess.run([need("redis-cli"), "-p", str(redis.port)], input=lines, capture_output=True, check=True).stdout
    assert content(exchange) + b"\n" == cli.replace(b"\n1\nf", b"\n0\nf") or content(exchange).replace(b"\n1\nf", b"\n0\nf") + b"\n" == cli


def test_of_errors_in_a_pipeline_the_first_is_the_status(redis: Redis, tmp_path: Path) -> None:
    exchange = pipeline(redis, tmp_path, b"SET k v\nLPUSH k x\nNONSENSE\nMULTI\nINCR k\nEXEC\n")
    assert exchange.response
    assert exchange.error
    assert (exchange.outcome, exchange.response.status.text, exchange.response.status.ok) == ("application_error", "WRONGTYPE", False)
    told = "WRONGTYPE Operation against a key holding the wrong kind of value (reply 2 of 6, to LPUSH k x)"
    assert exchange.error.message == told
    assert [(note.code, note.message) for note in exchange.notes] == [("errors", "3 of 6 replies are errors: 2, 3, 6")]
    assert data(exchange)["replies"][5] == {
        "value": [{"error": "ERR value is not an integer or out of range"}],
        "type": "array",
    }


def test_what_a_pipeline_asks(redis: Redis, tmp_path: Path) -> None:
    asked = pipeline(redis, tmp_path, b"GET a\nmulti\nSET b \xff\nexec\n").request
    assert asked.summary == 'GET a; multi; SET b "\\xff"; exec'
    assert asked.data == {
        "commands": [["GET", "a"], ["multi"], ["SET", "b", {"base64": "/w=="}], ["exec"]],
        "safe": False,
        "idempotent": True,
    }
    many = pipeline(redis, tmp_path, b"PING\n" * 100).request
    assert many.summary == "PING; " * 51 + "… 49 more"
    assert (many.data["safe"], pipeline(redis, tmp_path, b"INCR a\n").request.data["idempotent"]) == (True, False)


def test_a_pipeline_from_standard_input(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"PING")))
    assert data(ask(redis, pipeline="-")) == {"replies": [{"value": "PONG", "type": "status"}]}


def test_a_connection_that_breaks_leaves_the_replies_so_far(tmp_path: Path) -> None:
    path = tmp_path / "commands"
    path.write_text("PING\nPING\nPING\n")
    with responder(script(hear(PING * 3), say(b"+PONG\r\n:2\r\n"))) as peer:
        exchange = send(RedisRequest(f":{peer.port}", pipeline=str(path)))
    assert exchange.error
    assert (exchange.error.layer, exchange.error.kind) == ("transport", "closed")
    assert exchange.error.message == "the server closed the connection after 2 replies"
    assert data(exchange) == {"replies": [{"value": "PONG", "type": "status"}, {"value": 2, "type": "integer"}]}
    assert content(exchange) == b"PONG\n2"


def test_the_replies_of_a_pipeline_are_limited_together(tmp_path: Path) -> None:
    path = tmp_path / "commands"
    path.write_text("PING\n" * 3)
    with responder(
        script(hear(PING * 3), say(b"$600\r\n" + b"x" * 600 + b"\r\n"), pause(0.05), say(b"$600\r\n" + b"x" * 600), hear_end)
    ) as peer:
        exchange = send(RedisRequest(f":{peer.port}", pipeline=str(path), max_size=1000))
    assert exchange.error
    assert (exchange.error.kind, exchange.error.message) == ("too_large", "the reply has more than 1000 bytes")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (b"PING\nSET a 'b\n", "line 2 of {}: a quote (') is opened and never closed"),
        (b'GET "a"b\n', "line 1 of {}: a closing quote is followed by more than a space"),
        (b"subscribe a\n", "line 1 of {}: SUBSCRIBE has no single reply, and none can be matched to the others"),
        (b"CLIENT REPLY OFF\n", "the server does not answer CLIENT REPLY OFF"),
        (b"\n\n", "there is no command in {}"),
    ],
)
def test_a_pipeline_that_cannot_be_sent(tmp_path: Path, lines: bytes, message: str) -> None:
    path = tmp_path / "commands"
    path.write_bytes(lines)
    with pytest.raises(ExchangeError) as raised:
        send(RedisRequest(pipeline=str(path)))
    assert (raised.value.layer, raised.value.message) == ("usage", message.format(path))


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (RedisRequest("PING", pipeline="f"), "--pipeline reads its commands from f, and PING is one more"),
        (RedisRequest(pipeline="f", cluster=True), "--pipeline and --cluster exclude each other"),
        (RedisRequest(pipeline="f", slowlog=True), "--pipeline and --slowlog exclude each other"),
        (RedisRequest(pipeline="-", stdin=True), "--pipeline and --stdin exclude each other"),
        (RedisRequest("MONITOR", slowlog=True), "--slowlog has nothing to measure: MONITOR goes on for ever"),
        (RedisRequest("client", "reply", "skip"), "the server does not answer client reply skip"),
        (RedisRequest("redis://a", "redis://b", "PING"), "redis://b is a second server"),
        (RedisRequest("SET", "a b", quoted_input=True), "--quoted-input: 'a b' is not one word in quotes"),
    ],
)
def test_what_does_not_go_together(request_: RedisRequest, message: str) -> None:
    with pytest.raises(ExchangeError) as raised:
        send(request_)
    assert (raised.value.layer, raised.value.message) == ("usage", message)


# --- streams of events -------------------------------------------------------------------------------------


def events(exchange: Exchange) -> list[dict[str, Any]]:
    """Its events without their offsets, which have to rise."""
    found = data(exchange).get("events", [])
    offsets = [event["at_ms"] for event in found]
    assert offsets == sorted(offsets)
    return [{key: value for key, value in event.items() if key != "at_ms"} for event in found]


@pytest.mark.parametrize("resp3", [False, True])
def test_subscriptions(redis: Redis, resp3: bool) -> None:
    with later(redis, ("PUBLISH", "news", "hello"), ("PUBLISH", "other", BINARY)):
        exchange = ask(redis, "SUBSCRIBE", "news", "other", resp3=resp3, max_events=4)
    assert (exchange.outcome, exchange.error, exchange.notes) == ("ok", None, ())
    found = events(exchange)
    assert found[:3] == [
        {"type": "subscribe", "data": 1, "channel": "news"},
        {"type": "subscribe", "data": 2, "channel": "other"},
        {"type": "message", "data": "hello", "channel": "news"},
    ]
    assert (found[3]["channel"], list(found[3]["data"])) == ("other", ["base64"])


def test_events_carry_their_offset() -> None:
    subscribed, message = b"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n", b"*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n"
    with responder(script(hear(b"a\r\n"), pause(0.1), say(subscribed), pause(0.1), say(message), hear_end)) as peer:
        exchange = send(RedisRequest(f":{peer.port}", "SUBSCRIBE", "a", max_events=2))
    first, second = (event["at_ms"] for event in data(exchange)["events"])
    assert first >= 100
    assert second >= first + 90


def test_subscriptions_to_patterns_and_shards(redis: Redis) -> None:
    with later(redis, ("PUBLISH", "news.a", "hello")):
        exchange = ask(redis, "PSUBSCRIBE", "news.*", max_events=2)
    assert events(exchange) == [
        {"type": "psubscribe", "data": 1, "pattern": "news.*"},
        {"type": "pmessage", "data": "hello", "pattern": "news.*", "channel": "news.a"},
    ]
    with later(redis, ("SPUBLISH", "news", "hello")):
        exchange = ask(redis, "SSUBSCRIBE", "news", max_events=2)
    assert events(exchange)[1] == {"type": "smessage", "data": "hello", "channel": "news"}


def test_monitor(redis: Redis) -> None:
    with later(redis, ("SET", "key", "two words")):
        exchange = ask(redis, "MONITOR", max_events=2)
    confirmed, line = events(exchange)
    assert confirmed == {"type": "status", "data": "OK"}
    assert line["type"] == "monitor"
    assert line["data"].endswith('"SET" "key" "two words"')


def test_a_refused_subscription_is_an_error(redis: Redis) -> None:
    exchange = ask(redis, "SUBSCRIBE")
    assert (exchange.outcome, data(exchange)["type"], events(exchange)) == ("application_error", "error", [])


def test_silence_ends_a_subscription(redis: Redis) -> None:
    exchange = ask(redis, "SUBSCRIBE", "news", idle_timeout=0.15)
    assert exchange.error
    assert (exchange.error.kind, exchange.error.phase, len(events(exchange))) == ("timeout", "receive", 1)


def test_a_subscription_that_the_server_ends() -> None:
    subscribed = b"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
    with responder(script(hear(b"a\r\n"), say(subscribed + b"*3\r\n$7\r\nmess"))) as peer:
        exchange = send(RedisRequest(f":{peer.port}", "SUBSCRIBE", "a"))
    assert exchange.error
    assert (exchange.error.kind, events(exchange)) == ("truncated", [{"type": "subscribe", "data": 1, "channel": "a"}])


def test_messages_that_nobody_knows() -> None:
    said = b"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*2\r\n$5\r\nnovel\r\n:1\r\n*0\r\n+odd\r\n-ERR sorry\r\n"
    with responder(script(hear(b"a\r\n"), say(said), hear_end)) as peer:
        exchange = send(RedisRequest(f":{peer.port}", "SUBSCRIBE", "a", max_events=5))
    assert events(exchange)[1:] == [
        {"type": "novel", "data": [1]},
        {"type": "array", "data": []},
        {"type": "status", "data": "odd"},
        {"type": "error", "data": "ERR sorry"},
    ]


def command_line(*words: str) -> subprocess.Popen[bytes]:
    environ = {**os.environ, "RRCLI_NO_CONFIG": "1"}
    return subprocess.Popen([sys.executable, "-m", "rrcli", "redis", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ)


def test_off_a_terminal_events_are_what_redis_cli_prints(redis: Redis) -> None:
    with later(redis, ("PUBLISH", "a", "one\ntwo"), seconds=0.5):
        out, err = command_line(redis.url(), "--max-events", "2", "SUBSCRIBE", "a").communicate(timeout=10)
    assert (out, err) == (b"subscribe\na\n1\nmessage\na\none\ntwo\n", b"")


def test_ctrl_c_keeps_the_events(redis: Redis) -> None:
    process = command_line(redis.url(), "--format", "ndjson", "SUBSCRIBE", "a")
    assert process.stdout
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (130, b"")
    assert b'"type": "subscribe"' in first
    assert b'"kind": "interrupted"' in out
    assert b'"events": [{"at_ms"' in out


# --- commands that wait ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "waits"),
    [
        ("BLPOP k 0", True), ("blpop k 31.5", True), ("BRPOPLPUSH a b 40", True), ("BLMPOP 40 1 k LEFT", True), ("BZPOPMIN k 40", True),
        ("WAIT 1 40000", True), ("XREAD BLOCK 0 STREAMS s $", True), ("SUBSCRIBE a", True), ("MONITOR", True),
        ("XREAD COUNT 1 STREAMS BLOCK", False), ("BLPOP k nonsense", False), ("BLPOP k -1", False), ("BLPOP", False), ("GET k", False),
    ],
)  # fmt: skip
def test_which_commands_take_as_long_as_they_take(words: str, waits: bool) -> None:
    assert HOOKS.streams(RedisRequest("redis://h", *words.split())) is waits


def test_a_waiting_command_is_given_its_own_time_and_more(redis: Redis) -> None:
    assert data(ask(redis, "BLPOP", "nothing", "0.4", idle_timeout=0.1))["value"] is None
    with later(redis, ("RPUSH", "jobs", "one"), seconds=0.3):
        exchange = ask(redis, "BLPOP", "jobs", "0")
    assert data(exchange)["value"] == ["jobs", "one"]
    assert exchange.timing.phases["wait"] > 250e6


def test_a_server_that_does_not_keep_to_it() -> None:
    with responder(script(hear(b"0.1\r\n"), hear_end)) as peer:
        exchange = send(RedisRequest(f":{peer.port}", "BLPOP", "k", "0.1", idle_timeout=0.1))
    assert exchange.error
    assert exchange.error.message == "waiting for the answer: the time limit passed (--idle-timeout 200ms)"


# --- quoted words ------------------------------------------------------------------------------------------


def test_what_is_printed_in_quotes_is_read_in_quotes(redis: Redis, tmp_path: Path) -> None:
    word = BINARY.replace(b"\0", b"") + b"'\"\\"
    ask(redis, "SET", "binary", os.fsdecode(word))
    shown = content(ask(redis, "GET", "binary", quoted=True)).decode("ascii")
    assert data(ask(redis, "SET", '"co\\x00py"', shown, quoted_input=True))["value"] == "OK"
    pipeline(redis, tmp_path, f'SET "lin\\x00e" {shown}\n'.encode())
    with Client(redis.host, redis.port) as client:
        assert (client.get(b"co\0py"), client.get(b"lin\0e")) == (word, word)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("PING", b'"PONG"'),
        ("GET nothing", b""),
        ("GET empty", b'""'),
        ("STRLEN empty", b"0"),
        ("LRANGE list 0 -1", b'"a b"\n"\\x00\\n"'),
        ("HGETALL hash", b'"f" "\\""'),
        ("NONSENSE", b"ERR unknown command 'NONSENSE', with args beginning with: \n"),
    ],
)
def test_replies_in_quotes(redis: Redis, words: str, shown: bytes) -> None:
    with Client(redis.host, redis.port) as client:
        client.set("empty", "")
        client.rpush("list", "a b", b"\0\n")
        client.hset("hash", "f", '"')
    assert content(ask(redis, *words.split(), quoted=True, resp3=True)) == shown


# --- the server's own time ---------------------------------------------------------------------------------


def test_the_time_in_the_server(redis: Redis) -> None:
    exchange = ask(redis, "EVAL", "for i = 1, 200000 do end return 1", "0", slowlog=True, wire=1 << 20)
    micros = data(exchange)["server_us"]
    assert 200 < micros <= exchange.timing.total_ns / 1000
    assert exchange.response
    assert exchange.response.display == f"(integer) 1\n({micros:g} µs in the server)"
    assert exchange.notes == ()


def test_what_is_read_afterwards_is_in_no_phase_and_no_transcript(redis: Redis) -> None:
    exchange = ask(redis, "CONFIG", "GET", "maxmemory", slowlog=True, wire=1 << 20)
    assert data(exchange)["server_us"] >= 0
    sent = [entry for entry in exchange.transcript or () if entry.direction == "sent"]
    assert [entry.note for entry in sent] == ["INFO commandstats", "CONFIG"]
    assert sum(len(entry.data) for entry in sent) == exchange.connection.bytes_sent


def test_over_tls_too_it_goes_unrecorded(redis_tls: Redis, ca: Authority) -> None:
    plain, timed = (ask(redis_tls, "PING", cacert=str(ca.root), slowlog=slowlog, wire=1 << 20) for slowlog in (False, True))
    assert data(timed)["server_us"] >= 0
    assert [entry.note for entry in timed.transcript or () if entry.direction == "sent"] == ["INFO commandstats", "PING"]
    assert timed.connection.bytes_sent - plain.connection.bytes_sent < 100


def test_a_command_that_was_not_run_has_no_time(redis: Redis) -> None:
    exchange = ask(redis, "GET", slowlog=True)
    assert data(exchange)["server_us"] is None
    assert [note.code for note in exchange.notes] == ["server-time"]


def test_of_several_calls_the_mean_is_told() -> None:
    def stats(calls: int, micros: int) -> bytes:
        text = b"# Commandstats\r\ncmdstat_ping:calls=%d,usec=%d,usec_per_call=1.00\r\n" % (calls, micros)
        return b"$%d\r\n%b\r\n" % (len(text), text)

    info = hear(b"commandstats\r\n")
    with responder(script(info, say(stats(5, 100)), hear(PING), say(b"+PONG\r\n"), info, pause(0.5), say(stats(9, 110)))) as peer:
        exchange = send(RedisRequest(f":{peer.port}", "PING", slowlog=True))
    assert data(exchange)["server_us"] == 2.5
    assert exchange.timing.total_ns < 500e6  # the time of the second reading is not in it
    assert [note.message for note in exchange.notes] == ["4 calls of PING ran meanwhile: the time in the server is their mean"]


# --- who we are --------------------------------------------------------------------------------------------


def test_the_library_is_told_only_when_asked() -> None:
    heard: list[bytes] = []
    info = b"".join((encode([b"CLIENT", b"SETINFO", b"LIB-NAME", b"rrcli"]), encode([b"CLIENT", b"SETINFO", b"LIB-VER", b"0.1.0"])))
    with responder(script(hear(b"0.1.0\r\n", heard), say(b"+OK\r\n+OK\r\n"), hear(PING), say(b"+PONG\r\n"))) as peer:
        exchange = send(RedisRequest(f":{peer.port}", "PING", client_info=True))
    assert (heard, data(exchange)["value"], exchange.notes) == ([info], "PONG", ())


def test_a_server_that_takes_no_such_information_is_asked_all_the_same() -> None:
    error = b"-ERR Unknown subcommand\r\n"
    with responder(script(hear(b"0.1.0\r\n"), say(error * 2), hear(PING), say(b"+PONG\r\n"))) as peer:
        exchange = send(RedisRequest(f":{peer.port}", "PING", client_info=True))
    assert data(exchange)["value"] == "PONG"
    assert [note.message for note in exchange.notes] == ["the server does not take CLIENT SETINFO: ERR Unknown subcommand"]


# --- large replies -----------------------------------------------------------------------------------------


def test_a_large_string_is_passed_on_in_parts(redis: Redis) -> None:
    large = os.urandom(1 << 16) * 160  # 10 MiB
    with Client(redis.host, redis.port) as client:
        client.set("large", large)
    taken = Passing()
    exchange = send(RedisRequest(redis.url(), "GET", "large", max_size=1000), taken)
    assert b"".join(taken.pieces) == large
    assert max(map(len, taken.pieces)) < 2 << 20
    assert exchange.error is None
    assert exchange.response
    assert exchange.response.body
    assert (data(exchange), exchange.response.summary) == ({"value": None, "type": "bulk"}, f"{len(large)} bytes")
    assert (exchange.response.body.size, exchange.response.body.truncated) == (len(large), False)


def test_a_large_list_is_passed_on_in_parts(redis: Redis) -> None:
    elements = [b"%d\n%s" % (number, b"x" * 90) for number in range(50_000)]
    with Client(redis.host, redis.port) as client:
        for at in range(0, len(elements), 5000):
            client.rpush("list", *elements[at : at + 5000])
    taken = Passing()
    exchange = send(RedisRequest(redis.url(), "LRANGE", "list", "0", "-1"), taken)
    assert b"".join(taken.pieces) == b"\n".join(elements)
    assert len(taken.pieces) > 3
    assert exchange.response
    assert (exchange.response.summary, exchange.response.framing) == ("50000 elements", "element-count")


def test_kept_in_memory_the_same_is_too_large(redis: Redis) -> None:
    exchange = ask(redis, "EVAL", "return string.rep('x', 3000000)", "0", max_size=1_000_000)
    assert exchange.error
    assert (exchange.error.kind, exchange.error.message) == ("too_large", "the reply has more than 1000000 bytes")


def test_a_huge_string_takes_little_memory() -> None:
    """256 MiB in a child process: what a `GET > file` has held at its peak, by the kernel's own count."""
    block = b"x" * (1 << 20)

    def huge(connection: Any) -> None:
        hear(b"big\r\n")(connection)
        say(b"$%d\r\n" % (256 << 20))(connection)
        for _ in range(256):
            say(block)(connection)
        say(b"\r\n")(connection)

    code = (
        "import sys; from rrcli.__main__ import main; code = main(sys.argv[1:]);"
        "print(code, *(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')), file=sys.stderr)"
    )
    with responder(huge) as peer:
        done = subprocess.run(
            [sys.executable, "-c", code, "redis", f":{peer.port}", "GET", "big"], capture_output=True, check=True, timeout=60
        )
    status, peak_kib = map(int, done.stderr.split())
    assert (status, len(done.stdout)) == (0, (256 << 20) + 1)
    assert peak_kib < 40 << 10


def test_a_large_reply_that_breaks_off() -> None:
    taken = Passing()
    with responder(script(hear(b"big\r\n"), say(b"$9000000\r\n" + b"x" * 4_000_000))) as peer:
        exchange = send(RedisRequest(f":{peer.port}", "GET", "big"), taken)
    assert exchange.error
    assert (exchange.error.layer, exchange.error.kind) == ("protocol", "truncated")
    assert sum(map(len, taken.pieces)) > 2_000_000


# --- the same with redis-cli -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "options", "command"),
    [
        (["SET", "k", "it's"], {}, "redis-cli -h 127.0.0.1 -p {} SET k 'it'\\''s'"),
        (["GET", ""], {"db": 3, "resp3": True}, "redis-cli -h 127.0.0.1 -p {} -n 3 -3 GET ''"),
        (["SET", "k", os.fsdecode(b"\xff$x")], {}, "redis-cli -h 127.0.0.1 -p {} --quoted-input '\"SET\"' '\"k\"' '\"\\xff$x\"'"),
    ],
)
def test_as_redis_cli_writes_it(redis: Redis, words: list[str], options: dict[str, Any], command: str) -> None:
    exchange = ask(redis, *words, **options)
    assert as_command(exchange) == command.format(redis.port)
    printed = subprocess.run(["sh", "-c", as_command(exchange)], capture_output=True, check=True).stdout
    assert printed == content(exchange) + b"\n"


def test_a_pipeline_as_redis_cli_reads_it(redis: Redis, tmp_path: Path) -> None:
    exchange = pipeline(redis, tmp_path, b'SET k "a\\x00\'"\nGET k\n')
    printed = subprocess.run(["sh", "-c", as_command(exchange)], capture_output=True, check=True).stdout
    assert printed == content(exchange) + b"\n"


@pytest.mark.parametrize(
    ("userinfo", "words", "options", "shown"),
    [
        ("ann:open%20sesame@", ["PING"], {}, 'REDISCLI_AUTH="$REDIS_PASSWORD" redis-cli -h 127.0.0.1 -p {} --user ann PING'),
        ("", ["ECHO", "it is hunter2"], {"password": "hunter2"},
         "REDISCLI_AUTH=\"$REDIS_PASSWORD\" redis-cli -h 127.0.0.1 -p {} ECHO 'it is '\"$REDIS_SECRET\""),
        ("", ["AUTH", "ann", "open sesame"], {}, 'redis-cli -h 127.0.0.1 -p {} AUTH ann "$REDIS_SECRET"'),
        (":hunter2@", ["ACL", "SETUSER", "bob", ">fresh-word"], {},
         "REDISCLI_AUTH=\"$REDIS_PASSWORD\" redis-cli -h 127.0.0.1 -p {} ACL SETUSER bob '>'\"$REDIS_SECRET\""),
    ],
)  # fmt: skip
def test_no_secret_is_written(redis_acl: Redis, userinfo: str, words: list[str], options: dict[str, Any], shown: str) -> None:
    exchange = send(RedisRequest(f"redis://{userinfo}{redis_acl.address}", *words, **options))
    assert as_command(exchange) == shown.format(redis_acl.port)


def test_a_secret_in_a_pipeline(redis_acl: Redis, tmp_path: Path) -> None:
    path = tmp_path / "commands"
    path.write_text("AUTH ann 'open sesame'\nECHO 'open sesame'\n")
    exchange = send(RedisRequest(redis_acl.url(), pipeline=str(path)))
    lines = '\'"AUTH" "ann" "\'"$REDIS_SECRET"\'"\' \'"ECHO" "\'"$REDIS_SECRET"\'"\''
    assert as_command(exchange) == f"printf '%s\\n' {lines} | redis-cli -h 127.0.0.1 -p {redis_acl.port}"
    assert "open sesame" not in dumps(document(masked(exchange)))


def test_a_socket_as_redis_cli_writes_it(redis: Redis) -> None:
    exchange = send(RedisRequest(f"unix://{redis.unix_socket}", "PING"))
    assert shlex.split(as_command(exchange)) == ["redis-cli", "-s", str(redis.unix_socket), "PING"]
