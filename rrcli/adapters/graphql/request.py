"""The GraphQL request: an HTTP request whose content is made of a document and its variables. What it means is `prepare.py`."""

from __future__ import annotations

from rrcli.adapters.http.request import AnyHttpRequest, step
from rrcli.options.option import option
from rrcli.options.parse import one_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

TRANSPORTS = ("http", "ws", "sse")


class GraphqlRequest(AnyHttpRequest):
    """`URL [QUERY] [ITEM...]`: QUERY is a document, @FILE or - for standard input; items are its variables."""

    shown_arguments: ClassVar[str] = "rrcli.adapters.graphql.prepare:shown_arguments"

    variables: str | None = option(
        "--variables",
        metavar="JSON|@FILE",
        secret="rrcli.adapters.http.shownwords:json",
        help="Variables; items add to them.",
        group="GraphQL",
    )
    operation: str | None = option("--operation", metavar="NAME", help="Which operation of the document to run.", group="GraphQL")
    extensions: str | None = option(
        "--extensions",
        metavar="JSON|@FILE",
        secret="rrcli.adapters.http.shownwords:json",
        help="Protocol extensions of the request.",
        group="GraphQL",
    )
    persisted: bool = option(
        "--persisted", kind="flag", group="GraphQL", help="Send the query's SHA-256 first, the query itself only where the server asks."
    )
    batch: str | None = option(
        "--batch", metavar="FILE", help="Send a JSON array of requests in one; - is standard input.", group="GraphQL"
    )
    transport: str | None = option(
        "--transport", metavar="WAY", choices=TRANSPORTS, parse=one_of(*TRANSPORTS), group="GraphQL",
        help="http, ws (graphql-transport-ws) or sse.  [http; ws for subscriptions]",
    )  # fmt: skip
    init: str | None = option(
        "--init",
        metavar="JSON|@FILE",
        secret="rrcli.adapters.http.shownwords:json_texts",
        help="Payload of the WebSocket's connection_init.",
        group="GraphQL",
    )
    schema: bool = option("--schema", kind="flag", help="Ask for the schema, print it as SDL.", group="GraphQL")
    fields: bool = option("--fields", kind="flag", help="List what can be asked for, a field in a line.", group="GraphQL")
    schema_file: str | None = option(
        "--schema-file", metavar="FILE", help="Check the query against this schema before it is sent.", group="GraphQL"
    )

    data: tuple[tuple[str, str], ...] = option(
        "-d", "--data", "--data-ascii", "--data-raw", "--data-binary", kind="steps", parse=step, metavar="DATA",
        secret="rrcli.adapters.http.shownwords:data",
        help="The whole JSON content, in place of QUERY; @FILE reads one.", group="Content",
    )  # fmt: skip
    get: bool = option("-G", "--get", kind="flag", help="Send the query within the URL (GET); not for mutations.", group="Content")

    @property
    def stdin(self) -> bool:
        """Whether standard input is read."""
        return self.arguments[1:2] == ("-",) or self.batch == "-"

    @property
    def asks_for_schema(self) -> bool:
        return self.schema or self.fields
