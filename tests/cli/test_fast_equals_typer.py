"""The fast path and the full application read alike: whatever the fast path accepts, Typer reads to the same values."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from rrcli.base.errors import ExchangeError
from rrcli.cli import app, commands, fast
from rrcli.engine import registry
from rrcli.options.option import Option
from rrcli.options.parse import one_of
from rrcli.options.request import Output, Request

NAMES = tuple(entry.name for entry in registry.PROTOCOLS)

# What people write after an option, and what they should not.
VALUES = (
    "1", "0", "250ms", "3s", "-5", "", "--", "-", "--json", "a=b", "=", "x y", "é", "\udc80", "status == 200", "4MiB", "GET", "1.2",
    "json", "never", "auto", "h:1:127.0.0.1", "a:1:b:2", r"\r\n", "0d0a", "aGk=", "/x+/", "{}", "[::1]:80", "-1", "@file", "192.0.2.0/24",
)  # fmt: skip
WORDS = (
    "example.test", "http://127.0.0.1:1/x", "redis://127.0.0.1:1/2", "tcp://h:1", "127.0.0.1:6379", "h:25", "GET", "SET", "key", "-", "-1",
    "-5.5", "", "name=ann", "age:=3", "X-A:b", "q==1", "MX", "@127.0.0.1:53", "--", "LRANGE", "0", "é", "\udcff", ":8080/x", "--json",
)  # fmt: skip


def spellings(declared: Option) -> st.SearchStrategy[list[str]]:
    """Ways to write one option: apart, joined with `=`, attached to its short flag."""

    def written(flag: str, value: str, way: int) -> list[str]:
        if declared.kind == "flag":
            return [flag]
        joined = f"{flag}={value}" if flag.startswith("--") else flag + value
        if declared.kind == "optional":
            return [joined] if way else [flag]
        return [joined] if way else [flag, value]

    values = st.sampled_from((*declared.choices, *VALUES))
    return st.builds(written, st.sampled_from(declared.flags), values, st.integers(0, 1))


def bundles(options: dict[str, Option]) -> st.SearchStrategy[list[str]]:
    """Short flags in one word, the last one perhaps with its value."""
    short = [flag[1] for declared in options.values() if declared.kind == "flag" for flag in declared.flags if flag[:2] != "--"]
    valued = [flag[1] for declared in options.values() if declared.kind == "value" for flag in declared.flags if flag[:2] != "--"]
    letters = st.lists(st.sampled_from(short), min_size=1, max_size=3).map("".join)
    ends = st.one_of(st.just(""), st.builds(str.__add__, st.sampled_from(valued), st.sampled_from(VALUES)))
    return st.builds(lambda first, last: [f"-{first}{last}"], letters, ends)


@pytest.fixture(autouse=True)
def built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The Typer command of a protocol is made once, which takes most of the time of one reading, and holds nothing of a reading."""
    made: dict[str, Any] = {}
    build = app.typer_command

    def once(command: commands.Command) -> Any:
        if command.name not in made:
            made[command.name] = build(command)
        return made[command.name]

    monkeypatch.setattr(app, "typer_command", once)


def command_lines(name: str) -> st.SearchStrategy[list[str]]:
    options = dict(commands.of_protocol(registry.BY_NAME[name]).options)
    piece = st.one_of(
        st.sampled_from(WORDS).map(lambda word: [word]),
        st.sampled_from(list(options.values())).flatmap(spellings),
        bundles(options),
        st.just(["--"]),
    )
    return st.lists(piece, max_size=7).map(lambda pieces: [word for piece in pieces for word in piece])


def plain(value: Any) -> Any:
    """A value that can be compared: what has no `==` of its own (boundaries, patterns) as its type and its attributes."""
    if isinstance(value, tuple | list):
        return tuple(plain(item) for item in value)
    if type(value).__module__.startswith("rrcli"):
        return type(value).__name__, {key: plain(item) for key, item in vars(value).items()}
    return value


def settings(record: Request | Output) -> dict[str, Any]:
    return {name: plain(getattr(record, name)) for name in record.fields_}


def both(words: list[str]) -> tuple[fast.Invocation | None, fast.Invocation | None]:
    """What the fast path and the application make of a command line that names its command."""
    try:
        quick = fast.parse(list(words))
    except ExchangeError:  # settings that are wrong are told at once, whoever read the words
        quick = None
    entry = registry.BY_NAME[words[0]]
    try:
        values = app.parse(commands.of_protocol(entry), words[1:])
        return quick, None if values is None else fast.build(entry, entry.load()[0], values)
    except ExchangeError:
        return quick, None


