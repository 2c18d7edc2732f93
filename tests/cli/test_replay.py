"""`rrcli replay`: what was saved is sent again, byte for byte, and its answers are compared with those that were saved."""

from __future__ import annotations

import base64
import json
import shlex
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from peers.http2 import Http2Peer
from peers.recorder import recorder
from peers.redis_server import Redis

from rrcli.__main__ import main
from rrcli.engine import registry
from rrcli.engine.catalogue import responders
from rrcli.responders.serve import addresses, start, stop

Run = Callable[..., tuple[int, str, str]]
CATALOGUE = responders()
STEPS = {entry.name: demo[0] for entry in registry.PROTOCOLS if (demo := entry.load_manifest().demo)}
TOKEN = "tok-31415926"
SETTINGS_ACK = bytes.fromhex("000000040100000000")  # which leaves before or after the end of the answer


@pytest.fixture(scope="module")
def where() -> Iterator[dict[str, str]]:
    running = start(CATALOGUE)
    yield addresses(CATALOGUE, running)
    stop(running)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    def run(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return run


def save(run: Run, name: str, *words: str) -> dict[str, Any]:
    command, *rest = words
    _, out, err = run(command, "--json", *rest)
    assert out, err
    Path(name).write_text(out, "utf-8")
    found: dict[str, Any] = json.loads(out)
    return found


# --- the same again


@pytest.mark.parametrize("name", STEPS)
def test_what_every_protocol_saves_is_sent_again(name: str, where: dict[str, str], run: Run) -> None:
    base = where[CATALOGUE.responder_of(name)]
    command, *words = (word.format(where=where[name], base=base) for word in shlex.split(STEPS[name].line))
    saved = save(run, "a.json", command, "--json", *words)
    code, out, err = run("replay", "a.json", "--json")
    again = json.loads(out)
    assert (again["schema"], again["labels"]) == ("rrcli.set/1", ["a.json", "replay"])
    before, after = again["exchanges"] if saved["schema"] == "rrcli.exchange/1" else (each["exchanges"][0] for each in again["documents"])
    assert after["request"].keys() == before["request"].keys()
    assert after["command"] == before["command"]
    assert (code, {path["path"] for path in again["differences"]}) in ((0, set()), (1, {path["path"] for path in again["differences"]})), (
        err
    )


def test_all_bytes_are_the_same_and_the_answer_is_compared(run: Run) -> None:
    words = ["q==x y", 'text={{"\\', "n:=1.50", "X-Odd:  a ", "--timeout", "5s", "--http1.1"]
    with recorder() as peer:
        save(run, "a.json", "http", "PUT", f"http://127.0.0.1:{peer.port}/%7b?a=b", *words)
        code, out, _ = run("replay", "a.json")
        assert code == 0
        assert out.splitlines()[-1] == "✔ no difference"
        assert len(peer.requests) == 2
        assert len(set(peer.requests)) == 1
        peer.answer = peer.answer.replace(b"ok", b"no")
        code, out, _ = run("replay", "a.json", "--json")
        assert (code, json.loads(out)["differences"]) == (1, [{"path": "response.body.text", "values": ["ok", "no"]}])
        assert run("replay", "a.json", "-q")[::2] == (1, "rrcli: 1 difference: response.body.text\n")
        assert run("replay", "a.json", "-q", "--ignore", "body")[0] == 0
    code, out, err = run("replay", "a.json")
    assert (code, 'error.kind  null  "refused"' in out, "refused" in err) == (4, True, True)


def test_options_on_the_line_override(run: Run) -> None:
    with recorder() as peer:
        save(run, "a.json", "http", f"http://127.0.0.1:{peer.port}/", "-H", "A: 1", "-H", "B: 2", "--expect", "status == 200")
        peer.take()
        assert run("replay", "a.json", "-H", "a: 3", "-A", "me", "--http1.0", "--expect", "status == 404")[0] == 8
        request = peer.take()
        assert request.startswith(b"GET / HTTP/1.0\r\n")
        assert b"User-Agent: me\r\nAccept: */*\r\nB: 2\r\na: 3\r\n" in request
        code, _, err = run("replay", "--cert-status", "a.json")
        assert (code, "no option --cert-status" in err, peer.requests) == (2, True, [])


@pytest.mark.parametrize(
    ("target", "url"), [("http://127.0.0.1:PORT", "/a/b?c=d"), ("127.0.0.1:PORT", "/a/b?c=d"), ("http://127.0.0.1:PORT/v2/", "/v2/a/b?c=d")]
)
def test_another_target_keeps_the_path(target: str, url: str, run: Run) -> None:
    with recorder() as first:
        save(run, "a.json", "http", f"http://127.0.0.1:{first.port}/a/b?c=d")
    with recorder() as second:
        assert run("replay", "a.json", "--target", target.replace("PORT", str(second.port)))[0] == 0
        assert second.take().startswith(f"GET {url} HTTP/1.1\r\nHost: 127.0.0.1:{second.port}\r\n".encode())


@pytest.mark.parametrize(
    ("name", "words"), [("redis", ["PING"]), ("dns", ["www.rrcli.test"]), ("tcp", ["--send", "x\\n", "--read-lines", "1"])]
)
def test_another_target_of_other_protocols(name: str, words: list[str], where: dict[str, str], run: Run) -> None:
    place = {"redis": "redis://127.0.0.1:1", "dns": "@tcp://127.0.0.1:1", "tcp": "127.0.0.1:1"}[name]
    asked = [*words, place] if name == "dns" else [place, *words]
    assert save(run, "a.json", name, *asked)["error"]["kind"] == "refused"
    target = where[name] if "://" in where[name] else f"{'tcp' if name == 'dns' else name}://{where[name]}"
    code, out, _ = run("replay", "a.json", "--target", target, "--json")
    assert (code, json.loads(out)["exchanges"][1]["outcome"]) == (1, "ok")


# --- secrets


def test_masked_secrets_are_given_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = ["-H", f"Authorization: Bearer {TOKEN}", "-b", "sid=c00kie-1234"]
    with recorder() as peer:
        url = f"http://ann:p%40ss%2Fword@127.0.0.1:{peer.port}/?api_key=a%2Bb%26c-123"
        save(run, "a.json", "http", url, *headers, "-d", '{"user":"ann","passcode":"quo\\"te-123"}', "-H", "Content-Type: application/json")
        sent = peer.take()
        assert TOKEN not in Path("a.json").read_text("utf-8")
        code, out, err = run("replay", "a.json")
        assert (code, out, peer.requests) == (2, "", [])
        wanted = "authorization (--header), passcode (--data), sid (--cookie), password (in the URL), api_key (in the URL)"
        assert set(wanted.split(", ")) <= set(" ".join(err.split()).split("needed: ")[1].split(" --secret")[0].split(", "))
        assert "--secret authorization=VARIABLE" in err
        variables = {"AUTH": TOKEN, "SID": "c00kie-1234", "KEY": "a%2Bb%26c-123", "PASS": "p@ss/word", "JSON": 'quo"te-123'}
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        given = ["--secret", "Authorization=AUTH", "--secret", "sid=SID", "--secret", "api-key=KEY", "--secret", "passcode=JSON"]
        code, _, err = run("replay", "a.json", *given, "--secret", "pasword=PASS")
        assert (code, "pasword is none; did you mean password?" in " ".join(err.split())) == (2, True)
        assert run("replay", "a.json", *given, "--secret", "password=PASS")[0] == 0
        assert peer.take() == sent


def test_a_token_may_be_given_with_its_scheme_and_a_bearer_by_the_name_of_its_field(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOK", f"Bearer {TOKEN}")
    monkeypatch.setenv("BARE", TOKEN)
    with recorder() as peer:
        save(run, "a.json", "http", f"http://127.0.0.1:{peer.port}/", "-H", f"Authorization: Bearer {TOKEN}")
        save(run, "b.json", "http", f"http://127.0.0.1:{peer.port}/", "--bearer", TOKEN)
        assert run("replay", "a.json", "--secret", "authorization=TOK")[0] == 0
        assert run("replay", "b.json", "--secret", "authorization=BARE")[0] == 0
        assert [f"Authorization: Bearer {TOKEN}".encode() in each for each in peer.requests] == [True] * 4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--secret", "authorization=NOT_SET"], "not set in the environment: NOT_SET (of authorization)"),
        (["--secret", "authorization"], "is not NAME=VARIABLE"),
        (["--secret", "token=HOME", "--secret", "authorization=HOME"], "--secret token: a.json has no such place"),
    ],
)
def test_what_is_wrong_with_a_secret_is_said(words: list[str], message: str, run: Run) -> None:
    with recorder() as peer:
        save(run, "a.json", "http", f"http://127.0.0.1:{peer.port}/", "-H", f"Authorization: Bearer {TOKEN}")
        peer.take()
        code, _, err = run("replay", "a.json", *words)
        assert (code, message in " ".join(err.split()), peer.requests) == (2, True, [])


