"""Arguments given as JSON, made into what zeep writes as XML: each text read by the type that the schema has for it.

zeep itself writes whatever it gets; so names, numbers of elements and lexical forms are checked here (XML Schema part 2, section 3).
"""

from __future__ import annotations

from rrcli.adapters.soap.lexical import lexical
from rrcli.base.errors import ExchangeError, usage
from rrcli.base.jsontext import Digits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.adapters.soap.library import Library

DEEPEST = 60
SHOWN = 20


class Reader:
    """Reads values by the types of one library."""

    def __init__(self, library: Library, operation: str) -> None:
        from zeep.xsd import AnySimpleType, AnyType, Choice, ComplexType, Element, Group
        from zeep.xsd.const import Nil

        self._library = library
        self._name = operation
        self._types = AnySimpleType, AnyType
        self._complex, self._element, self._choice, self._group, self._nil = ComplexType, Element, Choice, Group, Nil

    def body(self, message: Any, given: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Positional and named arguments of a message. Raises `usage` for what the schema does not take."""
        body = message.body
        if body is None:
            if given:
                raise usage(f"{self._name} takes no arguments")
            return (), {}
        if not isinstance(body.type, self._complex):
            name = body.attr_name or body.name
            value = given.get(name, given.get("value")) if isinstance(given, dict) else given
            unknown = [key for key in given if key not in (name, "value")] if isinstance(given, dict) else []
            if unknown:
                raise _unknown(self._name, unknown[0], [name])
            if value is None:
                raise usage(f"{name} is missing", f"write {name}=…")
            return (self.value(body.type, value, name),), {}
        if not isinstance(given, dict):
            raise usage("the arguments are a JSON object", '{"name": value}')
        values = self.members(body.type, given, "", 0)
        return (), values

    def value(self, kind: Any, value: Any, path: str, depth: int = 0) -> Any:
        """A value of a type. Raises `usage`."""
        if depth > DEEPEST:
            raise usage(f"{path[:60]}… is nested too deeply")
        if not isinstance(kind, self._complex):
            return lexical(kind, value, path, self._library.enumerations)
        if isinstance(value, dict) and "@type" in value:
            kind, value = self._named_type(value["@type"], path), {key: item for key, item in value.items() if key != "@type"}
        if kind._array_type:  # of SOAP's encoding
            values = value if isinstance(value, list) else [value]
            return kind([self.value(kind._array_type.array_type, item, f"{path}[{at}]", depth + 1) for at, item in enumerate(values)])
        simple = self._simple_content(kind)
        if simple is not None and not isinstance(value, dict):
            return kind(**{simple[0]: self.value(simple[1].type, value, path, depth + 1)})
        if not isinstance(value, dict):
            names = ", ".join(name for name, _ in kind.elements[:SHOWN]) or "no members"
            raise usage(f"{path} takes an object with {names}, and not {_shown(value)}", f"write {path}.NAME=…, or {path}:={{…}}")
        if simple is not None and "#text" in value:
            value = {simple[0] if key == "#text" else key: item for key, item in value.items()}
        return kind(**self.members(kind, value, path, depth))

    def _simple_content(self, kind: Any) -> tuple[str, Any] | None:
        """Name and element of the text of a type that has text and attributes."""
        nested = kind.elements_nested
        if nested and isinstance(nested[0][1], self._element) and isinstance(nested[0][1].type, self._types[0]):
            return nested[0][0], nested[0][1]
        return None

    def _named_type(self, name: Any, path: str) -> Any:
        """The type that stands for another one (`xsi:type`)."""
        known = {each.qname.localname: each for each in self._library.types.types if each.qname is not None}
        found = known.get(str(name).rpartition(":")[2])
        if not isinstance(found, self._complex):
            raise _unknown(f"{path}.@type", str(name), list(known))
        return found

    def members(self, kind: Any, given: dict[str, Any], path: str, depth: int) -> dict[str, Any]:
        """The members of an object, each by its element or attribute."""
        elements, attributes = dict(kind.elements), dict(kind.attributes)
        found: dict[str, Any] = {}
        for key, item in given.items():
            inner = f"{path}.{key}" if path else key
            name = key[1:] if key.startswith("@") and key[1:] in attributes else key
            if name in elements and not (key.startswith("@")):
                self._put(found, name, elements[name], item, inner, depth)
            elif name in attributes and attributes[name].type is not None:
                found[name] = lexical(attributes[name].type, item, inner, self._library.enumerations)
            else:
                raise _unknown(path or self._name, key, [*elements, *attributes])
        for missing in self._missing(kind.elements_nested, found):
            raise usage(f"{f'{path}.{missing}' if path else missing} is missing", "--template shows all that OPERATION takes")
        for name, attribute in attributes.items():
            if getattr(attribute, "required", False) and name not in found:
                raise usage(f"{f'{path}.@{name}' if path else f'@{name}'} is missing")
        return found

    def _put(self, found: dict[str, Any], name: str, element: Any, item: Any, path: str, depth: int) -> None:
        """One element, or several of one name."""
        if not isinstance(element, self._element):
            found[name] = self._wild(element, item, path, depth)
            return
        if not element.accepts_multiple:
            if isinstance(item, list) and not self._takes_list(element.type):
                raise usage(f"{path} takes one value, and {len(item)} are given")
            value = self._one(element, item, path, depth)
        else:
            items = item if isinstance(item, list) else [item]
            if isinstance(element.max_occurs, int) and len(items) > element.max_occurs:
                raise usage(f"{path} takes at most {element.max_occurs} values, and {len(items)} are given")
            if len(items) < element.min_occurs:
                raise usage(f"{path} takes at least {element.min_occurs} values, and {len(items)} are given")
            value = [self._one(element, each, f"{path}[{at}]", depth) for at, each in enumerate(items)]
        if value is not None:
            found[name] = value

    def _takes_list(self, kind: Any) -> bool:
        return bool(getattr(kind, "_array_type", None)) or hasattr(kind, "item_type")

    def _one(self, element: Any, item: Any, path: str, depth: int) -> Any:
        if item is not None:
            return self.value(element.type, item, path, depth + 1)
        if element.nillable:
            return self._nil
        if element.is_optional:
            return None
        raise usage(f"{path} cannot be null")

    def _wild(self, element: Any, item: Any, path: str, depth: int) -> Any:
        """What stands for any element, as XML text, or the rounds of a group that is repeated."""
        rounds = item if isinstance(item, list) else [item]
        if not hasattr(element, "elements"):
            return [_element(each, path) for each in rounds] if element.accepts_multiple else _element(rounds[0], path)
        known = dict(element.elements)
        result = []
        for at, each in enumerate(rounds):
            if not isinstance(each, dict):
                raise usage(f"{path}[{at}] takes an object with some of {', '.join(list(known)[:SHOWN])}")
            values: dict[str, Any] = {}
            for key, value in each.items():
                if key not in known:
                    raise _unknown(f"{path}[{at}]", key, list(known))
                self._put(values, key, known[key], value, f"{path}[{at}].{key}", depth + 1)
            result.append(values)
        return result

    def _missing(self, nested: Any, found: dict[str, Any]) -> Iterator[str]:
        """The elements that have to be there and are not; of a choice nobody can say which."""
        for name, element in nested:
            if isinstance(element, self._element):
                if not element.is_optional and not element.nillable and element.default is None and name not in found:
                    yield name
            elif isinstance(element, self._choice) or element.accepts_multiple or not hasattr(element, "elements"):
                continue
            elif element.min_occurs or any(inner in found for inner, _ in element.elements):
                child = element.child if isinstance(element, self._group) else element
                yield from self._missing(child.elements_nested, found)


def _unknown(path: str, key: str, known: list[str]) -> ExchangeError:
    from rrcli.options.parse import suggestion

    names = ", ".join(known[:SHOWN]) + (", …" if len(known) > SHOWN else "")
    return usage(f"{path} has no {key}{suggestion(key, known)}", f"it has {names}" if known else "it takes no arguments")


def _element(text: Any, path: str) -> Any:
    """An element that is given as XML."""
    if not isinstance(text, str) or not text.lstrip().startswith("<"):
        raise usage(f"{path} takes an element, written as XML", f"{path}='<a xmlns=\"…\">…</a>'")
    return element_of(text, path)


def element_of(text: str, what: str) -> Any:
    """An element of lxml. Raises `usage` for what is no XML, or has a document type."""
    from lxml.etree import XMLParser, fromstring

    from rrcli.codec.soap.xml import Visitor, read

    data = text.strip().encode("utf-8", "surrogatepass")
    try:
        read(data, Visitor(), what)
    except ExchangeError as error:
        raise usage(error.message, error.hint) from None
    return fromstring(data, XMLParser(resolve_entities=False, no_network=True, load_dtd=False))


def _shown(value: Any) -> str:
    if isinstance(value, Digits):
        return str(value)
    text = repr(value) if isinstance(value, str) else "a list" if isinstance(value, list) else str(value).lower()
    return text if len(text) <= 60 else f"{text[:59]}…"
