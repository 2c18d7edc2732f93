"""JSON to messages and back, as ProtoJSON has it; done by the protobuf library, with words of ours for what does not fit."""

from __future__ import annotations

from rrcli.adapters.grpc.schema import is_map_entry
from rrcli.base.errors import ExchangeError, malformed, too_large, usage
from rrcli.codec.grpc.protobuf import fields as wire_fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.adapters.grpc.schema import Schema

MOST_VALUES = 1 << 20  # of one message: each takes some hundred bytes at worst, however few it takes on the wire
UNCOUNTED = 1 << 14  # bytes of a message that cannot hold too many
OWN_JSON = "google.protobuf."  # types of this package have a JSON of their own, most of them
FREE_FORM = ("Any", "Struct", "Value", "ListValue", "Timestamp", "Duration", "FieldMask", "Empty")


class Converter:
    """Messages of a schema. `unknown` are the numbers of fields that came and that the types do not know."""

    def __init__(self, schema: Schema, *, defaults: bool) -> None:
        self.unknown: set[int] = set()
        self._schema = schema
        self._defaults = defaults

    def to_bytes(self, value: Any, descriptor: Any) -> bytes:
        """The serialized message of a JSON value. Raises `usage` with the path of what the type does not take."""
        from google.protobuf import json_format, message_factory

        _check(value, descriptor, "")
        message = message_factory.GetMessageClass(descriptor)()
        try:
            json_format.ParseDict(value, message, descriptor_pool=self._schema.pool)
            return message.SerializeToString()  # type: ignore[no-any-return]  # protobuf is loaded where it is used, without its types
        except (json_format.ParseError, ValueError, TypeError, AttributeError, RecursionError) as error:
            text = " ".join(str(error).split()) or type(error).__name__
            raise usage(f"{descriptor.full_name}: {text}", "--template shows a message of that type") from None

    def to_json(self, data: bytes, descriptor: Any) -> Any:
        """The JSON value of a serialized message. Raises `malformed` or `too_large`."""
        from google.protobuf import json_format, message_factory
        from google.protobuf.message import DecodeError

        if len(data) > UNCOUNTED and _weight(data, descriptor, MOST_VALUES, self._defaults) > MOST_VALUES:
            raise too_large(f"a message of {len(data)} bytes holds more than {MOST_VALUES} values")
        message = message_factory.GetMessageClass(descriptor)()
        try:
            message.ParseFromString(data)
        except DecodeError as error:
            raise malformed(f"a message of {len(data)} bytes is no {descriptor.full_name}: {error}") from None
        anys = self._look_through(message)
        try:
            found = json_format.MessageToDict(
                message, always_print_fields_with_no_presence=self._defaults, descriptor_pool=self._schema.pool
            )
        except (TypeError, ValueError, json_format.Error, RecursionError) as error:
            raise malformed(f"a {descriptor.full_name} cannot be written as JSON: {error}") from None
        return _with_unknown_types(found, anys) if anys else found

    def _look_through(self, message: Any) -> list[tuple[str, bytes]]:
        """Note unknown fields; type and content of each Any whose type nobody knows, in their order, once that is declared as empty."""
        from google.protobuf import unknown_fields

        found: list[tuple[str, bytes]] = []
        waiting = [message]
        while waiting:
            each = waiting.pop()
            for field in unknown_fields.UnknownFieldSet(each):
                self.unknown.add(field.field_number)
            if each.DESCRIPTOR.full_name == "google.protobuf.Any" and each.type_url:
                name = each.type_url.rpartition("/")[2]
                if not self._knows(name):
                    found.append((each.type_url, each.value))
            waiting += reversed(list(_messages_in(each)))
        return found

    def _knows(self, name: str) -> bool:
        """Whether a type is known. One that is not is declared without fields, so that what stands around it can be written."""
        pool = self._schema.pool
        try:
            return not pool.FindMessageTypeByName(name).file.name.startswith("rrcli/unknown/")
        except KeyError:
            pass
        from google.protobuf import descriptor_pb2

        package, _, last = name.rpartition(".")
        file = descriptor_pb2.FileDescriptorProto(name=f"rrcli/unknown/{name}.proto", package=package, syntax="proto3")
        file.message_type.add(name=last)
        try:
            pool.AddSerializedFile(file.SerializeToString())
        except (TypeError, ValueError):
            return True  # what is no name of a type fails where it is written
        return False


