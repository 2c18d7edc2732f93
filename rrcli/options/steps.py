"""The steps of a conversation as words and values: bytes with escapes, what is waited for, and what that captures for later steps."""

from __future__ import annotations

from binascii import Error as NotBase64
from binascii import a2b_base64, b2a_base64

from rrcli.base.errors import usage
from rrcli.base.url import HEX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from re import Pattern

    Step = tuple[str, bytes | str | Pattern[bytes]]  # a flag, and what it asks for

ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "a": b"\a", "b": b"\b", "e": b"\x1b", "\\": b"\\"}
ESCAPED = {b"\r": "\\r", b"\n": "\\n", b"\t": "\\t", b"\\": "\\\\"}
NAME_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"


MOST_QUOTED = 60  # letters of a value that a message shows


def unescape(text: str) -> bytes:
    r"""The bytes of a text with `\r \n \t \0 \a \b \e \\ \xHH`. Raises `ValueError` for another escape."""
    first, *rest = text.split("\\")
    found = first.encode("utf-8", "surrogateescape")
    rest.reverse()
    while rest:
        piece = rest.pop()
        if piece[:1] == "x" and len(piece) >= 3 and piece[1] in HEX and piece[2] in HEX:
            found += bytes.fromhex(piece[1:3])
            piece = piece[3:]
        elif not piece and rest:
            found += b"\\"
            piece = rest.pop()
        elif piece[:1] in ESCAPES and piece:
            found += ESCAPES[piece[0]]
            piece = piece[1:]
        else:
            raise ValueError(f"unknown escape \\{piece[:1]} in {text!r}; known are \\r \\n \\t \\0 \\a \\b \\e \\\\ \\xHH")
        found += piece.encode("utf-8", "surrogateescape")
    return found


def payload(flag: str, text: str) -> bytes:
    """The bytes that one `--send…` option asks for. Raises `ValueError`; a file is read later."""
    if flag == "--send-hex":
        return _from_hex(text)
    if flag == "--send-base64":
        try:
            return a2b_base64(text, strict_mode=True)
        except NotBase64:
            raise ValueError(f"{text[:MOST_QUOTED]!r} is no base64: letters, digits, + and /, filled up with = to groups of four") from None
    return text.encode("utf-8", "surrogateescape") if flag == "--send-file" else unescape(text)


def _from_hex(text: str) -> bytes:
    """The bytes of hex digits in pairs, which spaces, colons, commas, and `0x` or `\\x` before a pair, may part. Raises `ValueError`."""
    found = b""
    for word in text.replace("\\x", " ").replace(":", " ").replace(",", " ").split():
        word = word.removeprefix("0x")
        if wrong := next((letter for letter in word if letter not in HEX), None):
            raise ValueError(f"{wrong!r} is no hex digit (in {word[:MOST_QUOTED]!r})")
        if len(word) % 2:
            raise ValueError(f"{word[:MOST_QUOTED]!r} has an odd number of hex digits: a byte takes two, as 0a")
        found += bytes.fromhex(word)
    return found


def ending(text: str) -> bytes | Pattern[bytes]:
    """What `--read-until` or `--await TEXT|/REGEX/` waits for. Raises `ValueError`."""
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        import re

        try:
            return re.compile(text[1:-1].encode("utf-8", "surrogateescape"), re.MULTILINE)
        except re.error as error:
            raise ValueError(f"{text} is no regular expression: {error}") from None
    if not text:
        raise ValueError("the text to read until is empty")
    return unescape(text)


def step_text(step: Step) -> str:
    """The word of a step's flag, from which `step` reads it."""
    flag, value = step
    if flag == "--await":
        return ending_text(value)  # type: ignore[arg-type]  # as `step` makes them
    if isinstance(value, str):
        return value
    if not isinstance(value, bytes):
        raise ValueError(f"{value!r} are no bytes to send")
    if flag == "--send-hex":
        return value.hex()
    if flag == "--send-base64":
        return b2a_base64(value, newline=False).decode()
    return value.decode("utf-8", "surrogateescape") if flag == "--send-file" else escape(value)


def ending_text(value: bytes | Pattern[bytes]) -> str:
    """The word from which `ending` reads it. Raises `ValueError` for a pattern that no word stands for."""
    if isinstance(value, bytes):
        text = escape(value)
        return f"\\x2f{text[1:]}" if len(text) > 2 and text[0] == text[-1] == "/" else text
    import re

    if value.flags != re.MULTILINE or not value.pattern:
        raise ValueError(f"{value!r} has flags of its own")
    return f"/{value.pattern.decode('utf-8', 'surrogateescape')}/"


def escape(data: bytes) -> str:
    r"""A text from which `unescape` reads these bytes: what is no printable UTF-8 is written as `\n` or `\xHH`."""
    parts = []
    for letter in data.decode("utf-8", "surrogateescape"):
        if letter.isprintable() and letter != "\\":
            parts.append(letter)
        else:
            octets = letter.encode("utf-8", "surrogateescape")
            parts.append(ESCAPED.get(octets) or "".join(f"\\x{octet:02x}" for octet in octets))
    return "".join(parts)


# --- captures ---------------------------------------------------------------------------------------------


def check_captures(steps: tuple[Step, ...]) -> None:
    """Raise `usage` for a `{{name}}` that no earlier `--await` captures. Where none captures anything, `{{` is just text."""
    if not any(_groups(value) for _, value in steps):
        return
    known: set[str] = set()
    for flag, value in steps:
        if flag == "--await":
            known.update(_groups(value))
        elif flag == "--send" and isinstance(value, bytes):
            for name in names(value):
                if name not in known:
                    raise usage(f"--send uses {{{{{name}}}}}, which no earlier --await captures", f"--await '/(?P<{name}>...)/'")


def _groups(value: object) -> tuple[str, ...]:
    return tuple(getattr(value, "groupindex", ()))


def names(data: bytes) -> list[str]:
    """The names in `{{name}}`, in order."""
    found = [piece.partition(b"}}") for piece in data.split(b"{{")[1:]]
    return [name.decode() for name, close, _ in found if close and name and not name.strip(NAME_LETTERS)]


def filled(data: bytes, captures: dict[str, bytes]) -> bytes:
    """The bytes with what was captured in place of each `{{name}}`; what was captured is not looked at again."""
    first, *rest = data.split(b"{{")
    found = first
    for piece in rest:
        name, close, after = piece.partition(b"}}")
        value = captures.get(name.decode("latin-1")) if close else None
        found += b"{{" + piece if value is None else value + after
    return found
