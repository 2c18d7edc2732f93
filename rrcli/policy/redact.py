"""What is a secret, and how it is masked wherever an exchange is shown or saved (contract, section 3).

Secrets are found by the names of fields and parameters and by the adapters, who know their credentials. Their
values are then masked wherever else they turn up: an echo in a body, an error message, the transcript. The shape
stays (`Bearer ‹secret›`), so that one still sees what was sent. `raw`, `-o`, `--query` and checks never come here.
"""

from __future__ import annotations

from rrcli.base.fields import is_secret_name
from rrcli.base.jsontext import dumps, loads
from rrcli.model.document import body_text, looks_like_json
from rrcli.model.values import LARGE, Body, Exchange, RequestMessage, Response, TranscriptEntry
from rrcli.policy.mask import Mask
from rrcli.policy.secrets import _field_spans, _url_spans, all_fields, holds_secrets, known_secrets, mask_field, mask_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import Check, ExchangeSet, Fields, Lines
    from rrcli.policy.secrets import Span


def mask_of(exchange: Exchange) -> Mask:
    """What masks the secrets of this exchange and of those before it."""
    return Mask(tuple(known_secrets(exchange)))


def masked(exchange: Exchange) -> Exchange:
    """The exchange as it may be shown: every known secret masked, in its history and its transcript too, and what is marked there."""
    return _masked(exchange, mask_of(exchange)) if holds_secrets(exchange) else exchange


def masked_reasons(exchange: Exchange) -> Exchange:
    """The exchange with its failure and its checks as they may be shown; all else is as it was."""
    mask, error = mask_of(exchange), exchange.error
    message = error and mask.message(mask_url(error.message))
    return exchange.replace(
        target=exchange.target.replace(url=mask.text(mask_url(exchange.target.url))),
        error=error and error.replace(message=message),
        checks=_checks(exchange.checks, mask),
    )


def masked_set(several: ExchangeSet) -> ExchangeSet:
    """Exchanges side by side as they may be shown, and what was found in all of them."""
    checks = several.checks
    if checks:
        mask = Mask(tuple(dict.fromkeys(secret for exchange in several.exchanges for secret in known_secrets(exchange))))
        checks = _checks(checks, mask)
    return several.replace(exchanges=tuple(map(masked, several.exchanges)), checks=checks)


def _masked(exchange: Exchange, mask: Mask) -> Exchange:
    def text(value: str) -> str:
        return mask.message(mask_url(value))

    error = exchange.error
    command = exchange.shown_command and tuple(mask.text(mask_url(word)) for word in exchange.shown_command)
    return exchange.replace(
        target=exchange.target.replace(url=mask.text(mask_url(exchange.target.url))),
        command=command,
        shown_command=command,
        request=_message(exchange.request, mask),
        response=_answer(exchange.response, mask) if exchange.response else None,
        error=error and error.replace(message=text(error.message), hint=error.hint and text(error.hint)),
        notes=tuple(note.replace(message=text(note.message)) for note in exchange.notes),
        checks=_checks(exchange.checks, mask),
        history=tuple(_masked(earlier, mask) for earlier in exchange.history),
        transcript=exchange.transcript and _transcript(exchange, exchange.transcript, mask),
    )


def _checks(checks: tuple[Check, ...], mask: Mask) -> tuple[Check, ...]:
    return tuple(check.replace(expr=mask.text(check.expr), actual=_actual(check.actual, mask)) for check in checks)


def _actual(value: Any, mask: Mask) -> Any:
    """What a check saw; it may be the fields, or the document, where secrets stand under their names."""
    if isinstance(value, dict):
        return {mask.text(key): _under(key, item, mask) for key, item in value.items()}
    if isinstance(value, list):
        return [_actual(item, mask) for item in value]
    return mask.end(mask.text(value)) if isinstance(value, str) else value


def _under(name: str, value: Any, mask: Mask) -> Any:
    if isinstance(value, str) and is_secret_name(name):
        return mask.text(mask_field(name, value))
    if isinstance(value, list) and name.lower() == "set-cookie":
        return [_under(name, item, mask) for item in value]
    return _actual(value, mask)


def _fields(fields: Fields, mask: Mask) -> Fields:
    return tuple((mask.text(name), mask.text(mask_field(name, value))) for name, value in fields)


def _message(message: RequestMessage, mask: Mask) -> RequestMessage:
    message = message.masked or message
    return message.replace(
        summary=mask.text(mask_url(message.summary)),
        fields=_fields(message.fields, mask),
        body=_body(message.body, mask),
        data=mask.data(message.data),
    )


