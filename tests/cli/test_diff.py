"""`rrcli diff A B`: what it reads, what it prints, its exit code; jq finds each path in both files."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from peers.ca import Authority
from peers.nginx import Nginx
from peers.redis_server import Redis
from peers.script import hear, responder, say, script

from rrcli.__main__ import main
from rrcli.cli.commands import schema_text

Run = Callable[..., tuple[int, str, str]]
Save = Callable[..., str]


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command line; its exit code, standard output, standard error."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return run


@pytest.fixture
def save(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Save:
    """Send an exchange and save its document under this name."""
    monkeypatch.chdir(tmp_path)

    def save(name: str, *words: str) -> str:
        _, out, _ = run(*words[:1], "--json", *words[1:])
        (tmp_path / name).write_text(out)
        return name

    return save


def answering(content: str, fields: str = "Content-Type: application/json") -> bytes:
    return f"HTTP/1.1 200 OK\r\n{fields}\r\nContent-Length: {len(content)}\r\n\r\n{content}".encode()


def saved(save: Save, name: str, content: str, fields: str = "Content-Type: application/json") -> str:
    """Save an exchange whose answer has this content."""
    with responder(script(hear(b"\r\n\r\n"), say(answering(content, fields)))) as peer:
        return save(name, "http", f"http://{peer.host}:{peer.port}/")


def compared(run: Run, *words: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the document, which is valid, and whose paths jq finds in both files."""
    code, out, err = run("diff", "--json", *words)
    document = json.loads(out)
    assert err == ""
    jsonschema.validate(document, json.loads(schema_text("set")))
    assert document["labels"] == list(words[:2])
    assert document["same"] is (code == 0)
    held = document["documents"] if "documents" in document else document["exchanges"]
    for each in document["differences"]:
        assert [found(each["path"], value) for value in held] == each["values"]
    return code, document


