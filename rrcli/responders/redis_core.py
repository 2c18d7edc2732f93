"""What the commands of the Redis responder share: replies, the session, and the finding and running of a command.

A command is a function of the session and its arguments, registered with `@command`; it returns a `Reply` or raises
`Failed`. They run one at a time, under `Store.lock`.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias, TypeVar

    from rrcli.responders.redis_store import Database, Store

    Reply: TypeAlias = "int | bytes | Simple | Error | Verbatim | NullArray | list[Reply] | set[bytes] | dict[bytes, Reply] | None"
    Run: TypeAlias = "Callable[[ClientSession, list[bytes]], Reply]"
    Kind = TypeVar("Kind", bytes, list[bytes], set[bytes], dict[bytes, bytes])

INTEGER = re.compile(rb"0|-?[1-9][0-9]{0,18}")
LOWEST, HIGHEST = -(1 << 63), (1 << 63) - 1
CONTAINERS = ("client", "command")  # their first argument is part of the name


class Simple(str):
    """A simple string."""


class Error(str):
    """An error, its code first."""


class Verbatim(str):
    """Text that RESP3 marks as such."""


class NullArray:
    """The absence of an array, which RESP2 tells from that of a string."""


class Failed(Exception):
    """The command's answer is this error."""


OK = Simple("OK")


class ClientSession:
    """What Redis remembers of a connection. `queue` is the open MULTI's commands, or `None`; `doomed` that EXEC must refuse them."""

    def __init__(self, store: Store, number: int, password: str | None) -> None:
        self.store = store
        self.number = number
        self.password = password
        self.trusted = password is None
        self.protocol = 2
        self.database = 0
        self.name = b""
        self.library = {b"lib-name": b"", b"lib-ver": b""}
        self.queue: list[list[bytes]] | None = None
        self.doomed = False
        self.ending = False

    @property
    def keys(self) -> Database:
        return self.store.databases[self.database]


class Command:
    """A command's name, its arity as COMMAND tells it (the name counts; negative: at least so many words), and its function."""

    __slots__ = ("arity", "name", "run")

    def __init__(self, name: str, arity: int, run: Run) -> None:
        self.name = name
        self.arity = arity
        self.run = run


COMMANDS: dict[str, Command] = {}


def command(name: str, arity: int) -> Callable[[Run], Run]:
    def register(run: Run) -> Run:
        COMMANDS[name] = Command(name, arity, run)
        return run

    return register


# --- running a command -----------------------------------------------------------------------------------


def execute(session: ClientSession, words: list[bytes]) -> Reply:
    """Run one command, or queue it; what goes wrong is the reply too."""
    try:
        found = find(words)
        if not session.trusted and found.name not in ("auth", "hello", "quit"):
            raise Failed("NOAUTH Authentication required.")
    except Failed as failure:
        session.doomed = session.queue is not None
        return Error(str(failure))
    if session.queue is not None and found.name not in ("multi", "exec", "discard", "quit"):
        session.queue.append(words)
        return Simple("QUEUED")
    with session.store.lock:
        return run(session, found, words)


def run(session: ClientSession, found: Command, words: list[bytes]) -> Reply:
    try:
        return found.run(session, words[1 + found.name.count("|") :])
    except Failed as failure:
        return Error(str(failure))


def find(words: list[bytes]) -> Command:
    """The command that is meant. Raises `Failed` when there is none, or for a wrong number of words."""
    name = shown(words[0]).lower()
    if name in CONTAINERS and len(words) > 1:
        found = COMMANDS.get(f"{name}|{shown(words[1]).lower()}")
        if found is None:
            raise Failed(f"ERR unknown subcommand '{shown(words[1])[:128]}'. Try {name.upper()} HELP.")
    else:
        found = COMMANDS.get(name)
    if found is None:
        raise Failed(f"ERR unknown command '{shown(words[0])[:128]}', with args beginning with: {beginning(words[1:])}")
    if len(words) != found.arity if found.arity > 0 else len(words) < -found.arity:
        raise wrong_number(found.name)
    return found


def beginning(arguments: list[bytes]) -> str:
    """The first arguments, quoted, about 128 characters of them."""
    text = ""
    for argument in arguments:
        if len(text) >= 128:
            break
        text += f"'{shown(argument)[: 128 - len(text)]}' "
    return text


def shown(word: bytes) -> str:
    return word.decode("utf-8", "surrogateescape")


def wrong_number(name: str) -> Failed:
    return Failed(f"ERR wrong number of arguments for '{name}' command")


def integer(word: bytes) -> int:
    """A signed number of 64 bits, written as Redis would write it."""
    if not INTEGER.fullmatch(word) or not LOWEST <= int(word) <= HIGHEST:
        raise Failed("ERR value is not an integer or out of range")
    return int(word)


def at(session: ClientSession, key: bytes, kind: type[Kind]) -> Kind | None:
    """The value of a key. Raises `Failed` when it is of another kind."""
    entry = session.keys.find(key)
    if entry is None:
        return None
    if not isinstance(entry.value, kind):
        raise Failed("WRONGTYPE Operation against a key holding the wrong kind of value")
    return entry.value


def pairs(words: list[bytes], otherwise: str) -> list[tuple[bytes, bytes]]:
    if len(words) % 2:
        raise Failed(otherwise)
    return list(zip(words[::2], words[1::2], strict=True))
