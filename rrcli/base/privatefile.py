"""Files replaced as a whole or not at all; those that hold credentials with mode 600, in folders of mode 700 where they are ours."""

from __future__ import annotations

import os
from stat import S_ISREG

from rrcli.base.errors import ExchangeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST = 16 << 20  # bytes of such a file that are read
LOCK_WAIT = 5.0  # seconds for another run that writes at this moment


def _cannot(what: str, path: str, error: OSError) -> ExchangeError:
    kind = "input" if what == "read" else "output"
    return ExchangeError("local", kind, f"cannot {what} {path}: {(error.strerror or str(error)).lower()}")


def read_text(path: str, *, regular: bool = False) -> str | None:
    """The text of a file; `None` where there is none. Raises `ExchangeError` of layer `local`.

    `regular`: it is written again later, so it can be neither a device nor a pipe, which nobody may ever write to.
    """
    try:
        if regular and not S_ISREG(os.stat(path).st_mode):
            raise ExchangeError("local", "input", f"cannot read {path}: it is no regular file")
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _cannot("read", path, error) from error
    if len(data) > LARGEST:
        raise ExchangeError("local", "input", f"cannot read {path}: it is larger than {LARGEST >> 20} MiB")
    return data.decode("utf-8", "surrogateescape")


def make_folder(path: str) -> None:
    """Make a folder, and those above it that are missing, with mode 700. Raises `ExchangeError` of layer `local`."""
    if not path or os.path.isdir(path):
        return
    make_folder(os.path.dirname(path))
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        if os.path.isdir(path):
            return  # another run made it just now
        raise ExchangeError("local", "output", f"cannot make the folder {path}: a file of that name is in its place") from None
    except OSError as error:
        raise _cannot("make the folder", path, error) from error


def check_writable(path: str) -> None:
    """Raise `ExchangeError` of layer `local` where writing the file would fail, before anything is sent that would be lost with it."""
    folder = os.path.dirname(path) or "."
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        mode = None
    except OSError as error:
        raise _cannot("write", path, error) from error
    if mode is not None and os.path.isdir(path):
        raise ExchangeError("local", "output", f"cannot write {path}: it is a folder")
    special = mode is not None and not S_ISREG(mode)
    if not os.access(path if special else folder, os.W_OK):
        why = "no such folder" if not os.path.isdir(folder) else "no permission to write there"
        raise ExchangeError("local", "output", f"cannot write {path}: {why}")


def write_text(path: str, text: str, *, mode: int = 0o600) -> None:
    """Put `text` in the place of the file's. A device or a pipe is written to as it is. Raises `ExchangeError` of layer `local`.

    `mode` is that of the new file, less what the umask takes away.

    A link is replaced itself, as curl does: whoever planted it must not choose which file is overwritten. Those in `/dev`, as
    `/dev/stdout`, are the system's.
    """
    data = text.encode("utf-8", "surrogateescape")
    try:
        if os.path.abspath(path).startswith("/dev/") or (os.path.exists(path) and not S_ISREG(os.stat(path).st_mode)):
            with open(path, "wb", buffering=0) as file:
                file.write(data)
            return
        _replace(path, data, mode)
    except OSError as error:
        raise _cannot("write", path, error) from error


def _replace(path: str, data: bytes, mode: int) -> None:
    """Write beside the file and rename, so that nobody ever reads half of it."""
    beside = f"{path}.{os.getpid()}.{os.urandom(4).hex()}.tmp"
    number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), mode)
    try:
        with open(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(number)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


class locked:  # used as `with locked(…):`
    """Holds the lock of a folder, which other runs that write there wait for. Raises `ExchangeError` of layer `local`."""

    def __init__(self, folder: str) -> None:
        self._folder = folder or "."
        self._number = -1

    def __enter__(self) -> None:
        from fcntl import LOCK_EX, LOCK_NB, flock
        from time import sleep

        try:
            self._number = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise _cannot("write in", self._folder, error) from error
        for pause in _pauses():
            try:
                flock(self._number, LOCK_EX | LOCK_NB)
                return
            except BlockingIOError:
                sleep(pause)
            except OSError:
                return  # a file system without locks
        os.close(self._number)
        raise ExchangeError("local", "output", f"cannot write in {self._folder}: another run has had it locked for {LOCK_WAIT:g} s")

    def __exit__(self, *_: object) -> None:
        os.close(self._number)


def _pauses() -> Iterator[float]:
    """Seconds to wait before each further try."""
    left, pause = LOCK_WAIT, 0.001
    while left > 0:
        yield pause
        left -= pause
        pause = min(pause * 2, 0.05)
