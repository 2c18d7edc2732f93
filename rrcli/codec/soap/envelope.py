"""An envelope read: its version, its headers, its body, and the Fault in it (SOAP 1.1 section 4, SOAP 1.2 part 1 section 5)."""

from __future__ import annotations

from rrcli.base.errors import malformed
from rrcli.base.record import Record
from rrcli.codec.soap.xml import Builder, Visitor, local, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from rrcli.codec.soap.xml import Names

NAMESPACES = {"1.1": "http://schemas.xmlsoap.org/soap/envelope/", "1.2": "http://www.w3.org/2003/05/soap-envelope"}
VERSIONS = {namespace: version for version, namespace in NAMESPACES.items()}
SHOWN = 60  # letters of a name in a message


class NoEnvelope(Exception):
    """The XML is none of SOAP; the argument is the name of its root."""


class Fault(Record):
    """A fault of either version. `code` is without its prefix, as are the subcodes of 1.2; `detail` is JSON."""

    code: str
    subcodes: tuple[str, ...] = ()
    string: str = ""
    actor: str | None = None  # of 1.1
    role: str | None = None  # of 1.2
    node: str | None = None
    detail: Any = None
    detail_xml: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As the document has it."""
        return {
            "code": self.code, "subcodes": list(self.subcodes), "string": self.string, "actor": self.actor, "role": self.role,
            "node": self.node, "detail": self.detail, "detail_xml": self.detail_xml,
        }  # fmt: skip


class Envelope(Record):
    """An envelope. `content` is the value of the body's first element, where it was asked for."""

    version: str
    headers: tuple[dict[str, Any], ...] = ()
    fault: Fault | None = None
    body: str | None = None  # the name of the body's first element
    content: Any = None
    elements: int = 0  # in all of it


def read_envelope(data: bytes, *, with_content: bool = False, check: Callable[[], None] | None = None) -> Envelope:
    """The envelope in a text that `normalized` has made. `check` is called now and then, and may raise.

    Raises `malformed`, `too_large`, and `NoEnvelope` for other XML.
    """
    visitor = _Envelope(data, with_content=with_content)
    elements = read(data, visitor, "the answer", check=check)
    return visitor.envelope().replace(elements=elements)


def unwrapped(content: Any) -> Any:
    """The only member of an object without attributes: what a wrapper holds."""
    if isinstance(content, dict) and len(content) == 1 and not next(iter(content)).startswith(("@", "#")):
        return next(iter(content.values()))
    return content if content != "" else None


class _Envelope(Visitor):
    """Finds the parts of an envelope."""

    def __init__(self, data: bytes, *, with_content: bool) -> None:
        self._data = data
        self._with_content = with_content
        self._namespace = ""
        self._path: list[str] = []
        self._has_body = False
        self._builder: Builder | None = None  # of the element that is being read
        self._headers: list[dict[str, Any]] = []
        self._fault: Any = None
        self._body: str | None = None
        self._content: Any = None
        self._detail_at = 0
        self._detail: str | None = None

    def start(self, name: str, attributes: Names, at: int) -> None:
        depth = len(self._path)
        if depth == 0:
            self._begin(name)
        elif depth == 1:
            if local(name) == "Body" and self._has_body:
                raise malformed("the envelope has two bodies")
            self._has_body = self._has_body or name == f"{self._namespace} Body"
        elif depth == 2:
            self._entry(name)
        elif depth == 3 and self._is_fault() and local(name).lower() == "detail":
            self._detail_at = at
        self._path.append(name)
        if self._builder:
            self._builder.start(name, attributes, at)

    def _begin(self, name: str) -> None:
        self._namespace = name.rpartition(" ")[0]
        if local(name) != "Envelope":
            raise NoEnvelope(local(name))
        if self._namespace not in VERSIONS:
            raise malformed(
                f"an envelope of no version that is known: its namespace is {self._namespace[:SHOWN]!r}", "SOAP 1.1 and 1.2 are spoken here"
            )

    def _is_fault(self) -> bool:
        return self._path[1:3] == [f"{self._namespace} Body", f"{self._namespace} Fault"]

    def _entry(self, name: str) -> None:
        """A header, or something in the body, begins."""
        inside = self._path[1]
        if inside == f"{self._namespace} Header":
            self._builder = Builder()
        elif inside == f"{self._namespace} Body" and self._body is None:
            self._body = local(name)
            if self._with_content or name == f"{self._namespace} Fault":
                self._builder = Builder()

    def text(self, data: str) -> None:
        if self._builder:
            self._builder.text(data)

    def end(self, name: str, at: int) -> None:
        self._path.pop()
        if len(self._path) == 3 and self._is_fault() and local(name).lower() == "detail":
            end = self._data.find(b">", at) + 1
            self._detail = self._data[self._detail_at : end].decode("utf-8", "replace")
        if self._builder:
            self._builder.end(name, at)
            if not self._builder.busy:
                self._take(name, self._builder.value)
                self._builder = None

    def _take(self, name: str, value: Any) -> None:
        if self._path[1] == f"{self._namespace} Header":
            namespace, _, plain = name.rpartition(" ")
            self._headers.append({"name": plain, "namespace": namespace or None, "value": value})
        elif name == f"{self._namespace} Fault":
            self._fault = value
        else:
            self._content = value

    def envelope(self) -> Envelope:
        """What was found. Raises `malformed` for an envelope without a body."""
        if not self._has_body:
            raise malformed("the envelope has no body")
        version = VERSIONS[self._namespace]
        fault = None
        if self._body == "Fault" and self._fault is not None:
            fault = (_fault_11 if version == "1.1" else _fault_12)(self._fault, self._detail)
        return Envelope(version=version, headers=tuple(self._headers), fault=fault, body=self._body, content=self._content)


def _fault_11(value: Any, detail: str | None) -> Fault:
    """SOAP 1.1 section 4.4."""
    return Fault(
        code=_plain(_member(value, "faultcode")),
        string=_text(_member(value, "faultstring")).strip(),
        actor=_optional(_member(value, "faultactor")),
        detail=_member(value, "detail"),
        detail_xml=detail,
    )


def _fault_12(value: Any, detail: str | None) -> Fault:
    """SOAP 1.2 part 1 section 5.4; of several texts of the reason the English one."""
    code = _member(value, "Code")
    subcodes: list[str] = []
    within = _member(code, "Subcode")
    while within is not None and len(subcodes) < 20:
        subcodes.append(_plain(_member(within, "Value")))
        within = _member(within, "Subcode")
    texts = _member(_member(value, "Reason"), "Text")
    texts = texts if isinstance(texts, list) else [texts]
    english = [text for text in texts if str(_member(text, "@lang") or "").lower().startswith("en")]
    return Fault(
        code=_plain(_member(code, "Value")),
        subcodes=tuple(subcodes),
        string=_text((english or texts)[0]).strip(),
        role=_optional(_member(value, "Role")),
        node=_optional(_member(value, "Node")),
        detail=_member(value, "Detail"),
        detail_xml=detail,
    )


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _text(value: Any) -> str:
    """The text of an element, which may have attributes, or come twice."""
    if isinstance(value, list):
        value = value[0]
    if isinstance(value, dict):
        value = value.get("#text")
    return value if isinstance(value, str) else ""


def _optional(value: Any) -> str | None:
    return _text(value).strip() or None


def _plain(value: Any) -> str:
    """A qualified name without its prefix."""
    return _text(value).strip().rpartition(":")[2]
