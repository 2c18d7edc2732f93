"""The PostgreSQL responder, met by psql, by psycopg and by rrcli."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from peers.base import need

from rrcli.adapters.pg.request import PgRequest
from rrcli.engine.send import send
from rrcli.responders.base import Responder
from rrcli.responders.faults import Plan, parse
from rrcli.responders.faulty import Faulty
from rrcli.responders.pg import PgResponder


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def shop() -> Iterator[PgResponder]:
    with PgResponder() as responder:
        yield responder


def psql(shop: PgResponder, sql: str, *words: str, user: str = "ann") -> subprocess.CompletedProcess[str]:
    command = [need("psql"), "-X", "-At", *words, f"{shop.url}/shop?user={user}", "-c", sql]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


def connected(shop: PgResponder, user: str = "ann", password: str = "") -> Any:  # it is none
    return psycopg.connect(f"{shop.url}/shop?user={user}" + (f"&password={password}" if password else ""), autocommit=True)


def test_psql_reads_rows_notices_and_errors_with_their_place(shop: PgResponder) -> None:
    assert psql(shop, "select * from orders where id = 2").stdout == "2|lamp|sent|30.00\n"
    assert psql(shop, "select 1 as a; select null, true, 'it''s'").stdout == "1\n|t|it's\n"
    assert psql(shop, "select notice('hi')").stderr == "NOTICE:  hi\n"
    failed = psql(shop, "select * frm orders")
    assert failed.returncode == 1
    assert failed.stderr.splitlines() == ['ERROR:  syntax error at or near "frm"', "LINE 1: select * frm orders", "                 ^"]
    assert psql(shop, "copy orders to stdout").stdout.splitlines()[0] == "1\tbook\tnew\t12.50"


def test_psycopg_binds_parameters_and_gets_types(shop: PgResponder) -> None:
    with connected(shop) as connection:
        rows = connection.execute("select %s::text as v, %s::int as n, 1.50", ("x'; --", 5)).fetchall()
        assert rows == [("x'; --", 5, Decimal("1.50"))]
        assert connection.execute("select generate_series(1, 3)").fetchall() == [(1,), (2,), (3,)]
        with pytest.raises(psycopg.errors.SerializationFailure):
            connection.execute("select error('40001')")
        with connection.transaction():
            assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS


def test_scram_lets_in_who_knows_the_password(shop: PgResponder) -> None:
    with connected(shop, "scram", "scram") as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connected(shop, "scram", "other")


def test_a_session_hears_what_another_one_notifies(shop: PgResponder) -> None:
    with connected(shop) as listener, connected(shop) as sender:
        listener.execute("listen news")
        sender.execute("notify news, 'hello'")
        (found,) = listener.notifies(timeout=5, stop_after=1)
    assert (found.channel, found.payload) == ("news", "hello")


def test_a_query_is_cancelled(shop: PgResponder) -> None:
    with connected(shop) as connection:
        threading.Timer(0.3, connection.cancel_safe).start()  # the other cancel waits and lets nobody else run
        began = time.monotonic()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("select pg_sleep(20)")
    assert time.monotonic() - began < 5


def ask(shop: Responder, *words: str, **options: Any) -> Any:
    return send(PgRequest(f"{shop.url}/shop?user=ann", *words, **options))


def test_rrcli_is_answered_in_every_mode(shop: PgResponder) -> None:
    assert ask(shop, "select $1::int as n", "7").response.data["rows"] == [{"n": 7}]
    assert ask(shop, "select generate_series(1,5) n", cursor=2).response.data["tag"] == "SELECT 5"
    assert ask(shop, "select generate_series(1,5) n", max_rows=2).response.data["row_count"] == 2
    assert [note.code for note in ask(shop, "select pg_sleep(9)", timeout=0.5).notes] == ["tls-declined", "cancelled"]
    newer = ask(shop, "select 1 as n", set=(("max_protocol_version", "3.2"),))
    assert newer.response.data["rows"] == [{"n": 1}]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("503-then-ok", "bad_status"), ("bad-length", "too_large truncated malformed"), ("bad-length=short", "malformed"),
        ("garbage", "wrong_protocol malformed"), ("wrong-protocol", "wrong_protocol"), ("wrong-protocol=http", "wrong_protocol"),
        ("slow", "timeout"), ("silence", "timeout"), ("reset", "reset"), ("close", "closed"), ("truncate", "truncated"),
        ("drip", "timeout"),
        ("flood", "too_large"),
    ],
)  # fmt: skip
def test_each_fault_is_told_for_what_it_is(fault: str, kind: str) -> None:
    responder = PgResponder()
    Faulty(Plan([parse(fault)])).spoil(responder)
    with responder:
        exchange = ask(responder, "select 1", timeout=1.0)
    assert exchange.error.kind in kind.split()
    assert exchange.error.delivery == "not_sent"


def test_a_server_that_starts_up_is_asked_again() -> None:
    responder = PgResponder()
    Faulty(Plan([parse("503-then-ok=1")])).spoil(responder)
    with responder:
        exchange = ask(responder, "select 1", retry=1, retry_delay=0.01)
    assert exchange.error is None
    assert [earlier.response.status.text for earlier in exchange.history] == ["57P03"]
