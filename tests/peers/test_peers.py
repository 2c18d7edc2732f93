"""Each real server answers its own well-known client as the tests of rrcli take for granted."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from peers.base import LOOPBACK, Peer, accepts, free_port, need, running
from peers.ca import Authority
from peers.httpbin import Httpbin
from peers.nginx import LARGE_SIZE, PASSWORD, SLOW_SIZE, USER, Nginx
from peers.postgres import PASSWORDS, Postgres
from peers.redis_server import USERS, Redis
from peers.smtp import BANNER
from peers.zone import BIG_TEXTS


def run(program: str, *arguments: object, given: bytes = b"") -> tuple[int, bytes, bytes]:
    """Exit code, standard output and standard error of a client."""
    command = [need(program), *map(str, arguments)]
    done = subprocess.run(command, input=given, capture_output=True, timeout=10, check=False)
    return done.returncode, done.stdout, done.stderr


def output(program: str, *arguments: object, given: bytes = b"") -> bytes:
    """Standard output of a client that has to succeed."""
    code, out, err = run(program, *arguments, given=given)
    assert (code, err) == (0, b"")
    return out


def curl(*arguments: object) -> bytes:
    """The body that curl prints, or what its `-w` says."""
    return output("curl", "--silent", "--show-error", *arguments)


# nginx


def test_nginx_serves_json_at_a_port_and_at_a_unix_socket(nginx: Nginx) -> None:
    assert curl(nginx.url("/users.json")) == b'{"users": [{"id": 7, "name": "ann"}]}\n'
    assert curl("--unix-socket", nginx.unix_socket, "http://nginx/users.json") == curl(nginx.url("/users.json"))


@pytest.mark.parametrize("code", [200, 201, 400, 404, 418, 429, 500, 503])
def test_nginx_gives_the_status_in_the_path(nginx: Nginx, code: int) -> None:
    assert (
        curl("-w", " %{http_code} %{content_type}", nginx.url(f"/status/{code}"))
        == f"status {code}\n {code} text/plain; charset=utf-8".encode()
    )


@pytest.mark.parametrize("code", [204, 304])
def test_nginx_gives_a_status_without_body(nginx: Nginx, code: int) -> None:
    assert curl("-w", "%{http_code} %{size_download}", nginx.url(f"/status/{code}")) == f"{code} 0".encode()


def test_nginx_echoes_the_request_as_written(nginx: Nginx) -> None:
    request = curl("-H", "User-Agent: peer", "-H", "x-Odd:  Case", "-d", "a=1", nginx.url("/echo")).decode()
    assert request == (
        f"POST /echo HTTP/1.1\r\nHost: {nginx.address}\r\nAccept: */*\r\nUser-Agent: peer\r\nx-Odd:  Case\r\n"
        "Content-Length: 3\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\na=1"
    )


def test_nginx_compresses(nginx: Nginx) -> None:
    assert gzip.decompress(curl("-H", "Accept-Encoding: gzip", nginx.url("/gzip.json"))) == curl(nginx.url("/users.json"))


@pytest.mark.parametrize(("path", "framing"), [("/chunked", b"chunked,keep-alive"), ("/close", b",close")])
def test_nginx_frames_without_a_length(nginx: Nginx, path: str, framing: bytes) -> None:
    fields = "%header{transfer-encoding},%header{connection}"
    assert curl("-w", fields, nginx.url(path)) == b"one\ntwo\n" + framing


def test_nginx_asks_for_a_password(nginx: Nginx) -> None:
    assert curl("-o", os.devnull, "-w", "%{http_code} %header{www-authenticate}", nginx.url("/private")) == b'401 Basic realm="the vault"'
    assert curl("-u", f"{USER}:{PASSWORD}", nginx.url("/private")) == b'{"user": "ann"}\n'


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/redirect", "302 /users.json"),
        ("/redirect/absolute", "301 {base}/users.json"),
        ("/redirect/307", "307 /echo"),
        ("/redirect/loop", "302 /redirect/loop"),
        ("/redirect/twice", "302 /redirect"),
    ],
)
def test_nginx_redirects(nginx: Nginx, path: str, answer: str) -> None:
    found = curl("-o", os.devnull, "-w", "%{http_code} %header{location}", nginx.url(path)).decode()
    assert found == answer.format(base=nginx.url("").rstrip("/"))


def test_nginx_hangs_up_without_an_answer(nginx: Nginx) -> None:
    assert run("curl", "-sS", nginx.url("/hang-up")) == (52, b"", b"curl: (52) Empty reply from server\n")


@pytest.mark.parametrize(
    ("path", "size", "first_s", "rest_s"),
    [("/slow/first-byte", 5, 0.2, 0), ("/slow/body", 11, 0, 0.2), ("/slow/rate", SLOW_SIZE, 0, 0.5), ("/large.bin", LARGE_SIZE, 0, 0)],
)
def test_nginx_takes_its_time(nginx: Nginx, path: str, size: int, first_s: float, rest_s: float) -> None:
    words = curl("-o", os.devnull, "-w", "%{size_download} %{time_starttransfer} %{time_total}", nginx.url(path)).split()
    assert int(words[0]) == size
    assert float(words[1]) >= first_s
    assert float(words[2]) - float(words[1]) >= rest_s - 0.01


@pytest.mark.parametrize("server", ["good", "expires_soon", "intermediate", "tls12"])
def test_nginx_has_servers_to_trust(nginx: Nginx, ca: Authority, server: str) -> None:
    version = b"TLSv1.2" if server == "tls12" else b"TLSv1.3"
    assert _tls(nginx.tls_ports[server], ca) == {"Verification": "OK", "Protocol version": version.decode()}


@pytest.mark.parametrize(
    ("server", "why"),
    [
        ("expired", "certificate has expired"),
        ("not_yet_valid", "certificate is not yet valid"),
        ("wrong_host", "hostname mismatch"),
        ("self_signed", "self-signed certificate"),
        ("missing_intermediate", "unable to verify the first certificate"),
    ],
)
def test_nginx_has_servers_not_to_trust(nginx: Nginx, ca: Authority, server: str, why: str) -> None:
    assert _tls(nginx.tls_ports[server], ca) == {"Verification error": why, "Protocol version": "TLSv1.3"}


def test_nginx_wants_a_client_certificate(nginx: Nginx, ca: Authority) -> None:
    url = nginx.https("/status/200", "client_required")
    trusted = ("--cacert", ca.root)
    assert curl(*trusted, "--cert", ca.client.chain, "--key", ca.client.key, url) == b"status 200\n"
    for other in ([], ["--cert", ca.foreign_client.chain, "--key", ca.foreign_client.key]):
        assert curl(*trusted, *other, "-o", os.devnull, "-w", "%{http_code}", url) == b"400"


def _tls(port: int, ca: Authority) -> dict[str, str]:
    """What openssl says of the version and of the verification."""
    arguments = ("-brief", "-connect", f"localhost:{port}", "-CAfile", ca.root, "-verify_hostname", "localhost")
    lines = run("openssl", "s_client", *arguments)[2].decode().splitlines()
    found = dict(line.split(": ", 1) for line in lines if ": " in line)
    return {name: value for name, value in found.items() if name in ("Verification", "Verification error", "Protocol version")}


# httpbin


def test_httpbin_tells_what_it_got(httpbin: Httpbin) -> None:
    assert json.loads(curl("-A", "peer", httpbin.url("/get?a=1"))) == {
        "args": {"a": "1"},
        "headers": {"Accept": "*/*", "Host": httpbin.address, "User-Agent": "peer"},
        "origin": "127.0.0.1",
        "url": httpbin.url("/get?a=1"),
    }


# redis


def test_redis_answers_at_a_port_and_at_a_unix_socket(redis: Redis) -> None:
    assert output("redis-cli", "-u", redis.url("/3"), "SET", "k", "v") == b"OK\n"
    assert output("redis-cli", "-s", redis.unix_socket, "-n", 3, "GET", "k") == b"v\n"


def test_redis_is_empty_in_each_test(redis: Redis) -> None:
    assert output("redis-cli", "-u", redis.url(), "INFO", "keyspace") == b"# Keyspace\r\n"


def test_redis_speaks_tls(redis_tls: Redis, ca: Authority) -> None:
    assert redis_tls.url() == f"rediss://127.0.0.1:{redis_tls.port}"
    assert output("redis-cli", "--tls", "--cacert", ca.root, "-p", redis_tls.port, "PING") == b"PONG\n"


def test_redis_knows_its_users(redis_acl: Redis) -> None:
    def ask(user: str, *words: str) -> bytes:
        return output("redis-cli", "-p", redis_acl.port, "--no-auth-warning", "--user", user, "--pass", USERS[user], *words)

    assert output("redis-cli", "-p", redis_acl.port, "PING") == b"NOAUTH Authentication required.\n\n"
    assert ask("ann", "SET", "k", "v") == b"OK\n"
    assert ask("default", "GET", "k") == b"v\n"
    assert ask("reader", "GET", "k") == b"v\n"
    assert ask("reader", "SET", "k", "w") == b"NOPERM this user has no permissions to run the 'set' command\n\n"


# DNS


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.peer) for name in ("bind", "knot")])
def name_server(request: pytest.FixtureRequest) -> Peer:
    """Both name servers in turn."""
    server: Peer = request.getfixturevalue(request.param)
    return server


def dig(server: Peer, *words: str) -> list[str]:
    """The lines of dig's short answer, sorted."""
    return sorted(output("dig", f"@{server.host}", "-p", server.port, "+short", *words).decode().splitlines())


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("example.test A", ["192.0.2.10"]),
        ("example.test AAAA", ["2001:db8::10"]),
        ("example.test MX", ["10 mail.example.test.", "20 mail2.example.test."]),
        ("example.test TXT", ['"two" "strings"', '"v=spf1 mx -all"']),
        ("example.test CAA", ['0 issue "ca.example.test"', '128 iodef "mailto:hostmaster@example.test"']),
        ("_sip._tcp.example.test SRV", ["10 60 5060 sip1.example.test.", "20 0 5060 sip2.example.test."]),
        ("alias.example.test A", ["192.0.2.80", "192.0.2.81", "www.example.test."]),
        ("any.wild.example.test A", ["192.0.2.99"]),
        ("svc.example.test HTTPS", ['1 . alpn="h2,h3" port=8443 ipv4hint=192.0.2.80']),
        ("unknown.example.test TYPE65280", ["\\# 4 0A000001"]),
        ("empty.example.test A", []),
        ("-x 192.0.2.25", ["mail.example.test."]),
        ("-x 2001:db8::80", ["www.example.test."]),
    ],
)
def test_name_server_answers_from_the_zone(name_server: Peer, question: str, answer: list[str]) -> None:
    assert dig(name_server, *question.split()) == answer


