"""Public suffixes: domains under which strangers register names, so that no cookie may be set for the whole of one.

The list of publicsuffix.org is read where the system has it (the package `publicsuffix`, which libpsl and curl use too). Without
it a single label is one, and so is `co.uk` and its like.
"""

from __future__ import annotations

from rrcli.base.url import ascii_name, literal_family

LISTS = ("/usr/share/publicsuffix/public_suffix_list.dat", "/usr/share/publicsuffix/effective_tld_names.dat")
GENERIC = ("ac", "co", "com", "edu", "gov", "int", "mil", "net", "ne", "nom", "or", "org", "sch")  # below a country's domain

_rules: frozenset[str] | None = None


def is_public_suffix(domain: str) -> bool:
    """Whether `domain`, in lower case and ASCII, is one. An address is none; what resolvers take for a part of one is."""
    if literal_family(domain) is not None:
        return False
    domain = domain.removesuffix(".")
    labels = domain.split(".")
    if len(labels) == 1 or labels[-1].isdecimal() or labels[-1].startswith("0x"):  # 0x7f.0.0.1 and 0.0.1 are hosts' numbers
        return True
    rules = _load()
    if not rules:
        return len(labels) == 2 and len(labels[1]) == 2 and labels[0] in GENERIC
    above = domain.partition(".")[2]
    return f"!{domain}" not in rules and (domain in rules or f"*.{above}" in rules)


def _load() -> frozenset[str]:
    """The rules of the system's list; none where there is no list. An internationalised one is read in ASCII too."""
    global _rules
    if _rules is None:
        text = next(filter(None, map(_read, LISTS)), "")
        found = {line.split()[0] for line in text.splitlines() if line.strip() and not line.startswith("//")}
        _rules = frozenset(found | {_ascii(rule) for rule in found if not rule.isascii()})
    return _rules


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(8 << 20)
    except (OSError, UnicodeDecodeError):
        return ""


def _ascii(rule: str) -> str:
    try:
        return ascii_name(rule)
    except UnicodeError:
        return rule
