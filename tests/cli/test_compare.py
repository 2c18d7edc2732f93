"""`rrcli compare`: the same request with another URL or with more options, side by side and in turn, over any protocol."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jmespath
import jsonschema
import pytest
from peers.ca import Authority
from peers.nginx import Nginx
from peers.orders import Orders
from peers.redis_server import Redis
from peers.script import hear, pause, responder, say, script

from rrcli.__main__ import main
from rrcli.cli.commands import schema_text

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def compare(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run it; its exit code, standard output, standard error."""
    monkeypatch.setenv("COLUMNS", "100")

    def compare(*words: str) -> tuple[int, str, str]:
        code = main(["compare", *words])
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return compare


def document_of(ran: tuple[int, str, str]) -> tuple[int, dict[str, Any]]:
    """The exit code and the document, which is valid, and whose paths find their values."""
    code, out, err = ran
    assert out, err
    document = json.loads(out)
    jsonschema.validate(document, json.loads(schema_text("set")))
    held = document["documents"] if "documents" in document else document["exchanges"]
    for each in document["differences"]:
        assert [jmespath.search(each["path"], value) for value in held] == each["values"]
    return code, document


def paths(document: dict[str, Any]) -> list[str]:
    return [each["path"] for each in document["differences"]]


def test_two_urls(compare: Run, nginx: Nginx, orders: Orders) -> None:
    code, out, err = compare("http", f"{orders.url}/a", "--with", f"{orders.url}/b")
    assert (code, err) == (1, "")
    lines = out.splitlines()
    assert [line.split("  ")[0] for line in lines[:2]] == [f"- {orders.url}/a", f"+ {orders.url}/b"]
    assert lines[3] == '  response.body.json.path  "/a"  "/b"'
    assert lines[-1] == f"✘ 1 difference between {orders.url}/a and {orders.url}/b"
    code, document = document_of(compare("--json", "--with", f"{orders.url}/b", f"{orders.url}/a"))
    assert (code, document["labels"], paths(document)) == (1, [f"{orders.url}/a", f"{orders.url}/b"], ["response.body.json.path"])
    assert len(document["exchanges"]) == 2
    assert compare("http", f"{orders.url}/a", "--with", f"{orders.url}/b", "--ignore", "json.path")[0] == 0
    assert compare("-q", "http", nginx.url("/status/200"), "--with", nginx.url("/status/200")) == (0, "", "")


def test_items_and_options_beside_those_of_the_command(compare: Run, orders: Orders) -> None:
    code, document = document_of(
        compare("POST", f"{orders.url}/orders", "item=book", "-H", "X-A: 1", "--json", "--with", "-H 'X-B: 2' PUT other=x --timeout 9s")
    )
    assert code == 1
    assert [(method, path, content) for method, path, _, content in orders.log] == [
        ("POST", "/orders", b'{"item": "book"}'),
        ("PUT", "/orders", b'{"item": "book", "other": "x"}'),
    ]
    assert ["x-b" in fields for _, _, fields, _ in orders.log] == [False, True]
    assert all(fields["x-a"] == "1" for _, _, fields, _ in orders.log)
    assert document["labels"] == ["as it is", "-H 'X-B: 2' PUT other=x --timeout 9s"]


@pytest.mark.parametrize("words", [["--tls-max", "1.2"], ["--tls-max=1.2"]])
def test_a_version_of_tls(compare: Run, nginx: Nginx, ca: Authority, words: list[str]) -> None:
    ran = compare("--json", "http", nginx.https("/status/200"), "--cacert", str(ca.root), "--tls-min", "1.2", "--with", " ".join(words))
    code, document = document_of(ran)
    assert (code, document["differences"][0]) == (1, {"path": "connection.tls.version", "values": ["TLSv1.3", "TLSv1.2"]})


