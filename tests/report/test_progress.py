"""The line that shows what goes on: drawn late, harmless, and gone when it is over."""

from __future__ import annotations

import time

import pytest

from rrcli.engine.events import Observer
from rrcli.model.values import Response, Status
from rrcli.report.live import progress
from rrcli.report.live.progress import ERASE, Progress, Transfer, _coloured

ANSWER = Response(summary="", status=Status())


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


def drawing(observer: Observer | None = None, *, yields_terminal: bool = False, retries: int = 3) -> tuple[Progress, Screen]:
    screen = Screen()
    return Progress(observer or Observer(), screen.write, retries=retries, yields_terminal=yields_terminal), screen


def wait_for(screen: Screen, start: str) -> None:
    until = time.monotonic() + 5
    while not screen.line.startswith(start):
        assert time.monotonic() < until, screen.written
        time.sleep(0.005)


def test_what_goes_on_is_drawn_and_leaves_nothing() -> None:
    shown, screen = drawing()
    shown.request_started()
    wait_for(screen, "waiting · ")
    shown.received(ANSWER)
    shown.content(b"x" * 2048)
    wait_for(screen, "received 2 KiB · ")
    shown.retry_in(20, 2)
    wait_for(screen, "retry 2 of 3 in 1")
    shown.request_started()
    wait_for(screen, "retry 2 of 3 · waiting · ")
    shown.finish()
    assert screen.line == ""
    drawn = list(screen.written)
    time.sleep(0.05)
    assert screen.written == drawn


def test_what_is_over_soon_is_never_drawn() -> None:
    shown, screen = drawing()
    shown.request_started()
    shown.received(ANSWER)
    shown.finish()
    shown.finish()
    assert screen.written == []


def test_nothing_is_drawn_before_the_request_nor_after_a_wait() -> None:
    shown, screen = drawing()
    assert shown.line() == ""
    shown.retry_in(0.001, 1)
    time.sleep(0.01)
    assert shown.line() == ""
    shown.finish()
    assert screen.written == []


def test_it_makes_way_for_an_answer() -> None:
    taking = Taking()
    shown, screen = drawing(taking, yields_terminal=True)
    shown.request_started()
    wait_for(screen, "waiting")
    shown.content(b"data")
    assert (screen.line, taking.taken) == ("", b"data")
    time.sleep(0.05)
    assert screen.line == ""


def test_it_stands_for_its_observer() -> None:
    assert (drawing()[0].is_visible, drawing(Taking())[0].is_visible) == (False, True)
    taking = Taking()
    taking.keeps_content = False
    assert drawing(taking)[0].keeps_content is False


MIB = 1 << 20


def answer(*fields: tuple[str, str], framing: str = "content-length", code: int = 200) -> Response:
    return ANSWER.replace(fields=fields, framing=framing, status=Status(code=code))


def line_of(told: Response, came: int, columns: int = 80) -> str:
    """The line after so many bytes in two seconds."""
    shown, _ = drawing()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(progress, "now", lambda: 10**9)
        shown._since_ns = 10**9
        shown.received(told)
        patch.setattr(progress, "now", lambda: 3 * 10**9)
        shown.content(bytes(came))
        shown.columns = columns
        return shown.line()


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (140, " 25%  ██████████                                1 MiB of 4 MiB · 512 KiB/s · 6 s left"),
        (80, " 25%  ████████▊                            1 MiB of 4 MiB · 512 KiB/s · 6 s left"),
        (50, " 25%  1 MiB of 4 MiB · 512 KiB/s · 6 s left"),
        (40, " 25%  1 MiB of 4 MiB · 512 KiB/s"),
        (10, " 25%  1 Mi"),
    ],
)
def test_of_a_known_length_there_is_a_bar(columns: int, line: str) -> None:
    assert line_of(answer(("Content-Length", str(4 * MIB))), MIB, columns) == line


def test_what_was_there_before_counts() -> None:
    fields = (("Content-Length", str(MIB)), ("Content-Range", f"bytes {MIB}-{2 * MIB - 1}/{2 * MIB}"))
    assert line_of(answer(*fields, code=206), MIB // 2).startswith(" 75%  ")
    assert "1.5 MiB of 2 MiB" in line_of(answer(*fields, code=206), MIB // 2)


@pytest.mark.parametrize(
    "told",
    [
        answer(framing="chunked"),
        answer(("Content-Length", "10"), framing="chunked"),
        answer(("Content-Length", "10"), ("Content-Encoding", "gzip")),
        answer(("Content-Length", "ten")),
        answer(("Content-Length", "0")),
    ],
)
def test_of_an_unknown_length_there_is_a_count(told: Response) -> None:
    assert line_of(told, 2 * MIB).startswith("received 2 MiB · ")


def test_an_upload_is_told_of() -> None:
    shown, _ = drawing()
    shown.request_started()
    shown.uploaded(MIB, 2 * MIB)
    assert "1 MiB of 2 MiB" in shown.line()
    assert shown.line().startswith(" 50%  ████")
    shown.uploaded(MIB, None)
    shown.received(ANSWER)
    assert shown.line().startswith("waiting · ")
    shown.uploaded(3 * MIB, None)
    assert shown.line().startswith("sent 3 MiB · ")
    shown.finish()


def test_the_speed_is_that_of_late() -> None:
    transfer = Transfer("received", 0, 100 * MIB)
    transfer._samples = [(0, 0)]
    for second in range(1, 11):
        transfer.done += MIB if second > 5 else 10 * MIB
        transfer.sample(second * 10**9)
    assert transfer.speed == MIB
    assert transfer.words() == ["55 MiB of 100 MiB", "1 MiB/s", "45 s left"]


@pytest.mark.parametrize(
    ("left", "said"), [(59, "59 s left"), (125, "2 min 5 s left"), (3 * 3600 + 600, "3 h 10 min left"), (10**9, "long left")]
)
def test_time_that_is_left(left: int, said: str) -> None:
    transfer = Transfer("received", 0, left + 1)
    transfer._samples = [(0, 0)]
    transfer.done = 1
    transfer.sample(10**9)
    assert transfer.words()[-1] == said


def test_colour_adds_nothing_but_colour() -> None:
    line = " 50%  ████      1 MiB of 2 MiB · 1 MiB/s"
    assert _coloured(line) == " 50%  \x1b[94m████      \x1b[0m\x1b[2m1 MiB of 2 MiB · 1 MiB/s\x1b[0m"
    assert _coloured("received 2 MiB") == "received 2 MiB"
