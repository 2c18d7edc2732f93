"""Connections to several ports side by side: each port, or of many only those that are not like the rest."""

from __future__ import annotations

from rrcli.engine.registry import BY_NAME
from rrcli.model.values import Exchange, ExchangeSet, Failure, RequestMessage, Response, Status, Target, Timing
from rrcli.report.terminal.render import render_set

OPEN = Response(summary="connected", status=Status(text="connected"))


def tried(port: int, kind: str | None = None) -> Exchange:
    """A connection to a port of 192.0.2.1 that took 1.5 ms."""
    failure = Failure(layer="transport", kind=kind, message="connecting", phase="connect") if kind else None
    return Exchange(
        id="1",
        protocol="tcp",
        target=Target(url=f"tcp://192.0.2.1:{port}", host="192.0.2.1", port=port),
        request=RequestMessage(summary="connect to it", data={"safe": True, "idempotent": True}),
        response=None if kind else OPEN,
        timing=Timing(total_ns=1_500_000),
        outcome="error" if kind else "ok",
        error=failure,
    )


def drawn(*exchanges: Exchange) -> str:
    return render_set(ExchangeSet(exchanges=exchanges), BY_NAME["tcp"], width=80, color=False, verbose=False, wire=False)


def test_each_port_of_a_few() -> None:
    assert drawn(tried(22), tried(80, "refused"), tried(443, "timeout")).strip("\n") == (
        "  192.0.2.1:22   ✔ open     1.5 ms\n"
        "  192.0.2.1:80   ✘ refused  1.5 ms\n"
        "  192.0.2.1:443  ✘ timeout  1.5 ms\n"
        "✘ 1 of 3 open"
    )  # fmt: skip


def test_of_many_those_that_failed_alike_are_counted() -> None:
    found = drawn(tried(22), tried(23, "timeout"), *(tried(port, "refused") for port in range(100, 150)))
    assert found.strip("\n") == (
        "  192.0.2.1:22  ✔ open     1.5 ms\n"
        "  192.0.2.1:23  ✘ timeout  1.5 ms\n"
        "✘ 1 of 52 open, 50 refused"
    )  # fmt: skip


def test_all_open() -> None:
    assert drawn(tried(22), tried(80)).endswith("✔ all 2 open\n")
