"""The words of `rrcli thrift` understood: whom to call, what, and with which arguments. Files are read; nothing is sent."""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.base.record import Record
from rrcli.base.url import host_port, split_host, split_url
from rrcli.codec.thrift.answer import PROBE, Shape, call
from rrcli.codec.thrift.tree import ThriftMessage
from rrcli.model.values import Body, RequestMessage, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.thrift.request import ThriftRequest
    from rrcli.codec.thrift.model import Method, Program
    from rrcli.codec.thrift.tree import Fields

SEQID = 0  # as Apache's clients in Python and C++ have it: one call at a time is on a connection
HTTP_PORTS = {"http": 80, "https": 443}
SCHEMES = ("thrift", "thrift+tls", *HTTP_PORTS)


class Place(Record):
    """Whom to call. `scheme` is one of `SCHEMES`; `path` is that of HTTP, with its query."""

    url: str
    scheme: str
    host: str
    port: int
    path: str = ""
    credentials: tuple[str, str] | None = None

    @property
    def is_http(self) -> bool:
        return self.scheme in HTTP_PORTS

    @property
    def tls(self) -> bool:
        return self.scheme in ("https", "thrift+tls")

    @property
    def target(self) -> Target:
        return Target(url=self.url, host=self.host, port=self.port)


class Call(Record):
    """A request understood. Without `method` it asks the server what it speaks, by a method that cannot exist.

    `service` is what stands before the method's name in the message, empty where nothing does; `shape` may have `auto` in it.
    """

    place: Place
    shape: Shape
    service: str = ""
    service_name: str | None = None  # of the IDL
    method: Method | None = None
    fields: Fields = ()  # type: ignore[assignment]  # a list, once there are any
    arguments: str = "{}"  # as JSON
    notes: tuple[str, ...] = ()

    @property
    def is_auto(self) -> bool:
        return "auto" in (self.shape.transport, self.shape.protocol)

    @property
    def oneway(self) -> bool:
        return bool(self.method and self.method.oneway)

    def message(self) -> ThriftMessage:
        """The message that goes out."""
        if self.method is None:
            return self.probe()
        return call(list(self.fields), self.method.name, SEQID, oneway=self.oneway, service=self.service)

    def probe(self) -> ThriftMessage:
        """A call of a method that cannot exist."""
        return call([], PROBE, SEQID, service=self.service)

    def shown(self) -> RequestMessage:
        """The request as it is shown."""
        data = {"service": self.service_name, "method": self.method.name if self.method else PROBE, "seqid": SEQID, "oneway": self.oneway}
        data |= {"safe": self.method is None, "idempotent": self.method is None}
        content = self.arguments.encode("utf-8", "surrogateescape")
        from rrcli.base.digest import sha256

        body = Body(data=content, size=len(content), sha256=sha256(content).hexdigest(), media_type="application/json")
        if self.method is None:
            return RequestMessage(summary=f"CALL {self.qualified(PROBE)}", data=data, name="the probe")
        kind = "ONEWAY" if self.oneway else "CALL"
        return RequestMessage(summary=f"{kind} {self.service_name}.{self.method.name}", body=body, data=data, name="the call")

    def qualified(self, name: str) -> str:
        """The name as the message has it."""
        return f"{self.service}:{name}" if self.service else name


def place_of(request: ThriftRequest) -> Place:
    """Whom the first word names. Raises `usage`."""
    if not request.arguments:
        raise usage("thrift takes HOST:PORT", "write rrcli thrift HOST:PORT FILE.thrift [SERVICE.METHOD] [ITEM...]")
    text = request.arguments[0]
    if "://" not in text:
        host, port = split_host(text, None)
        return _place("thrift+tls" if request.tls else "thrift", host, port, text)
    url = split_url(text)
    if url.scheme not in SCHEMES:
        raise usage(f"{url.scheme}:// is no URL of Thrift", f"the schemes are {', '.join(SCHEMES)}")
    if url.scheme not in HTTP_PORTS:
        if url.user is not None or url.path not in ("", "/") or url.query is not None:
            raise usage(
                "a URL of Thrift is SCHEME://HOST:PORT and nothing more", "a path is one of Thrift over HTTP: http://HOST:PORT/PATH"
            )
        return _place("thrift+tls" if request.tls else url.scheme, url.host, url.port, text)
    if request.tls and url.scheme == "http":
        raise usage("--tls and http:// exclude each other", "write https://")
    path = (url.path or "/") + (f"?{url.query}" if url.query is not None else "")
    credentials = None if url.user is None else (url.user, url.password or "")
    scheme, port = url.scheme, url.port or HTTP_PORTS[url.scheme]
    return Place(url=text.partition("#")[0], scheme=scheme, host=url.host, port=port, path=path, credentials=credentials)


