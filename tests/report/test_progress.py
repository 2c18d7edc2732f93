"""The line that shows what goes on: drawn late, harmless, and gone when it is over."""

from __future__ import annotations

import time

import pytest

from rrcli.model import Answer, Status
from rrcli.report import progress
from rrcli.report.progress import ERASE, Progress
from rrcli.runner import Observer

ANSWER = Answer(summary="", status=Status())


class Screen:
    """What is written, as a terminal of one line would hold it."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, text: str) -> None:
        self.written.append(text)

    @property
    def line(self) -> str:
        return "".join(self.written).rpartition(ERASE)[2]


class Taking(Observer):
    def __init__(self) -> None:
        self.taken = b""

    def content(self, data: bytes) -> None:
        self.taken += data


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "FIRST_S", 0.02)
    monkeypatch.setattr(progress, "EVERY_S", 0.01)


def drawing(observer: Observer | None = None, *, makes_way: bool = False, retries: int = 3) -> tuple[Progress, Screen]:
    screen = Screen()
    return Progress(observer or Observer(), screen.write, retries=retries, makes_way=makes_way), screen


def wait_for(screen: Screen, start: str) -> None:
    until = time.monotonic() + 5
    while not screen.line.startswith(start):
        assert time.monotonic() < until, screen.written
        time.sleep(0.005)


def test_what_goes_on_is_drawn_and_leaves_nothing() -> None:
    shown, screen = drawing()
    shown.begins()
    wait_for(screen, "waiting · ")
    shown.received(ANSWER)
    shown.content(b"x" * 2048)
    wait_for(screen, "received 2 KiB · ")
    shown.waits(20, 2)
    wait_for(screen, "retry 2 of 3 in 1")
    shown.begins()
    wait_for(screen, "retry 2 of 3 · waiting · ")
    shown.finish()
    assert screen.line == ""
    drawn = list(screen.written)
    time.sleep(0.05)
    assert screen.written == drawn


def test_what_is_over_soon_is_never_drawn() -> None:
    shown, screen = drawing()
    shown.begins()
    shown.received(ANSWER)
    shown.finish()
    shown.finish()
    assert screen.written == []


def test_nothing_is_drawn_before_the_request_nor_after_a_wait() -> None:
    shown, screen = drawing()
    assert shown.line() == ""
    shown.waits(0.001, 1)
    time.sleep(0.01)
    assert shown.line() == ""
    shown.finish()
    assert screen.written == []


def test_it_makes_way_for_an_answer() -> None:
    taking = Taking()
    shown, screen = drawing(taking, makes_way=True)
    shown.begins()
    wait_for(screen, "waiting")
    shown.content(b"data")
    assert (screen.line, taking.taken) == ("", b"data")
    time.sleep(0.05)
    assert screen.line == ""


def test_it_stands_for_its_observer() -> None:
    assert (drawing()[0].shows, drawing(Taking())[0].shows) == (False, True)
    taking = Taking()
    taking.keeps_content = False
    assert drawing(taking)[0].keeps_content is False
