"""A URL, or HOST:PORT, led to another server."""

from __future__ import annotations


def moved(place: str, target: str) -> str:
    """The place at the server of the target: its scheme, host and port, and its path before that of the place. A user stays."""
    scheme, separator, rest = place.rpartition("://")
    authority, slash, path = rest.partition("/")
    if not slash and "?" in authority:
        authority, mark, query = authority.partition("?")
        path, slash = f"{mark}{query}", ""
    new_scheme, new_separator, new_rest = target.rpartition("://")
    new_authority, _, new_path = new_rest.partition("/")
    user, at, _ = authority.rpartition("@")
    if at and "@" not in new_authority:
        new_authority = f"{user}@{new_authority}"
    prefix = f"/{new_path.strip('/')}" if new_path.strip("/") else ""
    whole = prefix + (slash or ("/" if prefix and path else "")) + path
    if not (separator or new_separator):
        return new_authority + whole
    return f"{new_scheme or scheme}{new_separator or separator}{new_authority}{whole}"
