"""What help, reports, demo and responders know of SOAP."""

from __future__ import annotations

from rrcli.adapters.http.protocol import MANIFEST as HTTP
from rrcli.engine.manifest import DemoStep, Manifest
from rrcli.responders.catalogue import Place

MANIFEST = Manifest(
    synopsis="WSDL [OPERATION] [ITEM...]",
    help="Call an operation of a SOAP service.",
    words=(
        ("WSDL", "The service's description, a URL or a file."),
        ("ITEM", "An argument, name=text, name:=json or a.b=text; or all of them with -d JSON."),
    ),
    examples=(
        "rrcli soap http://127.0.0.1:8000/service?wsdl",
        "rrcli soap http://127.0.0.1:8000/service?wsdl Add a=2 b=3",
        "rrcli soap service.wsdl Buy item.name=pen item.count=2 --wsse ann:…",
        "rrcli soap http://127.0.0.1:8000/service --envelope call.xml --action urn:add",
    ),
    label="SOAP",
    as_command="rrcli.adapters.soap.curl:as_command",
    explains="http",
    families={"soap": "rrcli.explain.soap"},
    framings=HTTP.framings,
    content_spans=HTTP.content_spans,
    measures=HTTP.measures,
    is_http=True,
    span="rrcli.adapters.http.span:span",
    place=Place(
        over="http",
        path="/soap?wsdl",
        examples=("rrcli soap '{url}'", "rrcli soap '{url}' Add a=2 b=3"),
    ),
    demo=(DemoStep(heading="SOAP: a Fault is a failure, and says why", line="soap {where} Reserve sku=gone", needs="zeep", extra="soap"),),
)
