"""What a hop of an HTTP exchange takes over from the one before it: its state, opaque to the engine."""

from __future__ import annotations

from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.adapters.http.request import AnyHttpRequest
    from rrcli.adapters.http.state.cookies import StateJar
    from rrcli.model.values import Fields


class HopState(Record):
    """`options` are the user's, with what a session adds to them and without what belongs to another origin.

    `prepared` is the request that an earlier hop led to; `None` on the first hop, which is made from the options.
    """

    options: AnyHttpRequest
    prepared: PreparedRequest | None = None
    redirects: int = 0  # that led here
    visited: tuple[str, ...] = ()  # the URLs that they came by
    passed: tuple[tuple[str, str, int], ...] = ()  # the origins that they came by
    jar: StateJar | None = None  # the cookies and the session, which go from hop to hop
    defaults: Fields = ()  # fields of another protocol over HTTP, which the user may change as any default
    if_range: str | None = None  # what a download that goes on must still be a part of
