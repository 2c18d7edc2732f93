"""The endpoints of the HTTP responder: one function each, from a call to a response, and the table that routes to them.

`http_call` has what they work with; streams of events, jobs, sessions and GraphQL have modules of their own.
"""

from __future__ import annotations

import json
import zlib
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from urllib.parse import parse_qsl, quote, unquote

from rrcli.responders import http_jobs, http_state, http_streams, http_ws
from rrcli.responders.http_call import ANY, Call, Route, State, document, field_text, problem, seconds, whole
from rrcli.responders.http_message import Refusal, ServerRequest, ServerResponse, title

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Fields = tuple[tuple[str, str], ...]

BYTES = 1 << 30  # of /bytes, at most
LINES = 100_000  # of /stream, at most
REDIRECTS = 100

# What a status obliges its sender to say beside it (RFC 9110 section 15, RFC 6585).
OBLIGED: Mapping[int, Fields] = {
    **dict.fromkeys((301, 302, 303, 307, 308), (("Location", "/"),)),
    401: (("WWW-Authenticate", 'Basic realm="rrcli", charset="UTF-8"'),),
    405: (("Allow", "GET, HEAD"),),
    407: (("Proxy-Authenticate", 'Basic realm="rrcli"'),),
    426: (("Upgrade", "h2c"), ("Connection", "Upgrade")),
    429: (("Retry-After", "1"),),
    503: (("Retry-After", "1"),),
}

DOCUMENT = {"name": "rrcli", "ok": True, "items": [{"id": 1, "name": "first"}, {"id": 2, "name": "second"}]}


def answer(
    request: ServerRequest, state: State, pause: Callable[[float], None], spawn: Callable[[Callable[[], None]], bool] = lambda _: False
) -> ServerResponse:
    """The response of the route that fits. Raises `Refusal`: 404, 405 with Allow, or what the endpoint says."""
    path, _, query = origin_form(request.target).partition("?")
    segments = path.split("/")
    route = find(segments)
    allowed = ", ".join((*route.methods, "OPTIONS"))
    if request.method == "OPTIONS" and route.methods:
        return ServerResponse(status=204, fields=(("Allow", allowed),))
    if route.methods and request.method not in route.methods:
        raise Refusal(405, f"{route.path} takes {allowed}", ("Allow", allowed))
    parts = tuple(unquote(segment) for segment, slot in zip(segments, route.path.split("/"), strict=True) if slot.startswith("{"))
    pairs = dict(parse_qsl(query, keep_blank_values=True))
    return route.endpoint(Call(request=request, parts=parts, query=pairs, state=state, pause=pause, spawn=spawn))


def find(segments: list[str]) -> Route:
    """The first route for this path. Raises `Refusal` 404."""
    for route in ROUTES:
        slots = route.path.split("/")
        if len(slots) == len(segments) and all(
            slot == segment or (slot.startswith("{") and segment) for slot, segment in zip(slots, segments, strict=True)
        ):
            return route
    raise Refusal(404, "there is nothing here; GET / lists what there is")


def origin_form(target: str) -> str:
    """The path and query of a target, also of one written for a proxy (RFC 9112 section 3.2)."""
    if target == "*":
        return "/"
    scheme, found, rest = target.partition("://")
    if found and scheme.lower() in ("http", "https"):
        authority = rest.partition("?")[0].partition("/")[0]
        target = rest[len(authority) :]
        target = target if target.startswith("/") else "/" + target
    if not target.startswith("/"):
        raise Refusal(400, "the target is neither a path nor a URL")
    return target


# --- endpoints -------------------------------------------------------------------------------------------


def index(_: Call) -> ServerResponse:
    lines = [f"{'*' if not route.methods else route.methods[0]:<5}{route.path:<44}{route.about}\n" for route in ROUTES]
    return ServerResponse(fields=(("Content-Type", "text/plain; charset=utf-8"),), content="".join(lines).encode())


