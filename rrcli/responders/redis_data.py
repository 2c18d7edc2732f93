"""Redis commands about keys: their lives, strings, lists, hashes and sets."""

from __future__ import annotations

from rrcli.responders.redis_core import (
    HIGHEST,
    INTEGER,
    LOWEST,
    OK,
    ClientSession,
    Failed,
    NullArray,
    Simple,
    at,
    command,
    integer,
    pairs,
    shown,
    wrong_number,
)
from rrcli.responders.redis_store import TYPES, matcher, now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.responders.redis_core import Reply
    from rrcli.responders.redis_store import StoredValue

STRING = 64 << 20  # bytes of one string, at most

# --- keys of any type ------------------------------------------------------------------------------------


@command("del", -2)
def del_(session: ClientSession, arguments: list[bytes]) -> Reply:
    return sum(session.keys.remove(key) for key in arguments)


@command("exists", -2)
def exists(session: ClientSession, arguments: list[bytes]) -> Reply:
    return sum(session.keys.find(key) is not None for key in arguments)


@command("type", 2)
def type_(session: ClientSession, arguments: list[bytes]) -> Reply:
    entry = session.keys.find(arguments[0])
    return Simple(TYPES[type(entry.value)] if entry else "none")


@command("expire", -3)
def expire(session: ClientSession, arguments: list[bytes]) -> Reply:
    return expire_in(session, arguments, 1000, "expire")


@command("pexpire", -3)
def pexpire(session: ClientSession, arguments: list[bytes]) -> Reply:
    return expire_in(session, arguments, 1, "pexpire")


def expire_in(session: ClientSession, arguments: list[bytes], unit: int, name: str) -> Reply:
    """Let a key expire after a number of `unit` milliseconds."""
    key, span, *options = arguments
    if options:
        raise Failed(f"ERR Unsupported option {shown(options[0])}")
    milliseconds = integer(span) * unit
    if not LOWEST <= milliseconds + now() <= HIGHEST:
        raise Failed(f"ERR invalid expire time in '{name}' command")
    entry = session.keys.find(key)
    if entry is None:
        return 0
    entry.expires = now() + milliseconds
    return 1


@command("persist", 2)
def persist(session: ClientSession, arguments: list[bytes]) -> Reply:
    entry = session.keys.find(arguments[0])
    if entry is None or entry.expires is None:
        return 0
    entry.expires = None
    return 1


@command("ttl", 2)
def ttl(session: ClientSession, arguments: list[bytes]) -> Reply:
    left = time_left(session.keys.find(arguments[0]))
    return left if left < 0 else (left + 500) // 1000


@command("pttl", 2)
def pttl(session: ClientSession, arguments: list[bytes]) -> Reply:
    return time_left(session.keys.find(arguments[0]))


def time_left(entry: StoredValue | None) -> int:
    """Milliseconds; -1 for ever, -2 without such a key."""
    if entry is None:
        return -2
    return -1 if entry.expires is None else max(0, entry.expires - now())


@command("keys", 2)
def keys_(session: ClientSession, arguments: list[bytes]) -> Reply:
    fits = matcher(arguments[0]).fullmatch
    return [key for key, _ in session.keys.living() if fits(key)]


@command("scan", -2)
def scan(session: ClientSession, arguments: list[bytes]) -> Reply:
    """The cursor is the number of the next key: keys that come and go between two calls hide no other."""
    if not arguments[0].isdigit() or len(arguments[0]) > 20:
        raise Failed("ERR invalid cursor")
    count, fits, kind = 10, matcher(b"*").fullmatch, None
    for name, value in pairs(arguments[1:], "ERR syntax error"):
        match name.lower():
            case b"count":
                count = integer(value)
                if count < 1:
                    raise Failed("ERR syntax error")
            case b"match":
                fits = matcher(value).fullmatch
            case b"type":
                kind = shown(value).lower()
            case _:
                raise Failed("ERR syntax error")
    left = [(key, entry) for key, entry in session.keys.living() if entry.number >= int(arguments[0])]
    cursor = left[count][1].number if len(left) > count else 0
    seen: list[Reply] = [key for key, entry in left[:count] if fits(key) and kind in (None, TYPES[type(entry.value)])]
    return [str(cursor).encode(), seen]


