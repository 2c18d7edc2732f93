"""TLS as a link over a link: a context made before the clock starts, records through memory buffers, the chain read.

`_ssl` is used directly: the public `ssl` module adds no check of its own to a client context, and its import of
`socket`, `enum` and `re` costs more than the handshake. Records pass through `MemoryBIO`s, so the first bytes of a
peer that speaks something else can be shown, and TLS runs inside TLS.
"""

from __future__ import annotations

import _ssl
from time import time

from rrcli.base.errors import ExchangeError, usage
from rrcli.base.url import literal_family
from rrcli.model.values import TlsInfo
from rrcli.wire.certificate import describe
from rrcli.wire.trust import load_trust, unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.options.request import TlsOptions
    from rrcli.wire.recorder import Recorder
    from rrcli.wire.stream import Link, Stream

VERSIONS = {"1.0": 0x0301, "1.1": 0x0302, "1.2": 0x0303, "1.3": 0x0304}
LOWEST = "1.2"  # unless a lower one is asked for
RECORD = 16384
LONGEST_HANDSHAKE = 1 << 20  # bytes; OpenSSL takes chains of 100 KiB

# X509_V_ERR_* of OpenSSL to the kinds of the contract; all others are `certificate_untrusted`.
VERIFY_KINDS = {9: "certificate_not_yet_valid", 10: "certificate_expired", 62: "certificate_hostname", 64: "certificate_hostname"}

SERVER_HELLO, CERTIFICATE_REQUEST = (22, 2), (22, 13)  # the content type handshake, and the message (RFC 8446 section 4)
CIPHER_AT = 38  # in a ServerHello: behind its header, version, random and the session's id, whose length stands there


def make_context(options: TlsOptions, alpn: tuple[str, ...]) -> Any:
    """The TLS settings that the options ask for, with trust loaded. Raises `usage` or `input` errors for files that do not fit."""
    if options.tls_min and options.tls_max and VERSIONS[options.tls_min] > VERSIONS[options.tls_max]:
        raise usage(f"--tls-min {options.tls_min} is above --tls-max {options.tls_max}")
    if options.sni and any("\0" < letter <= " " or letter == "\x7f" for letter in options.sni):  # argv holds no NUL
        raise usage(f"{options.sni!r} is no name that TLS can ask for", "--sni NAME asks for another one")
    context: Any = _ssl._SSLContext(16)  # PROTOCOL_TLS_CLIENT: verification and host names on
    if options.insecure:
        context.check_hostname = False
        context.verify_mode = 0  # CERT_NONE
    else:
        load_trust(context, options.cacert)
    if options.cert:
        _load_certificate(context, options)
    elif options.key:
        raise usage("--key needs the certificate it belongs to", "add --cert FILE")
    lowest = options.tls_min or (options.tls_max if options.tls_max and options.tls_max < LOWEST else None)
    if lowest:
        if lowest < LOWEST:
            context.set_ciphers("DEFAULT:@SECLEVEL=0")  # OpenSSL 3 has no cipher for them on its usual level
        context.minimum_version = VERSIONS[lowest]
    if options.tls_max:
        context.maximum_version = VERSIONS[options.tls_max]
    names = tuple(options.alpn.split(",")) if options.alpn else alpn
    if names:
        context._set_alpn_protocols(_protocol_list(names))
    _log_keys(context)
    return context


def _protocol_list(names: tuple[str, ...]) -> bytes:
    """ALPN's names, each behind its length (RFC 7301 section 3.1). Raises `usage`."""
    encoded = [name.strip().encode("utf-8", "surrogateescape") for name in names]
    if any(not 0 < len(name) < 256 for name in encoded):
        raise usage(f"--alpn {','.join(names)}: a protocol's name has 1 to 255 bytes", "write --alpn h2,http/1.1")
    return b"".join(bytes([len(name)]) + name for name in encoded)


