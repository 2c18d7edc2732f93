"""/soap: a shop as a service of SOAP 1.1 and 1.2, with its WSDL at /soap?wsdl.

Requests are read by our own codec, answers are written as text; so no library is needed.
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError
from rrcli.codec.soap.envelope import Fault, NoEnvelope, read_envelope
from rrcli.codec.soap.write import MEDIA_TYPES, envelope, escaped
from rrcli.codec.soap.xml import normalized
from rrcli.responders.http_call import Call, field_text
from rrcli.responders.http_message import Refusal, ServerResponse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SERVICE = "urn:rrcli:shop"
SUM = 2**31
_ELEMENTS = (
    ("Add", '<xs:element name="a" type="xs:int"/><xs:element name="b" type="xs:int"/>', '<xs:element name="sum" type="xs:int"/>'),
    ("Echo", '<xs:element name="item" type="tns:Item"/>', '<xs:element name="item" type="tns:Item"/>'),
    ("Reserve", '<xs:element name="sku" type="xs:string"/>', '<xs:element name="order" type="xs:int"/>'),
    ("Log", '<xs:element name="text" type="xs:string"/>', None),
)


def wsdl(where: str) -> str:
    """The WSDL of the service that is at this URL."""
    names = [name for name, _, _ in _ELEMENTS]
    types = "".join(_type(name, given) + ("" if gives is None else _type(f"{name}Response", gives)) for name, given, gives in _ELEMENTS)
    messages = "".join(
        _message(f"{name}{end}", f"{name}{end}") for name, _, gives in _ELEMENTS for end in ("", *(() if gives is None else ("Response",)))
    )
    binding, port = [], []
    for version, prefix in (("1.1", "soap"), ("1.2", "soap12")):
        number = version.replace(".", "")
        binding.append(
            f'<binding name="Shop{number}" type="tns:Shop">'
            f'<{prefix}:binding transport="http://schemas.xmlsoap.org/soap/http" style="document"/>'
            + "".join(_operation(name, prefix, one_way=name == "Log") for name in names)
            + "</binding>"
        )
        port.append(f'<port name="Shop{number}" binding="tns:Shop{number}"><{prefix}:address location="{escaped(where)}"/></port>')
    kinds = "".join(_port_operation(name, one_way=name == "Log") for name in names)
    return f"""<?xml version="1.0" encoding="utf-8"?>
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:tns="{SERVICE}" xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" targetNamespace="{SERVICE}">
<types><xs:schema targetNamespace="{SERVICE}" elementFormDefault="qualified">
<xs:simpleType name="Color"><xs:restriction base="xs:string"><xs:enumeration value="RED"/><xs:enumeration value="GREEN"/>
</xs:restriction></xs:simpleType>
<xs:complexType name="Item"><xs:sequence><xs:element name="name" type="xs:string"/><xs:element name="qty" type="xs:int" minOccurs="0"/>
<xs:element name="price" type="xs:decimal" minOccurs="0"/><xs:element name="color" type="tns:Color" minOccurs="0"/>
<xs:element name="tags" type="xs:string" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType>
{types}{_type("OutOfStock", '<xs:element name="sku" type="xs:string"/><xs:element name="left" type="xs:int"/>')}
</xs:schema></types>
{messages}{_message("OutOfStock", "OutOfStock")}
<portType name="Shop">{kinds}</portType>
{"".join(binding)}
<service name="Shop">{"".join(port)}</service>
</definitions>
"""


def _type(name: str, members: str) -> str:
    return f'<xs:element name="{name}"><xs:complexType><xs:sequence>{members}</xs:sequence></xs:complexType></xs:element>\n'


def _message(name: str, element: str) -> str:
    return f'<message name="{name}"><part name="body" element="tns:{element}"/></message>\n'


def _port_operation(name: str, *, one_way: bool) -> str:
    output = "" if one_way else f'<output message="tns:{name}Response"/>'
    fault = '<fault name="OutOfStock" message="tns:OutOfStock"/>' if name == "Reserve" else ""
    return f'<operation name="{name}"><input message="tns:{name}"/>{output}{fault}</operation>\n'


def _operation(name: str, prefix: str, *, one_way: bool) -> str:
    body = f'<{prefix}:body use="literal"/>'
    output = "" if one_way else f"<output>{body}</output>"
    fault = f'<fault name="OutOfStock"><{prefix}:fault name="OutOfStock" use="literal"/></fault>' if name == "Reserve" else ""
    return f'<operation name="{name}"><{prefix}:operation soapAction="{SERVICE}#{name}"/><input>{body}</input>{output}{fault}</operation>\n'


# --- answering


def endpoint(call: Call) -> ServerResponse:
    """The WSDL to a GET, an answer to an envelope. Raises `Refusal` for what is neither."""
    if call.request.method in ("GET", "HEAD"):
        if not {"wsdl", "WSDL"} & set(call.query):
            raise Refusal(405, "an envelope goes by POST; the WSDL is at /soap?wsdl", ("Allow", "POST"))
        host = field_text("".join(call.request.values("host")) or "localhost")
        text = wsdl(f"{call.state.scheme}://{host}/soap")
        return ServerResponse(fields=(("Content-Type", "text/xml; charset=utf-8"),), content=text.encode())
    version = "1.1"
    try:
        found = read_envelope(normalized(call.request.content, None, "the request"), with_content=True)
        version = found.version
        if (strange := _strange_header(call.request.content, found.headers)) is not None:
            return _fault(version, Fault(code="MustUnderstand", string=f"the header {strange} is not known here"))
        return _answer(call, version, found.body or "", found.content)
    except NoEnvelope as other:
        return _fault(version, Fault(code="Client", string=f"expected an envelope, got <{other}>"))
    except ExchangeError as error:
        unknown = "no version" in error.message
        return _fault(version, Fault(code="VersionMismatch" if unknown else "Client", string=error.message))


def _strange_header(content: bytes, headers: tuple[dict[str, Any], ...]) -> str | None:
    """A header that must be understood and is not: all but the Security header."""
    if b"mustUnderstand" not in content:
        return None
    return next((str(header["name"]) for header in headers if header["name"] != "Security"), None)


def _answer(call: Call, version: str, name: str, given: Any) -> ServerResponse:
    """What an operation gives."""
    members = given if isinstance(given, dict) else {}
    if name == "Add":
        try:
            total = int(members["a"]) + int(members["b"])
        except (KeyError, TypeError, ValueError):
            return _fault(version, Fault(code="Client", string="Add takes the whole numbers a and b"))
        if not -SUM <= total < SUM:
            return _fault(version, Fault(code="Server", string="the sum is too large"))
        return _said(version, f'<AddResponse xmlns="{SERVICE}"><sum>{total}</sum></AddResponse>')
    if name == "Echo":
        item = members.get("item") or {}
        return _said(version, f'<EchoResponse xmlns="{SERVICE}"><item>{_members(item)}</item></EchoResponse>')
    if name == "Reserve":
        sku = str(members.get("sku") or "")
        if sku in ("", "gone"):
            detail = f'<OutOfStock xmlns="{SERVICE}"><sku>{escaped(sku)}</sku><left>0</left></OutOfStock>'
            return _fault(version, Fault(code="Client.OutOfStock", string=f"there is no {sku or 'such thing'} left", detail_xml=detail))
        return _said(version, f'<ReserveResponse xmlns="{SERVICE}"><order>{call.state.order()}</order></ReserveResponse>')
    if name == "Log":
        return ServerResponse(status=202)
    return _fault(version, Fault(code="Client", string=f"there is no operation {name[:60]}"))


def _members(item: Any) -> str:
    """The members of an item, in the order of the schema."""
    found = []
    for name in ("name", "qty", "price", "color", "tags"):
        value = item.get(name) if isinstance(item, dict) else None
        for each in value if isinstance(value, list) else () if value is None else (value,):
            found.append(f"<{name}>{escaped(str(each))}</{name}>")
    return "".join(found)


def _said(version: str, body: str, status: int = 200) -> ServerResponse:
    kind = f"{MEDIA_TYPES[version]}; charset=utf-8"
    return ServerResponse(status=status, fields=(("Content-Type", kind),), content=envelope(version, body))


def _fault(version: str, fault: Fault) -> ServerResponse:
    """A fault of that version: in 1.2 what stands behind the dot is a subcode, and a client's is a 400 (part 2 section 7.5.2.2)."""
    text = escaped(fault.string)
    first, _, more = fault.code.partition(".")
    detail = fault.detail_xml or ""
    if version == "1.1":
        inner = f"<faultcode>soap:{fault.code}</faultcode><faultstring>{text}</faultstring>"
        inner += f"<detail>{detail}</detail>" if detail else ""
        return _said(version, f"<soap:Fault>{inner}</soap:Fault>", 500)
    code = {"Client": "Sender", "Server": "Receiver"}.get(first, first)
    subcode = f'<soap:Subcode><soap:Value xmlns:s="{SERVICE}">s:{more}</soap:Value></soap:Subcode>' if more else ""
    inner = f"<soap:Code><soap:Value>soap:{code}</soap:Value>{subcode}</soap:Code>"
    inner += f'<soap:Reason><soap:Text xml:lang="en">{text}</soap:Text></soap:Reason>'
    inner += f"<soap:Detail>{detail}</soap:Detail>" if detail else ""
    return _said(version, f"<soap:Fault>{inner}</soap:Fault>", 400 if code == "Sender" else 500)
