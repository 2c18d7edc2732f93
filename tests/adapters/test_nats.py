"""NATS requests, publishing and answering against real servers, 2.9 and 2.15, with a service of nats-py."""

from __future__ import annotations

import asyncio
import shlex
import threading
from pathlib import Path
from typing import Any

import nats as nats_py
import pytest
from peers import child
from peers.child import piped
from peers.nats import Nats

from rrcli.adapters.nats.natscli import as_command
from rrcli.adapters.nats.request import NatsRequest
from rrcli.adapters.nats.words import ALL
from rrcli.base.errors import ExchangeError
from rrcli.base.jsontext import loads
from rrcli.engine.send import send
from rrcli.model.document import document
from rrcli.model.values import Exchange


@pytest.fixture(autouse=True)
def no_server_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NATS_URL", raising=False)


def ask(server: Nats, *words: str, **options: Any) -> Exchange:
    return send(NatsRequest(f"nats://{server.address}", *words, **options))


def data(exchange: Exchange) -> dict[str, Any]:
    assert exchange.response
    return dict(exchange.response.data)


def notes(exchange: Exchange) -> list[str]:
    return [note.code for note in exchange.notes]


def usage_of(*words: str, **options: Any) -> str:
    with pytest.raises(ExchangeError) as caught:
        send(NatsRequest(*words, **options))
    assert caught.value.layer == "usage"
    return caught.value.message


# --- requests ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fixture", "version"), [("nats_service", "2.9.10"), ("nats_modern_service", "2.15.1")])
def test_the_parts_of_a_request(fixture: str, version: str, request: pytest.FixtureRequest) -> None:
    server: Nats = request.getfixturevalue(fixture)
    exchange = ask(server, "svc.echo", "hi")
    shown = document(exchange)
    found = shown["response"]["data"]
    (reply,) = found["replies"]
    assert {key: reply[key] for key in ("subject", "headers", "payload", "size")} == {
        "subject": found["inbox"], "headers": [], "payload": "hi", "size": 2,
    }  # fmt: skip
    assert found["inbox"].startswith("_INBOX.")
    assert found["info"]["version"] == version
    assert found["rtt_ms"] > 0
    assert shown["request"]["data"] == {
        "subject": "svc.echo", "reply_to": found["inbox"], "size": 2, "safe": False, "idempotent": False,
    }  # fmt: skip
    assert (shown["protocol"], shown["target"]["url"], shown["outcome"]) == ("nats", f"nats://{server.address}", "ok")
    assert shown["response"]["status"] == {"code": None, "text": "OK", "ok": True}
    assert (shown["response"]["summary"], shown["response"]["framing"]) == ("hi", "replies")
    assert shown["response"]["body"]["text"] == "hi"
    timing = shown["timing"]
    assert [phase for phase in ("connect", "tls", "handshake", "send", "wait", "receive") if timing[f"{phase}_ms"] is not None] == [
        "connect", "handshake", "send", "wait", "receive",
    ]  # fmt: skip


def test_raw_is_the_payload_with_a_line_end_when_it_is_text(nats_service: Nats) -> None:
    assert piped("nats", nats_service.address, "svc.echo", "hi").out == b"hi\n"
    assert piped("nats", nats_service.address, "svc.echo", "hi\n").out == b"hi\n\n"
    assert piped("nats", nats_service.address, "svc.bin").out == bytes(range(256))
    assert piped("nats", "--replies", "3", nats_service.address, "svc.three", "x").out == b"1\n2\n3\n"


def test_a_payload_of_any_bytes(nats_service: Nats, tmp_path: Path) -> None:
    path = tmp_path / "payload"
    path.write_bytes(b"\0\xff")
    for options in ({"payload_hex": b"\0\xff"}, {"payload_base64": b"\0\xff"}, {"payload_file": str(path)}):
        (reply,) = data(ask(nats_service, "svc.echo", **options))["replies"]
        assert (reply["payload"], reply["size"], "json" in reply) == ({"base64": "AP8="}, 2, False)
    words = ("nats", "--payload-file", "-", nats_service.address, "svc.echo")
    assert child.run(*words, input=b"from stdin", check=True).stdout == b"from stdin\n"
    assert piped("nats", "--payload-hex", "00ff", nats_service.address, "svc.echo").out == b"\0\xff"
    assert piped("nats", "--payload-base64", "AP8=", nats_service.address, "svc.echo").out == b"\0\xff"


