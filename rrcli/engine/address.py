"""The URLs that tools take, of any scheme: each names the protocol that it is for."""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.engine import registry
from rrcli.policy.secrets import mask_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from rrcli.options.request import Request


def protocol_of_url(url: str) -> registry.Protocol:
    """The protocol of a URL's scheme, another package's too, or of HOST:PORT alone. Raises `usage` where there is none."""
    entry = registry.by_place(url)
    if entry is None and registry.third_party():
        entry = registry.by_scheme(url)
    if entry is None:
        known = ", ".join(scheme for each in registry.BY_NAME.values() for scheme in each.schemes)
        raise usage(f"{mask_url(url)} is no URL that rrcli can send to", f"write SCHEME://HOST[:PORT]/…; the schemes are {known}")
    return entry


def probe_of(entry: registry.Protocol, url: str, values: Mapping[str, Any]) -> Request:
    """The harmless request that a protocol makes of a URL alone, with these values of shared options."""
    manifest = entry.load_manifest()
    of_scheme = manifest.probe_of_scheme.get(url.partition("://")[0].lower(), {})
    return entry.request_type(url, *manifest.probe, **{**manifest.probe_options, **of_scheme, **values})
