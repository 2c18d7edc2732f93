"""`rrcli demo`: a responder and one exchange for every protocol that has one, on this machine alone.

Each command shown is the command run: it is parsed and executed as if it had been typed.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rrcli.base.errors import EXIT_INTERRUPTED, EXIT_TERMINATED
from rrcli.base.output import to_stdout
from rrcli.cli import fast
from rrcli.cli.execute import execute
from rrcli.cli.show import color
from rrcli.options.output import Output

if TYPE_CHECKING:
    from collections.abc import Iterator

# (responder, heading, command line); `{where}` is where the responder listens.
STEPS = (
    ("http", "HTTP: make a user; where does the time go?", "http {where}/users name=ann age:=3"),
    ("sse", "Server-Sent Events: two as they come, then enough", "sse {where} --max-events 2"),
    (
        "http",
        "Polling: a job that takes longer than a request, asked for until it is done",
        "poll POST {where}/jobs takes==0.5",
    ),
    ("graphql", "GraphQL: data and an error together, and so a failure", "graphql {where} '{{ books {{ title price }} }}'"),
    ("dns", "DNS: who takes the mail of a domain?", "dns mail.rrcli.test MX @{where}"),
    ("tcp", "TCP: send bytes, read one line back", r"tcp {where} --send 'hello\r\n' --read-lines 1"),
    ("redis", "Redis: a list command for a key that holds a string, and so a failure", "redis {where} LPUSH greeting hello"),
)
PREPARE = ("redis", "redis {where} SET greeting hi")  # run unseen, before the steps


def demo() -> int:
    """Run every step and print it as a person at a terminal would see it.

    Returns 0, for the failure is part of the show, or the code of an interruption.
    """
    with _responders() as where:
        _run(_filled(PREPARE[1], where[PREPARE[0]]), "--quiet")
        for number, (name, heading, line) in enumerate(STEPS, 1):
            words = _filled(line, where[name])
            _say(f"{number}  {heading}", words)
            code = _run(words, "--format=pretty", "--silent")
            if code in (EXIT_INTERRUPTED, EXIT_TERMINATED):
                return code
        to_stdout(b"\nrrcli --help lists the commands, rrcli serve keeps these servers running.\n")
    return 0


@contextmanager
def _responders() -> Iterator[dict[str, str]]:
    """Where `rrcli serve` listens, a process of its own: threads of ours would take turns with what they answer."""
    command = [sys.executable, "-m", "rrcli", "serve", "--json", *dict.fromkeys(name for name, _, _ in STEPS)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as child:
        assert child.stdout
        try:
            yield json.loads(child.stdout.readline())
        finally:
            child.terminate()


def _filled(line: str, where: str) -> list[str]:
    return [word.format(where=where) for word in shlex.split(line)]


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
