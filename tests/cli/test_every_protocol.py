"""What every protocol does alike, each with the first step of its demo against its own responder: the table is the registry."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from peers.verdict import serving

from rrcli.__main__ import main
from rrcli.base.errors import ExchangeError
from rrcli.base.jsontext import loads
from rrcli.cli import fast
from rrcli.cli.execute import execute
from rrcli.engine import registry
from rrcli.engine.catalogue import responders
from rrcli.responders import faults
from rrcli.responders.serve import addresses, start, stop

Run = Callable[..., tuple[int, str]]
CATALOGUE = responders()
STEPS = {entry.name: demo[0] for entry in registry.PROTOCOLS if (demo := entry.load_manifest().demo)}
EVERY = pytest.mark.parametrize("name", STEPS)
STRANGERS = ("http", "redis", "nats", "smtp")  # each another way to begin: after the client, or first
KINDS = ("wrong_protocol", "malformed", "truncated", "timeout", "closed", "reset", "refused", "bad_status")


@pytest.fixture(scope="module")
def where() -> Iterator[dict[str, str]]:
    """Where each is answered."""
    running = start(CATALOGUE)
    yield addresses(CATALOGUE, running)
    stop(running)


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs words in this process; the exit code and what was printed."""

    def run(command: str, *words: str) -> tuple[int, str]:
        invocation = fast.parse([command, *words])
        assert invocation is not None, words
        code = execute(invocation)
        return code, capfd.readouterr().out

    return run


def words_of(name: str, address: str, base: str) -> list[str]:
    command, *words = (word.format(where=address, base=base) for word in shlex.split(STEPS[name].line))
    return [command, *words]


def asked(name: str, where: dict[str, str], *options: str) -> list[str]:
    command, *words = words_of(name, where[name], where[CATALOGUE.responder_of(name)])
    return [command, *options, *words]


def attempt(run: Run, words: list[str]) -> tuple[int, str, str]:
    """What `run` gives, and why it is refused, if it is."""
    try:
        return *run(*words), ""
    except ExchangeError as error:
        return 2, "", error.message


@EVERY
def test_a_series_counts_its_exchanges(run: Run, where: dict[str, str], name: str) -> None:
    code, out, refusal = attempt(run, asked(name, where, "--json", "--repeat", "3"))
    if refusal:
        assert refusal == "a stream of events has no end after which it could be repeated"
        return
    series = loads(out)
    assert (code in (0, 1), series["schema"], series["count"]) == (True, "rrcli.series/1", 3)
    assert set(series["errors"]) <= {"bad_status"}


@EVERY
def test_the_transcript_shows_both_directions(run: Run, where: dict[str, str], name: str) -> None:
    code, out = run(*asked(name, where, "--json", "--wire"))
    found = loads(out)["transcript"]
    assert code in (0, 1)
    assert len({piece["direction"] for piece in found}) == 2


@EVERY
def test_the_same_by_another_tool_is_a_line_of_shell_or_there_is_none(run: Run, where: dict[str, str], name: str) -> None:
    code, out, refusal = attempt(run, asked(name, where, "--format=curl"))
    if refusal:
        assert registry.BY_NAME[name].load_manifest().as_command is None
        assert refusal == "no other tool has a command for this protocol"
        return
    assert code in (0, 1)
    assert shlex.split(out, comments=True)


# Without a URL of its own, a name to ask for or words to say there is nothing to ask.
@pytest.mark.parametrize("name", [name for name in STEPS if registry.BY_NAME[name].schemes and name not in ("dns", "tcp")])
def test_doctor_finds_all_layers_well(where: dict[str, str], name: str, capfd: pytest.CaptureFixture[str]) -> None:
    schemes = registry.BY_NAME[name].schemes
    url = where[name] if "://" in where[name] else f"{schemes[0]}://{where[name]}"
    code = main(["doctor", url])
    assert (code, "all layers work" in capfd.readouterr().out) == (0, True)


@pytest.mark.parametrize("name", [name for name in faults.BY_NAME["503-then-ok"].protocols if name in STEPS])
def test_a_retry_pays_off(run: Run, where: dict[str, str], name: str) -> None:
    expected = loads(run(*asked(name, where, "--json"))[1])["response"]["status"]
    with serving(name, "503-then-ok=1") as (served, _):
        faulty: dict[str, str] = addresses(CATALOGUE, [served], [name])
        _, out = run(*asked(name, {**where, **faulty}, "--json", "--retry", "2", "--retry-unsafe", "--retry-delay", "1ms"))
    found: dict[str, Any] = loads(out)
    assert [hop["why"] for hop in found["history"]] == ["retry"]
    assert {**found["response"]["status"], "text": ""} == {**expected, "text": ""}


@pytest.mark.parametrize("name", [name for name in STEPS if name != "tcp"])  # it takes whatever comes
def test_a_stranger_is_never_taken_for_an_answer(run: Run, where: dict[str, str], name: str) -> None:
    own = CATALOGUE.responder_of(name)
    home = where[own].rpartition("/")[2]
    for stranger in STRANGERS:
        if stranger == own:
            continue
        address = where[stranger].rpartition("/")[2]
        command, *words = words_of(name, where[name].replace(home, address), f"http://{address}")
        code, out = run(command, "--json", "--timeout", "200ms", "--deadline", "400ms", *words)
        failure = loads(out)["error"]
        assert (code in (1, 4, 6, 7), failure["kind"] in KINDS) == (True, True), (stranger, failure)
        assert failure["hint"], (stranger, failure)
