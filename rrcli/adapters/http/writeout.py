r"""What is written when the exchange is over, beside its result: curl's `-w FORMAT` and `-D FILE`.

The variables and their values are curl's (its manual, "--write-out"), `%{exitcode}` and `%{errormsg}` are ours. Values are exact,
as with `--query`. Times are seconds, summed over the hops that redirects and challenges made, as curl has them.
"""

from __future__ import annotations

import os

from rrcli.base.errors import usage
from rrcli.base.fields import first
from rrcli.base.jsontext import dumps
from rrcli.base.output import exact_or_visible, to_file, to_stderr, to_stdout, writing
from rrcli.base.visible import visible
from rrcli.model.head import head
from rrcli.model.values import PHASES
from rrcli.options.parse import suggestion
from rrcli.policy.redact import masked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rrcli.adapters.http.request import AnyHttpRequest
    from rrcli.model.values import Exchange

    Value = str | int | float | None
    Piece = tuple[str, str]  # text, variable, header, output: and what of it

ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
STREAMS = ("stdout", "stderr", "onerror")
VERIFY = {
    "certificate_not_yet_valid": 9,
    "certificate_expired": 10,
    "certificate_untrusted": 20,
    "certificate_hostname": 62,
}  # X509_V_ERR_…
UNVERIFIED = 1  # X509_V_ERR_UNSPECIFIED: nobody looked


class WriteOut:
    """What a request asks for at its end. Raises `usage` for a format that is wrong, `local` for a file of one that cannot be read."""

    def __init__(self, request: AnyHttpRequest, *, beside: bool, masks: bool) -> None:
        """`beside`: no content goes to standard output; `masks`: that is for people, who are shown no secrets."""
        self._pieces = read_format(_format(request.write_out)) if request.write_out else []
        self._masks = masks and request.dump_header == "-"
        self._dump = request.dump_header if beside or request.dump_header != "-" else None  # else `-i` has shown it in its place

    def write(self, exchanges: Iterable[tuple[Exchange, int]], file: str | None = None) -> None:
        """Write what was asked for of each exchange and its exit code; `file` has the content."""
        dump: Callable[[bytes], None] | None = None
        for exchange, code in exchanges:
            if self._dump:
                dump = dump or (exact_or_visible() if self._dump == "-" else to_file(self._dump))
                dump(heads(masked(exchange) if self._masks else exchange))
            if self._pieces:
                _write(self._pieces, CurlVariables(exchange, code, file))


def _format(text: str) -> str:
    """The format itself, out of its file where it is given as `@FILE`."""
    if not text.startswith("@"):
        return text
    from rrcli.base.files import read_local

    return read_local(text[1:]).decode("utf-8", "surrogateescape")


def heads(exchange: Exchange) -> bytes:
    """Status and fields of every answer on the way, in their order."""
    answers = [hop.response for hop in (*exchange.history, exchange)]
    return b"".join([head(answer) for answer in answers if answer])


# --- the format


def read_format(text: str) -> list[Piece]:
    r"""The pieces of a format: `%{NAME}`, `%header{NAME}`, `%output{FILE}`, `%%`, `\n`. Raises `usage` for an unknown variable."""
    pieces: list[Piece] = []
    at = 0
    while at < len(text):
        letter, following = text[at], text[at + 1 : at + 2]
        if letter == "\\" and following in ESCAPES and following:
            pieces.append(("text", ESCAPES[following]))
            at += 2
        elif letter == "%" and following == "%":
            pieces.append(("text", "%"))
            at += 2
        elif letter == "%" and (kind := _kind(text, at + 1)) is not None:
            begin = at + len(kind) + 2
            end = text.find("}", begin)
            if end < 0:
                raise usage(f"%{kind}{{ in -w has no closing }}")
            pieces.append(_piece(kind, text[begin:end]))
            at = end + 1
        else:
            pieces.append(("text", letter))
            at += 1
    return pieces


def _kind(text: str, at: int) -> str | None:
    return next((kind for kind in ("", "header", "output") if text.startswith(f"{kind}{{", at)), None)


def _piece(kind: str, name: str) -> Piece:
    if kind:
        return kind, name
    if name not in VARIABLES and name not in (*STREAMS, "json", "header_json"):
        near = suggestion(name, [*VARIABLES, "json", "header_json"])
        raise usage(f"-w has no variable %{{{name}}}{near}", "--query prints any value of the JSON document")
    return "stream" if name in STREAMS else "variable", name


