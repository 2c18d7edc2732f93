"""Tables of records: what fits stands in columns, what is longer goes on below itself, and only what is lost ends in `…`."""

from __future__ import annotations

from typing import Any

import pytest

from rrcli.report.terminal.paint import Page
from rrcli.report.terminal.tables import MOST_LINES, MOST_ROWS, tables

UNSAID = {"class": "IN"}


def record(name: str, kind: str, data: str, of_class: str = "IN", ttl: int = 300) -> dict[str, Any]:
    return {"name": name, "type": kind, "class": of_class, "ttl": ttl, "data": data}


def drawn(records: list[dict[str, Any]], width: int = 80) -> list[str]:
    page = Page(width)
    tables({"answer": records}, {}, page, UNSAID)
    return page.text(color=False).splitlines()


def test_the_class_column_goes_where_all_is_in() -> None:
    assert drawn([record("a.test.", "A", "192.0.2.1"), record("b.test.", "NS", "a.test.")]) == [
        "  answer     type  ttl  data",
        "    a.test.  A     300  192.0.2.1",
        "    b.test.  NS    300  a.test.",
    ]


def test_the_class_column_stays_where_one_is_another() -> None:
    assert drawn([record("a.test.", "A", "192.0.2.1"), record("version.bind.", "TXT", '"9"', "CH")])[0].split() == [
        "answer", "type", "class", "ttl", "data",
    ]  # fmt: skip


def test_a_row_that_is_whole_has_no_mark_beside_one_that_is_longer() -> None:
    lines = drawn([record("a.test.", "TXT", f'"{"x" * 30} {"y" * 30}"'), record("a.test.", "A", "192.0.2.1")])
    assert lines == [
        "  answer     type  ttl  data",
        f'    a.test.  TXT   300  "{"x" * 30}',
        f'                        {"y" * 30}"',
        "    a.test.  A     300  192.0.2.1",
    ]


def test_a_long_word_is_broken_where_the_line_ends() -> None:
    lines = drawn([record("a.test.", "TXT", "x" * 100)])
    assert [line.strip() for line in lines[1:]] == [f"a.test.  TXT   300  {'x' * 56}", "x" * 44]
    assert lines[2].startswith(" " * 24)


def test_a_long_name_stands_above_its_record() -> None:
    lines = drawn([record(f"{'1.' * 32}ip6.arpa.", "PTR", "host.test."), record("a.test.", "A", "192.0.2.1")])
    assert lines[1:] == [
        f"    {'1.' * 32}ip6.arpa.",
        "             PTR   300  host.test.",
        "    a.test.  A     300  192.0.2.1",
    ]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 140])
def test_nothing_is_wider_than_the_terminal(width: int) -> None:
    records = [record("_443._tcp.www.example.test.", "TLSA", "3 1 1 " + "0123456789abcdef" * 8, ttl=ttl) for ttl in (1, 86400)]
    if width >= 40:
        assert max(map(len, drawn(records, width))) <= width
    assert "".join("".join(drawn(records[:1], width)[1:]).split()).endswith("0123456789abcdef" * 8)


def test_what_is_longer_than_a_screen_ends_in_a_mark() -> None:
    lines = drawn([record("a.test.", "TXT", "x" * 4000)])
    assert len(lines) == 1 + MOST_LINES
    assert [line.endswith("…") for line in lines] == [False] * MOST_LINES + [True]


def test_of_very_many_rows_the_first_are_drawn_and_the_others_counted() -> None:
    lines = drawn([record(f"h{number}.test.", "A", "192.0.2.1") for number in range(MOST_ROWS + 234)])
    assert len(lines) == MOST_ROWS + 2
    assert lines[-1] == "    … and 234 more rows: --json has all of them"


def test_an_empty_last_cell_leaves_no_spaces() -> None:
    assert drawn([record("a.test.", "TXT", ""), record("b.test.", "TXT", "x")])[1] == "    a.test.  TXT   300"
