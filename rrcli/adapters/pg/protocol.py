"""What help, reports, demo and responders know of PostgreSQL."""

from __future__ import annotations

from rrcli.engine.manifest import DemoStep, Manifest

MANIFEST = Manifest(
    synopsis="DSN SQL [PARAM...]",
    help="Send SQL to PostgreSQL.",
    words=(
        ("DSN", "postgresql://USER:PASSWORD@HOST:PORT/DATABASE, or 'host=… dbname=…' as libpq reads it."),
        ("PARAM", "The values of $1, $2, ...; from SQL on all words are data: options stand before it."),
    ),
    examples=(
        "rrcli pg postgresql://ann@db/shop 'select * from orders where id = $1' 7",
        "rrcli pg --json 'host=db dbname=shop' 'select count(*) from orders'",
        "rrcli pg service=shop --max-events 1 'listen orders'",
    ),
    label="PostgreSQL",
    tools=("psql",),
    probe=("",),
    own_line="rrcli.adapters.pg.foreign:line_for",
    as_command="rrcli.adapters.pg.psql:as_command",
    span="rrcli.adapters.pg.span:span",
    explains="pg",
    families={"pg": "rrcli.explain.pg"},
    framings={"ready-for-query": "ReadyForQuery"},
    greetings=("a PostgreSQL error", "a PostgreSQL answer to SSLRequest"),
    responder="rrcli.responders.pg:PgResponder",
    demo=(
        DemoStep(
            heading="PostgreSQL: a syntax error, with its place marked, and so a failure",
            line="pg {where} 'select * frm orders'",
        ),
    ),
)
