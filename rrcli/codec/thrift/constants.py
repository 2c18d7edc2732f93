"""Constants and defaults of Thrift IDL: whether they fit their type, and the JSON value that stands for one.

Apache's compiler looks at the type as it is written and not behind a typedef, and takes what is no list for an empty list;
what it takes is taken here too.
"""

from __future__ import annotations

from rrcli.codec.thrift.model import INTEGERS, Constant, Enum, Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.codec.thrift.model import Const, Program, Type

DEEPEST = 64  # constants that name constants that name constants
WANTED = {"bool": ("int",), "double": ("int", "double"), "string": ("text",), "binary": ("text",), "uuid": ("text",)} | dict.fromkeys(
    INTEGERS, ("int",)
)


def check(program: Program, type: Type, constant: Constant, what: str, depth: int = 0) -> None:
    """Raise `ExchangeError` (usage) unless the constant fits the type as it is written; `what` names it in the message."""
    if depth > DEEPEST:
        raise program.fault(constant.place, f"{what} is nested deeper than {DEEPEST}")
    target = type.target
    if type.kind in WANTED:
        value = resolved(program, constant)
        if value.kind not in WANTED[type.kind]:
            raise program.fault(constant.place, f"{what} is of type {type.name}, which {_shown(value)} is not")
    elif isinstance(target, Enum):
        _check_enum(program, target, constant, what)
    elif isinstance(target, Struct):
        _check_struct(program, target, constant, what, depth)
    elif type.kind == "map" and constant.kind == "map" and type.key and type.item:
        for key, item in constant.value:  # type: ignore[attr-defined]  # a map's value is pairs
            check(program, type.key, key, f"a key of {what}", depth + 1)
            check(program, type.item, item, f"a value of {what}", depth + 1)
    elif type.kind in ("list", "set") and constant.kind == "list" and type.item:
        for item in constant.value:  # type: ignore[attr-defined]  # a list's value is constants
            check(program, type.item, item, f"an element of {what}", depth + 1)
    elif constant.kind == "name" and type.kind != "name":
        resolved(program, constant)


def _check_enum(program: Program, enum: Enum, constant: Constant, what: str) -> None:
    if constant.kind == "int":
        if enum.name_of(constant.value) is None:  # type: ignore[arg-type]  # an int
            raise program.fault(constant.place, f"{what}: enum {enum.name} has no name for {constant.value}")
        return
    if constant.kind != "name":
        raise program.fault(constant.place, f"{what} is of enum {enum.name}, which {_shown(constant)} is not")
    name = str(constant.value)
    if "." not in name and name in enum.members:
        raise program.fault(constant.place, f"{what}: write '{enum.name}.{name}'")
    last = name.rpartition(".")[2]
    if last not in enum.members:
        from rrcli.codec.thrift.near import near

        raise program.fault(constant.place, f"{what}: enum {enum.name} has no '{last}'{near(last, enum.members)}")


def _check_struct(program: Program, struct: Struct, constant: Constant, what: str, depth: int) -> None:
    value = resolved(program, constant)
    if value.kind != "map":
        raise program.fault(constant.place, f"{what} is a {struct.kind}, which is written {{'field': value}}")
    for key, item in value.value:  # type: ignore[attr-defined]  # a map's value is pairs
        name = resolved(program, key)
        field = struct.field(str(name.value)) if name.kind == "text" else None
        if field is None:
            from rrcli.codec.thrift.near import near

            raise program.fault(
                key.place,
                f"{what}: {struct.kind} {struct.name} has no field '{name.value}'{near(str(name.value), [f.name for f in struct.fields])}",
            )
        check(program, field.type, item, f"{what}.{field.name}", depth + 1)


def resolved(program: Program, constant: Constant) -> Constant:
    """The constant behind names; that of an enum's member is its number. Raises `ExchangeError` for a name of nothing."""
    for _ in range(DEEPEST):
        if constant.kind != "name":
            return constant
        found = find(program, str(constant.value))
        if found is None:
            from rrcli.codec.thrift.near import near

            known = [
                *program.constants,
                *(f"{enum}.{name}" for enum, type in program.types.items() if isinstance(type, Enum) for name in type.members),
            ]
            raise program.fault(
                constant.place, f"no constant and no member of an enum is named '{constant.value}'{near(str(constant.value), known)}"
            )
        if isinstance(found, int):
            return Constant("int", found, constant.place)
        program, constant = found.program, found.value
    raise program.fault(constant.place, f"'{constant.value}' is defined by itself")


def find(program: Program, name: str) -> Const | int | None:
    """What a name in a constant means: a constant, the number of an enum's member, or nothing."""
    if const := program.constants.get(name):
        return const
    before, _, last = name.rpartition(".")
    if isinstance(enum := program.types.get(before), Enum) and last in enum.members:
        return enum.members[last]
    while before:
        for included in program.includes.get(before, ()):
            if (found := _own(included, name[len(before) + 1 :])) is not None:
                return found
        before = before.rpartition(".")[0]
    return None


def _own(program: Program, name: str) -> Const | int | None:
    if const := program.constants.get(name):
        return const
    before, _, last = name.rpartition(".")
    enum = program.types.get(before)
    return enum.members.get(last) if isinstance(enum, Enum) else None


def json_value(program: Program, type: Type, constant: Constant, depth: int = 0) -> Any:
    """The constant as the JSON value that a caller would have written for the type; a map is a list of pairs.

    What does not fit the type comes back as it is: whoever writes it says so, as for any other value.
    """
    if depth > DEEPEST:
        raise program.fault(constant.place, f"nested deeper than {DEEPEST}")
    real = type.real
    if isinstance(real.target, Enum) and constant.kind == "name":
        return str(constant.value).rpartition(".")[2]
    constant = resolved(program, constant)
    value: Any = constant.value
    if isinstance(real.target, Struct) and constant.kind == "map":
        struct = real.target
        named = [(resolved(program, key).value, item) for key, item in value]
        return {
            name: json_value(program, field.type, item, depth + 1) for name, item in named if (field := struct.field(str(name))) is not None
        }
    if real.kind in ("list", "set") and real.item:
        return [json_value(program, real.item, item, depth + 1) for item in value] if constant.kind == "list" else []
    if real.kind == "map" and real.key and real.item:
        pairs = value if constant.kind == "map" else []
        return [[json_value(program, real.key, key, depth + 1), json_value(program, real.item, item, depth + 1)] for key, item in pairs]
    if real.kind == "bool" and constant.kind == "int":
        return bool(value)
    return value if constant.kind in ("int", "double", "text") else None


def _shown(constant: Constant) -> str:
    kind = {"list": "a list", "map": "a map"}.get(constant.kind)
    return kind or (f"'{constant.value}'" if constant.kind == "text" else str(constant.value))
