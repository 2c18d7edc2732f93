"""The gRPC responder, met by grpcio's client and its stubs for health checks and reflection, and by curl."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from peers.base import need

from rrcli.adapters.grpc.request import GrpcRequest
from rrcli.adapters.grpc.sources import protoc
from rrcli.codec.http.h2frames import GOAWAY, HEADER, PREFACE, SETTINGS, encode_frame, read_header, settings
from rrcli.engine.send import send
from rrcli.responders import grpc_files, grpc_methods
from rrcli.responders.base import Responder
from rrcli.responders.grpc import GrpcResponder

grpc = pytest.importorskip("grpc")
Talk = Callable[[Responder, bytes], bytes]
FOLDER = Path(grpc_files.__file__).parent


@pytest.fixture(scope="module")
def demo() -> Iterator[GrpcResponder]:
    with GrpcResponder() as responder:
        yield responder


@pytest.fixture(scope="module")
def channel(demo: GrpcResponder) -> Iterator[Any]:
    with grpc.insecure_channel(demo.address) as channel:
        yield channel


@pytest.fixture(scope="module")
def types() -> dict[str, Any]:
    """The message classes of the descriptor that is reflected."""
    from google.protobuf import descriptor_pool, message_factory

    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(grpc_methods.FILES[0])
    names = ("EchoRequest", "FailRequest", "CountRequest", "Number")
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"rrcli.v1.{name}")) for name in names}


def method(channel: Any, types: dict[str, Any], name: str, takes: str, gives: str, *, kind: str = "unary_unary") -> Any:
    return getattr(channel, kind)(
        f"/rrcli.v1.Demo/{name}", request_serializer=types[takes].SerializeToString, response_deserializer=types[gives].FromString
    )


def test_the_reflected_descriptor_is_that_of_the_file(tmp_path: Path) -> None:
    from google.protobuf.descriptor_pb2 import FileDescriptorSet

    made = tmp_path / "demo.bin"
    subprocess.run([protoc(), f"-I{FOLDER}", f"--descriptor_set_out={made}", "demo.proto"], check=True, timeout=30)
    assert FileDescriptorSet.FromString(made.read_bytes()).file[0].SerializeToString() == grpc_methods.FILES[0]


def test_one_message_for_one(channel: Any, types: dict[str, Any]) -> None:
    message = types["EchoRequest"](text="é", big=-(2**63), raw=b"\xff", color=2, tags=["a", ""], labels={"k": "v"})
    echo = method(channel, types, "Echo", "EchoRequest", "EchoRequest")
    assert echo(message, timeout=5) == message
    assert echo(message, timeout=5, compression=grpc.Compression.Gzip) == message


def test_streams_of_numbers(channel: Any, types: dict[str, Any]) -> None:
    number, count = types["Number"], types["CountRequest"]
    counted = method(channel, types, "Count", "CountRequest", "Number", kind="unary_stream")(count(count=3, delay_ms=1), timeout=5)
    assert [each.number for each in counted] == [1, 2, 3]
    total = method(channel, types, "Sum", "Number", "Number", kind="stream_unary")
    assert total(iter([number(number=7), number(number=-9)]), timeout=5).number == -2
    assert total(iter([]), timeout=5).number == 0


def test_a_conversation_in_turns(channel: Any, types: dict[str, Any]) -> None:
    heard = threading.Event()

    def numbers() -> Iterator[Any]:
        yield types["Number"](number=1)
        assert heard.wait(5)
        yield types["Number"](number=21)

    answers = method(channel, types, "Double", "Number", "Number", kind="stream_stream")(numbers(), timeout=5)
    assert next(answers).number == 2
    heard.set()
    assert [each.number for each in answers] == [42]


def test_many_messages_pass_the_clients_window(channel: Any, types: dict[str, Any]) -> None:
    big = types["EchoRequest"](text="x" * 3_000_000)
    assert method(channel, types, "Echo", "EchoRequest", "EchoRequest")(big, timeout=20) == big
    counted = method(channel, types, "Count", "CountRequest", "Number", kind="unary_stream")(types["CountRequest"](count=5000), timeout=20)
    assert sum(each.number for each in counted) == 12_502_500


def test_a_slow_call_holds_up_no_other(channel: Any, types: dict[str, Any]) -> None:
    slow = method(channel, types, "Slow", "CountRequest", "Number").future(types["CountRequest"](count=4, delay_ms=300), timeout=5)
    assert method(channel, types, "Echo", "EchoRequest", "EchoRequest")(types["EchoRequest"](text="x"), timeout=5).text == "x"
    assert not slow.done()
    assert slow.result().number == 4


@pytest.mark.parametrize(
    ("name", "fields", "code", "text"),
    [
        ("Fail", {"code": 5, "message": "gone: 100 % é"}, "NOT_FOUND", "gone: 100 % é"),
        ("Nope", {}, "UNIMPLEMENTED", "there is no method /rrcli.v1.Demo/Nope"),
    ],
)
def test_a_failure_is_a_status(channel: Any, types: dict[str, Any], name: str, fields: dict[str, Any], code: str, text: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        method(channel, types, name, "FailRequest", "EchoRequest")(types["FailRequest"](**fields), timeout=5)
    assert (caught.value.code().name, caught.value.details()) == (code, text)


def test_details_are_those_of_google(channel: Any, types: dict[str, Any]) -> None:
    from google.rpc import error_details_pb2
    from grpc_status import rpc_status

    with pytest.raises(grpc.RpcError) as caught:
        method(channel, types, "Fail", "FailRequest", "EchoRequest")(
            types["FailRequest"](code=3, message="no such size", field="size"), timeout=5
        )
    status = rpc_status.from_call(caught.value)
    found = error_details_pb2.BadRequest()
    assert status.details[0].Unpack(found)
    assert [(each.field, each.description) for each in found.field_violations] == [("size", "no such size")]


def test_a_deadline_is_kept(channel: Any, types: dict[str, Any]) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        method(channel, types, "Slow", "CountRequest", "Number")(types["CountRequest"](delay_ms=60_000), timeout=0.1)
    assert caught.value.code().name == "DEADLINE_EXCEEDED"


def test_a_message_over_the_limit_is_refused(channel: Any, types: dict[str, Any]) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        method(channel, types, "Echo", "EchoRequest", "EchoRequest")(types["EchoRequest"](text="x" * (4 << 20)), timeout=20)
    assert caught.value.code().name == "RESOURCE_EXHAUSTED"


def test_a_call_does_not_fill_the_memory(channel: Any, types: dict[str, Any]) -> None:
    unknown = types["Number"].FromString(b"\x7a\xc0\x8d\xb7\x01" + bytes(3_000_000))
    total = method(channel, types, "Sum", "Number", "Number", kind="stream_unary")
    with pytest.raises(grpc.RpcError) as caught:
        total(iter([unknown] * 30), timeout=20)
    assert caught.value.code().name == "RESOURCE_EXHAUSTED"


def test_health(channel: Any) -> None:
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    checks = health_pb2_grpc.HealthStub(channel)
    asked = health_pb2.HealthCheckRequest
    assert [checks.Check(asked(service=name), timeout=5).status for name in ("", "rrcli.v1.Demo")] == [1, 1]
    with pytest.raises(grpc.RpcError) as caught:
        checks.Check(asked(service="nope"), timeout=5)
    assert caught.value.code().name == "NOT_FOUND"
    watch = checks.Watch(asked(service="nope"), timeout=5)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    watch.cancel()


def test_reflection(channel: Any) -> None:
    from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

    known = ProtoReflectionDescriptorDatabase(channel)
    assert list(known.get_services()) == ["rrcli.v1.Demo", "grpc.health.v1.Health"]
    assert known.FindFileContainingSymbol("rrcli.v1.Demo.Echo").name == "demo.proto"
    assert known.FindFileByName("grpc_health/v1/health.proto").package == "grpc.health.v1"
    with pytest.raises(KeyError):
        known.FindFileContainingSymbol("rrcli.v1.Nope")


@pytest.mark.parametrize("words", [("Demo/Echo", "text=x"), ("grpc.health.v1.Health/Check",), ("Demo/Count", "count:=2")])
def test_our_own_client_by_reflection(demo: GrpcResponder, words: tuple[str, ...]) -> None:
    exchange = send(GrpcRequest(demo.address, *words, timeout=5.0))
    assert exchange.error is None
    assert exchange.response
    assert exchange.response.data["reflection"]["version"] == "v1"


def test_what_is_no_grpc_is_told(demo: GrpcResponder) -> None:
    run = [need("curl"), "-s", "-m", "5", "-w", "%{http_version} %{http_code}"]
    old = subprocess.run([*run, f"http://{demo.address}/"], capture_output=True, text=True, check=True).stdout
    assert old == "this port speaks gRPC, which is HTTP/2 without an upgrade\n1.1 400"
    new = subprocess.run([*run, "--http2-prior-knowledge", f"http://{demo.address}/"], capture_output=True, text=True, check=True).stdout
    assert new == "2 415"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (PREFACE[:10] + b"nonsense here", 1),
        (PREFACE + settings({}) + encode_frame(1, 4, 2, b"\x82"), 1),  # an even stream
        (PREFACE + settings({}) + encode_frame(1, 4, 1, b"\xff\xff\xff\xff\xff\xff"), 9),
        (PREFACE + settings({}) + encode_frame(0, 0, 5, b"x"), 1),
        (PREFACE + settings({}) + encode_frame(1, 0, 1, b"\x82") + encode_frame(6, 0, 0, bytes(8)), 1),
    ],
)
def test_what_breaks_http2_is_answered_by_goaway(demo: GrpcResponder, talk: Talk, said: bytes, code: int) -> None:
    heard, at, frames = talk(demo, said), 0, []
    while at < len(heard):
        size, kind, _, _ = read_header(heard, at)
        frames.append((kind, heard[at + HEADER : at + HEADER + size]))
        at += HEADER + size
    assert frames[0][0] == SETTINGS
    assert [int.from_bytes(payload[4:8], "big") for kind, payload in frames if kind == GOAWAY] == [code]
