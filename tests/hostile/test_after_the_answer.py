"""What happens after the answer has a limit too: masking, colouring, laying out, judging, searching, the other formats.

Each is fed the worst that a peer can send, at full size: it ends with its deadline, within 300 MB.
"""

from __future__ import annotations

import pytest
from hostile.conftest import Serve
from peers.bounds import judged
from peers.child import on_terminal, piped
from peers.made import Made
from peers.script import Handler, end, hear, hear_end, say, script

MIB = 1 << 20
LARGE = 64 * MIB - 4096

UNFOLDING = Made(
    {
        "lists": lambda: (b"[" + b",".join([b"[]"] * (8 * MIB // 3)) + b"]", "application/json"),
        "objects": lambda: (b"[" + b",".join([b'{"":0}'] * (8 * MIB // 7)) + b"]", "application/json"),
        "tags": lambda: (b"<a>" + b"<b/>" * (MIB // 4 - 3) + b"</a>", "application/xml"),
    }
)
LINES = Made(
    {
        "short": lambda: (b"1\n" * (LARGE // 2), "application/x-ndjson"),
        "sequence": lambda: (b"\x1e[" + b"\n" * (3 * MIB) + b"]\n", "application/json-seq"),
    }
)
COOKIES = b"".join(b'Set-Cookie: c=a%d&"/\r\n' % number for number in range(4900))


def answering(body: bytes, media_type: str = "application/json", fields: bytes = b"") -> Handler:
    """A server that gives this answer to everybody."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\n%bContent-Length: %d\r\n\r\n" % (media_type.encode(), fields, len(body))
    return script(hear(b"\r\n\r\n"), say(head), say(body), end, hear_end)


def run(serve: Serve, handle: Handler, *words: str, terminal: bool = False, controls: bool = False, codes: tuple[int, ...] = (0,)) -> bytes:
    """Run against the server, within the bounds of every run; what it wrote."""
    peer = serve(handle)
    line = ("http", f"http://{peer.host}:{peer.port}/", "--deadline", "1s", *words)
    ended = judged(on_terminal(*line, env={"NO_COLOR": "1"}) if terminal else piped(*line), controls=controls)
    assert ended.code in (*codes, 6), ended.all[-1000:]
    return ended.all


# --- masking


@pytest.mark.parametrize("secret", ["hunter2hunter22", "abc"])
def test_a_secret_that_fills_the_content_is_masked(serve: Serve, secret: str) -> None:
    """By the million, the short one where it stands alone."""
    body = f"{secret} ".encode() * (LARGE // (len(secret) + 1))
    written = run(serve, answering(body, "text/plain"), "--bearer", secret, "--format", "pretty")
    assert secret.encode() not in written


@pytest.mark.parametrize("style", ["pretty", "json", "har", "mermaid", "curl", "body"])
def test_thousands_of_secrets_in_fields_in_every_format(serve: Serve, style: str) -> None:
    body = b'a1&"/' * (4 * MIB // 5)
    run(serve, answering(body, "text/plain", COOKIES), "--format", style)


# --- laying out and colouring


@pytest.mark.parametrize("name", UNFOLDING)
@pytest.mark.parametrize("style", ["pretty", "body"])
def test_content_that_unfolds_is_laid_out_or_left_as_it_is(serve: Serve, name: str, style: str) -> None:
    run(serve, answering(*UNFOLDING[name]), "--format", style, "--color", "always", controls=True)


# --- judging


@pytest.mark.parametrize("pattern", ["(a+)+$", "a.*c"])
def test_a_pattern_on_a_large_content_is_given_up(serve: Serve, pattern: str) -> None:
    """In the second Python looks for no signal while it searches."""
    body = b"a" * (LARGE - 1) + b"b"
    written = run(serve, answering(body, "text/plain"), "-q", "--expect", f"body matches {pattern}", codes=(8,))
    assert written.startswith(f"rrcli: body matches {pattern} does not hold: it is aaaa".encode())


@pytest.mark.parametrize("query", ["[body, body, body, body]", "length(json[*].[@, @])", "sort_by(json, &to_string(@))"])
def test_a_query_takes_no_more_than_its_time(serve: Serve, query: str) -> None:
    body = b"[" + b",".join(b"%d" % (number % 97) for number in range(MIB)) + b"]"
    run(serve, answering(body), "--query", query, codes=(0, 1))


# --- streams of lines


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("words", [("--format", "ndjson"), ("--until", "json == 7", "-q")], ids=["ndjson", "until"])
def test_millions_of_lines_end_with_the_deadline(serve: Serve, name: str, words: tuple[str, ...]) -> None:
    run(serve, answering(*LINES[name]), *words, codes=(0, 4))


def test_millions_of_lines_on_a_terminal_end_with_the_deadline(serve: Serve) -> None:
    run(serve, answering(b"1\n" * (LARGE // 2), "application/x-ndjson"), "-s", terminal=True)