def test_a_document_with_its_secrets_needs_none_and_shows_none(run: Run) -> None:
    with recorder() as peer:
        _, out, _ = run("http", f"http://127.0.0.1:{peer.port}/", f"Authorization:Bearer {TOKEN}", "--json", "--show-secrets")
        Path("a.json").write_text(out, "utf-8")
        code, out, _ = run("replay", "a.json", "--json")
        assert (code, TOKEN in out) == (0, False)
        assert len(set(peer.requests)) == 1


# --- what cannot be sent again


def test_content_that_was_not_kept_is_told(run: Run) -> None:
    with recorder() as peer:
        saved = save(run, "a.json", "http", f"http://127.0.0.1:{peer.port}/")
        Path("a.json").write_text(json.dumps({**saved, "command": None}), "utf-8")
        peer.take()
        code, _, err = run("replay", "a.json")
        assert (code, "its content was not kept" in " ".join(err.split()), peer.requests) == (2, True, [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.json is empty"),
        ("{", "a.json is no JSON"),
        ('{"a": 1}', "a.json is no document of rrcli: it has no schema of ours"),
        ('{"schema": "rrcli.exchange/2"}', "its schema is 'rrcli.exchange/2'; did you mean rrcli.exchange/1?"),
        ('{"schema": "rrcli.run/1", "steps": []}', "a.json has no exchange that can be sent again"),
        ('{"schema": "rrcli.set/1", "exchanges": [1]}', "a.json is no whole rrcli.set/1: exchanges[0] is no object"),
        ('{"schema": "rrcli.exchange/1", "protocol": "http", "request": {}, "outcome": "ok", "command": ["htp"]}', "no command 'htp'"),
        ('{"schema": "rrcli.exchange/1", "protocol": "http", "request": {}, "outcome": "ok", "command": 1.5}', "no list of words"),
        ('{"schema": "rrcli.exchange/1", "protocol": "http", "request": {}, "outcome": "ok", "command": ["http"]}', "URL is missing"),
        ('{"schema": "rrcli.series/1", "timing": {}, "first": null}', "a.json has no exchange that can be sent again"),
        ('{"log": {"entries": []}}', "a.json has no exchange that can be sent again"),
        ('{"log": {"entries": [{"request": {}}]}}', "the archive is broken: log.entries[0]: KeyError 'url'"),
    ],
)
def test_what_is_no_document_is_told(text: str, message: str, run: Run) -> None:
    Path("a.json").write_text(text)
    code, _, err = run("replay", "a.json")
    assert (code, message in " ".join(err.split())) == (2, True), err


