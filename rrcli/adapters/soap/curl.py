"""A call as a curl command."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.soap.request import SoapRequest
    from rrcli.model.values import Exchange


def as_command(exchange: Exchange, request: SoapRequest | None = None) -> str | None:
    """The curl command for the same POST; there is none for what was read from a file. How the WSDL was fetched is no part of it."""
    if not exchange.target.url.startswith("http"):
        return None
    from rrcli.adapters.http.curl.exported import as_command

    described = [number for number, hop in enumerate(exchange.history, 1) if hop.why == "describe"]
    return as_command(exchange.replace(history=exchange.history[described[-1] if described else 0 :]), request)
