"""The HTML report: what is in the file, and how Chromium shows it."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from peers import chromium
from report import exchanges as case

from rrcli.model.values import Exchange, ExchangeSet, RequestMessage, Target
from rrcli.plan.result import RunResult, StepResult
from rrcli.report.formats.html.page import html_report
from rrcli.series.distribution import Distribution
from rrcli.series.tally import Series

NASTY = "</script><script>document.title=1</script><img src=x onerror=document.title=2>\u202e\u2066\x9b31m\x1b]0;t\x07&amp;'\""


class Page(HTMLParser):
    """What a file holds: its elements with their attributes, and the text of each kind."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = tag

    def handle_endtag(self, tag: str) -> None:
        self._open = "" if tag == self._open else self._open

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self._open, []).append(data)

    def steps(self, *, shown: bool = False) -> list[dict[str, str | None]]:
        """The attributes of each step, or of those alone that are not hidden."""
        found = [attributes for tag, attributes in self.elements if tag == "details" and (attributes.get("class") or "").startswith("s ")]
        return [each for each in found if not (shown and "hidden" in each)]


def step(number: int, exchange: Exchange, **values: object) -> StepResult:
    begin = exchange.timing.started_at_ns + number * 10 * case.MS
    return StepResult(
        name=f"step {number}", kind="step", line=number, exchange=exchange, started_at_ns=begin, elapsed_ns=9 * case.MS, **values
    )  # fmt: skip


def run(*steps: StepResult) -> RunResult:
    return RunResult(
        id="1", plan="shop.toml", name="shop", started_at_ns=case.STARTED * 10**9, elapsed_ns=10 * len(steps) * case.MS, steps=steps
    )  # fmt: skip


def many(count: int) -> RunResult:
    """A run of so many steps, each with content that would be a script."""
    answer = case.answered(f'{{"id": 7, "note": "{NASTY[:78]}"}}')
    return run(*(step(number, answer) for number in range(1, count + 1)))


def every_kind() -> RunResult:
    """A run with each outcome, hops, a series, and exchanges side by side."""
    times = Distribution()
    for at in range(40):
        times.add((10 + at) * case.MS)
    one = case.exchange()
    series = Series(
        count=40, failed=0, statuses={"201": 40}, errors={}, times={"total": times}, elapsed_ns=10**9, connections=1, first=one, worst=one
    )  # fmt: skip
    return run(
        step(1, case.answered(NASTY, "text/plain"), captures={"note": NASTY}, tags=("a<b",)),
        step(2, case.timed_out(), exit_code=6),
        step(3, case.refused_by_status(503, "Busy", "later"), exit_code=1),
        step(4, case.with_history()),
        step(5, case.expired(), exit_code=5),
        step(6, case.redis_reply()),
        StepResult(name=f"six {NASTY}", kind="step", skipped=True, is_wanted=True, reason="when 'run.ok' does not hold"),
        StepResult(name="side by side", kind="step", several=case.two_servers(), started_at_ns=1, elapsed_ns=1),
        StepResult(name="load", kind="teardown", series=series, started_at_ns=1, elapsed_ns=10**9),
        StepResult(name="inner", kind="step", run=run(step(1, case.exchange()))),
    )


def test_nothing_in_it_is_loaded_from_anywhere() -> None:
    text = html_report(every_kind())
    page = Page(text)
    assert {name for _, attributes in page.elements for name in attributes} & {"src", "href", "srcset", "style", "onerror"} == set()
    assert {tag for tag, _ in page.elements} & {"link", "img", "iframe", "object", "base", "form"} == set()
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert "url(" not in text
    assert "@import" not in text


def test_its_policy_allows_its_own_style_and_script_by_their_digests() -> None:
    page = Page(html_report(every_kind()))
    (policy,) = (attributes["content"] for _, attributes in page.elements if attributes.get("http-equiv") == "Content-Security-Policy")
    digests = {tag: base64.b64encode(hashlib.sha256("".join(page.texts[tag]).encode()).digest()).decode() for tag in ("style", "script")}
    own = f"style-src 'sha256-{digests['style']}'; script-src 'sha256-{digests['script']}'"
    assert policy == f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'"


