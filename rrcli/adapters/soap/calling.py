"""A call: the envelope is made, and goes out as HTTP sends a POST."""

from __future__ import annotations

from rrcli.adapters.soap.credentials import refuse_elsewhere, with_passwords
from rrcli.adapters.soap.state import Envelope, SoapState
from rrcli.adapters.soap.words import arguments_of, http_words
from rrcli.base.deadline import Deadline
from rrcli.base.errors import usage
from rrcli.codec.soap.write import content_fields, username_token
from rrcli.engine.events import Sent
from rrcli.model.values import RequestMessage, Target
from rrcli.options.request import timeout_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.adapters.soap.library import Library, Operation
    from rrcli.adapters.soap.request import SoapRequest
    from rrcli.codec.soap.write import Token
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event

NONCE = 16  # bytes


def call_raw(request: SoapRequest, context: Context) -> Iterator[Event]:
    """Send an envelope as it is; nothing is known of what it means."""
    state = context.state
    if state is None:
        from rrcli.base.files import read_local
        from rrcli.codec.soap.envelope import NAMESPACES

        assert request.envelope is not None
        options = with_passwords(request)
        content = read_local(request.envelope)
        version = request.soap or ("1.2" if NAMESPACES["1.2"].encode() in content else "1.1")
        envelope = Envelope(content=content, endpoint=request.arguments[0], version=version, action=request.action)
        state = SoapState(options=options, envelope=envelope)
    from rrcli.adapters.soap.answer import Reading

    return _sent(state, context, Reading(state, context))


def call(request: SoapRequest, state: SoapState, context: Context) -> Iterator[Event]:
    """Call the operation that the words name. Raises `usage` for what the WSDL does not have."""
    from rrcli.adapters.soap.answer import Reading
    from rrcli.adapters.soap.learned import library_of

    if state.envelope is None and (context.follows or request.idempotency_key is None):
        named = RequestMessage(summary=f"call {request.arguments[1]}", data={"safe": False, "idempotent": False}, name="the call")
        yield Sent(message=named, target=Target(url=request.arguments[0]))  # a wrong argument is told of that
    library = library_of(request, state, context)
    wanted = {"service": request.service, "port": request.port, "version": request.soap}
    operation = library.operation(request.arguments[1], **wanted)
    if state.envelope is None:
        state = state.replace(library=library, envelope=_envelope(request, library, operation))
        # Reading the WSDL is no time of the call, which begins here.
        context.deadline = Deadline.after(timeout_of(request), "--timeout").sooner(context.whole)
    yield from _sent(state, context, Reading(state, context, library, operation))


def _sent(state: SoapState, context: Context, reading: Any) -> Iterator[Event]:
    """Send the envelope as HTTP does, and read its answer as SOAP."""
    from rrcli.adapters.http.hop import run_hop
    from rrcli.adapters.http.hopstate import HopState
    from rrcli.codec.soap.secrets import secret_texts

    assert state.envelope
    context.secret(*secret_texts(state.envelope.content), *(state.envelope.token.secrets if state.envelope.token else ()))
    http = state.http or HopState(options=_posting(state.options, state.envelope))
    yield from reading.front(run_hop(http, context))


def _posting(request: SoapRequest, envelope: Envelope) -> SoapRequest:
    """The HTTP request that carries the envelope; fields of the user's go before ours."""
    words = http_words(request, query=True)
    taken = {word.partition(":")[0].partition(";")[0].lower() for word in (*request.headers, *words)}
    fields = [*content_fields(envelope.version, envelope.action), ("Accept", "text/xml, application/soap+xml, multipart/related")]
    headers = (*[f"{name}: {value}" for name, value in fields if name.lower() not in taken], *request.headers)
    content = envelope.content.decode("utf-8", "surrogateescape")
    return request.replace(arguments=("POST", envelope.endpoint, *words), headers=headers, method=None, data=(("--data-raw", content),))


# --- what goes into the envelope


def _envelope(request: SoapRequest, library: Library, operation: Operation) -> Envelope:
    """The envelope for the arguments. Raises `usage`."""
    token = _token(request)
    content = written(library, operation, arguments_of(request), headers_of(request, operation.version), token)
    endpoint = endpoint_of(request, library, operation)
    refuse_elsewhere(request, library.root, endpoint)
    return Envelope(
        content=content, endpoint=endpoint, version=operation.version, action=operation.action, operation=operation.name, token=token
    )


def endpoint_of(request: SoapRequest, library: Library, operation: Operation) -> str:
    """Where the call goes. Raises `usage` where nothing says so, `unsupported` for what is not HTTP."""
    from urllib.parse import urljoin

    if request.endpoint is not None:
        return request.endpoint
    if not operation.address:
        raise usage(f"the WSDL does not say where {operation.service} is", "add --endpoint URL")
    address = urljoin(library.root, operation.address.strip())
    if not address.startswith(("http://", "https://")):
        raise usage(f"the WSDL leads to {address[:200]!r}, which is not HTTP", "add --endpoint URL")
    return address


def _token(request: SoapRequest) -> Token | None:
    if request.wsse is None:
        return None
    from os import urandom
    from time import gmtime, strftime

    user, _, password = request.wsse.partition(":")
    return username_token(
        user, password, created=strftime("%Y-%m-%dT%H:%M:%SZ", gmtime()), nonce=urandom(NONCE) if request.wsse_digest else None
    )


def headers_of(request: SoapRequest, version: str) -> list[Any]:
    """The elements of `--soap-header`. Raises `usage`, or `local` for a file."""
    from rrcli.adapters.soap.arguments import element_of

    found = []
    for text in request.soap_headers:
        if text.startswith("@"):
            from rrcli.adapters.http.prepare.items import read_text

            text = read_text(text[1:])
        found.append(element_of(_with_prefix(text, version), "--soap-header"))
    return found


def _with_prefix(text: str, version: str) -> str:
    """The element with the prefix `soap` bound, where it uses it and does not say what it means: `soap:mustUnderstand="1"`."""
    from rrcli.codec.soap.envelope import NAMESPACES

    if "soap:" not in text or "xmlns:soap" in text:
        return text
    at = next((at for at, letter in enumerate(text) if letter in " \t\r\n/>" and at > text.find("<")), len(text))
    return f'{text[:at]} xmlns:soap="{NAMESPACES[version]}"{text[at:]}'


def written(library: Library, operation: Operation, given: Any, headers: list[Any], token: Token | None) -> bytes:
    """The envelope as it goes out. Raises `usage` for arguments that the schema does not take."""
    from lxml.etree import LxmlError, SubElement, fromstring, tostring
    from zeep.exceptions import Error

    from rrcli.adapters.soap.arguments import Reader
    from rrcli.adapters.soap.library import BROKEN
    from rrcli.codec.soap.envelope import NAMESPACES

    concrete = operation.concrete
    if concrete.input is None:
        raise usage(f"{operation.name} has no message to send in the WSDL")
    values, named = Reader(library, operation.name).body(concrete.input, given)
    try:
        root = concrete.create(*values, **named).content
    except (Error, LxmlError, *BROKEN) as error:
        what = getattr(error, "message", None) or error
        raise usage(f"the arguments do not fit the schema: {what}", "--template shows what fits") from error
    if headers or token:
        namespace = NAMESPACES[operation.version]
        head = root.find(f"{{{namespace}}}Header")
        if head is None:
            head = SubElement(root, f"{{{namespace}}}Header")
            root.insert(0, head)
        for header in headers:
            head.append(header)
        if token:
            head.append(fromstring(token.xml))
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + bytes(tostring(root, encoding="utf-8")) + b"\n"
