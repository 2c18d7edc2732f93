"""What an answer says, as JSON: read by the types of the WSDL, numbers exact, everything else as it was written."""

from __future__ import annotations

from rrcli.adapters.soap.lexical import base_name
from rrcli.adapters.soap.library import BROKEN
from rrcli.base.errors import malformed
from rrcli.base.jsontext import Verbatim

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.soap.library import Library, Operation
    from rrcli.codec.soap.multipart import Part

XSI_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
XOP_INCLUDE = "{http://www.w3.org/2004/08/xop/include}Include"
HINT = "--lax takes it all the same; -o FILE saves it as it is"


class Results:
    """Reads the body of answers to one operation. `notes` are what was taken though it does not fit, with `--lax`."""

    def __init__(self, library: Library, operation: Operation, parts: tuple[Part, ...] = ()) -> None:
        from zeep.xsd import ComplexType
        from zeep.xsd.valueobjects import CompoundValue

        self._library = library
        self._operation = operation
        self._parts = {part.id: part.data for part in parts}
        self._complex, self._compound = ComplexType, CompoundValue
        self.notes: list[str] = []
        self._element: Any = None  # of the body, which the result is read from

    def read(self, data: bytes) -> Any:
        """The result in an envelope. Raises `malformed` where it does not fit the schema."""
        from lxml.etree import LxmlError
        from zeep.exceptions import Error

        output = self._operation.output
        if output is None or output.body is None:
            return None
        try:
            with _Mistakes() as mistakes:
                value = self._parsed(output, data)
        except (Error, LxmlError, *BROKEN) as error:
            text = str(getattr(error, "message", None) or error) or type(error).__name__
            return self._instead(f"the answer does not fit the schema: {text}", data)
        if mistakes.found:
            self._strange(f"the answer has a value that is not of its type: {mistakes.found[0]}")
        return self._unwrapped(value, output.body.type)

    def detail(self, data: bytes, value: Any) -> Any:
        """The detail of a fault: elements that the schema declares as they are declared, all others as they came."""
        from lxml.etree import LxmlError
        from zeep.exceptions import Error

        if not isinstance(value, dict):
            return value
        found = dict(value)
        try:
            for element in _parse(data).iterfind(".//{*}Body/{*}Fault/*"):
                if _local(element.tag).lower() != "detail":
                    continue
                for child in element:
                    name = _local(child.tag)
                    if name in found and not isinstance(found[name], list):
                        declared = self._library.types.get_element(child.tag)
                        found[name] = self.to_json(declared.parse(child, self._library.types), declared.type)
        except (Error, LxmlError, *BROKEN):  # not declared, or otherwise than it came
            return value
        return found

    def _parsed(self, output: Any, data: bytes) -> Any:
        """zeep's value of the body."""
        from zeep.wsdl.messages.multiref import process_multiref
        from zeep.wsdl.messages.soap import RpcMessage

        body = next(child for child in _parse(data) if _local(child.tag) == "Body")
        if self._parts:
            self._fill_in(body)
        if isinstance(output, RpcMessage):
            process_multiref(body)  # type: ignore[no-untyped-call]
        wrapped = output.body.qname.namespace == self._operation.concrete.nsmap["soap-env"]
        element = body if wrapped else next(iter(body), None)
        self._element = element
        if element is None:
            self._strange("the body of the answer is empty, and the WSDL promises a result")
            return None
        if not wrapped and not isinstance(output, RpcMessage) and _local(element.tag) != output.body.name:
            self._strange(f"expected <{output.body.name}> in the body, got <{_local(element.tag)[:60]}>")
        return output.body.parse(element, self._library.types)

    def _fill_in(self, body: Any) -> None:
        """Put the parts where the body refers to them (XOP section 3.2)."""
        from binascii import b2a_base64
        from urllib.parse import unquote

        for reference in list(body.iter(XOP_INCLUDE)):
            data = self._parts.get(unquote((reference.get("href") or "").removeprefix("cid:")))
            holder = reference.getparent()
            if data is None or holder is None:
                self._strange(f"the answer refers to {(reference.get('href') or 'a part')[:60]!r}, which is not in it")
                continue
            holder.remove(reference)
            holder.text = b2a_base64(data, newline=False).decode()

    def _strange(self, message: str) -> None:
        """Raise `malformed`, or note it with `--lax`."""
        if not self._library.lax:
            raise malformed(message, HINT)
        self.notes.append(message)

    def _instead(self, message: str, data: bytes) -> Any:
        """With `--lax` the values without their types."""
        from rrcli.codec.soap.envelope import read_envelope, unwrapped

        self._strange(message)
        return unwrapped(read_envelope(data, with_content=True).content)

    def _unwrapped(self, value: Any, kind: Any) -> Any:
        """The value of a wrapper that has one element and nothing else is that element's; of one that is a list in turn, the list."""
        name, element = self._only(kind)
        if element is None or not self._holds(value, name):
            return self.to_json(value, kind)
        value, kind, outer = value[name], getattr(element, "type", None), name
        name, inner = self._only(kind)
        if inner is not None and inner.accepts_multiple and not element.accepts_multiple:
            if value is None and self._is_empty(outer):
                return []
            if self._holds(value, name):
                value, kind = value[name], getattr(inner, "type", None)
        return self.to_json(value, kind)

    def _is_empty(self, name: str) -> bool:
        """Whether an element of the wrapper is there without anything in it, and does not say that it is null."""
        found = [element for element in self._element if _local(element.tag) == name] if self._element is not None else []
        return bool(found) and found[0].get(XSI_NIL) not in ("true", "1")

    def _only(self, kind: Any) -> tuple[str, Any]:
        """The one element that a type has, if it has no more than that."""
        if not isinstance(kind, self._complex) or len(kind.elements) != 1 or kind.attributes or kind._array_type:
            return "", None
        name, element = kind.elements[0]
        return name, element

    def _holds(self, value: Any, name: str) -> bool:
        return isinstance(value, self._compound) and "_raw_elements" not in value and name in value

    def to_json(self, value: Any, kind: Any = None) -> Any:
        """zeep's value as JSON; `kind` is the type that it was read by, where that is known."""
        if isinstance(value, self._compound):
            return self._object(value, kind)
        if isinstance(value, list | tuple) and not (kind is not None and base_name(kind).startswith("g")):
            return [self.to_json(item, getattr(kind, "item_type", kind)) for item in value]
        if isinstance(value, dict):
            return {name: self.to_json(item) for name, item in value.items()}
        return leaf(value, kind)

    def _object(self, value: Any, kind: Any) -> dict[str, Any]:
        own = value._xsd_type
        members: dict[str, Any] = {}
        if kind is not None and own is not kind and isinstance(kind, self._complex) and own.qname != kind.qname:
            members["@type"] = own.qname.localname
        known = {**dict(own.elements), **dict(own.attributes)}
        for name in value:
            if name == "_raw_elements":
                self._extra(members, value[name])
            elif not (value[name] is None and name not in known):
                members[name] = self.to_json(value[name], getattr(known.get(name), "type", None))
        return members

    def _extra(self, members: dict[str, Any], elements: Any) -> None:
        """Elements that the schema does not have."""
        for element in elements or ():
            name = _local(element.tag)
            self.notes.append(f"an element that the schema does not have: {name[:60]}")
            members.setdefault(name, leaf(element, None))


