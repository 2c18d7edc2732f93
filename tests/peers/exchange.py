"""What tests ask of an exchange, and the short way to a server that follows a script."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from peers.script import Handler, responder, script

from rrcli.model.document import document
from rrcli.model.values import Exchange, Failure, Response


@contextlib.contextmanager
def serving(*steps: Handler) -> Iterator[str]:
    """The URL of a responder that takes these steps for each connection."""
    with responder(script(*steps)) as peer:
        yield f"http://{peer.host}:{peer.port}/"


def failure_of(exchange: Exchange) -> Failure:
    """What went wrong; something did."""
    assert exchange.error is not None, exchange
    return exchange.error


def failed_as(exchange: Exchange) -> tuple[str, str, str | None, str]:
    """Layer, kind, phase and delivery of the failure."""
    failure = failure_of(exchange)
    return failure.layer, failure.kind, failure.phase, failure.delivery


def response_of(exchange: Exchange) -> Response:
    """The response, whether or not it says success."""
    assert exchange.response is not None, exchange.error
    return exchange.response


def content_of(exchange: Exchange) -> bytes:
    """The content of an exchange that went well."""
    assert exchange.error is None, exchange.error
    body = response_of(exchange).body
    assert body is not None
    return body.data


def json_of(exchange: Exchange) -> Any:
    """The content of an exchange that went well, as a JSON value."""
    assert exchange.error is None, exchange.error
    return document(exchange)["response"]["body"]["json"]


def notes(exchange: Exchange) -> list[tuple[str, str]]:
    """The notes: their codes and messages."""
    return [(note.code, note.message) for note in exchange.notes]


def codes(exchange: Exchange) -> list[str]:
    """The codes of the notes."""
    return [note.code for note in exchange.notes]
