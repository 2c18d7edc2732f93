"""All that loads zeep: what a WSDL and its schemas mean. It gets the documents that are there, and fetches nothing itself."""

from __future__ import annotations

from rrcli.adapters.soap.documents import shown_url
from rrcli.base.errors import ExchangeError, malformed, usage
from rrcli.base.record import Record
from rrcli.base.url import without_userinfo
from rrcli.codec.soap.wsdl import line_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from rrcli.adapters.soap.documents import Document

# What zeep and lxml raise for documents that they do not understand; zeep walks into its own mistakes there, too.
BROKEN = (LookupError, AttributeError, TypeError, ValueError, AssertionError, NotImplementedError, RecursionError)
SHOWN = 20  # names in a message


def require_zeep() -> None:
    """Raise `usage` without the extra that has the library; it is loaded later, once there is something for it to read."""
    from importlib.util import find_spec

    if find_spec("zeep") is None:
        raise usage("soap needs the module zeep", "pip install 'rrcli[soap]'; --envelope FILE needs none")


class Operation(Record):
    """An operation as one port has it. `concrete` is zeep's, `address` what the WSDL says of where it is."""

    name: str
    service: str
    port: str
    version: str
    action: str | None
    address: str | None
    concrete: Any

    @property
    def output(self) -> Any:
        """The message of its answer, `None` of a one-way operation."""
        found = self.concrete.output
        return found if found is not None and self.concrete.abstract.output_message is not None else None


class Library:
    """A WSDL understood. `types` is zeep's schema, `notes` what it passed over. Raises `malformed` for what cannot be understood."""

    def __init__(self, documents: Mapping[str, Document], *, lax: bool = False) -> None:
        self.root = next(iter(documents.values())).url
        self.lax = lax
        self.notes: list[str] = []
        self.enumerations: dict[tuple[str, str], tuple[str, ...]] = {}
        for document in documents.values():
            self.enumerations.update(document.enumerations)
        self.wsdl = self._loaded(documents)
        self.types = self.wsdl.types
        self.operations = list(self._operations())
        if not self.operations:
            raise ExchangeError("protocol", "unsupported", f"{shown_url(self.root)} has no operation of SOAP over HTTP")

    def _loaded(self, documents: Mapping[str, Document]) -> Any:
        import warnings

        from lxml.etree import LxmlError
        from zeep.exceptions import Error
        from zeep.settings import Settings
        from zeep.wsdl import Document as Wsdl

        settings = Settings(strict=not self.lax, force_https=False, xml_huge_tree=True, forbid_dtd=True)
        location = next(iter(documents))
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                wsdl = Wsdl(location, _Documents(documents), settings=settings)  # type: ignore[arg-type]  # `load` is all it asks
        except (Error, LxmlError, *BROKEN) as error:
            raise _not_understood(error, documents) from error
        self.notes += dict.fromkeys(str(warning.message) for warning in caught)
        return wsdl

    def _operations(self) -> Iterator[Operation]:
        from zeep.wsdl.bindings import Soap11Binding, Soap12Binding

        for service in self.wsdl.services.values():
            for port in service.ports.values():
                version = {Soap11Binding: "1.1", Soap12Binding: "1.2"}.get(type(port.binding))
                if version is None:
                    continue
                for name, concrete in port.binding.all().items():
                    address = (port.binding_options or {}).get("address")
                    yield Operation(
                        name=name, service=service.name, port=port.name, version=version, action=concrete.soapaction, address=address,
                        concrete=concrete,
                    )  # fmt: skip

    def chosen(self, *, service: str | None, port: str | None, version: str | None) -> list[Operation]:
        """The operations of the service, the port and the version that are asked for; without a version 1.1 comes first.

        Raises `usage` where the WSDL has none such.
        """
        found = self.operations
        for what, name in (("service", service), ("port", port)):
            if name is not None:
                known = list(dict.fromkeys(getattr(each, what) for each in found))
                found = [each for each in found if getattr(each, what) == name]
                if not found:
                    raise _no_such(f"the WSDL has no {what} {name}", name, known)
        if version is None:
            return sorted(found, key=lambda each: each.version)  # stable: else in the order of the WSDL
        having = [each for each in found if each.version == version]
        if not having:
            raise usage(f"the WSDL has no port of SOAP {version}", f"it has SOAP {', '.join(sorted({each.version for each in found}))}")
        return having

    def operation(self, name: str, **wanted: str | None) -> Operation:
        """The operation of that name. Raises `usage`, with the nearest one, where there is none, `malformed` where that was passed over."""
        among = self.chosen(service=wanted.get("service"), port=wanted.get("port"), version=wanted.get("version"))
        found = next((each for each in among if each.name == name), None)
        if found is None:
            if broken := next((note for note in self.notes if f"'{name}'" in note or f"}}{name}'" in note), None):
                raise malformed(f"{shown_url(self.root)}: {broken}", "the WSDL is wrong there; --envelope FILE calls without it")
            raise _no_such(f"there is no operation {name}", name, list(dict.fromkeys(each.name for each in among)))
        return found


