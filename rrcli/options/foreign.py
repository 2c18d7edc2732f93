"""Options of other tools: read, to say what they come to here, and of those about TLS what to write in their place."""

from __future__ import annotations

from rrcli.base.url import is_place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

CA, CERT, NAME, SKIP = "--cacert FILE", "--cert FILE, with --key FILE", "--sni NAME, which is then verified too", "-k"
# By their names in kdig, redis-cli, grpcurl, nats, psql's URLs, openssl s_client, gnutls-cli, testssl.sh, step, Go's tools.
NAMES = {
    NAME: ("--tls-hostname", "--tls-sni", "--servername", "--server-name", "--tls-server-name", "--verify-hostname"),
    CA: ("--tls-ca", "--ca", "--cafile", "--ca-file", "--ca-cert", "--tlsca", "--x509cafile", "--root-cert"),
    CERT: ("--tls-cert", "--tls-certfile", "--certfile", "--tlscert", "--client-cert", "--x509certfile"),
    "--key FILE": ("--tls-key", "--tls-keyfile", "--keyfile", "--tlskey", "--x509keyfile"),
    SKIP: ("--no-verify", "--no-check-certificate", "--insecure-skip-verify", "--tls-insecure", "--skip-verify"),
    "--tls-min 1.2": ("--tlsv1.2",),
    "--tls-min 1.3": ("--tlsv1.3", "--tls1.3"),
    "--tls-max 1.2": ("--tls1.2",),
}
TLS = {flag: ours for ours, flags in NAMES.items() for flag in flags}


def advice(flag: str) -> str | None:
    """What to write for an option about TLS that other tools have under this name."""
    return f"write {TLS[flag]}" if flag in TLS else None


def own_options(words: Sequence[str], valued: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The options among the words up to the first of data, and the words behind them. `valued` take the next word as their value.

    A flag has an empty value; so has a valued one at the end, or before another option. Places, as URLs, are passed over.
    """
    found: dict[str, str] = {}
    rest = list(words)
    while rest and (rest[0][:1] == "-" or is_place(rest[0])):
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if name in valued and not equals and rest and rest[0][:1] != "-":
            value = rest.pop(0)
        if word[:1] == "-":
            found[name] = value
    return found, rest
