"""Exchanges as a Mermaid sequence diagram: who said what to whom, how long it took, and where it broke.

Every attempt and every hop is drawn in its order; exchanges that were sent side by side stand in a `par` block. What comes
from a peer or a user is text within one line: whatever Mermaid would take for syntax is written as a character reference
(`#59;`), so that nothing can end a statement, start a directive or become markup. Secrets must be masked already.
"""

from __future__ import annotations

from rrcli.base.units import duration, size
from rrcli.base.visible import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rrcli.model.values import Exchange

MOST_EVENTS = 10  # of a stream that are drawn; the others are counted
WIDEST = 100  # letters of one line of text
BEFORE = {"resolve": "look up", "connect": "connect to", "tls": "TLS handshake with", "handshake": "set up the session with"}
# Line ends are escaped before; references are decimal as `#quot;` and the like are names. `ﬂ°` and `¶ß` are Mermaid's own marks.
_SYNTAX = {ord(letter): f"#{ord(letter)};" for letter in '#;<>"&`ﬂ°¶ß\\'}
_PAIRS = (("%%", "#37;#37;"), ("$$", "#36;#36;"), ("@{", "#64;#123;"))  # a comment or a directive, a formula, a configuration


def render(exchanges: Iterable[Exchange]) -> Iterator[str]:
    """The diagram's text, in pieces."""
    yield "\n".join(_Diagram(tuple(exchanges)).lines())


def quoted(text: str) -> str:
    """Text that stays text: one line, cut to a readable width, nothing in it syntax."""
    text = visible(text)
    if len(text) > WIDEST:
        text = f"{text[:WIDEST]}…"
    text = text.translate(_SYNTAX)
    for pair, shown in _PAIRS:
        text = text.replace(pair, shown)
    if text.lstrip().lower().startswith(("wrap:", "nowrap:")):
        text = text.replace(":", "#58;", 1)
    return text or " "


