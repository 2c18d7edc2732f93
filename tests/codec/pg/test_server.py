"""The codec against a real PostgreSQL, over a plain socket; what comes is compared with psycopg and psql."""

from __future__ import annotations

import json
import ssl
import threading
import time

import psycopg
import pytest
from peers.pgclient import Client, Refused, cancel
from peers.postgres import PASSWORDS, Postgres

from rrcli.base.errors import ExchangeError
from rrcli.base.jsontext import dumps, plain
from rrcli.codec.pg import frontend
from rrcli.codec.pg.copytext import Lines, csv_values, text_values
from rrcli.codec.pg.messages import (
    CommandComplete,
    CopyData,
    CopyResponse,
    DataRow,
    Message,
    NegotiateProtocolVersion,
    NotificationResponse,
    ParameterDescription,
    ReadyForQuery,
    RowDescription,
    Signal,
)
from rrcli.codec.pg.oids import ELEMENTS, NAMES, type_name
from rrcli.codec.pg.report import ErrorResponse, NoticeResponse, mark
from rrcli.codec.pg.values import Rows, parameter


def rows(messages: list[Message]) -> list[dict[str, object]]:
    """The rows of the last result, as values of Python."""
    found: list[dict[str, object]] = []
    reader = Rows(())
    for message in messages:
        if isinstance(message, RowDescription):
            reader, found = Rows(message.columns), []
        elif isinstance(message, DataRow):
            found.append(plain(reader.read(message)))
    return found


def error(messages: list[Message]) -> ErrorResponse:
    return next(message for message in messages if isinstance(message, ErrorResponse))


def tls(server: Postgres) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(server.root))


# --- logging in


@pytest.mark.parametrize(
    ("user", "method"),
    [("trusty", "trust"), ("pwuser", "password"), ("md5user", "md5"), ("rr", "SCRAM-SHA-256"), ("uni", "SCRAM-SHA-256")],
)
def test_each_method_logs_in(postgres: Postgres, user: str, method: str) -> None:
    with Client(postgres, user) as client:
        assert client.login.method == method
        assert rows(client.query("select current_user as u")) == [{"u": user}]
        assert [note.code for note in client.login.notes] == (["password-in-clear"] if method == "password" else [])


def test_over_tls_the_login_is_bound_to_the_channel(postgres: Postgres) -> None:
    with Client(postgres, tls=tls(postgres), channel_binding="require") as client:
        assert client.login.method == "SCRAM-SHA-256-PLUS"
        assert rows(client.query("select ssl from pg_stat_ssl where pid = pg_backend_pid()")) == [{"ssl": True}]


def test_channel_binding_can_be_left_out_over_tls(postgres: Postgres) -> None:
    with Client(postgres, tls=tls(postgres), channel_binding="disable") as client:
        assert client.login.method == "SCRAM-SHA-256"


def test_channel_binding_cannot_be_required_without_tls(postgres: Postgres) -> None:
    with pytest.raises(ExchangeError, match="channel binding is required, and there is no TLS"):
        Client(postgres, channel_binding="require")


def test_channel_binding_that_is_required_refuses_a_login_without(postgres: Postgres) -> None:
    with pytest.raises(ExchangeError, match="channel binding is required, and the server logged us in by trust without it"):
        Client(postgres, "trusty", tls=tls(postgres), channel_binding="require")


def test_the_client_s_certificate_logs_in(postgres: Postgres) -> None:
    context = tls(postgres)
    context.load_cert_chain(postgres.certificate, postgres.key)
    with Client(postgres, "certuser", tls=context) as client:
        assert client.login.method == "cert"


def test_a_unix_socket_logs_in(postgres: Postgres) -> None:
    with Client(postgres, unix=True) as client:
        assert client.login.method == "trust"


@pytest.mark.parametrize("user", ["pwuser", "md5user", "rr"])
def test_a_wrong_password_is_refused_with_its_sqlstate(postgres: Postgres, user: str) -> None:
    with pytest.raises(Refused) as refused:
        Client(postgres, user, "wrong")
    assert (refused.value.error.sqlstate, refused.value.error.severity) == ("28P01", "FATAL")
    assert refused.value.error.is_fatal


def test_a_database_that_is_not_there_is_refused(postgres: Postgres) -> None:
    with pytest.raises(Refused) as refused:
        Client(postgres, database="nope")
    assert (refused.value.error.sqlstate, refused.value.error.message) == ("3D000", 'database "nope" does not exist')


def test_no_password_where_one_is_wanted_names_the_method(postgres: Postgres) -> None:
    with pytest.raises(ExchangeError, match=r"asks for a password \(SCRAM-SHA-256\) of the user nobody, and there is none") as failed:
        Client(postgres, "nobody")
    assert (failed.value.layer, failed.value.phase) == ("application", "handshake")


