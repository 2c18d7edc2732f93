"""Choosing among servers by `target_session_attrs`, beside libpq."""

from __future__ import annotations

import psycopg
import pytest
from peers.pgclient import Client
from peers.postgres import Postgres

from rrcli.codec.pg.backend import Settings
from rrcli.codec.pg.keywords import CHOICES
from rrcli.codec.pg.messages import DataRow, ParameterStatus
from rrcli.codec.pg.session import QUERIES, passes, suits, suits_answer

PRIMARY = {"in_hot_standby": "off", "default_transaction_read_only": "off"}
READ_ONLY = {"in_hot_standby": "off", "default_transaction_read_only": "on"}
STANDBY = {"in_hot_standby": "on", "default_transaction_read_only": "off"}


@pytest.mark.parametrize(
    ("wanted", "which"),
    [
        ("any", [True, True, True]),
        ("read-write", [True, False, False]),
        ("read-only", [False, True, True]),
        ("primary", [True, True, False]),
        ("standby", [False, False, True]),
        ("prefer-standby", [False, False, True]),
    ],
)
def test_what_is_wanted_decides_by_what_the_server_reports(wanted: str, which: list[bool]) -> None:
    assert [suits(wanted, reported) for reported in (PRIMARY, READ_ONLY, STANDBY)] == which
    assert suits(wanted, {}) is (True if wanted == "any" else None)


def test_a_standby_that_is_preferred_is_looked_for_first() -> None:
    assert passes("prefer-standby") == ("standby", "any")
    assert passes("primary") == ("primary",)


@pytest.mark.parametrize("wanted", CHOICES["target_session_attrs"])
@pytest.mark.parametrize("read_only", ["off", "on"])
def test_report_and_query_agree_with_each_other_and_with_libpq(postgres: Postgres, wanted: str, read_only: str) -> None:
    settings = Settings()
    with Client(postgres, default_transaction_read_only=read_only) as client:
        for message in client.started:
            if isinstance(message, ParameterStatus):
                settings.take(message)
        found = suits(wanted, settings.values)
        if wanted != "any":
            row = next(message for message in client.query(QUERIES[wanted][0]) if isinstance(message, DataRow))
            assert row.values[0] is not None
            assert suits_answer(wanted, row.values[0].decode()) is found
    text = postgres.dsn(target_session_attrs=wanted, options=f"-c default_transaction_read_only={read_only}")
    try:
        psycopg.connect(text).close()
        taken = True
    except psycopg.OperationalError:
        taken = False
    assert taken is (found or "any" in passes(wanted))
