"""What a connection has to be told before the command."""

from __future__ import annotations

from rrcli.adapters.redis.commands import name_of, secret_spans
from rrcli.adapters.redis.reply import is_error, summary
from rrcli.base.errors import malformed
from rrcli.codec.redis.resp import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.redis.endpoint import Endpoint, Words
    from rrcli.adapters.redis.replies import Replies
    from rrcli.codec.redis.resp import Reply
    from rrcli.engine.context import Context


def shake_hands(endpoint: Endpoint, context: Context, replies: Replies) -> tuple[Words, Reply] | None:
    """Send what the connection has to be told in one write; the command that is refused, if one is, and its reply."""
    if not endpoint.greeting:
        return None
    context.recorder.timeline.enter("handshake")
    names = ", ".join(_upper(words) for words in endpoint.greeting)
    replies.stream.write(b"".join(map(encode, endpoint.greeting)), names, secrets=secret_spans(endpoint.greeting))
    for words in endpoint.greeting:
        reply = replies.read()
        context.recorder.remark(f"{_upper(words)}: {summary(reply)}")
        if not is_error(reply):
            continue
        if name_of(words)[1] != "CLIENT SETINFO":
            context.note("handshake", f"the error answers {_upper(words)} before the command, which was not sent")
            return words, reply
        if words[2] == b"LIB-NAME":
            context.note("client-info", f"the server does not take CLIENT SETINFO: {summary(reply)}")
    if replies.waiting:
        raise malformed(f"the server sent more replies than the {len(endpoint.greeting)} that the handshake asks for")
    context.recorder.timeline.leave()
    return None


def _upper(words: tuple[bytes, ...]) -> str:
    return name_of(words)[0]
