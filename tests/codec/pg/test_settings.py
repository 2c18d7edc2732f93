"""How a connection is configured, beside libpq itself: DSNs, variables, services, passwords."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from peers.postgres import Postgres
from psycopg import pq

from rrcli.base.errors import ExchangeError
from rrcli.codec.pg.conninfo import parse_conninfo, secrets_in
from rrcli.codec.pg.keywords import DEFAULTS, VARIABLES
from rrcli.codec.pg.settings import Configuration, Host, configure, read_dsn


def libpq(text: str) -> dict[str, str] | None:
    """What libpq reads; `None` where it refuses."""
    try:
        options = pq.Conninfo.parse(text.encode("utf-8", "surrogateescape"))
    except psycopg.OperationalError:
        return None
    return {option.keyword.decode(): option.val.decode("utf-8", "surrogateescape") for option in options if option.val is not None}


def ours(text: str) -> dict[str, str] | None:
    try:
        return parse_conninfo(text)
    except ExchangeError as error:
        assert error.layer == "usage"  # noqa: PT017
        return None


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://",
        "postgres://localhost",
        "postgresql://ann:s%40cret@db.example.test:5433/shop?sslmode=require&application_name=x%20y",
        "postgresql://host1:123,host2:456,[::1],:7/db?target_session_attrs=read-write",
        "postgresql://%2Fvar%2Frun%2Fpostgresql/db",
        "postgresql:///db?host=/tmp&port=6432",
        "postgresql://u@/db?ssl=true",
        "postgresql://u:@h",
        "postgresql://h?options=-c%20search_path%3Da",
        "host=a dbname='x y' password='it\\'s \\\\' user=ann port = 5433",
        "host='' user=",
        "  host = a\n\tport=1  ",
        "user=a\\ b\\\\c",
        "",
    ],
)
def test_what_libpq_takes_is_read_the_same(text: str) -> None:
    assert libpq(text) is not None
    assert ours(text) == libpq(text)


PIECES = [
    "postgresql://", "postgres://", "host", "=", "user", "password", "'", "\\", " ", "a", "b:c", "@", "/", "?", "&", "%20", "%41", "%",
    "%00", ",", ":", "5432", "[::1]", "[", "]", "sslmode=require", "ssl=true", "ssl=false", "dbname", "\t", "ä", "%C3%A4", "hostaddr",
    "connect_timeout=3", "#",
]  # fmt: skip


@given(st.sampled_from(["", "postgresql://", "host=a "]), st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_any_text_is_read_as_libpq_reads_it(begin: str, rest: str) -> None:
    assert ours(begin + rest) == libpq(begin + rest)


def test_every_keyword_of_libpq_is_known_with_its_variable_and_default() -> None:
    for option in pq.Conninfo.get_defaults():
        name = option.keyword.decode()
        assert VARIABLES[name] == (option.envvar.decode() if option.envvar else None)
        if name in DEFAULTS:
            assert option.compiled
            assert DEFAULTS[name] == option.compiled.decode()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hst=a", "the DSN: 'hst' is no keyword of a PostgreSQL connection; did you mean host?"),
        ("postgresql://h?sslmod=require", "the URL: 'sslmod' is no keyword of a PostgreSQL connection; did you mean sslmode?"),
        ("host=a password=s3cret with s3cret", "the DSN has a word without ="),
        ("host='a", "the DSN has a quote without its end"),
        ("postgresql://h/%zz", "the database in the URL has a % without two hexadecimal digits"),
        ("postgresql://u:s3cret%00@h", "the password in the URL contains %00"),
        ("postgresql://[::1", "an IPv6 address in the URL is empty or has no closing bracket"),
        ("postgresql://[::1]x", "the URL has 'x' behind the bracket"),
        ("postgresql://h?a", "a parameter without a value: 'a'"),
        ("postgresql://h?user=a=b", "a second = in its parameter 'user'"),
        ("postgresql://u:a b@h", "the password in the URL contains a space"),
        ("host=a\0b", "the DSN contains a zero byte"),
    ],
)
def test_what_cannot_be_read_is_said_without_the_password(text: str, message: str) -> None:
    with pytest.raises(ExchangeError) as failed:
        parse_conninfo(text)
    assert message in failed.value.message
    assert "s3cret" not in failed.value.message + (failed.value.hint or "")


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        ("postgresql://u:s%40cret@h/d?sslpassword=%20x", ("s%40cret", "%20x")),
        ("host=a password='it\\'s' user=u", ("it\\'s",)),
        ("password=a\\ b", ("a\\ b",)),
        ("host=a", ()),
    ],
)
def test_secrets_are_known_as_they_are_spelled(text: str, secrets: tuple[str, ...]) -> None:
    assert secrets_in(text) == secrets
    assert all(secret in text for secret in secrets)


def configured(text: str, **environ: str) -> Configuration:
    return configure(read_dsn(text), {"HOME": "/nowhere", **environ})


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("db.test", [("db.test", 5432)]),
        ("db.test:6432", [("db.test", 6432)]),
        ("[::1]:6432", [("::1", 6432)]),
        ("/run/pg", [("/run/pg", 5432)]),
        ("postgresql://a,b:2,[::1]:3/x", [("a", 5432), ("b", 2), ("::1", 3)]),
        ("host=a,b port=7", [("a", 7), ("b", 7)]),
        ("host=a,b port=1,2", [("a", 1), ("b", 2)]),
        ("hostaddr=127.0.0.1", [("127.0.0.1", 5432)]),
    ],
)
def test_each_host_has_its_port(text: str, hosts: list[tuple[str, int]]) -> None:
    assert [(host.host, host.port) for host in configured(text).hosts] == hosts


def test_an_address_is_connected_to_in_the_host_s_place() -> None:
    (host,) = configured("host=db.test hostaddr=127.0.0.9").hosts
    assert (host.host, host.address, host.socket) == ("db.test", "127.0.0.9", None)
    assert Host(host="/run/pg", port=5433).socket == "/run/pg/.s.PGSQL.5433"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("host=a,b port=1,2,3", "there are 3 ports for 2 hosts"),
        ("host=a,b hostaddr=127.0.0.1", "host has 2 names and hostaddr 1 addresses"),
        ("host=a port=0", "port='0' is no port"),
        ("host=a port=70000", "is no port"),
        ("host=a port=x", "port='x' is no port"),
        ("sslmode=requir", "sslmode='requir' is not one of disable, allow, prefer, require, verify-ca, verify-full; did you mean require?"),
        ("channel_binding=yes", "channel_binding='yes' is not one of disable, prefer, require"),
        ("target_session_attrs=master", "target_session_attrs='master' is not one of any, read-write"),
        ("connect_timeout=2s", "connect_timeout='2s' is no whole number"),
        ("sslrootcert=system sslmode=require", "sslrootcert=system needs sslmode=verify-full, not require"),
        ("sslnegotiation=direct", "sslnegotiation=direct needs sslmode=require or stronger, not prefer"),
        ("gssencmode=require", "encryption by GSSAPI is not spoken here"),
        ("require_auth=password,!md5", "mixes methods with and without an exclamation mark"),
        ("require_auth=kerberos", "'kerberos' is not one of password, md5"),
        ("https://db.test/x", "https:// is no URL of PostgreSQL"),
        ("mysql://ann:s3cret@db.test/shop?a=b", "mysql:// is no URL of PostgreSQL"),
        ("db/shop", "'db/shop' is no host"),
        ("ann:s3cret@db.test", "a user before a host is written in a URL"),
    ],
)
def test_what_no_connection_can_be_made_of_is_a_usage_error(text: str, message: str) -> None:
    with pytest.raises(ExchangeError) as failed:
        configured(text)
    assert message in failed.value.message
    assert failed.value.layer == "usage"
    assert "s3cret" not in failed.value.message


def test_defaults_are_those_of_libpq() -> None:
    found = configured("host=h")
    me = pwd.getpwuid(os.geteuid()).pw_name
    assert (found.user, found.dbname, found.hosts[0].port) == (me, me, 5432)
    assert (found.get("sslmode"), found.get("channel_binding"), found.get("target_session_attrs")) == ("prefer", "prefer", "any")
    assert configured("host=h user=ann").dbname == "ann"
    assert found.startup() == {"user": me, "database": me, "application_name": "rrcli", "client_encoding": "UTF8"}
    more = configured("host=h options='-c a=b' application_name=x replication=database").startup(search_path="y")
    assert (more["options"], more["application_name"], more["replication"], more["search_path"]) == ("-c a=b", "x", "database", "y")


def test_without_a_host_the_socket_that_is_there_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("rrcli.codec.pg.settings.SOCKETS", (str(tmp_path / "a"), str(tmp_path)))
    assert configured("user=u").hosts[0].host == "localhost"
    (tmp_path / ".s.PGSQL.5433").touch()
    assert configured("user=u port=5433").hosts[0].host == str(tmp_path)


def test_variables_speak_for_what_is_not_given() -> None:
    found = configured("user=ann", PGHOST="h1,h2", PGPORT="7", PGUSER="bob", PGDATABASE="shop", PGPASSWORD="s3cret", PGSSLMODE="require")
    assert ([host.host for host in found.hosts], found.user, found.dbname, found.get("sslmode")) == (["h1", "h2"], "ann", "shop", "require")
    assert [(host.password, host.password_from) for host in found.hosts] == [("s3cret", "PGPASSWORD")] * 2
    assert found.secrets == ("s3cret",)
    assert configured("host=h", PGREQUIRESSL="1").get("sslmode") == "require"
    assert configured("host=h sslrootcert=system").get("sslmode") == "verify-full"


@pytest.mark.parametrize(
    ("sslmode", "encryption", "verifies", "host"),
    [
        ("disable", (False,), False, False),
        ("allow", (False, True), False, False),
        ("prefer", (True, False), False, False),
        ("require", (True,), False, False),
        ("verify-ca", (True,), True, False),
        ("verify-full", (True,), True, True),
    ],
)
def test_sslmode_says_what_is_tried_and_what_is_checked(sslmode: str, encryption: tuple[bool, ...], verifies: bool, host: bool) -> None:
    found = configured(f"host=h sslmode={sslmode}")
    assert (found.encryption, found.verifies, found.verifies_host, found.cacert) == (encryption, verifies, host, None)


def test_files_of_certificates_are_found_where_libpq_looks(tmp_path: Path) -> None:
    folder = tmp_path / ".postgresql"
    folder.mkdir()
    assert configured("host=h", HOME=str(tmp_path)).certificate is None
    for name in ("root.crt", "postgresql.crt", "postgresql.key"):
        (folder / name).touch()
    found = configured("host=h sslmode=require", HOME=str(tmp_path))
    assert (found.verifies, found.cacert) == (True, str(folder / "root.crt"))
    assert found.certificate == (str(folder / "postgresql.crt"), str(folder / "postgresql.key"))
    assert configured("host=h sslrootcert=/ca sslcert=/c sslkey=/k", HOME=str(tmp_path)).certificate == ("/c", "/k")
    assert configured("host=h sslcertmode=disable", HOME=str(tmp_path)).certificate is None
    assert configured("host=h sslrootcert=system", HOME=str(tmp_path)).cacert is None


@pytest.mark.parametrize(("text", "seconds"), [("0", None), ("-1", None), ("1", 2.0), ("30", 30.0), (" 5 ", 5.0), ("", None)])
def test_the_limit_for_connecting_is_libpq_s(text: str, seconds: float | None) -> None:
    assert configured(f"host=h connect_timeout='{text}'").connect_timeout == seconds


def test_another_encoding_is_passed_over_with_a_note() -> None:
    assert [note.code for note in configured("host=h client_encoding=LATIN1").notes] == ["client-encoding"]
    assert configured("host=h client_encoding=utf-8").notes == ()


# --- services


SERVICES = """
# a comment
[other]
host=elsewhere
[shop]
host=db.test
 port=6432
