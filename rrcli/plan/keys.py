"""The keys that a step may have: its own, which are the command, and what each command has."""

from __future__ import annotations

import re

from rrcli.base.errors import ExchangeError
from rrcli.engine import registry
from rrcli.options.keys import by_key
from rrcli.options.request import Request
from rrcli.plan.tools import TOOLS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.options.option import Option

STEP_KEYS = (
    "name",
    "doc",
    "tags",
    "when",
    "for-each",
    "depends-on",
    "delay",
    "use",
    "capture",
    "snapshot",
    "json-schema",
    "on-failure",
    "fresh",
    "cookies",
    "output",
    "jobs",
)
GROUPS = re.compile(r"\(\?P<([A-Za-z_][A-Za-z0-9_]*)>")  # of a regular expression, whose names later sends of the same step may use
COMMON = (*by_key(Request.options_), "header")  # what stands in [defaults] for all commands


def commands() -> set[str]:
    """The keys that are commands, but for `run`."""
    return {*registry.BY_NAME, *TOOLS}


def keys_of(command: str) -> dict[str, Option]:
    """The options that a step of this command may have, by key; none where what it needs is not installed.

    Flags that share a field in the order given have its name as a key too, for all of them in one list.
    """
    if command in TOOLS:
        return TOOLS[command].keys()
    try:
        options = registry.BY_NAME[command].request_type.options_
    except ExchangeError:
        return {}
    ordered = {name.replace("_", "-"): declared for name, declared in options.items() if declared.kind == "steps"}
    return {key: declared for key, declared in {**ordered, **by_key(options)}.items() if not declared.expands}


def word_names(synopsis: str) -> list[str]:
    """The keys of a command's later words: of `DSN SQL [PARAM...]`, `sql` and `params`."""
    return [name for name, _, _ in later_words(synopsis)]


def later_words(synopsis: str) -> list[tuple[str, bool, bool]]:
    """The keys of a command's later words, whether each is a list, and whether its words begin with @."""
    words = synopsis.removeprefix("[METHOD] ").replace("[:PORT]", "").split(" ")
    found = []
    for number, word in enumerate(words):
        is_list = "..." in word
        name = re.split(r"[/.]", word.strip("[]@").replace("...", "").strip("[]@"))[-1].lower()
        if number or is_list:
            found.append((name + "s" * is_list, is_list, "@" in word))
    return found
