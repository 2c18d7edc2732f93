"""What `rrcli help TOPIC` says beside the commands' own pages: the words that several commands share, and the exit codes.

A protocol brings topics of its own in its manifest. The text of a topic is that of a page, see `page.py`.
"""

from __future__ import annotations

from rrcli.engine import registry
from rrcli.engine.manifest import Topic, load
from rrcli.explain import exits

# What the values of options are, said once below the options of a page, by the word that stands for them.
OF_WORDS = {
    "EXPR": "'status == 200', 'time < 250ms', 'json.id exists'; rrcli help expressions.",
    "WHAT": "Any, 2xx,404 or an EXPR; rrcli help expressions.",
    "JMESPATH": "A path into the JSON document, as json.items[0].id; rrcli help expressions.",
    "TIME": "250ms, 3s, 1m or bare seconds; rrcli help time.",
    "SIZE": "Bytes, or 64KiB, 10MB, 1GiB.",
}

EXPRESSIONS = """\
An expression says what should hold: PATH OPERATOR VALUE, or PATH exists.

Options that take one:
  --expect EXPR\tA check: where it does not hold the exit code is 8. Repeatable, all are to hold.
  --until EXPR\tSend again until it holds; on a stream, read events until one satisfies it. Without an end the exit code is 6.
  --ok WHAT\tWhat counts as success in place of the status: any, 2xx,404 or an expression.
  --query PATH\tNo check: print what stands at PATH, text bare and all else as JSON.

Paths:
  status\tThe status of the answer: its code, or its name where there is none, as NXDOMAIN.
  time\tHow long the exchange took; a value has a unit: 250ms, 2s.
  header.NAME\tA field of the answer, NAME in lower case.
  body\tThe content as text.
  json\tThe content as JSON: json.items[0].id.
  tls\tThe TLS of the connection: tls.version, tls.cipher.
  days_left\tDays until the first certificate of the chain ends.
  any other\tA JMESPath into what --json prints, with its functions: length(json.items), connection.tls.cipher.
  p50, p99.9, …\tOf the summary of --repeat or --duration: any percentile of time; p999 is p99.9.
  rate, failed_ratio\tOf the summary: exchanges a second, and the part that failed.
  series.…\tAny other key of the summary: series.timing.wait_ms.p99. Other paths judge each exchange.

Operators, each also with not before it:
  == != < <= > >=\tEqual, or by size; text and numbers are told apart by the value at PATH.
  in\tOne of several values: status in 200,201.
  contains\tA text within a text, or a member of a list.
  matches\tA regular expression, found anywhere in the text.
  exists\tThere is something at PATH, and it is not null.

Values:
  200, true, null\tAs in JSON.
  done, 'two words'\tText; quotes are needed for blanks.
  2xx\tA class of statuses: status == 2xx, status in 2xx,404.
  250ms, 2s\tA time, beside time and every path that ends in _ms.

Examples:
  rrcli http :8080/users/7 --expect 'status == 200' --expect 'time < 250ms'
  rrcli http :8080/users --expect 'length(json.items) >= 1'
  rrcli http :8080/jobs/1 --until 'json.state == done' --deadline 1m
  rrcli http :8080/ --repeat 100 --expect 'p99 < 200ms'
  rrcli tls example.com --expect 'days_left > 14'

An expression is one word for the shell: put it into single quotes. The keys of the document are what rrcli schema prints.
"""

TIME = """\
A TIME is a number with a unit, 250ms, 3s, 1m, 2h, or bare seconds; 0 means no limit.

Limits:
  --timeout TIME\tEach attempt as a whole, from looking the name up to the last byte. 30s, none for streams and with -o.
  --connect-timeout TIME\tUntil the connection is ready: name, TCP, TLS. 10s.
  --idle-timeout TIME\tA silence of the peer, for streams and downloads. 30s there.
  --deadline TIME\tThe whole invocation: all attempts, redirects and waits. No limit unless said.
  --retry-max-time TIME\tAll attempts of --retry and the waits between them.

Waits:
  --retry-delay TIME\tLongest first wait before another attempt, doubled each time.
  --every TIME\tBetween two exchanges of --until.

Phases of an exchange, which together make up its total:
  resolve\tThe name to addresses.
  connect\tUntil the socket is open.
  tls\tThe TLS handshake.
  handshake\tWhat the protocol itself needs before the request: a login, an upgrade, a proxy's tunnel.
  send\tThe first to the last byte out.
  wait\tThe last byte out to the first byte in: the peer at work.
  receive\tThe first to the last byte in.

A limit that passes is exit 6; the failure names the phase that it passed in, and error.phase has it.
"""


def topics() -> dict[str, Topic]:
    """Every topic by its name, those of the protocols too, in the order of the alphabet."""
    found = {
        "expressions": Topic(title="What --expect, --until, --ok and --query read.", text=EXPRESSIONS),
        "exit-codes": Topic(title="What a script may conclude from each exit code.", text=_exit_codes()),
        "time": Topic(title="Limits, waits and the phases of an exchange.", text=TIME),
    }
    for entry in registry.PROTOCOLS:
        found.update({name: load(place) for name, place in entry.load_manifest().topics.items()})
    return dict(sorted(found.items()))


def exit_codes_in_short() -> str:
    """The exit codes of an exchange in a line."""
    return ", ".join(f"{code} {exits.TABLE[code][0].lower()}" for code in exits.TABLE if len(code) == 1).replace("tls", "TLS")


def _exit_codes() -> str:
    rows = [f"  {code}\t{title}. {meaning} {action}" for code, (title, _, _, meaning, action) in exits.TABLE.items()]
    return (
        "The exit code of every command; the same codes have the keys outcome and error.layer of the JSON document.\n\n"
        + "\n".join(["Exit codes:", *rows])
        + "\n\nOf several exchanges the highest code of a failure counts, except that 70, 130 and 143 win over all."
        " --ok says what counts as success; an --expect on the status replaces the default verdict. rrcli explain exit 6 explains one.\n"
    )
