"""From a host and a port to an open stream: rules, addresses, the race of connects (RFC 8305), TLS.

Every address tried is written down with its time and its error, the winner with none.
"""

from __future__ import annotations

from rrcli.base.deadline import Deadline
from rrcli.wire.race import open_socket
from rrcli.wire.resolve import to_ascii
from rrcli.wire.stream import Plain, Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.options.request import TransportOptions
    from rrcli.wire.recorder import Recorder


def connect(
    options: TransportOptions, host: str, port: int, recorder: Recorder, deadline: Deadline, context: Any = None, *, forwards: bool = False
) -> Stream:
    """An open stream to `host`, over TLS when there is a `context` for it.

    With `forwards` a proxy gets the request itself, and is not asked for a tunnel.

    The connecting phases are limited by `--connect-timeout` too; afterwards `deadline` alone holds.
    Raises `ExchangeError` of layer `network`, `transport`, `tls` or `usage`.
    """
    sooner = deadline.sooner(Deadline.after(options.connect_timeout, "--connect-timeout"))
    name = to_ascii(host)
    if options.proxy:
        from rrcli.wire.proxy.client import open_stream

        stream = open_stream(options, name, port, recorder, sooner, forwards=forwards)
    else:
        stream = Stream(Plain(open_socket(options, name, port, recorder, sooner), recorder), recorder, sooner, options.idle_timeout)
    if context:
        from rrcli.wire.tls import start_tls

        try:
            start_tls(stream, context, to_ascii(options.sni or name))
        except BaseException:
            stream.close()
            raise
    stream.deadline = deadline
    return stream