def test_a_newer_protocol_is_negotiated_down(postgres: Postgres) -> None:
    with Client(postgres, version=frontend.VERSION_3_2, **{"_pq_.rrcli": "1"}) as client:
        assert client.started[0] == NegotiateProtocolVersion(minor=0, options=("_pq_.rrcli",))


@pytest.mark.parametrize("user", ["pwuser", "md5user", "rr"])
def test_what_is_secret_in_a_login_is_marked(postgres: Postgres, user: str) -> None:
    with Client(postgres, user) as client:
        written = [(data, spans) for data, spans in client.sent if data]
    assert [spans for _, spans in written] == [((5, len(data)),) for data, _ in written]
    for data, spans in written:
        shown = b"".join(data[:start] for start, _ in spans)
        assert PASSWORDS[user].encode() not in shown
        assert shown[:1] == b"p"


# --- queries


def test_a_simple_query_gives_rows_tag_and_state(postgres: Postgres) -> None:
    with Client(postgres) as client:
        described, row, complete, ready = client.query("select 1 as one, null as nothing")
    assert isinstance(described, RowDescription)
    assert [(column.name, type_name(column.oid), column.format) for column in described.columns] == [
        ("one", "int4", 0),
        ("nothing", "text", 0),
    ]
    assert row == DataRow((b"1", None))
    assert complete == CommandComplete(tag="SELECT 1", rows=1)
    assert ready == ReadyForQuery(status="idle")


def test_several_statements_give_several_results(postgres: Postgres) -> None:
    with Client(postgres) as client:
        messages = client.query("select 1 as a; create temp table x (n int); insert into x values (1), (2); begin")
    tags = [(message.tag, message.rows) for message in messages if isinstance(message, CommandComplete)]
    assert tags == [("SELECT 1", 1), ("CREATE TABLE", None), ("INSERT 0 2", 2), ("BEGIN", None)]
    assert messages[-1] == ReadyForQuery(status="transaction")


def test_a_parameter_is_never_read_as_sql(postgres: Postgres) -> None:
    with Client(postgres) as client:
        messages = client.extended("select $1::text as v, $2::int + 1 as n, $3::text is null as z", b"x'; drop table t;--", b"41", None)
    assert messages[:2] == [Signal(name="ParseComplete"), Signal(name="BindComplete")]
    assert rows(messages) == [{"v": "x'; drop table t;--", "n": 42, "z": True}]


def test_a_statement_tells_the_types_of_its_parameters(postgres: Postgres) -> None:
    with Client(postgres) as client:
        messages = client.ask(frontend.parse("select $1::int8, $2::text", "s") + frontend.describe_statement("s") + frontend.sync())
        assert messages[1] == ParameterDescription(types=(20, 25))
        assert client.ask(frontend.close_statement("s") + frontend.sync())[0] == Signal(name="CloseComplete")


def test_a_portal_gives_its_rows_in_portions(postgres: Postgres) -> None:
    start = frontend.parse("select generate_series(1, 5)") + frontend.bind(()) + frontend.execute(most=2) + frontend.flush()
    with Client(postgres) as client:
        first = client.ask(start, lambda message: message == Signal(name="PortalSuspended"))
        rest = client.ask(frontend.execute(most=3) + frontend.execute() + frontend.close_portal() + frontend.sync())
    assert [message.values for message in first if isinstance(message, DataRow)] == [(b"1",), (b"2",)]
    assert [message.values for message in rest if isinstance(message, DataRow)] == [(b"3",), (b"4",), (b"5",)]


def test_an_empty_query_and_one_without_rows(postgres: Postgres) -> None:
    with Client(postgres) as client:
        assert client.query("")[0] == Signal(name="EmptyQueryResponse")
        assert Signal(name="NoData") in client.extended("create temp table y ()")


VALUES = r"""
select 1.10::numeric n, 'NaN'::float8 f, '-Infinity'::float4 i, 9007199254740993::int8 b, true t, '{1,2,NULL}'::int[] a,
  '\xff00'::bytea y, '{"a": 1.50}'::jsonb j, 'sad'::mood m, null x, '[0:1][3:4]={{1,2},{3,4}}'::int[][] lower,
  array['a,b', '"q"', 'back\slash', '', 'NULL', null] texts, array[]::text[] empty, '[1,5)'::int4range r, row(1, 'x y') c,
  '2024-02-29 12:34:56.789+00'::timestamptz at, interval '1 day 2 hours' d, 1e100::float8 big, '{1.50,NaN}'::numeric[] ns,
  array[true, null] bs, array['{"k": [1]}'::json] js, array['\x00'::bytea] ys, 12345678901234567890.123456789::numeric long,
  array[box '((1,1),(0,0))', box '((2,2),(1,1))'] boxes, 4294967295::oid o, 'é'::text u, '-0'::float8 zero
"""


