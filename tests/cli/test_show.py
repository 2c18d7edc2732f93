"""What is printed where, for options that meet: a terminal, a query, several answers, what stands behind the result."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from peers.child import on_terminal, piped

from rrcli.__main__ import main
from rrcli.cli.commands import schema_text
from rrcli.engine.catalogue import responders
from rrcli.responders.serve import addresses, start, stop

EVENTS = b'{"number": 1, "of": 3}\n{"number": 2, "of": 3}\n'


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    running = start(responders())
    yield addresses(responders(), running)
    stop(running)


@pytest.mark.parametrize("more", [(), ("--all-addresses",)])
def test_raw_events_are_the_same_on_a_terminal(urls: dict[str, str], more: tuple[str, ...]) -> None:
    words = ("sse", urls["sse"], "--max-events", "2", "--format", "raw", "-s", *more)
    assert on_terminal(*words).out == EVENTS
    assert piped(*words).out == EVENTS


def test_raw_on_a_terminal_ends_lines_and_shows_controls(urls: dict[str, str]) -> None:
    ended = on_terminal("http", f"{urls['http']}/bytes/16", "--format", "raw", "-i", "-s")
    head, _, content = ended.out.partition(b"\n\n")
    assert head.startswith(b"HTTP/1.1 200 OK\nDate: ")
    assert content == rb"\x00\x01\x02\x03\x04\x05\x06\x07\x08" + b"\t\n" + rb"\x0b\x0c\r\x0e\x0f"


def test_lines_of_events_hold_to_their_schema(urls: dict[str, str]) -> None:
    schema = json.loads(schema_text("event"))
    for words in (("sse", urls["sse"]), ("poll", urls["poll"], "--deadline", "5s")):
        lines = [json.loads(line) for line in piped(*words, "--max-events", "2", "--format", "ndjson").out.splitlines()]
        assert [line["schema"] for line in lines] == ["rrcli.event/1", "rrcli.event/1", "rrcli.exchange/1"]
        for line in lines[:2]:
            jsonschema.validate(line, schema)


def test_a_query_leaves_the_failure_to_standard_error() -> None:
    ended = piped("http", "http://127.0.0.1:1/", "--query", "outcome")
    assert (ended.code, ended.out) == (4, b"error\n")
    assert ended.err.startswith("✘ refused  ·  GET http://127.0.0.1:1/".encode())
    assert piped("http", "http://127.0.0.1:1/", "--query", "outcome", "-q").err == b"rrcli: connecting to 127.0.0.1:1: connection refused\n"


def test_a_query_that_finds_nothing_says_so(urls: dict[str, str]) -> None:
    words = ("http", f"{urls['http']}/json", "--query", "json.nothing")
    ended = piped(*words)
    assert (ended.code, ended.out, ended.err) == (1, b"", b"rrcli: --query 'json.nothing' finds nothing\n")
    assert piped(*words, "-s").err == b""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-c", "-", "--json"), "-c - and the format json exclude each other"),
        (("-c", "-", "--query", "id"), "-c - and --query exclude each other"),
        (("-c", "-", "--repeat", "2"), "-c - and a series exclude each other: a series prints what all its exchanges amount to"),
        (("-c", "-", "--all-addresses"), "-c - is for one answer, and this asks several"),
        (("-o", "x", "--all-addresses"), "a file takes the content of one answer, and this asks several"),
        (("-O", "--all-addresses"), "a file takes the content of one answer, and this asks several"),
    ],
)
def test_what_has_no_place_is_refused(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    ended = piped("http", "http://127.0.0.1:1/x", *words, cwd=tmp_path)
    assert (ended.code, ended.out, ended.err.decode().splitlines()[0]) == (2, b"", f"rrcli: {message}")
    assert not list(tmp_path.iterdir())


def test_heads_alone(urls: dict[str, str]) -> None:
    """`-q` leaves out the content, and not what was asked for beside it."""
    ended = piped("http", f"{urls['http']}/json", "-q", "-D", "-")
    assert ended.out.startswith(b"HTTP/1.1 200 OK\r\nDate: ")
    assert ended.out.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("flag", ["-D", "-c"])
def test_a_dash_to_write_to_is_not_standard_input(urls: dict[str, str], flag: str) -> None:
    assert piped("http", f"{urls['http']}/json", "--until", "status == 200", flag, "-").code == 0


@pytest.mark.parametrize("words", [("--expect",), ("--all-addresses", "--ok"), ("--all-addresses", "--until")])
def test_what_only_several_have_is_no_check_of_one(words: tuple[str, ...]) -> None:
    """It would never hold, and `--until` would wait for ever."""
    ended = piped("http", "http://127.0.0.1:1/", *words, "same == true")
    assert (ended.code, ended.out) == (2, b"")
    assert ended.err.startswith(b"rrcli: 'same' in 'same == true' is of several exchanges, and this reads one\n")


@pytest.mark.parametrize("more", [(), ("--query", "count")])
def test_a_check_of_a_series_shows_no_secret(urls: dict[str, str], more: tuple[str, ...]) -> None:
    check = "series.first.request.headers.authorization == x"
    ended = piped("http", f"{urls['http']}/bearer", "--bearer", "hunter22", "--repeat", "2", "--expect", check, *more)
    assert (ended.code, ended.err) == (8, f"rrcli: {check} does not hold: it is Bearer ‹secret›\n".encode())


@pytest.mark.parametrize("style", ["har", "mermaid", "curl"])
@pytest.mark.parametrize(("words", "flag", "file"), [(("-o", "my x"), "-o", "'my x'"), (("-O",), "-O", "FILE")])
def test_a_file_of_the_content_and_a_format_of_the_exchange_exclude_each_other(
    style: str,
    words: tuple[str, ...],
    flag: str,
    file: str,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["http", "http://127.0.0.1:1/y", "--format", style, *words]) == 2
    out, err = capfd.readouterr()
    message = f"rrcli: {flag} saves the answer's content, and --format {style} prints the exchange\n"
    assert (out, err) == ("", f"{message}       write --format {style} > {file}\n")
    assert list(tmp_path.iterdir()) == []


def test_a_format_of_the_variable_gives_way_to_a_file(
    urls: dict[str, str], capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RRCLI_FORMAT", "har")
    assert main(["http", f"{urls['http']}/bytes/3", "-o", str(tmp_path / "x"), "-s"]) == 0
    assert (capfd.readouterr().out, (tmp_path / "x").read_bytes()) == ("", b"\0\1\2")