def _write(pieces: list[Piece], facts: CurlVariables) -> None:
    """Write the pieces in their order, each to where the last stream named goes."""
    where: Callable[[bytes], None] = to_stdout
    waiting, number = "", 1
    for kind, name in pieces:
        if kind == "output" or (name in ("stdout", "stderr") and kind == "stream"):
            where(waiting.encode("utf-8", "surrogateescape"))
            waiting = ""
            where, number = _stream(kind, name)
        elif kind == "stream":
            if not facts.code:  # onerror: the rest is for failures
                break
        elif kind == "text":
            waiting += name
        else:
            value = facts.header(name) if kind == "header" else facts.text(name)
            waiting += visible(value, multiline=True) if os.isatty(number) else value
    where(waiting.encode("utf-8", "surrogateescape"))


def _stream(kind: str, name: str) -> tuple[Callable[[bytes], None], int]:
    """Where to write from now on, and the descriptor that may be a terminal (-1: none is)."""
    if kind == "output":
        return (_appending(name[2:]) if name.startswith(">>") else to_file(name)), -1
    return (to_stdout, 1) if name == "stdout" else (_to_stderr, 2)


def _to_stderr(data: bytes) -> None:
    to_stderr(data.decode("utf-8", "surrogateescape"))


def _appending(path: str) -> Callable[[bytes], None]:
    """A function that writes at the file's end. Raises `ExchangeError` of layer `local`."""
    from rrcli.base.errors import ExchangeError

    try:
        return writing(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666), path)
    except OSError as error:
        raise ExchangeError("local", "output", f"cannot write {path}: {(error.strerror or str(error)).lower()}") from error


# --- the values


class CurlVariables:
    """What the variables are read from."""

    def __init__(self, exchange: Exchange, code: int, file: str | None = None) -> None:
        self.code = code
        self.file = file
        self.exchange = exchange
        self.answer = exchange.response
        again = max((at for at, hop in enumerate(exchange.history, 1) if hop.why == "retry"), default=0)
        self.hops = (*exchange.history[again:], exchange)
        self.redirects = [hop for hop in self.hops if hop.why == "redirect"]

    def text(self, name: str) -> str:
        """A variable as `-w` prints it."""
        if name == "json":
            return self._json()
        if name == "header_json":
            return self._header_json()
        value = VARIABLES[name](self)
        if value is None:
            return "0" if name == "http_version" else ""
        if isinstance(value, float):
            return f"{value:.6f}"
        return f"{value:03d}" if name in ("http_code", "response_code", "http_connect") else str(value)

    def _json(self) -> str:
        from rrcli.base import __version__

        members = [f"{dumps(name)}:{_json_value(VARIABLES[name](self))}" for name in sorted(VARIABLES)]
        return "{" + ",".join([*members, f'"curl_version":{dumps(f"rrcli/{__version__}")}']) + "}"

    def _header_json(self) -> str:
        named: dict[str, list[str]] = {}
        for name, value in self.answer.fields if self.answer else ():
            named.setdefault(name.lower(), []).append(value)
        members = [f"{dumps(name)}:[{','.join(map(dumps, values))}]" for name, values in named.items()]
        return "{" + ",\n".join(members) + "\n}"

    def header(self, name: str) -> str:
        """The first field of that name."""
        fields = self.answer.fields if self.answer else ()
        return first(fields, name) or ""

    def size(self) -> int:
        """Bytes of content as they came, before they were decoded."""
        length = self.header("content-length")
        body = self.answer.body if self.answer else None
        if self.header("content-encoding") and length.isdecimal() and body and not body.truncated:
            return int(length)
        return body.size if body else 0

    def uploaded(self) -> int:
        return self.exchange.request.body.size if self.exchange.request.body else 0

    def seconds(self, last: str | None) -> float:
        """From the begin to the end of a phase, in every hop; 0 where nothing got so far."""
        timings = [hop.timing for hop in self.hops]
        if last is None:
            return sum(timing.total_ns for timing in timings) / 1e9
        if last == "tls" and not any("tls" in timing.phases for timing in timings):
            return 0.0
        if last == "wait" and self.answer is None:
            return 0.0
        counted = PHASES[: PHASES.index(last) + 1]
        return sum(timing.phases.get(phase, 0) or 0 for timing in timings for phase in counted) / 1e9

    def speed(self, size: int) -> int:
        total = self.seconds(None)
        return int(size / total) if total else 0

    def place(self, address: str | None, at: int) -> str:
        """Host or port of `host:port`, an IPv6 host without its brackets."""
        host, colon, port = (address or "").rpartition(":")
        return (host.strip("[]"), port if colon else "")[at]

    def number(self, address: str | None) -> int:
        port = self.place(address, 1)
        return int(port) if port.isdecimal() else 0

    def redirect_url(self) -> str | None:
        """Where the answer would lead, had `-L` been given."""
        location = self.header("location")
        if not location or not self.answer or not 300 <= (self.answer.status.code or 0) < 400:
            return None
        from urllib.parse import urljoin

        try:
            return urljoin(self.exchange.target.url, location)
        except ValueError:  # it is no URL: as it came, as curl has it
            return location

    def version(self) -> str | None:
        version = str(self.answer.data.get("version", "")) if self.answer else ""
        number = version.removeprefix("HTTP/")
        return ("1" if number == "1.0" else number) or None

    def verify_result(self) -> int:
        failure = self.exchange.error
        if failure and failure.kind in VERIFY:
            return VERIFY[failure.kind]
        tls = self.exchange.connection.tls
        return UNVERIFIED if tls and not tls.verified else 0

    def proxy_code(self) -> int:
        """The status of the answer to CONNECT."""
        tunnelled = (self.exchange.connection.proxy or "").startswith("http") and self.exchange.error is None
        return 200 if tunnelled else 0


