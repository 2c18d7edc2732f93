"""Long polling and asynchronous request-reply against hypercorn, and through nginx; what no server does on demand by exact bytes."""

from __future__ import annotations

import json
import signal
import time
from typing import Any

import pytest
from peers.asgi import Asgi, AsgiProxy
from peers.ca import Authority
from peers.child import finish, on_terminal, piped, started
from peers.exchange import codes, failure_of
from peers.script import hear, hear_end, pause, responder, say, script
from peers.verdict import SCHEMA

from rrcli.adapters.poll.request import PollRequest
from rrcli.base.errors import ExchangeError
from rrcli.engine.send import send
from rrcli.model.document import document
from rrcli.model.values import Exchange
from rrcli.policy.redact import masked

HEAD = b"HTTP/1.1 %b\r\nConnection: close\r\nContent-Length: %d\r\n%b\r\n%b"


def answer(status: bytes, content: bytes = b"", *fields: bytes) -> bytes:
    return HEAD % (status, len(content), b"".join(field + b"\r\n" for field in fields), content)


def data_of(exchange: Exchange) -> dict[str, Any]:
    assert exchange.response is not None
    return dict(exchange.response.data)


def datas(exchange: Exchange) -> list[Any]:
    return [event["data"] for event in data_of(exchange)["events"]]


def told(*answers: bytes | tuple[float, bytes], words: tuple[str, ...] = (), **options: Any) -> tuple[Exchange, list[bytes]]:
    """Poll a server that gives each connection the next of these answers, some after a while; the heads it heard."""
    heard: list[bytes] = []
    left = iter(answers)

    def handle(connection: Any) -> None:
        hear(b"\r\n\r\n", heard)(connection)
        found = next(left, b"")
        delay, data = found if isinstance(found, tuple) else (0.0, found)
        script(pause(delay), say(data))(connection)

    with responder(handle) as peer:
        return send(PollRequest(f"http://{peer.host}:{peer.port}/", *words, **{"every": 0.01, "retry_delay": 0.01, **options})), heard


def paths(heard: list[bytes]) -> list[str]:
    return [head.split(b" ")[1].decode() for head in heard]


# --- long polling


def test_each_answer_is_an_event_and_the_cursor_goes_on(asgi: Asgi) -> None:
    exchange = send(PollRequest(asgi.url("/feed?hold=150"), "since=={{cursor}}", cursor="json.next", max_events=2))
    events = data_of(exchange)["events"]
    held, at = ([event.pop(key) for event in events] for key in ("held_ms", "at_ms"))
    for number, event in enumerate(events, 1):
        value = {"items": [{"id": number}], "next": number}
        expected = {"type": "poll", "data": json.dumps(value), "number": number, "status": 200, "cursor": str(number), "json": value}
        assert event == expected
    assert all(140 <= value <= 450 for value in held)
    assert 150 <= at[0] <= at[1] - 150
    assert data_of(exchange)["polls"] == {"made": 2, "empty": 0, "failed": 0, "cursor": "2"}
    assert (exchange.outcome, [hop.why for hop in exchange.history], exchange.connection.reused) == ("ok", ["poll"], True)


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_through_a_proxy_over_one_connection(version: str, asgi_proxy: AsgiProxy, ca: Authority) -> None:
    url = asgi_proxy.url("/feed") if version == "1.1" else asgi_proxy.https("/feed")
    exchange = send(PollRequest(url, "since=={{cursor}}", cursor="json.next", max_events=3, cacert=str(ca.root)))
    assert [event["cursor"] for event in data_of(exchange)["events"]] == ["1", "2", "3"]
    assert data_of(exchange)["version"] == f"HTTP/{version}"
    assert [hop.connection.reused for hop in (*exchange.history, exchange)] == [False, True, True]


def test_what_brings_nothing_is_counted(asgi: Asgi) -> None:
    exchange = send(PollRequest(asgi.url("/feed?to=0"), every=0.05, deadline=0.3))
    assert (datas(exchange), failure_of(exchange).kind) == ([], "timeout")
    assert 3 <= data_of(exchange)["polls"]["empty"] == data_of(exchange)["polls"]["made"] <= 6
    assert failure_of(exchange).message.endswith("times, last: 204")


