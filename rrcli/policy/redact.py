"""What is a secret, and how it is masked wherever an exchange is shown or saved (contract, section 3).

Secrets are found by the names of fields and parameters and by the adapters, who know their credentials. Their
values are then masked wherever else they turn up: an echo in a body, an error message, the transcript. The shape
stays (`Bearer ‹secret›`), so that one still sees what was sent. `raw`, `-o`, `--query` and checks never come here.
"""

from __future__ import annotations

from rrcli.base.fields import is_secret_name
from rrcli.base.jsontext import dumps, loads
from rrcli.base.record import Record
from rrcli.model.document import body_text, looks_like_json
from rrcli.model.values import LARGE, Body, Exchange, RequestMessage, Response, TranscriptEntry
from rrcli.policy.mask import Mask
from rrcli.policy.secrets import (
    NAMED,
    _field_spans,
    _url_spans,
    all_fields,
    all_secrets,
    asked_members,
    field_secrets,
    holds_secrets,
    known_secrets,
    mask_field,
    mask_url,
    url_secrets,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from rrcli.model.values import Check, ExchangeSet, Fields, Lines
    from rrcli.policy.secrets import Span


def mask_of(exchange: Exchange) -> Mask:
    """What masks the secrets of this exchange and of those before it."""
    return Mask(tuple(known_secrets(exchange)))


def masked(exchange: Exchange) -> Exchange:
    """The exchange as it may be shown: every known secret masked, in its history and its transcript too, and what is marked there."""
    if not holds_secrets(exchange):
        return exchange
    masks = Masks(whole=mask_of(exchange), own=Mask(tuple(_own(exchange))), of_requests=bool(asked_members(exchange)))
    return _masked(exchange, masks, first=True)


def masked_for_others(exchange: Exchange) -> Exchange:
    """The exchange as it may be handed to others: members of the answer's content that are named as secrets are masked too."""
    secrets = all_secrets(exchange)
    if not secrets and not holds_secrets(exchange):
        return exchange
    masks = Masks(whole=Mask(tuple(secrets)), own=Mask(tuple(_own(exchange))), of_requests=True, of_answers=True)
    return _masked(exchange, masks, first=True)


def mask_of_asked(exchanges: Iterable[Exchange]) -> Callable[[str], str]:
    """What masks, in a word of the command line, the secrets of what these exchanges have asked."""
    own = Mask(tuple(dict.fromkeys(secret for exchange in exchanges for secret in _own(exchange))))
    return lambda word: own.text(mask_url(word))


def masked_by(exchange: Exchange, mask: Mask) -> Exchange:
    """The same of one exchange among many, with what this mask knows masked."""
    return _masked(exchange, Masks(whole=mask, own=mask, of_requests=True, of_answers=True), first=True)


def masked_reasons(exchange: Exchange) -> Exchange:
    """The exchange with its failure and its checks as they may be shown; all else is as it was."""
    own, error = Mask(tuple(_own(exchange))), exchange.error
    message = error and own.message(mask_url(error.message))
    return exchange.replace(
        target=exchange.target.replace(url=own.text(mask_url(exchange.target.url))),
        error=error and error.replace(message=message),
        checks=_checks(exchange.checks, own, mask_of(exchange)),
    )


def masked_set(several: ExchangeSet, *, for_others: bool = False) -> ExchangeSet:
    """Exchanges side by side as they may be shown, or handed to others, and what was found in all of them."""
    checks = several.checks
    if checks:
        mask = Mask(tuple(dict.fromkeys(secret for exchange in several.exchanges for secret in known_secrets(exchange))))
        checks = _checks(checks, mask, mask)
    return several.replace(exchanges=tuple(map(masked_for_others if for_others else masked, several.exchanges)), checks=checks)


class Masks(Record):
    """`whole` masks every secret, `own` those that no peer has brought up: what is ours is masked with that alone.

    Else a peer could have a host, a port or a word of our own masked by calling it a cookie. With `of_requests` and `of_answers` members
    of their content that are named as secrets are masked in their place.
    """

    whole: Mask
    own: Mask
    of_requests: bool = False
    of_answers: bool = False


def _own(exchange: Exchange) -> list[str]:
    """The secrets of the first request and those that adapters know, and of later requests those that no answer has brought up."""
    first, *later = _hops(exchange)
    known = dict.fromkeys(secret for hop in (first, *later) for secret in hop.secrets)
    learnt = {secret for hop in (first, *later) for secret in _answered(hop)}
    named = dict.fromkeys((*_asked(first), *asked_members(exchange)))
    named |= dict.fromkeys(secret for hop in later for secret in _asked(hop) if secret not in learnt)
    return [*known, *[secret for secret in named if secret not in known][:NAMED]]


def _hops(exchange: Exchange) -> list[Exchange]:
    """Every hop and attempt in its order, the exchange itself last."""
    return [*(hop for earlier in exchange.history for hop in _hops(earlier)), exchange]


def _asked(exchange: Exchange) -> list[str]:
    """What the request names as secret."""
    urls = [*url_secrets(exchange.target.url), *url_secrets(exchange.request.summary)]
    return [*urls, *field_secrets(exchange.request.fields)]


def _answered(exchange: Exchange) -> list[str]:
    """What the answer names as secret."""
    return field_secrets(exchange.response.fields + exchange.response.trailers) if exchange.response else []


def _masked(exchange: Exchange, masks: Masks, *, first: bool) -> Exchange:
    """The exchange, which may be the `first` hop of all: the path of a later one is what a peer has chosen."""
    mask, own = masks.whole, masks.own

    def text(value: str) -> str:
        return own.message(mask_url(value))

    first = first and not exchange.history
    error = exchange.error
    command = exchange.shown_command and tuple(own.text(mask_url(word)) for word in exchange.shown_command)
    return exchange.replace(
        target=exchange.target.replace(url=_target(mask_url(exchange.target.url), masks, first=first)),
        command=command,
        shown_command=command,
        request=_message(exchange.request, masks, first=first),
        response=_answer(exchange.response, mask, members=masks.of_answers) if exchange.response else None,
        error=error and error.replace(message=text(error.message), hint=error.hint and text(error.hint)),
        notes=tuple(note.replace(message=text(note.message)) for note in exchange.notes),
        checks=_checks(exchange.checks, own, mask),
        history=tuple(_masked(earlier, masks, first=not number) for number, earlier in enumerate(exchange.history)),
        transcript=exchange.transcript and _transcript(exchange, exchange.transcript, mask),
    )


def _checks(checks: tuple[Check, ...], own: Mask, mask: Mask) -> tuple[Check, ...]:
    return tuple(check.replace(expr=own.text(check.expr), actual=_actual(check.actual, mask)) for check in checks)


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


def _target(url: str, masks: Masks, *, first: bool) -> str:
    """The URL; of a later hop a peer has chosen what stands behind the host."""
    if first:
        return masks.own.text(url)
    scheme, separator, rest = url.partition("://")
    at = min((found for found in map(rest.find, "/?#") if found >= 0), default=len(rest))
    return masks.own.text(scheme + separator + rest[:at]) + masks.whole.text(rest[at:])


def _fields(fields: Fields, mask: Mask) -> Fields:
    return tuple((mask.text(name), mask.text(mask_field(name, value))) for name, value in fields)


def _message(message: RequestMessage, masks: Masks, *, first: bool) -> RequestMessage:
    message = message.masked or message
    mask = masks.own if first else masks.whole
    fields = [_fields((field,), masks.own if field[0].lower() == "host" else mask)[0] for field in message.fields]
    return message.replace(
        summary=mask.text(mask_url(message.summary)),
        fields=tuple(fields),
        body=_body(message.body, mask, members=masks.of_requests),
        data=_data(message.data, mask, members=masks.of_requests),
    )


def _answer(answer: Response, mask: Mask, *, members: bool) -> Response:
    return answer.replace(
        summary=mask.text(answer.summary),
        status=answer.status.replace(text=mask.text(answer.status.text), reason=mask.text(answer.status.reason)),
        fields=_fields(answer.fields, mask),
        trailers=_fields(answer.trailers, mask),
        body=_body(answer.body, mask, members=members),
        data=_data(answer.data, mask, members=members),
        display=_display(answer.display, mask),
        headline=mask.text(answer.headline),
    )


def _display(display: str | Lines | None, mask: Mask) -> str | Lines | None:
    if display is None or isinstance(display, str):
        return None if display is None else mask.text(display)
    return tuple(tuple((mask.text(text), role) for text, role in line) for line in display)


def _data(data: Any, mask: Mask, *, members: bool) -> Any:
    if members:
        from rrcli.policy.members import mask_data

        data = mask_data(data)
    return mask.data(data)


def _body(body: Body | None, mask: Mask, *, members: bool) -> Body | None:
    if body is None:
        return None
    shown = _shown_body(body, mask)
    if members and body.data:
        shown = _without_members(shown)
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


def _without_members(body: Body) -> Body:
    """The body without the values of members that are named as secrets."""
    from rrcli.policy.members import mask_octets, mask_text

    text = None if len(body.data) > LARGE else body_text(body)
    if text is None:
        return body.replace(data=mask_octets(body.data, body.media_type))
    shown = mask_text(text, body.media_type)
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
