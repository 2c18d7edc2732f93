"""Reports of a run, read by other people's readers: Jenkins' schema, `prove`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from peers.orders import Orders
from peers.plans import Run
from peers.script import hear, responder, say, script

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
