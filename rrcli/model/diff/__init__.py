"""Where documents of exchanges differ: the one comparison behind sets, `diff`, `compare`, `replay` and snapshots.

Compared are how they ended, status, fields, content and what was agreed on for TLS. Times, ids and dates are no difference, nor is the
case of a field's name. Each difference is `{path, values}`, with a path that finds the values in the documents, and `missing`, the numbers
of those that have nothing there, where there are any.
"""

from __future__ import annotations

from rrcli.base.fields import MASK
from rrcli.model.diff.places import Pattern
from rrcli.model.diff.rules import Rules, is_date, is_volatile_field, without_date
from rrcli.model.diff.values import MISSING, Found, alike, canonical
from rrcli.model.values import Variation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from rrcli.model.diff.places import Steps

    Documents = list[dict[str, Any]]

TIMES = "*_ms"  # what of an answer's data is called so
AGREED = ("version", "cipher", "alpn", "verified")  # of TLS
TLS = ("connection", "tls")
DATES = ("not_before", "not_after", "days_left")  # of a certificate
DATA = ("response", "data")
JSON = ("response", "body", "json")
TEXT = ("response", "body", "text")


def differences(documents: Documents, rules: Rules | None = None) -> list[dict[str, Any]]:
    """The differences of exchanges sent side by side. Only what was asked alike is compared: A and AAAA of one name are no difference."""
    rules = rules or Rules(has_tls=False)
    alike_: dict[str, Documents] = {}
    for document in documents:
        alike_.setdefault(asked(document["request"]["data"]), []).append(document)
    return [each for group in alike_.values() for each in exchange_differences(group, rules)]


def asked(data: Mapping[str, Any]) -> str:
    """Equal for requests that ask the same, of whomever; ids, cookies and padding (`edns`) are between two peers."""
    return canonical((), dict(data), lambda steps: steps[-1] in ("id", "edns"))


def exchange_differences(documents: Documents, rules: Rules, before: Steps = ()) -> list[dict[str, Any]]:
    """The differences of exchanges, whatever was asked; `before` is where they stand in documents around them."""
    if len(documents) < 2:
        return []
    return _Comparison(documents, rules, before).differences()


class _Comparison:
    """Exchanges as they are compared."""

    def __init__(self, documents: Documents, rules: Rules, before: Steps) -> None:
        self._documents = documents
        self._rules = rules
        self._before = before
        self._variation = rules.variation_of(documents[0].get("protocol", "")) if rules.variation_of else Variation()
        self._varies = () if rules.whole else tuple(map(Pattern, (TIMES, *self._variation.varies)))
        self._unordered = tuple(map(Pattern, self._variation.unordered))
        self._found = Found(self._skips, self._has_no_order, before)

    def differences(self) -> list[dict[str, Any]]:
        answers: list[Any] = [document.get("response") for document in self._documents]
        is_told = all(answers) and len({bool(answer["status"].get("ok")) for answer in answers}) > 1  # by the status
        if not is_told:
            self._plain("outcome")
        if all(answers):
            self._status()
            self._fields()
            self._content()
            self._plain("response", "trailers")
        if self._rules.has_tls or self._rules.whole:
            self._tls()
        if self._rules.whole:
            for name in ("id", "target", "request", "timing", "connection", "notes", "checks"):
                self._plain(name)
        if not is_told:
            self._plain("error", "kind")
        return self._found.differences

    # --- the parts

    def _status(self) -> None:
        """The code, and the text where that does not differ: it and whether that is success follow from it."""
        self._plain("response", "status", "code")
        codes = self._values("response", "status", "code")
        if alike(codes):
            if self._rules.whole or self._variation.has_text or None in codes:
                self._plain("response", "status", "text")
            self._plain("response", "status", "ok")
        self._plain("response", "status", "reason")

    def _fields(self) -> None:
        """The fields by their names. Where there is no content, its length is told by a field alone."""
        headers = [document["response"].get("headers") or {} for document in self._documents]
        has_content = any(((document["response"].get("body")) or {}).get("size") for document in self._documents)
        for name in dict.fromkeys(name for each in headers for name in each):
            values = [each.get(name, MISSING) for each in headers]
            if not self._rules.whole:
                if is_volatile_field(name) and (has_content or name != "content-length"):
                    continue
                if all(map(is_date, values)) or (name == "set-cookie" and _same_cookies(values)):
                    continue
            self._found.compare(("response", "headers", name), values, is_strict=True)

    def _content(self) -> None:
        """What the protocol made of the answer, and the content where that says more: JSON by structure, text, or its digest."""
        data = [document["response"].get("data") or {} for document in self._documents]
        for name in dict.fromkeys(name for each in data for name in each):
            self._found.compare((*DATA, name), [each.get(name) for each in data], is_strict=True)
        bodies = [document["response"].get("body") or {} for document in self._documents]
        if any(each.get(name) not in (None, [], {}) for each in data for name in self._variation.repeats):
            return
        if all(map(_is_json, bodies)):
            self._found.compare(JSON, [body["json"] for body in bodies], is_strict=True)
            return
        texts = [body.get("text") or "" for body in bodies]
        if all(body.get("text") is not None or not body.get("size") for body in bodies):
            if not alike(texts):
                self._plain(*TEXT)
            if not alike(texts) or not any(body.get("truncated") for body in bodies) or any(MASK in text for text in texts):
                return
        self._plain("response", "body", "sha256")

    def _tls(self) -> None:
        """What was agreed on; of a connection without TLS nothing."""
        agreed = [(document.get("connection") or {}).get("tls") or {} for document in self._documents]
        for name in AGREED:
            self._found.compare((*TLS, name), [each.get(name) for each in agreed])
        answers = [document.get("response") or {} for document in self._documents]
        if all(agreed) and not any(answer.get("body") or answer.get("headers") for answer in answers):
            self._found.compare((*TLS, "chain"), [each.get("chain") for each in agreed])  # that is all there is

    # --- places

    def _values(self, *names: str) -> list[Any]:
        found: list[Any] = list(self._documents)
        for name in names:
            found = [value.get(name) if isinstance(value, dict) else None for value in found]
        return found

    def _plain(self, *names: str) -> None:
        self._found.compare(names, self._values(*names))

    def _has_no_order(self, steps: Steps) -> bool:
        return steps == ("response", "trailers") or (steps[:2] == DATA and _matches(self._unordered, steps[2:]))

    def _skips(self, steps: Steps) -> bool:
        if steps[:2] == DATA and _matches(self._varies, steps[2:]):
            return True
        if steps[-1] in DATES and steps[:2] == TLS and not self._rules.whole:
            return True
        ignored = self._rules.ignored
        return bool(ignored) and (_matches(ignored, steps) or _matches(ignored, (*self._before, *steps)))


def _matches(patterns: tuple[Pattern, ...], steps: Steps) -> bool:
    return any(pattern.matches(steps) for pattern in patterns)


def _is_json(body: dict[str, Any]) -> bool:
    return body.get("json") is not None or (body.get("text") or "").strip() == "null"


def _same_cookies(values: list[Any]) -> bool:
    """Whether the cookies that are set are the same but for the time at which they end."""
    if not all(isinstance(value, list) and len(value) == len(values[0]) for value in values):
        return False
    return all(alike(list(map(without_date, together))) for together in zip(*values, strict=True))
