"""What is a secret, and how it is masked wherever an exchange is shown or saved (contract, section 3).

Secrets are found by the names of fields and parameters and by the adapters, who know their credentials. Their
values are then masked wherever else they turn up: an echo in a body, an error message, the transcript. The shape
stays (`Bearer ‹secret›`), so that one still sees what was sent. `raw`, `-o`, `--query` and checks never come here.
"""

from __future__ import annotations

from _json import encode_basestring, encode_basestring_ascii

from rrcli.document import LARGE, body_text, looks_like_json
from rrcli.jsontext import dumps, loads
from rrcli.model import Answer, Body, Entry, Exchange, Message
from rrcli.url import quote, unquote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model import Fields

    Span = tuple[int, int]

MASK = "‹secret›"
FIELDS = ("authorization", "proxy-authorization", "cookie", "set-cookie")
LAST_WORDS = ("token", "secret", "password", "passwd", "authorization", "apikey")  # or what ends with one: csrftoken, AccessToken
NOT_IN_URLS = ' \t\r\n"<>'  # what ends a URL within a text (RFC 3986 appendix C)
SHORTEST = 3  # a shorter value is masked in its own place only: elsewhere it is too likely a coincidence
CUT_SHORT = 4  # letters that remain of a value where a message cuts what it quotes, and it is told by them; anywhere CUT_LONG
CUT_LONG = 16
CUTS = ("…", "'", '"', "`", "\\")  # stand behind a quotation
WHOLE_WORD = 8  # a value shorter than this is masked elsewhere only where it stands alone


def is_secret_name(name: str) -> bool:
    """Whether a field or parameter of that name carries a secret: `X-Auth-Token`, `api_key`, not `X-Tokens-Left`."""
    lower = name.lower().replace("_", "-")
    if lower in FIELDS:
        return True
    return lower.endswith(LAST_WORDS) or lower.split("-")[-2:] == ["api", "key"]


# --- where secrets are written ---------------------------------------------------------------------------


def _field_spans(name: str, value: str) -> list[Span]:
    """Where the secrets stand in a field's value: all of it, or less where the rest has a meaning of its own."""
    lower = name.lower().replace("_", "-")
    if lower == "cookie":
        return _cookie_spans(value)
    if lower == "set-cookie":
        return _cookie_spans(value.partition(";")[0])
    if not is_secret_name(name):
        return _url_spans(value)
    _, _, credentials = value.strip().partition(" ")
    if lower.endswith("authorization") and credentials:
        end = len(value.rstrip())
        return [(end - len(credentials.lstrip()), end)]
    return [(0, len(value))] if value else []


def _cookie_spans(value: str) -> list[Span]:
    """The values of `name=value; name=value`, without their quotes; a pair without a name is a value."""
    spans, at = [], 0
    for pair in value.split(";"):
        name, equals, _ = pair.partition("=")
        begin, end = at + len(name + equals) if equals else at, at + len(pair)
        at = end + 1
        while begin < end and value[begin] in ' "':
            begin += 1
        while begin < end and value[end - 1] in ' "':
            end -= 1
        if begin < end:
            spans.append((begin, end))
    return spans


def _url_spans(text: str) -> list[Span]:
    """The secrets of the URLs within a text: password or token before the `@`, values of secret parameters."""
    spans, at = [], text.find("://")
    while at >= 0:
        begin = at + 3
        sign = text.rfind("@", begin, _end(text, begin, "/?#"))
        if sign >= 0:
            user, _, password = text[begin:sign].partition(":")
            spans.append((sign - len(password), sign) if password else (begin, begin + len(user)))
        at = text.find("://", begin)
    after, equals = 0, text.find("=")
    while equals >= 0:
        mark = max(text.rfind(letter, after, equals) for letter in "?&#")
        after = equals + 1
        if mark >= 0 and is_secret_name(unquote(text[mark + 1 : equals])):
            after = _end(text, equals + 1, "&#")
            spans.append((equals + 1, after))
        equals = text.find("=", after)
    return sorted(span for span in spans if span[0] < span[1])


def _end(text: str, begin: int, marks: str) -> int:
    """Where a part of a URL that begins at `begin` ends: before one of `marks`, or with the URL."""
    for at in range(begin, len(text)):
        if text[at] in marks or text[at] in NOT_IN_URLS:
            return at
    return len(text)


def _cover(text: str, spans: list[Span], cover: str = MASK) -> str:
    """The text with `cover` in place of each span."""
    parts, at = [], 0
    for begin, end in spans:
        if begin >= at:
            parts += [text[at:begin], cover]
        at = max(at, end)
    return "".join(parts) + text[at:]


def field_secrets(fields: Fields) -> list[str]:
    """Every secret in a list of fields, with the password inside Basic credentials, which may be echoed alone."""
    found: list[str] = []
    for name, value in fields:
        secrets = [value[begin:end] for begin, end in _field_spans(name, value)]
        found += secrets
        if value[:6].lower() == "basic " and is_secret_name(name):
            found += _basic_password(secrets[0])
    return found


