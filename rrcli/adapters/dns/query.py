"""One question as a message: what goes out, whether what came in belongs to it, and the answer as the model has it."""

from __future__ import annotations

from os import urandom

from rrcli.base.errors import ExchangeError, usage
from rrcli.codec.dns import message as codec
from rrcli.codec.dns import name as dnsname
from rrcli.codec.dns.edns import CLIENT_COOKIE, COOKIE, DO, ECS, EDE, NSID, Edns, error_text
from rrcli.codec.dns.tables import class_name
from rrcli.model.values import Body, RequestMessage, Response, Status, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.dns.questions import Question
    from rrcli.adapters.dns.request import DnsRequest
    from rrcli.engine.context import Context
    from rrcli.wire.recorder import Timeline

SEALED = ("tls", "https", "quic")  # transports that hide all but a message's length, which padding hides then


class HttpFailure(ExchangeError):
    """The server answered with an HTTP status in the place of a message; `answer` is that."""

    def __init__(self, answer: Response) -> None:
        super().__init__("application", "bad_status", answer.status.reason, hint=answer.status.hint)
        self.answer = answer


class Query:
    """A question and the message that asks it. `framing` is set by the transport that brought the answer."""

    def __init__(self, request: DnsRequest, question: Question, cookie: bytes | None = None) -> None:
        """`cookie` is the one that the server wants, in the place of the request's."""
        self.request = request if cookie is None else request.replace(cookie=cookie)
        self.question = question
        self.cookie = cookie
        self.framing = "length-prefix"
        self.tries: int | None = None  # datagrams that the question went out in
        self.anchors: dict[Any, list[Any]] = {}  # records to trust, by zone, when the answer is to be validated
        on = (("rd", not (request.no_recurse or request.trace)), ("ad", request.ad), ("cd", request.cd or request.validate))
        flags = codec.flag_bits(*(name for name, wanted in on if wanted))
        # Over HTTPS and QUIC the stream pairs answer and query: the id is 0, for caches' sake (RFC 8484 §4.1, RFC 9250 §4.2.1).
        ident = 0 if question.transport in ("https", "quic") else int.from_bytes(urandom(2), "big")
        kind = question.kind, question.of_class
        name, edns = dnsname.to_wire(question.name), settings(request)
        self.wire = codec.query(ident, flags, name, kind, edns)
        if edns and not request.no_padding and (request.padding or question.transport in SEALED):
            self.wire = codec.query(ident, flags, name, kind, edns.padded(len(self.wire)))
        self.asked = codec.read(self.wire)

    def message(self) -> RequestMessage:
        question, asked = self.question, self.asked
        what = question.type if question.of_class == 1 else f"{class_name(question.of_class)} {question.type}"
        entry = asked.question[0]
        return RequestMessage(
            summary=f"{what} {question.name} @{question.server} ({question.transport})",
            data={
                "question": {key: entry[key] for key in ("name", "type", "class")},
                "flags": asked.flags,
                "edns": asked.edns,
                "id": asked.id,
                "safe": True,
                "idempotent": True,
                **self._sealing(),
            },
        )

    def _sealing(self) -> dict[str, str]:
        """How a transport that hides the question was asked: the method, the files that say whom to trust."""
        if self.question.transport not in SEALED:
            return {}
        request = self.request
        method = ("GET" if request.get else "POST") if self.question.transport == "https" else None
        named = {"method": method, "cacert": request.cacert, "cert": request.cert, "key": request.key}
        return {key: value for key, value in named.items() if value}

    def target(self) -> Target:
        return Target(url=self.question.url, host=self.question.host, port=self.question.port)

    def answer(self, answer: codec.Message, records: list[dict[str, Any]]) -> Response:
        """The answer as the model has it; `records` are those of its answer section, or of a whole transfer."""
        flags = f", flags {' '.join(answer.flags)}"
        return Response(
            summary=f"{answer.rcode}, {counted(len(records), 'answer')}{flags}",
            status=Status(text=answer.rcode, ok=answer.rcode == "NOERROR"),
            body=Body(),
            framing=self.framing,
            data={
                "question": answer.question,
                "answer": records,
                "authority": answer.authority,
                "additional": answer.additional,
                "flags": answer.flags,
                "edns": answer.edns,
                "id": answer.id,
                "transport": self.question.transport,
                "server": self.question.server,
                **({} if self.tries is None else {"tries": self.tries}),
            },
        )

    def without_message(self, response: Response) -> Response:
        """An answer of HTTP that brought no message, with what the data of DNS always has."""
        nothing = dict.fromkeys(("question", "answer", "authority", "additional", "flags"), ())
        data = {**nothing, "edns": None, "id": None, "transport": self.question.transport, "server": self.question.server}
        return response.replace(data=data, body=None)

    def is_foreign(self, answer: codec.Message) -> bool:
        """Whether it carries another client's cookie than the one that was sent: spoofed then (RFC 7873 §5.3)."""
        sent, came = self.asked.option(COOKIE), answer.option(COOKIE)
        return sent is not None and came is not None and came[:CLIENT_COOKIE] != sent[:CLIENT_COOKIE]

    def whole(self, answer: codec.Message, context: Context) -> str:
        """The answer as `dig` prints it."""
        from time import localtime, strftime, time

        from rrcli.codec.dns.show import whole

        question = self.question
        address, _, port = (context.recorder.peer or question.server).rpartition(":")
        when = strftime("%a %b %d %H:%M:%S %Z %Y", localtime(time()))
        last_lines = [
            f"Query time: {_waited_ms(context.recorder.timeline)} msec",
            f"SERVER: {address.strip('[]')}#{port}({question.host}) ({question.transport.upper()})",
            f"WHEN: {when}",
            f"MSG SIZE  rcvd: {len(answer.wire)}",
        ]
        return whole(answer, self.asked, last_lines)


