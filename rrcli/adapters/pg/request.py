"""The request of `rrcli pg`: SQL with its parameters, and the server that the first word names."""

from __future__ import annotations

from rrcli.options.option import option
from rrcli.options.parse import one_of, times
from rrcli.options.request import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

SSLMODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
SESSIONS = ("any", "read-write", "read-only", "primary", "standby", "prefer-standby")


def setting(text: str) -> tuple[str, str]:
    """`KEY=VALUE` of --set, with a keyword of a connection's configuration."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise ValueError(f"{text!r} is not KEY=VALUE, as connect_timeout=5")
    return key.strip(), value


def setting_text(pair: tuple[str, str]) -> str:
    """The word that `setting` reads."""
    return "=".join(pair)


def parameter_file(text: str) -> tuple[int, str]:
    """`N=FILE` of --param-file. Raises `ValueError`."""
    number, equals, path = text.partition("=")
    if not equals or not path:
        raise ValueError(f"{text!r} is not N=FILE, as 2=photo.txt")
    return times(number), path


def parameter_file_text(pair: tuple[int, str]) -> str:
    """The word that `parameter_file` reads."""
    return f"{pair[0]}={pair[1]}"


class PgRequest(Request):
    """`PgRequest("postgresql://ann@db/shop", "select * from orders where id = $1", "7")`: where to connect, SQL, parameters."""

    without_effect: ClassVar[tuple[str, ...]] = ("idempotency_key", "traceparent")
    shown_arguments: ClassVar[str] = "rrcli.adapters.pg.arguments:shown_arguments"
    retarget: ClassVar[str] = "rrcli.adapters.pg.arguments:at_server"
    options_end_at_data: ClassVar[bool] = True
    place_first: ClassVar[bool] = True
    input_option: ClassVar[str | None] = "--stdin"
    event_keys: ClassVar[tuple[str, ...]] = (*Request.event_keys, "channel", "payload", "pid")

    extended: bool = option("--extended", kind="flag", help="Parse and bind one statement, as with PARAMs; without, several work.")
    null: tuple[int, ...] = option("--null", kind="many", parse=times, metavar="N", help="Let parameter N be NULL; repeatable.")
    param_file: tuple[tuple[int, str], ...] = option(
        "--param-file", kind="many", parse=parameter_file, write=parameter_file_text, metavar="N=FILE",
        help="Take parameter N from FILE (- is standard input); repeatable.",
    )  # fmt: skip
    max_rows: int | None = option("--max-rows", parse=times, metavar="N", help="Stop after N rows.")
    cursor: int | None = option("--cursor", parse=times, metavar="N", help="Fetch N rows at a time.")
    pipeline: str | None = option(
        "--pipeline",
        metavar="FILE",
        help="Send the statements in FILE (- is standard input), each ended by ;, at once: all of them hold, or none.",
    )
    explain: bool = option("--explain", kind="flag", help="Show how the server runs it, with its own times; what it does is rolled back.")
    read_only: bool = option(
        "--read-only", kind="flag", help="Have the server refuse what would change anything; --retry may then repeat it."
    )
    stdin: bool = option("--stdin", kind="flag", help="Read the data of COPY ... FROM STDIN from standard input.")
    sslmode: str | None = option(
        "--sslmode",
        choices=SSLMODES,
        parse=one_of(*SSLMODES),
        metavar="MODE",
        help="Whether TLS is used, and verified.  [prefer]",
        group="TLS",
    )
    target_session_attrs: str | None = option(
        "--target-session-attrs", choices=SESSIONS, parse=one_of(*SESSIONS), metavar="WHICH", help="Which of several hosts will do.  [any]",
        group="Connection",
    )  # fmt: skip
    set: tuple[tuple[str, str], ...] = option(
        "--set", kind="many", parse=setting, write=setting_text, metavar="KEY=VALUE", secret="rrcli.adapters.pg.arguments:setting_shown",
        help="Any other keyword of the connection, as connect_timeout=5; repeatable.", group="Connection",
    )  # fmt: skip
