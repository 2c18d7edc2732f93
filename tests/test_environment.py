"""The command where things are missing, full, closed or odd: the right exit code, a line to read, and never a traceback."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from peers.ca import Authority
from peers.child import Ended, command, environment, finish, let_run, on_terminal, piped, started
from peers.script import Handler, Responder, deaf, end, hear, hear_end, over_tls, pause, responder, say, script

ASKED = hear(b"\r\n\r\n")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\n"
TEXT = "grüße\n→x".encode()
FORMATS = ("pretty", "raw", "json", "ndjson", "curl")
SMOOTH = script(ASKED, say(HEAD + TEXT), end, hear_end)


@pytest.fixture
def web() -> Iterator[Responder]:
    """Answers any request with a few words, not all of them ASCII."""
    with responder(SMOOTH) as peer:
        yield peer


@pytest.fixture
def url(web: Responder) -> str:
    return f"http://{web.host}:{web.port}/"


def clean(ended: Ended) -> Ended:
    """The run, once it is known to hold no traceback and nothing of ours that was not meant."""
    assert b"Traceback" not in ended.all, ended.all.decode()
    assert b"this is a bug" not in ended.all, ended.all.decode()
    assert b"Exception ignored" not in ended.all, ended.all.decode()
    return ended


def shell(line: str, *words: str, **changes: str | None) -> Ended:
    """Run a line of sh, in which `"$@"` is the command with these words."""
    full = ["sh", "-c", line, "sh", *command(words)]
    done = subprocess.run(full, capture_output=True, check=False, env=environment(changes), stdin=subprocess.DEVNULL, timeout=30)
    return clean(Ended(done.returncode, done.stdout, done.stderr, 0.0, 0))


# --- Ctrl-C and TERM, in each phase


def interrupted(handler: Handler | None, ending: signal.Signals, *words: str, https: bool = False) -> tuple[int, dict]:
    """Send the signal once the exchange is under way; the exit code, and the document."""
    place = responder(handler) if handler else deaf()
    with place as peer:
        where = f"http{'s' * https}://localhost:{peer.port}/"
        with started("http", "--json", "--resolve", f"localhost:{peer.port}:{peer.host}", *words, where) as process:
            let_run(process, 0.6)
            process.send_signal(ending)
            ended = clean(finish(process))
    assert ended.err == b""
    return ended.code, json.loads(ended.out)


PHASES = {
    "connect": None,
    "tls": pause(5),
    "send": pause(5),
    "wait": script(ASKED, pause(5)),
    "receive": script(ASKED, say(HEAD + b"gr"), pause(5)),
}


@pytest.mark.parametrize(("ending", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("phase", PHASES)
def test_a_signal_ends_each_phase(phase: str, ending: signal.Signals, code: int, tmp_path: Path) -> None:
    words: tuple[str, ...] = ()
    if phase == "send":
        large = tmp_path / "large"
        large.write_bytes(bytes(32 << 20))
        words = ("-T", str(large)) if "-T" in help_of("http") else ("-d", f"@{large}")
    got, found = interrupted(PHASES[phase], ending, *words, https=phase == "tls")
    assert (got, found["error"]["kind"], found["error"]["phase"]) == (code, "interrupted", phase)
    if phase == "receive":
        assert found["response"]["body"] | {"sha256": ""} == {
            "media_type": "text/plain", "size": 2, "text": "gr", "base64": None, "json": None, "parse_ms": None, "truncated": True,
            "sha256": "", "file": None,
        }  # fmt: skip


def help_of(name: str) -> str:
    return piped(name, "--help").out.decode()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_the_content_so_far(ending: signal.Signals) -> None:
    with responder(script(ASKED, say(HEAD + b"gr"), pause(5))) as peer, started("http", f"http://{peer.host}:{peer.port}/") as process:
        assert process.stdout
        assert os.read(process.stdout.fileno(), 100) == b"gr"
        process.send_signal(ending)
        ended = clean(finish(process))
    assert ended.code == (130 if ending == signal.SIGINT else 143)
    assert b"interrupted" in ended.err or b"ended by signal 15" in ended.err


def test_a_signal_while_names_are_looked_up() -> None:
    with started("http", "--json", "http://name.invalid/") as process:
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        ended = clean(finish(process))
    assert ended.code in (3, 130)  # a resolver may be quicker


def test_a_signal_at_any_moment_of_the_start() -> None:
    """Before the first line of ours runs the interpreter itself answers; never a traceback after that."""
    for delay in (0.03, 0.04, 0.06, 0.1):
        with responder(script(ASKED, pause(5))) as peer, started("http", f"http://{peer.host}:{peer.port}/") as process:
            time.sleep(delay)
            process.send_signal(signal.SIGTERM)
            ended = finish(process)
            assert b"Traceback" not in ended.all
            assert ended.code in (143, -15)


def test_serve_ends_with_a_signal() -> None:
    for ending in (signal.SIGINT, signal.SIGTERM):
        with started("serve", "tcp", "--json") as process:
            assert process.stdout
            assert select.select([process.stdout], [], [], 10)[0]
            process.send_signal(ending)
            assert clean(finish(process)).code in (0, 130, 143)


# --- streams that are closed, or full


@pytest.mark.parametrize("style", FORMATS)
def test_a_closed_pipe_ends_it_quietly(style: str, url: str) -> None:
    ended = shell('{ "$@"; echo $? >&2; } | true', "http", "--format", style, url)
    assert (ended.out, ended.err) == (b"", b"0\n")


@pytest.mark.parametrize("words", [("--help",), ("http", "--help"), ("explain", "404"), ("schema",), ("--version",), ("demo",)])
def test_a_closed_pipe_ends_a_tool_quietly(words: tuple[str, ...]) -> None:
    ended = shell('{ "$@"; echo $? >&2; } | true', *words)
    assert (ended.out, ended.err) == (b"", b"0\n")


def test_a_long_answer_into_head() -> None:
    body = b"line\n" * 200_000
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    with responder(script(ASKED, say(head + body), end, hear_end)) as peer:
        ended = shell('{ "$@"; echo $? >&2; } | head -1', "http", f"http://{peer.host}:{peer.port}/")
    assert (ended.out, ended.err) == (b"line\n", b"0\n")


@pytest.mark.parametrize("style", FORMATS)
def test_a_full_disk(style: str, url: str) -> None:
    ended = shell('"$@" > /dev/full', "http", "--format", style, url)
    assert ended.code == 9
    assert b"cannot write to standard output: no space left on device\n" in ended.err
    assert ended.err.count(b"\n") == 1 or style == "raw"  # which prints while it receives: the exchange failed


@pytest.mark.parametrize("words", [("--help",), ("http", "--help"), ("explain", "404"), ("schema",), ("--version",), ("demo",)])
def test_a_full_disk_under_a_tool(words: tuple[str, ...]) -> None:
    ended = shell('"$@" > /dev/full', *words)
    assert (ended.code, ended.err) == (9, b"rrcli: cannot write to standard output: no space left on device\n")


def test_a_full_disk_under_the_file(url: str) -> None:
    ended = shell('"$@"', "http", "-o", "/dev/full", url)
    assert (ended.code, ended.out) == (9, b"")
    assert b"/dev/full: no space left on device" in ended.err


@pytest.mark.parametrize("style", FORMATS)
def test_standard_output_closed(style: str, url: str) -> None:
    ended = shell('"$@" >&-', "http", "--format", style, url)
    assert ended.code == 9
    assert b"cannot write to standard output: bad file descriptor\n" in ended.err


def test_serve_with_standard_output_closed() -> None:
    for words in (("serve", "tcp"), ("serve", "tcp", "--json"), ("serve", "--faults")):
        assert shell('timeout 10 "$@" >&-', *words).code == 9


@pytest.mark.parametrize("closed", ["<&-", "2>&-", "<&- 2>&-", "<&- >&- 2>&-"])
def test_streams_closed(closed: str, url: str) -> None:
    ended = shell(f'"$@" {closed}', "http", "--json", url)
    if ">&- 2" in closed:
        assert (ended.code, ended.all) == (9, b"")
    else:
        assert (ended.code, ended.err) == (0, b"")
        assert json.loads(ended.out)["response"]["body"]["text"] == TEXT.decode()


def test_a_failure_with_no_place_to_tell_it() -> None:
    assert shell('"$@" 2>&-', "tcp", "127.0.0.1:1").code == 4
    assert shell('"$@" 2>/dev/full', "tcp", "127.0.0.1:1").code == 4
    assert shell('"$@" 2>&-', "nonsense").code == 2


def test_nothing_to_read_where_it_was_asked_for(url: str) -> None:
    assert shell('"$@" <&-', "http", "-d", "@-", url).code in (0, 9)
    assert shell('"$@" </nonexistent || exit 3', "http", url).code in (2, 3)


# --- homes, folders, variables


@pytest.mark.parametrize("home", [None, "", "/nonexistent", "/proc", "/dev/null"])
def test_homes(home: str | None, url: str) -> None:
    ended = clean(piped("http", url, env={"HOME": home, "XDG_CONFIG_HOME": home}))
    assert (ended.code, ended.out, ended.err) == (0, TEXT, b"")


def test_an_empty_environment(url: str) -> None:
    done = subprocess.run(command(("http", url)), capture_output=True, check=False, cwd=Path(__file__).parents[1], env={}, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, TEXT, b"")


@pytest.mark.parametrize("style", ["pretty", "json", "raw"])
@pytest.mark.parametrize("term", [None, "", "dumb", "unknown", "xterm"])
def test_terminals(term: str | None, style: str, url: str) -> None:
    ended = clean(on_terminal("http", "--format", style, url, env={"TERM": term}))
    assert ended.code == 0
    assert "→x".encode() in ended.out if style != "json" else json.loads(ended.out)


LOCALES = ("C", "POSIX", "en_US.ISO-8859-1", "de_DE.ISO-8859-15", "ja_JP.SJIS", "nonsense")


def in_locale(locale: str) -> dict[str, str | None]:
    return {"LC_ALL": locale, "LANG": locale, "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("style", FORMATS)
def test_locales(locale: str, style: str, url: str) -> None:
    ended = clean(piped("http", "--format", style, f"{url}ü", "-H", "X: grün", env=in_locale(locale)))
    assert ended.code == 0
    assert ended.out.decode()  # UTF-8
    if style in ("raw", "pretty"):
        assert TEXT.split(b"\n")[0] in ended.out


@pytest.mark.parametrize("locale", LOCALES)
def test_locales_of_a_tool(locale: str) -> None:
    for words in (("--help",), ("explain", "404"), ("nonsensé",)):
        assert clean(piped(*words, env=in_locale(locale))).code in (0, 2)


@pytest.mark.parametrize(
    "python", [("-X", "utf8=0"), ("-X", "utf8=1"), ("-O",), ("-OO",), ("-W", "error"), ("-B",), ("-E",), ("-bb",), ("-X", "dev")]
)
def test_interpreters(python: tuple[str, ...], url: str) -> None:
    root = Path(__file__).parents[1]
    for words in (("http", url), ("http", "--json", url), ("http", "--format", "pretty", "-v", url), ("--help",), ("explain", "exit", "6")):
        ended = clean(piped(*words, python=python, cwd=root))
        assert (ended.code, ended.err) == (0, b""), ended.err.decode()
    assert clean(piped("nonsense", python=python, cwd=root)).code == 2


def test_no_assertion_is_relied_on() -> None:
    """What is refused is refused without assertions, too."""
    lines = (("http",), ("http", "--timeout", "x", "h"), ("tcp", "h"), ("dns",), ("redis", "--nope"), ("http", "h", "-H", "a\nb: c"))
    for words in lines:
        plain, optimised = piped(*words), piped(*words, python=("-OO",))
        assert (optimised.code, optimised.out, optimised.err) == (2, plain.out, plain.err)


@pytest.mark.parametrize("columns", ["0", "1", "2", "19", "100000", "-5", "x", "", " 80", "９９", "1e3", "9" * 30])
def test_widths(columns: str, url: str) -> None:
    for words in (
        ("http", "--format", "pretty", "-v", "--wire", url),
        ("--help",),
        ("http", "--help"),
        ("explain", "404"),
        ("explain", "exit", "6"),
    ):
        ended = clean(piped(*words, env={"COLUMNS": columns}))
        assert (ended.code, ended.err) == (0, b"")
        assert len(ended.out) < 200_000


@pytest.mark.parametrize("columns", [0, 1, 5, 20, 5000])
def test_widths_of_the_terminal(columns: int, url: str) -> None:
    ended = clean(on_terminal("http", "-v", "--wire", url, columns=columns))
    assert ended.code == 0


def test_colours(url: str) -> None:
    def coloured(env: dict[str, str | None], *words: str, run: Callable[..., Ended] = piped) -> bool:
        return b"\x1b[" in clean(run("http", "--format", "pretty", *words, url, env=env)).out

    terminal = {"TERM": "xterm", "NO_COLOR": None}
    assert coloured(terminal, run=on_terminal)
    assert not coloured({**terminal, "NO_COLOR": "1"}, run=on_terminal)
    assert coloured({**terminal, "NO_COLOR": ""}, run=on_terminal)  # empty means unset: https://no-color.org
    assert not coloured({**terminal, "TERM": "dumb"}, run=on_terminal)
    assert not coloured({})
    assert coloured({"FORCE_COLOR": "1"})
    assert not coloured({"FORCE_COLOR": "1", "NO_COLOR": "1"})
    assert coloured({"NO_COLOR": "1"}, "--color=always")
    assert not coloured({"FORCE_COLOR": "1"}, "--color=never")
    for style in ("json", "ndjson", "raw"):
        assert b"\x1b" not in piped("http", "--format", style, "--color=always", url, env={"FORCE_COLOR": "1"}).out


def test_the_format_of_the_environment(url: str) -> None:
    def run(*words: str, **env: str) -> Ended:
        return clean(piped("http", *words, url, env=env))

    assert json.loads(run(RRCLI_FORMAT="json").out)["outcome"] == "ok"
    assert run(RRCLI_FORMAT="").out == TEXT
    assert run("--format", "raw", RRCLI_FORMAT="json").out == TEXT
    assert json.loads(run("--json", RRCLI_FORMAT="pretty").out)["outcome"] == "ok"
    assert run(RRCLI_FORMAT="json", RRCLI_NO_CONFIG="1").out == TEXT
    assert run(RRCLI_FORMAT="nonsense", RRCLI_NO_CONFIG="1").out == TEXT
    wrong = run(RRCLI_FORMAT="jsn")
    assert (wrong.code, wrong.out) == (2, b"")
    assert wrong.err.startswith(b"rrcli: RRCLI_FORMAT: 'jsn' is not one of pretty, body, raw, json, ndjson, har, curl, mermaid")


# --- limits of the system


def test_a_folder_that_is_gone(tmp_path: Path, url: str) -> None:
    gone = tmp_path / "gone"
    line = f'mkdir {gone}; cd {gone}; rmdir {gone}; "$@"'
    assert shell(line, "http", url).out == TEXT
    assert shell(line, "http", "--json", url).code == 0
    assert shell(line, "--help").code == 0
    ended = shell(line, "http", "-o", "file", url)
    assert (ended.code, b"cannot write file: no such file or directory" in ended.err) == (9, True)


def test_a_folder_that_may_not_be_written(tmp_path: Path, url: str) -> None:
    if os.geteuid() == 0:
        ended = piped("http", "-o", "/proc/file", url)
    else:
        tmp_path.chmod(0o500)
        ended = piped("http", "-o", str(tmp_path / "file"), url)
    assert (clean(ended).code, ended.out) == (9, b"")


@pytest.mark.parametrize("limit", [4, 5, 6, 8, 12])
def test_few_descriptors(limit: int, url: str) -> None:
    def lower() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

    done = subprocess.run(
        command(("http", "--json", url)), capture_output=True, check=False, env=environment(), timeout=30, preexec_fn=lower
    )  # fmt: skip
    ended = Ended(done.returncode, done.stdout, done.stderr, 0.0, 0)
    if limit > 5:
        clean(ended)
    assert ended.code in (0, 1, 3, 4, 9), ended.err.decode()


def test_byte_code_that_may_not_be_written(url: str) -> None:
    assert clean(piped("http", url, env={"PYTHONPYCACHEPREFIX": "/proc/nowhere"})).out == TEXT


def test_a_file_that_is_saved_has_the_mode_that_the_umask_leaves(tmp_path: Path, url: str) -> None:
    file = tmp_path / "file"
    old = os.umask(0o027)
    try:
        assert clean(piped("http", "-o", str(file), url)).code == 0
    finally:
        os.umask(old)
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (TEXT, 0o640)


def test_signals_in_tls(ca: Authority) -> None:
    with responder(over_tls(ca.good, script(ASKED, say(HEAD + b"gr"), pause(5)))) as peer:  # noqa: SIM117
        with started("http", "--json", "--cacert", str(ca.root), f"https://localhost:{peer.port}/") as process:
            let_run(process, 0.6)
            process.send_signal(signal.SIGINT)
            ended = clean(finish(process))
    assert (ended.code, json.loads(ended.out)["response"]["body"]["text"]) == (130, "gr")


def test_run_as_a_module_and_in_another_program(url: str) -> None:
    """The entry point returns its code and never ends the program it is called in."""
    line = f"from rrcli.__main__ import main; print(main(['http', '--quiet', {url!r}]), main(['nonsense']))"
    done = subprocess.run([sys.executable, "-c", line], capture_output=True, check=False, env=environment(), timeout=30)
    assert (done.returncode, done.stdout) == (0, b"0 2\n")
