"""The Redis responder, met by redis-cli and redis-py, and compared with redis-server."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import hiredis
import pytest
import redis as redis_py
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peers.base import need
from peers.redis_server import Redis

from rrcli.responders.base import Responder
from rrcli.responders.redis import RedisResponder

Talk = Callable[[Responder, bytes], bytes]


@pytest.fixture(params=[2, 3])
def client(request: pytest.FixtureRequest, store: RedisResponder) -> Iterator[Any]:
    with redis_py.Redis(host=store.host, port=store.port, protocol=request.param) as client:
        yield client


def cli(store: RedisResponder, *words: str, **options: Any) -> str:
    command = [need("redis-cli"), "-u", store.url, *words]
    done: subprocess.CompletedProcess[str] = subprocess.run(command, capture_output=True, check=True, text=True, timeout=10, **options)
    return done.stdout


def lines(port: int, commands: list[str]) -> list[bytes]:
    """The replies to inline commands, sent one by one; hiredis tells where each ends."""
    replies = []
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        for command in commands:
            sock.sendall(command.encode() + b"\r\n")
            reader, data = hiredis.Reader(), b""
            while reader.gets() is False:
                reader.feed(received := sock.recv(65536))
                data += received
            replies.append(data)
    return replies


# --- clients ---------------------------------------------------------------------------------------------


def test_redis_cli(store: RedisResponder) -> None:
    assert cli(store, "PING") == "PONG\n"
    assert cli(store, "SET", "k", "a b") == "OK\n"
    assert cli(store, "GET", "k") == "a b\n"
    assert cli(store, "LPUSH", "k", "x") == "WRONGTYPE Operation against a key holding the wrong kind of value\n\n"
    assert cli(store, "-3", "HSET", "h", "f", "v") == "1\n"
    assert cli(store, "-3", "--json", "HGETALL", "h") == '{"f":"v"}\n'
    assert cli(store, input="SELECT 1\nSET n 41\nINCR n\nDBSIZE\n") == "OK\nOK\n42\n1\n"
    assert cli(store, "INFO", "keyspace").splitlines() == [
        "# Keyspace",
        "db0:keys=2,expires=0,avg_ttl=0",
        "db1:keys=1,expires=0,avg_ttl=0",
    ]


def test_redis_py(client: Any) -> None:
    assert client.ping() is True
    assert client.set("k", b"\0\r\n\xff") is True
    assert client.get("k") == b"\0\r\n\xff"
    assert client.hset("h", mapping={"a": "1", "b": "2"}) == 2
    assert client.hgetall("h") == {b"a": b"1", b"b": b"2"}
    assert client.sadd("s", "x", "y", "x") == 2
    assert set(client.smembers("s")) == {b"x", b"y"}
    assert client.rpush("l", 1, 2, 3) == 3
    assert client.lpop("l", 2) == [b"1", b"2"]
    assert client.lpop("none", 2) is None
    assert client.get("none") is None
    assert client.info("server")["redis_version"] == "7.0.0"
    with pytest.raises(redis_py.ResponseError, match=r"^WRONGTYPE Operation against"):
        client.incr("l")


def test_redis_py_transactions(client: Any) -> None:
    with client.pipeline(transaction=True) as pipe:
        assert pipe.set("n", 1).incr("n").get("n").execute() == [True, 2, b"2"]
    with (
        client.pipeline(transaction=True) as pipe,
        pytest.raises(redis_py.ResponseError, match="against a key holding the wrong kind"),
    ):
        pipe.set("n", 1).lpush("n", 1).execute()


def test_redis_py_scans_all_keys_while_they_go(client: Any) -> None:
    names = {b"key:%d" % number for number in range(35)}
    client.mset(dict.fromkeys(names, 1))
    seen = set()
    for key in client.scan_iter("key:*", count=7):
        seen.add(key)
        client.delete(key)
    assert seen == names
    assert client.keys() == []


def test_names_of_connections(client: Any) -> None:
    assert client.client_setname("me") is True
    assert client.client_getname() in ("me", b"me")
    info = client.client_info()
    assert (info["name"], int(info["db"]), int(info["id"])) == ("me", 0, client.client_id())


@pytest.mark.parametrize(("user", "password"), [(None, "pw"), ("default", "pw")])
def test_passwords(user: str | None, password: str) -> None:
    with (
        RedisResponder(password="pw") as store,
        redis_py.Redis(host=store.host, port=store.port, username=user, password=password) as client,
    ):
        assert client.ping() is True


def test_wrong_passwords(talk: Talk) -> None:
    refused = b"PING\r\nHELLO 3\r\nAUTH no\r\nHELLO 3 AUTH default no\r\nAUTH ann pw\r\nPING\r\n"
    with RedisResponder(password="pw") as store:
        replies = talk(store, refused + b"HELLO 3 AUTH default pw SETNAME me\r\nCLIENT GETNAME\r\n")
    codes = [line.partition(b" ")[0] for line in replies.splitlines()[:6]]
    assert codes == [b"-NOAUTH", b"-NOAUTH", b"-WRONGPASS", b"-WRONGPASS", b"-WRONGPASS", b"-NOAUTH"]
    hello = b"%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.0.0\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:1\r\n"
    hello += b"$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n"
    assert replies.split(b"\r\n", 6)[6] == hello + b"$2\r\nme\r\n"


# --- the protocol ----------------------------------------------------------------------------------------


def test_types_of_resp3(store: RedisResponder, talk: Talk) -> None:
    script = b"HSET h f v\r\nSADD s b a\r\n%bHGETALL h\r\nSMEMBERS s\r\nGET x\r\nLPOP x 1\r\nCLIENT INFO\r\nCOMMAND DOCS\r\n"
    info = b"id=%d name= db=0 resp=%d lib-name= lib-ver=\n"
    assert talk(store, script % b"") == (
        b":1\r\n:2\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n$-1\r\n*-1\r\n$%d\r\n%b\r\n*0\r\n"
        % (len(info % (1, 2)), info % (1, 2))
    )
    third = talk(store, script % b"HELLO 3\r\n")
    assert third[third.index(b"*0\r\n") + 4 :] == (
        b"%%1\r\n$1\r\nf\r\n$1\r\nv\r\n~2\r\n$1\r\na\r\n$1\r\nb\r\n_\r\n_\r\n=%d\r\ntxt:%b\r\n%%0\r\n"
        % (len(info % (2, 3)) + 4, info % (2, 3))
    )


def test_quit_ends_the_connection(store: RedisResponder, talk: Talk) -> None:
    assert talk(store, b"QUIT\r\nPING\r\n") == b"+OK\r\n"


def test_keys_expire(store: RedisResponder, talk: Talk) -> None:
    assert talk(store, b"SET a 1 PX 40\r\nSET b 1 EX 100\r\nPEXPIRE b 9000\r\nDBSIZE\r\n") == b"+OK\r\n+OK\r\n:1\r\n:2\r\n"
    time.sleep(0.045)
    assert talk(store, b"GET a\r\nEXISTS b\r\nINCR a\r\nTTL a\r\n") == b"$-1\r\n:1\r\n:1\r\n:-1\r\n"


def test_transactions_of_two_connections_do_not_mix(store: RedisResponder, talk: Talk) -> None:
    with socket.create_connection((store.host, store.port), timeout=5) as sock, sock.makefile("rb") as replies:
        sock.sendall(b"MULTI\r\nSET k mine\r\nGET k\r\n")
        assert [replies.readline() for _ in range(3)] == [b"+OK\r\n", b"+QUEUED\r\n", b"+QUEUED\r\n"]
        assert talk(store, b"SET k theirs\r\nGET k\r\n") == b"+OK\r\n$6\r\ntheirs\r\n"
        sock.sendall(b"EXEC\r\n")
        sock.shutdown(socket.SHUT_WR)
        assert replies.read() == b"*2\r\n+OK\r\n$4\r\nmine\r\n"


def test_strings_have_an_end(store: RedisResponder, talk: Talk) -> None:
    piece = b"*3\r\n$6\r\nAPPEND\r\n$1\r\nk\r\n$25000000\r\n" + b"x" * 25_000_000 + b"\r\n"
    assert talk(store, piece * 3).splitlines() == [
        b":25000000",
        b":50000000",
        b"-ERR string exceeds maximum allowed size (proto-max-bulk-len)",
    ]


def test_one_command_has_an_end(store: RedisResponder, talk: Talk) -> None:
    assert talk(store, b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$67108864\r\n") == b"-ERR Protocol error: invalid bulk length\r\n"
    assert talk(store, b"*65537\r\n") == b"-ERR Protocol error: invalid multibulk length\r\n"


@given(st.one_of(st.binary(max_size=80), st.binary(max_size=40).map(lambda data: b"*2\r\n$3\r\nGET\r\n" + data)))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_leave_it_answering(store: RedisResponder, talk: Talk, data: bytes) -> None:
    talk(store, data)
    assert talk(store, b"PING\r\n") == b"+PONG\r\n"


# --- compared with redis-server ----------------------------------------------------------------------------

# One after the other on one connection: each meets what those before it left.
SCRIPT = """
PING | PING hi | PING a b | ECHO | ECHO x | NOSUCH | FOO bar 'baz qux' | SET a 1 | SET a 2 NX | SET a 3 XX GET | GET a | GET nope | GET
SET l x EX 0 | SET l x EX abc | SET l x FOO | SET l x NX XX | SET l x EX | SET k v KEEPTTL EX 5 | SET k v EX 5 PX 5 | SET n x XX
INCR a | INCRBY a 5 | INCRBY a x | DECR a | DECRBY a 2 | INCR z | SET s hello | INCR s | INCRBY z 9223372036854775807 | SET o 007 | INCR o
DECRBY a -9223372036854775808 | APPEND s ! | APPEND new x | STRLEN s | STRLEN nope | MSET a 1 b | MSET a 1 b 2 | MGET a b nope L | MGET
LPUSH s 1 | LPUSH L a b c | RPUSH L d | LRANGE L 0 -1 | LRANGE L -2 -1 | LRANGE L 5 9 | LRANGE L -100 1 | LRANGE L 0 x | LLEN L | LLEN s
LPOP L | RPOP L 2 | LPOP nope | LPOP nope 2 | LPOP L -1 | LPOP L x | LPOP L 9 | LPOP L 1 2 | EXISTS L | RPUSH L x | LPOP L 0
HSET h f v g w | HSET h f | HSET h f 1 g | HSET h f 2 | HGET h f | HGET h nope | HDEL h f g nope | EXISTS h | HGETALL nope | HGET s f
SADD S m | SADD S m n | SISMEMBER S m | SISMEMBER S nope | SMEMBERS nope | SADD s x | SMEMBERS s
TYPE S | TYPE a | TYPE L | TYPE nope | TYPE | TTL a | TTL nope | PTTL nope | EXPIRE a 100 | TTL a | SET a 1 KEEPTTL | TTL a | PERSIST a
PERSIST a | EXPIRE a -1 | EXISTS a | EXPIRE s abc | EXPIRE s 99999999999999999 | EXPIRE s 1 FOO | PEXPIRE nope 1 | EXISTS s s nope
DEL s z nope | MULTI | SET q 1 | INCR q | LPUSH q 1 | GET nope | EXEC | MULTI | MULTI | DISCARD | EXEC | DISCARD | MULTI | GET | SET q 9
EXEC | GET q | MULTI x | CLIENT | CLIENT FOO | CLIENT SETNAME | CLIENT SETNAME x | CLIENT GETNAME | CLIENT SETNAME "a b" | COMMAND FOO
COMMAND DOCS nosuch | SELECT 1 | DBSIZE | SELECT 99 | SELECT x | SELECT 0 | AUTH x | AUTH default x | AUTH u x | AUTH a b c | HELLO 9
HELLO x | HELLO 2 FOO | HELLO 2 AUTH x | SCAN x | SCAN 0 COUNT 0 | SCAN 0 FOO 1 | SCAN 0 MATCH q* COUNT 100 | SCAN 0 TYPE hash | KEYS S
KEYS [q-r] | KEYS [^L-q]S | KEYS \\\\\\\\S | KEYS ?? | FLUSHALL FOO | FLUSHDB ASYNC | DBSIZE
SET e "\\x41\\n\\"" | GET e | SET e 'a\\'b' | GET e
"""

BROKEN = [
    b"*x\r\n",
    b"*99999999999\r\n",
    b"*1\r\n:1\r\n",
    b"*1\r\n\r\n",
    b"*1\r\n$-1\r\n",
    b"*1\r\n$x\r\n",
    b"\r\n\r\nPING\r\n",
    b"*0\r\nPING\r\n",
    b"*-1\r\nPING\r\n",
    b'GET "a\r\n',
    b'GET "a"b\r\n',
    b"POST / HTTP/1.1\r\n",
    b"x" * 70000,
    b"*" + b"1" * 70000,
    b"PING\n",
    b"*3\r\n$1\r\nx\r\n$200\r\n" + b"y" * 200 + b"\r\n$1\r\nz\r\n",
    b"*2\r\n$1\r\n\xff\r\n$4\r\nb\r\nc\r\n",
]


@pytest.mark.parametrize("hello", [[], ["HELLO 3"]], ids=["resp2", "resp3"])
def test_replies_are_those_of_redis_server(store: RedisResponder, redis: Redis, hello: list[str]) -> None:
    commands = [command for line in SCRIPT.strip().splitlines() for command in line.split(" | ")]
    ours, theirs = (lines(port, [*hello, *commands])[len(hello) :] for port in (store.port, redis.port))
    assert dict(zip(commands, ours, strict=True)) == dict(zip(commands, theirs, strict=True))


def test_what_is_broken_is_answered_as_redis_server_does(store: RedisResponder, redis: Redis, talk: Talk) -> None:
    real = Responder(redis.host, redis.port)
    assert {data[:40]: talk(store, data) for data in BROKEN} == {data[:40]: talk(real, data) for data in BROKEN}
