"""`rrcli tcp` and `rrcli tls` against banners without end, floods of records and names that would steer the terminal."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from peers.ca import Authority, Certificate
from peers.flood import STEER, STEER_TEXT, forever
from peers.script import Handler, datagram_responder, drip, end, hear_end, over_tls, pause, say, script

BANNERS = {
    "endless banner": (forever(b"220 ", b"x", b""), (), 6),
    "endless lines": (forever(b"", b"220-x\r\n", b""), (), 6),
    "endless banner, a line": (forever(b"", b"x", b""), ("--read-lines", "1"), None),
    "endless banner, a text": (forever(b"", b"x", b""), ("--read-until", "END"), None),
    "endless banner, a pattern": (forever(b"", b"x", b""), ("--read-until", "/END[0-9]/"), None),
    "endless banner, bytes": (forever(b"", b"x", b""), ("--read-bytes", "1000000000"), None),
    "endless banner, the end": (forever(b"", b"\x1b", b""), ("--read-eof",), None),
    "slow drip": (drip(b"x" * 1000, 0.05), ("--read-lines", "1"), 6),
    "slow drip, the end": (drip(b"x" * 1000, 0.05), ("--read-eof",), 6),
    "silence": (pause(20), ("--read-bytes", "1"), 6),
    "a huge length": (script(say(b"\xff\xff\xff\xff"), pause(20)), ("--length-prefix", "u32be", "--send", "x"), None),
    "a varint without end": (forever(b"", b"\xff", b""), ("--length-prefix", "varint", "--send", "x"), 7),
}


@pytest.mark.parametrize("name", BANNERS)
def test_banners(name: str, serve, document_or_drawing) -> None:
    handler, options, code = BANNERS[name]
    peer = serve(handler)
    document_or_drawing("tcp", *options, f"{peer.host}:{peer.port}", code=code)


@pytest.mark.parametrize(
    "options", [("--read-eof",), ("--read-lines", "1"), ("--read-until", "zzz"), ("--read-eof", "--expect", "body == 1")]
)
def test_a_banner_does_not_steer_the_terminal(options: tuple[str, ...], serve, way) -> None:
    peer = serve(script(say(STEER), end, hear_end))
    way("tcp", *options, f"{peer.host}:{peer.port}")


def test_a_flood_of_datagrams(document_or_drawing) -> None:
    def flood(server: socket.socket, _data: bytes, sender: tuple[str, int]) -> None:
        for _ in range(20_000):
            server.sendto(bytes(60_000), sender)

    with datagram_responder(flood) as peer:
        document_or_drawing("tcp", "--udp", "--send", "x", f"{peer.host}:{peer.port}")


# --- TLS: what comes before, within and instead of the handshake


def record(kind: int, content: bytes) -> bytes:
    """A record of TLS 1.2's form (RFC 8446 section 5.1)."""
    return bytes([kind, 3, 3]) + len(content).to_bytes(2, "big") + content


HANDSHAKES = {
    "empty records": (forever(b"", record(22, b""), b""), None),
    "warnings": (forever(b"", record(21, b"\x01\x5a"), b""), None),
    "change cipher spec": (forever(b"", record(20, b"\x01"), b""), None),
    "a handshake message of 16 MB": (forever(record(22, b"\x02\xff\xff\xff"), record(22, bytes(16384)), b""), 5),
    "hello requests": (forever(b"", record(22, bytes(4)), b""), None),
    "too long a record": (forever(b"\x16\x03\x03\xff\xff", b"x", b""), 5),
    "text": (forever(b"", b"220 x\r\n", b""), 5),
    "steering": (script(say(STEER), end, hear_end), 5),
    "silence": (pause(20), 6),
    "slow drip": (drip(record(22, bytes(16000)), 0.05), 6),
    "nothing": (end, 5),
}


@pytest.mark.parametrize("name", HANDSHAKES)
def test_handshakes(name: str, serve, document_or_drawing) -> None:
    handler, code = HANDSHAKES[name]
    peer = serve(handler)
    ended = document_or_drawing("tls", f"{peer.host}:{peer.port}", code=code)
    assert ended.code in (5, 6)


def flooded(certificate: Certificate, flood: Callable[[ssl.SSLSocket], None]) -> Handler:
    """Agree on TLS, then `flood`."""

    def handle(connection: socket.socket) -> None:
        assert isinstance(connection, ssl.SSLSocket)
        flood(connection)

    return over_tls(certificate, handle)


def test_records_without_end(ca: Authority, serve, document_or_drawing) -> None:
    def flood(connection: ssl.SSLSocket) -> None:
        with contextlib.suppress(OSError):  # the client leaves when it has seen enough
            while True:
                connection.sendall(b"x")

    peer = serve(flooded(ca.good, flood))
    document_or_drawing("tcp", "--tls", "--read-eof", "--cacert", str(ca.root), f"localhost:{peer.port}", code=6)


# --- certificates


def certificate_of(folder: Path, text: str, *, sans: int = 1) -> Certificate:
    """A certificate that signs itself, whose names hold `text`."""
    key = ec.generate_private_key(ec.SECP256R1())
    parts = (x509.NameOID.COMMON_NAME, x509.NameOID.ORGANIZATION_NAME)
    name = x509.Name([x509.NameAttribute(part, text) for part in parts])
    now = datetime.datetime.now(datetime.UTC)
    names: list[x509.GeneralName] = [x509.DNSName("localhost")]
    names += [x509.DirectoryName(name)] + [x509.DNSName(f"h{at}.example.test") for at in range(sans)]
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=3))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    found = Certificate(folder / "chain.pem", folder / "key.pem")
    found.chain.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    found.key.write_bytes(private)
    return found


@pytest.mark.parametrize("options", [(), ("-k",)])
def test_names_do_not_steer_the_terminal(options: tuple[str, ...], serve, way, tmp_path: Path) -> None:
    peer = serve(over_tls(certificate_of(tmp_path, STEER_TEXT.decode()), hear_end))
    way("tls", *options, f"localhost:{peer.port}")


def test_thousands_of_names(serve, document_or_drawing, tmp_path: Path) -> None:
    peer = serve(over_tls(certificate_of(tmp_path, "x", sans=3000), hear_end))
    document_or_drawing("tls", f"localhost:{peer.port}", code=5)


@pytest.mark.parametrize("options", [("--read-until", "/(x+)+y/"), ("--await", "/(x+)+y/", "--read-eof")])
def test_a_pattern_that_backtracks_ends_at_the_deadline(options: tuple[str, ...], serve, document_or_drawing) -> None:
    peer = serve(script(say(b"x" * 60), pause(20)))
    document_or_drawing("tcp", *options, f"{peer.host}:{peer.port}", code=6)
