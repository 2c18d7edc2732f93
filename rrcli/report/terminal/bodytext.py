"""The content of a message drawn: JSON and XML laid out, text as it is, of anything else its size, its first bytes, how to save it."""

from __future__ import annotations

from rrcli.base.timelimit import TimeLimitExceeded, run_with_limit
from rrcli.base.units import counted, size
from rrcli.model.document import BOM, body_text, codec_of, looks_like_json
from rrcli.report.terminal.paint import pieces, text_lines, without_line_ends

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.model.values import Body, Lines
    from rrcli.report.terminal.paint import Line, Page, Piece

MOST_LINES = 400
MOST_TEXT = 64 << 10  # characters
MOST_JSON = 8 << 20  # bytes that are read to make sure that they are JSON
MOST_DUMPED = 256  # bytes of no known kind that are shown at once
MOST_WHOLE = 1 << 20  # bytes of a content that is laid out whole
READING = 1.0  # seconds for that
COLOURING = 0.5  # seconds for it: what is plain after a moment is read sooner than what is coloured after many
ROWS = 3  # rows of the terminal that one line of content may take

MARKUP = ("html", "xhtml", "xml", "svg")  # last words of media types
# By the last word of the media type: the lexer of pygments that colours it.
LEXERS = {
    "yaml": ("pygments.lexers.data", "YamlLexer"),
    "javascript": ("pygments.lexers.javascript", "JavascriptLexer"),
    "ecmascript": ("pygments.lexers.javascript", "JavascriptLexer"),
    "css": ("pygments.lexers.css", "CssLexer"),
}
# By the name of a token's type, or of the nearest type above it.
TOKEN_ROLES = {
    "Token.Name.Tag": "tag",
    "Token.Name.Attribute": "keyword",
    "Token.Keyword": "keyword",
    "Token.Literal.String": "string",
    "Token.Literal.Number": "number",
    "Token.Literal.Scalar": "",
    "Token.Comment": "dim",
    "Token": "",
}


def draw_body(body: Body, page: Page, *, color: bool, failed: bool = False, came: bool = True, rate: str = "") -> None:
    """Add the content, of what was saved also the `rate` at which it came.

    `color` decides only whether a lexer is worth its import; `failed` says why some is missing. What did not come but went out
    cannot be saved.
    """
    kind = body.media_type or "binary data"
    if body.file:
        page.add_flow([[(f"{size(body.size)} saved to ", ""), *pieces(body.file, "strong")], *([[(rate, "")]] if rate else [])])
        return
    if not body.data:
        if body.size:
            page.add_cut([(f"{size(body.size)} of ", ""), *pieces(kind)])
        return
    text = _text(body)
    if text is None and body.media_type is None and body.size <= MOST_DUMPED:
        from rrcli.report.terminal.hexdump import rows

        rows(body.data, page)
    elif text is None:
        saving = "-o FILE saves it, " if came else ""
        page.add_cut([(f"{size(body.size)} of ", ""), *pieces(kind), (f": {saving}--wire shows the bytes", "dim")])
    else:
        _draw_text(body, text, page, color=color)
    if body.truncated:
        why = "the content breaks off here" if failed else "the content is longer; --max-size keeps more of it"
        page.add([("… ", "warn"), (why, "")])


def _text(body: Body) -> str | None:
    """The text, of a large body only what may be drawn: all of it could take many times its size."""
    if len(body.data) <= MOST_JSON:
        text = body_text(body)
        return text and text.removeprefix(BOM)
    from rrcli.model.largebody import texts

    try:
        text = next(texts(body.data, codec_of(body)))
    except ValueError:
        return None
    return None if "\0" in text else text.removeprefix(BOM)


def _draw_text(body: Body, text: str, page: Page, *, color: bool) -> None:
    lines = _lines(body, text, color=color)
    for line in lines[:MOST_LINES]:
        page.add_cut(line, rows=ROWS)
    if len(lines) > MOST_LINES or len(text) > MOST_TEXT:
        shown = counted(min(len(lines), MOST_LINES), "line")
        page.add([(f"… the first {shown} of {size(body.size)}: --format raw shows all", "dim")])


def picture_lines(display: str | Lines) -> list[Line]:
    """The lines of a protocol's own picture; one that tells of a failure is red, as every other."""
    if isinstance(display, str):
        return [pieces(line.expandtabs(), "bad" if line.lstrip().startswith("✘") else "") for line in display.split("\n")]
    return [[piece for text, role in line for piece in pieces(text.expandtabs(), role)] for line in display]


def whole_lines(body: Body, *, color: bool) -> list[Line] | None:
    """All lines of a content, laid out; `None` for what is no text, and for what is too large."""
    text = body_text(body) if len(body.data) <= MOST_WHOLE else None
    return None if text is None else _lines(body, text, color=color, limit=None)


def is_text(body: Body) -> bool:
    """Whether a content can be drawn as text, as far as its beginning tells."""
    return _text(body) is not None


def _lines(body: Body, text: str, *, color: bool, limit: int | None = MOST_TEXT) -> list[Line]:
    if not body.truncated and len(body.data) <= MOST_JSON and looks_like_json(body.media_type, text) and _is_json(body.data, text):
        from rrcli.report.formats.jsonlines import lay_out

        return lay_out(text, len(text) if limit is None else limit)
    subtype = (body.media_type or "").rpartition("/")[2].rpartition("+")[2].removeprefix("x-")
    if subtype == "xml" and not body.truncated:
        from rrcli.report.terminal.xmllines import lay_out as lay_out_xml

        try:
            text = run_with_limit(READING, lambda: lay_out_xml(text)) or text
        except TimeLimitExceeded:
            pass
    shown, mark = without_line_ends(text[:limit])
    lines = None
    if color and subtype in MARKUP:
        from rrcli.report.terminal.markup import parts

        lines = _as_lines(parts(shown))
    elif color and subtype in LEXERS:
        lines = _coloured(shown, *LEXERS[subtype])
    lines = lines or text_lines(shown)
    return [[*lines[0], *mark], *lines[1:]] if mark else lines


def _is_json(data: bytes, text: str) -> bool:
    """Whether the text is JSON, as far as finding out takes no more memory and time than there is."""
    from rrcli.base.jsontext import loads
    from rrcli.model.largebody import affordable

    try:
        if affordable(data):
            run_with_limit(READING, lambda: loads(text))
            return True
    except (ValueError, TimeLimitExceeded):
        pass
    return False


def _coloured(text: str, module: str, name: str) -> list[Line] | None:
    """Lines coloured by one lexer; `None` where it takes too long, as some text makes any of them."""
    lexer = getattr(__import__(module, fromlist=[name]), name)()
    try:
        return run_with_limit(COLOURING, lambda: _as_lines(_tokens(lexer, text)))
    except TimeLimitExceeded:
        return None


def _tokens(lexer: Any, text: str) -> Iterator[Piece]:
    """The parts of a text as a lexer colours them; fed without its own preparation, which would drop carriage returns."""
    for _, token, value in lexer.get_tokens_unprocessed(text):
        while (role := TOKEN_ROLES.get(str(token))) is None:
            token = token.parent
        yield value, role


def _as_lines(parts: Iterator[Piece]) -> list[Line]:
    """Lines of the parts of a text."""
    lines: list[Line] = [[]]
    for value, role in parts:
        first, *rest = value.split("\n")
        lines[-1] += pieces(first.expandtabs(), role)
        lines += [pieces(part.expandtabs(), role) for part in rest]
    return lines
