"""What is a secret, and how it is masked wherever an exchange is shown or saved (contract, section 3).

Secrets are found by the names of fields and parameters and by the adapters, who know their credentials. Their
values are then masked wherever else they turn up: an echo in a body, an error message, the transcript. The shape
stays (`Bearer ‹secret›`), so that one still sees what was sent. `raw`, `-o`, `--query` and checks never come here.
"""

from __future__ import annotations

from rrcli.model import Answer, Body, Entry, Exchange, Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model import Fields

MASK = "‹secret›"
FIELDS = ("authorization", "proxy-authorization", "cookie", "set-cookie")
LAST_WORDS = ("token", "secret", "password")
SHORTEST = 3  # a shorter value is masked in its own place only: elsewhere it is too likely a coincidence
WHOLE_WORD = 8  # a value shorter than this is masked elsewhere only where it stands alone


def is_secret_name(name: str) -> bool:
    """Whether a field or parameter of that name carries a secret: `X-Auth-Token`, `api_key`, not `X-Tokens-Left`."""
    lower = name.lower().replace("_", "-")
    if lower in FIELDS:
        return True
    words = lower.split("-")
    return words[-1] in (*LAST_WORDS, "apikey") or words[-2:] == ["api", "key"]


def secret_parts(name: str, value: str) -> list[str]:
    """The secret pieces of a field's value: all of it, or less where the rest has a meaning of its own."""
    lower = name.lower()
    if lower == "cookie":
        return [pair.partition("=")[2] or pair for pair in value.split("; ")]
    if lower == "set-cookie":
        pair = value.split(";")[0]
        return [pair.partition("=")[2].strip()]
    if lower.endswith("authorization") and " " in value.strip():
        return [value.strip().partition(" ")[2].strip()]
    return [value]


def field_secrets(fields: Fields) -> list[str]:
    """Every secret in a list of fields, with the password inside Basic credentials, which may be echoed alone."""
    found: list[str] = []
    for name, value in fields:
        if is_secret_name(name):
            found += secret_parts(name, value)
            if value[:6].lower() == "basic ":
                found += _basic_password(value[6:])
    return [secret for secret in found if secret]


def _basic_password(credentials: str) -> list[str]:
    from binascii import Error, a2b_base64

    try:
        return [a2b_base64(credentials).decode().partition(":")[2]]
    except (Error, ValueError):
        return []


def url_secrets(url: str) -> list[str]:
    """The secrets within a URL, as written there: password or token before the `@`, values of secret parameters."""
    found = []
    before, separator, _ = url.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")
    if separator:
        user, colon, password = before.partition(":")
        found.append(password if colon else user)
    for pair in url.partition("?")[2].partition("#")[0].split("&"):
        name, _, value = pair.partition("=")
        if is_secret_name(name):
            found.append(value)
    return [secret for secret in found if secret]


def mask_field(name: str, value: str) -> str:
    """The field's value with its secret pieces masked."""
    if not is_secret_name(name):
        return value
    for part in secret_parts(name, value):
        if part:
            at = value.rfind(part) if name.lower().endswith("authorization") else value.find(part)
            value = value[:at] + MASK + value[at + len(part) :]
    return value


def mask_url(url: str) -> str:
    """The URL with its own secrets masked, however short they are."""
    for secret in url_secrets(url):
        for before in (":", "=", "://"):
            url = url.replace(f"{before}{secret}", f"{before}{MASK}")
    return url


class Mask:
    """Masks known values in any text or bytes, also in the spellings they take in URLs and JSON."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        spellings = {spelling for secret in secrets if len(secret) >= SHORTEST for spelling in _spellings(secret)}
        self._secrets = sorted(spellings, key=len, reverse=True)

    def text(self, text: str) -> str:
        for secret in self._secrets:
            if secret in text:
                text = _replace(text, secret, MASK)
        return text

    def blank(self, data: bytes) -> bytes:
        """The bytes with known values overwritten by `*`, at equal length."""
        for secret in self._secrets:
            raw = secret.encode("utf-8", "surrogateescape")
            if raw in data:
                text = _replace(data.decode("latin-1"), raw.decode("latin-1"), "*" * len(raw))
                data = text.encode("latin-1")
        return data

    def value(self, value: Any) -> Any:
        """Any JSON value with its texts masked; the keys of objects stay."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: MASK if type(item) is str and item and is_secret_name(key) else self.value(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(item) for item in value]
        return value


