"""A GraphQL answer as people read it: the data laid out, then each error with its place in the query marked."""

from __future__ import annotations

from rrcli.adapters.graphql.errors import locations_of, message_of, path_of
from rrcli.base.jsontext import pieces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.graphql.errors import Errors

MOST_LETTERS = 64 << 10
MOST_ERRORS = 20
AROUND = 60  # letters of a long line on either side of the mark


def draw(results: list[Any], errors: Errors, documents: list[str | None]) -> str:
    """The results one after the other, each with its errors; numbered where they are several."""
    lines: list[str] = []
    for number, result in enumerate(results):
        if len(results) > 1:
            lines += [*([""] if lines else []), f"result {number + 1}"]
        if result.get("data") is not None:
            lines += _laid_out(result["data"])
        own = [error for error, of in zip(errors.values, errors.of, strict=True) if of == number]
        document = documents[number] if number < len(documents) else None
        lines += ([""] if own and result.get("data") is not None else []) + draw_errors(own, document)
    return "\n".join(lines)


def _laid_out(data: Any) -> list[str]:
    text = ""
    for piece in pieces(data, 2):
        text += piece
        if len(text) > MOST_LETTERS:
            break
    lines = text[:MOST_LETTERS].split("\n")
    return [*lines, "… --format raw shows all"] if len(text) > MOST_LETTERS else lines


def draw_errors(errors: list[Any], document: str | None) -> list[str]:
    """Each error: what it says, which field of the answer has it, and where in the query it is."""
    lines: list[str] = []
    for error in errors[:MOST_ERRORS]:
        extensions = error.get("extensions") if isinstance(error, dict) else None
        code = extensions.get("code") if isinstance(extensions, dict) else None
        about = ", ".join([word for word in (path_of(error), code if isinstance(code, str) else "") if word])
        lines.append(f"✘ {message_of(error)}" + (f"  ({about})" if about else ""))
        for line, column in locations_of(error)[:3] if document else ():
            lines += marked(document or "", line, column)
    if len(errors) > MOST_ERRORS:
        lines.append(f"… and {len(errors) - MOST_ERRORS} more: --json shows all")
    return lines


def marked(document: str, line: int, column: int) -> list[str]:
    """A line of the document and a mark below the column; nothing where it has no such place."""
    text = document.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if line > len(text) or column > len(text[line - 1]) + 1:
        return []
    shown = text[line - 1].replace("\t", " ")
    begin = max(0, column - 1 - AROUND)
    head = "… " if begin else ""
    shown = head + shown[begin : column + AROUND] + (" …" if len(shown) > column + AROUND else "")
    label = f"  {line} │ "
    return [f"{label}{shown}", " " * (len(label) - 2) + "│ " + " " * (len(head) + column - 1 - begin) + "^"]
