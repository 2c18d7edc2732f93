"""The messages of `grpc.reflection.v1.ServerReflection`, which are those of v1alpha too, and of `grpc.health.v1.Health`."""

from __future__ import annotations

from rrcli.base.record import Record
from rrcli.codec.grpc.protobuf import field, fields, octets_of, text_of

VERSIONS = ("v1", "v1alpha")
FILE_BY_FILENAME, FILE_CONTAINING_SYMBOL, FILE_CONTAINING_EXTENSION, EXTENSION_NUMBERS, LIST_SERVICES = 3, 4, 5, 6, 7
SERVING = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")  # of a health check


class Reflected(Record):
    """One answer of the server: files as serialized descriptors, or services, or an error."""

    files: tuple[bytes, ...] = ()
    services: tuple[str, ...] = ()
    error: tuple[int, str] | None = None  # a code of gRPC and its message


def ask_for_services() -> bytes:
    return field(LIST_SERVICES, "*")


def ask_for_symbol(name: str) -> bytes:
    return field(FILE_CONTAINING_SYMBOL, name)


def ask_for_file(name: str) -> bytes:
    return field(FILE_BY_FILENAME, name)


def read_reflected(data: bytes) -> Reflected:
    """The answer's parts; what it repeats of the question is left out. Raises `malformed`."""
    files: list[bytes] = []
    services: list[str] = []
    error = None
    for number, value in fields(data):
        if number == 4:  # file_descriptor_response
            files += [octets_of(each) for inner, each in fields(octets_of(value)) if inner == 1]
        elif number == 6:  # list_services_response
            for inner, each in fields(octets_of(value)):
                if inner == 1:
                    services += [text_of(name) for at, name in fields(octets_of(each)) if at == 1]
        elif number == 7:  # error_response
            parts = dict(fields(octets_of(value)))
            code, text = parts.get(1, 0), parts.get(2, b"")
            error = (code if isinstance(code, int) else 2, text_of(text))
    return Reflected(files=tuple(files), services=tuple(services), error=error)


def file_head(data: bytes) -> tuple[str, tuple[str, ...]]:
    """The name of a serialized file and the names of the files that it imports. Raises `malformed`."""
    name, imports = "", []
    for number, value in fields(data):
        if number == 1:
            name = text_of(value)
        elif number == 3:
            imports.append(text_of(value))
    return name, tuple(imports)


def files_of_set(data: bytes) -> tuple[bytes, ...]:
    """The files of a serialized FileDescriptorSet. Raises `malformed`."""
    return tuple(octets_of(value) for number, value in fields(data) if number == 1)


def health_request(service: str) -> bytes:
    return field(1, service) if service else b""


def read_health(data: bytes) -> str:
    """`SERVING`, or the number of a status that is not known. Raises `malformed`."""
    number = dict(fields(data)).get(1, 0)
    return SERVING[number] if isinstance(number, int) and number < len(SERVING) else str(number)