def test_empty_answers_told_as_well() -> None:
    exchange, _ = told(answer(b"204 No Content"), answer(b"200 OK", b"[]"), answer(b"200 OK", b'{"a": []}'), empty=True, max_events=3)
    assert [event["type"] for event in data_of(exchange)["events"]] == ["empty"] * 3


def test_the_first_request_has_no_cursor_yet() -> None:
    _, heard = told(
        answer(b"200 OK", b'{"n": "a b&c=1"}'),
        answer(b"200 OK", b'{"n": 2}'),
        words=("since=={{cursor}}", "X-Since:{{cursor}}", "X-Both:v{{cursor}}"),
        cursor="json.n",
        max_events=2,
    )
    assert paths(heard) == ["/", "/?since=a%20b%26c%3D1"]
    assert [b"X-Since" in head for head in heard] == [False, True]
    assert [b"\r\nX-Both: v\r\n" in heard[0], b"\r\nX-Both: va b&c=1\r\n" in heard[1]] == [True, True]


def test_it_begins_where_it_is_told() -> None:
    _, heard = told(answer(b"200 OK", b"x"), words=("since=={{cursor}}",), cursor="json.n", cursor_start="41", max_events=1)
    assert paths(heard) == ["/?since=41"]


@pytest.mark.parametrize(
    ("options", "content"),
    [
        ({"words": ("a={{cursor}}", "b:={{cursor}}")}, b'{"a": "%b", "b": %b}'),
        ({"data": (("-d", "a={{cursor}}&b=1"),)}, b"a=%b&b=1"),
        ({"data": (("--data-raw", '{"a": "x{{cursor}}", "b": {{cursor}}}'),)}, b'{"a": "x%b", "b": %b}'),
    ],
)
@pytest.mark.parametrize(
    ("cursor", "within", "alone", "in_form"),
    [
        (b"17", b"17", b"17", b"17"),
        (b'"@/etc/passwd\\""', b'@/etc/passwd\\"', b'"@/etc/passwd\\""', b"%40%2Fetc%2Fpasswd%22"),
    ],
)
def test_a_cursor_in_the_content(
    options: dict[str, Any], content: bytes, cursor: bytes, within: bytes, alone: bytes, in_form: bytes
) -> None:
    """A server's text is never read as a word of the command line, where an @ names a file."""
    heard: list[bytes] = []

    def handle(connection: Any) -> None:
        head: list[bytes] = []
        hear(b"\r\n\r\n", head)(connection)
        length = int(head[0].split(b"Content-Length: ")[1].split(b"\r\n")[0])
        heard.append(connection.recv(length) if length else b"")
        say(answer(b"200 OK", b'{"n": %b}' % cursor))(connection)

    with responder(handle) as peer:
        words = ("POST", f"http://{peer.host}:{peer.port}/", *options.get("words", ()))
        send(PollRequest(*words, cursor="json.n", cursor_start="0", max_events=2, data=options.get("data", ())))
    expected = content % in_form if content.startswith(b"a=") else content % (within, alone)
    assert json.loads(heard[1]) == json.loads(expected) if heard[1][:1] == b"{" else heard[1] == expected


def test_an_etag_becomes_a_precondition(asgi: Asgi) -> None:
    exchange = send(PollRequest(asgi.url("/tagged?name=etag"), cursor="header.etag", max_events=2, every=0.01))
    assert datas(exchange) == ['state "v0"', 'state "v1"']
    assert data_of(exchange)["polls"] == {"made": 3, "empty": 1, "failed": 0, "cursor": '"v1"'}


def test_a_link_to_the_next(asgi: Asgi) -> None:
    began = time.monotonic()
    assert datas(send(PollRequest(asgi.url("/pages"), max_events=3))) == ["[1]", "[2]", "[3]"]
    assert time.monotonic() - began < 0.9  # no waiting between pages


def test_until_an_event_satisfies(asgi: Asgi) -> None:
    exchange = send(PollRequest(asgi.url("/feed?to=9"), "since=={{cursor}}", cursor="json.next", until="cursor == 4"))
    assert (exchange.outcome, len(datas(exchange))) == ("ok", 4)


def test_until_on_a_resource_that_is_no_long_poll(asgi: Asgi) -> None:
    began = time.monotonic()
    exchange = send(PollRequest(asgi.url("/job?name=plain&after=4"), until="json.state == done", every=0.1))
    assert (exchange.outcome, len(datas(exchange))) == ("ok", 4)
    assert time.monotonic() - began >= 0.3


