"""Names for saved files that a server has a say in: what it says is taken apart, and made harmless.

A name is one segment: no folders, no `..`, no hidden file, no option of the shell's commands, nothing that a terminal or
an eye reads otherwise than it is, none of the names that Windows keeps for devices, and short enough for any file system.
"""

from __future__ import annotations

from rrcli.base.fields import first
from rrcli.base.url import unquote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model.values import Fields

LONGEST = 200  # bytes
SUFFIX = 20  # bytes of an extension that survive the cut
DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$", *(f"{name}{n}" for name in ("com", "lpt") for n in "0123456789¹²³")}
AWKWARD = '<>:"|?*'  # what other file systems have no place for


def safe_name(text: str) -> str | None:
    """One harmless name made of `text`; `None` where nothing is left of it."""
    name = text.replace("\\", "/").rpartition("/")[2]
    # Not printable are controls, formats (the bidirectional ones, zero widths), surrogates, separators of lines.
    name = "".join(["_" if letter in AWKWARD else letter for letter in name if letter.isprintable()])
    name = name.strip(" ").rstrip(". ")
    if name.startswith((".", "-")):
        name = "_" + name.lstrip(".-")
    if not name.strip("_ "):
        return None
    if name.partition(".")[0].rstrip().lower() in DEVICES:
        name = "_" + name
    return _cut(name)


def _cut(name: str) -> str:
    """The name within `LONGEST` bytes, its extension kept."""
    if len(name.encode()) <= LONGEST:
        return name
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension.encode()) > SUFFIX:
        stem, dot, extension = name, "", ""
    room = LONGEST - len((dot + extension).encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(". ") + dot + extension


def from_url(path: str) -> str | None:
    """The last segment of a URL's path, as it is written there: curl decodes nothing either."""
    return safe_name(path.rpartition("/")[2])


def from_disposition(fields: Fields) -> str | None:
    """The name that Content-Disposition gives, `filename*` before `filename` (RFC 6266 section 4.3)."""
    value = first(fields, "content-disposition")
    if value is None:
        return None
    found = dict(reversed(_parameters(value)))  # the first of equal ones counts
    name = _extended(found["filename*"]) if "filename*" in found else None
    if name is None and "filename" in found:
        name = _read(found["filename"].encode("latin-1", "replace"))
    return safe_name(name) if name else None


def _read(data: bytes) -> str:
    """Bytes as most servers mean them: UTF-8, else Latin-1."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _extended(value: str) -> str | None:
    """The text of `UTF-8''na%C3%AFve.txt` (RFC 8187 section 3.2); `None` for what is none."""
    charset, quote, rest = value.partition("'")
    _, second, encoded = rest.partition("'")
    if not (quote and second) or charset.lower() not in ("utf-8", "iso-8859-1"):
        return None
    try:
        data = unquote(encoded).encode("utf-8", "surrogateescape")
        return data.decode(charset)
    except UnicodeError:
        return None


def _parameters(value: str) -> list[tuple[str, str]]:
    """The parameters behind the disposition's type, which some servers leave out; quoted ones unquoted."""
    found: list[tuple[str, str]] = []
    first, semicolon, _ = value.partition(";")
    at = -1 if first.partition("=")[2].lstrip().startswith('"') else len(first) if semicolon else len(value)
    while at < len(value):
        name, equals, _ = value[at + 1 :].partition("=")
        if not equals:
            break
        begin = at + 1 + len(name) + 1
        text, at = _value(value, begin)
        found.append((name.rpartition(";")[2].strip().lower(), text))
    return found


def _value(value: str, at: int) -> tuple[str, int]:
    """A parameter's value, a token or a quoted string, and where the next `;` is."""
    while value[at : at + 1] in (" ", "\t"):
        at += 1
    if value[at : at + 1] != '"':
        end = value.find(";", at)
        return (value[at:] if end < 0 else value[at:end]).strip(), len(value) if end < 0 else end
    text = ""
    at += 1
    while at < len(value) and value[at] != '"':
        # Browsers write `C:\x` unescaped: a backslash counts only before what needs one (RFC 6266 section 4.3 allows for it).
        if value[at] == "\\" and value[at + 1 : at + 2] in ('"', "\\"):
            at += 1
        text += value[at]
        at += 1
    end = value.find(";", at)
    return text, len(value) if end < 0 else end
