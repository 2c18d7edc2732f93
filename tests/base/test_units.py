"""Numbers for people."""

from __future__ import annotations

import pytest

from rrcli.base.units import offset


@pytest.mark.parametrize(
    ("ms", "decimals", "text"),
    [(1.14, 1, "     1.1 ms"), (999.9, 1, "   999.9 ms"), (1008.84, 1, "   1.009 s "), (2004, 2, "  2.0040 s "), (0.6, 2, "    0.60 ms")],
)
def test_an_offset_is_in_seconds_from_one_on_and_ends_in_one_column(ms: float, decimals: int, text: str) -> None:
    assert offset(int(ms * 1e6), 8, decimals) == text
