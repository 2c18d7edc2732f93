"""`grpc-status-details-bin`: a `google.rpc.Status`, whose details are read by the types of google.rpc that rrcli brings."""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64

from rrcli.adapters.grpc.convert import Converter
from rrcli.adapters.grpc.schema import Schema
from rrcli.base.errors import ExchangeError
from rrcli.codec.grpc.protobuf import fields, octets_of, text_of
from rrcli.codec.grpc.rpcfiles import FILES
from rrcli.codec.grpc.status import binary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST = 1000  # details that are read


def details_of(said: str, known: Schema | None = None) -> tuple[list[Any], str]:
    """The details as ProtoJSON, and what could not be read, in words; `known` are the types of the call."""
    data = binary(said)
    if data is None:
        return [], "no base64"
    try:
        packed = [octets_of(value) for number, value in fields(data) if number == 3][:MOST]
        pairs = [_pair(each) for each in packed]
    except ExchangeError as error:
        return [], error.message
    if not pairs:
        return [], ""
    try:
        schemas = [*([known] if known else []), _own()]
    except ExchangeError:  # without the protobuf library, as in a health check
        schemas = []
    found, unread = [], ""
    for url, content in pairs:
        value = _decoded(url.rpartition("/")[2], content, schemas)
        if value is None:
            unread = f"a {url[:100]}, whose type is not known"
            found.append({"@type": url, "value": b2a_base64(content, newline=False).decode()})
        else:
            found.append({"@type": url, **value} if isinstance(value, dict) else {"@type": url, "value": value})
    return found, unread


def _own() -> Schema:
    """The types of google.rpc."""
    schema = Schema()
    schema.add([a2b_base64(each) for each in FILES])
    schema.link()
    return schema


def _pair(data: bytes) -> tuple[str, bytes]:
    """Type and content of an Any."""
    url, content = "", b""
    for number, value in fields(data):
        if number == 1:
            url = text_of(value)
        elif number == 2:
            content = octets_of(value)
    return url, content


def _decoded(name: str, content: bytes, schemas: list[Schema]) -> Any:
    """The value of a detail; `None` where its type is not known, or its content is none of that type."""
    for schema in schemas:
        found = schema.symbol(name)
        if found is not None and hasattr(found, "fields_by_name"):
            try:
                return Converter(schema, defaults=False).to_json(content, found)
            except ExchangeError:
                continue
    return None
