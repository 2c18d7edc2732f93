"""Where each key and value of a TOML or JSON text stands.

The libraries that read such texts give values alone, and places are wanted only to report something: so this second, lazy walk
notes places and makes no values. It takes a text that was read without error, or stops where it can go no further.
One walk does for both: strings, lists and objects are written alike, but for `=` or `:` behind a key; TOML 1.1 has headings and
dotted keys besides.
"""

from __future__ import annotations

import re
from bisect import bisect_right

TYPE_CHECKING = False
if TYPE_CHECKING:
    Path = tuple[str | int, ...]  # from the top: keys, and numbers of elements from 0

SPACE = re.compile(r"(?:[ \t\n]|#[^\n]*)*")  # what may stand between two statements, or elements
BLANK = re.compile(r"[ \t]*")
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
BARE_VALUE = re.compile(r"[^,\]}#\n]+")  # numbers, words, dates
STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}'  # up to two quotes may stand before the three that end it
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)


class Stop(Exception):
    """The text goes on in a way that is neither TOML nor JSON."""


class Places:
    """The offsets of keys and values by their paths, and which keys are given twice. Lines and columns count from 1, in characters."""

    def __init__(self, text: str, *, is_json: bool) -> None:
        self.keys: dict[Path, int] = {}
        self.values: dict[Path, int] = {}
        self.repeated: list[tuple[str, int]] = []  # keys given again, each with its offset
        self._text = text
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self._sign = ":" if is_json else "="
        self._tables: set[Path] = set()  # that have a heading of their own
        self._lengths: dict[Path, int] = {}  # of lists of tables, which are made by their headings
        try:
            if is_json:
                self._value((), self._skip(0))
            else:
                self._statements()
        except (Stop, RecursionError):
            pass

    def line_and_column(self, offset: int) -> tuple[int, int]:
        """The line and the column of an offset."""
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def of(self, path: Path, *, key: bool = False) -> tuple[int, int]:
        """The line and the column of a value, or of its `key`; of the nearest one around it where it has none itself."""
        table = self.keys if key else self.values
        while path and path not in table:
            path = path[:-1]
        return self.line_and_column(table.get(path, 0))

    # --- TOML

    def _statements(self) -> None:
        """Headings, and keys with their values below each."""
        text, at = self._text, 0
        table: Path = ()
        while (at := self._skip(at)) < len(text):
            if text[at] == "[":
                table, at = self._heading(at)
            else:
                at = self._pair(table, at)

    def _heading(self, at: int) -> tuple[Path, int]:
        """The table of `[a.b]`, or the new one of `[[a.b]]`."""
        begin, marks = at, 2 if self._text.startswith("[[", at) else 1
        names, at = self._key(self._blank(at + marks))
        at = self._expect("]" * marks, at)
        path: Path = ()
        for number, (name, offset) in enumerate(names, 1):
            path = (*path, name)
            self.keys.setdefault(path, offset)
            self.values.setdefault(path, begin)
            if number < len(names) or marks == 1:
                path = self._newest(path)
        if marks == 2:
            count = self._lengths.get(path, 0)
            self._lengths[path] = count + 1
            path = (*path, count)
            self.keys[path] = names[-1][1]
            self.values[path] = begin
        elif path in self._tables:
            self.repeated.append(names[-1])
        self._tables.add(path)
        return path, at

    def _newest(self, path: Path) -> Path:
        """The path itself, or that of the latest table in a list of them: which is what a key or a heading below it is about."""
        count = self._lengths.get(path)
        return (*path, count - 1) if count else path

    # --- both

    def _pair(self, table: Path, at: int) -> int:
        """A key and its value."""
        names, at = self._key(at)
        at = self._blank(self._expect(self._sign, at)) if self._sign == "=" else self._skip(self._expect(self._sign, at))
        path = table
        for name, offset in names:
            path = (*path, name)
            if len(path) == len(table) + len(names) and path in self.values:
                self.repeated.append((name, offset))
            self.keys.setdefault(path, offset)
            self.values.setdefault(path, at)
        return self._value(path, at)

    def _key(self, at: int) -> tuple[list[tuple[str, int]], int]:
        """The parts of a key, dotted perhaps, each with its offset; then where what follows it begins."""
        names: list[tuple[str, int]] = []
        while True:
            found = STRING.match(self._text, at) or BARE_KEY.match(self._text, at)
            if not found:
                raise Stop
            names.append((self._name(found[0]), at))
            at = self._blank(found.end())
            if not self._text.startswith(".", at):
                return names, at
            at = self._blank(at + 1)

    def _name(self, text: str) -> str:
        """The key that is written so."""
        if text[0] not in "\"'":
            return text
        if "\\" not in text or text[0] == "'":
            return text[1:-1]
        from tomli import TOMLDecodeError, loads

        try:
            return str(loads(f"key = {text}")["key"])
        except TOMLDecodeError:  # JSON has the escape \/ besides, and halves of a surrogate pair
            from json import loads as json_loads

            try:
                return str(json_loads(text))
            except ValueError:
                raise Stop from None

    def _value(self, path: Path, at: int) -> int:
        """Note what a value holds; the offset behind it."""
        self.values.setdefault(path, at)
        text = self._text
        first = text[at : at + 1]
        if first not in ("[", "{"):
            found = STRING.match(text, at) if first in ("'", '"') else BARE_VALUE.match(text, at)
            if not found:
                raise Stop
            return found.end()
        end, number = "]" if first == "[" else "}", 0
        at = self._skip(at + 1)
        while not text.startswith(end, at):
            at = self._value((*path, number), at) if first == "[" else self._pair(path, at)
            number += 1
            at = self._skip(at)
            if text.startswith(",", at):
                at = self._skip(at + 1)
            elif not text.startswith(end, at):
                raise Stop
        return at + 1

    def _skip(self, at: int) -> int:
        found = SPACE.match(self._text, at)
        return found.end() if found else at

    def _blank(self, at: int) -> int:
        found = BLANK.match(self._text, at)
        return found.end() if found else at

    def _expect(self, mark: str, at: int) -> int:
        """The offset behind a mark, which may have white space before it."""
        at = self._skip(at) if self._sign == ":" else at
        if not self._text.startswith(mark, at):
            raise Stop
        return at + len(mark)
