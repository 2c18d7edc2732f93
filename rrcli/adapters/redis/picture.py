"""A reply as people read it: values as redis-cli prints them, with letters in place of UTF-8's bytes, pairs as pairs, errors in red."""

from __future__ import annotations

from rrcli.adapters.redis.commands import LONGEST_WORD, is_text, name_of
from rrcli.adapters.redis.reply import LARGEST_DRAWN, is_error
from rrcli.base.units import counted, size
from rrcli.codec.redis.text import as_raw, as_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from rrcli.codec.redis.resp import Pairs, Reply
    from rrcli.model.values import Lines

WIDEST_KEY = 40  # columns up to which keys of pairs are padded
# Over RESP2 a flat list answers them, which RESP3 has as a map; `CONFIG GET` as `HGETALL`.
PAIRED = frozenset({"HGETALL", "CONFIG GET", "XINFO STREAM", "MEMORY STATS", "PUBSUB NUMSUB", "HELLO"})
TABLES = {"INFO": "info", "SLOWLOG GET": "slowlog"}  # functions of `tables.py`
ERROR = "(error)"


def headline(words: Sequence[bytes], reply: Reply) -> str:
    """What the first line says of a reply: `nil`, a count, a size; nothing of an error, whose status says it."""
    value = reply.value
    if is_error(reply):
        return ""
    if value is None:
        return "nil"
    if isinstance(value, tuple):
        pairs = pairs_of(words, reply)
        if pairs is not None:
            return counted(len(pairs), "field" if name_of(words or (b"",))[0] == "HGETALL" else "pair")
        return counted(len(value), "element")
    if isinstance(value, bytes) and (reply.type == "bulk" or len(value) > LONGEST_WORD or b"\n" in value):
        return size(len(value))
    return as_text(reply.replace(attributes=())).removeprefix(f"({reply.type.replace('_', ' ')}) ")


def picture(words: Sequence[bytes], reply: Reply) -> str | Lines | None:
    """The reply drawn, where it is not too large for that; `words` are the command's, and none where it was not sent."""
    if len(as_raw(reply)) >= LARGEST_DRAWN:
        return None
    return with_errors_marked(text_of(words, reply))


def text_of(words: Sequence[bytes], reply: Reply) -> str:
    """The reply drawn as lines of text."""
    if is_error(reply) or not words:
        return as_text(reply, readable=True)
    command, sub = name_of(words)
    if name := TABLES.get(command) or TABLES.get(sub):
        from rrcli.adapters.redis import tables

        if table := getattr(tables, name)(reply):
            return str(table)
    if is_text(words):
        return as_raw(reply).decode("utf-8", "backslashreplace").replace("\r\n", "\n").removesuffix("\n")
    pairs = None if reply.attributes else pairs_of(words, reply)
    if not pairs or any(part.attributes or isinstance(part.value, tuple) for pair in pairs for part in pair):
        return as_text(reply, readable=True)
    return _paired(pairs)


def pairs_of(words: Sequence[bytes], reply: Reply) -> Pairs | None:
    """Names and their values, where the reply has such: a map, or what a command answers in its place over RESP2."""
    if reply.type == "map":
        found: Pairs = reply.value
        return found
    if reply.type != "array" or not words or PAIRED.isdisjoint(name_of(words)) or len(reply.value) % 2:
        return None
    return tuple(zip(reply.value[::2], reply.value[1::2], strict=True))


def _paired(pairs: Pairs) -> str:
    """Name and value side by side, all values in one column."""
    names = [_name(key) for key, _ in pairs]
    column = min(max(map(len, names)), WIDEST_KEY)
    return "\n".join(f"{name:<{column}}  {as_text(value, readable=True)}" for name, (_, value) in zip(names, pairs, strict=True))


def _name(key: Reply) -> str:
    """A key without quotes, where nobody needs them to see where it ends."""
    text = as_text(key, readable=True)
    inner = text[1:-1]
    return inner if key.type == "bulk" and inner and " " not in inner and "\\" not in inner else text


def with_errors_marked(text: str) -> str | Lines:
    """The text, where an error stands in it as lines whose pieces say so."""
    if ERROR not in text:
        return text
    return tuple(_marked(line) for line in text.split("\n"))


def _marked(line: str) -> tuple[tuple[str, str], ...]:
    """An error stands behind the numbers of its place alone: a string that reads like one is in quotes."""
    at = line.find(ERROR)
    before = line[: max(at, 0)]
    if at < 0 or before.strip(" 0123456789)~#|>"):
        return ((line, ""),)
    return ((before, ""), (line[at:], "bad"))
