"""What the options of `openssl s_client` come to here."""

from __future__ import annotations

from rrcli.base.shellquote import quoted
from rrcli.options.foreign import own_options

# Options with a value: what stands for them here; nothing where the value is the argument itself.
VALUED = {
    "-connect": "", "-servername": "--sni", "-starttls": "--starttls", "-CAfile": "--cacert", "-cert": "--cert", "-key": "--key",
    "-alpn": "--alpn", "-host": "", "-port": "",
}  # fmt: skip
FLAGS = {"-tls1_2": "--tls-max 1.2", "-tls1_3": "--tls-min 1.3", "-noservername": "", "-showcerts": "", "-brief": ""}


def line_for(words: list[str]) -> str | None:
    """The line to write for the words behind `rrcli tls`; `None` where none of s_client's options is among them."""
    given, rest = own_options([word for word in words if word != "s_client"], tuple(VALUED))
    if not given.keys() & {*VALUED, *FLAGS}:
        return None
    options = [f"{VALUED[name]} {quoted(value)}" for name, value in given.items() if VALUED.get(name) and value]
    options += [FLAGS[name] for name in given if FLAGS.get(name)]
    host = given.get("-connect") or (f"{given['-host']}:{given.get('-port') or 443}" if given.get("-host") else "")
    return " ".join(["rrcli tls", *options, quoted(host) if host else " ".join(map(quoted, rest)) or "HOST[:PORT]"])
