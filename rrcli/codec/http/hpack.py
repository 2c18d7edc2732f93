"""HPACK: lists of fields to octets and back (RFC 7541).

    block = Encoder(is_secret).encode((("accept", "*/*"), ...))
    fields = Decoder(most).decode(block)

One encoder and one decoder belong to one connection: both sides of it remember what was sent, so every block has to go through, in
order, and after an error nothing can be decoded any more. Text is UTF-8 whose other octets are surrogates, which is exact both ways.
"""

from __future__ import annotations

from rrcli.base.errors import malformed, too_large

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Field = tuple[str, str]

TABLE = 4096  # octets of a dynamic table where no setting says otherwise (RFC 9113 section 6.5.2)
OVERHEAD = 32  # octets that an entry, or a field of a list, counts beside its text (section 4.1)
MEMO = 1 << 14  # steps of Huffman decoding that are remembered, a few MB at most
WORD = 64  # octets of a string that is kept with what it stands for

# Appendix A; the first has the index 1
STATIC = (
    (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"), (":path", "/index.html"), (":scheme", "http"),
    (":scheme", "https"), (":status", "200"), (":status", "204"), (":status", "206"), (":status", "304"), (":status", "400"),
    (":status", "404"), (":status", "500"), ("accept-charset", ""), ("accept-encoding", "gzip, deflate"), ("accept-language", ""),
    ("accept-ranges", ""), ("accept", ""), ("access-control-allow-origin", ""), ("age", ""), ("allow", ""), ("authorization", ""),
    ("cache-control", ""), ("content-disposition", ""), ("content-encoding", ""), ("content-language", ""), ("content-length", ""),
    ("content-location", ""), ("content-range", ""), ("content-type", ""), ("cookie", ""), ("date", ""), ("etag", ""), ("expect", ""),
    ("expires", ""), ("from", ""), ("host", ""), ("if-match", ""), ("if-modified-since", ""), ("if-none-match", ""), ("if-range", ""),
    ("if-unmodified-since", ""), ("last-modified", ""), ("link", ""), ("location", ""), ("max-forwards", ""), ("proxy-authenticate", ""),
    ("proxy-authorization", ""), ("range", ""), ("referer", ""), ("refresh", ""), ("retry-after", ""), ("server", ""), ("set-cookie", ""),
    ("strict-transport-security", ""), ("transfer-encoding", ""), ("user-agent", ""), ("vary", ""), ("via", ""), ("www-authenticate", ""),
)  # fmt: skip

# Appendix B: how many bits the code of each octet has, and at last that of EOS. The code is canonical, so these tell the codes as well.
LENGTHS = bytes((
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
))  # fmt: skip
EOS = 256

_STATIC_INDEX = {field: index for index, field in enumerate(STATIC, 1)}
_STATIC_NAMES = {name: index for index, (name, _) in reversed(list(enumerate(STATIC, 1)))}
_STATIC_SIZES = tuple([(field, len(field[0]) + len(field[1]) + OVERHEAD) for field in STATIC])


# --- Huffman


def _assign() -> tuple[dict[int, int], list[str]]:
    """The symbol of each code, the code with a 1 before it that keeps its zeros; and the code of each symbol as digits."""
    symbols: dict[int, int] = {}
    codes = [""] * len(LENGTHS)
    code = length = 0
    for symbol in sorted(range(len(LENGTHS)), key=LENGTHS.__getitem__):
        code <<= LENGTHS[symbol] - length
        length = LENGTHS[symbol]
        marked = 1 << length | code
        symbols[marked] = symbol
        codes[symbol] = bin(marked)[3:]
        code += 1
    return symbols, codes


_SYMBOLS, _CODES = _assign()
_BITS = LENGTHS[:EOS]


class _Steps(dict[int, tuple[bytes, int]]):
    """What an octet of Huffman codes adds, and with what the next one goes on: worked out when it first comes.

    A key is the bits that are left of the octets before, behind a 1, and then the octet.
    """

    def __missing__(self, key: int) -> tuple[bytes, int]:
        begun, octet, added = key >> 8, key & 255, bytearray()
        for place in range(7, -1, -1):
            begun = begun << 1 | octet >> place & 1
            symbol = _SYMBOLS.get(begun)
            if symbol is None:
                continue
            if symbol == EOS:
                raise malformed("a string of a field block has the code of its end within it (RFC 7541 section 5.2)")
            added.append(symbol)
            begun = 1
        if len(self) >= MEMO:
            self.clear()
        step = self[key] = (bytes(added), begun << 8)
        return step


_STEPS = _Steps()


def huffman_decode(data: bytes) -> bytes:
    """What the codes stand for. Raises `malformed` for padding that is too long, or not of ones (section 5.2)."""
    begun, pieces = 1 << 8, []
    for octet in data:
        piece, begun = _STEPS[begun | octet]
        pieces.append(piece)
    left = begun >> 8
    if left > 255 or left & (left + 1):
        raise malformed("a string of a field block is padded with what is no padding (RFC 7541 section 5.2)")
    return b"".join(pieces)


class _Words(dict[bytes, bytes]):
    """What short strings stand for: a server says the same ones in all its answers."""

    def __missing__(self, key: bytes) -> bytes:
        found = huffman_decode(key)
        if len(self) >= MEMO:
            self.clear()
        self[key] = found
        return found


_WORDS = _Words()


def huffman_encode(data: bytes) -> bytes:
    """The codes of the octets, padded with ones."""
    digits = "".join([_CODES[octet] for octet in data])
    digits += "1" * (-len(digits) % 8)
    return int(digits, 2).to_bytes(len(digits) // 8, "big") if digits else b""


# --- the parts of a block


def _number(value: int, mask: int, mark: int) -> bytes:
    """A number behind `mark`, in an octet of which `mask` is free and as many more as it takes (section 5.1)."""
    if value < mask:
        return bytes((mark | value,))
    out = bytearray((mark | mask,))
    value -= mask
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_number(block: bytes, at: int, mask: int) -> tuple[int, int]:
    """A number and where it ends. Raises `IndexError` where it is cut, `malformed` where no such number can be meant."""
    value = block[at] & mask
    at += 1
    if value < mask:
        return value, at
    for shift in range(0, 35, 7):
        octet = block[at]
        at += 1
        value += (octet & 127) << shift
        if octet < 128:
            return value, at
    raise malformed("a number in a field block takes more than 5 octets beyond its first (RFC 7541 section 5.1)")


def _string(text: bytes) -> bytes:
    """A string, by Huffman's codes where those are shorter (section 5.2)."""
    size = (sum(text.translate(_BITS)) + 7) // 8
    if size < len(text):
        return _number(size, 127, 128) + huffman_encode(text)
    return _number(len(text), 127, 0) + text


def _read_string(block: bytes, at: int) -> tuple[str, int, int]:
    """A string, its octets and where it ends. Raises as `_read_number` and `huffman_decode`."""
    coded = block[at] & 128
    length, at = _read_number(block, at, 127)
    end = at + length
    if end > len(block):
        raise IndexError
    text = block[at:end]
    if coded:
        text = _WORDS[text] if length <= WORD else huffman_decode(text)
    return text.decode("utf-8", "surrogateescape"), len(text), end


class _Table:
    """A dynamic table (section 2.3.2): entries with their size, the oldest first, of which `_gone` are evicted already."""

    def __init__(self, limit: int) -> None:
        self.limit = limit  # octets
        self._size = 0
        self._entries: list[tuple[Field, int]] = []
        self._gone = 0

    def __len__(self) -> int:
        return len(self._entries) - self._gone

    def entry(self, index: int) -> tuple[Field, int]:
        """The field of an index that is beyond the static table. Raises `malformed` where there is none."""
        back = index - len(STATIC)
        if back > len(self._entries) - self._gone:
            raise malformed(f"a field block refers to entry {index}, which no table has")
        return self._entries[-back]

    def add(self, field: Field, size: int) -> list[Field]:
        """Put a field in; those that have to make room for it. One that is too large empties the table (section 4.4)."""
        evicted = self._shrink(self.limit - size)
        if size <= self.limit:
            self._entries.append((field, size))
            self._size += size
        return evicted

    def resize(self, limit: int) -> list[Field]:
        """Allow the table so many octets; the fields that leave it."""
        self.limit = limit
        return self._shrink(limit)

    def _shrink(self, most: int) -> list[Field]:
        evicted = []
        while self._size > most and len(self):
            field, size = self._entries[self._gone]
            self._gone += 1
            self._size -= size
            evicted.append(field)
        if self._gone > 64 and self._gone > len(self):
            del self._entries[: self._gone]
            self._gone = 0
        return evicted


# --- the two directions


class Decoder:
    """Reads the blocks of one direction; `most` octets of a list (RFC 9113 section 6.5.2), and `table` that the peer may fill."""

    def __init__(self, most: int, table: int = TABLE) -> None:
        self._most = most
        self._allowed = table
        self._table = _Table(min(table, TABLE))

    def decode(self, block: bytes) -> list[Field]:
        """The fields in their order. Raises `malformed`, or `too_large` before a list has unfolded beyond the bound."""
        try:
            return self._decode(block)
        except IndexError:
            raise malformed("a field block is cut") from None

    def _decode(self, block: bytes) -> list[Field]:
        fields: list[Field] = []
        at, total = 0, 0
        while at < len(block):
            first = block[at]
            if first & 0x80:
                index, at = (first & 0x7F, at + 1) if first < 0xFF else _read_number(block, at, 0x7F)
                field, size = self._entry(index)
            elif first & 0xE0 == 0x20:
                if fields:
                    raise malformed("a field block changes the size of the table behind a field (RFC 7541 section 4.2)")
                at = self._resize(block, at)
                continue
            else:  # never indexed or not indexed is the same to who reads (section 6.2.3)
                field, size, at = self._literal(block, at, 0x3F if first & 0x40 else 0x0F)
                if first & 0x40:
                    self._table.add(field, size)
            total += size
            if total > self._most:
                raise too_large(f"a field list of more than {self._most} bytes came")
            fields.append(field)
        return fields

    def _entry(self, index: int) -> tuple[Field, int]:
        if index > len(STATIC):
            return self._table.entry(index)
        if not index:
            raise malformed("a field block refers to entry 0, which no table has")
        return _STATIC_SIZES[index - 1]

    def _literal(self, block: bytes, at: int, mask: int) -> tuple[Field, int, int]:
        """A field that is spelled out, at least its value; its size and where it ends (section 6.2)."""
        index, at = _read_number(block, at, mask)
        if index:
            (name, value), size = self._entry(index)
            size -= len(value.encode("utf-8", "surrogateescape"))
        else:
            name, size, at = _read_string(block, at)
            size += OVERHEAD
        value, length, at = _read_string(block, at)
        return (name, value), size + length, at

    def _resize(self, block: bytes, at: int) -> int:
        """Take a change of the table's size (section 6.3)."""
        limit, at = _read_number(block, at, 0x1F)
        if limit > self._allowed:
            raise malformed(f"a field block asks for a table of {limit} bytes; {self._allowed} are allowed (RFC 7541 section 6.3)")
        self._table.resize(limit)
        return at


class Encoder:
    """Writes the blocks of one direction. A field that `secret` says of its name is never put into a table, here or on the way."""

    def __init__(self, secret: Callable[[str], bool]) -> None:
        self._secret = secret
        self._table = _Table(TABLE)
        self._numbers: dict[Field, int] = {}  # of the entries, counted since the beginning
        self._names: dict[str, int] = {}  # the latest entry of each name
        self._added = 0
        self._evicted = 0
        self._least: int | None = None  # to which the peer had us shrink the table since the last block

    def allow(self, limit: int) -> None:
        """The peer's SETTINGS_HEADER_TABLE_SIZE. The table is never larger than `TABLE`, whatever a peer offers."""
        limit = min(limit, TABLE)
        if limit != self._table.limit:
            self._least = limit if self._least is None else min(limit, self._least)
            self._leave(self._table.resize(limit))

    def encode(self, fields: Iterable[Field]) -> bytes:
        """The block; names are in lower case already."""
        out = bytearray()
        if self._least is not None:  # the smallest size on the way, then the one that it came to (section 4.2)
            if self._least != self._table.limit:
                out += _number(self._least, 0x1F, 0x20)
            out += _number(self._table.limit, 0x1F, 0x20)
            self._least = None
        for field in fields:
            index = _STATIC_INDEX.get(field)
            if index is None:
                number = self._numbers.get(field)
                index = None if number is None else self._index(number)
            if index is None:
                out += self._literal(field)
            elif index < 0x7F:
                out.append(0x80 | index)
            else:
                out += _number(index, 0x7F, 0x80)
        return bytes(out)

    def _index(self, number: int) -> int:
        return len(STATIC) + self._added - number

    def _literal(self, field: Field) -> bytes:
        """A field that no table has, and that goes into ours unless it is secret or would throw out most of the others."""
        name, value = (text.encode("utf-8", "surrogateescape") for text in field)
        size = len(name) + len(value) + OVERHEAD
        index = _STATIC_NAMES.get(field[0], 0)
        if not index and (number := self._names.get(field[0])) is not None:
            index = self._index(number)
        if self._secret(field[0]):
            start = _number(index, 0x0F, 0x10)
        elif size > self._table.limit * 3 // 4:
            start = _number(index, 0x0F, 0x00)
        else:
            start = _number(index, 0x3F, 0x40)
            self._leave(self._table.add(field, size))
            self._numbers[field] = self._names[field[0]] = self._added
            self._added += 1
        return start + (b"" if index else _string(name)) + _string(value)

    def _leave(self, evicted: list[Field]) -> None:
        for field in evicted:
            del self._numbers[field]
            if self._names[field[0]] == self._evicted:
                del self._names[field[0]]
            self._evicted += 1
