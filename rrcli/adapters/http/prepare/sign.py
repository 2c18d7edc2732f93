"""AWS Signature Version 4, as curl's --aws-sigv4 has it: a digest of the request under a key of the day, region and service."""

from __future__ import annotations

from rrcli.adapters.http.prepare.content import UNRESERVED, octets
from rrcli.base.errors import usage
from rrcli.base.fields import all_of
from rrcli.base.record import Record
from rrcli.base.url import literal_family, unquote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.model.values import Fields


class Scope(Record):
    """Whose rules, and what the signature is good for; `provider` is `AWS` and `short` is `AMZ` with Amazon."""

    provider: str
    short: str
    region: str
    service: str


def scope_of(text: str, host: str) -> Scope:
    """`aws:amz:REGION:SERVICE`; what is missing is read off a host as `SERVICE.REGION.…`. Raises `usage`."""
    provider, short, region, service = [*text.split(":"), "", "", ""][:4]
    labels = [""] if literal_family(host) is not None else host.split(".")  # an address names no service
    service = service or labels[0]
    region = region or (labels[1] if len(labels) > 2 else "")
    if not provider or not service or not region:
        raise usage(f"--aws-sigv4 {text!r} does not tell region and service", "write --aws-sigv4 aws:amz:REGION:SERVICE")
    return Scope(provider=provider.upper(), short=(short or provider).upper(), region=region, service=service)


def sign(prepared: PreparedRequest, text: str, stamp: str | None = None) -> PreparedRequest:
    """The request with its date and signature; `stamp` is the date as `20150830T123600Z`. An old signature is replaced."""
    assert prepared.credentials
    user, secret = prepared.credentials
    scope = scope_of(text, prepared.host)
    own = scope.short.lower()
    stamp = stamp or _now()
    added = {f"x-{own}-date": (f"X-{scope.short.title()}-Date", stamp)}
    payload = _payload_hash(prepared, scope)
    if scope.service == "s3":
        added[f"x-{own}-content-sha256"] = (f"X-{scope.short.title()}-Content-Sha256", payload)
    kept = tuple(field for field in prepared.fields if field[0].lower() not in (*added, "authorization"))
    fields = (*kept, *added.values())
    signed = [name for name in sorted({name.lower() for name, _ in fields}) if _is_signed(name, own)]
    canonical = "\n".join((prepared.method, *_target(prepared, scope), *_lines(fields, signed), "", ";".join(signed), payload))
    day = stamp[:8]
    place = f"{day}/{scope.region}/{scope.service}/{scope.provider.lower()}4_request"
    to_sign = "\n".join((f"{scope.provider}4-HMAC-SHA256", stamp, place, _sha256(octets(canonical))))
    key = octets(f"{scope.provider}4{secret}")
    for part in (day, scope.region, scope.service, f"{scope.provider.lower()}4_request"):
        key = _hmac(key, part)
    credentials = f"Credential={user}/{place}, SignedHeaders={';'.join(signed)}, Signature={_hmac(key, to_sign).hex()}"
    return prepared.replace(fields=(*fields, ("Authorization", f"{scope.provider}4-HMAC-SHA256 {credentials}")))


def _is_signed(name: str, own: str) -> bool:
    """Those that decide what is done; others may change on the way."""
    return name in ("host", "content-type", "content-md5") or name.startswith(f"x-{own}-")


def _target(prepared: PreparedRequest, scope: Scope) -> tuple[str, str]:
    """Path and query in canonical form; all services but S3 want the path escaped twice."""
    path, _, query = prepared.target.partition("?")
    if scope.service != "s3":
        path = _escape(path)
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    escaped = sorted((_escape(unquote(name), slash=False), _escape(unquote(value), slash=False)) for name, _, value in pairs)
    return path, "&".join([f"{name}={value}" for name, value in escaped])


def _lines(fields: Fields, signed: list[str]) -> list[str]:
    """The signed fields, values of the same name joined, runs of blanks made one."""
    return [f"{name}:{','.join([' '.join(value.split()) for value in all_of(fields, name)])}" for name in signed]


def _escape(text: str, *, slash: bool = True) -> str:
    return "".join([chr(code) if code in UNRESERVED or (slash and code == 47) else f"%{code:02X}" for code in octets(text)])


def _payload_hash(prepared: PreparedRequest, scope: Scope) -> str:
    if prepared.upload:
        if scope.service != "s3":
            raise usage("--aws-sigv4 signs the content, which -T reads only while it is sent", "send it with --data-binary @FILE")
        return "UNSIGNED-PAYLOAD"
    return _sha256(prepared.content or b"")


def _sha256(data: bytes) -> str:
    from rrcli.base.digest import sha256

    return str(sha256(data).hexdigest())


def _hmac(key: bytes, text: str) -> bytes:
    from hmac import digest

    return digest(key, octets(text), "sha256")


def _now() -> str:
    from time import gmtime, strftime

    return strftime("%Y%m%dT%H%M%SZ", gmtime())