def assert_alike(words: list[str]) -> None:
    try:
        if fast.parse(list(words)) is None:  # no promise, and what the application makes of it is not asked
            return
    except ExchangeError:  # both come to the same settings, which may be wrong
        return
    quick, full = both(words)
    assert quick is not None
    assert full is not None, "the fast path takes what the application refuses"
    assert settings(full.request) == settings(quick.request)
    assert settings(full.output) == settings(quick.output)
    assert (full.entry, type(full.request)) == (quick.entry, type(quick.request))


@pytest.mark.parametrize("name", NAMES)
def test_what_the_fast_path_takes_is_read_alike(name: str) -> None:
    @profile(deadline=None)  # the first line of a command loads it
    @given(command_lines(name))
    def holds(words: list[str]) -> None:
        assert_alike([name, *words])

    holds()


@pytest.mark.parametrize(
    "line",
    [
        ["tcp", "-vi", "h:1"],
        ["tcp", "-vqm3s", "h:1"],
        ["tcp", "-m", "-5", "h:1"],
        ["tcp", "--timeout=3s", "--timeout", "4s", "h:1"],
        ["tcp", "--wire", "h:1"],
        ["tcp", "--wire=", "h:1"],
        ["tcp", "--wire=4MiB", "h:1"],
        ["tcp", "--send", "a=b", "--send-hex=00", "--send", "--send", "h:1"],
        ["tcp", "--", "--json"],
        ["tcp", "-"],
        ["tcp", "--format", "json", "--expect=a == 1", "--expect", "--json", "h:1"],
        ["tcp", "--ok", "", "--query=", "\udcff:1"],
        ["redis", "redis://h:1", "--json", "LRANGE", "k", "0", "-1", "--json", "--", "--help"],
        ["redis", "-vm3s", "SET", "k", "--timeout"],
        ["http", "-XPOST", "-H", "A:b", "-HC:d", "http://h/", "a=b"],
    ],
)
def test_the_lines_that_parsers_differ_on(line: list[str]) -> None:
    quick, _ = both(line)
    assert_alike(line)
    assert (quick is None) == (line[:3] == ["tcp", "-m", "-5"])


@pytest.mark.parametrize(
    "line", [["tcp", "--bogus", "h:1"], ["tcp", "-Z", "h:1"], ["tcp", "h:1", "--timeout"], ["tcp", "--json=1", "h:1"], ["tcp"]]
)
def test_both_refuse_what_is_wrong(line: list[str]) -> None:
    assert both(line) == (None, None)


def test_several_flags_of_one_field_keep_their_order() -> None:
    quick, full = both(["tcp", "h:1", "--send-hex", "00", "--send=a=b", "--send-base64", "aGk=", "--send-file=-"])
    assert quick is not None
    assert full is not None
    steps = (("--send-hex", b"\0"), ("--send", b"a=b"), ("--send-base64", b"hi"), ("--send-file", b"-"))
    assert quick.request.steps == full.request.steps == steps  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", NAMES)
def test_no_flag_is_spelled_twice(name: str) -> None:
    flags = [flag for declared in commands.of_protocol(registry.BY_NAME[name]).options.values() for flag in declared.flags]
    assert sorted({flag for flag in flags if flags.count(flag) > 1}) == []


def test_typer_has_no_way_to_change_a_value() -> None:
    """Thousands of values at once, byte by byte what was written."""
    letters = [chr(code) for code in (*range(1, 256), 0x2028, 0xDC80, 0x1F600)]
    words = [f"w{''.join(random.Random(seed).sample(letters, 6))}:1" for seed in range(2000)]
    values = app.parse(commands.of_protocol(registry.BY_NAME["tcp"]), [*words, *(f"--expect={word}" for word in words)])
    assert values == {"arguments": tuple(words), "expect": tuple(words)}


def test_choices_are_those_that_parse() -> None:
    for name in NAMES:
        for declared in commands.of_protocol(registry.BY_NAME[name]).options.values():
            assert [declared.parse(choice) for choice in declared.choices] == list(declared.choices)
            assert all(re.fullmatch(r"[a-z0-9.-]+", choice) for choice in declared.choices)


def test_one_of_names_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"^'jsn' is not one of raw, json; did you mean json\?$"):
        one_of("raw", "json")("jsn")
