"""The nearest of the known names to one that is unknown, as the end of a sentence."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def near(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'NAME'?`, or nothing where none is alike."""
    from difflib import get_close_matches  # loads re and collections, and only a mistyped name needs it

    found = get_close_matches(name[:200], list(known)[:10_000], n=1, cutoff=0.6)
    return f"; did you mean '{found[0]}'?" if found else ""
