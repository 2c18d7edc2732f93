"""The command as users run it: a process of its own, in a pipe or on a terminal, watched for its memory and its time.

`piped` and `on_terminal` run `python -m rrcli WORDS…` to its end; `started` leaves that to the test, for signals.
"""

from __future__ import annotations

import contextlib
import os
import pty
import resource
import select
import subprocess
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Set by whoever runs the tests: none of it may change what a child prints. A value of `None` leaves one out, too.
CLEAN = (
    "COVERAGE_PROCESS_CONFIG",  # measuring takes time and memory of its own
    "NO_COLOR",
    "FORCE_COLOR",
    "COLUMNS",
    "LINES",
    "RRCLI_FORMAT",
    "RRCLI_NO_CONFIG",
    "PYTHONOPTIMIZE",
    "PYTHONWARNINGS",
    "LC_ALL",
    "LANG",
)
STUCK_S = 30.0  # no run takes so long: one that does is killed, and fails its test
MOST_DATA = 1 << 30  # a child that goes wild must not take the machine with it
ROOT = Path(__file__).parents[2]

Environment = Mapping[str, str | None]


@dataclass(frozen=True)
class Ended:
    """How a run went. On a terminal `out` holds what was written to either stream, and `err` is empty."""

    code: int
    out: bytes
    err: bytes
    seconds: float
    peak: int  # bytes of memory held at once, as far as looking fifty times a second shows it

    @property
    def all(self) -> bytes:
        return self.out + self.err


def environment(changes: Environment | None = None) -> dict[str, str]:
    """Ours, without what would change the output, and with the changes."""
    kept = {name: value for name, value in os.environ.items() if name not in CLEAN}
    merged: dict[str, str | None] = {**kept, "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT), **(changes or {})}
    return {name: value for name, value in merged.items() if value is not None}


def command(words: Sequence[str], options: Sequence[str] = ()) -> list[str]:
    return [sys.executable, *options, "-m", "rrcli", *words]


def piped(*words: str, env: Environment | None = None, python: Sequence[str] = (), cwd: Path | None = None) -> Ended:
    """Run it with both streams piped and nothing on its standard input."""
    with started(*words, env=env, python=python, cwd=cwd) as process:
        assert process.stdout
        assert process.stderr
        return _watch(process, {process.stdout.fileno(): "out", process.stderr.fileno(): "err"})


@contextlib.contextmanager
def started(
    *words: str, env: Environment | None = None, python: Sequence[str] = (), cwd: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Start it with both streams piped; killed at the end of the block if it still runs."""
    with subprocess.Popen(
        command(words, python), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(env), cwd=cwd
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def finish(process: subprocess.Popen[bytes]) -> Ended:
    """Wait for what `started` began."""
    assert process.stdout
    assert process.stderr
    return _watch(process, {process.stdout.fileno(): "out", process.stderr.fileno(): "err"})


def on_terminal(*words: str, columns: int = 80, env: Environment | None = None, then: Callable[[int], None] | None = None) -> Ended:
    """Run it with all three streams on a terminal that changes no byte. `then` is given the terminal once it runs."""
    outer, inner = pty.openpty()
    try:
        tty.setraw(inner)
        termios.tcsetwinsize(inner, (24, columns))
        changes = {"TERM": "xterm-256color", "NO_COLOR": "1", **(env or {})}
        with subprocess.Popen(command(words), stdin=inner, stdout=inner, stderr=inner, env=environment(changes)) as process:
            os.close(inner)
            if then:
                then(outer)
            return _watch(process, {outer: "out"})
    finally:
        os.close(outer)


def _watch(process: subprocess.Popen[bytes], streams: dict[int, str]) -> Ended:
    """Read everything it writes, and look at its memory now and then."""
    begin = time.monotonic()
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(process.pid, resource.RLIMIT_DATA, (MOST_DATA, MOST_DATA))
    read: dict[str, list[bytes]] = {"out": [], "err": []}
    peak = 0
    while streams:
        for number in select.select(list(streams), [], [], 0.02)[0]:
            data = _read(number)
            read[streams[number]].append(data)
            if not data:
                del streams[number]
        peak = max(peak, _memory(process.pid))
        if time.monotonic() - begin > STUCK_S:
            process.kill()
            raise AssertionError(
                f"{process.args!r} did not end; it wrote {b''.join(read['out'])[-500:]!r} {b''.join(read['err'])[-500:]!r}"
            )
    code = process.wait(STUCK_S)
    return Ended(code, b"".join(read["out"]), b"".join(read["err"]), time.monotonic() - begin, peak)


def _read(number: int) -> bytes:
    try:
        return os.read(number, 1 << 20)
    except OSError:  # the other side of a terminal is gone: EIO
        return b""


def _memory(pid: int) -> int:
    """The most memory that the process held so far."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM")), 0)
