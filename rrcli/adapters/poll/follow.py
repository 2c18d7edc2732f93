"""Where an answer leads: the cursor it holds, the next page it links to, the resource that tells how far a job is."""

from __future__ import annotations

from rrcli.adapters.http.redirect import changed_method, request_to, resolve
from rrcli.adapters.http.versions.response import SAFE
from rrcli.adapters.poll import cursor as cursors
from rrcli.base.errors import ExchangeError
from rrcli.policy.secrets import field_secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.http.hopstate import HopState
    from rrcli.adapters.poll.polling import Polling
    from rrcli.engine.context import Context
    from rrcli.model.values import Fields, Response

STATUS_FIELDS = ("operation-location", "azure-asyncoperation", "location", "content-location")  # the plainest first
OF_ONE_REQUEST = ("idempotency-key", "prefer", "range", "if-none-match", "if-modified-since")  # which the next one is not


def brings_nothing(value: Any) -> bool:
    """Whether JSON content is empty: null, an empty list or object, or an object whose lists are all empty."""
    if isinstance(value, dict):
        lists = [part for part in value.values() if isinstance(part, list)]
        return not value or (bool(lists) and not any(lists))
    return isinstance(value, list) and not value


def move(polling: Polling, state: HopState, answer: Response, content: tuple[Any, Any], context: Context) -> str:
    """Go on behind this answer: `next` for a link that it gives, else what became of the cursor."""
    moved = "none"
    if polling.path is not None:
        moved = polling.take_cursor(polling.path.find(_document(answer, content)))
    if (link := next_link(answer.fields)) is not None:
        _lead(polling, state, link, context, keeps_content=True)
        return "next"
    return moved


def to_status(polling: Polling, state: HopState, answer: Response, content: tuple[Any, Any] | None, context: Context) -> bool:
    """Have the next request ask how far the job is; false where the answer is of no job. Raises `malformed` for no URL."""
    link = None
    if content is not None and polling.status_path is not None:
        link = polling.status_path.find(_document(answer, content))
        if not isinstance(link, str):
            hint = "look at the first answer, and at the path"
            raise ExchangeError("protocol", "malformed", f"the answer has no URL at --status-url {polling.status_path.text}", hint=hint)
    elif answer.status.code == 202:
        fields = {name.lower(): value for name, value in reversed(answer.fields)}
        link = next((fields[name] for name in STATUS_FIELDS if fields.get(name)), None)
        if link is None:
            return bool(state.prepared and state.prepared.method in SAFE)  # the resource itself is not ready
    if link is None:
        return False
    _lead(polling, state, link, context, keeps_content=False)
    return True


def _lead(polling: Polling, state: HopState, link: str, context: Context, *, keeps_content: bool) -> None:
    """Set the next request to another URL; credentials stay at their origin, as in a redirect."""
    request, prepared = state.options, state.prepared
    assert prepared
    assert polling.base
    url = resolve(prepared, link)
    if request.https_only and url.scheme != "https":
        raise ExchangeError("protocol", "unsupported", f"the answer leads to {url.scheme}://, and --https-only forbids that")
    context.secret(*field_secrets(prepared.fields))
    if not keeps_content:
        method, fields = changed_method(prepared, 303)
        prepared = prepared.replace(method=method, fields=tuple(field for field in fields if field[0].lower() not in OF_ONE_REQUEST))
    led = request_to(polling.base, prepared, url, context, keeps_content=keeps_content)
    polling.prepared, polling.template, polling.mark = led.prepared, None, ""
    options = led.options.replace(location=led.options.location or not keeps_content)
    polling.base = polling.base.replace(options=options, passed=tuple(dict.fromkeys(led.passed)))


def next_link(fields: Fields) -> str | None:
    """The target of a Link with the relation `next` (RFC 8288 section 3)."""
    for name, value in fields:
        if name.lower() != "link":
            continue
        for part in value.split("<")[1:]:
            target, closed, parameters = part.partition(">")
            for parameter in parameters.split(";"):
                key, _, relations = parameter.partition("=")
                words = relations.strip().rstrip(",").strip().strip('"').lower().split()
                if closed and key.strip().lower() == "rel" and "next" in words:
                    return target.strip()
    return None


def _document(answer: Response, content: tuple[Any, Any]) -> dict[str, Any]:
    text, value = content
    return cursors.answer_document(answer.status.code, answer.fields, text if isinstance(text, str) else None, value)
