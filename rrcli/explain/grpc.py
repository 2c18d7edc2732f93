"""The statuses of gRPC, 0 to 16 (`code.proto` of google.rpc, and gRPC's own `statuscodes.md`)."""

from __future__ import annotations

SPEC = "gRPC status codes"


# (title, retry, spec, meaning, action); one line for each sentence.
# fmt: off
TABLE: dict[str, tuple[str, str, str, str, str]] = {
    "0": ("OK", "none", SPEC,
        "The call was carried out.",
        "Read the messages."),
    "1": ("CANCELLED", "unsafe", SPEC,
        "The call was cancelled, mostly by whoever made it; a proxy or the server may do so too.",
        "Look who gave up: the caller, a limit on the way, or the server while it shuts down."),
    "2": ("UNKNOWN", "useless", SPEC,
        "The server failed with an error that it gave no code, as an exception that nobody caught.",
        "Read the message and the server's log; where HTTP answered in its place, look at the proxy."),
    "3": ("INVALID_ARGUMENT", "useless", SPEC,
        "The message is wrong in itself, whatever the server's state.",
        "Correct the fields that status_details name (google.rpc.BadRequest)."),
    "4": ("DEADLINE_EXCEEDED", "unsafe", SPEC,
        "The time that the call was given was over before it ended; it may have been carried out all the same.",
        "Allow more with --timeout, or look what the server waits for."),
    "5": ("NOT_FOUND", "useless", SPEC,
        "What was asked for does not exist.",
        "Check the names and ids in the message; a health check says so of a service that it does not know."),
    "6": ("ALREADY_EXISTS", "useless", SPEC,
        "What was to be created is there already.",
        "Use what is there, or another name."),
    "7": ("PERMISSION_DENIED", "useless", SPEC,
        "The call came with credentials that the server knows, and they do not allow it.",
        "Have the permission given; other credentials help, the same ones do not."),
    "8": ("RESOURCE_EXHAUSTED", "later", SPEC,
        "A quota or a limit is used up; a message larger than the receiver takes is answered so too.",
        "Wait as long as google.rpc.RetryInfo says, or send less; servers take 4 MiB a message unless configured otherwise."),
    "9": ("FAILED_PRECONDITION", "useless", SPEC,
        "The system is not in the state that the call needs.",
        "Change the state first (google.rpc.PreconditionFailure says what), then call again."),
    "10": ("ABORTED", "later", SPEC,
        "The call was given up for a conflict with another, as of a transaction.",
        "Begin the whole sequence again, from its first read."),
    "11": ("OUT_OF_RANGE", "useless", SPEC,
        "The call went past a valid range, as behind the end of a list.",
        "Ask within the range; it may grow with the server's state."),
    "12": ("UNIMPLEMENTED", "useless", SPEC,
        "The server does not have this method, or does not offer it here.",
        "Check service and method with --list, and that the server is the one that was meant."),
    "13": ("INTERNAL", "useless", SPEC,
        "Something within the server, or in what it wrote, is broken.",
        "Read the server's log; messages that cannot be decoded hint at different versions of a .proto."),
    "14": ("UNAVAILABLE", "later", SPEC,
        "The server, or what stands behind a proxy, cannot be reached now; the call may have been carried out.",
        "Wait and call again, longer each time."),
    "15": ("DATA_LOSS", "useless", SPEC,
        "Data is lost or corrupt for good.",
        "Tell whoever runs the server."),
    "16": ("UNAUTHENTICATED", "useless", SPEC,
        "There are no valid credentials with the call.",
        "Send them: -H 'authorization: Bearer TOKEN'; a token may have expired."),

    "NOT_SERVING": ("NOT_SERVING", "later", "gRPC health checking",
        "The server answers, and says of itself or of the service that it takes no calls now.",
        "Wait until it says SERVING (--health --watch), or look at its log."),
    "SERVICE_UNKNOWN": ("SERVICE_UNKNOWN", "useless", "gRPC health checking",
        "The server checks no service of that name.",
        "Check the name with --list; without a name the health of the whole server is asked for."),
}
# fmt: on

ALIASES = {entry[0]: (code,) for code, entry in TABLE.items() if code.isdecimal()}
