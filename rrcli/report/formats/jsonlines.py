"""JSON laid out anew over its exact text: numbers, escapes, the order of keys and repeated ones stay as they came."""

from __future__ import annotations

import re

from rrcli.report.terminal.paint import pieces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.report.terminal.paint import Line

TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')
PAIRS = {"{": "}", "[": "]"}
SHORT = 72  # columns that a list of plain values may take to stay on one line


def lay_out(text: str, limit: int) -> list[Line]:
    """The lines of a text known to be JSON, two spaces to a level; of one longer than `limit` only what lies within."""
    tokens = TOKEN.findall(text) if len(text) <= limit else _whole_tokens(text[:limit])
    lines: list[Line] = []
    line: Line = []
    depth = at = 0
    while at < len(tokens):
        token = tokens[at]
        if token in PAIRS:
            end = _end_of_flat(tokens, at, SHORT - 2 * depth)
            if end:
                line += _flat(tokens[at:end])
                at = end
                continue
            line.append((token, ""))
            depth += 1
            lines.append(line)
            line = _indent(depth)
        elif token in "}]":
            depth -= 1
            lines.append(line)
            line = [*_indent(depth), (token, "")]
        elif token == ",":
            lines.append([*line, (token, "")])
            line = _indent(depth)
        else:
            line += _scalar(token, is_key=tokens[at + 1 : at + 2] == [":"])
        at += 1
    return [*lines, line] if any(text.strip() for text, _ in line) else lines


def _whole_tokens(text: str) -> list[str]:
    """The tokens of a text that was cut anywhere: without a string that misses its end, and what may miss some."""
    tokens: list[str] = []
    end = 0
    for match in TOKEN.finditer(text):
        if text[end : match.start()].strip():
            break
        tokens.append(match.group())
        end = match.end()
    return tokens[:-1] if tokens[-1:] and tokens[-1] not in "{}[]:," else tokens


def _indent(depth: int) -> Line:
    return [("  " * depth, "")] if depth else []


def _end_of_flat(tokens: list[str], at: int, room: int) -> int:
    """Where a container that fits on one line ends: an empty one, or a short list of plain values. 0 if it does not."""
    closing = PAIRS[tokens[at]]
    if tokens[at + 1 : at + 2] == [closing]:
        return at + 2
    if closing == "}":
        return 0
    taken = 0
    for end in range(at + 1, len(tokens)):
        token = tokens[end]
        if token == closing:
            return end + 1
        taken += len(token) + 1
        if token in PAIRS or taken > room:
            return 0
    return 0


def _flat(tokens: list[str]) -> Line:
    line: Line = []
    for token in tokens:
        line += [(", ", "")] if token == "," else _scalar(token)
    return line


def _scalar(token: str, *, is_key: bool = False) -> Line:
    if token == ":":
        return [(": ", "")]
    if token[0] == '"':
        return pieces(token, "key" if is_key else "string")
    if token in "[]{}":
        return [(token, "")]
    return [(token, "literal" if token in ("true", "false", "null") else "number")]
