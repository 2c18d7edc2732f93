"""How a request is told: its message as it goes out, and the notes on what is likely not meant."""

from __future__ import annotations

from rrcli.adapters.http.versions.response import media_type_of
from rrcli.base.fields import first
from rrcli.engine.events import Sent
from rrcli.model.values import Body, RequestMessage, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.adapters.http.request import AnyHttpRequest
    from rrcli.engine.context import Context

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE", "QUERY", "PROPFIND", "REPORT", "SEARCH")  # RFC 9110 section 9.2.1 and its registry
IDEMPOTENT = (*SAFE, "PUT", "DELETE", "COPY", "MOVE", "MKCOL", "PROPPATCH")


def sent(prepared: PreparedRequest) -> Sent:
    """The request as the document has it."""
    return Sent(message=_message(prepared), target=Target(url=prepared.url, host=prepared.host, port=prepared.port))


def without_connection(prepared: PreparedRequest, version: str) -> PreparedRequest:
    """The request as HTTP/2 or HTTP/3 sends it, which have no fields about the connection."""
    from rrcli.codec.http.h2fields import fields_of

    return prepared.replace(version=version, fields=fields_of(prepared.fields))


def note_dropped(prepared: PreparedRequest, version: str, context: Context) -> None:
    """Note the user's own fields that this version, HTTP/2 or HTTP/3, has no place for."""
    from rrcli.codec.http.h2fields import lost_fields

    if lost := lost_fields(prepared.fields):
        rfc = {"HTTP/2": "RFC 9113 section 8.2.2", "HTTP/3": "RFC 9114 section 4.2"}[version]
        context.note("field-dropped", f"{version} has no place for {', '.join(lost)} ({rfc}): not sent")


def _message(prepared: PreparedRequest) -> RequestMessage:
    return RequestMessage(
        summary=f"{prepared.method} {prepared.target} {prepared.version}",
        fields=prepared.fields,
        body=_body(prepared),
        data={
            "method": prepared.method,
            "safe": prepared.method in SAFE,
            "idempotent": prepared.method in IDEMPOTENT or bool(prepared.field("idempotency-key")),
        },
        name=prepared.method,
    )


def _body(prepared: PreparedRequest) -> Body | None:
    """The content that goes out; of an upload what has gone so far."""
    if prepared.upload:
        body = prepared.upload.body()
    elif prepared.content is not None:
        from rrcli.base.digest import sha256

        data = prepared.content if prepared.plain is None else prepared.plain
        body = Body(data=data, size=len(data), sha256=sha256(data).hexdigest())
    else:
        return None
    media_type, charset = media_type_of(prepared.fields)
    return body.replace(media_type=media_type, charset=charset)


def note_doubts(request: AnyHttpRequest, prepared: PreparedRequest, context: Context) -> None:
    """Note what is likely not meant."""
    if (
        request.data
        and (prepared.content or b"").lstrip()[:1] in (b"{", b"[")
        and prepared.field("content-type").startswith("application/x-www-form")
    ):
        context.note("json-as-form", "the content looks like JSON but is sent as a form: add -H 'Content-Type: application/json'")
    if (authorization := first(prepared.fields, "authorization") or "")[:7].lower() == "bearer ":
        from rrcli.adapters.http.prepare.auth import expired

        if ago := expired(authorization):
            context.note("token-expired", f"the bearer token's exp passed {_span(ago)} ago: get a new one")
    if request.uses_netrc:
        from rrcli.adapters.http.prepare.auth import netrc_doubt

        if doubt := netrc_doubt(request):
            context.note("netrc-readable", doubt)


def _span(seconds: float) -> str:
    """`3 days`, in the largest unit that fits."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            number = int(seconds // size)
            return f"{number} {unit}{'s' * (number != 1)}"
    return f"{seconds:.0f} seconds"
