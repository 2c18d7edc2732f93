"""An httpx transport through which any httpx program's exchanges become `Exchange`s, sent by rrcli's own wire.

Phases, addresses tried, TLS, framing and notes are therefore those of the very bytes the program sent and got. Redirects,
authentication, cookies and content decoding stay httpx's: each request that it makes is an exchange of its own. So is each
connection, because a connection that was kept would have no phases to show; a pool's limits mean nothing here.

    transport = rrcli.RecordingTransport()
    with httpx.Client(transport=transport) as client:
        client.get("https://example.com/")
    print(transport.last.timing.phases, rrcli.render(transport.last))

The same object serves an `httpx.AsyncClient`, under asyncio and trio, and several threads at once. As a pytest fixture that
hands out a client, fails the test when an exchange took 200 ms or more, and shows where the time went:

    @pytest.fixture
    def client():
        transport = rrcli.RecordingTransport(expect=("time < 200ms",))
        with httpx.Client(transport=transport) as client:
            yield client
        broken = [exchange for exchange in transport.exchanges if exchange.outcome in ("check_failed", "error")]
        assert not broken, "\\n\\n".join(map(rrcli.render, broken))
"""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from rrcli.adapters.http.hopstate import HopState
from rrcli.adapters.http.prepare.content import Upload
from rrcli.adapters.http.prepare.message import PreparedRequest
from rrcli.adapters.http.prepare.target import PORTS
from rrcli.adapters.http.request import HttpRequest
from rrcli.base.deadline import FOREVER_S, Deadline, now
from rrcli.base.digest import Digest
from rrcli.base.errors import ExchangeError
from rrcli.engine.events import Content, NoMoreWanted, Received
from rrcli.engine.send import steps
from rrcli.model.values import Exchange, Note
from rrcli.options.request import Request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import NoReturn

    from rrcli.engine.events import Event
    from rrcli.model.values import Body, Failure, Fields, Response

Found = TypeVar("Found")

KEPT = 1 << 20  # bytes of each content that its exchange keeps
SLICE_MS = 50.0  # how long a thread may go on waiting after its task was cancelled
# What is httpx's business here, or has no meaning for a request that is made already.
NOT_HERE = (
    "retry", "retry_delay", "retry_max_time", "retry_unsafe", "idempotency_key", "all_addresses", "max_events", "request_id",
    "traceparent", "connect_timeout", "idle_timeout", "insecure", "cacert", "cert", "key", "key_password", "unix_socket", "proxy",
    "interface", "max_size", "repeat", "warmup", "concurrency", "rate", "duration", "until", "every",
)  # fmt: skip
PREPARING = ("resolve", "connect", "tls", "handshake")


class RecordingTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Sends what an httpx client asks for and keeps each exchange, the last `keep` of them, in the order in which they ended.

    `verify`, `cert`, `http2`, `proxy`, `uds` and `local_address` mean what they mean for `httpx.HTTPTransport`; `verify` is
    a bool or a file or folder of certificates, and trust is the system's. `max_size` bytes of each content are kept;
    `on_exchange` is called with every exchange as it ends. Further keywords are the options that all of rrcli's requests
    share: `expect`, `ok`, `wire`, `resolve`, `connect_to`, `ipv4`, `tls_min`, `warn_days`, `timeout`, `deadline`…

    A response that is neither read nor closed ends no exchange. Raises `TypeError` for a keyword that means nothing here.
    """

    def __init__(
        self,
        *,
        verify: bool | str = True,
        cert: str | tuple[str, ...] | None = None,
        http2: bool = False,
        proxy: str | None = None,
        uds: str | None = None,
        local_address: str | None = None,
        keep: int = 100,
        max_size: int = KEPT,
        on_exchange: Callable[[Exchange], None] | None = None,
        **options: Any,
    ) -> None:
        if unknown := [name for name in options if name not in Request.options_ or name in NOT_HERE]:
            raise TypeError(f"RecordingTransport takes no {', '.join(unknown)}")
        if not isinstance(verify, (bool, str)):
            raise TypeError("RecordingTransport makes its own TLS context: give verify the path of the certificates to trust")
        client_cert = (cert,) if isinstance(cert, str) else cert or ()
        self._request = HttpRequest(
            http11=not http2,
            insecure=verify is False,
            cacert=verify if isinstance(verify, str) else None,
            proxy=proxy or "",  # the client decides on the environment's, not we
            unix_socket=uds,
            interface=local_address,
            max_size=max_size,
            **dict(zip(("cert", "key", "key_password"), client_cert, strict=False)),
            **({"no_proxy": ""} if "no_proxy" in HttpRequest.options_ else {}),
            **{"timeout": 0.0, **options},
        )
        self._kept: deque[Exchange] = deque(maxlen=keep)
        self._on_exchange = on_exchange

    @property
    def exchanges(self) -> list[Exchange]:
        """What has ended so far, the oldest first."""
        return list(self._kept)

    @property
    def last(self) -> Exchange | None:
        """The exchange that ended last."""
        return self._kept[-1] if self._kept else None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it; the response's content comes as it is read. Raises httpx's exceptions."""
        assert isinstance(request.stream, httpx.SyncByteStream)
        steps = _Steps(self, request, _outgoing(request, iter(request.stream)))
        try:
            answer = steps.answer()
        except BaseException:
            steps.end()
            raise
        return _response(answer, _Stream(steps))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The same without holding up the event loop: each step is taken in a worker thread."""
        assert isinstance(request.stream, httpx.AsyncByteStream)
        steps = _Steps(self, request, _outgoing(request, _pulled(request.stream)), leash=CancellableDeadline())
        answer = await _in_thread(steps, steps.answer)
        return _response(answer, _AsyncStream(steps))

    def __enter__(self) -> RecordingTransport:
        return self

    async def __aenter__(self) -> RecordingTransport:
        return self

    def record(self, exchange: Exchange) -> None:
        """Keep an exchange that has ended, its content decoded as everywhere in rrcli."""
        exchange = _decoded(exchange, self._request.max_size)
        self._kept.append(exchange)
        if self._on_exchange:
            self._on_exchange(exchange)

    def settings(self, request: httpx.Request, upload: _Outgoing | None) -> HopState:
        """What our exchange begins with, for a request of httpx's. Raises `httpx.UnsupportedProtocol`."""
        limits = request.extensions.get("timeout", {})
        sni = request.extensions.get("sni_hostname")
        options = self._request.replace(
            connect_timeout=limits.get("connect") or 0.0,
            idle_timeout=limits.get("read" if limits.get("read") is not None else "write"),
            **({"sni": sni.decode() if isinstance(sni, bytes) else sni} if sni else {}),
        )
        return HopState(options=options, prepared=_prepared(request, upload, http2=not self._request.http11))


# --- from httpx's request to ours


def _prepared(request: httpx.Request, upload: _Outgoing | None, *, http2: bool) -> PreparedRequest:
    url = request.url
    if url.scheme not in PORTS:
        raise httpx.UnsupportedProtocol(f"the URL {str(url)!r} begins with neither http:// nor https://", request=request)
    content = b"".join(request.stream) if isinstance(request.stream, httpx.ByteStream) else b""
    target = request.extensions.get("target", url.raw_path)
    return PreparedRequest(
        method=request.method,
        url=str(url.copy_with(fragment=None)),
        scheme=url.scheme,
        host=url.raw_host.decode("ascii"),
        port=url.port or PORTS[url.scheme],
        target=target.decode("ascii"),
        version="HTTP/1.1",
        fields=tuple((_text(name), _text(value)) for name, value in request.headers.raw if not (http2 and _is_default(name, value))),
        content=content or None,
        upload=upload,
        coded=True,
    )


def _is_default(name: bytes, value: bytes) -> bool:
    """Whether it is a field that httpx sends with every request, means nothing in HTTP/1.1, and has no place in HTTP/2."""
    return name.lower() == b"connection" and value.lower() == b"keep-alive"


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


class _Outgoing(Upload):
    """Content that a program makes while it is sent; what goes wrong in making it is kept, to be raised to that program."""

    def __init__(self, pieces: Iterator[bytes], size: int | None) -> None:
        self.path, self.sent, self.size = "-", 0, size
        self.tell = None
        self.repeatable = False
        self.problem: BaseException | None = None
        self._source = pieces
        self._length = size
        self._digest = Digest()
        self._kept = bytearray()
        self._whole = False

    def again(self) -> _Outgoing:
        return self

    def pieces(self, deadline: Deadline) -> Iterator[tuple[bytes, bool]]:  # noqa: ARG002  # the program takes its time
        """The content piece by piece. Raises `local` where the program fails, or makes another number of bytes than announced."""
        while (data := self._next()) is not None:
            if data:
                self._remember(data)
                self._check(self.sent > (self.size or 0))
                yield data, False
        self._check(self.sent != self.size)
        self._whole = True
        yield b"", True

    def _next(self) -> bytes | None:
        try:
            return next(self._source, None)
        except BaseException as problem:
            self.problem = problem
            raise ExchangeError("local", "input", f"the program failed to make the content: {type(problem).__name__}") from problem

    def _check(self, wrong: bool) -> None:
        if self.size is not None and wrong:
            message = f"the content has {self.sent} bytes or more, and Content-Length says {self.size}"
            raise ExchangeError("local", "input", message)

    def close(self) -> None:
        """The program's iterator is the program's."""


