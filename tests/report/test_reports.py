"""Reports of what is no run: one exchange, several, a series, a wait; and what cannot be written or makes no sense."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from haralyzer import HarParser
from peers.orders import Orders

from rrcli.__main__ import main
from rrcli.options.parse import REPORTS
from rrcli.report.reports import KINDS

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Call:
    """Run a command line in a folder of its own: the exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return call


def cases(path: str) -> dict[str, list[str]]:
    """The testcases of a JUnit report, each with what stands in it."""
    return {str(case.get("name")): [each.tag for each in case] for case in ElementTree.parse(path).iter("testcase")}


def test_the_command_line_knows_every_kind_and_no_other() -> None:
    assert tuple(KINDS) == REPORTS


def test_reports_of_one_exchange(call: Call, orders: Orders) -> None:
    words = ("--report", "junit=a.xml", "--report", "json=a.json", "--report", "har=a.har")
    code, out, err = call("http", f"{orders.url}/echo", "X-Token:hunter-2222", *words)
    assert (code, '"fields"' in out, err) == (0, True, "")
    assert cases("a.xml") == {f"GET {orders.url}/echo": []}
    assert json.loads(Path("a.json").read_text())["schema"] == "rrcli.exchange/1"
    (page,) = HarParser(json.loads(Path("a.har").read_text())).pages
    assert [entry.url for entry in page.entries] == [f"{orders.url}/echo"]
    assert all("hunter-2222" not in path.read_text() for path in Path().iterdir())
    assert sorted(path.name for path in Path().iterdir()) == ["a.har", "a.json", "a.xml"]


def test_several_that_must_agree_are_a_testcase_each_and_one_for_that(call: Call) -> None:
    words = ("dns", "a.test", "A", "@127.0.0.1:1", "@127.0.0.1:2", "--timeout", "2s", "--report", "junit=a.xml", "-q")
    assert call(*words)[0] == 4
    assert list(cases("a.xml").values()) == [["error", "system-out"], ["error", "system-out"], []]


def test_a_series_is_one_testcase(call: Call, orders: Orders) -> None:
    code, _, _ = call(
        "http", orders.url, "--repeat", "3", "--expect", "series.count == 4", "--report", "tap=a.tap", "--report", "json=a.json"
    )
    assert (code, json.loads(Path("a.json").read_text())["count"]) == (8, 3)
    assert f'not ok 1 - GET {orders.url}/\n  ---\n  message: "series.count == 4 does not hold: it is 3"' in Path("a.tap").read_text()


def test_a_wait_is_a_testcase_a_url(call: Call, orders: Orders) -> None:
    code, _, err = call("wait", orders.url, "tcp://127.0.0.1:1", "--deadline", "100ms", "--report", "junit=a.xml", "--report", "har=a.har")
    assert (code, list(cases("a.xml").values())) == (6, [[], ["error", "system-out"]])
    assert "of other protocols (tcp)" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--repeat", "2", "--report", "har=x"), "--report har is not made of a series"),
        (("--report", "tap=x", "--report", "json=x"), "two reports would be written to x"),
        (("--report", "tap"), "'tap' is not KIND=FILE"),
        (("--report", "tap=-"), "/dev/stdout"),
        (("--report", "har=x", "--report", "hat=x"), "did you mean har?"),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_is_sent(call: Call, orders: Orders, words: tuple[str, ...], said: str) -> None:
    code, _, err = call("http", orders.url, *words)
    assert (code, said in err, orders.log, list(Path().iterdir())) == (2, True, [], [])


def test_another_protocol_has_no_archive(call: Call) -> None:
    assert call("tcp", "127.0.0.1:1", "--report", "har=x")[0] == 2


def test_a_file_that_cannot_be_written_is_told_before_anything_is_sent(call: Call, orders: Orders) -> None:
    Path("folder").mkdir()
    for path in ("missing/x", "folder"):
        code, _, err = call("http", orders.url, "--report", f"tap={path}")
        assert (code, f"cannot write {path}" in err, orders.log) == (9, True, [])


def test_a_folder_that_is_gone_at_the_end_is_told_and_the_other_reports_are_written(call: Call, orders: Orders) -> None:
    Path("folder").mkdir()
    answered = orders.reply
    orders.reply = lambda *asked: (Path("folder").rmdir(), answered(*asked))[1]  # type: ignore[method-assign]
    try:
        code, out, err = call("http", f"{orders.url}/a", "--report", "tap=folder/x", "--report", "json=x")
    finally:
        del orders.reply
    assert (code, json.loads(out)["path"], "cannot write folder/x: no such file or directory" in err) == (9, "/a", True)
    assert json.loads(Path("x").read_text())["outcome"] == "ok"


def test_standard_output_is_a_file_like_any_other(call: Call, orders: Orders) -> None:
    code, out, _ = call("http", orders.url, "-q", "--report", "tap=/dev/stdout")
    assert (code, out) == (0, f"TAP version 13\n1..1\nok 1 - GET {orders.url}/\n")
