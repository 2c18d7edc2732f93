"""Close codes of WebSocket: RFC 6455 section 7.4.1 and IANA's registry; ranges speak for all other codes (section 7.4.2)."""

from __future__ import annotations


def fallback(code: str) -> str | None:
    """The range of a four-digit code."""
    if len(code) != 4 or not (code.isascii() and code.isdecimal()):
        return None
    return {"1": "1xxx", "2": "1xxx", "3": "3xxx", "4": "4xxx"}.get(code[0])


# (title, retry, spec, meaning, action); one line for each sentence.
# fmt: off
TABLE: dict[str, tuple[str, str, str, str, str]] = {
    "1xxx": ("Reserved", "unsafe", "RFC 6455 §7.4.2",
        "The code is kept for the protocol itself, and nothing is registered under it.",
        "Treat it as a mistake of the peer; its documentation may tell what is meant."),
    "3xxx": ("Registered by a Library", "unsafe", "RFC 6455 §7.4.2",
        "The code belongs to a library or framework, which registers it with IANA.",
        "Look it up in the documentation of what the server runs on."),
    "4xxx": ("Private Code", "unsafe", "RFC 6455 §7.4.2",
        "The code is the application's own; two applications may mean different things by it.",
        "Read the close reason and the API's documentation."),

    "1000": ("Normal Closure", "none", "RFC 6455 §7.4.1",
        "What the connection was opened for is done.",
        "Nothing is wrong; open a new connection for more."),
    "1001": ("Going Away", "safe", "RFC 6455 §7.4.1",
        "The peer leaves: a server shuts down or restarts, a browser leaves the page.",
        "Connect again after a moment; the messages before the close did arrive."),
    "1002": ("Protocol Error", "useless", "RFC 6455 §7.4.1",
        "The peer found frames that break the protocol.",
        "Look at the last frames with --wire; a proxy on the way may change them."),
    "1003": ("Unsupported Data", "useless", "RFC 6455 §7.4.1",
        "The peer does not take messages of this type, for example binary where it wants text.",
        "Send the other type: a MESSAGE is text, --send-hex and --send-base64 are binary."),
    "1004": ("Reserved Code", "useless", "RFC 6455 §7.4.1",
        "No meaning was ever given to this code, and nobody may send it.",
        "Report it to whoever runs the peer."),
    "1005": ("No Status Received", "none", "RFC 6455 §7.4.1",
        "The peer closed in order, and gave no code; this one stands for that and is never sent.",
        "Take it as a normal end, unless the protocol on top says more."),
    "1006": ("Abnormal Closure", "unsafe", "RFC 6455 §7.4.1",
        "The connection ended without a close frame; this code stands for that and is never sent.",
        "Look for a crash, a proxy's idle limit or a network fault; --ping-interval keeps a quiet connection alive."),
    "1007": ("Invalid Payload Data", "useless", "RFC 6455 §7.4.1",
        "A text message was not UTF-8, or a message did not fit its format.",
        "Send text as UTF-8, and bytes as a binary message."),
    "1008": ("Policy Violation", "useless", "RFC 6455 §7.4.1",
        "The message or the client breaks a rule of the server; often credentials are missing or have expired.",
        "Read the reason; check credentials, Origin, and how much is sent."),
    "1009": ("Message Too Big", "useless", "RFC 6455 §7.4.1",
        "A message was larger than the peer takes.",
        "Send smaller messages, or have the peer's limit raised; fragments do not help, for it counts the whole."),
    "1010": ("Mandatory Extension", "useless", "RFC 6455 §7.4.1",
        "The client wanted an extension that the server did not agree to.",
        "Go without it, or have the server enable it; the reason lists which."),
    "1011": ("Internal Error", "unsafe", "RFC 6455 §7.4.1",
        "The server met something that it did not expect and cannot go on.",
        "Look in the server's log; some libraries send it too when a pong did not come in time."),
    "1012": ("Service Restart", "later", "IANA WebSocket close codes",
        "The server is about to restart.",
        "Connect again after some seconds, at a random time so that not all clients come at once."),
    "1013": ("Try Again Later", "later", "IANA WebSocket close codes",
        "The server is overloaded for now.",
        "Wait, longer each time, or connect to another server."),
    "1014": ("Bad Gateway Upstream", "later", "IANA WebSocket close codes",
        "A gateway on the way got an invalid answer from the server it speaks to.",
        "Check the server behind the gateway, and the gateway's log."),
    "1015": ("TLS Handshake Failed", "useless", "RFC 6455 §7.4.1",
        "TLS could not be set up; this code stands for that and is never sent.",
        "Look at the certificate with rrcli tls."),
    "3000": ("Unauthorized Client", "useless", "IANA WebSocket close codes",
        "The endpoint must be authorized for this, as with HTTP's 401.",
        "Send credentials that hold: a token in the URL, a field of the upgrade, or the first message."),
    "3003": ("Forbidden Client", "useless", "IANA WebSocket close codes",
        "The endpoint is known and not permitted to do this, as with HTTP's 403.",
        "Have the permission given, or use another account."),
    "3008": ("Idle Too Long", "later", "IANA WebSocket close codes",
        "The endpoint took too long to act, as with HTTP's 408.",
        "Connect again and send what is asked for in time."),
}
# fmt: on