def _load_certificate(context: Any, options: TlsOptions) -> None:
    asked = []

    def phrase() -> str:
        asked.append(True)
        return options.key_password or ""

    try:
        context.load_cert_chain(str(options.cert), options.key, phrase)
    except _ssl.SSLError as error:
        if asked:
            wrong = "is wrong" if options.key_password else "is needed"
            raise usage(f"the pass phrase of {options.key or options.cert} {wrong}", "give it with --pass PHRASE") from error
        if "KEY_VALUES_MISMATCH" in str(error):
            raise usage(f"--key {options.key} does not belong to --cert {options.cert}") from error
        hint = None if options.key else "if the key is in a file of its own, name it with --key FILE"
        raise usage(f"--cert {options.cert}: no certificate with its key in PEM form", hint) from error
    except OSError as error:
        raise unreadable(error, f"{options.cert} or {options.key}" if options.key else str(options.cert), "--cert", "PEM") from error


def _log_keys(context: Any) -> None:
    from os import environ

    if path := environ.get("SSLKEYLOGFILE"):
        begin_key_log(path)
        context.keylog_filename = path


def begin_key_log(path: str) -> None:
    """Make the file of SSLKEYLOGFILE, where it is new, for its owner alone. Raises `ExchangeError` of layer `local`."""
    import os

    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    except OSError as error:
        raise ExchangeError("local", "output", f"SSLKEYLOGFILE: cannot write {path}: {(error.strerror or '').lower()}") from error


def asked_name(host: str) -> str | None:
    """The name that SNI asks for; an address is none (RFC 6066 section 3)."""
    return host if literal_family(host) is None else None


def start_tls(stream: Stream, context: Any, name: str, *, asks: bool = True) -> None:
    """Shake hands with the peer as `name` and continue the stream over TLS; phase `tls`.

    Without `asks` the peer is not told the name (SNI), which a context that verifies names does not allow.

    Raises `ExchangeError` of layer `tls`; what the peer showed of itself is in the trace all the same.
    """
    recorder = stream.recorder
    recorder.timeline.enter("tls")
    link = Tls(stream.link, context, name, recorder, asks=asks)
    stream.replace_link(link)
    while not link.handshake():
        stream.wait()
    recorder.timeline.leave()


