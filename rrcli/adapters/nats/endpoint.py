"""What a request to NATS asks of whom: its URL, who logs in, its subject, headers and payload."""

from __future__ import annotations

import os

from rrcli.adapters.nats.words import header_pairs, split_words
from rrcli.base.errors import usage
from rrcli.base.record import Record
from rrcli.base.url import host_port, split_host, split_url
from rrcli.codec.nats import inbox, publish, subscribe
from rrcli.model.values import Body, RequestMessage, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.nats.request import NatsRequest
    from rrcli.codec.natskeys import Key
    from rrcli.model.values import Fields

HOST, PORT = "127.0.0.1", 4222
OURS = 1  # the number of the first subscription of a connection


class Place(Record):
    """What a URL says. `userinfo` is as it was written there, for the target's URL."""

    host: str = HOST
    port: int = PORT
    tls: bool = False
    userinfo: str = ""
    user: str | None = None
    password: str | None = None

    def target(self) -> Target:
        before = self.userinfo and f"{self.userinfo}@"
        authority = before + host_port(self.host, self.port)
        return Target(url=f"{'tls' if self.tls else 'nats'}://{authority}", host=self.host, port=self.port)


class Login(Record):
    """Who we are, in one of four ways or in none; `key` signs the server's nonce."""

    user: str | None = None
    password: str | None = None
    token: str | None = None
    key: Key | None = None
    seed: str | None = None  # of the key
    jwt: str | None = None

    @property
    def words(self) -> str:
        """What was sent, for a sentence."""
        if self.jwt is not None:
            return "a JWT"
        if self.key is not None:
            return "an nkey"
        if self.token is not None:
            return "a token"
        return "nothing" if self.user is None else f"the user {self.user} with a password"


class Endpoint(Record):
    """A request understood. `subject` is `None` where only PONG is asked for, `inbox` where no reply is waited for."""

    request: NatsRequest
    place: Place
    login: Login
    subject: str | None
    payload: bytes
    headers: Fields
    inbox: str | None

    @property
    def secure(self) -> bool:
        """Whether TLS was asked for, by its URL or by the files for it."""
        return self.place.tls or bool(self.request.cacert or self.request.cert)

    def message(self) -> RequestMessage:
        """The request as it is shown."""
        request = self.request
        if self.subject is None:
            return RequestMessage(summary="PING", name="the PING", data={"subject": None, "safe": True, "idempotent": True})
        data: dict[str, Any] = {"subject": self.subject, "reply_to": self.inbox, "size": len(self.payload)}
        harmless = {"safe": False, "idempotent": False}
        if request.answers:
            data = {"subject": self.subject, "queue": request.queue, **harmless}
            summary = f"SUB {self.subject}{f' {request.queue}' if request.queue else ''}"
            return RequestMessage(summary=summary, fields=self.headers, data=data, name="the subscription")
        return RequestMessage(
            summary=f"{'HPUB' if self.headers else 'PUB'} {self.subject} ({len(self.payload)} bytes)",
            fields=self.headers,
            body=_body(self.payload),
            data={**data, **harmless},
            name="the message",
        )


def _body(payload: bytes) -> Body:
    from rrcli.base.digest import sha256

    return Body(data=payload, size=len(payload), sha256=sha256(payload).hexdigest())


def endpoint_of(request: NatsRequest, exchange_id: str) -> Endpoint:
    """The request with its URL, its environment and its files read. Raises `usage`, or `local` for a file."""
    places, words = split_words(request.arguments)
    if len(places) > 1:
        raise usage(f"{places[1]} is a second server", "one is asked; write its URL, then the subject")
    _refuse_mixtures(request, words)
    place = place_of(places[0] if places else os.environ.get("NATS_URL") or None)
    subject = words[0] if words else None
    headers = _headers(request, exchange_id)
    waits = subject is not None and not (request.no_reply or request.answers)
    endpoint = Endpoint(
        request=request,
        place=place,
        login=login_of(request, place),
        subject=subject,
        payload=_payload(request, words),
        headers=headers,
        inbox=inbox(request.inbox_prefix) if waits else None,
    )
    if request.answers:
        assert subject is not None
        subscribe(subject, OURS, queue=request.queue)  # raises for what NATS does not take
        publish("x", b"", headers=headers)
    elif subject is not None:
        publish(subject, b"", reply_to=endpoint.inbox, headers=headers)
    return endpoint


