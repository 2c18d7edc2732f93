"""The request of `rrcli redis`: a command, and the connection it needs."""

from __future__ import annotations

from rrcli.options.option import option
from rrcli.options.parse import count
from rrcli.options.request import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar


class RedisRequest(Request):
    """One command, sent to the server that the URL before it names, or to 127.0.0.1:6379."""

    without_effect: ClassVar[tuple[str, ...]] = ("idempotency_key", "traceparent")
    shown_arguments: ClassVar[str] = "rrcli.adapters.redis.arguments:shown_arguments"
    keyed_words: ClassVar[str] = "rrcli.adapters.redis.arguments:keyed"
    needs_arguments: ClassVar[bool] = False  # --pipeline names a file of commands
    options_end_at_data: ClassVar[bool] = True
    lines: ClassVar[bool] = True
    input_option: ClassVar[str | None] = "--stdin"
    event_keys: ClassVar[tuple[str, ...]] = (*Request.event_keys, "channel", "pattern")

    user: str | None = option("--user", metavar="NAME", help="User to log in as.  [default]")
    password: str | None = option(
        "-a", "--password", metavar="PASSWORD", help="Password to log in with.  [REDISCLI_AUTH]", secret="rrcli.options.commandline:hidden"
    )
    db: int | None = option("-n", "--db", parse=count, metavar="N", help="Database to select.  [0]")
    resp2: bool = option("-2", "--resp2", kind="flag", help="Speak RESP2, as without -3.")
    resp3: bool = option("-3", "--resp3", kind="flag", help="Speak RESP3, agreed on with HELLO.")
    client_name: str | None = option("--client-name", metavar="NAME", help="Name of the connection in CLIENT LIST.")
    client_info: bool = option("--client-info", kind="flag", help="Tell the server our name and version (Redis 7.2, CLIENT SETINFO).")
    stdin: bool = option("-x", "--stdin", kind="flag", help="Read the command's last argument from standard input, byte for byte.")
    quoted_input: bool = option("--quoted-input", kind="flag", help=r"""Arguments are in quotes, as '"a\x00b"', and may hold any byte.""")
    quoted: bool = option("--quoted", kind="flag", help="Print strings in quotes, as --quoted-input and --pipeline read them.")
    pipeline: str | None = option(
        "--pipeline", metavar="FILE", help="Send the commands in FILE (- is standard input), one per line, at once; MULTI and EXEC too."
    )
    cluster: bool = option("-c", "--cluster", kind="flag", help="Follow MOVED and ASK to the other nodes of a cluster.")
    sentinel: str | None = option(
        "--sentinel", metavar="NAME", help="Ask the master NAME; the URLs are those of its sentinels, with their password if any."
    )
    slowlog: bool = option("--slowlog", kind="flag", help="Show how long the server itself ran the command (INFO commandstats).")
