"""What a WSDL says: `--list`, `--describe` and `--template`, in the place of the answer that brought it, or by itself."""

from __future__ import annotations

from rrcli.adapters.soap import text
from rrcli.base.jsontext import dumps
from rrcli.engine.events import Content, Finished, Received
from rrcli.model.values import Body, Response, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.adapters.soap.library import Library
    from rrcli.adapters.soap.request import SoapRequest
    from rrcli.engine.events import Event


def listed(request: SoapRequest, library: Library) -> Iterator[Event]:
    """The events of an answer that nobody sent. Raises `usage`."""
    summary, media_type, content, data = _shown(request, library)
    answer = Response(summary=summary, status=Status(text="OK"), body=Body(media_type=media_type), data=data)
    yield Received(answer=answer)
    yield Content(data=content)
    yield Finished(answer=answer)


def shown_answer(request: SoapRequest, library: Library, answer: Response) -> Iterator[Event]:
    """The answer that brought the last document, with what they all say as its content. Raises `usage`."""
    summary, media_type, content, data = _shown(request, library)
    del summary
    body = (answer.body or Body()).replace(media_type=media_type, charset="utf-8")
    answer = answer.replace(body=body, data={**answer.data, **data})
    yield Received(answer=answer)
    yield Content(data=content)
    yield Finished(answer=answer)


def _shown(request: SoapRequest, library: Library) -> tuple[str, str, bytes, dict[str, Any]]:
    """Summary, media type, content and data of what is asked for."""
    wanted = {"service": request.service, "port": request.port, "version": request.soap}
    if not (request.describe or request.template) or len(request.arguments) < 2:
        found = library.chosen(**wanted)
        if len(request.arguments) > 1:  # --list OPERATION
            one = library.operation(request.arguments[1], **wanted)
            found = [one]
        told = text.listing(found)
        count = told.count("\n") + 1
        data = {"operations": [text.as_json(each) for each in found]}
        return f"{count} operation{'s' * (count != 1)}", "text/plain", told.encode("utf-8", "replace"), data
    operation = library.operation(request.arguments[1], **wanted)
    about = {"operations": [text.as_json(operation)]}
    if request.describe:
        told = text.description(library, operation)
        return operation.name, "text/plain", told.encode("utf-8", "replace"), about
    sample = text.sample(library, operation)
    if request.template == "xml":
        return text.signature(operation), "text/xml", _envelope(library, operation, sample), about
    return text.signature(operation), "application/json", dumps(sample, 6).encode("utf-8", "replace"), {**about, "result": sample}


def _envelope(library: Library, operation: Any, sample: dict[str, Any]) -> bytes:
    """The envelope with these arguments, laid out."""
    from lxml.etree import fromstring, tostring

    from rrcli.adapters.soap.calling import written

    plain = written(library, operation, sample, [], None)
    return bytes(tostring(fromstring(plain), encoding="utf-8", xml_declaration=True, pretty_print=True)).rstrip(b"\n")
