"""Operations over a WebSocket by graphql-transport-ws (the protocol of graphql-ws, PROTOCOL.md): subscriptions above all.

The upgrade, connection_init and its ack are the handshake; `subscribe` is the request, each `next` an event, `complete` the
end. Who ends early says `complete` first, on Ctrl-C too, so that the server stops working for nobody.
"""

from __future__ import annotations

from rrcli.adapters.graphql.answer import described
from rrcli.adapters.graphql.call import Call
from rrcli.adapters.graphql.errors import LONGEST, message_of
from rrcli.adapters.graphql.prepare import json_object, split_words
from rrcli.adapters.graphql.results import Results
from rrcli.adapters.http.hopstate import HopState
from rrcli.adapters.http.prepare.items import read_items, write_json
from rrcli.adapters.ws.prepare import opening
from rrcli.adapters.ws.upgrade import UpgradeLeads, prepared_upgrade, upgrade
from rrcli.base.errors import ExchangeError, malformed, too_large, usage
from rrcli.base.jsontext import Verbatim, dumps, loads
from rrcli.base.wsurl import ws_url
from rrcli.codec.ws import NO_STATUS, Closed, Handshake, WsMessage
from rrcli.engine.events import Finished, Sent, StreamEvent
from rrcli.model.values import Body, RequestMessage, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Any

    from rrcli.adapters.graphql.request import GraphqlRequest
    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.adapters.http.request import AnyHttpRequest
    from rrcli.adapters.ws.socket import Socket
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Response

SUBPROTOCOL = "graphql-transport-ws"
MOST_PINGS = 1000  # in a row, pongs as well
ID = "1"  # of the only operation on the connection


def subscribe(request: GraphqlRequest, call: Call, context: Context) -> Iterator[Event]:
    """One operation over a WebSocket of its own; cookies and a session are kept where that was asked for."""
    # Compressed, no secret could be found in the transcript, nor anything be read there.
    handshake = Handshake((SUBPROTOCOL,), compress=False)
    state = HopState(options=_opening(request))
    if state.options.keeps_state or context.shared.cookies is not None:
        from rrcli.adapters.http.state.opening import open_state

        state = open_state(state, context)
    events = _subscribed(request, state, call, handshake, context)
    yield from state.jar.around(events, context) if state.jar else events


def _subscribed(request: GraphqlRequest, state: HopState, call: Call, handshake: Handshake, context: Context) -> Iterator[Event]:
    prepared = prepared_upgrade(state, handshake, context)
    yield _sent(prepared, call)
    stream = context.open(prepared.host, prepared.port, tls=prepared.scheme == "https", alpn=("http/1.1",))
    try:
        socket = yield from upgrade(stream, prepared, handshake, UpgradeLeads(state, prepared, context), context)
        if socket is not None:
            yield from _Session(socket, call, context).run(_init(request, context))
    finally:
        stream.close()


def _opening(request: GraphqlRequest) -> AnyHttpRequest:
    """The HTTP request of the same words for the upgrade; where its answer leads is not gone. Raises `usage`."""
    if request.offline:
        raise usage("--offline and a WebSocket exclude each other: it begins with HTTP/1.1", "leave --offline out")
    url, _, words = split_words(request)
    kept = tuple(word for word, item in zip(words, read_items(words), strict=True) if item.separator not in ("=", ":="))
    return opening(request.replace(data=(), method=None, get=False, location=False, location_trusted=False, digest=False), url, kept)


def _sent(prepared: PreparedRequest, call: Call) -> Sent:
    from rrcli.base.digest import sha256

    content = call.text().encode("utf-8", "replace")
    message = RequestMessage(
        summary=f"{prepared.method} {prepared.target} {prepared.version}",
        fields=prepared.fields,
        body=Body(data=content, size=len(content), sha256=sha256(content).hexdigest(), media_type="application/json"),
        data={"method": prepared.method},
    )
    return Sent(message=described(message, call), target=Target(url=ws_url(prepared.url), host=prepared.host, port=prepared.port))


def _init(request: GraphqlRequest, context: Context) -> str:
    """The connection_init; its payload is what a server reads credentials from, so that all its texts are secrets."""
    payload = json_object(request.init, "--init")
    if payload is None:
        return '{"type": "connection_init"}'
    context.secret(*_texts(loads(payload.text)))
    return write_json({"type": "connection_init", "payload": payload})


def _texts(value: Any) -> list[str]:
    """Every text within a JSON value, and what follows the scheme of `Bearer TOKEN`."""
    if isinstance(value, str):
        return [value, *value.split(" ")[1:]]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in _texts(one)]


