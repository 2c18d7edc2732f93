"""A finished exchange as the curl command that sends the same request; no secret is in it, but an environment variable in its place."""

from __future__ import annotations

from rrcli.policy.redact import MASK, Mask, mask_field, mask_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model import Exchange

PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,:/@+=%"
FORM = "application/x-www-form-urlencoded"
VARIABLES = {"authorization": "HTTP_TOKEN", "proxy-authorization": "PROXY_TOKEN", "cookie": "HTTP_COOKIE"}


def as_command(exchange: Exchange) -> str:
    """One line of shell. Redirects that were followed, and challenges that were met, become the option that does so."""
    first = next((hop for hop in exchange.history if hop.why in ("redirect", "auth")), exchange)
    words = ["curl", *_version(exchange), *_method(first)]
    if any(hop.why == "redirect" for hop in exchange.history):
        words.append("-L")
    if exchange.connection.tls and not exchange.connection.tls.verified and exchange.error is None:
        words.append("-k")
    if exchange.connection.proxy:
        words += ["-x", quoted(exchange.connection.proxy)]
    line = _Line(first)
    words += line.fields(exchange.request.fields) + line.content()
    url = first.target.url
    if any(letter in url for letter in "[]{}") and "://[" not in url:
        words.append("-g")  # they are no patterns
    if "/../" in url or "/./" in url:
        words.append("--path-as-is")
    return " ".join([*line.before, *words, line.shell(mask_url(url), "HTTP_URL_SECRET")])


def quoted(word: str) -> str:
    """A word for the shell."""
    return word if word and not word.strip(PLAIN) else "'" + word.replace("'", "'\\''") + "'"


def _version(exchange: Exchange) -> list[str]:
    version = exchange.request.summary.rpartition(" ")[2]
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

    def __init__(self, exchange: Exchange) -> None:
        self.before: list[str] = []
        self._exchange = exchange
        self._mask = Mask(exchange.secrets)

    def shell(self, masked: str, variable: str) -> str:
        """Text for the shell, each mask in it read from a variable: `'Bearer '"$HTTP_TOKEN"`."""
        return "".join([f'"${variable}"' if part == MASK else quoted(part) for part in _parts(self._mask.text(masked)) if part]) or "''"

    def fields(self, last: tuple[tuple[str, str], ...]) -> list[str]:
        """The options for the fields that curl would not send so by itself; `last` are those of the last hop."""
        words: list[str] = []
        own = {name.lower(): value for name, value in self._exchange.request.fields}
        authorization = next((value for name, value in last if name.lower() == "authorization"), "")
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
        if self._exchange.request.body is not None and "content-type" not in own:
            words += ["-H", "Content-Type:"]
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
        if name == "host":
            return value in self._exchange.target.url
        if name == "content-length":
            return self._exchange.request.body is not None or value == "0"
        if name == "content-type":
            return value == FORM and self._exchange.request.body is not None
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
        if body.file:
            return ["-T", quoted(body.file)]
        try:
            text = body.data.decode()
        except UnicodeDecodeError:
            text = "\0"
        if "\0" not in text:
            return ["--data-raw", self.shell(text, "HTTP_SECRET")]
        from rrcli.adapters.tcp.tool import printf

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
