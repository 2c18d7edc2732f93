"""A TLS handshake and nothing after it: what was agreed on, and the certificates, are in `connection.tls`."""

from __future__ import annotations

from rrcli.document import days_left
from rrcli.errors import usage
from rrcli.events import Finished, Sent
from rrcli.model import Answer, Message, Status, Target
from rrcli.options import Request
from rrcli.url import host_port, split_host, split_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.model import TlsInfo
    from rrcli.registry import Event
    from rrcli.runner import Context

PORT = 443


class TlsRequest(Request):
    """Hosts to shake hands with, each `HOST[:PORT]` or `tls://HOST[:PORT]`."""

    def several(self) -> tuple[TlsRequest, ...] | None:
        """One request for each host; `None` when there is one."""
        if len(self.words) < 2:
            return None
        return tuple(self.replace(words=(word,)) for word in self.words)


def exchange(request: TlsRequest, context: Context) -> Iterator[Event]:
    """Connect, shake hands, close."""
    if len(request.words) != 1:
        raise usage(f"one exchange is with one HOST[:PORT], got {len(request.words)}", "send each of request.several()")
    host, port = place(request.words[0])
    where = host_port(host, port)
    message = Message(summary=f"TLS handshake with {where}", data={"safe": True, "idempotent": True})
    yield Sent(message=message, target=Target(url=f"tls://{where}", host=host, port=port))
    context.connect(host, port, tls=True).close()
    agreed = context.trace.tls
    assert agreed
    status = Status(text="verified" if agreed.verified else "unverified")
    yield Finished(answer=Answer(summary=summary(agreed), status=status, data={"banner": None}))


def place(text: str) -> tuple[str, int]:
    """Host and port of one word. Raises `usage`."""
    if "://" in text:
        url = split_url(text)
        if url.scheme != "tls" or url.user is not None or url.path not in ("", "/") or url.query is not None:
            raise usage(f"{text!r} is not tls://HOST[:PORT]")
        text = host_port(url.host, url.port)
    host, port = split_host(text, PORT)
    if not host or port is None or "/" in host:
        raise usage(f"{text!r} names no host", "write HOST[:PORT], [2001:db8::1]:443 or tls://HOST[:PORT]")
    return host, port


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
