"""The words of `rrcli dns NAME [TYPE...] [@SERVER...]`, in any order: which questions they ask, and of whom."""

from __future__ import annotations

from rrcli.codec import dnsname
from rrcli.codec.dnstables import AXFR, IN, IXFR, TYPES, class_name, class_number, type_name, type_number
from rrcli.errors import usage
from rrcli.options import suggestion
from rrcli.record import Record
from rrcli.url import host_port, split_host, split_url, unquote
from rrcli.wire.resolve import literal_family, to_ascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.dns import DnsRequest

PORT = 53
A, PTR = 1, 12
SCHEMES = ("udp", "tcp")
RESOLV_CONF = "/etc/resolv.conf"
_PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~*"


class Question(Record):
    """One question to one server. `name` is ASCII, with a final dot and the escapes of zone files."""

    name: str
    kind: int
    of_class: int
    host: str
    port: int
    transport: str  # udp | tcp

    @property
    def server(self) -> str:
        return host_port(self.host, self.port)

    @property
    def type(self) -> str:
        return type_name(self.kind)

    @property
    def url(self) -> str:
        """RFC 4501: `dns://SERVER/NAME?type=MX`."""
        of_class = "" if self.of_class == IN else f"class={class_name(self.of_class)};"
        name = self.name if self.name == "." else self.name.removesuffix(".")
        quoted = "".join(letter if letter in _PLAIN else f"%{ord(letter):02X}" for letter in name)
        return f"dns://{self.server}/{quoted}?{of_class}type={self.type}"

    def words(self, transport: str) -> tuple[str, ...]:
        """The words that ask just this."""
        return self.name, f"TYPE{self.kind}", f"CLASS{self.of_class}", f"@{transport}://{self.server}"


class _Words:
    """The words sorted by what they are."""

    def __init__(self, request: DnsRequest) -> None:
        self.names: list[str] = []
        self.types: list[int] = []
        self.classes: list[int] = [] if request.of_class is None else [request.of_class]
        self.servers: list[str] = []
        for word in request.words:
            self._sort(word)

    def _sort(self, word: str) -> None:
        if word.startswith("@"):
            self.servers.append(word[1:])
        elif "://" in word:
            self._url(word)
        elif (of_class := class_number(word)) is not None:
            self.classes.append(of_class)
        elif (kind := type_number(word)) is not None:
            self.types.append(kind)
        else:
            self.names.append(word)

    def _url(self, text: str) -> None:
        """`dns://[SERVER[:PORT]]/NAME?class=IN;type=A` (RFC 4501 §3)."""
        url = split_url(text)
        if url.scheme != "dns" or url.user is not None:
            raise usage(f"{text!r} is neither a name nor a dns URL", "a URL is dns://SERVER/NAME?type=MX, a server @tcp://SERVER")
        if url.host:
            self.servers.append(host_port(url.host, url.port))
        if name := unquote(url.path[1:]):
            self.names.append(name)
        for part in (url.query or "").replace("&", ";").split(";"):
            key, _, value = part.partition("=")
            read = {"class": class_number, "type": type_number}.get(key.lower())
            number = read(value) if read else None
            if part and number is None:
                raise usage(f"{part!r} means nothing in {text!r}", "a dns URL ends in ?type=TYPE or ?class=CLASS;type=TYPE")
            if number is not None:
                (self.types if key.lower() == "type" else self.classes).append(number)


def questions(request: DnsRequest) -> list[Question]:
    """Every question that the words ask, each type of each server, in their order. Raises `usage`."""
    words = _Words(request)
    name = _name(words, reverse=request.reverse)
    if len(words.classes) > 1:
        raise usage(f"a question has one class, got {' and '.join(map(class_name, words.classes))}")
    of_class = words.classes[0] if words.classes else IN
    kinds = words.types or [PTR if request.reverse else A]
    servers = [_server(text, request) for text in words.servers or [system_server()]]
    return [_question(name, kind, of_class, server, request) for kind in kinds for server in servers]


def _question(name: str, kind: int, of_class: int, server: tuple[str | None, str, int], request: DnsRequest) -> Question:
    scheme, host, port = server
    if kind == IXFR:
        raise usage("IXFR asks for what changed since a serial number, which cannot be given here", "AXFR fetches the whole zone")
    if scheme == "udp" and (request.tcp or kind == AXFR):
        raise usage(f"{'--tcp' if request.tcp else 'AXFR'} and a udp:// server exclude each other", "leave the scheme out")
    transport = scheme or ("tcp" if request.tcp or request.unix_socket or kind == AXFR else "udp")
    return Question(name=name, kind=kind, of_class=of_class, host=host, port=port, transport=transport)


def _name(words: _Words, *, reverse: bool) -> str:
    """The one name among the words, as it is asked for."""
    if not words.names:
        raise usage("which name?", "write NAME [TYPE...] [@SERVER...]; a name that is also a type or class ends in a dot: mx.")
    if len(words.names) > 1:
        odd = words.names[-1]
        raise usage(f"dns takes one NAME, got {' and '.join(words.names)}", f"{odd} is no type{suggestion(odd.upper(), list(TYPES))}")
    text = words.names[0]
    if reverse:
        return reverse_name(text)
    ascii_name = to_ascii(text)
    try:
        return dnsname.read(dnsname.to_wire(ascii_name), 0)[0]
    except ValueError as error:
        raise usage(f"{text!r} is no domain name: {error}", "the root is written . (a dot)" if not text else None) from None


def reverse_name(address: str) -> str:
    """The name at which the name of an address stands (RFC 1035 §3.5, RFC 3596 §2.5)."""
    from _socket import AF_INET, inet_pton

    family = literal_family(address)
    if family is None or "%" in address:
        raise usage(f"{address!r} is no address", "-x takes 192.0.2.1 or 2001:db8::1")
    packed = inet_pton(family, address)
    if family == AF_INET:
        return ".".join(str(byte) for byte in reversed(packed)) + ".in-addr.arpa."
    return ".".join(reversed(packed.hex())) + ".ip6.arpa."


def _server(text: str, request: DnsRequest) -> tuple[str | None, str, int]:
    """Scheme (or `None`), host and port of `[udp://|tcp://]HOST[:PORT]`."""
    scheme, separator, place = text.rpartition("://")
    if separator and scheme.lower() not in SCHEMES:
        raise usage(f"@{text}: no way to ask over {scheme!r}; known are {' and '.join(f'{name}://' for name in SCHEMES)}")
    host, port = split_host(place.removesuffix("/") if separator else place, request.port or PORT)
    if not host or port is None or "/" in host:
        raise usage(f"@{text} names no server", "write @192.0.2.1, @[2001:db8::1]:53, @tcp://HOST:PORT")
    return scheme.lower() or None, host, port


def system_server() -> str:
    """The first name server that the system asks; this machine when it names none (resolv.conf(5))."""
    try:
        with open(RESOLV_CONF, encoding="utf-8", errors="replace") as file:
            return first_nameserver(file.read())
    except OSError:
        return first_nameserver("")


def first_nameserver(resolv_conf: str) -> str:
    """The first `nameserver` line's address, an IPv6 one in brackets."""
    for line in resolv_conf.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            return host_port(words[1], None)
    return "127.0.0.1"
