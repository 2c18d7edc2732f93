"""Where a poll goes on: the cursor taken from one answer and put into the next request, and what its numbers give away.

What a server says is put into the request after its words were understood, never before: a cursor `@/etc/passwd` in an item
would be the content of that file. A number that nobody else writes holds the place meanwhile: it is the same in a URL, in a form
and in JSON.
"""

from __future__ import annotations

from os import urandom

from rrcli.base.errors import ExchangeError, usage
from rrcli.base.url import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.adapters.poll.request import PollRequest
    from rrcli.model.values import Fields

PLACE = "{{cursor}}"
ANSWER_KEYS = ("json", "header", "body", "status")
LONGEST = 8192  # characters of a cursor
LARGEST = 2**53  # above it a number may be anything, and no sequence
MOST_SEEN = 10_000  # ids that are remembered
IDS = ("id", "event_id", "seq", "sequence", "sequence_number", "offset", "update_id")
CONDITIONS = {"header.etag": "If-None-Match", "header.last-modified": "If-Modified-Since"}


# --- its place in the request


def new_mark() -> str:
    """A number that stands nowhere else."""
    return "7" + str(int.from_bytes(urandom(12), "big")).zfill(29)


def has_place(request: PollRequest) -> bool:
    """Whether `{{cursor}}` stands anywhere in the request."""
    return any(_holds(value) for name, value in request.__dict__.items() if name != "cursor_start")


def _holds(value: object) -> bool:
    return any(map(_holds, value)) if isinstance(value, tuple) else isinstance(value, str) and PLACE in value


def marked(request: PollRequest, mark: str) -> PollRequest:
    """The request with the mark where the cursor goes; without a first cursor it lacks the items and fields that are nothing else."""
    return request.replace(**{name: _marked(value, mark) for name, value in request.__dict__.items() if _holds(value)})


def _marked(value: Any, mark: str) -> Any:
    if isinstance(value, tuple):
        return tuple(_marked(part, mark) for part in value)
    return value.replace(PLACE, mark) if isinstance(value, str) else value


def without_place(request: PollRequest) -> PollRequest:
    """The request before there is a cursor: items and fields that would be nothing else are left out."""
    words = tuple(word for word in request.arguments if not word.endswith((f"={PLACE}", f":{PLACE}")) or "://" in word)
    headers = tuple(line for line in request.headers if line.partition(":")[2].strip() != PLACE)
    data = tuple((flag, text) for flag, text in request.data if text.partition("=")[2] != PLACE)
    bare = request.replace(arguments=words, headers=headers, data=data)
    return bare.replace(**{name: _marked(value, "") for name, value in bare.__dict__.items() if _holds(value)})


def filled(prepared: PreparedRequest, mark: str, cursor: str) -> PreparedRequest:
    """The request with the cursor where the mark stands. Raises `usage` where it stands in what is not built anew for each poll."""
    if prepared.upload:
        raise usage(f"{PLACE} cannot stand in a form with files or in an upload", "put it into the URL, an item, a field or -d")
    quoted = quote(cursor)
    content = None if prepared.content is None else _content(prepared, mark, cursor)
    fields = tuple((name, value.replace(mark, cursor)) for name, value in prepared.fields)
    if content is not None and content != prepared.content:
        fields = tuple((name, str(len(content)) if name.lower() == "content-length" else value) for name, value in fields)
    return prepared.replace(
        url=prepared.url.replace(mark, quoted), target=prepared.target.replace(mark, quoted), fields=fields, content=content
    )


def _content(prepared: PreparedRequest, mark: str, cursor: str) -> bytes:
    content = (prepared.content or b"").decode("utf-8", "surrogateescape")
    if mark not in content:
        return prepared.content or b""
    if content.lstrip()[:1] in ("{", "["):
        text = _in_json(content, mark, cursor)
    elif "x-www-form-urlencoded" in prepared.field("content-type"):
        text = content.replace(mark, quote(cursor))
    else:
        text = content.replace(mark, cursor)
    return text.encode("utf-8", "surrogateescape")