def test_retry_after_between_polls() -> None:
    exchange, _ = told(answer(b"200 OK", b"a", b"Retry-After: 1"), answer(b"200 OK", b"b"), max_events=2, every=0.0)
    at = [event["at_ms"] for event in data_of(exchange)["events"]]
    assert at[1] - at[0] >= 990


def test_gaps_and_repeats() -> None:
    exchange, _ = told(
        answer(b"200 OK", b'[{"id": 1}, {"id": 2}]'),
        answer(b"200 OK", b'[{"id": 2}, {"id": 3}]'),
        answer(b"200 OK", b'[{"id": 7}]'),
        max_events=3,
    )
    events = data_of(exchange)["events"]
    assert [(event.get("missing"), event.get("repeated")) for event in events] == [(None, None), (None, 1), (3, None)]
    assert codes(exchange) == ["repeated", "gap"]


def test_a_cursor_that_stays_or_goes_back() -> None:
    answers = [answer(b"200 OK", b'{"n": %d, "x": [%d]}' % (number, at)) for at, number in enumerate((5, 5, 3))]
    exchange, _ = told(*answers, words=("n=={{cursor}}",), cursor="json.n", max_events=3)
    assert codes(exchange) == ["cursor-stuck", "cursor-back"]


@pytest.mark.parametrize("value", [b'{"n": ["a"]}', b'{"n": "a\\r\\nX-Evil: 1"}', b'{"n": "%b"}' % (b"x" * 9000)])
def test_a_cursor_that_cannot_be_sent(value: bytes) -> None:
    exchange, heard = told(answer(b"200 OK", value), words=("X-N:{{cursor}}",), cursor="json.n")
    assert (failure_of(exchange).kind, len(heard)) == ("malformed", 1)


def test_a_hold_that_a_proxy_ends() -> None:
    exchange, _ = told((1.05, answer(b"504 Gateway Timeout", b"<p>")), answer(b"200 OK", b"x"), max_events=1)
    assert (datas(exchange), data_of(exchange)["polls"]["empty"], codes(exchange)) == (["x"], 1, ["hold-ended"])


def test_a_poll_that_takes_too_long_is_asked_again() -> None:
    exchange, _ = told((5.0, b""), answer(b"200 OK", b"x"), max_events=1, timeout=0.15)
    assert (datas(exchange), codes(exchange)) == (["x"], ["poll-timeout"])
    assert [failure_of(hop).kind for hop in exchange.history] == ["timeout"]


def test_server_errors_between_answers_are_tolerated() -> None:
    exchange, _ = told(answer(b"200 OK", b"a"), answer(b"503 Busy", b"no"), b"", answer(b"200 OK", b"b"), max_events=2)
    assert (datas(exchange), data_of(exchange)["polls"]) == (["a", "b"], {"made": 4, "empty": 0, "failed": 2, "cursor": None})
    assert [hop.outcome for hop in exchange.history] == ["ok", "application_error", "error"]


def test_so_many_in_a_row_are_too_many() -> None:
    exchange, heard = told(answer(b"200 OK", b"a"), *[answer(b"503 Busy", b"no")] * 9, tolerate=2)
    assert (failure_of(exchange).kind, len(heard), datas(exchange)) == ("bad_status", 4, ["a"])


@pytest.mark.parametrize("status", [b"503 Busy", b"404 Not Found", b"302 Found"])
def test_a_first_answer_that_is_no_success_is_the_last(status: bytes) -> None:
    exchange, heard = told(answer(status, b"why"))
    assert (failure_of(exchange).kind, len(heard)) == ("bad_status", 1)
    assert exchange.response is not None
    assert exchange.response.body is not None
    assert exchange.response.body.data == b"why"


def test_an_answer_too_large() -> None:
    exchange, _ = told(answer(b"200 OK", b"x" * 2000), max_size=1000)
    assert failure_of(exchange).kind == "too_large"


def test_binary_content_is_an_event_too() -> None:
    exchange, _ = told(answer(b"200 OK", b"\0\xff"), max_events=1)
    assert datas(exchange) == [{"base64": "AP8="}]