def test_control_characters_of_peers_are_visible_and_nothing_is_markup() -> None:
    text = html_report(every_kind())
    assert re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text) is None
    assert "<script>document" not in text
    assert r"&lt;/script&gt;&lt;script&gt;document.title=1&lt;/script&gt;" in text


def test_steps_have_their_outcomes_and_those_that_failed_are_open() -> None:
    steps = Page(html_report(every_kind())).steps()
    found = [(str(each["class"])[2:], "open" in each) for each in steps]
    assert found[:7] == [
        ("passed", False), ("error", True), ("failed", True), ("passed", False), ("error", True), ("passed", False), ("skipped", False),
    ]  # fmt: skip
    assert len(found) == 10 + 4 + 1


def test_what_a_snapshot_differs_in_is_shown() -> None:
    found = ({"path": "response.body.json.name", "values": [NASTY, "ann"]},)
    text = html_report(run(step(1, case.exchange(), exit_code=8, differences=found)))
    assert '<pre><i class="no">- </i>what was expected' in text
    assert "<script>document" not in text


def test_a_thousand_steps_are_small_and_long_contents_are_cut() -> None:
    assert len(html_report(many(1000)).encode()) < 2_500_000
    long = case.answered("line of text\n" * 200_000, "text/plain")
    assert len(html_report(run(*(step(number, long) for number in range(100)))).encode()) < 6_000_000


def test_one_exchange_and_several_are_pages_too() -> None:
    assert len(Page(html_report(case.exchange())).steps()) == 1
    several = ExchangeSet(exchanges=case.two_servers().exchanges, must_agree=True)
    assert [each["class"] for each in Page(html_report(several)).steps()] == [*["s passed"] * 4, "s failed"]


def test_what_was_never_sent_has_a_page() -> None:
    never = Exchange(id="1", protocol="tcp", target=Target(url="tcp://h:1"), request=RequestMessage(summary=""))
    assert len(Page(html_report(run(step(1, never)))).steps()) == 1


# --- in Chromium


def address(folder: Path, text: str, query: str = "") -> str:
    path = folder / "report.html"
    path.write_text(text, "utf-8")
    return f"{path.as_uri()}{query}"


@pytest.mark.parametrize(
    ("count", "query", "shown"), [(1000, "#q=step%20999", 1), (100, "#q=STEP+9", 0), (100, "#q=step%209", 11), (10, "", 10)]
)
def test_the_hash_filters_the_steps(tmp_path: Path, count: int, query: str, shown: int) -> None:
    page = Page(chromium.document(address(tmp_path, html_report(many(count)), query)))
    assert (len(page.steps()), len(page.steps(shown=True))) == (count, shown)
    assert page.texts["title"][0] == "shop · rrcli"


def test_an_outcome_filters_too_and_what_a_step_holds_is_shown_with_it(tmp_path: Path) -> None:
    page = Page(chromium.document(address(tmp_path, html_report(every_kind()), "#o=error")))
    assert [each["class"] for each in page.steps(shown=True)] == ["s error", "s error"]
    page = Page(chromium.document(address(tmp_path, html_report(every_kind()), "#q=inner")))
    assert len(page.steps(shown=True)) == 2


def test_a_script_that_would_have_got_in_does_not_run(tmp_path: Path) -> None:
    text = html_report(many(2)).replace(
        "<footer>", "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\"><footer>"
    )
    assert Page(chromium.document(address(tmp_path, text))).texts["title"][0] == "shop · rrcli"


@pytest.mark.parametrize("width", [900, 400])
@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_its_window_and_follows_the_readers_scheme(tmp_path: Path, width: int, dark: bool) -> None:
    shown = chromium.picture(address(tmp_path, html_report(every_kind())), width, 500, dark=dark)
    ground = (0x14, 0x17, 0x1A) if dark else (0xFF, 0xFF, 0xFF)
    assert (shown.width, shown.at(1, 1)) == (width, ground)
    assert {shown.at(x, y) for x in (width - 1, width - 5) for y in range(shown.height)} == {ground}
    reds = {(0xFF, 0x7B, 0x72) if dark else (0xC6, 0x2A, 0x2F)}
    assert reds <= shown.colours()
