"""Sequence diagrams against golden files, and against a grammar of the few statements that a diagram of ours may hold.

Mermaid's own parser is JavaScript; what it reads here was compared with it by hand, hostile texts too. After a wanted change
`RRCLI_GOLDEN=write pytest tests/report/test_mermaid.py` writes the files anew.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from peers import child
from peers.nginx import PASSWORD, USER, Nginx
from report import exchanges as case

from rrcli.adapters.http.request import HttpRequest
from rrcli.engine.send import send
from rrcli.model.values import Connection, Exchange, Failure
from rrcli.policy.redact import masked
from rrcli.report.formats.mermaid import quoted, render

GOLDEN = Path(__file__).parent / "golden"

# Text ends a statement at `;` or a line's end; a `#` begins a character reference. That is all that text can do in a diagram
# whose `%%`, `$$` and `@{` are gone, as long as it does not begin with `wrap:`.
TEXT = r"(?! *(?:no)?wrap:)(?:(?!%%|\$\$|@\{)[^#;<>\"&`\\\x00-\x1f\x7f-\x9f\u2028\u2029]|#\d+;)+"
PARTY = r"(?:client|(?:resolver|proxy|server)\d+)"
STATEMENT = re.compile(
    rf"sequenceDiagram|  participant client|  participant {PARTY} as {TEXT}|  Note over {PARTY}(?:,{PARTY})?: {TEXT}"
    rf"|  {PARTY}(?:->>|-->>|-x|--x){PARTY}: {TEXT}|  (?:par|and) {TEXT}|  end"
)
HOSTILE = [
    "a;b", "x\nclient->>server1: forged", '%%{init: {"theme": "dark"}}%%', "%% gone", "%%%{x}%%%", "<script>alert(1)</script>",
    "#59;client", "wrap: hi", "NoWrap:hi", "\"q\" 's'", "$$x$$", "ﬂ°°59¶ß", '@{ "type": "database" }', "end", "\\u003c", "->> x",
    "\u2028line", "   ", "\x1b[31m", "\u202eevil", "caf\udce9", "title: y", "---\ntitle: x\n---", "&lt;b&gt;", "`code`", "+client", "#",
]  # fmt: skip


def lines(*exchanges: Exchange) -> list[str]:
    """The lines of the diagram, each a statement that we mean to write."""
    found = "".join(render(map(masked, exchanges))).split("\n")
    assert [line for line in found if not STATEMENT.fullmatch(line)] == []
    return found


def stream(count: int) -> Exchange:
    events = [{"at_ms": 1.5 * at, "type": "message", "data": {"n": at}} for at in range(count)]
    return case.answered("", "text/event-stream", data={"version": "HTTP/1.1", "events": events})


def refused_by_proxy() -> Exchange:
    failure = Failure(layer="transport", kind="proxy_refused", phase="handshake", message="the proxy answered CONNECT with 403")
    connection = Connection(peer="10.0.0.9:3128", proxy="http://proxy.test:3128")
    return case.failed(failure, connection=connection, timing=case.timing(resolve=1, connect=2, handshake=3))


CASES: dict[str, tuple[Exchange, ...]] = {
    "plain": (case.exchange(),),
    "history": (case.with_history(),),
    "expired": (case.expired(),),
    "timeout": (case.timed_out(),),
    "refused": (case.refused(),),
    "proxy": (refused_by_proxy(),),
    "stream": (stream(12),),
    "redis": (case.redis_reply(),),
    "set": case.two_servers().exchanges,
}


@pytest.mark.parametrize("name", CASES)
def test_a_diagram_is_drawn_to_the_character(name: str) -> None:
    path = GOLDEN / f"mermaid-{name}.mmd"
    drawn = "\n".join(lines(*CASES[name])) + "\n"
    if os.environ.get("RRCLI_GOLDEN") == "write":
        path.write_text(drawn)
    assert drawn == path.read_text()


@pytest.mark.parametrize("text", HOSTILE)
def test_text_stays_text_wherever_it_stands(text: str) -> None:
    plain = case.exchange()
    assert plain.response
    exchange = plain.replace(
        target=plain.target.replace(host=text, url=f"http://{text}"),
        request=plain.request.replace(summary=text),
        response=plain.response.replace(summary=text, data={"events": [{"at_ms": 1, "type": text, "data": text}]}),
        connection=plain.connection.replace(proxy=text, peer=text),
        timing=case.timing(resolve=1, connect=1, tls=1, handshake=1, send=1, wait=1, receive=1),
        outcome="error",
        error=Failure(layer="protocol", kind="malformed", phase="receive", message=text),
        why=text,
    )
    found = lines(exchange.replace(history=(exchange,)), exchange)
    assert len(found) == 1 + 4 + (2 + 3 * 9 + 1) + 1  # none more, none less


def test_a_reference_shows_the_character() -> None:
    assert quoted("a;b#c<d>") == "a#59;b#35;c#60;d#62;"
    assert quoted("100%%$$") == "100#37;#37;#36;#36;"
    assert quoted("x" * 200) == "x" * 100 + "…"


def test_a_failure_that_no_phase_holds_is_drawn() -> None:
    failure = Failure(layer="internal", kind="interrupted", message="interrupted (Ctrl-C)")
    assert lines(case.failed(failure, timing=case.timing()))[-2:] == [
        "  client-xserver1: POST /users HTTP/1.1",
        "  Note over client: ✘ interrupted: interrupted (Ctrl-C)",
    ]


def test_real_exchanges(nginx: Nginx) -> None:
    found = lines(send(HttpRequest(nginx.url("/redirect/twice"), location=True, user=f"{USER}:{PASSWORD}")))
    said = [line.partition(" (")[0] for line in found]
    server = "  server1-->>client: HTTP/1.1 302 Moved Temporarily"
    connect, follows = f"  client->>server1: connect to {nginx.address}", "  Note over client: redirect: another follows"
    assert said == [
        "sequenceDiagram", "  participant client", f"  participant server1 as {nginx.address}",
        connect, "  client->>server1: GET /redirect/twice HTTP/1.1", server, follows,
        connect, "  client->>server1: GET /redirect HTTP/1.1", server, follows,
        connect, "  client->>server1: GET /users.json HTTP/1.1", "  server1-->>client: HTTP/1.1 200 OK",
    ]  # fmt: skip


def test_the_command_prints_it_and_explains_a_failure_beside() -> None:
    done = child.run("redis", "--format", "mermaid", "redis://127.0.0.1:1", "PING", text=True)
    assert done.returncode == 4
    assert done.stdout.startswith(
        "sequenceDiagram\n  participant client\n  participant server1 as 127.0.0.1:1\n  client-xserver1: connect to 127.0.0.1:1 ("
    )
    assert done.stderr.startswith("✘ refused")