def _basic_password(credentials: str) -> list[str]:
    """The password within (RFC 7617 §2); nothing where they are no credentials."""
    from binascii import Error, a2b_base64

    try:
        password = a2b_base64(credentials).decode("utf-8", "surrogateescape").partition(":")[2]
    except (Error, ValueError):
        return []
    return [password] if password else []


def url_secrets(url: str) -> list[str]:
    """The secrets within a URL, as written there."""
    return [url[begin:end] for begin, end in _url_spans(url)]


def mask_field(name: str, value: str) -> str:
    """The field's value with its secret pieces masked, however short they are."""
    return _cover(value, _field_spans(name, value))


def mask_url(text: str) -> str:
    """The text with the secrets of the URLs in it masked, however short they are."""
    return _cover(text, _url_spans(text))


# --- wherever else they turn up --------------------------------------------------------------------------


class Mask:
    """Masks known values in any text or bytes, also in the spellings they take in URLs and JSON."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        spellings = {spelling for secret in secrets if len(secret) >= SHORTEST for spelling in _spellings(secret)}
        self._secrets = sorted(spellings, key=len, reverse=True)

    def text(self, text: str) -> str:
        for secret in self._secrets:
            if secret in text:  # what is masked already is left alone: "secret" may be one
                text = MASK.join(_replace(part, secret, MASK) for part in text.split(MASK))
        return text

    def message(self, text: str) -> str:
        """A message with known values masked, and the beginning of one where it quotes a peer and cuts the quotation."""
        text = self.text(text)
        for secret in self._secrets:
            at = text.find(secret[:CUT_SHORT])
            while at >= 0 and len(secret) > CUT_SHORT:
                size = next((n for n in range(CUT_SHORT, len(secret)) if text[at + n : at + n + 1] != secret[n]), len(secret))
                rest = text[at + size :]
                if size >= CUT_LONG or not rest or rest.startswith(CUTS):
                    text = text[:at] + MASK + rest
                at = text.find(secret[:CUT_SHORT], at + 1)
        return text

    def end(self, text: str) -> str:
        """A text that was cut off, with the beginning of a known value at its end masked."""
        size = max((_overlap(text, secret) for secret in self._secrets), default=0)
        return text if size < CUT_SHORT else text[:-size] + MASK

    def blank_end(self, data: bytes) -> bytes:
        """The same of bytes, at equal length."""
        size = max((_overlap(data, secret.encode("utf-8", "surrogateescape")) for secret in self._secrets), default=0)
        return data if size < CUT_SHORT else data[:-size] + b"*" * size

    def begun(self, text: str) -> bool:
        """Whether the text may end within a known value."""
        return any(_overlap(text, secret) for secret in self._secrets)

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
            return {key: self.value(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(item) for item in value]
        return value

    def data(self, value: Any) -> Any:
        """What an adapter makes of an answer: the keys of the object, and of objects in its lists, stay; what is deeper is the peer's."""
        if not isinstance(value, dict):
            return self.value(value)
        kept = self.item({key: item for key, item in value.items() if not isinstance(item, (list, tuple))})
        return {key: kept[key] if key in kept else [self.item(one) for one in item] for key, item in value.items()}

    def item(self, value: Any) -> Any:
        """An object of ours, an event for one, that holds what a peer wrote: its keys stay."""
        if not isinstance(value, dict):
            return self.value(value)
        return {key: self.json(inner) if isinstance(inner, (dict, list, tuple)) else self.value(inner) for key, inner in value.items()}

    def json(self, value: Any) -> Any:
        """The value of a JSON body with its texts, numbers and keys masked: all of it is the peer's."""
        if isinstance(value, dict):
            return {self.text(key): self.json(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.json(item) for item in value]
        if isinstance(value, (int, float)) and self.text(str(value)) != str(value):
            return MASK
        return self.value(value)


def _overlap(text: Any, secret: Any) -> int:
    """How many letters, or bytes, of the value, but not all, end the text."""
    at = text.find(secret[:1], max(0, len(text) - len(secret) + 1))
    while at >= 0 and not secret.startswith(text[at:]):
        at = text.find(secret[:1], at + 1)
    return len(text) - at if at >= 0 else 0


def _spellings(secret: str) -> set[str]:
    """The value itself, percent-encoded and decoded, and as JSON and XML escape it."""
    plain = {secret, unquote(secret), unquote(secret.replace("+", " "))}
    found = set(plain)
    for value in plain:
        if value.isascii() and value.isalnum():
            continue
        for encoded in (quote(value), quote(value, "/"), quote(value).replace("%20", "+")):
            found |= {encoded, _lower_escapes(encoded)}
        for escaped in (encode_basestring(value)[1:-1], encode_basestring_ascii(value)[1:-1]):
            found |= {escaped, escaped.replace("/", "\\/")}
        found |= _in_markup(value)
    return {spelling for spelling in found if len(spelling) >= SHORTEST}


def _in_markup(value: str) -> set[str]:
    """The value as XML and HTML have it, where a quotation mark may be escaped, in one of several ways, or not."""
    text = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    double = {text, text.replace('"', "&quot;"), text.replace('"', "&#34;")}
    return {one.replace("'", mark) for one in double for mark in ("'", "&#39;", "&#x27;", "&apos;")}


def _lower_escapes(encoded: str) -> str:
    first, *rest = encoded.split("%")
    return first + "".join(f"%{part[:2].lower()}{part[2:]}" for part in rest)


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


# --- an exchange as it may be shown ----------------------------------------------------------------------


def mask_of(exchange: Exchange) -> Mask:
    """What masks the secrets of this exchange and of those before it."""
    return Mask(tuple(dict.fromkeys(_known(exchange))))


def masked(exchange: Exchange) -> Exchange:
    """The exchange as it may be shown: every known secret masked, in its history and its transcript too."""
    known = dict.fromkeys(_known(exchange))
    return _masked(exchange, Mask(tuple(known))) if known else exchange


def _known(exchange: Exchange) -> list[str]:
    """The secrets of all hops: one hop's may be echoed in another."""
    target, summary = exchange.target.url, exchange.request.summary
    found = [*exchange.secrets, *url_secrets(target), *url_secrets(summary), *field_secrets(_all_fields(exchange))]
    for earlier in exchange.history:
        found += _known(earlier)
    return found


def _all_fields(exchange: Exchange) -> Fields:
    answer = exchange.response
    return exchange.request.fields + ((answer.fields + answer.trailers) if answer else ())


def _masked(exchange: Exchange, mask: Mask) -> Exchange:
    def text(value: str) -> str:
        return mask.message(mask_url(value))

    error = exchange.error
    return exchange.replace(
        target=exchange.target.replace(url=mask.text(mask_url(exchange.target.url))),
        request=_message(exchange.request, mask),
        response=_answer(exchange.response, mask) if exchange.response else None,
        error=error and error.replace(message=text(error.message), hint=error.hint and text(error.hint)),
        notes=tuple(note.replace(message=text(note.message)) for note in exchange.notes),
        checks=tuple(check.replace(expr=mask.text(check.expr), actual=_actual(check.actual, mask)) for check in exchange.checks),
        history=tuple(_masked(earlier, mask) for earlier in exchange.history),
        transcript=exchange.transcript and _transcript(exchange, exchange.transcript, mask),
    )


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


def _message(message: Message, mask: Mask) -> Message:
    return message.replace(
        summary=mask.text(mask_url(message.summary)),
        fields=_fields(message.fields, mask),
        body=_body(message.body, mask),
        data=mask.data(message.data),
    )


def _answer(answer: Answer, mask: Mask) -> Answer:
    return answer.replace(
        summary=mask.text(answer.summary),
        status=answer.status.replace(text=mask.text(answer.status.text), reason=mask.text(answer.status.reason)),
        fields=_fields(answer.fields, mask),
        trailers=_fields(answer.trailers, mask),
        body=_body(answer.body, mask),
        data=mask.data(answer.data),
        drawn=None if answer.drawn is None else mask.text(answer.drawn),
    )


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


def _transcript(exchange: Exchange, entries: tuple[Entry, ...], mask: Mask) -> tuple[Entry, ...]:
    """The bytes of each direction masked as one stream, so that a secret cut by two receives is found too."""
    lines = [(exchange.request.summary, _url_spans(exchange.request.summary))]
    for name, value in _all_fields(exchange):
        skip = len(name) + 2
        lines.append((f"{name}: {value}", [(skip + begin, skip + end) for begin, end in _field_spans(name, value)]))
    blanked: dict[str, bytes] = {}
    for direction in ("sent", "received"):
        stream = b"".join(entry.data for entry in entries if entry.direction == direction)
        for line, spans in lines:
            if spans:
                stream = _blank_line(stream, line, spans)
        blanked[direction] = mask.blank_end(mask.blank(stream))  # the recording may stop anywhere
    from rrcli.policy.hidden import blank_hidden

    blanked = blank_hidden(exchange, blanked, mask, _shown_body)
    at = {"sent": 0, "received": 0}
    shown = []
    for entry in entries:
        begin = at[entry.direction]
        at[entry.direction] += len(entry.data)
        data = blanked[entry.direction][begin : begin + len(entry.data)]
        shown.append(entry.replace(data=data, note=mask.text(entry.note) if entry.note else None))
    return tuple(shown)


def _blank_line(stream: bytes, line: str, spans: list[Span]) -> bytes:
    """Blank the secrets in their own line, where they may be too short to be searched for, at equal length."""
    shown = line
    for begin, end in reversed(spans):
        shown = shown[:begin] + "*" * len(_octets(line[begin:end])) + shown[end:]
    return stream.replace(_octets(line), _octets(shown))


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
