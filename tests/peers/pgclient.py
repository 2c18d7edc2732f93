"""The smallest client that the codec of PostgreSQL makes: a socket, the codec, and nothing of the tool's own wire."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from types import TracebackType

from peers.postgres import PASSWORDS, Postgres

from rrcli.codec.pg import frontend
from rrcli.codec.pg.backend import Decoder, encryption_answer
from rrcli.codec.pg.login import Login
from rrcli.codec.pg.messages import Authentication, BackendKeyData, Message, NegotiateProtocolVersion, ParameterStatus, ReadyForQuery
from rrcli.codec.pg.report import ErrorResponse

TIMEOUT_S = 20.0


class Refused(Exception):
    """The server ended the start with an error."""

    def __init__(self, error: ErrorResponse) -> None:
        super().__init__(error.message)
        self.error = error


class Client:
    """A session; `started` are the messages up to the first ReadyForQuery, `login` how it logged in."""

    def __init__(
        self,
        server: Postgres,
        user: str = "rr",
        password: str | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        unix: bool = False,
        version: int = frontend.VERSION_3_0,
        channel_binding: str = "prefer",
        **parameters: str,
    ) -> None:
        self.server = server
        self.decoder = Decoder()
        self.socket: socket.socket = _connected(server, unix)
        certificate = None
        if tls is not None:
            self.socket.sendall(frontend.ssl_request())
            assert encryption_answer(self.socket.recv(100)) == "yes"
            wrapped = tls.wrap_socket(self.socket, server_hostname=server.host)
            certificate = wrapped.getpeercert(binary_form=True)
            self.socket = wrapped
        word = password if password is not None else PASSWORDS.get(user)
        self.login = Login(user, word, certificate=certificate, gave_certificate=user == "certuser", channel_binding=channel_binding)
        self.started: list[Message] = []
        self.sent: list[frontend.Secret] = []
        try:
            self._start({"user": user, "database": "rr", "client_encoding": "UTF8", **parameters}, version)
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self.socket.sendall(frontend.terminate())
        except OSError:
            pass
        self.socket.close()

    def _start(self, parameters: dict[str, str], version: int) -> None:
        self.socket.sendall(frontend.startup(parameters, version))
        while True:
            for message in self._receive():
                self.started.append(message)
                if isinstance(message, ErrorResponse):
                    raise Refused(message)
                if isinstance(message, Authentication):
                    answer = self.login.answer(message)
                    self.sent.append(answer)
                    self.socket.sendall(answer[0])
                elif isinstance(message, ReadyForQuery):
                    return
                else:
                    assert isinstance(message, (BackendKeyData, ParameterStatus, NegotiateProtocolVersion))

    def _receive(self) -> list[Message]:
        data = self.socket.recv(65536)
        if not data:
            self.decoder.eof()
            raise EOFError
        return self.decoder.feed(data)

    @property
    def key(self) -> BackendKeyData:
        return next(message for message in self.started if isinstance(message, BackendKeyData))

    def ask(self, data: bytes, until: Callable[[Message], bool] = lambda message: isinstance(message, ReadyForQuery)) -> list[Message]:
        """Send, and give all that comes up to ReadyForQuery, or what else `until` waits for."""
        self.socket.sendall(data)
        found: list[Message] = []
        while not (found and until(found[-1])):
            found += self._receive()
        return found

    def query(self, sql: str) -> list[Message]:
        return self.ask(frontend.query(sql))

    def extended(self, sql: str, *values: bytes | None) -> list[Message]:
        parts = (frontend.parse(sql), frontend.bind(values), frontend.describe_portal(), frontend.execute(), frontend.sync())
        return self.ask(b"".join(parts))


def cancel(client: Client) -> None:
    """Ask, on a connection of its own, to cancel what the client's session does; returns when the server has closed it."""
    with _connected(client.server, False) as connection:
        connection.sendall(frontend.cancel_request(client.key.process, client.key.key))
        assert connection.recv(100) == b""


def _connected(server: Postgres, unix: bool) -> socket.socket:
    if not unix:
        return socket.create_connection((server.host, server.port), timeout=TIMEOUT_S)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(TIMEOUT_S)
    connection.connect(f"{server.folder}/.s.PGSQL.{server.port}")
    return connection
