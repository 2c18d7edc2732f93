"""An OpenTelemetry collector that keeps what it is sent, read by the protocol's own messages (opentelemetry-proto)."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Collector:
    """`answer` is the status and the content that it answers with."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []  # path, fields in lower case, content
        self.answer = (200, b"{}")
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def log_message(self, *_: object) -> None:
                """Nothing is printed."""

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                service.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, content))
                status, answer = service.answer
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def messages(self) -> list[ExportTraceServiceRequest]:
        """What came, by the schema: ids are hexadecimal in OTLP's JSON, and base64 in protobuf's own, the one difference."""
        return [
            json_format.Parse(json.dumps(_with_base64(json.loads(content))), ExportTraceServiceRequest()) for _, _, content in self.requests
        ]

    def spans(self) -> list[Span]:
        """All spans that came."""
        return [
            span for message in self.messages() for each in message.resource_spans for scope in each.scope_spans for span in scope.spans
        ]

    def resource(self) -> dict[str, Any]:
        """The attributes of whom the spans are."""
        return attributes(self.messages()[0].resource_spans[0].resource)

    def tree(self) -> list[str]:
        """The names of the spans, each indented by how deep it stands."""
        spans, found = self.spans(), []
        ids = {span.span_id for span in spans}

        def add(span: Span, depth: int) -> None:
            found.append("  " * depth + span.name)
            for inner in spans:
                if inner.parent_span_id == span.span_id:
                    add(inner, depth + 1)

        for span in spans:
            if span.parent_span_id not in ids:
                add(span, 0)
        return found


def attributes(holder: Any) -> dict[str, Any]:
    """The attributes of a span or a resource by their names."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in holder.attributes}


def _with_base64(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: base64.b64encode(bytes.fromhex(item)).decode() if key in ID_KEYS else _with_base64(item) for key, item in value.items()
        }
    return [_with_base64(item) for item in value] if isinstance(value, list) else value


ID_KEYS = ("traceId", "spanId", "parentSpanId")


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector on a free port."""
    service = Collector()
    thread = threading.Thread(target=service.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield service
    service.server.shutdown()
    service.server.server_close()
