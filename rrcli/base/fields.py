"""The fields of a message by their names, which are compared without case (RFC 9110 section 5.1), and the names that tell a secret.

The latter hold for parameters of a URL too, and with an exception for members of JSON and fields of forms (contract, section 3).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Fields = Iterable[tuple[str, str]]


MASK = "‹secret›"  # what stands in the place of a secret

FIELDS = ("cookie", "set-cookie", "dpop")
ENDINGS = ("token", "secret", "password", "passwd", "passcode", "authorization", "apikey")  # however joined: csrftoken, AccessToken
LAST_WORDS = ("pwd", "jwt", "sig", "pin", "key")
NO_SECRETS = ("idempotency-key", "sec-websocket-key", "public-key", "sec-websocket-accept-key")


def first(fields: Fields, name: str) -> str | None:
    """The value of the first field called `name`; `None` where there is none."""
    name = name.lower()
    for key, value in fields:
        if key.lower() == name:
            return value
    return None


def all_of(fields: Fields, name: str) -> list[str]:
    """The values of all fields called `name`, in their order."""
    name = name.lower()
    return [value for key, value in fields if key.lower() == name]


def is_secret_name(name: str) -> bool:
    """Whether a field or parameter of that name carries a secret: `X-Auth-Token`, `api_key`, not `X-Tokens-Left`."""
    lower = name.lower().replace("_", "-").removesuffix("-bin")  # of bytes, as gRPC names them
    if lower in FIELDS or lower.endswith(ENDINGS):
        return True
    return lower.rpartition("-")[2] in LAST_WORDS and lower not in NO_SECRETS


BEFORE_KEY = ("api", "access", "auth", "private", "secret", "license", "signing", "encryption", "master", "shared")
KEYS = ("key", "pin", "sig")  # last words that content has for much else: `{"key": "colour"}`


def is_secret_member(name: str) -> bool:
    """Whether a member of JSON or a field of a form so named is a secret: as a field, but a key only where it says of what."""
    squeezed = name.lower().replace("_", "").replace("-", "").replace(" ", "")
    if squeezed.endswith(KEYS):
        return squeezed[:-3].endswith(BEFORE_KEY)
    return is_secret_name(name)


JSON_LINES = ("ndjson", "jsonl", "jsonlines", "json-lines", "json-seq", "stream+json")  # last words of media types, without x-


def is_json_lines(media_type: str | None) -> bool:
    """Whether content of this type, in lower case and without parameters, is lines of JSON, or a sequence of it (RFC 7464)."""
    return media_type is not None and media_type.rpartition("/")[2].removeprefix("x-") in JSON_LINES


def readable(text: str) -> str:
    """Text of a field without lone surrogates: bytes that are no UTF-8 are taken for Latin-1, as browsers do."""
    if text.isascii() or text.isprintable():
        return text
    bytes_ = {code: code - 0xDC00 for code in range(0xDC80, 0xDD00)}
    return text.translate(dict.fromkeys(range(0xD800, 0xE000), 0xFFFD) | bytes_)
