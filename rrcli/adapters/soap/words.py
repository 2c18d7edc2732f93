"""The words and options of `rrcli soap`: which of them exclude each other, the arguments as one JSON value, and how words are shown."""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.base.jsontext import Digits, Verbatim, loads, loads_digits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.http.prepare.items import Item
    from rrcli.adapters.soap.request import SoapRequest

OF_HTTP = (":", ";", "==")  # separators of items that are for HTTP
OF_OPERATIONS = {"list_operations": "--list", "describe": "--describe", "template": "--template"}


def refuse_contradictions(request: SoapRequest) -> None:
    """Raise `usage` for options that exclude each other or have no effect."""
    if request.method is not None:
        raise usage("-X has no place in SOAP", "an envelope goes by POST")
    if not request.arguments:
        raise usage("soap takes a WSDL", "write rrcli soap WSDL [OPERATION] [ITEM...]; WSDL is a URL or a file")
    if request.wsse_digest and request.wsse is None:
        raise usage("--wsse-digest takes its user and password from --wsse", "add --wsse USER:PASSWORD")
    questions = [flag for name, flag in OF_OPERATIONS.items() if getattr(request, name)]
    if len(questions) > 1:
        raise usage(f"{questions[0]} and {questions[1]} exclude each other")
    if request.envelope is not None:
        _refuse_beside_envelope(request, questions)
    elif request.action is not None:
        raise usage("--action is for --envelope", "the WSDL has the action of each operation")
    elif request.asks_only:
        _refuse_beside_question(request, questions)


def _refuse_beside_envelope(request: SoapRequest, questions: list[str]) -> None:
    given = {
        "-d": bool(request.data), "--wsse": request.wsse is not None, "--soap-header": bool(request.soap_headers),
        "--endpoint": request.endpoint is not None, "--service": request.service is not None, "--port": request.port is not None,
        "--lax": request.lax,
    }  # fmt: skip
    if flag := next(iter([*questions, *[name for name, is_given in given.items() if is_given]]), None):
        raise usage(f"{flag} and --envelope exclude each other", "an envelope is sent as it is, to the URL in the place of WSDL")
    if any(item.separator not in OF_HTTP for item in items_of(request)):
        raise usage("--envelope is the whole content: there is no place for arguments", "Name:value adds a field, name==value a parameter")


def _refuse_beside_question(request: SoapRequest, questions: list[str]) -> None:
    count = len(request.arguments)
    if questions and questions[0] != "--list" and count < 2:
        raise usage(f"{questions[0]} takes the OPERATION behind the WSDL", f"write rrcli soap WSDL OPERATION {questions[0]}")
    what = questions[0] if questions else "a list"
    if request.data or any(item.separator not in OF_HTTP for item in items_of(request)):
        raise usage(f"{what} calls nothing: there is no place for arguments")


def items_of(request: SoapRequest) -> list[Item]:
    """The items, behind the operation or the endpoint."""
    from rrcli.adapters.http.prepare.items import read_items

    words = request.arguments[first_item(request) :]
    return read_items(words) if words else []


def first_item(request: SoapRequest) -> int:
    """Where the items begin."""
    return 1 if request.envelope is not None else 2


def http_words(request: SoapRequest, *, query: bool) -> tuple[str, ...]:
    """The items that are for HTTP: fields, and with `query` parameters too."""
    wanted = OF_HTTP if query else OF_HTTP[:2]
    words = request.arguments[first_item(request) :]
    return tuple(word for word, item in zip(words, items_of(request), strict=True) if item.separator in wanted)


def arguments_of(request: SoapRequest) -> Any:
    """The arguments as a JSON value, numbers as they were written. Raises `usage`, or `local` for a file."""
    text = _given(request)
    items = [item for item in items_of(request) if item.separator not in OF_HTTP]
    for item in items:
        if item.separator not in ("=", ":="):
            raise usage(f"{item.name}{item.separator}{item.value[:60]} is no argument", "write name=text, name:=json or name.field=text")
    if not items:
        return {} if text is None else _loaded(text)
    from rrcli.adapters.http.prepare.items import json_content

    if text is not None and not isinstance(_loaded(text), dict):
        raise usage("-d is no object, and items add members to one")
    paths = [dotted(item.name) for item in items]
    listed = [
        item.replace(name=f"{path}[]" if paths.count(path) > 1 and not path.endswith("[]") else path)
        for item, path in zip(items, paths, strict=True)
    ]
    content = json_content(listed, None if text is None else _verbatim(_loaded(text)))
    return loads_digits(content.decode("utf-8", "surrogateescape"))


def dotted(name: str) -> str:
    r"""The path `a.b[0]` as HTTP's items write it, `a[b][0]`; what is a number there would be an index: `[\7]`."""
    head, *steps = name.split(".")
    for step in steps:
        key, bracket, rest = step.partition("[")
        head += f"[\\{key}]" if key.isdecimal() else f"[{key}]"
        head += bracket + rest
    return head


def _verbatim(value: Any) -> Any:
    """The value with its numbers as they were written, also once it is written again."""
    if isinstance(value, dict):
        return {name: _verbatim(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_verbatim(item) for item in value]
    return Verbatim(value) if isinstance(value, Digits) else value


def _given(request: SoapRequest) -> str | None:
    """The text of `-d`."""
    if len(request.data) > 1:
        raise usage("-d is given twice", "the arguments are one JSON object")
    if not request.data:
        return None
    text = request.data[0][1]
    if not text.startswith("@"):
        return text
    from rrcli.adapters.http.prepare.items import read_text

    return read_text(text[1:])


def _loaded(text: str) -> Any:
    try:
        loads(text)
        return loads_digits(text)
    except ValueError as error:
        raise usage(f"-d {text[:60]!r} is no JSON: {error}", "write '{\"name\": 1}', or @FILE") from None


# --- how words are shown


def shown_arguments(words: tuple[str, ...]) -> tuple[str, ...]:
    """WSDL, OPERATION and items, with the secrets of the URL and of the items masked."""
    from rrcli.adapters.http.shownwords import item, url

    operation = words[1:2] if len(words) > 1 and not any(letter in words[1] for letter in "=:;") else ()
    return (*(url(word) if "://" in word else word for word in words[:1]), *operation, *map(item, words[1 + len(operation) :]))


def shown_url(_flag: str, text: str) -> str:
    from rrcli.adapters.http.shownwords import url

    return url(text)


def shown_xml(_flag: str, text: str) -> str:
    """An element with the passwords and tokens in it masked; a file's name stays."""
    from rrcli.base.fields import MASK
    from rrcli.codec.soap.secrets import secret_spans

    if text.startswith("@"):
        return text
    data = text.encode("utf-8", "surrogatepass")
    for begin, end in reversed(secret_spans(data)):
        data = data[:begin] + MASK.encode() + data[end:]
    return data.decode("utf-8", "surrogatepass")
