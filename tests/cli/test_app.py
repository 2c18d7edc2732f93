"""The full application: help, usage errors, the tools, and the commands of other packages."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from peers import child

from rrcli.__main__ import main
from rrcli.base.errors import EXIT_CODES, KINDS, ExchangeError
from rrcli.cli import app, commands
from rrcli.engine import registry
from rrcli.engine.catalogue import families, responders
from rrcli.model.document import document, set_document
from rrcli.model.values import (
    PHASES,
    Attempt,
    Body,
    Certificate,
    Check,
    Connection,
    Exchange,
    ExchangeSet,
    Failure,
    Note,
    RequestMessage,
    Response,
    Status,
    Target,
    Timing,
    TlsInfo,
    TranscriptEntry,
)

NAMES = [entry.name for entry in registry.PROTOCOLS]
COMMANDS = [*NAMES, *(alias.name for alias in registry.ALIASES), *commands.TOOLS]
SCHEMES = ", ".join(scheme for entry in registry.PROTOCOLS for scheme in entry.schemes)
CLEAN = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "RRCLI_ENV", "RRCLI_FORMAT", "RRCLI_NO_CONFIG")


def environment(**changes: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in CLEAN} | changes


def rrcli(*words: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """A run of its own, not on a terminal."""
    return child.run(*words, text=True, env=changes)


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command line in this process: exit code, standard output, standard error."""
    for name in CLEAN:
        monkeypatch.delenv(name, raising=False)

    def run(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return run


# --- usage errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("tcp h:1 --tmeout 3", "no option --tmeout; did you mean --timeout?", "rrcli tcp --help lists the options"),
        ("tcp h:1 -Z", "no option -Z", "rrcli tcp --help lists the options"),
        ("tcp h:1 -vZ", "no option -Z", "rrcli tcp --help lists the options"),
        ("tcp -1 h:1", "no option -1", "rrcli tcp --help lists the options"),
        (
            "tcp h:1 --timeout '3 parsecs'",
            "invalid value for --timeout: '3 parsecs' is no duration; write 250ms, 3s, 1m or bare seconds",
            None,
        ),
        (
            "tcp h:1 -m3parsecs",
            "invalid value for --timeout: '3parsecs' is no duration; write 250ms, 3s, 1m or bare seconds",
            None,
        ),
        (
            "tcp h:1 --format jsn",
            "invalid value for --format: 'jsn' is not one of pretty, body, raw, json, ndjson, har, curl, mermaid, plan; did you mean json?",
            None,
        ),
        ("tcp h:1 --wire=much", "invalid value for --wire: 'much' is no size; write a number of bytes, or 64KiB, 10MB, 1GiB", None),
        (
            "tcp h:1 --send a --send-base64 =",
            "invalid value for --send-base64: '=' is no base64: letters, digits, + and /, filled up with = to groups of four",
            None,
        ),
        ("tcp h:1 --timeout", "--timeout needs a value: --timeout TIME", None),
        ("tcp h:1 -m", "-m needs a value: -m TIME", None),
        ("tcp h:1 --json=1", "--json takes no value", "Print the exchange as one JSON document."),
        ("tcp", "tcp takes HOST:PORT, got nothing", "rrcli tcp --help shows examples"),
        ("tcp --json", "tcp takes HOST:PORT, got nothing", "rrcli tcp --help shows examples"),
        (
            "tpc h:1",
            "no command tpc; did you mean tcp?",
            f"commands are {', '.join(COMMANDS)}",
        ),
        (
            "zzz",
            "no command zzz",
            f"commands are {', '.join(COMMANDS)}",
        ),
        ("https example.com", "no command https", "the command is rrcli http [METHOD] URL [ITEM...]"),
        ("GRAB -v http://a/", "no command GRAB", "the command comes first: rrcli http GRAB …"),
        ("POSTT http://a/", "no command POSTT; did you mean POST?", f"commands are {', '.join(COMMANDS)}"),
        ("GET", "GET is a method, and the URL is missing", "write rrcli GET URL, or rrcli http GET URL"),
        ("delete", "delete is a method, and the URL is missing", "write rrcli delete URL, or rrcli http delete URL"),
        ("example.com", "no command example.com", "a URL needs its scheme, or a command before it: rrcli http example.com"),
        (
            "a.io/?b&c",
            "no command a.io/?b&c",
            "a URL needs its scheme, or a command before it: rrcli http 'a.io/?b&c'",
        ),
        ("u:secret@example.com", "no command …@example.com", "a URL needs its scheme, or a command before it: rrcli http URL"),
        (
            "htps://example.com",
            "no command for htps:// URLs; did you mean https?",
            f"known are {SCHEMES}",
        ),
        (
            "gopher://example.com",
            "no command for gopher:// URLs",
            f"known are {SCHEMES}",
        ),
        ("--jsn tcp://h:1", "no option --jsn; did you mean --json?", "rrcli tcp --help lists the options"),
        ("--jsn", "no option --jsn; did you mean --json?", "rrcli --help lists the commands"),
        ("--json", "neither a command nor a URL is given", "rrcli --help lists the commands"),
        ("--json tcp h:1", "the command comes first: rrcli tcp [OPTIONS] …", None),
        ("--json tcp tcp://h:1", "the command comes first: rrcli tcp [OPTIONS] …", None),
        ("-v h tcp://h:1", "'h' stands before the URL", "write rrcli [OPTIONS] URL, or a command first"),
        (":8080 tcp://h:1", "'tcp://h:1' is a URL behind another: ':8080'", "write rrcli http [METHOD] URL [ITEM...]"),
        (
            "explain 429x",
            "nothing is known of '429x'; did you mean 429?",
            f"{', '.join(families())} are the families; exit 6 asks one of them",
        ),
        ("explain", "explain takes CODE..., got nothing", "rrcli explain --help shows examples"),
        ("explain 404 --jsn", "no option --jsn; did you mean --json?", "rrcli explain --help lists the options"),
        ("schema exchang", "there is no schema 'exchang'; did you mean exchange?", "there are exchange, event, set, series, run, plan"),
        ("schema set set", "schema takes one name, got 2", None),
        ("serve htp", "there is no responder for 'htp'; did you mean http?", f"there are {', '.join(responders().names)}"),
        ("serve --port 80", "invalid value for --port: '80' is not NAME=PORT, as http=8080", None),
        ("serve --port tcp=65536", "invalid value for --port: 'tcp=65536' is not NAME=PORT, as http=8080", None),
        ("demo now", "demo takes no words", None),
    ],
)
def test_a_wrong_command_line_gets_one_clear_sentence(run: Any, line: str, message: str, hint: str | None) -> None:
    said = f"rrcli: {message}\n" + (f"       {hint}\n" if hint else "")
    assert run(*shlex.split(line)) == (2, "", said)


