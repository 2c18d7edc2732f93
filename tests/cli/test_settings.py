"""Settings beside a command line: what holds, what is passed over, and whom an environment's credentials reach."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from peers.ca import Authority
from peers.nginx import PASSWORD, USER, Nginx
from peers.recorder import Recorder, recorder
from peers.redis_server import Redis
from peers.script import hear, over_tls, responder, say, script

from rrcli.__main__ import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command line; its exit code and what it printed."""
    monkeypatch.delenv("RRCLI_FORMAT", raising=False)

    def run(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return run


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Write the settings file; its path."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    def write(text: str) -> Path:
        (tmp_path / "rrcli").mkdir(exist_ok=True)
        (tmp_path / "rrcli" / "rrcli.toml").write_text(text)
        return tmp_path / "rrcli" / "rrcli.toml"

    return write


@pytest.fixture
def web() -> Iterator[Recorder]:
    with recorder() as recording:
        yield recording


@pytest.fixture
def other() -> Iterator[Recorder]:
    with recorder() as recording:
        yield recording


def fields(request: bytes) -> dict[str, str]:
    """The fields of a request by their names in lower case."""
    lines = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def url(peer: Recorder, path: str = "/", host: str = "127.0.0.1") -> str:
    return f"http://{host}:{peer.port}{path}"


STAGING = """
[env.staging]
base-url = "http://127.0.0.1:{port}/api/"
header = ["Authorization: Bearer sesame", "X-Tenant: 7"]
"""


def test_a_path_is_put_behind_the_base_url_with_the_fields_of_the_environment(run: Run, write: Any, web: Recorder) -> None:
    write(STAGING.format(port=web.port))
    for words in (("/users",), ("GET", "/users")):
        assert run("http", *words, "--env", "staging") == (0, "ok", "")
        request = web.take()
        assert request.startswith(b"GET /api/users HTTP/1.1\r\n")
        assert (fields(request)["authorization"], fields(request)["x-tenant"]) == ("Bearer sesame", "7")


@pytest.mark.parametrize(
    "words", [("curl", "-s", "--env", "staging", "/users"), ("http", "--from-curl", "curl -s /users", "--env", "staging")]
)
def test_a_copied_curl_command_may_have_a_path_too(run: Run, write: Any, web: Recorder, words: tuple[str, ...]) -> None:
    write(STAGING.format(port=web.port))
    assert run(*words) == (0, "ok", "")
    request = web.take()
    assert (request.partition(b" HTTP")[0], fields(request)["x-tenant"]) == (b"GET /api/users", "7")


def test_the_variable_names_the_environment_too(run: Run, write: Any, web: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    write(STAGING.format(port=web.port))
    monkeypatch.setenv("RRCLI_ENV", "staging")
    assert run("http", "/users") == (0, "ok", "")
    assert fields(web.take())["x-tenant"] == "7"
    monkeypatch.setenv("RRCLI_NO_CONFIG", "1")
    assert run("http", url(web))[0] == 0
    assert "x-tenant" not in fields(web.take())


def test_a_whole_url_of_the_same_origin_gets_them_and_no_other_does(run: Run, write: Any, web: Recorder, other: Recorder) -> None:
    write(STAGING.format(port=web.port))
    assert run("http", "--env", "staging", url(web, "/x")) == (0, "ok", "")
    assert fields(web.take())["authorization"] == "Bearer sesame"
    for address in (url(other), url(web, host="localhost")):
        code, out, err = run("http", "--env", "staging", address)
        assert (code, out) == (0, "ok")
        assert err == f"rrcli: note: header of [env.staging] not sent: it goes to http://127.0.0.1:{web.port}/api/ alone\n"
        request = (web if other.requests == [] else other).take()
        assert not {"authorization", "x-tenant"} & fields(request).keys()


@pytest.mark.parametrize("follow", ["-L", "--location-trusted"])
def test_no_redirect_takes_them_to_another_origin(run: Run, write: Any, web: Recorder, other: Recorder, follow: str) -> None:
    write(STAGING.format(port=web.port))
    web.answer = f"HTTP/1.1 302 Found\r\nLocation: {url(other)}\r\nContent-Length: 0\r\n\r\n".encode()
    assert run("http", "--env", "staging", "/x", follow, "-H", "X-Own: 1")[:2] == (0, "ok")
    got = fields(other.take())
    assert not {"authorization", "x-tenant"} & got.keys()
    assert got["x-own"] == "1"


def test_no_redirect_shows_the_certificate_of_an_environment_to_another_origin(run: Run, write: Any, nginx: Nginx, ca: Authority) -> None:
    there = nginx.https("/status/200", server="client_required")
    answer = f"HTTP/1.1 302 Found\r\nLocation: {there}\r\nContent-Length: 0\r\n\r\n".encode()
    with responder(over_tls(ca.good, script(hear(b"\r\n\r\n"), say(answer)))) as peer:
        for env in (f"cert = '{ca.client.chain}'\nkey = '{ca.client.key}'", ""):
            write(f"[env.e]\nbase-url = 'https://localhost:{peer.port}'\n{env}\n[defaults]\ncacert = '{ca.root}'\n")
            typed = () if env else ("--cert", str(ca.client.chain), "--key", str(ca.client.key))
            assert run("http", "--env", "e", "/", "-L", "-q", *typed)[0] == (1 if env else 0)  # nginx answers 400 without one


def test_an_environment_without_a_base_url_sends_its_fields_nowhere(run: Run, write: Any, web: Recorder) -> None:
    write("[env.x]\nheader = 'X-Tenant: 7'\n")
    _, _, err = run("http", "--env", "x", url(web))
    assert err == "rrcli: note: header of [env.x] not sent: [env.x] has no base-url that says where it may go\n"
    assert "x-tenant" not in fields(web.take())


def test_what_is_typed_wins_field_by_field(run: Run, write: Any, web: Recorder) -> None:
    far, near = "header = ['X-A: far', 'X-C: far']", "header = ['Authorization: Bearer sesame', 'X-A: env', 'X-B: env']"
    write(f"[defaults]\n{far}\n[env.staging]\nbase-url = '{url(web)}'\n{near}\n")
    assert run("http", "--env", "staging", "/x", "-H", "authorization: Basic eDp5", "X-B:typed")[0] == 0
    request = web.take()
    got = fields(request)
    assert (got["authorization"], got["x-a"], got["x-b"], got["x-c"]) == ("Basic eDp5", "env", "typed", "far")
    assert request.lower().count(b"\r\nx-a:") == request.lower().count(b"\r\nauthorization:") == 1


def test_a_user_who_is_typed_wins_over_the_field_of_the_environment(run: Run, write: Any, web: Recorder) -> None:
    write(STAGING.format(port=web.port))
    assert run("http", "--env", "staging", "/x", "-u", "ann:x")[0] == 0
    assert fields(web.take())["authorization"] == "Basic YW5uOng="


def test_a_user_in_the_typed_url_wins_too(run: Run, write: Any, web: Recorder) -> None:
    write(f"{STAGING.format(port=web.port)}[env.staging.http]\nuser = 'env:env'\n")
    assert run("http", "--env", "staging", f"http://ann:x@127.0.0.1:{web.port}/")[0] == 0
    assert fields(web.take())["authorization"] == "Basic YW5uOng="


def test_credentials_of_an_environment_reach_a_real_server(run: Run, write: Any, nginx: Nginx) -> None:
    write(f"[env.prod]\nbase-url = '{nginx.url('')}'\n[env.prod.http]\nuser = '{USER}:{PASSWORD}'\nlocation = true\n")
    assert json.loads(run("http", "--env", "prod", "/private")[1]) == {"user": USER}
    assert json.loads(run("--env", "prod", nginx.url("/private"))[1]) == {"user": USER}
    code, _, err = run("http", "--env", "prod", f"http://localhost:{nginx.port}/private")
    assert code == 1
    assert "user of [env.prod] not sent" in err


def test_the_password_of_an_environment_is_for_its_own_redis(run: Run, write: Any, redis_acl: Redis, redis: Redis) -> None:
    write(f"[env.prod.redis]\nbase-url = '{redis_acl.url()}'\npassword = 'hunter2'\n")
    assert run("redis", "--env", "prod", redis_acl.url(), "PING") == (0, "PONG\n", "")
    code, out, err = run("redis", "--env", "prod", redis.url(), "PING")
    assert (code, out) == (0, "PONG\n")
    assert err.startswith("rrcli: note: password of [env.prod] not sent: it goes to redis://")
    assert run("redis", "--env", "prod", "/0", "ECHO", "/x") == (0, "/x\n", "")


def test_words_of_data_are_no_paths(run: Run, write: Any, redis: Redis) -> None:
    write("[env.web]\nbase-url = 'https://web.test'\n")
    assert run("redis", "--env", "web", redis.url(), "ECHO", "/x") == (0, "/x\n", "")


# --- defaults


def test_a_default_holds_until_something_nearer_is_said(run: Run, write: Any, web: Recorder) -> None:
    write("[defaults]\nquery = 'response.body.text'\n[defaults.http]\nquery = 'response.status.code'\n[env.e]\nquery = 'protocol'\n")
    assert run("http", url(web))[1] == "200\n"
    assert run("http", url(web), "--env", "e")[1] == "http\n"
    assert run("http", url(web), "--env", "e", "--query", "response.framing")[1] == "content-length\n"
    assert run("sse", url(web), "--ok", "any")[1] != "200\n"


def test_the_variable_of_the_format_stands_between_environment_and_defaults(
    run: Run, write: Any, web: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("[defaults]\njson = true\n[env.e]\nformat = 'json'\n")
    monkeypatch.setenv("RRCLI_FORMAT", "raw")
    assert run("http", url(web))[1] == "ok"
    assert json.loads(run("http", url(web), "--env", "e")[1])["protocol"] == "http"


def test_a_default_that_a_command_cannot_have_is_passed_over(run: Run, write: Any, redis: Redis) -> None:
    write("[defaults]\nheader = 'X-A: 1'\nall-addresses = true\n")
    assert run("redis", "--unix-socket", str(redis.unix_socket), "PING")[:2] == (0, "PONG\n")


@pytest.mark.parametrize(
    ("defaults", "words"),
    [
        ("format = 'raw'", ["--json"]),
        ("json = true", ["--format", "json"]),
        ("repeat = 3", ["--until", "status == 200", "--json"]),
        ("output = 'x'", ["--repeat", "2", "--json"]),
    ],
)
def test_a_default_that_an_option_beside_it_excludes_is_passed_over(
    run: Run, write: Any, web: Recorder, defaults: str, words: list[str]
) -> None:
    write(f"[defaults]\n{defaults}\ntimeout = '9s'\n")
    code, out, err = run("http", url(web), *words)
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert "--timeout" in (document.get("command") or document["first"]["command"])  # the others still hold


def test_a_default_that_another_of_the_protocols_options_excludes_is_passed_over(run: Run, write: Any, web: Recorder) -> None:
    write("[defaults.http]\nhttp2 = true\nbearer = 'x'\n")
    assert run("http", url(web), "-u", "ann:x") == (0, "ok", "")
    assert fields(web.take())["authorization"] == "Basic YW5uOng="


def test_a_default_that_only_sending_finds_impossible_is_passed_over_alone(run: Run, write: Any, redis: Redis) -> None:
    write("[defaults]\nformat = 'json'\nidempotency-key = 'auto'\ntimeout = '9s'\n")
    code, out, err = run("redis", redis.url(), "PING")
    assert (code, err) == (0, "")
    assert json.loads(out)["command"] == ["redis", "--timeout", "9", redis.url(), "PING"]
    assert run("redis", "--idempotency-key", "x", redis.url(), "PING")[0] == 2


def test_what_was_typed_is_a_usage_error_all_the_same(run: Run, write: Any, web: Recorder) -> None:
    write("[defaults]\ntimeout = '9s'\n")
    code, _, err = run("http", url(web), "--json", "--format", "raw")
    assert (code, err) == (2, "rrcli: --json and --format raw exclude each other\n")
    assert web.requests == []


def test_false_takes_a_default_away(run: Run, write: Any, web: Recorder) -> None:
    write("[defaults]\njson = true\n[env.e]\njson = false\n")
    assert run("http", url(web), "--env", "e")[1] == "ok"


def test_a_file_lies_beside_the_settings_and_a_missing_one_is_told_with_its_place(
    run: Run, write: Any, nginx: Nginx, ca: Authority
) -> None:
    path = write("[defaults]\ncacert = 'root.pem'\n")
    code, _, err = run("http", nginx.https())
    assert (code, err) == (2, f"{path}:2:10: cacert: there is no file {path.parent / 'root.pem'}\n")
    (path.parent / "root.pem").write_bytes(Path(ca.root).read_bytes())
    assert run("http", nginx.https("/status/200"))[0] == 0


def test_a_wrong_file_stops_every_command_before_anything_is_sent(run: Run, write: Any, web: Recorder) -> None:
    path = write("[defaults]\ntimout = '1s'\n[env.x]\nretry = -1\n")
    code, out, err = run("http", url(web))
    assert (code, out, web.requests) == (2, "", [])
    assert err == f"{path}:2:1: no option timout; did you mean timeout?\n{path}:4:9: retry: '-1' is no whole number\n"


def test_the_readme_shows_a_file_that_is_right(run: Run, write: Any) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    examples = re.findall(r"^```toml\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    example = next(each for each in examples if "[defaults]" in each)
    write(example)
    assert run("config", "--env", "staging")[0] == 0


def test_the_document_says_what_was_sent_without_the_environment(run: Run, write: Any, web: Recorder) -> None:
    write(STAGING.format(port=web.port))
    document = json.loads(run("http", "--env", "staging", "/x", "--json")[1])
    shown = ["--header", "Authorization: Bearer ‹secret›", "--header", "X-Tenant: 7"]
    assert document["command"] == ["http", *shown, f"http://127.0.0.1:{web.port}/api/x"]
