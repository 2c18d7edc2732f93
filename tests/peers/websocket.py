"""A server of the `websockets` package, in clear and with TLS, and Autobahn's where it is installed (it runs under Python 2 only).

Its paths: `/` echoes, `/push` sends five `{"n": i}` 50 ms apart, `/close` says 4001 and bye at once, `/going` says 1001, `/abort` cuts
the connection after a message, `/silent` says nothing, `/403` refuses the upgrade. It speaks the subprotocol chat.
"""

from __future__ import annotations

import json
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from peers.base import LOOPBACK, Peer, accepts, free_port, running
from peers.ca import Authority
from peers.script import Handler, hear_end

from rrcli.codec.ws import accept_of

_SERVER = """
import asyncio, http, signal, ssl, sys
from websockets.asyncio.server import serve

async def talk(connection):
    path = connection.request.path
    if path == "/push":
        for number in range(1, 6):
            await connection.send('{"n": %d}' % number)
            await asyncio.sleep(0.05)
    elif path == "/close":
        await connection.close(4001, "bye")
    elif path == "/going":
        await connection.close(1001)
    elif path == "/abort":
        await connection.recv()
        connection.transport.abort()
    elif path == "/silent":
        await connection.wait_closed()
    else:
        async for message in connection:
            await connection.send(message)

def enter(connection, request):
    if request.path == "/403":
        return connection.respond(http.HTTPStatus.FORBIDDEN, "no entry\\n")

async def main():
    context = None
    if len(sys.argv) > 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[3], sys.argv[4])
        context.set_alpn_protocols(["http/1.1"])
    stop = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set_result, None)
    options = {"process_request": enter, "subprotocols": ["chat"], "select_subprotocol": choose, "max_size": None}
    async with serve(talk, sys.argv[1], int(sys.argv[2]), ssl=context, **options):
        await stop

def choose(connection, offered):
    return "chat" if "chat" in offered else None

asyncio.run(main())
"""


def _websockets(folder: Path, *certificate: Path) -> Iterator[Peer]:
    port = free_port()
    with running([sys.executable, "-c", _SERVER, LOOPBACK, port, *certificate], folder, lambda: accepts(port)) as log:
        yield Peer(LOOPBACK, port, log)


@pytest.fixture(scope="session")
def websocket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """In clear."""
    yield from _websockets(tmp_path_factory.mktemp("websocket"))


@pytest.fixture(scope="session")
def websocket_tls(tmp_path_factory: pytest.TempPathFactory, ca: Authority) -> Iterator[Peer]:
    """With the authority's good certificate."""
    yield from _websockets(tmp_path_factory.mktemp("websocket-tls"), ca.good.chain, ca.good.key)


def serving_ws(*pieces: bytes, then: Handler = hear_end) -> Handler:
    """Grant the upgrade and send these bytes behind it; `then` goes on."""

    def handle(connection: socket.socket) -> None:
        asked = b""
        while not asked.endswith(b"\r\n\r\n"):
            if not (data := connection.recv(65536)):
                return
            asked += data
        key = next(line.partition(b":")[2].strip() for line in asked.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:"))
        extensions = b"Sec-WebSocket-Extensions: permessage-deflate\r\n" if b"permessage-deflate" in asked else b""
        accepted = accept_of(key.decode()).encode()
        head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" + extensions
        connection.sendall(head + b"Sec-WebSocket-Accept: " + accepted + b"\r\n\r\n" + b"".join(pieces))
        then(connection)

    return handle


@dataclass(frozen=True)
class Autobahn(Peer):
    """Autobahn's server of test cases, and the file in which its verdicts on all cases of an agent are."""

    reports: Path


# Those that hold for any client: the rest of groups 9, 12 and 13 are the same at greater length.
_CASES = ("1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.1.1", "9.2.1", "9.5.*", "10.*", "12.1.1", "12.2.2", "13.1.1", "13.3.3")


@pytest.fixture(scope="session")
def autobahn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Autobahn]:
    """Skips where there is no `wstest`, in CI too: no current system has a Python for it."""
    program = shutil.which("wstest")
    if program is None:
        pytest.skip("wstest of autobahntestsuite is not installed")
    folder, port = tmp_path_factory.mktemp("autobahn"), free_port()
    spec = {"url": f"ws://{LOOPBACK}:{port}", "outdir": str(folder), "cases": _CASES, "exclude-cases": [], "exclude-agent-cases": {}}
    (folder / "spec.json").write_text(json.dumps(spec))
    with running([program, "-m", "fuzzingserver", "-s", folder / "spec.json"], folder, lambda: accepts(port)) as log:
        yield Autobahn(LOOPBACK, port, log, folder / "index.json")
