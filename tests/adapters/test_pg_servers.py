"""`rrcli pg` against more than one server: a primary and its standby by `target_session_attrs`, and pgbouncer between."""

from __future__ import annotations

from typing import Any

import pytest
from peers.exchange import failed_as, notes, response_of
from peers.postgres import Postgres

from rrcli.adapters.pg.request import PgRequest
from rrcli.engine.send import send
from rrcli.model.values import Exchange


def ask(*words: str, **options: Any) -> Exchange:
    return send(PgRequest(*words, **{"timeout": 10.0, **options}))


def both(first: Postgres, second: Postgres, wanted: str) -> str:
    """Both servers in this order."""
    return first.dsn(host=f"{first.host},{second.host}", port=f"{first.port},{second.port}", target_session_attrs=wanted)


@pytest.mark.parametrize(
    ("wanted", "in_recovery"),
    [("any", True), ("read-write", False), ("primary", False), ("standby", True), ("read-only", True), ("prefer-standby", True)],
)
def test_the_server_that_is_wanted_is_found(postgres: Postgres, postgres_standby: Postgres, wanted: str, in_recovery: bool) -> None:
    exchange = ask(both(postgres_standby, postgres, wanted), "select pg_is_in_recovery() as it")
    assert exchange.error is None, exchange.error
    assert response_of(exchange).data["rows"] == [{"it": in_recovery}]
    tried = [attempt.error for attempt in exchange.connection.attempts]
    assert tried == ([None] if in_recovery else ["unsupported", None])


def test_a_standby_is_found_behind_the_primary(postgres: Postgres, postgres_standby: Postgres) -> None:
    exchange = ask(both(postgres, postgres_standby, "prefer-standby"), "select pg_is_in_recovery() as it")
    assert response_of(exchange).data["rows"] == [{"it": True}]


def test_no_server_that_is_wanted_is_told_with_all_that_were_tried(postgres_standby: Postgres) -> None:
    exchange = ask(both(postgres_standby, postgres_standby, "read-write"), "select 1")
    assert failed_as(exchange) == ("protocol", "unsupported", "handshake", "not_sent")
    assert [attempt.error for attempt in exchange.connection.attempts] == ["unsupported", "unsupported"]


def test_a_standby_refuses_to_write(postgres_standby: Postgres) -> None:
    answer = response_of(ask(postgres_standby.dsn(), "insert into t values (90, 'x', 'q', 1)"))
    assert (answer.status.text, answer.status.ok) == ("25006", False)


# --- through a pooler


def test_both_kinds_of_query_pass_a_pooler(pgbouncer: Postgres) -> None:
    simple = ask(pgbouncer.dsn(), "select 1 as a; select 2 as b")
    assert simple.error is None, simple.error
    assert [result["rows"] for result in response_of(simple).data["results"]] == [[{"a": 1}], [{"b": 2}]]
    bound = ask(pgbouncer.dsn(), "select $1::int + 1 as sum", "41")
    assert (response_of(bound).data["rows"], response_of(bound).data["auth"]) == ([{"sum": 42}], "SCRAM-SHA-256")


def test_what_the_server_behind_a_pooler_says_is_told(pgbouncer: Postgres) -> None:
    answer = response_of(ask(pgbouncer.dsn(), "select * frm t"))
    assert (answer.status.text, answer.data["position"]) == ("42601", 10)


def test_what_a_pooler_itself_refuses_is_told(pgbouncer: Postgres) -> None:
    exchange = ask(pgbouncer.dsn(dbname="nope"), "select 1")
    assert failed_as(exchange)[:2] == ("application", "bad_status")
    assert "nope" in response_of(exchange).status.reason
    assert [code for code, _ in notes(exchange)] == ["tls-declined", "handshake"]


def test_a_cancel_reaches_the_server_through_a_pooler(pgbouncer: Postgres) -> None:
    exchange = ask(pgbouncer.dsn(), "select pg_sleep(30)", timeout=0.4)
    assert failed_as(exchange)[1] == "timeout"
    assert "cancelled" in [code for code, _ in notes(exchange)]


def test_a_series_through_a_pooler_keeps_its_connection(pgbouncer: Postgres) -> None:
    from rrcli import Client

    with Client() as client:
        exchanges = [client.send(PgRequest(pgbouncer.dsn(), "select $1::int as n", str(number), timeout=10.0)) for number in range(3)]
    assert [response_of(each).data["rows"] for each in exchanges] == [[{"n": 0}], [{"n": 1}], [{"n": 2}]]


# --- the name that TLS asks for


def test_the_name_is_not_asked_for_with_sslsni_0(postgres: Postgres) -> None:
    def sni(**more: str) -> str | None:
        exchange = ask(postgres.dsn(host="localhost", sslmode="verify-ca", sslrootcert=str(postgres.root), **more), "select 1")
        assert exchange.error is None, exchange.error
        assert exchange.connection.tls
        return exchange.connection.tls.sni

    assert (sni(), sni(sslsni="1"), sni(sslsni="0")) == ("localhost", "localhost", None)


def test_a_name_that_is_not_asked_for_cannot_be_verified(postgres: Postgres) -> None:
    from rrcli import ExchangeError

    dsn = postgres.dsn(host="localhost", sslmode="verify-full", sslrootcert=str(postgres.root), sslsni="0")
    with pytest.raises(ExchangeError, match="sslsni=0 and sslmode=verify-full exclude each other"):
        ask(dsn, "select 1")
