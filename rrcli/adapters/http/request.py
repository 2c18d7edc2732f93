"""Requests over HTTP: the groups of options they are made of, in HTTPie's manner and with curl's flags. What they mean is `prepare/`."""

from __future__ import annotations

from rrcli.options.option import Optioned, option
from rrcli.options.parse import count, one_of, size
from rrcli.options.request import QuicOptions, Request, proxy_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar


CODINGS = ("gzip", "deflate", "br", "zstd")  # of content that is sent
MOST_REDIRECTS = 20  # which is how many hops the runner takes


def step(flag: str, text: str) -> tuple[str, str]:
    return flag, text


def redirects(text: str) -> int:
    """How many redirects to follow."""
    if (number := count(text)) > MOST_REDIRECTS:
        raise ValueError(f"{text!r} is more than {MOST_REDIRECTS} redirects")
    return number


def uploaded(text: str) -> str:
    """The file to send; curl writes `.` for standard input that is read without blocking, which it never does here."""
    return "-" if text == "." else text


def offset(text: str) -> int | None:
    """The byte at which a download goes on; `-1` for where the file ends."""
    try:
        return -1 if text == "-" else count(text)
    except ValueError:
        raise ValueError(f"{text!r} is no offset; write a number of bytes, or - for the size of the file") from None


def offset_text(at: int) -> str:
    return "-" if at < 0 else str(at)


def rate(text: str) -> int:
    """Bytes per second, as curl has it: k, M and G alone are powers of 1024. 0 is no limit."""
    return size(f"{text}iB" if text[-1:].lower() in ("k", "m", "g") else text)


class HttpDefaults:
    """What the code of `adapters/http` reads of every request, where its type lacks the option: no fields, and nothing asked."""

    data: tuple[tuple[str, str], ...] = ()
    parts: tuple[tuple[str, str], ...] = ()
    form: bool = False
    upload: str | None = None
    get: bool = False
    range: str | None = None
    head: bool = False
    remote_name: bool = False
    remote_header_name: bool = False
    continue_at: int | None = None
    output_dir: str | None = None
    create_dirs: bool = False
    remove_on_error: bool = False


class HttpTarget(Optioned):
    """What is asked of whom, with which fields, and whether it is sent."""

    method: str | None = option(
        "-X", "--request", "--method", metavar="METHOD", completes="rrcli.engine.registry:METHODS",
        help="Method; GET, or POST with content.",
    )  # fmt: skip
    request_target: str | None = option(
        "--request-target", metavar="TEXT", help="Send this in the place of path and query, as * with OPTIONS."
    )
    path_as_is: bool = option("--path-as-is", kind="flag", help="Leave /./ and /../ in the path.")
    https_only: bool = option("--https-only", kind="flag", help="Send nothing without TLS, also where a redirect leads there.")
    offline: bool = option("--offline", kind="flag", help="Build the request and show it; send nothing.")
    headers: tuple[str, ...] = option(
        "-H", "--header", kind="many", metavar="FIELD", secret="rrcli.adapters.http.shownwords:header",
        help="Field 'Name: value'; 'Name:' removes a default, 'Name;' is empty, @FILE has many.",
    )  # fmt: skip
    user_agent: str | None = option("-A", "--user-agent", metavar="TEXT", help="User-Agent; empty sends none.")
    referer: str | None = option("-e", "--referer", metavar="URL", help="Referer.")
    compressed: bool = option("--compressed", kind="flag", help="Ask for a compressed answer; it is decoded in any case.")


class HttpState(Optioned):
    """Cookies and sessions, which outlive the exchange."""

    cookies: tuple[str, ...] = option(
        "-b", "--cookie", kind="many", metavar="NAME=VALUE|FILE", group="Cookies and sessions",
        secret="rrcli.adapters.http.shownwords:cookies",
        help="Cookies: 'a=1; b=2'; without = the file to read them from, as curl and browsers write it; '' begins with none.",
    )  # fmt: skip
    cookie_jar: str | None = option(
        "-c", "--cookie-jar", metavar="FILE", group="Cookies and sessions", help="Write all cookies there afterwards; - is standard output."
    )
    junk_session_cookies: bool = option(
        "-j", "--junk-session-cookies", kind="flag", group="Cookies and sessions", help="Leave out those of -b that end with the session."
    )
    session: str | None = option(
        "--session", metavar="NAME|PATH", group="Cookies and sessions", completes="config:sessions",
        help="Keep cookies, credentials and fields under this name for the URL's origin; a path has a /.",
    )  # fmt: skip
    session_read_only: str | None = option(
        "--session-read-only", metavar="NAME|PATH", group="Cookies and sessions", completes="config:sessions",
        help="Use that session, and leave it as it is.",
    )  # fmt: skip


