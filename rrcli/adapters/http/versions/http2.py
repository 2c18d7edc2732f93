"""What an HTTP/2 exchange shows of its connection: the frames in the transcript, and the failure of a server that has no HTTP/2."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError
from rrcli.codec.http.h2frames import FrameNotes
from rrcli.policy.secrets import mask_field
from rrcli.wire.recorder import Recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.engine.context import Context
    from rrcli.wire.stream import Stream


class FrameRecorder(Recorder):
    """The recorder of an exchange, its transcript cut into frames and without the bytes of field blocks.

    It is the other recorder, seen differently: what is written down in one stands in both.
    """

    def __init__(self, recorder: Recorder) -> None:
        self.__dict__ = recorder.__dict__
        self._sent = FrameNotes(mask_field, preface=True)
        self._received = FrameNotes(mask_field, preface=False)

    def sent(self, data: bytes | memoryview, at_ns: int, note: str | None = None) -> None:
        for piece, said in self._sent.cut(bytes(data)):
            super().sent(piece, at_ns, note or said)

    def received(self, data: bytes, at_ns: int, note: str | None = None) -> None:
        for piece, said in self._received.cut(data):
            super().received(piece, at_ns, note or said)


def annotate_frames(connection: Stream, context: Context) -> None:
    """Have the transcript, if there is to be one, show this connection's frames."""
    if context.request.wire is not None:
        connection.recorder = FrameRecorder(context.recorder)


def choose_failure(chosen: str | None) -> ExchangeError:
    """The failure of a server that was to speak HTTP/2 and chose otherwise; nothing has been sent."""
    what = f"chose {chosen}" if chosen else "chose no protocol by ALPN"
    hint = "leave --http2 out to take what it speaks; --http2-prior-knowledge speaks HTTP/2 without asking"
    return ExchangeError("protocol", "unsupported", f"the server does not offer HTTP/2: it {what}", hint=hint, phase="tls")
