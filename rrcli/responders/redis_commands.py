"""Redis commands about the connection, transactions and the server; `redis_data` has those about keys."""

from __future__ import annotations

import time

from rrcli.responders.redis_core import (
    COMMANDS,
    INTEGER,
    OK,
    ClientSession,
    Failed,
    Simple,
    Verbatim,
    command,
    find,
    integer,
    run,
    shown,
    wrong_number,
)
from rrcli.responders.redis_store import DATABASES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.responders.redis_core import Reply
    from rrcli.responders.redis_store import Database

VERSION = "7.0.0"  # of the Redis whose behaviour this is

# --- the connection --------------------------------------------------------------------------------------


@command("ping", -1)
def ping(_: ClientSession, arguments: list[bytes]) -> Reply:
    if len(arguments) > 1:
        raise wrong_number("ping")
    return arguments[0] if arguments else Simple("PONG")


@command("echo", 2)
def echo(_: ClientSession, arguments: list[bytes]) -> Reply:
    return arguments[0]


@command("quit", -1)
def quit_(session: ClientSession, _: list[bytes]) -> Reply:
    session.ending = True
    return OK


@command("auth", -2)
def auth(session: ClientSession, arguments: list[bytes]) -> Reply:
    if len(arguments) > 2:
        raise Failed("ERR syntax error")
    if len(arguments) == 1 and session.password is None:
        raise Failed(
            "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"
        )
    log_in(session, arguments[0] if len(arguments) == 2 else b"default", arguments[-1])
    return OK


def log_in(session: ClientSession, user: bytes, password: bytes) -> None:
    """The only user is `default`; without a password of its own it takes any, as with `nopass`."""
    if user != b"default" or (session.password is not None and password != session.password.encode()):
        raise Failed("WRONGPASS invalid username-password pair or user is disabled.")
    session.trusted = True


@command("hello", -1)
def hello(session: ClientSession, arguments: list[bytes]) -> Reply:
    protocol, name = session.protocol, session.name
    if arguments:
        if not INTEGER.fullmatch(arguments[0]):
            raise Failed("ERR Protocol version is not an integer or out of range")
        protocol = int(arguments[0])
        if protocol not in (2, 3):
            raise Failed("NOPROTO unsupported protocol version")
    rest = arguments[1:]
    while rest:
        match rest[0].lower(), len(rest):
            case b"auth", left if left >= 3:
                log_in(session, rest[1], rest[2])
                rest = rest[3:]
            case b"setname", left if left >= 2:
                name = client_name(rest[1])
                rest = rest[2:]
            case _:
                raise Failed(f"ERR Syntax error in HELLO option '{shown(rest[0])}'")
    if not session.trusted:
        raise Failed(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> "
            "option can be used to authenticate the client and select the RESP protocol version at the same time"
        )
    session.protocol, session.name = protocol, name
    return {
        b"server": b"redis",
        b"version": VERSION.encode(),
        b"proto": protocol,
        b"id": session.number,
        b"mode": b"standalone",
        b"role": b"master",
        b"modules": [],
    }


@command("select", 2)
def select(session: ClientSession, arguments: list[bytes]) -> Reply:
    number = integer(arguments[0])
    if not 0 <= number < DATABASES:
        raise Failed("ERR DB index is out of range")
    session.database = number
    return OK


def client_name(name: bytes) -> bytes:
    if any(not 33 <= byte <= 126 for byte in name):
        raise Failed("ERR Client names cannot contain spaces, newlines or special characters.")
    return name


@command("client", -2)
def client(_: ClientSession, __: list[bytes]) -> Reply:
    raise wrong_number("client")


@command("client|setname", 3)
def client_setname(session: ClientSession, arguments: list[bytes]) -> Reply:
    session.name = client_name(arguments[0])
    return OK


@command("client|getname", 2)
def client_getname(session: ClientSession, _: list[bytes]) -> Reply:
    return session.name or None


