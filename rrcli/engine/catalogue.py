"""What the manifests of all protocols amount to: the families of `rrcli explain`, the responders, what a status or a greeting means."""

from __future__ import annotations

from rrcli.engine import registry
from rrcli.explain import OWN_FAMILIES, explain

EXITS = "exit"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.engine.registry import Protocol
    from rrcli.explain import Explanation
    from rrcli.model.values import Status
    from rrcli.responders.catalogue import Catalogue


def families() -> dict[str, str]:
    """The families of `rrcli explain`, each with the module of its table: the exit codes first, since every command has those, then
    the protocols' in their order, then the kinds of failure."""
    found = {name: module for protocol in registry.BY_NAME.values() for name, module in protocol.load_manifest().families.items()}
    return {EXITS: OWN_FAMILIES[EXITS], **found, **OWN_FAMILIES}


def responders() -> Catalogue:
    """The responders of `rrcli serve`, and the protocols that are answered at a path of one."""
    from rrcli.responders.catalogue import Catalogue

    classes, places = {}, {}
    for protocol in registry.BY_NAME.values():
        manifest = protocol.load_manifest()
        if manifest.responder:
            classes[protocol.name] = manifest.responder
        elif manifest.place:
            places[protocol.name] = manifest.place
    return Catalogue(responders=classes, places=places)


def meaning_of(status: Status, protocol: Protocol) -> Explanation | None:
    """The explanation of a status: that which it names itself, or the one of its code in the protocol's family."""
    manifest = protocol.load_manifest()
    if status.explain_as:
        family, code = status.explain_as
    else:
        family, code = manifest.explains or "", str(status.text if status.code is None else status.code)
    if not family:
        return None
    return explain(family, code, manifest.families if family in manifest.families else families())


def scheme_of_greeting(name: str) -> str | None:
    """The first scheme of the protocol whose peers greet so, as `codec/recognise.py` names greetings; `None` where there is none."""
    for protocol in registry.BY_NAME.values():
        if protocol.schemes and name in protocol.load_manifest().greetings:
            return protocol.schemes[0]
    return None