def _outgoing(request: httpx.Request, pieces: Iterator[bytes]) -> _Outgoing | None:
    """The content as it is made; `None` where it is there already."""
    if isinstance(request.stream, httpx.ByteStream):
        return None
    length = request.headers.get("content-length", "")
    return _Outgoing(pieces, int(length) if length.isdecimal() else None)


def _pulled(stream: httpx.AsyncByteStream) -> Iterator[bytes]:
    """An asynchronous stream read from a worker thread, each piece made on the event loop."""
    from anyio import from_thread

    source = stream.__aiter__()

    async def following() -> bytes | None:
        return await anext(source, None)

    while (data := from_thread.run(following)) is not None:
        yield data


# --- an exchange, step by step


class CancellableDeadline(Deadline):
    """A deadline that somebody else can bring forward while a thread waits for it: nobody may wait longer than a slice."""

    __slots__ = ("_cut",)

    def __init__(self, at_ns: int | None = None, limit: str = "", cut: list[bool] | None = None) -> None:
        super().__init__(now() + int(FOREVER_S * 1e9) if at_ns is None else at_ns, limit)
        self._cut = [] if cut is None else cut

    def pull(self) -> None:
        self._cut.append(True)

    @property
    def is_cut(self) -> bool:
        return bool(self._cut)

    def sooner(self, other: Deadline) -> Deadline:
        found = super().sooner(other)
        return self if found is self else CancellableDeadline(found.at_ns, found.limit, self._cut)

    def remaining_ms(self) -> float | None:
        left = super().remaining_ms()
        return SLICE_MS if left is None else min(left, SLICE_MS)

    def passed(self) -> bool:
        return bool(self._cut) or super().passed()

    def expire(self) -> NoReturn:
        if self._cut:
            raise NoMoreWanted
        super().expire()


class _Steps:
    """One exchange, which goes on when the program wants more of it."""

    def __init__(
        self, transport: RecordingTransport, request: httpx.Request, upload: _Outgoing | None, leash: CancellableDeadline | None = None
    ) -> None:
        self._transport = transport
        self._request = request
        self._upload = upload
        self._leash = leash
        state = transport.settings(request, upload)
        self._course = steps(state.options, until=leash, state=state, stepwise=True)
        self._over = False
        self._wanted = True  # a failure is of interest to somebody
        self._taking = Lock()

    def answer(self) -> Response:
        """Send, and wait for status and fields."""
        while event := self._next():
            if isinstance(event, Received):
                return event.answer
        raise AssertionError("an exchange without an answer has an error")

    def piece(self) -> bytes | None:
        """The next content, still coded; `None` at its end."""
        while event := self._next():
            if isinstance(event, Content):
                return event.data
        return None

    def end(self) -> None:
        """No more is wanted."""
        if not self._over:
            self._wanted = False
            self._step(lambda: self._course.throw(NoMoreWanted))

    def take(self, step: Callable[[], Found]) -> Found:
        """Take a step in a worker thread; when the task was cancelled meanwhile it is the last one."""
        try:
            with self._taking:
                return step()
        finally:
            self._end_if_pulled()

    def pull(self) -> None:
        """The task is cancelled that a thread takes a step for: have it end within a slice."""
        assert self._leash
        self._leash.pull()
        self._end_if_pulled()

    def _end_if_pulled(self) -> None:
        if self.pulled and self._taking.acquire(blocking=False):  # else whoever takes a step comes here after it
            try:
                self.end()
            finally:
                self._taking.release()

    @property
    def pulled(self) -> bool:
        return self._leash is not None and self._leash.is_cut

    def _next(self) -> Event | None:
        return None if self._over else self._step(lambda: next(self._course))

    def _step(self, step: Callable[[], Event]) -> Event | None:
        try:
            return step()
        except StopIteration as end:
            self._over = True
            exchange: Exchange = end.value
        except NoMoreWanted:  # before it began
            self._over = True
            return None
        except ExchangeError as error:  # of layer usage or local: nothing was sent, so there is no exchange
            self._over = True
            raise self._problem() or httpx.LocalProtocolError(error.message, request=self._request) from error
        self._transport.record(exchange)
        if exchange.outcome == "error" and exchange.error and self._wanted and not self.pulled:
            raise self._problem() or _raised(exchange.error, self._request)
        return None

    def _problem(self) -> BaseException | None:
        return self._upload.problem if self._upload else None