@command("client|setinfo", 4)
def client_setinfo(session: ClientSession, arguments: list[bytes]) -> Reply:
    attribute = arguments[0].lower()
    if attribute not in session.library:
        raise Failed(f"ERR Unrecognized option '{shown(arguments[0])}'")
    session.library[attribute] = client_name(arguments[1])
    return OK


@command("client|id", 2)
def client_id(session: ClientSession, _: list[bytes]) -> Reply:
    return session.number


@command("client|info", 2)
def client_info(session: ClientSession, _: list[bytes]) -> Reply:
    facts = {"id": session.number, "name": shown(session.name), "db": session.database, "resp": session.protocol}
    library = {shown(key): shown(value) for key, value in session.library.items()}
    return Verbatim(" ".join(f"{key}={value}" for key, value in (facts | library).items()) + "\n")


@command("command", -1)
def command_(_: ClientSession, __: list[bytes]) -> Reply:
    return []


@command("command|docs", -2)
def command_docs(_: ClientSession, __: list[bytes]) -> Reply:
    """What redis-cli asks for at its start: there are no help texts here."""
    return {}


@command("command|count", 2)
def command_count(_: ClientSession, __: list[bytes]) -> Reply:
    return sum("|" not in name for name in COMMANDS)


@command("info", -1)
def info(session: ClientSession, arguments: list[bytes]) -> Reply:
    sections: dict[str, dict[str, object]] = {
        "Server": {"redis_version": VERSION, "redis_mode": "standalone", "uptime_in_seconds": int(time.time() - session.store.started)},
        "Keyspace": {f"db{number}": summary(keys) for number, keys in enumerate(session.store.databases) if keys.living()},
    }
    asked = {shown(word).lower() for word in arguments} or {"default"}
    every = asked & {"default", "all", "everything"}
    parts = [
        f"# {title}\r\n" + "".join(f"{key}:{value}\r\n" for key, value in facts.items())
        for title, facts in sections.items()
        if every or title.lower() in asked
    ]
    return Verbatim("\r\n".join(parts))


def summary(keys: Database) -> str:
    living = keys.living()
    return f"keys={len(living)},expires={sum(entry.expires is not None for _, entry in living)},avg_ttl=0"


# --- transactions ----------------------------------------------------------------------------------------


@command("multi", 1)
def multi(session: ClientSession, _: list[bytes]) -> Reply:
    if session.queue is not None:
        raise Failed("ERR MULTI calls can not be nested")
    session.queue, session.doomed = [], False
    return OK


@command("exec", 1)
def exec_(session: ClientSession, _: list[bytes]) -> Reply:
    if session.queue is None:
        raise Failed("ERR EXEC without MULTI")
    queue, session.queue = session.queue, None
    if session.doomed:
        raise Failed("EXECABORT Transaction discarded because of previous errors.")
    return [run(session, find(words), words) for words in queue]


@command("discard", 1)
def discard(session: ClientSession, _: list[bytes]) -> Reply:
    if session.queue is None:
        raise Failed("ERR DISCARD without MULTI")
    session.queue = None
    return OK


# --- databases -------------------------------------------------------------------------------------------


@command("dbsize", 1)
def dbsize(session: ClientSession, _: list[bytes]) -> Reply:
    return len(session.keys.living())


@command("flushdb", -1)
def flushdb(session: ClientSession, arguments: list[bytes]) -> Reply:
    return flush([session.keys], arguments)


@command("flushall", -1)
def flushall(session: ClientSession, arguments: list[bytes]) -> Reply:
    return flush(session.store.databases, arguments)


def flush(databases: list[Database], arguments: list[bytes]) -> Reply:
    if len(arguments) > 1 or (arguments and arguments[0].lower() not in (b"async", b"sync")):
        raise Failed("ERR syntax error")
    for keys in databases:
        keys.clear()
    return OK
