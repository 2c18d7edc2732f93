"""Bytes sent and received as the document has them."""

from __future__ import annotations

from rrcli.model.values import Body, RequestMessage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.tcp.request import TcpRequest
    from rrcli.engine.context import Context
    from rrcli.model.values import Response, Target
    from rrcli.options.steps import Step


def message(request: TcpRequest, target: Target, steps: list[Step]) -> RequestMessage:
    """What is sent, as one body; `data` says what else another tool would have to be told."""
    payloads = [value for flag, value in steps if flag != "--await" and isinstance(value, bytes)]
    data = b"".join(payloads)
    what = "connect to" if request.connect_only else f"{in_bytes(len(data))} to" if data else "listen to"
    body = None
    if data:
        from rrcli.base.digest import sha256

        body = Body(data=data, size=len(data), sha256=sha256(data).hexdigest())
    special: dict[str, Any] = {"half_close": True} if request.half_close else {}
    if started := [value for flag, value in steps if flag == "--starttls"]:
        special["starttls"] = started[0]
    if request.udp and len(payloads) > 1:
        special["datagrams"] = [len(payload) for payload in payloads]
    return RequestMessage(summary=f"{what} {target.url}", body=body, data={"safe": not data, "idempotent": not data, **special})


def in_bytes(size: int) -> str:
    return f"{size} byte{'s' * (size != 1)}"


def named(context: Context, answer: Response, size: int, framing: str, *, spoke_first: bool) -> Response:
    """The finished answer, named by what it looks like; its first line is a banner when the peer spoke first."""
    from rrcli.codec.recognise import recognise

    first = context.recorder.first
    found = recognise(first).what if size else "b"
    known = not found.startswith("b")
    banner = first.split(b"\n")[0].strip().decode("utf-8", "replace") if spoke_first and size else None
    summary = f"{in_bytes(size)}, {found}" if known else in_bytes(size)
    return answer.replace(summary=summary, framing=framing, data={"banner": banner})
