"""XML laid out: only white space between elements moves, and nothing that is not plain and well-formed is touched."""

from __future__ import annotations

import time

import pytest

from rrcli.report.terminal.xmllines import LARGEST, lay_out


def test_elements_stand_on_lines_of_their_own() -> None:
    text = (
        '<?xml version="1.0"?><!-- c --><a x="1&amp;2"\n y="&#65;"><b>t &lt; <i>x</i> y</b><c/><d></d>\n\n<e><f>1</f>'
        "<g><![CDATA[<x>]]></g></e><?p i?></a>\n<!-- end -->\n"
    )
    assert lay_out(text) == (
        '<?xml version="1.0"?>\n<!-- c -->\n<a x="1&amp;2"\n y="&#65;">\n  <b>t &lt; <i>x</i> y</b>\n  <c/>\n  <d></d>\n'
        "  <e>\n    <f>1</f>\n    <g><![CDATA[<x>]]></g>\n  </e>\n  <?p i?>\n</a>\n<!-- end -->"
    )


@pytest.mark.parametrize("text", ["<a/>", "<a></a>", "<a>text</a>", "<p xml:space='preserve'> <b/> </p>", "<a>é <b> x </b></a>"])
def test_what_means_something_stays(text: str) -> None:
    assert lay_out(text) == text


def test_what_is_laid_out_stays_so() -> None:
    once = lay_out("<a> <b> <c>1</c></b><d/> </a>")
    assert once == "<a>\n  <b>\n    <c>1</c>\n  </b>\n  <d/>\n</a>"
    assert lay_out(once) == once


def test_an_encoding_that_was_undone_is_not_undone_again() -> None:
    assert lay_out('<?xml version="1.0" encoding="iso-8859-1"?><a>é€</a>') == '<?xml version="1.0" encoding="iso-8859-1"?>\n<a>é€</a>'


LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        f"{LAUGHS}]><l>&j;</l>",
        '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        '<!DOCTYPE x [<!ENTITY e SYSTEM "http://127.0.0.1:1/">]><x>&e;</x>',
        "<!DOCTYPE html><html/>",
        "<a>&undefined;</a>",
        "<a>",
        "<a></b>",
        "no xml",
        "",
        "<a/><b/>",
        f"<a>{'x' * LARGEST}</a>",
    ],
)
def test_all_else_is_left_as_it_is(text: str) -> None:
    begin = time.monotonic()
    assert lay_out(text) is None
    assert time.monotonic() - begin < 1


def test_deep_nesting_costs_no_more_than_its_length() -> None:
    begin = time.monotonic()
    text = "<a>" * 50_000 + "</a>" * 50_000
    laid_out = lay_out(text)
    assert laid_out is not None
    assert laid_out.split() == ["<a>"] * 49_999 + ["<a></a>"] + ["</a>"] * 49_999
    assert time.monotonic() - begin < 3
