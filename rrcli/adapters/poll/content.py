"""The content of a polled answer: its JSON value, and a few words of it."""

from __future__ import annotations

from rrcli.engine.eventlog import parsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import Body, Response


def data_of(body: Body) -> tuple[Any, Any, bytes]:
    """Content as an event has it: its text, or base64 for what is none; its value where it is JSON; its line."""
    from rrcli.model.document import body_text

    if body.data and (text := body_text(body)) is not None:
        return text, parsed(text), body.data.rstrip(b"\r\n")
    if not body.data:
        return "", None, b""
    from binascii import b2a_base64

    return {"base64": b2a_base64(body.data, newline=False).decode()}, None, body.data


def in_words(answer: Response, text: Any) -> str:
    """An answer in a few words: its status and the beginning of its content."""
    status = " ".join(str(part) for part in (answer.status.code, answer.status.text) if part not in (None, ""))
    content = " ".join(text.split())[:200] if isinstance(text, str) else ""
    return f"{status}: {content}" if content else status
