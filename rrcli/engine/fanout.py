"""One request that asks several: each part an exchange of its own, sent side by side under one deadline."""

from __future__ import annotations

from rrcli.base.deadline import Deadline
from rrcli.base.errors import EXIT_CODES, ExchangeError, exit_code, highest, usage
from rrcli.engine.registry import hooks_of, protocol_of
from rrcli.engine.runner import judge_of, new_id
from rrcli.engine.send import send, with_command
from rrcli.engine.target import target_of
from rrcli.model.values import Exchange, ExchangeSet, Failure, RequestMessage, Target
from rrcli.wire.race import redirected
from rrcli.wire.recorder import Timeline
from rrcli.wire.resolve import addresses, to_ascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from rrcli.engine.context import Shared
    from rrcli.options.request import Request


def parts_of(request: Request) -> tuple[Request, ...]:
    """The requests that this one asks for side by side; itself, where it asks for one exchange. Raises `usage` and `local` errors."""
    return tuple(hooks_of(request).several(request) or (request,))


def send_all(parts: Sequence[Request], deadline: float | None = None, shared: Sequence[Shared] = ()) -> ExchangeSet:
    """Send what `parts_of` gave, all within `deadline` seconds.

    `shared` has for each part the connections and cookies that it may use.
    Raises what `send` raises. Ctrl-C and TERM end it at once: parts without an answer are reported as interrupted.
    """
    results: list[Exchange | BaseException | None] = [None] * len(parts)
    whole = Deadline.after(deadline, "--deadline")
    of_all = _of_all(parts)
    each = [part.replace(expect=tuple(text for text in part.expect if text not in of_all)) for part in parts]
    judges = [judge_of(part) for part in each]  # here: in a thread nothing would end a check that goes on for ever
    try:
        _work(tuple(part.replace(expect=(), ok=None) for part in parts), results, whole, shared)
    except KeyboardInterrupt:
        pass
    exchanges = []
    for part, judge, result in zip(parts, judges, results, strict=True):
        if isinstance(result, BaseException):
            raise result
        exchange = with_command(result or interrupted(part), protocol_of(part), part)  # with the checks, which are made here
        exchanges.append(judge.judge(exchange, whole) if judge and result else exchange)
    return _judged(ExchangeSet(exchanges=tuple(exchanges)), parts, of_all, whole)


def _of_all(parts: Sequence[Request]) -> tuple[str, ...]:
    """The expectations that read the exchanges together. Raises `usage` for what is none."""
    texts = tuple(dict.fromkeys(text for part in parts for text in part.expect))
    if not texts:
        return ()
    from rrcli.policy.judge import reads_set

    return tuple(text for text in texts if reads_set(text))


def _judged(several: ExchangeSet, parts: Sequence[Request], of_all: tuple[str, ...], whole: Deadline) -> ExchangeSet:
    """The set with the checks made on all of it; `--ok any` and checks decide in place of whether the answers agree."""
    compares = any(part.all_addresses or hooks_of(part).compares(part) for part in parts)
    must_agree = compares and not any(part.expect or part.ok == "any" for part in parts)
    several = several.replace(must_agree=must_agree, variation=hooks_of(parts[0]).variation)
    if not of_all:
        return several
    from rrcli.policy.judge import judge_set

    return judge_set(several, of_all, deadline=whole)


def set_exit_code(several: ExchangeSet, *, terminated: bool = False) -> int:
    """The exit code of exchanges sent side by side: the worst, 8 for a check on all of them, 1 where answers differ that must not."""
    codes = [exit_code(exchange.error, terminated=terminated) for exchange in several.exchanges]
    if any(not check.ok for check in several.checks):
        codes.append(EXIT_CODES["check"])
    code = highest(codes)
    if code or not several.must_agree:
        return code
    from rrcli.model.document import set_differences

    return EXIT_CODES["application"] if set_differences(several) else 0


def every_address(request: Request) -> tuple[Request, ...]:
    """The request once for each address of its host; just itself where the name cannot be found, which sending it reports.

    Raises `ExchangeError` of layer `usage` or `local`.
    """
    target, context = target_of(request)
    options = context.connection_options  # a URL may have said more
    if options.unix_socket or not target.host or target.port is None:
        raise usage("--all-addresses is for a host and a port")
    if options.proxy and not options.proxy.startswith(("socks4://", "socks5://")):
        raise usage("--all-addresses: this proxy looks names up itself", "with socks5:// it is done here")
    host, port = redirected(options, to_ascii(target.host), target.port)
    try:
        found = addresses(options, host, port, Timeline(), context.deadline)
    except ExchangeError as error:
        if error.layer == "usage":
            raise
        return (request,)
    return tuple(request.replace(resolve=(*request.resolve, (host.lower(), port, place.text))) for place in found)


def _work(parts: tuple[Request, ...], results: list[Exchange | BaseException | None], whole: Deadline, shared: Sequence[Shared]) -> None:
    """Send the parts in threads that nobody has to wait for when the program is told to end."""
    from threading import Lock, Thread

    todo = list(enumerate(parts))[::-1]
    lock = Lock()

    def work() -> None:
        while True:
            with lock:
                if not todo:
                    return
                at, part = todo.pop()
            try:
                results[at] = send(part, until=whole, shared=shared[at] if shared else None)
            except BaseException as error:  # noqa: BLE001  # raised again where somebody can catch it
                results[at] = error

    threads = [Thread(target=work, daemon=True) for _ in range(min(parts[0].at_once, len(parts)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def interrupted(part: Request) -> Exchange:
    """What is to be said of an exchange that was under way, or not begun, when the program was told to end."""
    words = " ".join(part.arguments)
    error = Failure(layer="internal", kind="interrupted", message="interrupted before its end", delivery="unknown", retry="useless")
    return Exchange(
        id=new_id(),
        protocol=protocol_of(part).name,
        target=Target(url=words),
        request=RequestMessage(summary=words),
        outcome="error",
        error=error,
    )