def test_a_control_character_in_a_wrong_word_is_made_visible(run: Any) -> None:
    code, out, error = run("tcp", "--\x1b[31m", "h:1")
    assert (code, out) == (2, "")
    assert "\x1b" not in error


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("tcp 'no&such.invalid:80' --json", "rrcli dns 'no&such.invalid' shows"),
        ("http 'http://no$such.invalid/' --json", "rrcli dns 'no$such.invalid' shows"),
        ("graphql http://a/ 'f@a b'", "'f=@a b' makes a variable of a file's text, 'f:=@a b' of its JSON"),
        ("redis -h 'a&b' GET k", "write rrcli redis 'redis://a&b' GET k"),
    ],
)
def test_a_command_that_is_suggested_is_quoted_for_a_shell(run: Any, line: str, part: str) -> None:
    _, out, error = run(*shlex.split(line))
    assert part in out + error


# --- which command ---------------------------------------------------------------------------------------


def test_a_url_picks_the_command_behind_any_options() -> None:
    """Nothing listens, so that what is read is seen in the document of the failure."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
        for line in (["--json", "--send-hex", "00", url], [url, "--json", "--send-hex", "00"], ["--json", "--send-hex=00", "--", url]):
            done = rrcli(*line)
            assert (done.returncode, done.stderr) == (4, "")
            assert json.loads(done.stdout)["request"]["summary"] == f"1 byte to {url}"


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        (":8080/x", "GET http://localhost:8080/x"),
        ("localhost:8080/x", "GET http://localhost:8080/x"),
        ("127.0.0.1:8080", "GET http://127.0.0.1:8080/"),
        ("'[::1]:8080/x'", "GET http://[::1]:8080/x"),
        (":/x", "GET http://localhost/x"),
        ("u:p@example.com:8080/", "GET http://u:‹secret›@example.com:8080/"),
        ("POST :8080/x a=b", "POST http://localhost:8080/x"),
        ("post http://example.com/x", "POST http://example.com/x"),
        ("-v query example.com", "QUERY http://example.com/"),
        ("--proxy localhost:3128 delete localhost:81/x", "DELETE http://localhost:81/x"),
    ],
)
def test_a_method_or_a_place_without_a_scheme_is_http(run: Any, line: str, sent: str) -> None:
    code, out, error = run(*shlex.split(line), "--offline", "--json")
    document = json.loads(out)
    assert (code, error, document["protocol"]) == (0, "", "http")
    method, url = sent.split()
    assert (document["request"]["data"]["method"], document["target"]["url"]) == (method, url)


def test_a_url_may_be_an_options_value() -> None:
    with pytest.raises(ExchangeError, match="^tcp takes HOST:PORT, got nothing$"):
        app.run(["--ok", "tcp://h:1"])


# --- pipes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "way"),
    [
        ("http POST http://127.0.0.1:1/", "-d @-"),
        ("put http://127.0.0.1:1/ a=b", "-d @-"),
        ("redis redis://127.0.0.1:1/ SET k", "--stdin"),
        ("smtp 127.0.0.1:1 --from a@x.test --to b@x.test --text hi", "--data @-"),
    ],
)
def test_input_that_nobody_read_is_hinted_at(line: str, way: str) -> None:
    done = piped(line)
    assert (done.returncode, done.stderr.splitlines()[-1:]) == (4, [f"rrcli: standard input was not read; ask for it with {way}"])


@pytest.mark.parametrize(
    "line",
    [
        "http http://127.0.0.1:1/",
        "delete http://127.0.0.1:1/",
        "redis redis://127.0.0.1:1/ GET k",
        "tls 127.0.0.1:1 --json",
        "http POST http://127.0.0.1:1/ -s",
        "http POST http://127.0.0.1:1/ -q",
        "http POST http://127.0.0.1:1/ -d @-",
        "http POST http://127.0.0.1:1/ @-",
    ],
)
def test_a_request_that_only_asks_may_stand_in_a_loop_over_a_pipe(line: str) -> None:
    done = piped(line)
    assert done.returncode == 4
    assert "standard input" not in done.stderr


def piped(line: str) -> subprocess.CompletedProcess[str]:
    """A run with a line waiting in a pipe."""
    return child.run(*line.split(), input="x\n")


def test_a_closed_pipe_ends_help_quietly() -> None:
    read, write = os.pipe()
    os.close(read)
    with subprocess.Popen(
        [sys.executable, "-m", "rrcli", "http", "--help"], stdout=write, stderr=subprocess.PIPE, env=environment()
    ) as child:
        os.close(write)
        assert child.stderr is not None
        assert (child.stderr.read(), child.wait(timeout=20)) == (b"", 0)


# --- explain ---------------------------------------------------------------------------------------------


def test_explain_prints_every_meaning(run: Any) -> None:
    code, out, error = run("explain", "exit", "6")
    assert (code, error) == (0, "")
    assert out.startswith("6 Time Limit Passed")


def test_explain_as_json(run: Any) -> None:
    code, out, error = run("explain", "--json", "nxdomain")
    assert (code, error) == (0, "")
    found = json.loads(out)
    assert [(each["family"], each["code"], sorted(each)) for each in found] == [
        ("dns", "NXDOMAIN", ["action", "code", "family", "meaning", "retry", "spec", "title"])
    ]


# --- schema ----------------------------------------------------------------------------------------------


def full_exchange() -> Exchange:
    """An exchange with something in every place."""
    certificate = Certificate(subject="CN=a", issuer="CN=b", sans=("a",), not_before=0, not_after=1, key="EC 256", sha256="00")
    body = Body(
        data=b"{}",
        size=2,
        sha256="44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        media_type="application/json",
        file="x",
    )
    answer = Response(
        summary="HTTP/1.1 503 Service Unavailable", status=Status(code=503, text="Service Unavailable", ok=False),
        fields=(("Set-Cookie", "a=b"), ("A", "b")),
        trailers=(("T", "u"),), body=body, framing="content-length", data={"version": "HTTP/1.1"},
    )  # fmt: skip
    earlier = Exchange(id="0", protocol="http", target=Target(url="http://h/"), request=RequestMessage(summary=""), why="redirect")
    return Exchange(
        id="1", protocol="http", target=Target(url="http://h/", host="h", port=80),
        request=RequestMessage(summary="GET / HTTP/1.1", fields=(("Host", "h"),), body=body, data={"safe": True, "idempotent": True}),
        response=answer,
        timing=Timing(started_at_ns=1, phases=dict.fromkeys(PHASES, 1), total_ns=7, elapsed_ns=8),
        connection=Connection(
            local="l", peer="p", attempts=(Attempt(address="::1", ns=1, error="refused"), Attempt(address="127.0.0.1")),
            tls=TlsInfo(version="TLSv1.3", cipher="c", alpn="h2", sni="h", chain=(certificate,)), bytes_sent=1, bytes_received=2,
        ),
        outcome="application_error", error=Failure(layer="application", kind="bad_status", message="m", phase="wait", hint="h"),
        notes=(Note(code="bare-lf", message="m"),), checks=(Check(expr="status == 200", ok=False, actual=503),), history=(earlier,),
        transcript=(TranscriptEntry(at_ns=1, direction="sent", data=b"x"),),
    )  # fmt: skip


def schema(run: Any, *names: str) -> Any:
    code, out, error = run("schema", *names)
    assert (code, error) == (0, "")
    return json.loads(out)


def validator(schema: Any) -> Any:
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_documents_hold_to_their_schema(run: Any) -> None:
    exchange = full_exchange()
    assert schema(run) == schema(run, "exchange")
    check = validator(schema(run))
    check.validate(document(exchange))
    check.validate(document(exchange.history[0]))
    validator(schema(run, "set")).validate(set_document(ExchangeSet(exchanges=(exchange, exchange.history[0]))))


def places(value: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The path of every object within a document whose keys the contract fixes."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    inner = [
        place for key, item in items if key not in ("data", "headers", "json", "values", "actual") for place in places(item, (*at, key))
    ]
    return [*([at] if isinstance(value, dict) else []), *inner]


def test_no_key_may_be_missing_and_none_added(run: Any) -> None:
    check = validator(schema(run))
    whole = json.dumps(document(full_exchange()))
    tried = 0
    for place in places(json.loads(whole)):
        for change in ("", *_at(json.loads(whole), place)):
            value = json.loads(whole)
            target = _at(value, place)
            if change:
                del target[change]
            else:
                target["another"] = 1
            assert not check.is_valid(value), (place, change or "another")
            tried += 1
    assert tried > 150


def _at(value: Any, place: tuple[str | int, ...]) -> Any:
    for key in place:
        value = value[key]
    return value


def test_the_schema_lists_what_the_code_knows(run: Any) -> None:
    definitions = schema(run)["$defs"]
    error = definitions["error"]["properties"]
    assert error["kind"]["enum"] == list(KINDS)
    assert error["layer"]["enum"] == list(EXIT_CODES)
    assert error["phase"]["enum"] == [*PHASES, None]


# --- serve -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_says_where_it_listens_and_stops_when_told(number: signal.Signals) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    command = [sys.executable, "-m", "rrcli", "serve", "tcp", "http", "--json", "--port", f"tcp={port}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        addresses = json.loads(child.stdout.readline())
        assert list(addresses) == ["tcp", "http"]
        assert addresses["tcp"] == f"127.0.0.1:{port}"
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(b"hello")
            assert client.recv(5) == b"hello"
        child.send_signal(number)
        assert (child.wait(timeout=10), child.stdout.read(), child.stderr.read()) == (0, "", "")


# --- commands of other packages --------------------------------------------------------------------------

PACKAGE = """
from __future__ import annotations
from rrcli.adapters.tcp import exchange as over_tcp
from rrcli.adapters.tcp.request import TcpRequest
from rrcli.options.option import option
from rrcli.engine.manifest import Manifest
from rrcli.engine.registry import Protocol

