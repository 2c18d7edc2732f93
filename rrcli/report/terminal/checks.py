"""The checks of an exchange, of several or of a series, one line each."""

from __future__ import annotations

from rrcli.report.terminal.paint import pieces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from rrcli.model.values import Check
    from rrcli.report.terminal.paint import Page

MOST_SHOWN = 2000  # letters of what a check found
ROWS = 3  # of the terminal that one check may take


def draw_checks(checks: Iterable[Check], page: Page, no_json: str | None = None) -> None:
    """`✔ status == 200`, `✘ time < 0.1ms does not hold: it is 4.312 ms`; `no_json` says why there is no JSON to look into."""
    page.blank()
    for check in checks:
        if check.ok:
            page.add_cut([("✔ ", "good"), *pieces(check.expr)], rows=ROWS)
            continue
        if no_json and check.actual is None and ("body.json" in check.expr or check.expr.removeprefix("not ").startswith("json")):
            page.add_cut([("✘ ", "bad"), *pieces(check.expr), (" does not hold: ", "dim"), *pieces(no_json)], rows=ROWS)
            continue
        from rrcli.policy.literals import found_words

        found = found_words(check, MOST_SHOWN)
        page.add_cut([("✘ ", "bad"), *pieces(check.expr), (" does not hold: it is ", "dim"), *pieces(found)], rows=ROWS)
