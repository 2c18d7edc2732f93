"""Content codings undone while the content comes, and done while it goes: gzip, deflate; br and zstd with modules for them.

    decoder = ContentDecoder(["gzip"], note)
    for piece in decoder.feed(data): ...
    decoder.finish()

Nothing is gathered: pieces are at most `PIECE` bytes, so a small answer that unfolds to gigabytes costs time, which the
caller's deadline bounds, but no memory (RFC 9110 section 8.4).
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, malformed, too_large, usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Protocol

    from rrcli.model.values import Fields

    class Layer(Protocol):
        """One coding undone. `feed` and `finish` raise `ExchangeError` for content that breaks it."""

        @property
        def excess(self) -> bool: ...  # bytes came after the end
        @property
        def odd(self) -> str: ...  # what was accepted though suspicious
        def feed(self, data: bytes) -> Iterator[bytes]: ...
        def finish(self) -> None: ...


PIECE = 65536  # bytes of decoded content handed on at once
DEEPEST = 5  # codings on top of each other, as curl has it
GZIP_MAGIC = b"\x1f\x8b"
INSTALL = "pip install brotlicffi backports.zstd"  # both come with rrcli, but a system's package may leave them out
ANOTHER = "-H 'Accept-Encoding: gzip' asks for another coding, 'Accept-Encoding: identity' for none"

# Modules with a decoder of bounded output, the best first.
BROTLI = ("brotlicffi", "brotli")
ZSTD = ("compression.zstd", "backports.zstd")


def codings(fields: Fields) -> list[str]:
    """The codings of a message in the order in which they were applied, in lower case, `identity` left out."""
    return [member for member in members(fields, "content-encoding") if member not in ("", "identity")]


def members(fields: Fields, name: str) -> list[str]:
    """The members of the lists in fields of this name, in lower case."""
    return [member.strip(" \t").lower() for key, value in fields if key.lower() == name for member in value.split(",")]


class ContentDecoder:
    """Undoes `codings`, the last one first. `note(code, message)` is told what was accepted though suspicious.

    Raises `unsupported` for a coding that would need a module which is missing, `too_large` for too many of them.
    A name that is no coding at all (`utf-8`) is noted, and the content left as it is from there on. Where the codings are
    `doubted`, because nobody asked for them, content that does not begin as they do or needs more than is there is left as well.
    """

    def __init__(self, codings: list[str], note: Callable[[str, str], None], *, doubted: bool = False) -> None:
        self._note = note
        if len(codings) > DEEPEST:
            raise too_large(f"the content has {len(codings)} codings on top of each other; {DEEPEST} are read")
        self._layers: list[Layer] = []
        for coding in reversed(codings):
            make = LAYERS.get(coding)
            if make is None:
                note("unknown-content-coding", f"Content-Encoding says {coding[:40]!r}, which is no content coding; the content is left so")
                break
            try:
                layer = make(coding.removeprefix("x-"))
            except ExchangeError as error:
                if not doubted:
                    raise
                cure = f" ({INSTALL})" if INSTALL in (error.hint or "") else ""
                note("not-decoded", f"{error.message}{cure}; it was not asked for and is left as it came")
                break
            self._layers.append(_Doubted(layer, note) if doubted else layer)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The decoded content that `data` makes known. Raises `malformed`."""
        return self._through(data, 0)

    def finish(self) -> None:
        """Nothing more will come. Raises `malformed` when the content was cut."""
        for layer in self._layers:
            layer.finish()
            if layer.excess:
                self._note("bytes-after-content", "bytes came after the end of the compressed content; they are left out")
            if layer.odd:
                self._note("odd-content-coding", layer.odd)

    def _through(self, data: bytes, at: int) -> Iterator[bytes]:
        if at == len(self._layers):
            yield data
            return
        for piece in self._layers[at].feed(data):
            yield from self._through(piece, at + 1)


class _Doubted:
    """A coding that may not be there: until it has decoded something, an error means that the content is not coded so."""

    KEPT = 65536  # bytes; what has decoded nothing by then is broken

    def __init__(self, layer: Layer, note: Callable[[str, str], None]) -> None:
        self._layer: Layer | None = layer
        self._note = note
        self._kept: bytes | None = b""

    @property
    def excess(self) -> bool:
        return self._layer is not None and self._layer.excess

    @property
    def odd(self) -> str:
        return self._layer.odd if self._layer else ""

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._layer is None:
            yield data
            return
        if self._kept is not None:
            self._kept = self._kept + data if len(self._kept) + len(data) <= self.KEPT else None
        try:
            for piece in self._layer.feed(data):
                self._kept = None
                yield piece
        except ExchangeError as error:
            if self._kept is None:
                raise
            self._layer = None
            self._note("not-coded", f"{error.message}; it was not asked for and is left as it came")
            yield self._kept

    def finish(self) -> None:
        if self._layer:
            self._layer.finish()


