"""Secrets in a transcript that a plain search misses: cut by chunks or frames, compressed, escaped, in another charset.

Where the content lies among the recorded bytes says the function that `Exchange.content_spans` names. Each span is
searched as one piece. Where a secret shows only once the content is decoded, nothing can be blanked but all of it.
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError
from rrcli.model.values import LARGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from rrcli.codec.http.contentspans import ContentSpan
    from rrcli.model.values import Body, Exchange, Fields
    from rrcli.policy.mask import Mask

    Masking = Callable[[Body, Mask], Body]


def blank_hidden(exchange: Exchange, streams: dict[str, bytes], mask: Mask, mask_body: Masking) -> dict[str, bytes]:
    """The recorded bytes of both directions without the secrets that stand in their content, at equal length."""
    if exchange.content_spans is None:
        return streams
    module, _, name = exchange.content_spans.partition(":")
    sent, received = getattr(__import__(module, fromlist=[name]), name)(streams["sent"], streams["received"])
    answer = exchange.response
    of_answer = (answer.fields, answer.body) if answer else ((), None)
    return {
        "sent": _blank(streams["sent"], sent, _Search(exchange.request.fields, exchange.request.body, mask, mask_body)),
        "received": _blank(streams["received"], received, _Search(*of_answer, mask, mask_body)),
    }


class _Search:
    """Blanks the secrets of one message's content: each where it stands, or everything."""

    def __init__(self, fields: Fields, body: Body | None, mask: Mask, mask_body: Masking) -> None:
        from rrcli.codec.http.content import LAYERS, codings, members

        under = [coding for coding in members(fields, "transfer-encoding") if coding in LAYERS]
        self._codings = [*codings(fields), *under]
        self._body = body
        self._mask = mask
        self._mask_body = mask_body

    def blank(self, content: bytes) -> bytes:
        shown = self._mask.blank(content)
        if self._body is None:
            return shown
        plain = self._decoded(content) if self._codings else shown
        masked = self._mask_body(self._body.replace(data=plain), self._mask)
        return shown if masked.data == plain else b"*" * len(content)

    def blank_coded(self, content: bytes, plain: bytes | None) -> bytes:
        """All of a message that is coded by itself, where what it says has a secret, or cannot be known."""
        return content if plain is not None and self._mask.blank(plain) == plain else b"*" * len(content)

    def _decoded(self, content: bytes) -> bytes:
        """The content as its reader sees it, as far as it can be decoded."""
        from rrcli.codec.http.content import ContentDecoder

        plain = bytearray()
        try:
            decoder = ContentDecoder(self._codings, lambda _code, _message: None)
            for piece in decoder.feed(content):
                plain += piece
                if len(plain) > LARGE:
                    break
        except ExchangeError:
            pass  # a transcript ends where its limit is: what came before is enough to look at
        return bytes(plain)


def _blank(stream: bytes, content_spans: list[ContentSpan], search: _Search) -> bytes:
    whole = bytearray(stream)
    for strand in content_spans:
        content = b"".join([stream[begin:end] for begin, end in strand])
        shown, at = search.blank_coded(content, strand.plain) if hasattr(strand, "plain") else search.blank(content), 0
        if shown == content:
            continue
        for begin, end in strand:
            whole[begin:end] = shown[at : at + end - begin]
            at += end - begin
    return bytes(whole)