def test_a_deadline_within_a_request_keeps_what_came() -> None:
    exchange, _ = told(answer(b"200 OK", b"a"), (5.0, b""), deadline=0.3)
    assert exchange.response is not None
    assert (datas(exchange), exchange.response.status.code, exchange.response.status.text) == (["a"], None, "no answer")
    failure = failure_of(exchange)
    assert (failure.message, failure.phase) == (
        "waiting for the answer: the time limit passed (--deadline 300ms); asked once, last: 200 OK: a",
        "wait",
    )
    SCHEMA.validate(document(exchange))


@pytest.mark.parametrize("path", ["/feed?to=1&hold=300", "/job?name=ctrl-c&after=9"])
def test_ctrl_c_keeps_what_came(path: str, asgi: Asgi) -> None:
    """While the server holds the request, and between two requests."""
    with started("poll", asgi.url(path), "since=={{cursor}}", "--cursor", "json.next", "--format", "ndjson", "--every", "9s") as process:
        assert process.stdout
        first = json.loads(process.stdout.readline())
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        ended = finish(process)
    exchange = json.loads(ended.out)
    assert (ended.code, exchange["error"]["kind"]) == (130, "interrupted")
    assert [event["data"] for event in exchange["response"]["data"]["events"]] == [first["data"]]


# --- a job


def job(asgi: Asgi, name: str, after: int = 3, more: str = "") -> str:
    return asgi.url(f"/jobs?name={name}&after={after}{more}")


def test_a_job_is_asked_for_until_its_result_is_there(asgi: Asgi) -> None:
    exchange = send(PollRequest("POST", job(asgi, "plain-job"), "a=1", every=0.01, user="ann:s3cr3t-1"))
    assert exchange.response is not None
    assert exchange.response.body is not None
    assert json.loads(exchange.response.body.data) == {"result": "plain-job", "method": "GET"}
    assert [(hop.why, hop.response and hop.response.status.code) for hop in exchange.history] == [
        ("poll", 202), ("poll", 202), ("poll", 202), ("redirect", 303),
    ]  # fmt: skip
    states = [event["json"] for event in data_of(exchange)["events"]]
    assert [(state["method"], state["authorization"] is not None) for state in states[1:3]] == [("GET", True)] * 2
    SCHEMA.validate(document(exchange))
    SCHEMA.validate(document(masked(exchange)))


def test_the_result_alone_is_content(asgi: Asgi) -> None:
    ended = piped("poll", "POST", job(asgi, "content"), "a=1", "--every", "10ms")
    assert (ended.code, ended.out) == (0, b'{"result": "content", "method": "GET"}')


def test_retry_after_of_a_status(asgi: Asgi) -> None:
    began = time.monotonic()
    send(PollRequest("POST", job(asgi, "patient", 2, "&retry=1"), "a=1", every=0.01))
    assert 1.0 <= time.monotonic() - began < 2.0


def test_the_url_of_the_status_in_the_content_and_until(asgi: Asgi) -> None:
    """A status of 200 is no end where an expression says what is."""
    request = PollRequest("POST", job(asgi, "linked", 3), "a=1", status_url="json.links.status", until="json.state == done", every=0.01)
    exchange = send(request)
    assert (exchange.outcome, [event["json"]["state"] for event in data_of(exchange)["events"]]) == (
        "ok",
        ["accepted", "busy", "busy", "done"],
    )


def test_the_deadline_names_the_last_state(asgi: Asgi) -> None:
    failure = failure_of(send(PollRequest("POST", job(asgi, "never", 10**6), "a=1", every=0.1, deadline=0.25)))
    assert (failure.layer, failure.kind) == ("transport", "timeout")
    assert failure.message.startswith('the time limit (--deadline 250ms) leaves no room; asked 3 times, last: 202: {"state": "busy"')


def test_a_get_that_is_not_ready_is_asked_again() -> None:
    exchange, heard = told(answer(b"202 Accepted"), answer(b"202 Accepted"), answer(b"200 OK", b"done"))
    assert exchange.response is not None
    assert exchange.response.body is not None
    assert (exchange.response.body.data, len(heard)) == (b"done", 3)


def test_a_post_that_names_no_place_to_ask() -> None:
    exchange, heard = told(answer(b"202 Accepted", b"x"), method="POST")
    assert (exchange.outcome, codes(exchange), len(heard)) == ("ok", ["nowhere-to-ask"], 1)