def test_a_payload_that_is_json(nats_service: Nats) -> None:
    (reply,) = data(ask(nats_service, "svc.echo", '{"id": 7}'))["replies"]
    assert (reply["payload"], reply["json"]) == ('{"id": 7}', {"id": 7})
    assert piped("nats", "--query", "json.id", nats_service.address, "svc.echo", '{"id": 7}').out == b"7\n"


def test_no_responders_are_told_at_once(nats: Nats, nats_modern: Nats) -> None:
    for server in (nats, nats_modern):
        exchange = ask(server, "no.one", "hi", replies=ALL)
        assert exchange.response
        assert (exchange.response.status.code, exchange.response.status.text) == (503, "No Responders")
        assert (exchange.response.framing, data(exchange)["replies"]) == ("no-responders", [])
        assert exchange.timing.total_ns < 500e6
        assert exchange.error
        assert (exchange.error.kind, exchange.error.delivery, exchange.error.retry) == ("bad_status", "answered", "safe")
    ended = piped("nats", nats.address, "no.one", "hi")
    assert (ended.code, ended.out) == (1, b"")
    assert b"Yes: it was not carried out." in ended.err
    assert piped("nats", "--ok", "any", nats.address, "no.one", "hi").code == 0


def test_no_responders_are_asked_again_with_retry(nats: Nats) -> None:
    exchange = ask(nats, "no.one", "hi", retry=2, retry_delay=0.01)
    assert [earlier.why for earlier in exchange.history] == ["retry", "retry"]
    assert len({data(each)["inbox"] for each in (*exchange.history, exchange)}) == 3


def test_silence_is_a_timeout_of_the_wait(nats_service: Nats) -> None:
    exchange = ask(nats_service, "svc.mute", "hi", timeout=0.5)
    assert exchange.error
    assert (exchange.error.kind, exchange.error.phase, exchange.error.delivery) == ("timeout", "wait", "unknown")
    assert exchange.error.retry == "unsafe"
    assert piped("nats", "-m", "0.5", nats_service.address, "svc.mute", "hi").code == 6


def test_a_slow_reply_has_all_of_the_timeout(nats_service: Nats) -> None:
    exchange = ask(nats_service, "svc.slow", "hi", timeout=4.0, reply_timeout=0.1)
    assert [reply["payload"] for reply in data(exchange)["replies"]] == ["late"]
    assert 1.9e9 < exchange.timing.total_ns < 3e9


@pytest.mark.parametrize(
    ("replies", "payloads", "framing", "told"),
    [
        (1, ["1"], "replies", []),
        (2, ["1", "2"], "replies", []),
        (3, ["1", "2", "3"], "replies", []),
        (4, ["1", "2", "3"], "reply-timeout", ["replies"]),
        (ALL, ["1", "2", "3"], "reply-timeout", []),
    ],
)
def test_several_replies(nats_service: Nats, replies: int, payloads: list[str], framing: str, told: list[str]) -> None:
    exchange = ask(nats_service, "svc.three", "x", replies=replies)
    found = data(exchange)["replies"]
    assert exchange.response
    assert ([reply["payload"] for reply in found], exchange.response.framing) == (payloads, framing)
    times = [reply["at_ms"] for reply in found]
    assert times == sorted(set(times))
    assert notes(exchange) == told
    assert exchange.outcome == "ok"


def test_the_silence_between_replies_is_the_one_asked_for(nats_service: Nats) -> None:
    exchange = ask(nats_service, "svc.three", "x", replies=ALL, reply_timeout=0.01)
    assert [reply["payload"] for reply in data(exchange)["replies"]] == ["1"]


def test_what_came_is_kept_when_the_timeout_passes_between_replies(nats_service: Nats) -> None:
    exchange = ask(nats_service, "svc.three", "x", replies=9, reply_timeout=5.0, timeout=0.5)
    assert [reply["payload"] for reply in data(exchange)["replies"]] == ["1", "2", "3"]
    assert exchange.error
    assert (exchange.error.kind, exchange.error.phase, exchange.error.delivery) == ("timeout", "receive", "answered")


def test_headers_keep_their_order_and_their_letters(nats: Nats) -> None:
    """Asked of our own echo, since nats-py keeps one value of a name."""
    pairs = [["X-A", "b"], ["X-A", "c"], ["x-lower", "with space"]]
    thread = threading.Thread(target=ask, args=(nats, "our.headers"), kwargs={"reply_echo": True, "max_events": 1})
    thread.start()
    exchange = ask(nats, "our.headers", "x", headers=("X-A: b", "X-A:c", "x-lower:  with space "), retry=20, retry_delay=0.1)
    thread.join(10)
    assert [list(pair) for pair in exchange.request.fields] == pairs
    assert data(exchange)["replies"][0]["headers"] == pairs
    assert piped("nats", "-H", "nonsense", nats.address, "svc.echo").code == 2


