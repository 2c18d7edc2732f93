"""What a client has learned of a service: its WSDL, read once for all calls of a series."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.soap.library import Library
    from rrcli.adapters.soap.request import SoapRequest
    from rrcli.adapters.soap.state import SoapState
    from rrcli.engine.context import Context


def key_of(request: SoapRequest) -> tuple[Any, ...]:
    """What tells apart what was learned: the WSDL, and as whom it was asked for."""
    return ("soap", request.arguments[0], request.user, request.bearer, request.headers, request.lax)


def library_of(request: SoapRequest, state: SoapState, context: Context) -> Library:
    """What the documents mean; made once for a client. Raises `malformed`."""
    if state.library:
        return state.library
    from rrcli.adapters.soap.library import Library

    library = Library(state.documents, lax=request.lax)
    for note in library.notes:
        context.note("wsdl", note)
    context.shared.learned[key_of(request)] = library
    return library
