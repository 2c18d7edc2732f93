"""What a status or an error means and what a client should do next: `rrcli explain CODE`, and the failure report.

The knowledge is data, one module per family: a `TABLE` of code to `(title, retry, spec, meaning, action)` in plain
literals, which byte code loads in microseconds and only when that family is asked for. A module may add

- `ALIASES`: other spellings of its codes, as the number of a DNS rcode; one may stand for several codes;
- `fallback(code)`: the code of `TABLE` that speaks for one it does not list, or `None`.

The families are handed in as a mapping of their names to such modules: each protocol brings its own, `OWN_FAMILIES` are rrcli's.
"""

from __future__ import annotations

from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

# Those of rrcli itself: the kinds of failure, and the exit codes.
OWN_FAMILIES = {"error": "rrcli.explain.errors", "exit": "rrcli.explain.exits"}

# `Explanation.retry`: can the same request, unchanged, help?
RETRIES = {
    "none": "No retry is called for, or another code decides.",
    "safe": "The same request can be sent again at once: it was not carried out.",
    "later": "The same request may succeed once the cause has passed: wait, longer each time.",
    "unsafe": "The request may have been carried out: repeat it only if twice does no harm.",
    "useless": "The same request will end the same way: change something first.",
}


class Explanation(Record):
    """One code in plain words: `meaning` says what happened, `action` what the client should do next.

    `family` is the name of its family, `retry` a key of `RETRIES`, `spec` where the code is defined.
    """

    family: str
    code: str
    title: str
    meaning: str
    action: str
    retry: str
    spec: str


def explain(family: str, code: str, families: Mapping[str, str] = OWN_FAMILIES) -> Explanation | None:
    """The explanation of `code` in one family, or `None`; loads that family's table alone.

    Letter case does not matter. A code that the family knows only by its class (HTTP 477) gets the class's explanation (4xx).
    """
    if family not in families:
        return None
    module = _module(families[family])
    found = _known(family, module, code) or _by_class(family, module, code)
    return found[0] if found else None


def lookup(code: str, families: Mapping[str, str] = OWN_FAMILIES) -> list[Explanation]:
    """Every explanation of `code`, in the order of `families`, but before all others those of codes that are spelled just so.

    A family's name before it (`exit 6`) narrows the search. A class speaks for a code (4xx for 477) only when no family lists the code
    itself.
    """
    names, wanted = _scope(code, families)
    for find in (_known, _by_class):
        if found := [explanation for name in names for explanation in find(name, _module(families[name]), wanted)]:
            return sorted(found, key=lambda explanation: explanation.code != wanted)
    return []


def near(code: str, families: Mapping[str, str] = OWN_FAMILIES) -> str | None:
    """The known code most like one that `lookup` misses, with its family's name if `code` had one; `None` if none is alike."""
    from difflib import SequenceMatcher  # loads re and collections, and only a mistyped code needs it

    scope, wanted = _scope(code, families)
    matcher = SequenceMatcher(b=_key(wanted))
    best, best_ratio = None, 0.0
    for name in (name for family in scope for name in _spellings(_module(families[family]))):
        matcher.set_seq1(_key(name))
        if (ratio := matcher.ratio()) > best_ratio:
            best, best_ratio = name, ratio
    # Numbers that share digits are mostly strangers (24 and 204): only a slip of one key in four counts.
    if best is None or best_ratio < (0.85 if wanted.isdecimal() else 0.7):
        return None
    return f"{scope[0]} {best}" if len(scope) == 1 else best


def codes(families: Mapping[str, str] = OWN_FAMILIES) -> tuple[str, ...]:
    """All codes that are one word, each once."""
    tables = [_module(module).TABLE for module in families.values()]
    return tuple(dict.fromkeys(code for table in tables for code in table if " " not in code))


def _scope(code: str, families: Mapping[str, str]) -> tuple[list[str], str]:
    """The names of the families that `code` asks for, and the code without a family's name."""
    head, _, rest = code.strip().partition(" ")
    if rest and head.lower() in families:
        return [head.lower()], rest.strip()
    return list(families), code.strip()


def _known(family: str, module: ModuleType, code: str) -> list[Explanation]:
    """The explanations that `family` lists for `code`."""
    wanted = _key(code)
    names = [name for spelling, names in _spellings(module).items() if _key(spelling) == wanted for name in names]
    return [_explanation(family, name, module) for name in names]


def _by_class(family: str, module: ModuleType, code: str) -> list[Explanation]:
    """The explanation that speaks for a code which `family` does not list."""
    fallback = getattr(module, "fallback", None)
    name = fallback(code) if fallback else None
    return [_explanation(family, name, module)] if name else []


def _module(name: str) -> ModuleType:
    return __import__(name, fromlist=["TABLE"])


def _spellings(module: ModuleType) -> dict[str, tuple[str, ...]]:
    """Every spelling that a family knows, with the codes that it stands for."""
    return {**{name: (name,) for name in module.TABLE}, **getattr(module, "ALIASES", {})}


def _key(code: str) -> str:
    """Codes are compared without regard to case, and with `wrong protocol` as `wrong_protocol`."""
    return "_".join(code.lower().split())


def _explanation(family: str, code: str, module: ModuleType) -> Explanation:
    title, retry, spec, meaning, action = module.TABLE[code]
    return Explanation(family=family, code=code, title=title, meaning=meaning, action=action, retry=retry, spec=spec)
