"""What an IDL declares: `--list`, `--describe` and `--template`. Nothing is sent."""

from __future__ import annotations

from rrcli.adapters.thrift.words import load_program, place_of
from rrcli.base.errors import usage
from rrcli.codec.thrift import idl, text
from rrcli.engine.events import Content, Finished, Received, Sent
from rrcli.model.values import Body, RequestMessage, Response, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.adapters.thrift.request import ThriftRequest
    from rrcli.codec.thrift.model import Program
    from rrcli.engine.events import Event


def listed(request: ThriftRequest) -> Iterator[Event]:
    """The events of what is shown, as those of an answer. Raises `usage`."""
    what = _what(request)
    place, program = place_of(request), load_program(request)
    data: dict[str, Any] = {}
    if what == "list":
        content, data = text.list_services(program), {"services": services(program)}
        summary = f"{len(data['services'])} service{'s' * (len(data['services']) != 1)}"
    elif what == "describe":
        summary, content = request.arguments[2], text.describe(program, request.arguments[2])
    else:
        summary, content, data = _template(program, request.arguments[2])
    nothing = {"service": None, "method": None, "seqid": None, "oneway": False, "safe": True, "idempotent": True}
    yield Sent(message=RequestMessage(summary=f"{what} {program.path}", data=nothing), target=place.target)
    media_type = "application/json" if what == "template" else "text/plain"
    answer = Response(summary=summary, status=Status(text="OK"), body=Body(media_type=media_type), data=data)
    yield Received(answer=answer)
    yield Content(data=content.rstrip("\n").encode("utf-8", "surrogateescape"))
    yield Finished(answer=answer)


def _what(request: ThriftRequest) -> str:
    """What is asked for: list, describe or template. Raises `usage` for more than one of them, or words too many or too few."""
    flags = {"list": request.list_services, "describe": request.describe, "template": request.template}
    given = [name for name, flag in flags.items() if flag]
    if len(given) > 1:
        raise usage(f"--{given[0]} and --{given[1]} exclude each other")
    what = given[0] if given else "list"
    count = len(request.arguments)
    if what != "list" and count < 3:
        name = "METHOD" if what == "template" else "NAME"
        raise usage(f"--{what} takes the {name} behind the IDL", f"write rrcli thrift HOST:PORT FILE.thrift {name} --{what}")
    if count > (2 if what == "list" else 3):
        raise usage(f"--{what} sends nothing: {request.arguments[-1]!r} has no place there")
    if request.data is not None:
        why = f"--{what} sends nothing" if given else "no method is named"
        raise usage(f"-d has the arguments of a call, and {why}")
    return what


def services(program: Program) -> list[dict[str, Any]]:
    """The services and their methods, inherited ones too."""
    return [
        {
            "name": name,
            "extends": service.extends or None,
            "methods": [
                {"name": method.name, "oneway": method.oneway, "signature": text.signature(method)}
                for method in service.every_method().values()
            ],
        }
        for name, service in idl.services(program).items()
    ]


def _template(program: Program, name: str) -> tuple[str, str, dict[str, Any]]:
    from rrcli.base.jsontext import dumps

    method = idl.find_method(program, name)[1]
    value = text.template(method)
    return text.signature(method), dumps(value, 2), {"result": value}
