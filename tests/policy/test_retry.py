"""Whether another attempt follows, and after which wait: decided without a socket, under a clock of the test's own."""

from __future__ import annotations

from email.utils import formatdate
from time import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrcli.adapters.http.hooks import HOOKS
from rrcli.adapters.http.notes import retry_after
from rrcli.adapters.http.request import HttpRequest
from rrcli.adapters.redis.request import RedisRequest
from rrcli.adapters.tcp.request import TcpRequest
from rrcli.base.deadline import Deadline
from rrcli.base.errors import KINDS
from rrcli.model.values import Exchange, Failure, RequestMessage, Response, Status, Target
from rrcli.options.commandline import reads_stdin
from rrcli.options.request import Request
from rrcli.policy.retry import LONGEST_ASKED, LONGEST_WAIT, PASSING, Clock, Decision, Retries

FOREVER = Deadline(None, "")


class Still(Clock):
    """A clock that stands until it is moved, and a chance that is always the same part of the ceiling."""

    def __init__(self, part: float = 1.0) -> None:
        self.at_ns = 10**9
        self.part = part

    def now(self) -> int:
        return self.at_ns

    def sleep(self, seconds: float) -> None:
        self.at_ns += int(seconds * 1e9)

    def jitter(self, ceiling: float) -> float:
        return ceiling * self.part


def failed(kind: str = "refused", retry: str = "safe", *, delivery: str = "not_sent", method: str | None = None) -> Exchange:
    data = {"method": method} if method else {}
    error = Failure(layer="transport", kind=kind, message="it broke", retry=retry, delivery=delivery)
    message = RequestMessage(summary="", data=data, name=method or "the request")
    return Exchange(id="1", protocol="http", target=Target(url=""), request=message, error=error)


def refused_with(code: int, text: str, *fields: tuple[str, str], retry: str = "safe") -> Exchange:
    answer = Response(summary=f"{code} {text}", status=Status(code=code, text=text, ok=False), fields=fields)
    return failed("bad_status", retry, delivery="answered").replace(response=answer)


def decide(exchange: Exchange, *, limit: Deadline = FOREVER, shown: bool = False, **options: object) -> Decision:
    request = HttpRequest("http://h/", **{"retry": 1, **options})
    return Retries(request, limit, Still(), HOOKS.asked_wait).after(exchange, shown=shown)


def after(seconds: float, option: str = "--deadline") -> Deadline:
    """A limit so many seconds after the moment at which the still clock stands."""
    return Deadline(10**9 + int(seconds * 1e9), f"{option} {seconds:g}s")


def test_every_kind_that_passes_is_one() -> None:
    assert set(PASSING) <= set(KINDS)


@pytest.mark.parametrize("kind", PASSING)
def test_what_may_pass_is_tried_again(kind: str) -> None:
    assert decide(failed(kind)) == Decision(wait=0.5, reason="it broke")


@pytest.mark.parametrize("kind", sorted(set(KINDS) - set(PASSING) - {"bad_status"}))
def test_what_stays_is_not_and_nobody_wonders(kind: str) -> None:
    assert decide(failed(kind)) == Decision()


def test_a_success_is_the_end() -> None:
    assert decide(failed().replace(error=None)) == Decision()


def test_a_bad_status_passes_when_it_is_not_useless() -> None:
    assert decide(refused_with(503, "Service Unavailable")) == Decision(wait=0.5, reason="503 Service Unavailable")
    assert decide(refused_with(404, "Not Found", retry="useless")) == Decision()


def test_a_symbolic_status_is_named_by_its_text() -> None:
    answer = Response(summary="", status=Status(text="SERVFAIL", ok=False))
    assert decide(refused_with(0, "").replace(response=answer)).reason == "SERVFAIL"


@pytest.mark.parametrize(
    ("exchange", "reason"),
    [
        (
            failed("reset", "unsafe", delivery="unknown", method="POST"),
            "POST is not idempotent and may have been carried out; an idempotency key, or --retry-unsafe, allows it",
        ),
        (
            refused_with(500, "Internal Server Error", retry="unsafe"),
            "the request is not idempotent and may have been carried out; an idempotency key, or --retry-unsafe, allows it",
        ),
    ],
)
def test_what_might_be_done_twice_is_not_and_says_so(exchange: Exchange, reason: str) -> None:
    assert decide(exchange) == Decision(reason=reason)
    assert decide(exchange, retry_unsafe=True).wait == 0.5


def test_what_was_printed_is_not_printed_twice() -> None:
    assert decide(failed("reset"), shown=True, retry_unsafe=True) == Decision(
        reason="a part of the answer is out already, and would come twice"
    )


