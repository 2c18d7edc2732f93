"""`rrcli serve`: start responders by name, print where they listen, and keep them until Ctrl-C or TERM.

`RESPONDERS` names each with the class that answers, imported when it is started: nobody pays for dnspython who serves HTTP.
`PLACES` are protocols that are spoken over HTTP, at a path of its responder: they share its port.
"""

from __future__ import annotations

import json
import signal
import socket
from contextlib import contextmanager
from importlib import import_module

from rrcli.base.errors import usage
from rrcli.base.record import Record
from rrcli.options.parse import suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import TextIO

    from rrcli.base.errors import ExchangeError
    from rrcli.responders.base import Responder
    from rrcli.responders.faults import Chosen
    from rrcli.responders.faulty import Faulty

RESPONDERS = {
    "http": "rrcli.responders.http:HttpResponder",
    "dns": "rrcli.responders.dns:DnsResponder",
    "redis": "rrcli.responders.redis:RedisResponder",
    "tcp": "rrcli.responders.tcp:TcpResponder",
}


class Place(Record):
    """A protocol at a path of another one's responder, with commands to try, of {url} and {base}."""

    over: str
    path: str
    examples: tuple[str, ...]


PLACES = {
    "sse": Place(over="http", path="/events", examples=("rrcli sse {url}", "curl -N {url}")),
    "poll": Place(
        over="http",
        path="/poll",
        examples=(
            "rrcli poll {url} since=={{{{cursor}}}} --cursor json.next",
            "rrcli poll POST {base}/jobs kind=report",
        ),
    ),
    "graphql": Place(over="http", path="/graphql", examples=("rrcli graphql {url} '{{ books {{ title price }} }}'",)),
}
NAMES = ("http", *PLACES, *(name for name in RESPONDERS if name != "http"))  # those of one port together


def start(
    names: Sequence[str] = (), ports: Mapping[str, int] | None = None, host: str = "127.0.0.1", faulty: Faulty | None = None
) -> list[Responder]:
    """Running responders for `names` (all, if none is given) and for those in `ports`; on `ports[name]`, or on a free port.

    With `faulty` they have its faults. For one of `PLACES` it is the responder that it is at.

    Raises `ExchangeError` of layer `usage` for a name that is none, for two ports where there is one responder, and for an address that
    cannot be had; none is left running then.
    """
    ports = _of_responders(ports or {})
    wanted = {responder_of(name): load(name) for name in (*(names or NAMES), *ports)}
    running: list[Responder] = []
    try:
        for name, responder_type in wanted.items():
            responder = responder_type(host, ports.get(name, 0))
            if faulty:
                faulty.spoil(responder)
            try:
                running.append(responder.start())
            except (OSError, OverflowError) as error:
                raise cannot_listen(responder, error) from error
    except BaseException:
        stop(running)
        raise
    return running


def stop(responders: Iterable[Responder]) -> None:
    for responder in responders:
        responder.stop()


def responder_of(name: str) -> str:
    """The name of the responder that answers for it."""
    return PLACES[name].over if name in PLACES else name


def _of_responders(ports: Mapping[str, int]) -> dict[str, int]:
    """The ports by responder. Raises `usage` where one is to have two."""
    found: dict[str, int] = {}
    for name, port in ports.items():
        if found.setdefault(responder_of(name), port) != port:
            raise usage(
                f"{' and '.join(one for one in ports if responder_of(one) == responder_of(name))} listen on one port", "give it once"
            )
    return found


def load(name: str) -> type[Responder]:
    """The class of the responder that answers for `name`. Raises `ExchangeError` of layer `usage` when there is none."""
    if responder_of(name) not in RESPONDERS:
        raise usage(f"there is no responder for {name!r}{suggestion(name, list(NAMES))}", f"there are {', '.join(NAMES)}")
    module, _, attribute = RESPONDERS[responder_of(name)].partition(":")
    responder_type: type[Responder] = getattr(import_module(module), attribute)
    return responder_type


def cannot_listen(responder: Responder, error: OSError | OverflowError) -> ExchangeError:
    """The usage error for an address that the system did not give."""
    where = f"{responder.protocol} cannot listen on {responder.address}"
    if isinstance(error, OverflowError):
        return usage(f"{where}: a port is a number from 0 to 65535")
    hint = "leave the port out, or write 0, for a free one" if responder.port else "the host must be an address of this machine"
    return usage(f"{where}: {(error.strerror or str(error)).lower()}", hint)


