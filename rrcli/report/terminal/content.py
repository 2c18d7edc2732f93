"""The answer's content alone, laid out and coloured as the report has it, and whole: `--format body`."""

from __future__ import annotations

from rrcli.base.timelimit import TimeLimitExceeded, run_with_limit
from rrcli.report.terminal.bodytext import draw_body, is_text, picture_lines, whole_lines
from rrcli.report.terminal.paint import Page
from rrcli.report.terminal.tables import tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.engine.registry import Protocol
    from rrcli.model.values import Exchange, Response

LAYING_OUT = 1.0  # seconds: what takes longer is printed as it came


def render_content(exchange: Exchange, entry: Protocol, *, width: int, color: bool, on_terminal: bool) -> str | None:
    """The content as text; `None` where its bytes are to be printed as they came: what is large, and off a terminal what is no text."""
    answer = exchange.response
    if answer is None or answer.body is None:
        return None
    if on_terminal and answer.display is None and not is_text(answer.body):
        page = Page(width)
        draw_body(answer.body, page, color=color)
        return page.text(color=color)
    try:
        return run_with_limit(LAYING_OUT, lambda: _laid_out(exchange, answer, entry, Page(width), color=color))
    except TimeLimitExceeded:
        return None


def _laid_out(exchange: Exchange, answer: Response, entry: Protocol, page: Page, *, color: bool) -> str | None:
    """The protocol's own picture, or tables where content is lines, or the body."""
    if answer.display is not None:
        for line in picture_lines(answer.display):
            page.add(line, indent=0)
    elif entry.request_type.lines and tables(answer.data, exchange.request.data, page, entry.load_manifest().unsaid):
        page.lines = [line[1:] if line[:1] == [("  ", "")] else line for line in page.lines]
    else:
        lines = whole_lines(answer.body, color=color) if answer.body else None
        if lines is None:
            return None
        for line in lines:
            page.add(line, indent=0)
    return page.text(color=color)