def small_json(_: Call) -> ServerResponse:
    return document(DOCUMENT)


def status(call: Call) -> ServerResponse:
    code = whole(call.parts[0], 200, 999)
    reason = field_text(call.query["reason"]) if "reason" in call.query else None
    obliged = OBLIGED.get(code, ())
    if code >= 400:
        response = problem(Refusal(code, f"/status/{code} was asked for", *obliged))
    else:
        shown = title(code) if reason is None else reason
        text = b"" if code == 205 else f"{code} {shown}\n".encode()  # RFC 9110 section 15.3.6: 205 has no content
        response = ServerResponse(status=code, fields=(("Content-Type", "text/plain; charset=utf-8"), *obliged), content=text)
    return response.replace(reason=reason)


def delay(call: Call) -> ServerResponse:
    wait = seconds(call.parts[0])
    call.pause(wait)
    return document({"delayed_s": wait})


def echo(call: Call) -> ServerResponse:
    request = call.request
    try:
        text, base64 = request.content.decode(), None
    except UnicodeDecodeError:
        text, base64 = None, b2a_base64(request.content, newline=False).decode()
    return document(
        {
            "method": request.method,
            "target": request.target,
            "version": f"HTTP/1.{request.minor}",
            "headers": request.fields,
            "trailers": request.trailers,
            "body": {"size": len(request.content), "text": text, "base64": base64},
        }
    )


def some_bytes(call: Call) -> ServerResponse:
    """Byte number i is i modulo 256, so that a client can tell which are missing; parts of them by Range (RFC 9110 section 14)."""
    size = whole(call.parts[0], 0, BYTES)
    tag = f'"{size}"'
    fields: Fields = (("Content-Type", "application/octet-stream"), ("Accept-Ranges", "bytes"), ("ETag", tag))
    wanted = ", ".join(call.request.values("if-none-match"))
    if wanted == "*" or tag in (one.strip().removeprefix("W/") for one in wanted.split(",")):
        return ServerResponse(status=304, fields=fields[1:])
    first, last = http_state.part(call.request, size, tag)
    part = (("Content-Range", f"bytes {first}-{last}/{size}"),) if last - first + 1 != size else ()
    block = bytes(range(256)) * 256

    def pieces() -> Iterator[bytes]:
        for start in range(first, last + 1, len(block)):
            shift = start % 256
            yield (block[shift:] + block[:shift])[: last + 1 - start]

    length = last - first + 1
    close = call.query.get("close") == "1"
    return ServerResponse(status=206 if part else 200, fields=(*fields, *part), content=pieces(), length=length, close=close)


def stream(call: Call) -> ServerResponse:
    """Lines of JSON, a chunk each, and in a trailer the SHA-256 of them all."""
    import hashlib  # for this endpoint alone

    lines, every, digest = whole(call.parts[0], 0, LINES), call.seconds("every"), hashlib.sha256()

    def pieces() -> Iterator[bytes]:
        for number in range(1, lines + 1):
            if number > 1 and every:
                call.pause(every)
            line = json.dumps({"line": number, "of": lines}).encode() + b"\n"
            digest.update(line)
            yield line

    fields = (("Content-Type", "application/x-ndjson"), ("Trailer", "X-Checksum"))
    return ServerResponse(fields=fields, content=pieces(), trailers=lambda: (("X-Checksum", f"sha256={digest.hexdigest()}"),))


def redirect(call: Call) -> ServerResponse:
    """N hops, the last of which leads to /echo, where a client sees what became of its method."""
    left = whole(call.parts[0], 1, REDIRECTS)
    query = f"?status={call.query['status']}" if "status" in call.query else ""
    return found(call, f"/redirect/{left - 1}{query}" if left > 1 else "/echo")


