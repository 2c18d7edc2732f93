"""What a WSDL says, as text: signatures, types, and arguments to fill in."""

from __future__ import annotations

from rrcli.adapters.soap.lexical import base_name, name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.adapters.soap.library import Library, Operation

DEEPEST = 12  # levels that are described or filled in; types may hold themselves
SAMPLES = {
    "boolean": "true", "dateTime": "2026-01-31T12:00:00Z", "date": "2026-01-31", "time": "12:00:00Z", "duration": "P1D", "gYear": "2026",
    "gYearMonth": "2026-01", "gMonthDay": "--01-31", "gMonth": "--01", "gDay": "---31", "positiveInteger": "1", "negativeInteger": "-1",
}  # fmt: skip


def members_of(kind: Any) -> list[tuple[str, Any]]:
    """The elements of a type, by the names that arguments have for them; none of a simple one."""
    return list(kind.elements) if hasattr(kind, "elements_nested") else []


def type_name(kind: Any) -> str:
    """What a type is called in a line; one without a name of its own is written out."""
    members = members_of(kind)
    if members and not getattr(kind, "is_global", False):
        return "{" + ", ".join(f"{name}: {_of_element(element)}" for name, element in members[:20]) + "}"
    return name_of(kind)


def _of_element(element: Any) -> str:
    kind = getattr(element, "type", None)
    name = "any element" if kind is None or not hasattr(element, "nillable") else type_name(kind)
    return f"{name}{'[]' if element.accepts_multiple else ''}"


def signature(operation: Operation) -> str:
    """`Add(a: int, b: int) -> int`; a `?` marks what may be left out."""
    arguments = ", ".join(f"{name}{_mark(element)}: {_of_element(element)}" for name, element in _arguments(operation))
    result = _result(operation)
    return f"{operation.name}({arguments})" + (f" -> {result}" if result else "")


def _mark(element: Any) -> str:
    return "?" if element.is_optional and not element.accepts_multiple else ""


def _arguments(operation: Operation) -> list[tuple[str, Any]]:
    body = operation.concrete.input.body if operation.concrete.input is not None else None
    if body is None:
        return []
    return members_of(body.type) if hasattr(body.type, "elements_nested") else [(body.attr_name or body.name, body)]


def _result(operation: Operation) -> str:
    """The type of the result, unwrapped as it is read."""
    output = operation.output
    if output is None or output.body is None:
        return ""
    members = members_of(output.body.type)
    if len(members) == 1 and not output.body.type.attributes:
        return _of_element(members[0][1])
    if not members and hasattr(output.body.type, "elements_nested"):
        return ""
    return type_name(output.body.type)


def listing(operations: list[Operation]) -> str:
    """Each operation on a line; what another port has beside the first one says how it is asked for."""
    lines: dict[str, str] = {}
    first = operations[0]
    for each in operations:
        line = signature(each)
        if line in lines or each.name in {text.partition("(")[0] for text in lines.values() if each.service == first.service}:
            continue
        more = "" if each.service == first.service else f"  --service {each.service}"
        lines[f"{each.service} {line}"] = line + more
    return "\n".join(dict.fromkeys(lines.values()))


def as_json(operation: Operation) -> dict[str, Any]:
    """An operation as the document has it."""
    return {
        "name": operation.name, "signature": signature(operation), "service": operation.service, "port": operation.port,
        "soap": operation.version, "action": operation.action, "endpoint": operation.address,
    }  # fmt: skip


def description(library: Library, operation: Operation) -> str:
    """Everything that the WSDL says of an operation."""
    concrete = operation.concrete
    lines = [
        signature(operation),
        f"  endpoint  {operation.address or 'not said: --endpoint URL'}",
        f"  action    {operation.action!r}" if operation.action else "  action    none",
        f"  binding   SOAP {operation.version}, {concrete.style}, port {operation.port} of {operation.service}",
    ]
    for name, element in _arguments(operation):
        lines += _lines(library, name, element, "  argument  ", ())
    output = operation.output
    if output is not None and output.body is not None:
        for name, element in members_of(output.body.type):
            lines += _lines(library, name, element, "  result    ", ())
    else:
        lines.append("  one way: nothing is answered")
    for name, message in sorted((concrete.abstract.fault_messages or {}).items()):
        part = next(iter(message.parts.values()), None)
        kind = None if part is None else part.element.type if part.element is not None else part.type
        lines.append(f"  fault     {name}" + (f": {type_name(kind)}" if kind is not None else ""))
        for inner, element in members_of(kind) if kind is not None else ():
            lines += _lines(library, inner, element, "              ", ())
    return "\n".join(lines)


