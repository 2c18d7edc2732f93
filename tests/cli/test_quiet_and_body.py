"""`--format body`, `-q` that says why, `-s`, and `-w` on a terminal: what is printed where."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from peers.child import on_terminal
from peers.script import hear, responder, say, script

from rrcli.__main__ import main


@contextmanager
def answering(body: bytes, media_type: str = "application/json", status: str = "200 OK") -> Iterator[str]:
    """The URL of a server that gives this answer to everybody."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with responder(script(hear(b"\r\n\r\n"), say(head + body))) as peer:
        yield f"http://{peer.host}:{peer.port}/"


def run(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(list(words))
    return code, *capfd.readouterr()


# --- body


@pytest.mark.parametrize(
    ("body", "media_type", "shown"),
    [
        (b'{"id":7,"tags":["a","b"],"of":{"x":1.10}}', "application/json",
         '{\n  "id": 7,\n  "tags": ["a", "b"],\n  "of": {\n    "x": 1.10\n  }\n}\n'),
        (b"<a><b>1</b><b/></a>", "application/xml", "<a>\n  <b>1</b>\n  <b/>\n</a>\n"),
        (b"a\nb\n", "text/plain", "a\nb\n"),
        (b"a\nb", "text/plain", "a\nb\n"),
        (b'{"id":', "application/json", '{"id":\n'),
        ("[" + ",".join(f'"{"x" * 70}{number}"' for number in range(1000)) + "]", "application/json", None),
    ],
)  # fmt: skip
def test_body_is_the_whole_content_laid_out(
    capfd: pytest.CaptureFixture[str], body: bytes | str, media_type: str, shown: str | None
) -> None:
    data = body if isinstance(body, bytes) else body.encode()
    with answering(data, media_type) as url:
        code, out, err = run(capfd, "http", url, "-s", "--format", "body")
    assert (code, err) == (0, "")
    if shown is None:
        assert len(out.splitlines()) == 1002
    else:
        assert out == shown


def test_body_is_coloured_where_that_is_asked_for_and_never_masked(capfd: pytest.CaptureFixture[str]) -> None:
    with answering(b'{"token":"hunter2222"}') as url:
        code, out, _ = run(capfd, "http", url, "--bearer", "hunter2222", "--format", "body", "--color", "always")
    assert (code, out) == (0, '{\n  \x1b[36m"token"\x1b[0m: \x1b[32m"hunter2222"\x1b[0m\n}\n')


def test_body_of_bytes_is_exact_off_a_terminal_and_named_on_one(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with answering(b"\x00\xff\n\x1b", "image/png") as url:
        assert main(["http", url, "--format", "body"]) == 0
        assert capfdbinary.readouterr().out == b"\x00\xff\n\x1b"
    with answering(b"\x00\xff\n\x1b", "image/png") as url:
        assert (
            on_terminal("http", url, "--format", "body", "-s").out.decode()
            == "  4 B of image/png: -o FILE saves it, --wire shows the bytes\n"
        )


def test_body_of_a_failure_is_followed_by_why_on_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    with answering(b'{"error":1}', status="404 Not Found") as url:
        code, out, err = run(capfd, "http", url, "--format", "body", "-i")
    assert (code, out.splitlines()[-3:]) == (1, ["{", '  "error": 1', "}"])
    assert out.startswith("HTTP/1.1 404 Not Found\r\n")
    assert err.startswith("✘ 404 Not Found")


# --- -q and -s


def test_quietly_each_failed_check_is_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    checks = ("status == 404", "json.id == 8", "timing.total_ms < 0.001", "json.id exists")
    words = [word for check in checks for word in ("--expect", check)]
    with answering(b'{"id":7}') as url:
        code, out, err = run(capfd, "http", url, "-q", *words)
    lines = err.splitlines()
    assert (code, out, len(lines)) == (8, "", 3)
    assert lines[:2] == ["rrcli: status == 404 does not hold: it is 200", "rrcli: json.id == 8 does not hold: it is 7"]
    assert lines[2].startswith("rrcli: timing.total_ms < 0.001 does not hold: it is ")
    assert lines[2].endswith(" ms")


@pytest.mark.parametrize("more", [(), ("-s",), ("--query", "outcome")])
def test_quietly_a_failure_is_its_first_line(capfd: pytest.CaptureFixture[str], more: tuple[str, ...]) -> None:
    assert run(capfd, "http", "http://127.0.0.1:1/", "-q", *more) == (4, "", "rrcli: connecting to 127.0.0.1:1: connection refused\n")
    with answering(b"{}", status="404 Not Found") as url:
        assert run(capfd, "http", url, "-q", *more) == (1, "", "rrcli: HTTP/1.1 404 Not Found\n")
    with answering(b"{}") as url:
        assert run(capfd, "http", url, "-q", *more) == (0, "", "")


def test_quietly_nothing_secret_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    with answering(b'{"you":"hunter2222"}') as url:
        code, _, err = run(capfd, "http", url, "--bearer", "hunter2222", "-q", "--expect", "json.you == me")
    assert (code, err) == (8, "rrcli: json.you == me does not hold: it is ‹secret›\n")


def test_quietly_each_of_several_says_whom_it_was_with(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capfd, "http", "http://127.0.0.1:1/", "--all-addresses", "-q", "--expect", "length(exchanges) == 2")
    assert (code, out) == (8, "")
    assert err.splitlines() == [
        "rrcli: http://127.0.0.1:1/: connecting to 127.0.0.1:1: connection refused",
        "rrcli: length(exchanges) == 2 does not hold: it is 1",
    ]


def test_off_a_terminal_a_check_that_failed_is_a_line_and_no_picture(capfd: pytest.CaptureFixture[str]) -> None:
    with answering(b'{"id":7}') as url:
        code, out, err = run(capfd, "http", url, "--expect", "json.id == 8")
    assert (code, out, err) == (8, '{"id":7}', "rrcli: json.id == 8 does not hold: it is 7\n")


def test_silently_there_are_no_notes_and_the_result_stays(capfd: pytest.CaptureFixture[str]) -> None:
    body = b'{"a":1,"a":2}'  # of which a note tells
    shown = {}
    for flag in ("--color=never", "-s"):
        with answering(body) as url:
            _, out, err = run(capfd, "http", url, "--format", "pretty", flag)
        shown[flag] = "duplicate" in out
        assert '"a": 1' in out
        assert err == ""
        with answering(body) as url:
            assert '"notes": []' not in run(capfd, "http", url, "--json", flag)[1]
    assert shown == {"--color=never": True, "-s": False}


# --- on a terminal


def test_on_a_terminal_a_written_format_stands_alone() -> None:
    with answering(b'{"id":7}') as url:
        ended = on_terminal("http", url, "-w", "%{http_code} %{size_download}\\n", "-s")
    assert ended.out == b"200 8\n"
    with answering(b'{"id":7}') as url:
        ended = on_terminal("http", url, "-w", "%{http_code}\\n", "-s", "--format", "pretty")
    assert ended.out.startswith("✔ 200 OK".encode())
    assert ended.out.endswith(b"200\n")


def test_on_a_terminal_what_is_longer_than_the_screen_ends_with_its_headline() -> None:
    for lines, repeats in ((100, True), (3, False)):
        with answering(b"line\n" * lines, "text/plain") as url:
            shown = on_terminal("http", url, "-s").out.decode().splitlines()
        assert shown[0].startswith("✔ 200 OK  ·  GET http://")
        assert (shown[-1] == shown[0]) is repeats
        assert shown.count("  line") == lines
