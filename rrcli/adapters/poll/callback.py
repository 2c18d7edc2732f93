"""`--callback`: a listener on loopback whose URL goes out with the request, and the requests that come to it.

The path holds 128 random bits; what asks for another path is answered 404 and only counted. Reading is the responders' own:
bounded in line, fields and content, a thread for each connection, and here a limit for the time of a whole request as well, so that
a peer that drips cannot stay. Each request is stamped when its last byte has come.
"""

from __future__ import annotations

from binascii import hexlify
from os import urandom
from queue import Empty, SimpleQueue
from threading import Lock
from urllib.parse import parse_qs

from rrcli.base.deadline import now
from rrcli.base.errors import ExchangeError, usage
from rrcli.base.jsontext import loads
from rrcli.base.record import Record
from rrcli.base.url import quote
from rrcli.responders.base import Responder, ServerConnection
from rrcli.responders.http_message import Refusal, ServerResponse, read_request, send_response
from rrcli.responders.http_message import ServerRequest as Received

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.poll.request import PollRequest
    from rrcli.base.deadline import Deadline

PLACE = "{{callback}}"
WHOLE_S = 10.0  # that a request may take from its first byte to its last
MOST_WAITING = 1000  # callbacks that nobody has taken yet
ROOM = 64 << 20  # bytes of them
LONGEST_CHALLENGE = 4096
EVERY_ADDRESS = ("0.0.0.0", "::")  # named to be refused
UNREAD = Received(method="GET", target="*", minor=1, fields=(("ServerConnection", "close"),))
PLAIN = (("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff"))  # what is echoed is no page


class Call(Record):
    """A request that came to the callback's URL; `at_ns` is when its last byte did."""

    request: Received
    at_ns: int
    peer: str


class _Caller(ServerConnection):
    """A connection that ends when a request takes too long, however steadily it drips."""

    until_ns: int | None = None

    @property
    def peer(self) -> str:
        host, port, *_ = self._sock.getpeername()
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def begin_request(self) -> bool:
        """Wait for the first byte of a request; false when none comes any more."""
        self.until_ns = None
        if not self.peek():
            return False
        self.until_ns = now() + int(WHOLE_S * 1e9)
        return True

    def _fill(self) -> None:
        if self.until_ns is not None:
            left = (self.until_ns - now()) / 1e9
            if left <= 0:
                raise TimeoutError
            self._sock.settimeout(left)
        super()._fill()


class Listener(Responder):
    """Takes callbacks from `start` to `stop`; `url` is what to call."""

    protocol = "callback"
    scheme = "http"

    def __init__(self, host: str, port: int, reached_by: str | None, status: int) -> None:
        super().__init__(host, port, idle=WHOLE_S)
        self.connection_type = _Caller
        self.strays = 0  # requests to other paths, or none at all
        self.challenges = 0
        self._path = "/" + hexlify(urandom(16)).decode()
        self._reached_by = reached_by
        self._status = status
        self._calls: SimpleQueue[Call] = SimpleQueue()
        self._room = ROOM
        self._count = Lock()

    @property
    def url(self) -> str:
        base = self._reached_by.rstrip("/") if self._reached_by else f"http://{self.address}"
        return base + self._path

    def next(self, deadline: Deadline, idle: float | None) -> Call | None:
        """The next callback; `None` when none came within `idle` seconds. Raises the time-out at the deadline."""
        while True:
            left = deadline.remaining_ms()
            waits = [seconds for seconds in (None if left is None else left / 1000, idle or None) if seconds is not None]
            try:
                call = self._calls.get(timeout=min(waits, default=3600.0))
            except Empty:
                if deadline.passed():
                    deadline.expire()
                if idle:
                    return None
                continue
            with self._count:
                self._room += len(call.request.content)
            return call

    def converse(self, connection: ServerConnection) -> None:
        assert isinstance(connection, _Caller)
        while connection.begin_request():
            try:
                request = read_request(connection)
            except Refusal as refusal:
                self._stray()
                send_response(connection, UNREAD, ServerResponse(status=refusal.status, fields=PLAIN, content=f"{refusal}\n".encode()))
                return
            if not send_response(connection, request, self._answer(request, connection.peer, now())):
                return

    def _stray(self) -> None:
        with self._count:
            self.strays += 1

    def _answer(self, request: Received, peer: str, at_ns: int) -> ServerResponse:
        """Take the request, or prove that the URL is ours, or know nothing of it."""
        path, _, query = request.target.partition("?")
        if not path.endswith(self._path):  # a tunnel may have put something before it
            self._stray()
            return ServerResponse(status=404, fields=PLAIN, content=b"nothing is expected here\n")
        if (found := challenge(request, query)) is not None:
            with self._count:
                self.challenges += 1
            return found
        if request.method == "HEAD":
            return ServerResponse(status=200)
        with self._count:
            full = self._calls.qsize() >= MOST_WAITING or self._room < len(request.content)
            if not full:
                self._room -= len(request.content)
        if full:
            return ServerResponse(status=503, fields=(("Retry-After", "1"),))
        self._calls.put(Call(request=request, at_ns=at_ns, peer=peer))
        return ServerResponse(status=self._status)


