"""INFO and SLOWLOG GET as tables, for people; each gives nothing for a reply of another shape, which is drawn as any other."""

from __future__ import annotations

from rrcli.adapters.redis.commands import line_of
from rrcli.base.units import duration
from rrcli.model.document import iso_seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.codec.redis.resp import Reply

LATEST = 1 << 36  # seconds since the epoch that have a date of four digits
ENTRY = ("integer", "integer", "integer", "array")  # of the slow log: id, when (seconds since the epoch), microseconds, the command


def info(reply: Reply) -> str | None:
    """The sections of INFO, each under its name, values in one column."""
    if not isinstance(reply.value, bytes):
        return None
    lines = reply.value.decode("utf-8", "backslashreplace").replace("\r\n", "\n").strip("\n").split("\n")
    pairs = [line.partition(":") for line in lines]
    column = max((len(name) for name, colon, _ in pairs if colon and not name.startswith("#")), default=0)
    drawn = []
    for line, (name, colon, value) in zip(lines, pairs, strict=True):
        if line.startswith("#"):
            drawn.append(line.removeprefix("#").strip())
        else:
            drawn.append(f"  {name:<{column}}  {value}" if colon else line)
    return "\n".join(drawn)


def slowlog(reply: Reply) -> str | None:
    """The entries of SLOWLOG GET, a line each; before Redis 4 they name no client."""
    entries = reply.value if isinstance(reply.value, tuple) else ()
    rows = [("id", "when", "took", "client", "command")]
    for entry in entries:
        parts = entry.value if isinstance(entry.value, tuple) else ()
        if tuple(part.type for part in parts[:4]) != ENTRY or any(not isinstance(word.value, bytes) for word in parts[3].value):
            return None
        number, seconds, micros, words = (part.value for part in parts[:4])
        if not 0 <= seconds < LATEST:
            return None
        client = " ".join(part.value.decode("utf-8", "backslashreplace") for part in parts[4:6] if isinstance(part.value, bytes))
        command = line_of([word.value for word in words]) if words else ""
        rows.append((str(number), iso_seconds(seconds), duration(micros * 1000), client.strip(), command))
    if len(rows) == 1:
        return None
    widths = [max(len(row[at]) for row in rows) for at in range(4)]
    return "\n".join(
        f"{row[0]:>{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]:<{widths[3]}}  {row[4]}".rstrip() for row in rows
    )
