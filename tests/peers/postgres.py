"""PostgreSQL: a cluster whose roles log in by one method each, over TCP with and without TLS and over a Unix socket.

The cluster is made once for all tests; what a test changes in it, it gives a name of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from peers.base import LOOPBACK, Peer, accepts, free_port, need, running
from peers.ca import Authority

BINARIES = "/usr/lib/postgresql/*/bin"
DATABASE = "rr"
# Who logs in how; `rr` is the one that most tests use. The certificate of `certuser` is `Postgres.certificate`.
PASSWORDS = {"rr": "s3cret", "md5user": "md5 s3cret", "pwuser": "pw s3cret", "uni": "pässwörd", "sslonly": "tls s3cret"}
_HBA = """
local   all all                  trust
local   replication all          trust
host    all trusty  127.0.0.1/32 trust
host    all md5user 127.0.0.1/32 md5
host    all pwuser  127.0.0.1/32 password
hostssl all certuser 127.0.0.1/32 cert
hostssl all sslonly 127.0.0.1/32 scram-sha-256
host    all sslonly 127.0.0.1/32 reject
host    all all     127.0.0.1/32 scram-sha-256
host    replication all 127.0.0.1/32 scram-sha-256
"""
_SQL = """
create role trusty login;
create role rr login password 's3cret';
set password_encryption = 'md5';
create role md5user login password 'md5 s3cret';
set password_encryption = 'scram-sha-256';
create role pwuser login password 'pw s3cret';
create role uni login password 'pässwörd';
create role sslonly login password 'tls s3cret';
create role certuser login;
create database rr owner rr;
\\c rr
set role rr;
create table t (id int primary key, name text not null, email text unique, price numeric check (price > 0));
insert into t values (1, 'one', 'one@example.test', 1.10);
create type mood as enum ('sad', 'ok', 'happy');
grant all on t to public;
"""


@dataclass(frozen=True)
class Postgres(Peer):
    """A cluster. `folder` has its Unix socket; `root` is the authority of its certificate, `certificate` and `key` are certuser's."""

    folder: Path
    root: Path
    certificate: Path
    key: Path

    def dsn(self, user: str = "rr", **more: str) -> str:
        """A `key=value` string for a role, with its password."""
        values = {"host": self.host, "port": str(self.port), "dbname": DATABASE, "user": user, "password": PASSWORDS.get(user), **more}
        return " ".join(f"{name}='{value}'" for name, value in values.items() if value is not None)

    def psql(self, sql: str, *words: str) -> str:
        """What psql prints for a statement of the superuser's, unaligned and without titles."""
        command = [need("psql"), "-X", "-At", "-v", "ON_ERROR_STOP=1", "-h", str(self.folder), "-p", str(self.port), "-U", "postgres"]
        done = subprocess.run([*command, "-d", DATABASE, *words, "-c", sql], capture_output=True, text=True, check=True, timeout=30)
        return done.stdout.rstrip("\n")


def binary(name: str) -> str:
    """The path of a program of the newest PostgreSQL; Debian keeps servers out of PATH. Skips like `need`."""
    found = sorted(Path("/").glob(f"{BINARIES[1:]}/{name}"), key=lambda path: float(path.parts[-3]))
    return str(found[-1]) if found else need(name)


def as_postgres() -> list[str]:
    """The words that run a command as the user that PostgreSQL wants: it refuses root."""
    return [need("runuser"), "-u", "postgres", "--"] if os.geteuid() == 0 else []


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory, ca: Authority) -> Iterator[Postgres]:
    """The cluster, with everything of `_HBA` and `_SQL`."""
    initdb, server = binary("initdb"), binary("postgres")
    base = Path(tempfile.mkdtemp(prefix="rrcli-pg-", dir="/tmp"))  # a short path: a socket's may have 107 bytes
    base.chmod(0o755)  # the server is another user
    try:
        yield from _cluster(base, initdb, server, tmp_path_factory.mktemp("postgres"), ca)
    finally:
        shutil.rmtree(base)


