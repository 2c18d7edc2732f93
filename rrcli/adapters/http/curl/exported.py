"""A finished exchange as the curl command that sends the same request; no secret is in it, but an environment variable in its place."""

from __future__ import annotations

from rrcli.adapters.http.curl.askedcontent import asked_content, shown_content
from rrcli.base.fields import MASK
from rrcli.base.fields import first as first_field
from rrcli.base.shellquote import quoted
from rrcli.base.url import unquote
from rrcli.policy.mask import Mask
from rrcli.policy.secrets import mask_field, mask_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from rrcli.adapters.http.request import AnyHttpRequest
    from rrcli.model.values import Exchange

WAITS = 1 << 20  # bytes of content for which curl asks to continue first
FORM = "application/x-www-form-urlencoded"
CODERS = {"gzip": "gzip", "deflate": "zlib-flate -compress", "br": "brotli", "zstd": "zstd"}  # that read standard input
FORM_FLAGS = ("-F", "--form-string")
COMPUTED = ("-u", "--digest", "--aws-sigv4", "-n", "--netrc-file")  # with them curl makes Authorization itself
VARIABLES = {"authorization": "HTTP_TOKEN", "proxy-authorization": "PROXY_TOKEN", "cookie": "HTTP_COOKIE"}


def as_command(exchange: Exchange, request: AnyHttpRequest | None = None, *, show_secrets: bool = False) -> str:
    """One line of bash. Redirects that were followed, and challenges that were met, become the option that does so.

    `request` has what was asked for, whether or not it was used, and what no exchange shows: limits, and how the connection
    was to be made. With `show_secrets` they stand in the command; else a variable of the environment does.
    """
    first = next((hop for hop in exchange.history if hop.why in ("redirect", "auth")), exchange)
    words = ["curl", *_version(exchange, request), *_method(first)]
    if request and request.location_trusted:
        words.append("--location-trusted")
    elif (request and request.location) or any(hop.why == "redirect" for hop in exchange.history):
        words.append("-L")
    unverified = exchange.connection.tls and not exchange.connection.tls.verified and exchange.error is None
    if unverified or (request and request.insecure):
        words.append("-k")
    given = bool(request and request.proxy)
    line = _Line(first, request, knows_proxy=given, show_secrets=show_secrets)
    if request:
        from rrcli.adapters.http.curl.options import asked_words

        words += asked_words(request, show_secrets=show_secrets)
        if request.request_target is not None:
            words += ["--request-target", line.shell(request.request_target, "HTTP_URL_SECRET", mask_url)]
    if exchange.connection.proxy and not given:
        words += ["-x", quoted(exchange.connection.proxy)]
    words += line.fields(exchange.request.fields) + line.content()
    url = first.target.url
    if any(letter in url for letter in "[]{}") and "://[" not in url:
        words.append("-g")  # they are no patterns
    if "/../" in url or "/./" in url:
        words.append("--path-as-is")
    return " ".join([*line.before, *words, line.shell(url, "HTTP_URL_SECRET", mask_url)])


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

    def __init__(self, exchange: Exchange, request: AnyHttpRequest | None, *, knows_proxy: bool, show_secrets: bool) -> None:
        self.before: list[str] = []
        self._exchange = exchange
        self._request = request
        self._show_secrets = show_secrets
        self._asked = asked_content(request) if request else []  # the content as it was asked for, where files are in it
        self._knows_proxy = knows_proxy  # and the credentials for it
        self._mask = Mask(() if show_secrets else exchange.secrets)

    def shell(self, text: str, variable: str, mask: Callable[[str], str] = str) -> str:
        """Text for the shell, each secret in it read from a variable: `'Bearer '"$HTTP_TOKEN"`; a second one from `$HTTP_TOKEN_2`.

        `mask` puts the mask in the place of what the text itself tells to be one.
        """
        if self._show_secrets:
            return quoted(text)
        words, number = "", 0
        for part in filter(None, _parts(self._mask.text(mask(text)))):
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
            if lower == "authorization" and ((words[:1] and words[0] in COMPUTED) or self._is_in_url(value)):
                continue
            if lower == "content-type" and self._asked and self._asked[0] in FORM_FLAGS:
                value = value.partition("; boundary=")[0]
                words += [] if value == "multipart/form-data" else ["-H", quoted(f"{name}: {value}")]
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
        if not value:
            return ["-H", quoted(f"{name};")]
        return ["-H", self.shell(f"{name}: {value}", variable, lambda line: f"{name}: {mask_field(name, line[len(name) + 2 :])}")]

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
        request = self._request
        if request and request.uses_netrc and request.user is None:
            return ["--netrc-file", quoted(request.netrc_file)] if request.netrc_file else ["-n"]
        scheme, _, rest = authorization.partition(" ")
        if self._is_in_url(authorization):
            return []
        if scheme.lower() == "basic":
            login = _basic_login(rest)
            return [] if login is None else ["-u", self._login(*login)]
        if scheme.lower() == "digest" or (request and request.digest):
            user, _, password = ((request and request.user) or "").partition(":")
            user = user or rest.partition('username="')[2].partition('"')[0]
            return ["--digest", *(["-u", self._login(user, password)] if user else [])]
        if scheme == "AWS4-HMAC-SHA256":
            key, _, region, service, *_ = (rest.partition("Credential=")[2].partition(",")[0] + "////").split("/")
            secret = ((request and request.user) or "").partition(":")[2]
            signer = self._login(key, secret, "AWS_SECRET_ACCESS_KEY")
            return ["--aws-sigv4", quoted(f"aws:amz:{region}:{service}"), "-u", signer]
        return []

    def _login(self, user: str, password: str, variable: str = "HTTP_PASSWORD") -> str:
        return quoted(f"{user}:{password}") if self._show_secrets else quoted(f"{user}:") + f'"${variable}"'

    def _is_in_url(self, authorization: str) -> bool:
        """Whether these are the credentials of a URL with a user alone, who is a token: the URL has them."""
        scheme, _, rest = authorization.partition(" ")
        user, at, _ = self._exchange.target.url.partition("://")[2].partition("/")[0].rpartition("@")
        return bool(at) and ":" not in user and scheme.lower() == "basic" and _basic_login(rest) == (unquote(user), "")

    def _content_word(self, flag: str, text: str) -> str:
        return self.shell(text, "HTTP_SECRET", lambda text: shown_content(flag, text))

    def content(self) -> list[str]:
        """The options for the content; bytes that are no text come through a pipe."""
        body = self._exchange.request.body
        if body is None:
            return []
        if self._asked:
            flags, texts = self._asked[::2], self._asked[1::2]
            return [word for flag, text in zip(flags, texts, strict=True) for word in (flag, self._content_word(flag, text))]
        if self._request and self._request.upload == "-":
            return ["-T", "-"]
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
            return ["--data-raw", self._content_word("--data-raw", text)]
        from rrcli.adapters.tcp.shell import printf

        self.before = [printf(self._mask.blank(body.data)), "|"]
        return ["--data-binary", "@-"]


def _parts(masked: str) -> list[str]:
    """The text cut at its masks, which stay as parts of their own."""
    pieces: list[str] = []
    for part in masked.split(MASK):
        pieces += [part, MASK]
    return pieces[:-1]


def _basic_login(credentials: str) -> tuple[str, str] | None:
    from binascii import Error, a2b_base64

    try:
        user, _, password = a2b_base64(credentials).decode().partition(":")
    except (Error, ValueError):
        return None
    return user, password
