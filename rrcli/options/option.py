"""Options: each is declared once, as a field of a request, and everything else is made from that declaration."""

from __future__ import annotations

from rrcli.base.record import Frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar


class Option:
    """How one field is spelled on the command line.

    `kind` is `flag` (takes no value), `value`, `many` (a value, repeatable; the field is a tuple), `steps` (as `many`,
    but several flags share the field in the order given: `parse` gets the flag too) or `optional` (a value only after
    `=`; the bare flag means `bare`).

    An option that `expands` stands for a whole command line of another tool, and is gone once it was read: `MODULE:FUNCTION` takes
    the values read, and a function from arguments of this command to their values, and returns the values meant. Raises `usage`.
    """

    __slots__ = ("bare", "choices", "default", "expands", "flags", "group", "help", "kind", "metavar", "name", "parse")

    def __init__(
        self,
        flags: tuple[str, ...],
        default: Any,
        help: str,
        kind: str,
        parse: Callable[..., Any],
        metavar: str,
        choices: tuple[str, ...],
        group: str,
        bare: str,
        expands: str = "",
    ) -> None:
        self.flags = flags
        self.default = default
        self.help = help
        self.kind = kind
        self.parse = parse
        self.metavar = metavar
        self.choices = choices
        self.group = group
        self.bare = bare
        self.expands = expands
        self.name = ""


def option(
    *flags: str,
    default: Any = None,
    help: str,
    kind: str = "value",
    parse: Callable[..., Any] = str,
    metavar: str = "TEXT",
    choices: tuple[str, ...] = (),
    group: str = "",
    bare: str = "",
    expands: str = "",
) -> Any:
    """Declare the option of a field. Without `group` it is listed under the command's own options."""
    if kind == "flag" and default is None:
        default = False
    if kind in ("many", "steps") and default is None:
        default = ()
    return Option(flags, default, help, kind, parse, metavar, choices, group, bare, expands)


class Optioned(Frozen):
    """A record whose fields may be options: `options_` maps the field's name to its `Option`."""

    options_: ClassVar[dict[str, Option]] = {}

    def __init_subclass__(cls) -> None:
        own = {name: value for name, value in cls.__dict__.items() if type(value) is Option}
        for name, declared in own.items():
            declared.name = name
            setattr(cls, name, declared.default)
        cls.options_ = {**cls.options_, **own}
        super().__init_subclass__()
