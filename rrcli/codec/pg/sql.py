"""SQL as far as a client has to read it: where one statement ends, and what the first word of each is.

Specification: https://www.postgresql.org/docs/current/sql-syntax-lexical.html
"""

from __future__ import annotations

LONGEST_LINE = 200  # characters of a statement that a summary shows


def first_line(sql: str) -> str:
    """The first line with anything on it, cut where it is long."""
    line = next((line.strip() for line in sql.splitlines() if line.strip()), "")
    return line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE] + "…"


def listens(sql: str) -> bool:
    """Whether a statement in it is a LISTEN."""
    return "listen" in sql.lower() and any(first_word(statement) == "listen" for statement in statements(sql))


def first_word(sql: str) -> str:
    """The first word of a statement in lower case, behind white space and comments."""
    at = _skipped(sql, 0)
    end = at
    while end < len(sql) and (sql[end].isalnum() or sql[end] == "_"):
        end += 1
    return sql[at:end].lower()


def statements(sql: str) -> list[str]:
    """The statements, divided at each `;` that stands outside quotes, comments and parentheses; empty ones are left out."""
    found, begin, at, depth = [], 0, 0, 0
    while at < len(sql):
        letter = sql[at]
        if letter == ";" and depth <= 0:
            found.append(sql[begin:at])
            begin = at = at + 1
            continue
        depth += (letter == "(") - (letter == ")")
        at = _after_token(sql, at)
    found.append(sql[begin:])
    return [statement.strip() for statement in found if _skipped(statement, 0) < len(statement)]


def _after_token(sql: str, at: int) -> int:
    """The place behind a quoted text, a comment, a name, or one character."""
    letter = sql[at]
    if letter in "'\"":
        escapes = letter == "'" and sql[at - 1 : at] in ("e", "E") and not (at > 1 and (sql[at - 2].isalnum() or sql[at - 2] in "_$"))
        return _after_quote(sql, at, letter, escapes=escapes)
    if sql.startswith(("--", "/*"), at):
        return _after_comment(sql, at)
    if letter == "$" and not (at and (sql[at - 1].isalnum() or sql[at - 1] in "_$")):
        return _after_dollar(sql, at)
    return at + 1


def _after_quote(sql: str, at: int, quote: str, *, escapes: bool) -> int:
    """A quote written twice does not end it: it reads as the end of one text and the beginning of the next."""
    at += 1
    while at < len(sql):
        if sql[at] == quote:
            return at + 1
        at += 2 if escapes and sql[at] == "\\" else 1
    return at


def _after_comment(sql: str, at: int) -> int:
    """Comments of one line, and those in `/* */`, which nest."""
    if sql[at] == "-":
        end = sql.find("\n", at)
        return end + 1 if end >= 0 else len(sql)
    depth = 0
    while at < len(sql):
        if sql.startswith("/*", at):
            depth, at = depth + 1, at + 2
        elif sql.startswith("*/", at):
            depth, at = depth - 1, at + 2
            if not depth:
                return at
        else:
            at += 1
    return at


def _after_dollar(sql: str, at: int) -> int:
    """A text in `$tag$ … $tag$`; a lone `$`, as of a parameter, is passed over."""
    end = at + 1
    while end < len(sql) and (sql[end].isalnum() or sql[end] == "_"):
        end += 1
    if sql[end : end + 1] != "$" or sql[at + 1 : at + 2].isdecimal():
        return at + 1
    tag = sql[at : end + 1]
    close = sql.find(tag, end + 1)
    return close + len(tag) if close >= 0 else len(sql)


def _skipped(sql: str, at: int) -> int:
    """The place of the first character that is neither white space nor a comment."""
    while at < len(sql):
        if sql.startswith(("--", "/*"), at):
            at = _after_comment(sql, at)
        elif sql[at].isspace():
            at += 1
        else:
            break
    return at
