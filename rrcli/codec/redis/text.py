"""Replies as redis-cli prints them: `as_text` on a terminal (`--no-raw`), `as_raw` off one (`--raw`).

Users compare the two tools, and scripts written for one should read the other, so the output is the same to the byte:
numbering, widths, escapes, and the newline that `--raw` puts after an error. The tests run both against a real server.
Where redis-cli gives up (attributes, big numbers, bulk errors) the same style goes on.

The peer's control characters are escaped only where redis-cli does so, in bulk strings; a status, an error and a
verbatim string come bare, for the reporter to make harmless. redis-cli also prints the replies of some commands raw
on a terminal (INFO, CLIENT LIST, …): that is a matter of the command, which is not known here.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from rrcli.codec.redis.resp import Pairs, Reply

_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0x100))}
_ESCAPES |= {ord(char): escape for char, escape in zip('\\"\n\r\t\a\b', ("\\\\", '\\"', "\\n", "\\r", "\\t", "\\a", "\\b"), strict=True)}

_ASCII_ESCAPES = {code: escape for code, escape in _ESCAPES.items() if code < 0x80}

_EMPTY = {"array": "(empty array)", "map": "(empty hash)", "set": "(empty set)", "push": "(empty push)"}
_MARKS = {"set": "~", "map": "#"}


def as_text(reply: Reply, *, readable: bool = False) -> str:
    """What redis-cli prints on a terminal, without the final newline; with `readable` strings of UTF-8 keep their letters.

    Bytes of a status, an error or a verbatim string that are not UTF-8 become `\\xHH`, so that any output takes the text.
    """
    if _is_invalidation(reply):
        return "-> invalidate: " + ", ".join(f"'{_bare(key.value)}'" for key in reply.value[1].value)
    return _draw(reply, "", _readable if readable else _quoted)


def _quoted(value: bytes) -> str:
    return f'"{value.decode("latin-1").translate(_ESCAPES)}"'


def _readable(value: bytes) -> str:
    try:
        return f'"{value.decode().translate(_ASCII_ESCAPES)}"'
    except UnicodeDecodeError:
        return _quoted(value)


def as_raw(reply: Reply) -> bytes:
    """What redis-cli prints off a terminal, without the final newline: values bare, one element per line.

    An error ends with a newline of its own there, so that two follow it. Attributes are left out.
    """
    value = reply.value
    if reply.type in ("error", "blob_error"):
        return bytes(value) + b"\n"
    if reply.type == "map":
        return b"\n".join(as_raw(key) + b" " + as_raw(item) for key, item in value)
    if isinstance(value, tuple):
        return b"\n".join(map(as_raw, value))
    if isinstance(value, bytes):
        return value
    return b"" if value is None else _scalar(value).encode()


def _draw(reply: Reply, indent: str, string: Callable[[bytes], str]) -> str:
    """`indent` stands before every line but the first, which goes on where the caller's number ended."""
    if not reply.attributes:
        return _draw_value(reply, indent, string)
    return f"{_draw_pairs(reply.attributes, '|', indent, string)}\n{indent}{_draw_value(reply, indent, string)}"


def _draw_value(reply: Reply, indent: str, string: Callable[[bytes], str]) -> str:
    value = reply.value
    if isinstance(value, tuple):
        if not value:
            return _EMPTY[reply.type]
        mark = _MARKS.get(reply.type, ")")
        return _draw_pairs(value, mark, indent, string) if reply.type == "map" else _draw_elements(value, mark, indent, string)
    if reply.type == "bulk":
        return string(value)
    if reply.type in ("error", "blob_error"):
        return f"(error) {_bare(value)}"
    if isinstance(value, bytes):
        return _bare(value)
    if value is None:
        return "(nil)"
    if isinstance(value, bool):
        return _scalar(value)
    return f"({reply.type.replace('_', ' ')}) {value}"


def _draw_elements(elements: tuple[Reply, ...], mark: str, indent: str, string: Callable[[bytes], str]) -> str:
    width = len(str(len(elements)))
    inner = indent + " " * (width + 2)
    lines = (f"{number:>{width}}{mark} {_draw(element, inner, string)}" for number, element in enumerate(elements, 1))
    return f"\n{indent}".join(lines)


def _draw_pairs(pairs: Pairs, mark: str, indent: str, string: Callable[[bytes], str]) -> str:
    """A value of several lines starts on a line of its own, below its key."""
    width = len(str(len(pairs)))
    inner = indent + " " * (width + 2)
    lines = []
    for number, (key, value) in enumerate(pairs, 1):
        gap = f"\n{inner}" if _is_multiline(value) else ""
        lines.append(f"{number:>{width}}{mark} {_draw(key, inner, string)} => {gap}{_draw(value, inner, string)}")
    return f"\n{indent}".join(lines)


def _is_multiline(reply: Reply) -> bool:
    """Whether redis-cli counts on several lines: by elements, so that a verbatim text of many lines is not."""
    if reply.attributes:
        return True
    if not isinstance(reply.value, tuple) or not reply.value:
        return False
    if len(reply.value) > 1:
        return True
    return _is_multiline(reply.value[0][1] if reply.type == "map" else reply.value[0])


def _is_invalidation(reply: Reply) -> bool:
    """A push of client-side caching, which redis-cli prints in its own way."""
    if reply.type != "push" or len(reply.value) != 2:
        return False
    name, keys = reply.value
    return name.type == "bulk" and name.value == b"invalidate" and keys.type == "array" and all(key.type == "bulk" for key in keys.value)


def _scalar(value: bool | int | str) -> str:
    return f"({value})".lower() if isinstance(value, bool) else str(value)


def _bare(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")
