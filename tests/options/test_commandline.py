"""The words that send a request again: read once more they make an equal request, and what is shown of them holds no secret."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from cli.test_fast_equals_typer import built_once, command_lines  # noqa: F401  # a fixture for every test here
from hypothesis import HealthCheck, given, settings
from peers.script import hear, responder, say, script

from rrcli.adapters.dns.request import DnsRequest
from rrcli.adapters.graphql.request import GraphqlRequest
from rrcli.adapters.http.request import HttpRequest
from rrcli.adapters.poll.request import PollRequest
from rrcli.adapters.redis.request import RedisRequest
from rrcli.adapters.sse.request import SseRequest
from rrcli.adapters.tcp.request import TcpRequest
from rrcli.base.errors import ExchangeError
from rrcli.base.fields import MASK
from rrcli.cli import app, commands, fast
from rrcli.engine import registry
from rrcli.engine.context import Shared
from rrcli.engine.fanout import parts_of, send_all
from rrcli.engine.send import send, steps
from rrcli.model.document import document
from rrcli.options.commandline import command_of, reads_stdin, shown_command
from rrcli.options.request import Request
from rrcli.policy.redact import masked
from rrcli.wire.pool import Pool

NAMES = tuple(entry.name for entry in registry.PROTOCOLS)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def written(request: Request) -> tuple[str, ...] | None:
    entry = registry.protocol_of(request)
    return command_of(entry.name, request, options_end=request.options_end_at_data)


def shown(request: Request) -> tuple[str, ...] | None:
    entry = registry.protocol_of(request)
    return shown_command(entry.name, request, options_end=request.options_end_at_data)


def read(words: tuple[str, ...] | list[str]) -> Request | None:
    """The request of a command line, by the fast path or by the application; `None` for one that is wrong."""
    entry = registry.BY_NAME[words[0]]
    try:
        if quick := fast.parse(list(words)):
            return quick.request
        values = app.parse(commands.of_protocol(entry), list(words[1:]))
        return None if values is None else fast.build(entry, entry.load()[0], values).request
    except ExchangeError:
        return None


@pytest.mark.parametrize("name", NAMES)
def test_reading_the_words_of_a_request_gives_an_equal_one(name: str) -> None:
    registry.BY_NAME[name].load()

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(command_lines(name))
    def holds(words: list[str]) -> None:
        request = read([name, *words])
        if request is None:
            return
        command = written(request)
        assert command is not None
        assert command[0] == name
        assert read(command) == request
        assert shown(request) is not None

    holds()


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (HttpRequest("POST", "http://h/", "name=ann"), "http POST http://h/ name=ann"),
        (HttpRequest("http://h/", timeout=3.0, retry=2), "http --timeout 3 --retry 2 http://h/"),
        (HttpRequest("http://h/", timeout=0.25, insecure=True), "http --timeout 0.25 --insecure http://h/"),
        (HttpRequest("http://h/", timeout=None, ipv4=False), "http http://h/"),
        (HttpRequest("http://h/", headers=("A: b", "C:"), method="PUT"), "http|--header|A: b|--header|C:|--request|PUT|http://h/"),
        (HttpRequest("http://h/", data=(("-d", "a=1"), ("--data-raw", "-x"))), "http -d a=1 --data-raw=-x http://h/"),
        (HttpRequest("http://h/", continue_at=-1), "http --continue-at=- http://h/"),
        (HttpRequest("http://h/", wire=1 << 20), "http --wire http://h/"),
        (HttpRequest("http://h/", wire=10), "http --wire=10 http://h/"),
        (HttpRequest("http://h/", resolve=(("h", 80, "::1"),)), "http --resolve h:80:[::1] http://h/"),
        (HttpRequest("http://h/", connect_to=(("", None, "::1", 81),)), "http --connect-to ::[::1]:81 http://h/"),
        (SseRequest("http://h/", reconnect=10**9), "sse --reconnect http://h/"),
        (SseRequest("http://h/", reconnect=3), "sse --reconnect=3 http://h/"),
        (PollRequest("http://h/", callback_bind=("::1", 80)), "poll --callback-bind [::1]:80 http://h/"),
        (GraphqlRequest("http://h/", "{a}", variables='{"a": 1}'), 'graphql|--variables|{"a": 1}|http://h/|{a}'),
        (DnsRequest("x", of_class=3, cookie=b"", subnet=b"\0\1\x18\0\xc0\0\2"), "dns --class CH --cookie --subnet 192.0.2.0/24 x"),
        (DnsRequest("x", of_class=77), "dns --class CLASS77 x"),
        (RedisRequest("SET", "k", "-a", "--json"), "redis SET k -a --json"),
        (RedisRequest("redis://h:1", "-odd"), "redis -- redis://h:1 -odd"),
        (TcpRequest("h:1", steps=(("--send", b"/a\r\n\0\xff\\"), ("--send-hex", b"\1"))),
         "tcp|--send|/a\\r\\n\\x00\\xff\\\\|--send-hex|01|h:1"),
        (TcpRequest("h:1", read_until=b"/a/"), r"tcp --read-until \x2fa/ h:1"),
        (HttpRequest("--", "-x"), "http -- -- -x"),
    ],
    ids=lambda value: "" if isinstance(value, str) else type(value).__name__,
)  # fmt: skip
def test_the_words_are_those_that_a_person_would_write(request_: Request, words: str) -> None:
    assert written(request_) == tuple(words.split("|" if "|" in words else " "))


@pytest.mark.parametrize(
    "request_",
    [
        PollRequest("http://h/", idle_timeout=None),
        HttpRequest("http://h/", timeout=float("inf")),
        HttpRequest("http://h/", timeout=-1.0),
        HttpRequest("http://h/", data=(("--data-raw", "x" * (128 << 10)),)),
        TcpRequest("h:1", steps=(("--send", bytes(20_000_000)),)),
        HttpRequest("http://h/", data=(("--send", "x"),)),
        TcpRequest("h:1", steps=(("--send", "text"),), read_until=__import__("re").compile(b"a")),
    ],
)
def test_there_are_none_for_what_only_a_program_can_ask_for(request_: Request) -> None:
    assert (written(request_), shown(request_)) == (None, None)


SECRETS: list[tuple[Request, str]] = [
    (HttpRequest("http://ann:pw@h/x?token=ab&a=1"), f"http http://ann:{MASK}@h/x?token={MASK}&a=1"),
    (HttpRequest("ann:pw@h/"), f"http ann:{MASK}@h/"),
    (HttpRequest("http://h/", "password=pw", "a=b"), f"http http://h/ password={MASK} a=b"),
    (HttpRequest("http://h/", "user[password]=pw"), f"http http://h/ user[password]={MASK}"),
    (HttpRequest("http://h/", "Authorization:Bearer x"), f"http|http://h/|Authorization:Bearer {MASK}"),
    (HttpRequest("http://h/", "api_key==k", 'a:={"secret": 1}'), f'http|http://h/|api_key=={MASK}|a:={{"secret": "{MASK}"}}'),
    (HttpRequest("http://h/", "password=http://x"), f"http http://h/ password={MASK}"),
    (HttpRequest("http://h/", user="ann:pw"), f"http --user ann:{MASK} http://h/"),
    (HttpRequest("http://h/", user="ann"), "http --user ann http://h/"),
    (HttpRequest("http://h/", bearer="t"), f"http --bearer {MASK} http://h/"),
    (HttpRequest("http://h/", headers=("X-Api-Key: k",)), f"http|--header|X-Api-Key: {MASK}|http://h/"),
    (HttpRequest("http://h/", headers=("@f", "A:")), "http --header @f --header A: http://h/"),
    (HttpRequest("http://h/", cookies=("a=1; b=2", "jar")), f"http|--cookie|a={MASK}; b={MASK}|--cookie|jar|http://h/"),
    (HttpRequest("http://h/", data=(("-d", "a=1&password=pw"),)), f"http -d a=1&password={MASK} http://h/"),
    (HttpRequest("http://h/", data=(("-d", '{"token": "t", "a": 1}'),)), f'http|-d|{{"token": "{MASK}", "a": 1}}|http://h/'),
    (HttpRequest("http://h/", parts=(("-F", "password=pw"), ("-F", "secret=@f"))), f"http -F password={MASK} -F secret=@f http://h/"),
    (HttpRequest("http://h/", proxy="u:p@h:1"), f"http --proxy u:{MASK}@h:1 http://h/"),
    (HttpRequest("http://h/", proxy="socks5://t@h:1"), f"http --proxy socks5://{MASK}@h:1 http://h/"),
    (TcpRequest("h:1", key_password="p"), f"tcp --pass {MASK} h:1"),
    (RedisRequest("redis://:p@h:1", "AUTH", "me", "pw"), f"redis redis://:{MASK}@h:1 AUTH me {MASK}"),
    (RedisRequest("ACL", "SETUSER", "a", ">pw", "on"), f"redis ACL SETUSER a >{MASK} on"),
    (RedisRequest("ACL", "SETUSER", "a", '">pw"', quoted_input=True), f"redis --quoted-input ACL SETUSER a >{MASK}"),
    (RedisRequest("GET", "k", password="pw"), f"redis --password {MASK} GET k"),
    (GraphqlRequest("http://h/", "query($token: String) {a}", "token=t"), f"graphql|http://h/|query($token: String) {{a}}|token={MASK}"),
    (GraphqlRequest("http://h/", "{a}", init='{"x": ["t"]}'), f'graphql|--init|{{"x": ["{MASK}"]}}|http://h/|{{a}}'),
    (GraphqlRequest("http://h/", "{a}", variables='{"secret": "t"}'), f'graphql|--variables|{{"secret": "{MASK}"}}|http://h/|{{a}}'),
]


@pytest.mark.parametrize(("request_", "words"), SECRETS, ids=lambda value: "" if isinstance(value, str) else type(value).__name__)
def test_a_secret_is_masked_in_its_place_however_short_it_is(request_: Request, words: str) -> None:
    assert shown(request_) == tuple(words.split("|" if "|" in words else " "))
    assert MASK not in "".join(written(request_) or ())


def exchange_of(*items: str, **values: Any) -> tuple[Any, str]:
    with responder(script(hear(b"\r\n\r\n"), say(ANSWER))) as peer:
        where = f"http://{peer.host}:{peer.port}/"
        return send(HttpRequest("GET", where, *items, **values)), where


def test_the_document_has_the_words_masked_and_the_exchange_the_true_ones() -> None:
    exchange, where = exchange_of("X-Token:hunter2", user="ann:hunter3", timeout=5.0)
    assert exchange.command == ("http", "--user", "ann:hunter3", "--timeout", "5", "GET", where, "X-Token:hunter2")
    shown = ["http", "--user", f"ann:{MASK}", "--timeout", "5", "GET", where, f"X-Token:{MASK}"]
    found = document(masked(exchange))
    assert found["command"] == shown
    assert list(found)[:5] == ["schema", "id", "protocol", "target", "command"]
    assert "hunter" not in repr(masked(exchange).replace(secrets=()))
    assert read(exchange.command) == HttpRequest("GET", where, "X-Token:hunter2", user="ann:hunter3", timeout=5.0)


def test_a_secret_known_from_elsewhere_is_masked_in_the_words_too() -> None:
    exchange, _ = exchange_of("Authorization:Bearer hunter22222", "X-Echo:hunter22222")
    assert document(masked(exchange))["command"][-1] == f"X-Echo:{MASK}"


def test_what_is_secret_in_the_words_alone_is_masked_where_the_exchange_has_no_other_secret() -> None:
    exchange, where = exchange_of(key_password="p")
    assert exchange.secrets == ()
    assert document(masked(exchange))["command"] == ["http", "--pass", MASK, "GET", where]


def test_an_expectation_reads_the_true_words() -> None:
    exchange, _ = exchange_of("X-Token:hunter2", expect=("command[0] == http", "command[-1] contains hunter2"))
    assert exchange.outcome == "ok", exchange.checks


def test_the_history_has_none() -> None:
    answers = [ANSWER, b"HTTP/1.1 302 Found\r\nLocation: /2\r\nContent-Length: 0\r\n\r\n"]
    with responder(lambda connection: script(hear(b"\r\n\r\n"), say(answers.pop()))(connection)) as peer:
        where = f"http://{peer.host}:{peer.port}/"
        found = document(send(HttpRequest(where, location=True)))
    assert found["command"] == ["http", "--location", where]
    assert [hop["command"] for hop in found["history"]] == [None]


def test_of_several_each_has_its_own_words_and_the_checks() -> None:
    request = DnsRequest("x", "A", "MX", "@127.0.0.1:1", timeout=0.2, expect=("response.status.code == 1",))
    parts = parts_of(request)
    found = [exchange.command for exchange in send_all(parts).exchanges]
    check = ("--expect", "response.status.code == 1")
    assert found == [("dns", "--timeout", "0.2", *check, "x", kind, "CLASS1", "@udp://127.0.0.1:1") for kind in ("TYPE1", "TYPE15")]


def last_of(running: Generator[Any, None, Any]) -> Any:
    while True:
        try:
            next(running)
        except StopIteration as end:
            return end.value


def test_the_exchanges_of_a_series_have_the_words_of_one() -> None:
    pool = Pool()
    with responder(script(hear(b"\r\n\r\n"), say(ANSWER))) as peer:
        where = f"http://{peer.host}:{peer.port}/"
        exchange = last_of(steps(HttpRequest(where), shared=Shared(pool=pool)))
    pool.close()
    assert (exchange.outcome, exchange.command) == ("ok", ("http", where))


def test_there_are_none_where_content_came_from_standard_input() -> None:
    assert reads_stdin(HttpRequest("http://h/", data=(("-d", "@-"),)))
    assert not reads_stdin(HttpRequest("http://h/", data=(("-d", "@f"),)))
