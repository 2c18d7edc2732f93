"""Server-Sent Events against hypercorn, and through nginx over HTTP/1.1 and HTTP/2; broken streams by exact bytes."""

from __future__ import annotations

import json
import signal
import statistics
import time
from typing import Any

import pytest
from peers.asgi import Asgi, AsgiProxy
from peers.ca import Authority
from peers.child import finish, piped, started
from peers.exchange import failure_of
from peers.script import Handler, end, hear, hear_end, reset, responder, say, script
from peers.verdict import SCHEMA

from rrcli.adapters.sse.request import SseRequest
from rrcli.base.errors import ExchangeError
from rrcli.engine.send import send
from rrcli.model.document import document
from rrcli.model.values import Exchange
from rrcli.policy.redact import masked

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def events_of(exchange: Exchange) -> list[dict[str, Any]]:
    assert exchange.response is not None
    return exchange.response.data["events"]


def datas(exchange: Exchange) -> list[Any]:
    return [event["data"] for event in events_of(exchange)]


def told(*answers: bytes, **options: Any) -> tuple[Exchange, list[bytes]]:
    """Send to a server that answers each connection with the next of these bytes, then closes; the heads it heard."""
    heard: list[bytes] = []
    left = iter(answers)

    def handle(connection: Any) -> None:
        script(hear(b"\r\n\r\n", heard), say(next(left)), end, hear_end)(connection)

    with responder(handle) as peer:
        return send(SseRequest(f"http://{peer.host}:{peer.port}/", **options)), heard


# --- what comes


def test_events_with_their_ids_and_json(asgi: Asgi) -> None:
    exchange = send(SseRequest(asgi.url("/count?to=2")))
    assert exchange.outcome == "ok"
    assert [{key: value for key, value in event.items() if key != "at_ms"} for event in events_of(exchange)] == [
        {"type": "count", "data": '{"number": 1, "done": false}', "id": "1", "json": {"number": 1, "done": False}},
        {"type": "count", "data": '{"number": 2, "done": true}', "id": "2", "json": {"number": 2, "done": True}},
    ]
    assert exchange.response is not None
    assert exchange.response.body is None
    assert 0 < events_of(exchange)[0]["at_ms"] <= events_of(exchange)[1]["at_ms"] <= exchange.timing.total_ns / 1e6 + 0.001


def test_what_is_asked_for(asgi: Asgi) -> None:
    exchange = send(SseRequest("POST", asgi.url("/echo"), "a=1", "X-Own:yes", last_event_id="41"))
    said = events_of(exchange)[0]["json"]
    assert (said["method"], said["body"]) == ("POST", '{"a": "1"}')
    names = ("accept", "cache-control", "last-event-id", "x-own", "content-type")
    assert [said["headers"][name] for name in names] == ["text/event-stream", "no-store", "41", "yes", "application/json"]


def test_the_users_own_accept_wins(asgi: Asgi) -> None:
    exchange = send(SseRequest(asgi.url("/echo"), headers=("Accept: text/event-stream;v=2", "Cache-Control:")))
    fields = events_of(exchange)[0]["json"]["headers"]
    assert (fields["accept"], fields.get("cache-control")) == ("text/event-stream;v=2", None)


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_through_a_proxy(version: str, asgi_proxy: AsgiProxy, ca: Authority) -> None:
    url = asgi_proxy.url("/count") if version == "1.1" else asgi_proxy.https("/count")
    exchange = send(SseRequest(url, cacert=str(ca.root)))
    assert [event["id"] for event in events_of(exchange)] == ["1", "2", "3"]
    assert exchange.response is not None
    assert exchange.response.data["version"] == f"HTTP/{version}"


