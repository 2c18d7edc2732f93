"""The services, methods and types of an IDL as text, as the IDL is written; and the JSON of a call to fill in."""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.codec.thrift.constants import json_value
from rrcli.codec.thrift.idl import find_method, services
from rrcli.codec.thrift.model import Enum, Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.codec.thrift.model import Definition_, Field, Method, Program, Type

DEEPEST = 8  # structs within structs of a template


def list_services(program: Program) -> str:
    """Every service with its methods, inherited ones too, one line each; `service` lines are followed by indented methods."""
    lines: list[str] = []
    for name, service in services(program).items():
        lines.append(f"service {name} extends {service.extends}" if service.extends else f"service {name}")
        lines += [f"  {signature(method)}" for method in service.every_method().values()]
    return "".join(f"{line}\n" for line in lines)


def signature(method: Method) -> str:
    """The method on one line: `i32 add(1: i32 a, 2: i32 b) throws (1: Overflow e)`."""
    oneway = "oneway " if method.oneway else ""
    throws = f" throws ({_fields(method.throws)})" if method.throws.fields else ""
    return f"{oneway}{method.result.name if method.result else 'void'} {method.name}({_fields(method.arguments)}){throws}"


def _fields(struct: Struct) -> str:
    return ", ".join(f"{field.id}: {f'{field.need} ' if field.need else ''}{field.type.name} {field.name}" for field in struct.fields)


def describe(program: Program, name: str) -> str:
    """The definition of a service, method, type or constant as its file has it, with its doc comment, then the types that it uses.

    Raises `ExchangeError` (usage) with the nearest name where there is none.
    """
    found = _definition(program, name)
    parts = [_source(found)]
    seen: list[Definition_] = [found]
    queue = list(_types_of(found))
    while queue:
        target = queue.pop(0).target
        if target is None or target in seen:
            continue
        seen.append(target)
        parts.append(_source(target))
        queue += _types_of(target)
    return "\n".join(parts)


def _definition(program: Program, name: str) -> Definition_:
    prefix, _, last = name.rpartition(".")
    for file in (program, *program.includes.get(prefix, ())):
        scope = name if file is program else last
        known: tuple[dict[str, Any], ...] = (file.services, file.types, file.constants)
        if found := next((scope_[scope] for scope_ in known if scope in scope_), None):
            return found  # type: ignore[no-any-return]  # all are definitions
    holders = [service for service in services(program).values() if last in service.every_method()]
    if prefix in services(program) or (not prefix and holders):
        return find_method(program, name)[1]
    from rrcli.codec.thrift.near import near

    every = [*services(program), *program.types, *program.constants]
    every += [name for service in program.services.values() for name in service.every_method()]
    raise usage(f"{program.path} defines nothing named '{name[:80]}'{near(name, every)}")


def _source(definition: Definition_) -> str:
    """What the file says from the doc comment to the last word, without the indent of its first line."""
    tokens = definition.program.tokens
    start = tokens.places[definition.first]
    before = tokens.places[definition.first - 1] + len(tokens.words[definition.first - 1]) if definition.first else 0
    for doc_start, doc_end in tokens.docs:
        if before <= doc_start and doc_end <= start and not tokens.text[doc_end:start].strip():
            start = doc_start
    last = definition.last
    while last > definition.first and tokens.words[last] in (",", ";"):
        last -= 1
    end = tokens.places[last + 1]
    text = tokens.text[start:end]
    word = tokens.words[last]
    end = start + len(text) if word[:1] == '"' else tokens.places[last] + len(word)
    lines = tokens.text[start:end].rstrip().split("\n")
    line_start = tokens.text.rfind("\n", 0, start) + 1
    indent = start - line_start if not tokens.text[line_start:start].strip() else 0
    lines = [line.rstrip() if at == 0 or line[:indent].strip() else line[indent:].rstrip() for at, line in enumerate(lines)]
    return "".join(f"{line}\n" for line in lines)


def _types_of(definition: Definition_) -> list[Type]:
    """The types that a definition names, those within containers too."""
    from rrcli.codec.thrift.model import Const, Method, Service, Typedef

    if isinstance(definition, Service):
        return [type for method in definition.methods.values() for type in _types_of(method)]
    if isinstance(definition, Method):
        found = [field.type for field in (*definition.arguments.fields, *definition.throws.fields)]
        found += [definition.result] if definition.result else []
    elif isinstance(definition, Struct):
        found = [field.type for field in definition.fields]
    else:
        found = [definition.type] if isinstance(definition, (Typedef, Const)) else []
    return [inner for type in found for inner in _within(type)]


def _within(type: Type) -> list[Type]:
    return [type, *(_within(type.key) if type.key else ()), *(_within(type.item) if type.item else ())]


# --- a call to fill in


def template(method: Method) -> dict[str, Any]:
    """The arguments of a method as JSON: defaults where the IDL has them, else a value of the type.

    Optional fields are there too, but not where they would repeat a struct that holds them; a union has its first field.
    """
    return {field.name: _field(method.arguments, field, ()) for field in method.arguments.fields}


def _field(struct: Struct, field: Field, within: tuple[Struct, ...]) -> Any:
    if field.default:
        value = json_value(struct.program, field.type, field.default)
        if value is not None:
            return value
    return _sample(field.type, within)


def _sample(type: Type, within: tuple[Struct, ...]) -> Any:
    real = type.real
    target = real.target
    if isinstance(target, Enum):
        return next(iter(target.members), 0)
    if isinstance(target, Struct):
        if target in within or len(within) >= DEEPEST:
            return None
        fields = target.fields[:1] if target.kind == "union" else target.fields
        found = {field.name: _field(target, field, (*within, target)) for field in fields}
        return {name: value for name, value in found.items() if value is not None}
    if real.kind in ("list", "set") and real.item:
        item = _sample(real.item, within)
        return [] if item is None else [item]
    if real.kind == "map" and real.item and real.key:
        key, item = _sample(real.key, within), _sample(real.item, within)
        if item is None or key is None:
            return {}
        return {key: item} if isinstance(key, str) else [[key, item]]
    samples = {"bool": False, "double": 0.0, "string": "", "uuid": "00000000-0000-0000-0000-000000000000"}
    return {"base64": ""} if real.kind == "binary" else samples.get(real.kind, 0)
