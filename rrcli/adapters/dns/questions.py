"""The words of `rrcli dns NAME [TYPE...] [@SERVER...]`, in any order: which questions they ask, and of whom."""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.base.record import Record
from rrcli.base.url import host_port, literal_family, split_host, split_url, unquote
from rrcli.codec.dns import name as dnsname
from rrcli.codec.dns.tables import AXFR, IN, IXFR, TYPES, class_name, class_number, type_name, type_number
from rrcli.options.parse import suggestion
from rrcli.wire.resolve import to_ascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.dns.request import DnsRequest

A, PTR = 1, 12
SCHEMES = {"udp": 53, "tcp": 53, "tls": 853, "https": 443, "quic": 853}  # with the port of each (RFC 7858, 8484, 9250)
DOH_PATH = "/dns-query"
RESOLV_CONF = "/etc/resolv.conf"
MOST_SERVERS = 3  # of resolv.conf that the system asks
_PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~*"


class Question(Record):
    """One question to one server. `name` is ASCII, with a final dot and the escapes of zone files."""

    name: str
    kind: int
    of_class: int
    host: str
    port: int
    transport: str  # a key of SCHEMES
    path: str = ""  # of an https server
    others: tuple[str, ...] = ()  # names to ask for when this one does not exist
    spare: tuple[str, ...] = ()  # hosts to ask when this one does not answer: the system's other name servers

    @property
    def server(self) -> str:
        return host_port(self.host, self.port)

    @property
    def type(self) -> str:
        return type_name(self.kind)

    @property
    def url(self) -> str:
        """RFC 4501: `dns://SERVER/NAME?type=MX`; of a server asked over HTTPS its own."""
        if self.transport == "https":
            return f"https://{host_port(self.host, None if self.port == SCHEMES['https'] else self.port)}{self.path}"
        of_class = "" if self.of_class == IN else f"class={class_name(self.of_class)};"
        name = self.name if self.name == "." else self.name.removesuffix(".")
        quoted = "".join(letter if letter in _PLAIN else f"%{ord(letter):02X}" for letter in name)
        return f"dns://{self.server}/{quoted}?{of_class}type={self.type}"

    def arguments(self, name: str) -> tuple[str, ...]:
        """The arguments that ask just this, of a name as the user wrote it."""
        if class_number(name) is not None or type_number(name) is not None:
            name = f"dns:///{name}"
        of_whom = () if self.spare else (f"@{self.transport}://{self.server}{self.path}",)
        return name, f"TYPE{self.kind}", f"CLASS{self.of_class}", *of_whom


class _Words:
    """The words sorted by what they are."""

    def __init__(self, request: DnsRequest) -> None:
        self.names: list[str] = []
        self.types: list[int] = []
        self.classes: list[int] = [] if request.of_class is None else [request.of_class]
        self.servers: list[str] = []
        for word in request.arguments:
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


def questions_of(request: DnsRequest) -> list[Question]:
    """Every question that the words ask, each type of each server, in their order. Raises `usage`."""
    words = _Words(request)
    first, *others = _names(words, request)
    if len(words.classes) > 1:
        raise usage(f"a question has one class, got {' and '.join(map(class_name, words.classes))}")
    of_class = words.classes[0] if words.classes else IN
    kinds = words.types or [PTR if request.reverse else A]
    servers = [server_of(text, request.port) for text in words.servers] or [_system_server(request)]
    found = [_question(first, kind, of_class, server, request) for kind in kinds for server in servers]
    return [question.replace(others=tuple(others)) for question in found]


def keyed(arguments: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, list[str]]]:
    """The words of the name, and those of the types and of the servers under their keys; in each list in their order."""
    names: list[str] = []
    found: dict[str, list[str]] = {"types": [], "servers": []}
    for word in arguments:
        is_type = "://" not in word and (class_number(word) is not None or type_number(word) is not None)
        (found["servers"] if word[:1] == "@" else found["types"] if is_type else names).append(word)
    return tuple(names), {key: words for key, words in found.items() if words}


def at_server(arguments: tuple[str, ...], server: str) -> tuple[str, ...]:
    """The words, to be asked of another server."""
    scheme, separator, place = server.partition("://")
    place = server if separator and scheme.lower() in SCHEMES else place.partition("/")[0] if separator else server
    return (*(word for word in arguments if word[:1] != "@"), f"@{place.removeprefix('@')}")


def name_in(request: DnsRequest) -> str:
    """The name among the arguments, as the user wrote it."""
    return _Words(request).names[0]


