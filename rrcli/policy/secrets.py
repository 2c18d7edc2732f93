"""Where secrets stand: by the name of a field, in cookies, in URLs; and which ones an exchange holds."""

from __future__ import annotations

from rrcli.base.fields import ENDINGS, FIELDS, LAST_WORDS, MASK, is_secret_member, is_secret_name
from rrcli.base.url import unquote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.model.values import Exchange, Fields, RequestMessage, Response

    Span = tuple[int, int]

NOT_IN_URLS = ' \t\r\n"<>'  # what ends a URL within a text (RFC 3986 appendix C)
SHORTEST = 3  # a shorter value is masked in its own place only: elsewhere it is too likely a coincidence
NAMED = 64  # values that URLs and fields of one exchange, a peer's too, may have masked elsewhere; more are masked in their own place only

_NAME_ENDS = tuple(name.encode() for name in (*ENDINGS, *FIELDS, *LAST_WORDS, "-bin"))
CUT_SHORT = 4  # letters that remain of a value where a message cuts what it quotes, and it is told by them; anywhere CUT_LONG
CUT_LONG = 16
CUTS = ("…", "'", '"', "`", "\\")  # stand behind a quotation
WHOLE_WORD = 8  # a value shorter than this is masked elsewhere only where it stands alone


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


PLACEHOLDER = "USER:PASSWORD"  # in hints of ours, which say where to write them


def _url_spans(text: str) -> list[Span]:
    """The secrets of the URLs within a text: password or token before the `@`, values of secret parameters."""
    spans, at = [], text.find("://")
    while at >= 0:
        begin = at + 3
        sign = text.rfind("@", begin, _end(text, begin, "/?#"))
        if sign >= 0 and text[begin:sign] != PLACEHOLDER:
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


def head_spans(head: bytes) -> list[Span]:
    """Where the secrets stand in the head of an HTTP/1 request: in its target, and in the fields that carry them."""
    spans, at = [], 0
    for number, line in enumerate(head.decode("latin-1").split("\n")):  # a letter for each byte
        if number:
            name, colon, value = line.rstrip("\r").partition(":")
            blanks = len(value) - len(value.lstrip(" \t"))
            begin, found = at + len(name + colon) + blanks, _field_spans(name.strip(), value.strip(" \t"))
        else:
            begin, found = at, _url_spans(line)
        spans += [(begin + first, begin + last) for first, last in found]
        at += len(line) + 1
    return spans


def url_secrets(url: str) -> list[str]:
    """The secrets within a URL, as written there."""
    return [url[begin:end] for begin, end in _url_spans(url)]


def mask_field(name: str, value: str) -> str:
    """The field's value with its secret pieces masked, however short they are."""
    return _cover(value, _field_spans(name, value))


def mask_url(text: str) -> str:
    """The text with the secrets of the URLs in it masked, however short they are."""
    return _cover(text, _url_spans(text))


# --- of a whole exchange


def holds_secrets(exchange: Exchange) -> bool:
    """Whether there is anything to mask in it, its history and its transcript."""
    return bool(known_secrets(exchange)) or _is_marked(exchange) or exchange.command != exchange.shown_command


def _is_marked(exchange: Exchange) -> bool:
    """Whether a transcript has secrets that its writer marked, or the request those whose place its adapter knows."""
    return (
        exchange.request.masked is not None
        or any(entry.secrets for entry in exchange.transcript or ())
        or any(map(_is_marked, exchange.history))
    )


def known_secrets(exchange: Exchange) -> list[str]:
    """The secrets of all hops: one hop's may be echoed in another. Of those that only a name tells, so many as can be searched for."""
    known = dict.fromkeys(exchange.secrets)
    named = [secret for secret in dict.fromkeys((*_named(exchange), *asked_members(exchange))) if secret not in known]
    return [*known, *named[:NAMED]]


def all_secrets(exchange: Exchange) -> list[str]:
    """The same, with what the content of its answers names as secret: of what is made for others."""
    return list(dict.fromkeys([*known_secrets(exchange), *_member_secrets(exchange, answers=True)[:NAMED]]))


def asked_members(exchange: Exchange) -> list[str]:
    """The values in the content of its requests that stand under the name of a secret."""
    return _member_secrets(exchange, answers=False)


def _member_secrets(exchange: Exchange, *, answers: bool) -> list[str]:
    """Values under the name of a secret; nothing is loaded where no such name stands in any content."""
    hops = (exchange, *exchange.history)
    messages: list[RequestMessage | Response | None] = [hop.request for hop in hops]
    messages += [hop.response for hop in hops if answers]
    if not any(message and _may_name_secrets(message) for message in messages):
        return []
    from rrcli.policy.members import member_secrets

    return member_secrets(exchange, answers=answers)


def _may_name_secrets(message: RequestMessage | Response) -> bool:
    content = message.body.data.lower() if message.body else b""
    if any(name + sign in content for name in _NAME_ENDS for sign in (b'"', b"=")) or b"\\u" in content:
        return True
    return _has_secret_names(message.data)


def _has_secret_names(value: Any) -> bool:
    if isinstance(value, dict):
        return any((isinstance(key, str) and is_secret_member(key)) or _has_secret_names(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return any(map(_has_secret_names, value))
    return isinstance(value, str) and value[:1] in ("{", "[") and any(name in value.lower() for name in (*ENDINGS, *FIELDS, *LAST_WORDS))


def _named(exchange: Exchange) -> Iterator[str]:
    yield from url_secrets(exchange.target.url)
    yield from url_secrets(exchange.request.summary)
    yield from field_secrets(all_fields(exchange))
    for earlier in exchange.history:
        yield from earlier.secrets
        yield from _named(earlier)


def all_fields(exchange: Exchange) -> Fields:
    answer = exchange.response
    return exchange.request.fields + ((answer.fields + answer.trailers) if answer else ())
