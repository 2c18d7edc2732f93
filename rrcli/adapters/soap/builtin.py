"""Schemas that many documents refer to by well-known URLs, of XML and of SOAP's encoding: kept here, so that nobody is asked for them."""

from __future__ import annotations

_SIMPLE = (
    "string normalizedString token anyURI boolean decimal integer long int short byte nonNegativeInteger positiveInteger unsignedLong "
    "unsignedInt unsignedShort unsignedByte float double dateTime date time duration base64Binary hexBinary QName"
)

XML = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/XML/1998/namespace">
<xs:attribute name="lang" type="xs:string"/><xs:attribute name="space" type="xs:string"/>
<xs:attribute name="base" type="xs:anyURI"/><xs:attribute name="id" type="xs:string"/>
<xs:attributeGroup name="specialAttrs"><xs:attribute ref="xml:base"/><xs:attribute ref="xml:lang"/>
<xs:attribute ref="xml:space"/><xs:attribute ref="xml:id"/></xs:attributeGroup></xs:schema>"""

_ENCODING = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:tns="http://schemas.xmlsoap.org/soap/encoding/"
 targetNamespace="http://schemas.xmlsoap.org/soap/encoding/">
<xs:attributeGroup name="commonAttributes"><xs:attribute name="id" type="xs:string"/><xs:attribute name="href" type="xs:anyURI"/>
<xs:anyAttribute namespace="##other" processContents="lax"/></xs:attributeGroup>
<xs:attribute name="arrayType" type="xs:string"/><xs:attribute name="offset" type="xs:string"/>
<xs:attribute name="position" type="xs:string"/>
<xs:attributeGroup name="arrayAttributes"><xs:attribute ref="tns:arrayType"/><xs:attribute ref="tns:offset"/></xs:attributeGroup>
<xs:attributeGroup name="arrayMemberAttributes"><xs:attribute ref="tns:position"/></xs:attributeGroup>
<xs:group name="Array"><xs:sequence>
<xs:any namespace="##any" minOccurs="0" maxOccurs="unbounded" processContents="lax"/></xs:sequence></xs:group>
<xs:element name="Array" type="tns:Array"/>
<xs:complexType name="Array"><xs:group ref="tns:Array" minOccurs="0"/><xs:attributeGroup ref="tns:arrayAttributes"/>
<xs:attributeGroup ref="tns:commonAttributes"/></xs:complexType>
<xs:group name="Struct"><xs:sequence>
<xs:any namespace="##any" minOccurs="0" maxOccurs="unbounded" processContents="lax"/></xs:sequence></xs:group>
<xs:element name="Struct" type="tns:Struct"/>
<xs:complexType name="Struct"><xs:group ref="tns:Struct" minOccurs="0"/><xs:attributeGroup ref="tns:commonAttributes"/></xs:complexType>
<xs:simpleType name="base64"><xs:restriction base="xs:base64Binary"/></xs:simpleType>
"""

_SIMPLE_TYPES = "".join(
    f'<xs:element name="{name}" type="tns:{name}"/><xs:complexType name="{name}"><xs:simpleContent><xs:extension base="xs:{name}">'
    '<xs:attributeGroup ref="tns:commonAttributes"/></xs:extension></xs:simpleContent></xs:complexType>'
    for name in _SIMPLE.split()
)

ENCODING = f"{_ENCODING}{_SIMPLE_TYPES}</xs:schema>".encode()

_OF_XML = ("www.w3.org/2001/xml.xsd", "www.w3.org/2001/03/xml.xsd", "www.w3.org/2009/01/xml.xsd")
_OF_ENCODING = ("schemas.xmlsoap.org/soap/encoding/", "schemas.xmlsoap.org/soap/encoding")

BUILTIN = {
    f"{scheme}://{place}": schema
    for scheme in ("http", "https")
    for places, schema in ((_OF_XML, XML), (_OF_ENCODING, ENCODING))
    for place in places
}