def _waited_ms(timeline: Timeline) -> int:
    """From the question to the end of the answer, without the connecting."""
    before = sum(timeline.phases.get(phase, 0) for phase in ("resolve", "connect", "tls", "handshake"))
    return round((timeline.last_ns - timeline.origin_ns - before) / 1e6)


def counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def settings(request: DnsRequest) -> Edns | None:
    """What the query says of EDNS; `None` when it goes without. Raises `usage` for settings that exclude each other."""
    if request.padding and request.no_padding:
        raise usage("--padding and --no-padding exclude each other")
    if request.no_edns:
        wanted = (request.dnssec, request.validate, request.nsid, request.padding)
        if any(wanted) or request.subnet is not None or request.bufsize is not None or request.cookie is not None:
            raise usage(
                "--no-edns excludes --dnssec, --validate, --bufsize, --nsid, --subnet, --cookie and --padding",
                "they are all settings of EDNS",
            )
        return None
    options: list[tuple[int, bytes]] = []
    if request.nsid:
        options.append((NSID, b""))
    if request.subnet is not None:
        options.append((ECS, request.subnet))
    if request.cookie is not None:
        options.append((COOKIE, request.cookie or urandom(CLIENT_COOKIE)))
    size = Edns.udp_size if request.bufsize is None else request.bufsize
    return Edns(udp_size=size, flags=DO if request.dnssec or request.validate else 0, options=tuple(options))


def note_missing_question(answer: codec.Message, context: Context) -> None:
    """Note that an answer does not say to what, where its status gives no reason for that."""
    if not answer.question and not answer.cut and answer.rcode not in codec.WITHOUT_QUESTION:
        context.note("no-question", "the answer does not repeat the question: only its id says that it belongs to it")


def oddities(answer: codec.Message, context: Context) -> None:
    """What in a message was accepted all the same, and what the server itself finds worth saying."""
    if answer.extra:
        context.note("bytes-after-end", f"{counted(answer.extra, 'byte')} came after the end of the message")
    for reason in answer.unread:
        context.note("unreadable-data", reason)
    for code, data in answer.options:
        if code == EDE and len(data) >= 2:
            context.note("extended-error", f"the server adds: {error_text(data)}")
