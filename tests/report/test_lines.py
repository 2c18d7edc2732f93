"""Content that comes over time: which is shown a line at a time, when, and what the report then leaves out."""

from __future__ import annotations

import pytest

from rrcli.adapters.http.hooks import HOOKS
from rrcli.model.values import Body, Exchange, RequestMessage, Response, Status, Target
from rrcli.report.live.lines import HELD_BACK, LONGEST, PAUSE_NS, Lines

MS = 10**6


class Told:
    """What stands in for the fold: the time of the latest bytes, and the secrets."""

    at_ns = 0

    def secrets(self) -> list[str]:
        return ["s3cret-value"]


def answered(media_type: str | None, framing: str = "chunked", charset: str | None = None, **more: object) -> Response:
    return Response(summary="", status=Status(), framing=framing, body=Body(media_type=media_type, charset=charset), **more)  # type: ignore[arg-type]


def shown(answer: Response, *pieces: tuple[int, bytes], show_secrets: bool = False) -> list[str]:
    """What is written of content that came in these pieces, each after so many milliseconds."""
    written: list[str] = []
    lines, told = (
        Lines(lambda text: written.extend(text.split("\n")), show_secrets=show_secrets, length_is_known=HOOKS.length_is_known),
        Told(),
    )
    lines.attach(told)  # type: ignore[arg-type]
    lines.received(answer)
    for at_ms, data in pieces:
        told.at_ns = at_ms * MS
        lines.content(data)
    lines.finish()
    assert lines.is_visible is bool(written)
    assert lines.count == len(written)
    return [line.strip() for line in written]


@pytest.mark.parametrize("media_type", ["application/x-ndjson", "application/ndjson", "application/jsonl", "application/stream+json"])
def test_lines_of_json_are_shown_as_each_is_whole(media_type: str) -> None:
    pieces = [(5, b'{"a":1}\n{"b"'), (17, b":2}\r\n\n"), (30, b'{"c":3}')]
    assert shown(answered(media_type, "content-length"), *pieces) == ['5.0 ms  {"a":1}', '17.0 ms  {"b":2}', '30.0 ms  {"c":3}']


def test_a_json_sequence() -> None:
    assert shown(answered("application/json-seq"), (1, b"\x1e[1]\n\x1e[2]\n")) == ["1.0 ms  [1]", "1.0 ms  [2]"]


PAUSED = [(10, b"one\ntw"), (20, b"o"), (20 + PAUSE_NS // MS, b"three"), (400, b"four\n")]


def test_text_is_shown_once_a_pause_tells_that_it_comes_over_time() -> None:
    assert shown(answered("text/plain"), *PAUSED) == ["10.0 ms  one", "10.0 ms  tw", "20.0 ms  o", "270.0 ms  three", "400.0 ms  four"]


@pytest.mark.parametrize(
    "answer",
    [
        answered("text/plain", "content-length"),
        answered("text/plain", "end-stream", fields=(("content-length", "20"),)),
        answered("text/html"),
        answered("application/json"),
        answered("application/octet-stream"),
        answered(None),
        Response(summary="", status=Status()),
    ],
)
def test_what_the_report_draws_better_is_left_to_it(answer: Response) -> None:
    assert shown(answer, *PAUSED) == []


def test_what_comes_in_one_go_is_left_to_the_report() -> None:
    assert shown(answered("text/plain"), *[(at, b"x\n") for at in range(0, 2000, 200)]) == []


def test_little_is_held_back() -> None:
    assert shown(answered("text/plain"), (1, b"x" * (HELD_BACK + 1)), (1000, b"y")) == []


def test_a_line_without_end_is_shown_in_pieces() -> None:
    assert [len(line) for line in shown(answered("application/x-ndjson"), (1, b"x" * (LONGEST + 1)), (2, b"y"))] == [LONGEST + 9, 9]


def test_nothing_of_the_peer_reaches_the_terminal_raw_and_secrets_are_masked() -> None:
    pieces = [(1, b"\x1b[31m s3cret-value \xff\n")]
    assert shown(answered("application/x-ndjson"), *pieces) == ["1.0 ms  \\x1b[31m ‹secret› \\xff"]
    assert shown(answered("application/x-ndjson"), *pieces, show_secrets=True) == ["1.0 ms  \\x1b[31m s3cret-value \\xff"]


@pytest.mark.parametrize(("charset", "text"), [("iso-8859-1", "é"), ("no-such", "\\xe9")])
def test_the_charset_counts(charset: str, text: str) -> None:
    assert shown(answered("application/x-ndjson", charset=charset), (1, b"\xe9\n")) == [f"1.0 ms  {text}"]


def test_the_report_leaves_out_what_was_shown() -> None:
    lines = Lines(lambda _: None, show_secrets=False, length_is_known=HOOKS.length_is_known)
    answer = answered("application/x-ndjson").replace(body=Body(data=b"1\n2\n", size=4, media_type="application/x-ndjson"))
    exchange = Exchange(id="", protocol="http", target=Target(url=""), request=RequestMessage(summary=""), response=answer)
    assert lines.without_lines(exchange) is exchange
    lines.attach(Told())  # type: ignore[arg-type]
    lines.received(answer)
    lines.content(b"1\n2\n")
    left = lines.without_lines(exchange).response
    assert left is not None
    assert left.body == Body(size=4, media_type="application/x-ndjson")
    assert left.display == "2 lines above, as they came"
