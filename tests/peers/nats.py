"""nats-server: Debian's 2.9 open, with TLS and users, nkeys, permissions, a token, client certificates and JWTs; PyPI's 2.15 open and
with TLS before INFO. And a service on the open ones that answers by nats-py.
"""

from __future__ import annotations

import json
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import nkeys
import pytest
from peers.base import LOOPBACK, Peer, accepts, free_port, need, running
from peers.ca import Authority

DEBIAN = "/usr/sbin/nats-server"
PYPI = str(Path(sys.executable).parent / "nats-server")
USER, PASSWORD, TOKEN = "bob", "s3cret-of-bob", "t0k3n-of-all"
# Made for these tests alone.
SEED = nkeys.encode_seed(sha256(b"rrcli's tests").digest(), nkeys.PREFIX_BYTE_USER).decode()
PUBLIC = nkeys.from_seed(bytearray(SEED.encode())).public_key.decode()
MAX_PAYLOAD = 1024


@dataclass(frozen=True)
class Nats(Peer):
    """A nats-server, and the file with the credentials that it asks for, if any."""

    credentials: Path | None = None


def _nats(program: str, folder: Path, config: str, credentials: Path | None = None) -> Iterator[Nats]:
    port = free_port()
    file = folder / "nats.conf"
    file.write_text(f"listen: {LOOPBACK}:{port}\n{config}")
    with running([need(program), "-c", file], folder, lambda: accepts(port)) as log:
        yield Nats(LOOPBACK, port, log, credentials)


def _tls(ca: Authority, *more: str) -> str:
    lines = "\n".join((f'cert_file: "{ca.good.chain}"', f'key_file: "{ca.good.key}"', *more))
    return f"tls {{\n{lines}\n}}\n"


@pytest.fixture(scope="session")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    """Open to all."""
    yield from _nats(DEBIAN, tmp_path_factory.mktemp("nats"), "")


