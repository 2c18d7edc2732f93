"""What help, reports, demo and responders know of SMTP."""

from __future__ import annotations

from rrcli.engine.manifest import DemoStep, Manifest

MANIFEST = Manifest(
    synopsis="HOST[:PORT] [@SERVER]",
    help="Hand a message to a mail server, and time each of its replies.",
    words=(
        ("HOST", "A mail server, or with --mx the domain that the mail is for."),
        ("@SERVER", "The name server that --mx asks; without one the system's."),
    ),
    examples=(
        "rrcli smtp mail.test:587 --starttls --from a@x.test --to b@x.test --text hi",
        "rrcli smtp mail.example.com --stop-after ehlo",
        "rrcli smtp x.test --mx --from a@y.test --to b@x.test --stop-after rcpt",
    ),
    label="SMTP",
    tools=("swaks", "sendmail"),
    secure=("smtps",),
    as_command="rrcli.adapters.smtp.swaks:as_command",
    explains="smtp",
    families={"smtp": "rrcli.explain.smtp"},
    framings={"last-line": "the last line of the reply"},
    greetings=("an SMTP reply", "an LMTP reply"),
    responder="rrcli.responders.smtp:SmtpResponder",
    demo=(
        DemoStep(
            heading="SMTP: hand a message over, and see how long each reply takes",
            line="smtp {where} --from a@x.test --to b@x.test --text hi",
        ),
    ),
)
