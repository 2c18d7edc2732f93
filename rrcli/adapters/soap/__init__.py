"""SOAP over HTTP: operations that a WSDL describes, or envelopes as they are.

`fetching.py` gets the WSDL and what it imports, each over a hop of HTTP; `library.py` is all that loads zeep, which knows what WSDL and
XML Schema mean, and touches no network; `calling.py` sends envelopes as HTTP does, `answer.py` reads what comes back. Envelopes, faults
and the bounded XML below them are in `codec/soap`, so that `--envelope` needs no library.
"""

from __future__ import annotations

from rrcli.adapters.soap.words import refuse_contradictions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.soap.request import SoapRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event


def exchange(request: SoapRequest, context: Context) -> Iterator[Event]:
    """Call the operation, show what the WSDL says, or send the envelope. A Fault is an answer whose status is not ok."""
    if context.state is None:
        refuse_contradictions(request)
    if request.envelope is not None:
        from rrcli.adapters.soap.calling import call_raw

        return call_raw(request, context)
    from rrcli.adapters.soap.fetching import described

    return described(request, context)
