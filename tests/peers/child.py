"""The command as users run it: a process of its own, in a pipe or on a terminal, watched for its memory and its time.

`piped` and `on_terminal` run `rrcli WORDS…` to its end, `run` gives it something to read, as `subprocess.run` does; `started`
leaves the end to the test, for signals. All but `started` copy a process that has loaded rrcli (`peers.forkserver`), unless
they are given what an interpreter reads as it starts.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import io
import os
import pty
import resource
import select
import subprocess
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peers.forkserver import Forked, ForkServer, early

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
LOOK_S = 0.02  # between two looks at its memory and at what it waited for
STUCK_S = 30.0  # no run takes so long, as `Ended.seconds` counts: one that does is killed, and fails its test
MOST_DATA = 1 << 30  # a child that goes wild must not take the machine with it
ROOT = Path(__file__).parents[2]

Environment = Mapping[str, str | None]


@dataclass(frozen=True)
class Ended:
    """How a run went. On a terminal `out` holds what was written to either stream, and `err` is empty."""

    code: int
    out: bytes
    err: bytes
    seconds: float  # without those that it waited for a processor which others had: a busy machine is not what a limit is to catch
    peak: int  # bytes of memory held at once; of `started`, as far as looking fifty times a second shows it

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


@functools.cache
def _server() -> ForkServer:
    """That of this process, made when a first run asks for it."""
    server = ForkServer(environment())
    atexit.register(server.close)
    return server


@contextlib.contextmanager
def _begun(
    words: Sequence[str], streams: tuple[int, int, int], env: Environment | None, python: Sequence[str] = (), cwd: Path | None = None
) -> Iterator[Forked | subprocess.Popen[bytes]]:
    """Start it on these descriptors, which are closed here; killed at the end of the block if it still runs."""
    environ = environment(env)
    process: Forked | subprocess.Popen[bytes]
    try:
        if python or early(environ) != early(environment()):
            stdin, stdout, stderr = streams
            process = subprocess.Popen(command(words, python), stdin=stdin, stdout=stdout, stderr=stderr, env=environ, cwd=cwd)
        else:
            process = _server().start(words, environ, cwd, streams)
    finally:
        for number in set(streams):
            os.close(number)
    with process:
        try:
            yield process
        finally:
            process.kill()


def piped(*words: str, env: Environment | None = None, python: Sequence[str] = (), cwd: Path | None = None) -> Ended:
    """Run it with both streams piped and nothing on its standard input."""
    with _pipe() as (out, theirs), _pipe() as (err, also_theirs):
        streams = os.open(os.devnull, os.O_RDONLY), theirs, also_theirs
        with _begun(words, streams, env, python, cwd) as process:
            return _watch(process, {out: "out", err: "err"})


@contextlib.contextmanager
def _pipe() -> Iterator[tuple[int, int]]:
    """Both ends, of which the first is closed at the end of the block."""
    ours, theirs = os.pipe()
    try:
        yield ours, theirs
    finally:
        os.close(ours)


def run(
    *words: str,
    input: str | bytes | None = None,
    text: bool = False,
    check: bool = False,
    env: Environment | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[Any]:
    """As `subprocess.run` with `capture_output`: both streams piped, `input` (or nothing) to read."""
    with (
        _pipe() as (out, theirs),
        _pipe() as (err, also_theirs),
        _given(input) as stdin,
        _begun(words, (stdin, theirs, also_theirs), env, cwd=cwd) as process,
    ):
        ended = _watch(process, {out: "out", err: "err"})
    done: subprocess.CompletedProcess[Any] = subprocess.CompletedProcess(list(words), ended.code, ended.out, ended.err)
    if text or isinstance(input, str):
        done.stdout, done.stderr = (io.TextIOWrapper(io.BytesIO(stream), "utf-8").read() for stream in (ended.out, ended.err))
    if check:
        done.check_returncode()
    return done


@contextlib.contextmanager
def _given(data: str | bytes | None) -> Iterator[int]:
    """A descriptor from which a run reads the data, as it comes out of a pipe."""
    if data is None:
        yield os.open(os.devnull, os.O_RDONLY)
        return
    theirs, ours = os.pipe()

    def feed() -> None:
        with contextlib.suppress(BrokenPipeError), open(ours, "wb") as stream:
            stream.write(data.encode() if isinstance(data, str) else data)

    feeding = threading.Thread(target=feed)
    feeding.start()
    try:
        yield theirs
    finally:
        feeding.join(STUCK_S)


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
        with _begun(words, (inner, inner, inner), changes) as process:
            if then:
                then(outer)
            return _watch(process, {outer: "out"})
    finally:
        os.close(outer)


def _watch(process: Forked | subprocess.Popen[bytes], streams: dict[int, str]) -> Ended:
    """Read everything it writes, and look at its memory now and then."""
    begin = time.monotonic()
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(process.pid, resource.RLIMIT_DATA, (MOST_DATA, MOST_DATA))
    read: dict[str, list[bytes]] = {"out": [], "err": []}
    peak, waited, look = 0, 0.0, begin
    while streams:
        for number in select.select(list(streams), [], [], LOOK_S)[0]:
            data = _read(number)
            read[streams[number]].append(data)
            if not data:
                del streams[number]
        if (now := time.monotonic()) >= look:
            look, waited = now + LOOK_S, max(waited, _waited(process.pid))
            peak = max(peak, 0 if isinstance(process, Forked) else _memory(process.pid))
        if now - begin - waited > STUCK_S:
            process.kill()
            raise AssertionError(
                f"{process.args!r} did not end; it wrote {b''.join(read['out'])[-500:]!r} {b''.join(read['err'])[-500:]!r}"
            )
    code = process.wait(STUCK_S)
    if isinstance(process, Forked):
        peak = process.peak
    return Ended(code, b"".join(read["out"]), b"".join(read["err"]), time.monotonic() - begin - waited, peak)


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


def let_run(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Let it run for so long, not counting the time for which other processes had the machine."""
    begin = time.monotonic()
    while time.monotonic() - begin - _waited(process.pid) < seconds:
        time.sleep(LOOK_S)


def _waited(pid: int) -> float:
    """The seconds for which the process could have run, and none of the processors was free."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except OSError:
        return 0.0
