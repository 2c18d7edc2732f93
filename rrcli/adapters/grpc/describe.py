"""Descriptors written out: as the text of `.proto` files, and as JSON to fill in."""

from __future__ import annotations

from rrcli.adapters.grpc.schema import is_map_entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

NAMES = (
    "", "double", "float", "int64", "uint64", "int32", "fixed64", "fixed32", "bool", "string", "group", "message", "bytes", "uint32",
    "enum", "sfixed32", "sfixed64", "sint32", "sint64",
)  # fmt: skip
LEVELS = {1: "NO_SIDE_EFFECTS", 2: "IDEMPOTENT"}
EXAMPLES: dict[str, Any] = {
    "google.protobuf.Timestamp": "2026-01-01T00:00:00Z", "google.protobuf.Duration": "1.500s", "google.protobuf.FieldMask": "a,b.c",
    "google.protobuf.Struct": {"key": "value"}, "google.protobuf.Value": None, "google.protobuf.ListValue": [],
    "google.protobuf.Any": {"@type": "type.googleapis.com/package.Type"}, "google.protobuf.Empty": {},
}  # fmt: skip
LONG = (3, 4, 6, 16, 18)  # types of 64 bits, which JSON has as texts
DEEPEST = 4  # levels of a template: types may hold themselves


def text_of(descriptor: Any) -> str:
    """A message, enum, service or method as `.proto` has it, under its full name."""
    if hasattr(descriptor, "methods_by_name"):
        lines = _service(descriptor)
    elif hasattr(descriptor, "input_type"):
        lines = _method(descriptor, "")
    elif hasattr(descriptor, "fields_by_name"):
        lines = _message(descriptor, "", full=True)
    else:
        lines = _enum(descriptor, "", full=True)
    return "\n".join(lines)


def _service(descriptor: Any) -> Iterator[str]:
    yield f"service {descriptor.full_name} {{"
    for method in descriptor.methods:
        yield from _method(method, "  ")
    yield "}"


def _method(method: Any, indent: str) -> Iterator[str]:
    takes = f"{'stream ' if method.client_streaming else ''}{method.input_type.full_name}"
    gives = f"{'stream ' if method.server_streaming else ''}{method.output_type.full_name}"
    level = LEVELS.get(method.GetOptions().idempotency_level)
    end = f" {{ option idempotency_level = {level}; }}" if level else ";"
    yield f"{indent}rpc {method.name}({takes}) returns ({gives}){end}"


def _message(descriptor: Any, indent: str, *, full: bool = False) -> Iterator[str]:
    yield f"{indent}message {descriptor.full_name if full else descriptor.name} {{"
    inner = f"{indent}  "
    real = [oneof for oneof in descriptor.oneofs if not _is_optional(oneof)]
    for field in descriptor.fields:
        oneof = field.containing_oneof
        if oneof is None or oneof not in real:
            yield inner + _field(field)
        elif field == oneof.fields[0]:
            yield f"{inner}oneof {oneof.name} {{"
            yield from (f"{inner}  {_field(each, bare=True)}" for each in oneof.fields)
            yield f"{inner}}}"
    for each in descriptor.nested_types:
        if not is_map_entry(each):
            yield from _message(each, inner)
    for enum in descriptor.enum_types:
        yield from _enum(enum, inner)
    yield f"{indent}}}"


def _is_optional(oneof: Any) -> bool:
    """Whether a oneof only stands for `optional`."""
    return len(oneof.fields) == 1 and oneof.name == f"_{oneof.fields[0].name}"


def _field(field: Any, *, bare: bool = False) -> str:
    kind = field.message_type
    if kind is not None and is_map_entry(kind):
        key, value = kind.fields_by_name["key"], kind.fields_by_name["value"]
        return f"map<{_type(key)}, {_type(value)}> {field.name} = {field.number};"
    label = ""
    if not bare:
        oneof = field.containing_oneof
        label = "repeated " if field.is_repeated else "required " if field.is_required else "optional " if oneof is not None else ""
    return f"{label}{_type(field)} {field.name} = {field.number};"


def _type(field: Any) -> str:
    if field.message_type is not None:
        return f"{field.message_type.full_name}"
    return f"{field.enum_type.full_name}" if field.enum_type is not None else NAMES[field.type]


def _enum(descriptor: Any, indent: str, *, full: bool = False) -> Iterator[str]:
    yield f"{indent}enum {descriptor.full_name if full else descriptor.name} {{"
    yield from (f"{indent}  {value.name} = {value.number};" for value in descriptor.values)
    yield f"{indent}}}"


def template_of(descriptor: Any, depth: int = 0) -> Any:
    """A message of the type with a value in each field, of a oneof in the first."""
    if descriptor.full_name in EXAMPLES:
        return EXAMPLES[descriptor.full_name]
    if descriptor.full_name.startswith("google.protobuf.") and descriptor.name.endswith("Value"):
        return _example(descriptor.fields_by_name["value"], depth)
    found = {}
    for field in descriptor.fields:
        oneof = field.containing_oneof
        if oneof is not None and field != oneof.fields[0]:
            continue
        if field.message_type is not None and depth >= DEEPEST:
            continue
        found[field.json_name] = _value(field, depth)
    return found


def _value(field: Any, depth: int) -> Any:
    kind = field.message_type
    if kind is not None and is_map_entry(kind):
        return {_key(kind.fields_by_name["key"]): _example(kind.fields_by_name["value"], depth)}
    value = _example(field, depth)
    return [value] if field.is_repeated else value


def _key(field: Any) -> str:
    return "key" if field.type == field.TYPE_STRING else "false" if field.type == field.TYPE_BOOL else "0"


def _example(field: Any, depth: int) -> Any:
    if field.message_type is not None:
        return template_of(field.message_type, depth + 1)
    if field.enum_type is not None:
        return None if field.enum_type.full_name == "google.protobuf.NullValue" else field.enum_type.values[0].name
    if field.type == field.TYPE_BOOL:
        return False
    if field.type in (field.TYPE_STRING, field.TYPE_BYTES):
        return ""
    return "0" if field.type in LONG else 0
