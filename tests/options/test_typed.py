"""Typed values, as a plan has them, become the values of options."""

from __future__ import annotations

from typing import Any

import pytest

from rrcli.adapters.dns.request import DnsRequest
from rrcli.adapters.graphql.request import GraphqlRequest
from rrcli.adapters.http.request import HttpRequest
from rrcli.adapters.poll.request import PollRequest
from rrcli.adapters.sse.request import SseRequest
from rrcli.adapters.tcp.request import TcpRequest
from rrcli.engine import registry
from rrcli.options.commandline import text_of
from rrcli.options.option import Option
from rrcli.options.request import Output, Request

# What is tried as the word of every option; each option reads at least one of them.
WORDS = (
    "3", "1", "250ms", "64KiB", "GET", "a=b", "auto", "1.2", "json", "0-1", "h:1:127.0.0.1", "a:1:b:2", "[::1]:80", "200", "IN", "1000:bye",
    "00ff00ff00ff00ff", "junit=report.xml",
    "192.0.2.0/24", "/x+/", r"a\r\n", "{}", "smtp", "gzip", "http", "v1", "u8", "2001:db8::/56", "-", "always", "aws:amz:eu:s3", "2=f", "",
)  # fmt: skip
STEP_WORDS = ("a=b", "0d0a", "aGk=", "smtp", "/x+/", "@f")


def every_option() -> list[Any]:
    kinds: dict[str, type[Request] | type[Output]] = {entry.name: entry.load()[0] for entry in registry.PROTOCOLS}
    kinds["output"] = Output
    return [pytest.param(declared, id=f"{name}-{field}") for name, kind in kinds.items() for field, declared in kind.options_.items()]


def parsed(declared: Option) -> list[Any]:
    """The values that the option reads from the words; a step for every flag."""
    found = []
    for word in (*declared.choices, *(STEP_WORDS if declared.kind == "steps" else WORDS)):
        for flag in declared.flags if declared.kind == "steps" else ("",):
            try:
                found.append(declared.parse(flag, word) if flag else declared.parse(word))
            except ValueError:
                continue
    return found


@pytest.mark.parametrize("declared", every_option())
def test_a_value_written_as_text_is_read_back_the_same(declared: Option) -> None:
    if declared.kind == "flag":
        assert (declared.from_value(True), declared.from_value(False)) == (True, False)
        return
    values = parsed(declared)
    assert values
    for value in values:
        text = text_of(declared, value)
        if declared.kind == "many":
            assert declared.from_value(text) == declared.from_value([text]) == (value,)
        elif declared.kind == "steps":
            flag = value[0]
            name = flag.lstrip("-")
            assert (
                declared.from_value([[flag, text]]) == declared.from_value({name: text}) == declared.from_value([{name: text}]) == (value,)
            )
        else:
            assert declared.from_value(text) == value
            if isinstance(value, (int, float)) and declared.write is None:
                assert declared.from_value(value) == value  # a number stands for itself: seconds, bytes, counts
    if declared.kind == "many":
        texts = [text_of(declared, value) for value in values]
        assert declared.from_value(texts) == tuple(values)
        assert declared.from_value(tuple(texts)) == tuple(values)
        assert declared.from_value([]) == ()


@pytest.mark.parametrize("declared", every_option())
def test_what_no_word_stands_for_is_explained(declared: Option) -> None:
    for value in (None, object(), {"a": {1: 2}, "b": 1}, float("nan"), float("inf"), [[[]]], b"x"):
        try:
            declared.from_value(value)
        except ValueError as error:
            assert declared.flag in str(error) or repr(value) in str(error) or "is no" in str(error)  # noqa: PT017  # JSON takes some
        else:
            assert "JSON" in declared.metavar


def of(kind: type[Request], name: str, value: Any) -> Any:
    return kind.options_[name].from_value(value)


