"""What a Thrift IDL file declares: types, structs, enums, constants, services; filled by the parser, tied together by `idl`."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.codec.thrift.lexer import Tokens

    Definition = "Typedef | Enum | Struct"

INTEGERS = {"i8": 8, "i16": 16, "i32": 32, "i64": 64}
BASES = ("bool", *INTEGERS, "double", "string", "binary", "uuid")


class Type:
    """A type as a field or a result has it.

    `kind` is one of `BASES`, or `list`, `set` (of `item`), `map` (from `key` to `item`), `name` (of the definition `target`).
    `name` is the type as the IDL has it, and `place` the offset at which a `name` stands there.
    """

    __slots__ = ("item", "key", "kind", "name", "place", "target")

    def __init__(self, kind: str, name: str, place: int = 0, *, key: Type | None = None, item: Type | None = None) -> None:
        self.kind = kind
        self.name = name
        self.place = place
        self.key = key
        self.item = item
        self.target: Typedef | Enum | Struct | None = None

    @property
    def real(self) -> Type:
        """The type behind all typedefs; their circles are refused when the file is read."""
        found = self
        while isinstance(found.target, Typedef):
            found = found.target.type
        return found


class Definition_:
    """What every definition has: its `name`, its file, and the first and last of its words there."""

    __slots__ = ("first", "last", "name", "program")

    def __init__(self, program: Program, name: str, first: int) -> None:
        self.program = program
        self.name = name
        self.first = first
        self.last = first

    def fault(self, message: str) -> ExchangeError:
        """The usage error at the definition's first word."""
        return self.program.fault(self.program.tokens.places[self.first], message)


class Typedef(Definition_):
    """Another name for a type."""

    __slots__ = ("type",)
    type: Type


class Enum(Definition_):
    """Names for numbers of 32 bits; several names may share one number."""

    __slots__ = ("members",)

    def __init__(self, program: Program, name: str, first: int) -> None:
        super().__init__(program, name, first)
        self.members: dict[str, int] = {}

    def name_of(self, number: int) -> str | None:
        """The first name of the number."""
        return next((name for name, value in self.members.items() if value == number), None)


class Constant:
    """A value as the IDL has it: `kind` int, double, text, name, list (of constants) or map (of pairs of constants)."""

    __slots__ = ("kind", "place", "value")

    def __init__(self, kind: str, value: object, place: int) -> None:
        self.kind = kind
        self.value = value
        self.place = place


class Field:
    """One field; `need` is `required`, `optional` or empty, `default` what the IDL gives it."""

    __slots__ = ("default", "id", "name", "need", "place", "type")

    def __init__(self, id: int, name: str, type: Type, need: str, default: Constant | None, place: int) -> None:
        self.id = id
        self.name = name
        self.type = type
        self.need = need
        self.default = default
        self.place = place


class Struct(Definition_):
    """Fields by their ids, in the order of the IDL; `kind` is struct, union, exception, or `arguments` of a method."""

    __slots__ = ("fields", "kind")

    def __init__(self, program: Program, name: str, first: int, kind: str) -> None:
        super().__init__(program, name, first)
        self.kind = kind
        self.fields: list[Field] = []

    def field(self, name: str) -> Field | None:
        """The field of that name."""
        return next((field for field in self.fields if field.name == name), None)

    @property
    def type(self) -> Type:
        """The struct as a type."""
        type = Type("name", self.name)
        type.target = self
        return type


class Const(Definition_):
    """A named constant."""

    __slots__ = ("type", "value")
    type: Type
    value: Constant


class Method(Definition_):
    """A function of a service; `result` is `None` for void."""

    __slots__ = ("arguments", "oneway", "result", "throws")
    arguments: Struct
    throws: Struct
    result: Type | None
    oneway: bool


class Service(Definition_):
    """Methods by name. `base` is the service that it extends, whose methods it has too."""

    __slots__ = ("base", "extends", "extends_place", "methods")

    def __init__(self, program: Program, name: str, first: int) -> None:
        super().__init__(program, name, first)
        self.extends = ""
        self.extends_place = 0
        self.base: Service | None = None
        self.methods: dict[str, Method] = {}

    def every_method(self) -> dict[str, Method]:
        """Its own methods and the inherited ones; its own win over an inherited one of the same name."""
        return (
            self.methods | {name: method for name, method in self.base.every_method().items() if name not in self.methods}
            if self.base
            else self.methods
        )


class Program:
    """One file: what it declares, by name, and the programs that it includes, by the prefix of their names."""

    __slots__ = ("constants", "includes", "namespaces", "path", "services", "tokens", "types", "unread")

    def __init__(self, path: str, tokens: Tokens) -> None:
        self.path = path
        self.tokens = tokens
        self.namespaces: dict[str, str] = {}
        self.unread: list[tuple[str, int]] = []  # the includes as written, with their places
        self.includes: dict[str, list[Program]] = {}
        self.types: dict[str, Typedef | Enum | Struct] = {}
        self.constants: dict[str, Const] = {}
        self.services: dict[str, Service] = {}

    def fault(self, offset: int, message: str) -> ExchangeError:
        """The usage error that names the file, the line and the column."""
        return self.tokens.fault(offset, message)
