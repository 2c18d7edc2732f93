"""What the engine and the command line ask of gRPC."""

from __future__ import annotations

from rrcli.base.fields import first
from rrcli.base.units import counted
from rrcli.codec.grpc.status import code_of, name_of
from rrcli.engine.hooks import Hooks
from rrcli.model.values import Variation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.grpc.request import GrpcRequest
    from rrcli.model.values import Response
    from rrcli.options.request import Request


class GrpcHooks(Hooks):
    """Some calls are listened to message by message."""

    variation = Variation(varies=("events[*].at_ms", "sent[*].at_ms"), repeats=("messages", "services", "files", "symbols"))

    def streams(self, request: Request) -> bool:
        """What watches, counts its messages, sends as it reads, or waits for a message."""
        asked: GrpcRequest = request  # type: ignore[assignment]  # these hooks are asked of no other
        if asked.list_names or asked.describe or asked.template or (asked.health and not asked.watch):
            return False
        return asked.watch or asked.max_events is not None or "@-" in asked.data or _means_a_message(asked)

    def asked_wait(self, answer: Response) -> tuple[float, str] | None:
        """The wait that the server asks for in its trailers (gRPC's A6, server pushback)."""
        said = first(answer.trailers, "grpc-retry-pushback-ms") or first(answer.fields, "grpc-retry-pushback-ms")
        if said is None or not (said.isascii() and said.isdecimal()) or len(said) > 9:
            return None
        return int(said) / 1000, f"grpc-retry-pushback-ms {said}"

    def event_words(self, event: dict[str, Any]) -> list[str]:
        """How much metadata came, and the status of the trailers."""
        if event["type"] == "message":
            return []
        code = code_of(str(event["data"].get("grpc-status", "")))
        return [counted(len(event["data"]), "field") if code is None else f"{code} {name_of(code)}"]


def _means_a_message(request: GrpcRequest) -> bool:
    """Whether --until reads messages, and not the document of the whole exchange."""
    text = (request.until or "").strip().removeprefix("not ").lstrip()
    end = next((at for at, letter in enumerate(text) if not (letter.isalnum() or letter == "_")), len(text))
    return text[:end] in ("event", *request.event_keys)


HOOKS = GrpcHooks()
