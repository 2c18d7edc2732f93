"""The files that words and options of a step name: each below the plan's root, and written as the path that is meant."""

from __future__ import annotations

import os
import re

from rrcli.base.errors import usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from rrcli.options.option import Option
    from rrcli.options.request import Request

# Fields of files that may lie outside of the root: whom to trust, and who we are; and of a place to connect to.
ANYWHERE = ("cacert", "cert", "key", "key_password", "unix_socket")
METAVARS = ("FILE", "DIR", "PATH")
AHEAD = re.compile(r"([^=:@;]*(?:==|:=|=|:)?@)([^;]+)(.*)", re.DOTALL)  # of an item: what stands before the file's name
OF_PART = re.compile(r"([^=]*=[@<])([^;]+)(.*)", re.DOTALL)  # of `-F`


class Root:
    """The folder that a plan's files lie in, and the one that none may lie outside of."""

    def __init__(self, folder: str, root: str) -> None:
        self.folder = folder
        self.root = os.path.realpath(root or ".")
        self.named: set[str] = set()  # the files that were asked for

    def resolve(self, name: str) -> str:
        """The path of a file that a plan names. Raises `ValueError` for one outside of the root, and for standard input."""
        if name == "-":
            raise ValueError("a plan takes nothing from standard input; name a file")
        path = os.path.join(self.folder, os.path.expanduser(name))
        if os.path.commonpath([os.path.realpath(path), self.root]) != self.root:
            raise ValueError(f"{name} lies outside of {self.root}; rrcli run --root DIR allows more")
        self.named.add(path)
        return path


def path_below(name: str, root: Root) -> str:
    """The path of a file. Raises `usage` for one outside of the root."""
    try:
        return root.resolve(name)
    except ValueError as error:
        raise usage(str(error)) from None


def with_file(text: str, root: Root) -> str:
    """An item that names a file, with the path that is meant."""
    found = AHEAD.fullmatch(text)
    return found[1] + path_below(found[2], root) + found[3] if found else text


def with_file_argument(request_type: type[Request], arguments: Sequence[str], root: Root) -> list[str]:
    """The arguments, with the path that is meant by the one that may be a file in place of a URL."""
    found, number = list(arguments), request_type.file_argument
    if number is None or len(found) <= number:
        return found
    name = found[number].removeprefix("file://")
    below = os.path.join(root.folder, os.path.expanduser(name))
    if name != found[number] or ("://" not in name and (os.path.exists(below) or os.path.exists(os.path.expanduser(name)))):
        found[number] = path_below(name, root)
    return found


def takes_file(declared: Option) -> bool:
    """Whether a text that begins with `@` names a file."""
    return "@FILE" in declared.metavar or "@FILE" in declared.help


def with_files(declared: Option, value: Any, root: Root) -> Any:
    """An option's value with the paths that are meant. Raises `usage` for a file outside of the root."""
    if declared.name in ANYWHERE:
        return value
    if declared.kind == "steps":
        return tuple((flag, _step_file(declared, flag, text, root)) for flag, text in value)
    if isinstance(value, tuple):
        return tuple(_with_file(declared, each, root) for each in value)
    return _with_file(declared, value, root)


def _with_file(declared: Option, value: Any, root: Root) -> Any:
    if isinstance(value, tuple) and declared.metavar.endswith("=FILE"):
        return (*value[:-1], path_below(value[-1], root))
    if not isinstance(value, str) or not value:
        return value
    if declared.metavar in METAVARS:
        return path_below(value, root)
    if takes_file(declared) and value[0] == "@":
        return f"@{path_below(value[1:], root)}"
    other = declared.metavar.partition("|")[2]  # the value is a file where it is not what stands first
    is_file = (other == "FILE" and "=" not in value) or (other == "PATH" and "/" in value)
    return path_below(value, root) if is_file else value


def _step_file(declared: Option, flag: str, text: Any, root: Root) -> Any:
    """The text of one of several flags that share a field, with the path that is meant."""
    if not isinstance(text, str) or flag.endswith(("-raw", "-string")):
        return text
    if flag.endswith("-file"):
        return path_below(text, root)
    if part := OF_PART.fullmatch(text) if "=@FILE" in declared.help else None:
        return part[1] + path_below(part[2], root) + part[3]
    head, at, name = text.partition("@")
    names_file = at and takes_file(declared) and (not head or (flag.endswith("-urlencode") and "=" not in head))
    return f"{head}@{path_below(name, root)}" if names_file else text
