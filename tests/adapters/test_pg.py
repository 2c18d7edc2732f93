"""SQL against a real PostgreSQL 15: what is answered, how the session starts, and what the server sees."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from peers import child
from peers.nginx import Nginx
from peers.postgres import PASSWORDS, Postgres
from peers.script import hear, responder, say, script

from rrcli.adapters.pg.request import PgRequest
from rrcli.base.errors import ExchangeError
from rrcli.base.jsontext import dumps
from rrcli.engine.client import Client
from rrcli.engine.events import Observer
from rrcli.engine.send import send
from rrcli.model.document import document
from rrcli.model.values import Exchange
from rrcli.policy.redact import masked


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable, no file of passwords and no certificate of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def table_as_before(postgres: Postgres) -> Iterator[None]:
    yield
    postgres.psql("delete from t where id > 1")


def ask(dsn: str, *words: str, **options: Any) -> Exchange:
    return send(PgRequest(dsn, *words, **options))


def shown(exchange: Exchange) -> dict[str, Any]:
    return document(exchange)


def data(exchange: Exchange) -> dict[str, Any]:
    found: dict[str, Any] = shown(exchange)["response"]["data"]
    return found


def codes(exchange: Exchange) -> list[str]:
    return [note.code for note in exchange.notes]


def error(exchange: Exchange) -> tuple[str, str | None, str, str | None]:
    """Status, message, delivery and phase of a failure."""
    assert exchange.error
    status = exchange.response.status.text if exchange.response else exchange.error.kind
    return status, exchange.error.message, exchange.error.delivery, exchange.error.phase


class Kept(Observer):
    """What `raw` prints."""

    keeps_content = False

    def __init__(self) -> None:
        self.data = b""

    def content(self, data: bytes) -> None:
        self.data += data


def run(*words: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return child.run(*words, text=True, env=changes)


# --- answers


def test_rows_are_objects_with_their_columns_tag_and_count(postgres: Postgres) -> None:
    exchange = ask(postgres.dsn(), "select 1 as one, now() as t")
    answer = shown(exchange)["response"]
    assert exchange.error is None
    assert answer["data"]["rows"][0]["one"] == 1
    assert [column["type"] for column in answer["data"]["columns"]] == ["int4", "timestamptz"]
    assert (answer["data"]["tag"], answer["data"]["row_count"], answer["framing"]) == ("SELECT 1", 1, "ready-for-query")
    assert answer["data"]["auth"] == "SCRAM-SHA-256-PLUS"
    assert answer["data"]["parameters"]["application_name"] == "rrcli"
    assert answer["status"] == {"code": None, "text": "OK", "ok": True}


def test_the_request_tells_its_sql_and_mode_and_the_command_has_no_password(postgres: Postgres) -> None:
    found = shown(masked(ask(postgres.dsn(), "-- a remark\nselect $1::int as n", "7", timeout=5.0)))
    assert found["request"]["summary"] == "-- a remark"
    assert found["request"]["body"]["text"] == "-- a remark\nselect $1::int as n"
    assert found["request"]["data"] == {
        "user": "rr", "mode": "extended", "parameters": 1, "read_only": False, "safe": False, "idempotent": False
    }  # fmt: skip
    assert found["command"][0] == "pg"
    assert any("password='‹secret›'" in word for word in found["command"])
    assert PASSWORDS["rr"] not in dumps(found)
    assert found["target"] == {"url": f"postgresql://127.0.0.1:{postgres.port}/rr", "host": "127.0.0.1", "port": postgres.port}


def test_the_phases_are_those_of_the_wire(postgres: Postgres) -> None:
    timing = shown(ask(postgres.dsn(), "select 1"))["timing"]
    phases = ("connect", "tls", "handshake", "send", "wait", "receive")
    assert all(timing[f"{phase}_ms"] is not None for phase in phases)
    assert sum(timing[f"{phase}_ms"] for phase in phases) <= timing["total_ms"] + 1


def test_a_parameter_is_bound_and_never_read_as_sql(postgres: Postgres) -> None:
    exchange = ask(postgres.dsn(), "select $1::text as v", "x'; drop table t;--")
    assert data(exchange)["rows"] == [{"v": "x'; drop table t;--"}]
    assert postgres.psql("select count(*) from t") == "1"


def test_an_error_has_its_sqlstate_place_and_reason(postgres: Postgres) -> None:
    exchange = ask(postgres.dsn(), "select * from nope")
    assert error(exchange) == ("42P01", 'relation "nope" does not exist', "answered", None)
    assert exchange.outcome == "application_error"
    assert data(exchange)["position"] == 15


def test_a_broken_constraint_is_named_with_what_broke_it(postgres: Postgres) -> None:
    found = data(ask(postgres.dsn(), "insert into t values (1,'x','y',1)"))
    assert (found["sqlstate"], found["detail"], found["constraint"]) == ("23505", "Key (id)=(1) already exists.", "t_pkey")


def test_values_are_written_exactly(postgres: Postgres) -> None:
    sql = (
        "select 1.10::numeric n, 'NaN'::float8 f, 9007199254740993::int8 b, true t, '{1,2,NULL}'::int[] a, "
        "'\\xff00'::bytea y, '{\"a\":1}'::jsonb j, 'sad'::mood m, null x"
    )
    exchange = ask(postgres.dsn(), sql)
    written = dumps(document(exchange, exact=True))
    assert '"n": 1.10, "f": "NaN", "b": 9007199254740993, "t": true, "a": [1, 2, null], "y": {"base64": "/wA="}, "j": {"a": 1}' in written
    assert data(exchange)["rows"][0]["j"] == {"a": 1}
    assert data(exchange)["rows"][0]["n"] == 1.1
    assert (data(exchange)["rows"][0]["m"], data(exchange)["rows"][0]["x"]) == ("sad", None)


def test_checks_read_numbers_and_json_as_values(postgres: Postgres) -> None:
    exchange = ask(postgres.dsn(), "select 1.10::numeric n", expect=("response.data.rows[0].n == 1.1",))
    assert [check.ok for check in exchange.checks] == [True]


def test_several_statements_give_several_results(postgres: Postgres) -> None:
    found = data(ask(postgres.dsn(), "select 1 as a; select 2 as b"))
    assert [result["rows"] for result in found["results"]] == [[{"a": 1}], [{"b": 2}]]
    assert found["rows"] == [{"b": 2}]


def test_two_columns_of_one_name_are_told_apart(postgres: Postgres) -> None:
    exchange = ask(postgres.dsn(), "select 1 as a, 2 as a")
    assert data(exchange)["rows"] == [{"a": 1, "a_2": 2}]
    assert codes(exchange) == ["renamed-columns"]


def test_notices_come_in_their_order(postgres: Postgres) -> None:
    exchange = ask(postgres.dsn(), "do $$ begin raise notice 'hi %', 1; raise warning 'w'; end $$")
    assert [(notice["severity"], notice["message"]) for notice in data(exchange)["notices"]] == [("NOTICE", "hi 1"), ("WARNING", "w")]
    assert [note.message for note in exchange.notes] == ["NOTICE: hi 1", "WARNING: w"]


def test_the_place_of_a_syntax_error_is_marked_under_the_sql(postgres: Postgres) -> None:
    done = run("pg", "--format", "pretty", postgres.dsn(), "select * frm t", COLUMNS="80")
    lines = done.stdout.splitlines()
    at = next(number for number, line in enumerate(lines) if "LINE 1" in line)
    assert lines[at + 1].index("^") == lines[at].index("frm")
    assert done.returncode == 1


def test_off_a_terminal_each_row_is_a_line_of_json(postgres: Postgres) -> None:
    done = run("pg", postgres.dsn(), "select generate_series(1,3) n")
    assert (done.returncode, done.stdout, done.stderr) == (0, '{"n": 1}\n{"n": 2}\n{"n": 3}\n', "")


def test_rows_that_are_passed_on_are_not_kept(postgres: Postgres) -> None:
    observer = Kept()
    exchange = send(PgRequest(postgres.dsn(), "select generate_series(1,30000) n"), observer)
    assert observer.data.count(b"\n") == 30_000
    assert exchange.response
    assert (exchange.response.data["rows"], exchange.response.data["row_count"]) == ([], 30_000)


def test_no_more_rows_are_kept_than_the_limit_and_a_note_counts_the_others(postgres: Postgres) -> None:
    exchange = ask(postgres.dsn(), "select generate_series(1,12000) n")
    assert len(data(exchange)["rows"]) == 10_000
    assert "2000 more rows" in next(note.message for note in exchange.notes if note.code == "rows-left-out")


def test_null_and_files_are_parameters_too(postgres: Postgres, tmp_path: Path) -> None:
    (tmp_path / "v").write_text("from a file")
    sql = "select $1::text a, $2::text b, $3::text c"
    found = data(ask(postgres.dsn(), sql, "one", null=(2,), param_file=((3, str(tmp_path / "v")),)))
    assert found["rows"] == [{"a": "one", "b": None, "c": "from a file"}]
    with pytest.raises(ExchangeError, match="there is no parameter 5"):
        ask(postgres.dsn(), sql, null=(5,))


@pytest.mark.parametrize("options", [{"cursor": 2}, {"cursor": 2, "max_rows": 10}, {"extended": True}])
def test_rows_can_be_fetched_in_parts(postgres: Postgres, options: dict[str, Any]) -> None:
    found = data(ask(postgres.dsn(), "select generate_series(1,5) n", **options))
    assert [row["n"] for row in found["rows"]] == [1, 2, 3, 4, 5]
    assert found["tag"] == "SELECT 5"


@pytest.mark.parametrize("options", [{}, {"cursor": 2}])
def test_no_more_rows_come_than_are_wanted(postgres: Postgres, options: dict[str, Any]) -> None:
    exchange = ask(postgres.dsn(), "select generate_series(1,1000000) n", max_rows=3, **options)
    assert [row["n"] for row in data(exchange)["rows"]] == [1, 2, 3]
    assert (data(exchange)["row_count"], codes(exchange)) == (3, ["cancelled"])


def test_explain_shows_the_plan_and_what_it_did_is_rolled_back(postgres: Postgres) -> None:
    exchange = ask(postgres.dsn(), "insert into t values ($1, 'n', 'e', 1)", "77", explain=True)
    assert data(exchange)["plan"]["Node Type"] == "ModifyTable"
    assert data(exchange)["server_ms"] > 0
    assert postgres.psql("select count(*) from t where id = 77") == "0"


@pytest.mark.usefixtures("table_as_before")
def test_a_pipeline_is_sent_at_once_and_holds_as_a_whole(postgres: Postgres, tmp_path: Path) -> None:
    file = tmp_path / "all.sql"
    file.write_text("insert into t values (50, 'a;b', 'p', 1);\nselect name from t where id = 50;")
    assert [result["tag"] for result in data(ask(postgres.dsn(), pipeline=str(file)))["results"]] == ["INSERT 0 1", "SELECT 1"]
    file.write_text("insert into t values (51, 'c', 'q', 1);\nselect nope;")
    assert error(ask(postgres.dsn(), pipeline=str(file)))[0] == "42703"
    assert postgres.psql("select count(*) from t where id = 51") == "0"


def test_what_would_change_something_is_refused_in_a_read_only_session(postgres: Postgres) -> None:
    exchange = ask(postgres.dsn(), "insert into t values (7,'x','z',1)", read_only=True)
    assert error(exchange)[0] == "25006"
    assert (exchange.request.data["safe"], exchange.request.data["idempotent"]) == (True, True)


def test_the_data_of_copy_is_the_content_byte_for_byte(postgres: Postgres) -> None:
    observer = Kept()
    send(PgRequest(postgres.dsn(), "copy (select 1, null, E'a\\tb') to stdout"), observer)
    assert observer.data == b"1\t\\N\ta\\tb\n"
    found = data(ask(postgres.dsn(), "copy (select 1, null, 'a,b') to stdout csv"))
    assert (found["rows"], found["tag"], found["copy"]["direction"]) == ([["1", None, "a,b"]], "COPY 1", "out")


@pytest.mark.usefixtures("table_as_before")
def test_standard_input_is_copied(postgres: Postgres) -> None:
    rows = "60\tn60\te60\t1\n61\tn61\te61\t2\n"
    done = child.run("pg", "--json", "--stdin", postgres.dsn(), "copy t from stdin", input=rows)
    found = json.loads(done.stdout)
    assert (done.returncode, found["response"]["data"]["tag"], found["command"]) == (0, "COPY 2", None)
    assert postgres.psql("select count(*) from t where id >= 60") == "2"


def test_copy_without_data_says_what_to_write(postgres: Postgres) -> None:
    status, message, *_ = error(ask(postgres.dsn(), "copy t from stdin"))
    assert status == "57014"
    assert "--stdin" in str(message)


def test_listen_is_a_stream_of_notifications(postgres: Postgres) -> None:
    def notify() -> None:
        deadline = time.monotonic() + 10
        while postgres.psql("select count(*) from pg_stat_activity where query = 'listen ch'") == "0" and time.monotonic() < deadline:
            time.sleep(0.05)
        postgres.psql("notify ch, '{\"n\": 1}'")

    thread = threading.Thread(target=notify)
    thread.start()
    exchange = ask(postgres.dsn(), "listen ch", max_events=1, deadline=20.0)
    thread.join()
    (event,) = data(exchange)["events"]
    assert exchange.error is None
    assert (event["type"], event["channel"], event["payload"], event["json"]) == ("notification", "ch", '{"n": 1}', {"n": 1})


# --- giving up


def active(postgres: Postgres, mark: str) -> bool:
    return (
        postgres.psql(f"select count(*) from pg_stat_activity where state = 'active' and query like 'select pg_sleep(30) /* {mark}%'")
        != "0"
    )


def wait_until_idle(postgres: Postgres, mark: str) -> bool:
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        if not active(postgres, mark):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("options", [{"timeout": 0.8}, {"deadline": 0.8}, {"timeout": 0.8, "sslmode": "disable"}])
def test_a_query_that_takes_too_long_is_cancelled_at_the_server(postgres: Postgres, options: dict[str, Any]) -> None:
    mark = "-".join(options)
    exchange = ask(postgres.dsn(), f"select pg_sleep(30) /* {mark} */", **options)
    assert error(exchange)[2:] == ("unknown", "wait")
    assert codes(exchange) == ["cancelled"]
    assert wait_until_idle(postgres, mark)


def test_ctrl_c_cancels_it_too(postgres: Postgres) -> None:
    command = [sys.executable, "-m", "rrcli", "pg", "--json", postgres.dsn(), "select pg_sleep(30) /* int */"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 10
    while not active(postgres, "int") and time.monotonic() < deadline:
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=10)
    assert child.returncode == 130
    assert [note["code"] for note in json.loads(out)["notes"]] == ["cancelled"]
    assert wait_until_idle(postgres, "int")


def test_a_session_that_an_administrator_ends_has_its_sqlstate_and_an_unknown_delivery(postgres: Postgres) -> None:
    exchange = ask(postgres.dsn(), "select pg_terminate_backend(pg_backend_pid())")
    assert error(exchange)[0] == "57P01"
    assert error(exchange)[2] == "unknown"


# --- the start of a session


def test_what_the_login_refuses_is_the_answer(postgres: Postgres) -> None:
    exchange = ask(f"postgresql://rr:wr0ng-pw@127.0.0.1:{postgres.port}/rr", "select 1", wire=1 << 20)
    assert error(exchange) == ("28P01", 'password authentication failed for user "rr"', "not_sent", "handshake")
    assert (exchange.outcome, codes(exchange)) == ("application_error", ["handshake"])
    assert "wr0ng-pw" not in dumps(document(masked(exchange)))


def test_a_database_that_is_not_there(postgres: Postgres) -> None:
    assert error(ask(postgres.dsn(dbname="nope"), "select 1"))[0] == "3D000"


def test_a_role_that_needs_tls_says_so(postgres: Postgres) -> None:
    exchange = ask(postgres.dsn("sslonly"), "select 1", sslmode="disable")
    assert error(exchange)[0] == "28000"
    assert exchange.error
    assert "sslmode" in str(exchange.error.hint)


def test_allow_goes_over_to_tls_where_that_is_needed(postgres: Postgres) -> None:
    exchange = ask(postgres.dsn("sslonly"), "select 1", sslmode="allow")
    assert exchange.error is None
    assert exchange.connection.tls
    assert [(earlier.why, earlier.response and earlier.response.status.text) for earlier in exchange.history] == [("retry", "28000")]


@pytest.mark.parametrize(("user", "auth"), [("md5user", "md5"), ("pwuser", "password"), ("uni", "SCRAM-SHA-256-PLUS"), ("trusty", "trust")])
def test_every_way_to_log_in(postgres: Postgres, user: str, auth: str) -> None:
    exchange = ask(postgres.dsn(user), "select current_user u", wire=1 << 20)
    assert (data(exchange)["auth"], data(exchange)["rows"]) == (auth, [{"u": user}])
    if user in PASSWORDS:
        assert PASSWORDS[user] not in dumps(document(masked(exchange)))
        sent = b"".join(entry.data for entry in masked(exchange).transcript or () if entry.direction == "sent")
        assert PASSWORDS[user].encode() not in sent
        assert b",p=" not in sent


def test_a_password_in_clear_is_noted(postgres: Postgres) -> None:
    assert codes(ask(postgres.dsn("pwuser"), "select 1", sslmode="disable")) == ["password-in-clear"]


def test_a_certificate_logs_in(postgres: Postgres) -> None:
    exchange = ask(postgres.dsn("certuser"), "select 1", cert=str(postgres.certificate), key=str(postgres.key), sslmode="require")
    assert data(exchange)["auth"] == "cert"


def test_a_full_verification(postgres: Postgres) -> None:
    trusted = ask(postgres.dsn(), "select 1", sslmode="verify-full", cacert=str(postgres.root))
    assert trusted.connection.tls
    assert (trusted.connection.tls.version, trusted.connection.tls.verified) == ("TLSv1.3", True)
    assert error(ask(postgres.dsn(), "select 1", sslmode="verify-full"))[0] == "certificate_untrusted"
    options = {"sslmode": "verify-full", "cacert": str(postgres.root), "resolve": (("db.test", postgres.port, "127.0.0.1"),)}
    other = ask(postgres.dsn(host="db.test"), "select 1", **options)
    assert other.error
    assert (other.error.layer, other.error.kind) == ("tls", "certificate_hostname")
    options["sslmode"] = "verify-ca"
    assert ask(postgres.dsn(host="db.test"), "select 1", **options).error is None


def test_the_file_of_passwords_is_read_where_nobody_else_can(postgres: Postgres, tmp_path: Path) -> None:
    file = tmp_path / ".pgpass"
    file.write_text(f"127.0.0.1:{postgres.port}:*:rr:s3cret\n")
    file.chmod(0o600)
    dsn = f"postgresql://rr@127.0.0.1:{postgres.port}/rr"
    assert ask(dsn, "select 1").error is None
    file.chmod(0o644)
    exchange = ask(dsn, "select 1")
    assert exchange.error
    assert (exchange.error.layer, exchange.error.phase, codes(exchange)) == ("application", "handshake", ["passfile-ignored"])
    assert "SCRAM-SHA-256" in exchange.error.message


def test_variables_and_services(postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".pg_service.conf").write_text(f"[x]\nhost=127.0.0.1\nport={postgres.port}\nuser=rr\ndbname=rr\npassword=s3cret\n")
    assert ask("service=x", "select 1").error is None
    for name, value in {"HOST": "127.0.0.1", "PORT": str(postgres.port), "USER": "rr", "DATABASE": "rr", "PASSWORD": "s3cret"}.items():
        monkeypatch.setenv(f"PG{name}", value)
    assert ask("postgresql://", "select 1").error is None


def test_hosts_are_tried_one_after_the_other(postgres: Postgres) -> None:
    exchange = ask(postgres.dsn(host="127.0.0.1,127.0.0.1", port=f"9,{postgres.port}"), "select 1")
    assert [tried.error for tried in exchange.connection.attempts] == ["refused", None]
    assert exchange.target.port == postgres.port


def test_no_host_is_what_is_wanted(postgres: Postgres) -> None:
    exchange = ask(postgres.dsn(), "select 1", target_session_attrs="standby")
    assert exchange.error
    assert (exchange.error.layer, exchange.error.kind) == ("protocol", "unsupported")
    assert [tried.error for tried in exchange.connection.attempts] == ["unsupported"]


def test_a_unix_socket(postgres: Postgres) -> None:
    exchange = ask(f"host={postgres.folder} port={postgres.port} user=rr dbname=rr", "select 1")
    assert exchange.error is None
    assert exchange.connection.peer == f"{postgres.folder}/.s.PGSQL.{postgres.port}"


def test_a_series_goes_over_one_session(postgres: Postgres) -> None:
    with Client() as client:
        found = [data(client.send(PgRequest(postgres.dsn(), "select 1")))["backend_pid"] for _ in range(3)]
        other = client.send(PgRequest(postgres.dsn("trusty"), "select 1"))
    assert len(set(found)) == 1
    assert data(other)["backend_pid"] != found[0]


def test_another_protocol_on_the_port_is_named(nginx: Nginx) -> None:
    exchange = ask(f"postgresql://{nginx.host}:{nginx.port}/x", "select 1")
    assert exchange.error
    assert (exchange.error.layer, exchange.error.kind) == ("protocol", "wrong_protocol")
    assert "expected PostgreSQL, got HTTP/1.1 400" in exchange.error.message


def test_a_port_that_agrees_on_tls_and_has_none() -> None:
    with responder(script(hear(b"\x04\xd2\x16\x2f"), say(b"S"), hear(b"\x16\x03"), say(b"nothing of the kind"))) as peer:
        exchange = ask(f"postgresql://{peer.host}:{peer.port}/x", "select 1")
    assert exchange.error
    assert exchange.error.layer == "tls"


def test_a_port_in_silence_is_waited_for_in_the_handshake() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        exchange = ask(f"postgresql://127.0.0.1:{silent.getsockname()[1]}/x", "select 1", timeout=0.3)
    assert exchange.error
    assert (exchange.error.kind, exchange.error.phase, exchange.error.delivery) == ("timeout", "handshake", "not_sent")


# --- the command line


def test_options_stand_on_both_sides_of_the_dsn_and_the_sql_ends_them(postgres: Postgres) -> None:
    done = run("pg", "--timeout", "9s", postgres.dsn(), "--query", "response.data.rows[0].v", "select $1::text as v", "--json")
    assert (done.returncode, done.stdout) == (0, "--json\n")


def test_words_like_options_behind_the_sql_are_noted_when_they_fail(postgres: Postgres) -> None:
    exchange = ask(postgres.dsn(), "select 1", "--json")
    assert (error(exchange)[0], codes(exchange)) == ("08P01", ["looks-like-option"])


def test_h_before_a_word_is_answered_with_the_dsn_to_write() -> None:
    done = run("pg", "-h", "db.test", "select 1")
    assert done.returncode == 2
    assert "postgresql://db.test/DATABASE" in done.stderr


def test_psql_does_the_same(postgres: Postgres) -> None:
    words = ("pg", "--format", "curl", postgres.dsn(), "select $1::int + 1 as n", "4")
    line = run(*words).stdout
    assert PASSWORDS["rr"] not in line
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, timeout=30, check=False, env={**os.environ, "PGPASSWORD": "s3cret"}
    )
    assert (done.returncode, done.stdout.split()[-3]) == (0, "5")


def test_doctor_walks_every_layer(postgres: Postgres) -> None:
    done = run("doctor", f"postgresql://rr:s3cret@127.0.0.1:{postgres.port}/rr")
    assert done.returncode == 0
    assert "all layers work" in done.stdout
    assert "s3cret" not in done.stdout
