"""`rrcli wait URL...`: until all answer, in parallel, whatever their scheme; else the layer at which each failed."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from peers.base import free_port
from peers.ca import Authority
from peers.nginx import Nginx
from peers.redis_server import Redis
from peers.script import Responder, hear, responder, say, script

from rrcli.__main__ import main
from rrcli.cli.commands import schema_text

Run = Callable[..., tuple[int, list[str], str]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def wait(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run it; its exit code, the lines on standard output, standard error."""
    monkeypatch.setenv("COLUMNS", "200")

    def wait(*words: str) -> tuple[int, list[str], str]:
        code = main(["wait", *words])
        out, err = capfdbinary.readouterr()
        return code, out.decode().splitlines(), err.decode()

    return wait


def url(peer: Responder) -> str:
    return f"http://{peer.host}:{peer.port}/"


def test_every_scheme_is_asked_what_its_protocol_has_for_that(wait: Run, nginx: Nginx, redis: Redis, ca: Authority) -> None:
    places = [nginx.url("/status/200"), nginx.https("/status/200"), redis.url(), f"tcp://{nginx.address}", f"unix://{redis.unix_socket}"]
    code, lines, err = wait("--cacert", str(ca.root), "--deadline", "9s", *places)
    assert (code, err) == (0, "")
    assert sorted(line.split("  ·  ")[:2] for line in lines) == sorted(
        [f"✔ {place}", said] for place, said in zip(places, ["200 OK", "200 OK", "OK", "connected", "connected"], strict=True)
    )


def test_a_place_alone_is_asked_over_http(wait: Run, nginx: Nginx) -> None:
    port = nginx.address.rpartition(":")[2]
    code, lines, err = wait("--deadline", "9s", f":{port}/status/200", f"localhost:{port}/status/200")
    assert (code, err) == (0, "")
    assert sorted(line.split("  ·  ")[:2] for line in lines) == [
        [f"✔ :{port}/status/200", "200 OK"],
        [f"✔ localhost:{port}/status/200", "200 OK"],
    ]


def test_one_that_comes_up_later_is_waited_for(wait: Run, nginx: Nginx) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))  # and refuses until it listens

        def come_up() -> None:
            listener.listen()
            for answer in (BUSY, BUSY, OK):
                connection, _ = listener.accept()
                with connection:
                    hear(b"\r\n\r\n")(connection)
                    connection.sendall(answer)

        late = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        timer = threading.Timer(0.2, come_up)
        timer.start()
        code, lines, err = wait(late, nginx.url("/status/200"), "--every", "20ms", "--deadline", "20s")
        timer.join()
    assert (code, err) == (0, "")
    assert lines[0].startswith(f"✔ {nginx.url('/status/200')}  ·  200 OK")  # told as soon as it is known
    assert lines[1].startswith(f"✔ {late}  ·  200 OK")
    assert int(lines[1].partition("asked ")[2].split()[0]) >= 4  # refused at least once, busy twice


def test_each_that_fails_is_told_with_its_layer(wait: Run, nginx: Nginx) -> None:
    refused, name = f"redis://127.0.0.1:{free_port()}", "http://nowhere.invalid/"
    busy, untrusted = nginx.url("/status/503"), nginx.https()
    began = time.monotonic()
    code, lines, err = wait(busy, refused, name, untrusted, nginx.url("/status/200"), "--deadline", "1s", "--every", "100ms")
    assert time.monotonic() - began < 10
    assert code == 6
    layers = {line.split("  ·  ")[0]: line.split("  ·  ")[1].partition(":")[0] for line in lines}
    assert layers == {
        f"✘ {busy}": "application", f"✘ {refused}": "transport", f"✘ {name}": "network", f"✘ {untrusted}": "tls",
        f"✔ {nginx.url('/status/200')}": "200 OK",
    }  # fmt: skip
    assert err == (
        "rrcli: 4 of 5 URLs did not answer well within --deadline 1s: "
        f"{busy} (application), {refused} (transport), {name} (network), {untrusted} (tls)\n"
    )


def test_json_is_a_set_in_the_order_of_the_urls_with_the_earlier_tries(wait: Run, nginx: Nginx) -> None:
    with responder(script(hear(b"\r\n\r\n"), say(BUSY))) as peer:
        code, lines, _ = wait("--json", url(peer), nginx.url("/status/200"), "--deadline", "700ms", "--every", "50ms")
    document = json.loads("\n".join(lines))
    jsonschema.validate(document, json.loads(schema_text("set")))
    assert code == 6
    assert [(one["outcome"], one["target"]["port"]) for one in document["exchanges"]] == [
        ("application_error", peer.port),
        ("ok", nginx.port),
    ]
    busy, well = document["exchanges"]
    assert {one["why"] for one in busy["history"]} == {"poll"}
    assert (busy["error"]["layer"], well["history"]) == ("application", [])


def test_quiet_leaves_what_failed(wait: Run, nginx: Nginx) -> None:
    assert wait("-q", nginx.url("/status/200")) == (0, [], "")
    code, lines, err = wait("-q", nginx.url("/status/404"), "--deadline", "1ms")
    assert (code, lines) == (6, [])
    assert "did not answer well" in err


@pytest.mark.parametrize("word", ["gopher://h/", "h", "http://"])
def test_what_is_no_url_is_told_before_anything_is_sent(wait: Run, word: str, nginx: Nginx) -> None:
    before = len(nginx.access_log())
    code, lines, _ = wait(nginx.url("/status/200"), word)
    assert (code, lines, len(nginx.access_log())) == (2, [], before)


def test_the_settings_of_all_commands_hold_here_too(
    wait: Run, nginx: Nginx, ca: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "rrcli").mkdir()
    (tmp_path / "rrcli" / "rrcli.toml").write_text(f"[defaults]\ncacert = '{ca.root}'\nretry = 1\nheader = 'X-A: 1'\n")
    code, lines, _ = wait(nginx.https("/status/200"))
    assert (code, len(lines)) == (0, 1)