class EchoRequest(TcpRequest):
    loud: bool = option("--loud", kind="flag", help="Shout.")

def exchange(request, context):
    words = tuple(word.replace("echo://", "") for word in request.arguments)
    text = b"HELLO\\n" if request.loud else b"hello\\n"
    return over_tcp(request.replace(arguments=words, steps=(("--send", text),), read_lines=1), context)

MANIFEST = Manifest(synopsis="HOST:PORT", help="Say hello.", label="Echo")
ENTRY = Protocol(
    name="echo", schemes=("echo",), package="rrcli_echo", request="rrcli_echo:EchoRequest", manifest="rrcli_echo:MANIFEST"
)
OURS = Protocol(name="tcp", package="rrcli_echo", request="rrcli_echo:EchoRequest", manifest="rrcli_echo:MANIFEST")
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder with an installed package that brings a protocol, and one that would replace ours."""
    (tmp_path / "rrcli_echo.py").write_text(PACKAGE)
    install(tmp_path, "echo = rrcli_echo:ENTRY\ntcp = rrcli_echo:OURS\n")
    return tmp_path


def install(folder: Path, points: str) -> None:
    info = folder / "rrcli_echo-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rrcli-echo\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{registry.GROUP}]\n{points}")


def with_package(folder: Path) -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])}


def test_another_package_brings_a_command(package: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for words in (["echo", f"127.0.0.1:{port}", "--loud"], ["--loud", f"echo://127.0.0.1:{port}"]):
            command = [sys.executable, "-m", "rrcli", *words]
            with subprocess.Popen(
                command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, env=environment(**with_package(package))
            ) as child:
                peer, _ = server.accept()
                with peer:
                    peer.sendall(peer.recv(100))
                    assert child.stdout is not None
                    assert (child.stdout.read(), child.wait(timeout=10)) == ("HELLO\n", 0)


def test_another_packages_command_is_in_the_help(package: Path) -> None:
    changes = with_package(package)
    assert "\n  echo        Say hello.\n\nTools:\n" in rrcli("--help", **changes).stdout
    assert rrcli("help", "echo", **changes).stdout.startswith("Usage: rrcli echo [OPTIONS] HOST:PORT\n\nSay hello.\n")
    assert "  echo)\n" in rrcli("completion", "bash", **changes).stdout
    page = rrcli("echo", "--help", **changes).stdout
    assert page.startswith("Usage: rrcli echo [OPTIONS] HOST:PORT\n\nSay hello.\n\nOptions:\n")
    assert "      --loud                  Shout.\n" in page
    assert rrcli("ecco", **changes).stderr.splitlines()[0] == "rrcli: no command ecco; did you mean echo?"


@pytest.mark.parametrize(
    ("point", "message", "hint"),
    [
        ("lost = rrcli_lost:ENTRY", "the adapter lost cannot be loaded: No module named 'rrcli_lost'", "it comes from rrcli_lost:ENTRY"),
        ("odd = os:sep", "the adapter odd is no Protocol", "it comes from os:sep"),
    ],
)
def test_a_broken_package_is_named(tmp_path: Path, point: str, message: str, hint: str) -> None:
    install(tmp_path, point)
    changes = with_package(tmp_path)
    done = rrcli("unknown", **changes)
    assert (done.returncode, done.stderr) == (2, f"rrcli: {message}\n       {hint}\n")
    helped = rrcli("--help", **changes)
    assert helped.returncode == 0
    assert " ".join(helped.stdout.split()).endswith(f" Note: {message} ({hint}).")
    assert rrcli("explain", "200", **changes).returncode == 0


def test_entries_are_found_by_their_requests(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "BY_NAME", dict(registry.BY_NAME))
    monkeypatch.syspath_prepend(package)
    import rrcli_echo  # type: ignore[import-not-found]

    assert registry.protocol_of(rrcli_echo.EchoRequest("h:1")) is rrcli_echo.ENTRY
    assert registry.third_party() == (rrcli_echo.ENTRY,)
    assert registry.by_name("echo") is rrcli_echo.ENTRY
    assert registry.by_scheme("echo://h:1") is rrcli_echo.ENTRY
    assert registry.by_name("tcp") is registry.PROTOCOLS[NAMES.index("tcp")]


def test_a_lack_of_memory_is_one_line(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def exhaust(_words: list[str]) -> int:
        raise MemoryError

    monkeypatch.setattr("rrcli.__main__._run", exhaust)
    assert main(["dns", "example.test", "AXFR"]) == 9
    assert capfd.readouterr().err == (
        "rrcli: there is not enough memory for that; a smaller --max-size keeps less, -o FILE writes content to a file\n"
    )
