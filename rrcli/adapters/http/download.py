"""Downloads: the file that content is saved to, its name, and going on where an earlier download broke off.

A partial file carries the validator of what it is a part of (`user.rrcli.validator`, an extended attribute, where the
file system has such), so that `-C -` can ask for the rest of just that with If-Range (RFC 9110 section 13.1.5). Without one
the range is asked for alone, as curl does. Nothing is ever appended but a 206 that begins where the file ends.
"""

from __future__ import annotations

import os
from stat import S_ISREG

from rrcli.adapters.http.filename import from_disposition, from_url
from rrcli.adapters.http.hopstate import HopState
from rrcli.base.errors import CONNECTION_LOST, ExchangeError, malformed, usage
from rrcli.base.fields import first
from rrcli.model.values import Note
from rrcli.options.request import without_attempt_timeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.adapters.http.request import AnyHttpRequest
    from rrcli.engine.context import Context
    from rrcli.model.values import Exchange, Fields, Response
    from rrcli.options.request import Request

VALIDATOR = "user.rrcli.validator"
LONGEST_VALIDATOR = 1024
BROKEN_OFF = (*CONNECTION_LOST, "timeout", "interrupted", "output")  # kinds after which the rest may be had


class Download:
    """Where the content of one answer goes.

    `request` is what is to be sent for it, `state` what its first hop begins with.
    Raises `usage` for options that contradict each other, `local` for a file that
    cannot be looked at.
    """

    def __init__(self, request: AnyHttpRequest, output: str | None) -> None:
        _refuse_contradictions(request, output)
        self.path: str | None = None
        self._folder = request.output_dir
        self._create = request.create_dirs
        self._exclusive = request.remote_header_name and not output
        self._remove = request.remove_on_error
        self._name = output or from_url(_url_of(request))
        if not (self._name or self._exclusive):
            raise usage("the URL names no file that -O could save to", "name one with -o FILE")
        self._offset = self._older_ns = 0
        self.request: Request = without_attempt_timeout(request)
        self.state: HopState | None = None if request.continue_at is None else self._continued(request)

    def _continued(self, request: AnyHttpRequest) -> HopState:
        """What to begin with, to get the rest of the file that is there."""
        path = self._place(self._name or "")
        try:
            state = os.stat(path)
        except FileNotFoundError:
            state = None
        except OSError as error:
            raise ExchangeError("local", "input", f"cannot look at {path}: {(error.strerror or str(error)).lower()}") from error
        size = state.st_size if state else 0
        self._offset = size if request.continue_at == -1 else request.continue_at or 0
        if self._offset > size:
            raise usage(f"{path} has {size} bytes: going on at {self._offset} would leave a hole", "-C - goes on where it ends")
        self._older_ns = state.st_mtime_ns if state else 0
        return HopState(options=request.replace(continue_at=self._offset), if_range=_validator_of(path) if self._offset else None)

    def _place(self, name: str) -> str:
        return os.path.join(self._folder, name) if self._folder else name

    def open(self, answer: Response) -> Callable[[bytes], None] | None:
        """What writes the answer's content; `None` where it is none to save. Raises `ExchangeError` of layer `local`."""
        if self._offset and answer.status.code != 206:
            return None
        name = (from_disposition(answer.fields) if self._exclusive else None) or self._name
        if not name:
            raise ExchangeError("local", "output", "neither Content-Disposition nor the URL names a file", hint="name one with -o FILE")
        path = self._place(name)
        flags = os.O_WRONLY | os.O_CREAT | (os.O_EXCL if self._exclusive else 0 if self._offset else os.O_TRUNC)
        try:
            if self._create and (folder := os.path.dirname(path)):
                os.makedirs(folder, exist_ok=True)
            number = os.open(path, flags, 0o666)
            if self._offset:
                os.ftruncate(number, self._offset)
                os.lseek(number, self._offset, os.SEEK_SET)
        except FileExistsError as error:
            from rrcli.base.shellquote import quoted

            other = f"-o {quoted(path)} overwrites it"
            raise ExchangeError("local", "output", f"{path} exists, and -J overwrites nothing", hint=other) from error
        except OSError as error:
            hint = "--create-dirs makes the folders that are missing" if isinstance(error, FileNotFoundError) else None
            raise ExchangeError("local", "output", f"cannot write {path}: {(error.strerror or str(error)).lower()}", hint=hint) from error
        self.path = path
        _remember(number, validator(answer.fields))
        from rrcli.base.output import writing

        return writing(number, path)

    def explained(self, exchange: Exchange) -> Exchange:
        """The exchange with what became of the file; only one that is whole or refused loses its validator."""
        if self._offset and self.path and _changed_since(exchange, self._older_ns):
            message = "the resource was modified after the first part of the file was saved: the file may be a mixture of both"
            exchange = exchange.replace(notes=(*exchange.notes, Note(code="resource-changed", message=message)))
        if not self.path:
            return exchange
        failure = exchange.error
        if failure and self._remove and failure.layer != "check" and _is_file(self.path):
            os.unlink(self.path)
            self.path = None
        elif not failure or failure.layer in ("application", "check"):
            _forget(self.path)
        elif failure.kind in BROKEN_OFF and exchange.response and not _coded(exchange.response.fields) and _is_file(self.path):
            came = os.path.getsize(self.path)
            if came:
                hint = f"the {came} bytes that arrived are in {self.path}: the same command with -C - goes on from there"
                exchange = exchange.replace(error=failure.replace(hint=f"{failure.hint}; {hint}" if failure.hint else hint))
        return exchange


