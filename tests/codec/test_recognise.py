"""Which protocol the first bytes of a peer belong to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrcli.codec.recognise import HTTP2, recognise
from rrcli.engine.catalogue import scheme_of_greeting
from rrcli.model.values import Target

SHOWS = "rrcli tcp shows what it sends"
TLS = "the port speaks TLS: use the TLS form of the URL, or --tls"
MYSQL = b"\x4a\0\0\0\x0a8.0.36\0"


@pytest.mark.parametrize(
    ("data", "what", "hint", "scheme"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP/1.1 400 Bad Request", "use rrcli http", "http"),
        (b"HTTP/1.0 200 OK\nSERVER:  nginx \r\n", "HTTP/1.0 200 OK (nginx)", "use rrcli http", "http"),
        (b"HTTP/1.1 " + b"4" * 90, f"HTTP: 'HTTP/1.1 {'4' * 71}'", "use rrcli http", "http"),
        (b"\x15\x03\x01\x00\x02\x02\x28", "a TLS alert (handshake failure)", TLS, None),
        (b"\x15\x03\x01\x00\x02\x02\xc8", "a TLS alert (number 200)", TLS, None),
        (b"\x15\x03\x01", "a TLS alert (cut short)", TLS, None),
        (b"\x16\x03\x03\x00\x7a", "a TLS handshake", TLS, None),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "an SSH banner: 'SSH-2.0-OpenSSH_9.2'", SHOWS, None),
        (b"220 mx ESMTP\r\n", "an SMTP reply: '220 mx ESMTP'", SHOWS, "smtp"),
        (b"220 ProFTPD\r\n", "an FTP reply: '220 ProFTPD'", SHOWS, None),
        (b"500 what\r\n", "an SMTP or FTP reply: '500 what'", SHOWS, None),
        (b"* OK [CAPABILITY]\r\n", "an IMAP greeting: '* OK [CAPABILITY]'", SHOWS, None),
        (b'INFO {"a":1}\r\n', "a NATS greeting: 'INFO {\"a\":1}'", SHOWS, "nats"),
        (b"+OK POP3 ready\r\n", "a POP3 greeting: '+OK POP3 ready'", SHOWS, None),
        (b"-ERR wrong\r\n", "a Redis error: '-ERR wrong'", SHOWS, "redis"),
        (b"RFB 003.008\n", "a VNC greeting: 'RFB 003.008'", SHOWS, None),
        (b"AMQP\0\0\x09\x01", "an AMQP greeting: 'AMQP����'", SHOWS, None),
        (b"ERROR\r\n", "a memcached error: 'ERROR'", SHOWS, None),
        (MYSQL, "a MySQL greeting: '8.0.36'", SHOWS, None),
        (b"E\0\0\0\x50SFATAL\0", "a PostgreSQL error", SHOWS, "postgresql"),
        (b"\0\0\x06\x04\0\0\0\0\0", "HTTP/2 frames", HTTP2, "grpc"),
        (b"N", "a PostgreSQL answer to SSLRequest", SHOWS, "postgresql"),
        (
            b"E\0\0\0\x65SFATAL\0VFATAL\0C28000\0Mno pg_hba.conf entry\0\0",
            "a PostgreSQL error: 'no pg_hba.conf entry'",
            SHOWS,
            "postgresql",
        ),
        (
            b"\x46\0\0\0\xff\x6a\x04Host '192.0.2.7' is not allowed to connect to this MySQL server",
            "a MySQL refusal: \"Host '192.0.2.7' is not allowed to connect to this MySQL server\"",
            SHOWS,
            None,
        ),
        (b"220 (vsFTPd 3.0.5)\r\n", "an FTP reply: '220 (vsFTPd 3.0.5)'", SHOWS, None),
        (
            b"220 mail.example.test ESMTP Exim 4.96 Sat, 21 Nov 2026\r\n",
            "an SMTP reply: '220 mail.example.test ESMTP Exim 4.96 Sat, 21 Nov 2026'",
            SHOWS,
            "smtp",
        ),
        (b"220 host dictd 1.13.1 <auth.mime>\r\n", "a DICT greeting: '220 host dictd 1.13.1 <auth.mime>'", SHOWS, None),
        (
            b"200 news.example.test InterNetNews server INN 2.7 ready\r\n",
            "an NNTP greeting: '200 news.example.test InterNetNews server INN 2.7 ready'",
            SHOWS,
            None,
        ),
        (b"+OK Dovecot ready.\r\n", "a POP3 greeting: '+OK Dovecot ready.'", SHOWS, None),
        (b'"IMPLEMENTATION" "Dovecot Pigeonhole"\r\n', 'a ManageSieve greeting: \'"IMPLEMENTATION" "Dovecot Pigeonhole"\'', SHOWS, None),
        (b"-NOAUTH Authentication required.\r\n", "a Redis error: '-NOAUTH Authentication required.'", SHOWS, "redis"),
        (b"-DENIED Redis is running in protected mode\r\n", "a Redis error: '-DENIED Redis is running in protected mode'", SHOWS, "redis"),
        (b"+PONG\r\n", "a Redis reply: '+PONG'", SHOWS, "redis"),
        (b"@RSYNCD: 31.0\n", "an rsync greeting: '@RSYNCD: 31.0'", SHOWS, None),
        (b"<?xml version='1.0'?><stream:stream id='1'>", "an XMPP stream: \"<?xml version='1.0'?><stream:stream id='1'>\"", SHOWS, None),
        (
            b":irc.test NOTICE * :*** Looking up your hostname\r\n",
            "an IRC notice: ':irc.test NOTICE * :*** Looking up your hostname'",
            SHOWS,
            None,
        ),
        (b"RTSP/1.0 400 Bad Request\r\n", "an RTSP reply: 'RTSP/1.0 400 Bad Request'", SHOWS, None),
        (b"SIP/2.0 400 Bad Request\r\n", "a SIP reply: 'SIP/2.0 400 Bad Request'", SHOWS, None),
        (b"( success ( 2 2 ( ) ( edit-pipeline ) ) )", "a Subversion greeting: '( success ( 2 2 ( ) ( edit-pipeline ) ) )'", SHOWS, None),
        (b"\x30\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0", "a MongoDB message", SHOWS, None),
        (b"\xff\xfd\x18\xff\xfd\x20", "a Telnet negotiation", SHOWS, None),
        (b"\0\0\0\x40\xfeSMB", "an SMB message", SHOWS, None),
        (b"\3\0\0\x13\x0e\xd0", "a Remote Desktop reply", SHOWS, None),
        (b"\x30\x0c\2\1\1\x61\7", "an LDAP message", SHOWS, None),
        (b"\5\xff", "a SOCKS5 reply", SHOWS, None),
        (b"\x20\2\0\5", "an MQTT connection reply", SHOWS, None),
        (b"", "nothing", "the peer closed without a word", None),
        (b"\x01\x02", "b'\\x01\\x02'", SHOWS, None),
        (b"x" * 33, f"b'{'x' * 32}'…", SHOWS, None),
    ],
)
def test_first_bytes(data: bytes, what: str, hint: str, scheme: str | None) -> None:
    found = recognise(data)
    assert (found.what, found.hint, scheme_of_greeting(found.greeting or "")) == (what, hint, scheme)


@pytest.mark.parametrize(
    ("data", "target", "hint"),
    [
        (b"HTTP/1.1 200 OK\r\n", Target(url="", host="h", port=80), "rrcli http://h:80/"),
        (b"HTTP/1.1 200 OK\r\n", Target(url="", host="::1", port=8080), "rrcli 'http://[::1]:8080/'"),
        (b"HTTP/1.1 200 OK\r\n", Target(url="", host="h"), "rrcli http://h/"),
        (b"HTTP/1.1 200 OK\r\n", Target(url="unix:///a"), "use rrcli http"),
        (b"-ERR x\r\n", Target(url="", host="h", port=1), "rrcli redis://h:1/"),
        (b"SSH-2.0\r\n", Target(url="", host="h", port=22), SHOWS),
    ],
)
def test_the_hint_is_a_command_where_there_is_one(data: bytes, target: Target, hint: str) -> None:
    found = recognise(data)
    assert found.hint_for(target, scheme_of_greeting(found.greeting or "")) == hint


@given(st.sampled_from([b"", b"HTTP/", b"220 ", b"SSH-", b"\x15\x03"]), st.binary(max_size=600))
def test_the_words_are_short_and_harmless(beginning: bytes, data: bytes) -> None:
    what = recognise(beginning + data).what
    assert 0 < len(what) <= 200
    assert what.isprintable()


def test_a_server_s_name_cannot_draw_on_the_terminal() -> None:
    assert recognise(b"HTTP/1.1 200 OK\r\nServer: a\x1b[2J\x9bb\r\n").what == "HTTP/1.1 200 OK (a�[2J�b)"
