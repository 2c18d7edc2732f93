"""The text of a curl command cut into words, as the shell it was copied for would: bash, or Windows' cmd.

Nothing in it is ever run or expanded: what a shell would put in the place of `$NAME`, `$(…)` or a backtick is refused by name.
"""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.base.pasted import BLANKS, DOUBLE, INVISIBLE, SINGLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.base.errors import ExchangeError

LONGEST = 1 << 20  # bytes of a command
ENDS = {
    "|": "a pipe",
    ";": "another command",
    "&": "another command",
    ">": "a redirection",
    "<": "a redirection",
    "(": "a subshell",
    ")": "a subshell",
}
ESCAPES = {"a": 7, "b": 8, "e": 27, "E": 27, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, "'": 39, '"': 34, "?": 63}
DIGITS = {"x": (2, 16), "u": (4, 16), "U": (8, 16)}  # how many digits may follow, and their base
POWERSHELL = ("invoke-webrequest", "invoke-restmethod", "iwr", "irm")


def read_command(source: str) -> list[str]:
    """The words behind `curl` in a text, or in standard input for `-`. Raises `usage`, or `local` when it cannot be read."""
    text = _from_stdin() if source == "-" else source
    if len(text) > LONGEST:
        raise usage(f"the curl command is longer than {LONGEST >> 20} MiB")
    text = text.strip().strip(INVISIBLE).removeprefix("$ ")
    start = text.partition(" ")[0].lower()
    if start.startswith("$") or start in POWERSHELL:
        raise usage("this is a PowerShell command", "copy it as cURL (bash), or as cURL (cmd)")
    words = list(_cmd_words(text) if _is_cmd(text) else _Bash(text).words())
    name = words[0].replace("\\", "/").rpartition("/")[2].removesuffix(".exe") if words else ""
    if name != "curl":
        raise usage(f"this is no curl command: it begins with {words[0][:40]!r}" if words else "the curl command is empty")
    return words[1:]


def _from_stdin() -> str:
    from os import read

    from rrcli.base.errors import ExchangeError

    data = b""
    try:
        while len(data) <= LONGEST and (more := read(0, 65536)):
            data += more
    except OSError as error:
        raise ExchangeError("local", "input", f"cannot read standard input: {(error.strerror or str(error)).lower()}") from error
    return data.decode("utf-8", "surrogateescape")


# --- bash (its manual, "Quoting")


class _Bash:
    """Reads one simple command."""

    def __init__(self, text: str) -> None:
        self._text = text.replace("\r\n", "\n")
        self._at = 0

    def words(self) -> Iterator[str]:
        """Each word. Raises `usage` for what only a shell could do."""
        text = self._text
        while self._at < len(text):
            if text[self._at] in f" \t{INVISIBLE}":
                self._at += 1
            elif text.startswith("\\\n", self._at):
                self._at += 2
            elif text[self._at] == "\n":
                if text[self._at :].strip():
                    raise usage("a second command follows the curl command", "give one; a line that goes on ends with a backslash")
                return
            else:
                yield self._word()

    def _word(self) -> str:
        text, found = self._text, bytearray()
        if text[self._at] == "~":
            raise _not_done("~", "the home folder")
        while self._at < len(text) and text[self._at] not in f" \t\n{BLANKS}":
            letter = text[self._at]
            self._at += 1
            if letter == "'":
                found += _octets(self._until("'"))
            elif letter == '"':
                found += self._double()
            elif letter in SINGLE or letter in DOUBLE:
                found += self._typographic(letter)
            elif letter == "\\":
                found += self._escaped()
            elif letter == "$":
                found += self._dollar(quoted=False)
            elif letter == "`":
                raise _not_done("`", "a command's output")
            elif letter in ENDS:
                hint = "a URL with & needs quotes" if letter == "&" else "give the curl command alone"
                raise usage(f"{letter!r} outside of quotes is {ENDS[letter]} to a shell", hint)
            else:
                found += _octets(letter)
        return found.decode("utf-8", "surrogateescape")

    def _until(self, quote: str) -> str:
        end = self._text.find(quote, self._at)
        if end < 0:
            raise _unclosed(quote)
        found = self._text[self._at : end]
        self._at = end + 1
        return found

    def _typographic(self, opening: str) -> bytes:
        """What stands in quotes that an editor made of plain ones, up to one behind which a word ends; those within were plain too."""
        kind, plain = (SINGLE, "'") if opening in SINGLE else (DOUBLE, '"')
        text, ends = self._text, f" \t\n\\{BLANKS}"
        end = next((at for at in range(self._at, len(text)) if text[at] in kind + plain and (text[at + 1 : at + 2] or " ") in ends), -1)
        if end < 0:
            raise _unclosed(opening)
        found = text[self._at : end]
        self._at = end + 1
        for each, ascii_quote in ((SINGLE, "'"), (DOUBLE, '"')):
            for letter in each:
                found = found.replace(letter, ascii_quote)
        return _octets(found.replace('\\"', '"') if opening in DOUBLE else found)

    def _escaped(self) -> bytes:
        """What a backslash outside of quotes protects; a line end vanishes with it."""
        letter = self._text[self._at : self._at + 1]
        self._at += 1
        return b"" if letter == "\n" else _octets(letter or "\\")

    def _double(self) -> bytes:
        found = bytearray()
        while self._at < len(self._text):
            letter = self._text[self._at]
            self._at += 1
            if letter == '"':
                return bytes(found)
            if letter == "\\" and self._text[self._at : self._at + 1] in ("$", "`", '"', "\\", "\n"):
                found += self._escaped()
            elif letter == "$":
                found += self._dollar(quoted=True)
            elif letter == "`":
                raise _not_done("`", "a command's output")
            else:
                found += _octets(letter)
        raise _unclosed('"')

    def _dollar(self, *, quoted: bool) -> bytes:
        """What follows a `$`: ANSI-C quoting, a translated text, or nothing that is meant."""
        following = self._text[self._at : self._at + 1]
        if following == "'" and not quoted:
            self._at += 1
            return self._ansi()
        if following == '"' and not quoted:
            return b""  # the text follows
        if following == "(":
            raise _not_done("$(…)", "a command's output")
        if following == "{" or (following in "@*#?-$!" and following) or following.isalnum() or following == "_":
            name = "".join(_leading(self._text[self._at :].lstrip("{"))) or following
            raise _not_done(f"${name}", "a variable")
        return b"$"

    def _ansi(self) -> bytes:
        """`$'…'` up to its end (bash's manual, "ANSI-C Quoting")."""
        found, text = bytearray(), self._text
        while self._at < len(text):
            letter = text[self._at]
            self._at += 1
            if letter == "'":
                if b"\0" in found:
                    raise usage("the curl command has a NUL in $'…', which no word can hold")
                return bytes(found)
            found += self._ansi_escape() if letter == "\\" else _octets(letter)
        raise _unclosed("$'")

    def _ansi_escape(self) -> bytes:
        letter = self._text[self._at : self._at + 1]
        if letter in ESCAPES and letter:
            self._at += 1
            return bytes([ESCAPES[letter]])
        if letter in DIGITS and letter:
            most, base = DIGITS[letter]
            self._at += 1
            digits = self._digits(most, "0123456789abcdefABCDEF")
            if not digits:
                return _octets("\\" + letter)
            code = int(digits, base)
            if letter != "x" and code > 0x10FFFF:
                raise usage(f"\\{letter}{digits} is no character")
            return bytes([code]) if letter == "x" else chr(code).encode("utf-8", "surrogatepass")
        if digits := self._digits(3, "01234567"):
            return bytes([int(digits, 8) & 0xFF])
        if letter == "c":
            control = self._text[self._at + 1 : self._at + 2]
            self._at += 2
            return bytes([ord(control) & 0x1F]) if control.isascii() and control else b""
        return b"\\"

    def _digits(self, most: int, known: str) -> str:
        begin = self._at
        while self._at < begin + most and self._text[self._at : self._at + 1] and self._text[self._at] in known:
            self._at += 1
        return self._text[begin : self._at]


