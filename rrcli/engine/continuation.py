"""Where a hop leads: why another request follows it, and what that one needs to know."""

from __future__ import annotations

from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Continue(Record):
    """Another hop of the same exchange follows: the runner files this one in the history and calls the adapter again.

    `why` is the word in the history: redirect, auth, retry, poll or describe. `state` is the adapter's own, and becomes
    `context.state` of the next hop; the request stays as the user gave it. With `resumes` the next hop goes on with the
    same stream: its events are counted and kept together, and it is none of the hops that the runner limits. Where the adapter limits
    them by itself, `limited` is false.
    """

    why: str
    state: Any
    resumes: bool = False
    limited: bool = True