def test_three_ways(compare: Run, orders: Orders) -> None:
    code, document = document_of(compare("--json", f"{orders.url}/a", "--with", f"{orders.url}/b", "--with", f"{orders.url}/a"))
    assert (code, document["differences"]) == (1, [{"path": "response.body.json.path", "values": ["/a", "/b", "/a"]}])
    out = compare(f"{orders.url}/a", "--with", f"{orders.url}/b", "--with", f"{orders.url}/a")[1]
    assert out.splitlines()[4] == '  response.body.json.path  "/a"  "/b"  "/a"'


def test_another_protocol_whose_words_are_data(compare: Run, redis: Redis) -> None:
    assert main(["redis", redis.url(), "SET", "compared", "1"]) == 0
    compare("--help")
    code, document = document_of(compare("--json", "--with", f"{redis.url()}/5", "redis", redis.url(), "GET", "compared"))
    assert (code, document["differences"][0]) == (1, {"path": "response.data.value", "values": ["1", None]})
    code, _, err = compare("redis", redis.url(), "GET", "compared", "--with", redis.url())
    assert (code, "behind words of data it is one of them: write it before the command" in " ".join(err.split())) == (2, True)
    code, _, err = compare("--with", "OTHER", "redis", redis.url(), "GET", "compared")
    assert (code, "the words of data are the same for all" in err) == (2, True)


def test_a_command_of_curl(compare: Run, orders: Orders) -> None:
    for words in (
        ["--with", f"{orders.url}/b", "curl", "-sS", f"{orders.url}/a"],
        ["curl", "-sS", f"{orders.url}/a", "--with", f"{orders.url}/b"],
    ):
        code, document = document_of(compare("--json", *words))
        assert (code, paths(document)) == (1, ["response.body.json.path"])


def test_settings_that_have_no_meaning_here_are_passed_over(
    compare: Run, orders: Orders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "rrcli").mkdir()
    (tmp_path / "rrcli" / "rrcli.toml").write_text('[defaults]\nformat = "har"\nheader = ["X-Default: 1"]\n')
    assert compare(f"{orders.url}/a", "--with", f"{orders.url}/a")[0] == 0
    assert [fields["x-default"] for _, _, fields, _ in orders.log] == ["1", "1"]


def test_repeated_in_turn(compare: Run, orders: Orders) -> None:
    ran = compare(f"{orders.url}/a", "--with", f"{orders.url}/b", "--repeat", "5", "--warmup", "1", "--json", "--tolerance", "100000%")
    code, document = document_of(ran)
    assert (code, document["exchanges"], [series["count"] for series in document["documents"]]) == (0, [], [5, 5])
    assert [path for _, path, _, _ in orders.log] == ["/a", "/b"] * 6
    assert [series["connections"] for series in document["documents"]] == [1, 1]
    assert all(series["rate_per_s"] > 0 and series["elapsed_ms"] > 0 for series in document["documents"])


def test_a_series_that_is_slower_is_a_difference(compare: Run) -> None:
    reply = say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    quick, slow = [hear(b"\r\n\r\n"), reply] * 4, [hear(b"\r\n\r\n"), pause(0.05), reply] * 4
    with responder(script(*quick)) as one, responder(script(*slow)) as other:
        url, slower = (f"http://{peer.host}:{peer.port}/" for peer in (one, other))
        code, out, _ = compare("http", url, "--with", slower, "--repeat", "4", "--tolerance", "50%")
    assert code == 1
    row = next(line.split() for line in out.splitlines() if line.startswith("  p50 "))
    assert row[-1] == "✘"


def test_a_failure_on_one_side_and_on_both(compare: Run, nginx: Nginx) -> None:
    gone = "http://127.0.0.1:1/"
    code, document = document_of(compare("--json", nginx.url("/status/200"), "--with", gone))
    assert (code, paths(document)) == (4, ["outcome", "error.kind"])
    code, out, err = compare(nginx.url("/status/404"), "--with", nginx.url("/status/404"))
    assert (code, out.splitlines()[-1]) == (1, "✔ no difference")
    assert err.startswith("rrcli: there is no difference, and all have failed: ")
    assert compare(nginx.url("/status/404"), "--ok", "any", "--with", nginx.url("/status/404"))[0] == 0
    assert compare(nginx.url("/status/200"), "--with", nginx.url("/status/200"), "--expect", "status == 201")[0] == 8


