"""Status and fields of an answer as bytes."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model.values import Response


def head(answer: Response) -> bytes:
    """Status and fields as the wire has them, and the blank line; or all at once, as the protocol's own tool prints it."""
    if answer.complete_text is not None:
        return answer.complete_text.encode("utf-8", "surrogateescape")
    lines = [answer.summary, *(f"{name}: {value}" for name, value in answer.fields), "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")
