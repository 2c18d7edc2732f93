"""The catalogue: what `rrcli sse`, `poll`, `graphql` and `soap` say of the faults of `rrcli serve` for what is spoken over HTTP."""

from __future__ import annotations

import pytest
from peers.verdict import Ask, check, serving

COMMANDS = {
    "sse": ("sse", "/events", ()),
    "poll": ("poll", "/jobs?takes=0", ("POST",)),
    "graphql": ("graphql", "/graphql", ()),
    "soap": ("soap", "/soap?wsdl", ()),
}
SERVED = [
    ("sse", "bad-events=cut", (), "7 protocol truncated receive unknown safe", "ended too early"),
    ("sse", "bad-events=stall", ("--idle-timeout", "0.2"), "6 transport timeout receive unknown safe", "idle-timeout"),
    ("sse", "bad-events=media-type", (), "7 protocol unsupported receive answered useless", "text/event-stream"),
    ("sse", "bad-events=endless", ("--max-size", "1MiB"), "7 protocol too_large receive unknown useless", "limit"),
    ("sse", "bad-events=comments", ("--deadline", "0.3"), "6 transport timeout receive unknown safe", "deadline"),
    ("sse", "silence", ("--idle-timeout", "0.2"), "6 transport timeout wait unknown safe", "idle-timeout"),
    ("sse", "bad-json", (), "7 protocol unsupported receive answered useless", "text/event-stream"),
    ("sse", "reset", (), "4 transport reset wait unknown safe", "log"),
    ("poll", "truncate", (), "4 transport closed receive unknown unsafe", "log"),
    ("graphql", "bad-json", (), "7 protocol malformed receive answered useless", "no JSON"),
    ("graphql", "truncate", (), "4 transport closed receive unknown safe", "log"),
    ("soap", "bad-envelope=doctype", (), "7 protocol malformed receive answered useless", "document type"),
    ("soap", "bad-envelope=entities", (), "7 protocol malformed receive answered useless", "document type"),
    ("soap", "bad-envelope=deep", (), "7 protocol malformed receive answered useless", "deeper than 200"),
    ("soap", "bad-envelope=html", (), "7 protocol wrong_protocol receive answered useless", "It works!"),
    ("soap", "bad-envelope=version", (), "7 protocol malformed receive answered useless", "no version"),
    ("soap", "bad-envelope=value", (), "7 protocol malformed receive answered useless", "--lax"),
    ("soap", "bad-json", (), "7 protocol malformed receive answered useless", "expected a WSDL"),
    ("soap", "truncate", (), "7 protocol truncated receive unknown safe", "ended too early"),
    ("soap", "silence", ("--timeout", "0.2"), "6 transport timeout wait unknown safe", "--timeout"),
]
ARGUMENTS = {"graphql": ("{ hello }",), "soap": ("Add", "a=1", "b=2")}


@pytest.mark.parametrize(("protocol", "fault", "more", "line", "names"), SERVED, ids=[f"{case[0]}-{case[1]}" for case in SERVED])
def test_served(ask: Ask, protocol: str, fault: str, more: tuple[str, ...], line: str, names: str) -> None:
    command, path, before = COMMANDS[protocol]
    with serving(protocol, fault) as (served, _):
        verdict = ask(command, *more, *before, f"{served.url}{path}", *ARGUMENTS.get(protocol, ()))
    check(verdict, line, names)


def test_two_events_come_whatever_follows(ask: Ask) -> None:
    with serving("sse", "bad-events=utf-8") as (served, _):
        verdict = ask("sse", f"{served.url}/events")
    events = verdict.value["response"]["data"]["events"]
    assert [event["id"] for event in events] == ["1", "2", "3"]
    assert (verdict.line, events[2]["data"]) == ("0 - - - - -", "caf\ufffd \ufffd\ufffd \ufffd(")


def test_an_event_without_a_blank_line_behind_it_is_none(ask: Ask) -> None:
    with serving("sse", "bad-events=no-end") as (served, _):
        verdict = ask("sse", f"{served.url}/events")
    assert (verdict.code, [event["id"] for event in verdict.value["response"]["data"]["events"]]) == (0, ["1", "2"])
