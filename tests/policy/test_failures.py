"""What is advised on a failure: delivery and retry from what left, what came, and the request's idempotence."""

from __future__ import annotations

import pytest

from rrcli.base.errors import KINDS, ExchangeError
from rrcli.engine.catalogue import families, meaning_of, scheme_of_greeting
from rrcli.engine.registry import BY_NAME
from rrcli.explain import explain
from rrcli.model.values import PHASES, Exchange, Failure, RequestMessage, Response, Status, Target
from rrcli.policy.failures import NEVER_READ, PHASE_WORDS, TIMEOUT_HINTS, USELESS, application_failure, network_failure
from rrcli.wire.recorder import Recorder


def exchange(*, idempotent: bool = False, code: int | None = None, text: str = "") -> Exchange:
    response = Response(summary=f"{code} {text}", status=Status(code=code, text=text, ok=False))
    request = RequestMessage(summary="", data={"safe": False, "idempotent": idempotent})
    return Exchange(id="1", protocol="http", target=Target(url="http://h:80/", host="h", port=80), request=request, response=response)


def application(name: str, found: Exchange, *, sent: bool = True) -> Failure:
    """The failure that the status is for a protocol."""
    assert found.response
    return application_failure(found, meaning_of(found.response.status, BY_NAME[name]), sent=sent)


def recorder(*, sent: bytes = b"", received: bytes = b"") -> Recorder:
    found = Recorder()
    if sent:
        found.sent(sent, 1)
    if received:
        found.received(received, 2)
    return found


def broken(kind: str, *, sent: bytes = b"x", received: bytes = b"", idempotent: bool = False, **about: str) -> Failure:
    error = ExchangeError(about.pop("layer", "transport"), kind, "it broke", **about)
    return network_failure(
        exchange(idempotent=idempotent), error, recorder(sent=sent, received=received), label=lambda: "Redis", scheme_of=scheme_of_greeting
    )


def test_every_table_names_known_words() -> None:
    assert (tuple(PHASE_WORDS), tuple(TIMEOUT_HINTS)) == (PHASES, PHASES)
    assert {*USELESS, *NEVER_READ} <= set(KINDS)


@pytest.mark.parametrize(
    ("code", "text", "idempotent", "retry"),
    [
        (404, "Not Found", True, "useless"),
        (503, "Service Unavailable", True, "safe"),
        (503, "Service Unavailable", False, "unsafe"),
        (500, "Internal Server Error", True, "safe"),
        (499, "", True, "safe"),
        (599, "", False, "unsafe"),
        (799, "", True, "safe"),
    ],
)
def test_a_bad_status_of_http(code: int, text: str, idempotent: bool, retry: str) -> None:
    known = explain("http", str(code), families())
    assert known
    assert application("http", exchange(code=code, text=text, idempotent=idempotent)) == Failure(
        layer="application", kind="bad_status", message=f"{code} {text}", hint=known.action, delivery="answered", retry=retry
    )


def test_a_symbolic_status_is_looked_up_by_its_text() -> None:
    known = explain("redis", "LOADING", families())
    assert known
    failure = application("redis", exchange(text="LOADING", idempotent=True))
    assert (failure.hint, failure.retry) == (known.action, "safe")


def test_a_status_that_answers_the_handshake_alone() -> None:
    failure = application("redis", exchange(text="LOADING"), sent=False)
    assert (failure.delivery, failure.retry) == ("not_sent", "safe")


def test_a_status_that_no_table_knows() -> None:
    assert application("tcp", exchange(code=1)) == Failure(
        layer="application", kind="bad_status", message="1 ", delivery="answered", retry="useless"
    )


@pytest.mark.parametrize(
    ("failure", "delivery", "retry"),
    [
        (broken("refused", sent=b""), "not_sent", "safe"),
        (broken("timeout", sent=b""), "not_sent", "safe"),
        (broken("reset"), "unknown", "unsafe"),
        (broken("reset", idempotent=True), "unknown", "safe"),
        (broken("interrupted", idempotent=True), "unknown", "safe"),
        (broken("truncated", received=b"y"), "unknown", "unsafe"),
        (broken("malformed", received=b"y", idempotent=True), "unknown", "useless"),
        (broken("name_not_found", sent=b""), "not_sent", "useless"),
        (broken("certificate_expired", sent=b""), "not_sent", "useless"),
        (broken("client_certificate_required"), "not_sent", "useless"),
        (broken("handshake_failed", sent=b""), "not_sent", "useless"),
        (broken("handshake_failed"), "unknown", "useless"),
        (broken("proxy_refused", sent=b""), "not_sent", "useless"),
        (broken("closed", sent=b""), "not_sent", "safe"),
        (broken("closed"), "unknown", "unsafe"),
    ],
)
def test_delivery_and_retry(failure: Failure, delivery: str, retry: str) -> None:
    assert (failure.delivery, failure.retry) == (delivery, retry)


def test_after_a_whole_answer_what_fails_is_what_we_made_of_it() -> None:
    error = ExchangeError("protocol", "too_many_redirects", "on and on")
    failure = network_failure(exchange(), error, recorder(sent=b"x", received=b"y"), label=lambda: "Redis", whole=True)
    assert (failure.delivery, failure.retry) == ("answered", "useless")


def test_a_failure_keeps_what_was_raised() -> None:
    assert broken("reset", hint="look", phase="wait") == Failure(
        layer="transport", kind="reset", phase="wait", message="it broke", hint="look", delivery="unknown", retry="unsafe"
    )


@pytest.mark.parametrize("phase", PHASES)
def test_a_time_limit_says_what_was_going_on(phase: str) -> None:
    failure = broken("timeout", phase=phase)
    assert (failure.message, failure.hint) == (f"{PHASE_WORDS[phase]}: it broke", TIMEOUT_HINTS[phase].format(limit="--timeout"))


@pytest.mark.parametrize("limit", ["--timeout", "--idle-timeout", "--deadline"])
def test_the_limit_that_passed_is_the_one_to_raise(limit: str) -> None:
    error = ExchangeError("transport", "timeout", f"the time limit passed ({limit} 1s)", phase="receive")
    assert (
        network_failure(exchange(), error, recorder(), label=lambda: "HTTP").hint
        == f"the answer began but did not end: allow more with {limit}"
    )


def test_a_hint_of_its_own_stays_and_a_phase_may_be_unknown() -> None:
    assert broken("timeout", phase="wait", hint="mine").hint == "mine"
    assert broken("timeout").message == "it broke"


def test_another_protocol_on_the_port_is_named() -> None:
    failure = broken("wrong_protocol", layer="protocol", received=b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n", hint="h")
    assert (failure.message, failure.hint) == ("expected Redis, got HTTP/1.1 400 Bad Request (nginx)", "rrcli http://h:80/")
    assert (failure.delivery, failure.retry) == ("unknown", "useless")


@pytest.mark.parametrize(("layer", "received"), [("protocol", b""), ("tls", b"HTTP/1.1 400 Bad\r\n")])
def test_another_protocol_that_its_layer_has_named_itself(layer: str, received: bytes) -> None:
    failure = broken("wrong_protocol", layer=layer, received=received, hint="h")
    assert (failure.message, failure.hint) == ("it broke", "h")
