"""The functions of a plan's expressions beside JMESPath's own; loaded for an expression that is no plain path."""

from __future__ import annotations

import re

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions, signature

from rrcli.base.errors import usage
from rrcli.options.parse import duration
from rrcli.plan.novalue import NoValue
from rrcli.policy.paths import not_jmespath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from rrcli.plan.novalue import Scope

STRING: Any = {"types": ["string"]}
NUMBER: Any = {"types": ["number"]}


class PlanFunctions(Functions):
    """`uuid() now() now('+1h') unix() random(a, b) base64(x) base64_decode(x) urlencode(x) sha256(x) hmac_sha256(key, x) env('X')`."""

    @signature()
    def _func_uuid(self) -> str:
        from uuid import uuid4

        return str(uuid4())

    def _validate_arguments(self, args: Any, signature: Any, function_name: str) -> Any:
        """Take `now()` too, which the library's signatures cannot say."""
        return None if function_name == "now" and not args else super()._validate_arguments(args, signature, function_name)  # type: ignore[misc]

    @signature({"types": ["string"], "variadic": True})
    def _func_now(self, *shifts: str) -> str:
        from time import time

        from rrcli.model.document import iso_seconds

        return iso_seconds(int(time() + sum(map(_shift, shifts))))

    @signature()
    def _func_unix(self) -> int:
        from time import time

        return int(time())

    @signature(NUMBER, NUMBER)
    def _func_random(self, least: float, most: float) -> int:
        from secrets import randbelow

        return int(least) + randbelow(max(int(most) - int(least) + 1, 1))

    @signature(STRING)
    def _func_base64(self, text: str) -> str:
        from binascii import b2a_base64

        return b2a_base64(text.encode("utf-8", "surrogateescape"), newline=False).decode()

    @signature(STRING)
    def _func_base64_decode(self, text: str) -> str:
        from binascii import a2b_base64

        return a2b_base64(text, strict_mode=True).decode("utf-8", "surrogateescape")

    @signature(STRING)
    def _func_urlencode(self, text: str) -> str:
        from rrcli.base.url import quote

        return quote(text)

    @signature(STRING)
    def _func_sha256(self, text: str) -> str:
        from hashlib import sha256

        return sha256(text.encode()).hexdigest()

    @signature(STRING, STRING)
    def _func_hmac_sha256(self, key: str, text: str) -> str:
        import hmac

        return hmac.new(key.encode(), text.encode(), "sha256").hexdigest()

    @signature(STRING)
    def _func_env(self, name: str) -> str | None:
        import os

        return os.environ.get(name)


def _shift(text: str) -> float:
    sign = -1 if text.startswith("-") else 1
    return sign * duration(text.lstrip("+-"))


OPTIONS = jmespath.Options(custom_functions=PlanFunctions())
KNOWN = {name.removeprefix("_func_") for name in dir(PlanFunctions) if name.startswith("_func_")}


def compiled(text: str) -> tuple[Mapping[str, Any], Callable[[Scope], Any]]:
    """The syntax tree of a JMESPath, and what finds its value. Raises `usage` for what is none, and for an unknown function."""
    try:
        found = jmespath.compile(text)
    except (JMESPathError, ValueError, RecursionError) as error:
        hint = "numbers, true, false and null stand in backticks: {{n || `3`}}; text in single quotes"
        raise usage(not_jmespath(text, error), hint) from error
    _refuse_unknown(found.parsed)

    def find(scope: Scope) -> Any:
        try:
            return found.search(scope, options=OPTIONS)
        except (JMESPathError, ValueError, ArithmeticError, TypeError, RecursionError) as error:
            raise NoValue(text, re.sub(r"\s+", " ", str(error))) from None

    return found.parsed, find


def _refuse_unknown(node: Mapping[str, Any]) -> None:
    if node["type"] == "function_expression" and node["value"] not in KNOWN:
        from rrcli.options.parse import suggestion

        raise usage(f"no function {node['value']}(){suggestion(node['value'], sorted(KNOWN))}")
    if node["type"] != "slice":
        for child in node.get("children", []):
            _refuse_unknown(child)
