"""What the peer says as events of the document, and what the whole of it comes to."""

from __future__ import annotations

from binascii import b2a_base64

from rrcli.codec.ws import ABNORMAL, NO_STATUS, Closed, WsMessage
from rrcli.engine.eventlog import parsed
from rrcli.engine.events import StreamEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.ws.socket import Socket
    from rrcli.codec.ws import Event as WsEvent
    from rrcli.model.values import Response

GOOD = (1000, 1001, NO_STATUS)  # codes of a peer for which all is well


def is_good(closed: Closed) -> bool:
    """Whether a goodbye is one of those that say nothing went wrong."""
    return closed.code in GOOD


def event_of(event: WsEvent, rtt_ms: float | None = None) -> StreamEvent:
    """An event of the codec; pings, pongs and the close are told and do not count."""
    if isinstance(event, Closed):
        return StreamEvent(type="close", data=event.reason, more={"code": event.code}, text=b"", counts=False)
    if not isinstance(event, WsMessage):
        more = {"size": len(event.data), **({} if rtt_ms is None else {"rtt_ms": rtt_ms})}
        return StreamEvent(type=event.opcode, data=_shown(event.data), more=more, text=b"", counts=False)
    sizes: dict[str, Any] = {"size": len(event.data), "wire_size": event.wire_size, "frames": event.frames}
    if event.opcode == "binary":
        return StreamEvent(type="binary", data=_base64(event.data), more=sizes, text=event.data)
    text = event.data.decode()
    value = parsed(text)
    return StreamEvent(type="text", data=text, more=sizes if value is None else {"json": value, **sizes}, text=event.data)


def finished_answer(socket: Socket, framing: str | None, *, said: int | None, gone: bool) -> Response:
    """The 101 with how it ended: a code of the peer's that says failure is the status, unless it only answers ours, which we `said`.

    `gone`: the peer left without a close frame.
    """
    closed = socket.codec.closed
    data = {
        **socket.answer.data, "events": [], "close_code": ABNORMAL if gone else closed.code if closed else None,
        "close_reason": closed.reason if closed else None,
        "subprotocol": socket.codec.subprotocol, "extensions": list(socket.codec.extensions),
    }  # fmt: skip
    answer = socket.answer.replace(body=None, framing=framing, data=data)
    if closed is None or is_good(closed) or closed.code == said:
        return answer
    from rrcli.explain import explain

    found = explain("ws", str(closed.code), {"ws": "rrcli.explain.ws"})
    name = closed.reason or (found.title if found else "")
    reason = f"the server closed with {closed.code}{f': {name}' if name else ''}"
    status = answer.status.replace(code=closed.code, text=name, ok=False, reason=reason, explain_as=("ws", str(closed.code)))
    return answer.replace(status=status)


def _shown(data: bytes) -> Any:
    """The data of a control frame: text where it is that, else its bytes."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return _base64(data)


def _base64(data: bytes) -> dict[str, str]:
    return {"base64": b2a_base64(data, newline=False).decode()}
