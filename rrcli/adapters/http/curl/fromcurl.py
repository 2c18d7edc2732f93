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


READ = ("upload", "netrc_file", "cert", "key", "cacert")
WRITTEN = ("output", "dump_header", "cookie_jar")


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
    found = {**copied, **values, "arguments": copied["arguments"]}
    remark = named_files(found)
    return {**found, "remark": f"the curl command {remark}"} if remark else found


def named_files(values: Values) -> str | None:
    """Which files the values have read and written: whoever pastes a command of somebody else's should know."""
    read = [text[1:] for flag, text in values.get("data", ()) if text[:1] == "@" and flag != "--data-raw"]
    encoded = [text for flag, text in values.get("data", ()) if flag == "--data-urlencode" and "=" not in text]
    read += [text.partition("@")[2] for text in encoded]
    parts = [text.partition("=")[2] for flag, text in values.get("parts", ()) if flag == "-F"]
    read += [text[1:] for text in parts if text[:1] in ("@", "<")]
    read += [text[1:] for text in values.get("headers", ()) if text[:1] == "@"]
    read += [text for text in values.get("cookies", ()) if text and "=" not in text]
    read += [text for name in READ if (text := values.get(name))]
    read += ["~/.netrc"] if values.get("netrc") and not values.get("netrc_file") else []
    written = [text for name in WRITTEN if (text := values.get(name))]
    written += ["a file named as in the URL"] if values.get("remote_name") else []
    said = [
        f"{verb} {', '.join(files)}"
        for verb, named in (("reads", read), ("writes", written))
        if (files := [file for file in dict.fromkeys(named) if file not in ("", "-")])
    ]
    return " and ".join(said) or None


def _name(line: str) -> str:
    return line.partition(":")[0].rstrip("; ").lower()