def _served(responders: Iterable[Responder], names: Sequence[str]) -> Iterator[tuple[str, Responder]]:
    """Every name with the responder that answers for it: those asked for, in their order, or all that these answer for."""
    by_name = {responder.protocol: responder for responder in responders}
    for name in dict.fromkeys(names) or NAMES:
        if responder_of(name) in by_name:
            yield name, by_name[responder_of(name)]


def addresses(responders: Iterable[Responder], names: Sequence[str] = ()) -> dict[str, str]:
    """Where each is, as its clients want it: a URL, or `127.0.0.1:PORT` for dns and tcp."""
    return {name: _where(name, responder) for name, responder in _served(responders, names)}


def _where(name: str, responder: Responder) -> str:
    if name in PLACES:
        return responder.url + PLACES[name].path
    return responder.address if responder.bare else responder.url


def listing(responders: Iterable[Responder], names: Sequence[str] = ()) -> str:
    """For people: where each is, and below it commands to paste."""
    lines = []
    for name, responder in _served(responders, names):
        where = {"base": responder.url, "address": responder.address, "host": responder.host, "port": responder.port}
        lines.append(f"{name:<8}{_where(name, responder)}")
        own = (responder.secure and responder.secure_examples) or responder.examples
        examples = PLACES[name].examples if name in PLACES else own
        lines += [" " * 4 + example.format(**where, url=_where(name, responder)) for example in examples]
    return "\n".join(lines) + "\n"


def serve(
    names: Sequence[str] = (),
    *,
    host: str = "127.0.0.1",
    ports: Mapping[str, int] | None = None,
    faults: Sequence[Chosen] = (),
    json_line: bool,
    out: TextIO,
    err: TextIO,
) -> int:
    """Run responders, with `faults` if any, until SIGINT or SIGTERM; returns 0. To be called in the main thread.

    `out` gets one line of JSON, or a listing, once all listen. Raises what `start` raises, and `usage` for a fault that a protocol
    cannot have.
    """
    with told_to_stop() as wait, faults_of(names, faults) as (faulty, having):
        running = start(having, ports, host, faulty)
        told = (*having, *(name for name in ports or () if name not in having)) if having else ()
        where = {} if faulty is None or faulty.tls is None else {"cacert": str(faulty.tls.root)}
        try:
            if json_line:
                out.write(json.dumps(addresses(running, told) | where) + "\n")
            else:
                out.write("".join([listing(running, told), *(f"cacert  {path}\n" for path in where.values())]))
            out.flush()
            if not json_line:
                err.write("Ctrl-C stops.\n")
                err.flush()
            wait()
        finally:
            stop(running)
    return 0


@contextmanager
def faults_of(names: Sequence[str], faults: Sequence[Chosen]) -> Iterator[tuple[Faulty | None, Sequence[str]]]:
    """The faults ready to be had, for the block, and the names of who has them: those given, or all that can.

    Raises `usage` where none, or not all of those given, can have every one of the faults, and for a fault given twice.
    """
    if not faults:
        yield None, names
        return
    from rrcli.responders.faults import Plan, protocols_of
    from rrcli.responders.faulty import Faulty

    called = [one.fault.name for one in faults]
    if twice := next((name for name in called if called.count(name) > 1), None):
        raise usage(f"--fault {twice} is given twice")
    able = protocols_of(faults, {name: responder_of(name) for name in NAMES})
    if unable := next((name for name in names if name in NAMES and name not in able), None):
        which = next(one for one in faults if not {unable, responder_of(unable)} & set(one.protocols))
        value = "" if which.protocols == which.fault.protocols else f"={which.value}"
        raise usage(f"{unable} cannot have the fault {which.fault.name}{value}", f"{', '.join(which.protocols)} can")
    if not able:
        raise usage(f"no protocol can have all of {', '.join(called)}", "rrcli serve --faults says which has which")
    faulty = Faulty(Plan(faults))
    try:
        yield faulty, names or able
    finally:
        faulty.finish()


@contextmanager
def told_to_stop() -> Iterator[Callable[[], None]]:
    """Gives a function that waits for SIGINT or SIGTERM, also one that came before it is called.

    A socket carries the news: `Event.set` in a handler can meet the lock of the `Event.wait` that it interrupted. SIGINT is heard
    even where a shell script started us with `&`, and so with SIGINT ignored: its `kill -INT` is meant.
    """
    heard, told = socket.socketpair()
    signals = (signal.SIGINT, signal.SIGTERM)
    with heard, told:
        told.setblocking(False)
        before = {number: signal.signal(number, lambda *_: None) for number in signals}
        previous = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)

        def wait() -> None:
            while heard.recv(1)[0] not in signals:
                pass

        try:
            yield wait
        finally:
            signal.set_wakeup_fd(previous)
            for number, handler in before.items():
                signal.signal(number, handler)
