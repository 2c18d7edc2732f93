"""Content that comes over time, on a terminal: each line the moment it comes, with its offset, as the events of a stream.

    12.4 ms  {"n": 1}
   513.0 ms  {"n": 2}

Lines of JSON are shown so at once. Other text, of a length that nobody said, is when a pause shows that it does come over
time; until then it is held back, because what comes in one go is drawn by the report.
"""

from __future__ import annotations

from rrcli.base.fields import is_json_lines
from rrcli.base.units import counted, offset
from rrcli.base.visible import visible
from rrcli.codec.jsonlines import RECORD
from rrcli.engine.events import Observer
from rrcli.model.document import codec_of
from rrcli.policy.mask import Mask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from rrcli.engine.events import Hop
    from rrcli.model.values import Exchange, Response

LAID_OUT = ("html", "json", "xml", "svg+xml")  # what the report draws better than a line at a time
PAUSE_NS = 250 * 10**6  # between two pieces: longer than what a busy network takes
HELD_BACK = 1 << 20  # bytes that may wait for a pause
LONGEST = 64 << 10  # bytes of a line that is not over


class Lines(Observer):
    """Prints lines through `write` as they come, secrets masked unless they are to be shown.

    `length_is_known` says whether an answer told its length at its beginning (`Hooks.length_is_known`).
    """

    def __init__(self, write: Callable[[str], None], *, show_secrets: bool, length_is_known: Callable[[Response], bool]) -> None:
        self._write = write
        self._show_secrets = show_secrets
        self._length_is_known = length_is_known
        self._hop: Hop | None = None
        self._mask: Mask | None = None
        self._waiting: list[tuple[int, bytes]] | None = None  # pieces that may be shown yet, and when they came
        self._whole = False  # only whole lines are shown
        self._live = False
        self._rest = b""
        self._at_ns = 0  # of the latest piece
        self._charset = "utf-8"
        self.count = 0

    @property
    def is_visible(self) -> bool:
        return self.count > 0

    def attach(self, hop: Hop) -> None:
        self._hop = hop

    def received(self, answer: Response) -> None:
        self._rest, self._mask, self._waiting, self._live = b"", None, None, False
        body = answer.body
        if body is None or not body.media_type:
            return
        kind = body.media_type.rpartition("/")[2].removeprefix("x-")
        self._whole = self._live = is_json_lines(body.media_type)
        self._charset = codec_of(body)
        if not self._live and not self._length_is_known(answer) and body.media_type.startswith("text/") and kind not in LAID_OUT:
            self._waiting = []

    def content(self, data: bytes) -> None:
        assert self._hop
        before, self._at_ns = self._at_ns, self._hop.at_ns
        if self._live:
            self._feed(self._at_ns, data)
        elif self._waiting is not None:
            self._waiting.append((self._at_ns, data))
            if len(self._waiting) > 1 and self._at_ns - before >= PAUSE_NS:
                self._live = True
                for at_ns, piece in self._waiting:
                    self._feed(at_ns, piece)
                self._waiting = None
            elif sum(len(piece) for _, piece in self._waiting[:64]) > HELD_BACK or len(self._waiting) > 1000:
                self._waiting = None

    def finish(self) -> None:
        """Show what stands behind the last line end."""
        if self._live and self._rest:
            self._show(self._at_ns, [self._rest])
            self._rest = b""

    def without_lines(self, exchange: Exchange) -> Exchange:
        """The exchange without the content that was shown, for the report behind it."""
        answer = exchange.response
        if not self.count or answer is None or answer.body is None:
            return exchange
        body = answer.body.replace(data=b"", truncated=False)
        return exchange.replace(response=answer.replace(body=body, display=f"{counted(self.count, 'line')} above, as they came"))

    def _feed(self, at_ns: int, data: bytes) -> None:
        """Show the lines that `data` ends, and what it has behind them unless only whole lines count."""
        *lines, rest = (self._rest + data).split(b"\n")
        if rest and (len(rest) > LONGEST or not (self._whole or self._masking().begun(self._text(rest)))):
            lines.append(rest)
            rest = b""
        self._rest = rest
        self._show(at_ns, lines)

    def _show(self, at_ns: int, lines: list[bytes]) -> None:
        """Write all at once what came at once: a terminal takes its time for each write."""
        shown = []
        for each in lines:
            line = each.strip(RECORD).removesuffix(b"\r")
            if line:
                shown.append(f"{offset(at_ns, 12)}  {visible(self._masking().text(self._text(line)))}")
        if shown:
            self._write("\n".join(shown))
            self.count += len(shown)

    def _text(self, line: bytes) -> str:
        try:
            return line.decode(self._charset, "backslashreplace")
        except UnicodeError:  # of a label that is not known
            return line.decode("utf-8", "backslashreplace")

    def _masking(self) -> Mask:
        if self._mask is None:
            self._mask = Mask(() if self._show_secrets else tuple(self._hop.secrets() if self._hop else ()))
        return self._mask
