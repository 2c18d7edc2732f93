"""How a request is told: its message as it goes out, and the notes on what is likely not meant."""

from __future__ import annotations

from rrcli.adapters.http.answer import media_type_of
from rrcli.events import Sent
from rrcli.model import Body, Message, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.http.request import HttpRequest
    from rrcli.adapters.http.words import Asked
    from rrcli.context import Context

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE", "QUERY", "PROPFIND", "REPORT", "SEARCH")  # RFC 9110 section 9.2.1 and its registry
IDEMPOTENT = (*SAFE, "PUT", "DELETE", "COPY", "MOVE", "MKCOL", "PROPPATCH")


def sent(asked: Asked) -> Sent:
    """The request as the document has it."""
    return Sent(message=_message(asked), target=Target(url=asked.url, host=asked.host, port=asked.port))


def _message(asked: Asked) -> Message:
    return Message(
        summary=f"{asked.method} {asked.target} {asked.version}",
        fields=asked.fields,
        body=_body(asked),
        data={
            "method": asked.method,
            "safe": asked.method in SAFE,
            "idempotent": asked.method in IDEMPOTENT or bool(asked.field("idempotency-key")),
        },
    )


def _body(asked: Asked) -> Body | None:
    """The content that goes out; of an upload what has gone so far."""
    if asked.upload:
        body = asked.upload.body()
    elif asked.content is not None:
        from rrcli.digest import sha256

        data = asked.content if asked.plain is None else asked.plain
        body = Body(data=data, size=len(data), sha256=sha256(data).hexdigest())
    else:
        return None
    media_type, charset = media_type_of(asked.fields)
    return body.replace(media_type=media_type, charset=charset)


def note_doubts(request: HttpRequest, asked: Asked, context: Context) -> None:
    """Note what is likely not meant."""
    if (
        request.data
        and (asked.content or b"").lstrip()[:1] in (b"{", b"[")
        and asked.field("content-type").startswith("application/x-www-form")
    ):
        context.note("json-as-form", "the content looks like JSON but is sent as a form: add -H 'Content-Type: application/json'")
    if (authorization := _value(asked, "authorization"))[:7].lower() == "bearer ":
        from rrcli.adapters.http.auth import expired

        if ago := expired(authorization):
            context.note("token-expired", f"the bearer token's exp passed {_span(ago)} ago: get a new one")
    if request.uses_netrc:
        from rrcli.adapters.http.auth import netrc_doubt

        if doubt := netrc_doubt(request):
            context.note("netrc-readable", doubt)


def _value(asked: Asked, name: str) -> str:
    return next((value for key, value in asked.fields if key.lower() == name), "")


def _span(seconds: float) -> str:
    """`3 days`, in the largest unit that fits."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            number = int(seconds // size)
            return f"{number} {unit}{'s' * (number != 1)}"
    return f"{seconds:.0f} seconds"
