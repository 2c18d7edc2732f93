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

PLANS = """\
A plan is a file of steps, in TOML or JSON, that rrcli run sends one after the other; rrcli schema plan is its schema for editors.

Examples:
  rrcli run shop.toml --var base=http://127.0.0.1:8080
  rrcli run plans/ --env staging --report junit=results.xml

Lists of steps:
  [[setup]]\tRun first. Where one fails no step is run.
  [[step]]\tRun in order; a failure ends them, unless on-failure = "continue".
  [[teardown]]\tRun at the end, last first, whatever happened, also after Ctrl-C; one whose variables have no value is skipped.

The command of a step:
  http = "GET {{base}}/x"\tAny protocol's command, as it is typed behind rrcli; a list of words is taken as it is.
  serve = "http"\tOur responders while the plan runs: capture = { base = "http" }.
  wait = "http://…"\tUntil all of them answer well; deadline and every.
  run = "login.toml"\tAnother plan: vars = { user = "ann" } go in, its captures are {{NAME.token}}.

Its options are keys by their long names: timeout = "2s", expect = ["status == 201"]. Later words have names: sql, params, args, items.\
 HTTP has headers, query, json, form and multipart besides, whose values keep their types.

Keys of every step:
  name, doc, tags\tWhat it is called; --only and --skip take names and tags.
  capture\tVariables from the answer: { order = "json.id", etag = "header.etag" }.
  when\tA condition: "env.FAST != 'yes'", "run.failed".
  for-each, jobs\tRows, a file of them (.csv .json .ndjson .toml) or the path of a list; {{row.name}}, {{index}}. So many side by side.
  depends-on\tThe steps that it waits for, in place of all above; jobs and --jobs bound how many run side by side.
  until, every, deadline\tAsk again until it holds.
  snapshot, json-schema\tWhat the answer is compared with.
  output\tThe file for the answer's content, below the plan.
  delay, on-failure, use\tWait before it; go on after a failure; the [template.NAME] whose keys it takes.
  fresh, cookies\tA connection of its own; cookies = false keeps none.

Beside the steps:
  [vars]\tVariables. Nearest first: --var, --vars FILE, RRCLI_VAR_name, [env.NAME.vars] with --env NAME, [vars].
  [secrets]\tenv:NAME, file:PATH, prompt or capture; masked in the whole run.
  [defaults]\tOptions of all commands, [defaults.http] of one; [env.NAME] beside them with --env.
  [[case]], cases\tAll of it once a row, also with --cases FILE: {{case.name}}.
  deadline, jobs\tOf the whole plan, as teardown-deadline, fresh, cookies and [load].

Templates:
  {{EXPR}}\tA JMESPath over variables, captures, env.NAME, secrets.NAME, row, index, case, steps.NAME, run and user.
  {{x || 'text'}}\tA default; numbers, true and null stand in backticks.
  "{{order}}"\tAlone in a text it keeps its type; within a text it is inserted, and is never a word, an option or syntax.
  uuid() now('+1h')\tBeside JMESPath's functions: unix() random(`1`, `6`) base64() urlencode() sha256() hmac_sha256(key, x) env('X').

In expect, until and when only the value on the right may be a template: "json.id == {{order}}". Whatever is wrong in a plan is told at\
 once with its place, and nothing is sent. The exit code is the highest of all steps; that of a plan that cannot be loaded is 2.
"""


def topics() -> dict[str, Topic]:
    """Every topic by its name, those of the protocols too, in the order of the alphabet."""
    found = {
        "expressions": Topic(title="What --expect, --until, --ok and --query read.", text=EXPRESSIONS),
        "exit-codes": Topic(title="What a script may conclude from each exit code.", text=_exit_codes()),
        "plans": Topic(title="Files of steps that rrcli run sends: keys, templates, variables.", text=PLANS),
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