@pytest.fixture(scope="session")
def nats_modern(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    """The version of today, open to all: it sends a second INFO after CONNECT."""
    yield from _nats(PYPI, tmp_path_factory.mktemp("nats-modern"), "")


@pytest.fixture(scope="session")
def nats_tls(tmp_path_factory: pytest.TempPathFactory, ca: Authority) -> Iterator[Nats]:
    """TLS behind INFO, and `USER` with `PASSWORD`."""
    users = f"authorization {{ user: {USER}, password: {PASSWORD} }}\n"
    yield from _nats(DEBIAN, tmp_path_factory.mktemp("nats-tls"), _tls(ca) + users)


@pytest.fixture(scope="session")
def nats_tls_clients(tmp_path_factory: pytest.TempPathFactory, ca: Authority) -> Iterator[Nats]:
    """TLS behind INFO, and nobody gets in without a certificate of the authority."""
    yield from _nats(DEBIAN, tmp_path_factory.mktemp("nats-mtls"), _tls(ca, f'ca_file: "{ca.root}"', "verify: true"))


@pytest.fixture(scope="session")
def nats_tls_first(tmp_path_factory: pytest.TempPathFactory, ca: Authority) -> Iterator[Nats]:
    """TLS before INFO: it says nothing in clear."""
    yield from _nats(PYPI, tmp_path_factory.mktemp("nats-tls-first"), _tls(ca, "handshake_first: true"))


@pytest.fixture(scope="session")
def nats_token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    """`TOKEN` lets everybody in."""
    yield from _nats(DEBIAN, tmp_path_factory.mktemp("nats-token"), f"authorization {{ token: {TOKEN} }}\n")


@pytest.fixture(scope="session")
def nats_permissions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    """`USER` may use `ok.>` and inboxes, with messages of at most `MAX_PAYLOAD` bytes."""
    allowed = 'permissions { publish: ["ok.>"], subscribe: ["ok.>", "_INBOX.ok.>"] }'
    users = f"authorization {{ users: [ {{ user: {USER}, password: {PASSWORD}, {allowed} }} ] }}\n"
    yield from _nats(DEBIAN, tmp_path_factory.mktemp("nats-permissions"), f"{users}max_payload: {MAX_PAYLOAD}\n")


@pytest.fixture(scope="session")
def nats_nkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    """The holder of `SEED`, whose file it names, may do all but publish to `secret.>`."""
    folder = tmp_path_factory.mktemp("nats-nkey")
    seed = folder / "user.nk"
    seed.write_text(f"{SEED}\n")
    users = f'authorization {{ users: [ {{ nkey: {PUBLIC}, permissions {{ publish: {{ deny: "secret.>" }} }} }} ] }}\n'
    yield from _nats(DEBIAN, folder, users, seed)


@pytest.fixture(scope="session")
def nats_jwt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    """An operator, an account and a user, who has a file of credentials."""
    folder = tmp_path_factory.mktemp("nats-jwt")
    operator, account = _key(nkeys.PREFIX_BYTE_OPERATOR), _key(nkeys.PREFIX_BYTE_ACCOUNT)
    user = nkeys.from_seed(bytearray(SEED.encode()))
    free = dict.fromkeys(("subs", "data", "payload"), -1)
    limits = {**free, **dict.fromkeys(("imports", "exports", "conn", "leaf"), -1), "wildcards": True}
    trusted = _jwt(operator, operator, {"type": "operator"})
    known = _jwt(account, operator, {"type": "account", "limits": limits})
    credentials = folder / "user.creds"
    credentials.write_text(
        f"-----BEGIN NATS USER JWT-----\n{_jwt(user, account, {'type': 'user', **free})}\n------END NATS USER JWT------\n\n"
        "************************* IMPORTANT *************************\nNKEY Seed printed below can be used to sign and prove identity.\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{SEED}\n------END USER NKEY SEED------\n"
    )
    resolver = f"resolver: MEMORY\nresolver_preload: {{ {account.public_key.decode()}: {known} }}\n"
    yield from _nats(DEBIAN, folder, f"operator: {trusted}\n{resolver}", credentials)


def _key(kind: int) -> nkeys.KeyPair:
    return nkeys.from_seed(bytearray(nkeys.encode_seed(sha256(b"rrcli's tests %d" % kind).digest(), kind)))


def _jwt(subject: nkeys.KeyPair, issuer: nkeys.KeyPair, claims: dict[str, object]) -> str:
    """A token as `nsc` makes it."""
    public, by = subject.public_key.decode(), issuer.public_key.decode()
    body = {"jti": public, "iat": int(time.time()) - 60, "iss": by, "name": "x", "sub": public, "nats": {**claims, "version": 2}}
    parts = [{"typ": "JWT", "alg": "ed25519-nkey"}, body]
    text = b".".join(urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    return b".".join((text, urlsafe_b64encode(issuer.sign(text)).rstrip(b"="))).decode()


_SERVICE = """
import asyncio, sys
from pathlib import Path
import nats

async def main():
    client = await nats.connect(sys.argv[1])

    async def echo(message):
        await client.publish(message.reply, message.data, headers=message.headers)

    async def three(message):
        for number in (1, 2, 3):
            await client.publish(message.reply, b"%d" % number)
            await asyncio.sleep(0.04)

    async def mute(message):
        pass

    async def err(message):
        await client.publish(message.reply, b"", headers={"Nats-Service-Error": "not here", "Nats-Service-Error-Code": "404"})

    async def slow(message):
        await asyncio.sleep(2)
        await client.publish(message.reply, b"late")

    async def binary(message):
        await client.publish(message.reply, bytes(range(256)))

    for name, answer in {"echo": echo, "three": three, "mute": mute, "err": err, "slow": slow, "bin": binary}.items():
        await client.subscribe(f"svc.{name}", cb=answer)
    await client.flush()
    Path("ready").touch()
    await asyncio.Event().wait()

asyncio.run(main())
"""


def _service(server: Nats, folder: Path) -> Iterator[Nats]:
    with running([sys.executable, "-c", _SERVICE, f"nats://{server.address}"], folder, (folder / "ready").exists):
        yield server


@pytest.fixture(scope="session")
def nats_service(nats: Nats, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    """The open server with a service: svc.echo (payload and headers), .three (40 ms apart), .mute, .err (404), .slow (2 s), .bin."""
    yield from _service(nats, tmp_path_factory.mktemp("nats-service"))


@pytest.fixture(scope="session")
def nats_modern_service(nats_modern: Nats, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    """The same service on the version of today."""
    yield from _service(nats_modern, tmp_path_factory.mktemp("nats-modern-service"))
