"""The README's commands are run, in a terminal of 80 columns, and print what it shows.

What differs from run to run is set aside: times and their bars, dates, ids, byte counts of the responses' dates. The ports
of the README are those of `rrcli serve`; here they are free ones of as many digits. `RRCLI_GOLDEN=write pytest tests/test_readme.py`
writes what the commands print into the README.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import socket
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from rrcli.engine.catalogue import responders
from rrcli.responders.serve import start, stop

README = Path(__file__).parent.parent / "README.md"
PORTS = {"http": 8080, "redis": 6380, "dns": 5353, "tcp": 9000}
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[int, int]]:
    """The README's ports to those of running responders, of four digits too, so that sizes are the same, and unlike other numbers there."""
    chosen: dict[str, int] = {}
    for name in PORTS:
        chosen[name] = next(port for port in range(6100, 9999) if port not in chosen.values() and _free(port))
    running = start(responders(), (), chosen)
    yield {PORTS[name]: port for name, port in chosen.items()}
    stop(running)


def _free(port: int) -> bool:
    try:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(type=kind) as probe:
                probe.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


def terminal(command: str, ports: dict[int, int]) -> str:
    """What a shell's command line prints to a terminal of 80 columns without colour."""
    for shown, real in ports.items():
        command = command.replace(str(shown), str(real))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environ = {"PATH": path, "HOME": "/nonexistent", "TERM": "xterm", "NO_COLOR": "1", "LANG": "C.UTF-8", "PYTHONPATH": str(README.parent)}
    shell = f'rrcli() {{ {sys.executable} -m rrcli "$@"; }}\n{command}'
    process = subprocess.Popen(["bash", "-c", shell], stdin=theirs, stdout=theirs, stderr=theirs, env=environ, start_new_session=True)
    os.close(theirs)
    printed = b""
    try:
        while data := os.read(ours, 65536):
            printed += data
    except OSError:
        pass  # Linux ends a terminal nobody writes to any more with EIO
    os.close(ours)
    process.wait()
    text = printed.decode().replace("\r\n", "\n")
    for shown, real in ports.items():
        text = text.replace(str(real), str(shown))
    return text


def steady(text: str) -> str:
    """The text without what differs from run to run."""
    text = re.sub(r" *[▏▎▍▌▋▊▉█▐▕]+ *| +(?=\d+(?:\.\d+)? m?s)", " ", text)
    text = re.sub(r"\d+(?:\.\d+)? m?s\b(  ←.*)?", "TIME", text)
    text = re.sub(r"\d\d:\d\d:\d\d GMT|\w{3}, \d\d \w{3} \d{4}", "DATE", text)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]+", "ID", text)
    return re.sub(r"TIME  ← the \w+", "TIME", text)


def test_every_command_of_the_readme_prints_what_it_shows(ports: dict[int, int]) -> None:
    readme = README.read_text()
    blocks = BLOCK.findall(readme)
    assert blocks
    made = [_block(block, ports) for block in blocks]
    if os.environ.get("RRCLI_GOLDEN") == "write":
        for old, new in zip(blocks, made, strict=True):
            readme = readme.replace(f"```console\n{old}```", f"```console\n{new}```")
        README.write_text(readme)
    else:
        assert [steady(block) for block in made] == [steady(block) for block in blocks]


def _block(block: str, ports: dict[int, int]) -> str:
    """A block as it should be: each command with what it prints."""
    commands = [line for line in block.splitlines() if line.startswith("$ ")]
    parts = [f"{command}\n{terminal(command[2:], ports)}" for command in commands]
    return "\n".join(parts) if any(part.count("\n") > 3 for part in parts) else "".join(parts)


def test_the_library_examples_run(ports: dict[int, int]) -> None:
    examples = re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
    one_request, a_client = examples[0], examples[1]
    code = one_request + a_client
    for shown, real in ports.items():
        code = code.replace(str(shown), str(real))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, cwd=README.parent)
    first, second, third = done.stdout.splitlines()
    assert re.fullmatch(r"ok 200 \d+", first)
    assert second == "PONG"
    assert third == "True 200"


def test_the_set_up_commands_are_these_two() -> None:
    assert re.findall(r"^```sh\n(.*?)\n```$", README.read_text(), re.MULTILINE | re.DOTALL) == [
        "pip install . && rrcli demo",
        "pip install '.[test]' && pytest -n auto",
    ]
