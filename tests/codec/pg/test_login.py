"""Logging in: proofs that the standard library computes too, the certificate's hash, and servers that cheat."""

from __future__ import annotations

import datetime
import functools
import hashlib
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from rrcli.base.errors import ExchangeError
from rrcli.codec.pg.login import Login
from rrcli.codec.pg.messages import Authentication
from rrcli.codec.pg.scram import MOST_ITERATIONS, Scram, endpoint_hash, prepared

# As in RFC 7677 section 3, but PostgreSQL sends no user, which changes the signatures: `proof_of` computes them apart.
SERVER_FIRST = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
NONCE = "rOprNGfwEbeRWgbNEkqO"


def hmac(key: bytes, text: bytes) -> bytes:
    import hmac as library

    return library.new(key, text, "sha256").digest()


def proof_of(password: bytes, header: bytes) -> tuple[bytes, bytes]:
    """The client's and the server's final message, by the standard library alone (RFC 5802 section 3)."""
    import base64

    salted = hashlib.pbkdf2_hmac("sha256", password, base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096)
    nonce = SERVER_FIRST[2 : SERVER_FIRST.index(b",")]
    unproved = b"c=" + base64.b64encode(header) + b",r=" + nonce
    signed = b"n=,r=" + NONCE.encode() + b"," + SERVER_FIRST + b"," + unproved
    client = hmac(salted, b"Client Key")
    proof = bytes(a ^ b for a, b in zip(client, hmac(hashlib.sha256(client).digest(), signed), strict=True))
    return unproved + b",p=" + base64.b64encode(proof), b"v=" + base64.b64encode(hmac(hmac(salted, b"Server Key"), signed))


@pytest.mark.parametrize(
    ("binding", "offers", "header"),
    [(None, False, b"n,,"), (None, True, b"y,,"), (b"hash", False, b"p=tls-server-end-point,,")],
)
def test_scram_proves_what_the_standard_library_computes(binding: bytes | None, offers: bool, header: bytes) -> None:
    scram = Scram("pencil", binding=binding, offers_binding=offers, nonce=NONCE)
    assert scram.first() == header + b"n=,r=" + NONCE.encode()
    final, server_final = proof_of(b"pencil", header + (binding or b""))
    assert scram.final(SERVER_FIRST) == final
    scram.verify(server_final)
    with pytest.raises(ExchangeError, match="signature is wrong: it does not know the password"):
        scram.verify(proof_of(b"other", header)[1])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cannot be read"),
        (b"r=x", "nonce does not continue ours"),
        (f"r={NONCE},s=QQ==,i=1".encode(), "nonce does not continue ours"),
        (f"r={NONCE}x,i=1".encode(), "no salt"),
        (f"r={NONCE}x,s=%,i=1".encode(), "salt is no base64"),
        (f"r={NONCE}x,s=QQ==".encode(), "rounds is no number"),
        (f"r={NONCE}x,s=QQ==,i=0".encode(), "rounds is no number"),
        (f"r={NONCE}x,s=QQ==,i=-1".encode(), "rounds is no number"),
        (f"r={NONCE}x,s=QQ==,i={MOST_ITERATIONS + 1}".encode(), "rounds of SCRAM, where 1000000 are allowed"),
        (f"r={NONCE}x,s=QQ==,i={'9' * 5000}".encode(), "rounds of SCRAM"),
        (f"m=x,r={NONCE}x,s=QQ==,i=1".encode(), "extension"),
        (f"r={NONCE}x,r={NONCE}y".encode(), "cannot be read"),
        ("r=ä".encode(), "no ASCII"),
        (b"r=" + b"x" * 20_000, "20002 bytes"),
    ],
)
def test_a_server_that_begins_scram_wrongly_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ExchangeError, match=message) as failed:
        Scram("pencil", nonce=NONCE).final(data)
    assert failed.value.layer == "protocol"


@pytest.mark.parametrize("data", [b"", b"v=", b"v=!", b"v=QQ==", b"e=invalid-proof", b"x"])
def test_a_server_that_ends_scram_wrongly_is_refused(data: bytes) -> None:
    scram = Scram("pencil", nonce=NONCE)
    for _ in range(2):  # before our final message, and after it
        with pytest.raises(ExchangeError):
            scram.verify(data)
        scram.final(SERVER_FIRST)


@pytest.mark.parametrize(
    ("password", "found"),
    [
        ("pencil", b"pencil"),
        ("I\u00adX", b"IX"),  # RFC 4013 section 3
        ("ª", b"a"),
        ("Ⅸ", b"IX"),
        ("a\u00a0b", b"a b"),
        ("\u0627\u0031", "\u0627\u0031".encode()),  # mixed directions: as it is
        ("\u0007ä", "\u0007ä".encode()),  # forbidden: as it is
        ("a\u0301", "á".encode()),
        ("😀", "😀".encode()),  # not in Unicode 3.2: as it is
        ("\u00ad", "\u00ad".encode()),  # nothing would be left
        ("", b""),
        ("\udcff", b"\xff"),
    ],
)
def test_passwords_are_prepared(password: str, found: bytes) -> None:
    assert prepared(password) == found


# --- the certificate's hash


def certificate(key: object, algorithm: object, **more: object) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    start = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1).not_valid_before(start)
    built = builder.not_valid_after(start + datetime.timedelta(days=9)).public_key(key.public_key())  # type: ignore[attr-defined]
    signed = built.sign(key, algorithm, **more)  # type: ignore[arg-type]
    return signed.public_bytes(serialization.Encoding.DER)


@functools.cache
def rsa_key() -> object:
    return rsa.generate_private_key(65537, 2048)


