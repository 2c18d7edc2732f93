"""The SMTP codec over a plain socket with real servers, and the standard library's client reads what it is meant to be like."""

from __future__ import annotations

import smtplib
import socket
import ssl
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from peers.base import Peer
from peers.ca import Authority
from peers.smtp import PASSWORD, USER, Mail

from rrcli.codec import smtp as codec
from rrcli.codec.mail import compose
from rrcli.codec.smtp import DATA, QUIT, RSET, STARTTLS, Capabilities, Command, Decoder, Reply, grouped, hello, mail, rcpt
from rrcli.codec.smtpauth import MECHANISMS, Auth


class Client:
    """As little of a client as shows that the codec is enough for one."""

    def __init__(self, peer: Peer, context: ssl.SSLContext | None = None) -> None:
        self._decoder = Decoder()
        self._waiting: list[Reply] = []
        self._sock: socket.socket = socket.create_connection((peer.host, peer.port), timeout=5)
        if context:
            self._sock = context.wrap_socket(self._sock, server_hostname="localhost")
        self.sends = 0
        self.greeting = self.next()

    def next(self) -> Reply:
        while not self._waiting:
            data = self._sock.recv(65536)
            if not data:
                self._decoder.eof()
                raise EOFError
            self._waiting = self._decoder.feed(data)
        return self._waiting.pop(0)

    def say(self, *commands: Command, pipelining: bool = False) -> list[Reply]:
        """The reply to each."""
        replies = []
        for group in grouped(commands, pipelining=pipelining):
            self._sock.sendall(b"".join(command.data for command in group))
            self.sends += 1
            replies += [self.next() for _ in group]
        return replies

    def one(self, command: Command) -> Reply:
        return self.say(command)[0]

    def ehlo(self, verb: str = "EHLO") -> Capabilities:
        return codec.capabilities(self.one(hello(verb, "client.test")))

    def message(self, data: bytes, replies: int = 1) -> list[Reply]:
        assert self.one(DATA).code == 354
        self._sock.sendall(codec.message(data))
        return [self.next() for _ in range(replies)]

    def start_tls(self, context: ssl.SSLContext) -> None:
        assert self.one(STARTTLS).code == 220
        assert not self._decoder.pending
        assert not self._waiting
        self._sock = context.wrap_socket(self._sock, server_hostname="localhost")
        self._decoder = Decoder()

    def log_in(self, mechanism: str, password: str) -> Reply:
        auth = Auth(mechanism, USER, password)
        reply = self.one(auth.begin())
        while reply.code == 334:
            reply = self.one(auth.answer(reply))
        return reply

    def close(self) -> None:
        self._sock.close()


@contextmanager
def client(peer: Peer, context: ssl.SSLContext | None = None) -> Iterator[Client]:
    one = Client(peer, context)
    try:
        yield one
    finally:
        one.close()


HARD = b"\n.\n..x\n\n.leading\nM\xc3\xbcller\nno newline at the end"


def test_a_message_arrives_as_it_was_meant(smtp: Mail) -> None:
    with client(smtp) as one:
        assert (one.greeting.code, one.greeting.lines) == (220, ("mail.example.test ESMTP peer",))
        offered = one.ehlo()
        assert (offered.size, "8BITMIME" in offered.keywords, "SMTPUTF8" in offered.keywords) == (33554432, True, True)
        assert one.one(mail("jö@x.test", size=len(HARD), eight_bit=True, utf8=True)).code == 250
        assert [reply.code for reply in one.say(rcpt("b@x.test"), rcpt('"c d"@x.test'))] == [250, 250]
        (reply,) = one.message(b"Subject: hi\n" + HARD)
        assert (reply.code, reply.enhanced, codec.queued_as(reply)) == (250, "2.0.0", "42")
        assert one.one(QUIT).code == 221
    ((content, envelope),) = smtp.taken()
    assert content == codec.lines_by_crlf(b"Subject: hi\n" + HARD)
    assert (envelope["from"], envelope["to"], envelope["utf8"]) == ("jö@x.test", ["b@x.test", '"c d"@x.test'], True)


def test_each_recipient_has_its_own_reply(smtp: Mail) -> None:
    with client(smtp) as one:
        one.ehlo()
        replies = one.say(mail("a@x.test"), rcpt("b@x.test"), rcpt("gone@x.test"), rcpt("later@x.test"))
        assert [(reply.code, reply.enhanced, reply.text) for reply in replies] == [
            (250, None, "OK"),
            (250, "2.1.5", "OK"),
            (550, "5.1.1", "no such user"),
            (450, "4.2.1", "mailbox busy\ntry again"),
        ]
        assert [(reply.code, reply.text) for reply in one.message(b"X-Reject: yes\n\nhi\n")] == [(554, "content refused")]
        assert one.one(RSET).code == 250
    assert smtp.taken() == []


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_every_mechanism_logs_in_and_is_refused(smtp_login: Mail, mechanism: str) -> None:
    with client(smtp_login) as one:
        assert set(MECHANISMS) <= set(one.ehlo().mechanisms)
        assert one.one(mail("a@x.test")).code == 530
        assert one.log_in(mechanism, PASSWORD).code == 235
        assert one.one(mail("a@x.test")).code == 250
    with client(smtp_login) as one:
        one.ehlo()
        assert one.log_in(mechanism, "wrong").code == 535


