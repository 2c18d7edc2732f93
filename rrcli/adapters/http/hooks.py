"""What the engine and the command line ask of HTTP, and of what is spoken over it."""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.base.fields import first
from rrcli.engine.hooks import Hooks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from rrcli.adapters.http.download import Download
    from rrcli.adapters.http.request import AnyHttpRequest
    from rrcli.adapters.http.writeout import WriteOut
    from rrcli.model.values import Exchange, Note, Response
    from rrcli.options.request import Output, Request

# SETTINGS_INITIAL_WINDOW_SIZE and a WINDOW_UPDATE of the connection, both as large as they can be (RFC 9113 section 6.9)
OPEN_WINDOWS = bytes.fromhex("000006 04 00 00000000 0004 7fffffff") + bytes.fromhex("000004 08 00 00000000 7fff0000")
CONTENT_METHODS = ("POST", "PUT", "PATCH", "QUERY")
UNMEASURED = ("chunked", "close", "end-stream")  # framings that say only at the end how long the content was


class HttpHooks(Hooks):
    """The options that curl has for files and output, and the fields that tell of times."""

    def is_offline(self, request: Request) -> bool:
        return _http(request).offline

    def offline_reply(self, request: Request, sent: bytes) -> bytes:  # noqa: ARG002  # other protocols need it
        """Of HTTP/2: that its windows are wide open."""
        return OPEN_WINDOWS if sent.startswith(b"PRI ") else b""

    def download(self, request: Request, output: Output) -> Download | None:
        """How the content is saved, where the options ask for a file. Raises `usage` for those that need one and have none."""
        asked = _http(request)
        if not (output.output or asked.remote_name or asked.remote_header_name):
            named = {"--output-dir": asked.output_dir, "--create-dirs": asked.create_dirs, "--remove-on-error": asked.remove_on_error}
            if flag := next((flag for flag, given in named.items() if given), None):
                raise usage(f"{flag} is for a file, and none is named", "add -o FILE, or -O for the name in the URL")
            return None
        from rrcli.adapters.http.download import Download

        return Download(asked, output.output)

    def includes_head(self, request: Request) -> bool:
        """`-I` shows the fields, and `-D -` too, as curl does."""
        asked = _http(request)
        return asked.head or asked.dump_header == "-"

    def extra_output(self, request: Request) -> tuple[str, ...]:
        asked = _http(request)
        given = {"-w": asked.write_out is not None, "-D -": asked.dump_header == "-", "-c -": asked.cookie_jar == "-"}
        return tuple(flag for flag, is_given in given.items() if is_given)

    def replaces_result(self, request: Request) -> bool:
        """`-w`: whoever writes a format wants what it says."""
        return _http(request).write_out is not None

    def trailer_option(self, request: Request) -> str | None:
        """The cookies go to standard output."""
        return "-c -" if _http(request).cookie_jar == "-" else None

    def epilogue_options(self, request: Request) -> tuple[str, ...]:
        asked = _http(request)
        given = {"-w": asked.write_out is not None, "-D": asked.dump_header is not None}
        return tuple(flag for flag, is_given in given.items() if is_given)

    def epilogue(self, request: Request, *, beside: bool, masks: bool) -> WriteOut | None:
        asked = _http(request)
        if asked.write_out is None and asked.dump_header is None:
            return None
        from rrcli.adapters.http.writeout import WriteOut

        return WriteOut(asked, beside=beside, masks=masks)

    def carries_content(self, exchange: Exchange) -> bool:
        return exchange.request.data.get("method") in CONTENT_METHODS

    def length_is_known(self, answer: Response) -> bool:
        return answer.framing not in UNMEASURED or first(answer.fields, "content-length") is not None

    def asked_wait(self, answer: Response) -> tuple[float, str] | None:
        """Retry-After."""
        if first(answer.fields, "retry-after") is None:
            return None
        from rrcli.adapters.http.notes import retry_after

        seconds = retry_after(answer)
        return None if seconds is None else (seconds, f"Retry-After {seconds:.0f}")

    def notes(self, answer: Response, started_s: float) -> Sequence[Note]:
        """That the server's clock is wrong, or ours."""
        if first(answer.fields, "date") is None:
            return ()
        from rrcli.adapters.http.notes import clock_notes

        return clock_notes(answer.fields, started_s)


def _http(request: Request) -> AnyHttpRequest:
    """The request as what it is: these hooks are asked of no other."""
    return request  # type: ignore[return-value]


HOOKS = HttpHooks()
