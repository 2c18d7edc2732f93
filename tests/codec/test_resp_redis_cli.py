"""A real redis-server asked twice: what redis-cli prints is what `as_text`, `as_raw` and `as_json` make of the same reply."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence

import pytest

from rrcli.codec.redis.resp import Decoder, Reply, as_json, encode
from rrcli.codec.redis.text import as_raw, as_text

pytestmark = pytest.mark.peer

BINARY = b"\x01\x7f\x80\xff\r\n\t\a\b\\\"'\x1b[31m"
DATA: list[list[str | bytes]] = [
    ["SET", "plain", "value"],
    ["SET", "empty", ""],
    ["SET", "number", "12"],
    ["SET", "binary", BINARY],
    ["SET", "accents", "café ✔"],
    ["RPUSH", "list", *map(str, range(12))],
    ["RPUSH", "one", "a"],
    ["SADD", "set", "1", "2", "3"],
    ["HSET", "hash", "name", "ann", "age", "3", "quote", 'say "hi"'],
    ["ZADD", "scores", "1.10", "low", "3.5e10", "high", "inf", "endless", "-2", "below"],
    ["XADD", "stream", "1-1", "name", "ann", "age", "3"],
    ["XADD", "stream", "2-1", "name", "bob"],
    ["XGROUP", "CREATE", "stream", "readers", "0"],
    ["GEOADD", "places", "13.361389", "38.115556", "Palermo"],
]

COMMANDS: list[list[str]] = [
    ["PING"],
    ["PING", "hello"],
    ["ECHO", 'a\nb\t"c"'],
    ["GET", "plain"],
    ["GET", "missing"],
    ["GET", "empty"],
    ["GET", "binary"],
    ["GET", "accents"],
    ["STRLEN", "plain"],
    ["MGET", "plain", "missing", "number", "empty"],
    ["LRANGE", "list", "0", "-1"],
    ["LRANGE", "one", "0", "-1"],
    ["LRANGE", "missing", "0", "-1"],
    ["SMEMBERS", "set"],
    ["SMEMBERS", "missing"],
    ["SMISMEMBER", "set", "1", "9"],
    ["HGETALL", "hash"],
    ["HGETALL", "missing"],
    ["HRANDFIELD", "hash", "0", "WITHVALUES"],
    ["ZRANGE", "scores", "0", "-1", "WITHSCORES"],
    ["ZSCORE", "scores", "high"],
    ["ZSCORE", "scores", "endless"],
    ["ZSCORE", "scores", "missing"],
    ["ZPOPMIN", "missing"],
    ["XRANGE", "stream", "-", "+"],
    ["XREAD", "STREAMS", "stream", "0"],
    ["XREAD", "STREAMS", "stream", "2-1"],
    ["XINFO", "STREAM", "stream", "FULL"],
    ["XINFO", "GROUPS", "stream"],
    ["XPENDING", "stream", "readers"],
    ["GEOPOS", "places", "Palermo", "missing"],
    ["COMMAND", "INFO", "GET", "nothing"],
    ["COMMAND", "DOCS", "GET"],
    ["COMMAND", "GETKEYSANDFLAGS", "SET", "k", "v"],
    ["ACL", "GETUSER", "default"],
    ["CONFIG", "GET", "maxmemory*"],
    ["FUNCTION", "STATS"],
    ["SCRIPT", "EXISTS", "0000000000000000000000000000000000000000"],
    ["OBJECT", "HELP"],
    ["INCR", "plain"],
    ["LPUSH", "plain", "x"],
    ["NOTHING", "like", "it"],
    ["EVAL", "return {1, {err='OOPS it broke'}, false, {'a', {}}, {ok='FINE'}, {{1, 2}, 3}}", "0"],
    ["EVAL", "return redis.error_reply('MY own error')", "0"],
    ["DEBUG", "PROTOCOL", "string"],
    ["DEBUG", "PROTOCOL", "integer"],
    ["DEBUG", "PROTOCOL", "double"],
    ["DEBUG", "PROTOCOL", "null"],
    ["DEBUG", "PROTOCOL", "array"],
    ["DEBUG", "PROTOCOL", "set"],
    ["DEBUG", "PROTOCOL", "map"],
    ["DEBUG", "PROTOCOL", "verbatim"],
    ["DEBUG", "PROTOCOL", "true"],
    ["DEBUG", "PROTOCOL", "false"],
]
RESP3_ONLY = [
    ["EVAL", "redis.setresp(3); return {map={a=true}}", "0"],
    ["EVAL", "redis.setresp(3); return {{map={k={1, 2}}}, {set={a=true}}, {double=1.5}, true, false}", "0"],
    ["EVAL", "redis.setresp(3); return {map={one={map={two={map={three={1, {2, 3}}}}}}}}", "0"],
]
CASES = [
    *(pytest.param(version, command, id=f"RESP{version} {' '.join(command)[:40]!r}") for version in (2, 3) for command in COMMANDS),
    *(pytest.param(3, command, id=f"RESP3 {' '.join(command)[:80]!r}") for command in RESP3_ONLY),
]


class Server:
    """A redis-server with `DATA`, and one connection to it per version of the protocol."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.decoders = {2: Decoder(), 3: Decoder()}
        self.sockets = {version: socket.create_connection(("127.0.0.1", port), timeout=5) for version in self.decoders}
        assert self.ask(3, ["HELLO", "3"])[-1].type == "map"
        for command in DATA:
            assert self.ask(2, command)[-1].type not in ("error", "null"), command

    def ask(self, version: int, command: Sequence[str | bytes]) -> list[Reply]:
        """The reply, with the pushes that came since the last one."""
        self.sockets[version].sendall(encode([word.encode() if isinstance(word, str) else word for word in command]))
        replies: list[Reply] = []
        while all(reply.type == "push" for reply in replies):
            data = self.sockets[version].recv(65536)
            assert data, "closed"
            replies += self.decoders[version].feed(data)
        return replies

    def redis_cli(self, version: int, options: list[str], command: list[str], stdin: bytes = b"") -> bytes:
        line = ["redis-cli", f"-{version}", "-h", "127.0.0.1", "-p", str(self.port), *options, *command]
        # nothing of the caller's environment (REDISCLI_AUTH, …) may change what it prints
        environ = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        return subprocess.run(line, input=stdin, capture_output=True, check=True, timeout=10, env=environ).stdout

    def close(self) -> None:
        for connection in self.sockets.values():
            connection.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    for program in ("redis-server", "redis-cli"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    folder = tmp_path_factory.mktemp("redis")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = f"--port {port} --bind 127.0.0.1 --save '' --appendonly no --enable-debug-command yes --dir".split()
    process = subprocess.Popen(["redis-server", *options, str(folder)], stdout=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        server = Server(port)
        yield server
        server.close()
    finally:
        process.terminate()
        process.wait(5)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            assert process.poll() is None, "redis-server ended"
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(0.02)
        else:
            return


@pytest.mark.parametrize(("version", "command"), CASES)
def test_as_redis_cli_prints_it(server: Server, version: int, command: list[str]) -> None:
    *_, reply = server.ask(version, command)
    assert as_text(reply) + "\n" == server.redis_cli(version, ["--no-raw"], command).decode()
    assert as_raw(reply) + b"\n" == server.redis_cli(version, ["--raw"], command)


@pytest.mark.parametrize(
    "command",
    [
        ["HGETALL", "hash"],
        ["LRANGE", "list", "0", "-1"],
        ["GET", "accents"],
        ["GET", "missing"],
        ["SMEMBERS", "set"],
        ["COMMAND", "DOCS", "GET"],
        ["DEBUG", "PROTOCOL", "map"],
        ["DEBUG", "PROTOCOL", "double"],
        ["XINFO", "STREAM", "stream", "FULL"],
    ],
    ids=" ".join,
)
def test_json_as_redis_cli_prints_it(server: Server, command: list[str]) -> None:
    *_, reply = server.ask(3, command)
    assert as_json(reply) == json.loads(server.redis_cli(3, ["--json"], command))


@pytest.mark.parametrize(
    "commands",
    [
        [["MULTI"], ["SET", "t", "1"], ["INCR", "t"], ["LPUSH", "t", "x"], ["HGETALL", "hash"], ["GET", "missing"], ["EXEC"]],
        [["MULTI"], ["EXEC"]],
        [["MULTI"], ["NOTHING"], ["EXEC"]],
        [["MULTI"], ["GET", "plain"], ["DISCARD"], ["EXEC"]],
    ],
    ids=["results", "empty", "aborted", "discarded"],
)
@pytest.mark.parametrize("version", [2, 3])
def test_a_transaction(server: Server, version: int, commands: list[list[str]]) -> None:
    replies = [server.ask(version, command)[-1] for command in commands]
    stdin = "".join(" ".join(command) + "\n" for command in commands).encode()
    assert "".join(as_text(reply) + "\n" for reply in replies).encode() == server.redis_cli(version, ["--no-raw"], [], stdin)
    assert b"".join(as_raw(reply) + b"\n" for reply in replies) == server.redis_cli(version, ["--raw"], [], stdin)


def test_pushes(server: Server) -> None:
    commands = [
        ["CLIENT", "TRACKING", "ON"],
        ["GET", "plain"],
        ["GET", "number"],
        ["MSET", "plain", "value", "number", "12"],
        ["DEBUG", "PROTOCOL", "push"],
        ["CLIENT", "TRACKING", "OFF"],
    ]
    replies = [reply for command in commands for reply in server.ask(3, command)]
    stdin = "".join(" ".join(command) + "\n" for command in commands).encode()
    printed = server.redis_cli(3, ["--no-raw", "--show-pushes", "yes"], [], stdin)
    assert "".join(as_text(reply) + "\n" for reply in replies) == printed.decode()
    assert [reply.type for reply in replies].count("push") == 3


def test_what_redis_cli_cannot_print(server: Server) -> None:
    attributed = server.ask(3, ["DEBUG", "PROTOCOL", "attrib"])[-1]
    assert as_text(attributed) == (
        '1| "key-popularity" => \n   1) "key:123"\n   2) (integer) 90\n"Some real reply following the attribute"'
    )
    assert as_raw(attributed) == b"Some real reply following the attribute"
    big = server.ask(3, ["DEBUG", "PROTOCOL", "bignum"])[-1]
    assert as_text(big) == "(big number) 1234567999999999999999999999999999999"
    assert as_json(big) == 1234567999999999999999999999999999999


def test_binary_arguments_arrive_whole(server: Server) -> None:
    assert server.ask(2, ["GET", "binary"])[-1].value == BINARY