def test_name_server_cuts_what_exceeds_a_datagram(name_server: Peer) -> None:
    assert dig(name_server, "big.example.test", "TXT") == [f'"{text}"' for text in BIG_TEXTS]
    assert _flags(name_server, "big.example.test", "TXT", "+ignore") == ("NOERROR", "qr aa tc rd")


@pytest.mark.parametrize(
    ("name", "status", "flags"),
    [
        ("example.test", "NOERROR", "qr aa rd"),
        ("missing.example.test", "NXDOMAIN", "qr aa rd"),
        ("host.child.example.test", "NOERROR", "qr rd"),
        ("host.far.example.test", "NOERROR", "qr rd"),
        ("elsewhere.test", "REFUSED", "qr rd"),
    ],
)
def test_name_server_has_authority_over_its_zone_alone(name_server: Peer, name: str, status: str, flags: str) -> None:
    assert _flags(name_server, name, "A") == (status, flags)


def test_both_name_servers_serve_the_same(bind: Peer, knot: Peer) -> None:
    def transfer(server: Peer) -> list[str]:
        zone = output("dig", f"@{server.host}", "-p", server.port, "+noall", "+answer", "+onesoa", "example.test", "AXFR")
        return sorted(zone.decode().splitlines())

    assert transfer(bind) == transfer(knot)
    assert len(transfer(bind)) == 52


