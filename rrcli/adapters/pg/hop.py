"""PostgreSQL: the start of a session that DSN, options and environment ask for, then the query and its results.

What the start refuses is the answer, and the query is not sent then. Not every exchange needs all of it: COPY (`copying.py`), LISTEN
(`listening.py`), cancelling (`cancel.py`) and what is drawn (`display.py`) have files of their own. The protocol is in `codec/pg`.
"""

from __future__ import annotations

from rrcli.adapters.pg.answer import refused
from rrcli.adapters.pg.connect import OtherWay, Refused, State, opened
from rrcli.adapters.pg.conversation import converse
from rrcli.adapters.pg.prepare import read
from rrcli.base.errors import ExchangeError
from rrcli.engine.events import Continue, Finished, Sent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.adapters.pg.prepare import PgQuery
    from rrcli.adapters.pg.request import PgRequest
    from rrcli.adapters.pg.session import PgSession
    from rrcli.codec.pg.settings import Host
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event

GIVEN_UP = ("timeout", "too_large")  # failures after which the server may still be at work for us


def run_hop(request: PgRequest, context: Context) -> Iterator[Event]:
    """Start a session, send the query, read what answers it. An error of the server's is an answer whose status is not ok."""
    asked = read(request)
    context.secret(*asked.secrets)
    state = context.state
    hosts = _hosts(asked, state)
    message, target = asked.message(), asked.target(hosts[0])
    yield Sent(message=message, target=target)
    if state is None:
        for note in asked.configuration.notes:
            context.note(note.code, note.message)
    try:
        session = _reused(asked, context) or _opened(asked, context, hosts, state)
    except Refused as refusal:
        yield from refused(asked, context, refusal)
        return
    except OtherWay as other:
        yield Finished(answer=None, then=Continue(why="retry", state=other.state), failure=other.failure)
        return
    try:
        if len(hosts) > 1:
            yield Sent(message=message, target=asked.target(session.host))
        yield from converse(asked, context, session)
    except (ExchangeError, KeyboardInterrupt, GeneratorExit) as error:
        if not session.is_ready and (not isinstance(error, ExchangeError) or error.kind in GIVEN_UP):
            from rrcli.adapters.pg.cancel import give_up

            give_up(asked, context, session)
        raise
    finally:
        _put_away(context, session)


def _hosts(asked: PgQuery, state: State | None) -> tuple[Host, ...]:
    """The hosts to try: with a `state` the one that it is about, and those behind it."""
    hosts = asked.configuration.hosts
    if state is not None:
        at = hosts.index(state.host) if state.host in hosts else 0
        return (state.host, *hosts[at + 1 :])
    if asked.configuration.get("load_balance_hosts") == "random" and len(hosts) > 1:
        from os import urandom

        return tuple(sorted(hosts, key=lambda _: urandom(8)))
    return hosts


def _place(asked: PgQuery) -> tuple[Any, ...]:
    """What tells one session from another: all that it is configured with."""
    request, configuration = asked.request, asked.configuration
    options = (
        request.read_only, request.insecure, request.sni, request.tls_min, request.tls_max, request.proxy, request.unix_socket,
        request.resolve, request.connect_to, request.max_size, request.interface, request.ipv4, request.ipv6,
    )  # fmt: skip
    return ("pg", configuration.user, configuration.dbname, *sorted(configuration.values.items()), *options)


def _reused(asked: PgQuery, context: Context) -> PgSession | None:
    """The session of an earlier exchange."""
    if context.pool is None:
        return None
    stream = context.reuse(_place(asked))
    session: PgSession | None = stream.session if stream else None
    return session


def _opened(asked: PgQuery, context: Context, hosts: tuple[Host, ...], state: State | None) -> PgSession:
    session = opened(asked, context, hosts, state.way if state else 0)
    if context.pool:
        context.pool.opened += 1
    return session


def _put_away(context: Context, session: PgSession) -> None:
    """Keep the session for the next exchange where one may follow, else end it."""
    if context.pool and session.is_ready and session.status == "idle" and session.is_plain and not session.has_waiting:
        session.stream.session = session
        context.keep(session.stream)
    else:
        session.end()
