"""`rrcli serve`: start responders by name, print where they listen, and keep them until Ctrl-C or TERM.

Which there are is handed in, as a `Catalogue`.
"""

from __future__ import annotations

import json
import signal
import socket
from contextlib import contextmanager

from rrcli.base.errors import usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import TextIO

    from rrcli.base.errors import ExchangeError
    from rrcli.responders.base import Responder
    from rrcli.responders.catalogue import Catalogue
    from rrcli.responders.faults import Chosen
    from rrcli.responders.faulty import Faulty


def start(
    catalogue: Catalogue,
    names: Sequence[str] = (),
    ports: Mapping[str, int] | None = None,
    host: str = "127.0.0.1",
    faulty: Faulty | None = None,
) -> list[Responder]:
    """Running responders for `names` (all, if none is given) and for those in `ports`; on `ports[name]`, or on a free port.

    With `faulty` they have its faults. For a protocol that is answered at a place it is the responder there.

    Raises `ExchangeError` of layer `usage` for a name that is none, for two ports where there is one responder, and for an address that
    cannot be had; none is left running then.
    """
    ports = _of_responders(catalogue, ports or {})
    wanted = {catalogue.responder_of(name): catalogue.load(name) for name in (*(names or catalogue.names), *ports)}
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


def _of_responders(catalogue: Catalogue, ports: Mapping[str, int]) -> dict[str, int]:
    """The ports by responder. Raises `usage` where one is to have two."""
    found: dict[str, int] = {}
    for name, port in ports.items():
        responder = catalogue.responder_of(name)
        if found.setdefault(responder, port) != port:
            raise usage(
                f"{' and '.join(one for one in ports if catalogue.responder_of(one) == responder)} listen on one port", "give it once"
            )
    return found


def cannot_listen(responder: Responder, error: OSError | OverflowError) -> ExchangeError:
    """The usage error for an address that the system did not give."""
    where = f"{responder.protocol} cannot listen on {responder.address}"
    if isinstance(error, OverflowError):
        return usage(f"{where}: a port is a number from 0 to 65535")
    hint = "leave the port out, or write 0, for a free one" if responder.port else "the host must be an address of this machine"
    return usage(f"{where}: {(error.strerror or str(error)).lower()}", hint)


def _served(catalogue: Catalogue, responders: Iterable[Responder], names: Sequence[str]) -> Iterator[tuple[str, Responder]]:
    """Every name with the responder that answers for it: those asked for, in their order, or all that these answer for."""
    by_name = {responder.protocol: responder for responder in responders}
    for name in dict.fromkeys(names) or catalogue.names:
        if (responder := catalogue.responder_of(name)) in by_name:
            yield name, by_name[responder]


def addresses(catalogue: Catalogue, responders: Iterable[Responder], names: Sequence[str] = ()) -> dict[str, str]:
    """Where each is, as its clients want it: a URL, or `127.0.0.1:PORT` for dns and tcp."""
    return {name: _where(catalogue, name, responder) for name, responder in _served(catalogue, responders, names)}


def _where(catalogue: Catalogue, name: str, responder: Responder) -> str:
    if place := catalogue.places.get(name):
        base = f"{place.scheme}{'s' if responder.secure else ''}://{responder.address}" if place.scheme else responder.url
        return base + place.path
    return responder.address if responder.bare else responder.url


def listing(catalogue: Catalogue, responders: Iterable[Responder], names: Sequence[str] = ()) -> str:
    """For people: where each is, and below it commands to paste."""
    lines = []
    for name, responder in _served(catalogue, responders, names):
        where = {"base": responder.url, "address": responder.address, "host": responder.host, "port": responder.port}
        lines.append(f"{name:<8}{_where(catalogue, name, responder)}")
        own = (responder.secure and responder.secure_examples) or responder.examples
        examples = catalogue.places[name].examples if name in catalogue.places else own
        lines += [" " * 4 + example.format(**where, url=_where(catalogue, name, responder)) for example in examples]
    return "\n".join(lines) + "\n"


def serve(
    catalogue: Catalogue,
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
    with told_to_stop() as wait, faults_of(catalogue, names, faults) as (faulty, having):
        running = start(catalogue, having, ports, host, faulty)
        told = (*having, *(name for name in ports or () if name not in having)) if having else ()
        where = {} if faulty is None or faulty.tls is None else {"cacert": str(faulty.tls.root)}
        try:
            if json_line:
                out.write(json.dumps(addresses(catalogue, running, told) | where) + "\n")
            else:
                out.write("".join([listing(catalogue, running, told), *(f"cacert  {path}\n" for path in where.values())]))
            out.flush()
            if not json_line:
                err.write("Ctrl-C stops.\n")
                err.flush()
            wait()
        finally:
            stop(running)
    return 0


@contextmanager
def faults_of(catalogue: Catalogue, names: Sequence[str], faults: Sequence[Chosen]) -> Iterator[tuple[Faulty | None, Sequence[str]]]:
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
    able = protocols_of(faults, {name: catalogue.responder_of(name) for name in catalogue.names})
    if unable := next((name for name in names if name in catalogue.names and name not in able), None):
        which = next(one for one in faults if not {unable, catalogue.responder_of(unable)} & set(one.protocols))
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