def _answer(answer: Response, mask: Mask) -> Response:
    return answer.replace(
        summary=mask.text(answer.summary),
        status=answer.status.replace(text=mask.text(answer.status.text), reason=mask.text(answer.status.reason)),
        fields=_fields(answer.fields, mask),
        trailers=_fields(answer.trailers, mask),
        body=_body(answer.body, mask),
        data=mask.data(answer.data),
        display=_display(answer.display, mask),
        headline=mask.text(answer.headline),
    )


def _display(display: str | Lines | None, mask: Mask) -> str | Lines | None:
    if display is None or isinstance(display, str):
        return None if display is None else mask.text(display)
    return tuple(tuple((mask.text(text), role) for text, role in line) for line in display)


def _body(body: Body | None, mask: Mask) -> Body | None:
    if body is None:
        return None
    shown = _shown_body(body, mask)
    return shown.replace(media_type=shown.media_type and mask.text(shown.media_type), charset=shown.charset and mask.text(shown.charset))


def _shown_body(body: Body, mask: Mask) -> Body:
    """A body that shows no secret; size and digest stay those of the true one. A text that is masked becomes UTF-8."""
    text = None if len(body.data) > LARGE else body_text(body)  # as text it could take many times its size
    if text is None:
        blanked = mask.blank(body.data)
        return body.replace(data=mask.blank_end(blanked) if body.truncated else blanked)
    shown = mask.text(text)
    if body.truncated:
        shown = mask.end(shown)
    if looks_like_json(body.media_type, text) and (shown != text or "\\u" in text):
        shown = _json_text(text, shown, mask)
    return body if shown == text else body.replace(data=shown.encode("utf-8", "surrogatepass"), charset="utf-8")


def _json_text(text: str, shown: str, mask: Mask) -> str:
    """The masked text of a JSON body, written anew where masking broke it (a number), or an escape hides a secret still."""
    try:
        plain = dumps(loads(shown))
        if mask.text(plain) == plain:
            return shown
    except ValueError:
        pass
    try:
        return dumps(mask.json(loads(text)))
    except ValueError:
        return shown  # it was no JSON before


def _transcript(exchange: Exchange, entries: tuple[TranscriptEntry, ...], mask: Mask) -> tuple[TranscriptEntry, ...]:
    """The bytes of each direction masked as one stream, so that a secret cut by two receives is found too."""
    summary = exchange.request.summary
    fields = _shown_lines(all_fields(exchange))
    blanked: dict[str, bytes] = {}
    for direction in ("sent", "received"):
        stream = b"".join(entry.data for entry in entries if entry.direction == direction)
        if spans := _url_spans(summary):
            stream = stream.replace(_octets(summary), _octets(_blank_line(summary, spans)))
        if fields:
            stream = b"\n".join([fields.get(line, line) for line in stream.split(b"\n")])
        blanked[direction] = mask.blank_end(mask.blank(stream))  # the recording may stop anywhere
    from rrcli.policy.transcriptmask import blank_hidden

    blanked = blank_hidden(exchange, blanked, mask, _shown_body)
    at = {"sent": 0, "received": 0}
    shown = []
    for entry in entries:
        begin = at[entry.direction]
        at[entry.direction] += len(entry.data)
        data = _blank_spans(blanked[entry.direction][begin : begin + len(entry.data)], entry.secrets)
        shown.append(entry.replace(data=data, note=mask.message(entry.note) if entry.note else None))
    return tuple(shown)


def _blank_spans(data: bytes, spans: tuple[Span, ...]) -> bytes:
    """Blank what its writer marked as secret, at equal length."""
    if not spans:
        return data
    shown = bytearray(data)
    for begin, end in spans:
        size = len(shown[begin:end])  # a span may go on behind what was recorded
        shown[begin : begin + size] = b"*" * size
    return bytes(shown)


def _shown_lines(fields: Fields) -> dict[bytes, bytes]:
    """The lines of the fields that have secrets, which may be too short to be searched for, with those blanked at equal length."""
    shown: dict[bytes, bytes] = {}
    for name, value in fields:
        if spans := _field_spans(name, value):
            head = f"{name}: "
            line, blanked = _octets(head + value), _octets(head + _blank_line(value, spans))
            shown.update({line: blanked, line + b"\r": blanked + b"\r"})
    return shown


def _blank_line(line: str, spans: list[Span]) -> str:
    shown = line
    for begin, end in reversed(spans):
        shown = shown[:begin] + "*" * len(_octets(line[begin:end])) + shown[end:]
    return shown


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
