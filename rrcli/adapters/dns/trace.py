"""`--trace`: from the root down, asking each zone's servers for the next one's, as a resolver without a cache does (RFC 1034 §5.3.3).

Each step is a hop. Where it stands is the request's `Trail`: a stack of goals, because a name server without glue has to be
looked up from the root as well before the trace can go on. Servers that do not answer, or not for the zone that was delegated to
them (lame ones), are named in the notes, and the next one is asked.
"""

from __future__ import annotations

from rrcli.adapters.dns.ask import ask
from rrcli.adapters.dns.conclude import note_emptiness, understood
from rrcli.adapters.dns.prepare import prepare
from rrcli.adapters.dns.query import Query
from rrcli.adapters.dns.questions import A, Question, questions_of
from rrcli.adapters.dns.trail import Goal, Trail
from rrcli.base.deadline import Deadline
from rrcli.base.errors import ExchangeError, usage
from rrcli.base.files import read_local
from rrcli.base.url import host_port
from rrcli.codec.dns.tables import type_name
from rrcli.engine.events import Content, Continue, Finished, Received, Sent
from rrcli.model.values import Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.dns.request import DnsRequest
    from rrcli.codec.dns import message as codec
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event

LIMIT = 5.0  # seconds for one server, so that a dead one does not use up the time of the others
DEEPEST = 4  # servers' names looked up on the way to another server's name
PORT = 53
# The root servers' addresses (https://www.iana.org/domains/root/files), which change once in a decade.
ROOT = {
    "a.root-servers.net.": ("198.41.0.4", "2001:503:ba3e::2:30"), "b.root-servers.net.": ("170.247.170.2", "2801:1b8:10::b"),
    "c.root-servers.net.": ("192.33.4.12", "2001:500:2::c"), "d.root-servers.net.": ("199.7.91.13", "2001:500:2d::d"),
    "e.root-servers.net.": ("192.203.230.10", "2001:500:a8::e"), "f.root-servers.net.": ("192.5.5.241", "2001:500:2f::f"),
    "g.root-servers.net.": ("192.112.36.4", "2001:500:12::d0d"), "h.root-servers.net.": ("198.97.190.53", "2001:500:1::53"),
    "i.root-servers.net.": ("192.36.148.17", "2001:7fe::53"), "j.root-servers.net.": ("192.58.128.30", "2001:503:c27::2:30"),
    "k.root-servers.net.": ("193.0.14.129", "2001:7fd::1"), "l.root-servers.net.": ("199.7.83.42", "2001:500:9f::42"),
    "m.root-servers.net.": ("202.12.27.33", "2001:dc3::35"),
}  # fmt: skip


def step(request: DnsRequest, context: Context) -> Iterator[Event]:
    """Ask the first server of the goal under way: it has the answer, leads on, or is passed over for the next one."""
    trail = context.state or _start(request)
    goal = trail.goals[-1]
    name, address = goal.servers[0]
    query = Query(request, _question(trail, goal, address))
    prepare(query)
    yield Sent(message=query.message(), target=query.target())
    try:
        answer = _ask(query, trail, context)
    except ExchangeError as error:
        if error.layer not in ("network", "transport", "protocol") or context.deadline.passed() or not _has_others(goal):
            raise
        error.phase = error.phase or context.recorder.timeline.current
        context.recorder.timeline.finish(failed=True)
        context.note("lame", f"{name} ({address}), a server of {goal.zone}, gives no answer: {error.message}")
        yield _pass_over(query, trail, None, error)
        return
    if "tc" in answer.flags and query.question.transport == "udp":
        context.note("truncated-udp", "the UDP answer was cut (TC); asked again over TCP")
        found = query.answer(answer, answer.answer)
        yield Finished(answer=found, then=Continue(why="retry", state=trail.replace(transport="tcp")))
    elif why := _lameness(answer, goal):
        context.note("lame", f"{name} ({address}), a server of {goal.zone}, {why}")
        yield _pass_over(query, trail, query.answer(answer, answer.answer), None)
    else:
        yield from _follow(query, answer, trail, context)


def _question(trail: Trail, goal: Goal, address: str) -> Question:
    return Question(name=goal.name, kind=goal.kind, of_class=trail.of_class, host=address, port=trail.port, transport=trail.transport)


def _has_others(goal: Goal) -> bool:
    """Whether there is somebody else to ask."""
    return len(goal.servers) > 1 or bool(goal.unknown)


