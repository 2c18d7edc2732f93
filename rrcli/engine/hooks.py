"""What the engine and the command line ask of a protocol beside `exchange`, each with the answer of one that needs nothing special.

A protocol that answers otherwise has a subclass in its package's `hooks.py`, as `HOOKS = RedisHooks()`, and says `hooks=True` in its
line of the registry. All of it is asked before or during an exchange, so the module must load nothing heavy; what only help, reports,
the demo or the responders need is the manifest's (`manifest.py`).
"""

from __future__ import annotations

from rrcli.model.values import Variation
from rrcli.options.request import IDLE_TIMEOUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, Protocol

    from rrcli.model.values import Exchange, Note, Response
    from rrcli.options.request import Output, Request

    class Download(Protocol):
        """Where the content of one answer is saved."""

        request: Request  # as it is to be sent
        state: Any  # what its first hop begins with
        path: str | None  # of the file, once it was opened

        def open(self, answer: Response) -> Callable[[bytes], None] | None: ...
        def explained(self, exchange: Exchange) -> Exchange: ...  # with what became of the file

    class Epilogue(Protocol):
        """Writes what was asked for at the end of an invocation."""

        def write(self, exchanges: Iterable[tuple[Exchange, int]], file: str | None = None) -> None:
            """Write it for each exchange and its exit code; `file` has the content, if one has."""


class Hooks:
    """The defaults: one exchange, no stream, nothing but the answer to print."""

    variation: Variation = Variation()  # what of its answers says nothing of whether they are the same

    # --- before anything is sent

    def several(self, request: Request) -> Sequence[Request] | None:  # noqa: ARG002
        """The requests that this one asks for side by side; `None` when its command line asks for one exchange.

        Raises `ExchangeError` of layer `usage` or `local`.
        """
        return None

    def compares(self, request: Request) -> bool:  # noqa: ARG002
        """Whether those side by side are asked the same to be compared: where their answers differ, that is a failure."""
        return False

    def streams(self, request: Request) -> bool:  # noqa: ARG002
        """Whether the answer is a stream of events, which takes as long as it takes: no `--timeout` limits the whole of it."""
        return False

    def is_offline(self, request: Request) -> bool:  # noqa: ARG002
        """Whether the request is only to be built and shown."""
        return False

    def offline_reply(self, request: Request, sent: bytes) -> bytes:  # noqa: ARG002
        """What a peer would have to answer for all of an offline request to go out, once it has begun with `sent`."""
        return b""

    # --- what is printed, and where to

    def download(self, request: Request, output: Output) -> Download | None:  # noqa: ARG002
        """How the content is saved, where there is more to it than writing it to the file of `-o`. Raises `usage`."""
        return None

    def includes_head(self, request: Request) -> bool:  # noqa: ARG002
        """Whether status and fields are printed before the content, as with `-i`."""
        return False

    def extra_output(self, request: Request) -> tuple[str, ...]:  # noqa: ARG002
        """The options given that print to standard output beside the answer, and so exclude a document there."""
        return ()

    def replaces_result(self, request: Request) -> bool:  # noqa: ARG002
        """Whether an option's text takes the place of the report that people would see."""
        return False

    def trailer_option(self, request: Request) -> str | None:  # noqa: ARG002
        """The option, where it was given, that has more text printed behind the answer (`Response.trailer_text`)."""
        return None

    def epilogue_options(self, request: Request) -> tuple[str, ...]:  # noqa: ARG002
        """The options given that `epilogue` serves."""
        return ()

    def epilogue(self, request: Request, *, beside: bool, masks: bool) -> Epilogue | None:  # noqa: ARG002
        """What is written when all is over. `beside`: no content goes to standard output; `masks`: people read it. Raises `usage`."""
        return None

    def event_words(self, event: dict[str, Any]) -> list[str]:  # noqa: ARG002
        """What is shown of a stream's event before its content."""
        return []

    def raw_event(self, event: dict[str, Any], text: bytes) -> bytes:
        """What `raw` prints of a stream's event: its text as a line; nothing of one that only marks an end, or a state on the way."""
        return text + b"\n" if text or not event.get("data") else b""

    def idle_limit(self, request: Request) -> float:  # noqa: ARG002
        """The seconds of silence that end a stream where the user names no limit; 0 for none."""
        return IDLE_TIMEOUT

    def carries_content(self, exchange: Exchange) -> bool:
        """Whether what was piped in may have been meant for the request: it does not only ask."""
        return not exchange.request.data.get("safe")

    def length_is_known(self, answer: Response) -> bool:  # noqa: ARG002
        """Whether the answer said at its beginning how long its content is; where it did not, content may come over time."""
        return True

    # --- what an answer says to whoever sends

    def asked_wait(self, answer: Response) -> tuple[float, str] | None:  # noqa: ARG002
        """The seconds that the answer asks to wait before another attempt, and how it says so (`Retry-After 3`)."""
        return None

    def notes(self, answer: Response, started_s: float) -> Sequence[Note]:  # noqa: ARG002
        """What is suspicious about an answer whose exchange began at `started_s`, in seconds since the epoch."""
        return ()


DEFAULT = Hooks()