def redirect_to(call: Call) -> ServerResponse:
    if "url" not in call.query:
        raise Refusal(400, "say where: /redirect-to?url=…")
    return found(call, quote(field_text(call.query["url"]), safe="%/:=&?~#+!$,;'@()*[]"))


def found(call: Call, location: str) -> ServerResponse:
    code = whole(call.query.get("status", "302"), 300, 399)
    if code not in (301, 302, 303, 307, 308):
        raise Refusal(400, f"{code} does not redirect; 301, 302, 303, 307 and 308 do")
    return ServerResponse(
        status=code, fields=(("Location", location), ("Content-Type", "text/plain")), content=f"see {location}\n".encode()
    )


def drip(call: Call) -> ServerResponse:
    """Content of a known length that comes byte by byte."""
    size, every = whole(call.query.get("bytes", "10"), 0, LINES), seconds(call.query.get("every", "0.1"))
    call.pause(call.seconds("delay"))

    def pieces() -> Iterator[bytes]:
        for number in range(size):
            if number:
                call.pause(every)
            yield b"*"

    return ServerResponse(fields=(("Content-Type", "application/octet-stream"),), content=pieces(), length=size)


def compressed(coding: str, window: int) -> Callable[[Call], ServerResponse]:
    """An endpoint that sends the small document in this coding, whatever the client accepts (RFC 9110 section 8.4.1)."""

    def endpoint(_: Call) -> ServerResponse:
        plain = document(DOCUMENT)
        packer = zlib.compressobj(wbits=window)
        content = packer.compress(bytes(plain.content)) + packer.flush() if isinstance(plain.content, bytes) else b""
        return plain.replace(fields=(*plain.fields, ("Content-Encoding", coding)), content=content)

    return endpoint


def early_hints(_: Call) -> ServerResponse:
    link = ("Link", "</style.css>; rel=preload; as=style")
    return document(DOCUMENT, fields=(link,)).replace(interim=((103, (link,)),))


def credentials(call: Call, scheme: str) -> str:
    """What the Authorization field says after `scheme`, or nothing."""
    given, _, value = " ".join(call.request.values("authorization")).partition(" ")
    return value.strip() if given.lower() == scheme else ""


def basic_auth(call: Call) -> ServerResponse:
    """RFC 7617."""
    user, password = call.parts
    try:
        given = a2b_base64(credentials(call, "basic"), strict_mode=True)
    except (Base64Error, ValueError):
        given = b""
    if given != f"{user}:{password}".encode():
        raise Refusal(401, "the user or the password is wrong, or not there", *OBLIGED[401])
    return document({"authenticated": True, "user": user})


def bearer(call: Call) -> ServerResponse:
    """RFC 6750; any token will do."""
    token = credentials(call, "bearer")
    if not token:
        raise Refusal(401, "there is no bearer token", ("WWW-Authenticate", 'Bearer realm="rrcli"'))
    return document({"authenticated": True, "token": token})


def make_user(call: Call) -> ServerResponse:
    values = call.json()
    if not isinstance(values, dict):
        raise Refusal(422, "the content is not a JSON object")
    number = call.state.users.add(values)
    return document(call.state.users.get(number), 201, fields=(("Location", f"/users/{number}"),))


def graphql(call: Call) -> ServerResponse:
    from rrcli.responders.graphql_http import endpoint  # for this endpoint alone

    return endpoint(call)


def soap(call: Call) -> ServerResponse:
    from rrcli.responders.soap import endpoint  # for this endpoint alone

    return endpoint(call)


def schema(_: Call) -> ServerResponse:
    from rrcli.responders.graphql_data import SDL

    return ServerResponse(fields=(("Content-Type", "text/plain; charset=utf-8"),), content=SDL.encode())


def show_user(call: Call) -> ServerResponse:
    return document(call.state.users.get(whole(call.parts[0], 1, 10**11)))