class _Diagram:
    """Collects who takes part, then what each says."""

    def __init__(self, exchanges: tuple[Exchange, ...]) -> None:
        self._exchanges = exchanges
        self._names: dict[tuple[str, str], str] = {}  # kind and label -> its name in the diagram
        self._drawn: list[str] = []

    def lines(self) -> list[str]:
        several = len(self._exchanges) > 1
        for number, exchange in enumerate(self._exchanges):
            if several:
                self._drawn.append(f"  {'and' if number else 'par'} {quoted(exchange.request.summary)} · {quoted(exchange.target.url)}")
            for hop in exchange.history:
                self._exchange(hop)
                self._note(f"{hop.why or 'then'}: another follows")
            self._exchange(exchange)
        if several:
            self._drawn.append("  end")
        order = sorted(self._names, key=lambda key: ("resolver", "proxy", "server").index(key[0]))
        parties = [f"  participant {self._names[key]} as {quoted(key[1])}" for key in order]
        return ["sequenceDiagram", "  participant client", *parties, *self._drawn]

    def _party(self, kind: str, label: str) -> str:
        names = self._names
        if (kind, label) not in names:
            names[kind, label] = f"{kind}{sum(known == kind for known, _ in names) + 1}"
        return names[kind, label]

    def _arrow(self, sender: str, arrow: str, receiver: str, text: str) -> None:
        self._drawn.append(f"  {sender}{arrow}{receiver}: {text}")

    def _note(self, text: str, over: str = "client") -> None:
        self._drawn.append(f"  Note over {over}: {quoted(text)}")

    def _exchange(self, exchange: Exchange) -> None:
        """One hop: what came before the request, the request, the answer or what broke."""
        target, connection = exchange.target, exchange.connection
        place = f"{target.host}:{target.port}" if target.host and target.port is not None else connection.peer or target.url
        server = self._party("server", place)
        failure = exchange.error
        broken = failure.phase if failure and failure.layer not in ("application", "check") else None
        for phase, words in BEFORE.items():
            if phase in exchange.timing.phases:
                self._preparation(exchange, phase, words, server, fails=phase == broken)
        if failure and broken in BEFORE:
            self._note(f"✘ {failure.kind}: {failure.message}")
            return
        if failure and failure.layer not in ("application", "check") and broken is None:
            self._arrow("client", "-x", server, quoted(exchange.request.summary))
            self._note(f"✘ {failure.kind}: {failure.message}")
            return
        self._request(exchange, server, fails=broken == "send")
        if broken != "send":
            self._answer(exchange, server, fails=broken in ("wait", "receive"))
        if failure and broken:
            self._note(f"✘ {failure.kind}: {failure.message}")

    def _preparation(self, exchange: Exchange, phase: str, words: str, server: str, *, fails: bool) -> None:
        """Resolving, connecting and the handshakes: with the resolver, the proxy or the server."""
        connection, took = exchange.connection, _took(exchange, phase)
        arrow = "-x" if fails else "->>"
        host, peer = exchange.target.host or "", connection.peer or exchange.target.host or exchange.target.url
        proxy = self._party("proxy", connection.proxy) if connection.proxy else None
        if phase == "resolve":
            self._arrow("client", arrow, self._party("resolver", "resolver"), f"{words} {quoted(host)}{took}")
        elif phase == "connect":
            self._arrow("client", arrow, proxy or server, f"{words} {quoted(peer)}{took}")
        elif phase == "tls":
            tls = connection.tls
            agreed = f", {quoted(', '.join(part for part in (tls.version, tls.alpn) if part))}" if tls and tls.version else ""
            self._arrow("client", arrow, server, f"{words} {quoted(host)}{agreed}{took}")
        else:
            words = f"ask for {quoted(exchange.target.url)}" if proxy else f"{words} {quoted(peer)}"
            self._arrow("client", arrow, proxy or server, f"{words}{took}")

    def _request(self, exchange: Exchange, server: str, *, fails: bool) -> None:
        body = exchange.request.body
        content = f", {size(body.size)}" if body and body.size else ""
        self._arrow("client", "-x" if fails else "->>", server, f"{quoted(exchange.request.summary)}{content}{_took(exchange, 'send')}")

    def _answer(self, exchange: Exchange, server: str, *, fails: bool) -> None:
        answer = exchange.response
        waited = _took(exchange, "wait", "after ")
        if answer is None:
            if fails:
                self._arrow(server, "--x", "client", f"no answer{waited}")
            return
        events = answer.data.get("events")
        events = events if isinstance(events, list) else []
        content = f", {size(answer.body.size)}" if answer.body and answer.body.size and not events else ""
        received = "" if events else _took(exchange, "receive", "in ")
        arrow = "--x" if fails and not events else "-->>"
        self._arrow(server, arrow, "client", f"{quoted(answer.summary)}{waited}{content}{received}")
        for event in events[:MOST_EVENTS]:
            self._event(event, server)
        if len(events) > MOST_EVENTS:
            self._note(f"{len(events) - MOST_EVENTS} more events", f"client,{server}")
        if fails and events:
            self._arrow(server, "--x", "client", "the stream broke off")

    def _event(self, event: object, server: str) -> None:
        from rrcli.base.jsontext import dumps

        if not isinstance(event, dict):
            return
        data = event.get("data")
        text = data if isinstance(data, str) else dumps(data)
        sent = event.get("direction") == "sent"
        sender, receiver = ("client", server) if sent else (server, "client")
        said = quoted(f"{event.get('type')} {text}")
        self._arrow(sender, "->>" if sent else "-->>", receiver, f"{event.get('at_ms', 0):g} ms · {said}")


def _took(exchange: Exchange, phase: str, words: str = "") -> str:
    ns = exchange.timing.phases.get(phase)
    return "" if ns is None else f" ({words}{duration(ns)})"