class _Session:
    """The protocol on one open WebSocket."""

    def __init__(self, socket: Socket, call: Call, context: Context) -> None:
        self._socket = socket
        self._call = call
        self._context = context
        self._found = Results(call, context.request.max_size)
        self._closed: Closed | None = None
        self._pings = 0  # since the last result
        self._waiting: list[WsMessage] = []  # that came and were not looked at
        self._failure: ExchangeError | None = None  # that came behind them

    def run(self, init: str) -> Iterator[Event]:
        """From the init to the end, whoever makes it."""
        if self._socket.codec.subprotocol != SUBPROTOCOL:
            self._socket.close(wait=False)
            raise ExchangeError(
                "protocol", "unsupported", f"the server speaks WebSocket and did not agree to {SUBPROTOCOL}",
                hint="it may speak the older subscriptions-transport-ws alone; try --transport sse",
            )  # fmt: skip
        self._socket.say(init, "connection_init")
        if self._acknowledged():
            self._context.recorder.timeline.leave()
            self._socket.say(write_json({"id": ID, "type": "subscribe", "payload": Verbatim(self._call.text())}), "subscribe")
            try:
                yield from self._results()
            except KeyboardInterrupt:
                self._leave(wait=False)
                raise
        yield Finished(answer=self._answer())
        if self._closed and self._closed.code < 4000:
            raise self._gone()

    def _acknowledged(self) -> bool:
        """Wait for connection_ack; false when the server closed in its place."""
        while True:
            message, _ = self._next()
            if message is None:
                return False
            if message["type"] == "connection_ack":
                return True
            if message["type"] not in ("ping", "pong"):
                why = message_of(message.get("payload")) if message["type"] in ("connection_error", "error") else ""
                raise malformed(f"expected connection_ack, got {message['type'][:40]!r}{why and ': '}{why[:LONGEST]}")
            self._pong(message)

    def _results(self) -> Generator[Event, None, None]:
        """Each result as an event, until the server or the user has enough."""
        while True:
            message, raw = self._next()
            if message is None:
                return
            kind = message["type"]
            if kind == "ping":
                self._pong(message)
            elif kind == "next" and message.get("id") == ID:
                payload = message.get("payload")
                self._pings = 0
                yield self._found.take(payload, payload_text(raw, payload))
                if self._context.enough():
                    self._leave()
                    return
            elif kind == "error" and message.get("id") == ID:
                payload = message.get("payload")
                errors = payload if isinstance(payload, list) else [payload]
                self._found.fail(errors, len(raw))
                yield StreamEvent(type="error", data=payload, text=dumps({"errors": errors}).encode())
                self._socket.close()
                return
            elif kind == "complete" and message.get("id") == ID:
                self._socket.close()
                return
            elif kind == "pong":
                self._pong(message)
            elif kind != "connection_ack":
                raise malformed(f"a message of type {kind[:40]!r} for the operation {str(message.get('id'))[:40]!r} has no place here")

    def _next(self) -> tuple[dict[str, Any] | None, str]:
        """The next message and its text; none when the server said goodbye. Raises `malformed` for one that is not the protocol's."""
        while not self._waiting:
            if self._failure:
                raise self._failure
            if self._closed:
                return None, ""
            try:
                found = self._socket.receive()
            except ExchangeError as error:
                found, self._failure = self._socket.codec.salvaged, error
            self._waiting += [event for event in found if isinstance(event, WsMessage)]
            self._closed = next((event for event in found if isinstance(event, Closed)), None)
        message = self._waiting.pop(0)
        return _read(message), message.data.decode()

    def _pong(self, message: dict[str, Any]) -> None:
        """Answer a ping, or take a pong. Raises `too_large` for more in a row than a server has a reason for."""
        self._pings += 1
        if self._pings > MOST_PINGS:
            raise too_large(f"more than {MOST_PINGS} pings came without a result between them")
        self._socket.say(dumps({"type": "pong", **({"payload": message["payload"]} if "payload" in message else {})}), "pong")

    def _leave(self, *, wait: bool = True) -> None:
        """Have the server stop, and say goodbye."""
        try:
            self._socket.say(dumps({"id": ID, "type": "complete"}), "complete")
        except ExchangeError:
            return
        self._socket.close(wait=wait)

    def _answer(self) -> Response:
        """What the whole of it came to."""
        answer = self._found.answer(self._socket.answer)
        if self._closed and self._closed.code >= 4000:
            code = str(self._closed.code)
            reason = f"the server closed with {code}{f': {self._closed.reason}' if self._closed.reason else ''}"
            status = answer.status.replace(
                code=self._closed.code, text=self._closed.reason, ok=False, reason=reason, explain_as=("graphql", code)
            )
            return answer.replace(status=status)
        return answer

    def _gone(self) -> ExchangeError:
        """The failure that a close before the end is."""
        assert self._closed
        code = "no code" if self._closed.code == NO_STATUS else str(self._closed.code)
        reason = f": {self._closed.reason}" if self._closed.reason else ""
        return ExchangeError("transport", "closed", f"the server closed with {code}{reason} before the operation was complete")


def payload_text(raw: str, payload: Any) -> bytes:
    """The result as the server wrote it where its message ends with it, numbers and all; else as we write it."""
    at = raw.find('"payload"')
    text = raw[at + 9 :].lstrip().removeprefix(":").strip()[:-1].rstrip() if at >= 0 else ""
    try:
        if loads(text) == payload:
            return text.encode()
    except ValueError:
        pass
    return dumps(payload).encode()


def _read(message: WsMessage) -> dict[str, Any]:
    """A message of the protocol. Raises `malformed`."""
    if message.opcode != "text":
        raise malformed("a binary message, where the protocol has JSON texts")
    try:
        value = loads(message.data.decode())
    except ValueError as error:
        raise malformed(f"a message is no JSON: {error}") from error
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise malformed("a message is no JSON object with a type")
    return value