def _flags(server: Peer, *words: str) -> tuple[str, str]:
    """The status and the flags in the header that dig prints."""
    lines = output("dig", f"@{server.host}", "-p", server.port, *words).decode().splitlines()
    status = next(line for line in lines if line.startswith(";; ->>HEADER")).split("status: ")[1].split(",")[0]
    return status, next(line for line in lines if line.startswith(";; flags: ")).removeprefix(";; flags: ").split(";")[0]


# TCP, UDP, TLS, SMTP


def test_tcp_echo_sends_back_and_closes_after_the_client(tcp_echo: Peer) -> None:
    assert output("ncat", tcp_echo.host, tcp_echo.port, given=b"one\ntwo\0") == b"one\ntwo\0"


def test_udp_echo_sends_back_each_datagram(udp_echo: Peer) -> None:
    assert output("socat", "-t", "0.5", "-", f"UDP:{udp_echo.address}", given=b"one\0") == b"one\0"


def test_tcp_script_answers_with_commands(tcp_script: Callable[[str], Peer]) -> None:
    peer = tcp_script(r"""printf 'hello\r\n'; read line; echo "got $line" """)
    assert output("ncat", peer.host, peer.port, given=b"yes\n") == b"hello\r\ngot yes\n"


def test_s_server_takes_options(s_server: Callable[..., Peer], ca: Authority) -> None:
    assert _tls(s_server("-tls1_2").port, ca) == {"Verification": "OK", "Protocol version": "TLSv1.2"}
    assert _tls(s_server(certificate=ca.expired).port, ca) == {
        "Verification error": "certificate has expired",
        "Protocol version": "TLSv1.3",
    }
    peer = s_server("-Verify", "1", "-verify_return_error", "-CAfile", str(ca.root))
    assert run("curl", "-sS", "--cacert", ca.root, f"https://localhost:{peer.port}/")[0] == 56


