"""How a handshake begins behind clear text, and what it came to."""

from __future__ import annotations

from rrcli.model.document import days_left

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.tls.request import TlsRequest
    from rrcli.engine.context import Context
    from rrcli.model.values import TlsInfo
    from rrcli.wire.stream import Stream


def upgraded(request: TlsRequest, context: Context, host: str, port: int) -> Stream:
    """A connection that began in clear text, as `--starttls` says, and then changed to TLS."""
    from rrcli.wire.resolve import to_ascii
    from rrcli.wire.starttls import upgrade

    tls = context.tls_context()  # trust is loaded before the clock starts
    stream = context.connect(host, port)
    try:
        upgrade(stream, str(request.starttls), tls, to_ascii(request.sni or host))
    except BaseException:
        stream.close()
        raise
    return stream


def summary(agreed: TlsInfo) -> str:
    """`TLS 1.3 · CN=example.test · 90 days left`."""
    version = (agreed.version or "TLS").replace("TLSv", "TLS ")
    if not agreed.chain:
        return f"{version} · no certificate"
    leaf = agreed.chain[0]
    name = next((part for part in leaf.subject.split(", ") if part.startswith("CN=")), leaf.subject or ", ".join(leaf.sans))
    days = days_left(leaf)
    left = f"{days} day{'s' * (days != 1)} left" if days >= 0 else "expired"
    return f"{version} · {name} · {left}"
