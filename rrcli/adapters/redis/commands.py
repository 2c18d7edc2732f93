"""What is known of Redis commands: which only read, which may be repeated, which never end, which carry secrets; and a line of one.

Names are in upper case, a subcommand behind its command (`CONFIG GET`). A command that is not listed is taken to do
something, and to do it again when it is repeated. The tests compare the first table with a real server's own.
"""

from __future__ import annotations

import os
from binascii import b2a_base64

from rrcli.base.fields import MASK
from rrcli.codec.redis.resp import Reply, as_json, word_spans
from rrcli.policy.secrets import WHOLE_WORD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LONGEST_WORD = 100  # characters of one word that a line shows
LONGEST_LINE = 200  # characters after which a line shows no further word
ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\a": "\\a", "\b": "\\b"}

# Nothing changes for anybody else: the server's own flag `readonly`, and what only asks about the server or the connection.
SAFE = frozenset({
    "ASKING", "AUTH", "BITCOUNT", "BITFIELD_RO", "BITPOS", "DBSIZE", "DUMP", "ECHO", "EVALSHA_RO", "EVAL_RO", "EXISTS",
    "EXPIRETIME", "FCALL_RO", "GEODIST", "GEOHASH", "GEOPOS", "GEORADIUSBYMEMBER_RO", "GEORADIUS_RO", "GEOSEARCH", "GET",
    "GETBIT", "GETRANGE", "HELLO", "HEXISTS", "HEXPIRETIME", "HGET", "HGETALL", "HKEYS", "HLEN", "HMGET", "HPEXPIRETIME",
    "HPTTL", "HRANDFIELD", "HSCAN", "HSTRLEN", "HTTL", "HVALS", "INFO", "KEYS", "LASTSAVE", "LCS", "LINDEX", "LLEN",
    "LOLWUT", "LPOS", "LRANGE", "MGET", "MONITOR", "PEXPIRETIME", "PFCOUNT", "PING", "PSUBSCRIBE", "PSYNC", "PTTL",
    "PUNSUBSCRIBE", "QUIT", "RANDOMKEY", "READONLY", "READWRITE", "RESET", "ROLE", "SCAN", "SCARD", "SDIFF", "SELECT",
    "SINTER", "SINTERCARD", "SISMEMBER", "SMEMBERS", "SMISMEMBER", "SORT_RO", "SRANDMEMBER", "SSCAN", "SSUBSCRIBE",
    "STRLEN", "SUBSCRIBE", "SUBSTR", "SUNION", "SUNSUBSCRIBE", "SYNC", "TIME", "TOUCH", "TTL", "TYPE", "UNSUBSCRIBE",
    "UNWATCH", "WAIT", "WATCH", "XLEN", "XPENDING", "XRANGE", "XREAD", "XREVRANGE", "ZCARD", "ZCOUNT", "ZDIFF", "ZINTER",
    "ZINTERCARD", "ZLEXCOUNT", "ZMSCORE", "ZRANDMEMBER", "ZRANGE", "ZRANGEBYLEX", "ZRANGEBYSCORE", "ZRANK", "ZREVRANGE",
    "ZREVRANGEBYLEX", "ZREVRANGEBYSCORE", "ZREVRANK", "ZSCAN", "ZSCORE", "ZUNION",
    "ACL CAT", "ACL DRYRUN", "ACL GENPASS", "ACL GETUSER", "ACL LIST", "ACL USERS", "ACL WHOAMI", "CLIENT GETNAME",
    "CLIENT GETREDIR", "CLIENT ID", "CLIENT INFO", "CLIENT LIST", "CLIENT SETINFO", "CLIENT SETNAME", "CLIENT TRACKING",
    "CLIENT TRACKINGINFO", "CLUSTER COUNT-FAILURE-REPORTS", "CLUSTER COUNTKEYSINSLOT", "CLUSTER GETKEYSINSLOT",
    "CLUSTER INFO", "CLUSTER KEYSLOT", "CLUSTER LINKS", "CLUSTER MYID", "CLUSTER MYSHARDID", "CLUSTER NODES",
    "CLUSTER REPLICAS", "CLUSTER SHARDS", "CLUSTER SLAVES", "CLUSTER SLOTS", "COMMAND COUNT", "COMMAND DOCS",
    "COMMAND GETKEYS", "COMMAND GETKEYSANDFLAGS", "COMMAND INFO", "COMMAND LIST", "CONFIG GET", "FUNCTION DUMP",
    "FUNCTION LIST", "FUNCTION STATS", "LATENCY DOCTOR", "LATENCY GRAPH", "LATENCY HISTOGRAM", "LATENCY HISTORY",
    "LATENCY LATEST", "MEMORY DOCTOR", "MEMORY MALLOC-STATS", "MEMORY STATS", "MEMORY USAGE", "MODULE LIST",
    "OBJECT ENCODING", "OBJECT FREQ", "OBJECT IDLETIME", "OBJECT REFCOUNT", "PUBSUB CHANNELS", "PUBSUB NUMPAT",
    "PUBSUB NUMSUB", "PUBSUB SHARDCHANNELS", "PUBSUB SHARDNUMSUB", "SCRIPT EXISTS", "SLOWLOG GET", "SLOWLOG LEN",
    "XINFO CONSUMERS", "XINFO GROUPS", "XINFO STREAM",
})  # fmt: skip

