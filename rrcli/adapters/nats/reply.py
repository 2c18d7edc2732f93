"""A message of NATS as a value of the document, as content, and as a status."""

from __future__ import annotations

from rrcli.engine.eventlog import PARSED, parsed
from rrcli.model.values import Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.codec.nats import Msg

LONGEST = 80  # letters of a payload that a line shows
SERVICE_ERROR, SERVICE_CODE = "nats-service-error", "nats-service-error-code"
TITLES = {404: "No Messages", 408: "Request Timeout", 409: "Conflict", 503: "No Responders"}


def text_of(payload: bytes) -> str | None:
    """The payload where it is text: UTF-8 without NUL."""
    if b"\0" in payload:
        return None
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return None


def value_of(payload: bytes) -> Any:
    """The payload in the document: text, or bytes as base64."""
    text = text_of(payload)
    if text is not None:
        return text
    from binascii import b2a_base64

    return {"base64": b2a_base64(payload, newline=False).decode()}


def described(message: Msg) -> dict[str, Any]:
    """Subject, headers and size; the status of its headers where it has one."""
    found: dict[str, Any] = {"subject": message.subject, "headers": [list(pair) for pair in message.headers]}
    if message.status is not None:
        found |= {"status": message.status, "description": message.description}
    return {**found, "size": len(message.payload)}


def json_of(payload: Any) -> dict[str, Any]:
    """`{"json": …}` of a payload that is JSON, else nothing."""
    value = parsed(payload) if isinstance(payload, str) else None
    return {} if value is None else {"json": value}


def cost_of(message: Msg, value: dict[str, Any]) -> int:
    """About how many bytes a message takes in memory."""
    size = len(message.payload) + sum(len(name) + len(text) for name, text in message.headers) + 100
    return size * (PARSED if "json" in value else 1)


def content_of(payload: bytes) -> bytes:
    """The payload among others, with a line end when it is text."""
    return payload if text_of(payload) is None else payload + b"\n"


def summary_of(message: Msg) -> str:
    """The message on one short line: a size where it is long or no text."""
    text = text_of(message.payload)
    if text and len(text) <= LONGEST and "\n" not in text:
        return text
    return f"{len(message.payload)} byte{'s' * (len(message.payload) != 1)}"


def status_of(message: Msg) -> Status:
    """No responders and the other statuses of headers, a service's error; else OK."""
    if message.status is not None and message.status >= 400:
        text = TITLES[503] if message.status == 503 else message.description or TITLES.get(message.status, "")
        return Status(code=message.status, text=text, ok=False)
    headers = {name.lower(): value for name, value in reversed(message.headers)}
    if SERVICE_CODE not in headers and SERVICE_ERROR not in headers:
        return Status(text="OK")
    code, text = headers.get(SERVICE_CODE, ""), headers.get(SERVICE_ERROR, "")
    number = int(code) if code.isascii() and code.isdecimal() and len(code) < 10 else None
    return Status(code=number, text=text or code, ok=False, explain_as=("nats", "Nats-Service-Error"))
