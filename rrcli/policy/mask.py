"""Known secrets masked in any text, bytes or JSON value."""

from __future__ import annotations

from _json import encode_basestring, encode_basestring_ascii

from rrcli.base.fields import MASK
from rrcli.base.jsontext import Verbatim, loads
from rrcli.base.url import quote, unquote
from rrcli.policy.secrets import CUT_LONG, CUT_SHORT, CUTS, SHORTEST, WHOLE_WORD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from re import Pattern
    from typing import Any

PIECE = 1 << 20  # bytes that are searched at once
MOST_HITS = 100_000  # in one content: nobody reads on, and it has to end
FEW = 64  # values that are looked for one by one first, which is faster than one search for all and needs no `re`


class Mask:
    """Masks known values in any text or bytes, also in the spellings they take in URLs and JSON.

    One pass over a text finds all of them, because a peer may name thousands and send millions of letters.
    """

    def __init__(self, secrets: tuple[str, ...]) -> None:
        spellings = {spelling for secret in secrets if len(secret) >= SHORTEST for spelling in _spellings(secret)}
        self._secrets = sorted(spellings, key=len, reverse=True)
        self._in_text: Pattern[str] | None = None
        self._in_octets: Pattern[str] | None = None

    def text(self, text: str) -> str:
        if len(self._secrets) <= FEW and not any(secret in text for secret in self._secrets):
            return text
        if self._in_text is None:
            from rrcli.policy.search import pattern_of

            self._in_text = pattern_of([*self._secrets, MASK])  # what is masked already is left alone: "secret" may be one
        return self._in_text.sub(MASK, text)

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
        size = max((_overlap(data, _octets(secret)) for secret in self._secrets), default=0)
        return data if size < CUT_SHORT else data[:-size] + b"*" * size

    def begun(self, text: str) -> bool:
        """Whether the text may end within a known value."""
        return any(_overlap(text, secret) for secret in self._secrets)

    def blank(self, data: bytes) -> bytes:
        """The bytes with known values overwritten by `*`, at equal length; of too many of them, all that follows."""
        octets = [_octets(secret) for secret in self._secrets]
        if len(octets) > FEW:
            return self._blank_found(data, octets)
        for secret in octets:
            if len(secret) >= WHOLE_WORD and secret in data:
                data = data.replace(secret, b"*" * len(secret))
        short = [secret for secret in octets if len(secret) < WHOLE_WORD]
        return self._blank_found(data, short) if any(secret in data for secret in short) else data

    def _blank_found(self, data: bytes, octets: list[bytes]) -> bytes:
        """The same by one search for all values, a piece at a time: as text all of it would take several times its size."""
        if self._in_octets is None:
            from rrcli.policy.search import pattern_of

            self._in_octets = pattern_of([secret.decode("latin-1") for secret in octets])  # a letter for each byte
        shown, longest, hits, at = bytearray(data), max(map(len, octets)), 0, 0
        while at < len(data):
            begin, end = max(0, at - 1), at + PIECE
            window = data[begin : end + longest + 1].decode("latin-1")
            for found in self._in_octets.finditer(window, at - begin):
                first, last = found.start() + begin, found.end() + begin
                if first >= end:
                    break
                shown[first:last] = b"*" * (last - first)
                end, hits = max(end, last), hits + 1
            if hits > MOST_HITS:
                shown[end:] = b"*" * (len(shown) - end)
                break
            at = end
        return bytes(shown)

    def value(self, value: Any) -> Any:
        """Any JSON value with its texts masked; the keys of objects stay."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(item) for item in value]
        if type(value) is Verbatim and self.text(value.text) != value.text:
            return self.json(loads(value.text))
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


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
