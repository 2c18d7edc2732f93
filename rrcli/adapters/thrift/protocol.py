"""What help, reports, demo and responders know of Thrift."""

from __future__ import annotations

from rrcli.engine.manifest import DemoStep, Manifest

MANIFEST = Manifest(
    synopsis="HOST:PORT [IDL [SERVICE.METHOD] [ITEM...]]",
    help="Call a method of a Thrift service.",
    words=(
        ("IDL", "The .thrift file; without one it is found out what the server speaks."),
        ("ITEM", "An argument: name=text, name:=json, name.field=value for a field of a struct; or all of them with -d JSON."),
    ),
    examples=(
        "rrcli thrift 127.0.0.1:9090 shop.thrift Shop.add a=2 b=3",
        "rrcli thrift 127.0.0.1:9090 shop.thrift Shop.buy item.name=pen --protocol auto",
        "rrcli thrift 127.0.0.1:9090 shop.thrift --list",
    ),
    label="Thrift",
    secure=("thrift+tls",),
    span="rrcli.adapters.thrift.span:span",
    explains="thrift",
    families={"thrift": "rrcli.explain.thrift"},
    framings={"struct-stop": "the stop field", "length-prefix": "its length prefix", "none": "nothing: a oneway call has no answer"},
    greetings=("a Thrift message",),
    responder="rrcli.responders.thrift:ThriftResponder",
    demo=(DemoStep(heading="Thrift: what a server speaks, found out", line="thrift {where}"),),
)