def found(path: str, document: dict[str, Any]) -> Any:
    """What jq finds at a path; the steps of a run by their names."""
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed")
    program = 'def named: if type == "object" and .steps then .steps |= (map({(.name): .}) | add) else . end; named | .' + path
    done = subprocess.run(["jq", "-c", program], input=json.dumps(document), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def paths(document: dict[str, Any]) -> list[str]:
    return [each["path"] for each in document["differences"]]


def test_the_same_exchange_twice(run: Run, save: Save, nginx: Nginx) -> None:
    one, other = (save(name, "http", nginx.url("/status/200")) for name in ("a.json", "b.json"))
    assert compared(run, one, other)[0] == 0
    code, out, err = run("diff", one, other)
    assert (code, out.splitlines()[-1], err) == (0, "✔ no difference", "")
    assert run("diff", "-q", one, other) == (0, "", "")


def test_a_value_and_the_order_of_a_list(run: Run, save: Save) -> None:
    one = saved(save, "a.json", '{"price": 9, "tags": ["x", "y"]}')
    other = saved(save, "b.json", '{"tags": ["y", "x"], "price": 12.50}')
    code, document = compared(run, one, other)
    assert (code, paths(document)) == (
        1,
        ["response.body.json.price", "response.body.json.tags[0]", "response.body.json.tags[1]"],
    )
    assert run("diff", one, other)[1].splitlines()[3:] == [
        "  response.body.json.price    9    12.5",
        '  response.body.json.tags[0]  "x"  "y"',
        '  response.body.json.tags[1]  "y"  "x"',
        "",
        "✘ 3 differences between a.json and b.json",
    ]
    assert paths(compared(run, one, other, "--ignore", "json.tags")[1]) == ["response.body.json.price"]
    assert compared(run, one, other, "--ignore", "json.tags[*]", "--ignore", "json.price")[0] == 0
    code, out, err = run("diff", "-q", one, other)
    assert (code, out) == (1, "")
    assert err == "rrcli: 3 differences: response.body.json.price, response.body.json.tags[0], response.body.json.tags[1]\n"


def test_the_case_of_a_field(run: Run, save: Save) -> None:
    one = saved(save, "a.json", "x", "Content-Type: text/plain\r\nX-A: 1")
    other = saved(save, "b.json", "x", "x-a: 1\r\nCONTENT-TYPE: text/plain")
    assert compared(run, one, other)[0] == 0


def test_the_version_of_tls(run: Run, save: Save, nginx: Nginx, ca: Authority) -> None:
    one = save("a.json", "http", nginx.https("/status/200"), "--cacert", str(ca.root), "--tls-max", "1.2")
    other = save("b.json", "http", nginx.https("/status/200"), "--cacert", str(ca.root), "--tls-min", "1.3")
    code, document = compared(run, one, other)
    assert (code, document["differences"][0]) == (1, {"path": "connection.tls.version", "values": ["TLSv1.2", "TLSv1.3"]})
    assert compared(run, one, other, "--ignore", "tls")[0] == 0


def test_certificates_where_there_is_nothing_else(run: Run, save: Save, s_server: Callable[..., Any], ca: Authority) -> None:
    words = ["--cacert", str(ca.root), "--sni", "localhost"]
    for name, certificate in (("a.json", ca.good), ("b.json", ca.wrong_host)):
        peer = s_server(certificate=certificate)
        save(name, "tls", f"127.0.0.1:{peer.port}", *words, "-k")
        save(f"again-{name}", "tls", f"127.0.0.1:{peer.port}", *words, "-k")
    assert compared(run, "a.json", "again-a.json")[0] == 0
    code, document = compared(run, "a.json", "b.json")
    assert (code, "connection.tls.chain[0].sha256" in paths(document)) == (1, True)
    assert not any("not_after" in path or "days_left" in path for path in paths(document))


def test_another_protocol(run: Run, save: Save, redis: Redis) -> None:
    for name, value in (("a.json", "1"), ("b.json", "2")):
        assert main(["redis", redis.url(), "SET", "differs", value]) == 0
        run()
        save(name, "redis", redis.url(), "GET", "differs")
    code, document = compared(run, "a.json", "b.json")
    assert (code, document["differences"]) == (1, [{"path": "response.data.value", "values": ["1", "2"]}])


def test_a_failure_and_an_answer(run: Run, save: Save, nginx: Nginx) -> None:
    one, other = save("a.json", "http", nginx.url("/status/200")), save("b.json", "http", "http://127.0.0.1:1/")
    code, document = compared(run, one, other)
    assert (code, paths(document)) == (1, ["outcome", "error.kind"])


def test_standard_input(run: Run, save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = saved(save, "a.json", "1"), saved(save, "b.json", "2")
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(Path(other).read_bytes())))
    code, out, _ = run("diff", one, "-")
    assert (code, out.splitlines()[3]) == (1, "  response.body.json  1  2")