def _refuse_mixtures(request: NatsRequest, words: list[str]) -> None:
    """Raise `usage` for words and options that have no meaning together."""
    if len(words) > 2:
        raise usage(f"{words[2]!r} is one word too many", "options stand before the subject; quote a payload of several words")
    answers = (
        ("--reply", request.reply is not None),
        ("--reply-file", request.reply_file is not None),
        ("--reply-echo", request.reply_echo),
    )
    payloads = (
        ("PAYLOAD", len(words) > 1),
        ("--payload-hex", request.payload_hex is not None),
        ("--payload-base64", request.payload_base64 is not None),
        ("--payload-file", request.payload_file is not None),
    )
    _one_of((*answers, ("--no-reply", request.no_reply)))
    _one_of(payloads)
    if request.answers:
        _one_of((*answers, *payloads))
    if request.no_reply and request.replies != 1:
        raise usage("--no-reply and --replies exclude each other", "leave one of them out")
    if request.queue is not None and not request.answers:
        raise usage("--queue is for --reply, --reply-file and --reply-echo", "a request goes to one of the group by itself")
    if not words and (request.answers or request.no_reply or any(given for _, given in payloads)):
        raise usage("there is no subject", "write it after the options and the URL, as orders.new")


def _one_of(options: tuple[tuple[str, bool], ...]) -> None:
    """Raise `usage` where more than one of the options was given."""
    given = [name for name, is_given in options if is_given]
    if len(given) > 1:
        raise usage(f"{given[0]} and {given[1]} exclude each other", "leave one of them out")


def place_of(text: str | None) -> Place:
    """Read `nats://[USER:PASSWORD@|TOKEN@]host[:port]`, `tls://` or `host:port`. Raises `usage`."""
    if text is None:
        return Place()
    if "," in text:
        raise usage("several servers are named, and one is asked", "write the URL of one, also in NATS_URL")
    if "://" not in text:
        host, port = split_host(text, PORT)
        return Place(host=host, port=port or PORT)
    url = split_url(text)
    if url.scheme not in ("nats", "tls"):
        raise usage(f"{url.scheme}:// is no URL of NATS", "write nats:// or tls://, then the subject")
    if url.path not in ("", "/") or url.query is not None:
        raise usage(
            "a URL of NATS has neither path nor parameters", f"write {url.scheme}://{host_port(url.host, url.port)} and the subject"
        )
    return Place(
        host=url.host or HOST,
        port=url.port or PORT,
        tls=url.scheme == "tls",
        userinfo=text.partition("://")[2].partition("/")[0].rpartition("@")[0],
        user=url.user or None,
        password=url.password,
    )


def login_of(request: NatsRequest, place: Place) -> Login:
    """Who logs in: by an option, or by the URL, where a word alone is a token. Raises `usage`, or `local` for a file."""
    ways = ("--token", request.token is not None), ("--nkey", request.nkey is not None), ("--creds", request.creds is not None)
    _one_of((("--user", request.user is not None or request.password is not None), *ways))
    if request.token is not None:
        return Login(token=request.token)
    if path := request.creds or request.nkey:
        return _signing(path, with_jwt=request.creds is not None)
    user, password = request.user or place.user, place.password if request.password is None else request.password
    if user and password is None:
        if request.user is None:
            return Login(token=user)
        raise usage(f"there is no password for the user {user}", "give it with --password or in the URL")
    if password is not None and not user:
        raise usage("there is no user for the password", "give the user with --user, or a token with --token")
    return Login(user=user, password=password)


def _signing(path: str, *, with_jwt: bool) -> Login:
    from rrcli.base.files import read_local
    from rrcli.codec.natskeys import read_credentials, read_seed

    found = read_credentials(read_local(path).decode("utf-8", "replace"))
    if with_jwt and found.jwt is None:
        raise usage(f"{path} has no JWT", "a file with a seed alone is for --nkey")
    return Login(key=read_seed(found.seed), seed=found.seed, jwt=found.jwt if with_jwt else None)


def _payload(request: NatsRequest, words: list[str]) -> bytes:
    if request.payload_file is not None or request.reply_file is not None:
        from rrcli.base.files import read_local

        return read_local(request.payload_file or request.reply_file or "")
    if request.payload_hex is not None:
        return request.payload_hex
    if request.payload_base64 is not None:
        return request.payload_base64
    return os.fsencode(words[1] if len(words) > 1 else request.reply or "")


def _headers(request: NatsRequest, exchange_id: str) -> Fields:
    """The headers that were given, and those that options ask for."""
    found = list(header_pairs(request.headers))
    if request.idempotency_key is not None:
        found.append(("Nats-Msg-Id", request.idempotency_key))
    if request.request_id is not None:
        found.append(("X-Request-ID", exchange_id))
    if request.traceparent is not None:
        from rrcli.base.tracecontext import to_send

        found.append(("traceparent", to_send(request.traceparent)))
    return tuple(found)