@pytest.mark.parametrize(
    ("request_", "reads"),
    [
        (HttpRequest("PUT", "http://h/", data=(("-d", "@-"),)), True),
        (HttpRequest("http://h/", upload="-"), True),
        (HttpRequest("http://h/", "file@-"), True),
        (HttpRequest("http://h/", parts=(("-F", "a=<-"),)), True),
        (HttpRequest("http://h/", data=(("-d", "-x"),)), False),
        (RedisRequest("SET", "k", "-"), False),
        (RedisRequest("SET", "k", stdin=True), True),
        (TcpRequest("h:1", steps=(("--send-file", b"-"),)), True),
        (TcpRequest("h:1", steps=(("--send", b"hi"),)), False),
    ],
)  # fmt: skip
def test_standard_input_is_read_once(request_: Request, reads: bool) -> None:
    assert reads_stdin(request_) is reads
    if reads:
        found = Retries(request_.replace(retry=1), FOREVER, Still(), HOOKS.asked_wait).after(failed(), shown=False)
        assert found == Decision(reason="standard input was read, and cannot be read again")


# --- waits


def test_waits_double_up_to_a_ceiling_and_are_counted() -> None:
    retries = Retries(HttpRequest("http://h/", retry=9, retry_delay=0.5), FOREVER, Still(), HOOKS.asked_wait)
    waits = [retries.after(failed(), shown=False).wait for _ in range(10)]
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, LONGEST_WAIT, LONGEST_WAIT, LONGEST_WAIT, None]


def test_jitter_is_a_chance_part_of_the_whole_ceiling() -> None:
    found = [Clock().jitter(2.0) for _ in range(500)]
    assert all(0 <= wait <= 2 for wait in found)
    assert min(found) < 0.2 < 1.8 < max(found)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3.0), (" 120 ", 120.0), ("0", None), ("-1", None), ("soon", None), ("1.5", None), ("", None), ("²", None),
        (formatdate(0, usegmt=True), None), ("Mon, 99 Foo 2026 99:99:99 GMT", None), ("9" * 400, 999999999999.0),
    ],
)  # fmt: skip
def test_retry_after(value: str, seconds: float | None) -> None:
    answer = Response(summary="", status=Status(), fields=(("Retry-AFTER", value),))
    assert retry_after(answer) == seconds


def test_retry_after_as_a_date() -> None:
    answer = Response(summary="", status=Status(), fields=(("Retry-After", formatdate(time() + 60, usegmt=True)),))
    assert 58 < (retry_after(answer) or 0) <= 60


def test_no_retry_after() -> None:
    assert retry_after(None) is None
    assert retry_after(Response(summary="", status=Status())) is None


def test_retry_after_takes_the_place_of_the_wait() -> None:
    assert decide(refused_with(429, "Slow Down", ("retry-after", "3"))) == Decision(wait=3.0, reason="429 Slow Down, Retry-After 3")


def test_a_server_cannot_make_us_wait_for_days() -> None:
    assert decide(refused_with(503, "", ("Retry-After", f"{LONGEST_ASKED:.0f}"))).wait == LONGEST_ASKED
    reason = "the server asks for a wait of 86400 s; --retry-max-time 86400s or more allows it"
    assert decide(refused_with(503, "", ("Retry-After", "86400"))) == Decision(reason=reason)
    assert decide(refused_with(503, "", ("Retry-After", "86400")), limit=after(90000)).wait == 86400


@pytest.mark.parametrize(("limit", "wait"), [(0.4, None), (0.5, None), (0.6, 0.5)])
def test_no_wait_reaches_the_limit(limit: float, wait: float | None) -> None:
    found = decide(failed(), limit=after(limit))
    reason = "it broke" if wait else f"a wait of 0.5 s would pass the limit (--deadline {limit:g}s)"
    assert found == Decision(wait=wait, reason=reason)


outcomes = st.tuples(
    st.sampled_from([*PASSING, "bad_status", "malformed"]),
    st.sampled_from(["safe", "unsafe", "useless"]),
    st.floats(0, 3),
    st.one_of(st.none(), st.integers(0, 40)),
)


@given(
    outcomes=st.lists(outcomes, max_size=12),
    retry=st.integers(0, 10),
    delay=st.floats(0, 100),
    part=st.floats(0, 1),
    limit_s=st.one_of(st.none(), st.floats(0.001, 60)),
)
def test_whatever_happens_the_limits_hold(
    outcomes: list[tuple[str, str, float, int | None]], retry: int, delay: float, part: float, limit_s: float | None
) -> None:
    """Attempts cut at the limit, as a deadline cuts them, and the waits between them never end behind it."""
    clock = Still(part)
    limit = FOREVER if limit_s is None else after(limit_s)
    retries = Retries(HttpRequest("http://h/", retry=retry, retry_delay=delay), limit, clock, HOOKS.asked_wait)
    attempts = 0
    for kind, advice, took, asked in outcomes:
        attempts += 1
        left = took if limit.at_ns is None else min(took, (limit.at_ns - clock.at_ns) / 1e9)
        clock.sleep(left)
        exchange = failed(kind, advice)
        if kind == "bad_status":
            exchange = refused_with(503, "", *([("Retry-After", str(asked))] if asked is not None else []), retry=advice)
        found = retries.after(exchange, shown=False)
        if found.wait is None:
            break
        assert (advice, kind != "malformed") == ("safe", True)
        assert 0 <= found.wait <= max(LONGEST_WAIT, asked or 0)
        clock.sleep(found.wait)
        assert limit.at_ns is None or clock.at_ns < limit.at_ns
    assert attempts <= retry + 1
