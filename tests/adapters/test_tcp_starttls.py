"""STARTTLS of each protocol. The servers here are bytes; that they speak as real ones do, `openssl s_client -starttls` shows."""

from __future__ import annotations

import socket
import subprocess

import pytest
from peers.base import need
from peers.ca import Authority
from peers.script import Handler, Responder, end, hear, hear_end, over_tls, responder, say, script

import rrcli
from rrcli.adapters.tcp.steps import step
from rrcli.adapters.tls.hosts import PORTS
from rrcli.adapters.tls.hosts import STARTTLS as NAMES_OF_TLS
from rrcli.engine.registry import BY_NAME
from rrcli.model.values import Exchange
from rrcli.report.terminal.render import render
from rrcli.wire.starttls import NAMES, protocol

LDAP_OK = bytes.fromhex("300c02010178070a010004000400")
LDAP_NO = bytes.fromhex("300c02010178070a013404000400")
LDAP_SAYS = bytes.fromhex("3020020101781b0a010204000414") + b"no such operation   "
LDAP_OF_ACTIVE_DIRECTORY = bytes.fromhex("3084000000280201017884000000") + bytes.fromhex("1f0a0100040004008a16") + b"1.3.6.1.4.1.1466.20037"
MYSQL = b"\0\x0a8.0.36\0" + bytes(4) + b"saltsalt\0" + b"{flags}\x2d\2\0\xff\xdf\x15" + bytes(10) + b"saltsaltsalt\0mysql_native_password\0"
STREAM = (
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0'>"
    b"<stream:features>{offer}</stream:features>"
)
OFFER = b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"


def mysql(flags: int) -> bytes:
    packet = MYSQL.replace(b"{flags}", flags.to_bytes(2, "little"))[1:]
    return len(packet).to_bytes(3, "little") + b"\0" + packet


def pg_error(fields: bytes) -> bytes:
    return b"E" + (len(fields) + 4).to_bytes(4, "big") + fields


def lines(greeting: bytes, replies: dict[bytes, bytes], last: bytes) -> Handler:
    """Greets, and answers each line by the word in it, up to and with the one that has `last`."""

    def handle(connection: socket.socket) -> None:
        connection.sendall(greeting)
        word = b""
        while last not in word:
            heard: list[bytes] = []
            hear(b"\n", into=heard)(connection)
            word = heard[0].upper()
            tag = heard[0].split(b" ")[0]
            known = next((reply for name, reply in replies.items() if name in word), b"500 what?\r\n")
            connection.sendall(known.replace(b"{tag}", tag))

    return handle


MAIL = {b"EHLO": b"250-mail\r\n250-SIZE 1000\r\n250 STARTTLS\r\n", b"LHLO": b"250-mail\r\n250 STARTTLS\r\n", b"STARTTLS": b"220 go\r\n"}
SERVERS: dict[str, Handler] = {
    "smtp": lines(b"220-mail\r\n220 ready\r\n", MAIL, b"STARTTLS"),
    "lmtp": lines(b"220 ready\r\n", MAIL, b"STARTTLS"),
    "imap": lines(
        b"* OK ready\r\n",
        {b"CAPABILITY": b"* CAPABILITY IMAP4rev1 STARTTLS\r\n{tag} OK done\r\n", b"STARTTLS": b"* OK soon\r\n{tag} OK go\r\n"}, b"STARTTLS",
    ),
    "pop3": lines(b"+OK ready\r\n", {b"STLS": b"+OK go\r\n"}, b"STLS"),
    "ftp": lines(
        b"220-hi\r\n all\r\n220 ready\r\n", {b"FEAT": b"211-Features\r\n AUTH TLS\r\n211 End\r\n", b"AUTH TLS": b"234 go\r\n"}, b"AUTH",
    ),
    "nntp": lines(b"200 ready\r\n", {b"CAPABILITIES": b"101 list\r\nSTARTTLS\r\n.\r\n", b"STARTTLS": b"382 go\r\n"}, b"STARTTLS"),
    "sieve": lines(b'"IMPLEMENTATION" "test"\r\n"STARTTLS"\r\nOK "ready"\r\n', {b"STARTTLS": b"OK\r\n"}, b"STARTTLS"),
    "irc": lines(b"", {b"STARTTLS": b":irc.test 670 * :go\r\n"}, b"STARTTLS"),
    "xmpp": script(
        hear(b"version='1.0'>"), say(STREAM.replace(b"{offer}", OFFER)),
        hear(b"/>"), say(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
    ),
    "ldap": script(hear(b"1.3.6.1.4.1.1466.20037"), say(LDAP_OK)),
    "postgres": script(hear(b"\0\0\0\x08\x04\xd2\x16\x2f"), say(b"S")),
    "mysql": script(say(mysql(0xFFFF)), lambda connection: connection.recv(36) and None),
}  # fmt: skip


def start(peer: Responder, name: str, ca: Authority) -> Exchange:
    steps = (step("--starttls", name),)
    return rrcli.send(rrcli.TcpRequest(f"localhost:{peer.port}", steps=steps, cacert=str(ca.root), ipv4=True, read_eof=True, timeout=5.0))


def failure(exchange: Exchange) -> tuple[str, str, str | None, str]:
    assert exchange.error
    return exchange.error.layer, exchange.error.kind, exchange.error.phase, exchange.error.message


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_each_protocol(name: str, ca: Authority) -> None:
    with responder(script(SERVERS[name], over_tls(ca.good, say(b"within\n")))) as peer:
        exchange = start(peer, name, ca)
    with responder(script(SERVERS[name], over_tls(ca.good, hear_end))) as peer:
        report = rrcli.send(rrcli.TlsRequest(f"localhost:{peer.port}", starttls=name, cacert=str(ca.root), ipv4=True))
    assert exchange.error is None
    assert exchange.response
    assert exchange.response.body
    assert exchange.response.body.data == b"within\n"
    assert exchange.response.data == {"banner": "within"}
    assert list(exchange.timing.phases)[-4:-1] == ["handshake", "tls", "wait"]
    assert report.outcome == "ok"
    assert report.connection.tls
    assert report.connection.tls.verified


def test_openssl_finds_the_same_servers_right(name: str, ca: Authority) -> None:
    with responder(script(SERVERS[name], over_tls(ca.good, say(b"within\n")))) as peer:
        where = ["-connect", f"127.0.0.1:{peer.port}", "-starttls", name, "-servername", "localhost", "-CAfile", str(ca.root)]
        command = [need("openssl"), "s_client", "-quiet", "-verify_return_error", *where]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=10)
    assert done.stdout.endswith(b"within\n"), done.stderr