def test_smtp_banner_greets_first(smtp_banner: Peer) -> None:
    assert output("ncat", smtp_banner.host, smtp_banner.port, given=b"QUIT\r\n") == BANNER + b"221 Bye\r\n"


# What they have in common


# PostgreSQL


def test_postgres_logs_each_role_in_its_own_way(postgres: Postgres) -> None:
    for user in (*PASSWORDS, "trusty"):
        connected = psycopg.connect(postgres.dsn(user, sslmode="require", sslrootcert=str(postgres.root)))
        with connected as connection:
            assert connection.execute("select current_user, 1.10").fetchone() == (user, Decimal("1.10"))
    with pytest.raises(psycopg.OperationalError, match="pg_hba.conf rejects connection"):
        psycopg.connect(postgres.dsn("sslonly", sslmode="disable"))
    with psycopg.connect(postgres.dsn("certuser", sslcert=str(postgres.certificate), sslkey=str(postgres.key), sslmode="require")):
        pass
    assert postgres.psql("select id, name from t") == "1|one"


def test_free_ports_differ() -> None:
    assert len({free_port() for _ in range(50)}) == 50


def test_a_missing_program_skips_here_and_fails_under_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"^no-such-server is not installed$"):
        need("no-such-server")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=r"^no-such-server is not installed$"):
        need("no-such-server")


def test_a_server_that_ends_shows_what_it_printed(tmp_path: Path) -> None:
    with (
        pytest.raises(pytest.fail.Exception, match=r" ended with 3\nno licence\n$"),
        running(["/bin/sh", "-c", "echo no licence >&2; exit 3"], tmp_path, lambda: False),
    ):
        pass


def test_a_killed_test_run_leaves_no_server_behind(tmp_path: Path) -> None:
    need("setpriv")
    port = free_port()
    program = f"""
        import pathlib, signal
        from peers.base import accepts, running

        server = ["socat", "TCP-LISTEN:{port},bind={LOOPBACK},fork", "EXEC:cat"]
        with running(server, pathlib.Path({str(tmp_path)!r}), lambda: accepts({port})):
            print("ready", flush=True)
            signal.pause()
    """
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, env=environ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while accepts(port):
        assert time.monotonic() < deadline, "the server outlived what started it"
        time.sleep(0.01)