def _ask(query: Query, trail: Trail, context: Context) -> codec.Message:
    """The answer of one server; only the last one may take all the time there is left for that."""
    whole = context.deadline
    if _has_others(trail.goals[-1]):
        context.deadline = whole.sooner(Deadline.after(LIMIT, f"{LIMIT:g}s for each server of a trace"))
    try:
        return ask(query, context)
    finally:
        context.deadline = whole


def _pass_over(query: Query, trail: Trail, answer: Response | None, error: ExchangeError | None) -> Finished:
    """The end of a step with a server that is of no use; without another one, of the trace."""
    *before, goal = trail.goals
    rest = goal.replace(servers=goal.servers[1:])
    following = trail.replace(goals=(*before, rest))
    if rest.servers:
        return Finished(answer=answer, then=Continue(why="retry", state=following), failure=error)
    if goal.unknown:
        return Finished(
            answer=answer, then=Continue(why="retry", state=_look_up(query.request, following, goal.unknown, ())), failure=error
        )
    raise ExchangeError(
        "network", "resolver_failed", f"no server of {goal.zone} answers for {goal.name}",
        hint=f"the delegation of {goal.zone} names wrong servers, or they do not serve it: the notes say what each did",
    )  # fmt: skip


def _lameness(answer: codec.Message, goal: Goal) -> str:
    """Why the answer is not one of a server of the goal's zone; empty when it is."""
    if answer.rcode not in ("NOERROR", "NXDOMAIN"):
        return f"says {answer.rcode}"
    if "aa" in answer.flags or answer.answer:
        return ""
    child = _delegation(answer)
    if child is None:
        return "is not authoritative, and knows no delegation"
    if not _is_below(child, goal.zone) or not _is_in(goal.name, child):
        return f"leads to {child}, which is not on the way down from {goal.zone} to {goal.name}"
    return ""


def _delegation(answer: codec.Message) -> str | None:
    """The zone whose servers the authority section names."""
    return next((record["name"].lower() for record in answer.authority if record["type"] == "NS"), None)


def _is_in(name: str, zone: str) -> bool:
    """Whether a name is the zone's or below it."""
    return zone == "." or name.lower() == zone.lower() or name.lower().endswith(f".{zone.lower()}")


def _is_below(name: str, zone: str) -> bool:
    return _is_in(name, zone) and name.lower() != zone.lower()


def _follow(query: Query, answer: codec.Message, trail: Trail, context: Context) -> Iterator[Event]:
    """Go where the answer leads: to the servers of a zone below, back to the goal this one was for, or to the end."""
    found = query.answer(answer, answer.answer)
    goal = trail.goals[-1]
    if "aa" not in answer.flags and not answer.answer:
        zone = str(_delegation(answer))
        found = found.replace(summary=f"{answer.rcode}, {zone} is delegated")
        servers, unknown = _servers(answer, zone, query.request)
        following = trail.replace(goals=(*trail.goals[:-1], goal.replace(zone=zone, servers=servers, unknown=unknown)))
        if servers:
            yield Finished(answer=found, then=Continue(why="redirect", state=following))
        else:
            yield Finished(answer=found, then=Continue(why="redirect", state=_look_up(query.request, following, unknown, ())))
    elif len(trail.goals) > 1:
        yield from _return(query, answer, trail, found)
    else:
        found = found.replace(complete_text=query.whole(answer, context), status=understood(found.status, query, answer))
        note_emptiness(query, answer, context)
        yield Received(answer=found)
        if answer.answer:
            yield Content(data="\n".join(record["data"] for record in answer.answer).encode())
        yield Finished(answer=found)


def _servers(answer: codec.Message, zone: str, request: DnsRequest) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """The zone's servers with the addresses that came along (glue), and the names of those without."""
    names = list(dict.fromkeys(record["data"] for record in answer.authority if record["type"] == "NS" and record["name"].lower() == zone))
    kinds = ("A",) if request.ipv4 else ("AAAA",) if request.ipv6 else ("A", "AAAA")
    found = [
        (name, record["data"])
        for kind in kinds
        for name in names
        for record in answer.additional
        if record["type"] == kind and record["name"].lower() == name.lower()
    ]
    known = {name for name, _ in found}
    return tuple(found), tuple(name for name in names if name not in known)