def _lines(library: Library, name: str, element: Any, indent: str, above: tuple[Any, ...]) -> Iterator[str]:
    """An element, and below it what its type holds."""
    kind = getattr(element, "type", None)
    values = _enumerated(library, kind)
    yield f"{indent}{name}{_mark(element)}: {_of_element(element)}" + (f"  one of {', '.join(values[:30])}" if values else "")
    if kind is None or any(kind is each for each in above) or len(above) >= DEEPEST:
        return
    inner = " " * len(indent) + "  "
    for child, below in members_of(kind):
        yield from _lines(library, child, below, inner, (*above, kind))
    for child, attribute in getattr(kind, "attributes", ()):
        if attribute.type is not None:
            yield f"{inner}@{child}{'' if attribute.required else '?'}: {name_of(attribute.type)}"


def _enumerated(library: Library, kind: Any) -> tuple[str, ...]:
    qname = getattr(kind, "qname", None)
    return library.enumerations.get((qname.namespace or "", qname.localname), ()) if qname is not None else ()


def sample(library: Library, operation: Operation) -> dict[str, Any]:
    """Arguments of an operation to fill in: every element once, of a choice the first."""
    body = operation.concrete.input.body if operation.concrete.input is not None else None
    if body is None:
        return {}
    if not hasattr(body.type, "elements_nested"):
        return {body.attr_name or body.name: _simple(library, body.type)}
    return _members(library, body.type, ())


def _members(library: Library, kind: Any, above: tuple[Any, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, element in _first_of_choices(kind.elements_nested):
        if not hasattr(element, "nillable"):  # any element: there is nothing to say
            continue
        inner = element.type
        if any(inner is each for each in above) or len(above) > DEEPEST:
            continue
        value = _value(library, inner, (*above, inner))
        found[name] = [value] if element.accepts_multiple else value
    for name, attribute in kind.attributes:
        if attribute.type is not None and attribute.required:
            found[f"@{name}"] = _simple(library, attribute.type)
    return found


def _first_of_choices(nested: Any) -> Iterator[tuple[str, Any]]:
    from zeep.xsd import Choice, Element, Group

    for name, element in nested:
        if isinstance(element, Element) or not (hasattr(element, "elements_nested") or isinstance(element, Group)):
            yield name, element
        elif element.accepts_multiple:
            continue
        elif isinstance(element, Choice):
            yield from list(_first_of_choices(element.elements_nested))[:1]
        else:
            yield from _first_of_choices((element.child if isinstance(element, Group) else element).elements_nested)


def _value(library: Library, kind: Any, above: tuple[Any, ...]) -> Any:
    if not hasattr(kind, "elements_nested"):
        return _simple(library, kind)
    if kind._array_type:
        return [_value(library, kind._array_type.array_type, above)] if len(above) <= DEEPEST else []
    nested = kind.elements_nested
    if nested and hasattr(nested[0][1], "nillable"):  # text with attributes
        return {"#text": _simple(library, nested[0][1].type)}
    return _members(library, kind, above)


def _simple(library: Library, kind: Any) -> Any:
    """A value that the type takes."""
    from rrcli.adapters.soap.lexical import NUMBERS

    if values := _enumerated(library, kind):
        return values[0]
    if hasattr(kind, "item_type"):
        return [_simple(library, kind.item_type)]
    if hasattr(kind, "item_types"):
        return _simple(library, kind.item_types[0])
    base = base_name(kind)
    if base == "base64Binary":
        return {"base64": ""}
    if base == "boolean":
        return True
    if base in NUMBERS:
        return int(SAMPLES.get(base, "0"))
    return SAMPLES.get(base, "")
