"""The NATS responder: core NATS of https://docs.nats.io/reference/reference-protocols/nats-protocol between its clients.

INFO, CONNECT, PING, PUB, HPUB, SUB with wildcards and queue groups, UNSUB, and 503 where nobody listens. It has three services of its
own, so that there is somebody to ask: `rrcli.echo`, `rrcli.time` and `rrcli.three`, which replies three times.
"""

from __future__ import annotations

import json
import threading
import time

from rrcli.responders.base import LimitExceeded, Responder, ServerConnection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = "2.10.0"  # of the server whose behaviour this is
LINE = 4096  # bytes of a control line, as max_control_line has it
PAYLOAD = 1 << 20  # bytes of a message with its headers
MOST = 10_000  # subscriptions of one client
NO_RESPONDERS = b"NATS/1.0 503\r\n\r\n"
NOBODY = b""  # the reply subject of a message that has none


class Subscription:
    """What a client listens to; `left` counts the messages until an UNSUB ends it."""

    def __init__(self, client: Client, sid: bytes, pattern: list[bytes], queue: bytes) -> None:
        self.client = client
        self.sid = sid
        self.pattern = pattern
        self.queue = queue
        self.left: int | None = None
        self.delivered = 0


class Client:
    """One connection; several threads may send to it."""

    def __init__(self, connection: ServerConnection) -> None:
        self.connection = connection
        self.subscriptions: dict[bytes, Subscription] = {}
        self.verbose = False
        self.no_responders = False
        self._lock = threading.Lock()

    def send(self, data: bytes) -> None:
        with self._lock:
            self.connection.send(data)


class Refused(Exception):
    """The client broke a rule; it is told so, and the connection ends."""


