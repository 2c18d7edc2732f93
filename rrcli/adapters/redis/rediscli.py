"""An exchange as a command line of redis-cli. No secret is written: an environment variable stands in its place."""

from __future__ import annotations

from binascii import a2b_base64

from rrcli.adapters.redis.commands import masked
from rrcli.adapters.redis.endpoint import place_of
from rrcli.base.fields import MASK
from rrcli.base.shellquote import quoted
from rrcli.codec.redis.quote import quote
from rrcli.policy.mask import Mask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import Exchange

PASSWORD, SECRET = '"$REDIS_PASSWORD"', '"$REDIS_SECRET"'


def as_command(exchange: Exchange, _request: object = None) -> str:
    """The command, or for a pipeline its lines piped into one; `REDIS_PASSWORD` and `REDIS_SECRET` are to be set before."""
    data = exchange.request.data
    tool = " ".join(_tool(exchange))
    mask = Mask(exchange.secrets)
    if "commands" in data:
        lines = " ".join(_shell(b" ".join(map(quote, line)), mask) for line in map(_unsecret, data["commands"]))
        return f"printf '%s\\n' {lines} | {tool}"
    args = [data["command"], *data["args"]]
    words = _unsecret(args)
    binary = any(not isinstance(arg, str) or "\0" in arg for arg in args)
    shown = [_shell(quote(word) if binary else word, mask) for word in words]
    return " ".join((tool, *(["--quoted-input"] if binary else []), *shown))


def _tool(exchange: Exchange) -> list[str]:
    """`redis-cli` and how it connects."""
    data, place = exchange.request.data, place_of(exchange.target.url)
    user = data.get("user")
    found = [f"REDISCLI_AUTH={PASSWORD}"] if user else []
    found.append("redis-cli")
    found += ["-s", quoted(place.socket)] if place.socket else ["-h", quoted(place.host), "-p", str(place.port)]
    if user and user != "default":
        found += ["--user", quoted(user)]
    if place.db:
        found += ["-n", str(place.db)]
    if place.tls:
        found.append("--tls")
        for name in ("cacert", "cert", "key"):
            if name in data:
                found += [f"--{name}", quoted(data[name])]
        tls = exchange.connection.tls
        if tls and not tls.verified:
            found.append("--insecure")
    return found + (["-3"] if data.get("resp") == 3 else [])


def _unsecret(args: list[Any]) -> list[bytes]:
    """The words of a command, a mask where one is a secret or holds one."""
    return list(masked([arg.encode("utf-8", "surrogateescape") if isinstance(arg, str) else _bytes(arg) for arg in args]))


def _bytes(arg: Any) -> bytes:
    text = arg["base64"]
    return MASK.encode() if text == MASK else a2b_base64(text)


def _shell(word: bytes, mask: Mask) -> str:
    """One word for a shell, with a variable in place of every mask."""
    text = mask.text(word.decode("utf-8", "surrogateescape"))
    escaped = quote(MASK.encode()).decode()[1:-1]
    parts = text.replace(escaped, MASK).split(MASK)
    return SECRET.join(quoted(part) if part else "" for part in parts) if len(parts) > 1 else quoted(text)
