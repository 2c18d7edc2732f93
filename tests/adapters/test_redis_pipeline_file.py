"""`--pipeline`: what its file may hold, what is refused in place of being executed, and the secrets in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from peers.redis_server import Redis
from peers.script import hear, responder, say, script

from rrcli.adapters.redis.request import RedisRequest
from rrcli.base.errors import ExchangeError
from rrcli.base.fields import MASK
from rrcli.codec.redis.resp import encode
from rrcli.engine.send import send
from rrcli.model.values import Exchange
from rrcli.policy.redact import masked
from rrcli.policy.secrets import WHOLE_WORD


@pytest.fixture(autouse=True)
def no_password_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDISCLI_AUTH", raising=False)


def file_of(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "commands"
    path.write_bytes(data)
    return str(path)


def pipeline(server: Redis, tmp_path: Path, data: bytes, **options: Any) -> Exchange:
    return send(RedisRequest(server.url(), pipeline=file_of(tmp_path, data), **options))


def texts(exchange: Exchange) -> str:
    """All that is shown of the exchange."""
    return repr((exchange.request.replace(masked=None), exchange.response, exchange.error, exchange.notes, exchange.transcript))


# --- what the file holds -----------------------------------------------------------------------------------


def test_resp_is_sent_as_the_commands_it_has(redis: Redis, tmp_path: Path) -> None:
    exchange = pipeline(redis, tmp_path, encode([b"SET", b"qcmd", b"FLUSHALL"]) + encode([b"GET", b"qcmd"]))
    assert exchange.response
    assert exchange.response.data == {"replies": [{"value": "OK", "type": "status"}, {"value": "FLUSHALL", "type": "bulk"}]}
    assert exchange.request.data["commands"] == [["SET", "qcmd", "FLUSHALL"], ["GET", "qcmd"]]


def test_the_words_of_resp_may_hold_any_byte(redis: Redis, tmp_path: Path) -> None:
    exchange = pipeline(redis, tmp_path, encode([b"ECHO", b"a\r\n*1\r\n$8\r\nFLUSHALL\r\n\xff"]))
    assert exchange.response
    assert exchange.response.body
    assert exchange.response.body.data == b"a\r\n*1\r\n$8\r\nFLUSHALL\r\n\xff"


def test_a_mark_of_byte_order_belongs_to_no_command(redis: Redis, tmp_path: Path) -> None:
    exchange = pipeline(redis, tmp_path, b"\xef\xbb\xbfPING\n")
    assert exchange.response
    assert exchange.response.summary == "1 reply"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"*2\r\n$4\r\nECHO\r\n$9\r\nFLUSHALL\r\n", "{} is RESP, and ends within command 1"),
        (encode([b"PING"]) + b"*1\r\n$8\r\nFLUSH", "{} is RESP, and ends within command 2"),
        (b"*1\n$8\nFLUSHALL\n", "{} begins as RESP and breaks off from it: expected a line that ends with CRLF, got '*1\\n'"),
        (encode([b"PING"]) + b"FLUSHALL\r\n", "{} begins as RESP and breaks off from it: expected the next part of a Redis reply, got 'FLUSHALL\\r\\n'"),  # noqa: E501
        (b"*1\r\n:1\r\n", "command 1 of {} is RESP, but no array of strings, and so no command"),
        (b"*0\r\n", "command 1 of {} is RESP, but no array of strings, and so no command"),
        (encode([b"MONITOR"]), "command 1 of {}: MONITOR has no single reply, and none can be matched to the others"),
        (b"PING\n*1\r\n$8\r\nFLUSHALL\r\n", "line 2 of {} is no command: it begins with '*1'"),
        (b"$8\r\nFLUSHALL\r\n", "line 1 of {} is no command: it begins with '$8'"),
        (b"+OK\r\nFLUSHALL\n", "line 1 of {} is no command: it begins with '+OK'"),
        (b"127.0.0.1:6379> FLUSHALL\n", "line 1 of {} is no command: it begins with '127.0.0.1:6379>'"),
        (b'1339518083.107412 [0 127.0.0.1:60866] "FLUSHALL"\n', "line 1 of {} is no command: it begins with '1339518083.107412'"),
        (b'["FLUSHALL"]\n', "line 1 of {}: a closing quote is followed by more than a space"),
        (b"# FLUSHALL\n", "line 1 of {} is no command: it begins with '#'"),
        (b"REDIS0011\xfa\x09redis-ver\n", "line 1 of {} is no command: it begins with no text"),
        (b"redis-cli FLUSHALL\n", "line 1 of {} begins with redis-cli"),
    ],
)  # fmt: skip
def test_another_form_is_refused_and_never_executed(tmp_path: Path, data: bytes, message: str) -> None:
    path = file_of(tmp_path, data)
    with pytest.raises(ExchangeError) as raised:
        send(RedisRequest(pipeline=path))
    assert (raised.value.layer, raised.value.message) == (
        "usage",
        message.format(path),
    )


# --- secrets -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lines", [b"CONFIG GET masterauth\n", b"MULTI\nPING\nCONFIG GET masterauth\nEXEC\n"])
@pytest.mark.parametrize("resp3", [False, True])
def test_a_password_that_the_server_tells_is_masked(redis: Redis, tmp_path: Path, lines: bytes, resp3: bool) -> None:
    send(RedisRequest(redis.url(), "CONFIG", "SET", "masterauth", "upstream-word"))
    exchange = pipeline(redis, tmp_path, lines, resp3=resp3)
    assert exchange.response
    assert exchange.response.body
    assert b"upstream-word" in exchange.response.body.data
    shown = texts(masked(exchange))
    assert "upstream-word" not in shown
    assert MASK in shown


def test_a_script_that_tells_a_password_is_masked(redis: Redis) -> None:
    send(RedisRequest(redis.url(), "CONFIG", "SET", "requirepass", ""))
    send(RedisRequest(redis.url(), "CONFIG", "SET", "masterauth", "upstream-word"))
    exchange = masked(send(RedisRequest(redis.url(), "EVAL", "return {'masterauth', 'upstream-word'}", "0")))
    assert exchange.response
    assert exchange.response.data["value"] == ["masterauth", MASK]


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["AUTH", "p"], [MASK]),
        (["AUTH", "pw"], [MASK]),
        (["AUTH", "bob", "pw"], ["bob", MASK]),
        (["AUTH", "a", "b", "c"], [MASK, MASK, MASK]),
        (["HELLO", "3", "AUTH", "bob", "x"], ["3", "AUTH", "bob", MASK]),
        (["CONFIG", "SET", "requirepass", "x"], ["SET", "requirepass", MASK]),
        (["ACL", "SETUSER", "bob", "on", ">x"], ["SETUSER", "bob", "on", f">{MASK}"]),
    ],
)
def test_a_short_secret_is_masked_in_its_own_place(tmp_path: Path, words: list[str], shown: list[str]) -> None:
    line = " ".join(words)
    with responder(script(hear(words[-1].encode() + b"\r\n"), say(b"-ERR no\r\n"))) as peer:
        single = masked(send(RedisRequest(f":{peer.port}", *words, wire=1 << 20)))
    with responder(script(hear(words[-1].encode() + b"\r\n"), say(b"-ERR no\r\n"))) as peer:
        several = masked(send(RedisRequest(f":{peer.port}", pipeline=file_of(tmp_path, line.encode()), wire=1 << 20)))
    assert single.request.data["args"] == shown
    assert several.request.data["commands"] == [[words[0], *shown]]
    assert single.request.summary == several.request.summary == " ".join([words[0], *shown])
    assert several.response
    assert isinstance(several.response.display, tuple)
    assert several.response.display[0][0][0].split() == [words[0], *shown]
    for exchange in (single, several):
        sent = b"".join(entry.data for entry in exchange.transcript or () if entry.direction == "sent")
        assert sent.endswith((b"\r\n" + b"*" * len(words[-1]) + b"\r\n", b">*\r\n"))


def test_a_secret_broken_by_its_quotes_is_not_shown() -> None:
    with pytest.raises(ExchangeError) as raised:
        send(RedisRequest("AUTH", '"SECRETWORD', quoted_input=True))
    assert raised.value.message == "--quoted-input: a secret is not one word in quotes"
    assert len("SECRETWORD") >= WHOLE_WORD
