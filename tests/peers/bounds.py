"""What every run against a hostile server has to keep to, whatever the server does and whatever was asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from peers.child import Ended, on_terminal, piped

DEADLINE_S = 1.0
SLACK_S = 5.0  # of which an idle machine needs a fraction: a hang is what it is to catch, not what others run beside
MOST_MEMORY = 300 << 20
CODES = frozenset((*range(10), 130, 143))

# What a terminal could obey: C0 but tab and newline, DEL, C1 and the marks that turn text, as UTF-8. `\r\x1b[K` is our own:
# it erases the line that says what goes on.
OURS = b"\r\x1b[K"
COLOUR = re.compile(rb"\x1b\[[0-9;]*m")
RAW = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]|\xef\xbb\xbf")

Run = Callable[..., Ended]


def judged(ended: Ended, *, controls: bool = False) -> Ended:
    """The run, once it is known to keep to what all of them have to. `controls`: raw content may hold them."""
    tail = ended.all[-2000:].decode(errors="replace")
    assert ended.code in CODES, tail
    assert b"Traceback" not in ended.all, tail
    assert b"this is a bug" not in ended.all, tail
    assert ended.seconds < DEADLINE_S + SLACK_S, f"{ended.seconds:.1f} s\n{tail}"
    assert ended.peak < MOST_MEMORY, f"{ended.peak >> 20} MiB\n{tail}"
    if not controls:
        assert RAW.findall(ended.out.replace(OURS, b"")) == []
        assert RAW.findall(ended.err) == []
    return ended


def words(line: tuple[str, ...], *options: str) -> list[str]:
    """The command line with the deadline and further options behind its command's name."""
    return [line[0], "--deadline", f"{DEADLINE_S}s", *options, *line[1:]]


def as_json(*line: str) -> Ended:
    """Into a pipe, as a document."""
    ended = judged(piped(*words(line, "--json")))
    json.loads(ended.out, parse_int=float)
    return ended


def as_raw(*line: str) -> Ended:
    """Into a pipe, as content alone, exactly as it came."""
    ended = judged(piped(*words(line)), controls=True)
    assert RAW.findall(ended.err) == []
    return ended


def drawn(*line: str) -> Ended:
    """On a terminal, with everything there is to draw."""
    return judged(on_terminal(*words(line, "-v", "--wire=64KiB")))


def raw_on_terminal(*line: str) -> Ended:
    """On a terminal, content alone with its fields."""
    return judged(on_terminal(*words(line, "--format", "raw", "-i")))


def json_on_terminal(*line: str) -> Ended:
    """On a terminal, as a document with the transcript."""
    return judged(on_terminal(*words(line, "--json", "--wire=64KiB")))


def coloured(*line: str) -> Ended:
    """On a terminal with colours: no escape but those that set one."""
    ended = on_terminal(*words(line, "-v"), env={"NO_COLOR": None})
    plain = Ended(ended.code, COLOUR.sub(b"", ended.out), b"", ended.seconds, ended.peak)
    return judged(plain)


WAYS = (as_json, as_raw, drawn, raw_on_terminal, json_on_terminal)
