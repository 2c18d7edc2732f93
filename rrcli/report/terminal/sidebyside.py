"""Exchanges sent side by side as one table: a column for each peer, the rows for what was asked, `≠` where they differ.

Where the answers are handshakes alone, the table is one of certificates and their days left.
"""

from __future__ import annotations

from rrcli.base.units import duration, size
from rrcli.model.diff import asked, differences
from rrcli.model.diff.rules import Rules
from rrcli.model.document import body_text, document
from rrcli.report.terminal.certificates import SOON, days_left
from rrcli.report.terminal.next_steps import headline
from rrcli.report.terminal.paint import cells, crop, pieces, span
from rrcli.report.terminal.tables import aligned, are_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from rrcli.engine.registry import Protocol
    from rrcli.model.values import Exchange, ExchangeSet
    from rrcli.report.terminal.paint import Line, Page

    Row = list[Exchange | None]

NARROWEST = 14  # columns of a peer; where that is too much the peers go into several tables
MOST_LINES = 40  # of one answer
SHORTEST_DIGEST = 12
MANY_PORTS = 24  # from so many on, those that failed alike are only counted


def draw_set(several: ExchangeSet, entry: Protocol, page: Page) -> None:
    """Add the table, then the verdict, then the reasons of those that failed."""
    exchanges = several.exchanges
    if _are_ports(exchanges):
        _ports(exchanges, page)
        return
    if any(exchange.connection.tls for exchange in exchanges) and not any(_has_content(exchange) for exchange in exchanges):
        _certificates(exchanges, page)
    else:
        _Grid(exchanges, entry).draw(page)
    _reasons(exchanges, page)


def _has_content(exchange: Exchange) -> bool:
    answer = exchange.response
    return answer is not None and bool(answer.fields or (answer.body and answer.body.size))


def _are_ports(exchanges: Sequence[Exchange]) -> bool:
    """Whether these are connections to several ports, which nothing was read from."""
    ports = {exchange.target.port for exchange in exchanges}
    answers = [exchange.response for exchange in exchanges if exchange.response]
    return (
        len(ports) > 1
        and bool(answers or len(exchanges) > MANY_PORTS)
        and all(answer.body is None for answer in answers)
        and not any(exchange.connection.tls for exchange in exchanges)
    )


def _broke(exchange: Exchange) -> bool:
    """Whether there is no whole answer, as opposed to one that says failure."""
    return exchange.outcome == "error"


# --- answers side by side ---------------------------------------------------------------------------------


