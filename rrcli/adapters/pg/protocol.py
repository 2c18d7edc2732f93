"""What help, reports, demo and responders know of PostgreSQL."""

from __future__ import annotations

from rrcli.engine.manifest import DemoStep, Manifest

MANIFEST = Manifest(
    synopsis="DSN SQL [PARAM...]",
    help="Send SQL to PostgreSQL.",
    examples=(
        "rrcli pg postgresql://ann@db/shop 'select * from orders where id = $1' 7",
        "rrcli pg --json 'host=db dbname=shop' 'select count(*) from orders'",
        "rrcli pg service=shop --max-events 1 'listen orders'",
    ),
    label="PostgreSQL",
    probe=("",),
    own_line="rrcli.adapters.pg.foreign:line_for",
    tools=("psql",),
    as_command="rrcli.adapters.pg.psql:as_command",
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