def _place(scheme: str, host: str, port: int | None, text: str) -> Place:
    if not host or port is None:
        raise usage(f"{text!r} names no port", f"write HOST:PORT, as {host or 'localhost'}:9090")
    return Place(url=f"{scheme}://{host_port(host, port)}", scheme=scheme, host=host, port=port)


def load_program(request: ThriftRequest) -> Program:
    """The IDL that the second word names. Raises `usage`."""
    from rrcli.codec.thrift.idl import load

    if len(request.arguments) < 2:
        raise usage("there is no IDL", "write rrcli thrift HOST:PORT FILE.thrift [SERVICE.METHOD] [ITEM...]")
    return load(request.arguments[1], request.include)


def prepare(request: ThriftRequest) -> Call:
    """The call that the words ask for. Raises `usage`, or `local` for a file of `-d`."""
    place = place_of(request)
    shape = _shape(request, place)
    words = request.arguments[2:]
    if len(request.arguments) == 1:
        if request.data is not None:
            raise usage("-d has the arguments of a method, and none is named")
        return Call(place=place, shape=shape, service=request.multiplexed or "")
    from rrcli.codec.thrift.idl import find_method
    from rrcli.codec.thrift.writevalue import fields

    service, method = find_method(load_program(request), words[0])
    # An inherited method is called of the service that was named, which is the one that the server has registered.
    asked = words[0].rpartition(".")[0] or service.name
    text = _arguments(request, words[1:])
    found, notes = fields(method.arguments, _loaded(text))
    return Call(
        place=place,
        shape=shape,
        service="" if request.multiplexed is None else request.multiplexed or asked.rpartition(".")[2],
        service_name=asked,
        method=method,
        fields=found,
        arguments=text,
        notes=tuple(notes),
    )


def _shape(request: ThriftRequest, place: Place) -> Shape:
    """Transport and protocol; what is not said is found out where there is no IDL, and so nothing but to find out. Raises `usage`."""
    unsaid = "auto" if len(request.arguments) == 1 else None
    transport = request.transport or ("buffered" if place.is_http else unsaid) or "buffered"
    protocol = request.protocol or unsaid or "binary"
    if place.is_http and transport != "buffered":
        raise usage(f"--transport {transport} has no place in HTTP", "its content is the message itself: leave --transport out")
    if request.headers and not (place.is_http or transport == "header"):
        raise usage("-H is for THeader and for HTTP", "add --transport header, or give an http:// URL")
    if transport == "header" and protocol == "json":
        raise usage("--transport header carries binary or compact", "leave --protocol json out")
    if request.no_strict and protocol not in ("binary", "auto"):
        raise usage(f"--no-strict is a form of the binary protocol, not of {protocol}")
    return Shape(transport=transport, protocol=protocol)


def _arguments(request: ThriftRequest, words: tuple[str, ...]) -> str:
    """The arguments as JSON, as `-d` and the items say them: numbers stay as they were written."""
    if not words and request.data is None:
        return "{}"
    from rrcli.adapters.http.prepare.items import json_content, read_items, read_text
    from rrcli.base.jsontext import Verbatim

    text = request.data
    if text is not None and text.startswith("@"):
        text = read_text(text[1:])
    items = []
    for item in read_items(words):
        if item.separator not in ("=", ":="):
            raise usage(f"{item.name}{item.separator}{item.value[:60]} is no argument", "write name=text, name:=json or name.field=text")
        items.append(item.replace(name=_path(item.name)))
    if not items:
        return "{}" if text is None else text.strip()
    if text is not None:
        _loaded(text)
    return json_content(items, None if text is None else Verbatim(text.strip())).decode("utf-8", "surrogateescape")


def _path(name: str) -> str:
    r"""The path `a.b[0]` as HTTP's items write it, `a[b][0]`; what is a number there would be an index: `[\7]`."""
    head, *steps = name.split(".")
    for step in steps:
        key, bracket, rest = step.partition("[")
        head += f"[\\{key}]" if key.isdecimal() else f"[{key}]"
        head += bracket + rest
    return head


def _loaded(text: str) -> Any:
    from rrcli.base.jsontext import loads

    try:
        return loads(text)
    except ValueError as error:
        raise usage(f"-d {text[:60]!r} is no JSON: {error}", "write '{\"name\": 1}', or @FILE") from None


def shown_arguments(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words, with the password of a URL masked; nothing is guessed of the arguments."""
    from rrcli.policy.secrets import mask_url

    return (*map(mask_url, words[:1]), *words[1:])
