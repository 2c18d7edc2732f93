"""The NATS codec over a plain socket with real servers: connect, exchange, close; and nats-py understands what it writes."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import nats as nats_py
import pytest
from peers.ca import Authority
from peers.nats import MAX_PAYLOAD, PASSWORD, SEED, TOKEN, USER, Nats

from rrcli.codec import nats as codec
from rrcli.codec.nats import Decoder, Err, Info, Msg, Operation, Ping, Pong
from rrcli.codec.natskeys import read_credentials, read_seed

OPTIONS = {"verbose": False, "pedantic": False, "lang": "rrcli", "version": "1", "protocol": 1, "headers": True, "no_responders": True}


class Client:
    """As little of a client as shows that the codec is enough for one."""

    def __init__(self, peer: Nats, context: ssl.SSLContext | None = None, *, first: bool = False) -> None:
        self._decoder = Decoder()
        self._waiting: list[Operation] = []
        self._sock: socket.socket = socket.create_connection((peer.host, peer.port), timeout=5)
        if context and first:
            self._sock = context.wrap_socket(self._sock, server_hostname="localhost")
        info = self.next()
        assert isinstance(info, Info)
        self.info = info.values
        if context and not first:
            self._sock = context.wrap_socket(self._sock, server_hostname="localhost")

    def say(self, data: bytes) -> None:
        self._sock.sendall(data)

    def next(self) -> Operation | None:
        """The next operation, none at the end. Pings are answered, and a second INFO, which 2.15 sends when it likes, is passed over."""
        while True:
            while self._waiting:
                operation = self._waiting.pop(0)
                if isinstance(operation, Ping):
                    self.say(codec.PONG)
                elif not isinstance(operation, Info) or not hasattr(self, "info"):
                    return operation
            try:
                data = self._sock.recv(65536)
            except ConnectionResetError:
                return None
            if not data:
                self._decoder.eof()
                return None
            self._waiting = self._decoder.feed(data)

    def connect(self, **options: Any) -> Operation | None:
        """What comes of CONNECT and PING: PONG when the server lets us in."""
        self.say(codec.connect({**OPTIONS, **options}).data + codec.PING)
        return self.next()

    def ask(self, subject: str, payload: bytes = b"", **options: Any) -> list[Operation | None]:
        box = codec.inbox("_INBOX.ok")
        self.say(codec.subscribe(box, 1) + codec.publish(subject, payload, reply_to=box, **options))
        return [self.next()]

    def close(self) -> None:
        self._sock.close()


@contextmanager
def client(peer: Nats, context: ssl.SSLContext | None = None, *, first: bool = False) -> Iterator[Client]:
    one = Client(peer, context, first=first)
    try:
        yield one
    finally:
        one.close()


@pytest.fixture(params=["nats_service", "nats_modern_service"])
def service(request: pytest.FixtureRequest) -> Nats:
    """The service on the old server and on the new."""
    server: Nats = request.getfixturevalue(request.param)
    return server


def test_a_request_and_its_reply(service: Nats) -> None:
    with client(service) as one:
        assert one.connect() == Pong()
        headers = (("X-A", "b"), ("X-a", "ä"))
        (reply,) = one.ask("svc.echo", b"\0hi\r\n", headers=headers)
        assert isinstance(reply, Msg)
        assert (reply.sid, reply.payload, reply.headers, reply.status) == (1, b"\0hi\r\n", headers, None)


def test_several_replies(service: Nats) -> None:
    with client(service) as one:
        one.connect()
        found = [*one.ask("svc.three"), one.next(), one.next()]
        assert [message.payload for message in found if isinstance(message, Msg)] == [b"1", b"2", b"3"]


def test_nobody_answers(service: Nats) -> None:
    with client(service) as one:
        one.connect()
        (reply,) = one.ask("no.one")
        assert isinstance(reply, Msg)
        assert (reply.status, reply.payload) == (503, b"")
        assert reply.headers in ((), (("Nats-Subject", "no.one"),))  # which today's server adds


def test_a_service_error_and_a_binary_payload(service: Nats) -> None:
    with client(service) as one:
        one.connect()
        (reply,) = one.ask("svc.err")
        assert isinstance(reply, Msg)
        assert reply.headers == (("Nats-Service-Error", "not here"), ("Nats-Service-Error-Code", "404"))
    with client(service) as one:
        one.connect()
        (reply,) = one.ask("svc.bin")
        assert isinstance(reply, Msg)
        assert reply.payload == bytes(range(256))


def test_unsubscribe_ends_the_messages(nats: Nats) -> None:
    with client(nats) as one:
        one.connect()
        one.say(
            codec.subscribe("t.*", 5) + codec.unsubscribe(5, after=1) + codec.publish("t.1", b"a") + codec.publish("t.2", b"b") + codec.PING
        )
        assert [one.next(), one.next()] == [Msg(subject="t.1", sid=5, payload=b"a"), Pong()]


def test_a_user_over_tls(nats_tls: Nats, ca: Authority) -> None:
    context = ssl.create_default_context(cafile=str(ca.root))
    with client(nats_tls, context) as one:
        assert one.info["tls_required"] is True
        assert one.connect(**{"user": USER, "pass": PASSWORD}) == Pong()
    with client(nats_tls, context) as one:
        assert one.connect(**{"user": USER, "pass": "wrong"}) == Err(text="Authorization Violation")
        assert one.next() is None


def test_a_client_certificate(nats_tls_clients: Nats, ca: Authority) -> None:
    context = ssl.create_default_context(cafile=str(ca.root))
    context.load_cert_chain(ca.client.chain, ca.client.key)
    with client(nats_tls_clients, context) as one:
        assert one.connect() == Pong()


def test_tls_before_info(nats_tls_first: Nats, ca: Authority) -> None:
    with client(nats_tls_first, ssl.create_default_context(cafile=str(ca.root)), first=True) as one:
        assert one.connect() == Pong()


def test_a_token(nats_token: Nats) -> None:
    with client(nats_token) as one:
        assert one.connect(auth_token=TOKEN) == Pong()
    with client(nats_token) as one:
        assert one.connect() == Err(text="Authorization Violation")


def test_an_nkey(nats_nkey: Nats) -> None:
    assert nats_nkey.credentials
    key = read_seed(read_credentials(nats_nkey.credentials.read_text()).seed)
    with client(nats_nkey) as one:
        assert one.connect(nkey=key.public, sig=key.sign(one.info["nonce"])) == Pong()
        one.say(codec.publish("secret.a", b""))
        assert one.next() == Err(text='Permissions Violation for Publish to "secret.a"')
    with client(nats_nkey) as one:
        assert one.connect(nkey=key.public, sig=key.sign("another nonce")) == Err(text="Authorization Violation")


def test_a_file_of_credentials(nats_jwt: Nats) -> None:
    assert nats_jwt.credentials
    found = read_credentials(nats_jwt.credentials.read_text())
    assert found.seed == SEED
    with client(nats_jwt) as one:
        assert one.connect(jwt=found.jwt, sig=read_seed(found.seed).sign(one.info["nonce"])) == Pong()


def test_what_is_not_allowed_is_said_and_the_connection_stays(nats_permissions: Nats) -> None:
    with client(nats_permissions) as one:
        assert one.info["max_payload"] == MAX_PAYLOAD
        assert one.connect(**{"user": USER, "pass": PASSWORD}) == Pong()
        one.say(codec.publish("nope.x", b"hi") + codec.subscribe("nope.y", 1) + codec.PING)
        assert [one.next(), one.next(), one.next()] == [
            Err(text='Permissions Violation for Publish to "nope.x"'),
            Err(text='Permissions Violation for Subscription to "nope.y"'),
            Pong(),
        ]
        one.say(codec.publish("ok.x", bytes(MAX_PAYLOAD + 1)))
        assert one.next() == Err(text="Maximum Payload Violation")


def test_nats_py_hears_what_is_published_and_is_answered(service: Nats) -> None:
    async def exchange() -> None:
        other = await nats_py.connect(f"nats://{service.address}")
        subscription = await other.subscribe("py.hears")
        await other.flush()
        with client(service) as one:
            one.connect()
            one.say(codec.publish("py.hears", "grüß dich".encode(), headers=(("X-A", "b"), ("X-B", "c")), reply_to="a.b"))
            heard = await subscription.next_msg(timeout=5)
            assert (heard.data.decode(), heard.headers, heard.reply) == ("grüß dich", {"X-A": "b", "X-B": "c"}, "a.b")
            one.say(codec.subscribe("we.answer", 9, queue="workers") + codec.PING)
            assert one.next() == Pong()
            asking = asyncio.create_task(other.request("we.answer", b"who?", timeout=5))
            question = await asyncio.to_thread(one.next)
            assert isinstance(question, Msg)
            assert (question.sid, question.payload) == (9, b"who?")
            assert question.reply_to
            one.say(codec.publish(question.reply_to, b"we"))
            assert (await asking).data == b"we"
        await other.close()

    asyncio.run(exchange())