# --- many


PLAN = """[[step]]
name = "set"
redis = "URL"
args = ["SET", "k", "v"]
[[step]]
name = "incr"
redis = "URL"
args = ["INCR", "n"]
[[step]]
name = "skipped"
when = "run.failed"
redis = "URL"
args = ["DEL", "k"]
"""


def test_a_run_is_sent_again_step_by_step(run: Run, redis: Redis) -> None:
    url = f"redis://127.0.0.1:{redis.port}"
    Path("p.toml").write_text(PLAN.replace("URL", url))
    run("redis", url, "DEL", "n")
    save(run, "r.json", "run", "p.toml")
    code, out, _ = run("replay", "r.json", "--json", "--report", "junit=j.xml")
    found = json.loads(out)
    assert (code, found["schema"], found["ok"], found["exit_code"]) == (1, "rrcli.run/1", False, 1)
    assert [(step["name"], step["outcome"], step["differences"]) for step in found["steps"]] == [
        ("set", "passed", []), ("incr", "failed", [{"path": "response.data.value", "values": [1, 2]}]),
    ]  # fmt: skip
    assert 'message="differs: response.data.value"' in Path("j.xml").read_text()
    code, out, _ = run("replay", "r.json")
    assert [line.split()[:2] for line in out.splitlines() if line] == [
        ["✔", "set"], ["✘", "incr"], ["✘", "incr"], ["response.data.value", "1"], ["✘", "1"],
    ]  # fmt: skip


