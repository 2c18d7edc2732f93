"""Numbers for people: durations and sizes, each with its unit. Until here they are nanoseconds and bytes."""

from __future__ import annotations


def duration(ns: int) -> str:
    """`0.42 ms`, `13.1 ms`, `1.96 s`, `2 min 5 s`: about three digits."""
    if ns < 999_995:
        return f"{ns / 1e6:.2f} ms"
    if ns < 999_950_000:
        return f"{ns / 1e6:.1f} ms"
    if ns < 60 * 10**9:
        return f"{ns / 1e9:.2f} s"
    minutes, seconds = divmod(round(ns / 1e9), 60)
    return f"{minutes} min {seconds} s"


def offset(ns: int, width: int, decimals: int = 1) -> str:
    """When something came, as `   51.5 ms` or `   1.009 s `: numbers end at `width` columns, and a second is one wherever it stands."""
    if ns < 10**9:
        return f"{ns / 1e6:>{width}.{decimals}f} ms"
    return f"{ns / 1e9:>{width}.{decimals + 2}f} s "


def size(count: int) -> str:
    """`140 B`, `1.2 KiB`, `64 MiB`."""
    if count < 1024:
        return f"{count} B"
    number, unit = count / 1024, "KiB"
    for larger in ("MiB", "GiB", "TiB"):
        if number < 1023.95:
            break
        number, unit = number / 1024, larger
    return f"{number:.1f}".removesuffix(".0") + f" {unit}"


def counted(count: int, what: str) -> str:
    """`1 line`, `2 lines`."""
    return f"{count:,} {what}{'s' * (count != 1)}"