def test_credentials_stay_at_their_origin() -> None:
    there: list[bytes] = []
    with responder(script(hear(b"\r\n\r\n", there), say(answer(b"200 OK", b"x")), hear_end)) as other:
        location = f"Location: http://{other.host}:{other.port}/status".encode()
        exchange, here = told(
            answer(b"202 Accepted", b"", location),
            words=("X-Api-Key:k3y-k3y-k3y",),
            bearer="t0k3n-t0k3n",
            cookies=("a=s3cr3t",),
            method="PUT",
        )
    assert all(name in here[0] for name in (b"Authorization", b"X-Api-Key", b"Cookie"))
    assert there[0].startswith(b"GET /status HTTP/1.1\r\n")
    assert not any(name in there[0] for name in (b"Authorization", b"X-Api-Key", b"Cookie"))
    assert codes(exchange) == ["credentials-dropped"]


def test_a_status_elsewhere_than_http_is_not_asked() -> None:
    exchange, _ = told(answer(b"202 Accepted", b"", b"Location: file:///etc/passwd"))
    assert failure_of(exchange).kind == "unsupported"


def test_no_url_where_it_was_said_to_be() -> None:
    exchange, _ = told(answer(b"202 Accepted", b"{}"), status_url="json.links.status")
    assert failure_of(exchange).message == "the answer has no URL at --status-url json.links.status"


# --- what is wrong before anything is sent, and what people see


@pytest.mark.parametrize(
    ("words", "options", "message"),
    [
        (("a=={{cursor}}",), {}, "nothing says where an answer has it"),
        ((), {"cursor": "json.next"}, "stands nowhere"),
        ((), {"cursor": "next"}, "'next' is no key of an answer"),
        (("a=={{cursor}}",), {"cursor": "json.a", "compress": "gzip", "data": (("-d", "x"),)}, "--compress exclude each other"),
        ((), {"callback_url": "http://x"}, "--callback-url is for --callback, which is missing"),
        (("a={{callback}}",), {}, "--callback is missing"),
        ((), {"callback": True}, "stands nowhere"),
        (("a={{callback}}",), {"callback": True, "cursor": "json.a"}, "exclude each other"),
        (("a={{callback}}",), {"callback": True, "callback_bind": ("0.0.0.0", 0)}, "is every address, and none to be called at"),
        (("a={{callback}}",), {"callback": True, "callback_url": "tunnel.example"}, "is no http:// or https:// URL"),
        ((), {"until": "outcome == ok"}, "'outcome' is no key of an event"),
    ],
)
def test_usage(words: tuple[str, ...], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ExchangeError, match=message) as caught:
        send(PollRequest("http://127.0.0.1:1/", *words, **options))
    assert caught.value.layer == "usage"


def test_drawn_line_by_line(asgi: Asgi) -> None:
    ended = piped("poll", asgi.url("/feed"), "since=={{cursor}}", "--cursor", "json.next", "--max-events", "2", "--format", "pretty")
    lines = ended.out.decode().splitlines()
    assert lines[0].split(" ms  ")[1].startswith("poll  200 · held ")
    assert lines[0].endswith(' ms · 33 B  {"items": [{"id": 1}], "next": 1}')
    assert any(line.startswith("  2 poll events · over ") and line.endswith("2 requests · cursor 2") for line in lines)


def test_lines_of_json(asgi: Asgi) -> None:
    ended = piped("poll", asgi.url("/pages"), "--max-events", "1", "--format", "ndjson")
    event, exchange = map(json.loads, ended.out.splitlines())
    assert (event["schema"], event["type"], event["json"]) == ("rrcli.event/1", "poll", [1])
    assert (exchange["protocol"], exchange["response"]["data"]["polls"]["made"]) == ("poll", 1)


def test_offline(asgi: Asgi) -> None:
    ended = piped("poll", asgi.url("/feed"), "since=={{cursor}}", "--cursor", "json.n", "--cursor-start", "7", "--offline")
    assert ended.out.startswith(b"GET /feed?since=7 HTTP/1.1\r\n")


def test_a_terminal_shows_what_goes_on(asgi: Asgi) -> None:
    ended = on_terminal("poll", asgi.url("/feed?to=0"), "--every", "800ms", "--deadline", "2s", "--format", "json")
    assert b"asked 1 time: 204 \xc2\xb7 again in 0." in ended.out
