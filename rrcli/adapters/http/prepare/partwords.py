"""curl's `-F` and `--form-string`: the small language of words, quotes and options that describes a part of a form.

    -F 'name="Doe; John"'                         quotes keep what would end the word; \\" and \\\\ stand for " and \\
    -F 'f=@a.png,"b c.png";type=image/png'        files, several of them in a part of their own
    -F 'f=<notes.txt;encoder=base64'              the content of a file, without its name
    -F 'f=x;filename=n;type=a/b;headers="X-A: 1"' `headers=@FILE` has many
    -F '=(;type=multipart/alternative'  …  -F '=)'  parts within a part

The rules are those of curl 8 (src/tool_formparse.c), but that a `;` within text that is no option's is text, and noted.
"""

from __future__ import annotations

import re

from rrcli.adapters.http.prepare.content import octets, read_local
from rrcli.adapters.http.prepare.multipart import ENCODERS, Part, file_part
from rrcli.base.errors import usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

OPTIONS = ("type", "filename", "headers", "encoder")
BLANKS = " \t\r\n\v\f"
MEDIA_TYPE = re.compile(r"[^/ ]+/[^;, \n]+")


class Described:
    """A word and its options as `-F` writes them, read from `text` at `at` to `end` or the end of the text."""

    def __init__(self, flag: str, text: str, at: int, end: str = "") -> None:
        self._flag, self._text, self._end = flag, text, end
        self.at = at  # where the reader stands
        self.media_type: str | None = None
        self.filename: str | None = None
        self.encoder: str | None = None
        self.headers: list[tuple[str, str]] = []  # "@" and a file, or "" and a line
        self.left_out: list[str] = []  # what is no option
        self._types_end = False  # whether the option before was the type, whose parameters may follow
        self.word, self.quoted = self._word()
        while self._peek() == ";":
            self.at += 1
            self._option()

    def _peek(self) -> str:
        return self._text[self.at : self.at + 1]

    def _skip_blanks(self) -> None:
        while self._peek() and self._peek() in BLANKS:
            self.at += 1

    def _word(self) -> tuple[str, bool]:
        """A word without its quotes, or what stands before the next `;`; and whether it had quotes."""
        self._skip_blanks()
        if self._peek() == '"' and (found := re.compile(r'"((?:\\[\\"]|[^"])*)"', re.DOTALL).match(self._text, self.at)):
            self.at = found.end()
            if rest := self._plain():
                self.left_out.append(rest)
            return re.sub(r'\\([\\"])', r"\1", found[1]), True
        return self._plain(), False

    def _plain(self) -> str:
        begin = self.at
        while (letter := self._peek()) and letter != ";" and letter != self._end:
            self.at += 1
        return self._text[begin : self.at].strip(BLANKS)

    def _option(self) -> None:
        begin = self.at
        self._skip_blanks()
        found = re.compile(r"(type|filename|headers|encoder)=", re.IGNORECASE).match(self._text, self.at)
        key = found[1].lower() if found else ""
        if found and not (key == "type" and self.media_type):
            self.at = found.end()
        if key == "type" and not self.media_type:
            self.media_type = self._plain()
            if not MEDIA_TYPE.match(self.media_type):
                raise usage(f"type={self.media_type!r} in {self._flag} is no media type", "write ;type=text/plain")
            self._types_end = True
            return
        if key == "filename":
            self.filename = self._word()[0]
        elif key == "encoder":
            self.encoder = self._encoder()
        elif key == "headers":
            from_file = self._peek() in ("@", "<") and self._peek() != ""
            self.at += from_file
            self.headers.append(("@" if from_file else "", self._word()[0]))
        elif self.media_type and self._types_end:
            self._plain()
            self.media_type += ";" + self._text[begin : self.at].rstrip(BLANKS)
            return
        else:
            self._word()
            self.left_out.append(";" + self._text[begin : self.at])
        self._types_end = False

    def _encoder(self) -> str:
        word = self._word()[0]
        if word.lower() not in ENCODERS:
            raise usage(f"encoder={word!r} in {self._flag} is no encoding", f"write one of {', '.join(ENCODERS)}")
        return word.lower()


