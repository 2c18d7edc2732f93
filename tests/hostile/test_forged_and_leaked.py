"""What a user gives cannot forge lines of a protocol, and no secret is shown in any format, whatever fails."""

from __future__ import annotations

import itertools

import pytest
from peers.base import free_port
from peers.child import piped
from peers.flood import answer
from peers.script import end, hear_end, responder, say, script

BAD = ("\r\nX: y", "\n", "\r")
FORGED = [
    ("http", "GET{}", "http://h.test/"),
    ("http", "http://h.test/{}"),
    ("http", "http://h{}.test/"),
    ("http", "http://h.test/", "A:b{}"),
    ("http", "http://h.test/", "A{}:b"),
    ("http", "http://h.test/", "-H", "A: b{}"),
    ("http", "http://h.test/", "-H", "A{}: b"),
    ("tcp", "h{}.test:80"),
    ("tls", "h{}.test:443"),
    ("tls", "--sni", "a{}", "127.0.0.1:1"),
]


@pytest.mark.parametrize("words", FORGED, ids=" ".join)
@pytest.mark.parametrize("bad", BAD, ids=repr)
def test_nothing_is_forged(words: tuple[str, ...], bad: str) -> None:
    ended = piped(*(word.format(bad) for word in words), "--timeout=1s", "--deadline=2s")
    assert ended.code == 2, ended.err.decode()
    assert ended.err.count(b"\n") <= 2


SECRET = "hunter2-s3cr3t-value"
COMMANDS = {
    "field": ("http", "{http}", "-H", f"Authorization: Bearer {SECRET}"),
    "userinfo": ("http", f"http://ann:{SECRET}@{{place}}/"),
    "query": ("http", f"{{http}}?token={SECRET}"),
    "redis": ("redis", f"redis://:{SECRET}@{{place}}", "PING"),
    "auth": ("redis", "redis://{place}", "AUTH", SECRET),
    "doctor": ("doctor", f"redis://:{SECRET}@{{place}}"),
    "doctor http": ("doctor", f"http://ann:{SECRET}@{{place}}/?api_key={SECRET}"),
}
HANDLERS = {
    "closed": None,
    "echo": answer(b"\r\n", b"HTTP/1.1 400 " + SECRET.encode() + b"\r\nX: " + SECRET.encode() + b"\r\n\r\n" + SECRET.encode()),
    "redis error": answer(b"\r\n", b"-WRONGPASS " + SECRET.encode() + b"\r\n" * 2),
    "nonsense": answer(b"\r\n", SECRET.encode() + b"\r\n\r\n"),
    "nothing": script(end, hear_end),
    "banner": script(say(b"220 " + SECRET.encode() + b"\r\n"), end, hear_end),
}
STYLES = (("--format=pretty", "-v", "--wire"), ("--json", "--wire"), ("--format=ndjson",), ("--format=curl",))


@pytest.mark.parametrize(("name", "failure"), list(itertools.product(COMMANDS, HANDLERS)))
def test_no_secret_is_shown(name: str, failure: str) -> None:
    handler = HANDLERS[failure]
    styles = STYLES if name.split()[0] != "doctor" else ((), ("--json",))
    with responder(handler or hear_end) as peer:
        place = f"{peer.host}:{peer.port if handler else free_port()}"
        for style in styles:
            first, *rest = (word.format(http=f"http://{place}/", place=place) for word in COMMANDS[name])
            ended = piped(first, "--timeout=2s", *style, *rest)
            assert SECRET.encode() not in ended.all, (style, ended.all.decode(errors="replace"))
            assert b"Traceback" not in ended.all


def test_no_secret_is_shown_of_a_wrong_command_line() -> None:
    for words in (("http", f"http://u:{SECRET}@[/"), ("nope", f"redis://u:{SECRET}@h"), ("redis", f"redis://u:{SECRET}@h:x", "GET")):
        ended = piped(*words)
        assert (ended.code, SECRET.encode() in ended.all) == (2, False)


def test_nul_is_refused_where_only_the_library_can_give_it() -> None:
    from rrcli import HttpRequest, RedisRequest, TcpRequest
    from rrcli.base.errors import ExchangeError
    from rrcli.engine.send import send

    requests = (
        HttpRequest("http://127.0.0.1:1/\0"),
        HttpRequest("http://h\0.test/"),
        HttpRequest("http://127.0.0.1:1/", "A:b\0"),
        HttpRequest("http://127.0.0.1:1/", "A\0:b"),
        HttpRequest("http://127.0.0.1:1/", method="GET\0"),
        RedisRequest("redis://h\0.test", "PING"),
        TcpRequest("h\0.test:80"),
    )
    for request in requests:
        with pytest.raises(ExchangeError) as raised:
            send(request)
        assert raised.value.layer == "usage", request


def test_the_traceback_of_a_bug_shows_no_secret() -> None:
    from rrcli.report.terminal import errors as failure

    shown: list[str] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(failure, "to_stderr", shown.append)
        error = RuntimeError(f"http://ann:{SECRET}@h.test/?token={SECRET} Authorization: Bearer {SECRET}")
        assert failure.report_bug(error, ["http", "-v"]) == 70
    assert SECRET not in "".join(shown)
