"""`rrcli demo`: a responder and one exchange for every protocol that has one, on this machine alone.

Each command shown is the command run: it is parsed and executed as if it had been typed.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from rrcli.base.errors import EXIT_CODES, EXIT_INTERRUPTED, EXIT_TERMINATED, ExchangeError
from rrcli.base.output import to_stdout
from rrcli.cli import fast
from rrcli.cli.execute import execute
from rrcli.cli.show import color
from rrcli.engine import registry
from rrcli.engine.catalogue import responders
from rrcli.options.request import Output

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.engine.manifest import DemoStep


def demo() -> int:
    """Run every step and print it as a person at a terminal would see it.

    Returns 0, for the failure is part of the show, or the code of an interruption.
    """
    steps = tuple(_steps())
    with _responders(tuple(name for name, _ in steps)) as where:
        for name, step in steps:
            for line in step.before:
                _run(_filled(line, where, name), "--quiet")
        for number, (name, step) in enumerate(steps, 1):
            words = _filled(step.line, where, name)
            _say(f"{number}  {step.heading}", words)
            if step.needs and find_spec(step.needs) is None:
                to_stdout(f"this needs one more package: pip install 'rrcli[{step.extra}]'\n".encode())
                continue
            code = _run(words, "--format=pretty", "--silent")
            if code in (EXIT_INTERRUPTED, EXIT_TERMINATED):
                return code
        to_stdout(b"\nrrcli --help lists the commands, rrcli serve keeps these servers running.\n")
    return 0


def _steps() -> Iterator[tuple[str, DemoStep]]:
    """The steps of every protocol, each with the protocol's name."""
    for entry in registry.PROTOCOLS:
        for step in entry.load_manifest().demo:
            yield entry.name, step


@contextmanager
def _responders(names: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Where `rrcli serve` listens for them, a process of its own: threads of ours would take turns with what they answer."""
    command = [sys.executable, "-m", "rrcli", "serve", "--json", *dict.fromkeys(names)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as child:
        assert child.stdout
        try:
            yield json.loads(child.stdout.readline())
        finally:
            child.terminate()


def _filled(line: str, where: dict[str, str], name: str) -> list[str]:
    """The words of a command line with the places put in: `{where}` is the protocol's own, `{base}` its responder's."""
    base = where.get(responders().responder_of(name), "")
    return [word.format(where=where[name], base=base) for word in shlex.split(line)]


def _say(heading: str, words: list[str]) -> None:
    """The heading, and the command line as it can be typed."""
    coloured = color(Output(), 1)
    title = f"\x1b[1m{heading}\x1b[0m" if coloured else heading
    gap = "" if heading.startswith("1 ") else "\n"
    to_stdout(f"{gap}{title}\n$ rrcli {shlex.join(words)}\n".encode())


def _run(words: list[str], *options: str) -> int:
    """Run a command line of ours, with some options after the command's name; its exit code. What a missing extra keeps from it is told."""
    invocation = fast.parse([words[0], *options, *words[1:]])
    assert invocation is not None, words
    invocation.keeps_history = False  # nobody asked for these
    try:
        return execute(invocation)
    except ExchangeError as error:
        if error.layer != "usage":
            raise
        to_stdout(f"{error.message}: {error.hint}\n".encode())
        return EXIT_CODES["usage"]