# --- strings ---------------------------------------------------------------------------------------------


@command("get", 2)
def get(session: ClientSession, arguments: list[bytes]) -> Reply:
    return at(session, arguments[0], bytes)


@command("set", -3)
def set_(session: ClientSession, arguments: list[bytes]) -> Reply:
    key, value, *options = arguments
    expires, flags = set_options(options)
    entry = session.keys.find(key)
    old = at(session, key, bytes) if b"get" in flags else None
    if (b"nx" in flags and entry) or (b"xx" in flags and not entry):
        return old
    kept = entry.expires if entry and b"keepttl" in flags else None
    session.keys.put(key, value).expires = kept if expires is None else expires
    return old if b"get" in flags else OK


def set_options(options: list[bytes]) -> tuple[int | None, set[bytes]]:
    """When the key is to expire, milliseconds of the epoch, and the options without a value."""
    expires, flags = None, set()
    rest = [option.lower() for option in options]
    while rest:
        option = rest.pop(0)
        if option in (b"ex", b"px") and rest and expires is None:
            span = integer(rest.pop(0)) * (1000 if option == b"ex" else 1)
            if not 0 < span <= HIGHEST - now():
                raise Failed("ERR invalid expire time in 'set' command")
            expires = now() + span
        elif option in (b"nx", b"xx", b"get", b"keepttl"):
            flags.add(option)
        else:
            raise Failed("ERR syntax error")
    if {b"nx", b"xx"} <= flags or (expires is not None and b"keepttl" in flags):
        raise Failed("ERR syntax error")
    return expires, flags


@command("mget", -2)
def mget(session: ClientSession, arguments: list[bytes]) -> Reply:
    entries = [session.keys.find(key) for key in arguments]
    return [entry.value if entry and isinstance(entry.value, bytes) else None for entry in entries]


@command("mset", -3)
def mset(session: ClientSession, arguments: list[bytes]) -> Reply:
    for key, value in pairs(arguments, str(wrong_number("mset"))):
        session.keys.put(key, value)
    return OK


@command("append", 3)
def append(session: ClientSession, arguments: list[bytes]) -> Reply:
    value = (at(session, arguments[0], bytes) or b"") + arguments[1]
    if len(value) > STRING:
        raise Failed("ERR string exceeds maximum allowed size (proto-max-bulk-len)")
    change(session, arguments[0], value)
    return len(value)


@command("strlen", 2)
def strlen(session: ClientSession, arguments: list[bytes]) -> Reply:
    return len(at(session, arguments[0], bytes) or b"")


@command("incr", 2)
def incr(session: ClientSession, arguments: list[bytes]) -> Reply:
    return add(session, arguments[0], 1)


@command("decr", 2)
def decr(session: ClientSession, arguments: list[bytes]) -> Reply:
    return add(session, arguments[0], -1)


@command("incrby", 3)
def incrby(session: ClientSession, arguments: list[bytes]) -> Reply:
    return add(session, arguments[0], integer(arguments[1]))


@command("decrby", 3)
def decrby(session: ClientSession, arguments: list[bytes]) -> Reply:
    amount = integer(arguments[1])
    if amount == LOWEST:
        raise Failed("ERR decrement would overflow")
    return add(session, arguments[0], -amount)


def add(session: ClientSession, key: bytes, amount: int) -> Reply:
    value = at(session, key, bytes)
    total = (0 if value is None else integer(value)) + amount
    if not LOWEST <= total <= HIGHEST:
        raise Failed("ERR increment or decrement would overflow")
    change(session, key, str(total).encode())
    return total


def change(session: ClientSession, key: bytes, value: bytes) -> None:
    """A new value for a key, which expires as before."""
    entry = session.keys.find(key)
    if entry:
        entry.value = value
    else:
        session.keys.put(key, value)