@pytest.mark.parametrize("version", ["direct", "1.1", "2"])
def test_events_are_told_within_5_ms(version: str, asgi: Asgi, asgi_proxy: AsgiProxy, ca: Authority) -> None:
    """From the server's write to the line that comes out of our process; the median of many, for the machine may be busy."""
    path = "/stamps?n=25"
    url = {"direct": asgi.url(path), "1.1": asgi_proxy.url(path), "2": asgi_proxy.https(path)}[version]
    delays = []
    with started("sse", "--cacert", str(ca.root), url) as process:
        assert process.stdout
        for line in process.stdout:
            delays.append((time.monotonic_ns() - int(line)) / 1e6)
    assert len(delays) == 25
    assert statistics.median(delays) < 5, delays


def test_the_document_holds_to_the_schema(asgi: Asgi) -> None:
    for url in (asgi.url("/count?to=3&break=1"), asgi.url("/page")):
        exchange = send(SseRequest(url, reconnect=9, wire=4096))
        SCHEMA.validate(document(exchange))
        SCHEMA.validate(document(masked(exchange)))


# --- where it ends


def test_done_ends_it(asgi: Asgi) -> None:
    """The server holds the connection open behind `[DONE]`, which is no line of `raw`."""
    ended = piped("sse", "POST", asgi.url("/chat"), "prompt=hello world")
    assert (ended.code, ended.out) == (0, b'{"delta": "hello"}\n{"delta": "world"}\n')
    assert datas(send(SseRequest("POST", asgi.url("/chat"), "prompt=hi")))[-1] == "[DONE]"


@pytest.mark.parametrize(("most", "found"), [(0, []), (1, ["1"]), (2, ["1", "2"]), (9, ["1", "2", "3"])])
def test_a_number_of_events(most: int, found: list[str], asgi: Asgi) -> None:
    exchange = send(SseRequest(asgi.url("/count"), max_events=most))
    assert [event["id"] for event in events_of(exchange)] == found
    assert exchange.outcome == "ok"


def test_until_an_event_satisfies(asgi: Asgi) -> None:
    for expression in ("json.number == 2", "event.json.number == 2", "id == 2", "data contains ': 2'"):
        exchange = send(SseRequest(asgi.url("/count?to=9"), until=expression))
        assert [event["id"] for event in events_of(exchange)] == ["1", "2"], expression
        assert exchange.outcome == "ok"


def test_the_end_before_the_match_is_closed(asgi: Asgi) -> None:
    exchange = send(SseRequest(asgi.url("/count"), until="json.number == 7"))
    failure = failure_of(exchange)
    assert (failure.layer, failure.kind) == ("transport", "closed")
    assert failure.message == "the stream ended; no event satisfied --until 'json.number == 7': json.number is 3 in the last of 3 events"
    assert len(events_of(exchange)) == 3


def test_the_deadline_before_the_match(asgi: Asgi) -> None:
    failure = failure_of(send(SseRequest(asgi.url("/silence"), until="data == two", deadline=0.2)))
    assert (failure.layer, failure.kind) == ("transport", "timeout")
    assert failure.message.endswith("no event satisfied --until 'data == two': data is \"one\" in the only event")


def test_so_many_events_before_the_match(asgi: Asgi) -> None:
    failure = failure_of(send(SseRequest(asgi.url("/count"), until="json.number == 7", max_events=2)))
    assert failure.kind == "timeout"
    assert failure.message.startswith("--max-events 2 came; no event satisfied")


def test_silence(asgi: Asgi) -> None:
    exchange = send(SseRequest(asgi.url("/silence"), idle_timeout=0.2))
    assert (failure_of(exchange).kind, datas(exchange)) == ("timeout", ["one"])


def test_an_expression_that_no_event_has_is_a_usage_error(asgi: Asgi) -> None:
    with pytest.raises(ExchangeError, match="'status' is no key of an event"):
        send(SseRequest(asgi.url("/count"), until="status == 200"))


def test_an_event_without_its_end_is_left_out() -> None:
    exchange, _ = told(HEAD + b"\r\ndata: one\n\ndata: two\n")
    assert datas(exchange) == ["one"]
    assert [note.code for note in exchange.notes] == ["event-incomplete", "no-length"]


