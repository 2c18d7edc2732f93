"""The request of `rrcli soap`: an operation that a WSDL describes, or an envelope as it is. What it means is `words.py`."""

from __future__ import annotations

from rrcli.adapters.http.request import AnyHttpRequest, step
from rrcli.options.option import option
from rrcli.options.parse import one_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

VERSIONS = ("1.1", "1.2")
TEMPLATES = ("json", "xml")


class SoapRequest(AnyHttpRequest):
    """`WSDL [OPERATION] [ITEM...]`: WSDL is a URL or a file; items are the arguments. Without OPERATION the operations are listed."""

    shown_arguments: ClassVar[str] = "rrcli.adapters.soap.words:shown_arguments"
    needs_arguments: ClassVar[bool] = True
    file_argument: ClassVar[int | None] = 0

    data: tuple[tuple[str, str], ...] = option(
        "-d", "--data", kind="steps", parse=step, metavar="JSON|@FILE", secret="rrcli.adapters.http.shownwords:data",
        help="The arguments as a JSON object; items add to them.", group="SOAP",
    )  # fmt: skip
    list_operations: bool = option("--list", kind="flag", help="List the operations and their arguments.", group="SOAP")
    describe: bool = option("--describe", kind="flag", help="Show types, action and faults of OPERATION.", group="SOAP")
    template: str | None = option(
        "--template", kind="optional", bare="json", choices=TEMPLATES, parse=one_of(*TEMPLATES), metavar="json|xml", group="SOAP",
        help="Print the arguments of OPERATION to fill in, or its envelope.",
    )  # fmt: skip
    envelope: str | None = option(
        "--envelope", metavar="FILE", help="Send this envelope as it is, - is standard input; WSDL is then the endpoint.", group="SOAP"
    )
    action: str | None = option("--action", metavar="URI", help="The action of --envelope.", group="SOAP")
    soap: str | None = option(
        "--soap", metavar="VERSION", choices=VERSIONS, parse=one_of(*VERSIONS), group="SOAP",
        help="SOAP 1.1 or 1.2.  [1.1, if the WSDL has it]",
    )  # fmt: skip
    endpoint: str | None = option(
        "--endpoint", metavar="URL", secret="rrcli.adapters.soap.words:shown_url", group="SOAP",
        help="Send it there, not where the WSDL says.",
    )  # fmt: skip
    service: str | None = option("--service", metavar="NAME", help="Which service of the WSDL.", group="SOAP")
    port: str | None = option("--port", metavar="NAME", help="Which port of the service.", group="SOAP")
    wsse: str | None = option(
        "--wsse", metavar="USER:PASSWORD", secret="rrcli.adapters.http.shownwords:user", group="SOAP",
        help="Send a UsernameToken of WS-Security; asks for a missing password.",
    )  # fmt: skip
    wsse_digest: bool = option("--wsse-digest", kind="flag", help="Send the digest of that password, not the password.", group="SOAP")
    soap_headers: tuple[str, ...] = option(
        "--soap-header", kind="many", metavar="XML|@FILE", secret="rrcli.adapters.soap.words:shown_xml", group="SOAP",
        help="Add this element to the envelope's header.",
    )  # fmt: skip
    lax: bool = option("--lax", kind="flag", help="Take an answer that does not fit the schema; what is strange is noted.", group="SOAP")

    @property
    def stdin(self) -> bool:
        """Whether standard input is read."""
        return self.envelope == "-"

    @property
    def asks_only(self) -> bool:
        """Whether nothing is called: what the WSDL says is shown."""
        return self.list_operations or self.describe or self.template is not None or (self.envelope is None and len(self.arguments) < 2)
