"""Documents that were saved with their secrets, as they may be shown: the same places masked as in an exchange that is sent."""

from __future__ import annotations

from rrcli.base.fields import MASK, is_secret_name
from rrcli.policy.mask import Mask
from rrcli.policy.secrets import field_secrets, mask_field, mask_url, url_secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

FIELDS = ("fields", "trailers")
URLS = ("url", "summary")


def masked_document(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the values of secret fields and of URLs masked, there and wherever else they stand in it."""
    found = [secret for secret in dict.fromkeys(_secrets(document)) if MASK not in secret]
    if not found:
        return document
    masked: dict[str, Any] = Mask(tuple(found)).value(_in_place(document))
    return masked


def _secrets(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _secrets(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name in FIELDS and _are_fields(item):
                yield from field_secrets(tuple((pair[0], pair[1]) for pair in item))
            elif name in URLS and isinstance(item, str):
                yield from url_secrets(item)
            else:
                yield from _secrets(item)


def _are_fields(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], str) for pair in value
    )


def _in_place(value: Any) -> Any:
    """The same with what its place tells to be a secret masked, however short."""
    if isinstance(value, list):
        return [_in_place(item) for item in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for name, item in value.items():
        if name in FIELDS and _are_fields(item):
            found[name] = [[key, mask_field(key, text)] for key, text in item]
        elif name == "headers" and isinstance(item, dict):
            found[name] = {key: _field(key, text) for key, text in item.items()}
        elif name in URLS and isinstance(item, str):
            found[name] = mask_url(item)
        else:
            found[name] = _in_place(item)
    return found


def _field(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_field(name, item) for item in value]
    return mask_field(name, value) if isinstance(value, str) and is_secret_name(name) else value