def _leading(text: str) -> Iterator[str]:
    """The letters of a variable's name."""
    for letter in text:
        if not (letter.isalnum() or letter == "_"):
            return
        yield letter


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _not_done(what: str, meaning: str) -> ExchangeError:
    return usage(
        f"{what} in the curl command is {meaning} to a shell, and is not looked up here", "put the value there, or quote it with '…'"
    )


def _unclosed(quote: str) -> ExchangeError:
    return usage(f"the quote {quote} in the curl command has no end")


# --- cmd, as browsers write it


def _is_cmd(text: str) -> bool:
    """Whether the first quote is cmd's: `^"`, or a `"` in a command whose lines end with `^`."""
    first = min((at for at in (text.find("'"), text.find('"')) if at >= 0), default=-1)
    if first > 0 and text[first] == '"' and text[first - 1] == "^":
        return True
    lines = text.replace("\r\n", "\n").split("\n")
    return (first < 0 or text[first] == '"') and any(line.endswith("^") for line in lines[:-1])


def _cmd_words(text: str) -> Iterator[str]:
    r"""The words that a browser meant: it puts `^` before what cmd would touch, and a backslash before `\` and `"`."""
    text = _without_carets(text.replace("\r\n", "\n"))
    word: list[str] = []
    quoted, open_, at = False, False, 0
    while at < len(text):
        letter, following = text[at], text[at + 1 : at + 2]
        at += 1
        if letter == "\\" and following in ("\\", '"') and following:
            word.append(following)
            at += 1
        elif letter == '"' and quoted and following == '"':
            word.append('"')
            at += 1
        elif letter == '"':
            quoted, open_ = not quoted, True
        elif letter in " \t\n" and not quoted:
            if word or open_:
                yield "".join(word)
            word, open_ = [], False
        else:
            word.append(letter)
    if quoted:
        raise _unclosed('"')
    if word or open_:
        yield "".join(word)


def _without_carets(text: str) -> str:
    """What cmd leaves: a caret is gone and what follows it stays, a line end vanishes with it.

    Within quotes of its own cmd keeps carets; those that browsers write are `^"`, which are none to it.
    """
    found: list[str] = []
    quoted, at = False, 0
    while at < len(text):
        letter = text[at]
        at += 1
        if letter == '"':
            quoted = not quoted
        if letter != "^" or quoted:
            found.append(letter)
        elif text[at : at + 1] == "\n":  # and what stands behind the line end is protected in its turn
            found.append(text[at + 1 : at + 2])
            at += 2
        else:
            found.append(text[at : at + 1])
            at += 1
    return "".join(found)
