"""What redis-cli's way of naming the server comes to here, where the URL does that."""

from __future__ import annotations

import os

from rrcli.adapters.redis.arguments import split_words
from rrcli.adapters.redis.commands import masked
from rrcli.base.shellquote import quoted
from rrcli.base.url import host_port
from rrcli.options.foreign import own_options
from rrcli.policy.secrets import mask_url

VALUED = ("-h", "-p", "-u", "-n", "-a", "--user", "--pass", "--cacert", "--cert", "--key", "--sni")


def line_for(words: list[str]) -> str | None:
    """The line to write for the words behind `rrcli redis`, without secrets; `None` where none of redis-cli's options is among them."""
    given, rest = own_options(words, VALUED)
    if not (given.get("-h") or given.keys() & {"-p", "-u", "--tls"}):  # a lone -h asks for help
        return None
    scheme = "rediss" if "--tls" in given else "redis"
    port = given.get("-p", "")
    url = given.get("-u") or f"{scheme}://{host_port(given.get('-h') or '127.0.0.1', int(port) if port.isdecimal() else None)}"
    if "-n" in given and "-u" not in given:
        url += f"/{given['-n']}"
    options = [f"--user {quoted(given['--user'])}"] if "--user" in given else []
    options += ["-a PASSWORD"] if "-a" in given or "--pass" in given else []
    command = [os.fsdecode(word) for word in masked([os.fsencode(word) for word in split_words(tuple(rest))[1]])] if rest else []
    return " ".join(["rrcli redis", *options, quoted(mask_url(url)), *(map(quoted, command) if command else ["COMMAND"])])
