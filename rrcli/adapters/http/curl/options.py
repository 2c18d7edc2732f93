"""What a request asks for that no exchange shows, as curl's options: limits, rules for names, the way to the server, trust."""

from __future__ import annotations

from rrcli.adapters.http.request import AnyHttpRequest
from rrcli.base.shellquote import quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# The field, curl's option for it, in the order in which they are written.
FLAGS = {"ipv4": "-4", "ipv6": "-6", "proxytunnel": "-p"}
VALUES = {
    "timeout": "-m", "connect_timeout": "--connect-timeout", "retry": "--retry", "retry_max_time": "--retry-max-time",
    "max_redirects": "--max-redirs", "limit_rate": "--limit-rate", "interface": "--interface", "unix_socket": "--unix-socket",
    "no_proxy": "--noproxy", "cacert": "--cacert", "cert": "-E", "key": "--key", "tls_max": "--tls-max",
}  # fmt: skip


def asked_words(request: AnyHttpRequest, *, show_secrets: bool = False) -> list[str]:
    """The words for bash; a password is an environment variable, unless secrets may be shown."""
    phrase = quoted(request.key_password or "") if show_secrets else '"$KEY_PASSWORD"'
    return [
        *[flag for name, flag in FLAGS.items() if getattr(request, name)],
        *_values(request),
        *_rules(request),
        *_proxy(request, show_secrets),
        *(["--pass", phrase] if request.key_password is not None else []),
        *([f"--tlsv{request.tls_min}"] if request.tls_min else []),
        *(["--proto", "=https"] if request.https_only else []),
    ]


def _values(request: AnyHttpRequest) -> Iterator[str]:
    for name, flag in VALUES.items():
        value = getattr(request, name)
        if value != AnyHttpRequest.options_[name].default and value is not None:
            text = f"{value:g}" if isinstance(value, float) else str(value)
            yield from (flag, quoted(text.replace("\\", "\\\\").replace(":", "\\:") if name == "cert" else text))


def _rules(request: AnyHttpRequest) -> Iterator[str]:
    """`--resolve` and `--connect-to`, IPv6 addresses in brackets."""
    for host, port, address in request.resolve:
        yield from ("--resolve", quoted(f"{host}:{port}:{_bracketed(address)}"))
    for host, from_port, other, to_port in request.connect_to:
        parts = (_bracketed(host), from_port or "", _bracketed(other), to_port or "")
        yield from ("--connect-to", quoted(":".join(map(str, parts))))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _proxy(request: AnyHttpRequest, show_secrets: bool) -> list[str]:
    if not request.proxy:
        return []
    from rrcli.options.proxyurl import parse

    proxy = parse(request.proxy)
    words = ["-x", quoted(proxy.url)]
    if proxy.user is None:
        return words
    return [
        *words,
        "-U",
        quoted(f"{proxy.user}:{proxy.password or ''}") if show_secrets else quoted(f"{proxy.user}:") + '"$PROXY_PASSWORD"',
    ]