class HttpAuth(Optioned):
    """Who asks, and how that is proved."""

    user: str | None = option(
        "-u",
        "--user",
        metavar="USER:PASSWORD",
        help="Basic authentication; asks for a missing password.",
        group="Authentication",
        secret="rrcli.adapters.http.shownwords:user",
    )
    bearer: str | None = option(
        "--bearer", metavar="TOKEN", help="Bearer authentication.", group="Authentication", secret="rrcli.options.commandline:hidden"
    )
    digest: bool = option("--digest", kind="flag", help="Answer a Digest challenge with what -u has.", group="Authentication")
    netrc: bool = option("-n", "--netrc", kind="flag", help="Take user and password of the host from ~/.netrc.", group="Authentication")
    netrc_file: str | None = option("--netrc-file", metavar="FILE", help="Take them from this file.", group="Authentication")
    aws_sigv4: str | None = option(
        "--aws-sigv4", metavar="aws:amz:REGION:SERVICE", group="Authentication",
        help="Sign with AWS Signature Version 4; -u has key id and secret.",
    )  # fmt: skip


class HttpRedirects(Optioned):
    """Where an answer may lead."""

    location: bool = option("-L", "--location", kind="flag", help="Follow redirects, each hop in the history.", group="Redirects")
    location_trusted: bool = option(
        "--location-trusted", kind="flag", help="Follow them, and send credentials to other origins too.", group="Redirects"
    )
    max_redirects: int = option(
        "--max-redirects", "--max-redirs", default=MOST_REDIRECTS, parse=redirects, metavar="N", group="Redirects",
        help=f"Follow at most N.  [{MOST_REDIRECTS}]",
    )  # fmt: skip


class HttpVersions(Optioned):
    """The version that is spoken."""

    http10: bool = option("-0", "--http1.0", kind="flag", help="Speak HTTP/1.0.", group="Version")
    http11: bool = option("--http1.1", kind="flag", help="Speak HTTP/1.1.", group="Version")
    http2: bool = option("--http2", kind="flag", help="Speak HTTP/2, as agreed by ALPN; fail where the server does not.", group="Version")
    http2_prior_knowledge: bool = option(
        "--http2-prior-knowledge", kind="flag", help="Speak HTTP/2 without asking, also without TLS.", group="Version"
    )
    http3: bool = option(
        "--http3", kind="flag", help="Try HTTP/3 for up to 2 seconds, then fall back to TCP; a note tells why.", group="Version"
    )
    http3_only: bool = option("--http3-only", kind="flag", help="Speak HTTP/3; fail where the server does not.", group="Version")


class HttpContent(Optioned, HttpDefaults):
    """The content of the request, where the items are not all of it."""

    data: tuple[tuple[str, str], ...] = option(
        "-d", "--data", "--data-ascii", "--data-raw", "--data-binary", "--data-urlencode", kind="steps", parse=step, metavar="DATA",
        secret="rrcli.adapters.http.shownwords:data",
        help="Content, joined by &; @FILE reads one without line ends, --data-binary as it is; --data-raw takes no file.", group="Content",
    )  # fmt: skip
    parts: tuple[tuple[str, str], ...] = option(
        "-F", "--form-string", kind="steps", parse=step, metavar="NAME=VALUE", group="Content",
        secret="rrcli.adapters.http.shownwords:part",
        help="A part of a multipart form: name=value, name=@FILE, name=<FILE, with ;type= and ;filename=.",
    )  # fmt: skip
    form: bool = option("--form", kind="flag", help="Send items as a form in place of JSON.", group="Content")
    upload: str | None = option(
        "-T", "--upload-file", parse=uploaded, metavar="FILE", help="PUT a file; - is standard input, in chunks.", group="Content"
    )
    get: bool = option("-G", "--get", kind="flag", help="Put what -d names into the query.", group="Content")


class HttpDownload(Optioned, HttpDefaults):
    """Which part of the answer is asked for, and the file it is saved to."""

    range: str | None = option("-r", "--range", metavar="RANGE", help="Ask for these bytes: 0-499, 500-, -500.")
    head: bool = option("-I", "--head", kind="flag", help="Ask for the fields alone (HEAD).")

    remote_name: bool = option("-O", "--remote-name", kind="flag", help="Save to a file named as in the URL.", group="Download")
    remote_header_name: bool = option(
        "-J", "--remote-header-name", kind="flag", group="Download",
        help="Save under the name that Content-Disposition gives, else as -O; overwrites nothing.",
    )  # fmt: skip
    continue_at: int | None = option(
        "-C", "--continue-at", parse=offset, write=offset_text, metavar="OFFSET", group="Download",
        help="Go on with a download at this byte; - is where the file ends.",
    )  # fmt: skip
    output_dir: str | None = option("--output-dir", metavar="DIR", help="Save the file in this folder.", group="Download")
    create_dirs: bool = option("--create-dirs", kind="flag", help="Make the folders that are missing.", group="Download")
    remove_on_error: bool = option("--remove-on-error", kind="flag", help="Keep no file of a failed download.", group="Download")


