"""What the traps for leaked secrets share: values to plant, how they may be hidden, and the command within this process."""

from __future__ import annotations

import binascii
import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from peers.recorder import ANSWER, Recorder
from peers.script import responder

from rrcli.__main__ import main

PLANTED = "hunter2"  # what every secret of these tests begins with
OK = ANSWER

Run = Callable[..., "Ran"]


@dataclass(frozen=True)
class Ran:
    """How a run within this process went."""

    code: int
    out: bytes
    err: bytes

    @property
    def all(self) -> bytes:
        return self.out + self.err


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command line in this process, with a home of its own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("RRCLI_FORMAT", raising=False)

    def ran(*words: str) -> Ran:
        capfdbinary.readouterr()
        code = main(list(words))
        return Ran(code, *capfdbinary.readouterr())

    return ran


def leaks(data: bytes) -> list[bytes]:
    """Where a planted value stands in `data`: as it is, in a dump, or within base64 at any offset."""
    found = [data[max(0, at.start() - 60) : at.end() + 20] for at in re.finditer(rb"hunter2|68756e746572|68 75 6e 74 65 72", data)]
    for word in re.findall(rb"[A-Za-z0-9+/_-]{8,}", data):
        plain = word.translate(bytes.maketrans(b"-_", b"+/"))
        for skip in range(4):
            with contextlib.suppress(binascii.Error):
                piece = plain[skip:]
                if PLANTED.encode() in binascii.a2b_base64(piece[: len(piece) // 4 * 4]):
                    found.append(word)
    return found


@dataclass
class Site(Recorder):
    """A recorder that gives each of its answers in turn, the last for good."""

    answers: list[bytes] = field(default_factory=lambda: [OK])

    def _handle(self, connection) -> None:
        self.answer = self.answers[min(len(self.requests), len(self.answers) - 1)]
        super()._handle(connection)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def heard(self) -> bytes:
        return b"\n".join(self.requests)


@contextlib.contextmanager
def site(*answers: bytes) -> Iterator[Site]:
    made = Site(answers=list(answers) or [OK])
    with responder(made._handle) as peer:
        made.port = peer.port
        yield made


def moved(place: str, code: int = 302, fields: str = "") -> bytes:
    return f"HTTP/1.1 {code} Moved\r\nLocation: {place}\r\n{fields}Content-Length: 0\r\nConnection: close\r\n\r\n".encode()
