"""The request of `rrcli grpc`: a server, a method and its messages, and where their types come from."""

from __future__ import annotations

from rrcli.options.option import Optioned, option
from rrcli.options.parse import one_of
from rrcli.options.request import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar


class GrpcMessages(Optioned):
    """What is sent, and how messages are written."""

    data: tuple[str, ...] = option(
        "-d", "--data", kind="many", metavar="JSON|@FILE|@-",
        help="One message as JSON, or several one after another, which are a stream of requests; @- sends each as it is read.",
    )  # fmt: skip
    headers: tuple[str, ...] = option(
        "-H", "--header", kind="many", metavar="NAME:VALUE", secret="rrcli.adapters.http.shownwords:header",
        help="Metadata; the value of NAME-bin is base64.",
    )  # fmt: skip
    authority: str | None = option("--authority", metavar="NAME", help="The :authority that is sent.  [HOST:PORT]")
    compress: str | None = option(
        "--compress", metavar="gzip", choices=("gzip",), parse=one_of("gzip"), help="Compress the messages that are sent."
    )
    no_defaults: bool = option("--no-defaults", kind="flag", help="Leave out fields at their default, which are shown otherwise.")


class GrpcTypes(Optioned):
    """Where the types of messages come from, instead of the server's reflection."""

    proto: tuple[str, ...] = option(
        "--proto", kind="many", metavar="FILE", group="Types", help="Read the types from this .proto file, not by reflection."
    )
    import_path: tuple[str, ...] = option(
        "-I", "--import-path", kind="many", metavar="DIR", group="Types", help="Look for --proto files and their imports here."
    )
    protoset: tuple[str, ...] = option(
        "--protoset", kind="many", metavar="FILE", group="Types", help="Read the types from this file of protoc --descriptor_set_out."
    )


class GrpcQuestions(Optioned):
    """What is asked in the place of a call."""

    list_names: bool = option(
        "--list", kind="flag", group="Questions", help="Print the services, or the methods of the SERVICE that follows."
    )
    describe: bool = option("--describe", kind="flag", group="Questions", help="Print the SYMBOL that follows, or all services, as .proto.")
    template: bool = option(
        "--template", kind="flag", group="Questions", help="Print a message of the METHOD or TYPE that follows as JSON to fill in."
    )
    health: bool = option(
        "--health", kind="flag", group="Questions", help="Ask for the health of the SERVICE that follows, or of the server."
    )
    watch: bool = option("--watch", kind="flag", group="Questions", help="With --health: tell every change, until it is ended.")


class GrpcRequest(Request, GrpcMessages, GrpcTypes, GrpcQuestions):
    """`TARGET [SERVICE/METHOD] [ITEM...]`"""

    multiplexes: ClassVar[bool] = True
    input_option: ClassVar[str | None] = "-d @-"
    event_keys: ClassVar[tuple[str, ...]] = (*Request.event_keys, "size", "wire_size")

    plaintext: bool = option("--plaintext", kind="flag", group="TLS", help="Speak without TLS, as to loopback and to grpc:// anyway.")
    tls: bool = option("--tls", kind="flag", group="TLS", help="Speak TLS to loopback too.")