class AnyHttpRequest(HttpTarget, HttpState, HttpAuth, HttpRedirects, HttpVersions, QuicOptions, Request, HttpDefaults):
    """What every request over HTTP has, whatever protocol it carries: the code of `adapters/http` takes any of them."""

    shown_arguments: ClassVar[str] = "rrcli.adapters.http.shownwords:arguments"
    needs_arguments: ClassVar[bool] = False  # a curl command can stand in for them
    multiplexes: ClassVar[bool] = True
    input_option: ClassVar[str | None] = "-d @-"
    typed_keys: ClassVar[str] = "rrcli.adapters.http.typedkeys:HEADERS"
    typed_words: ClassVar[str] = "rrcli.adapters.http.typedwords:headers"
    word_parts: ClassVar[str] = "rrcli.adapters.http.prepare.items:parts_of_word"
    dry: ClassVar[tuple[str, ...]] = ("offline",)
    written: ClassVar[tuple[str, ...]] = ("dump_header", "cookie_jar")
    wordless: ClassVar[tuple[str, ...]] = ("bound_fields", "bound_certificate")
    bound_fields: tuple[str, ...] = ()  # names in lower case of fields that go to no other origin, whatever else is asked
    bound_certificate: bool = False  # nor is the certificate of --cert shown to any other

    fail: bool = option(
        "-f", "--fail", "--fail-with-body", "-S", "--show-error", "-N", "--no-buffer", "-g", "--globoff", kind="flag",
        help="Taken for curl's sake: a status from 400 fails, errors are shown, nothing is held back, [] are no patterns.",
    )  # fmt: skip
    compress: str | None = option(
        "--compress", metavar="CODING", choices=CODINGS, parse=one_of(*CODINGS), group="Content",
        help="Send the content compressed: gzip, deflate, br, zstd.",
    )  # fmt: skip
    limit_rate: int = option(
        "--limit-rate", default=0, parse=rate, metavar="SIZE", group="Download",
        help="Bytes per second at most, in and out: 500k, 2M.",
    )  # fmt: skip
    write_out: str | None = option(
        "-w", "--write-out", metavar="FORMAT", group="Output",
        help="Print this at the end, in curl's variables: '%{http_code} %{time_total}\\n'; @FILE has it.",
    )  # fmt: skip
    dump_header: str | None = option("-D", "--dump-header", metavar="FILE", help="Write status and fields to FILE.", group="Output")
    proxy: str | None = option(
        "-x", "--proxy", parse=proxy_url, metavar="URL", help=Request.options_["proxy"].help, group="Connection",
        secret=Request.options_["proxy"].secret,
    )  # fmt: skip
    no_proxy: str | None = option(
        "--noproxy", metavar="HOSTS", group="Connection",
        help="Go to these without a proxy: names with all below them, after commas; * is every host.",
    )  # fmt: skip
    proxytunnel: bool = option(
        "-p", "--proxytunnel", kind="flag", help="Ask an HTTP proxy for a tunnel, also without TLS.", group="Connection"
    )

    @property
    def keeps_state(self) -> bool:
        """Whether cookies or a session outlive a hop."""
        if self.cookie_jar is not None or self.session is not None or self.session_read_only is not None:
            return True
        return any("=" not in text for text in self.cookies)

    @property
    def uses_netrc(self) -> bool:
        return self.netrc or self.netrc_file is not None

    @property
    def names_credentials(self) -> bool:
        """Whether anything but the URL says who asks."""
        return self.user is not None or self.bearer is not None or self.digest or self.aws_sigv4 is not None or self.uses_netrc


class HttpRequest(AnyHttpRequest, HttpContent, HttpDownload):
    """`[METHOD] URL [ITEM...]`, in HTTPie's words or with curl's options."""

    typed_keys: ClassVar[str] = "rrcli.adapters.http.typedkeys:KEYS"
    typed_words: ClassVar[str] = "rrcli.adapters.http.typedwords:typed"
    keyed_words: ClassVar[str] = "rrcli.adapters.http.typedwords:keyed"
    line_events: ClassVar[bool] = True

    # Of the command line alone, which reads what it says into the other fields.
    from_curl: str | None = option(
        "--from-curl",
        metavar="COMMAND",
        expands="rrcli.adapters.http.curl.fromcurl:expand",
        help="Send what this curl command sends; - reads it from standard input. Options beside it win.",
    )