def test_starttls_then_login(smtp_starttls_login: Mail, ca: Authority) -> None:
    with client(smtp_starttls_login) as one:
        before = one.ehlo()
        assert ("STARTTLS" in before.keywords, before.mechanisms) == (True, ())
        assert one.one(mail("a@x.test")).code == 530
        one.start_tls(ssl.create_default_context(cafile=str(ca.root)))
        assert "PLAIN" in one.ehlo().mechanisms
        assert one.log_in("PLAIN", PASSWORD).code == 235
        assert one.one(QUIT).code == 221


def test_tls_from_the_start(smtp_tls: Mail, ca: Authority) -> None:
    with client(smtp_tls, ssl.create_default_context(cafile=str(ca.root))) as one:
        assert one.greeting.code == 220
        one.ehlo()
        assert [reply.code for reply in one.say(mail("a@x.test"), rcpt("b@x.test"))] == [250, 250]
        assert one.message(b"hi")[0].code == 250
    assert [content for content, _ in smtp_tls.taken()] == [b"hi\r\n"]


def test_lmtp_has_a_reply_for_each_recipient_that_was_taken(lmtp: Mail) -> None:
    with client(lmtp) as one:
        assert one.one(hello("EHLO", "client.test")).code == 500
        assert "8BITMIME" in one.ehlo("LHLO").keywords
        replies = one.say(mail("a@x.test"), rcpt("b@x.test"), rcpt("gone@x.test"), rcpt("full@x.test"))
        assert [reply.code for reply in replies] == [250, 250, 550, 250]
        assert [(reply.code, reply.enhanced) for reply in one.message(b"hi", 2)] == [(250, "2.0.0"), (452, "4.2.2")]


def test_a_group_of_commands_is_answered_in_order(smtp_sink: Peer) -> None:
    with client(smtp_sink) as one:
        assert "PIPELINING" in one.ehlo().keywords
        sends = one.sends
        group = [mail("a@x.test"), rcpt("b@x.test"), rcpt("c@x.test"), rcpt("d@x.test"), DATA]
        assert [reply.code for reply in one.say(*group, pipelining=True)] == [250, 250, 250, 250, 354]
        assert one.sends == sends + 1
        one._sock.sendall(codec.message(b"hi"))
        assert one.next().code == 250
        assert one.one(QUIT).code == 221


def test_a_server_that_refuses_every_recipient(smtp_sink_refusing: Peer) -> None:
    with client(smtp_sink_refusing) as one:
        one.ehlo()
        replies = one.say(mail("a@x.test"), rcpt("b@x.test"), rcpt("c@x.test"), pipelining=True)
        assert [(reply.code, reply.enhanced) for reply in replies] == [(250, "2.1.0"), (500, "5.3.0"), (500, "5.3.0")]


def test_opensmtpd_takes_one_recipient_and_not_the_other(opensmtpd: Peer) -> None:
    with client(opensmtpd) as one:
        assert {"ENHANCEDSTATUSCODES", "DSN", "8BITMIME"} <= set(one.ehlo().keywords)
        replies = one.say(mail("a@x.test"), rcpt("root@ok.test", notify=("never",)), rcpt("b@x.test"))
        assert [(reply.code, reply.enhanced, reply.text) for reply in replies] == [
            (250, "2.0.0", "Ok"),
            (250, "2.1.5", "Destination address valid: Recipient ok"),
            (550, None, "Invalid recipient: <b@x.test>"),
        ]
        (reply,) = one.message(compose((("From", "a@x.test"), ("To", "root@ok.test"), ("Subject", "Grüße")), text="Grüße\n"))
        assert (reply.code, reply.enhanced) == (250, "2.0.0")
        assert codec.queued_as(reply)


def test_smtplib_says_the_same(smtp: Mail) -> None:
    """What smtplib has a server take and what the codec has it take are the same message in the same envelope."""
    with smtplib.SMTP(smtp.host, smtp.port, timeout=5) as library:
        assert library.sendmail("a@x.test", ["b@x.test", "gone@x.test"], codec.lines_by_crlf(HARD)) == {
            "gone@x.test": (550, b"5.1.1 no such user")
        }
    with client(smtp) as one:
        one.ehlo()
        one.say(mail("a@x.test", size=len(HARD)), rcpt("b@x.test"), rcpt("gone@x.test"))
        one.message(HARD)
    first, second = smtp.taken()
    assert first[0] == second[0]
    assert {**first[1], "options": None} == {**second[1], "options": None}


@pytest.mark.parametrize(("mechanism", "turns"), [("PLAIN", 0), ("LOGIN", 2), ("CRAM-MD5", 1)])
def test_smtplib_logs_in_with_the_same_words(mechanism: str, turns: int) -> None:
    library = smtplib.SMTP()
    library.user, library.password = USER, PASSWORD  # type: ignore[attr-defined]
    theirs: Callable[..., str] = getattr(library, f"auth_{mechanism.lower().replace('-', '_')}")
    ours = Auth(mechanism, USER, PASSWORD)
    begun = ours.begin().data.split()[2:]
    asked = Reply(code=334, lines=(b64encode(b"<1.2@mail>").decode(),))
    said = [b64decode(word).decode() for word in (begun or [ours.answer(asked).data for _ in range(turns)])]
    for turn, word in enumerate(said):
        library._auth_challenge_count = turn + 1  # type: ignore[attr-defined]
        assert word == theirs(b"<1.2@mail>")
