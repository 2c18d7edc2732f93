"""A result as one HTML file: a line a step, which opens to all that is known of it, in light or dark as the reader has it.

The page loads nothing from anywhere: its policy (Content-Security-Policy) allows its own style and its own script by their digests
and nothing else, so that nothing runs even of what would have got in unescaped.
"""

from __future__ import annotations

from binascii import b2a_base64

from rrcli.base import __version__
from rrcli.base.digest import sha256
from rrcli.base.units import duration
from rrcli.model.document import iso
from rrcli.plan.result import RunResult
from rrcli.report.formats.html.exchange import Scale
from rrcli.report.formats.html.markup import text_of
from rrcli.report.formats.html.series import series_of
from rrcli.report.formats.html.step import Steps
from rrcli.report.formats.runreport import as_run, runs_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.policy.mask import Mask
    from rrcli.report.reports import Result

WHOLE = 64 << 10  # letters of each content that are shown
LEAST = 1 << 10
ALTOGETHER = 4 << 20  # of all contents together, about
COLOURED = 300  # steps: of more the colours of contents would take too much room
OUTCOMES = ("passed", "failed", "error", "skipped")


def html_report(result: Result) -> str:
    """The file."""
    return "".join(_page(as_run(result), is_plan=isinstance(result, RunResult)))


def _page(run: RunResult, *, is_plan: bool) -> Iterator[str]:
    mask = run.mask()
    style, script = _own("style.css"), _own("filter.js")
    policy = f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; base-uri 'none'; form-action 'none'"
    name = text_of(mask.text(run.title or run.plan or "rrcli"))
    yield f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
    yield '<meta name="viewport" content="width=device-width">\n<meta name="referrer" content="no-referrer">\n'
    yield '<meta name="color-scheme" content="light dark">\n'
    yield f"<title>{name} · rrcli</title>\n<style>{style}</style>\n"
    yield from _head(run, name, mask, is_plan=is_plan)
    runs = runs_of(run)
    for each in runs:
        if len(runs) > 1:
            yield f"<h2>{_mark(each)} {text_of(mask.text(each.title or each.plan or ''))}</h2>\n"
        yield from _load(each, _scale(run))
        yield from Steps(each, mask, _scale(run)).lines()
    yield f"<footer>rrcli {__version__}</footer>\n<script>{script}</script>\n</html>\n"


def _load(run: RunResult, scale: Scale) -> Iterator[str]:
    """Of a load its iterations, as a series."""
    if run.series:
        yield '<details class="h" open><summary>iterations</summary><div class="in">'
        yield from series_of(run.series, None, None, scale, "iteration")
        yield "</div></details>\n"


def _scale(run: RunResult) -> Scale:
    """What there is room for."""
    steps = sum(run.counts().values())
    return Scale(max(LEAST, min(WHOLE, ALTOGETHER // max(2 * steps, 1))), roles=steps <= COLOURED)


def _head(run: RunResult, name: str, mask: Mask, *, is_plan: bool) -> Iterator[str]:
    """What it came to, and what the steps can be searched by."""
    counts = run.counts()
    plan = f"{text_of(mask.text(run.plan))} · " if run.plan and run.plan != run.name else ""
    env = f"env {text_of(run.env)} · " if run.env else ""
    ended = f" · exit {run.exit_code}" if run.exit_code and is_plan else ""
    yield f"<h1>{_mark(run)} {name}</h1>\n"
    yield f'<p class="about">{plan}{env}{duration(run.elapsed_ns)} · {iso(run.started_at_ns)}{ended}\n'
    for said in run.notes:
        yield f'<p class="w">! {text_of(mask.message(said))}\n'
    yield '<div class="bar" hidden><input type="search" placeholder="Filter steps" aria-label="Filter steps">'
    for outcome in OUTCOMES:
        if counts[outcome]:
            yield f'<button value="{outcome}" aria-pressed="false">{counts[outcome]:,} {outcome}</button>'
    yield "<output></output></div>\n"


def _mark(run: RunResult) -> str:
    return '<i class="ok">✔</i>' if run.ok else '<i class="no">✘</i>'


def _own(name: str) -> str:
    """A file of this package."""
    from importlib.resources import files

    return (files("rrcli") / "report" / "formats" / "html" / name).read_text("utf-8")


def _digest(text: str) -> str:
    return "sha256-" + b2a_base64(sha256(text.encode()).digest(), newline=False).decode()