class _Mistakes:
    """Collects what zeep logs of values that it could not read, and would drop."""

    def __init__(self) -> None:
        from logging import ERROR, Handler

        found = self.found = list[str]()

        class Collector(Handler):
            def emit(self, record: Any) -> None:
                found.append(str(record.exc_info[1] if record.exc_info else record.getMessage()))

        self._handler = Collector(ERROR)

    def __enter__(self) -> _Mistakes:
        from logging import getLogger

        getLogger("zeep.xsd").addHandler(self._handler)
        return self

    def __exit__(self, *_: object) -> None:
        from logging import getLogger

        getLogger("zeep.xsd").removeHandler(self._handler)


def leaf(value: Any, kind: Any) -> Any:
    """A simple value: a number with its digits, bytes as base64, an element as its values, everything else as text."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else {"nan": "NaN", "inf": "INF", "-inf": "-INF"}[str(value)]
    if isinstance(value, bytes):
        from binascii import b2a_base64

        return {"base64": b2a_base64(value, newline=False).decode()}
    if type(value).__name__ == "Decimal":
        text = f"{value:f}"
        return Verbatim(text) if value.is_finite() else text
    if hasattr(value, "tag"):
        return _element_value(value)
    if kind is not None and hasattr(kind, "xmlvalue") and base_name(kind):
        try:
            return str(kind.xmlvalue(value))
        except BROKEN:
            return str(value)
    return _date_text(value)


def _date_text(value: Any) -> str:
    if hasattr(value, "isoformat"):
        return str(value.isoformat()).replace("+00:00", "Z")
    if hasattr(value, "total_seconds") or hasattr(value, "tdelta"):
        import isodate

        return str(isodate.duration_isoformat(value))
    return str(value)


def _element_value(element: Any) -> Any:
    """An element that no type is known for."""
    from lxml.etree import tostring

    from rrcli.codec.soap.xml import Builder, read

    builder = Builder()
    read(tostring(element, with_tail=False), builder, "the answer")
    return builder.value


def _parse(data: bytes) -> Any:
    """An envelope that was read before: without a document type, and bounded."""
    from lxml.etree import XMLParser, fromstring

    parser = XMLParser(remove_comments=True, remove_pis=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    return fromstring(data, parser)


def _local(tag: Any) -> str:
    return str(tag).rpartition("}")[2]
