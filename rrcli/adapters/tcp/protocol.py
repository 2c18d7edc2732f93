"""What help, reports, demo and responders know of raw bytes."""

from __future__ import annotations

from rrcli.engine.manifest import DemoStep, Manifest

MANIFEST = Manifest(
    synopsis="HOST:PORT",
    help="Send bytes over TCP, TLS, UDP or a unix socket.",
    words=(("HOST:PORT", "Or tcp://HOST:PORT, udp://HOST:PORT, unix:///PATH."),),
    examples=(
        "rrcli tcp mail.example.com:25 --read-lines 1",
        r"rrcli tcp --tls example.com:443 --send 'HEAD / HTTP/1.0\r\n\r\n' --read-eof",
    ),
    label="bytes",
    probe_of_scheme={"tcp": {"connect_only": True}, "unix": {"connect_only": True}},
    tools=("nc", "ncat", "netcat", "telnet", "socat"),
    foreign_options=("rrcli.adapters.tcp.netcat:advice",),
    as_command="rrcli.adapters.tcp.shell:as_command",
    command_remarks="rrcli.adapters.tcp.shell:remarks",
    framings={
        "read-until": "the text of --read-until",
        "read-bytes": "the count of --read-bytes",
        "read-lines": "the count of --read-lines",
        "read-idle": "the silence of --read-idle",
        "length-prefix": "its length prefix",
        "datagram": "the end of the datagram",
        "close": "the peer closing",
    },
    responder="rrcli.responders.tcp:TcpResponder",
    demo=(DemoStep(heading="TCP: send bytes, read one line back", line=r"tcp {where} --send 'hello\r\n' --read-lines 1"),),
)