class _Zlib:
    """gzip (RFC 1952), of one member or several, and deflate, which is zlib's format or, wrongly but often, bare.

    RFC 9110 section 8.4.1.2 tells of the bare ones; the first two bytes tell which of both it is.
    """

    def __init__(self, name: str) -> None:
        self.excess = False
        self.odd = ""
        self._name = name
        self._inflate: Any = None
        self._start = b""  # bytes too few to tell what they begin
        self._read = 0
        self._members = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        from zlib import error as ZlibError

        self._read += len(data)
        while True:
            if self._inflate is None:
                data, self._start = self._start + data, b""
                if len(data) < 2:
                    self._start = data
                    return
                if self.excess or not self._begin(data):
                    return
            try:
                piece = self._inflate.decompress(data, PIECE)
            except ZlibError as error:
                raise malformed(f"the {self._name} content is broken within its first {self._read} bytes: {_reason(error)}") from error
            if piece:
                yield piece
            data = self._inflate.unconsumed_tail
            if self._inflate.eof:
                data, self._inflate = self._inflate.unused_data, None
                self._members += 1
            elif not data and len(piece) < PIECE:
                return

    def _begin(self, data: bytes) -> bool:
        """Start the next member; false when what comes is none."""
        from zlib import decompressobj

        gzip = data.startswith(GZIP_MAGIC)
        if self._members and not (gzip and self._name == "gzip"):
            self.excess = True
            return False
        wrapped = data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0  # RFC 1950 section 2.2
        if self._name == "gzip":
            if not gzip and not wrapped:
                raise malformed(f"Content-Encoding says gzip, but the content is not: it begins with {data[:16]!r}")
            if not gzip:
                self.odd = "Content-Encoding says gzip, and the content is in the format of deflate (RFC 1950); it is decoded so"
            self._inflate = decompressobj(31 if gzip else 15)
        else:
            self._inflate = decompressobj(15 if wrapped else -15)
        return True

    def finish(self) -> None:
        self.excess = self.excess or bool(self._start and self._members)
        if self._inflate or (self._start and not self._members):
            raise malformed(f"the {self._name} content is cut: it goes on after its {self._read} bytes")


def _reason(error: Exception) -> str:
    """What zlib says, without its name and number: `incorrect header check`."""
    return str(error).rpartition(": ")[2]


class _Brotli:
    """br (RFC 7932)."""

    excess, odd = False, ""

    def __init__(self, name: str) -> None:
        self._module = _module(name, BROTLI)
        self._decoder = self._module.Decompressor()
        self._read = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._read += len(data)
        while data or not self._decoder.can_accept_more_data():
            try:
                piece = self._decoder.process(data, output_buffer_limit=PIECE)
            except self._module.error as error:
                raise malformed(f"the br content is broken within its first {self._read} bytes") from error
            data = b""
            if piece:
                yield piece

    def finish(self) -> None:
        if self._read and not self._decoder.is_finished():
            raise malformed(f"the br content is cut: it goes on after its {self._read} bytes")


class _Zstd:
    """zstd (RFC 8878), of one frame or several."""

    excess, odd = False, ""

    def __init__(self, name: str) -> None:
        self._module = _module(name, ZSTD)
        self._decoder: Any = None
        self._read = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._read += len(data)
        while data or (self._decoder and not self._decoder.needs_input):
            if self._decoder is None:
                self._decoder = self._module.ZstdDecompressor()
            try:
                piece = self._decoder.decompress(data, PIECE)
            except self._module.ZstdError as error:
                raise malformed(f"the zstd content is broken within its first {self._read} bytes") from error
            data = b""
            if piece:
                yield piece
            if self._decoder.eof:
                data, self._decoder = self._decoder.unused_data, None

    def finish(self) -> None:
        if self._decoder:
            raise malformed(f"the zstd content is cut: it goes on after its {self._read} bytes")


def _compress(name: str) -> Layer:
    raise ExchangeError("protocol", "unsupported", f"the content is coded with {name}", hint=ANOTHER)


def _module(name: str, places: tuple[str, ...], hint: str = ANOTHER) -> Any:
    """The module that codes `name`. Raises `unsupported`, naming what to install."""
    for module in places:
        try:
            found = __import__(module, fromlist=["error"])
        except ImportError:
            continue
        if name == "zstd" or hasattr(found.Decompressor, "can_accept_more_data"):  # older ones cannot bound their output
            return found
    message = f"the content is coded with {name}, and no module for that is installed"
    raise ExchangeError("protocol", "unsupported", message, hint=f"{INSTALL} brings it; {hint}")


LAYERS: dict[str, Callable[[str], Layer]] = {
    "gzip": _Zlib,
    "x-gzip": _Zlib,
    "deflate": _Zlib,
    "br": _Brotli,
    "zstd": _Zstd,
    "compress": _compress,
    "x-compress": _compress,
}


def askable() -> str:
    """What can be decoded here, for Accept-Encoding."""
    found = ["gzip", "deflate"]
    for name, places in (("br", BROTLI), ("zstd", ZSTD)):
        try:
            _module(name, places)
        except ExchangeError:
            continue
        found.append(name)
    return ", ".join(found)


class ContentEncoder:
    """Compresses content while it goes: `compress` each piece, then `finish`. Raises `usage` where a module is missing."""

    compress: Callable[[bytes], bytes]
    finish: Callable[[], bytes]

    def __init__(self, coding: str) -> None:
        if coding in ("gzip", "deflate"):
            from zlib import compressobj

            deflating = compressobj(wbits=31 if coding == "gzip" else 15)
            self.compress, self.finish = deflating.compress, deflating.flush
            return
        try:
            module = _module(coding, BROTLI if coding == "br" else ZSTD)
        except ExchangeError:
            raise usage(f"no module that compresses with {coding} is installed", f"{INSTALL} brings it") from None
        if coding == "br":
            coder = module.Compressor(quality=5)  # 11 is for what is compressed once and sent often
            self.compress, self.finish = getattr(coder, "process", None) or coder.compress, coder.finish
        else:
            coder = module.ZstdCompressor()
            self.compress, self.finish = coder.compress, coder.flush