class NatsResponder(Responder):
    """A server that passes messages on between its clients; with `token` it lets in who knows it."""

    protocol = "nats"
    scheme = "nats"
    examples = ("rrcli nats {url} rrcli.echo hello", "rrcli nats --replies all {url} rrcli.three")
    secure_examples = ("rrcli nats --tls-first -k {url} rrcli.echo hello",)

    def __init__(self, host: str = "127.0.0.1", port: int = 0, *, idle: float = 30.0, token: str | None = None) -> None:
        super().__init__(host, port, idle=idle)
        self.token = token
        self._clients: list[Client] = []
        self._table = threading.Lock()
        self._turn = 0  # whose turn it is within a queue group

    @property
    def url(self) -> str:
        return f"{'tls' if self.secure else 'nats'}://{self.address}"

    def converse(self, connection: ServerConnection) -> None:
        client = Client(connection)
        client.send(b"INFO %s\r\n" % json.dumps(self._info()).encode())
        with self._table:
            self._clients.append(client)
        try:
            while connection.peek():
                self._operation(client)
        except Refused as refusal:
            client.send(b"-ERR '%s'\r\n" % str(refusal).encode())
        finally:
            with self._table:
                self._clients.remove(client)

    def _info(self) -> dict[str, object]:
        found = {"server_id": "RRCLI", "server_name": "rrcli", "version": VERSION, "proto": 1, "headers": True, "max_payload": PAYLOAD}
        return {**found, "host": self.host, "port": self.port, **({"auth_required": True} if self.token else {})}

    # --- operations ------------------------------------------------------------------------------------------

    def _operation(self, client: Client) -> None:
        """Read one operation and do what it says."""
        try:
            line = client.connection.read_line(LINE)
        except LimitExceeded:
            raise Refused("Maximum Control Line Exceeded") from None
        name, *words = line.split() or [b""]
        match name.upper():
            case b"CONNECT":
                self._connect(client, line.strip()[len(b"CONNECT") :])
            case b"PING":
                client.send(b"PONG\r\n")
                return
            case b"PONG" | b"":
                return
            case b"SUB" if len(words) in (2, 3):
                self._subscribe(client, words)
            case b"UNSUB" if len(words) in (1, 2):
                self._unsubscribe(client, words)
            case b"PUB" if len(words) in (2, 3):
                self._publish(client, words, headers=False)
            case b"HPUB" if len(words) in (3, 4):
                self._publish(client, words, headers=True)
            case _:
                raise Refused("Unknown Protocol Operation")
        if client.verbose:
            client.send(b"+OK\r\n")

    def _connect(self, client: Client, text: bytes) -> None:
        try:
            options = json.loads(text)
        except ValueError:
            raise Refused("Parser Error") from None
        if not isinstance(options, dict):
            raise Refused("Parser Error")
        if self.token and options.get("auth_token") != self.token:
            raise Refused("Authorization Violation")
        client.verbose = options.get("verbose") is True
        client.no_responders = options.get("no_responders") is True

    def _subscribe(self, client: Client, words: list[bytes]) -> None:
        pattern = words[0].split(b".")
        if b"" in pattern or b">" in pattern[:-1]:
            client.send(b"-ERR 'Invalid Subject'\r\n")
            return
        if len(client.subscriptions) >= MOST:
            raise Refused("Maximum Subscriptions Exceeded")
        with self._table:
            client.subscriptions[words[-1]] = Subscription(client, words[-1], pattern, words[1] if len(words) == 3 else b"")

    def _unsubscribe(self, client: Client, words: list[bytes]) -> None:
        left = _number(words[1]) if len(words) == 2 else 0
        with self._table:
            found = client.subscriptions.get(words[0])
            if found is None:
                return
            found.left = left
            if found.delivered >= left:
                del client.subscriptions[words[0]]

    def _publish(self, client: Client, words: list[bytes], *, headers: bool) -> None:
        total = _number(words[-1])
        head = _number(words[-2]) if headers else 0
        if total > PAYLOAD:
            raise Refused("Maximum Payload Violation")
        if head > total:
            raise Refused("Parser Error")
        data = client.connection.read_exact(total)
        if client.connection.read_exact(2) != b"\r\n":
            raise Refused("Unknown Protocol Operation")
        subject, reply_to = words[0], words[1] if len(words) == (4 if headers else 3) else NOBODY
        heard = self._deliver(subject, reply_to, data[:head], data[head:])
        for part in _services(subject, data[head:]):
            heard = True
            if reply_to:
                self._deliver(reply_to, NOBODY, data[:head] if subject == b"rrcli.echo" else b"", part)
        if not heard and reply_to and client.no_responders:
            self._deliver(reply_to, NOBODY, NO_RESPONDERS, b"")

    def _deliver(self, subject: bytes, reply_to: bytes, headers: bytes, payload: bytes) -> bool:
        """Send a message to all that listen, and to one of each queue group; whether anybody does."""
        tokens = subject.split(b".")
        with self._table:
            chosen = list(self._chosen(tokens))
            for found in chosen:
                found.delivered += 1
                if found.left is not None and found.delivered >= found.left:
                    found.client.subscriptions.pop(found.sid, None)
        for found in chosen:
            middle = b" %s" % reply_to if reply_to else b""
            sizes = b"%d %d" % (len(headers), len(headers) + len(payload)) if headers else b"%d" % len(payload)
            head = b"%s %s %s%s %s\r\n" % (b"HMSG" if headers else b"MSG", subject, found.sid, middle, sizes)
            try:
                found.client.send(head + headers + payload + b"\r\n")
            except OSError:  # it has left; its own thread will notice
                continue
        return bool(chosen)

    def _chosen(self, tokens: list[bytes]) -> Iterator[Subscription]:
        """The subscriptions that get a message, called with the table locked."""
        groups: dict[bytes, list[Subscription]] = {}
        for client in self._clients:
            for found in client.subscriptions.values():
                if not _matches(found.pattern, tokens):
                    continue
                if found.queue:
                    groups.setdefault(found.queue, []).append(found)
                else:
                    yield found
        for members in groups.values():
            self._turn += 1
            yield members[self._turn % len(members)]


def _services(subject: bytes, payload: bytes) -> Iterator[bytes]:
    """What the services of this responder reply to a message."""
    if subject == b"rrcli.echo":
        yield payload
    elif subject == b"rrcli.time":
        yield time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()).encode()
    elif subject == b"rrcli.three":
        yield from (b"1", b"2", b"3")


def _matches(pattern: list[bytes], tokens: list[bytes]) -> bool:
    """Whether a subscription takes a subject: * stands for one token, > for all the rest, of which there is one at least."""
    for at, part in enumerate(pattern):
        if part == b">":
            return len(tokens) > at
        if at >= len(tokens) or part not in (b"*", tokens[at]):
            return False
    return len(pattern) == len(tokens)


def _number(word: bytes) -> int:
    """A length or a count. Raises `Refused`."""
    if not (word.isdigit() and len(word) < 10):
        raise Refused("Parser Error")
    return int(word)
