"""The ways to run the command against a hostile server, and the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from peers.bounds import WAYS, Run, as_json, drawn
from peers.script import Handler, Responder, responder

Serve = Callable[[Handler], Responder]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def way(request: pytest.FixtureRequest) -> Run:
    """Each way to show an exchange."""
    run: Run = request.param
    return run


@pytest.fixture(params=(as_json, drawn), ids=lambda way: way.__name__)
def document_or_drawing(request: pytest.FixtureRequest) -> Run:
    """The two ways that keep an answer in memory: for what lasts until the deadline."""
    run: Run = request.param
    return run


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Run a handler for each connection, until the test ends."""
    with ExitStack() as running:
        yield lambda handle: running.enter_context(responder(handle))