def read_parts(steps: Iterable[tuple[str, str]]) -> list[Part]:
    """The parts that the `-F` and `--form-string` of a command line describe. Raises `usage`, or `local` for a file."""
    groups: list[tuple[Part, list[Part]]] = [(Part(name=None, content=b""), [])]
    for flag, text in steps:
        name, value = _name(flag, text)
        if flag == "-F" and value.startswith("("):
            group = _given(Described(flag, value, 1))
            groups.append((group.replace(name=name), []))
        elif flag == "-F" and value == ")" and name is None:
            if len(groups) == 1:
                raise usage("-F '=)' ends a group of parts that none began", "'=(' begins one")
            group, inner = groups.pop()
            groups[-1][1].append(group.replace(content=tuple(inner)))
        else:
            groups[-1][1].append(_part(flag, name, value))
    while len(groups) > 1:  # as curl: the end of the command line ends them
        group, inner = groups.pop()
        groups[-1][1].append(group.replace(content=tuple(inner)))
    return groups[0][1]


def _name(flag: str, text: str) -> tuple[str | None, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise usage(f"{flag} {text!r} is no part", "write name=value or name=@file")
    return name or None, value


def _part(flag: str, name: str | None, value: str) -> Part:
    if flag == "--form-string":
        return Part(name=name, content=octets(value))
    if value.startswith("@"):
        return _files(flag, name, value)
    described = Described(flag, value, 1 if value.startswith("<") else 0)
    given = _given(described).replace(name=name)
    if value.startswith("<"):
        return given.replace(content=read_local(described.word), filename=None)
    return given.replace(content=octets(described.word if described.quoted else _text_of(described)))


def _text_of(described: Described) -> str:
    """Text without quotes, with each `;` that begins no option."""
    return described.word + "".join(described.left_out)


def _files(flag: str, name: str | None, value: str) -> Part:
    """`@a,b`: one file, or a part that has several."""
    parts: list[Part] = []
    for described in _listed(flag, value):
        parts.append(file_part(name, described.word, _given(described)))
    if len(parts) == 1:
        return parts[0]
    return Part(name=name, content=tuple(part.replace(name=None) for part in parts))


def _listed(flag: str, value: str) -> list[Described]:
    found = [Described(flag, value, 1, ",")]
    while found[-1].at < len(value):
        found.append(Described(flag, value, found[-1].at + 1, ","))
    return found


def _given(described: Described) -> Part:
    lines: list[str] = []
    for source, text in described.headers:
        lines += _header_lines(text) if source else [text]
    return Part(
        name=None,
        content=b"",
        filename=described.filename,
        media_type=described.media_type,
        encoder=described.encoder,
        headers=tuple(lines),
    )


def _header_lines(path: str) -> list[str]:
    """The header lines in a file: none of blanks or behind a `#`, and those that begin with a blank belong to the one before."""
    lines: list[str] = []
    for line in read_local(path).decode("utf-8", "surrogateescape").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line[0] in " \t" and lines:
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line.rstrip())
    return lines


# --- what a user may not have meant


def doubts(steps: Iterable[tuple[str, str]]) -> list[str]:
    """What in each `-F` is read as text or left out, where curl does otherwise or it has no effect."""
    found: list[str] = []
    for flag, text in steps:
        name, _, value = text.partition("=")
        if flag != "-F" or value[:1] in ("(", ")"):
            continue
        all_described = _listed(flag, value) if value.startswith("@") else [Described(flag, value, int(value.startswith("<")))]
        for described in all_described:
            found += _doubt(name, value, described)
    return found


def _doubt(name: str, value: str, described: Described) -> list[str]:
    found: list[str] = []
    if described.left_out and not described.quoted and value[:1] not in ("@", "<"):
        found.append(f"the text of the part {name!r} has a ; and is sent whole, where curl cuts it: quotes around it keep it there too")
    elif described.left_out:
        found.append(f"in the part {name!r} {''.join(described.left_out)[:40]!r} is no option, and is left out as in curl")
    if value.startswith("<") and described.filename is not None:
        found.append(f"the part {name!r} has the content of a file, and filename= has no effect: @ in the place of < sends it as a file")
    return found
