"""Archives of browsers sent again: what Chromium and Firefox write, and our own, which haralyzer reads too."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from haralyzer import HarParser
from peers.nginx import Nginx
from peers.recorder import Recorder, recorder

from rrcli.__main__ import main
from rrcli.adapters.http.fromhar import read_archive

Run = Callable[..., tuple[int, str, str]]
Entry = dict[str, Any]
JSON = b'{"id": 7}'
ANSWER = (
    b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 9\r\nDate: Tue, 01 Dec 2026 00:00:00 GMT\r\n\r\n" + JSON
)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    def run(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return run


def pairs(**fields: str) -> list[dict[str, str]]:
    return [{"name": name.replace("_", "-"), "value": value} for name, value in fields.items()]


def chromium(url: str) -> Entry:
    """A request of `fetch` as Chromium's network panel saves it."""
    return {
        "_connectionId": "4711", "_initiator": {"type": "script"}, "_priority": "High", "_resourceType": "fetch", "cache": {},
        "connection": "443", "pageref": "page_1",
        "request": {
            "method": "POST", "url": url, "httpVersion": "http/1.1", "queryString": [], "cookies": [], "headersSize": 611,
            "headers": pairs(
                Accept="*/*", Accept_Encoding="gzip, deflate", Accept_Language="en", Connection="keep-alive", Content_Length="18",
                Content_Type="application/json", Host=url.split("/")[2], Origin="http://shop.test", Sec_Fetch_Mode="cors",
                User_Agent="Mozilla/5.0 (X11; Linux x86_64) Chrome/131.0.0.0",
            ),
            "bodySize": 18, "postData": {"mimeType": "application/json", "text": '{"item": "b\u00fccher"}'[:18]},
        },
        "response": {
            "status": 201, "statusText": "Created", "httpVersion": "http/1.1", "cookies": [], "redirectURL": "", "headersSize": 100,
            "headers": pairs(Content_Type="application/json", Content_Length="9", Date="Mon, 30 Nov 2026 00:00:00 GMT"), "bodySize": 9,
            "content": {"size": 9, "mimeType": "application/json", "compression": 0, "text": JSON.decode()},
            "_transferSize": 109, "_error": None,
        },
        "serverIPAddress": "[::1]", "startedDateTime": "2026-12-01T10:00:00.000Z", "time": 12.3,
        "timings": {"blocked": 1, "dns": -1, "ssl": -1, "connect": -1, "send": 0.1, "wait": 10, "receive": 1.2, "_blocked_queueing": 0.9},
    }  # fmt: skip


def firefox(url: str) -> Entry:
    """A form as Firefox's network panel saves it."""
    return {
        "startedDateTime": "2026-12-01T10:00:00.000+01:00",
        "request": {
            "bodySize": 15, "method": "POST", "url": url, "httpVersion": "HTTP/1.1", "cookies": [], "queryString": [], "headersSize": 400,
            "headers": pairs(
                Host=url.split("/")[2], User_Agent="Mozilla/5.0 Gecko/20100101 Firefox/133.0", Accept="text/html", DNT="",
                Content_Type="application/x-www-form-urlencoded", Content_Length="15", Connection="keep-alive",
            ),
            "postData": {
                "mimeType": "application/x-www-form-urlencoded", "params": [{"name": "a", "value": "x y"}], "text": "a=x+y&b=%C3%A9&c",
            },
        },
        "response": {
            "status": 201, "statusText": "Created", "httpVersion": "HTTP/1.1", "cookies": [], "redirectURL": "", "headersSize": 1,
            "headers": pairs(Content_Type="application/json", Content_Length="9"), "bodySize": 9,
            "content": {"mimeType": "application/json", "size": 9, "encoding": "base64", "text": base64.b64encode(JSON).decode()},
        },
        "cache": {}, "timings": {"blocked": 0, "dns": 0, "connect": 0, "ssl": 0, "send": 0, "wait": 5, "receive": 0}, "time": 5,
        "_securityState": "insecure", "serverIPAddress": "127.0.0.1", "connection": "80",
    }  # fmt: skip


