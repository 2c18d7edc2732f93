"""The exit code of a failure: by its layer, but for a time limit and for what a signal ended."""

from __future__ import annotations

import os
import signal

import pytest

from rrcli.base.errors import ExchangeError, exit_code
from rrcli.engine.interrupt import Interrupted, on_term
from rrcli.model.values import Failure


@pytest.mark.parametrize(
    ("layer", "kind", "code"),
    [
        ("application", "bad_status", 1),
        ("usage", "usage", 2),
        ("network", "name_not_found", 3),
        ("transport", "refused", 4),
        ("tls", "certificate_expired", 5),
        ("protocol", "malformed", 7),
        ("transport", "timeout", 6),
        ("network", "timeout", 6),
        ("internal", "interrupted", 130),
        ("internal", "bug", 70),
    ],
)
def test_a_failure_has_the_exit_code_of_its_layer(layer: str, kind: str, code: int) -> None:
    assert exit_code(ExchangeError(layer, kind, "it failed")) == code
    assert exit_code(Failure(layer=layer, kind=kind, message="it failed", delivery="unknown", retry="useless")) == code


def test_without_a_failure_it_is_0() -> None:
    assert exit_code(None) == 0
    assert exit_code(None, terminated=True) == 0


def test_what_term_ended_has_a_code_of_its_own_and_nothing_else() -> None:
    assert exit_code(ExchangeError("internal", "interrupted", "ended"), terminated=True) == 143
    assert exit_code(ExchangeError("transport", "timeout", "too late"), terminated=True) == 6


def test_term_raises_where_the_program_is_and_is_remembered() -> None:
    before = signal.getsignal(signal.SIGTERM)
    try:
        termination = on_term()
        assert not termination.arrived
        with pytest.raises(Interrupted) as caught:
            os.kill(os.getpid(), signal.SIGTERM)
        assert (caught.value.signal, termination.arrived) == (signal.SIGTERM, True)
    finally:
        signal.signal(signal.SIGTERM, before)
