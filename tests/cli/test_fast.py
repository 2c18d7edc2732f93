"""The fast path: what it reads, and where it leaves the decision to the full application (`None`)."""

from __future__ import annotations

from typing import Any

import pytest

from rrcli.adapters.http.request import HttpRequest
from rrcli.adapters.redis.request import RedisRequest
from rrcli.adapters.tcp.request import TcpRequest
from rrcli.cli.fast import flags, parse, read
from rrcli.engine import registry
from rrcli.options.option import Optioned, option
from rrcli.options.request import Output


class Sample(Optioned):
    loud: bool = option("-l", "--loud", kind="flag", help="Louder.")
    vivid: bool = option("-v", "--vivid", kind="flag", help="Livelier.")
    name: str | None = option("-n", "--name", help="A name.")
    age: int | None = option("--age", parse=int, help="Years.")
    tags: tuple[str, ...] = option("-t", "--tag", kind="many", help="Tags.")
    steps: tuple[tuple[str, str], ...] = option("-u", "--up", "--down", kind="steps", parse=lambda *step: step, help="Steps.")
    wire: int | None = option("-w", "--wire", kind="optional", parse=int, bare="7", help="Bytes.")


TABLE = flags(Sample.options_)


@pytest.mark.parametrize(
    ("argv", "values"),
    [
        ([], {}),
        (["a", "-", "", "b"], {"arguments": ("a", "-", "", "b")}),
        (["--loud", "-v"], {"loud": True, "vivid": True}),
        (["-lv", "-vl"], {"loud": True, "vivid": True}),
        (["--name", "ann", "a"], {"name": "ann", "arguments": ("a",)}),
        (["--name=ann=bob"], {"name": "ann=bob"}),
        (["--name="], {"name": ""}),
        (["--name", "--loud"], {"name": "--loud"}),
        (["--name", "--"], {"name": "--"}),
        (["-n", "ann"], {"name": "ann"}),
        (["-nann"], {"name": "ann"}),
        (["-n=ann"], {"name": "=ann"}),
        (["-lnv"], {"loud": True, "name": "v"}),
        (["-n", "a", "-n", "b"], {"name": "b"}),
        (["--age", "-5"], {"age": -5}),
        (["-ta", "--tag", "b", "--tag=c"], {"tags": ("a", "b", "c")}),
        (["--up", "1", "--down=2", "-u3"], {"steps": (("--up", "1"), ("--down", "2"), ("-u", "3"))}),
        (["--wire", "9"], {"wire": 7, "arguments": ("9",)}),
        (["--wire=9"], {"wire": 9}),
        (["--", "--loud", "--", "-h"], {"arguments": ("--loud", "--", "-h")}),
        (["a", "--loud", "b", "--", "c"], {"loud": True, "arguments": ("a", "b", "c")}),
    ],
)
def test_words_are_read(argv: list[str], values: dict[str, Any]) -> None:
    assert read(argv, TABLE, stops=False) == {"arguments": (), **values}


@pytest.mark.parametrize(
    "argv",
    [
        ["--help"], ["-h"], ["a", "-h"], ["--nope"], ["-x"], ["-lx"], ["--lou"], ["--loud=1"], ["--name"], ["-n"], ["-ln"], ["--age", "x"],
        ["--age="], ["--wire=x"], ["-lh"], ["-é"], ["--age", "5", "--age", "x"], ["---loud"],
    ],
)  # fmt: skip
def test_any_doubt_is_left_to_the_full_application(argv: list[str]) -> None:
    assert read(argv, TABLE, stops=False) is None


@pytest.mark.parametrize(
    ("argv", "values"),
    [
        (["--loud", "GET", "--name", "-h"], {"loud": True, "arguments": ("GET", "--name", "-h")}),
        (["redis://h", "--loud", "GET", "--loud"], {"loud": True, "arguments": ("redis://h", "GET", "--loud")}),
        (["h:6379", "-l", "SET", "k", "--", "v"], {"loud": True, "arguments": ("h:6379", "SET", "k", "--", "v")}),
        (["--", "GET", "--", "x"], {"arguments": ("GET", "--", "x")}),
    ],
)
def test_options_end_where_data_begins(argv: list[str], values: dict[str, Any]) -> None:
    assert read(argv, TABLE, stops=True) == {"arguments": (), **values}


def test_a_command_line_becomes_a_request_and_the_output() -> None:
    found = parse(["tcp", "-m", "3s", "--json", "h:25", "--send", "a", "--send-hex", "62", "-v"])
    assert found
    assert found.entry is registry.BY_NAME["tcp"]
    assert found.request == TcpRequest("h:25", timeout=3.0, steps=(("--send", b"a"), ("--send-hex", b"b")))
    assert found.output == Output(json=True, verbose=True)


@pytest.mark.parametrize(
    ("argv", "request_", "output"),
    [
        (["http://h/"], HttpRequest("http://h/"), Output()),
        (["--json", "HTTPS://h/", "-k"], HttpRequest("HTTPS://h/", insecure=True), Output(json=True)),
        (["-m", "3", "http://h/", "a=b"], HttpRequest("http://h/", "a=b", timeout=3.0), Output()),
        (["redis://h", "GET", "--json"], RedisRequest("redis://h", "GET", "--json"), Output()),
        (["--cacert", "http://file", "tcp://h:1"], TcpRequest("tcp://h:1", cacert="http://file"), Output()),
    ],
)
def test_the_scheme_picks_the_command(argv: list[str], request_: object, output: Output) -> None:
    found = parse(argv)
    assert found
    assert (found.request, found.output) == (request_, output)


@pytest.mark.parametrize(
    "argv",
    [
        [], ["--help"], ["--version"], ["http"], ["http", "--json"], ["http", "--help"], ["nope", "x"], ["gopher://h"], ["h/25"], ["GET"],
        ["--", "http://h/"], ["word", "http://h/"], ["--nope", "http://h/"], ["http://h/", "--nope"], ["http", "--timeout", "x", "http://h/"],
        ["serve"], ["demo"],
    ],
)  # fmt: skip
def test_what_the_full_application_decides(argv: list[str]) -> None:
    assert parse(argv) is None


@pytest.mark.parametrize("entry", registry.PROTOCOLS, ids=lambda entry: entry.name)
def test_every_option_of_every_command_is_in_the_tables_once(entry: registry.Protocol) -> None:
    options = {**Output.options_, **entry.load()[0].options_}
    spelled = [flag for declared in options.values() for flag in declared.flags]
    assert len(spelled) == len(set(spelled))
    assert set(flags(options)) == set(spelled)
    assert all(flag.startswith("--") or (len(flag) == 2 and flag[0] == "-" != flag[1]) for flag in spelled)


@pytest.mark.parametrize("argv", [["h:25"], [":8080/x", "--json"], ["-v", "POST", "h", "a=b"], ["--proxy", "p:1", "get", "h"]])
def test_what_needs_no_command_takes_the_fast_path(argv: list[str]) -> None:
    invocation = parse(argv)
    assert invocation is not None
    assert invocation.entry.name == "http"
