"""rrcli as a library: one call that waits, one that does not. The command line is a user of the same runner."""

from __future__ import annotations

from rrcli.engine.client import Client
from rrcli.engine.send import send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from concurrent.futures import Future

    from rrcli.model.values import Exchange
    from rrcli.options.request import Request

__all__ = ["Client", "render", "send", "submit"]


def render(exchange: Exchange, *, width: int = 100, verbose: bool = False) -> str:
    """The pretty report of an exchange, as the command line draws it without colour; secrets are masked."""
    from rrcli.engine.registry import BY_NAME
    from rrcli.policy.redact import masked
    from rrcli.report.terminal.render import render

    entry = BY_NAME[exchange.protocol]
    return render(masked(exchange), entry, width=width, color=False, verbose=verbose, wire=exchange.transcript is not None)


def submit(request: Request) -> Future[Exchange]:
    """Send one request in a thread of its own and return the future of its `Exchange` at once.

    The future takes callbacks (`add_done_callback`), waits (`result(timeout=…)`), and is awaited through
    `asyncio.wrap_future`. It raises what `send` raises: `ExchangeError` for a request that is wrong in itself.
    The thread is no daemon: the interpreter's end waits for the exchange, which its own deadline bounds.
    """
    from concurrent.futures import Future
    from threading import Thread

    future: Future[Exchange] = Future()

    def work() -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(send(request))
        except BaseException as error:  # noqa: BLE001  # whatever it is, it belongs to whoever holds the future
            future.set_exception(error)

    Thread(target=work, name=f"rrcli-{type(request).__name__}").start()
    return future