def test_of_a_run_those_steps_are_led_to_another_target_that_it_is_for(run: Run, redis: Redis) -> None:
    with recorder() as first, recorder() as second:
        text = PLAN.split('[[step]]\nname = "incr"')[0].replace("URL", f"redis://127.0.0.1:{redis.port}")
        Path("p.toml").write_text(f'{text}[[step]]\nhttp = "http://127.0.0.1:{first.port}/x"\n')
        save(run, "r.json", "run", "p.toml")
        code, _, err = run("replay", "r.json", "--target", f"http://127.0.0.1:{second.port}")
        assert (code, len(first.requests), len(second.requests)) == (0, 1, 1), err
        code, _, err = run("replay", "r.json", "--target", "nats://127.0.0.1:1")
        assert (code, "nothing in r.json was asked of such a server" in err) == (2, True)


def test_a_set_and_a_series(where: dict[str, str], run: Run) -> None:
    save(run, "s.json", "dns", "www.rrcli.test", "A", "AAAA", f"@{where['dns']}")
    assert run("replay", "s.json")[0] == 0
    save(run, "n.json", "http", f"{where['http']}/json", "--repeat", "3")
    code, out, _ = run("replay", "n.json", "--json", "--tolerance", "100000%")
    assert (code, [each["count"] for each in json.loads(out)["documents"]]) == (0, [3, 3])


def test_lines_and_documents_one_after_the_other(run: Run) -> None:
    with recorder() as peer:
        url = f"http://127.0.0.1:{peer.port}"
        whole = [run("http", f"{url}/{path}", "--json")[1] for path in "ab"]
        Path("two.json").write_text("".join(whole))
        Path("lines").write_text(run("http", f"{url}/a", "--format", "ndjson")[1])
        assert run("replay", "two.json")[1].splitlines()[-1].startswith("✔ no difference  ·  2 sent again")
        assert json.loads(run("replay", "lines", "--json")[1])["schema"] == "rrcli.set/1"


def test_an_entry_of_the_history(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "rrcli").mkdir()
    (tmp_path / "rrcli/rrcli.toml").write_text("history = true\n")
    with recorder() as peer:
        for path in "abc":
            run("http", f"http://127.0.0.1:{peer.port}/{path}")
        code, out, _ = run("replay", "@2", "--json")
        assert (code, json.loads(out)["labels"], json.loads(out)["exchanges"][1]["target"]["url"][-2:]) == (0, ["@2", "replay"], "/b")
        assert run("replay", "@4")[0] == 2
        assert len(peer.requests) == 4


# --- TLS, HTTP/2


@contextmanager
def tapped(port: int) -> Iterator[tuple[int, list[bytearray]]]:
    """A port that passes all on to another, and what clients sent, a connection each."""
    heard: list[bytearray] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def pump(source: socket.socket, sink: socket.socket, kept: bytearray) -> None:
            while data := source.recv(65536):
                kept += data
                sink.sendall(data)
            sink.close()

        def accept() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                heard.append(bytearray())
                upstream = socket.create_connection(("127.0.0.1", port))
                for ends in ((client, upstream, heard[-1]), (upstream, client, bytearray())):
                    threading.Thread(target=_quietly, args=(pump, *ends), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1], heard
        server.shutdown(socket.SHUT_RDWR)


def _quietly(function: Callable[..., None], *arguments: Any) -> None:
    try:
        function(*arguments)
    except OSError:
        return


def test_over_tls_the_name_the_protocol_and_the_bytes_are_the_same(run: Run, nghttpd: Http2Peer) -> None:
    with tapped(nghttpd.port) as (port, heard):
        words = ["--http2", "--resolve", f"shop.test:{port}:127.0.0.1", "-k", "--timeout", "5s", "--wire"]
        saved = save(run, "a.json", "http", f"https://shop.test:{port}/index.html", *words, "X-Odd: a b")
        code, out, err = run("replay", "a.json", "--json")
    assert code == 0, err
    before, after = json.loads(out)["exchanges"]
    assert [b"shop.test" in each and b"\x02h2" in each for each in heard] == [True, True]
    assert (after["connection"]["tls"]["alpn"], after["connection"]["tls"]["sni"]) == ("h2", "shop.test")
    sent = [
        b"".join(base64.b64decode(entry["base64"]) for entry in each["transcript"] if entry["direction"] == "sent")
        for each in (saved, after)
    ]
    assert sent[0].replace(SETTINGS_ACK, b"") == sent[1].replace(SETTINGS_ACK, b"")
    assert before["request"] == after["request"]