def test_two_runs_step_by_step(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in (("a", '{"n": 1}'), ("b", '{"n": 2}')):
        with responder(script(hear(b"\r\n\r\n"), say(answering(content)))) as peer:
            Path("plan.toml").write_text(f'[[step]]\nname = "get it"\nhttp = "http://{peer.host}:{peer.port}/"\n')
            Path(f"{name}.json").write_text(run("run", "plan.toml", "--json")[1])
    code, document = compared(run, "a.json", "b.json")
    assert (code, document["exchanges"], document["differences"]) == (
        1,
        [],
        [{"path": 'steps."get it".exchange.response.body.json.n', "values": [1, 2]}],
    )
    assert run("diff", "a.json", "b.json")[1].splitlines()[3:5] == ["  ✘ get it", "    exchange.response.body.json.n  1  2"]
    assert run("diff", "a.json", "b.json", "--ignore", "steps.*.exchange.response.body")[0] == 0
    assert run("diff", "a.json", "b.json", "--ignore", "json.n")[0] == 0


def test_two_series(run: Run, save: Save, nginx: Nginx) -> None:
    save("a.json", "http", nginx.url("/status/200"), "--repeat", "20")
    series = json.loads(Path("a.json").read_text())
    slower = {**series["timing"]["total_ms"], "p99": series["timing"]["total_ms"]["p99"] * 1.2}
    Path("b.json").write_text(json.dumps({**series, "timing": {**series["timing"], "total_ms": slower}}))
    code, document = compared(run, "a.json", "b.json", "--tolerance", "10%")
    assert (code, paths(document), document["exchanges"]) == (1, ["timing.total_ms.p99"], [])
    assert compared(run, "a.json", "b.json", "--tolerance", "25%")[0] == 0
    assert compared(run, "b.json", "a.json", "--tolerance", "10%")[0] == 0
    row = next(line for line in run("diff", "a.json", "b.json")[1].splitlines() if line.startswith("  p99 "))
    assert row.endswith("+20.0%  ✘")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("a.json",), "diff takes two files, got 1"),
        (("a.json", "a.json", "a.json"), "diff takes two files, got 3"),
        (("-", "-"), "standard input is one of the two documents at most"),
        (("a.json", "run.json"), "a.json is an exchange and run.json is a run: only documents of one kind are compared"),
        (("a.json", "no.json"), "no.json is no JSON: it breaks at line 1, column 2: expecting"),
        (("a.json", "lines.json"), "lines.json holds 2 lines of JSON, and one document is wanted"),
        (("a.json", "other.json"), "other.json is no document of rrcli: it has no schema of ours"),
        (("a.json", "near.json"), "near.json is no document of rrcli: its schema is 'rrcli.exchange/2'; did you mean rrcli.exchange/1?"),
        (("a.json", "listed.json"), "listed.json is no document of rrcli: it has no schema of ours"),
        (("a.json", "half.json"), "half.json is no whole rrcli.exchange/1: outcome is missing"),
        (("a.json", "odd.json"), "odd.json is no whole rrcli.exchange/1: response.body.text is no text"),
        (("run.json", "deep.json"), "deep.json is no whole rrcli.run/1: steps[0].exchange.protocol is missing"),
        (("a.json", "empty.json"), "empty.json is empty"),
        (("a.json", "a.json", "--ignore", "jsno"), "invalid value for --ignore: 'jsno' in 'jsno' is no key of the document"),
        (("a.json", "a.json", "--tolerance", "ten"), "invalid value for --tolerance: 'ten' is no percentage, as 10%"),
    ],
)
def test_what_cannot_be_compared(run: Run, save: Save, words: tuple[str, ...], said: str) -> None:
    document = json.loads(Path(saved(save, "a.json", "{}")).read_text())
    half = {name: value for name, value in document.items() if name != "outcome"}
    body = {**document["response"]["body"], "text": 1}
    files: dict[str, Any] = {
        "run.json": {"schema": "rrcli.run/1", "steps": []},
        "other.json": [1],
        "near.json": {"schema": "rrcli.exchange/2"},
        "listed.json": {"schema": ["rrcli.exchange/1"]},
        "half.json": half,
        "odd.json": {**document, "response": {**document["response"], "body": body}},
        "deep.json": {"schema": "rrcli.run/1", "steps": [{"name": "a", "exchange": {"schema": "rrcli.exchange/1"}}]},
    }
    for name, value in files.items():
        Path(name).write_text(json.dumps(value))
    Path("no.json").write_text("{no")
    Path("lines.json").write_text("{}\n{}\n")
    Path("empty.json").write_text("\n")
    code, out, err = run("diff", *words)
    assert (code, out) == (2, "")
    assert " ".join(err.split()).startswith(f"rrcli: {said}")


def test_a_file_that_is_not_there(run: Run, save: Save) -> None:
    code, _, err = run("diff", saved(save, "a.json", "{}"), "gone.json")
    assert (code, err) == (9, "rrcli: cannot read gone.json: no such file or directory\n")


def test_secrets_of_a_file_are_masked_and_no_difference(run: Run, save: Save) -> None:
    for name, token in (("a.json", "first-token"), ("b.json", "other-token")):
        with responder(script(hear(b"\r\n\r\n"), say(answering(f'"{token} was sent"')))) as peer:
            save(name, "http", "--show-secrets", f"http://{peer.host}:{peer.port}/", f"Authorization:Bearer {token}")
    code, document = compared(run, "a.json", "b.json")
    assert code == 0
    assert "token" not in json.dumps(document).replace("was sent", "")
    assert run("diff", "a.json", "b.json", "--show-secrets")[0] == 1


def test_control_characters_do_not_reach_the_terminal(run: Run, save: Save) -> None:
    one, other = saved(save, "a.json", "a\n\x1b[2Jb\n", "X-A: \x9b1"), saved(save, "b.json", "a\n\x1b[2Jc\n", "X-A: \x9b2")
    out = run("diff", one, other)[1]
    assert not {letter for letter in out if not letter.isprintable()} - {"\n"}


