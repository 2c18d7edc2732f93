"""Members of JSON and fields of forms whose names tell a secret (contract, section 3): found in content, and masked in their place.

JSON is not parsed for that but looked through, so that its layout stays, and what is cut off, or is lines of JSON, is masked too.
"""

from __future__ import annotations

import re

from rrcli.base.fields import MASK, is_json_lines, is_secret_member
from rrcli.base.jsontext import loads
from rrcli.base.url import unquote
from rrcli.model.document import body_text, looks_like_json
from rrcli.model.values import LARGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.model.values import Body, Exchange

    Span = tuple[int, int]  # of a value, within its quotes where it has some

WORDS = "token|secret|passw|passcode|authorization|apikey|cookie|dpop|pwd|jwt|key|pin|sig"
IN_JSON = re.compile(rf'(?:{WORDS})\w*"\s*:|\\u', re.IGNORECASE)  # without one of these there is nothing to find
STRING = re.compile(r'"((?:[^"\\]|\\.)*)("|\Z)', re.DOTALL)
BEHIND_NAME = re.compile(r"\s*:\s*")
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)|[\[{\]}]|-?\d[\d.eE+-]*', re.DOTALL)
PARTS = re.compile(r'form-data;[^\r\n]*?\bname="([^"\r\n]*)"[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n(.*?)(?=\r\n--|\Z)', re.DOTALL | re.IGNORECASE)
FORM, MULTIPART, EVENTS = "application/x-www-form-urlencoded", "multipart/form-data", "text/event-stream"


def member_secrets(exchange: Exchange, *, answers: bool) -> list[str]:
    """The values of such members in the content that was sent, with `answers` also in what came, of all hops."""
    found: dict[str, None] = {}
    for hop in (*exchange.history, exchange):
        contents = [(hop.request.body, hop.request.data)]
        if answers and hop.response:
            contents.append((hop.response.body, hop.response.data))
        for body, data in contents:
            found.update(dict.fromkeys(_of_body(body) if body and body.data else ()))
            found.update(dict.fromkeys(_of_data(data)))
    return [value for value in found if value and value != MASK]


def mask_text(text: str, media_type: str | None) -> str:
    """The text of content with the values of such members masked."""
    spans = list(_spans(text, media_type))
    if not spans:
        return text
    parts, at = [], 0
    for begin, end in spans:
        quoted = text[begin - 1 : begin] == '"' or media_type in (FORM, MULTIPART)
        parts += [text[at:begin], MASK if quoted else f'"{MASK}"']
        at = end
    return "".join(parts) + text[at:]


def mask_octets(data: bytes, media_type: str | None) -> bytes:
    """Content that is no text, or too large to be made one, with such values overwritten by `*`, at equal length."""
    shown = bytearray(data)
    for begin, end in _spans(data.decode("latin-1"), media_type):  # a letter for each byte
        shown[begin:end] = b"*" * (end - begin)
    return bytes(shown)


def mask_data(value: Any) -> Any:
    """What an adapter made of a message, with such members masked, and those within texts of JSON."""
    if isinstance(value, dict):
        return {key: _masked_value(item) if _is_secret(key) else mask_data(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [mask_data(item) for item in value]
    return mask_text(value, None) if isinstance(value, str) else value


# --- where they stand


def _spans(text: str, media_type: str | None) -> Iterator[Span]:
    if media_type == FORM:
        yield from _form_spans(text)
    elif media_type == MULTIPART:
        yield from (found.span(2) for found in PARTS.finditer(text) if _is_secret(found[1]) and found[2])
    elif _may_be_json(text, media_type) and IN_JSON.search(text):
        yield from _json_spans(text)


def _may_be_json(text: str, media_type: str | None) -> bool:
    return looks_like_json(media_type, text[:64]) or is_json_lines(media_type) or media_type == EVENTS


def _form_spans(text: str) -> Iterator[Span]:
    at = 0
    for pair in text.split("&"):
        name, equals, value = pair.partition("=")
        begin = at + len(name) + len(equals)
        if value and _is_secret(unquote(name.replace("+", " "))):
            yield begin, begin + len(value)
        at += len(pair) + 1


def _json_spans(text: str) -> Iterator[Span]:
    """The strings and numbers below names that tell a secret; true, false and null stay."""
    at = 0
    while name := STRING.search(text, at):
        at = name.end()
        behind = BEHIND_NAME.match(text, at)
        if behind and _is_secret(_plain(name[1])):
            at = behind.end()
            for begin, end in _value_spans(text, at):
                yield begin, end
                at = end + (text[begin - 1] == '"')


def _value_spans(text: str, at: int) -> Iterator[Span]:
    """The scalars of the value that begins at an offset, which may be an object or a list."""
    depth = 0
    while token := TOKEN.search(text, at) if depth else TOKEN.match(text, at):
        word, at = token[0], token.end()
        if word in ("[", "{"):
            depth += 1
        elif word in ("]", "}"):
            depth -= 1
        elif word[0] != '"':
            yield token.span()
        elif not (depth and BEHIND_NAME.match(text, at)):
            begin, end = token.start() + 1, at - (len(word) > 1 and word[-1] == '"')
            if begin < end:
                yield begin, end
        if depth <= 0:
            return


def _plain(text: str) -> str:
    """A string of JSON as it reads."""
    if "\\" not in text:
        return text
    try:
        return str(loads(f'"{text}"'))
    except ValueError:
        return text


def _is_secret(name: object) -> bool:
    return isinstance(name, str) and is_secret_member(name)


# --- their values


def _of_body(body: Body) -> Iterator[str]:
    text = None if len(body.data) > LARGE else body_text(body)
    if text is not None:
        return _of_text(text, body.media_type)
    found = _of_text(body.data.decode("latin-1"), body.media_type)
    return (value.encode("latin-1", "replace").decode("utf-8", "surrogateescape") for value in found)


def _of_text(text: str, media_type: str | None) -> Iterator[str]:
    for begin, end in _spans(text, media_type):
        value = text[begin:end]
        yield unquote(value.replace("+", " ")) if media_type == FORM else value if media_type == MULTIPART else _plain(value)


def _of_data(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _scalars(item) if _is_secret(key) else _of_data(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _of_data(item)
    elif isinstance(value, str):
        yield from _of_text(value, None)


def _scalars(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _scalars(item)
    elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
        yield str(value)


def _masked_value(value: Any) -> Any:
    """A value below such a name: every text and number of it masked."""
    if isinstance(value, dict):
        return {key: _masked_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked_value(item) for item in value]
    return value if value is None or isinstance(value, bool) or value == "" else MASK