def test_values_become_json_exactly(postgres: Postgres) -> None:
    with Client(postgres, TimeZone="UTC") as client:
        messages = client.query(VALUES)
    described, row = messages[:2]
    assert isinstance(described, RowDescription)
    assert isinstance(row, DataRow)
    written = dumps(Rows(described.columns).read(row))
    json.loads(written)
    assert written == (
        '{"n": 1.10, "f": "NaN", "i": "-Infinity", "b": 9007199254740993, "t": true, "a": [1, 2, null], "y": {"base64": "/wA="}, '
        '"j": {"a": 1.50}, "m": "sad", "x": null, "lower": [[1, 2], [3, 4]], '
        '"texts": ["a,b", "\\"q\\"", "back\\\\slash", "", "NULL", null], '
        '"empty": [], "r": "[1,5)", "c": "(1,\\"x y\\")", "at": "2024-02-29 12:34:56.789+00", "d": "1 day 02:00:00", "big": 1e+100, '
        '"ns": [1.50, "NaN"], "bs": [true, null], "js": [{"k": [1]}], "ys": [{"base64": "AA=="}], "long": 12345678901234567890.123456789, '
        '"boxes": ["(1,1),(0,0)", "(2,2),(1,1)"], "o": 4294967295, "u": "é", "zero": -0}'
    )


