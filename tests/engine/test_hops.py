"""Hops: an adapter that leads on from one request to the next, and what the runner makes of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from rrcli.base.errors import ExchangeError, usage
from rrcli.engine import registry
from rrcli.engine.context import Context
from rrcli.engine.events import Content, Continue, Finished, Observer, Received, Sent
from rrcli.engine.manifest import Manifest
from rrcli.engine.runner import MAX_HOPS
from rrcli.engine.send import send
from rrcli.model.values import Body, Note, RequestMessage, Response, Status, Target
from rrcli.options.option import option
from rrcli.options.request import Request

MODULE = "hops_of_a_test"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.engine.events import Event


class CountRequest(Request):
    """Leads on until its number is 0."""

    number: int = option("--number", default=0, help="Hops to come.")
    fails: str = option("--fails", default="", help="What the last hop raises.")


CountRequest.__module__ = MODULE


def exchange(request: CountRequest, context: Context) -> Iterator[Event]:
    number = request.number if context.state is None else context.state
    yield Sent(message=RequestMessage(summary=f"hop {number}"), target=Target(url="count://"))
    context.note("hop", str(number))
    context.secret(f"secret {number}")
    answer = Response(summary=f"answer {number}", status=Status(text="OK"), body=Body())
    if number:
        context.recorder.timeline.enter("wait")
        yield Finished(answer=answer, then=Continue(why="redirect", state=number - 1))
        return
    if request.fails == "usage":
        raise usage("the next request is wrong")
    if request.fails:
        raise ExchangeError("transport", request.fails, "it failed")
    yield Received(answer=answer)
    yield Content(data=b"content")
    yield Finished(answer=answer)


@pytest.fixture(autouse=True)
def counting(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType(MODULE)
    module.__dict__.update(CountRequest=CountRequest, exchange=exchange, MANIFEST=Manifest(synopsis="", help="", label="Count"))
    monkeypatch.setitem(sys.modules, MODULE, module)
    entry = registry.Protocol(name="count", package=MODULE, request=f"{MODULE}:CountRequest", manifest=f"{MODULE}:MANIFEST")
    monkeypatch.setitem(registry.BY_NAME, "count", entry)


class Watching(Observer):
    def __init__(self) -> None:
        self.seen: list[object] = []

    def received(self, answer: Response) -> None:
        self.seen.append(answer.summary)

    def content(self, data: bytes) -> None:
        self.seen.append(data)


def test_earlier_hops_are_the_history() -> None:
    found = send(CountRequest(number=2, request_id="one"))
    assert [hop.request.summary for hop in (*found.history, found)] == ["hop 2", "hop 1", "hop 0"]
    assert [hop.why for hop in (*found.history, found)] == ["redirect", "redirect", None]
    assert [hop.id for hop in (*found.history, found)] == ["one"] * 3
    assert [hop.history for hop in found.history] == [(), ()]
    assert found.outcome == "ok"


def test_notes_and_secrets_add_up() -> None:
    found = send(CountRequest(number=1))
    assert found.notes == (Note(code="hop", message="1"), Note(code="hop", message="0"))
    assert found.history[0].notes == (Note(code="hop", message="1"),)
    assert found.secrets == ("secret 1", "secret 0")


def test_the_observer_sees_the_last_hop_alone() -> None:
    watching = Watching()
    send(CountRequest(number=2), watching)
    assert watching.seen == ["answer 0", b"content"]


def test_checks_are_made_on_the_last_hop() -> None:
    found = send(CountRequest(number=1, expect=("response.summary == 'answer 0'",)))
    assert [check.ok for check in found.checks] == [True]
    assert found.history[0].checks == ()


def test_without_hops_there_is_no_history() -> None:
    assert send(CountRequest()).history == ()


def test_as_many_hops_as_are_allowed() -> None:
    found = send(CountRequest(number=MAX_HOPS))
    assert (found.outcome, len(found.history)) == ("ok", MAX_HOPS)


def test_too_many_hops() -> None:
    found = send(CountRequest(number=MAX_HOPS + 1))
    assert found.error is not None
    assert (found.error.layer, found.error.kind, found.error.retry) == ("protocol", "too_many_redirects", "useless")
    assert found.error.message == "the answers lead on and on: 20 were followed"
    assert (len(found.history), found.request.summary) == (MAX_HOPS, "hop 1")
    assert found.response is not None


@pytest.mark.parametrize(("fails", "layer"), [("closed", "transport"), ("usage", "usage")])
def test_a_later_hop_that_fails(fails: str, layer: str) -> None:
    found = send(CountRequest(number=1, fails=fails))
    assert found.error is not None
    assert (found.outcome, found.error.layer, found.error.kind, len(found.history)) == ("error", layer, fails, 1)


def test_a_wrong_request_is_raised_when_nothing_was_sent() -> None:
    with pytest.raises(ExchangeError, match="the next request is wrong"):
        send(CountRequest(fails="usage"))


def test_the_request_is_the_same_before_and_after() -> None:
    request = CountRequest(number=2, timeout=3.0)
    send(request)
    assert request == CountRequest(number=2, timeout=3.0)
