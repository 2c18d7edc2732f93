"""The HTTP request: its words and options, in HTTPie's manner and with curl's flags. What they mean is `words.py`."""

from __future__ import annotations

from rrcli.options import Request, count, option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.http.words import Asked

MOST_REDIRECTS = 20  # which is how many hops the runner takes


def step(flag: str, text: str) -> tuple[str, str]:
    return flag, text


def redirects(text: str) -> int:
    """How many redirects to follow."""
    if (number := count(text)) > MOST_REDIRECTS:
        raise ValueError(f"{text!r} is more than {MOST_REDIRECTS} redirects")
    return number


class HttpRequest(Request):
    """`[METHOD] URL [ITEM...]`, in HTTPie's words or with curl's options."""

    method: str | None = option("-X", "--request", "--method", metavar="METHOD", help="Method; GET, or POST with content.")
    headers: tuple[str, ...] = option(
        "-H",
        "--header",
        kind="many",
        metavar="FIELD",
        help="Field 'Name: value'; 'Name:' removes a default, 'Name;' is empty, @FILE has many.",
    )
    user_agent: str | None = option("-A", "--user-agent", metavar="TEXT", help="User-Agent; empty sends none.")
    referer: str | None = option("-e", "--referer", metavar="URL", help="Referer.")
    cookies: tuple[str, ...] = option("-b", "--cookie", kind="many", metavar="NAME=VALUE", help="Cookies: 'a=1; b=2'.")
    range: str | None = option("-r", "--range", metavar="RANGE", help="Ask for these bytes: 0-499, 500-, -500.")
    compressed: bool = option("--compressed", kind="flag", help="Ask for gzip or deflate; they are decoded in any case.")
    user: str | None = option(
        "-u", "--user", metavar="USER:PASSWORD", help="Basic authentication; asks for a missing password.", group="Authentication"
    )
    bearer: str | None = option("--bearer", metavar="TOKEN", help="Bearer authentication.", group="Authentication")
    digest: bool = option("--digest", kind="flag", help="Answer a Digest challenge with what -u has.", group="Authentication")
    netrc: bool = option("-n", "--netrc", kind="flag", help="Take user and password of the host from ~/.netrc.", group="Authentication")
    netrc_file: str | None = option("--netrc-file", metavar="FILE", help="Take them from this file.", group="Authentication")
    aws_sigv4: str | None = option(
        "--aws-sigv4", metavar="aws:amz:REGION:SERVICE", group="Authentication",
        help="Sign with AWS Signature Version 4; -u has key id and secret.",
    )  # fmt: skip

    location: bool = option("-L", "--location", kind="flag", help="Follow redirects, each hop in the history.", group="Redirects")
    location_trusted: bool = option(
        "--location-trusted", kind="flag", help="Follow them, and send credentials to other origins too.", group="Redirects"
    )
    max_redirects: int = option(
        "--max-redirects", "--max-redirs", default=MOST_REDIRECTS, parse=redirects, metavar="N", group="Redirects",
        help=f"Follow at most N.  [{MOST_REDIRECTS}]",
    )  # fmt: skip

    data: tuple[tuple[str, str], ...] = option(
        "-d", "--data", "--data-ascii", "--data-raw", "--data-binary", "--data-urlencode", kind="steps", parse=step, metavar="DATA",
        help="Content, joined by &; @FILE reads one without line ends, --data-binary as it is; --data-raw takes no file.", group="Content",
    )  # fmt: skip
    parts: tuple[tuple[str, str], ...] = option(
        "-F", "--form-string", kind="steps", parse=step, metavar="NAME=VALUE", group="Content",
        help="A part of a multipart form: name=value, name=@FILE, name=<FILE, with ;type= and ;filename=.",
    )  # fmt: skip
    form: bool = option("--form", kind="flag", help="Send items as a form in place of JSON.", group="Content")
    upload: str | None = option("-T", "--upload-file", metavar="FILE", help="PUT a file; - is standard input, in chunks.", group="Content")
    get: bool = option("-G", "--get", kind="flag", help="Put what -d names into the query.", group="Content")

    head: bool = option("-I", "--head", kind="flag", help="Ask for the fields alone (HEAD).")
    http10: bool = option("-0", "--http1.0", kind="flag", help="Speak HTTP/1.0.")
    http11: bool = option("--http1.1", kind="flag", help="Speak HTTP/1.1.")
    http2: bool = option("--http2", kind="flag", help="Speak HTTP/2, as agreed by ALPN; fail where the server does not.")
    http2_prior_knowledge: bool = option("--http2-prior-knowledge", kind="flag", help="Speak HTTP/2 without asking, also without TLS.")
    path_as_is: bool = option("--path-as-is", kind="flag", help="Leave /./ and /../ in the path.")
    fail: bool = option(
        "-f", "--fail", "--fail-with-body", "-S", "--show-error", "-N", "--no-buffer", "-g", "--globoff", kind="flag",
        help="Taken for curl's sake: a status from 400 fails, errors are shown, nothing is held back, [] are no patterns.",
    )  # fmt: skip

    hop: Asked | None = None  # what an earlier hop led to, in the place of the words
    redirects: int = 0  # that led here

    @property
    def uses_netrc(self) -> bool:
        return self.netrc or self.netrc_file is not None

    def asks_for_fields(self) -> bool:
        """`-I` shows the fields, as curl does."""
        return self.head
