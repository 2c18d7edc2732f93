"""What its writer marked as secret is not in a masked transcript, however short it is and however it was cut."""

from __future__ import annotations

import json
from binascii import a2b_base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from peers.child import piped
from peers.script import Handler, hear, responder, say, script

from rrcli import HttpRequest, RedisRequest, TcpRequest, send
from rrcli.codec.redis.resp import encode
from rrcli.model.document import document
from rrcli.model.values import Exchange, RequestMessage, Target, TranscriptEntry
from rrcli.policy.redact import masked
from rrcli.policy.secrets import head_spans

ALL = 1 << 20
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def sent(exchange: Exchange) -> bytes:
    return b"".join(entry.data for entry in exchange.transcript or () if entry.direction == "sent")


@contextmanager
def serving(*steps: Handler) -> Iterator[str]:
    """`HOST:PORT` of a responder that takes these steps."""
    with responder(script(*steps)) as peer:
        yield f"{peer.host}:{peer.port}"


def exchange(*entries: TranscriptEntry, **more: Any) -> Exchange:
    target = Target(url="tcp://h:1", host="h", port=1)
    return Exchange(id="1", protocol="tcp", target=target, request=RequestMessage(summary=""), transcript=entries, **more)


def test_marked_bytes_are_blanked_at_equal_length_and_others_like_them_are_not() -> None:
    one = exchange(
        TranscriptEntry(at_ns=0, direction="sent", data=b"a PASS a\n", secrets=((7, 8),)),
        TranscriptEntry(at_ns=1, direction="received", data=b"a is a letter\n"),
    )
    assert [entry.data for entry in masked(one).transcript or ()] == [b"a PASS *\n", b"a is a letter\n"]
    assert one.transcript
    assert one.transcript[0].data == b"a PASS a\n"


def test_a_hop_of_the_history_has_its_own_marks() -> None:
    hop = exchange(TranscriptEntry(at_ns=0, direction="sent", data=b"xy", secrets=((1, 2),)))
    assert [entry.data for entry in masked(exchange(history=(hop,))).history[0].transcript or ()] == [b"x*"]


def test_a_mark_that_goes_on_behind_what_was_recorded_blanks_what_is_there() -> None:
    one = exchange(TranscriptEntry(at_ns=0, direction="sent", data=b"PASS ab", secrets=((5, 9), (20, 30))))
    assert [entry.data for entry in masked(one).transcript or ()] == [b"PASS **"]


def test_marks_are_no_part_of_the_document() -> None:
    one = exchange(TranscriptEntry(at_ns=0, direction="sent", data=b"ab", secrets=((0, 1),)))
    assert document(one)["transcript"] == [{"at_ms": 0.0, "direction": "sent", "base64": "YWI=", "note": None}]


# --- Redis


@pytest.mark.parametrize("password", ["x", "ok", "K", "open sesame"])
@pytest.mark.parametrize("options", [{}, {"resp3": True}, {"user": "ann"}, {"user": "ann", "resp3": True}])
def test_the_password_of_the_greeting(password: str, options: dict[str, Any]) -> None:
    welcome = b"%1\r\n+proto\r\n:3\r\n" if "resp3" in options else b"+OK\r\n"
    with serving(hear(password.encode() + b"\r\n"), say(welcome), hear(b"PING\r\n"), say(b"+PONG\r\n")) as place:
        real = send(RedisRequest(f"redis://{place}", "PING", password=password, wire=ALL, **options))
    shown = masked(real)
    blank = "*" * len(password)
    words = ["HELLO", "3", "AUTH", options.get("user", "default")] if "resp3" in options else ["AUTH", *options.values()]
    assert sent(real) == encode([word.encode() for word in (*words, password)]) + encode([b"PING"])
    assert sent(shown) == encode([word.encode() for word in (*words, blank)]) + encode([b"PING"])


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["AUTH", "a"], [b"AUTH", b"*"]),
        (["auth", "ann", "OK"], [b"auth", b"ann", b"**"]),
        (["HELLO", "2", "AUTH", "a", "a", "SETNAME", "a"], [b"HELLO", b"2", b"AUTH", b"a", b"*", b"SETNAME", b"a"]),
        (["ACL", "SETUSER", "ann", "on", ">pw", "~*"], [b"ACL", b"SETUSER", b"ann", b"on", b">**", b"~*"]),
        (["CONFIG", "SET", "requirepass", "r"], [b"CONFIG", b"SET", b"requirepass", b"*"]),
        (["SET", "a", "OK"], [b"SET", b"a", b"OK"]),
    ],
)
def test_a_command_with_a_secret(words: list[str], shown: list[bytes]) -> None:
    with serving(hear(encode([word.encode() for word in words])), say(b"+OK\r\n")) as place:
        assert sent(masked(send(RedisRequest(f"redis://{place}", *words, wire=ALL)))) == encode(shown)


