"""Files that hold credentials: who may read them, that nobody reads half of one, and who waits for whom."""

from __future__ import annotations

import os
import stat
from fcntl import LOCK_EX, flock
from pathlib import Path

import pytest

from rrcli.base import privatefile
from rrcli.base.errors import ExchangeError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_the_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        privatefile.make_folder(str(tmp_path / "a" / "b"))
        privatefile.write_text(str(tmp_path / "a" / "b" / "file"), "é\udcff")
    finally:
        os.umask(before)
    assert [mode(path) for path in (tmp_path / "a", tmp_path / "a" / "b", tmp_path / "a" / "b" / "file")] == [0o700, 0o700, 0o600]
    assert privatefile.read_text(str(tmp_path / "a" / "b" / "file")) == "é\udcff"


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(ExchangeError) as caught:
        privatefile.write_text(str(path / "below"), "new")
    assert (caught.value.layer, caught.value.kind) == ("local", "output")
    assert caught.value.message == f"cannot write {path}/below: not a directory"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_of_a_link_the_link_is_replaced_but_not_the_systems(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("precious")
    for target in ("file", "missing"):
        link = tmp_path / "link"
        link.unlink(missing_ok=True)
        link.symlink_to(tmp_path / target)
        privatefile.check_writable(str(link))
        privatefile.write_text(str(link), "new")
        assert (link.is_symlink(), link.read_text()) == (False, "new")
    assert (tmp_path / "file").read_text() == "precious"
    assert not (tmp_path / "missing").exists()
    privatefile.write_text("/dev/stdout", "shown\n")
    assert Path("/dev/stdout").is_symlink()
    assert capfd.readouterr().out == "shown\n"


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        privatefile.check_writable(str(path))
        privatefile.write_text(str(path), "text")
        assert os.read(number, 100) == b"text"
    finally:
        os.close(number)
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_no_file_is_none_and_a_huge_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert privatefile.read_text(str(tmp_path / "none")) is None
    (tmp_path / "file").write_text("12345")
    monkeypatch.setattr(privatefile, "LARGEST", 4)
    with pytest.raises(ExchangeError, match="it is larger than"):
        privatefile.read_text(str(tmp_path / "file"))


def test_a_lock_that_is_never_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privatefile, "LOCK_WAIT", 0.01)
    number = os.open(tmp_path, os.O_RDONLY)
    flock(number, LOCK_EX)
    try:
        with pytest.raises(ExchangeError) as caught, privatefile.locked(str(tmp_path)):
            pass
    finally:
        os.close(number)
    assert caught.value.message == f"cannot write in {tmp_path}: another run has had it locked for 0.01 s"
    with privatefile.locked(str(tmp_path)):
        pass
