"""Whom TLS trusts: --cacert, a file or folder that the environment names, or what the system trusts."""

from __future__ import annotations

import _ssl
from errno import ENOENT
from os import environ
from os.path import exists, isdir

from rrcli.base.errors import ExchangeError, usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem")
OF_TOOLS = ("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")  # the variables of curl, and of Python's requests; OpenSSL's own come after them


def from_environment() -> tuple[str, str] | None:
    """The variable of another tool that names whom to trust, and what it names; `None` where there is none, or where it is empty."""
    return next(((name, path) for name in OF_TOOLS if (path := environ.get(name))), None)


def trusted_paths(cacert: str | None) -> tuple[str | None, str | None]:
    """The file and the folder of the certificates to trust, for a library that has a trust store of its own where both are `None`."""
    if cacert:
        return cacert, None
    if named := from_environment():
        return (None, named[1]) if isdir(named[1]) else (named[1], None)
    file_name, file_default, dir_name, dir_default = _ssl.get_default_verify_paths()
    file = environ.get(file_name) or (file_default if exists(file_default) else None)
    return file, environ.get(dir_name) or (dir_default if exists(dir_default) else None)


def trusted_pem(cacert: str | None) -> bytes:
    """The certificates to trust in PEM form, for a library that takes no folder. Raises `ExchangeError` of layer `local`."""
    from os import listdir

    from rrcli.base.files import read_local

    file, folder = trusted_paths(cacert)
    places = [file] if file else []
    if folder and _is_hashed(folder):  # a file for each certificate, HASH.NUMBER
        places += [f"{folder}/{name}" for name in sorted(listdir(folder)) if name[-2:-1] == "."]
    elif not file:
        places += [path for path in BUNDLES if exists(path)][:1]
    return b"\n".join(map(read_local, places))


def trust_digest(cacert: str | None) -> str:
    """What tells one trust from another: the content of its file, and the name of its folder. Raises `ExchangeError` of layer `local`."""
    file, folder = trusted_paths(cacert)
    return f"{file_digest(file) or ''} {folder or ''}".strip() or "built in"


def file_digest(path: str | None) -> str | None:
    """The SHA-256 of a file. Raises `ExchangeError` of layer `local`."""
    from rrcli.base.digest import sha256
    from rrcli.base.files import read_local

    return sha256(read_local(path)).hexdigest() if path else None


def load_trust(context: Any, cacert: str | None) -> None:
    """Trust `cacert`, or what the system trusts. A hashed folder is read certificate by certificate, as needed."""
    if cacert:
        _load_file(context, cacert, "--cacert")
        return
    if named := from_environment():
        if isdir(named[1]):
            context.load_verify_locations(None, named[1], None)
        else:
            _load_file(context, named[1], named[0])
        return
    file_name, file_default, dir_name, dir_default = _ssl.get_default_verify_paths()
    file = environ.get(file_name) or (file_default if exists(file_default) else None)
    folder = environ.get(dir_name) or (dir_default if exists(dir_default) else None)
    if environ.get(file_name):
        _load_file(context, str(file), file_name)
    if folder and (environ.get(dir_name) or _is_hashed(folder)):
        context.load_verify_locations(None, folder, None)
    elif not environ.get(file_name):
        bundle = next((path for path in (file, *BUNDLES) if path and exists(path)), None)
        if bundle:
            _load_file(context, bundle, "the system's trust store")


def _is_hashed(folder: str) -> bool:
    """Whether OpenSSL finds certificates in it: by the hash of their subject (Fedora's default folder has none)."""
    from os import listdir

    try:
        return any(name.endswith(".0") for name in listdir(folder))
    except OSError:
        return False


def _load_file(context: Any, path: str, named: str) -> None:
    try:
        context.load_verify_locations(path, None, None)
    except OSError as error:
        raise unreadable(error, path, named, "certificates in PEM form") from error


def unreadable(error: OSError, path: str, named: str, wanted: str) -> ExchangeError:
    """A file given for TLS that cannot be opened (exit 9) or does not hold what it should (exit 2)."""
    if isinstance(error, _ssl.SSLError):
        return usage(f"{named}: {path} does not hold {wanted}")
    reason = "no such file" if error.errno == ENOENT else (error.strerror or str(error)).lower()
    return ExchangeError("local", "input", f"{named}: cannot read {path}: {reason}")
