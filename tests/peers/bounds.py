"""What every run against a hostile server has to keep to, whatever the server does and whatever was asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

from peers.child import Ended, on_terminal, piped

from rrcli.base.errors import EXIT_TIMEOUT

DEADLINE_S = 1.0
# Of a run that is known to last until its deadline, and of one that is known to end before: a busy machine takes nothing from it.
SHORT_S, LONG_S = 0.5, 2.5
SLACK_S = 5.0  # of which an idle machine needs a fraction: a hang is what it is to catch, not what others run beside
MOST_MEMORY = 300 << 20
CODES = frozenset((*range(10), 130, 143))

# What a terminal could obey: C0 but tab and newline, DEL, C1 and the marks that turn text, as UTF-8. `\r\x1b[K` is our own:
# it erases the line that says what goes on.
OURS = b"\r\x1b[K"
COLOUR = re.compile(rb"\x1b\[[0-9;]*m")
RAW = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]|\xef\xbb\xbf")
C0 = bytes((*range(9), *range(0x0B, 0x20), 0x7F))
LEADS = b"\xc2\xd8\xe2\xef"  # the first bytes of the others

Begin = Callable[..., Ended]
# `run(*words, code=…)`: a code that is known is asserted, and decides how long the run is given.
Run = Callable[..., Ended]


def judged(ended: Ended, *, controls: bool = False, deadline: float = DEADLINE_S) -> Ended:
    """The run, once it is known to keep to what all of them have to. `controls`: raw content may hold them."""
    tail = ended.all[-2000:].decode(errors="replace")
    assert ended.code in CODES, tail
    assert b"Traceback" not in ended.all, tail
    assert b"this is a bug" not in ended.all, tail
    assert ended.seconds < deadline + SLACK_S, f"{ended.seconds:.1f} s\n{tail}"
    assert ended.peak < MOST_MEMORY, f"{ended.peak >> 20} MiB\n{tail}"
    if not controls:
        assert steering(ended.out.replace(OURS, b"")) == []
        assert steering(ended.err) == []
    return ended


def steering(data: bytes) -> list[bytes]:
    """What of it a terminal could obey. The pattern alone would take a second for what is long and harmless."""
    controls = len(data.translate(None, C0)) != len(data)
    return RAW.findall(data) if controls or any(byte in data for byte in LEADS) else []


def _run(begin: Begin, line: tuple[str, ...], code: int | None, options: Sequence[str] = (), *, controls: bool = False) -> Ended:
    """Run the command line with a deadline and these options behind its command's name; judged, and by `code` where that is known."""
    deadline = DEADLINE_S if code is None else SHORT_S if code == EXIT_TIMEOUT else LONG_S
    ended = judged(begin(line[0], "--deadline", f"{deadline}s", *options, *line[1:]), controls=controls, deadline=deadline)
    assert code in (None, ended.code), ended.all[-2000:].decode(errors="replace")
    return ended


def as_json(*line: str, code: int | None = None) -> Ended:
    """Into a pipe, as a document."""
    ended = _run(piped, line, code, ["--json"])
    json.loads(ended.out, parse_int=float)
    return ended


def as_raw(*line: str, code: int | None = None) -> Ended:
    """Into a pipe, as content alone, exactly as it came."""
    ended = _run(piped, line, code, controls=True)
    assert steering(ended.err) == []
    return ended


def drawn(*line: str, code: int | None = None) -> Ended:
    """On a terminal, with everything there is to draw."""
    return _run(on_terminal, line, code, ["-v", "--wire=64KiB"])


def raw_on_terminal(*line: str, code: int | None = None) -> Ended:
    """On a terminal, content alone with its fields."""
    return _run(on_terminal, line, code, ["--format", "raw", "-i"])


def json_on_terminal(*line: str, code: int | None = None) -> Ended:
    """On a terminal, as a document with the transcript."""
    return _run(on_terminal, line, code, ["--json", "--wire=64KiB"])


def coloured(*line: str, code: int | None = None) -> Ended:
    """On a terminal with colours: no escape but those that set one."""
    return _run(_in_colour, line, code, ["-v"])


def _in_colour(*line: str) -> Ended:
    ended = on_terminal(*line, env={"NO_COLOR": None})
    return Ended(ended.code, COLOUR.sub(b"", ended.out), b"", ended.seconds, ended.peak)


WAYS = (as_json, as_raw, drawn, raw_on_terminal, json_on_terminal)
