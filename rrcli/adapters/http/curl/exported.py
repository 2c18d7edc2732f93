"""A finished exchange as the curl command that sends the same request; no secret is in it, but an environment variable in its place."""

from __future__ import annotations

from rrcli.base.fields import MASK
from rrcli.base.fields import first as first_field
from rrcli.base.shellquote import quoted
from rrcli.policy.mask import Mask
from rrcli.policy.secrets import mask_field, mask_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.http.request import AnyHttpRequest
    from rrcli.model.values import Exchange

WAITS = 1 << 20  # bytes of content for which curl asks to continue first
FORM = "application/x-www-form-urlencoded"
CODERS = {"gzip": "gzip", "deflate": "zlib-flate -compress", "br": "brotli", "zstd": "zstd"}  # that read standard input
VARIABLES = {"authorization": "HTTP_TOKEN", "proxy-authorization": "PROXY_TOKEN", "cookie": "HTTP_COOKIE"}


def as_command(exchange: Exchange, request: AnyHttpRequest | None = None) -> str:
    """One line of bash. Redirects that were followed, and challenges that were met, become the option that does so.

    `request` has what no exchange shows: limits, and how the connection was to be made.
    """
    first = next((hop for hop in exchange.history if hop.why in ("redirect", "auth")), exchange)
    words = ["curl", *_version(exchange, request), *_method(first)]
    if any(hop.why == "redirect" for hop in exchange.history):
        words.append("--location-trusted" if request and request.location_trusted else "-L")
    if exchange.connection.tls and not exchange.connection.tls.verified and exchange.error is None:
        words.append("-k")
    if request:
        from rrcli.adapters.http.curl.options import asked_words

        words += asked_words(request)
    given = bool(request and request.proxy)
    if exchange.connection.proxy and not given:
        words += ["-x", quoted(exchange.connection.proxy)]
    line = _Line(first, knows_proxy=given)
    words += line.fields(exchange.request.fields) + line.content()
    url = first.target.url
    if any(letter in url for letter in "[]{}") and "://[" not in url:
        words.append("-g")  # they are no patterns
    if "/../" in url or "/./" in url:
        words.append("--path-as-is")
    return " ".join([*line.before, *words, line.shell(mask_url(url), "HTTP_URL_SECRET")])


def _version(exchange: Exchange, request: AnyHttpRequest | None) -> list[str]:
    version = exchange.request.summary.rpartition(" ")[2]
    if version == "HTTP/3":
        return ["--http3-only"]
    if request and request.http11:
        return ["--http1.1"]
    if version == "HTTP/2":
        return ["--http2" if exchange.target.url.startswith("https") else "--http2-prior-knowledge"]
    return ["--http1.0"] if version == "HTTP/1.0" else []


def _method(exchange: Exchange) -> list[str]:
    """The option for a method that curl would not take by itself."""
    method = str(exchange.request.data.get("method", "GET"))
    if method == "HEAD":
        return ["-I"]
    body = exchange.request.body
    implied = "GET" if body is None else "PUT" if body.file else "POST"
    return [] if method == implied else ["-X", quoted(method)]


