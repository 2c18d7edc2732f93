"""HTTP archives: against a schema after the format's own text, read by haralyzer, and by value."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from peers import child
from peers.ca import Authority
from peers.httpbin import Httpbin
from peers.nginx import PASSWORD, USER, Nginx
from peers.web import Http2Peer
from report import exchanges as case

from rrcli.adapters.http.request import HttpRequest
from rrcli.base import __version__
from rrcli.engine.send import send
from rrcli.model.values import Connection, Exchange, Failure, RequestMessage
from rrcli.policy.redact import masked
from rrcli.report.formats.har import render

SCHEMA = json.loads((Path(__file__).parent / "har.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())


def archive(*exchanges: Exchange) -> dict[str, Any]:
    """The archive of masked exchanges, valid."""
    found: dict[str, Any] = json.loads("".join(render(map(masked, exchanges))))
    VALIDATOR.validate(found)
    return found


def entries(*exchanges: Exchange) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = archive(*exchanges)["log"]["entries"]
    return found


def entry(exchange: Exchange) -> dict[str, Any]:
    (found,) = entries(exchange)
    return found


def asked(*fields: tuple[str, str], body: bytes = b"", media_type: str | None = None) -> Exchange:
    """An exchange whose request has these fields and this content."""
    content = case.body(body, media_type)
    return case.exchange(request=case.exchange().request.replace(fields=fields, body=content if body else None))


def test_an_entry_in_full() -> None:
    assert archive(case.exchange())["log"] == {
        "version": "1.2",
        "creator": {"name": "rrcli", "version": __version__},
        "pages": [],
        "entries": [
            {
                "startedDateTime": "2026-11-21T10:00:00.000Z",
                "time": 12.6,
                "request": {
                    "method": "POST",
                    "url": "http://127.0.0.1:8080/users",
                    "httpVersion": "HTTP/1.1",
                    "cookies": [],
                    "headers": [
                        {"name": "Host", "value": "127.0.0.1:8080"},
                        {"name": "Authorization", "value": "Bearer ‹secret›"},
                        {"name": "Content-Type", "value": "application/json"},
                    ],
                    "queryString": [],
                    "headersSize": -1,  # its length is not that of what was sent
                    "bodySize": 22,
                    "postData": {"mimeType": "application/json", "params": [], "text": '{"name":"ann","age":3}'},
                },
                "response": {
                    "status": 201,
                    "statusText": "Created",
                    "httpVersion": "HTTP/1.1",
                    "cookies": [],
                    "headers": [
                        {"name": "Content-Type", "value": "application/json"},
                        {"name": "Location", "value": "/users/7"},
                        {"name": "Content-Length", "value": "9"},
                    ],
                    "content": {"size": 9, "mimeType": "application/json", "text": '{"id":7}\n'},
                    "redirectURL": "/users/7",
                    "headersSize": 95,
                    "bodySize": 9,
                },
                "cache": {},
                "timings": {"blocked": -1, "dns": -1, "connect": 0.2, "ssl": -1, "send": 0.1, "wait": 12.0, "receive": 0.3},
                "serverIPAddress": "127.0.0.1",
                "connection": "50000",
            }
        ],
    }


def test_connecting_has_ssl_within_it_and_is_counted_once() -> None:
    timing = case.timing(resolve=1.5, connect=12.0, handshake=3.0, tls=27.5, send=0.2, wait=5.0, receive=1.0)
    found = entry(case.exchange(timing=timing))
    assert found["timings"] == {"blocked": -1, "dns": 1.5, "connect": 42.5, "ssl": 27.5, "send": 0.2, "wait": 5.0, "receive": 1.0}
    assert found["time"] == 50.2


def test_hops_and_attempts_are_entries_in_their_order() -> None:
    found = entries(case.with_history(), case.exchange())
    assert [(one["response"]["status"], one.get("comment")) for one in found] == [
        (503, "followed by another: retry"),
        (0, "followed by another: retry"),
        (302, "followed by another: redirect"),
        (200, None),
        (201, None),
    ]


def test_no_answer_has_status_0_and_an_error() -> None:
    assert entry(case.refused())["response"] == {
        "status": 0,
        "statusText": "",
        "httpVersion": "",
        "cookies": [],
        "headers": [],
        "content": {"size": 0, "mimeType": "x-unknown"},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": -1,
        "_error": "refused: connecting to 127.0.0.1:8081: connection refused",
    }


def test_a_broken_answer_has_both() -> None:
    failure = Failure(layer="protocol", kind="truncated", phase="receive", message="cut")
    found = entry(
        case.answered("abc", "text/plain", body=case.body("abc", "text/plain", truncated=True)).replace(outcome="error", error=failure)
    )
    assert (found["response"]["status"], found["response"]["_error"]) == (200, "truncated: cut")
    assert found["response"]["content"] == {"size": 3, "mimeType": "text/plain", "text": "abc", "comment": "the first 3 bytes"}


def test_cookies_both_ways() -> None:
    given = asked(("Cookie", "a=1; b=x=y"))
    answer = case.exchange().response
    assert answer
    fields = (
        ("Set-Cookie", "sid=abcdef; Path=/; Domain=x.test; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Secure; HttpOnly; SameSite=lax"),
        ("Set-Cookie", "odd=123456; Expires=soon; Max-Age=3"),
    )
    found = json.loads("".join(render((given.replace(response=answer.replace(fields=fields)),))))["log"]["entries"][0]
    assert found["request"]["cookies"] == [{"name": "a", "value": "1"}, {"name": "b", "value": "x=y"}]
    assert found["response"]["cookies"] == [
        {
            "name": "sid", "value": "abcdef", "path": "/", "domain": "x.test", "expires": "2026-10-21T07:28:00Z", "secure": True,
            "httpOnly": True, "sameSite": "Lax",
        },
        {"name": "odd", "value": "123456"},
    ]  # fmt: skip
    shown = entry(given.replace(response=answer.replace(fields=fields)))
    assert [cookie["value"] for cookie in shown["request"]["cookies"] + shown["response"]["cookies"]] == ["‹secret›"] * 4


def test_query_and_form() -> None:
    form = "application/x-www-form-urlencoded"
    given = asked(("Content-Type", form), body=b"a=1&b=zwei+w%C3%B6rter&c=", media_type=form)
    url = "http://x.test/p?q=a+b&empty=&q=%C3%BC"
    found = entry(given.replace(target=given.target.replace(url=url)))["request"]
    assert found["queryString"] == [{"name": "q", "value": "a b"}, {"name": "empty", "value": ""}, {"name": "q", "value": "ü"}]
    assert found["postData"] == {
        "mimeType": form,
        "params": [{"name": "a", "value": "1"}, {"name": "b", "value": "zwei wörter"}, {"name": "c", "value": ""}],
        "text": "a=1&b=zwei+w%C3%B6rter&c=",
    }


def test_a_multipart_form_with_a_file() -> None:
    kind = "multipart/form-data; boundary=xyz"
    content = (
        b'--xyz\r\nContent-Disposition: form-data; name="n"\r\n\r\nv\xc3\xbc\r\n'
        b'--xyz\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\nContent-Type: image/png\r\n\r\n\0\xff\r\n--xyz--\r\n'
    )
    found = entry(asked(("Content-Type", kind), body=content, media_type="multipart/form-data"))["request"]["postData"]
    assert found["params"] == [{"name": "n", "value": "vü"}, {"name": "f", "fileName": "a.bin", "contentType": "image/png"}]
    assert (base64.b64decode(found["text"]), found["_encoding"]) == (content, "base64")


def test_bytes_are_base64_and_other_charsets_are_text() -> None:
    assert entry(case.answered(b"\x89PNG\0", "image/png"))["response"]["content"] == {
        "size": 5, "mimeType": "image/png", "text": "iVBORwA=", "encoding": "base64",
    }  # fmt: skip
    latin = case.answered("é".encode("latin-1"), "text/plain", body=case.body(b"\xe9", "text/plain", charset="latin-1"))
    assert entry(latin)["response"]["content"]["text"] == "é"


def test_a_compressed_answer_says_how_much_that_saved() -> None:
    fields = (("Content-Encoding", "gzip"), ("Content-Length", "40"), ("Content-Type", "text/plain"))
    found = entry(case.answered("x" * 100, "text/plain", fields=fields))["response"]
    assert (found["bodySize"], found["content"]["size"], found["content"]["compression"]) == (40, 100, 60)
    unknown = entry(case.answered("x" * 100, "text/plain", fields=fields[:1], framing="chunked"))["response"]
    assert (unknown["bodySize"], "compression" in unknown["content"]) == (-1, False)


def test_what_was_written_to_a_file_is_named() -> None:
    saved = case.answered(b"", "image/png", body=case.body(b"", "image/png", size=123456, file="out.png"))
    assert entry(saved)["response"]["content"] == {"size": 123456, "mimeType": "image/png", "comment": "written to out.png"}


@pytest.mark.parametrize("exchange", [case.hostile(), case.wide(), case.expired(), case.timed_out(), case.remarked(), case.recorded()])
def test_any_exchange_is_valid(exchange: Exchange) -> None:
    text = "".join(render((masked(exchange),)))
    VALIDATOR.validate(json.loads(text))
    assert all(letter.isprintable() or letter == "\n" for letter in text)


def test_an_ipv6_peer_and_a_unix_socket() -> None:
    assert entry(case.exchange(connection=Connection(peer="[::1]:80", local="[::1]:5")))["serverIPAddress"] == "::1"
    found = entry(case.exchange(connection=Connection(peer="/run/a.sock")))
    assert "serverIPAddress" not in found
    assert "connection" not in found


def test_a_built_request_is_an_entry_too() -> None:
    found = entry(send(HttpRequest("PUT", "http://nowhere.invalid/x", "a=1", offline=True)))
    assert (found["request"]["method"], found["request"]["bodySize"], found["response"]["status"], found["time"]) == ("PUT", 10, 0, 0)
    assert "_error" not in found["response"]


# --- real exchanges


def test_real_exchanges_are_read_by_haralyzer(nginx: Nginx, httpbin: Httpbin, nginx2: Http2Peer, ca: Authority) -> None:
    from haralyzer import HarParser

    exchanges = (
        send(HttpRequest(nginx.url("/redirect/twice"), location=True)),
        send(HttpRequest(nginx.url("/gzip.json"), compressed=True)),
        send(HttpRequest(nginx.url("/private"), user=f"{USER}:{PASSWORD}")),
        send(HttpRequest(httpbin.url("/cookies/set?a=1"))),
        send(HttpRequest(httpbin.url("/post"), "a=1", "b=two", form=True)),
        send(HttpRequest(nginx2.https("/proto"), cacert=str(ca.root))),
        send(HttpRequest("http://127.0.0.1:1/")),
    )
    found = archive(*exchanges)
    assert PASSWORD not in json.dumps(found)
    parsed = HarParser(found)
    read = [(one.request.method, one.response.status, one.response.httpVersion) for one in map(_entry, found["log"]["entries"])]
    assert parsed.creator["name"] == "rrcli"
    assert read == [
        ("GET", 302, "HTTP/1.1"), ("GET", 302, "HTTP/1.1"), ("GET", 200, "HTTP/1.1"), ("GET", 200, "HTTP/1.1"), ("GET", 200, "HTTP/1.1"),
        ("GET", 302, "HTTP/1.1"), ("POST", 200, "HTTP/1.1"), ("GET", 200, "h2"), ("GET", 0, ""),
    ]  # fmt: skip
    gzip = found["log"]["entries"][3]["response"]
    assert json.loads(gzip["content"]["text"]) == {"users": [{"id": 7, "name": "ann"}]}


def _entry(value: dict[str, Any]) -> Any:
    from haralyzer import HarEntry

    return HarEntry(value)


def rrcli(*words: str) -> subprocess.CompletedProcess[str]:
    return child.run(*words, text=True)


def test_the_command_prints_it(nginx: Nginx) -> None:
    done = rrcli("http", nginx.url("/redirect"), "-L", "--format", "har")
    VALIDATOR.validate(json.loads(done.stdout))
    assert (done.returncode, done.stderr) == (0, "")


def test_other_protocols_are_refused_before_anything_is_sent() -> None:
    done = rrcli("dns", "example.test", "@127.0.0.1:1", "--format", "har")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "rrcli: a HAR holds HTTP, and this is another protocol\n       --format json has all of the exchange, --format mermaid draws it\n"
    )


def test_a_large_answer_takes_little_memory(tmp_path: Path) -> None:
    """40 MB whose text would take 160 MB in Python, and 320 MB escaped."""
    code = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from report import exchanges as case\n"
        "from rrcli.report.formats.har import render\n"
        "from rrcli.cli.show import _print_pieces\n"
        "_print_pieces(render((case.answered('\\N{GRINNING FACE}'.encode() + b'\\1' * 40_000_000, 'text/plain'),)))\n"
        "print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0], file=sys.stderr)\n"
    )
    target = tmp_path / "large.har"
    with target.open("wb") as out:
        done = subprocess.run([sys.executable, "-c", code], stdout=out, stderr=subprocess.PIPE, check=True)
    assert target.stat().st_size > 240_000_000
    assert int(done.stderr) < 180_000  # KiB


def test_a_message_without_a_method_is_still_an_entry() -> None:
    exchange = case.exchange(request=RequestMessage(summary="GET / HTTP/1.0", data={"method": "GET"}))
    assert entry(exchange)["request"]["httpVersion"] == "HTTP/1.0"
