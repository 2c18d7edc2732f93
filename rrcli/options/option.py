"""Options: each is declared once, as a field of a request, and everything else is made from that declaration."""

from __future__ import annotations

from rrcli.base.record import Frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar


HELP = ("--help", "-h")  # of every command, in place of all it does


class Option:
    """How one field is spelled on the command line.

    `kind` is `flag` (takes no value), `value`, `many` (a value, repeatable; the field is a tuple), `steps` (as `many`,
    but several flags share the field in the order given: `parse` gets the flag too) or `optional` (a value only after
    `=`; the bare flag means `bare`).

    `write` is the inverse of `parse`: the word for a value, or for a step with its flag; without it a text stands for itself and
    a number for its digits. `secret` is the `MODULE:FUNCTION` that gives the word as it may be shown, with the mask in the place
    of a secret; it takes the flag and the word. Both may raise `ValueError` for what only a program could have put there.

    An option that `expands` stands for a whole command line of another tool, and is gone once it was read: `MODULE:FUNCTION` takes
    the values read, and a function from arguments of this command to their values, and returns the values meant. Raises `usage`.
    Among them may be `remark`, a sentence for the user.

    What shells offer for its value are its `choices`, or `completes`: the `MODULE:NAME` of words, or `config:FOLDER`, where files of
    the configuration lie by those names.
    """

    __slots__ = (
        "bare", "choices", "completes", "default", "expands", "flags", "group", "help", "kind", "metavar", "name", "parse", "secret",
        "write",
    )  # fmt: skip

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
        write: Callable[[Any], str] | None = None,
        secret: str = "",
        expands: str = "",
        completes: str = "",
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
        self.write = write
        self.secret = secret
        self.expands = expands
        self.completes = completes
        self.name = ""

    @property
    def flag(self) -> str:
        """The spelling that says most: the first long flag."""
        return next((flag for flag in self.flags if flag.startswith("--")), self.flags[0])

    def from_value(self, value: Any) -> Any:
        """The field's value of a typed one, as a plan has it. Raises `ValueError` with a sentence for the user."""
        from rrcli.options.typed import from_value

        return from_value(self, value)


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
    write: Callable[[Any], str] | None = None,
    secret: str = "",
    expands: str = "",
    completes: str = "",
) -> Any:
    """Declare the option of a field. Without `group` it is listed under the command's own options."""
    if kind == "flag" and default is None:
        default = False
    if kind in ("many", "steps") and default is None:
        default = ()
    return Option(flags, default, help, kind, parse, metavar, choices, group, bare, write, secret, expands, completes)


class Optioned(Frozen):
    """A record whose fields may be options: `options_` maps the field's name to its `Option`.

    Options of all bases are there, in the order that the class names its bases, and then its own. Where several declare
    the same field, the one holds whose default the field has: the first in the order of method resolution.
    """

    options_: ClassVar[dict[str, Option]] = {}
    own_options_: ClassVar[dict[str, Option]] = {}  # those that this class itself declares

    def __init_subclass__(cls) -> None:
        own = {name: value for name, value in cls.__dict__.items() if type(value) is Option}
        for name, declared in own.items():
            declared.name = name
            setattr(cls, name, declared.default)
        cls.own_options_ = own
        base, *others = cls.__bases__
        cls.options_ = _merged(cls) if others else {**base.options_, **own}  # type: ignore[attr-defined]  # a single one is Optioned
        super().__init_subclass__()


def _merged(cls: type[Optioned]) -> dict[str, Option]:
    """The options of a class of several bases."""
    found: dict[str, Option] = {}
    for each in reversed(cls.__mro__):
        found.update(each.__dict__.get("own_options_", {}))
    listed = [name for base in cls.__bases__ if issubclass(base, Optioned) for name in base.options_]
    return {name: found[name] for name in (*listed, *cls.own_options_)}