async def _in_thread(steps: _Steps, step: Callable[[], Found]) -> Found:
    """Take a step in a worker thread of its own. When the task is cancelled the thread is told, and not waited for."""
    from anyio import CapacityLimiter, get_cancelled_exc_class, to_thread

    try:
        return await to_thread.run_sync(steps.take, step, abandon_on_cancel=True, limiter=CapacityLimiter(1))
    except get_cancelled_exc_class():
        steps.pull()
        raise


def _raised(failure: Failure, request: httpx.Request) -> BaseException:
    """The exception that httpx's own transport raises for such a failure."""
    message, phase = failure.message, failure.phase
    if failure.kind == "interrupted":
        return KeyboardInterrupt()
    if failure.kind == "timeout":
        limit = httpx.ConnectTimeout if phase in PREPARING else httpx.WriteTimeout if phase == "send" else httpx.ReadTimeout
        return limit(message, request=request)
    kind: type[httpx.TransportError] = httpx.RemoteProtocolError
    if failure.kind == "proxy_refused":
        kind = httpx.ProxyError
    elif failure.layer in ("network", "tls") or phase in PREPARING:
        kind = httpx.ConnectError
    elif failure.layer == "local":
        kind = httpx.LocalProtocolError
    elif failure.kind == "reset":
        kind = httpx.WriteError if phase == "send" else httpx.ReadError
    return kind(message, request=request)


# --- from our answer to httpx's response


def _response(answer: Response, stream: _Stream | _AsyncStream) -> httpx.Response:
    return httpx.Response(
        answer.status.code or 0,
        headers=_raw(answer.fields),
        stream=stream,
        extensions={"http_version": str(answer.data["version"]).encode(), "reason_phrase": _octets(answer.status.text)},
    )


def _raw(fields: Fields) -> list[tuple[bytes, bytes]]:
    return [(_octets(name), _octets(value)) for name, value in fields]


class _Stream(httpx.SyncByteStream):
    """Content as it comes; closing it before its end closes the connection."""

    def __init__(self, steps: _Steps) -> None:
        self._steps = steps

    def __iter__(self) -> Iterator[bytes]:
        while (data := self._steps.piece()) is not None:
            yield data

    def close(self) -> None:
        self._steps.end()


class _AsyncStream(httpx.AsyncByteStream):
    """The same for an event loop."""

    def __init__(self, steps: _Steps) -> None:
        self._steps = steps

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        data = await _in_thread(self._steps, self._steps.piece)
        if data is None:
            raise StopAsyncIteration
        return data

    async def aclose(self) -> None:
        if not self._steps.pulled:
            self._steps.end()


def _decoded(exchange: Exchange, max_size: int) -> Exchange:
    """The exchange with its content decoded up to `max_size` bytes; a note where that fails, for then it stays as it came."""
    answer = exchange.response
    if answer is None or answer.body is None or not any(name.lower() == "content-encoding" for name, _ in answer.fields):
        return exchange
    notes: list[Note] = []
    try:
        body = _decode(answer.body, answer.fields, max_size, notes)
    except ExchangeError as error:
        notes.append(Note(code="still-coded", message=f"the content is shown as it came: {error.message}"))
        return exchange.replace(notes=(*exchange.notes, *notes))
    return exchange.replace(response=answer.replace(body=body), notes=(*exchange.notes, *notes))


def _decode(body: Body, fields: Fields, max_size: int, notes: list[Note]) -> Body:
    """The body without its codings. Raises `ExchangeError`."""
    from rrcli.codec.http.content import ContentDecoder, codings

    decoder = ContentDecoder(codings(fields), lambda code, message: notes.append(Note(code=code, message=message)))
    data, digest = bytearray(), Digest()
    for piece in decoder.feed(body.data):
        data += piece[: max_size - len(data)]
        digest.update(piece)
        if len(data) == max_size:
            return body.replace(data=bytes(data), size=len(data), sha256=digest.hexdigest(), truncated=True)
    if not body.truncated:
        decoder.finish()
    return body.replace(data=bytes(data), size=len(data), sha256=digest.hexdigest())
