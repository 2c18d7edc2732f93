"""HTML and XML in colour: every letter comes back, and the parts are those that pygments finds."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments.lexers.html import HtmlLexer

from rrcli.report.terminal.bodytext import TOKEN_ROLES
from rrcli.report.terminal.markup import parts

PAGES = [
    '<!doctype html>\n<html lang="en"><head><title>x &amp; y</title></head></html>',
    "<a href='x' b=c d>t</a><br/><!-- <c> -->\n<p class=\"x y\"\n  id=z>\n</p>",
    "<svg:path d='M0'/><x-y data-a=1></x-y>",
]


def by_letter(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Each letter with its role, but for brackets and blanks, which take either colour."""
    return [(letter, role) for value, role in found for letter in value if letter not in "<>/= \t\n"]


@pytest.mark.parametrize("page", PAGES)
def test_the_parts_are_those_of_pygments(page: str) -> None:
    expected = []
    for _, token, value in HtmlLexer().get_tokens_unprocessed(page):
        while (role := TOKEN_ROLES.get(str(token))) is None:
            token = token.parent
        expected.append((value, role))
    assert by_letter(list(parts(page))) == by_letter(expected)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a < b <3", [("a ", ""), ("<", ""), (" b ", ""), ("<", ""), ("3", "")]),
        ("<a", [("<a", "tag")]),
        ("<a b='c", [("<a", "tag"), (" ", ""), ("b", "keyword"), ("=", ""), ("'c", "string")]),
        ("<!-- a", [("<!-- a", "dim")]),
        ("<![CDATA[<a>]]>x", [("<![CDATA[<a>]]>", ""), ("x", "")]),
        (
            "<SCRIPT>if (a</b) '</scripT>'",
            [("<SCRIPT", "tag"), (">", "tag"), ("if (a</b) '", ""), ("</scripT", "tag"), (">", "tag"), ("'", "")],
        ),
        ("<script/>b<i>", [("<script", "tag"), ("/>", "tag"), ("b", ""), ("<i", "tag"), (">", "tag")]),
        ("<style>a{}", [("<style", "tag"), (">", "tag"), ("a{}", "")]),
        ("", []),
    ],
)
def test_what_is_broken_is_taken_as_it_comes(text: str, shown: list[tuple[str, str]]) -> None:
    assert [part for part in parts(text) if part[0]] == shown


@given(st.text(alphabet="<>/!-?=\"' abscript[]CDATA\n&;é", max_size=60))
def test_no_letter_is_lost(text: str) -> None:
    assert "".join(value for value, _ in parts(text)) == text


@pytest.mark.parametrize("unit", ["<", "<a", "<a ", "<a b=", "<!--", "<script>", "</script", "<a b='", "<![CDATA[", "&", "<script></"])
def test_it_takes_as_long_as_the_text(unit: str) -> None:
    def cost(times: int) -> float:
        begin = time.process_time()
        sum(1 for _ in parts(unit * times))
        return time.process_time() - begin

    assert cost(40_000) < 20 * max(min(cost(4_000) for _ in range(3)), 0.002)