def test_what_correlates_goes_into_headers_when_it_is_asked_for(nats_service: Nats) -> None:
    assert ask(nats_service, "svc.echo", "x").request.fields == ()
    exchange = ask(nats_service, "svc.echo", "x", request_id="auto", traceparent="auto", idempotency_key="auto")
    fields = dict(exchange.request.fields)
    assert list(fields) == ["Nats-Msg-Id", "X-Request-ID", "traceparent"]
    assert fields["X-Request-ID"] == exchange.id
    assert len(fields["traceparent"]) == 55
    assert sorted(map(tuple, data(exchange)["replies"][0]["headers"])) == sorted(exchange.request.fields)


def test_an_error_of_a_service_is_the_status(nats_service: Nats) -> None:
    exchange = ask(nats_service, "svc.err", "x")
    assert exchange.response
    assert exchange.error
    assert (exchange.response.status.code, exchange.response.status.text) == (404, "not here")
    assert (exchange.error.message, exchange.error.delivery, exchange.error.retry) == ("404 not here", "answered", "unsafe")
    assert piped("nats", nats_service.address, "svc.err", "x").code == 1


# --- without a reply ---------------------------------------------------------------------------------------


def test_publishing_ends_when_the_server_has_the_message(nats_service: Nats) -> None:
    exchange = ask(nats_service, "no.one", "hi", no_reply=True)
    assert (exchange.outcome, notes(exchange), data(exchange)["replies"]) == ("ok", ["nobody-tells"], [])
    assert exchange.request.data["reply_to"] is None
    ended = piped("nats", "--no-reply", nats_service.address, "no.one", "hi")
    assert (ended.code, ended.out) == (0, b"")


def test_a_url_alone_asks_for_pong(nats: Nats) -> None:
    exchange = ask(nats)
    assert exchange.response
    assert (exchange.response.summary, exchange.outcome) == ("PONG", "ok")
    assert dict(exchange.request.data) == {"subject": None, "safe": True, "idempotent": True}
    assert piped("nats", f"nats://{nats.address}").out == b"PONG\n"