def _cluster(base: Path, initdb: str, server: str, own: Path, ca: Authority) -> Iterator[Postgres]:
    port = free_port()
    data = base / "data"
    for name, source in (("server.crt", ca.good.chain), ("server.key", ca.good.key), ("root.crt", ca.root)):
        shutil.copy(source, base / name)
    certificate, key = _client_certificate(base, own)
    if os.geteuid() == 0:
        for path in (base, *base.iterdir()):
            shutil.chown(path, "postgres")
    (base / "server.key").chmod(0o600)
    options = ("-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    subprocess.run([*as_postgres(), initdb, "-D", str(data), *options], check=True, capture_output=True, cwd=base, timeout=60)
    (data / "pg_hba.conf").write_text(_HBA)
    settings = {
        "ssl": "on", "ssl_cert_file": base / "server.crt", "ssl_key_file": base / "server.key", "ssl_ca_file": base / "clients.crt",
        "fsync": "off", "max_connections": "40", "log_connections": "on", "logging_collector": "off",
    }  # fmt: skip
    words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    command = [*as_postgres(), server, "-D", data, "-p", port, "-h", LOOPBACK, "-k", base, *words]
    with running(command, own, lambda: _answers(base, port)) as log:
        peer = Postgres(LOOPBACK, port, log, base, ca.root, certificate, key)
        subprocess.run(
            [need("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", str(base), "-p", str(port), "-U", "postgres"],
            input=_SQL,
            text=True,
            check=True,
            capture_output=True,
            timeout=30,
        )
        yield peer


def _client_certificate(base: Path, own: Path) -> tuple[Path, Path]:
    """A certificate whose name is `certuser`, of an authority that the server trusts for clients."""
    import trustme

    authority = trustme.CA()
    authority.cert_pem.write_to_path(base / "clients.crt")
    leaf = authority.issue_cert(common_name="certuser")
    certificate, key = own / "certuser.crt", own / "certuser.key"
    leaf.cert_chain_pems[0].write_to_path(certificate)
    leaf.private_key_pem.write_to_path(key)
    key.chmod(0o600)
    return certificate, key


def _answers(folder: Path, port: int) -> bool:
    command = [need("psql"), "-X", "-h", str(folder), "-p", str(port), "-U", "postgres", "-c", "select 1"]
    return subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0


@pytest.fixture(scope="session")
def postgres_standby(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A server in recovery, which follows the cluster of `postgres` and takes no writes."""
    copy, server = binary("pg_basebackup"), binary("postgres")
    base = Path(tempfile.mkdtemp(prefix="rrcli-pg-", dir="/tmp"))
    base.chmod(0o755)
    own, port, data = tmp_path_factory.mktemp("standby"), free_port(), base / "data"
    if os.geteuid() == 0:
        shutil.chown(base, "postgres")
    source = ("-h", postgres.folder, "-p", postgres.port, "-U", "postgres")
    try:
        command = [*as_postgres(), copy, "-D", data, *source, "-R", "-X", "stream", "-c", "fast", "--no-sync"]
        subprocess.run(list(map(str, command)), check=True, capture_output=True, cwd=base, timeout=60)
        words = ["-c", "ssl=off", "-c", "max_connections=40", "-c", "fsync=off"]
        with running(
            [*as_postgres(), server, "-D", data, "-p", port, "-h", LOOPBACK, "-k", base, *words], own, lambda: _answers(base, port)
        ) as log:
            yield Postgres(LOOPBACK, port, log, base, postgres.root, postgres.certificate, postgres.key)
    finally:
        shutil.rmtree(base)


_PGBOUNCER = """
[databases]
rr = host={host} port={port} dbname=rr user=rr password=s3cret
[pgbouncer]
listen_addr = {host}
listen_port = {own}
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 2
unix_socket_dir =
ignore_startup_parameters = extra_float_digits
"""


@pytest.fixture(scope="session")
def pgbouncer(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """pgbouncer before `postgres`, which lends a connection for a transaction at a time."""
    program, port = need("pgbouncer"), free_port()
    folder = Path(tempfile.mkdtemp(prefix="rrcli-pgbouncer-", dir="/tmp"))
    folder.chmod(0o755)
    (folder / "users").write_text('"rr" "s3cret"\n')
    config = folder / "pgbouncer.ini"
    config.write_text(_PGBOUNCER.format(host=LOOPBACK, port=postgres.port, own=port, folder=folder))
    try:
        with running([*as_postgres(), program, config], tmp_path_factory.mktemp("pgbouncer"), lambda: accepts(port)) as log:
            yield Postgres(LOOPBACK, port, log, folder, postgres.root, postgres.certificate, postgres.key)
    finally:
        shutil.rmtree(folder)
