"""The phases of an exchange as a waterfall: each bar begins where the one before ended, to an eighth of a column."""

from __future__ import annotations

from rrcli.model.values import PHASES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model.values import Timing
    from rrcli.report.terminal.paint import Line

WIDEST_BAR = 60  # columns: what is longer parts the number from its label
THROUGH_PROXY = ("resolve", "connect", "handshake", "tls", "send", "wait", "receive")  # it is asked for a way before TLS goes over it
NARROWEST_BAR = 10
LEFT = " ▏▎▍▌▋▊▉█"  # eighths of a column from its left edge
REMARK = 16  # columns kept for the remark behind the number

# Who is to ask about the time of a phase that takes more than all others together, where there is time to save.
WORTH_ASKING_NS = 50_000_000
SEND_BUFFER = 64 << 10  # bytes that a kernel takes at once: only what is larger is waited for while it is sent
OWNERS = {
    "resolve": "the resolver",
    "connect": "the network",
    "tls": "TLS",
    "handshake": "the session",
    "send": "the upload",
    "wait": "the server",
    "receive": "the transfer",
}


def waterfall(
    timing: Timing, failed: str | None, width: int, order: tuple[str, ...] = PHASES, *, sent: int = 0, is_local: bool = False
) -> list[Line]:
    """One line for each phase that happened; `failed` is the phase to mark, `sent` the bytes out. Empty when there was none.

    `is_local`: over a unix socket, where no network is to be asked about the time.
    """
    phases = [(phase, timing.phases[phase]) for phase in order if phase in timing.phases]
    if not phases:
        return []
    total = max(timing.total_ns, sum(ns for _, ns in phases), 1)
    numbers = [_number(ns, total) for _, ns in phases]
    label = max(len(phase) for phase, _ in phases)
    digits = max(len(number) for number, _ in numbers)
    room = max(min(width - 2 - label - 1 - 2 - digits - 3 - REMARK, WIDEST_BAR), NARROWEST_BAR)
    asks = total >= WORTH_ASKING_NS and not failed
    lines: list[Line] = []
    begin = 0
    for (phase, ns), (number, unit) in zip(phases, numbers, strict=True):
        bad = phase == failed
        dominates = asks and ns * 2 > total and (phase != "send" or sent > SEND_BUFFER)
        lines.append(
            [
                (f"{phase:<{label}} ", "bad" if bad else ""),
                (bar(begin / total, (begin + ns) / total, room), "bad-bar" if bad else "slow-bar" if dominates else "bar"),
                (f"  {number:>{digits}}", "bad" if bad else ""),
                (f" {unit:<2}", "dim"),
                *_remark(phase, dominates=dominates, bad=bad, is_local=is_local),
            ]
        )
        begin += ns
    return lines


def bar(begin: float, end: float, room: int) -> str:
    """A bar over a part of `room` columns, at least an eighth wide; `begin` and `end` are fractions of all of them."""
    first = min(round(begin * room * 8), room * 8 - 1)
    last = min(max(round(end * room * 8), first + 1), room * 8)
    column, offset = divmod(first, 8)
    if last - first < 8 and (last - 1) // 8 == column:
        mark = "▕" if offset == 7 else LEFT[last - first]
        return (" " * column + mark).ljust(room)
    # There are no blocks for every eighth from the right: the nearest of whole, half and one eighth.
    head = "█" if offset <= 2 else "▐" if offset <= 5 else "▕"
    whole = last // 8 - column - 1
    tail = LEFT[last % 8] if last % 8 else ""
    return (" " * column + head + "█" * whole + tail).ljust(room)


def _number(ns: int, total: int) -> tuple[str, str]:
    """A phase's time and its unit; all those in one unit have the same decimals, so that they align."""
    if ns >= 10**9:
        return f"{ns / 1e9:.2f}", "s"
    return f"{ns / 1e6:.{2 if total < 10**7 else 1}f}", "ms"


def _remark(phase: str, *, dominates: bool, bad: bool, is_local: bool) -> Line:
    if bad:
        return [("  ✘", "bad")]
    owner = "the socket's queue" if is_local and phase == "connect" else OWNERS[phase]
    return [(f"  ← {owner}", "strong")] if dominates else []
