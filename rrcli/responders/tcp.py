"""The TCP responder: sends back every byte it gets; after the peer's end it sends what is left and ends too."""

from __future__ import annotations

from rrcli.responders.base import Responder, ServerConnection


class TcpResponder(Responder):
    """An echo server (RFC 862); `banner`, if any, is sent first, as SMTP and SSH servers do."""

    protocol = "tcp"
    scheme = "tcp"
    bare = True
    examples = (r"rrcli tcp {address} --send 'hello\n' --read-lines 1", "echo hello | ncat {host} {port}")
    secure_examples = (r"rrcli tcp {address} --tls --send 'hello\n' --read-lines 1", "echo hello | ncat --ssl {host} {port}")

    def __init__(self, host: str = "127.0.0.1", port: int = 0, *, idle: float = 30.0, banner: bytes = b"") -> None:
        super().__init__(host, port, idle=idle)
        self.banner = banner

    def converse(self, connection: ServerConnection) -> None:
        if self.banner:
            connection.send(self.banner)
        while data := connection.receive():
            connection.send(data)