# Twice leaves the data as once does, whatever it answers the second time.
IDEMPOTENT = frozenset({
    "DEL", "EXPIRE", "EXPIREAT", "FLUSHALL", "FLUSHDB", "GEOADD", "GEOSEARCHSTORE", "GETEX", "HDEL", "HEXPIRE", "HEXPIREAT",
    "HMSET", "HPERSIST", "HPEXPIRE", "HPEXPIREAT", "HSET", "LSET", "MSET", "PERSIST", "PEXPIRE", "PEXPIREAT", "PFADD",
    "PFMERGE", "PSETEX", "REPLICAOF", "SADD", "SAVE", "SDIFFSTORE", "SET", "SETBIT", "SETEX", "SETRANGE", "SINTERSTORE",
    "SLAVEOF", "SMOVE", "SREM", "SUNIONSTORE", "UNLINK", "XACK", "XDEL", "XSETID", "XTRIM", "ZADD", "ZDIFFSTORE", "ZREM",
    "ZREMRANGEBYLEX", "ZREMRANGEBYSCORE",
    "ACL DELUSER", "ACL LOAD", "ACL SAVE", "ACL SETUSER", "CONFIG RESETSTAT", "CONFIG REWRITE", "CONFIG SET",
    "FUNCTION FLUSH", "LATENCY RESET", "MEMORY PURGE", "SCRIPT FLUSH", "SCRIPT LOAD", "SLOWLOG RESET",
    "XGROUP CREATECONSUMER", "XGROUP DELCONSUMER", "XGROUP DESTROY", "XGROUP SETID",
})  # fmt: skip

# With these words among its arguments even such a command is not: the second answer would deny what the first one did.
UNLESS = {"SET": frozenset({"NX", "GET"}), "ZADD": frozenset({"INCR", "NX"}), "GEOADD": frozenset({"NX"})}

# Their first reply is the start of a stream that only the end of the connection ends.
ENDLESS = frozenset({"MONITOR", "PSUBSCRIBE", "PSYNC", "SSUBSCRIBE", "SUBSCRIBE", "SYNC"})

# Those of them that are RESP to the end, one reply for each event. (What a replica is sent is a file.)
STREAMS = ENDLESS - {"PSYNC", "SYNC"}

# The place of the seconds among the words, for which they wait before they answer.
_WAITS_S = {
    "BLMOVE": -1, "BLMPOP": 1, "BLPOP": -1, "BRPOP": -1, "BRPOPLPUSH": -1, "BZMPOP": 1, "BZPOPMAX": -1, "BZPOPMIN": -1,
}  # fmt: skip
_WAITS_MS = frozenset({"WAIT", "WAITAOF"})  # milliseconds, the last word

