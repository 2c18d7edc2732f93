"""The places of masks within a word, and the names by which one asks for the secrets that belong there."""

from __future__ import annotations

import re

from rrcli.base.fields import MASK, is_secret_name
from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# What stands before a value: its name, and perhaps a quote and the scheme of credentials.
NAMED = re.compile(r"""([A-Za-z0-9_.-]+)["']?\]?\s*(?:==|:=|=|:)\s*["']?(?:[A-Za-z][A-Za-z0-9-]*\s+)?$""")
VALUE = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s,}\]]+)')  # of JSON, which a mask in quotes stands for
AUTHENTICATION = "Authentication"  # the group of options that the field Authorization is made of


class Place(Record):
    """The place of one secret. The first of its `names` is the one that it is called by."""

    names: tuple[str, ...]
    before: str  # the text before it, as it is shown
    after: str

    @property
    def in_userinfo(self) -> bool:
        """Whether it is the user or the password of a URL."""
        return is_userinfo(self.before, self.after)


def is_userinfo(before: str, after: str) -> bool:
    """Whether what stands between the two is the userinfo of a URL, or its end."""
    rest = before.rpartition("://")[2]
    return "://" in before and not any(letter in rest for letter in "/?# \"'") and re.match(r"[^/?#\s]*@", after) is not None


def places(shown: str, key: str = "", metavar: str = "", group: str = "") -> Iterator[Place]:
    """The places of the masks in a word: in an argument, or in the value of the option of this key."""
    pieces = shown.split(MASK)
    for number in range(len(pieces) - 1):
        before, after = MASK.join(pieces[: number + 1]), MASK.join(pieces[number + 1 :])
        names = [_name(before, after, metavar) or key or "password"]
        names += ["authorization"] * (group == AUTHENTICATION) + [key] * bool(key)
        yield Place(names=tuple(dict.fromkeys(map(plain_name, names))), before=before, after=after)


def _name(before: str, after: str, metavar: str) -> str:
    if is_userinfo(before, after):
        return "password" if ":" in before.rpartition("://")[2] else "token"
    parts = metavar.split(":")
    part = parts[min(before.count(":"), len(parts) - 1)]
    if len(parts) > 1 and is_secret_name(part):
        return part
    found = NAMED.search(before)
    return found[1] if found else ""


def plain_name(name: str) -> str:
    """A name as plans have them: lower case, letters, digits and `_`."""
    found = re.sub(r"[^a-z0-9_]", "_", name.lower())
    return f"_{found}" if found[:1].isdecimal() or not found.strip("_") else found


def hidden(text: str, shown: str) -> list[tuple[int, int]] | None:
    """Where in a text what the masks stand for begins and ends; `None` where what is shown is no masked form of the text."""
    pieces = shown.split(MASK)
    masks = range(len(pieces) - 1)
    quoted = [pieces[number][-1:] == pieces[number + 1][:1] == '"' for number in masks]  # of JSON the value may have been no text
    known = [piece[number > 0 and quoted[number - 1] :] for number, piece in enumerate(pieces)]
    known = [piece[:-1] if number in masks and quoted[number] else piece for number, piece in enumerate(known)]
    found, at = [], len(known[0])
    if not text.startswith(known[0]):
        return None
    for number in masks:
        behind, is_last = known[number + 1], number == masks[-1]
        value = VALUE.match(text, at) if quoted[number] else None
        if value:
            begin, end = value.span(1 if value[1] is not None else 2)
            at = value.end()
        else:
            begin = at
            end = at = len(text) - len(behind) if is_last else text.find(behind, at + 1) if behind else -1
        if end <= begin or not text.startswith(behind, at):
            return None
        found.append((begin, end))
        at += len(behind)
    return found if at == len(text) else None