# --- lists, hashes and sets ------------------------------------------------------------------------------


@command("lpush", -3)
def lpush(session: ClientSession, arguments: list[bytes]) -> Reply:
    items = list_at(session, arguments[0])
    items[:0] = reversed(arguments[1:])
    return len(items)


@command("rpush", -3)
def rpush(session: ClientSession, arguments: list[bytes]) -> Reply:
    items = list_at(session, arguments[0])
    items += arguments[1:]
    return len(items)


def list_at(session: ClientSession, key: bytes) -> list[bytes]:
    """The list of a key, made when it is not there."""
    items = at(session, key, list)
    if items is None:
        items = []
        session.keys.put(key, items)
    return items


@command("llen", 2)
def llen(session: ClientSession, arguments: list[bytes]) -> Reply:
    return len(at(session, arguments[0], list) or [])


@command("lrange", 4)
def lrange(session: ClientSession, arguments: list[bytes]) -> Reply:
    first, last = integer(arguments[1]), integer(arguments[2])
    items: list[bytes] = at(session, arguments[0], list) or []
    start = max(0, first + len(items) if first < 0 else first)
    end = last + len(items) if last < 0 else last
    return [*items[start : max(0, end + 1)]]


@command("lpop", -2)
def lpop(session: ClientSession, arguments: list[bytes]) -> Reply:
    return pop(session, arguments, "lpop", 0)


@command("rpop", -2)
def rpop(session: ClientSession, arguments: list[bytes]) -> Reply:
    return pop(session, arguments, "rpop", -1)


def pop(session: ClientSession, arguments: list[bytes], name: str, index: int) -> Reply:
    """Items from one end of a list: one, or an array of as many as there are up to the count that was given."""
    if len(arguments) > 2:
        raise wrong_number(name)
    counted = len(arguments) == 2
    count = integer(arguments[1]) if counted and INTEGER.fullmatch(arguments[1]) else -1
    if counted and count < 0:
        raise Failed("ERR value is out of range, must be positive")
    items: list[bytes] | None = at(session, arguments[0], list)
    if items is None:
        return NullArray() if counted else None
    taken: list[Reply] = [items.pop(index) for _ in range(min(count if counted else 1, len(items)))]
    session.keys.prune(arguments[0])
    return taken if counted else taken[0]


@command("hset", -4)
def hset(session: ClientSession, arguments: list[bytes]) -> Reply:
    key, *words = arguments
    given = dict(pairs(words, str(wrong_number("hset"))))
    fields: dict[bytes, bytes] | None = at(session, key, dict)
    if fields is None:
        fields = {}
        session.keys.put(key, fields)
    before = len(fields)
    fields.update(given)
    return len(fields) - before


@command("hget", 3)
def hget(session: ClientSession, arguments: list[bytes]) -> Reply:
    fields: dict[bytes, bytes] = at(session, arguments[0], dict) or {}
    return fields.get(arguments[1])


@command("hgetall", 2)
def hgetall(session: ClientSession, arguments: list[bytes]) -> Reply:
    return {**(at(session, arguments[0], dict) or {})}


@command("hdel", -3)
def hdel(session: ClientSession, arguments: list[bytes]) -> Reply:
    fields: dict[bytes, bytes] = at(session, arguments[0], dict) or {}
    removed = sum(fields.pop(name, None) is not None for name in arguments[1:])
    session.keys.prune(arguments[0])
    return removed


@command("sadd", -3)
def sadd(session: ClientSession, arguments: list[bytes]) -> Reply:
    members: set[bytes] | None = at(session, arguments[0], set)
    if members is None:
        members = set()
        session.keys.put(arguments[0], members)
    before = len(members)
    members.update(arguments[1:])
    return len(members) - before


@command("smembers", 2)
def smembers(session: ClientSession, arguments: list[bytes]) -> Reply:
    return set(at(session, arguments[0], set) or ())


@command("sismember", 3)
def sismember(session: ClientSession, arguments: list[bytes]) -> Reply:
    return int(arguments[1] in (at(session, arguments[0], set) or ()))
