"""Answers that are lines of JSON: events of `rrcli http`, for `--until`, `--max-events`, the document and every format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from peers.child import on_terminal
from peers.exchange import failure_of
from peers.script import hear, hear_end, responder, say, script

from rrcli.__main__ import main
from rrcli.adapters.http.request import HttpRequest
from rrcli.base.errors import ExchangeError
from rrcli.engine.send import send
from rrcli.model.document import document
from rrcli.model.values import Exchange

NDJSON = "application/x-ndjson"
THREE = b'{"n":1,"state":"busy"}\n{"n":2,"state":"done"}\n{"n":3,"state":"gone"}\n'


@contextmanager
def streaming(*pieces: bytes, media_type: str = NDJSON, ends: bool = True, asked: list[bytes] | None = None) -> Iterator[str]:
    """The URL of a server that sends these chunks, and then the end of the content or nothing more."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    steps = [hear(b"\r\n\r\n", asked), say(head + chunks + (b"0\r\n\r\n" if ends else b"")), *([] if ends else [hear_end])]
    with responder(script(*steps)) as peer:
        yield f"http://{peer.host}:{peer.port}/"


def events_of(exchange: Exchange) -> list[dict[str, Any]]:
    assert exchange.response is not None
    return [{key: value for key, value in event.items() if key != "at_ms"} for event in exchange.response.data["events"]]


def test_each_line_is_an_event_of_the_document_beside_the_content() -> None:
    with streaming(b'{"n":1}\n[2]\nno', b" json\n\n3") as url:
        exchange = send(HttpRequest(url))
    assert events_of(exchange) == [
        {"type": "line", "data": '{"n":1}', "json": {"n": 1}},
        {"type": "line", "data": "[2]", "json": [2]},
        {"type": "line", "data": "no json", "json": None},
        {"type": "line", "data": "3", "json": 3},
    ]
    value = document(exchange)["response"]
    assert value["body"]["text"] == '{"n":1}\n[2]\nno json\n\n3'
    assert [type(event["at_ms"]) for event in value["data"]["events"]] == [float] * 4


@pytest.mark.parametrize("media_type", [NDJSON, "application/jsonl", "application/json-seq", "application/x-ndjson; charset=utf-8"])
@pytest.mark.parametrize("until", ["json.state == done", "data contains done", "length(json.state) == 4 ", "json.n >= 2"])
def test_until_ends_the_exchange_with_the_line_for_which_it_holds(media_type: str, until: str) -> None:
    asked: list[bytes] = []
    data = b"".join(b"\x1e" + line + b"\n" for line in THREE.splitlines()) if "seq" in media_type else THREE
    with streaming(data, media_type=media_type, ends=False, asked=asked) as url:
        exchange = send(HttpRequest(url, until=until, deadline=5.0))
    assert exchange.outcome == "ok"
    found = events_of(exchange)
    assert [event["json"]["n"] for event in found] == ([1] if "length" in until else [1, 2])
    assert exchange.response
    assert exchange.response.body
    assert exchange.response.body.data == data[: data.index(b"\n") + 1 if "length" in until else data.index(b"done") + 7]
    assert (len(asked), exchange.history) == (1, ())


def test_until_on_the_time_or_the_type_of_a_line() -> None:
    for until in ("at_ms >= 0", "type == line"):
        with streaming(THREE, ends=False) as url:
            assert len(events_of(send(HttpRequest(url, until=until, deadline=5.0)))) == 1


def test_until_that_no_line_satisfies_is_a_failure_and_nothing_is_asked_again() -> None:
    asked: list[bytes] = []
    with streaming(THREE, asked=asked) as url:
        exchange = send(HttpRequest(url, until="json.state == never", deadline=5.0))
    failure = failure_of(exchange)
    assert (failure.layer, failure.kind) == ("transport", "closed")
    assert failure.message == (
        "the stream ended; no event satisfied --until 'json.state == never': json.state is \"gone\" in the last of 3 events"
    )
    assert len(asked) == 1


def test_until_that_no_line_satisfies_in_time_is_a_timeout() -> None:
    with streaming(THREE, ends=False) as url:
        failure = failure_of(send(HttpRequest(url, until="json.state == never", deadline=0.3)))
    assert (failure.kind, failure.phase) == ("timeout", "receive")
    assert failure.message.startswith("receiving the answer: the time limit passed (--deadline 300ms); no event satisfied --until")