def _messages_in(message: Any) -> Iterator[Any]:
    """The messages that are values of a message's fields, in their order."""
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if is_map_entry(field.message_type):
            if field.message_type.fields_by_name["value"].message_type is not None:
                yield from value.values()
        elif field.is_repeated:
            yield from value
        else:
            yield value


def _with_unknown_types(value: Any, contents: list[tuple[str, bytes]]) -> Any:
    """The JSON value with the bytes of each Any that has nothing but its type."""
    from binascii import b2a_base64

    rest = contents[::-1]

    def walk(each: Any) -> Any:
        if isinstance(each, dict):
            if rest and each == {"@type": rest[-1][0]}:
                return {**each, "value": b2a_base64(rest.pop()[1], newline=False).decode()}
            return {key: walk(inner) for key, inner in each.items()}
        return [walk(inner) for inner in each] if isinstance(each, list) else each

    return walk(value)


def _check(value: Any, descriptor: Any, path: str) -> None:
    """Raise `usage` for a name that a type has not, with its path and the nearest that it has."""
    if descriptor.full_name.startswith(OWN_JSON) and (descriptor.name in FREE_FORM or descriptor.name.endswith("Value")):
        return
    if not isinstance(value, dict):
        if value is not None or not path:
            raise usage(f"{path or 'the message'} is a {descriptor.full_name}, which is written as an object")
        return
    by_name = {name: field for field in descriptor.fields for name in (field.json_name, field.name)}
    for key, inner in value.items():
        at = f"{path}.{key}" if path else key
        if key.startswith("[") and key.endswith("]"):  # an extension
            continue
        if key not in by_name:
            from rrcli.options.parse import suggestion

            names = [field.name for field in descriptor.fields]
            raise usage(
                f"{at}: {descriptor.full_name} has no field {key}{suggestion(key, names)}", f"it has {', '.join(names[:20]) or 'none'}"
            )
        _check_field(inner, by_name[key], at)


def _check_field(value: Any, field: Any, path: str) -> None:
    kind = field.message_type
    if kind is not None and is_map_entry(kind):
        for key, inner in value.items() if isinstance(value, dict) else ():
            _check_one(inner, kind.fields_by_name["value"], f"{path}[{key}]")
    elif field.is_repeated:
        for at, inner in enumerate(value if isinstance(value, list) else ()):
            _check_one(inner, field, f"{path}[{at}]")
    else:
        _check_one(value, field, path)


def _check_one(value: Any, field: Any, path: str) -> None:
    if field.message_type is not None:
        _check(value, field.message_type, path)
        return
    if field.enum_type is not None and isinstance(value, str) and field.enum_type.full_name != "google.protobuf.NullValue":
        names = list(field.enum_type.values_by_name)
        if value not in names and not value.lstrip("-").isdecimal():
            from rrcli.options.parse import suggestion

            message = f"{path}: {field.enum_type.full_name} has no value {value}{suggestion(value, names)}"
            raise usage(message, f"it has {', '.join(names[:20])}")
    elif field.type == field.TYPE_BOOL and isinstance(value, str):
        raise usage(f"{path}: a bool is true or false, not the text {value!r}", f"write {path}:=true")
    elif field.cpp_type in NUMBERS and isinstance(value, str) and not _is_number(value):
        raise usage(f"{path}: {value!r} is no number")


NUMBERS = (1, 2, 3, 4, 5, 6)  # `cpp_type` of whole numbers and floats


def _is_number(text: str) -> bool:
    if text in ("NaN", "Infinity", "-Infinity"):
        return True
    try:
        float(text)
    except ValueError:
        return False
    return text.strip() == text


def _weight(data: bytes, descriptor: Any, most: int, defaults: bool) -> int:
    """About how many values a serialized message holds, counted until there are more than `most`."""
    count = 0
    waiting = [(data, descriptor)]
    while waiting and count <= most:
        each, kind = waiting.pop()
        count += 1 + (len(kind.fields) if defaults else 0)
        known = kind.fields_by_number
        try:
            for number, value in wire_fields(each):
                count += 1
                if count > most:
                    break
                if isinstance(value, int) or not value or (field := known.get(number)) is None:
                    continue
                if field.message_type is not None:
                    waiting.append((value, field.message_type))
                elif field.is_repeated and field.type not in (field.TYPE_STRING, field.TYPE_BYTES):
                    count += len(value) // PACKED.get(field.type, 1)
        except ExchangeError:
            continue  # the library says what is wrong with it
    return count


PACKED = {1: 8, 2: 4, 6: 8, 7: 4, 15: 4, 16: 8}  # bytes of a packed number by its type; of a varint at least one