class _Grid:
    """The exchanges by what was asked (rows) and by whom (columns), both in the order of the command line."""

    def __init__(self, exchanges: Sequence[Exchange], entry: Protocol) -> None:
        self.entry = entry
        self.peers = list(dict.fromkeys(_peers(exchanges)))
        self.rows: dict[str, Row] = {}
        for exchange, peer in zip(exchanges, _peers(exchanges), strict=True):
            row = self.rows.setdefault(asked(exchange.request.data), [None] * len(self.peers))
            row[self.peers.index(peer)] = exchange
        self.labels = _labels(list(self.rows.values()))
        rules = Rules(has_tls=False, variation_of=lambda _: entry.load_hooks().variation)
        self.differing = [
            label
            for label, row in zip(self.labels, self.rows.values(), strict=True)
            if differences([document(exchange) for exchange in row if exchange and not _broke(exchange)], rules)
        ]

    def draw(self, page: Page) -> None:
        """Add the table, in several parts where the peers do not fit beside each other, and the verdict."""
        lines = self._lines()
        widths = [max(cells(texts[at]) for texts in [self.peers, *(texts for _, texts, _ in lines)]) for at in range(len(self.peers))]
        left = page.width - 2 - max(cells(label) for label, _, _ in lines) - 3
        fair = max(left // len(self.peers) - 2, NARROWEST)
        room = max(widths) if sum(widths) + 2 * len(widths) <= left else fair
        at_once = len(self.peers) if room > fair else max(left // (room + 2), 1)
        for begin in range(0, len(self.peers), at_once):
            part = slice(begin, begin + at_once)
            table: list[list[Line]] = [[[], *(pieces(_fit(peer, room), "strong") for peer in self.peers[part]), []]]
            for label, texts, differs in lines:
                role = "strong" if label in self.labels else "dim"
                table.append([pieces(label, role), *(_cell(text, room) for text in texts[part]), [("≠", "bad")] if differs else []])
            page.blank()
            aligned(page, table, [False] * len(table[0]))
        page.add(self._verdict(), 0)

    def _lines(self) -> list[tuple[str, list[str], bool]]:
        """Label, a text for each peer, whether they differ."""
        found = []
        for label, row in zip(self.labels, self.rows.values(), strict=True):
            for at, (texts, differs) in enumerate(_lined_up([self._answer(exchange) for exchange in row])):
                found.append(("" if at else label, texts, differs))
        statuses = self._statuses()
        found.append(("status", statuses, len(set(statuses)) > 1))
        found += [(key, words, len(set(words)) > 1) for key, words in self._words()]
        return [*found, ("time", self._times(), False)]

    def _answer(self, exchange: Exchange | None) -> list[str]:
        """The lines to compare: content made of lines as it is, any other as its size and digest."""
        if exchange is None:
            return []
        if exchange.error and _broke(exchange):
            return [f"✘ {headline(exchange.error)}"]
        body = exchange.response.body if exchange.response else None
        if body is None or not body.size:
            return ["-"]
        text = body_text(body) if self.entry.request_type.lines else None
        if text is None:
            return [size(body.size), f"sha256 {body.sha256[:SHORTEST_DIGEST]}"]
        return text.rstrip("\n").split("\n")[:MOST_LINES]

    def _statuses(self) -> list[str]:
        from rrcli.report.terminal.verdict import status_words

        found = []
        for column in zip(*self.rows.values(), strict=True):
            words = [status_words(exchange.response.status) for exchange in column if exchange and exchange.response]
            found.append(", ".join(dict.fromkeys(words)) or "-")
        return found

    def _words(self) -> list[tuple[str, list[str]]]:
        """Every key of the answers' data that holds a list of single words, with each peer's."""
        columns = [
            [exchange.response.data for exchange in column if exchange and exchange.response]
            for column in zip(*self.rows.values(), strict=True)
        ]
        keys = dict.fromkeys(key for column in columns for data in column for key, value in data.items() if are_words(value))
        return [
            (key, [", ".join(dict.fromkeys(" ".join(data.get(key, ())) for data in column)) or "-" for column in columns]) for key in keys
        ]

    def _times(self) -> list[str]:
        """The longest of each peer."""
        return [
            duration(max(exchange.timing.total_ns for exchange in column if exchange)) for column in zip(*self.rows.values(), strict=True)
        ]

    def _verdict(self) -> Line:
        exchanges = [exchange for row in self.rows.values() for exchange in row if exchange]
        broken = sum(map(_broke, exchanges))
        said = [f"{broken} of {len(exchanges)} failed"] if broken else []
        if self.differing:
            said.append(f"answers differ for {', '.join(self.differing)}")
        else:
            said += self._failures()
        if said:
            return pieces(f"✘ {'; '.join(said)}", "bad")
        return [("✔ all agree", "good")] if len(self.peers) > 1 else [("✔ all answered", "good")]

    def _failures(self) -> list[str]:
        """`NXDOMAIN for A, AAAA`: every status that says failure, and for what."""
        from rrcli.report.terminal.verdict import verdict

        found: dict[str, list[str]] = {}
        for label, row in zip(self.labels, self.rows.values(), strict=True):
            for words in dict.fromkeys(verdict(exchange) for exchange in row if exchange and exchange.outcome not in ("ok", "error")):
                found.setdefault(words, []).append(label)
        return [f"{words} for {', '.join(labels)}" for words, labels in found.items()]


def _peers(exchanges: Sequence[Exchange]) -> list[str]:
    """What to call whom each exchange was with: the host, with its port or the address in its place where that tells more."""
    hosts = [exchange.target.host or exchange.target.url for exchange in exchanges]
    places = [f"{host}:{exchange.target.port}" for host, exchange in zip(hosts, exchanges, strict=True)]
    if len(set(places)) == 1:
        return [exchange.connection.peer or host for host, exchange in zip(hosts, exchanges, strict=True)]
    return hosts if len(set(hosts)) == len(set(places)) else places


def _labels(rows: list[Row]) -> list[str]:
    """What each row asked of all its peers, without the words that all the rows share."""
    asked = [_shared([exchange.request.summary.split(" ") for exchange in row if exchange]) for row in rows]
    shared = _shared(asked) if len(asked) > 1 else []
    return [" ".join([word for word in words if word not in shared] or words) for words in asked]


def _shared(lists: list[list[str]]) -> list[str]:
    return [word for word in lists[0] if all(word in words for words in lists)]


def _lined_up(answers: list[list[str]]) -> list[tuple[list[str], bool]]:
    """Lines that all have, in the order of the first; then the others side by side, marked as differing."""
    present = [answer for answer in answers if answer]
    common = [line for line in present[0] if all(line in answer for answer in present)]
    rest = [[line for line in answer if line not in common] for answer in answers]
    found = [([line if answer else "" for answer in answers], False) for line in common]
    for at in range(max(map(len, rest))):
        found.append(([lines[at] if at < len(lines) else "" for lines in rest], True))
    return found


def _fit(text: str, room: int) -> str:
    return text if cells(text) <= room else crop(text, room - 1) + "…"


def _cell(text: str, room: int) -> Line:
    return pieces(_fit(text, room), "bad" if text.startswith("✘") else "dim" if text == "-" else "")


# --- handshakes side by side ------------------------------------------------------------------------------


def _certificates(exchanges: Sequence[Exchange], page: Page) -> None:
    """Host, days left, version, issuer, verdict; the verdict on all below."""
    head: list[Line] = [[(text, "dim")] for text in ("host", "days left", "version", "issuer", "verdict")]
    rows = [head, *(_handshake(exchange) for exchange in exchanges)]
    room = max(page.width - 2 - 8 - sum(max(span(row[at]) for row in rows) for at in (0, 1, 2, 4)), NARROWEST)
    for row in rows[1:]:
        row[3] = pieces(_fit("".join(text for text, _ in row[3]), room))
    aligned(page, rows, (False, True, False, False, False))
    bad = sum(exchange.outcome != "ok" for exchange in exchanges)
    page.add([(f"✘ {bad} of {len(exchanges)} failed", "bad")] if bad else [(f"✔ all {len(exchanges)} verified", "good")], 0)


def _handshake(exchange: Exchange) -> list[Line]:
    tls, failure, days = exchange.connection.tls, exchange.error, days_left(exchange)
    soon = (days is not None and 0 <= days < SOON) or any(note.code == "near-expiry" for note in exchange.notes)
    if failure is not None:
        verdict: Line = [("✘ ", "bad"), *pieces(headline(failure), "bad")]
    elif soon:
        verdict = [("! ends soon", "warn")]
    else:
        verdict = [("✔", "good")] if tls and tls.verified else [("! not verified", "warn")]
    host, port = exchange.target.host or exchange.target.url, exchange.target.port
    return [
        pieces(host if port in (None, 443) else f"{host}:{port}"),
        [("-", "dim")] if days is None else [(str(days), "bad" if days < 0 else "warn" if soon else "")],
        pieces(tls.version or "-" if tls else "-"),
        pieces(tls.chain[0].issuer if tls and tls.chain else "-"),
        verdict,
    ]


# --- ports ------------------------------------------------------------------------------------------------


def _ports(exchanges: Sequence[Exchange], page: Page) -> None:
    """Port, what became of it, time; of many that failed alike only how many, by name of the failure."""
    states = ["open" if exchange.error is None else exchange.error.kind.replace("_", " ") for exchange in exchanges]
    counted = {state: states.count(state) for state in dict.fromkeys(states) if state != "open" and len(exchanges) > MANY_PORTS}
    rows: list[list[Line]] = []
    for exchange, state, peer in zip(exchanges, states, _peers(exchanges), strict=True):
        if counted.get(state, 0) > 2:
            continue
        mark = ("✔ ", "good") if state == "open" else ("✘ ", "bad")
        rows.append([pieces(peer), [mark, (state, "" if state == "open" else "bad")], [(duration(exchange.timing.total_ns), "dim")]])
    page.blank()
    aligned(page, rows, (False, False, True))
    many = [f"{number} {state}" for state, number in counted.items() if number > 2]
    opened = states.count("open")
    said = [f"{opened} of {len(exchanges)} open", *many] if opened < len(exchanges) else [f"all {opened} open"]
    page.add([(f"{'✔' if opened == len(exchanges) else '✘'} {', '.join(said)}", "good" if opened == len(exchanges) else "bad")], 0)


# --- why some failed --------------------------------------------------------------------------------------


def _reasons(exchanges: Sequence[Exchange], page: Page) -> None:
    """Layer, message and next step of every failure that a status does not tell."""
    for exchange, peer in zip(exchanges, _peers(exchanges), strict=True):
        failure = exchange.error
        if failure is None or not (_broke(exchange) or exchange.outcome == "check_failed"):
            continue
        page.blank()
        page.add_hanging([("✘ ", "bad"), *pieces(peer, "strong"), ("  ", "")], f"{failure.layer} · {failure.message}")
        if failure.hint:
            page.add_hanging([("  Next  ", "strong")], failure.hint)