def _in_json(content: str, mark: str, cursor: str) -> str:
    """Within a string the cursor is escaped; where a value stands it is a number if it can be one."""
    from rrcli.base.jsontext import dumps

    text = dumps(cursor)
    number = cursor if cursor.removeprefix("-").isdecimal() and cursor.isascii() else text
    parts = content.split(mark)
    found = parts[0]
    for part in parts[1:]:
        quotes = found.replace("\\\\", "").replace('\\"', "").count('"')
        found += (text[1:-1] if quotes % 2 else number) + part
    return found


def conditional(prepared: PreparedRequest, path: str, cursor: str) -> PreparedRequest:
    """The request with a precondition in the place of a cursor (RFC 9110 section 13.1)."""
    name = CONDITIONS[path]
    kept = tuple(field for field in prepared.fields if field[0].lower() != name.lower())
    return prepared.replace(fields=(*kept, (name, cursor)))


def checked(value: Any) -> str | None:
    """A cursor as text. Raises `malformed` for what no request can carry."""
    if value is None or value == "":
        return None
    if isinstance(value, (dict, list)):
        raise ExchangeError("protocol", "malformed", "the cursor is no text and no number", hint="--cursor names a part of the answer")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if len(text) > LONGEST or not text.isprintable():
        raise ExchangeError("protocol", "malformed", f"the cursor cannot be sent: {text[:80]!r}")
    return text


# --- what an answer says


def reading(path: str, option: str) -> Any:
    """The path of `--cursor` or `--status-url` into an answer. Raises `usage`."""
    from rrcli.policy.paths import Path

    try:
        return Path(path, ANSWER_KEYS, "an answer")
    except ExchangeError as error:
        hint = f"an answer has {', '.join(ANSWER_KEYS)}: write json.next or header.etag"
        raise usage(f"{option}: {error.message}", hint) from error


def answer_document(status: int | None, fields: Fields, text: str | None, value: Any) -> dict[str, Any]:
    """An answer as those paths see it."""
    headers: dict[str, str] = {}
    for name, field in fields:
        key = name.lower()
        headers[key] = f"{headers[key]}, {field}" if key in headers else field
    return {"status": status, "header": headers, "body": text, "json": value}


class Sequence:
    """The numbers and ids of what came: which were skipped, and which came before.

    A number counts as skipped only once numbers have followed each other by one, for ids need not be dense.
    """

    def __init__(self) -> None:
        self._seen: dict[str, None] = {}
        self._last: int | None = None
        self._dense = False

    def take(self, value: Any) -> tuple[int, int]:
        """How many numbers are missing before an answer's value or within it, and how many of its ids came before."""
        missing = repeated = 0
        for identity in _identities(value):
            text = str(identity)
            if text in self._seen:
                repeated += 1
                continue
            self._seen[text] = None
            if len(self._seen) > MOST_SEEN:
                del self._seen[next(iter(self._seen))]
            if isinstance(identity, int) and identity < LARGEST:
                missing += self._step(identity)
        return missing, repeated

    def _step(self, number: int) -> int:
        last, self._last = self._last, number
        if last is None or number <= last:
            return 0
        self._dense = self._dense or number == last + 1
        return number - last - 1 if self._dense else 0


def _identities(value: Any) -> list[Any]:
    """The ids in an answer: of the members of its one list, else its own."""
    if isinstance(value, dict):
        lists = [part for part in value.values() if isinstance(part, list)]
        value = lists[0] if len(lists) == 1 else [value]
    if not isinstance(value, list):
        return []
    found = []
    for part in value:
        if isinstance(part, dict):
            name = next((name for name in IDS if isinstance(part.get(name), (int, str)) and not isinstance(part.get(name), bool)), None)
            if name:
                found.append(part[name])
    return found
