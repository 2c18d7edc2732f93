"""What an endpoint of the HTTP responder works with: the call, what the responder remembers, and the responses that many give.

Whatever of a request ends up in a status line or a field is checked here with `field_text` or escaped, so that nobody
can make the responder send a line of their choice; `http_message` checks once more.
"""

from __future__ import annotations

import json
import threading
import time

from rrcli.base.record import Record
from rrcli.options.parse import duration
from rrcli.responders.http_message import CONTROLS, Refusal, ServerRequest, ServerResponse, title

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from rrcli.responders.graphql_data import Library

    Fields = tuple[tuple[str, str], ...]

ANY = ()  # of a route: every method
GET = ("GET", "HEAD")
SECONDS = 300.0  # of any delay, at most
KEPT = 1000  # users, jobs, sessions, messages, at most
SMALL = 256 << 10  # bytes of content that is kept


class Users:
    """What POST /users has made, by id, counted from 1."""

    def __init__(self) -> None:
        self._made: dict[int, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def add(self, values: dict[str, Any]) -> int:
        with self._lock:
            if len(self._made) >= KEPT:
                raise Refusal(507, f"there are {KEPT} users already")
            number = len(self._made) + 1
            self._made[number] = {"id": number} | values | {"id": number}
            return number

    def get(self, number: int) -> dict[str, Any]:
        if number not in self._made:
            raise Refusal(404, f"there is no user {number}")
        return self._made[number]


class Feed:
    """The messages of /poll, numbered from 1; of more than `KEPT` the oldest are gone."""

    def __init__(self) -> None:
        self._messages: list[dict[str, Any]] = []
        self._made = 0
        self._lock = threading.Lock()

    def add(self, text: str | None = None) -> dict[str, Any]:
        """One more message; of a number alone where nobody wrote it."""
        with self._lock:
            self._made += 1
            message = {"id": self._made} | ({} if text is None else {"text": text})
            self._messages = [*self._messages[1 - KEPT :], message]
            return message

    def since(self, number: int) -> list[dict[str, Any]]:
        """The messages behind that number."""
        return [message for message in self._messages if message["id"] > number]


class Job(Record):
    """Work that POST /jobs began; it is done at `ready_at` of the monotonic clock."""

    number: int
    asked: Any  # `None` where the request had no content
    ready_at: float
    redirects: bool = False  # when it is done, its status leads to the result with a 303

    @property
    def left_s(self) -> float:
        return max(0.0, self.ready_at - time.monotonic())

    @property
    def document(self) -> dict[str, Any]:
        """What is known of it now."""
        if self.left_s:
            return {"id": self.number, "state": "running"}
        return {"id": self.number, "state": "done"} | ({} if self.asked is None else {"result": self.asked})


class State:
    """What a responder remembers from one request to the next."""

    def __init__(self) -> None:
        self.users = Users()
        self.feed = Feed()
        self.jobs: dict[int, Job] = {}
        self.sessions: dict[str, str] = {}  # user by session id
        self.scheme = "http"  # of the URLs that lead here
        self._orders = 0
        self._library: Library | None = None
        self.lock = threading.Lock()

    def order(self) -> int:
        """The number of one more order at /soap."""
        with self.lock:
            self._orders += 1
            return self._orders

    @property
    def library(self) -> Library:
        """What /graphql asks of; made with the first query."""
        from rrcli.responders.graphql_data import Library

        with self.lock:
            self._library = self._library or Library()
            return self._library


class Call(Record):
    """What an endpoint is called with: the request, the variable parts of its path, its query, and what the responder lends."""

    request: ServerRequest
    parts: tuple[str, ...]
    query: Mapping[str, str]
    state: State
    pause: Callable[[float], None]
    spawn: Callable[[Callable[[], None]], bool]

    def seconds(self, name: str, default: str = "0") -> float:
        """The duration `name` of the query."""
        return seconds(self.query.get(name, default))

    def whole(self, name: str, default: int, high: int) -> int:
        """The number `name` of the query, from 0."""
        return whole(self.query.get(name, str(default)), 0, high)

    def json(self) -> Any:
        """The content, as JSON that can be written again. Raises `Refusal`: 413 when it is too much to keep, 400."""
        if len(self.request.content) > SMALL:
            raise Refusal(413, f"more than {SMALL} bytes are not kept")
        try:
            value = json.loads(self.request.content)
            json.dumps(value)  # what can just be read may be nested too deeply to be written
        except (ValueError, RecursionError):
            raise Refusal(400, "the content is not JSON, or nested too deeply") from None
        return value


class Route(Record):
    """An endpoint: its path, where `{…}` stands for any one segment, the methods it takes, and how `GET /` describes it."""

    path: str
    endpoint: Callable[[Call], ServerResponse]
    about: str
    methods: tuple[str, ...] = GET


# --- values from the request, and common responses ---------------------------------------------------------


def whole(digits: str, low: int, high: int) -> int:
    """A number of the path or query. Raises `Refusal` 400 when it is not one from `low` to `high`."""
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > 12 or not low <= int(digits) <= high:
        raise Refusal(400, f"{digits!r} is not a number from {low} to {high}")
    return int(digits)


def seconds(word: str) -> float:
    """`0.5`, `250ms`. Raises `Refusal` 400 when it is no duration, or longer than `SECONDS`."""
    try:
        value = duration(word)
    except ValueError as error:
        raise Refusal(400, str(error)) from None
    if value > SECONDS:
        raise Refusal(400, f"more than {SECONDS:.0f} s is too long")
    return value


def field_text(value: str) -> str:
    """`value`, which may go into a status line or a field. Raises `Refusal` 400 when it has control characters."""
    if CONTROLS.search(value):
        raise Refusal(400, "control characters cannot go there")
    return value


def document(value: object, status: int = 200, media_type: str = "application/json", fields: Fields = ()) -> ServerResponse:
    content = json.dumps(value, indent=2).encode() + b"\n"
    return ServerResponse(status=status, fields=(("Content-Type", media_type), *fields), content=content)


def problem(refusal: Refusal) -> ServerResponse:
    """The refusal as a problem document (RFC 9457)."""
    value = {"type": "about:blank", "title": title(refusal.status), "status": refusal.status, "detail": refusal.detail}
    return document(value, refusal.status, "application/problem+json", refusal.fields)
