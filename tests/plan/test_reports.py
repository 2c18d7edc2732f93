"""Reports of a run, read by other people's readers: Jenkins' schema, junitparser, `prove`, tap.py."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from xml.etree import ElementTree

import junitparser
import pytest
from peers.orders import Orders
from peers.plans import Run
from peers.script import hear, responder, say, script
from tap.parser import Parser

SCHEMA = Path(__file__).parents[1] / "report" / "junit-10.xsd"
NASTY = b'HTTP/1.1 500 \x01]]>&"\r\nContent-Length: 12\r\n\r\n\x00\x1b[1m]]>&<"\xc3\xa9'


@pytest.fixture
def reported(run_plan: Run, orders: Orders, tmp_path: Path) -> dict[str, str]:
    """The reports of a run with every outcome, by kind."""
    orders.fails = 1
    with responder(script(hear(b"\r\n\r\n"), say(NASTY))) as peer:
        text = f'''name = "all <of> them"
[[step]]
name = "retried"
http = "{orders.url}/a"
retry = 1
retry-delay = "1ms"
[[step]]
name = "passed # one"
http = "{orders.url}/b?token=hunter-2222"
[[step]]
name = "nasty"
http = "http://{peer.host}:{peer.port}/"
[[step]]
name = "checked"
http = "{orders.url}/c"
expect = "json.path == 'hunter-2222'"
[[step]]
name = "refused"
http = "http://127.0.0.1:1/"
[[step]]
name = "skipped"
when = "run.ok"
http = "{orders.url}/d"
'''
        kinds = ("junit", "tap", "json")
        ran = run_plan(text, "--keep-going", *(word for kind in kinds for word in ("--report", f"{kind}={tmp_path / kind}")), drawn=True)
    assert ran.code == 8, ran.out
    assert not list(tmp_path.glob("*.new"))
    return {kind: (tmp_path / kind).read_text("utf-8") for kind in kinds}


def test_junit_holds_to_the_schema_of_jenkins(reported: dict[str, str]) -> None:
    etree = pytest.importorskip("lxml.etree")
    etree.XMLSchema(etree.parse(str(SCHEMA))).assertValid(etree.fromstring(reported["junit"].encode()))


def test_junit_has_a_testcase_a_step(reported: dict[str, str]) -> None:
    suite = ElementTree.fromstring(reported["junit"])[0]
    assert {name: suite.get(name) for name in ("name", "tests", "failures", "errors", "skipped", "file")} == {
        "name": "all <of> them", "tests": "6", "failures": "2", "errors": "1", "skipped": "1", "file": "p.toml",
    }  # fmt: skip
    cases = {case.get("name"): [each.tag for each in case] for case in suite}
    assert cases == {
        "retried": ["flakyFailure"], "passed # one": [], "nasty": ["failure", "system-out"], "checked": ["failure", "system-out"],
        "refused": ["error", "system-out"], "skipped": ["skipped"],
    }  # fmt: skip
    error = suite.find("testcase/error")
    assert error is not None
    assert (error.get("type"), (error.text or "")[:10]) == ("refused", "p.toml:17:")
    assert "hunter-2222" not in reported["junit"].replace("json.path", "")


def test_junitparser_reads_it(reported: dict[str, str]) -> None:
    (suite,) = junitparser.JUnitXml.fromstring(reported["junit"].encode())
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (6, 2, 1, 1)
    found = {case.name: (case.is_passed, case.is_skipped, [type(each).__name__ for each in case.result]) for case in suite}
    assert found["passed # one"] == (True, False, [])
    assert found["nasty"] == (False, False, ["Failure"])
    assert found["refused"] == (False, False, ["Error"])
    assert found["skipped"][1]
    assert suite.time == pytest.approx(sum(case.time for case in suite), abs=1)


def test_tap_py_reads_the_tap(reported: dict[str, str]) -> None:
    version, plan, *points = Parser().parse_text(reported["tap"])
    assert (version.version, plan.expected_tests, len(points)) == (13, 6, 6)
    assert [(point.number, point.ok, point.skip) for point in points] == [
        (1, True, False), (2, True, False), (3, False, False), (4, False, False), (5, False, False), (6, True, True),
    ]  # fmt: skip
    assert points[4].yaml_block.items() >= {"severity": "error", "kind": "refused", "at": "p.toml:17"}.items()
    assert points[3].yaml_block["expect"] == "json.path == '‹secret›'"


def test_the_checks_of_a_load_are_points_too(run_plan: Run, orders: Orders) -> None:
    words = ("--repeat", "4", "--expect", "series.count == 5", "--expect", "steps.s.series.count == 4", "--report", "junit=a.xml")
    assert run_plan(f'[[step]]\nname = "s"\nhttp = "{orders.url}"', *words).code == 8
    cases = [(case.name, case.is_passed) for suite in junitparser.JUnitXml.fromfile("a.xml") for case in suite]
    assert cases == [("s", True), ("series.count == 5", False)]


def test_after_ctrl_c_the_reports_are_written(orders: Orders, tmp_path: Path) -> None:
    plan = f'''[[step]]
name = "first"
http = "{orders.url}/a"
[[step]]
name = "hangs"
tcp = "127.0.0.1:{{{{env.PORT}}}}"
[[step]]
name = "last"
http = "{orders.url}/b"
[[teardown]]
name = "undone"
http = "DELETE {orders.url}/orders/1"
ok = "any"
'''
    (tmp_path / "p.toml").write_text(plan)
    (tmp_path / "a.xml").write_text("what was there before")
    reached = threading.Event()

    def hang(connection: socket.socket) -> None:
        reached.set()
        connection.recv(1)

    words = ("run", "p.toml", "-q", "--report", "junit=a.xml", "--report", "html=a.html", "--report", "har=a.har")
    with responder(hang) as peer:
        environ = {**os.environ, "PORT": str(peer.port), "PYTHONPATH": str(Path(__file__).parents[2])}
        with subprocess.Popen([sys.executable, "-m", "rrcli", *words], cwd=tmp_path, env=environ, stderr=subprocess.PIPE) as running:
            assert reached.wait(30)
            running.send_signal(signal.SIGINT)
            running.communicate(timeout=30)
    assert running.returncode == 130
    (suite,) = junitparser.JUnitXml.fromfile(str(tmp_path / "a.xml"))
    assert [(case.name, case.is_passed, case.is_skipped) for case in suite] == [
        ("first", True, False), ("hangs", False, False), ("last", False, True), ("undone", True, False),
    ]  # fmt: skip
    assert "exit 130" in (tmp_path / "a.html").read_text()
    assert len(json.loads((tmp_path / "a.har").read_text())["log"]["entries"]) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.har", "a.html", "a.xml", "p.toml"]


def test_prove_reads_the_tap(reported: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "plan.tap").write_text(reported["tap"], "utf-8")
    done = subprocess.run(["prove", "-v", "plan.tap"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Parse errors" not in done.stdout
    assert "Failed 3/6 subtests" in done.stdout
    assert "ok 6 - skipped # SKIP when 'run.ok' does not hold" in reported["tap"]
    assert '  at: "p.toml:13"' in reported["tap"]


def test_the_json_is_the_document(reported: dict[str, str]) -> None:
    document = json.loads(reported["json"])
    assert (document["schema"], document["counts"]["failed"]) == ("rrcli.run/1", 2)
    assert "hunter-2222" not in reported["json"]


def test_a_report_that_there_is_none_of_is_told(run_plan: Run, orders: Orders) -> None:
    ran = run_plan(f'[[step]]\nhttp = "{orders.url}"', "--report", "junt=x")
    assert (ran.code, "did you mean junit?" in ran.err, orders.log) == (2, True, [])


def test_a_file_that_cannot_be_written_is_told(run_plan: Run, orders: Orders) -> None:
    ran = run_plan(f'[[step]]\nhttp = "{orders.url}"', "--report", "tap=missing/x")
    assert (ran.code, "cannot write missing/x" in ran.err) == (9, True)
