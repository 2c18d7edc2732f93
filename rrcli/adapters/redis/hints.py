"""What to do about an error whose cause the request shows, where the meaning of its prefix would miss it."""

from __future__ import annotations

from rrcli.adapters.redis.commands import name_of
from rrcli.adapters.redis.reply import is_error, is_redirection, prefix, summary
from rrcli.model.values import Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from rrcli.codec.redis.resp import Reply

# Command, what its error contains (in lower case), and what to do then.
CAUSES = (
    ("HELLO", "unknown command", "-3 needs Redis 6 or later: leave it out"),
    ("AUTH", "without any password configured", "this server wants no password: leave it out (the URL, --password, REDISCLI_AUTH)"),
    ("AUTH", "no password is set", "this server wants no password: leave it out (the URL, --password, REDISCLI_AUTH)"),
    ("AUTH", "wrong number of arguments", "servers before Redis 6 know no users: leave the name out, and give the password alone"),
    ("SELECT", "index is out of range", "the server has fewer databases: rrcli redis CONFIG GET databases"),
    ("SELECT", "not allowed in cluster mode", "a cluster has the database 0 alone: leave the number out (the URL, -n)"),
)
NOT_A_DUMP = "payload version or checksum"


def status_of(reply: Reply, words: Sequence[bytes] = ()) -> Status:
    """The status that a reply to the command of these `words` is; of an error with what to do, where that is known."""
    if not is_error(reply):
        return Status(text="OK")
    said = summary(reply)
    found = Status(text=prefix(said), ok=False, hint=_hint(words, said.lower()) if words else "")
    if found.text in ("MOVED", "ASK") and not is_redirection(reply):
        return found.replace(explain_as=("redis", "ERR"))
    return found


def _hint(words: Sequence[bytes], said: str) -> str:
    command = name_of(words)[0]
    if command == "RESTORE" and NOT_A_DUMP in said and len(words) > 3:
        behind = " ends with a newline, which DUMP's has not" if words[3].endswith(b"\n") else " is not what DUMP answered, byte for byte"
        return f"the payload{behind}: rrcli redis -o FILE DUMP key, then rrcli redis -x RESTORE key 0 < FILE"
    return next((hint for name, text, hint in CAUSES if name == command and text in said), "")
