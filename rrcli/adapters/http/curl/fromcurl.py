"""`--from-curl COMMAND`: what a curl command says, with the options that stand beside it, which win."""

from __future__ import annotations

from rrcli.adapters.http.curl.imported import translate
from rrcli.adapters.http.curl.split import read_command
from rrcli.base.errors import usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Values = dict[str, Any]


def expand(values: Values, read: Callable[[list[str]], Values]) -> Values:
    """The values of the curl command and those beside it: of fields each one by its name. Raises `usage`."""
    values = dict(values)
    command = values.pop("from_curl")
    if values["arguments"]:
        raise usage(f"--from-curl brings its URL, and {values['arguments'][0]!r} is one word too many", "options may stand beside it")
    words = translate(read_command(command), cut=False)
    if words is None:
        raise usage("the curl command asks for help", "rrcli curl --help lists what is understood")
    copied = read(words)
    if "headers" in values:
        named = {_name(line) for line in values["headers"]}
        kept = tuple(line for line in copied.get("headers", ()) if _name(line) not in named)
        values["headers"] = kept + values["headers"]
    return {**copied, **values, "arguments": copied["arguments"]}


def _name(line: str) -> str:
    return line.partition(":")[0].rstrip("; ").lower()
