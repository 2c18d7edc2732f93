"""TApplicationException: what a Thrift library answers in place of a result, by its type, 0 to 10.

The types are those of `TApplicationException.h`; a server may send its own text beside one. Exceptions that the IDL declares
are answers of the service and stand in no table.
"""

from __future__ import annotations

ALIASES: dict[str, tuple[str, ...]] = {
    "0": ("UNKNOWN",),
    "1": ("UNKNOWN_METHOD",),
    "2": ("INVALID_MESSAGE_TYPE",),
    "3": ("WRONG_METHOD_NAME",),
    "4": ("BAD_SEQUENCE_ID",),
    "5": ("MISSING_RESULT",),
    "6": ("INTERNAL_ERROR",),
    "7": ("PROTOCOL_ERROR",),
    "8": ("INVALID_TRANSFORM",),
    "9": ("INVALID_PROTOCOL",),
    "10": ("UNSUPPORTED_CLIENT_TYPE",),
}

# (title, retry, spec, meaning, action); one line for each sentence.
# fmt: off
TABLE: dict[str, tuple[str, str, str, str, str]] = {
    "UNKNOWN": ("Unknown Error", "unsafe", "Apache Thrift TApplicationException 0",
        "The server's library failed and names no kind; older ones say this of a method that raised.",
        "Read its message and the server's log; the call may have been carried out."),
    "UNKNOWN_METHOD": ("Unknown Method", "useless", "Apache Thrift TApplicationException 1",
        "The server has no such method: its IDL is another, or it has several services and wants Service:method.",
        "Compare the IDL with the server's; try --multiplexed, or another service."),
    "INVALID_MESSAGE_TYPE": ("Invalid Message Type", "useless", "Apache Thrift TApplicationException 2",
        "The message was neither a CALL nor a ONEWAY to the server, or no REPLY to a client.",
        "Check the transport and the protocol; a proxy between may mix up messages."),
    "WRONG_METHOD_NAME": ("Wrong Method Name", "useless", "Apache Thrift TApplicationException 3",
        "The answer names another method than the call: answers on the connection are out of step.",
        "Close the connection and call again on a new one; look for two users of one connection."),
    "BAD_SEQUENCE_ID": ("Bad Sequence Id", "useless", "Apache Thrift TApplicationException 4",
        "The answer's sequence number is not the call's: answers on this connection are out of step.",
        "Close the connection and call again on a new one; look for two users of one connection."),
    "MISSING_RESULT": ("Missing Result", "unsafe", "Apache Thrift TApplicationException 5",
        "The answer holds neither a result nor a declared exception, and the IDL promises a result.",
        "See whether the method returned nothing (null), or whether the server's IDL declares another result."),
    "INTERNAL_ERROR": ("Internal Error", "unsafe", "Apache Thrift TApplicationException 6",
        "The method's code raised an exception that its IDL does not declare.",
        "Look at the server's log for the exception; the call may have been carried out in part."),
    "PROTOCOL_ERROR": ("Protocol Error", "useless", "Apache Thrift TApplicationException 7",
        "The server could not read the call's arguments: a required field is missing, or a value is none of its type.",
        "Compare the IDL with the server's, required fields first."),
    "INVALID_TRANSFORM": ("Invalid Transform", "useless", "Apache Thrift TApplicationException 8",
        "The message went through a transform of THeader that the other side does not know.",
        "Send it without transforms, or with zlib alone."),
    "INVALID_PROTOCOL": ("Invalid Protocol", "useless", "Apache Thrift TApplicationException 9",
        "THeader names a protocol that the server does not speak.",
        "Use --protocol binary or compact."),
    "UNSUPPORTED_CLIENT_TYPE": ("Unsupported Client Type", "useless", "Apache Thrift TApplicationException 10",
        "The server does not take this transport, as an unframed message where it wants THeader.",
        "Use --transport framed or header, or --transport auto."),
}