def _refuse_contradictions(request: AnyHttpRequest, output: str | None) -> None:
    if output and (request.remote_name or request.remote_header_name):
        raise usage(f"-o and {'-O' if request.remote_name else '-J'} exclude each other", "the content goes to one file")
    if request.continue_at is None:
        return
    if request.remote_header_name and not output:
        raise usage("-C and -J exclude each other: the name of the file is known only with the answer", "name it with -o FILE")
    if request.remove_on_error:
        raise usage("-C and --remove-on-error exclude each other", "what -C goes on from would be removed")


def _url_of(request: AnyHttpRequest) -> str:
    from rrcli.adapters.http.prepare.target import read_url, split_words

    return read_url(split_words(request.arguments)[1]).path


def _is_file(path: str) -> bool:
    try:
        return S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


def _coded(fields: Fields) -> bool:
    return first(fields, "content-encoding") is not None


# --- validators


def validator(fields: Fields) -> str | None:
    """What If-Range may carry: a strong ETag, or a date that is older than the answer (RFC 9110 section 8.8.2.2)."""
    found = {name.lower(): value for name, value in fields}
    etag, modified = found.get("etag", ""), found.get("last-modified")
    if _coded(fields):
        return None
    if etag.startswith('"') and len(etag) <= LONGEST_VALIDATOR and etag.isprintable():
        return etag
    return modified if modified and modified != found.get("date") and len(modified) < 64 and modified.isprintable() else None


def _validator_of(path: str) -> str | None:
    """What a file that is there is a part of, if that is known."""
    try:
        return os.getxattr(path, VALIDATOR)[:LONGEST_VALIDATOR].decode("latin-1") if hasattr(os, "getxattr") else None
    except OSError:
        return None


def _remember(number: int, value: str | None) -> None:
    try:
        if value and hasattr(os, "setxattr") and S_ISREG(os.fstat(number).st_mode):
            os.setxattr(number, VALIDATOR, value.encode("latin-1", "replace"))
    except OSError:
        pass  # a file system without attributes: the range is asked for alone


def _forget(path: str) -> None:
    try:
        if hasattr(os, "removexattr"):
            os.removexattr(path, VALIDATOR)
    except OSError:
        pass


def _changed_since(exchange: Exchange, older_ns: int) -> bool:
    """Whether the resource says that it was modified after the file; an If-Range that held settles it."""
    if exchange.response is None or first(exchange.request.fields, "if-range") is not None:
        return False
    value = first(exchange.response.fields, "last-modified") or ""
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(value).timestamp() > older_ns / 1e9 + 1
    except (ValueError, TypeError, OverflowError):
        return False


# --- the answer to a request for the rest


def range_fields(request: AnyHttpRequest, if_range: str | None) -> list[tuple[str, str]]:
    """Range and If-Range for a download that goes on. Raises `usage` for what cannot go together with it."""
    if request.continue_at == -1:
        raise usage("-C - goes on with a file, and none is named", "add -o FILE or -O")
    others = {"-r": request.range is not None, "-T": request.upload is not None, "--compressed": request.compressed, "-I": request.head}
    for name, given in others.items():
        if given:
            why = "a part of compressed content cannot be decoded" if name == "--compressed" else "-C asks for the rest of a resource"
            raise usage(f"-C and {name} exclude each other", why)
    if not request.continue_at:
        return []
    return [("Range", f"bytes={request.continue_at}-"), *([("If-Range", if_range)] if if_range else [])]


def content_range(fields: Fields) -> tuple[int | None, int | None]:
    """The first byte and the size of the whole that Content-Range tells, each `None` where it does not (RFC 9110 section 14.4)."""
    value = first(fields, "content-range") or ""
    unit, _, rest = value.strip().partition(" ")
    span, _, total = rest.strip().partition("/")
    begin, dash, last = span.partition("-")
    if unit.lower() != "bytes" or not (span == "*" or (dash and _digits(begin) and _digits(last) and int(begin) <= int(last))):
        return None, None
    return int(begin) if dash else None, int(total) if _digits(total) else None


def _digits(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def resumed(answer: Response, prepared: PreparedRequest, start: int, context: Context) -> tuple[Response, ExchangeError | None]:
    """The answer to a request for what follows `start`, and why it cannot be used, if so."""
    code = answer.status.code or 0
    first, total = content_range(answer.fields)
    if code == 206:
        return answer, _wrong_part(answer, first, start)
    if code == 416 and total == start:
        context.note("already-complete", f"all {start} bytes are there already: nothing was left to fetch")
        return answer.replace(status=answer.status.replace(ok=True)), None
    if code == 416 and total is not None:
        context.note("file-longer", f"{start} bytes are there, and the resource has {total}: they are of another one")
    elif code == 416:
        context.note("range-refused", f"nothing follows byte {start}, but the answer does not say how long the whole is")
    if code >= 300:
        return answer, None
    hint = "leave -C out to fetch all of it anew; nothing was written"
    if prepared.field("if-range") and (validator(answer.fields) or "").lower() != prepared.field("if-range"):
        return answer, ExchangeError("protocol", "unsupported", "the resource changed since its first part was saved", hint=hint)
    message = f"asked for what follows byte {start}, the server sends the whole: it does not serve ranges"
    return answer, ExchangeError("protocol", "unsupported", message, hint=hint)


def _wrong_part(answer: Response, first: int | None, start: int) -> ExchangeError | None:
    if answer.body and answer.body.media_type == "multipart/byteranges":
        return malformed("asked for one range, the server sends several parts (multipart/byteranges)")
    if first is None:
        return malformed("a 206 without a valid Content-Range does not say which part it is (RFC 9110 section 15.3.7)")
    if first != start:
        return malformed(f"asked for what follows byte {start}, the server sends what follows byte {first}")
    if _coded(answer.fields):
        message = "the part is one of compressed content, which cannot be decoded from its middle"
        return ExchangeError("protocol", "unsupported", message, hint="leave -C out to fetch all of it anew")
    return None
