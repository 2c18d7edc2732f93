"""What a status or an error means and what a client should do next: `rrcli explain CODE`, and the failure report.

The knowledge is data, one module per family: a `TABLE` of code to `(title, retry, spec, meaning, action)` in plain
literals, which byte code loads in microseconds and only when that family is asked for. A module may add

- `ALIASES`: other spellings of its codes, as the number of a DNS rcode; one may stand for several codes;
- `fallback(code)`: the code of `TABLE` that speaks for one it does not list, or `None`.

A new family is such a module and one line in `FAMILIES`.
"""

from __future__ import annotations

from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

# In the order in which `lookup` answers.
FAMILIES = {
    "http": "rrcli.explain.http",
    "dns": "rrcli.explain.dns",
    "redis": "rrcli.explain.redis",
    "graphql": "rrcli.explain.graphql",
    "pg": "rrcli.explain.pg",
    "error": "rrcli.explain.errors",
    "exit": "rrcli.explain.exits",
}

# `Explanation.retry`: can the same request, unchanged, help?
RETRIES = {
    "none": "No retry is called for, or another code decides.",
    "safe": "The same request can be sent again at once: it was not carried out.",
    "later": "The same request may succeed once the cause has passed: wait, longer each time.",
    "unsafe": "The request may have been carried out: repeat it only if twice does no harm.",
    "useless": "The same request will end the same way: change something first.",
}

# What told the client where the answer ended, by the answer's `framing`, to follow "ends by".
FRAMINGS = {
    "content-length": "Content-Length",
    "chunked": "the last chunk",
    "end-stream": "END_STREAM",
    "close": "the peer closing",
    "none": "the end of its fields (no content)",
    "upgrade": "the change of protocol",
    "crlf": "CRLF",
    "length-prefix": "its length prefix",
    "element-count": "its count of elements",
    "datagram": "the end of the datagram",
    "read-until": "the text of --read-until",
    "read-bytes": "the count of --read-bytes",
    "read-lines": "the count of --read-lines",
    "read-idle": "the silence of --read-idle",
    "eof": "the end of the stream",
}


class Explanation(Record):
    """One code in plain words: `meaning` says what happened, `action` what the client should do next.

    `family` is a key of `FAMILIES`, `retry` a key of `RETRIES`, `spec` where the code is defined.
    """

    family: str
    code: str
    title: str
    meaning: str
    action: str
    retry: str
    spec: str


def explain(family: str, code: str) -> Explanation | None:
    """The explanation of `code` in one family, or `None`; loads that family's table alone.

    Letter case does not matter. A code that the family knows only by its class (HTTP 477) gets the class's explanation (4xx).
    """
    found = _known(family, code) or _by_class(family, code)
    return found[0] if found else None


def lookup(code: str) -> list[Explanation]:
    """Every explanation of `code`, in the order of `FAMILIES`; a family's name before it (`exit 6`) narrows the search.

    A class speaks for a code (4xx for 477) only when no family lists the code itself.
    """
    families, wanted = _scope(code)
    for find in (_known, _by_class):
        if found := [explanation for family in families for explanation in find(family, wanted)]:
            return found
    return []


def near(code: str) -> str | None:
    """The known code most like one that `lookup` misses, with its family's name if `code` had one; `None` if none is alike."""
    from difflib import SequenceMatcher  # loads re and collections, and only a mistyped code needs it

    families, wanted = _scope(code)
    matcher = SequenceMatcher(b=_key(wanted))
    best, best_ratio = None, 0.0
    for name in (name for family in families for name in _spellings(_module(family))):
        matcher.set_seq1(_key(name))
        if (ratio := matcher.ratio()) > best_ratio:
            best, best_ratio = name, ratio
    # Numbers that share digits are mostly strangers (24 and 204): only a slip of one key in four counts.
    if best is None or best_ratio < (0.85 if wanted.isdecimal() else 0.7):
        return None
    return f"{families[0]} {best}" if len(families) == 1 else best


def _scope(code: str) -> tuple[list[str], str]:
    """The families that `code` asks for, and the code without the family's name."""
    head, _, rest = code.strip().partition(" ")
    if rest and head.lower() in FAMILIES:
        return [head.lower()], rest.strip()
    return list(FAMILIES), code.strip()


def _known(family: str, code: str) -> list[Explanation]:
    """The explanations that `family` lists for `code`."""
    if family not in FAMILIES:
        return []
    module = _module(family)
    wanted = _key(code)
    names = [name for spelling, names in _spellings(module).items() if _key(spelling) == wanted for name in names]
    return [_explanation(family, name, module) for name in names]


def _by_class(family: str, code: str) -> list[Explanation]:
    """The explanation that speaks for a code which `family` does not list."""
    if family not in FAMILIES:
        return []
    module = _module(family)
    fallback = getattr(module, "fallback", None)
    name = fallback(code) if fallback else None
    return [_explanation(family, name, module)] if name else []


def _module(family: str) -> ModuleType:
    return __import__(FAMILIES[family], fromlist=["TABLE"])


def _spellings(module: ModuleType) -> dict[str, tuple[str, ...]]:
    """Every spelling that a family knows, with the codes that it stands for."""
    return {**{name: (name,) for name in module.TABLE}, **getattr(module, "ALIASES", {})}


def _key(code: str) -> str:
    """Codes are compared without regard to case, and with `wrong protocol` as `wrong_protocol`."""
    return "_".join(code.lower().split())


def _explanation(family: str, code: str, module: ModuleType) -> Explanation:
    title, retry, spec, meaning, action = module.TABLE[code]
    return Explanation(family=family, code=code, title=title, meaning=meaning, action=action, retry=retry, spec=spec)
