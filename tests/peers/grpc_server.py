"""grpcio as a server in every form; started by `peers.grpc` with `form=port` words, then the folder of the generated code and TLS files.

Forms: `both`, `v1alpha`, `v1`, `none` by the reflection they have; `tls`, `mtls`; `gzip`, which compresses its answers.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_health.v1 import health, health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import reflection, reflection_pb2  # type: ignore[import-untyped]

NAME = "rr.demo.v1.Demo"


def load(path: str) -> dict[str, Any]:
    """The message classes of the set of descriptors."""
    pool = descriptor_pool.Default()
    found = FileDescriptorSet.FromString(Path(path).read_bytes())
    for file in found.file:
        try:
            pool.FindFileByName(file.name)
        except KeyError:
            pool.Add(file)
    names = ("EchoRequest", "FailRequest", "NumberRequest", "SlowRequest", "Number")
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"rr.demo.v1.{name}")) for name in names}


class Demo:
    """The methods, without generated code."""

    def __init__(self, types: dict[str, Any]) -> None:
        self.types = types

    def echo(self, request: Any, _context: Any) -> Any:
        return request

    def fail(self, request: Any, context: Any) -> Any:
        if request.details:
            from google.protobuf import any_pb2
            from google.rpc import error_details_pb2, status_pb2

            detail = any_pb2.Any()
            if request.details == "strange":
                detail.type_url, detail.value = "type.googleapis.com/no.such.Type", b"\x08\x01"
            else:
                fault = error_details_pb2.BadRequest()
                fault.field_violations.add(field="name", description=request.details)
                detail.Pack(fault)
            status = status_pb2.Status(code=request.code, message=request.message, details=[detail])
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.set_code(next(code for code in grpc.StatusCode if code.value[0] == request.code))
        context.set_details(request.message)
        return self.types["EchoRequest"]()

    def metadata(self, _request: Any, context: Any) -> Any:
        context.send_initial_metadata((("x-init", "1"), ("x-data-bin", b"\0\1")))
        context.set_trailing_metadata((("x-trail", "2"),))
        pairs = " ".join(f"{name}={value!r}" for name, value in context.invocation_metadata())
        return self.types["EchoRequest"](name=f"{pairs} remaining={context.time_remaining()}")

    def big(self, request: Any, _context: Any) -> Any:
        return self.types["EchoRequest"](name="x" * request.number)

    def slow(self, request: Any, _context: Any) -> Any:
        time.sleep(request.delay_ms / 1000)
        return self.types["EchoRequest"](name="slow")

    def server(self, request: Any, context: Any) -> Any:
        for number in range(request.count):
            if number:
                time.sleep(request.delay_ms / 1000)
            if not context.is_active():
                return
            yield self.types["Number"](number=number + 1)

    def client(self, requests: Any, _context: Any) -> Any:
        return self.types["Number"](number=sum(each.number for each in requests))

    def bidi(self, requests: Any, _context: Any) -> Any:
        for each in requests:
            yield self.types["Number"](number=each.number * 2)

    def handler(self) -> Any:
        types = self.types

        def of(make: Any, function: Any, takes: str, gives: str) -> Any:
            return make(function, types[takes].FromString, types[gives].SerializeToString)

        one, many = grpc.unary_unary_rpc_method_handler, grpc.unary_stream_rpc_method_handler
        return grpc.method_handlers_generic_handler(
            NAME,
            {
                "Echo": of(one, self.echo, "EchoRequest", "EchoRequest"),
                "Fail": of(one, self.fail, "FailRequest", "EchoRequest"),
                "Metadata": of(one, self.metadata, "EchoRequest", "EchoRequest"),
                "Big": of(one, self.big, "NumberRequest", "EchoRequest"),
                "Slow": of(one, self.slow, "SlowRequest", "EchoRequest"),
                "Server": of(many, self.server, "SlowRequest", "Number"),
                "Client": of(grpc.stream_unary_rpc_method_handler, self.client, "Number", "Number"),
                "Bidi": of(grpc.stream_stream_rpc_method_handler, self.bidi, "Number", "Number"),
            },
        )


def reflect_v1(names: list[str]) -> Any:
    """The reflection under its newer name, whose messages are the same."""
    servicer = reflection.ReflectionServicer(names)
    answer = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        reflection_pb2.ServerReflectionRequest.FromString,
        reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    return grpc.method_handlers_generic_handler("grpc.reflection.v1.ServerReflection", {"ServerReflectionInfo": answer})


def serve(form: str, port: int, types: dict[str, Any], files: list[str]) -> Any:
    compression = grpc.Compression.Gzip if form == "gzip" else None
    server = grpc.server(ThreadPoolExecutor(8), compression=compression)
    server.add_generic_rpc_handlers((Demo(types).handler(),))
    checks = health.HealthServicer()
    checks.set(NAME, health_pb2.HealthCheckResponse.SERVING)
    checks.set("down", health_pb2.HealthCheckResponse.NOT_SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    names = [NAME, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"]
    if form not in ("none", "v1"):
        reflection.enable_server_reflection(names, server)
    if form not in ("none", "v1alpha"):
        server.add_generic_rpc_handlers((reflect_v1(names),))
    if form in ("tls", "mtls"):
        chain, key, root = (Path(file).read_bytes() for file in files)
        clients = root if form == "mtls" else None
        credentials = grpc.ssl_server_credentials([(key, chain)], clients, require_client_auth=form == "mtls")
        server.add_secure_port(f"127.0.0.1:{port}", credentials)
    else:
        server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server


def main(words: list[str]) -> None:
    forms = [word.partition("=") for word in words if "=" in word]
    rest = [word for word in words if "=" not in word]
    types = load(rest[0])
    servers = [serve(form, int(port), types, rest[1:]) for form, _, port in forms]
    servers[0].wait_for_termination()


if __name__ == "__main__":
    main(sys.argv[1:])