def test_values_are_those_that_psycopg_reads(postgres: Postgres) -> None:
    sql = """select i, i::int8 * 1000000007 b, i / 7.0::float8 f, i % 3 = 0 t, 'text ' || i s, array[i, null, -i] a,
             array['x' || i, 'a"b\\c', null] ts, jsonb_build_object('i', i, 'l', array[i]) j, nullif(i, 3) z, md5(i::text)::uuid::text u
             from generate_series(-20, 20) i"""
    with Client(postgres) as client, psycopg.connect(postgres.dsn()) as other:
        cursor = other.execute(sql)
        assert cursor.description
        names = [column.name for column in cursor.description]
        assert rows(client.query(sql)) == [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.mark.parametrize("output", ["hex", "escape"])
def test_bytea_is_read_in_both_forms(postgres: Postgres, output: str) -> None:
    with Client(postgres, bytea_output=output) as client:
        assert rows(client.query(r"select '\x005c61ff27'::bytea b")) == [{"b": {"base64": "AFxh/yc="}}]


PARAMETERS = [
    (None, "int"), (True, "bool"), (42, "int8"), (-(2**63), "int8"), (1.5, "float8"), ("text, {with} \"marks\" \\", "text"),
    (b"\x00\xff", "bytea"), ([1, None, 3], "int[]"), ([[1, 2], [3, 4]], "int[]"), (["a,b", 'q"', "\\", "", "NULL", None], "text[]"),
    ({"a": [1, None, "x"]}, "jsonb"), ([], "text[]"), ([True, False], "bool[]"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "kind"), PARAMETERS)
def test_a_parameter_comes_back_as_it_was_given(postgres: Postgres, value: object, kind: str) -> None:
    with Client(postgres) as client:
        (row,) = rows(client.extended(f"select $1::{kind} as v", parameter(value)))
    assert row["v"] == ({"base64": "AP8="} if isinstance(value, bytes) else value)


def test_the_names_of_types_are_those_of_the_catalogue(postgres: Postgres) -> None:
    found = postgres.psql(
        "select oid, typname, typelem from pg_type where typnamespace = 11 and typtype <> 'c' and oid < 10000 order by oid"
    )
    for line in found.splitlines():
        oid, name, element = line.split("|")
        if int(oid) in ELEMENTS:
            assert ELEMENTS[int(oid)] == int(element)
        elif not name.startswith("_"):
            assert NAMES[int(oid)] == name


# --- errors and notices


def test_an_error_has_all_its_fields(postgres: Postgres) -> None:
    with Client(postgres) as client:
        found = error(client.query("insert into t values (1, 'x', 'y', 1)"))
        assert found.facts() == {
            "severity": "ERROR",
            "sqlstate": "23505",
            "message": 'duplicate key value violates unique constraint "t_pkey"',
            "detail": "Key (id)=(1) already exists.",
            "schema": "public",
            "table": "t",
            "constraint": "t_pkey",
        }
        assert error(client.query("insert into t values (2)")).column == "name"
        inner = error(client.query("do $$ begin execute 'selct 1'; end $$"))
    assert (inner.internal_position, inner.internal_query) == (1, "selct 1")
    assert inner.where
    assert inner.where.startswith("PL/pgSQL function inline_code_block line 1")


STATEMENTS = [
    "select * frm t",
    "select * from nope",
    "select 'äöü', '日本語', nope",
    "select 1,\n\t2,\r\n  nope,\n 4",
    "select 1" + " + 1" * 40 + " + nope" + " + 2" * 40,
    "select nope" + " + 1" * 40,
    "select 1" + " + 1" * 40 + " nope nope",
    "select '" + "日本" * 30 + "' + nope + " + "1 + " * 30 + "2",
    "selct",
    "select (",
]


@pytest.mark.parametrize("sql", STATEMENTS)
def test_the_place_of_an_error_is_marked_as_psql_does(postgres: Postgres, sql: str) -> None:
    with Client(postgres) as client:
        found = mark(sql, error(client.query(sql)).position)
    assert found is not None
    with psycopg.connect(postgres.dsn()) as other, pytest.raises(psycopg.Error) as failed:
        other.execute(sql.encode())
    shown = str(failed.value).splitlines()
    begin = next(number for number, line in enumerate(shown) if line.startswith("LINE "))
    assert list(found.lines()) == shown[begin : begin + 2]


def test_a_position_counts_characters(postgres: Postgres) -> None:
    with Client(postgres) as client:
        assert error(client.query("select * frm t")).position == 10
        assert error(client.query("select 'äöü日', nope")).position == 16


def test_notices_come_in_order(postgres: Postgres) -> None:
    with Client(postgres) as client:
        messages = client.query("do $$ begin raise notice 'hi %', 1; raise warning 'w' using hint = 'h', detail = 'd'; end $$")
    found = [message for message in messages if isinstance(message, NoticeResponse)]
    assert [(notice.severity, notice.message, notice.hint) for notice in found] == [("NOTICE", "hi 1", None), ("WARNING", "w", "h")]


def test_severity_is_english_in_any_language(postgres: Postgres) -> None:
    with Client(postgres, "trusty") as client:
        assert error(client.query("select nope")).severity == "ERROR"


# --- COPY, LISTEN, cancel


def test_copy_out_gives_the_values_as_text_and_as_csv(postgres: Postgres) -> None:
    values = [b"plain", b"tab\tnew\nline \\ back", b'quote "q", comma', b"", None]
    with Client(postgres) as client:
        client.query("create temp table c (n serial, v text)")
        for value in values:
            client.extended("insert into c (v) values ($1)", value)
        for options, csv in (("", False), ("with (format csv)", True)):
            messages = client.query(f"copy (select v, n from c order by n) to stdout {options}")
            lines = Lines(csv=csv)
            found = [line for message in messages if isinstance(message, CopyData) for line in lines.feed(message.data)] + lines.end()
            assert messages[0] == CopyResponse(direction="out", format=0, columns=(0, 0))
            assert Signal(name="CopyDone") in messages
            assert [(csv_values if csv else text_values)(line)[0] for line in found] == values


def test_copy_in_takes_data_and_can_be_given_up(postgres: Postgres) -> None:
    def begun(message: Message) -> bool:
        return isinstance(message, CopyResponse)

    with Client(postgres) as client:
        client.query("create temp table c (a int, b text)")
        assert client.ask(frontend.query("copy c from stdin"), begun) == [CopyResponse(direction="in", format=0, columns=(0, 0))]
        data = b"".join(b"%d\trow %d\n" % (number, number) for number in range(20_000))
        done = client.ask(frontend.copy_data(data) + frontend.copy_done())
        assert done == [CommandComplete(tag="COPY 20000", rows=20_000), ReadyForQuery(status="idle")]
        client.ask(frontend.query("copy c from stdin"), begun)
        failed = error(client.ask(frontend.copy_data(b"1\tx\n") + frontend.copy_fail("changed my mind")))
        assert (failed.sqlstate, failed.message) == ("57014", "COPY from stdin failed: changed my mind")


def test_a_notification_comes_when_somebody_notifies(postgres: Postgres) -> None:
    with Client(postgres) as client:
        client.query("listen ch")
        postgres.psql("notify ch, 'payload é'")
        (found,) = client.ask(b"", lambda message: isinstance(message, NotificationResponse))
    assert isinstance(found, NotificationResponse)
    assert (found.channel, found.payload) == ("ch", "payload é")


def test_a_query_is_cancelled(postgres: Postgres) -> None:
    with Client(postgres) as client:
        began = time.monotonic()
        timer = threading.Timer(0.3, cancel, [client])
        timer.start()
        found = error(client.query("select pg_sleep(30)"))
        timer.join()
    assert (found.sqlstate, found.message) == ("57014", "canceling statement due to user request")
    assert time.monotonic() - began < 10


def test_a_session_that_is_ended_says_why(postgres: Postgres) -> None:
    with Client(postgres) as client:
        postgres.psql(f"select pg_terminate_backend({client.key.process})")
        (found,) = client.ask(b"", lambda message: isinstance(message, ErrorResponse))
    assert isinstance(found, ErrorResponse)
    assert (found.sqlstate, found.severity) == ("57P01", "FATAL")