def _question(name: str, kind: int, of_class: int, server: Question, request: DnsRequest) -> Question:
    """The question to `server`, whose transport is empty where its words do not say."""
    if kind == IXFR:
        raise usage("IXFR asks for what changed since a serial number, which cannot be given here", "AXFR fetches the whole zone")
    if server.transport == "udp" and (request.tcp or kind == AXFR):
        raise usage(f"{'--tcp' if request.tcp else 'AXFR'} and a udp:// server exclude each other", "leave the scheme out")
    if server.transport == "https" and kind == AXFR:
        raise usage("AXFR and an https:// server exclude each other: one answer is one message there", "write @tcp:// or @tls://")
    if server.transport == "quic" and kind == AXFR:
        raise usage("AXFR is fetched over tcp:// or tls://, not over quic://", "write @tcp:// or @tls://")
    transport = server.transport or ("tcp" if request.tcp or request.unix_socket or kind == AXFR else "udp")
    return server.replace(name=name, kind=kind, of_class=of_class, transport=transport)


def _names(words: _Words, request: DnsRequest) -> list[str]:
    """The name to ask for; with `--search` all that it may stand for, in the order to try them."""
    name = _name(words, reverse=request.reverse)
    if not request.search or request.reverse or words.names[0].endswith("."):
        return [name]
    found = []
    for domain in searched(name, _resolv_conf()):
        try:
            found.append(dnsname.read(dnsname.to_wire(to_ascii(domain)), 0)[0])
        except ValueError:
            continue  # too long together: the system leaves it out as well
    return found


def searched(name: str, resolv_conf: str) -> list[str]:
    """The absolute `name`, and with the domains of the search list behind it; first as it is if it has `ndots` dots (resolv.conf(5))."""
    domains: list[str] = []
    ndots = 1
    for line in resolv_conf.splitlines():
        key, *values = line.split() or [""]
        if key in ("search", "domain"):
            domains = values
        for value in values if key == "options" else ():
            if value.startswith("ndots:") and value[6:].isdecimal():
                ndots = min(int(value[6:]), 15)
    longer = [name if domain == "." else f"{name}{domain.rstrip('.')}." for domain in domains]
    return list(dict.fromkeys([name, *longer] if name.count(".") - 1 >= ndots else [*longer, name]))


def _name(words: _Words, *, reverse: bool) -> str:
    """The one name among the words, as it is asked for."""
    if not words.names:
        raise usage("which name?", "write NAME [TYPE...] [@SERVER...]; a name that is also a type or class ends in a dot: mx.")
    if len(words.names) > 1:
        odd = words.names[-1]
        if plus := next((word for word in words.names if word.startswith("+")), None):
            from rrcli.adapters.dns.plus import unknown

            raise unknown(plus)
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


def server_of(text: str, default_port: int | None = None) -> Question:
    """A question still without its name, to `[SCHEME://]HOST[:PORT][/PATH]`. Raises `usage`."""
    scheme, separator, place = text.rpartition("://")
    scheme = scheme.lower()
    if separator and scheme not in SCHEMES:
        raise usage(f"@{text}: no way to ask over {scheme!r}; known are {', '.join(f'{name}://' for name in SCHEMES)}")
    place, slash, path = place.partition("/") if separator else (place, "", "")
    host, port = split_host(place, default_port or SCHEMES[scheme or "udp"])
    if not host or port is None or "/" in host or (path and scheme != "https"):
        raise usage(f"@{text} names no server", "write @192.0.2.1, @[2001:db8::1]:53, @tcp://HOST:PORT, @https://HOST/dns-query")
    path = (slash + path if path else DOH_PATH) if scheme == "https" else ""
    return Question(name="", kind=0, of_class=0, host=host, port=port, transport=scheme, path=path.removesuffix("{?dns}"))


def _system_server(request: DnsRequest) -> Question:
    """A question to the name servers that the system asks: the first one, the others in its stead."""
    first, *others = name_servers(_resolv_conf())
    return server_of(host_port(first, None), request.port).replace(spare=tuple(others))


def _resolv_conf() -> str:
    try:
        with open(RESOLV_CONF, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def name_servers(resolv_conf: str) -> list[str]:
    """The addresses of the `nameserver` lines, as many as the system takes; this machine when there is none (resolv.conf(5))."""
    lines = [line.split() for line in resolv_conf.splitlines()]
    found = [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"]
    return list(dict.fromkeys(found[:MOST_SERVERS])) or ["127.0.0.1"]