def test_an_event_too_large() -> None:
    exchange, _ = told(HEAD + b"\r\ndata: one\n\ndata: " + b"x" * 2000, max_size=1000)
    assert (failure_of(exchange).kind, datas(exchange)) == ("too_large", ["one"])


def test_more_events_than_are_kept() -> None:
    exchange, _ = told(HEAD + b"\r\n" + b"data: 12345678901234567890\n\n" * 100, max_size=1000)
    assert len(events_of(exchange)) < 100
    assert [note.code for note in exchange.notes] == ["events-left-out", "no-length"]


# --- what is no stream


def test_another_content_type(asgi: Asgi) -> None:
    failure = failure_of(send(SseRequest(asgi.url("/page"))))
    assert (failure.layer, failure.kind) == ("protocol", "unsupported")
    assert failure.message == "expected text/event-stream, got text/html"


def test_another_status(asgi: Asgi) -> None:
    exchange = send(SseRequest(asgi.url("/nothing")))
    assert (exchange.outcome, failure_of(exchange).kind) == ("application_error", "bad_status")
    assert exchange.response is not None
    assert exchange.response.body is not None
    assert exchange.response.body.data == b'{"error": "no such stream"}'


def test_a_redirect_is_followed_where_asked(asgi: Asgi) -> None:
    assert failure_of(send(SseRequest(asgi.url("/moved?to=1")))).kind == "bad_status"
    exchange = send(SseRequest(asgi.url("/moved?to=1"), location=True))
    assert ([event["id"] for event in events_of(exchange)], [hop.why for hop in exchange.history]) == (["1"], ["redirect"])


# --- again


def test_the_end_is_the_end_unless_asked(asgi: Asgi) -> None:
    exchange = send(SseRequest(asgi.url("/count?to=4&break=2")))
    assert ([event["id"] for event in events_of(exchange)], exchange.history, exchange.outcome) == (["1", "2"], (), "ok")


def test_it_goes_on_where_it_broke_off(asgi: Asgi) -> None:
    """Until 204, by which the server says that there is no more; all events together, and each connection's own in the history."""
    exchange = send(SseRequest(asgi.url("/count?to=5&break=2&retry=20"), reconnect=9))
    assert [event["id"] for event in events_of(exchange)] == ["1", "2", "3", "4", "5"]
    assert exchange.response is not None
    assert exchange.response.status.code == 204
    assert [(hop.why, [event["id"] for event in events_of(hop)]) for hop in exchange.history] == [
        ("retry", ["1", "2"]),
        ("retry", ["3", "4"]),
        ("retry", ["5"]),
    ]
    at = [event["at_ms"] for event in events_of(exchange)]
    assert at == sorted(at)
    assert at[2] - at[1] >= 20


def test_so_many_connections(asgi: Asgi) -> None:
    exchange = send(SseRequest(asgi.url("/count?to=50&break=1"), reconnect=25))
    assert (len(events_of(exchange)), len(exchange.history), exchange.outcome) == (26, 25, "ok")


def test_through_a_redirect_each_time(asgi: Asgi) -> None:
    exchange = send(SseRequest(asgi.url("/moved?to=2&break=1"), reconnect=1, location=True))
    assert [event["id"] for event in events_of(exchange)] == ["1", "2"]
    assert [hop.why for hop in exchange.history] == ["redirect", "retry", "redirect"]


def test_a_lost_connection_is_taken_up_again() -> None:
    exchange, heard = told(
        CHUNKED + chunk(b"retry: 1\nid: \xc3\xa9\ndata: one\n\n") + b"5\r\nda",
        CHUNKED + chunk(b"data: two\n\n") + b"0\r\n\r\n",
        reconnect=1,
    )
    assert (datas(exchange), exchange.outcome) == (["one", "two"], "ok")
    assert [failure_of(hop).kind for hop in exchange.history] == ["truncated"]
    assert [b"Last-Event-ID" in head for head in heard] == [False, True]
    assert b"Last-Event-ID: \xc3\xa9\r\n" in heard[1]