def _json_value(value: Value) -> str:
    if value is None:
        return "null"
    if isinstance(value, float):
        return f"{value:.6f}"
    return str(value) if isinstance(value, int) else dumps(value)


def _code(facts: CurlVariables) -> int:
    return (facts.answer.status.code or 0) if facts.answer else 0


def _field(facts: CurlVariables, wanted: str) -> str | None:
    return first(facts.exchange.request.fields, wanted)


def _method(facts: CurlVariables) -> str:
    return str(facts.exchange.request.data.get("method", ""))


def _requested(facts: CurlVariables) -> int:
    """Bytes of the requests: their lines, fields and content."""
    size = 0
    for hop in facts.hops:
        request = hop.request
        lines = (request.summary, *(f"{name}: {value}" for name, value in request.fields), "")
        size += sum(len(line.encode("utf-8", "surrogateescape")) + 2 for line in lines) + (request.body.size if request.body else 0)
    return size


def _chain(facts: CurlVariables) -> int:
    tls = facts.exchange.connection.tls
    return len(tls.chain) if tls else 0


VARIABLES: dict[str, Callable[[CurlVariables], Value]] = {
    "content_type": lambda facts: facts.header("content-type") or None,
    "errormsg": lambda facts: facts.exchange.error.message if facts.exchange.error else None,
    "exitcode": lambda facts: facts.code,
    "filename_effective": lambda facts: facts.file,
    "ftp_entry_path": lambda _: None,
    "http_code": _code,
    "http_connect": CurlVariables.proxy_code,
    "http_version": CurlVariables.version,
    "local_ip": lambda facts: facts.place(facts.exchange.connection.local, 0),
    "local_port": lambda facts: facts.number(facts.exchange.connection.local),
    "method": _method,
    "num_certs": _chain,
    "num_connects": lambda facts: sum(1 for hop in facts.hops if hop.connection.local and not hop.connection.reused),
    "num_headers": lambda facts: len(facts.answer.fields) if facts.answer else 0,
    "num_redirects": lambda facts: len(facts.redirects),
    "proxy_ssl_verify_result": lambda _: 0,
    "redirect_url": CurlVariables.redirect_url,
    "referer": lambda facts: _field(facts, "referer"),
    "remote_ip": lambda facts: facts.place(facts.exchange.connection.peer, 0) if facts.exchange.connection.local else "",
    "remote_port": lambda facts: facts.number(facts.exchange.connection.peer) if facts.exchange.connection.local else 0,
    "response_code": _code,
    "scheme": lambda facts: facts.exchange.target.url.partition("://")[0].upper() or None,
    "size_download": CurlVariables.size,
    "size_header": lambda facts: sum(len(head(hop.response)) for hop in facts.hops if hop.response),
    "size_request": _requested,
    "size_upload": CurlVariables.uploaded,
    "speed_download": lambda facts: facts.speed(facts.size()),
    "speed_upload": lambda facts: facts.speed(facts.uploaded()),
    "ssl_verify_result": CurlVariables.verify_result,
    "time_appconnect": lambda facts: facts.seconds("tls"),
    "time_connect": lambda facts: facts.seconds("connect"),
    "time_namelookup": lambda facts: facts.seconds("resolve"),
    "time_pretransfer": lambda facts: facts.seconds("handshake"),
    "time_redirect": lambda facts: sum(hop.timing.total_ns for hop in facts.redirects) / 1e9,
    "time_starttransfer": lambda facts: facts.seconds("wait"),
    "time_total": lambda facts: facts.seconds(None),
    "url": lambda facts: facts.hops[0].target.url,
    "url_effective": lambda facts: facts.exchange.target.url,
    "urlnum": lambda _: 0,
}