@pytest.mark.parametrize("until", ["status == 200", "body contains gone", "response.data.events[2].json.n == 3"])
def test_any_other_until_is_judged_on_the_exchange(until: str) -> None:
    asked: list[bytes] = []
    with streaming(THREE, asked=asked) as url:
        exchange = send(HttpRequest(url, until=until, every=0.01, deadline=5.0))
    assert (exchange.outcome, len(events_of(exchange)), len(asked)) == ("ok", 3, 1)
    with streaming(THREE, asked=asked) as url:
        exchange = send(
            HttpRequest(url, until=until.replace("200", "201").replace("gone", "x").replace("3", "4"), every=0.05, deadline=0.3)
        )
    assert failure_of(exchange).kind == "timeout"
    assert len(asked) > 2


def test_until_on_json_of_an_answer_that_is_no_stream_asks_again() -> None:
    """The first answers one value, the second lines: each is read as what it is."""
    answers = iter([("application/json", b'{"state":"busy"}'), (NDJSON, THREE)])

    def handle(connection: Any) -> None:
        media_type, body = next(answers)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        script(hear(b"\r\n\r\n"), say(head + body))(connection)

    with responder(handle) as peer:
        exchange = send(HttpRequest(f"http://{peer.host}:{peer.port}/", until="json.state == done", every=0.01, deadline=5.0))
    assert (exchange.outcome, len(exchange.history), len(events_of(exchange))) == ("ok", 1, 2)


def test_max_events_counts_lines() -> None:
    with streaming(THREE[:30], THREE[30:], ends=False) as url:
        exchange = send(HttpRequest(url, max_events=2, deadline=5.0))
    assert exchange.outcome == "ok"
    assert [event["json"]["n"] for event in events_of(exchange)] == [1, 2]


def test_an_unknown_name_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(ExchangeError, match="'jsn' in 'jsn.state' is no key of the document; did you mean json"):
        send(HttpRequest("http://127.0.0.1:1/", until="jsn.state == done"))


def test_silence_ends_a_stream_of_lines_and_the_default_limit_of_an_attempt_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rrcli.options.request.DEFAULT_TIMEOUT", 0.2)
    monkeypatch.setattr("rrcli.options.request.IDLE_TIMEOUT", 0.4)
    with streaming(THREE, ends=False) as url:
        for options, limit in (
            ({}, "--idle-timeout 400ms"),
            ({"timeout": 0.1}, "--timeout 100ms"),
            ({"idle_timeout": 0.1}, "--idle-timeout 100ms"),
        ):
            assert failure_of(send(HttpRequest(url, **options))).message == f"receiving the answer: the time limit passed ({limit})"


# --- formats


def run(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(list(words))
    return code, *capfd.readouterr()


@pytest.mark.parametrize("limit", [("--max-events", "2"), ("--until", "json.state == done")])
def test_every_format_ends_with_the_last_line_that_is_wanted(capfd: pytest.CaptureFixture[str], limit: tuple[str, ...]) -> None:
    two = THREE[: THREE.index(b"\n", 30) + 1].decode()
    with streaming(THREE, ends=False) as url:
        assert run(capfd, "http", url, *limit) == (0, two, "")
        code, out, _ = run(capfd, "http", url, *limit, "--format", "ndjson")
        lines = [json.loads(line) for line in out.splitlines()]
        assert [line["schema"] for line in lines] == ["rrcli.event/1", "rrcli.event/1", "rrcli.exchange/1"]
        assert [line["json"]["n"] for line in lines[:2]] == [1, 2]
        code, out, _ = run(capfd, "http", url, *limit, "--json")
        assert (code, [event["json"]["n"] for event in json.loads(out)["response"]["data"]["events"]]) == (0, [1, 2])
        assert run(capfd, "http", url, *limit, "--format", "body") == (0, two, "")
        code, out, _ = run(capfd, "http", url, *limit, "--format", "pretty")
        assert (code, "2 line events" in out) == (0, True)


def test_on_a_terminal_the_lines_are_shown_as_they_come() -> None:
    with streaming(THREE, ends=False) as url:
        shown = on_terminal("http", url, "--until", "json.state == done", "-s").out.decode()
    lines = shown.splitlines()
    assert [line.split(" ms  ")[1] for line in lines[:2]] == ['{"n":1,"state":"busy"}', '{"n":2,"state":"done"}']
    assert lines[2].startswith("✔ 200 OK")
    assert "2 lines above, as they came" in shown


def test_a_download_of_lines_takes_none_of_them_apart(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rrcli.codec.jsonlines.JsonLinesDecoder.feed", None)
    with streaming(THREE) as url:
        assert run(capfd, "http", url) == (0, THREE.decode(), "")
