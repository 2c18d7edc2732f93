"""What psql's way of naming the server comes to here, where the DSN does that."""

from __future__ import annotations

from rrcli.base.shellquote import quoted
from rrcli.base.url import host_port
from rrcli.options.foreign import own_options

VALUED = ("-h", "-p", "-U", "-d", "-c", "--host", "--port", "--username", "--dbname", "--command")


def line_for(words: list[str]) -> str | None:
    """The line to write for the words behind `rrcli pg`; `None` where none of psql's options is among them."""
    given, rest = own_options(words, VALUED)
    if not (given.get("-h") or given.keys() & {"--host", "-U", "--username"}):  # a lone -h asks for help
        return None
    host, port = given.get("-h") or given.get("--host") or "localhost", given.get("-p") or given.get("--port") or ""
    user, base = given.get("-U") or given.get("--username"), given.get("-d") or given.get("--dbname")
    sql = given.get("-c") or given.get("--command")
    for word in rest:
        base, sql = (base, word) if " " in word or base else (word, sql)
    where = host_port(host, int(port) if port.isdecimal() else None)
    url = f"postgresql://{where}/{base or 'DATABASE'}?user={user or 'USER'}"
    return f"rrcli pg {quoted(url) if base and user else url} {quoted(sql) if sql else 'SQL'}"
