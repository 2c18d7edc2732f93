"""The WSDL and what it imports: each document over a hop of HTTP of its own, filed in the history; files are read at once."""

from __future__ import annotations

from rrcli.adapters.soap.credentials import same_origin, stripped, with_passwords
from rrcli.adapters.soap.documents import Collection, Fetch, is_file, location_of
from rrcli.adapters.soap.learned import key_of, library_of
from rrcli.adapters.soap.state import SoapState
from rrcli.adapters.soap.words import arguments_of, http_words
from rrcli.base.errors import ExchangeError, malformed
from rrcli.base.fields import first
from rrcli.engine.events import Content, Continue, Finished, Received, Sent
from rrcli.model.values import RequestMessage, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.adapters.soap.request import SoapRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Response

ACCEPT = "text/xml, application/xml, application/wsdl+xml, */*;q=0.5"


def described(request: SoapRequest, context: Context) -> Iterator[Event]:
    """Fetch the next document, or with all of them there call the operation or show what they say."""
    state = context.state
    if state is None:
        state = yield from _begun(request, context)
    if state.waiting:
        yield from _fetch(state.options, state, context)
    else:
        yield from _use(state.options, state, context)


def _begun(request: SoapRequest, context: Context) -> Any:
    """The state of the first hop: with what this client has learned before, else with what is to be fetched."""
    from rrcli.adapters.soap.library import require_zeep

    require_zeep()
    if not request.asks_only:
        arguments_of(request)  # what is wrong with them is told before anything is sent
    options = with_passwords(request)
    if known := context.shared.learned.get(key_of(request)):
        return SoapState(options=options, library=known)
    location = location_of(request.arguments[0])
    root = Fetch(key=location.partition("#")[0], url=location.partition("#")[0])
    if not is_file(location):
        return SoapState(options=options, waiting=(root,))
    collection = Collection({}, ())
    try:
        collection.add_file(root)
    except ExchangeError:
        asked = RequestMessage(summary=f"describe {request.arguments[0]}", data={"safe": True, "idempotent": True}, name="the question")
        yield Sent(message=asked, target=Target(url=location))
        raise
    return SoapState(options=options, documents=collection.documents, waiting=tuple(collection.waiting))


def _use(request: SoapRequest, state: SoapState, context: Context) -> Iterator[Event]:
    """With all documents there: the call, or what is asked of them."""
    if request.asks_only:
        from rrcli.adapters.soap.listing import listed

        return listed(request, library_of(request, state, context))
    from rrcli.adapters.soap.calling import call

    return call(request, state, context)


def _getting(request: SoapRequest, state: SoapState, fetch: Fetch) -> SoapRequest:
    """The HTTP request for a document; of another origin than the WSDL's without credentials."""
    plain = request.replace(method=None, data=(), compress=None, max_size=min(request.max_size, 32 << 20))
    root = next(iter(state.documents.values()), None)
    if root and (is_file(root.url) or not same_origin(root.url, fetch.url)) and not request.location_trusted:
        plain = stripped(plain)[0]
    fields = http_words(plain, query=False)
    taken = {word.partition(":")[0].lower() for word in (*plain.headers, *fields)}
    headers = plain.headers if "accept" in taken else (f"Accept: {ACCEPT}", *plain.headers)
    return plain.replace(arguments=("GET", fetch.url, *fields), headers=headers)


def _fetch(request: SoapRequest, state: SoapState, context: Context) -> Iterator[Event]:
    """Get the next document. An answer that is none is the last of the exchange."""
    from rrcli.adapters.http.hop import run_hop
    from rrcli.adapters.http.hopstate import HopState

    fetch = state.waiting[0]
    http = state.http or HopState(options=_getting(request, state, fetch))
    withheld: list[Event] = []
    content = bytearray()
    where = fetch.url
    try:
        for event in run_hop(http, context):
            if isinstance(event, Sent):
                where = event.target.url
                yield event.__class__(message=event.message.replace(name="the WSDL"), target=event.target)
            elif isinstance(event, (Received, Content)):
                withheld.append(event)
                if isinstance(event, Content) and len(content) <= request.max_size:
                    content += event.data
            elif isinstance(event, Finished) and event.then:
                yield event.replace(then=event.then.replace(state=state.replace(http=event.then.state)))
                return
            elif isinstance(event, Finished) and event.answer is not None:
                yield from _finish(request, state, context, event.answer, bytes(content), withheld, where)
                return
            else:
                yield event
    except ExchangeError:
        yield from withheld
        raise


def _finish(
    request: SoapRequest, state: SoapState, context: Context, answer: Response, content: bytes, withheld: list[Event], where: str
) -> Iterator[Event]:
    """What becomes of a document that came."""
    fetch, *others = state.waiting
    collection = Collection(state.documents, tuple(others))
    failure = None
    if answer.status.ok:
        try:
            _refuse_redirect(answer, fetch)
            key = where if not state.documents else fetch.key  # the library resolves against the root's key
            collection.add(fetch.replace(key=key), where, content, answer.body.charset if answer.body else None)
            state = state.replace(documents=collection.documents, waiting=tuple(collection.waiting), http=None)
            if not state.waiting:
                state = state.replace(library=library_of(request, state, context))
        except ExchangeError as error:
            failure = error
    if failure or not answer.status.ok:
        yield from withheld
        yield Finished(answer=answer)
        if failure:
            withheld.clear()
            raise failure
        return
    withheld.clear()
    if state.library and request.asks_only:
        from rrcli.adapters.soap.listing import shown_answer

        yield from shown_answer(request, state.library, answer)
        return
    yield Finished(answer=_with_content(answer, content), then=Continue(why="describe", state=state, limited=False))


def _refuse_redirect(answer: Response, fetch: Fetch) -> None:
    if (answer.status.code or 0) >= 300:
        leads = first(answer.fields, "location")
        message = f"the URL of the WSDL answers {answer.status.code}" + (f" and leads to {leads[:200]}" if leads else "")
        raise malformed(f"{message} ({fetch.named_by})" if fetch.named_by else message, "-L follows redirects")


def _with_content(answer: Response, content: bytes) -> Response:
    """The answer with its content, which nobody else has."""
    if answer.body is None:
        return answer
    from rrcli.base.digest import sha256

    return answer.replace(body=answer.body.replace(data=content, size=len(content), sha256=sha256(content).hexdigest()))
