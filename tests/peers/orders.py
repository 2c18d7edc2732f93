"""A service of orders, as plans are tried on: it keeps a log of all that came."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest


class Orders:
    """The service. `log` has method, path, fields in lower case and content of every request."""

    def __init__(self) -> None:
        self.log: list[tuple[str, str, dict[str, str], bytes]] = []
        self.orders: set[int] = set()
        self.together: threading.Barrier | None = None  # that answers below /wait are held back at
        self.stores: Callable[[int], None] | None = None  # is told of an order a moment after the answer to it
        self.fails = 0  # requests that are answered with 503 before anything else
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and content leave together
            known: ClassVar[dict[str, str]] = {}

            def log_message(self, *_: object) -> None:
                """Nothing is printed."""

            def answer(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                fields = {name.lower(): value for name, value in self.headers.items()}
                service.log.append((self.command, self.path, fields, content))
                status, value, cookie = service.reply(self.command, self.path, fields, content)
                data = b"" if value is None else json.dumps(value).encode()
                self.send_response(status)
                if cookie:
                    self.send_header("Set-Cookie", cookie)
                if status != 204:
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data if status != 204 else b"")

            do_GET = do_POST = do_DELETE = do_PUT = answer

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """A client that is gone is nothing to tell."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def reply(self, method: str, path: str, fields: dict[str, str], content: bytes) -> tuple[int, Any, str]:
        """Status, JSON value and cookie of an answer."""
        if path.startswith("/wait") and self.together:
            self.together.wait()
        if self.fails:
            self.fails -= 1
            return 503, {"error": "busy"}, ""
        if (method, path) == ("POST", "/orders"):
            if b"fail" in content:
                return 500, {"error": "failed"}, ""
            number = len(self.orders) + 7
            self.orders.add(number)
            if self.stores:
                threading.Timer(0.1, self.stores, (number,)).start()
            return 201, {"id": number, "item": json.loads(content).get("item") if content else None}, ""
        if method == "DELETE":
            number = int(path.rpartition("/")[2])
            found = number in self.orders
            self.orders.discard(number)
            return (204, None, "") if found else (404, {"error": "unknown"}, "")
        if path == "/login":
            return 200, {"token": "tok-2718281828", "user": "ann"}, "sid=kept-314159"
        if path == "/echo":
            return 200, {"fields": fields, "content": content.decode()}, ""
        return 200, {"path": path, "method": method}, ""

    def seen(self) -> list[str]:
        """Method and path of all that came."""
        return [f"{method} {path}" for method, path, *_ in self.log]


@pytest.fixture(scope="session")
def orders_service() -> Iterator[Orders]:
    """One service for all tests."""
    service = Orders()
    thread = threading.Thread(target=service.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield service
    service.server.shutdown()
    service.server.server_close()


@pytest.fixture
def orders(orders_service: Orders) -> Orders:
    """The service, with nothing in it."""
    orders_service.log.clear()
    orders_service.orders.clear()
    orders_service.fails = 0
    orders_service.stores = None
    return orders_service
