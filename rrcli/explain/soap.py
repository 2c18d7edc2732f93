"""Codes of SOAP faults: of 1.1, of 1.2, and those that WS-Security and WS-Addressing put into subcodes.

A code of 1.1 may go on behind a dot (`Client.Authentication`): what it means then is the service's own; the part before it stands here.
"""

from __future__ import annotations

# (title, retry, spec, meaning, action); one line for each sentence.
# fmt: off
TABLE: dict[str, tuple[str, str, str, str, str]] = {
    "VersionMismatch": ("Version Mismatch", "useless", "SOAP 1.1 §4.4.1, SOAP 1.2 §5.4.6",
        "The server does not speak the version of SOAP that the envelope's namespace names.",
        "Try the other one: --soap 1.1 or --soap 1.2."),
    "MustUnderstand": ("Must Understand", "useless", "SOAP 1.1 §4.2.3, SOAP 1.2 §5.4.8",
        "A header says that it must be understood, and the server does not know it; nothing was carried out.",
        "Look at the headers with -v: leave out --soap-header or --wsse, or its mustUnderstand."),
    "Client": ("Client", "useless", "SOAP 1.1 §4.4.1",
        "The server blames the request: it is not well made, or lacks something, as credentials.",
        "Read its text and detail; what stands behind the dot is the service's own. Change the request, it will fail again as it is."),
    "Server": ("Server", "unsafe", "SOAP 1.1 §4.4.1",
        "The server could not carry out the request, and does not blame the request for it.",
        "Look at the server's log; the call may have been carried out in part. It may succeed later."),
    "Sender": ("Sender", "useless", "SOAP 1.2 §5.4.6",
        "The sender is at fault: the envelope is not well made, or lacks what the service wants.",
        "Read the reason, the subcodes and the detail, and change the request: it will fail again as it is."),
    "Receiver": ("Receiver", "unsafe", "SOAP 1.2 §5.4.6",
        "The receiver could not process the envelope, for a reason that is not the envelope's.",
        "The server's log tells why; the call may be done in part already, so repeat it only if twice does no harm."),
    "DataEncodingUnknown": ("Data Encoding Unknown", "useless", "SOAP 1.2 §5.4.6",
        "The server does not know the encodingStyle of a header or of the body.",
        "Take the envelope's encodingStyle away, or use the port that the WSDL has for this encoding."),
    "UnsupportedSecurityToken": ("Unsupported Security Token", "useless", "WS-Security 1.1 §12",
        "The server does not take this kind of token.",
        "See the service's policy for what it wants: --wsse, with or without --wsse-digest, or its own by --soap-header."),
    "UnsupportedAlgorithm": ("Unsupported Algorithm", "useless", "WS-Security 1.1 §12",
        "A signature or a cipher in the security header is none that the server knows.",
        "See the service's policy; a signed header of your own goes in with --soap-header @FILE."),
    "InvalidSecurity": ("Invalid Security", "useless", "WS-Security 1.1 §12",
        "The server cannot make sense of the security header, or there is none.",
        "Add --wsse USER:PASSWORD; where it is there, try --wsse-digest, and check the clock: Created must be fresh."),
    "InvalidSecurityToken": ("Invalid Security Token", "useless", "WS-Security 1.1 §12",
        "The token in the security header is not valid.",
        "Check user and password; with --wsse-digest also the clocks of both ends."),
    "FailedAuthentication": ("Failed Authentication", "useless", "WS-Security 1.1 §12",
        "The server does not believe the token: the user, the password or its digest is wrong.",
        "Check --wsse; a server that keeps hashes of passwords cannot check a digest, and wants none."),
    "FailedCheck": ("Failed Check", "useless", "WS-Security 1.1 §12",
        "A signature does not verify, or something does not decrypt.",
        "Nothing may change a signed envelope on its way: compare it with what the server got."),
    "SecurityTokenUnavailable": ("Security Token Unavailable", "useless", "WS-Security 1.1 §12",
        "The header refers to a token that the server cannot get.",
        "Send the token itself in the header."),
    "MessageExpired": ("Message Expired", "safe", "WS-Security 1.1.1 §10",
        "The header's Timestamp or Created is too old, or lies in the future.",
        "Send it again; where that does not help, compare the clocks of both ends."),
    "InvalidAddressingHeader": ("Invalid Addressing Header", "useless", "WS-Addressing 1.0 SOAP Binding §6.4.1",
        "A header of WS-Addressing is not one that the server can take.",
        "See the detail for which; correct it in --soap-header."),
    "MessageAddressingHeaderRequired": ("Addressing Header Required", "useless", "WS-Addressing 1.0 SOAP Binding §6.4.2",
        "The server wants headers of WS-Addressing, as Action, To or MessageID.",
        "Add them with --soap-header, for example <Action xmlns=\"http://www.w3.org/2005/08/addressing\">URI</Action>."),
    "DestinationUnreachable": ("Destination Unreachable", "useless", "WS-Addressing 1.0 SOAP Binding §6.4.3",
        "The server does not know the place that the header To names.",
        "Compare To with the endpoint's URL, as the service itself knows it."),
    "ActionNotSupported": ("Action Not Supported", "useless", "WS-Addressing 1.0 SOAP Binding §6.4.4",
        "The server has no operation for the action that was sent.",
        "Compare the action with the WSDL's: rrcli soap WSDL OPERATION --describe."),
    "EndpointUnavailable": ("Endpoint Unavailable", "later", "WS-Addressing 1.0 SOAP Binding §6.4.5",
        "The server cannot take the message now.",
        "Wait, and try again; a RetryAfter in the detail says how long."),
}
# fmt: on

ALIASES: dict[str, tuple[str, ...]] = {}


def fallback(code: str) -> str | None:
    """The part before the first dot, as 1.1 has it."""
    first = code.partition(".")[0].lower()
    return next((known for known in TABLE if known.lower() == first), None) if "." in code else None
