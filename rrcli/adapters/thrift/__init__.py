"""Thrift: one call of a method that an IDL file declares, over a connection or over HTTP, and what is answered.

`words.py` understands the request, `conversation.py` speaks over a connection, `overhttp.py` over HTTP, `find.py` finds out what a server
speaks, `listing.py` shows what an IDL declares. IDL, protocols and framings are in `codec/thrift`.
"""

from __future__ import annotations

from rrcli.adapters.thrift.words import prepare

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.thrift.request import ThriftRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event


def exchange(request: ThriftRequest, context: Context) -> Iterator[Event]:
    """Call the method, or find out what the server speaks, or show what the IDL declares."""
    if request.list_services or request.describe or request.template or len(request.arguments) == 2:
        from rrcli.adapters.thrift.listing import listed

        yield from listed(request)
        return
    state = context.state
    asked = state.call if state else prepare(request)
    if not state:
        for note in asked.notes:
            context.note("argument", note)
    if asked.is_auto or asked.method is None:
        from rrcli.adapters.thrift.find import find

        yield from find(request, asked, context)
    elif asked.place.is_http:
        from rrcli.adapters.thrift.overhttp import converse_over_http

        yield from converse_over_http(request, asked, context)
    else:
        from rrcli.adapters.thrift.conversation import converse

        yield from converse(request, asked, context)