# Over RESP3 these are answered by a push, which for any other command stands beside its reply.
ANSWERED_BY_PUSH = frozenset({"PSUBSCRIBE", "PUNSUBSCRIBE", "SSUBSCRIBE", "SUBSCRIBE", "SUNSUBSCRIBE", "UNSUBSCRIBE"})

# Their replies are text for people, which redis-cli prints as it is on a terminal too: command or subcommand, and how many words
# it has at most with its command (0: any number).
TEXTS = {
    "INFO": 0, "LOLWUT": 0, "CLIENT INFO": 0, "CLIENT LIST": 0, "CLUSTER INFO": 2, "CLUSTER NODES": 2, "DEBUG HTSTATS": 0,
    "DEBUG HTSTATS-KEY": 0, "LATENCY DOCTOR": 2, "LATENCY GRAPH": 3, "MEMORY DOCTOR": 0, "MEMORY MALLOC-STATS": 0,
}  # fmt: skip

# Command, then a word among its arguments and how far behind it the secret stands.
_SECRET_AFTER = {
    "CONFIG SET": {"MASTERAUTH": 1, "REQUIREPASS": 1, "TLS-CLIENT-KEY-FILE-PASS": 1, "TLS-KEY-FILE-PASS": 1},
    "HELLO": {"AUTH": 2},
    "MIGRATE": {"AUTH": 1, "AUTH2": 2},
    "SENTINEL": {"AUTH-PASS": 1, "SENTINEL-PASS": 1},
}
SECRET_SETTINGS = frozenset(_SECRET_AFTER["CONFIG SET"])  # CONFIG GET answers them
TELLS_SETTINGS = frozenset({"CONFIG", "EVAL", "EVALSHA", "EVALSHA_RO", "EVAL_RO", "EXEC", "FCALL", "FCALL_RO"})


def name_of(words: Sequence[bytes]) -> tuple[str, str]:
    """The command in upper case, and the same with its first argument: `("CONFIG", "CONFIG GET")`."""
    command = _upper(words[0])
    return command, f"{command} {_upper(words[1])}" if len(words) > 1 else command


def is_safe(words: Sequence[bytes]) -> bool:
    """Whether the command only reads."""
    return not SAFE.isdisjoint(name_of(words))


def is_idempotent(words: Sequence[bytes]) -> bool:
    """Whether the command may be sent again when nobody knows if it arrived."""
    names = name_of(words)
    if IDEMPOTENT.isdisjoint(names):
        return is_safe(words)
    unless = UNLESS.get(names[0])
    return unless is None or unless.isdisjoint(map(_upper, words[2:]))


def own_timeout(words: Sequence[bytes]) -> float | None:
    """The seconds for which the command itself says that it may wait, 0 for ever; `None` for one that answers at once."""
    command, wait = name_of(words)[0], None
    if command in _WAITS_S and len(words) > 2:
        wait = _seconds(words[_WAITS_S[command]], 1.0)
    elif command in _WAITS_MS and len(words) > 2:
        wait = _seconds(words[-1], 0.001)
    elif command in ("XREAD", "XREADGROUP"):
        names = list(map(_upper, words))
        if "BLOCK" in names[:-1]:
            wait = _seconds(words[names.index("BLOCK") + 1], 0.001)
    return wait


def _seconds(word: bytes, unit: float) -> float | None:
    try:
        number = float(word) * unit
    except ValueError:
        return None  # the server will say what is wrong with it
    return number if 0 <= number < float("inf") else None


def is_text(words: Sequence[bytes]) -> bool:
    """Whether redis-cli prints the reply as it is."""
    return any(name in TEXTS and len(words) <= (TEXTS[name] or len(words)) for name in name_of(words))


