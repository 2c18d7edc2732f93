"""`--format plan`: a request as the step of a plan, which loads and sends the same bytes; for every protocol of the registry."""

from __future__ import annotations

import re
from typing import Any

import pytest
from cli.test_fast_equals_typer import command_lines
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rrcli.adapters.http.request import AnyHttpRequest, HttpRequest
from rrcli.base.errors import ExchangeError
from rrcli.base.sourcefile import Problems, parse
from rrcli.cli import app, commands, fast
from rrcli.engine import registry
from rrcli.engine.events import Observer
from rrcli.engine.offline import build
from rrcli.engine.runner import judge_of
from rrcli.options.commandline import reads_stdin
from rrcli.options.request import Output, Request
from rrcli.plan.load import load_plan
from rrcli.plan.run import scope_of
from rrcli.plan.written import step_of
from rrcli.policy.expect import Expectation
from rrcli.policy.redact import mask_of_asked
from rrcli.series.contradictions import refuse_contradictions

NAMES = tuple(entry.name for entry in registry.PROTOCOLS)
ODD = st.text(st.sampled_from("a{}'\"\\ \n\r\t\0\x7f\x9b\u202e=:@;&%é\U0001f600\udcff"), max_size=8)


def written(request: Request, mask: Any = None) -> str:
    return step_of(registry.protocol_of(request), request, mask or mask_of_asked(()))


def loaded(text: str, secrets: dict[str, str] | None = None) -> Request:
    """The request of a plan's one step. The folder is the root of the file system, so that no file lies outside of it."""
    problems = Problems()
    plan = load_plan(parse(text.encode(), "-"), problems, {}, root="/")
    problems.raise_any()
    scope = scope_of(plan)
    for name, value in (secrets or {}).items():
        scope.set_secret(name, value)
    (step,) = plan.steps
    return step.request(scope, plan.root)


def read(words: list[str]) -> Request | None:
    entry = registry.BY_NAME[words[0]]
    try:
        if quick := fast.parse(words):
            return quick.request
        values = app.parse(commands.of_protocol(entry), words[1:])
        return None if values is None else fast.build(entry, entry.load()[0], values).request
    except ExchangeError:
        return None


class Sent(Observer):
    """Keeps the bytes that go out."""

    def __init__(self) -> None:
        super().__init__()
        self.data = b""

    def content(self, data: bytes) -> None:
        self.data += data


def sent(request: Request) -> bytes:
    """The bytes of a request, boundaries of forms made alike."""
    seen = Sent()
    build(request, seen, "an-id")
    return re.sub(rb"-{24}[0-9a-f]{24}", b"BOUNDARY", seen.data)


def outcome(request: Request) -> bytes | str:
    try:
        return sent(request)
    except ExchangeError as error:
        return error.message


def is_judged(request: Request) -> bool:
    """Whether it is one to send: one with a wrong expectation, or what no series has, is never written."""
    try:
        judge_of(request)
        if request.repeats():
            refuse_contradictions(request, Output(), registry.hooks_of(request))
        Expectation(request.until or "status == 1")
    except ExchangeError:
        return False
    return True


def is_translated(request: Request) -> bool:
    """Whether it has an option in whose place others are put before anything is sent."""
    return any(getattr(request, name) for name, declared in request.options_.items() if declared.expands)


def alike(request: Request) -> dict[str, Any]:
    """The fields of a request, without those that a plan has not, or in another order."""
    values = {name: value for name, value in request.__dict__.items() if value != getattr(type(request), name) and name not in request.dry}
    values["arguments"] = sorted(request.arguments)
    if request.until:
        values.pop("deadline", None)
    return values


@pytest.mark.parametrize("name", NAMES)
def test_a_step_makes_the_request_that_the_words_make(name: str) -> None:
    registry.BY_NAME[name].load()

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(command_lines(name))
    def holds(words: list[str]) -> None:
        request = read([name, *words])
        if request is None or reads_stdin(request) or not is_judged(request) or is_translated(request):
            return
        try:
            text = step_of(registry.BY_NAME[name], request, None)
        except ExchangeError:
            return
        try:
            again = loaded(text)
        except ExchangeError as error:
            raise AssertionError(f"{words}\n{text}\n{error.message} {getattr(error, 'problems', '')}") from None
        if not isinstance(request, AnyHttpRequest):
            assert alike(again) == alike(request), text

    holds()


NAME = ODD.filter(lambda text: text and "\udcff" not in text)
SEPARATORS = st.sampled_from(["=", ":=", "==", ":", ";"])


@st.composite
def http_requests(draw: st.DrawFn) -> HttpRequest:
    """Requests whose words and options hold all that has a meaning somewhere."""
    words = [draw(st.sampled_from(["POST", "put", "X-Y"]))] * draw(st.booleans())
    words.append("http://h:1/p" + draw(st.sampled_from(["", "?", "?a={{b}}", "#f", "?q=1#f", "/{{x", "?a=%7b&b=%zz"])))
    for _ in range(draw(st.integers(0, 4))):
        value = draw(st.one_of(ODD, st.sampled_from(["1", "1.0", "1e3", "null", '{"a": [1, "{{"]}', '{"a":1}', "99999999999999999999"])))
        words.append(draw(st.one_of(NAME, st.sampled_from(["a", "a[b]", "a[]", "x\\:y"]))) + draw(SEPARATORS) + value)
    options: dict[str, Any] = {"form": draw(st.booleans()), "get": draw(st.sampled_from([False, False, True]))}
    options["headers"] = tuple(
        draw(st.lists(st.sampled_from(["A: b", "a:  {{c ", "A:", "B;", "Accept: x", "C: \udcff", "D: 'e\"\\"]), max_size=3))
    )
    options["data"] = tuple(draw(st.lists(st.tuples(st.sampled_from(["-d", "--data-raw", "--data-urlencode"]), ODD), max_size=2)))
    parts = ["a=b", "a={{b", 'a="b;c"', "a= b", "c=\n;type=x/y", "a=(x", "f=)", "e="]
    options["parts"] = tuple(draw(st.lists(st.tuples(st.sampled_from(["-F", "--form-string"]), st.sampled_from(parts)), max_size=2)))
    return HttpRequest(*words, **options)


@given(http_requests())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_step_of_http_sends_the_same_bytes(request: HttpRequest) -> None:
    if "@" in "".join([*request.arguments, *(text for _, text in request.data)]):
        return
    try:
        wanted = sent(request)
    except ExchangeError:
        return
    text = written(request)
    try:
        assert sent(loaded(text)) == wanted
    except ExchangeError as error:
        raise AssertionError(f"{text}\n{error.message} {getattr(error, 'problems', '')}") from None
