"""What help, reports, demo and responders know of gRPC."""

from __future__ import annotations

from rrcli.engine.manifest import DemoStep, Manifest

MANIFEST = Manifest(
    synopsis="TARGET [SERVICE/METHOD] [ITEM...]",
    help="Call a gRPC method with JSON.",
    words=(
        ("TARGET", "HOST:PORT, over TLS unless it is a loopback address, a grpc:// URL or --plaintext says otherwise; grpcs:// is TLS."),
        ("ITEM", "A field of the message, name=text, name:=json or a.b=text; or the message whole with -d JSON."),
    ),
    examples=(
        "rrcli grpc localhost:50051 my.package.Users/Get id:=7 name=ann",
        "rrcli grpc localhost:50051 --list",
        "rrcli grpc api.example.com:443 --health --json",
        "rrcli grpc grpcs://api.example.com my.package.Chat/Talk -d @-",
    ),
    label="gRPC",
    tools=("grpcurl", "evans"),
    secure=("grpcs",),
    probe_options={"health": True},
    span="rrcli.adapters.grpc.span:span",
    explains="grpc",
    families={"grpc": "rrcli.explain.grpc"},
    as_command="rrcli.adapters.grpc.grpcurl:as_command",
    framing_events=("header", "trailer"),
    parts="rrcli.adapters.grpc.drawing:parts",
    greetings=("HTTP/2 frames",),
    responder="rrcli.responders.grpc:GrpcResponder",
    demo=(
        DemoStep(heading="gRPC: three messages as they come, by reflection", line="grpc {where} Demo/Count count:=3 delay_ms:=40"),
        DemoStep(
            heading="gRPC: a status with details, read for you",
            line="grpc {where} Demo/Fail code:=3 message=wrong field=size",
        ),
    ),
    framings={
        "end-stream": "END_STREAM",
        "trailers": "the trailers with grpc-status",
        "trailers-only": "the head, which has grpc-status",
        "message": "the last message that was wanted",
    },
)