def test_secrets_are_masked_in_labels_too(compare: Run, orders: Orders) -> None:
    _, out, err = compare(
        f"{orders.url}/a", "--with", "'Authorization: Bearer secret-of-mine'", "--with", orders.url.replace("//", "//u:pw-of-mine@")
    )
    assert "of-mine" not in out + err
    assert "Bearer ‹secret›" in out


def test_reports(compare: Run, orders: Orders, tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    assert compare(f"{orders.url}/a", "--with", f"{orders.url}/b", "--report", f"json={report}")[0] == 1
    steps = json.loads(report.read_text())["steps"]
    assert [(step["name"], step["outcome"]) for step in steps] == [
        (f"{orders.url}/a", "passed"), (f"{orders.url}/b", "passed"), ("no difference", "failed"),
    ]  # fmt: skip
    assert [each["path"] for each in steps[2]["differences"]] == ["response.body.json.path"]


def test_an_interruption_ends_it(compare: Run, nginx: Nginx) -> None:
    with responder(script(hear(b"\r\n\r\n"), pause(20))) as peer:
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        code, _, _ = compare(f"http://{peer.host}:{peer.port}/", "--with", nginx.url("/status/200"))
    assert code == 130


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "compare takes [--with WORDS]... COMMAND..., and no command is there"),
        (("--with", "x"), "compare takes [--with WORDS]... COMMAND..., and no command is there"),
        (("http", "http://127.0.0.1:1/"), "compare needs what is to be different: --with WORDS"),
        (("--with", "x", "htp", "http://127.0.0.1:1/"), "no command htp; did you mean http?"),
        (("--with", "x", "run", "p.toml"), "compare sends requests, and run is no protocol"),
        (("--with", "'", "http://127.0.0.1:1/"), '--with "\'": no closing quotation'),
        (("--with", "", "http://127.0.0.1:1/"), "--with '' says nothing"),
        (("--with", "--tmeout 3s", "http://127.0.0.1:1/"), "no option --tmeout; did you mean --timeout?"),
        (("--with", "--timeout soon", "http://127.0.0.1:1/"), "invalid value for --timeout"),
        (("http://127.0.0.1:1/", "--wth", "x"), "no option --wth; did you mean --with?"),
        (("http://127.0.0.1:1/", "--with", ":2", "-o", "f"), "compare prints where answers differ, and takes no --output"),
        (("http://127.0.0.1:1/", "--with", ":2", "--format", "har"), "compare prints where answers differ, and takes no --format"),
        (("http://127.0.0.1:1/", "--with", ":2", "--offline"), "--offline sends nothing, so there is nothing to compare"),
        (("http://127.0.0.1:1/", "--with", "--repeat 3"), "either all are repeated or none"),
        (("http://127.0.0.1:1/", "--with", ":2", "--repeat", "3", "--rate", "5"), "compare sends one after the other, and --rate asks"),
        (("sse", "http://127.0.0.1:1/", "--with", ":2", "--repeat", "3"), "a stream of events has no end"),
    ],
)
def test_what_cannot_be_compared(compare: Run, words: tuple[str, ...], said: str) -> None:
    code, out, err = compare(*words)
    assert (code, out) == (2, "")
    assert " ".join(err.split()).startswith(f"rrcli: {said}")


def test_help_of_the_command_within_is_that_of_compare(compare: Run) -> None:
    code, out, _ = compare("http", "--help")
    assert (code, out.splitlines()[0]) == (0, "Usage: rrcli compare [OPTIONS] [--with WORDS]... COMMAND...")
