"""Redis commands against a real redis-server, compared with redis-cli and with a connection of redis-py beside."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import pytest
from peers.base import need
from peers.ca import Authority
from peers.redis_server import Redis
from redis import Redis as Client

from rrcli.adapters.redis.commands import is_idempotent, is_safe, line_of
from rrcli.adapters.redis.endpoint import Place, place_of
from rrcli.adapters.redis.request import RedisRequest
from rrcli.base.errors import ExchangeError
from rrcli.base.fields import MASK
from rrcli.base.jsontext import dumps
from rrcli.engine.registry import BY_NAME, by_scheme
from rrcli.engine.send import send
from rrcli.model.document import document
from rrcli.model.values import Exchange
from rrcli.policy.redact import masked

BINARY = bytes(range(256))


@pytest.fixture(autouse=True)
def no_password_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDISCLI_AUTH", raising=False)


def ask(server: Redis, *words: str, **options: Any) -> Exchange:
    return send(RedisRequest(server.url(), *words, **options))


def drawn(exchange: Exchange) -> str | None:
    """The reply as people read it, without its colours."""
    assert exchange.response
    display = exchange.response.display
    return display if display is None or isinstance(display, str) else "\n".join("".join(text for text, _ in line) for line in display)


def value(exchange: Exchange) -> Any:
    assert exchange.error is None
    assert exchange.response
    return exchange.response.data["value"]


def beside(server: Redis, db: int = 0) -> Client:
    """A connection of another client to the same data."""
    return Client(server.host, server.port, db=db)


def stdin_of(data: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data))


# --- one exchange ------------------------------------------------------------------------------------------


def test_the_parts_of_an_exchange(redis: Redis) -> None:
    shown = document(ask(redis, "set", "greeting", "good day"))
    assert shown["target"] == {"url": f"redis://127.0.0.1:{redis.port}", "host": "127.0.0.1", "port": redis.port}
    assert shown["request"] == {
        "summary": 'set greeting "good day"',
        "fields": [],
        "headers": {},
        "body": None,
        "data": {"command": "SET", "args": ["greeting", "good day"], "safe": False, "idempotent": True},
    }
    assert {key: shown["response"][key] for key in ("summary", "status", "framing", "data")} == {
        "summary": "OK",
        "status": {"code": None, "text": "OK", "ok": True},
        "framing": "crlf",
        "data": {"value": "OK", "type": "status"},
    }
    assert shown["response"]["body"]["text"] == "OK"
    assert (shown["outcome"], shown["notes"], shown["history"]) == ("ok", [], [])
    phases = [phase for phase in ("connect", "handshake", "send", "wait", "receive") if shown["timing"][f"{phase}_ms"] is not None]
    assert phases == ["connect", "send", "wait", "receive"]
    with beside(redis) as client:
        assert client.get("greeting") == b"good day"


FILL = (
    ("SET", "text", "value"), ("SET", "lines", "one\ntwo"), ("SET", "long", "x" * 101), ("SET", "quote", 'a"b'),
    ("RPUSH", "list", "a", "b"), ("HSET", "hash", "field", "1"), ("ZADD", "zset", "1.5", "m"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("words", "resp3", "summary", "kind", "framing", "json"),
    [
        (["GET", "text"], False, '"value"', "bulk", "length-prefix", "value"),
        (["GET", "lines"], False, "7 bytes", "bulk", "length-prefix", "one\ntwo"),
        (["GET", "long"], False, "101 bytes", "bulk", "length-prefix", "x" * 101),
        (["GET", "nothing"], False, "(nil)", "null", "crlf", None),
        (["INCR", "count"], False, "(integer) 1", "integer", "crlf", 1),
        (["LRANGE", "list", "0", "-1"], False, "2 elements", "array", "element-count", ["a", "b"]),
        (["LRANGE", "list", "0", "0"], False, "1 element", "array", "element-count", ["a"]),
        (["LRANGE", "nothing", "0", "-1"], False, "(empty array)", "array", "element-count", []),
        (["HGETALL", "hash"], False, "2 elements", "array", "element-count", ["field", "1"]),
        (["HGETALL", "hash"], True, "1 pair", "map", "element-count", {"field": "1"}),
        (["SMISMEMBER", "set", "x"], True, "1 element", "array", "element-count", [0]),
        (["ZSCORE", "zset", "m"], True, "(double) 1.5", "double", "crlf", 1.5),
    ],
)
def test_replies(redis: Redis, words: list[str], resp3: bool, summary: str, kind: str, framing: str, json: Any) -> None:
    with beside(redis) as client:
        for command in FILL:
            client.execute_command(*command)
    response = ask(redis, *words, resp3=resp3).response
    assert response
    assert (response.summary, response.framing, response.data) == (summary, framing, {"value": json, "type": kind})


@pytest.mark.parametrize(
    ("words", "prefix", "message"),
    [
        (["LPUSH", "text", "x"], "WRONGTYPE", "WRONGTYPE Operation against a key holding the wrong kind of value"),
        (["NONSENSE"], "ERR", "ERR unknown command 'NONSENSE', with args beginning with: "),
        (["EVAL", "return redis.error_reply('Odd one')", "0"], "ERR", "Odd one"),
        (["EVAL", "return redis.error_reply('-MY_OWN word')", "0"], "MY_OWN", "MY_OWN word"),
    ],
)
def test_an_error_is_an_answer_with_its_prefix_as_status(redis: Redis, words: list[str], prefix: str, message: str) -> None:
    ask(redis, "SET", "text", "value")
    exchange = ask(redis, *words)
    assert exchange.response
    assert exchange.error
    assert (exchange.response.status.text, exchange.response.status.ok, exchange.response.data["type"]) == (prefix, False, "error")
    assert (exchange.outcome, exchange.error.layer, exchange.error.kind) == ("application_error", "application", "bad_status")
    assert (exchange.error.message, exchange.error.delivery) == (message, "answered")
    assert exchange.response.body
    assert exchange.response.body.data == message.encode() + b"\n"


DRAWN = (
    "GET quote", "GET nothing", "LRANGE list 0 -1", "EVAL return{1,{2,'x'},{}} 0", "LPUSH text x", "MEMORY DOCTOR",
    "LATENCY GRAPH", "COMMAND DOCS GET", "LOLWUT VERSION 1", "CLUSTER NODES x", "LATENCY DOCTOR", "lolwut",
)  # fmt: skip


@pytest.mark.parametrize("resp3", [False, True])
def test_drawn_as_redis_cli_draws_it(redis: Redis, resp3: bool) -> None:
    with beside(redis) as client:
        for command in FILL:
            client.execute_command(*command)
    cli = [need("redis-cli"), "-p", str(redis.port), "--no-raw", *(["-3"] if resp3 else [])]
    for words in (line.split() for line in DRAWN):
        printed = subprocess.run([*cli, *words], capture_output=True, check=True, text=True).stdout
        assert drawn(ask(redis, *words, resp3=resp3)) == printed.rstrip("\n")


def test_the_content_is_what_redis_cli_prints_off_a_terminal(redis: Redis) -> None:
    ask(redis, "RPUSH", "list", "a", "b c", "")
    response = ask(redis, "LRANGE", "list", "0", "-1").response
    printed = subprocess.run([need("redis-cli"), "-p", str(redis.port), "LRANGE", "list", "0", "-1"], capture_output=True, check=True)
    assert response
    assert response.body
    assert response.body.data + b"\n" == printed.stdout


def test_info_is_drawn_as_a_table(redis: Redis) -> None:
    lines = (drawn(ask(redis, "INFO", "server")) or "").split("\n")
    assert lines[0] == "Server"
    assert ["tcp_port", str(redis.port)] in [line.split() for line in lines]
    assert len({line.rindex("  ") for line in lines if "tcp_port" in line or "io_threads_active" in line}) == 1
    assert lines[-1].split() == ["io_threads_active", "0"]


def test_a_large_reply_is_not_drawn(redis: Redis) -> None:
    exchange = ask(redis, "EVAL", "return string.rep('x', 65536)", "0")
    assert drawn(exchange) is None
    assert value(exchange) == "x" * 65536


# --- arguments ---------------------------------------------------------------------------------------------


def test_arguments_are_bytes(redis: Redis) -> None:
    word = BINARY[1:].decode("utf-8", "surrogateescape")  # as a shell hands it over
    exchange = ask(redis, "SET", "binary", word)
    assert exchange.request.data["args"][0] == "binary"
    assert list(exchange.request.data["args"][1]) == ["base64"]
    with beside(redis) as client:
        assert client.get("binary") == BINARY[1:]
    assert value(ask(redis, "GET", "binary")) == exchange.request.data["args"][1]


def test_the_last_argument_from_standard_input(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", stdin_of(BINARY + b"\n"))
    exchange = ask(redis, "SET", "piped", stdin=True)
    assert exchange.error is None
    with beside(redis) as client:
        assert client.get("piped") == BINARY + b"\n"


def test_an_empty_argument(redis: Redis) -> None:
    assert value(ask(redis, "ECHO", "")) == ""


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([b"SET", b"k", b"v"], "SET k v"),
        ([b"SET", b"k", b"two words"], 'SET k "two words"'),
        ([b"SET", b"k", b""], 'SET k ""'),
        ([b"SET", b"k", b'say "hi"\\'], r'SET k "say \"hi\"\\"'),
        ([b"SET", b"k", b"a\r\n\t\x00\x1b\xff"], r'SET k "a\r\n\t\x00\x1b\xff"'),
        ([b"SET", b"k", "grüße".encode()], "SET k grüße"),
        ([b"SET", b"k", "\u202eabc".encode()], r'SET k "\xe2\x80\xaeabc"'),
        ([b"SET", b"k", b"v" * 101], f"SET k {'v' * 100}…"),
        ([b"DEL", *[b"abcdefghi"] * 30], "DEL" + " abcdefghi" * 20 + " …"),
    ],
)
def test_a_command_on_one_line(words: list[bytes], line: str) -> None:
    assert line_of(words) == line


@pytest.mark.parametrize(
    ("command", "safe", "idempotent"),
    [
        ("get k", True, True),
        ("CONFIG GET maxmemory", True, True),
        ("CONFIG SET maxmemory 1", False, True),
        ("SET k v", False, True),
        ("SET k v EX 10", False, True),
        ("SET k v nx", False, False),
        ("SET k v XX GET", False, False),
        ("SETNX k v", False, False),
        ("DEL k", False, True),
        ("HSET k f v", False, True),
        ("EXPIRE k 10", False, True),
        ("SADD k m", False, True),
        ("ZADD k 1 m", False, True),
        ("ZADD k INCR 1 m", False, False),
        ("INCR k", False, False),
        ("LPUSH k v", False, False),
        ("APPEND k v", False, False),
        ("XADD k * f v", False, False),
        ("LTRIM k 1 -1", False, False),
        ("EVAL x 0", False, False),
        ("JSON.SET k $ 1", False, False),
    ],
)
def test_what_may_be_repeated(command: str, safe: bool, idempotent: bool) -> None:
    words = command.encode().split()
    assert (is_safe(words), is_idempotent(words)) == (safe, idempotent)


def test_what_reads_is_what_the_server_says_reads(redis: Redis) -> None:
    """`COMMAND` tells of each command, and of its subcommands (the tenth part), whether it reads or writes."""

    def walk(commands: list[Any]) -> None:
        for parts in commands:
            words = parts[0].encode().split(b"|")
            if "readonly" in parts[2]:
                assert is_safe(words), words
            if "write" in parts[2]:
                assert not is_safe(words), words
            walk(parts[9])

    walk(value(ask(redis, "COMMAND")))


# --- the URL and the handshake -----------------------------------------------------------------------------


def test_every_form_of_the_url(redis: Redis) -> None:
    port = redis.port
    for text, shown in (
        (f"redis://127.0.0.1:{port}", f"redis://127.0.0.1:{port}"),
        (f"redis://127.0.0.1:{port}/", f"redis://127.0.0.1:{port}"),
        (f"redis://127.0.0.1:{port}/5", f"redis://127.0.0.1:{port}/5"),
        (f"redis://127.0.0.1:{port}?db=5", f"redis://127.0.0.1:{port}/5"),
        (f"127.0.0.1:{port}", f"redis://127.0.0.1:{port}"),
        (f"localhost:{port}", f"redis://localhost:{port}"),
        (f":{port}", f"redis://localhost:{port}"),
        (f"unix://{redis.unix_socket}", f"unix://{redis.unix_socket}"),
        (f"redis+unix://{redis.unix_socket}?db=5", f"unix://{redis.unix_socket}?db=5"),
    ):
        exchange = send(RedisRequest(text, "PING"))
        assert (exchange.target.url, value(exchange)) == (shown, "PONG")


def test_a_unix_socket(redis: Redis) -> None:
    for request in (
        RedisRequest("CLIENT", "INFO", unix_socket=str(redis.unix_socket)),
        RedisRequest(f"unix://{redis.unix_socket}", "CLIENT", "INFO"),
    ):
        exchange = send(request)
        assert "flags=U" in value(exchange).split()  # the server cuts a long path in `laddr`
        assert (exchange.target.host, exchange.target.port) == (None, None)
        assert exchange.connection.peer == str(redis.unix_socket)


def test_without_url_the_usual_port_is_asked() -> None:
    exchange = send(RedisRequest("PING"))
    assert exchange.target.url == "redis://127.0.0.1:6379"
    assert exchange.connection.peer == "127.0.0.1:6379"


def test_the_database(redis: Redis) -> None:
    for number, request in enumerate(
        (
            RedisRequest(redis.url("/1"), "SET", "key", "1"),
            RedisRequest(redis.url(), "SET", "key", "2", db=2),
            RedisRequest(redis.url("/7"), "SET", "key", "3", db=3),
            RedisRequest(f"unix://{redis.unix_socket}?db=4", "SET", "key", "4"),
        ),
        1,
    ):
        assert value(send(request)) == "OK"
        with beside(redis, number) as client:
            assert client.get("key") == str(number).encode()
    with beside(redis) as client:
        assert client.info("keyspace").keys() == {"db1", "db2", "db3", "db4"}


def test_tls(redis_tls: Redis, ca: Authority) -> None:
    exchange = ask(redis_tls, "PING", cacert=str(ca.root))
    assert value(exchange) == "PONG"
    assert exchange.target.url == f"rediss://127.0.0.1:{redis_tls.port}"
    assert exchange.connection.tls
    assert exchange.connection.tls.verified


@pytest.mark.parametrize("resp3", [False, True])
@pytest.mark.parametrize(
    ("userinfo", "options", "user"),
    [
        (":hunter2", {}, "default"),
        ("hunter2", {}, "default"),
        ("ann:open%20sesame", {}, "ann"),
        ("ann", {"password": "open sesame"}, "ann"),
        ("ann:wrong", {"password": "open sesame"}, "ann"),
        ("nobody:open%20sesame", {"user": "ann"}, "ann"),
        ("", {"user": "reader", "password": "readonly"}, "reader"),
        ("", {"password": "hunter2"}, "default"),
    ],
)
def test_logging_in(redis_acl: Redis, userinfo: str, options: dict[str, str], user: str, resp3: bool) -> None:
    exchange = send(RedisRequest(redis_acl.url(userinfo=userinfo), "CLIENT", "INFO", resp3=resp3, **options))
    assert f"user={user}" in value(exchange).split()
    assert exchange.timing.phases["handshake"] > 0


def test_the_password_of_the_environment(redis_acl: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDISCLI_AUTH", "open sesame")
    assert value(ask(redis_acl, "ACL", "WHOAMI", user="ann")) == "ann"
    assert value(ask(redis_acl, "ACL", "WHOAMI", password="hunter2")) == "default"
    assert value(send(RedisRequest(redis_acl.url(userinfo=":hunter2"), "ACL", "WHOAMI"))) == "default"


def test_the_handshake_is_one_write_of_what_is_needed(redis_acl: Redis) -> None:
    def sent(**options: Any) -> list[str]:
        exchange = send(RedisRequest(redis_acl.url("/3", "ann:open%20sesame"), "PING", wire=1 << 20, **options))
        assert value(exchange) == "PONG"
        return [entry.data.decode() for entry in exchange.transcript or () if entry.direction == "sent"]

    auth = "*3\r\n$4\r\nAUTH\r\n$3\r\nann\r\n$11\r\nopen sesame\r\n"
    name = "*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$3\r\njob\r\n"
    select = "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n"
    hello = "*7\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$3\r\nann\r\n$11\r\nopen sesame\r\n$7\r\nSETNAME\r\n$3\r\njob\r\n"
    ping = "*1\r\n$4\r\nPING\r\n"
    assert sent() == [auth + select, ping]
    assert sent(client_name="job") == [auth + name + select, ping]
    assert sent(client_name="job", resp3=True) == [hello + select, ping]


def test_the_name_of_the_connection(redis: Redis) -> None:
    for resp3 in (False, True):
        assert value(ask(redis, "CLIENT", "GETNAME", client_name="nightly", resp3=resp3)) == "nightly"


def test_the_version_of_the_protocol(redis: Redis) -> None:
    for options, version in (({}, "resp=2"), ({"resp2": True}, "resp=2"), ({"resp3": True}, "resp=3")):
        assert version in value(ask(redis, "CLIENT", "INFO", **options)).split()


@pytest.mark.parametrize(
    ("path", "userinfo", "resp3", "prefix", "asked"),
    [
        ("", "ann:guess", False, "WRONGPASS", "AUTH"),
        ("", "ann:guess", True, "WRONGPASS", "HELLO"),
        ("/1", "", False, "NOAUTH", "SELECT"),
        ("/99", ":hunter2", False, "ERR", "SELECT"),
    ],
)
def test_what_the_handshake_refuses_is_the_answer(redis_acl: Redis, path: str, userinfo: str, resp3: bool, prefix: str, asked: str) -> None:
    exchange = send(RedisRequest(redis_acl.url(path, userinfo), "SET", "key", "value", resp3=resp3))
    assert exchange.response
    assert exchange.response.status.text == prefix
    assert [(note.code, note.message) for note in exchange.notes] == [
        ("handshake", f"the error answers {asked} before the command, which was not sent")
    ]
    assert "send" not in exchange.timing.phases
    assert value(send(RedisRequest(redis_acl.url(userinfo=":hunter2"), "EXISTS", "key"))) == 0


# --- secrets -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("secret", "words", "options"),
    [
        ("hunter2", [":hunter2@", "PING"], {}),
        ("open sesame", ["ann:open%20sesame@", "PING"], {"resp3": True}),
        ("hunter2", ["", "PING"], {"password": "hunter2"}),
        ("open sesame", ["", "AUTH", "ann", "open sesame"], {}),
        ("wrong guess", ["", "AUTH", "wrong guess"], {}),
        ("open sesame", ["", "HELLO", "3", "AUTH", "ann", "open sesame"], {}),
        ("fresh-word", [":hunter2@", "CONFIG", "SET", "requirepass", "fresh-word"], {}),
        ("fresh-word", [":hunter2@", "ACL", "SETUSER", "bob", ">fresh-word"], {}),
        ("fresh-word", [":hunter2@", "MIGRATE", "127.0.0.1", "1", "k", "0", "5", "AUTH2", "bob", "fresh-word"], {}),
        ("x" * 300, ["", "AUTH", "x" * 300], {}),
        ("x" * 100, [":hunter2@", "ACL", "SETUSER", "bob", ">" + "x" * 150], {}),
        ('say "hi"', ["", "AUTH", 'say "hi"'], {}),
    ],
)
def test_no_secret_is_shown(redis_acl: Redis, secret: str, words: list[str], options: dict[str, Any]) -> None:
    userinfo, *command = words
    exchange = masked(send(RedisRequest(redis_acl.url(userinfo=userinfo.rstrip("@")), *command, wire=1 << 20, **options)))
    shown = dumps(document(exchange)) + repr(exchange.response) + repr([entry.data for entry in exchange.transcript or ()])
    spellings = {secret, secret.replace(" ", "%20"), secret.replace('"', '\\"'), secret.replace('"', '\\\\"')}
    assert [spelling for spelling in spellings if spelling in shown] == []
    assert MASK in shown or any(set(b"***") <= set(entry.data) for entry in exchange.transcript or ())


def test_masked_words_keep_the_shape_of_the_command(redis_acl: Redis) -> None:
    exchange = masked(ask(redis_acl, "AUTH", "ann", "open sesame"))
    assert exchange.request.summary == f'AUTH ann "{MASK}"'
    assert exchange.request.data["args"] == ["ann", MASK]
    assert masked(send(RedisRequest(redis_acl.url(userinfo="ann:guess"), "PING"))).target.url == f"redis://ann:{MASK}@{redis_acl.address}"


def test_a_secret_that_is_no_text_is_masked_in_each_spelling(redis_acl: Redis) -> None:
    exchange = masked(ask(redis_acl, "AUTH", b"\xff\xfesesame".decode("utf-8", "surrogateescape"), wire=1 << 20))
    assert exchange.request.summary == f'AUTH "{MASK}"'
    assert exchange.request.data["args"] == [{"base64": MASK}]
    assert [entry.data for entry in exchange.transcript or () if entry.direction == "sent"] == [b"*2\r\n$4\r\nAUTH\r\n$8\r\n********\r\n"]


@pytest.mark.parametrize("resp3", [False, True])
def test_a_password_that_the_server_tells_is_masked(redis: Redis, resp3: bool) -> None:
    ask(redis, "CONFIG", "SET", "masterauth", "upstream-word")
    exchange = ask(redis, "CONFIG", "GET", "master*", resp3=resp3)

    def settings(told: Any) -> dict[str, str]:
        return told if resp3 else dict(zip(told[::2], told[1::2], strict=True))

    assert settings(value(exchange)) == {"masteruser": "", "masterauth": "upstream-word"}
    hidden = masked(exchange)
    assert settings(value(hidden)) == {"masteruser": "", "masterauth": MASK}
    assert hidden.response
    assert "upstream-word" not in repr(hidden.response)


def test_drawn_text_is_masked_too(redis_acl: Redis) -> None:
    exchange = send(RedisRequest(redis_acl.url(userinfo=":hunter2"), "ECHO", "it is hunter2"))
    assert drawn(exchange) == '"it is hunter2"'
    assert drawn(masked(exchange)) == f'"it is {MASK}"'


# --- notes and wrong requests ------------------------------------------------------------------------------


def test_options_behind_the_command_are_data_and_an_error_says_so(redis: Redis) -> None:
    exchange = ask(redis, "SET", "key", "--json", "-x", "-2")
    message = "{} was sent to the server: words after the command are data, options go before it"
    assert [(note.code, note.message) for note in exchange.notes] == [
        ("looks-like-option", message.format("--json")),
        ("looks-like-option", message.format("-x")),
    ]
    assert ask(redis, "SET", "key", "--json").notes == ()
    assert ask(redis, "SET", "key", "-1", "--other").notes == ()


def test_unsubscribe_is_answered_by_a_push(redis: Redis) -> None:
    exchange = ask(redis, "UNSUBSCRIBE", "a", resp3=True)
    assert (value(exchange), exchange.response and exchange.response.data["type"], exchange.notes) == (["unsubscribe", "a", 0], "push", ())


@pytest.mark.parametrize(
    ("request_", "message", "hint"),
    [
        (RedisRequest(), "there is no command to send", "write one after the options and the URL, as PING or GET key"),
        (RedisRequest(":6379"), "there is no command to send", "write one after the options and the URL, as PING or GET key"),
        (RedisRequest("PING", resp2=True, resp3=True), "--resp2 and --resp3 exclude each other", None),
        (RedisRequest("redis://h/one", "PING"), "'one' is no number of a database", "write redis://host:port/N"),
        (
            RedisRequest("redis://h?timeout=1", "PING"),
            "the URL's parameter timeout is not known",
            "only db is; the rest is set by options, as --cacert or --timeout",
        ),
        (
            RedisRequest("http://h", "PING"),
            "http:// is no URL of Redis",
            "write redis://, rediss:// (TLS) or unix:// before the command",
        ),
        (RedisRequest("unix://", "PING"), "the URL names no socket", "write unix:///path/to/redis.sock"),
        (
            RedisRequest("PING", user="ann"),
            "there is no password for the user ann",
            "give it with --password, in the URL or in REDISCLI_AUTH",
        ),
    ],
)
def test_a_wrong_request_sends_nothing(request_: RedisRequest, message: str, hint: str | None) -> None:
    with pytest.raises(ExchangeError) as raised:
        send(request_)
    assert (raised.value.layer, raised.value.message, raised.value.hint) == ("usage", message, hint)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("valkey://h", Place(host="h")),
        ("valkeys://u:p@h:1/2", Place(host="h", port=1, tls=True, userinfo="u:p", user="u", password="p", db=2)),
        ("unix:///tmp/a%20b", Place(socket="/tmp/a b")),
        ("valkey+unix:///tmp/s?db=3", Place(socket="/tmp/s", db=3)),
    ],
)
def test_valkey_is_redis(url: str, place: Place) -> None:
    assert place_of(url) == place


def test_a_url_of_valkey_picks_the_command(redis: Redis) -> None:
    assert by_scheme("valkey://h") is by_scheme("valkeys://h") is BY_NAME["redis"]
    assert send(RedisRequest(redis.url().replace("redis", "valkey"), "PING")).outcome == "ok"
