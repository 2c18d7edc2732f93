"""The entry point and the only exit: reads the command line, runs it, returns the exit code.

A well-formed command line of a protocol takes the fast path (`cli/fast.py`); all else goes to the full
application (`cli/app.py`). From there both are one: `cli/execute.py`, `runner.py`, an adapter, the wire.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys

from rrcli.base.errors import EXIT_CODES, EXIT_INTERRUPTED, ExchangeError

NO_MEMORY = b"rrcli: there is not enough memory for that; a smaller --max-size keeps less, -o FILE writes content to a file\n"
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

YOUNG = 20_000  # objects: collecting every 700, as the interpreter does, is a twentieth of a run, and may fall within what is timed


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code (contract, section 2). Never raises."""
    words = sys.argv[1:] if argv is None else argv
    gc.set_threshold(YOUNG)
    _occupy()
    try:
        return _run(words)
    except ExchangeError as error:
        from rrcli.report.terminal.errors import report_error

        return report_error(error, words)
    except KeyboardInterrupt as signal:
        return getattr(signal, "exit_code", EXIT_INTERRUPTED)
    except BrokenPipeError:
        return _closed_pipe()
    except MemoryError:
        os.write(2, NO_MEMORY)  # anything more might need memory again
        return EXIT_CODES["local"]
    except Exception as error:  # noqa: BLE001  # the last resort: whatever reaches it is a bug of ours
        from rrcli.report.terminal.errors import report_bug

        return report_bug(error, words)
    except BaseException as ended:
        from rrcli.engine.interrupt import OutputClosed

        if isinstance(ended, OutputClosed):
            return _closed_pipe()
        raise


def _run(words: list[str]) -> int:
    if words == ["--version"]:
        from rrcli.base import __version__
        from rrcli.base.output import to_stdout

        to_stdout(f"rrcli {__version__}\n".encode())
        return 0
    from rrcli.options.option import HELP

    if not words or words[0] == "help" or words[-1] in HELP:
        from rrcli.cli import page

        if name := page.asked(words):
            page.show(name)
            return 0
    from rrcli.cli import fast
    from rrcli.engine.registry import translated

    words = translated(words)
    if words[-1] in HELP and (name := fast.helped(words)):
        from rrcli.cli import page

        if name in page.names():
            page.show(name)
            return 0
    invocation = fast.parse(words)
    if invocation is None:
        if values := fast.read_run(words):
            from rrcli.cli.run import run as run_plans

            return run_plans(values)
        from rrcli.cli.app import run

        return run(words)
    from rrcli.cli.execute import execute

    return execute(invocation)


def _occupy() -> None:
    """Give a closed standard stream (`>&-`) back its number: a socket would get it, and be sent what is printed.

    Opened the wrong way round, so that using it still fails as a closed one does.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if number else os.O_WRONLY)


def _closed_pipe() -> int:
    """`rrcli … | head -1`: nobody reads on, which is no failure. The interpreter must not flush into it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0


def run() -> NoReturn:
    """What the command `rrcli` does: run the command line, and end the process with its exit code.

    Without the interpreter's own end, which takes every module apart, a sixth of a short call; but with it where something
    waits for it (threads, what was registered with `atexit`), and where somebody looks for what was left open.
    """
    from rrcli.base import bytecode

    bytecode.install()
    code = main()
    waits = "threading" in sys.modules or atexit._ncallbacks()
    if not (waits or sys.flags.dev_mode or sys.warnoptions):
        try:
            for stream in (sys.stdout, sys.stderr):
                if stream:
                    stream.flush()
        except (OSError, ValueError):
            pass  # the interpreter's end says so
        else:
            os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    run()