def secrets_in(words: Sequence[bytes]) -> dict[int, bytes]:
    """The secrets among the arguments, by the index of the word that is one or that holds one (`>password` of ACL SETUSER)."""
    command, sub = name_of(words)
    if command == "AUTH":  # a user and a password, or the password; more words are one whose blanks were not quoted
        return {at: word for at, word in enumerate(words) if at > (1 if len(words) == 3 else 0)}
    if sub == "ACL SETUSER":
        return {at: word[1:] for at, word in enumerate(words) if at > 2 and word[:1] in (b">", b"<", b"#", b"!")}
    after = _SECRET_AFTER.get(sub) or _SECRET_AFTER.get(command, {})
    places = [at + after.get(_upper(word), 0) for at, word in enumerate(words) if _upper(word) in after]
    return {at: words[at] for at in places if at < len(words)}


def answered_secrets(words: Sequence[bytes], reply: Reply) -> Iterator[str]:
    """The passwords within what is answered to CONFIG GET, or to a transaction or script that may hold one."""
    if not isinstance(reply.value, tuple) or name_of(words)[0] not in TELLS_SETTINGS:
        return
    pairs = reply.value if reply.type == "map" else zip(reply.value[::2], reply.value[1::2], strict=False)
    for name, value in pairs:
        if isinstance(name.value, bytes) and isinstance(value.value, bytes) and os.fsdecode(name.value).upper() in SECRET_SETTINGS:
            yield os.fsdecode(value.value)
    for part in reply.value if name_of(words)[0] != "CONFIG" and reply.type != "map" else ():
        yield from answered_secrets((b"CONFIG",), part)


def has_short_secret(words: Sequence[bytes]) -> bool:
    """Whether a secret among the words is too short to be searched for wherever it may turn up."""
    return any(len(secret) < WHOLE_WORD for secret in secrets_in(words).values())


def masked(words: Sequence[bytes]) -> tuple[bytes, ...]:
    """The command's words with the mask in the place of each secret."""
    found = list(words)
    for at, secret in secrets_in(words).items():
        found[at] = words[at].removesuffix(secret) + MASK.encode()
    return tuple(found)


def secret_spans(commands: Sequence[Sequence[bytes]]) -> Iterator[tuple[int, int]]:
    """Where the secrets stand in the commands as they are sent, one behind the other."""
    at = 0
    for words in commands:
        places = word_spans(words)
        for index, secret in secrets_in(words).items():
            end = at + places[index][1]
            yield end - len(secret), end
        at += places[-1][1] + 2


def _upper(word: bytes) -> str:
    return word[:64].upper().decode("latin-1")


def line_of(words: Sequence[bytes]) -> str:
    """The command on one line, as one would type it into redis-cli; cut between words, and within a long one."""
    line = _shown(words[0])
    for word in words[1:]:
        if len(line) > LONGEST_LINE:
            return line + " …"
        line += " " + _shown(word)
    return line


def _shown(word: bytes) -> str:
    return quoted(word) if len(word) <= LONGEST_WORD else quoted(word[:LONGEST_WORD]) + "…"


def quoted(word: bytes) -> str:
    r"""The word itself, or in double quotes with `\n` and `\xHH` where redis-cli would misread or hide what is in it."""
    text = word.decode("utf-8", "surrogateescape")
    if text and text.isprintable() and not {" ", '"', "'"}.intersection(text):
        return text
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(letter: str) -> str:
    if letter in ESCAPES:
        return ESCAPES[letter]
    return letter if letter.isprintable() else "".join(f"\\x{byte:02x}" for byte in letter.encode("utf-8", "surrogateescape"))


def spelled_secrets(words: Sequence[bytes]) -> Iterator[str]:
    """The command's secrets, in every spelling in which a message shows them: whole, quoted, cut, in base64."""
    for at, secret in secrets_in(words).items():
        word = words[at]
        yield os.fsdecode(secret)
        yield _shown(secret).strip('"…')
        if len(word) > LONGEST_WORD:
            yield _shown(word).strip('"…')
        if not isinstance(as_json(Reply(type="bulk", value=word)), str):
            yield b2a_base64(word, newline=False).decode("ascii")
