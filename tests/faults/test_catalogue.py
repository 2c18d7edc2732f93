"""The catalogue, second part: answers broken in one byte, TLS where there is none, and real servers that say no.

Each case has the failure that the exchange must have (exit code, layer, kind, phase, delivery, retry) and a word of its
message or hint that names the cause.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest
from peers.base import Peer
from peers.ca import Authority
from peers.nginx import Nginx
from peers.redis_server import Redis
from peers.script import end, hear, hear_end, pause, reset, responder, say, script
from peers.verdict import Ask, check

from rrcli.responders.fault_answers import OTHERS

GET = hear(b"\r\n\r\n")
PING = hear(b"PING\r\n")
OK = b"HTTP/1.1 200 OK\r\n"
HTTP_ANSWERS = {
    "no status": (b"HTTP/1.1 OK\r\n\r\n", "7 protocol malformed receive unknown useless", "--wire"),
    "a status of four digits": (b"HTTP/1.1 2000 OK\r\n\r\n", "7 protocol malformed receive unknown useless", "--wire"),
    "another major version": (b"HTTP/3.7 200 OK\r\n\r\n", "7 protocol unsupported receive unknown useless", "meant"),
    "a field without colon": (OK + b"Content-Length 5\r\n\r\nhello", "7 protocol malformed receive unknown useless", "--wire"),
    "two lengths": (OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "7 protocol malformed receive unknown useless", "--wire"),
    "a length that is no number": (OK + b"Content-Length: five\r\n\r\nhello", "7 protocol malformed receive unknown useless", "--wire"),
    "a negative length": (OK + b"Content-Length: -5\r\n\r\nhello", "7 protocol malformed receive unknown useless", "--wire"),
    "a chunk size that is none": (
        OK + b"Transfer-Encoding: chunked\r\n\r\nhello\r\n",
        "7 protocol malformed receive unknown useless",
        "--wire",
    ),
    "a huge chunk size": (
        OK + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        "7 protocol too_large receive unknown useless",
        "limit",
    ),
    "a chunk that is too long": (
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n",
        "7 protocol malformed receive unknown useless",
        "--wire",
    ),
    "no last chunk": (
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "7 protocol truncated receive unknown safe",
        "ended too early",
    ),
    "an end within a chunk": (
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhe",
        "7 protocol truncated receive unknown safe",
        "ended too early",
    ),
    "an end within the head": (OK + b"Content-Le", "4 transport closed receive unknown safe", "log"),
    "an end within the status line": (b"HTTP/1.1 20", "4 transport closed receive unknown safe", "log"),
    "only a 100": (b"HTTP/1.1 100 Continue\r\n\r\n", "4 transport closed receive unknown safe", "log"),
    "a chunk line without end": (
        OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"0" * 300_000,
        "7 protocol too_large receive unknown useless",
        "limit",
    ),
    "gzip that ends early": (
        OK + b"Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n" + gzip.compress(b"hello" * 50, mtime=0)[:20],
        "7 protocol malformed receive unknown useless",
        "--wire",
    ),
    "a postgres error": (
        b"E\0\0\0\x60SFATAL\0C0A000\0Munsupported frontend protocol\0\0",
        "7 protocol wrong_protocol receive unknown useless",
        "PostgreSQL",
    ),
    "a 421 of ftp": (b"421 Service not available, FTP closing\r\n", "7 protocol wrong_protocol receive unknown useless", "FTP"),
    "a NATS greeting": (b'INFO {"server_id":"X","version":"2.10"}\r\n', "7 protocol wrong_protocol receive unknown useless", "NATS"),
    "HTTP/2 frames": (b"\0\0\x12\x04\0\0\0\0\0" + bytes(18), "7 protocol wrong_protocol receive unknown useless", "HTTP/2"),
}
REDIS_ANSWERS = {
    "an unknown type": (b"?what\r\n", "7 protocol wrong_protocol receive unknown useless", "rrcli tcp"),
    "a number that is none": (b":12a\r\n", "7 protocol malformed receive unknown useless", "--wire"),
    "a bulk length that is none": (b"$x\r\n", "7 protocol malformed receive unknown useless", "--wire"),
    "a bulk length below -1": (b"$-7\r\n", "7 protocol malformed receive unknown useless", "--wire"),
    "a huge bulk": (b"$99999999999\r\n", "7 protocol too_large receive unknown useless", "limit"),
    "an end within a bulk": (b"$5\r\nhe", "7 protocol truncated receive unknown safe", "ended too early"),
    "an end within an array": (b"*3\r\n:1\r\n", "7 protocol truncated receive unknown safe", "ended too early"),
    "a line feed alone": (b"+PONG\n", "7 protocol malformed receive unknown useless", "--wire"),
    "a memcached error": (b"ERROR\r\n", "7 protocol wrong_protocol receive unknown useless", "memcached"),
    "an IMAP greeting": (b"* OK [CAPABILITY IMAP4rev1] ready\r\n", "7 protocol malformed receive unknown useless", "--wire"),
    "wrong password": (
        b"-WRONGPASS invalid username-password pair or user is disabled.\r\n",
        "1 application bad_status - answered useless",
        "user default",
    ),
}


@pytest.mark.parametrize("name", HTTP_ANSWERS)
def test_http_answers(ask: Ask, name: str) -> None:
    data, line, names = HTTP_ANSWERS[name]
    with responder(script(GET, say(data))) as peer:
        verdict = ask("http", "--max-size", "1MiB", f"http://{peer.host}:{peer.port}/")
    check(verdict, line, *names.split("|"))


@pytest.mark.parametrize("name", REDIS_ANSWERS)
def test_redis_answers(ask: Ask, name: str) -> None:
    data, line, names = REDIS_ANSWERS[name]
    with responder(script(PING, say(data))) as peer:
        verdict = ask("redis", f"redis://{peer.host}:{peer.port}", "PING")
    check(verdict, line, *names.split("|"))


# --- TLS against what speaks none, and what speaks none against TLS

TLS_AT = {
    "an http server": (
        script(hear(b"\x13\x01"), say(OTHERS["http"])),
        "5 tls wrong_protocol tls not_sent useless",
        "HTTP/1.1 400|rrcli http",
    ),
    "a redis server": (script(hear(b"\x13\x01"), say(OTHERS["redis"])), "5 tls wrong_protocol tls not_sent useless", "Redis"),
    "an ssh server": (script(say(OTHERS["ssh"]), pause(1)), "5 tls wrong_protocol tls not_sent useless", "SSH"),
    "an smtp server": (script(say(OTHERS["smtp"]), pause(1)), "5 tls wrong_protocol tls not_sent useless", "SMTP"),
    "a mysql server": (script(say(OTHERS["mysql"]), pause(1)), "5 tls wrong_protocol tls not_sent useless", "MySQL"),
    "who hangs up": (script(hear(b"\x13\x01"), end, hear_end), "5 tls handshake_failed tls not_sent useless", "--sni"),
    "who resets": (script(hear(b"\x13\x01"), reset), "4 transport reset tls not_sent safe", "may not speak TLS"),
    "an alert handshake_failure": (
        script(hear(b"\x13\x01"), say(b"\x15\x03\x03\0\x02\x02\x28"), hear_end),
        "5 tls handshake_failed tls not_sent useless",
        "cipher",
    ),
    "an alert unrecognized_name": (
        script(hear(b"\x13\x01"), say(b"\x15\x03\x03\0\x02\x02\x70"), hear_end),
        "5 tls handshake_failed tls not_sent useless",
        "--sni",
    ),
    "an alert no_application_protocol": (
        script(hear(b"\x13\x01"), say(b"\x15\x03\x03\0\x02\x02\x78"), hear_end),
        "5 tls handshake_failed tls not_sent useless",
        "--alpn",
    ),
    "half a record": (
        script(hear(b"\x13\x01"), say(b"\x16\x03\x03\x20\0abc"), end, hear_end),
        "5 tls handshake_failed tls not_sent useless",
        "--sni",
    ),
    "a record of nonsense": (
        script(hear(b"\x13\x01"), say(b"\x16\x03\x03\0\x04\xff\xff\xff\xff"), hear_end),
        "5 tls handshake_failed tls not_sent useless",
        "unexpected message",
    ),
}


@pytest.mark.parametrize("name", TLS_AT)
@pytest.mark.parametrize("scheme", ["https", "rediss", "tls"])
def test_tls_at(ask: Ask, scheme: str, name: str) -> None:
    handle, line, names = TLS_AT[name]
    with responder(handle) as peer:
        at = f"{peer.host}:{peer.port}"
        command = {"https": ("http", f"https://{at}/"), "rediss": ("redis", f"rediss://{at}", "PING"), "tls": ("tls", at)}[scheme]
        verdict = ask(*command)
    check(verdict, line, *names.split("|"))


# --- real servers with the wrong certificate, version, password or zone

NGINX = {
    "expired": ("expired", (), "5 tls certificate_expired tls not_sent useless", "renew"),
    "not yet valid": ("not_yet_valid", (), "5 tls certificate_not_yet_valid tls not_sent useless", "clock"),
    "wrong host": ("wrong_host", (), "5 tls certificate_hostname tls not_sent useless", "other.test"),
    "self-signed": ("self_signed", (), "5 tls certificate_untrusted tls not_sent useless", "self-signed"),
    "missing intermediate": ("missing_intermediate", (), "5 tls certificate_untrusted tls not_sent useless", "intermediate"),
    "newer version wanted": ("tls12", ("--tls-min", "1.3"), "5 tls handshake_failed tls not_sent useless", "TLS version"),
    "older version wanted": ("good", ("--tls-max", "1.1"), "5 tls handshake_failed tls not_sent useless", "TLS version"),
    "another name wanted": ("good", ("--sni", "other.test"), "5 tls certificate_hostname tls not_sent useless", "--sni"),
}


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")  # we ask for it on purpose
@pytest.mark.parametrize("name", NGINX)
def test_nginx_over_tls(ask: Ask, nginx: Nginx, ca: Authority, name: str) -> None:
    server, more, line, names = NGINX[name]
    check(ask("http", "--cacert", ca.root, *more, nginx.https("/", server)), line, *names.split("|"))


def test_nginx_of_an_unknown_root(ask: Ask, nginx: Nginx) -> None:
    check(ask("http", nginx.https()), "5 tls certificate_untrusted tls not_sent useless", "--cacert")


def test_nginx_wants_a_client_certificate(ask: Ask, nginx: Nginx, ca: Authority) -> None:
    verdict = ask("http", "--cacert", ca.root, nginx.https("/", "client_required"))
    check(verdict, "1 application bad_status - answered useless", "400")


def test_http_to_a_tls_port(ask: Ask, nginx: Nginx) -> None:
    url = nginx.https().replace("https", "http")
    verdict = ask("http", url)
    check(verdict, "1 application bad_status - answered useless", "400")
    assert verdict.notes == ["tls-port"]


def test_redis_to_a_tls_port(ask: Ask, redis_tls: Redis) -> None:
    verdict = ask("redis", redis_tls.url().replace("rediss", "redis"), "PING")
    assert (verdict.code, verdict.error["kind"] in ("reset", "closed")) == (4, True)  # Redis closes, with or without our bytes unread
    assert "rediss://" in verdict.words


def test_no_common_cipher(ask: Ask, s_server: Callable[..., Peer], ca: Authority) -> None:
    peer = s_server("-tls1_2", "-cipher", "AES128-SHA")
    check(ask("tls", "--cacert", ca.root, peer.address), "5 tls handshake_failed tls not_sent useless", "cipher")


def test_foreign_client_certificate(ask: Ask, s_server: Callable[..., Peer], ca: Authority) -> None:
    peer = s_server("-tls1_2", "-Verify", "1", "-verify_return_error", "-CAfile", str(ca.root))
    files = ("--cacert", ca.root, "--cert", ca.foreign_client.chain, "--key", ca.foreign_client.key)
    check(ask("tls", *files, peer.address), "5 tls handshake_failed tls not_sent useless", "--cert", "trust")


def test_no_client_certificate(ask: Ask, s_server: Callable[..., Peer], ca: Authority) -> None:
    peer = s_server("-tls1_2", "-Verify", "1", "-verify_return_error", "-CAfile", str(ca.root))
    check(ask("tls", "--cacert", ca.root, peer.address), "5 tls handshake_failed tls not_sent useless", "--cert")


def test_http_without_credentials(ask: Ask, nginx: Nginx) -> None:
    check(ask("http", nginx.url("/private")), "1 application bad_status - answered useless", "401", "WWW-Authenticate")


def test_redis_without_password(ask: Ask, redis_acl: Redis) -> None:
    check(ask("redis", redis_acl.url(), "PING"), "1 application bad_status - answered useless", "NOAUTH", "password")


def test_redis_with_a_wrong_password(ask: Ask, redis_acl: Redis) -> None:
    verdict = ask("redis", redis_acl.url(userinfo=":wrong"), "PING")
    check(verdict, "1 application bad_status - not_sent useless", "WRONGPASS", "password")


def test_redis_user_without_the_right(ask: Ask, redis_acl: Redis) -> None:
    verdict = ask("redis", redis_acl.url(userinfo="reader:readonly"), "SET", "k", "v")
    check(verdict, "1 application bad_status - answered useless", "NOPERM", "ACL")


def test_bind_refuses(ask: Ask, bind: Peer) -> None:
    check(ask("dns", "elsewhere.example", f"@{bind.address}"), "1 application bad_status - answered useless", "REFUSED", "own zones")


def test_bind_knows_no_such_name(ask: Ask, bind: Peer) -> None:
    check(ask("dns", "nothing.example.test", f"@{bind.address}"), "1 application bad_status - answered useless", "NXDOMAIN", "spelling")
