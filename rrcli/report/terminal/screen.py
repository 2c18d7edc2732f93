"""The terminal that is printed to: how wide it is, and whether it has colour."""

from __future__ import annotations

import os


def width() -> int:
    """Columns of the terminal; 80 where there is none."""
    if (given := os.environ.get("COLUMNS", "")).isdecimal() and 0 < int(given) < 10**6:
        return int(given)
    for number in (1, 2):
        try:
            return os.get_terminal_size(number).columns or 80
        except OSError:
            continue
    return 80


def is_coloured(when: str, number: int) -> bool:
    """Whether to colour what goes to a file descriptor; `when` is the value of `--color`."""
    if when != "auto":
        return when == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (os.isatty(number) and os.environ.get("TERM") != "dumb")