user=ann
password=from service
[empty]
"""


def test_a_service_gives_what_was_not_given(tmp_path: Path) -> None:
    path = tmp_path / ".pg_service.conf"
    path.write_text(SERVICES)
    for found in (
        configured("service=shop user=bob", HOME=str(tmp_path)),
        configured("user=bob", PGSERVICE="shop", PGSERVICEFILE=str(path)),
    ):
        assert (found.hosts[0].host, found.hosts[0].port, found.user) == ("db.test", 6432, "bob")
        assert (found.hosts[0].password, found.hosts[0].password_from) == ("from service", "the service")
    assert configured("service=shop host=x", HOME=str(tmp_path), PGUSER="eve", PGPORT="1").user == "ann"


def test_the_system_s_services_come_after_one_s_own(tmp_path: Path) -> None:
    (tmp_path / "pg_service.conf").write_text(SERVICES)
    assert configured("service=shop", PGSYSCONFDIR=str(tmp_path)).hosts[0].host == "db.test"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[x]\nhost=a", "there is no service 'shop' in "),
        ("[shop]\nhost", "line 2: there is no ="),
        ("[shop]\nservice=x", "line 2: a service cannot name another one"),
        ("[shop]\nhots=x", "line 2: 'hots' is no keyword of a PostgreSQL connection; did you mean host"),
        ("[shop]\nldap://x", "line 2: services in an LDAP directory are not looked up"),
    ],
)
def test_a_service_that_cannot_be_used_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "services").write_text(text)
    with pytest.raises(ExchangeError) as failed:
        configured("service=shop", PGSERVICEFILE=str(tmp_path / "services"), PGSYSCONFDIR=str(tmp_path))
    assert message in failed.value.message


def test_a_file_of_services_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="cannot read .*: no such file") as failed:
        configured("service=shop", PGSERVICEFILE=str(tmp_path / "services"))
    assert failed.value.layer == "local"


# --- passwords

PASSES = r"""
#db.test:5432:*:*:a comment
db.test:5432:shop:ann:first
db.test:*:*:ann:with\:colon\\
[a:b]:1:x:y:no
\:\:1:5432:*:*:v6
localhost:*:*:ann:here
*:*:*:*:last
"""


@pytest.mark.parametrize(
    ("text", "password"),
    [
        ("host=db.test user=ann dbname=shop", "first"),
        ("host=db.test user=ann dbname=other", "with:colon\\"),
        ("host=db.test user=ann port=1", "with:colon\\"),
        ("host=::1 user=ann", "v6"),
        ("host=x hostaddr=127.0.0.1 user=ann", "last"),
        ("host=/var/run/postgresql user=ann", "here"),
        ("host=db.tes user=ann", "last"),
        ("host=db.test user=ann password=given", "given"),
    ],
)
def test_the_file_of_passwords_is_read_as_libpq_does(tmp_path: Path, text: str, password: str) -> None:
    path = tmp_path / ".pgpass"
    path.write_text(PASSES)
    path.chmod(0o600)
    (host,) = configured(text, HOME=str(tmp_path)).hosts
    assert (host.password, host.password_from) == (password, "the DSN" if password == "given" else str(path))


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_file_of_passwords_that_others_may_read_is_passed_over(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "pass"
    path.write_text("*:*:*:*:secret")
    path.chmod(mode)
    found = configured("host=h", PGPASSFILE=str(path))
    assert found.hosts[0].password is None
    assert [(note.code, f"mode {mode:04o}" in note.message) for note in found.notes] == [("passfile-ignored", True)]


def test_each_host_has_its_own_password(tmp_path: Path) -> None:
    path = tmp_path / "pass"
    path.write_text("a:*:*:*:one\r\nb:*:*:*:two\n")
    path.chmod(0o600)
    found = configured(f"host=a,b,c passfile={path}")
    assert [host.password for host in found.hosts] == ["one", "two", None]
    assert found.secrets == ("one", "two")
    assert configured(f"host=a passfile={tmp_path}").notes[0].message.endswith("is no plain file and was passed over")


def test_libpq_finds_the_same_password(tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "pass"
    path.write_text(f"{postgres.host}:{postgres.port}:*:ot\\her:x\n{postgres.host}:{postgres.port}:rr:pwuser:pw s3cret\n*:*:*:*:wrong\n")
    path.chmod(0o600)
    monkeypatch.delenv("PGPASSWORD", raising=False)
    text = f"host={postgres.host} port={postgres.port} user=pwuser dbname=rr passfile={path}"
    with psycopg.connect(text) as connection:
        assert connection.info.password == configured(text).hosts[0].password == "pw s3cret"
