"""The results of a subscription, whatever carries them: each as an event, and what all of them come to."""

from __future__ import annotations

from rrcli.adapters.graphql.answer import judged
from rrcli.adapters.graphql.errors import Errors, explain_as, read_errors, strangeness
from rrcli.adapters.graphql.picture import draw_errors
from rrcli.base.errors import malformed
from rrcli.engine.events import StreamEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.graphql.call import Call
    from rrcli.model.values import Response

MOST_ERRORS = 1000  # that are kept


class Results:
    """Collects the latest data and the errors, as many of them as `room` bytes of results bring."""

    def __init__(self, call: Call, room: int) -> None:
        self._call = call
        self._room = room
        self._data: Any = None
        self._errors: list[Any] = []

    def take(self, result: Any, text: bytes) -> StreamEvent:
        """One result as an event, `text` being its line. Raises `malformed` for what is none (GraphQL, section 7.1)."""
        if why := strangeness(result):
            raise malformed(f"an event is no result: it has {why}")
        self._data = result.get("data")
        self.fail(read_errors([result]).values, len(text))
        return StreamEvent(type="next", data=result, text=text)

    def fail(self, errors: list[Any], size: int) -> None:
        """Keep these errors, which came in so many bytes."""
        self._room -= size
        if self._room >= 0 or not self._errors:
            self._errors += errors[: max(0, MOST_ERRORS - len(self._errors))]

    def answer(self, answer: Response) -> Response:
        """The answer with what the results came to."""
        errors = Errors(values=self._errors, of=(0,) * len(self._errors), known=explain_as(self._errors))
        drawn = "\n".join(draw_errors(self._errors, self._call.document)) if self._errors else None
        return judged(answer.replace(data={**answer.data, "data": self._data, "errors": self._errors}, display=drawn), errors)