def challenge(request: Received, query: str) -> ServerResponse | None:
    """The answer to a verification of the URL: WebSub section 5.3, Microsoft Graph, Dropbox and Slack each have their own."""
    given = {name: values[0] for name, values in parse_qs(query).items()}
    token = given.get("validationToken")
    if token is None and request.method == "GET":
        token = given.get("hub.challenge", given.get("challenge"))
    if token is None and request.method == "POST" and b'"url_verification"' in request.content[:LONGEST_CHALLENGE]:
        token = _slack(request.content)
    if token is None or len(token) > LONGEST_CHALLENGE:
        return None
    return ServerResponse(status=200, fields=PLAIN, content=token.encode())


def _slack(content: bytes) -> str | None:
    try:
        value = loads(content[:LONGEST_CHALLENGE].decode())
    except ValueError:
        return None
    token = value.get("challenge") if isinstance(value, dict) and value.get("type") == "url_verification" else None
    return token if isinstance(token, str) else None


def open_listener(request: PollRequest) -> tuple[PollRequest, Listener]:
    """The listener, and the request with its URL in it. Raises `usage`, or `local` where it cannot listen."""
    host, port = request.callback_bind or ("127.0.0.1", 0)
    if not any(_holds(value) for value in request.__dict__.values()):
        raise usage(
            f"--callback, and {PLACE} stands nowhere in the request", f"write it where the server looks for it, as callback={PLACE}"
        )
    if request.callback_url is None and host in EVERY_ADDRESS:
        raise usage(f"--callback-bind {host} is every address, and none to be called at", "add --callback-url URL")
    if request.callback_url is not None and not _is_base(request.callback_url):
        raise usage(f"--callback-url {request.callback_url!r} is no http:// or https:// URL to which a path can be added")
    listener = Listener(host, port, request.callback_url, request.callback_status)
    if not request.offline:
        try:
            listener.start()
        except (OSError, OverflowError) as error:
            raise ExchangeError(
                "local", "input", f"cannot listen on {listener.address}: {error}", hint="--callback-bind names another address"
            ) from error
    url = listener.url
    changed = {name: _placed(value, url) for name, value in request.__dict__.items() if name != "arguments" and _holds(value)}
    words = tuple(
        word.replace(PLACE, quote(url) if _is_url(word, at, request.arguments) else url) for at, word in enumerate(request.arguments)
    )
    return request.replace(arguments=words, **changed), listener


def _is_base(text: str) -> bool:
    """Whether a URL can have a path put behind it."""
    scheme, separator, rest = text.partition("://")
    return bool(separator and rest.strip("/")) and scheme.lower() in ("http", "https") and not set(rest) & set("?# ")


def _is_url(word: str, at: int, words: tuple[str, ...]) -> bool:
    """Whether a word is the URL: the first one that has the look of it, or follows the method."""
    from rrcli.adapters.http.prepare.target import split_words

    return at < 2 and split_words(words)[1] == word


def _holds(value: object) -> bool:
    return any(map(_holds, value)) if isinstance(value, tuple) else isinstance(value, str) and PLACE in value


def _placed(value: Any, url: str) -> Any:
    if isinstance(value, tuple):
        return tuple(_placed(part, url) for part in value)
    return value.replace(PLACE, url) if isinstance(value, str) else value


def content_of(call: Call) -> tuple[Any, Any, bytes]:
    """What a callback brought: its text, or base64 for what is none; its value where it is JSON; its bytes."""
    from rrcli.adapters.http.versions.response import media_type_of
    from rrcli.adapters.poll.content import data_of
    from rrcli.model.values import Body

    media_type, charset = media_type_of(call.request.fields)
    return data_of(Body(data=call.request.content, media_type=media_type, charset=charset))


def described(call: Call) -> dict[str, Any]:
    """The keys of a callback's event beside its data."""
    request = call.request
    return {"method": request.method, "target": request.target, "peer": call.peer, "fields": [list(field) for field in request.fields]}