class _Line:
    """Collects the words of one command."""

    def __init__(self, exchange: Exchange, *, knows_proxy: bool) -> None:
        self.before: list[str] = []
        self._exchange = exchange
        self._knows_proxy = knows_proxy  # and the credentials for it
        self._mask = Mask(exchange.secrets)

    def shell(self, masked: str, variable: str) -> str:
        """Text for the shell, each mask in it read from a variable: `'Bearer '"$HTTP_TOKEN"`; a second one from `$HTTP_TOKEN_2`."""
        words, number = "", 0
        for part in filter(None, _parts(self._mask.text(masked))):
            number += part == MASK
            words += f'"${variable}{f"_{number}" if number > 1 else ""}"' if part == MASK else quoted(part)
        return words or "''"

    def fields(self, last: tuple[tuple[str, str], ...]) -> list[str]:
        """The options for the fields that curl would not send so by itself; `last` are those of the last hop."""
        words: list[str] = []
        own = {name.lower(): value for name, value in self._exchange.request.fields}
        authorization = first_field(last, "authorization") or ""
        words += self._credentials(own.get("authorization") or authorization)
        for name, value in self._exchange.request.fields:
            lower = name.lower()
            if lower == "authorization" and words[:1] in (["-u"], ["--digest"], ["--aws-sigv4"]):
                continue
            if not self._implied(lower, value):
                words += self._field(name, value)
        if "user-agent" not in own:
            words += ["-H", "User-Agent:"]
        if "accept" not in own:
            words += ["-H", "Accept:"]
        body = self._exchange.request.body
        if body is not None and not body.file and "content-type" not in own:
            words += ["-H", "Content-Type:"]
        if body is not None and body.size >= WAITS and "expect" not in own:
            words += ["-H", "Expect:"]
        return words

    def _field(self, name: str, value: str) -> list[str]:
        if name.lower() == "accept-encoding":
            return ["--compressed"]
        if name.lower() == "user-agent":
            return ["-A", self.shell(value, "HTTP_SECRET")]
        variable = VARIABLES.get(name.lower(), "HTTP_" + "".join([c if c.isalnum() else "_" for c in name.upper()]))
        return ["-H", self.shell(f"{name}: {mask_field(name, value)}" if value else f"{name};", variable)]

    def _implied(self, name: str, value: str) -> bool:
        """Whether curl sends this field by itself."""
        body = self._exchange.request.body
        if name == "host":
            scheme, _, rest = self._exchange.target.url.partition("://")
            authority = rest.partition("/")[0].partition("?")[0].rpartition("@")[2]
            return value == authority.removesuffix({"http": ":80", "https": ":443"}.get(scheme, ""))
        if name == "proxy-authorization":
            return self._knows_proxy
        if name == "content-length":
            return body is not None or value == "0"
        if name == "content-type":
            return value == FORM and body is not None and not body.file
        return (name, value) == ("accept", "*/*") or name.startswith("x-amz-date")

    def _credentials(self, authorization: str) -> list[str]:
        """curl's own options for an Authorization that it computes itself."""
        scheme, _, rest = authorization.partition(" ")
        if scheme.lower() == "basic":
            user = _basic_user(rest)
            return [] if user is None else ["-u", quoted(f"{user}:") + '"$HTTP_PASSWORD"']
        if scheme.lower() == "digest":
            user = rest.partition('username="')[2].partition('"')[0]
            return ["--digest", "-u", quoted(f"{user}:") + '"$HTTP_PASSWORD"']
        if scheme == "AWS4-HMAC-SHA256":
            key, _, region, service, *_ = (rest.partition("Credential=")[2].partition(",")[0] + "////").split("/")
            return ["--aws-sigv4", quoted(f"aws:amz:{region}:{service}"), "-u", quoted(f"{key}:") + '"$AWS_SECRET_ACCESS_KEY"']
        return []

    def content(self) -> list[str]:
        """The options for the content; bytes that are no text come through a pipe."""
        body = self._exchange.request.body
        if body is None:
            return []
        try:
            text = body.data.decode()
        except UnicodeDecodeError:
            text = "\0"
        coding = (first_field(self._exchange.request.fields, "content-encoding") or "").lower()
        if coding in CODERS and "\0" not in text:  # `--compress` shows what it was before that; curl compresses nothing itself
            from rrcli.adapters.tcp.shell import printf

            plain = [CODERS[coding], "<", quoted(body.file)] if body.file else [printf(self._mask.blank(body.data)), "|", CODERS[coding]]
            self.before = [*plain, "|"]
            return ["-T", "-"] if body.file else ["--data-binary", "@-"]
        if body.file:
            return ["-T", quoted(body.file)]
        if "\0" not in text:
            return ["--data-raw", self.shell(text, "HTTP_SECRET")]
        from rrcli.adapters.tcp.shell import printf

        self.before = [printf(self._mask.blank(body.data)), "|"]
        return ["--data-binary", "@-"]


def _parts(masked: str) -> list[str]:
    """The text cut at its masks, which stay as parts of their own."""
    pieces: list[str] = []
    for part in masked.split(MASK):
        pieces += [part, MASK]
    return pieces[:-1]


def _basic_user(credentials: str) -> str | None:
    from binascii import Error, a2b_base64

    try:
        return a2b_base64(credentials).decode().partition(":")[0]
    except (Error, ValueError):
        return None
