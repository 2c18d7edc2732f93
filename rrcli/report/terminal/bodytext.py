"""The content of a message drawn: JSON and XML laid out, text as it is, of anything else its size, its first bytes, how to save it."""

from __future__ import annotations

from rrcli.base.timelimit import TimeLimitExceeded, run_with_limit
from rrcli.base.units import counted, size
from rrcli.model.document import BOM, body_text, codec_of, looks_like_json
from rrcli.report.terminal.paint import pieces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import Body
    from rrcli.report.terminal.paint import Line, Page

MOST_LINES = 400
MOST_TEXT = 64 << 10  # characters
MOST_JSON = 8 << 20  # bytes that are read to make sure that they are JSON
COLOURING = 0.5  # seconds for it: what is plain after a moment is read sooner than what is coloured after many
ROWS = 3  # rows of the terminal that one line of content may take

# By the last word of the media type: the lexer of pygments that colours it.
LEXERS = {
    "html": ("pygments.lexers.html", "HtmlLexer"),
    "xhtml": ("pygments.lexers.html", "HtmlLexer"),
    "xml": ("pygments.lexers.html", "XmlLexer"),
    "svg": ("pygments.lexers.html", "XmlLexer"),
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


def draw_body(body: Body, page: Page, *, color: bool, failed: bool = False, came: bool = True) -> None:
    """Add the content. `color` decides only whether a lexer is worth its import; `failed` says why some is missing.

    What did not come but went out cannot be saved.
    """
    kind = body.media_type or "binary data"
    if body.file:
        page.add_cut([(f"{size(body.size)} saved to ", ""), *pieces(body.file, "strong")])
        return
    if not body.data:
        if body.size:
            page.add_cut([(f"{size(body.size)} of ", ""), *pieces(kind)])
        return
    text = _text(body)
    if text is None:
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


def _lines(body: Body, text: str, *, color: bool) -> list[Line]:
    if not body.truncated and len(body.data) <= MOST_JSON and looks_like_json(body.media_type, text) and _is_json(text):
        from rrcli.report.formats.jsonlines import lay_out

        return lay_out(text, MOST_TEXT)
    subtype = (body.media_type or "").rpartition("/")[2].rpartition("+")[2].removeprefix("x-")
    if subtype == "xml" and not body.truncated:
        from rrcli.report.terminal.xmllines import lay_out as lay_out_xml

        text = lay_out_xml(text) or text
    shown = text[:MOST_TEXT].removesuffix("\n")
    if color and subtype in LEXERS and (coloured := _coloured(shown, *LEXERS[subtype])):
        return coloured
    return [pieces(line.expandtabs()) for line in shown.split("\n")]


def _is_json(text: str) -> bool:
    from rrcli.base.jsontext import loads

    try:
        loads(text)
    except ValueError:
        return False
    return True


def _coloured(text: str, module: str, name: str) -> list[Line] | None:
    """Lines coloured by one lexer; `None` where it takes too long, as some text makes any of them."""
    lexer = getattr(__import__(module, fromlist=[name]), name)()
    try:
        return run_with_limit(COLOURING, lambda: _tokens(lexer, text))
    except TimeLimitExceeded:
        return None


def _tokens(lexer: Any, text: str) -> list[Line]:
    """The lines as a lexer colours them; fed without its own preparation, which would drop carriage returns."""
    lines: list[Line] = [[]]
    for _, token, value in lexer.get_tokens_unprocessed(text):
        while (role := TOKEN_ROLES.get(str(token))) is None:
            token = token.parent
        first, *rest = value.split("\n")
        lines[-1] += pieces(first.expandtabs(), role)
        lines += [pieces(part.expandtabs(), role) for part in rest]
    return lines