def _spellings(secret: str) -> set[str]:
    """The value itself, percent-encoded and decoded, and as JSON escapes it."""
    found = {secret, secret.replace("\\", "\\\\").replace('"', '\\"')}
    if "%" in secret or not secret.isalnum():
        from urllib.parse import quote, quote_plus, unquote

        raw = secret.encode("utf-8", "surrogateescape")
        found |= {quote(raw, safe=""), quote_plus(raw), quote(raw), unquote(secret)}
    return {spelling for spelling in found if len(spelling) >= SHORTEST}


def _replace(text: str, secret: str, mask: str) -> str:
    if len(secret) >= WHOLE_WORD:
        return text.replace(secret, mask)
    parts, at = [], 0
    while (found := text.find(secret, at)) >= 0:
        end = found + len(secret)
        alone = not (text[found - 1 : found].isalnum() or text[end : end + 1].isalnum())
        parts.append(text[at:found] + (mask if alone else secret))
        at = end
    return "".join(parts) + text[at:]


def masked(exchange: Exchange) -> Exchange:
    """The exchange as it may be shown: every known secret masked, in its history and its transcript too."""
    fields = exchange.request.fields + (exchange.response.fields if exchange.response else ())
    short = any(is_secret_name(name) for name, _ in fields)
    if not (exchange.secrets or short or exchange.history):
        return exchange
    mask = Mask(exchange.secrets)
    return exchange.replace(
        target=exchange.target.replace(url=mask.text(mask_url(exchange.target.url))),
        request=_message(exchange.request, mask),
        response=_answer(exchange.response, mask) if exchange.response else None,
        error=exchange.error.replace(message=mask.text(exchange.error.message), hint=mask.text(exchange.error.hint or "") or None)
        if exchange.error
        else None,
        notes=tuple(note.replace(message=mask.text(note.message)) for note in exchange.notes),
        checks=tuple(check.replace(expr=mask.text(check.expr), actual=mask.value(check.actual)) for check in exchange.checks),
        history=tuple(masked(earlier.replace(secrets=earlier.secrets + exchange.secrets)) for earlier in exchange.history),
        transcript=_transcript(exchange.transcript, mask, fields) if exchange.transcript else exchange.transcript,
    )


def _fields(fields: Fields, mask: Mask) -> Fields:
    return tuple((name, mask_field(name, value) if is_secret_name(name) else mask.text(value)) for name, value in fields)


def _message(message: Message, mask: Mask) -> Message:
    return message.replace(
        summary=mask.text(mask_url(message.summary)),
        fields=_fields(message.fields, mask),
        body=_body(message.body, mask),
        data=mask.value(message.data),
    )


def _answer(answer: Answer, mask: Mask) -> Answer:
    return answer.replace(
        summary=mask.text(answer.summary),
        status=answer.status.replace(text=mask.text(answer.status.text)),
        fields=_fields(answer.fields, mask),
        trailers=_fields(answer.trailers, mask),
        body=_body(answer.body, mask),
        data=mask.value(answer.data),
    )


def _body(body: Body | None, mask: Mask) -> Body | None:
    """A body whose text shows no secret; size and digest stay those of the true one."""
    if body is None:
        return None
    try:
        text = body.data.decode()
        return body.replace(data=mask.text(text).encode())
    except UnicodeDecodeError:
        return body.replace(data=mask.blank(body.data))


def _transcript(entries: tuple[Entry, ...], mask: Mask, fields: Fields) -> tuple[Entry, ...]:
    """The bytes of each direction masked as one stream, so that a secret cut by two receives is found too."""
    blanked: dict[str, bytes] = {}
    for direction in ("sent", "received"):
        stream = mask.blank(b"".join(entry.data for entry in entries if entry.direction == direction))
        for name, value in fields:
            if is_secret_name(name):
                stream = _blank_line(stream, f"{name}: {value}".encode("utf-8", "replace"), f"{name}: ", name, value)
        blanked[direction] = stream
    at = {"sent": 0, "received": 0}
    shown = []
    for entry in entries:
        begin = at[entry.direction]
        at[entry.direction] += len(entry.data)
        data = blanked[entry.direction][begin : begin + len(entry.data)]
        shown.append(entry.replace(data=data, note=mask.text(entry.note) if entry.note else None))
    return tuple(shown)


def _blank_line(stream: bytes, line: bytes, prefix: str, name: str, value: str) -> bytes:
    """Blank a secret too short to be searched for by itself, within its own field line."""
    shown = value
    for part in secret_parts(name, value):
        shown = shown.replace(part, "*" * len(part.encode()))
    return stream.replace(line, (prefix + shown).encode())
