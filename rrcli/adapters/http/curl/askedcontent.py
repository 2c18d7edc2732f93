"""Content as it was asked for, as curl's options: forms and files stay what they are, in place of the bytes that they became."""

from __future__ import annotations

from rrcli.adapters.http.shownwords import data, part
from rrcli.base.fields import all_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.http.request import AnyHttpRequest


def asked_content(request: AnyHttpRequest) -> list[str]:
    """Options and their words in turn; nothing where the bytes that were sent say the same, or more."""
    if request.compress or request.get:
        return []
    if request.parts and not _has_boundary(request):
        return [word for step in request.parts for word in step]
    if request.data and any(_is_file(flag, text) for flag, text in request.data):
        return [word for step in request.data for word in step]
    return [] if _has_boundary(request) else _items(request)


def shown_content(flag: str, text: str) -> str:
    """A word of these with its secrets masked."""
    return part(flag, text) if flag in ("-F", "--form-string") else data(flag, text)


def _is_file(flag: str, text: str) -> bool:
    """Whether it names a file, which is not standard input: what came in there is gone."""
    if flag == "--data-raw":
        return False
    name = text.partition("@")[2] if flag == "--data-urlencode" and "=" not in text else text[1:] if text[:1] == "@" else ""
    return name not in ("", "-")


def _has_boundary(request: AnyHttpRequest) -> bool:
    """Whether the user chose the boundary, which curl would not take."""
    fields = [(name, value) for name, _, value in (line.partition(":") for line in request.headers)]
    return any("boundary=" in value for value in all_of(fields, "content-type"))


def _items(request: AnyHttpRequest) -> list[str]:
    """HTTPie's items with a file among them, which are a form."""
    if not any("@" in word for word in request.arguments):
        return []
    from rrcli.adapters.http.prepare.items import form_value, read_items
    from rrcli.adapters.http.prepare.target import split_words

    found = [item for item in read_items(split_words(request.arguments)[2]) if item.separator in ("=", ":=", "@")]
    if not any(item.separator == "@" for item in found):
        return []
    words: list[str] = []
    for item in found:
        file = item.separator == "@"
        words += ["-F", f"{item.name}=@{_quoted(item.value)}"] if file else ["--form-string", f"{item.name}={form_value(item)}"]
    return words


def _quoted(value: str) -> str:
    """The path of a file, in quotes where `-F` would cut it, and what HTTPie has behind it."""
    from rrcli.adapters.http.prepare.multipart import path_of_item

    path, options = path_of_item(value)
    if any(letter in path for letter in ',;"') or path != path.strip():
        escaped = path.replace("\\", "\\\\").replace('"', '\\"')
        path = f'"{escaped}"'
    return path + "".join([f";{name}={word}" for name, word in options.items()])
