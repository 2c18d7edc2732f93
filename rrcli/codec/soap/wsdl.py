"""What of a WSDL or a schema has to be known before a library reads it: that it is one, what it imports, and what is enumerated.

WSDL 1.1 section 2.1.1, XML Schema part 1 section 4.2. What the documents mean is not read here.
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, malformed
from rrcli.base.record import Record
from rrcli.codec.soap.xml import Place, Visitor, local, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.codec.soap.xml import Names

WSDL = "http://schemas.xmlsoap.org/wsdl/"
WSDL_2 = "http://www.w3.org/ns/wsdl"
XSD = "http://www.w3.org/2001/XMLSchema"
MOST_VALUES = 100_000  # of enumerations, in one document


class Import(Record):
    """A document that another one names, with the line where it does."""

    location: str
    line: int


class Scan(Record):
    """`enumerations`: what a simple type may be, by the namespace and the name of the type or of what has it."""

    imports: tuple[Import, ...]
    enumerations: dict[tuple[str, str], tuple[str, ...]]


class _Scan(Visitor):
    def __init__(self, what: str, *, root: bool) -> None:
        self.imports: list[Import] = []
        self.enumerations: dict[tuple[str, str], tuple[str, ...]] = {}
        self.place = Place()
        self._what = what
        self._is_root = root
        self._began = False
        self._open: list[tuple[str, str]] = []  # each open element and the name that it has
        self._namespaces: list[str] = []  # of the schemas that are open
        self._values: list[str] = []
        self._count = 0

    def start(self, name: str, attributes: Names, at: int) -> None:  # noqa: ARG002
        if not self._began:
            self._refuse_root(name)
            self._began = True
        if name == f"{WSDL} import" and attributes.get("location"):
            self.imports.append(Import(location=attributes["location"].strip(), line=self.place.line))
        elif name in (f"{XSD} import", f"{XSD} include", f"{XSD} redefine") and attributes.get("schemaLocation"):
            self.imports.append(Import(location=attributes["schemaLocation"].strip(), line=self.place.line))
        elif name == f"{XSD} schema":
            self._namespaces.append(attributes.get("targetNamespace", ""))
        elif name == f"{XSD} simpleType":
            self._values = []
        elif name == f"{XSD} enumeration" and self._count < MOST_VALUES:
            self._values.append(attributes.get("value", ""))
            self._count += 1
        self._open.append((name, attributes.get("name", "")))

    def end(self, name: str, at: int) -> None:  # noqa: ARG002
        own = self._open.pop()[1]
        if name == f"{XSD} schema":
            self._namespaces.pop()
        elif name == f"{XSD} simpleType" and self._values and self._namespaces:
            key = self._namespaces[-1], own or (self._open[-1][1] if self._open else "")
            # Two types without a name of their own may be called alike: then nothing is known of either.
            known = self.enumerations.get(key)
            self.enumerations[key] = tuple(self._values) if known in (None, tuple(self._values)) else ()
            self._values = []

    def _refuse_root(self, name: str) -> None:
        """Raise for what is no document of WSDL or XML Schema."""
        namespace = name.rpartition(" ")[0]
        if name == f"{WSDL} definitions" or (not self._is_root and namespace == XSD):
            return
        if namespace == WSDL_2:
            raise ExchangeError("protocol", "unsupported", f"{self._what} is a WSDL 2.0, of which almost no service has one",
                                hint="the service may have one of version 1.1: ?wsdl in place of ?wsdl2")  # fmt: skip
        if local(name) == "Envelope":
            raise malformed(f"{self._what} is a SOAP envelope, and no WSDL", "the WSDL's URL mostly ends with ?wsdl")
        kind = "WSDL" if self._is_root else "WSDL and no XML Schema"
        raise malformed(f"{self._what} is XML with the root <{local(name)[:60]}>, and no {kind}", "the WSDL's URL mostly ends with ?wsdl")


def scan(data: bytes, what: str, *, root: bool = True) -> Scan:
    """Look through a document that `normalized` has made; `root` is a WSDL, others may be schemas too.

    Raises `malformed`, with the line where there is one, `too_large` or `unsupported`.
    """
    visitor = _Scan(what, root=root)
    read(data, visitor, what, visitor.place)
    return Scan(imports=tuple(visitor.imports), enumerations=visitor.enumerations)


def line_of(data: bytes, name: str) -> int | None:
    """The line of a document in which something of that local name is first used or made: `…="prefix:name"`."""
    found = [at for mark in (f':{name}"', f'"{name}"', f":{name}'", f"'{name}'") if (at := data.find(mark.encode())) >= 0]
    return data.count(b"\n", 0, min(found)) + 1 if found else None