@pytest.mark.parametrize(
    ("name", "server", "message"),
    [
        ("smtp", lines(b"220 ready\r\n", {b"EHLO": b"250 mail\r\n"}, b"EHLO"), "the SMTP server does not start TLS: 250 mail"),
        ("smtp", say(b"554 no service\r\n"), "the SMTP server does not start TLS: 554 no service"),
        ("imap", lines(b"* OK ready\r\n", {b"STARTTLS": b"a1 BAD x\r\n"}, b"STARTTLS"), "the IMAP server does not start TLS: a1 BAD x"),
        ("pop3", lines(b"+OK ready\r\n", {b"STLS": b"-ERR no\r\n"}, b"STLS"), "the POP3 server does not start TLS: -ERR no"),
        ("ftp", lines(b"220 ready\r\n", {b"AUTH": b"502 no\r\n"}, b"AUTH"), "the FTP server does not start TLS: 502 no"),
        ("nntp", lines(b"200 ready\r\n", {b"STARTTLS": b"502 no\r\n"}, b"STARTTLS"), "the NNTP server does not start TLS: 502 no"),
        ("sieve", say(b'"IMPLEMENTATION" "x"\r\nOK\r\n'), "the ManageSieve server does not start TLS: OK"),
        ("irc", lines(b"", {b"STARTTLS": b":i 691 * :no\r\n"}, b"STARTTLS"), "the IRC server does not start TLS: :i 691 * :no"),
        ("xmpp", script(hear(b"'1.0'>"), say(STREAM.replace(b"{offer}", b""))), None),
        ("ldap", script(hear(b"20037"), say(LDAP_NO)), "the LDAP server does not start TLS: unavailable (result 52)"),
        (
            "ldap", script(hear(b"20037"), say(LDAP_SAYS)),
            "the LDAP server does not start TLS: protocol error (result 2): no such operation",
        ),
        ("postgres", script(hear(b"\x2f"), say(b"N")), "the PostgreSQL server does not start TLS"),
        ("mysql", say(mysql(0xF7FF)), "the MySQL server does not start TLS"),
        ("mysql", say(b"\x0f\0\0\0\xff\x6a\x04Host refused"), "the MySQL server does not start TLS: Host refused (error 1130)"),
        (
            "mysql", say(b"\x1d\0\0\0\xff\x10\x04#08004Too many connections"),
            "the MySQL server does not start TLS: Too many connections (error 1040)",
        ),
        (
            "postgres", script(hear(b"\x2f"), say(pg_error(b"SFATAL\0VFATAL\0C53300\0Msorry, too many clients already\0Fproc.c\0\0"))),
            "the PostgreSQL server does not start TLS: FATAL: sorry, too many clients already (53300)",
        ),
        ("postgres", script(hear(b"\x2f"), say(b"Eout of memory\n\0")), "the PostgreSQL server does not start TLS: out of memory"),
    ],
)  # fmt: skip
def test_a_server_that_declines(name: str, server: Handler, message: str | None, ca: Authority) -> None:
    with responder(script(server, hear_end)) as peer:
        layer, kind, phase, said = failure(start(peer, name, ca))
    assert (layer, kind, phase) == ("tls", "unsupported", "handshake")
    assert said == message or (message is None and said.startswith("the XMPP server does not start TLS: <"))


