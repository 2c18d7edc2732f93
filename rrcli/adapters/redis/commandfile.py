"""The commands of a file: one per line in redis-cli's quotes, or all of them as RESP, as `redis-cli --pipe` reads them."""

from __future__ import annotations

from rrcli.adapters.redis.commands import ANSWERED_BY_PUSH, ENDLESS, name_of
from rrcli.adapters.redis.endpoint import refuse_silence
from rrcli.base.errors import ExchangeError, usage
from rrcli.codec.redis.quote import split
from rrcli.codec.redis.resp import Decoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.redis.endpoint import Words

BOM = b"\xef\xbb\xbf"


def commands_in(data: bytes, path: str) -> list[Words]:
    """The commands of a file. Raises `usage` for what is none, so that nothing in a form that was not meant is executed."""
    if data[:1] == b"*" and data[1:2].isdigit():
        found = _from_resp(data, path)
    else:
        lines = enumerate(data.removeprefix(BOM).split(b"\n"), 1)
        found = [words for number, line in lines if (words := _from_line(line, f"line {number} of {path}"))]
    if not found:
        raise usage(f"there is no command in {path}", "write one per line, as SET key 'two words'")
    return found


def _from_resp(data: bytes, path: str) -> list[Words]:
    """The commands of a file that has them as they are sent: arrays of strings (`redis-cli --pipe`, an append-only file)."""
    decoder = Decoder()
    hint = "RESP has *COUNT, then $LENGTH and the bytes of each word, every line ended by CRLF; without it write one command per line"
    try:
        replies = decoder.feed(data)
        decoder.feed(b"")  # raises what is wrong behind them
    except ExchangeError as error:
        raise usage(f"{path} begins as RESP and breaks off from it: {error.message}", hint) from None
    if decoder.pending:
        raise usage(f"{path} is RESP, and ends within command {len(replies) + 1}", hint)
    found = []
    for number, reply in enumerate(replies, 1):
        where = f"command {number} of {path}"
        if reply.type != "array" or not reply.value or any(word.type != "bulk" for word in reply.value):
            raise usage(f"{where} is RESP, but no array of strings, and so no command", hint)
        words = tuple(word.value for word in reply.value)
        _refuse_unanswered(words, where)
        found.append(words)
    return found


def _from_line(line: bytes, where: str) -> Words:
    """The words of a line; none of an empty one. Raises `usage` for one that is no command."""
    try:
        words = tuple(split(line))
    except ValueError as error:
        raise usage(f"{where}: {error}", r"""quotes are as in redis-cli: "two words", "\x00", 'single'""") from None
    if words:
        _refuse_other_forms(words[0], where)
        _refuse_unanswered(words, where)
    return words


def _refuse_other_forms(name: bytes, where: str) -> None:
    """Raise `usage` for a line of another form: RESP, a reply, a prompt, what MONITOR shows, JSON, a dump."""
    text = name.decode("utf-8", "replace")
    if text == "redis-cli":
        raise usage(f"{where} begins with redis-cli", "write the command alone, as SET key value")
    letters = text.replace("_", "").replace("-", "").replace(".", "").replace("|", "")
    if not (letters.isascii() and letters.isalnum() and text[:1].isalnum() and any(map(str.isalpha, letters))):
        shown = repr(text[:20]) if text.isascii() and text.isprintable() else "no text"
        raise usage(f"{where} is no command: it begins with {shown}", "write one command per line, as SET key 'two words'")


def _refuse_unanswered(words: Words, where: str) -> None:
    """Raise `usage` for a command that has no reply of its own."""
    name = name_of(words)[0]
    if name in ENDLESS or name in ANSWERED_BY_PUSH:
        raise usage(f"{where}: {name} has no single reply, and none can be matched to the others", "send it by itself")
    refuse_silence(words)
