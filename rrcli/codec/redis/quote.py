r"""Words in quotes, as redis-cli reads and writes them: any bytes on one line of printable ASCII, and back again.

`"a\x00\n"` in double quotes knows escapes, `'it\'s'` in single ones only that of the quote; words without quotes end at
white space. These are the rules of `sdssplitargs` and `sdscatrepr` in Redis' own `sds.c`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.codec.redis.resp import Reply

SPACES = b" \t\n\v\f\r"
HEX = b"0123456789abcdefABCDEF"
_LETTERS = {ord("n"): 10, ord("r"): 13, ord("t"): 9, ord("b"): 8, ord("a"): 7}
_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0x100))}
_ESCAPES |= {value: f"\\{chr(letter)}" for letter, value in _LETTERS.items()} | {ord('"'): '\\"', ord("\\"): "\\\\"}


def quote(word: bytes) -> bytes:
    """The word in double quotes, of printable ASCII alone."""
    return f'"{word.decode("latin-1").translate(_ESCAPES)}"'.encode()


def split(line: bytes) -> list[bytes]:
    """The words of a line. Raises `ValueError` for quotes that do not close, or close within a word."""
    words: list[bytes] = []
    at = 0
    while True:
        while at < len(line) and line[at] in SPACES:
            at += 1
        if at == len(line):
            return words
        word, at = _word(line, at)
        words.append(word)


def _word(line: bytes, at: int) -> tuple[bytes, int]:
    """The word that starts at `at`, and where it ends; a quote may open behind letters, as in `a"b"`."""
    word = bytearray()
    while at < len(line) and line[at] not in SPACES:
        mark = line[at : at + 1]
        if mark not in (b'"', b"'"):
            word += mark
            at += 1
            continue
        at = _quoted(line, at + 1, mark, word)
        if at < len(line) and line[at] not in SPACES:
            raise ValueError("a closing quote is followed by more than a space")
    return bytes(word), at


def _quoted(line: bytes, at: int, mark: bytes, word: bytearray) -> int:
    """Add what stands between quotes to the word; where the closing quote ends."""
    while (letter := line[at : at + 1]) != mark:
        if not letter:
            raise ValueError(f"a quote ({mark.decode()}) is opened and never closed")
        if letter == b"\\" and at + 1 < len(line) and (mark == b'"' or line[at + 1 : at + 2] == mark):
            at = _escape(line, at + 1, mark, word)
        else:
            word += letter
            at += 1
    return at + 1


def _escape(line: bytes, at: int, mark: bytes, word: bytearray) -> int:
    """Add what the escape whose backslash stands before `at` means; where it ends."""
    digits = line[at + 1 : at + 3]
    if mark == b'"' and line[at] == ord("x") and len(digits) == 2 and all(digit in HEX for digit in digits):
        word.append(int(digits, 16))
        return at + 3
    word.append(_LETTERS.get(line[at], line[at]) if mark == b'"' else line[at])
    return at + 1


def as_quoted(reply: Reply) -> bytes:
    """The reply as `--raw` has it, every string in quotes: one element per line, and nothing for a null."""
    from rrcli.codec.redis.text import as_raw

    value = reply.value
    if reply.type == "map":
        return b"\n".join(as_quoted(key) + b" " + as_quoted(item) for key, item in value)
    if isinstance(value, tuple):
        return b"\n".join(map(as_quoted, value))
    return quote(value) if reply.type in ("bulk", "verbatim", "status") else as_raw(reply)