def _no_such(message: str, name: str, known: list[str]) -> ExchangeError:
    from rrcli.options.parse import suggestion

    listed = ", ".join(known[:SHOWN]) + (", …" if len(known) > SHOWN else "")
    return usage(f"{message}{suggestion(name, known)}", f"there are {listed}" if known else None)


class _Documents:
    """What zeep takes for its transport: the documents, and nothing else."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._documents = documents

    def load(self, url: str) -> bytes:
        """A document by its URL. Raises `malformed` for one that nobody has named."""
        from rrcli.adapters.soap.builtin import BUILTIN

        key = url.partition("#")[0]
        if key in self._documents:
            return self._documents[key].data
        if key in BUILTIN:
            return BUILTIN[key]
        raise malformed(f"the WSDL refers to {without_userinfo(url)[:200]}, which is nothing that it imports")


def _not_understood(error: Exception, documents: Mapping[str, Document]) -> ExchangeError:
    """What is wrong with the documents, and where: file and line as far as anybody can tell."""
    text = str(getattr(error, "message", None) or error) or type(error).__name__
    where = _place(error, text, documents)
    if isinstance(error, NotImplementedError):
        return ExchangeError("protocol", "unsupported", f"{where}: {text}")
    if isinstance(error, KeyError | AttributeError | TypeError | AssertionError):
        text = f"it is not complete, or refers to what is not there ({type(error).__name__}: {text})"
    return malformed(f"{where}: {text}", "the WSDL or a schema of it is wrong there; --envelope FILE calls without it")


def _place(error: Exception, text: str, documents: Mapping[str, Document]) -> str:
    """FILE, line N: where the library says, else where the name that it misses stands first."""
    line = getattr(error, "sourceline", None)
    name = getattr(error, "filename", None) or getattr(error, "location", None)
    qname = getattr(error, "qname", None)
    missed = qname.localname if qname is not None else _quoted(text)
    candidates = [document for document in documents.values() if name in (None, document.key)] or list(documents.values())
    if line is None and missed:
        for document in [*candidates, *documents.values()]:
            if found := line_of(document.data, missed):
                return f"{shown_url(document.url)}, line {found}"
    where = shown_url(candidates[0].url)
    return f"{where}, line {line}" if line else where


def _quoted(text: str) -> str:
    """The local part of the first name that a message has in braces or in quotes."""
    _, brace, rest = text.partition("{")
    if brace and "}" in rest:
        return rest.partition("}")[2].replace("'", " ").replace('"', " ").replace(")", " ").replace(",", " ").partition(" ")[0]
    for quote in ("'", '"'):
        if text.count(quote) >= 2:
            return text.split(quote)[1].rpartition(":")[2]
    return ""