TEXT = "".join(f"line {number} of a text\n" for number in range(1, 30))


def test_texts_as_a_unified_diff(run: Run, save: Save) -> None:
    fields = "Content-Type: text/plain"
    one = saved(save, "a.json", TEXT, fields)
    other = saved(save, "b.json", TEXT.replace("line 20 ", "LINE 20 ").removesuffix("\n"), fields)
    assert run("diff", one, other)[1].splitlines()[3:] == [
        "  response.body.text",
        "    @@ -17,7 +17,7 @@",
        "      line 17 of a text",
        "      line 18 of a text",
        "      line 19 of a text",
        "    - line 20 of a text",
        "    + LINE 20 of a text",
        "      line 21 of a text",
        "      line 22 of a text",
        "      line 23 of a text",
        "    @@ -27,3 +27,4 @@",
        "      line 27 of a text",
        "      line 28 of a text",
        "      line 29 of a text",
        "    + \\ no line end at the end",
        "",
        "✘ 1 difference between a.json and b.json",
    ]


def test_an_item_that_was_put_in_is_drawn_as_one(run: Run, save: Save) -> None:
    one = saved(save, "a.json", json.dumps({"items": [1, 2, 3, 4]}))
    other = saved(save, "b.json", json.dumps({"items": [0, 1, 2, 3, 4]}))
    assert len(compared(run, one, other)[1]["differences"]) == 5
    assert run("diff", one, other)[1].splitlines()[3:10] == [
        "  response.body.json.items  [1, 2, 3, 4]  [0, 1, 2, 3, 4]",
        "",
        "✘ 5 differences between a.json and b.json",
    ]


@pytest.mark.parametrize("columns", [50, 60, 80])
def test_figures_are_whole_in_a_narrow_terminal(run: Run, save: Save, nginx: Nginx, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for name in ("a-rather-long-name-of-a-series.json", "another-rather-long-name.json"):
        save(name, "http", nginx.url("/status/200"), "--repeat", "3")
    out = run("diff", "a-rather-long-name-of-a-series.json", "another-rather-long-name.json")[1]
    rows = [line for line in out.splitlines() if line.startswith(("  p50", "  rate", "  max"))]
    assert len(rows) == 3
    assert not any("…" in row for row in rows)


@pytest.mark.parametrize("columns", [20, 60, 80, 140])
def test_nothing_is_wider_than_the_terminal(run: Run, save: Save, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    one = saved(save, "a.json", json.dumps({"long": "x" * 300, "note": "a", "deep": {"name": {"of": {"a": {"place": 1}}}}}))
    other = saved(save, "b.json", json.dumps({"long": "x" * 150 + "y" * 150, "note": "b" * 60, "deep": {"name": {"of": {"a": {}}}}}))
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = run("diff", one, other)[1].splitlines()
    assert max(map(len, lines)) <= 2 * columns
    assert sum(len(line) > columns for line in lines) <= (4 if columns < 60 else 2)


DAMAGE: tuple[Any, ...] = (None, True, 3, "x", [], {}, [1], {"a": 1}, 1e999, "‹secret›", [None], {"schema": "rrcli.exchange/1"})


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all that a value holds."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [each for key, item in inner for each in ((*path, key), *places(item, (*path, key)))]


@pytest.mark.parametrize("kind", ["exchange", "run", "series"])
def test_a_damaged_document_is_compared_or_refused(
    run: Run, nginx: Nginx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.toml").write_text(f'[[step]]\nname = "a"\nhttp = "{nginx.url("/status/200")}"\n')
    words = {"exchange": ["http"], "series": ["http", "--repeat", "2"], "run": ["run", "p.toml"]}[kind]
    _, out, _ = run(*words, "--json", *([] if kind == "run" else [nginx.url("/status/200")]))
    Path("whole.json").write_text(out)
    chance = random.Random(3)  # the same documents in every run
    for number in range(120):
        document = json.loads(out)
        *above, last = chance.choice(places(document))
        inner = document
        for key in above:
            inner = inner[key]
        inner[last] = chance.choice(DAMAGE)
        Path("damaged.json").write_text(json.dumps(document))
        code, _, err = run("diff", "whole.json", "damaged.json", *([["--json"], ["--all"], []][number % 3]))
        assert code in (0, 1, 2), (above, last, err)