def test_the_server_of_the_environment(nats: Nats, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NATS_URL", f"nats://{nats.address}")
    assert send(NatsRequest("no.one")).target.url == f"nats://{nats.address}"


def test_doctor_walks_to_pong(nats: Nats) -> None:
    ended = piped("doctor", f"nats://{nats.address}")
    assert ended.code == 0
    assert b"all layers work" in ended.out


# --- answering ---------------------------------------------------------------------------------------------


def requests(
    server: Nats, subject: str, *payloads: bytes, headers: dict[str, str] | None = None
) -> list[tuple[bytes, dict[str, str] | None]]:
    """What nats-py is answered, once somebody listens."""

    async def run() -> list[tuple[bytes, dict[str, str] | None]]:
        client = await nats_py.connect(f"nats://{server.address}")
        found = []
        for payload in payloads:
            for _ in range(100):
                try:
                    answer = await client.request(subject, payload, timeout=5, headers=headers)
                    break
                except nats_py.errors.NoRespondersError:
                    await asyncio.sleep(0.05)
            found.append((answer.data, answer.headers))
        await client.close()
        return found

    return asyncio.run(run())


def answering(server: Nats, subject: str, *payloads: bytes, headers: dict[str, str] | None = None, **options: Any) -> tuple[Exchange, Any]:
    """The exchange of `--reply`, and what those were answered who asked, with `headers`; `fields` are headers of ours."""
    options["headers"] = options.pop("fields", ())
    found: list[Exchange] = []
    thread = threading.Thread(target=lambda: found.append(ask(server, subject, max_events=len(payloads), **options)))
    thread.start()
    answers = requests(server, subject, *payloads, headers=headers)
    thread.join(10)
    return found[0], answers


def test_requests_are_answered_and_told_as_events(nats: Nats) -> None:
    exchange, answers = answering(nats, "our.service", b"one", b'{"n": 2}', reply="pong")
    assert [payload for payload, _ in answers] == [b"pong", b"pong"]
    first, second = data(exchange)["events"]
    assert (first["type"], first["data"], first["subject"], first["size"]) == ("request", "one", "our.service", 3)
    assert first["reply_to"].startswith("_INBOX.")
    assert second["json"] == {"n": 2}
    assert exchange.outcome == "ok"
    assert data(exchange)["inbox"] is None
    assert "replies" not in data(exchange)


def test_an_echo_has_the_headers_too(nats: Nats) -> None:
    _, answers = answering(nats, "our.echo", b"\0\xff", headers={"X-A": "b"}, reply_echo=True)
    assert answers == [(b"\0\xff", {"X-A": "b"})]


def test_an_answer_from_a_file_with_a_header_in_a_queue_group(nats: Nats, tmp_path: Path) -> None:
    path = tmp_path / "answer"
    path.write_bytes(b"of a file")
    ours: dict[str, Any] = {"fields": ("X-Who: us",)}
    exchange, answers = answering(nats, "our.file", b"x", reply_file=str(path), queue="workers", **ours)
    assert answers == [(b"of a file", {"X-Who": "us"})]
    assert exchange.request.summary == "SUB our.file workers"


def test_answering_ends_with_the_event_that_is_waited_for(nats: Nats) -> None:
    found: list[Exchange] = []
    thread = threading.Thread(target=lambda: found.append(ask(nats, "our.>", reply="x", until="subject == our.last")))
    thread.start()
    requests(nats, "our.first", b"1")
    requests(nats, "our.last", b"2")
    thread.join(10)
    assert [event["subject"] for event in data(found[0])["events"]] == ["our.first", "our.last"]


def test_no_silence_is_too_long_for_answering_unless_one_is_set(nats: Nats) -> None:
    exchange = ask(nats, "our.quiet", reply="x", idle_timeout=0.2)
    assert exchange.error
    assert (exchange.error.kind, "--idle-timeout 200ms" in exchange.error.message) == ("timeout", True)


# --- what is refused before anything is sent ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("a..b", "the subject 'a..b' has an empty token"),
        ("a b", "the subject 'a b' has a space or a control character in it"),
        (".a", "the subject '.a' has an empty token"),
        ("a.", "the subject 'a.' has an empty token"),
        ("", "the subject is empty"),
        ("a\r\nPUB b 0", "the subject 'a\\r\\nPUB b 0' has a space or a control character in it"),
        ("a.*", "the subject 'a.*' has a wildcard, and a message goes to one subject"),
    ],
)
def test_a_subject_that_is_none(subject: str, said: str) -> None:
    assert usage_of("127.0.0.1:1", subject, "x") == said
    if "\0" not in subject:
        assert piped("nats", "127.0.0.1:1", subject, "x").code == 2


@pytest.mark.parametrize(
    "options",
    [
        {"headers": ("X-A: b\r\nX-C: d",)},
        {"headers": ("X A: b",)},
        {"headers": ("X-A: b\0",)},
        {"inbox_prefix": "a b"},
        {"inbox_prefix": "a\r\nPUB x 0"},
        {"reply": "x", "queue": "a b"},
        {"reply": "x", "queue": "a\r\nPUB b 0\r\n"},
        {"idempotency_key": "a\r\nb"},
        {"traceparent": "a\r\nb"},
        {"request_id": "a\r\nb"},
    ],
)
def test_nothing_brings_a_second_line(options: dict[str, Any]) -> None:
    usage_of("127.0.0.1:1", "a.b", **options)


@pytest.mark.parametrize(
    ("words", "options", "said"),
    [
        (("a", "b", "--json"), {}, "'--json' is one word too many"),
        (("nats://h:1", "tls://i:1", "a"), {}, "tls://i:1 is a second server"),
        (("a", "b"), {"payload_hex": b"x"}, "PAYLOAD and --payload-hex exclude each other"),
        (("a", "b"), {"reply": "x"}, "--reply and PAYLOAD exclude each other"),
        (("a",), {"reply": "x", "reply_echo": True}, "--reply and --reply-echo exclude each other"),
        (("a",), {"reply": "x", "no_reply": True}, "--reply and --no-reply exclude each other"),
        (("a",), {"no_reply": True, "replies": 3}, "--no-reply and --replies exclude each other"),
        (("a",), {"queue": "q"}, "--queue is for --reply, --reply-file and --reply-echo"),
        (("nats://h:1",), {"reply": "x"}, "there is no subject"),
        (("nats://h:1",), {"no_reply": True}, "there is no subject"),
        (("http://h:1", "a"), {}, "http:// is no URL of NATS"),
        (("nats://h:1/x", "a"), {}, "a URL of NATS has neither path nor parameters"),
        (("nats://h:1,nats://i:1", "a"), {}, "several servers are named, and one is asked"),
        (("a",), {"user": "bob"}, "there is no password for the user bob"),
        (("a",), {"password": "x"}, "there is no user for the password"),
        (("a",), {"token": "x", "user": "bob"}, "--user and --token exclude each other"),
        (("a",), {"nkey": "x", "creds": "y"}, "--nkey and --creds exclude each other"),
    ],
)
def test_words_and_options_that_have_no_meaning_together(words: tuple[str, ...], options: dict[str, Any], said: str) -> None:
    assert usage_of(*words, **options) == said


