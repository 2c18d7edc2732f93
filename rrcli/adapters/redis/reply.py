"""A Redis reply as content, summary and event."""

from __future__ import annotations

from rrcli.adapters.redis.commands import LONGEST_WORD, line_of
from rrcli.codec.redis.resp import oddities
from rrcli.codec.redis.text import as_raw, as_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.redis.endpoint import Endpoint
    from rrcli.adapters.redis.replies import Replies
    from rrcli.codec.redis.resp import Reply
    from rrcli.engine.context import Context

LARGEST_DRAWN = 64 << 10  # bytes of a reply that is drawn as redis-cli draws it; a larger one shows its raw text


def tell_pushes(context: Context, replies: Replies) -> None:
    """Note the pushes that came between the replies, the first ones with what they say."""
    for push in replies.pushes:
        context.note("push", f"a push came before the reply: {line_of([as_raw(part) for part in push.value])}")
    if replies.pushed > len(replies.pushes):
        context.note("push", f"{replies.pushed - len(replies.pushes)} more pushes came and went unread")


def tell_oddities(context: Context, reply: Reply) -> None:
    """Note the keys that a map repeats, of which the document can hold one."""
    for path, found in oddities(reply):
        if isinstance(found, str):
            context.note("duplicate-key", f"a map ({path}) has the key {found[:60]!r} twice: the document has the last, the content all")
            break


def content(endpoint: Endpoint, reply: Reply) -> bytes:
    """The reply as redis-cli prints it off a terminal, or with --quoted in quotes."""
    if not endpoint.request.quoted:
        return as_raw(reply)
    from rrcli.codec.redis.quote import as_quoted

    return as_quoted(reply)


def is_error(reply: Reply) -> bool:
    return reply.type in ("error", "blob_error")


def is_redirection(reply: Reply) -> bool:
    """Whether the reply is a node's `MOVED SLOT ADDRESS` or `ASK SLOT ADDRESS`; a script may begin its own errors with these words."""
    words = reply.value.split() if is_error(reply) else []
    return len(words) == 3 and words[0] in (b"MOVED", b"ASK") and words[1].isdigit() and len(words[1]) < 6


def prefix(error: str) -> str:
    """The word in upper case that an error starts with, by convention; `ERR` for one that keeps to none."""
    word = error.partition(" ")[0]
    return word if word.isascii() and word.replace("_", "").isalnum() and word.isupper() else "ERR"


def summary(reply: Reply) -> str:
    """The reply on one short line: a size where it is long."""
    value = reply.value
    if isinstance(value, tuple) and value:
        return f"{len(value)} {'pair' if reply.type == 'map' else 'element'}{'s' * (len(value) > 1)}"
    if is_error(reply):
        text: str = value.decode("utf-8", "backslashreplace").partition("\n")[0]
        return text.rstrip("\r")
    if isinstance(value, bytes) and (len(value) > LONGEST_WORD or b"\n" in value):
        return f"{len(value)} bytes"
    return as_text(reply.replace(attributes=()))
