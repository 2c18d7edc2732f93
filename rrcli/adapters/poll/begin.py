"""The first request of a poll: what its options amount to, the place of its cursor, its listener, its connections."""

from __future__ import annotations

from rrcli.adapters.http.hopstate import HopState
from rrcli.adapters.http.prepare.prepare import prepare
from rrcli.adapters.poll import cursor as cursors
from rrcli.adapters.poll.polling import Polling, PollState
from rrcli.base.errors import usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.poll.request import PollRequest
    from rrcli.engine.context import Context


def begin(request: PollRequest, context: Context) -> PollState:
    """What the first hop begins with. Raises `usage` for options that contradict each other, or `local` for a file."""
    _refuse(request)
    polling = Polling()
    if request.status_url:
        polling.status_path = cursors.reading(request.status_url, "--status-url")
    if request.callback:
        from rrcli.adapters.poll.callback import open_listener

        request, polling.listener = open_listener(request)
    state = HopState(options=request)
    try:
        if request.keeps_state or context.shared.cookies is not None:
            from rrcli.adapters.http.state.opening import open_state

            state = open_state(state, context)
        _place_cursor(state, polling, context)
    except BaseException:
        polling.close(context)
        raise
    assert polling.prepared
    if not (request.offline or context.pool or request.limit_rate or polling.prepared.upload):
        from rrcli.wire.pool import Pool

        polling.pool = context.pool = Pool()
    polling.base = state
    return PollState(polling=polling, http=state.replace(prepared=polling.prepared))


def _refuse(request: PollRequest) -> None:
    named = {"--callback-bind": request.callback_bind, "--callback-url": request.callback_url}
    if not request.callback and (flag := next((flag for flag, given in named.items() if given), None)):
        raise usage(f"{flag} is for --callback, which is missing")
    if request.callback and (request.cursor or request.status_url):
        raise usage(f"--callback and {'--cursor' if request.cursor else '--status-url'} exclude each other", "the outcome comes one way")
    if not request.callback and any("{{callback}}" in word for word in request.arguments):
        raise usage("{{callback}} stands in the request, and --callback is missing")


def _place_cursor(state: HopState, polling: Polling, context: Context) -> None:
    """Set the first request, and the template of the others."""
    request: Any = state.options
    placed = cursors.has_place(request)
    if request.cursor is None:
        if placed:
            raise usage(
                f"{cursors.PLACE} stands in the request, and nothing says where an answer has it", "add --cursor, as --cursor json.next"
            )
        polling.prepared = prepare(state, context.id)
        return
    polling.path_text = request.cursor.strip().lower()
    polling.path = cursors.reading(request.cursor, "--cursor")
    polling.cursor = cursors.checked(request.cursor_start)
    if not placed:
        if polling.path_text not in cursors.CONDITIONS:
            raise usage(
                f"--cursor, and {cursors.PLACE} stands nowhere in the request", f"write it where it goes, as since=={cursors.PLACE}"
            )
        prepared = prepare(state, context.id)
        polling.prepared = cursors.conditional(prepared, polling.path_text, polling.cursor) if polling.cursor else prepared
        return
    if request.aws_sigv4 or request.compress:
        raise usage(
            f"{cursors.PLACE} and {'--aws-sigv4' if request.aws_sigv4 else '--compress'} exclude each other",
            "what is built once is not changed",
        )
    polling.mark = cursors.new_mark()
    polling.template = prepare(state.replace(options=cursors.marked(request, polling.mark)), context.id)
    first = cursors.filled(polling.template, polling.mark, polling.cursor or "")
    polling.prepared = first if polling.cursor else prepare(state.replace(options=cursors.without_place(request)), context.id)
