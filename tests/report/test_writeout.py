r"""`-w` and `-D`: as curl writes them where the answer decides, in our words where we do."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from peers.base import need
from peers.ca import Authority
from peers.recorder import Recorder, recorder
from peers.script import hear, over_tls, responder, say, script

from rrcli.__main__ import main
from rrcli.adapters.http.writeout import VARIABLES, read_format
from rrcli.base.errors import ExchangeError

ANSWERS = {
    "plain": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\nhi",
    "odd": b'HTTP/1.0 404 Nothing Here\r\nSet-Cookie: a=1\r\nset-cookie: b="2"\r\nX-A: 1\r\n\r\nall of it',
    "away": b"HTTP/1.1 302 Found\r\nLocation: ../b?x=1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "none": b"HTTP/1.1 204 No Content\r\nX-A: b\r\nConnection: close\r\n\r\n",
}
# What differs from run to run, or is each program's own.
OWN = re.compile(r'"(time_\w+|speed_\w+|local_port|size_request|errormsg|exitcode|curl_version|certs)":("[^"]*"|[\w.]+),?')


@pytest.fixture
def peer() -> Iterator[Recorder]:
    with recorder() as recording:
        yield recording


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize(
    "form",
    [
        r"%{http_code} %{response_code} %{content_type} %{http_version} %{scheme} %{method} %{num_headers} %{num_redirects}\n",
        r"%{remote_ip} %{remote_port} %{local_ip} %{url_effective} %{url} %{urlnum} %{redirect_url} %{referer}|%{ssl_verify_result}\n",
        r"%{size_download} %{size_header} %{size_upload} %{num_connects} %{http_connect} %{time_appconnect} %{time_redirect}",
        r"[%header{content-type}|%header{Set-Cookie}|%header{nope}] %% 100% %x \t\r\n\q\\ %header %output",
        r"%{header_json}",
        r"%{onerror}failed",
        r"a%{stderr}b%{stdout}c",
    ],
)
def test_the_same_as_curl_writes(form: str, name: str, peer: Recorder, capfd: pytest.CaptureFixture[str]) -> None:
    peer.answer = ANSWERS[name]
    words = ["-s", "-e", "http://r.test/", "-d", "a=1", "-w", form, f"http://127.0.0.1:{peer.port}/a/b?c"]
    theirs = subprocess.run([need("curl"), "-q", *words], capture_output=True, check=True).stdout.decode()
    main(["curl", *words])
    ours = capfd.readouterr().out
    assert ours == (theirs + "failed" if name == "odd" and "onerror" in form else theirs)  # a 404 is a failure here


@pytest.mark.parametrize("name", ANSWERS)
def test_json_has_curls_members(name: str, peer: Recorder, capfd: pytest.CaptureFixture[str]) -> None:
    peer.answer = ANSWERS[name]
    words = ["-s", "-o", "/dev/null", "-w", "%{json}", f"http://127.0.0.1:{peer.port}/a/b?c"]
    theirs = subprocess.run([need("curl"), "-q", *words], capture_output=True, check=True).stdout.decode()
    main(["curl", *words])
    ours = capfd.readouterr().out
    assert list(json.loads(ours)) == [key for key in json.loads(theirs) if key != "certs"]
    assert OWN.sub("", ours) == OWN.sub("", theirs)


def test_times_grow_from_phase_to_phase(peer: Recorder, capfd: pytest.CaptureFixture[str]) -> None:
    names = ("namelookup", "connect", "pretransfer", "starttransfer", "total")
    main(["http", "-q", "-w", " ".join(f"%{{time_{name}}}" for name in names), f"http://127.0.0.1:{peer.port}/"])
    times = [float(text) for text in capfd.readouterr().out.split()]
    assert times == sorted(times)
    assert 0 < times[-1] < 5


def test_redirects_add_up(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    answers = iter((ANSWERS["away"], ANSWERS["plain"]))

    def handle(connection: object) -> None:
        connection.recv(65536)  # type: ignore[attr-defined]
        connection.sendall(next(answers))  # type: ignore[attr-defined]

    with responder(handle) as peer:
        words = ["-L", "-D", str(tmp_path / "heads"), "-w", r"\n%{num_redirects} %{url_effective} %{size_header} %{http_code}"]
        assert main(["http", "--format", "raw", *words, f"http://127.0.0.1:{peer.port}/a/"]) == 0
    heads = b"".join(answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" for answer in (ANSWERS["away"], ANSWERS["plain"]))
    assert capfd.readouterr().out == f"hi\n1 http://127.0.0.1:{peer.port}/b?x=1 {len(heads)} 200"
    assert (tmp_path / "heads").read_bytes() == heads


def test_a_failure_has_our_exit_code(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["http", "-q", "-w", "%{http_code} %{exitcode} %{errormsg}%{onerror} bad", "http://127.0.0.1:1/"]) == 4
    assert capfd.readouterr().out == "000 4 connecting to 127.0.0.1:1: connection refused bad"


def test_it_writes_to_files(peer: Recorder, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "form").write_text("one%output{" + str(tmp_path / "a") + "}%{http_code}%output{>>" + str(tmp_path / "a") + "}+%{stdout}two")
    assert main(["http", "-o", str(tmp_path / "x"), "-w", f"@{tmp_path / 'form'}", f"http://127.0.0.1:{peer.port}/"]) == 0
    assert capfd.readouterr().out == "onetwo"
    assert (tmp_path / "a").read_text() == "200+"


def test_the_file_is_named(peer: Recorder, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = str(tmp_path / "x")
    assert main(["http", "-o", path, "-w", "%{filename_effective}", f"http://127.0.0.1:{peer.port}/"]) == 0
    assert capfd.readouterr().out == path


@pytest.mark.parametrize("more", [[], ["-o", "/dev/null"]])
def test_heads_go_before_the_content(more: list[str], peer: Recorder, capfd: pytest.CaptureFixture[str]) -> None:
    peer.answer = ANSWERS["plain"]
    assert main(["http", "-D", "-", *more, f"http://127.0.0.1:{peer.port}/"]) == 0
    assert capfd.readouterr().out.encode() == ANSWERS["plain"].removesuffix(b"hi" if more else b"")


@pytest.mark.parametrize(("more", "shown"), [([], "‹secret›"), (["--show-secrets"], "1")])
def test_heads_for_people_show_no_secret(more: list[str], shown: str, peer: Recorder, capfd: pytest.CaptureFixture[str]) -> None:
    peer.answer = ANSWERS["odd"]
    assert main(["http", "-D", "-", "-o", "/dev/null", "--format", "pretty", *more, f"http://127.0.0.1:{peer.port}/"]) == 1
    assert f"\r\nSet-Cookie: a={shown}\r\n" in capfd.readouterr().out


def test_what_tls_came_to(ca: Authority, capfd: pytest.CaptureFixture[str]) -> None:
    form = "%{scheme} %{ssl_verify_result} %{num_certs} %{http_version}"
    for trust, code, shown in (("--cacert", 0, "HTTPS 0"), ("-k", 0, "HTTPS 1"), ("-s", 5, "HTTPS 20")):
        with responder(over_tls(ca.good, script(hear(b"\r\n\r\n"), say(ANSWERS["plain"])))) as peer:
            words = [trust, str(ca.root)] if trust == "--cacert" else [trust]
            assert main(["curl", "-o", "/dev/null", "-w", form, *words, f"https://localhost:{peer.port}/"]) == code
            assert capfd.readouterr().out.startswith(shown)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ("%{http_cod}", "-w has no variable %{http_cod}; did you mean http_code?"),
        ("%{certs}", "-w has no variable %{certs}; did you mean num_certs?"),
        ("%{http_code", "%{ in -w has no closing }"),
        ("%header{x", "%header{ in -w has no closing }"),
    ],
)
def test_a_wrong_format_is_told_before_anything_is_sent(form: str, message: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        read_format(form)
    assert (caught.value.layer, caught.value.message) == ("usage", message)


@pytest.mark.parametrize("words", [["-w", "x", "--json"], ["-D", "-", "--format", "ndjson"], ["-w", "x", "--query", "id"]])
def test_a_document_stands_alone(words: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["http", "http://127.0.0.1:1/", *words]) == 2
    assert "exclude each other" in capfd.readouterr().err


def test_a_series_has_no_single_end(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["http", "http://127.0.0.1:1/", "--repeat", "2", "-w", "x"]) == 2
    assert capfd.readouterr().err.startswith("rrcli: -w is for one exchange, and --repeat sends many\n")


def test_the_variables_are_curls() -> None:
    used = "%{json}"
    printed = subprocess.run([need("curl"), "-q", "-s", "-w", used, "http://127.0.0.1:1/"], capture_output=True, check=False).stdout
    assert set(json.loads(printed)) - {"certs", "curl_version"} == set(VARIABLES)
