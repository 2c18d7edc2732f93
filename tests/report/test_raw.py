"""The answer's content alone, byte for byte; and where it goes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from rrcli.base.errors import ExchangeError
from rrcli.base.output import to_file, to_stderr, to_stdout
from rrcli.engine.tofile import ToFile
from rrcli.model.head import head
from rrcli.model.values import Response, Status
from rrcli.report.formats.raw import Raw

ANSWER = Response(summary="HTTP/1.1 200 OK", status=Status(code=200, text="OK"), fields=(("X-A", "é"), ("x-a", "\udcff")))
HEAD = b"HTTP/1.1 200 OK\r\nX-A: \xc3\xa9\r\nx-a: \xff\r\n\r\n"


def raw(pieces: list[bytes], *, include: bool = False, lines: bool = False, answered: bool = True) -> list[bytes]:
    """What is written, call by call."""
    written: list[bytes] = []
    observer = Raw(written.append, include=include, lines=lines, keep=False)
    if answered:
        observer.received(ANSWER)
    for piece in pieces:
        observer.content(piece)
    observer.finish()
    return written


@pytest.mark.parametrize(
    ("pieces", "include", "lines", "written"),
    [
        ([], False, False, []),
        ([], True, False, [HEAD]),
        ([], False, True, []),
        ([b"\xff\0", b"a\n"], False, False, [b"\xff\0", b"a\n"]),
        ([b"a"], True, False, [HEAD, b"a"]),
        ([b"a"], False, True, [b"a", b"\n"]),
        ([b"a\n"], False, True, [b"a\n", b"\n"]),  # a value that ends with a newline differs from one that does not
        ([b""], False, True, [b"", b"\n"]),
        ([b"\n", b"a"], False, True, [b"\n", b"a", b"\n"]),
    ],
)
def test_content_is_written_as_it_comes(pieces: list[bytes], include: bool, lines: bool, written: list[bytes]) -> None:
    assert raw(pieces, include=include, lines=lines) == [*written, b""]  # which says that it was the last


def test_events_are_one_line_each_and_exact() -> None:
    written: list[bytes] = []
    observer = Raw(written.append, include=False, lines=True, keep=False)
    observer.item({"data": "x"}, b"\xffhunter22", ["hunter22"])
    observer.item({}, b"", [])
    observer.finish()
    assert written == [b"\xffhunter22\n", b"\n", b""]


def test_without_an_answer_nothing_is_written() -> None:
    assert raw([], include=True, lines=True, answered=False) == [b""]


def test_status_and_fields_are_those_of_the_wire() -> None:
    assert head(ANSWER) == HEAD
    assert head(ANSWER.replace(fields=())) == b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.mark.parametrize("keep", [True, False])
def test_the_observers_say_whether_the_content_is_kept_too(keep: bool) -> None:
    assert Raw(lambda _: None, include=False, lines=False, keep=keep).keeps_content is keep
    assert ToFile(lambda _: lambda _: None, keep=keep).keeps_content is keep


# --- files


def test_a_file_is_made_once_the_status_is_known(tmp_path: Path) -> None:
    path = tmp_path / "answer"
    observer = ToFile(lambda _: to_file(str(path)), keep=False)
    assert not path.exists()
    before = os.umask(0o037)
    observer.received(ANSWER)
    os.umask(before)
    assert path.read_bytes() == b""
    observer.content(b"\xffa")
    observer.received(ANSWER)  # told again, it goes on
    observer.content(b"\0b")
    assert path.read_bytes() == b"\xffa\0b"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_content_that_is_none_to_save_is_dropped() -> None:
    observer = ToFile(lambda _: None, keep=False)
    observer.received(ANSWER)
    observer.content(b"a page that says 404")


def test_a_file_that_is_there_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "answer"
    path.write_bytes(b"a long one")
    to_file(str(path))(b"x")
    assert path.read_bytes() == b"x"


def test_a_file_that_cannot_be_made(tmp_path: Path) -> None:
    path = str(tmp_path / "no" / "answer")
    with pytest.raises(ExchangeError) as raised:
        to_file(path)
    assert (raised.value.layer, raised.value.kind) == ("local", "output")
    assert raised.value.message == f"cannot write {path}: no such file or directory"


def test_a_device_that_is_full() -> None:
    write = to_file("/dev/full")
    with pytest.raises(ExchangeError) as raised:
        write(b"x")
    assert (raised.value.layer, raised.value.kind) == ("local", "output")
    assert raised.value.message == "cannot write to /dev/full: no space left on device"


# --- standard output and standard error


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """The two ends of a pipe; the tests may close them."""
    ends = os.pipe()
    yield ends
    for number in ends:
        try:
            os.close(number)
        except OSError:
            continue


def redirected(number: int, target: int, write: object, *words: object) -> None:
    """Call `write` while the descriptor `number` is `target`."""
    saved = os.dup(number)
    os.dup2(target, number)
    try:
        write(*words)  # type: ignore[operator]
    finally:
        os.dup2(saved, number)
        os.close(saved)


def test_bytes_reach_standard_output_and_text_standard_error(pipe: tuple[int, int]) -> None:
    redirected(1, pipe[1], to_stdout, b"\xff\0a")
    redirected(2, pipe[1], to_stderr, "é\udcff\n")
    assert os.read(pipe[0], 100) == b"\xff\0a\xc3\xa9\\udcff\n"


def test_a_closed_pipe_is_told_of_on_standard_output_alone(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    with pytest.raises(BrokenPipeError):
        redirected(1, pipe[1], to_stdout, b"x")
    redirected(2, pipe[1], to_stderr, "x")


def test_a_full_device_as_standard_output() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        with pytest.raises(ExchangeError, match="^cannot write to standard output: no space left on device$"):
            redirected(1, full, to_stdout, b"x")
        redirected(2, full, to_stderr, "x")
    finally:
        os.close(full)