@pytest.mark.parametrize("words", [("--payload-hex", "0g"), ("--payload-base64", "!"), ("--replies", "0"), ("--replies", "many")])
def test_values_that_are_none(words: tuple[str, str]) -> None:
    assert piped("nats", *words, "127.0.0.1:1", "a").code == 2


def test_options_behind_the_subject_are_the_payload(nats_service: Nats) -> None:
    assert piped("nats", nats_service.address, "svc.echo", "--json").out == b"--json\n"


# --- series, and the command of another tool ----------------------------------------------------------------


def test_a_series_keeps_its_connections(nats_service: Nats) -> None:
    ended = piped("nats", "--repeat", "200", "--concurrency", "4", "--json", nats_service.address, "svc.echo", "x")
    series = loads(ended.out.decode())
    assert (ended.code, series["count"]) == (0, 200)
    assert series["connections"] <= 4


@pytest.mark.parametrize("options", [["--no-reply"], ["--replies", "2"], ["--replies", "all", "--reply-timeout", "50ms"]])
def test_a_series_of_other_calls(nats_service: Nats, options: list[str]) -> None:
    ended = piped("nats", "--repeat", "5", "--json", *options, nats_service.address, "svc.three", "x")
    series = loads(ended.out.decode())
    assert (ended.code, series["count"], series["connections"]) == (0, 5, 1), series


@pytest.mark.parametrize(
    ("words", "options", "command"),
    [
        (("a.b", "it's"), {}, "nats --server nats://h:1 request a.b 'it'\\''s'"),
        (("a.b", "x"), {"no_reply": True, "headers": ("X-A: b",)}, "nats --server nats://h:1 publish -H X-A:b a.b x"),
        (("a.b",), {"replies": ALL, "reply_timeout": 1.5}, "nats --server nats://h:1 request --replies 0 --reply-timeout 1.5s a.b ''"),
        (("a.b",), {"payload_hex": b"\0a"}, "printf '\\000a' | nats --server nats://h:1 request a.b"),
        (("a.b", "{{x}}"), {}, "nats --server nats://h:1 request --no-templates a.b '{{x}}'"),
        (("a.b",), {"reply": "x", "queue": "q"}, "nats --server nats://h:1 reply --queue q a.b x"),
        (("a.b", "x"), {"token": "s3cret"}, 'nats --server nats://h:1 --user "$NATS_TOKEN" request a.b x'),
        (
            ("a.b", "x"),
            {"user": "bob", "password": "s3cret"},
            'nats --server nats://h:1 --user bob --password "$NATS_PASSWORD" request a.b x',
        ),
        (("a.b", "x"), {"headers": ("Authorization: Bearer s3cret",)}, None),
        ((), {}, "nats --server nats://h:1 rtt 1"),
    ],
)
def test_the_command_of_natscli(words: tuple[str, ...], options: dict[str, Any], command: str | None) -> None:
    from rrcli.adapters.nats.endpoint import endpoint_of
    from rrcli.model.values import Exchange

    request = NatsRequest("nats://h:1", *words, **options)
    endpoint = endpoint_of(request, "id")
    exchange = Exchange(id="id", protocol="nats", target=endpoint.place.target(), request=endpoint.message(), secrets=("s3cret",))
    line = as_command(exchange, request)
    assert "s3cret" not in line
    assert command is None or line == command
    assert shlex.split(line)


def test_what_is_printed_is_read_again(nats_service: Nats) -> None:
    first = ask(nats_service, "svc.echo", "x y", payload_hex=None, headers=("X-A: b",), replies=ALL)
    assert first.command
    again = piped(*first.command)
    assert (again.code, again.out) == (0, b"x y\n")