def write(*entries: Entry) -> None:
    Path("b.har").write_text(json.dumps({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": entries}}), "utf-8")


def base(peer: Recorder) -> str:
    return f"http://127.0.0.1:{peer.port}"


def test_what_chromium_saved_is_sent_as_it_was(run: Run) -> None:
    with recorder() as peer:
        peer.answer = ANSWER
        write(chromium(f"{base(peer)}/orders?x=[1]#part"))
        code, _, err = run("replay", "b.har", "--json")
        assert (code, err) == (0, "")
        head, _, body = peer.take().partition(b"\r\n\r\n")
    assert body == '{"item": "b\u00fccher"}'[:18].encode()
    assert head.decode().split("\r\n") == [
        "POST /orders?x=[1] HTTP/1.1", f"Host: 127.0.0.1:{peer.port}", f"Content-Length: {len(body)}", "Accept: */*",
        "Accept-Encoding: gzip, deflate", "Accept-Language: en", "Content-Type: application/json", "Origin: http://shop.test",
        "Sec-Fetch-Mode: cors", "User-Agent: Mozilla/5.0 (X11; Linux x86_64) Chrome/131.0.0.0",
    ]  # fmt: skip


def test_what_firefox_saved_is_sent_as_it_was(run: Run) -> None:
    with recorder() as peer:
        peer.answer = ANSWER.replace(JSON, b'{"id": 8}')
        write(firefox(f"{base(peer)}/form"), firefox(f"{base(peer)}/form"))
        code, out, _ = run("replay", "b.har", "--json")
        found = json.loads(out)
        assert (code, [step["name"] for step in found["steps"]]) == (1, ["POST /form", "POST /form (2)"])
        assert found["steps"][0]["differences"] == [{"path": "response.body.json.id", "values": [7, 8]}]
        assert [each.partition(b"\r\n\r\n")[2] for each in peer.requests] == [b"a=x+y&b=%C3%A9&c"] * 2
        assert b"\r\nDNT:" in peer.requests[0]


def test_what_is_no_http_or_was_never_sent_is_left_out_and_counted(run: Run) -> None:
    with recorder() as peer:
        peer.answer = ANSWER
        good = firefox(f"{base(peer)}/form")
        socket = {**good, "request": {**good["request"], "url": f"ws://127.0.0.1:{peer.port}/"}}
        data = {**good, "request": {**good["request"], "url": "data:text/plain,x"}}
        blocked = {**good, "response": {**good["response"], "status": 0}}
        cached = {**good, "_fromCache": "memory"}
        write(socket, data, blocked, cached, good)
        code, _, err = run("replay", "b.har")
        assert (code, "note: 4 entries were left out" in err, len(peer.requests)) == (0, True, 1)


@pytest.mark.parametrize(
    ("data", "size", "is_kept"),
    [
        (None, 0, True),
        (None, -1, True),
        (None, 12, False),
        ({"mimeType": "multipart/form-data; boundary=x", "text": "", "params": [{"name": "f", "fileName": "a.png"}]}, 900, False),
        ({"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "a", "value": "b c"}]}, 5, True),
        ({"mimeType": "application/octet-stream", "text": "/w==", "_encoding": "base64"}, 1, True),
        ({"mimeType": "text/plain", "text": "the first bytes"}, 4000, False),
    ],
)
def test_content_that_was_not_kept_is_told(data: Entry | None, size: int, is_kept: bool, run: Run) -> None:
    with recorder() as peer:
        peer.answer = ANSWER
        entry = firefox(f"{base(peer)}/form")
        entry["request"]["bodySize"] = size
        entry["request"].pop("postData")
        if data:
            entry["request"]["postData"] = data
        write(entry)
        code, _, err = run("replay", "b.har")
        assert (code == 0, len(peer.requests)) == (is_kept, int(is_kept)), err
        assert is_kept or (code == 2 and "its content was not kept" in err)


def test_versions_are_those_of_the_archive() -> None:
    entry = chromium("https://shop.test/")
    for written, flag in (("h2", "--http2"), ("http/2.0", "--http2"), ("HTTP/2", "--http2"), ("h3", "--http3"), ("HTTP/1.0", "--http1.0")):
        entry["request"]["httpVersion"] = written
        entry["request"]["headers"] = [*pairs(accept="*/*"), {"name": ":authority", "value": "shop.test"}]
        found = read_archive({"log": {"entries": [entry]}})
        assert found
        assert found[0][0]["command"][1] == flag
        assert not any(":authority" in word for word in found[0][0]["command"])


def test_our_own_archive_of_real_answers_is_sent_again(run: Run, nginx: Nginx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOK", "tok-31415926")
    code, out, err = run("http", nginx.url("/redirect"), "Authorization:Bearer tok-31415926", "--format", "har", "-L")
    assert out, err
    Path("b.har").write_text(out, "utf-8")
    assert (code, len(HarParser.from_file("b.har").har_data["entries"])) == (0, 2)
    assert "tok-31415926" not in out
    assert run("replay", "b.har")[0] == 2
    code, out, err = run("replay", "b.har", "--secret", "authorization=TOK", "--json")
    assert out, err
    assert (code, [step["outcome"] for step in json.loads(out)["steps"]]) == (0, ["passed", "passed"]), (out, err)