class Tls:
    """The link of a TLS session over another link."""

    def __init__(self, below: Link, context: Any, name: str, recorder: Recorder, *, asks: bool = True) -> None:
        self._below = below
        self._recorder = recorder
        self._name = name
        self._asks = asks
        self._verified = context.verify_mode != 0
        self._incoming = _ssl.MemoryBIO()
        self._outgoing = _ssl.MemoryBIO()
        self._unsent = b""
        self._first = b""
        self._ready = b""
        self._ended = False
        self._broken: ExchangeError | None = None
        self._started = False
        self._hello = 0, 0  # version and cipher that the server chose
        self._shaken = 0  # bytes of the peer's handshake
        self._context = context
        context._msg_callback = self._hear
        # SNI has no trailing dot and no address (RFC 6066 section 3); OpenSSL tells an address, and verifies it as one.
        try:
            self._session: Any = context._wrap_bio(self._incoming, self._outgoing, False, name.rstrip(".") if asks else None)
        except (OSError, TypeError, ValueError) as error:  # a null, too long, or empty: without a name nothing would be verified
            raise usage(f"{name!r} is no name that TLS can ask for", "--sni NAME asks for another one") from error

    @property
    def certificate(self) -> bytes | None:
        """The peer's own certificate in DER, once the handshake is done; for what is bound to it (RFC 5929)."""
        found: bytes | None = self._session.getpeercert(True)
        return found

    @property
    def pending(self) -> bool:
        return bool(self._unsent or self._outgoing.pending or self._below.pending)

    def handshake(self) -> bool:
        """As far as it goes without waiting; true when the handshake is done. Raises `ExchangeError` of layer `tls`."""
        while True:
            try:
                self._session.do_handshake()
            except _ssl.SSLWantReadError:
                self.flush()
                if not self._pull():
                    return False
            except OSError as error:
                self._flush_quietly()
                self._describe(verified=False)
                raise self._translate(error) from error
            else:
                self._started = True
                self._context._msg_callback = None
                self._describe(verified=self._verified)
                self.flush()
                return True

    def _hear(self, _owner: Any, direction: str, version: int, kind: int, message: int, data: bytes) -> None:
        """A message of the handshake: one has what was agreed on, which a session that fails does not tell.

        Another asks for our certificate, and a server may close without a word when there is none.
        """
        if direction != "read":
            return
        if (kind, message) == CERTIFICATE_REQUEST:
            self._recorder.certificate_asked = True
        elif (kind, message) == SERVER_HELLO and len(data) > CIPHER_AT:
            at = CIPHER_AT + 1 + data[CIPHER_AT]
            self._hello = version, int.from_bytes(data[at : at + 2], "big")

    def _agreed(self) -> tuple[str | None, str | None]:
        """Version and cipher, as far as the handshake got."""
        cipher = self._session.cipher()
        version, number = self._hello
        if version and cipher is None:
            cipher = next(((known["name"],) for known in self._context.get_ciphers() if known["id"] & 0xFFFF == number), None)
        name = next((f"TLSv{name}" for name, code in VERSIONS.items() if code == version), None)
        return self._session.version() or (name and name.removesuffix(".0")), cipher[0] if cipher else None

    def send(self, data: memoryview) -> int:
        if self.pending:
            return 0
        taken = min(len(data), RECORD)
        try:
            self._session.write(data[:taken])
        except _ssl.SSLWantReadError:
            return 0
        except _ssl.SSLError as error:
            raise self._translate(error) from error
        self.flush()
        return taken

    def flush(self) -> None:
        while True:
            if not self._unsent:
                self._unsent = self._outgoing.read()
            if not self._unsent:
                break
            sent = self._below.send(memoryview(self._unsent))
            self._unsent = self._unsent[sent:]
            if not sent:
                return
        self._below.flush()

    def _flush_quietly(self) -> None:
        """Send an alert if the peer still listens."""
        try:
            self.flush()
        except ExchangeError:
            self._unsent = b""

    def recv(self, size: int) -> bytes | None:
        """The link's below is asked once: records without content must not keep the caller from its deadline."""
        if self._broken:
            raise self._broken
        data = self._read(size)
        if data is None and self._pull():
            data = self._read(size)
        if data and len(data) < size and self._incoming.pending:
            data = self._filled(data, size)
        if data is None and self._ended:
            return b""  # no close_notify: whoever frames the answer decides whether it is whole
        if data is None:
            self.flush()  # an answer to a key update; only now, because a reset found by writing would hide what there is to read
        return data

    def _filled(self, data: bytes, size: int) -> bytes:
        """The data with what later records have that came along: each brings 16 KiB at most. What breaks there is told next time."""
        parts, room = [data], size - len(data)
        try:
            while room and (more := self._read(room)):
                parts.append(more)
                room -= len(more)
        except ExchangeError as error:
            self._broken = error
        return b"".join(parts)

    def held(self) -> bytes:
        """All that has arrived already and can be decrypted without asking the link below."""
        found = b""
        while more := self._read(65536):
            found += more
        return found

    def _read(self, size: int) -> bytes | None:
        if self._ready:
            data, self._ready = self._ready[:size], self._ready[size:]
            return data
        try:
            return bytes(self._session.read(size))
        except _ssl.SSLWantReadError:
            return None
        except _ssl.SSLZeroReturnError:
            return b""
        except _ssl.SSLError as error:
            if self._ended and "EOF" in str(error):
                return b""
            raise self._translate(error) from error

    def _pull(self) -> bool:
        """Feed the session with what the link below has; false when that is nothing."""
        data = self._below.recv(1 << 17)
        if data is None:
            return False
        if not self._started:
            self._shaken += len(data)
            if self._shaken > LONGEST_HANDSHAKE:  # a peer that always has more would keep us from the deadline
                raise ExchangeError("tls", "handshake_failed", f"the peer sent {self._shaken} bytes and no end of the TLS handshake")
        if data and isinstance(self._below, Tls):  # no poll of the socket would tell of what that one still holds
            data += self._below.held()
        if not self._started and len(self._first) < 512:
            self._first += data[:512]
            self._expect_tls()
        if data:
            self._incoming.write(data)
        else:
            self._ended = True
            self._incoming.write_eof()
            if not self._started:
                self._describe(verified=False)
                raise self._closed_early()
        return bool(data)

    def _expect_tls(self) -> None:
        """Refuse at once a peer whose first bytes begin no TLS record: handshake 22 or alert 21, and a version 3 (RFC 8446 section 5.1)."""
        if self._first and (self._first[0] not in (20, 21, 22) or self._first[1:2] not in (b"", b"\x03")):
            from rrcli.codec.recognise import recognise

            found = recognise(self._first)
            hint = f"the port does not speak TLS; {found.hint}"
            raise ExchangeError("tls", "wrong_protocol", f"expected TLS, got {found.what}", hint=hint)

    def _closed_early(self) -> ExchangeError:
        hint = "the port may not speak TLS, or the server refuses this name (--sni) or these versions (--tls-min, --tls-max)"
        return ExchangeError("tls", "handshake_failed", "the peer closed the connection during the TLS handshake", hint=hint)

    def shutdown(self) -> None:
        """Say close_notify; TLS 1.3 lets the peer go on (RFC 8446 section 6.1).

        OpenSSL goes on to look for the peer's and throws away the content it meets, so that is put aside first.
        """
        if waiting := self._session.pending():
            self._ready += bytes(self._session.read(waiting))
        records = self._incoming.read()
        try:
            self._session.shutdown()
        except _ssl.SSLError:
            pass  # the peer has not answered it yet: not needed
        if records:
            self._incoming.write(records)
        self._flush_quietly()

    def close(self) -> None:
        self._below.close()

    def fileno(self) -> int:
        return self._below.fileno()

    def re_record(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._below.re_record(recorder)

    def _describe(self, *, verified: bool) -> None:
        """Write down what the session agreed on and the chain the peer showed, as far as there is any."""
        session = self._session
        version, cipher = self._agreed()
        chain = session.get_unverified_chain() or []
        self._recorder.tls = TlsInfo(
            version=version,
            cipher=cipher,
            alpn=session.selected_alpn_protocol(),
            sni=asked_name(self._name) if self._asks else None,
            verified=verified,
            chain=tuple(describe(certificate) for certificate in chain),
        )

    def _translate(self, error: OSError) -> ExchangeError:
        """The failure that an error of OpenSSL means."""
        if isinstance(error, _ssl.SSLCertVerificationError):
            return self._verify_error(error)
        said = error.strerror or str(error)
        if said.startswith("["):  # a reason that Python has no name for: "[SSL] tlsv1 alert no application protocol (_ssl.c:1006)"
            said = said.partition("] ")[2].partition(" (_ssl")[0]
        reason = (getattr(error, "reason", None) or said).replace("_", " ").lower()
        if "certificate required" in reason or "bad certificate" in reason:
            hint = "the server wants a client certificate that it trusts: --cert FILE --key FILE"
            return ExchangeError("tls", "client_certificate_required", f"the server refused us: {reason}", hint=hint)
        if "unknown ca" in reason or "certificate unknown" in reason:
            hint = "the server does not trust who issued it: give another one with --cert FILE --key FILE"
            return ExchangeError("tls", "handshake_failed", f"the server refused our certificate: {reason}", hint=hint)
        if "protocol version" in reason or "no protocols available" in reason or "unsupported protocol" in reason:
            hint = "client and server share no TLS version: change --tls-min or --tls-max"
            return ExchangeError("tls", "handshake_failed", f"the TLS handshake failed: {reason}", hint=hint)
        if "unrecognized name" in reason:
            return ExchangeError("tls", "handshake_failed", f"the server knows no {self._name}", hint="--sni NAME asks for another name")
        if "no application protocol" in reason:
            hint = "--alpn NAMES offers other ones"
            return ExchangeError("tls", "handshake_failed", "the server speaks none of the protocols offered (ALPN)", hint=hint)
        if self._started:
            return ExchangeError("tls", "handshake_failed", f"the TLS session broke: {reason}")
        hint = "common causes: no shared cipher or version, a client certificate is wanted (--cert), an unknown name (--sni)"
        return ExchangeError("tls", "handshake_failed", f"the TLS handshake failed: {reason}", hint=hint)

    def _verify_error(self, error: OSError) -> ExchangeError:
        """Whose certificate does not verify, and why."""
        from rrcli.wire.verification import link_of, objection

        code: int = getattr(error, "verify_code", 0)
        said: str = getattr(error, "verify_message", "")
        tls = self._recorder.tls
        shown = tls.chain if tls else ()
        chain = [link_of(one, described) for one, described in zip(self._session.get_unverified_chain() or [], shown, strict=True)]
        return objection(code, said, VERIFY_KINDS.get(code, "certificate_untrusted"), self._name, chain, time())
