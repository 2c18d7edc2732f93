"""Request types are made of groups of options, and a type refuses what none of its groups has."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from peers import child

from rrcli.adapters.graphql.request import GraphqlRequest
from rrcli.adapters.http.request import AnyHttpRequest, HttpContent, HttpDownload, HttpRequest
from rrcli.adapters.poll.request import PollRequest
from rrcli.adapters.redis.request import RedisRequest
from rrcli.adapters.sse.request import SseRequest
from rrcli.base.errors import ExchangeError
from rrcli.engine import registry
from rrcli.options import request as shared
from rrcli.options.option import Option, Optioned
from rrcli.options.request import Request

GROUPS = [
    shared.TimeOptions, shared.RetryOptions, shared.WaitOptions, shared.CheckOptions,
    shared.SeriesOptions, shared.ConnectOptions, shared.TlsOptions, shared.CorrelationOptions,
]  # fmt: skip
NOT_GRAPHQL = {*HttpContent.options_, *HttpDownload.options_, "from_curl"} - {"data", "get"}


def test_the_shared_options_are_those_of_the_groups_and_no_option_is_in_two() -> None:
    names = [name for group in GROUPS for name in group.options_]
    assert list(Request.options_) == [*names, "wire"]
    assert len(names) == len(set(names))
    assert list(Request.own_options_) == ["wire"]


@pytest.mark.parametrize("group", [*GROUPS, *(base for base in AnyHttpRequest.__mro__ if issubclass(base, Optioned))])
def test_every_group_says_what_it_is_for(group: type[Optioned]) -> None:
    assert group.__doc__


@pytest.mark.parametrize("entry", registry.PROTOCOLS, ids=lambda entry: entry.name)
def test_every_protocol_has_the_shared_options_and_no_flag_twice(entry: registry.Protocol) -> None:
    options = entry.load()[0].options_
    assert set(Request.options_) <= set(options)
    flags = [flag for declared in options.values() for flag in declared.flags]
    assert len(flags) == len(set(flags))


@pytest.mark.parametrize("entry", registry.PROTOCOLS, ids=lambda entry: entry.name)
def test_an_option_can_be_given_and_its_default_is_the_fields(entry: registry.Protocol) -> None:
    kind = entry.load()[0]
    for name, declared in kind.options_.items():
        assert name in kind.fields_
        assert getattr(kind, name) == declared.default


@pytest.mark.parametrize("kind", [HttpRequest, SseRequest, PollRequest])
def test_types_whose_content_is_the_users_have_all_options_of_http(kind: type[Request]) -> None:
    assert set(HttpRequest.options_) <= set(kind.options_)


def test_graphql_has_what_every_request_over_http_has_and_not_what_its_document_stands_for() -> None:
    assert set(GraphqlRequest.options_) & NOT_GRAPHQL == set()
    assert set(HttpRequest.options_) - NOT_GRAPHQL <= set(GraphqlRequest.options_)
    assert "--data-urlencode" not in GraphqlRequest.options_["data"].flags


@pytest.mark.parametrize("name", sorted(NOT_GRAPHQL))
def test_what_graphql_has_not_is_refused_by_the_library_and_reads_as_not_asked_for(name: str) -> None:
    request = GraphqlRequest("http://127.0.0.1:1/", "{a}")
    with pytest.raises(ExchangeError) as raised:
        GraphqlRequest("http://127.0.0.1:1/", "{a}", **{name: "x"})
    assert raised.value.layer == "usage"
    assert raised.value.message.startswith(f"GraphqlRequest has no {name}")
    if name != "from_curl":
        assert getattr(request, name) == getattr(HttpRequest, name)
    with pytest.raises(ExchangeError, match=f"^GraphqlRequest has no {name}"):
        request.replace(**{name: "x"})


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (HttpRequest, {"timout": 3}, "HttpRequest has no timout; did you mean timeout?"),
        (RedisRequest, {"headers": ()}, "RedisRequest has no headers"),
        (SseRequest, {"reconect": 1}, "SseRequest has no reconect; did you mean reconnect?"),
        (GraphqlRequest, {"upload": "f", "zzzz": 1}, "GraphqlRequest has no upload and no zzzz"),
        (HttpRequest, {"argument": ()}, "HttpRequest has no argument; did you mean arguments?"),
    ],
)
def test_an_unknown_keyword_is_a_usage_error_that_names_it_and_the_nearest(
    kind: type[Request], values: dict[str, Any], message: str
) -> None:
    with pytest.raises(ExchangeError) as raised:
        kind("u", **values)
    assert (raised.value.layer, raised.value.message) == ("usage", message)


def test_the_command_line_refuses_the_same() -> None:
    done = child.run("graphql", "http://127.0.0.1:1/", "{a}", "--range", "0-1", text=True)
    assert (done.returncode, "--range" in done.stderr) == (2, True)


def test_options_are_declared_without_a_module_more_than_before() -> None:
    """Groups are cheap because they are few files: start-up pays for each module."""
    words = [sys.executable, "-c", "import sys, rrcli.adapters.http.request; print(*[n for n in sys.modules if n.startswith('rrcli.')])"]
    loaded = set(subprocess.run(words, capture_output=True, text=True, check=True).stdout.split())
    assert {name for name in loaded if name.startswith("rrcli.options.")} == {
        "rrcli.options.option", "rrcli.options.parse", "rrcli.options.request"
    }  # fmt: skip


def test_a_group_holds_options_alone() -> None:
    for group in GROUPS:
        assert all(isinstance(declared, Option) for declared in group.own_options_.values())
        assert set(group.fields_) - {"forwards"} == set(group.options_)  # a proxy's way, which is chosen for each hop