def _look_up(request: DnsRequest, trail: Trail, names: tuple[str, ...], seen: tuple[str, ...]) -> Trail:
    """The request that finds the address of a server that came without. Raises when that would go in circles."""
    goals = trail.goals
    open_names = [goal.name.lower() for goal in goals]
    zone = goals[-1].zone
    fit = [name for name in names if name.lower() not in open_names and not _is_in(name, zone) and name not in seen]
    if not fit or len(goals) > DEEPEST:
        way = " → ".join([*(goal.name for goal in goals), names[0] if names else zone])
        raise ExchangeError(
            "network", "resolver_failed", f"the delegation of {zone} goes in a circle: {way}",
            hint=f"the zone above has to give the addresses of {', '.join(names) or 'its servers'} along (glue)",
        )  # fmt: skip
    waiting = goals[-1].replace(servers=(), unknown=tuple(name for name in names if name != fit[0]))
    kind = 28 if request.ipv6 else A
    goal = Goal(name=fit[0], kind=kind, zone=".", servers=trail.root)
    return trail.replace(goals=(*goals[:-1], waiting, goal))


def _return(query: Query, answer: codec.Message, trail: Trail, found: Response) -> Iterator[Event]:
    """A server's address was looked up: back to the goal for which it was; without an address, to the next server."""
    *before, waiting, goal = trail.goals
    kind = type_name(goal.kind)
    servers = tuple((goal.name, record["data"]) for record in answer.answer if record["type"] == kind)
    following = trail.replace(goals=(*before, waiting.replace(servers=servers)))
    state = following if servers else _look_up(query.request, following, waiting.unknown, (goal.name,))
    yield Finished(answer=found, then=Continue(why="redirect", state=state))


# --- where it begins


def _start(request: DnsRequest) -> Trail:
    """The trail at the root: the servers of `--hints`, or the one given with `@`, or IANA's."""
    asked = questions_of(request if _names_servers(request) else request.replace(arguments=(*request.arguments, "@127.0.0.1")))
    kinds = {question.kind for question in asked}
    if len(kinds) > 1:
        raise usage(f"--trace follows one type, got {' and '.join(map(type_name, kinds))}")
    question = asked[0]
    if question.transport not in ("udp", "tcp"):
        raise usage(f"--trace asks over udp or tcp, not over {question.transport}", "root and zone servers speak those")
    if request.hints and _names_servers(request):
        raise usage("--hints and @SERVER exclude each other under --trace: both say where the root is")
    port = request.port or PORT
    if request.hints:
        root = _hints(read_local(request.hints), request)
    elif _names_servers(request):
        root, port = tuple((host_port(one.host, None), one.host) for one in asked), question.port
    else:
        root = tuple((name, addresses[at]) for at in _families(request) for name, addresses in ROOT.items())
    goal = Goal(name=question.name, kind=question.kind, zone=".", servers=root)
    return Trail(goals=(goal,), root=root, port=port, transport=question.transport, of_class=question.of_class)


def _names_servers(request: DnsRequest) -> bool:
    return any(word.startswith("@") or "://" in word for word in request.arguments)


def _families(request: DnsRequest) -> tuple[int, ...]:
    return (0,) if request.ipv4 else (1,) if request.ipv6 else (0, 1)


def _hints(text: bytes, request: DnsRequest) -> tuple[tuple[str, str], ...]:
    """Name and address of each root server of a file as IANA's `named.root` (RFC 1035 §5.1). Raises `usage`."""
    import dns.exception
    import dns.name
    import dns.zonefile

    try:
        rrsets = dns.zonefile.read_rrsets(text.decode("utf-8", "replace"), name=None, origin=dns.name.root, rdclass=None, default_ttl=0)
    except (dns.exception.DNSException, ValueError) as error:
        raise usage(
            f"--hints: {request.hints} holds no records: {error}", "it is a zone file: `. NS a.root.` and `a.root. A 192.0.2.1`"
        ) from None
    names = [str(item.target).lower() for rrset in rrsets if rrset.rdtype == 2 for item in rrset]
    kinds = {0: 1, 1: 28}
    wanted = [kinds[at] for at in _families(request)]
    found: list[tuple[str, str]] = [
        (str(rrset.name).lower(), item.address)
        for kind in wanted
        for rrset in rrsets
        if rrset.rdtype == kind and (not names or str(rrset.name).lower() in names)
        for item in rrset
    ]
    if not found:
        raise usage(f"--hints: {request.hints} holds no address of a root server", "it has lines as `a.root. 3600 IN A 192.0.2.1`")
    return tuple(found)
