"""rrcli as a library: one call that waits, one that does not. The command line is a user of the same runner."""

from __future__ import annotations

from rrcli.runner import send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from concurrent.futures import Future

    from rrcli.model import Exchange
    from rrcli.options import Request

__all__ = ["send", "submit"]


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
