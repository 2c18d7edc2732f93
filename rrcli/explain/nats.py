"""NATS: the status of a message's headers (100 to 503), and what a server says in -ERR, by the words it begins with."""

from __future__ import annotations


def fallback(code: str) -> str | None:
    """The text of an -ERR that names a subject or a number behind the words of the table."""
    text = code.strip().strip("'").lower()
    for name in TABLE:
        if not name.isdecimal() and text.startswith(name.lower()):
            return name
    return None


# (title, retry, spec, meaning, action); one line for each sentence.
# fmt: off
TABLE: dict[str, tuple[str, str, str, str, str]] = {
    "100": ("Idle Heartbeat or Flow Control", "none", "ADR-9, ADR-15",
        "JetStream says that it is still there, or wants an answer before it sends more.",
        "Answer the reply subject of a flow control request; a heartbeat needs nothing."),
    "404": ("No Messages", "later", "ADR-13",
        "A pull found the stream without a message for this consumer.",
        "Ask again later, or with a longer time to wait."),
    "408": ("Request Timeout", "safe", "ADR-13",
        "A pull's time ran out before it was filled; or the request itself was faulty.",
        "Pull again; messages that came before it are good."),
    "409": ("Consumer or Pull Conflict", "useless", "ADR-13",
        "The pull does not fit the consumer: it was deleted, is a push consumer, or a limit was passed.",
        "Read the description behind the code, then make the consumer anew or ask for less."),
    "Nats-Service-Error": ("Error of a Service", "unsafe", "ADR-32",
        "The service got the request and answers that it failed; number and text are its own.",
        "Read the text and the payload of the reply, and the service's documentation."),
    "503": ("No Responders", "safe", "ADR-22",
        "Nobody is subscribed to the subject: the server says so at once, and the request went to nobody.",
        "Check the subject's spelling, the account and whether the service runs; then send it again."),

    "Authorization Violation": ("Authorization Violation", "useless", "NATS protocol: -ERR",
        "The server does not accept the credentials, or has got none though it wants some.",
        "The server requires authentication: check --user and --password, --token, --nkey or --creds; the note tells what was sent."),
    "Authentication Timeout": ("Authentication Timeout", "later", "NATS protocol: -ERR",
        "CONNECT with credentials did not come in the time that the server allows.",
        "Try again; look for a slow network or TLS handshake."),
    "Authentication Expired": ("Authentication Expired", "useless", "NATS protocol: -ERR",
        "The user's JWT has run out.",
        "Get new credentials (nsc generate creds) and use them."),
    "Account Authentication Expired": ("Account Expired", "useless", "NATS protocol: -ERR",
        "The JWT of the user's account has run out.",
        "Have the account's JWT renewed and pushed to the server."),
    "User Authentication Revoked": ("User Revoked", "useless", "NATS protocol: -ERR",
        "The account has revoked this user.",
        "Ask for new credentials."),
    "Permissions Violation for Publish": ("Permissions Violation for Publish", "safe", "NATS protocol: -ERR",
        "This user may not publish to the subject in the message, which went to nobody; the connection stays open.",
        "Have the permission given, or use another user; nothing else lets the same message through."),
    "Permissions Violation": ("Permissions Violation", "useless", "NATS protocol: -ERR",
        "This user may not publish or subscribe to the subject in the message; the connection stays open.",
        "Have the permission given, or use another user; a reply needs leave to subscribe to the inbox too."),
    "Maximum Payload Violation": ("Maximum Payload Violation", "useless", "NATS protocol: -ERR",
        "The message is larger than the server takes, and it closes the connection.",
        "Send less than max_payload of INFO, or raise max_payload in its configuration."),
    "Maximum Connections Exceeded": ("Too Many Connections", "later", "NATS protocol: -ERR",
        "The server has as many connections as it allows.",
        "Close some or wait; max_connections sets the limit."),
    "Maximum Account Active Connections Exceeded": ("Account Has Too Many Connections", "later", "NATS protocol: -ERR",
        "The account has as many connections as its JWT or configuration allows.",
        "Close some or wait, or have the account's limit raised."),
    "Maximum Subscriptions Exceeded": ("Too Many Subscriptions", "useless", "NATS protocol: -ERR",
        "The connection has as many subscriptions as the server allows.",
        "Unsubscribe from some, or use one with a wildcard."),
    "Maximum Control Line Exceeded": ("Control Line Too Long", "useless", "NATS protocol: -ERR",
        "A line of the protocol, mostly a subject, is longer than 4096 bytes.",
        "Use shorter subjects, or raise max_control_line."),
    "Slow Consumer": ("Slow Consumer", "later", "NATS protocol: -ERR",
        "The client did not read fast enough, and the server gave up holding messages for it.",
        "Read faster, subscribe to less, or share the work in a queue group."),
    "Stale Connection": ("Stale Connection", "safe", "NATS protocol: -ERR",
        "The server's pings were not answered in time.",
        "Connect again; look for what blocked the client or dropped its packets."),
    "Unknown Protocol Operation": ("Unknown Operation", "useless", "NATS protocol: -ERR",
        "The server does not know what was sent, or the length of a message was wrong.",
        "Look at the bytes with --wire."),
    "Parser Error": ("Parser Error", "useless", "NATS protocol: -ERR",
        "The server could not read an operation.",
        "Compare the bytes that --wire shows with the protocol."),
    "Attempted To Connect To Route Port": ("Route Port", "useless", "NATS protocol: -ERR",
        "The port is for other servers of the cluster.",
        "Use the port for clients, 4222 unless configured otherwise."),
    "Attempted to connect to leaf node port": ("Leaf Node Port", "useless", "NATS protocol: -ERR",
        "The port is for leaf nodes, which are servers of their own.",
        "Connect to the port for clients: its usual number is 4222."),
    "Secure Connection - TLS Required": ("TLS Required", "useless", "NATS protocol: -ERR",
        "The server speaks TLS only, and the client went on in clear.",
        "Use a tls:// URL, with --cacert for an authority of your own."),
    "Invalid Client Protocol": ("Invalid Client Protocol", "useless", "NATS protocol: -ERR",
        "CONNECT asks for a version of the protocol that the server does not have.",
        "Send protocol 0 or 1."),
    "Invalid Subject": ("Invalid Subject", "useless", "NATS protocol: -ERR",
        "The subject is not well-formed; the connection stays open.",
        "Tokens stand between single dots; > is the last, * a token of its own."),
    "No Responders Requires Headers Support": ("Headers Needed", "useless", "NATS protocol: -ERR",
        "The client asked to be told of missing responders and said that it takes no headers.",
        "Send headers: true in CONNECT as well."),
    "Message Headers Not Supported": ("No Headers", "useless", "NATS protocol: -ERR",
        "The server is older than 2.2, or has headers turned off.",
        "Leave the headers out, or update the server."),
    "Server Shutdown": ("Server Shutdown", "later", "NATS protocol: -ERR",
        "The server stops.",
        "Connect to another server of the cluster, or wait."),
}
# fmt: on

ALIASES = {"No Responders": ("503",), "No Messages": ("404",)}
