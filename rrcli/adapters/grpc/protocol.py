"""What help, reports and explanations know of gRPC."""

from __future__ import annotations

from rrcli.engine.manifest import Manifest

MANIFEST = Manifest(
    synopsis="TARGET [SERVICE/METHOD] [ITEM...]",
    help="Call a gRPC method with JSON.",
    examples=(
        "rrcli grpc localhost:50051 my.package.Users/Get id:=7 name=ann",
        "rrcli grpc localhost:50051 --list",
        "rrcli grpc api.example.com:443 --health --json",
        "rrcli grpc grpcs://api.example.com my.package.Chat/Talk -d @-",
    ),
    label="gRPC",
    secure=("grpcs",),
    probe_options={"health": True},
    explains="grpc",
    families={"grpc": "rrcli.explain.grpc"},
    as_command="rrcli.adapters.grpc.grpcurl:as_command",
    framings={"end-stream": "END_STREAM", "trailers": "the trailers with grpc-status", "trailers-only": "the head, which has grpc-status"},
)
