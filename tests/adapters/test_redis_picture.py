"""Replies as people see them: the headline, pairs, tables, errors in red; and what the JSON value cannot hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from peers.redis_server import Redis
from peers.script import hear, responder, say, script

from rrcli.adapters.redis.picture import picture
from rrcli.adapters.redis.request import RedisRequest
from rrcli.codec.redis.resp import Reply
from rrcli.engine.registry import BY_NAME
from rrcli.engine.send import send
from rrcli.model.values import Exchange, Response
from rrcli.policy.redact import masked
from rrcli.report.terminal.render import render


@pytest.fixture(autouse=True)
def no_password_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDISCLI_AUTH", raising=False)


def answered(reply: bytes, *words: str, **options: Any) -> Response:
    """The response to the words, which a server answers so."""
    return exchange_of(reply, *words, **options).response or Response(summary="", status=None)  # type: ignore[arg-type]


def exchange_of(reply: bytes, *words: str, **options: Any) -> Exchange:
    with responder(script(hear(b"\r\n"), say(reply))) as peer:
        return send(RedisRequest(f":{peer.port}", *(words or ("PING",)), **options))


@pytest.mark.parametrize(
    ("words", "reply", "headline"),
    [
        (["GET", "k"], b"$-1\r\n", "nil"),
        (["GET", "k"], b"$3\r\nann\r\n", "3 B"),
        (["GET", "k"], b"$4000\r\n" + b"x" * 4000 + b"\r\n", "3.9 KiB"),
        (["DEL", "k"], b":2\r\n", "2"),
        (["PING"], b"+PONG\r\n", "PONG"),
        (["LRANGE", "k", "0", "-1"], b"*2\r\n+a\r\n+b\r\n", "2 elements"),
        (["KEYS", "x"], b"*0\r\n", "0 elements"),
        (["HGETALL", "k"], b"*4\r\n+a\r\n+b\r\n+c\r\n+d\r\n", "2 fields"),
        (["HGETALL", "k"], b"%1\r\n+a\r\n+b\r\n", "1 field"),
        (["CONFIG", "GET", "x"], b"*2\r\n+a\r\n+b\r\n", "1 pair"),
        (["ZSCORE", "k", "m"], b",1.5\r\n", "1.5"),
        (["LPUSH", "k", "x"], b"-WRONGTYPE no\r\n", ""),
    ],
)
def test_the_headline_says_what_came(words: list[str], reply: bytes, headline: str) -> None:
    response = answered(reply, *words)
    assert response.headline == headline
    assert response.status.text == ("WRONGTYPE" if not headline else "OK")


@pytest.mark.parametrize(
    "reply",
    [
        b"*4\r\n$4\r\nname\r\n$3\r\nann\r\n$1\r\na\r\n$7\r\nZ\xc3\xbcrich\r\n",
        b"%2\r\n$4\r\nname\r\n$3\r\nann\r\n$1\r\na\r\n$7\r\nZ\xc3\xbcrich\r\n",
    ],
)
def test_a_hash_is_drawn_as_pairs(reply: bytes) -> None:
    assert answered(reply, "HGETALL", "k").display == 'name  "ann"\na     "Zürich"'


def test_utf_8_is_text_and_other_bytes_are_escaped() -> None:
    assert answered(b"$7\r\nZ\xc3\xbcrich\r\n", "GET", "k").display == '"Zürich"'
    assert answered(b"$2\r\n\xc3(\r\n", "GET", "k").display == '"\\xc3("'
    assert answered(b'$5\r\na\n\x1b"\\\r\n', "GET", "k").display == '"a\\n\\x1b\\"\\\\"'


@pytest.mark.parametrize(
    ("reply", "red"),
    [
        (b"-ERR no\r\n", ["(error) ERR no"]),
        (b"*2\r\n+ok\r\n-ERR no\r\n", ["(error) ERR no"]),
        (b"*1\r\n$14\r\n(error) ERR no\r\n", []),
    ],
)
def test_an_error_is_red_and_what_only_reads_like_one_is_not(reply: bytes, red: list[str]) -> None:
    display = answered(reply).display
    lines = display if isinstance(display, tuple) else ()
    assert [text for line in lines for text, role in line if role == "bad"] == red


def test_a_pipeline_shows_each_reply_beside_its_command(tmp_path: Path) -> None:
    path = tmp_path / "commands"
    path.write_text("SET a 1\nLPUSH a x\nGET a\n")
    with responder(script(hear(b"GET\r\n$1\r\na\r\n"), say(b"+OK\r\n-WRONGTYPE no\r\n$1\r\n1\r\n"))) as peer:
        exchange = send(RedisRequest(f":{peer.port}", pipeline=str(path)))
    text = render(masked(exchange), BY_NAME["redis"], width=100, color=False, verbose=False, wire=False)
    assert text.startswith("✘ 1 of 3 failed  ·  ")
    assert '  SET a 1    OK\n  LPUSH a x  ✘ WRONGTYPE no\n  GET a      "1"\n' in text
    assert "\x1b[1;31m✘ WRONGTYPE no" in render(masked(exchange), BY_NAME["redis"], width=100, color=True, verbose=False, wire=False)


def test_a_value_that_was_asked_for_is_shown_whole_up_to_a_screen() -> None:
    exchange = exchange_of(b"$900\r\n" + b"x" * 899 + b"!\r\n", "GET", "k")
    text = render(exchange, BY_NAME["redis"], width=80, color=False, verbose=False, wire=False)
    assert 'x!"' in text
    assert "…" not in text


def test_info_and_the_slow_log_are_tables(redis: Redis) -> None:
    entry = b"*6\r\n:14\r\n:1796073752\r\n:12000\r\n*2\r\n$4\r\nKEYS\r\n$1\r\n*\r\n$11\r\n10.0.0.1:50\r\n$3\r\napp\r\n"
    assert answered(b"*1\r\n" + entry, "SLOWLOG", "GET").display == (
        "id  when                     took  client           command\n14  2026-11-30T21:22:32Z  12.0 ms  10.0.0.1:50 app  KEYS *"
    )
    assert (
        answered(b"$34\r\n# Server\r\na:1\r\nlong_name:2:3\r\nrest\r\n", "INFO").display == "Server\n  a          1\n  long_name  2:3\nrest"
    )
    assert send(RedisRequest(redis.url(), "SLOWLOG", "GET", "0")).outcome == "ok"


@pytest.mark.parametrize(
    "reply",
    [
        b"*1\r\n*4\r\n:1\r\n:9223372036854775807\r\n:1\r\n*1\r\n$1\r\na\r\n",
        b"*1\r\n*4\r\n:1\r\n:-1\r\n:1\r\n*0\r\n",
        b"*1\r\n*4\r\n:1\r\n:1\r\n:1\r\n*1\r\n:1\r\n",
        b"*1\r\n+x\r\n",
        b"*1\r\n*1\r\n:1\r\n",
        b"*1\r\n*4\r\n:1\r\n:1\r\n:1\r\n*-1\r\n",
    ],
)
def test_a_slow_log_of_another_shape_is_drawn_as_any_reply(reply: bytes) -> None:
    assert str(answered(reply, "SLOWLOG", "GET").display).startswith("1) ")


def test_a_picture_of_no_words_is_the_reply() -> None:
    assert picture((), Reply(type="null", value=None)) == "(nil)"


# --- what the value cannot hold ----------------------------------------------------------------------------


def test_a_repeated_key_of_a_map_is_noted() -> None:
    exchange = exchange_of(b"*1\r\n%3\r\n+a\r\n:1\r\n+b\r\n:2\r\n+a\r\n:3\r\n")
    assert exchange.response
    assert exchange.response.data["value"] == [{"a": 3, "b": 2}]
    message = "a map (value[0]) has the key 'a' twice: the document has the last, the content all"
    assert [(note.code, note.message) for note in exchange.notes] == [("duplicate-key", message)]


def test_keys_that_come_to_one_name_are_repeated_too() -> None:
    exchange = exchange_of(b"%2\r\n:1\r\n+a\r\n+1\r\n+b\r\n")
    assert [note.code for note in exchange.notes] == ["duplicate-key"]


def test_attributes_of_elements_stand_beside_the_value() -> None:
    assert answered(b"*2\r\n+x\r\n|1\r\n+ttl\r\n:3600\r\n+y\r\n").data == {
        "value": ["x", "y"],
        "type": "array",
        "element_attributes": [{"path": "value[1]", "attributes": {"ttl": 3600}}],
    }
    assert answered(b"%1\r\n+k\r\n*1\r\n|1\r\n+a\r\n+b\r\n:1\r\n").data["element_attributes"] == [
        {"path": 'value."k"[0]', "attributes": {"a": "b"}}
    ]


@pytest.mark.parametrize("digits", ["nan(0x8)", "-nan", "NaN", "nan()", "-nan(0xfffff)", "nan(ind)"])
def test_every_nan_that_c_prints_is_one(digits: str) -> None:
    response = answered(f",{digits}\r\n".encode())
    assert (response.data, response.display) == ({"value": "nan", "type": "double"}, f"(double) {digits}")


@pytest.mark.parametrize("digits", ["nan(", "nan(0x8", "nan(a b)", "nanx", "--nan"])
def test_what_is_no_nan_is_malformed(digits: str) -> None:
    exchange = exchange_of(f",{digits}\r\n".encode())
    assert exchange.error
    assert exchange.error.kind == "malformed"


# --- errors whose cause the request shows -------------------------------------------------------------------


@pytest.mark.parametrize("cluster", [False, True])
@pytest.mark.parametrize("said", [b"MOVED to archive", b"ASK your admin", b"MOVED 1x 127.0.0.1:1"])
def test_a_script_may_begin_its_errors_with_the_words_of_a_cluster(said: bytes, cluster: bool) -> None:
    exchange = exchange_of(b"-" + said + b"\r\n", "EVAL", "return 1", "0", cluster=cluster)
    assert exchange.error
    assert (exchange.error.layer, exchange.error.message, exchange.notes) == ("application", said.decode(), ())
    assert exchange.error.hint == "Read the message; check the command's spelling, its arguments and the server's version."
    assert exchange.response
    assert exchange.response.status.text == said.decode().split()[0]


@pytest.mark.parametrize(
    ("words", "options", "reply", "hint"),
    [
        (["PING"], {"resp3": True}, b"-ERR unknown command 'HELLO'\r\n", "-3 needs Redis 6 or later: leave it out"),
        (
            ["PING"], {"password": "x"}, b"-ERR Client sent AUTH, but no password is set\r\n",
            "this server wants no password: leave it out (the URL, --password, REDISCLI_AUTH)",
        ),
        (
            ["AUTH", "x"], {}, b"-ERR AUTH <password> called without any password configured for the default user.\r\n",
            "this server wants no password: leave it out (the URL, --password, REDISCLI_AUTH)",
        ),
        (
            ["PING"], {"user": "ann", "password": "x"}, b"-ERR wrong number of arguments for 'auth' command\r\n",
            "servers before Redis 6 know no users: leave the name out, and give the password alone",
        ),
        (["PING"], {"db": 99}, b"-ERR DB index is out of range\r\n", "the server has fewer databases: rrcli redis CONFIG GET databases"),
        (
            ["RESTORE", "k", "0", "payload\n"], {}, b"-ERR DUMP payload version or checksum are wrong\r\n",
            "the payload ends with a newline, which DUMP's has not: rrcli redis -o FILE DUMP key, then rrcli redis -x RESTORE key 0 < FILE",
        ),
    ],
)  # fmt: skip
def test_the_hint_names_the_cause(words: list[str], options: dict[str, Any], reply: bytes, hint: str) -> None:
    exchange = exchange_of(reply, *words, **options)
    assert exchange.error
    assert exchange.error.hint == hint
    assert (
        "Next   " + hint[:1].upper() in render(exchange, BY_NAME["redis"], width=200, color=False, verbose=False, wire=False)[-400:]
        or hint[0] == "-"
    )
