"""A process that has loaded rrcli and makes copies of itself, each of which is one run of the command.

What it costs is a fork, not an interpreter that starts: 5 ms in place of 35 to 150. A run is a process all the same, with its own
memory, signals, streams, environment and folder. What start-up itself does (what is loaded, `-S`, `PYTHON…`) is for `subprocess`.

    server = ForkServer()
    with server.start(["http", url], environ, cwd, (0, 1, 2)) as process:
        process.wait(30)

Started as a program it is the server: its one argument is its end of a socket. For each run it is sent one byte with five
descriptors: a file with the command line, environment, folder and mask as JSON, the three streams, and a pipe to which it writes
`PID\\n` and, once the run ended, `STATUS PEAK\\n`: as `waitpid` has it, and the bytes of memory that it held at once (of what
was loaded before it began, so much as a run of its own would need).
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any

USUAL = 24 << 20  # bytes that a run holds for its interpreter and modules
STARTED_S = 30.0  # until the server has loaded everything and answers
ROOT = Path(__file__).parents[2]
# What an interpreter or a library reads as it starts: a run with one of these needs a start of its own.
EARLY = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_", "OPENSSL_", "FORCE_COLOR", "PY_COLORS", "TERMINAL_WIDTH", "GITHUB_ACTIONS", "COVERAGE_")


def early(environ: Mapping[str, str]) -> dict[str, str]:
    """What of an environment the server must have been started with to stand for it."""
    return {name: value for name, value in environ.items() if name.startswith(EARLY)}


class ForkServer:
    """The client's side; one a process, for every run of it. Safe to use from several threads."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._ours, theirs = socket.socketpair()
        self._lock = threading.Lock()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=dict(environ),
                cwd=ROOT,
            )

    def start(self, words: Sequence[str], environ: Mapping[str, str], cwd: Path | str | None, streams: tuple[int, int, int]) -> Forked:
        """Run `rrcli WORDS…` with these standard streams, which stay the caller's to close."""
        os.umask(mask := os.umask(0o077))
        asked = {"words": list(words), "environ": dict(environ), "cwd": os.fspath(cwd or os.getcwd()), "umask": mask}
        ours, theirs = os.pipe()
        with tempfile.TemporaryFile() as file, open(theirs, "wb"):
            file.write(json.dumps(asked).encode("utf-8", "surrogatepass"))
            file.flush()
            with self._lock:
                socket.send_fds(self._ours, [b"r"], [file.fileno(), *streams, theirs])
        return Forked(ours, words)

    def close(self) -> None:
        self._ours.close()
        self._process.wait(STARTED_S)


class Forked:
    """One run. What `subprocess.Popen` has under the same names, as far as the tests ask for it."""

    def __init__(self, told: int, words: Sequence[str]) -> None:
        self.args = list(words)
        self.returncode: int | None = None
        self.peak = 0
        self._told = told
        self._heard = b""
        self.pid = int(self._line(STARTED_S))

    def __enter__(self) -> Forked:
        return self

    def __exit__(self, *_: object) -> None:
        self.wait()

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0.0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            status, peak = map(int, self._line(timeout).split())
            self.returncode, self.peak = os.waitstatus_to_exitcode(status), peak
            os.close(self._told)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _line(self, timeout: float | None) -> bytes:
        """The next line that the server writes about this run."""
        until = None if timeout is None else time.monotonic() + timeout
        while b"\n" not in self._heard:
            left = None if until is None else max(0.0, until - time.monotonic())
            if not select.select([self._told], [], [], left)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
            data = os.read(self._told, 64)
            assert data, "the fork server is gone"
            self._heard += data
        line, self._heard = self._heard.split(b"\n", 1)
        return line


# --- the server --------------------------------------------------------------------------------------------


def _load() -> None:
    """Everything that a run may load, so that no run does."""
    import gc
    import importlib
    import pkgutil

    import rrcli

    for module in pkgutil.walk_packages(rrcli.__path__, "rrcli."):
        if module.name.startswith("rrcli.load."):  # where Locust is installed it patches the standard library for all that follows
            continue
        with contextlib.suppress(ImportError):  # an extra that is not installed
            importlib.import_module(module.name)
    for name in ("rich.console", "rich.table", "rich.progress", "rich.syntax", "typer.rich_utils"):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a collection in a copy would otherwise touch, and so copy, every page


def _serve(control: socket.socket) -> None:
    """Start what is asked for until the client is gone."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at the tests' terminal is theirs to handle
    running: dict[int, int] = {}
    shared = max(0, _most(resource.getrusage(resource.RUSAGE_SELF)) - USUAL)
    while True:
        ready = select.select([control.fileno(), woken], [], [])[0]
        if woken in ready:
            os.read(woken, 1024)
            _reap(running, shared)
        if control.fileno() not in ready:
            continue
        data, handed, _, _ = socket.recv_fds(control, 1, 5)
        if not data:
            return
        asked, *streams, told = handed
        pid = os.fork()
        if not pid:
            for number in (control.detach(), woken, wake, told, *running.values()):
                os.close(number)
            _become(asked, streams)
        for number in (asked, *streams):
            os.close(number)
        running[pid] = told
        os.write(told, b"%d\n" % pid)


def _most(used: resource.struct_rusage) -> int:
    return used.ru_maxrss << (0 if sys.platform == "darwin" else 10)


def _reap(running: dict[int, int], shared: int) -> None:
    """Tell of each run that has ended how it did."""
    while running:
        pid, status, used = os.wait4(-1, os.WNOHANG)
        if not pid:
            return
        told = running.pop(pid)
        with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
            os.write(told, b"%d %d\n" % (status, _most(used) - shared))
        os.close(told)


def _become(asked: int, streams: Sequence[int]) -> None:
    """Be a fresh interpreter that runs the command; never returns."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with open(asked, "rb") as file:
            file.seek(0)
            request = json.loads(file.read().decode("utf-8", "surrogatepass"))
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        _set_up(request)
        from rrcli.__main__ import run

        try:
            run()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        code = _end(code)
    except BaseException:  # noqa: BLE001  # as an interpreter does with what nobody caught
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _set_up(request: dict[str, Any]) -> None:
    """Folder, mask, environment, words and streams as an interpreter finds them."""
    os.chdir(request["cwd"])
    os.umask(request["umask"])
    os.environ.clear()
    os.environ.update(request["environ"])
    time.tzset()
    sys.argv = [str(ROOT / "rrcli" / "__main__.py"), *request["words"]]
    like = sys.stdin.encoding, sys.stdin.errors
    sys.stdin = _stream(0, "r", *like)
    sys.stdout = _stream(1, "w", *like)
    sys.stderr = _stream(2, "w", like[0], "backslashreplace")


def _stream(number: int, mode: str, encoding: str, errors: str | None) -> TextIOWrapper:
    """A standard stream as the interpreter opens it."""
    buffering = 1 if mode == "w" and (number == 2 or os.isatty(number)) else -1
    stream = open(number, mode, buffering, encoding=encoding, errors=errors, closefd=False)  # noqa: SIM115  # open until the end
    assert isinstance(stream, TextIOWrapper)
    return stream


def _end(code: int) -> int:
    """What an interpreter does before it ends: wait for threads, run what was registered, write what is buffered."""
    import atexit

    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        sys.excepthook(*sys.exc_info())
        return 120
    return code


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as _control:
        sys.path[0] = str(ROOT)  # in place of this file's folder, whose modules have the names of packages
        _load()
        _serve(_control)