def test_the_passwords_of_a_pipeline(tmp_path: Path) -> None:
    path = tmp_path / "commands"
    path.write_text("SET b a\nAUTH a\nAUTH b ab\nGET a\n")
    with serving(hear(encode([b"GET", b"a"])), say(b"+OK\r\n" * 4)) as place:
        shown = masked(send(RedisRequest(f"redis://{place}", pipeline=str(path), wire=ALL)))
    wanted = [[b"SET", b"b", b"a"], [b"AUTH", b"*"], [b"AUTH", b"b", b"**"], [b"GET", b"a"]]
    assert sent(shown) == b"".join(map(encode, wanted))


@pytest.mark.parametrize(("options", "password"), [([], "*"), (["--show-secrets"], "x")])
def test_show_secrets_shows_what_is_marked(options: list[str], password: str) -> None:
    with serving(hear(b"$1\r\nx\r\n"), say(b"+OK\r\n"), hear(b"PING\r\n"), say(b"+PONG\r\n")) as place:
        ended = piped("redis", "--wire", "--json", *options, f"redis://:x@{place}", "PING")
    first = json.loads(ended.out)["transcript"][0]
    assert a2b_base64(first["base64"]) == encode([b"AUTH", password.encode()])


# --- HTTP/1


@pytest.mark.parametrize(
    ("head", "shown"),
    [
        (b"GET / HTTP/1.1\r\nAuthorization: Bearer a\r\n\r\n", b"GET / HTTP/1.1\r\nAuthorization: Bearer *\r\n\r\n"),
        (b"GET / HTTP/1.1\r\nproxy-authorization:Basic YTo=\r\n\r\n", b"GET / HTTP/1.1\r\nproxy-authorization:Basic ****\r\n\r\n"),
        (b"GET / HTTP/1.1\r\nCookie: a=1; b=\xc3\xbc\r\n\r\n", b"GET / HTTP/1.1\r\nCookie: a=*; b=**\r\n\r\n"),
        (b"GET /?token=a&b=c HTTP/1.1\nX-Api-Key:  k \nA: k\n\n", b"GET /?token=*&b=c HTTP/1.1\nX-Api-Key:  * \nA: k\n\n"),
        (b"GET / HTTP/1.1\r\nAuthorization:\r\nHost: h\r\n\r\n", b"GET / HTTP/1.1\r\nAuthorization:\r\nHost: h\r\n\r\n"),
        (b"", b""),
    ],
)
def test_the_secrets_of_a_head(head: bytes, shown: bytes) -> None:
    blank = bytearray(head)
    for start, end in head_spans(head):
        blank[start:end] = b"*" * (end - start)
    assert bytes(blank) == shown


def test_short_credentials_are_blanked_in_the_request_and_in_nothing_else() -> None:
    with serving(hear(b"\r\n\r\n"), say(OK)) as place:
        request = HttpRequest("POST", f"http://{place}/a", "Cookie: a=b", bearer="a", data=(("-d", "a=b"),), wire=ALL)
        lines = sent(masked(send(request))).split(b"\r\n")
    assert lines[0] == b"POST /a HTTP/1.1"
    assert {b"Authorization: Bearer *", b"Cookie: a=*"} <= set(lines)
    assert lines[-1] == b"a=b"


# --- proxies


def test_what_logs_in_to_a_socks_proxy() -> None:
    granted = say(b"\5\0\0\1\x7f\0\0\1\0\x50")
    with serving(hear(b"\5\2\0\2"), say(b"\5\2"), hear(b"\1\1a\2ab"), say(b"\1\0"), hear(b"\0\x50"), granted, say(b"hi\n")) as place:
        shown = masked(send(TcpRequest("192.0.2.1:80", proxy=f"socks5://a:ab@{place}", read_lines=1, wire=ALL)))
    assert b"\1\1a\2**" in sent(shown)


def test_what_logs_in_to_an_http_proxy() -> None:
    with serving(hear(b"\r\n\r\n"), say(b"HTTP/1.1 200 OK\r\n\r\nhi\n")) as place:
        shown = masked(send(TcpRequest("192.0.2.1:80", proxy=f"http://a:@{place}", read_lines=1, wire=ALL)))
    assert b"\r\nProxy-Authorization: Basic ****\r\n\r\n" in sent(shown)
