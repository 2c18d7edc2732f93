"""The words of a Thrift IDL file, each with its place; comments fall away, and doc comments stay findable.

The rules are those of Apache's `thriftl.ll`: names may hold dots, `12abc` is a number and a name, a literal ends on its line.
Python's `re` costs half an interpreter to load, so comments and literals are blanked first, what is left is split at white
space, and only a word that is no plain name or symbol is looked at letter by letter.
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, usage

SYMBOLS = ":;,{}()=<>[]*&"
MARKS = ("#", "/", '"', "'")
ESCAPES = {"r": "\r", "n": "\n", "t": "\t", '"': '"', "'": "'", "\\": "\\"}
DIGITS = "0123456789"
HEX_DIGITS = "0123456789abcdefABCDEF"
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"


class Tokens:
    """The words of one file. `words[i]` stands at the offset `places[i]` of `text`; a last empty word is the end of the file.

    What a word is shows in its first letter: a letter or `_` begins a name, a digit, a sign or a dot a number, a quote a
    literal (its content follows, unescaped, without a closing quote); all else is a symbol.
    `docs` are the places of the doc comments: where each starts and ends.
    """

    __slots__ = ("docs", "file", "places", "text", "words")

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.words: list[str] = []
        self.places: list[int] = []
        self.docs: list[tuple[int, int]] = []

    def fault(self, offset: int, message: str) -> ExchangeError:
        """The error of exit 2 that says where in the file it is: `FILE:LINE:COLUMN: message`, both counted from 1."""
        line = self.text.count("\n", 0, offset) + 1
        column = offset - self.text.rfind("\n", 0, offset)
        return usage(f"{self.file}:{line}:{column}: {message}")


def tokenize(file: str, text: str) -> Tokens:
    """The words of the text of `file`. Raises `ExchangeError` (usage) where it is no IDL."""
    tokens = Tokens(file, text.removeprefix("\ufeff"))
    plain, literals = _blank(tokens)
    spaced = plain.replace("\n", " ").replace("\t", " ").replace("\r", " ")
    for symbol in SYMBOLS + '"':
        spaced = spaced.replace(symbol, f" {symbol} ")
    words, places = tokens.words, tokens.places
    at = taken = 0
    for word in spaced.split(" "):
        if not word:
            continue
        at = plain.index(word, at)
        if word == '"':
            words.append('"' + literals[taken])
            places.append(at)
            taken += 1
        elif word in SYMBOLS or (word.isascii() and word.isidentifier()):
            words.append(word)
            places.append(at)
        else:
            _pieces(tokens, word, at)
        at += len(word)
    words.append("")
    places.append(len(tokens.text))
    return tokens


def _blank(tokens: Tokens) -> tuple[str, list[str]]:
    """The text with spaces in place of comments, and of literals but their first quote, which is `"`; and what the literals hold."""
    text = tokens.text
    parts: list[str] = []
    literals: list[str] = []
    following = {mark: text.find(mark) for mark in MARKS}
    at = 0
    while starts := [place for place in following.values() if place >= 0]:
        start = min(starts)
        if text[start] in "\"'":
            end = _literal(tokens, start, literals)
            parts += [text[at:start], '"', " " * (end - start - 1)]
        else:
            end = _comment(tokens, start)
            parts += [text[at:start], " " * (end - start)]
        at = end
        for mark, place in following.items():
            if 0 <= place < at:
                following[mark] = text.find(mark, at)
    parts.append(text[at:])
    return "".join(parts), literals


def _comment(tokens: Tokens, start: int) -> int:
    """Where the comment that starts at `start` ends."""
    text = tokens.text
    if text[start] == "#" or text.startswith("//", start):
        end = text.find("\n", start)
        return len(text) if end < 0 else end
    if not text.startswith("/*", start):
        raise tokens.fault(start, "unexpected '/'; a comment begins with //, /* or #")
    end = text.find("*/", start + 2)
    if end < 0:
        raise tokens.fault(start, "this comment never ends: expected */")
    if text.startswith("/**", start) and end > start + 2:
        tokens.docs.append((start, end + 2))
    return end + 2


def _literal(tokens: Tokens, start: int, literals: list[str]) -> int:
    """Where the literal that opens at `start` ends; what it holds goes to `literals`."""
    text = tokens.text
    mark = text[start]
    line_end = text.find("\n", start)
    stop = len(text) if line_end < 0 else line_end
    parts: list[str] = []
    at = start + 1
    while True:
        end = text.find(mark, at, stop)
        if end < 0:
            raise tokens.fault(start, f"this literal never ends: expected {mark} on the same line")
        escape = text.find("\\", at, end)
        if escape < 0:
            literals.append("".join((*parts, text[at:end])))
            return end + 1
        letter = text[escape + 1]
        if letter not in ESCAPES:
            raise tokens.fault(escape, f"unknown escape \\{letter}; known are \\r \\n \\t \\\" \\' \\\\")
        parts += [text[at:escape], ESCAPES[letter]]
        at = escape + 2


def _pieces(tokens: Tokens, word: str, place: int) -> None:
    """Add the tokens of a word that is neither a symbol nor a plain name: names with dots, numbers, and both at once (`1e5x`)."""
    at = 0
    while at < len(word):
        end = _name_end(word, at) if word[at] in LETTERS else _number_end(word, at)
        if end == at:
            raise tokens.fault(place + at, f"unexpected {word[at]!a}")
        tokens.words.append(word[at:end])
        tokens.places.append(place + at)
        at = end


def _name_end(word: str, at: int) -> int:
    while at < len(word):
        if word[at] == "." and word[at + 1 : at + 2] and word[at + 1] in LETTERS + DIGITS:
            at += 2
        elif word[at] in LETTERS or word[at] in DIGITS:
            at += 1
        else:
            break
    return at


def _number_end(word: str, start: int) -> int:
    """Where the longest number ends that starts there: `+5`, `0x1F`, `1.5e-3`, `.5`; `start` itself where none does."""
    at = start + 1 if word[start] in "+-" else start
    if word.startswith("0x", at) and word[at + 2 : at + 3] and word[at + 2] in HEX_DIGITS:
        return _run(word, at + 2, HEX_DIGITS)
    at = _run(word, at, DIGITS)
    if word[at : at + 1] == "." and _run(word, at + 1, DIGITS) > at + 1:
        at = _run(word, at + 1, DIGITS)
    if word[at : at + 1] in ("e", "E"):
        digits = at + 2 if word[at + 1 : at + 2] in ("+", "-") else at + 1
        if _run(word, digits, DIGITS) > digits:
            at = _run(word, digits, DIGITS)
    return at


def _run(word: str, at: int, letters: str) -> int:
    while at < len(word) and word[at] in letters:
        at += 1
    return at