def ec_key() -> object:
    return ec.generate_private_key(ec.SECP256R1())


PSS = {"rsa_padding": padding.PSS(padding.MGF1(hashes.SHA384()), 48)}


@pytest.mark.parametrize(
    ("key", "algorithm", "more"),
    [
        (ec_key, hashes.SHA256(), {}),
        (ec_key, hashes.SHA384(), {}),
        (ec_key, hashes.SHA512(), {}),
        (rsa_key, hashes.SHA256(), {}),
        (rsa_key, hashes.SHA224(), {}),
        (rsa_key, hashes.SHA512(), {}),
        (rsa_key, hashes.SHA384(), PSS),
    ],
)
def test_the_certificate_is_hashed_as_it_was_signed(
    key: Callable[[], object], algorithm: hashes.HashAlgorithm, more: dict[str, object]
) -> None:
    der = certificate(key(), algorithm, **more)
    assert endpoint_hash(der) == hashlib.new(algorithm.name, der).digest()


def test_a_certificate_without_a_hash_binds_nothing() -> None:
    der = certificate(ed25519.Ed25519PrivateKey.generate(), None)
    assert endpoint_hash(der) is None
    login = Login("u", "p", certificate=der)
    data, _ = login.answer(Authentication(kind="sasl", code=10, mechanisms=("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256")))
    assert (login.method, b"n,,n=,r=" in data) == ("SCRAM-SHA-256", True)


# --- what the server asks for


def asks(kind: str, code: int = 0, **more: object) -> Authentication:
    return Authentication(kind=kind, code=code, **more)  # type: ignore[arg-type]


SASL = asks("sasl", 10, mechanisms=("SCRAM-SHA-256",))


def test_md5_and_clear_passwords_are_answered() -> None:
    login = Login("ann", "secret")
    data, spans = login.answer(asks("md5", 5, salt=b"\1\2\3\4"))
    stored = hashlib.md5(b"secretann").hexdigest()
    assert data[5:] == b"md5" + hashlib.md5(stored.encode() + b"\1\2\3\4").hexdigest().encode() + b"\0"
    assert spans == ((5, len(data)),)
    assert login.answer(asks("ok")) == (b"", ())
    assert login.method == "md5"
    for tls, codes in ((False, ["password-in-clear"]), (True, [])):
        login = Login("ann", "secret", tls=tls)
        assert login.answer(asks("password", 3))[0][5:] == b"secret\0"
        assert [note.code for note in login.notes] == codes


@pytest.mark.parametrize(("kind", "what"), [("gss", "GSSAPI"), ("sspi", "SSPI"), ("kerberos", "Kerberos"), ("unknown", "method 99")])
def test_methods_that_are_not_spoken_are_named(kind: str, what: str) -> None:
    with pytest.raises(ExchangeError, match=f"the server wants a login by {what}, which is not spoken here") as failed:
        Login("u", "p").answer(asks(kind, 99))
    assert (failed.value.kind, failed.value.phase) == ("unsupported", "handshake")


@pytest.mark.parametrize(
    ("requests", "message"),
    [
        ([asks("password"), asks("password")], "asks a second time"),
        ([asks("md5", salt=b"1234"), SASL], "asks a second time"),
        ([asks("sasl-continue", data=SERVER_FIRST)], "not under way"),
        ([SASL, asks("sasl-final", data=b"v=")], "not under way"),
        ([SASL, asks("ok")], "without proving that it knows the password"),
        ([asks("sasl", mechanisms=("OAUTHBEARER",))], "no SASL mechanism that is spoken here: OAUTHBEARER"),
        ([asks("sasl", mechanisms=("",))], "no SASL mechanism that is spoken here"),
    ],
)
def test_a_server_that_asks_out_of_order_is_refused(requests: list[Authentication], message: str) -> None:
    login = Login("u", "p")
    for request in requests[:-1]:
        login.answer(request)
    with pytest.raises(ExchangeError, match=message):
        login.answer(requests[-1])


@pytest.mark.parametrize("method", ["password", "md5", "sasl"])
def test_a_missing_password_names_method_and_user(method: str) -> None:
    with pytest.raises(ExchangeError, match=r"asks for a password \(.*\) of the user ann, and there is none") as failed:
        Login("ann", None).answer(asks(method, salt=b"1234", mechanisms=("SCRAM-SHA-256",)))
    assert (failed.value.layer, failed.value.kind) == ("application", "bad_status")


@pytest.mark.parametrize(
    ("required", "request_", "refused"),
    [
        ("scram-sha-256", asks("password"), True),
        ("scram-sha-256", SASL, False),
        ("!password,!md5", asks("password"), True),
        ("!password,!md5", SASL, False),
        ("none", asks("ok"), False),
        ("md5,scram-sha-256", asks("ok"), True),
        ("", asks("ok"), False),
    ],
)
def test_require_auth_decides_which_methods_are_used(required: str, request_: Authentication, refused: bool) -> None:
    login = Login("u", "p", require_auth=required)
    if not refused:
        login.answer(request_)
        return
    with pytest.raises(ExchangeError, match="which require_auth=.* does not allow"):
        login.answer(request_)


def test_a_server_that_hides_its_channel_binding_is_told_so() -> None:
    """`y` says: we could have; a server that did offer it then knows that somebody took the offer out (RFC 5802 section 6)."""
    login = Login("u", "p", certificate=certificate(ec_key(), hashes.SHA256()))
    assert b"y,,n=,r=" in login.answer(SASL)[0]
    login = Login("u", "p", certificate=certificate(ec_key(), hashes.SHA256()), channel_binding="require")
    with pytest.raises(ExchangeError, match="channel binding is required, and the server does not offer it"):
        login.answer(SASL)
