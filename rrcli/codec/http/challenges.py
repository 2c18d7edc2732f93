"""The challenges of WWW-Authenticate and Proxy-Authenticate (RFC 9110 section 11.6.1): several in one field, or in several fields."""

from __future__ import annotations

import re

from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

NAME = re.compile(r'[^\s,="]+')
PARAMETER = re.compile(r'[ \t]*=[ \t]*(?:"((?:\\.|[^"\\])*)("?)|([^\s,]*))', re.DOTALL)
TOKEN68 = re.compile(r"[ \t]+([A-Za-z0-9._~+/-]+=*)(?=[ \t]*(?:,|$))")
BETWEEN = re.compile(r"[\s,]*")


class Challenge(Record):
    """One challenge: its scheme as it was written, and its parameters by their names in lower case, or the token that it has instead."""

    scheme: str
    token: str = ""
    parameters: dict[str, str]


def read_challenges(values: Iterable[str]) -> list[Challenge]:
    """The challenges of the fields' values in their order. What fits nowhere is left out; a quote without its end reaches to the end."""
    found: list[Challenge] = []
    for value in values:
        first, at = len(found), 0
        while at < len(value):
            at = BETWEEN.match(value, at).end()  # type: ignore[union-attr]  # it matches anything
            name = NAME.match(value, at)
            if not name:
                at += 1
                continue
            at = name.end()
            if parameter := PARAMETER.match(value, at):
                at = parameter.end()
                if len(found) > first:
                    text = parameter[3] if parameter[1] is None else re.sub(r"\\(.)", r"\1", parameter[1], flags=re.DOTALL)
                    found[-1].parameters.setdefault(name[0].lower(), text)
                continue
            token = TOKEN68.match(value, at)
            found.append(Challenge(scheme=name[0], token=token[1] if token else "", parameters={}))
            at = token.end() if token else at
    return found
