"""The words of `rrcli nats` as values: where to connect, a header, bytes, a count of replies."""

from __future__ import annotations

from rrcli.base.url import is_place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model.values import Fields

ALL = 0  # replies: as many as come


def split_words(words: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The servers that are named before the subject, and the words of data."""
    count = next((at for at, word in enumerate(words) if not is_place(word)), len(words))
    return list(words[:count]), list(words[count:])


def shown_arguments(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words with the mask in the place of a URL's password or token; nothing is guessed about a payload."""
    from rrcli.policy.secrets import mask_url

    places, data = split_words(words)
    return (*map(mask_url, places), *data)


def header(text: str) -> str:
    """The text, once it is known to be `Name: value`. Raises `ValueError`."""
    if not text.partition(":")[0].strip() or ":" not in text:
        raise ValueError(f"{text!r} is no header; write 'Name: value'")
    return text


def header_pairs(texts: tuple[str, ...]) -> Fields:
    """The headers as names and values, without white space around either."""
    return tuple((name.strip(), value.strip(" \t")) for name, _, value in (text.partition(":") for text in texts))


def hex_bytes(text: str) -> bytes:
    """Raises `ValueError`."""
    try:
        return bytes.fromhex(text.removeprefix("0x").replace(":", " "))
    except ValueError:
        raise ValueError(f"{text!r} is no hex; write two digits for each byte, as 00ff0a") from None


def hex_text(data: bytes) -> str:
    """The word that `hex_bytes` reads."""
    return data.hex()


def base64_bytes(text: str) -> bytes:
    """Raises `ValueError`."""
    from binascii import Error, a2b_base64

    try:
        return a2b_base64(text, strict_mode=True)
    except (Error, ValueError) as error:
        raise ValueError(f"{text!r} is no base64: {error}") from None


def base64_text(data: bytes) -> str:
    """The word that `base64_bytes` reads."""
    from binascii import b2a_base64

    return b2a_base64(data, newline=False).decode()


def reply_count(text: str) -> int:
    """A number from 1 on, or `ALL`. Raises `ValueError`."""
    if text == "all":
        return ALL
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text)):
        raise ValueError(f"{text!r} is no count of replies; write a number from 1 on, or all")
    return int(text)


def reply_count_text(count: int) -> str:
    """The word that `reply_count` reads."""
    return "all" if count == ALL else str(count)
