"""In which encoding the content of a message is read, as browsers find it out (WHATWG, Encoding Standard and HTML).

A byte order mark counts before all else. JSON is UTF-8 (RFC 8259 section 8.1), whatever its media type says, if it can be.
Then counts the label of the media type, then what XML declares and HTML says of itself. Labels are WHATWG's first, then Python's own.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model.values import Body

UTF8 = "utf-8"
NONE = "undefined"  # Python's codec that no bytes fit: for a label that is not known
NO_LABELS = ("idna", "punycode", "unicode_escape", "raw_unicode_escape", NONE, "mbcs", "oem")  # codecs that no content is in
MARKS = ((b"\xef\xbb\xbf", UTF8), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
LOOKED_AT = 1024  # bytes in which a page may say its own encoding
UNDEFINED = (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")  # in Python's windows-1252; WHATWG has the controls there, as Latin-1 has

# Python's codec, then the labels of it. Those of utf-8 that begin with utf8mb are MySQL's, in no standard.
CODECS = """
utf-8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8 utf8mb3 utf8mb4
utf-16-be unicodefffe utf-16be
utf-16-le csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le
cp866 866 cp866 csibm866 ibm866
iso8859-2 csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2
iso8859-3 csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3
iso8859-4 csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4
iso8859-5 csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988
iso8859-6 arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987
iso8859-7 csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597 iso_8859-7 iso_8859-7:1987 sun_eu_greek
iso8859-8 csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138 iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 visual csiso88598i iso-8859-8-i logical
iso8859-10 csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6
iso8859-13 iso-8859-13 iso8859-13 iso885913
iso8859-14 iso-8859-14 iso8859-14 iso885914
iso8859-15 csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9
iso8859-16 iso-8859-16
koi8-r cskoi8r koi koi8 koi8-r koi8_r
koi8-u koi8-ru koi8-u
mac-roman csmacintosh mac macintosh x-mac-roman
cp874 dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874
cp1250 cp1250 windows-1250 x-cp1250
cp1251 cp1251 windows-1251 x-cp1251
cp1252 ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252
cp1253 cp1253 windows-1253 x-cp1253
cp1254 cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5 windows-1254 x-cp1254
cp1255 cp1255 windows-1255 x-cp1255
cp1256 cp1256 windows-1256 x-cp1256
cp1257 cp1257 windows-1257 x-cp1257
cp1258 cp1258 windows-1258 x-cp1258
mac-cyrillic x-mac-cyrillic x-mac-ukrainian
gb18030 chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk gb18030
big5hkscs big5 big5-hkscs cn-big5 csbig5 x-x-big5
euc-jp cseucpkdfmtjapanese euc-jp x-euc-jp
iso2022-jp csiso2022jp iso-2022-jp
cp932 csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis
cp949 cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949
utf-32 utf-32 utf-32le utf-32be
"""  # noqa: E501  # one line for each


def codec_of_label(label: str) -> str | None:
    """Python's codec for a label; `None` for a label that is not known."""
    word = label.strip().lower()
    for line in CODECS.splitlines():
        codec, *labels = line.split() or ("",)
        if word in labels:
            return word if codec == "utf-32" else codec
    return _python_codec(word)


def _python_codec(word: str) -> str | None:
    """Python's codec of text by that name."""
    from codecs import lookup

    try:
        found = lookup(word)
    except (LookupError, ValueError):
        return None
    return found.name if found._is_text_encoding and found.name.replace("-", "_") not in NO_LABELS else None


def codec_of(body: Body) -> str:
    """Python's codec that the content is read with; UTF-8 where nothing says another one."""
    return _found(body)[0]


def charset_note(body: Body) -> str | None:
    """Why the content is read in another encoding than its media type says, or why it is no text; `None` where neither is so."""
    codec, source = _found(body)
    declared = body.charset
    if declared and source == "label":
        if _python_codec(declared) is None:
            return f"charset={declared[:40]} of the media type is read as {_name(codec)}"
        if codec == UTF8 and not _is_text(body.data, codec) and not body.truncated and b"\0" not in body.data:
            return f"the media type says charset={declared[:40]}, and the content is no text in it"
        return None
    if codec == NONE and declared:
        return f"charset={declared[:40]} of the media type is no encoding that is known, and the content is shown as bytes"
    if source == "mark" and (codec == "utf-16" or (declared and codec_of_label(declared) != UTF8)):
        return f"the content begins with the byte order mark of {_name(codec)}, and is read so"
    if source == "json" and declared and codec_of_label(declared) != UTF8 and not body.data.isascii():
        return f"JSON is UTF-8 (RFC 8259 section 8.1), and is read so: charset={declared[:40]} of its media type does not count"
    if source in ("xml", "html") and codec != UTF8:
        which = "its XML declaration" if source == "xml" else "its meta element"
        return f"the content is read as {_name(codec)}, as {which} says; the media type has no charset"
    return None


def _name(codec: str) -> str:
    return codec.upper() if codec.startswith("utf") else codec


def _found(body: Body) -> tuple[str, str]:
    """The codec, and what says so: mark, json, label, xml, html, or nothing."""
    data = body.data
    for mark, codec in MARKS:
        if data.startswith(mark) and not data.startswith(b"\xff\xfe\0\0"):
            return codec, "mark"
    codec = (codec_of_label(body.charset) if body.charset else None) or ""
    if _is_json(body.media_type) and (not codec or codec == UTF8 or _is_text(data, UTF8)):
        return UTF8, "json"
    if body.charset:
        return _without_gaps(codec or NONE, data), "label" if codec else ""
    return _inside(body.media_type or "", bytes(data[:LOOKED_AT]), data)


def _is_json(media_type: str | None) -> bool:
    return media_type is not None and media_type.endswith(("/json", "+json"))


def _inside(media_type: str, begins: bytes, data: bytes) -> tuple[str, str]:
    """What the content says of itself."""
    if media_type.endswith(("/xml", "+xml")):
        found = re.match(rb"""\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""", begins)
        source = "xml"
    elif media_type == "text/html":
        found = re.search(rb"""<meta\s[^>]*?charset\s*=\s*["']?\s*([A-Za-z0-9._:-]{1,40})""", begins, re.IGNORECASE)
        source = "html"
    else:
        return UTF8, ""
    codec = codec_of_label(found[1].decode()) if found else None
    if codec is None or codec.startswith(("utf-16", "utf-32")):  # what says so in single bytes is not in it
        return UTF8, ""
    return _without_gaps(codec, data), source


def _without_gaps(codec: str, data: bytes) -> str:
    return "latin-1" if codec == "cp1252" and any(octet in data for octet in UNDEFINED) else codec


def _is_text(data: bytes, codec: str) -> bool:
    from rrcli.model.largebody import examine

    return examine(data, codec)[0]
