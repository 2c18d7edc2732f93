"""What came in reply to one message, kept within bounds."""

from __future__ import annotations

from rrcli.adapters.nats.answer import data_of
from rrcli.adapters.nats.reply import cost_of, described, json_of, status_of, summary_of, text_of, value_of
from rrcli.engine.eventlog import MOST_EVENTS
from rrcli.model.values import Body, Response, Status
from rrcli.policy.secrets import field_secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.nats.endpoint import Endpoint
    from rrcli.adapters.nats.session import NatsSession
    from rrcli.codec.nats import Msg
    from rrcli.engine.context import Context

LARGEST_DRAWN = 64 << 10  # letters
BINARY = "application/octet-stream"


class Replies:
    """The replies so far; `kept` are those that are in the document, `count` is of all."""

    def __init__(self, session: NatsSession, endpoint: Endpoint, context: Context) -> None:
        self.kept: list[dict[str, Any]] = []
        self.count = 0
        self._status = Status(text="OK")
        self._first: Msg | None = None
        self._session = session
        self._endpoint = endpoint
        self._context = context
        self._room = endpoint.request.max_size

    def add(self, message: Msg) -> None:
        """Take one reply; the first that says failure gives the status."""
        self.count += 1
        self._first = self._first or message
        self._context.secret(*field_secrets(message.headers))
        if self._status.ok:
            self._status = status_of(message)
        if self._room < 0:
            return
        payload = value_of(message.payload)
        timeline = self._context.recorder.timeline
        at_ms = round((timeline.last_ns - timeline.origin_ns) / 1e6, 3)
        value = {"at_ms": at_ms, **described(message), "payload": payload, **json_of(payload)}
        self._room -= cost_of(message, value)
        if self.kept and (self._room < 0 or len(self.kept) == MOST_EVENTS):
            self._room = -1
        else:
            self.kept.append(value)

    def answer(self, framing: str | None) -> Response:
        """The answer that they amount to."""
        first, status = self._first, self._status
        assert first
        several = self._endpoint.request.replies != 1  # their line ends are in the content
        words = f"{self.count} replies" if self.count > 1 else summary_of(first)
        return Response(
            summary=words if status.ok else _in_words(status),
            status=status,
            fields=first.headers,
            body=Body(media_type=BINARY if several or text_of(first.payload) is None else None),
            framing=framing,
            data=data_of(self._session, self._endpoint, self.kept),
            display=self._picture(first),
        )

    def _picture(self, first: Msg) -> str | None:
        """The payload of a single reply that is plain text; others are drawn as JSON, or in a table."""
        text = text_of(first.payload)
        if self.count != 1 or not text or len(text) > LARGEST_DRAWN or not self.kept or "json" in self.kept[0]:
            return None
        return text

    def note(self, framing: str | None) -> None:
        """Say what is odd about them, or easily misunderstood."""
        wanted = self._endpoint.request.replies
        if self.count > len(self.kept):
            self._context.note("replies-left-out", f"{self.count} replies came, and the document keeps the first {len(self.kept)}")
        if framing == "reply-timeout" and self.count < wanted:
            self._context.note("replies", f"{self.count} of {wanted} replies came before the silence of --reply-timeout")
        self._note_jetstream()

    def _note_jetstream(self) -> None:
        """JetStream tells its errors within the payload alone, so that the status does not say it."""
        value = self.kept[0].get("json") if (self._endpoint.subject or "").startswith("$JS.API.") else None
        error = value.get("error") if isinstance(value, dict) else None
        if isinstance(error, dict):
            numbers = ", ".join(f"{name} {error[name]}" for name in ("code", "err_code") if isinstance(error.get(name), int))
            self._context.note("jetstream", f"the reply is an error of JetStream ({numbers}): {str(error.get('description', ''))[:200]}")


def no_responders(session: NatsSession, endpoint: Endpoint, message: Msg) -> Response:
    """The server's own answer that nobody is there to reply."""
    status = status_of(message)
    return Response(
        summary=_in_words(status), status=status, fields=message.headers, framing="no-responders", data=data_of(session, endpoint)
    )


def _in_words(status: Status) -> str:
    return status.text if status.code is None else f"{status.code} {status.text}".rstrip()
