"""The HTTP responder: connections kept alive, each request read, routed and answered (RFC 9110, RFC 9112).

`http_message` reads and frames, `http_routes` has the endpoints.
"""

from __future__ import annotations

from rrcli.responders.base import Responder, ServerConnection
from rrcli.responders.http_call import State, problem
from rrcli.responders.http_message import Refusal, ServerRequest, ServerResponse, read_request, send_response
from rrcli.responders.http_routes import answer

# A refused request may not have been understood at all: answer as to HTTP/1.1, then close.
UNREAD = ServerRequest(method="GET", target="*", minor=1, fields=(("Connection", "close"),))


class HttpResponder(Responder):
    """An HTTP/1.1 and HTTP/1.0 server; `GET /` lists what it can do."""

    protocol = "http"
    scheme = "http"
    examples = ("rrcli http {url}/json", "curl -i {url}/json")

    def __init__(self, host: str = "127.0.0.1", port: int = 0, *, idle: float = 30.0) -> None:
        super().__init__(host, port, idle=idle)
        self.state = State()

    def converse(self, connection: ServerConnection) -> None:
        while connection.peek():
            try:
                request = read_request(connection)
            except Refusal as refusal:
                send_response(connection, UNREAD, problem(refusal))
                return
            if not send_response(connection, request, self.respond(connection, request)):
                return

    def respond(self, connection: ServerConnection, request: ServerRequest) -> ServerResponse:
        self.state.scheme = "https" if self.secure else "http"
        try:
            return answer(request, self.state, connection.pause, self._spawn)
        except Refusal as refusal:
            return problem(refusal)
