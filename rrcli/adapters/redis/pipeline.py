"""`--pipeline`: commands from a file, one per line in redis-cli's quotes, in one write; their replies in order."""

from __future__ import annotations

from rrcli.adapters.redis.commands import (
    ANSWERED_BY_PUSH,
    ENDLESS,
    LONGEST_LINE,
    is_idempotent,
    is_safe,
    line_of,
    name_of,
    secret_spans,
    spelled_secrets,
)
from rrcli.adapters.redis.endpoint import refuse_silence
from rrcli.adapters.redis.reply import LARGEST_DRAWN, content, is_error, prefix, summary, tell_pushes
from rrcli.base.errors import ExchangeError, usage
from rrcli.base.files import read_local
from rrcli.codec.redis.quote import split
from rrcli.codec.redis.resp import Reply, as_json, encode, framing
from rrcli.codec.redis.text import as_text
from rrcli.engine.events import Content, Finished, Received
from rrcli.model.values import Body, RequestMessage, Response, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from rrcli.adapters.redis.endpoint import Endpoint, Words
    from rrcli.adapters.redis.replies import Replies
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event

TRANSACTION = frozenset({"DISCARD", "EXEC", "MULTI", "UNWATCH", "WATCH"})  # what they do is what stands between them


class Pipeline:
    """The commands of a file. Raises `usage` for a line that cannot be sent, `local` for a file that cannot be read."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        path = endpoint.request.pipeline or "-"
        lines = enumerate(read_local(path).split(b"\n"), 1)
        self._commands = [words for number, line in lines if (words := _words(line, f"line {number} of {path}"))]
        if not self._commands:
            raise usage(f"there is no command in {path}", "write one per line, as SET key 'two words'")

    def secrets(self) -> Iterator[str]:
        for words in self._commands:
            yield from spelled_secrets(words)

    def message(self) -> RequestMessage:
        """The first commands on one line; in `data` all of them."""
        shown, lines = 0, []
        for words in self._commands:
            lines.append(line_of(words))
            shown += len(lines[-1])
            if shown > LONGEST_LINE:
                break
        left = len(self._commands) - len(lines)
        commands = [[as_json(Reply(type="bulk", value=word)) for word in words] for words in self._commands]
        real = [words for words in self._commands if name_of(words)[0] not in TRANSACTION]
        data = {"commands": commands, "safe": all(map(is_safe, real)), "idempotent": all(map(is_idempotent, real))}
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
                context.recorder.remark(f"{name_of(words)[0]}: {summary(found[-1])}")
        except (ExchangeError, KeyboardInterrupt):
            if found:
                yield from self._tell(found)
            raise
        tell_pushes(context, replies)
        self._note_errors(context, found)
        if replies.overhang:
            context.note("bytes-after-end", "more bytes came after the end of the last reply")
        answer = yield from self._tell(found)
        yield Finished(answer=answer)

    def _tell(self, found: list[Reply]) -> Generator[Event, None, Response]:
        raw = b"\n".join(content(self._endpoint, reply) for reply in found)
        drawn = as_text(Reply(type="array", value=tuple(found))) if len(raw) < LARGEST_DRAWN else None
        said, status = self._verdict(found)
        data = {"replies": [{"value": as_json(reply), "type": reply.type} for reply in found]}
        answer = Response(summary=said, status=status, body=Body(), framing=framing(found[-1]), data=data, display=drawn)
        yield Received(answer=answer)
        yield Content(data=raw)
        return answer

    def _verdict(self, found: list[Reply]) -> tuple[str, Status]:
        """The first error, and whose it is; else how many replies there are."""
        for number, (words, reply) in enumerate(zip(self._commands, found, strict=False), 1):
            error = _error_in(words, reply)
            if error:
                said = summary(error)
                where = f"reply {number} of {len(self._commands)}, to {line_of(words)}"
                return f"{said} ({where})", Status(text=prefix(said), ok=False)
        return f"{len(found)} repl{'ies' if len(found) > 1 else 'y'}", Status(text="OK")

    def _note_errors(self, context: Context, found: list[Reply]) -> None:
        """Say which replies are errors, when it is more than the one that the status tells."""
        numbers = [str(number) for number, pair in enumerate(zip(self._commands, found, strict=True), 1) if _error_in(*pair)]
        if len(numbers) > 1:
            shown = ", ".join(numbers[:10]) + (", …" if len(numbers) > 10 else "")
            context.note("errors", f"{len(numbers)} of {len(found)} replies are errors: {shown}")


def _words(line: bytes, where: str) -> Words:
    """The words of a line; none of an empty one. Raises `usage` for one that has no reply of its own."""
    try:
        words = tuple(split(line))
    except ValueError as error:
        raise usage(f"{where}: {error}", r"""quotes are as in redis-cli: "two words", "\x00", 'single'""") from None
    if words:
        name = name_of(words)[0]
        if name in ENDLESS or name in ANSWERED_BY_PUSH:
            raise usage(f"{where}: {name} has no single reply, and none can be matched to the others", "send it by itself")
        refuse_silence(words)
    return words


def _error_in(words: Words, reply: Reply) -> Reply | None:
    """The reply if it is an error; of EXEC the first error among those of its commands."""
    if is_error(reply):
        return reply
    if name_of(words)[0] == "EXEC" and isinstance(reply.value, tuple):
        return next((part for part in reply.value if is_error(part)), None)
    return None