ROUTES = (
    Route(path="/", endpoint=index, about="this list"),
    Route(path="/json", endpoint=small_json, about="a small JSON document"),
    Route(path="/status/{code}", endpoint=status, about="that status; ?reason=TEXT", methods=ANY),
    Route(path="/delay/{seconds}", endpoint=delay, about="the first byte comes late", methods=ANY),
    Route(path="/echo", endpoint=echo, about="the request, as JSON", methods=ANY),
    Route(path="/bytes/{n}", endpoint=some_bytes, about="n bytes, 00 01 …; Range, ETag; ?close=1"),
    Route(path="/stream/{n}", endpoint=stream, about="n chunked lines of JSON, a checksum as trailer; ?every=0.1"),
    Route(path="/redirect/{n}", endpoint=redirect, about="n redirects, then /echo; ?status=307", methods=ANY),
    Route(path="/redirect-to", endpoint=redirect_to, about="one, to ?url=; &status=307", methods=ANY),
    Route(path="/events", endpoint=http_streams.events, about="Server-Sent Events; ?count=3&every=100ms&per=2"),
    Route(path="/chat", endpoint=http_streams.chat, about="the words of a prompt as events, then [DONE]", methods=("POST",)),
    Route(
        path="/poll", endpoint=http_streams.poll, about="long polling; ?since=0&wait=10s&every=0.5; POST", methods=("GET", "HEAD", "POST")
    ),
    Route(path="/ws/echo", endpoint=http_ws.echo, about="WebSocket: every message comes back"),
    Route(path="/ws/push", endpoint=http_ws.push, about="WebSocket: ?count=5&every=50ms, then the close"),
    Route(path="/ws/close", endpoint=http_ws.close, about="WebSocket: closed at once; ?code=4001&reason=bye"),
    Route(path="/ws/binary", endpoint=http_ws.binary, about="WebSocket: one binary message"),
    Route(path="/ws/silent", endpoint=http_ws.silent, about="WebSocket: nothing is said"),
    Route(path="/jobs", endpoint=http_jobs.begin, about="202, Location; ?takes=1s&done=303, a callback", methods=("POST",)),
    Route(path="/jobs/{id}", endpoint=http_jobs.status, about="202 until it is done, then the result"),
    Route(path="/jobs/{id}/result", endpoint=http_jobs.result, about="the result alone"),
    Route(path="/graphql", endpoint=graphql, about="GraphQL: queries, mutations, subscriptions by SSE", methods=("GET", "HEAD", "POST")),
    Route(path="/graphql/schema", endpoint=schema, about="its schema, as SDL"),
    Route(path="/soap", endpoint=soap, about="SOAP 1.1 and 1.2: Add, Echo, Reserve, Log; ?wsdl", methods=("GET", "HEAD", "POST")),
    Route(path="/login", endpoint=http_state.login, about="sets a session cookie; ?user=ann", methods=("GET", "HEAD", "POST")),
    Route(path="/me", endpoint=http_state.me, about="who the session cookie says, else 403"),
    Route(path="/logout", endpoint=http_state.logout, about="takes the cookie back", methods=("GET", "HEAD", "POST")),
    Route(path="/drip", endpoint=drip, about="byte by byte; ?bytes=10&every=0.1&delay=0"),
    Route(path="/gzip", endpoint=compressed("gzip", 31), about="/json with Content-Encoding: gzip"),
    Route(path="/deflate", endpoint=compressed("deflate", 15), about="/json with Content-Encoding: deflate"),
    Route(path="/early-hints", endpoint=early_hints, about="103 Early Hints, then /json"),
    Route(path="/basic-auth/{user}/{password}", endpoint=basic_auth, about="200 with these credentials, else 401"),
    Route(path="/bearer", endpoint=bearer, about="200 with a bearer token, else 401"),
    Route(path="/users", endpoint=make_user, about="takes a JSON object: 201, Location, id", methods=("POST",)),
    Route(path="/users/{id}", endpoint=show_user, about="what was made there"),
)
