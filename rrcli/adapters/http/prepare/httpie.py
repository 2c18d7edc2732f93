"""What to write here for an option of HTTPie, and of xh, which has most of them too, as data.

Their items are ours, and so are the options of the same name; here is each of the others (of HTTPie 3.2 and xh 0.22).
A short one that has another meaning here (`-d`, `-F`, `-b`) is read as curl's, and cannot be told apart.
"""

from __future__ import annotations

from rrcli.base.errors import usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.base.errors import ExchangeError


COLOURS = "--color and --format pretty or raw; fields and JSON are shown in the order in which they came"
CHARSET = "--format raw gives the bytes to another program"
FAULTS = "-v shows the request as well, --wire every byte"

HTTPIE = {
    "--all": "-L: each hop is listed, and --json has it whole in its history",
    "--auth": "-u USER:PASSWORD, or --bearer TOKEN",
    "-a": "-u USER:PASSWORD, or --bearer TOKEN",
    "--auth-type": "--bearer TOKEN or --digest; -u alone is basic",
    "--body": "--format raw, as it is in a pipe in any case",
    "--boundary": "-F NAME=VALUE; the boundary is made for each request",
    "--cert-key": "--key FILE",
    "--cert-key-pass": "--pass PHRASE",
    "--check-status": "nothing: a status from 400 is exit 1; --ok any takes all for success",
    "--chunked": "-T FILE, or -T - for standard input; with -X POST",
    "--ciphers": "--tls-min and --tls-max; the ciphers are OpenSSL's configuration",
    "--continue": "-C - with -O or -o FILE",
    "--debug": FAULTS,
    "--default-scheme": "the scheme within the URL, https://…",
    "--download": "-O, or -o FILE",
    "--follow": "-L",
    "--format-options": COLOURS,
    "--headers": "-I asks for the fields alone, -i prints them before the content, --query response.headers without it",
    "--history-print": "-L: each hop is listed, and --json has it whole in its history",
    "--ignore-netrc": "nothing: ~/.netrc is read with -n alone",
    "--ignore-stdin": "nothing: standard input is read only where it is asked for, as with -d @-",
    "--manual": "--help",
    "--max-headers": "nothing: the size of the fields is limited",
    "--meta": "nothing: the times are shown; --query timing prints them alone",
    "--multipart": "-F NAME=VALUE for each part",
    "-P": "-L: each hop is listed, and --json has it whole in its history",
    "--pretty": COLOURS,
    "--print": "-v shows the request as well, -i prints status and fields before the content, --format raw the content alone",
    "--raw": "-d DATA",
    "--response-charset": CHARSET,
    "--response-mime": CHARSET,
    "--sorted": COLOURS,
    "--ssl": "--tls-min 1.2 and --tls-max 1.2",
    "--stream": "nothing: what comes is printed as it comes",
    "--style": COLOURS,
    "--traceback": FAULTS,
    "--unsorted": COLOURS,
    "--verify": "-k does not verify, --cacert FILE trusts its certificates",
}
XH = {
    "--curl": "--format curl --offline",
    "--http-version": "--http1.0, --http1.1, --http2 or --http3",
    "--https": "the scheme within the URL, https://…",
}


def advice(flag: str) -> str | None:
    """What to write for an option that only these tools have."""
    for tool, options in (("HTTPie", HTTPIE), ("xh", XH)):
        if flag in options:
            return f"instead of {tool}'s {flag}: {options[flag]}"
    return None


SHOWN = 200  # characters of such data that an advice repeats


def instead_of_json(data: str) -> ExchangeError:
    """curl's `--json DATA`, and what to write here."""
    from rrcli.base.shellquote import quoted

    if data.startswith("@"):
        return usage(f"{quoted(data)} stands before the URL", "write rrcli http URL @FILE, or rrcli curl --json @FILE URL as curl has it")
    shown = quoted(data) if len(data) <= SHOWN else "DATA"
    fields = "-H 'Content-Type: application/json' -H 'Accept: application/json'"
    hint = f"write {fields} --data-binary {shown}, or items: name=value age:=3, or rrcli curl --json {shown}; here --json is the format"
    return usage("JSON is no item, and curl's --json DATA no option here", hint)