@pytest.mark.parametrize(
    ("name", "server", "message"),
    [
        ("smtp", say(b"SSH-2.0-OpenSSH_9.2\r\n"), "expected SMTP, got an SSH banner: 'SSH-2.0-OpenSSH_9.2'"),
        ("imap", say(b"220 mail ESMTP\r\n"), "expected IMAP, got an SMTP reply: '220 mail ESMTP'"),
        ("mysql", say(b"SSH-2.0-x\r\n" + bytes(1 << 16)), "expected MySQL, got an SSH banner: 'SSH-2.0-x'"),
        ("postgres", say(b"\x15\x03\x01\0\2\2\x0a"), "expected PostgreSQL, got a TLS alert (unexpected message)"),
        ("ldap", say(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "expected LDAP, got HTTP/1.1 400 Bad Request"),
    ],
)
def test_another_protocol_on_the_port(name: str, server: Handler, message: str, ca: Authority) -> None:
    with responder(script(server, hear_end)) as peer:
        assert failure(start(peer, name, ca)) == ("protocol", "wrong_protocol", "handshake", message)


def test_commands_injected_before_tls_are_an_error(ca: Authority) -> None:
    server = lines(b"220 ready\r\n", {**MAIL, b"STARTTLS": b"220 go\r\n250 injected\r\n"}, b"STARTTLS")
    with responder(script(server, hear_end)) as peer:
        found = failure(start(peer, "smtp", ca))
    assert (found[1], found[3]) == ("malformed", "14 bytes of clear text came after the switch to TLS was agreed")


@pytest.mark.parametrize("greeting", [b"220-x\r\n" * 20_000, b"2" * 100_000])
def test_a_greeting_without_end(greeting: bytes, ca: Authority) -> None:
    with responder(script(say(greeting), hear_end)) as peer:
        assert failure(start(peer, "smtp", ca))[1] in ("too_large", "wrong_protocol")


def test_a_peer_that_leaves(ca: Authority) -> None:
    with responder(script(say(b"220-x\r\n"), end, hear_end)) as peer:
        assert failure(start(peer, "smtp", ca))[:3] == ("transport", "closed", "handshake")


def test_notices_of_irc_are_skipped(ca: Authority) -> None:
    server = lines(b":irc.test NOTICE * :hello\r\n", {b"STARTTLS": b"PING :1\r\n:irc.test 670 * :go\r\n"}, b"STARTTLS")
    with responder(script(server, over_tls(ca.good, say(b"within\n")))) as peer:
        assert start(peer, "irc", ca).outcome == "ok"


def test_the_dialogue_is_drawn_before_tls(ca: Authority) -> None:
    with responder(script(SERVERS["smtp"], over_tls(ca.good, say(b"within\n")))) as peer:
        text = render(start(peer, "smtp", ca), BY_NAME["tcp"], width=80, color=False, verbose=False, wire=False)
    assert [line.split()[0] for line in text.splitlines() if line[2:12].strip() in ("connect", "handshake", "tls")] == [
        "connect",
        "handshake",
        "tls",
    ]


def test_names() -> None:
    assert protocol("PostgreSQL") == "postgres"
    assert tuple(sorted(NAMES_OF_TLS)) == tuple(sorted(NAMES)) == tuple(sorted(PORTS))
    with pytest.raises(ValueError, match="Redis has no STARTTLS"):
        protocol("redis")


def test_an_ldap_server_that_writes_every_length_in_four_bytes(ca: Authority) -> None:
    server = script(hear(b"1.3.6.1.4.1.1466.20037"), say(LDAP_OF_ACTIVE_DIRECTORY))
    with responder(script(server, over_tls(ca.good, say(b"within\n")))) as peer:
        assert start(peer, "ldap", ca).outcome == "ok"


def test_an_ldap_message_that_holds_the_bytes_of_success_elsewhere(ca: Authority) -> None:
    refusal = bytes.fromhex("3011020101780c0a01340400") + b"\x04\x05a\x0a\x01\x00b"
    with responder(script(hear(b"20037"), say(refusal), hear_end)) as peer:
        assert failure(start(peer, "ldap", ca))[:2] == ("tls", "unsupported")


@pytest.mark.parametrize("size", [b"\x84\x7f\xff\xff\xff", b"\x88" + b"\xff" * 8, b"\x89" + b"\0" * 9])
def test_a_length_that_no_message_before_tls_has(size: bytes, ca: Authority) -> None:
    with responder(script(hear(b"20037"), say(b"\x30" + size), hear_end)) as peer:
        assert failure(start(peer, "ldap", ca))[1] == "too_large"


def test_mysql_may_refuse_in_place_of_the_handshake(ca: Authority) -> None:
    refusal = b"\x16\0\0\x02\xff\x10\x04Too many connections"
    server = script(say(mysql(0xFFFF)), lambda connection: connection.recv(36) and None, hear(b"\x16"), say(refusal), hear_end)
    with responder(server) as peer:
        assert failure(start(peer, "mysql", ca))[3] == "expected TLS, got a MySQL refusal: 'Too many connections'"
