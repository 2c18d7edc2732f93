"""`rrcli demo`: every protocol once, one failure explained, and no network."""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
import sys

from peers import child

from rrcli.cli import fast
from rrcli.engine import registry

STEPS = [step for entry in registry.PROTOCOLS for step in entry.load_manifest().demo]

CLEAN = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "RRCLI_FORMAT")
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def environment(**changes: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in CLEAN} | changes


def run(**changes: str) -> subprocess.CompletedProcess[str]:
    return child.run("demo", input="unread\n", env=changes)


def test_the_demo_shows_every_protocol_and_one_failure() -> None:
    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    headings = [line for line in done.stdout.splitlines() if re.match(r"\d+  ", line)]
    assert headings == [f"{number}  {heading}" for number, heading in enumerate((step.heading for step in STEPS), 1)]
    verdicts = [line[:1] + line[1:].partition("·")[0].rstrip() for line in done.stdout.splitlines() if line[:1] in ("✔", "✘")]
    assert verdicts == [
        "✔ 201 Created", "✔ 200 OK", "✔ 200 OK", "✘ 200 OK with 1 error", "✘ 500 Internal Server Error",
        "✔ 101 Switching Protocols", "✔ 0 OK", "✘ 3 INVALID_ARGUMENT", "✔ NOERROR", "✘ WRONGTYPE", "✔ OK", "✘ 503 No Responders",
        "✘ 42601", "✔ 250 ok: queued as 1", "✔ OK", "✔ answered",
    ]  # fmt: skip
    assert "  Means  The key holds a value of another type" in done.stdout


def test_every_command_shown_can_be_typed() -> None:
    shown = [shlex.split(line)[1:] for line in run().stdout.splitlines() if line.startswith("$ ")]
    assert [words[:2] for words in shown] == [["rrcli", line.split()[0]] for line in (step.line for step in STEPS)]
    assert all(fast.parse(words[1:]) for words in shown)


def test_piped_it_is_narrow_and_plain_whatever_the_settings() -> None:
    done = run(RRCLI_FORMAT="json")
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_on_a_terminal_it_has_colour() -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "rrcli", "demo"], stdout=theirs, stdin=theirs, env=environment(TERM="xterm-256color", COLUMNS="100")
    ) as child:
        os.close(theirs)
        shown = b""
        try:
            while data := os.read(ours, 65536):
                shown += data
        except OSError:  # Linux ends a terminal so
            pass
        assert child.wait(timeout=20) == 0
    os.close(ours)
    text = shown.decode().replace("\r\n", "\n")
    assert f"\x1b[1m1  {STEPS[0].heading}\x1b[0m\n$ rrcli http " in text
    assert max(len(ESCAPES.sub("", line)) for line in text.splitlines()) <= 100


def test_what_an_extra_is_missing_for_is_a_line_and_the_rest_goes_on() -> None:
    code = "import sys; sys.modules['google.protobuf'] = None; from rrcli.__main__ import main; sys.exit(main(['demo']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=30, env=environment())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\ngrpc needs the module google.protobuf: pip install 'rrcli[grpc]'\n") == 2
    assert done.stdout.endswith("keeps these servers running.\n")
