"""Host names in ASCII: internationalised ones as browsers and curl ask for them (UTS 46, non-transitional, over IDNA 2008).

Python's own codec is of IDNA 2003, which turns `straße` into `strasse`: another domain, that would get the request and its credentials.
"""

from __future__ import annotations

LONGEST_LABEL = 63


def ascii_name(host: str) -> str:
    """The name with each label that is not ASCII as `xn--…`. Raises `UnicodeError` for what is no name."""
    if host.isascii():
        return host
    from idna.core import uts46_remap

    name = uts46_remap(host, std3_rules=False, transitional=False)
    if ".." in name or name[:1] == ".":
        raise UnicodeError("a label is empty")
    return ".".join(label if label.isascii() else _ascii_label(label) for label in name.split("."))


def _ascii_label(label: str) -> str:
    from idna.core import InvalidCodepoint, InvalidCodepointContext, alabel

    try:
        return alabel(label).decode()
    except InvalidCodepointContext:
        raise
    except InvalidCodepoint:  # emoji and `_`, which registries do not give out, and resolvers know all the same
        found = f"xn--{label.encode('punycode').decode()}"
        if len(found) > LONGEST_LABEL:
            raise UnicodeError("label too long") from None
        return found