@pytest.mark.parametrize(
    ("kind", "name", "value", "expected"),
    [
        (Request, "timeout", 2, 2.0),
        (Request, "timeout", 0.25, 0.25),
        (Request, "timeout", 1e-07, 1e-07),
        (Request, "timeout", "250ms", 0.25),
        (Request, "retry", 3, 3),
        (Request, "retry", "3", 3),
        (Request, "max_size", 4096, 4096),
        (Request, "max_size", "4KiB", 4096),
        (Request, "rate", 0.5, 0.5),
        (Request, "insecure", True, True),
        (Request, "insecure", False, False),
        (Request, "wire", True, 1 << 20),
        (Request, "wire", False, None),
        (Request, "wire", 100, 100),
        (Request, "wire", "2KiB", 2048),
        (SseRequest, "reconnect", True, 10**9),
        (SseRequest, "reconnect", False, 0),
        (SseRequest, "reconnect", 2, 2),
        (DnsRequest, "cookie", True, b""),
        (Request, "expect", "status == 200", ("status == 200",)),
        (Request, "expect", ["status == 200", "time < 1s"], ("status == 200", "time < 1s")),
        (Request, "resolve", ["h:80:::1"], (("h", 80, "::1"),)),
        (HttpRequest, "bearer", 123, "123"),
        (HttpRequest, "data", "a=1", (("--data", "a=1"),)),
        (HttpRequest, "data", ["a=1", "b=2"], (("--data", "a=1"), ("--data", "b=2"))),
        (HttpRequest, "data", [{"data": "a=1"}, {"data-urlencode": "b= "}], (("--data", "a=1"), ("--data-urlencode", "b= "))),
        (HttpRequest, "data", [{"data_raw": 7}], (("--data-raw", "7"),)),
        (HttpRequest, "data", [["-d", "a=1"], ["--data-raw", "b"]], (("-d", "a=1"), ("--data-raw", "b"))),
        (HttpRequest, "parts", {"form-string": "a=1"}, (("--form-string", "a=1"),)),
        (TcpRequest, "steps", [{"send": "EHLO x\\r\\n"}, {"await": "250"}], (("--send", b"EHLO x\r\n"), ("--await", b"250"))),
        (TcpRequest, "steps", [["--send", "hi"]], (("--send", b"hi"),)),
        (TcpRequest, "steps", "hi", (("--send", b"hi"),)),
        (GraphqlRequest, "variables", {"a": [1, True, None, "x"]}, '{"a": [1, true, null, "x"]}'),
        (GraphqlRequest, "variables", '{"a": 1}', '{"a": 1}'),
        (GraphqlRequest, "extensions", {}, "{}"),
        (PollRequest, "callback_bind", "[::1]:80", ("::1", 80)),
    ],
)
def test_each_kind_takes_the_types_that_mean_the_same(kind: type[Request], name: str, value: Any, expected: Any) -> None:
    assert of(kind, name, value) == expected


@pytest.mark.parametrize(
    ("kind", "name", "value", "message"),
    [
        (Request, "insecure", 1, "--insecure is true or false, not a number"),
        (Request, "insecure", "yes", "--insecure is true or false, not a text"),
        (Request, "timeout", True, "--timeout takes TIME, not true or false"),
        (Request, "timeout", [1], "--timeout takes TIME, not a list"),
        (Request, "timeout", {"a": 1}, "--timeout takes TIME, not a table"),
        (Request, "timeout", -1, "'-1' is no duration; write 250ms, 3s, 1m or bare seconds"),
        (Request, "timeout", float("nan"), "--timeout takes a finite number"),
        (Request, "retry", 1.5, "'1.5' is no whole number"),
        (Request, "retry", 99999, "'99999' is more than 1000 retries"),
        (Request, "expect", [True], "--expect takes EXPR, not true or false"),
        (Request, "tls_min", 1.4, "'1.4' is not one of 1.0, 1.1, 1.2, 1.3; did you mean 1.3?"),
        (HttpRequest, "user_agent", {"a": 1}, "--user-agent takes TEXT, not a table"),
        (HttpRequest, "data", ["--data", "a=1"], "--data has no value; write [['--data', …]]"),
        (HttpRequest, "data", [{"dta": "x"}],
         "dta is not one of d, data, data-ascii, data-raw, data-binary, data-urlencode; did you mean data?"),
        (HttpRequest, "data", [{"data": "a", "data-raw": "b"}],
         "--data takes a table of one flag, a list of flag and value, or a text, not a table"),
        (HttpRequest, "data", 7, "--data takes a table of one flag, a list of flag and value, or a text, not a number"),
        (TcpRequest, "steps", [{"send-hex": "xy"}], "'x' is no hex digit (in 'xy')"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_in_a_sentence(kind: type[Request], name: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011  # the whole message is compared
        of(kind, name, value)
    assert str(raised.value) == message
