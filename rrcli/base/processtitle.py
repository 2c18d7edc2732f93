"""Secrets of the command line hidden from those who list the processes of this computer (`ps`, `/proc/PID/cmdline`), as curl does."""

from __future__ import annotations

import os

ARGUMENTS = 45  # where /proc/self/stat, behind the program's name, has the address of the arguments (proc(5): field 48)


def hide(secrets: list[str]) -> None:
    """Overwrite the words of the command line that end in one of these values with `*`. Does nothing where the system has no /proc."""
    try:
        with open("/proc/self/cmdline", "rb") as file:
            line = file.read()
        with open("/proc/self/stat", "rb") as file:
            begin = int(file.read().rpartition(b")")[2].split()[ARGUMENTS])
        memory = os.open("/proc/self/mem", os.O_WRONLY)
    except (OSError, ValueError, IndexError):
        return
    try:
        for word in line.split(b"\0"):
            for secret in map(os.fsencode, secrets):
                if word.endswith(secret) and _is_value(word, len(word) - len(secret)):
                    os.pwrite(memory, b"*" * len(secret), begin + len(word) - len(secret))
            begin += len(word) + 1
    except OSError:
        return
    finally:
        os.close(memory)


def _is_value(word: bytes, at: int) -> bool:
    """Whether an option's value begins there: at the beginning, behind `--name=`, `-x` or the `FILE:` of a certificate."""
    return at == 0 or word[at - 1 : at] in (b"=", b":") or (at == 2 and word[:1] == b"-")
