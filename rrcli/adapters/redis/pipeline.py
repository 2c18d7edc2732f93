"""`--pipeline`: commands from a file in one write, and their replies in order.

How the file has them is in `commandfile.py`.
"""

from __future__ import annotations

from rrcli.adapters.redis.answer import data_of
from rrcli.adapters.redis.commandfile import commands_in
from rrcli.adapters.redis.commands import (
    LONGEST_LINE,
    answered_secrets,
    has_short_secret,
    is_idempotent,
    is_safe,
    line_of,
    masked,
    name_of,
    secret_spans,
    spelled_secrets,
)
from rrcli.adapters.redis.hints import status_of
from rrcli.adapters.redis.picture import ERROR, text_of, with_errors_marked
from rrcli.adapters.redis.reply import LARGEST_DRAWN, content, is_error, summary, tell_oddities, tell_pushes
from rrcli.base.errors import ExchangeError
from rrcli.base.files import read_local
from rrcli.codec.redis.resp import Reply, as_json, encode, framing
from rrcli.engine.events import Content, Finished, Received
from rrcli.model.values import Body, RequestMessage, Response, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from rrcli.adapters.redis.endpoint import Endpoint, Words
    from rrcli.adapters.redis.replies import Replies
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Lines

    Line = tuple[tuple[str, str], ...]

WIDEST_COMMAND = 40  # columns up to which replies stand beside their commands
TRANSACTION = frozenset({"DISCARD", "EXEC", "MULTI", "UNWATCH", "WATCH"})  # what they do is what stands between them


class Pipeline:
    """The commands of a file. Raises `usage` for a line that cannot be sent, `local` for a file that cannot be read."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        path = endpoint.request.pipeline or "-"
        self._commands = commands_in(read_local(path), path)

    def secrets(self) -> Iterator[str]:
        for words in self._commands:
            yield from spelled_secrets(words)

    def message(self) -> RequestMessage:
        """The first commands on one line; in `data` all of them."""
        secret = any(map(has_short_secret, self._commands))
        return self._message(self._commands).replace(masked=self._message([masked(words) for words in self._commands]) if secret else None)

    def _message(self, commands: list[Words]) -> RequestMessage:
        shown, lines = 0, []
        for words in commands:
            lines.append(line_of(words))
            shown += len(lines[-1])
            if shown > LONGEST_LINE:
                break
        left = len(commands) - len(lines)
        values = [[as_json(Reply(type="bulk", value=word)) for word in words] for words in commands]
        real = [words for words in self._commands if name_of(words)[0] not in TRANSACTION]
        data = {"commands": values, "safe": all(map(is_safe, real)), "idempotent": all(map(is_idempotent, real))}
        return RequestMessage(summary="; ".join(lines) + (f"; … {left} more" if left else ""), data={**data, **self._endpoint.settings()})

    def converse(self, context: Context, replies: Replies) -> Iterator[Event]:
        """Everything out, then every reply in. A connection that breaks in between leaves the replies so far."""
        found: list[Reply] = []
        replies.begin()
        secrets = secret_spans(self._commands) if context.recorder.keeps_transcript else ()
        replies.stream.write(b"".join(map(encode, self._commands)), f"{len(self._commands)} commands", secrets=secrets)
        try:
            for words in self._commands:
                found.append(replies.read())
                context.secret(*answered_secrets(words, found[-1]))
                context.recorder.remark(f"{name_of(words)[0]}: {summary(found[-1])}")
        except (ExchangeError, KeyboardInterrupt):
            if found:
                yield from self._tell(found)
            raise
        tell_pushes(context, replies)
        for reply in found:
            tell_oddities(context, reply)
        self._note_errors(context, found)
        if replies.overhang:
            context.note("bytes-after-end", "more bytes came after the end of the last reply")
        answer = yield from self._tell(found)
        yield Finished(answer=answer)

    def _tell(self, found: list[Reply]) -> Generator[Event, None, Response]:
        raw = b"\n".join(content(self._endpoint, reply) for reply in found)
        said, status = self._verdict(found)
        failed = sum(_error_in(*pair) is not None for pair in zip(self._commands, found, strict=False))
        answer = Response(
            summary=said,
            status=status,
            body=Body(),
            framing=framing(found[-1]),
            data={"replies": [data_of(reply) for reply in found]},
            display=self._drawn(found) if len(raw) < LARGEST_DRAWN else None,
            headline=f"{failed} of {len(self._commands)} failed" if failed else said,
        )
        yield Received(answer=answer)
        yield Content(data=raw)
        return answer

    def _drawn(self, found: list[Reply]) -> Lines:
        """Each reply beside its command, below it where that is long, with its errors in the colour of a failure."""
        shown = [line_of(masked(words)) for words in self._commands[: len(found)]]
        column = min(max(map(len, shown)), WIDEST_COMMAND)
        lines: list[Line] = []
        for line, words, reply in zip(shown, self._commands, found, strict=False):
            failed = is_error(reply)
            text = text_of(words, reply)
            picture: Lines = (((f"✘ {text.removeprefix(f'{ERROR} ')}", "bad"),),) if failed else _lines(with_errors_marked(text))
            head = f"{line:<{column}}  "
            if len(line) > column:
                lines.append(((line, ""),))
                head = " " * (column + 2)
            for part in picture:
                lines.append(((head, ""), *part))
                head = " " * (column + 2)
        return tuple(lines)

    def _verdict(self, found: list[Reply]) -> tuple[str, Status]:
        """The first error, and whose it is; else how many replies there are."""
        for number, (words, reply) in enumerate(zip(self._commands, found, strict=False), 1):
            error = _error_in(words, reply)
            if error:
                said = summary(error)
                where = f"reply {number} of {len(self._commands)}, to {line_of(words)}"
                return f"{said} ({where})", status_of(error, words)
        return f"{len(found)} repl{'ies' if len(found) > 1 else 'y'}", Status(text="OK")

    def _note_errors(self, context: Context, found: list[Reply]) -> None:
        """Say which replies are errors, when it is more than the one that the status tells."""
        numbers = [str(number) for number, pair in enumerate(zip(self._commands, found, strict=True), 1) if _error_in(*pair)]
        if len(numbers) > 1:
            shown = ", ".join(numbers[:10]) + (", …" if len(numbers) > 10 else "")
            context.note("errors", f"{len(numbers)} of {len(found)} replies are errors: {shown}")


def _lines(display: str | Lines) -> Lines:
    return tuple(((line, ""),) for line in display.split("\n")) if isinstance(display, str) else display


def _error_in(words: Words, reply: Reply) -> Reply | None:
    """The reply if it is an error; of EXEC the first error among those of its commands."""
    if is_error(reply):
        return reply
    if name_of(words)[0] == "EXEC" and isinstance(reply.value, tuple):
        return next((part for part in reply.value if is_error(part)), None)
    return None
