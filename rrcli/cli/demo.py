"""`rrcli demo`: a responder and one exchange for every protocol that has one, on this machine alone.

Each command shown is the command run: it is parsed and executed as if it had been typed.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from rrcli.cli import fast
from rrcli.cli.execute import color, execute
from rrcli.errors import EXIT_INTERRUPTED, EXIT_TERMINATED
from rrcli.options import Output
from rrcli.report.output import to_stdout
from rrcli.responders.serve import start, stop

if TYPE_CHECKING:
    from rrcli.responders.base import Responder

# (responder, heading, command line); `{url}` and `{address}` are where the responder listens.
STEPS = (
    ("http", "HTTP: make a user; where does the time go?", "http {url}/users name=ann age:=3"),
    ("dns", "DNS: who takes the mail of a domain?", "dns mail.rrcli.test MX @{address}"),
    ("tcp", "TCP: send bytes, read one line back", r"tcp {address} --send 'hello\r\n' --read-lines 1"),
    ("redis", "Redis: a list command for a key that holds a string, and so a failure", "redis {url} LPUSH greeting hello"),
)
PREPARE = ("redis", "redis {url} SET greeting hi")  # run unseen, before the steps


def demo() -> int:
    """Run every step and print it as a person at a terminal would see it.

    Returns 0, for the failure is part of the show, or the code of an interruption.
    """
    running = start([name for name, _, _ in STEPS])
    try:
        where = {responder.protocol: responder for responder in running}
        _run(_filled(PREPARE[1], where[PREPARE[0]]), "--quiet")
        for number, (name, heading, line) in enumerate(STEPS, 1):
            words = _filled(line, where[name])
            _say(f"{number}  {heading}", words)
            code = _run(words, "--format=pretty", "--silent")
            if code in (EXIT_INTERRUPTED, EXIT_TERMINATED):
                return code
        to_stdout(b"\nrrcli --help lists the commands, rrcli serve keeps these servers running.\n")
    finally:
        stop(running)
    return 0


def _filled(line: str, responder: Responder) -> list[str]:
    return [word.format(url=responder.url, address=responder.address) for word in shlex.split(line)]


def _say(heading: str, words: list[str]) -> None:
    """The heading, and the command line as it can be typed."""
    coloured = color(Output(), 1)
    title = f"\x1b[1m{heading}\x1b[0m" if coloured else heading
    gap = "" if heading.startswith("1 ") else "\n"
    to_stdout(f"{gap}{title}\n$ rrcli {shlex.join(words)}\n".encode())


def _run(words: list[str], *options: str) -> int:
    """Run a command line of ours, with some options after the command's name; its exit code."""
    invocation = fast.parse([words[0], *options, *words[1:]])
    assert invocation is not None, words
    return execute(invocation)
