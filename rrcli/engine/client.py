"""A client keeps what outlives an exchange: connections, cookies and known secrets."""

from __future__ import annotations

from rrcli.engine.context import Shared
from rrcli.engine.send import send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

    from rrcli.base.deadline import Deadline
    from rrcli.engine.events import Observer
    from rrcli.model.values import Exchange
    from rrcli.options.request import Request


class Client:
    """Sends requests one after the other over kept connections, with cookies kept between them.

        with rrcli.Client() as client:
            client.send(rrcli.HttpRequest("POST", "https://shop.test/login", "user=ann"))
            exchange = client.send(rrcli.HttpRequest("https://shop.test/cart"))

    Requests of any protocol may take turns. A client belongs to one thread at a time; `close` closes its connections.
    With `connections=False` every exchange opens its own, with `cookies=False` each keeps to its own options.
    """

    def __init__(self, *, connections: bool = True, cookies: bool = True) -> None:
        from rrcli.codec.http.cookies import Jar
        from rrcli.wire.pool import Pool

        self._shared = Shared(pool=Pool() if connections else None, cookies=Jar() if cookies else None)

    def send(self, request: Request, observer: Observer | None = None, *, until: Deadline | None = None) -> Exchange:
        """Send one request and return what became of it, before `until` when that is sooner than the request's own limits.

        Raises `ExchangeError` of layer `usage` or `local` when the request is wrong in itself: nothing was sent then.
        """
        return send(request, observer, until=until, shared=self._shared)

    def close(self) -> None:
        """Close the connections that are still open."""
        self._shared.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