def test_what_each_connection_says_again_is_noted_once() -> None:
    exchange, heard = told(*[HEAD + b"\r\nretry: 0\ndata: one\n\n"] * 4, reconnect=3)
    assert (len(heard), datas(exchange)) == (4, ["one"] * 4)
    assert [note.code for note in exchange.notes] == ["no-length"]


def test_without_leave_a_lost_connection_is_a_failure() -> None:
    exchange, _ = told(CHUNKED + chunk(b"data: one\n\n") + b"5\r\nda")
    assert (failure_of(exchange).kind, datas(exchange)) == ("truncated", ["one"])


def test_the_number_of_events_is_that_of_all_connections(asgi: Asgi) -> None:
    exchange = send(SseRequest(asgi.url("/count?to=9&break=2"), reconnect=9, max_events=3))
    assert [event["id"] for event in events_of(exchange)] == ["1", "2", "3"]


def test_the_first_connection_is_not_repeated() -> None:
    refused: Handler = reset
    with responder(refused) as peer:
        exchange = send(SseRequest(f"http://{peer.host}:{peer.port}/", reconnect=3))
    assert (exchange.error is not None, exchange.history) == (True, ())


def test_the_wait_ends_with_the_deadline() -> None:
    exchange, _ = told(HEAD + b"\r\nretry: 60000\ndata: one\n\n", reconnect=1, deadline=0.3)
    assert failure_of(exchange).kind == "timeout"
    assert [datas(hop) for hop in exchange.history] == [["one"]]


def test_standard_input_is_not_sent_twice() -> None:
    with pytest.raises(ExchangeError, match="standard input can be read only once"):
        send(SseRequest("http://127.0.0.1:1/", data=(("-d", "@-"),), reconnect=1))


# --- what people see


def test_one_line_of_json_for_each(asgi: Asgi) -> None:
    ended = piped("sse", asgi.url("/count?to=1"), "--format", "ndjson")
    event, exchange = map(json.loads, ended.out.splitlines())
    assert (event["schema"], event["type"], event["id"], event["json"]) == ("rrcli.event/1", "count", "1", {"number": 1, "done": True})
    assert (exchange["schema"], exchange["protocol"]) == ("rrcli.exchange/1", "sse")


def test_drawn_with_a_summary(asgi: Asgi) -> None:
    lines = piped("sse", asgi.url("/count"), "--format", "pretty").out.decode().splitlines()
    assert lines[0] == "← HTTP/1.1 200"
    assert lines[1].endswith(' ms  count  #1  {"number": 1, "done": false}')
    assert any(line.startswith("  3 count events") and line.endswith("last id 3") for line in lines)


def test_the_same_with_curl(asgi: Asgi) -> None:
    ended = piped("sse", asgi.url("/count?to=1"), "--format", "curl")
    assert ended.out.startswith(b"curl -N ")
    assert b"-H 'Accept: text/event-stream' -H 'Cache-Control: no-store'" in ended.out


def test_to_a_file(asgi: Asgi, tmp_path: Any) -> None:
    assert piped("sse", asgi.url("/stamps?n=2"), "-o", str(tmp_path / "events")).code == 0
    assert len((tmp_path / "events").read_text().splitlines()) == 2


def test_ctrl_c_reports_what_came(asgi: Asgi) -> None:
    with started("sse", asgi.url("/silence"), "--format", "ndjson") as process:
        assert process.stdout
        assert json.loads(process.stdout.readline())["data"] == "one"
        process.send_signal(signal.SIGINT)
        ended = finish(process)
    exchange = json.loads(ended.out)
    assert (ended.code, exchange["error"]["kind"]) == (130, "interrupted")
    assert [event["data"] for event in exchange["response"]["data"]["events"]] == ["one"]


def test_a_secret_that_an_event_echoes_is_masked(asgi: Asgi) -> None:
    for style in ("pretty", "ndjson"):
        assert b"s3cr3t-s3cr3t" not in piped("sse", asgi.url("/echo"), "--bearer", "s3cr3t-s3cr3t", "--format", style).out
