"""The keywords of a connection's configuration, as libpq 18 has them: their variables, defaults and what they may be.

Specification: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
"""

from __future__ import annotations

from rrcli.base.errors import usage

# fmt: off
# Every keyword, with the environment variable that speaks for it where it is not given
VARIABLES: dict[str, str | None] = {
    "service": "PGSERVICE", "servicefile": "PGSERVICEFILE", "user": "PGUSER", "password": "PGPASSWORD", "passfile": "PGPASSFILE",
    "channel_binding": "PGCHANNELBINDING", "connect_timeout": "PGCONNECT_TIMEOUT", "dbname": "PGDATABASE", "host": "PGHOST",
    "hostaddr": "PGHOSTADDR", "port": "PGPORT", "client_encoding": "PGCLIENTENCODING", "options": "PGOPTIONS",
    "application_name": "PGAPPNAME", "fallback_application_name": None, "keepalives": None, "keepalives_idle": None,
    "keepalives_interval": None, "keepalives_count": None, "tcp_user_timeout": None, "sslmode": "PGSSLMODE",
    "sslnegotiation": "PGSSLNEGOTIATION", "sslcompression": "PGSSLCOMPRESSION", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY",
    "sslcertmode": "PGSSLCERTMODE", "sslpassword": None, "sslrootcert": "PGSSLROOTCERT", "sslcrl": "PGSSLCRL",
    "sslcrldir": "PGSSLCRLDIR", "sslsni": "PGSSLSNI", "requirepeer": "PGREQUIREPEER", "require_auth": "PGREQUIREAUTH",
    "min_protocol_version": "PGMINPROTOCOLVERSION", "max_protocol_version": "PGMAXPROTOCOLVERSION",
    "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION", "ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION",
    "gssencmode": "PGGSSENCMODE", "krbsrvname": "PGKRBSRVNAME", "gsslib": "PGGSSLIB", "gssdelegation": "PGGSSDELEGATION",
    "replication": None, "target_session_attrs": "PGTARGETSESSIONATTRS", "load_balance_hosts": "PGLOADBALANCEHOSTS",
    "scram_client_key": None, "scram_server_key": None, "oauth_issuer": None, "oauth_client_id": None,
    "oauth_client_secret": None, "oauth_scope": None, "sslkeylogfile": None,
}

DEFAULTS = {
    "channel_binding": "prefer", "port": "5432", "sslmode": "prefer", "sslnegotiation": "postgres", "gssencmode": "disable",
    "target_session_attrs": "any", "load_balance_hosts": "disable", "ssl_min_protocol_version": "TLSv1.2",
}

SECRETS = ("password", "sslpassword", "scram_client_key", "scram_server_key", "oauth_client_secret")

_TLS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3", "")
# What a keyword may be, for those that have a list
CHOICES: dict[str, tuple[str, ...]] = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "channel_binding": ("disable", "prefer", "require"),
    "sslnegotiation": ("postgres", "direct"),
    "sslcertmode": ("disable", "allow", "require"),
    "gssencmode": ("disable", "prefer", "require"),
    "target_session_attrs": ("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
    "load_balance_hosts": ("disable", "random"),
    "ssl_min_protocol_version": _TLS,
    "ssl_max_protocol_version": _TLS,
    "min_protocol_version": ("3.0", "3.2", "latest", ""),
    "max_protocol_version": ("3.0", "3.2", "latest", ""),
    "sslsni": ("0", "1"),
}
NUMBERS = ("connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout")
METHODS = ("password", "md5", "gss", "sspi", "scram-sha-256", "creds", "oauth", "none")  # of require_auth
# fmt: on


def check_keyword(name: str, where: str) -> None:
    """Raise `usage`, with the nearest keyword, for a name that is none."""
    if name not in VARIABLES:
        from rrcli.options.parse import suggestion  # difflib loads much, and only a slip needs it

        raise usage(f"{where}: {name!r} is no keyword of a PostgreSQL connection{suggestion(name, list(VARIABLES))}")


def check_values(values: dict[str, str]) -> None:
    """Raise `usage` for a value that its keyword cannot have, or that does not go together with another."""
    for name, choices in CHOICES.items():
        if name in values and values[name] not in choices:
            from rrcli.options.parse import suggestion

            known = ", ".join(filter(None, choices))
            raise usage(f"{name}={values[name]!r} is not one of {known}{suggestion(values[name], choices)}")
    for name in NUMBERS:
        if values.get(name):
            number(name, values[name])
    _check_methods(values.get("require_auth", ""))
    sslmode = values.get("sslmode", DEFAULTS["sslmode"])
    if values.get("sslrootcert") == "system" and sslmode != "verify-full":
        raise usage(f"sslrootcert=system needs sslmode=verify-full, not {sslmode}", "anybody can get a certificate of those authorities")
    if values.get("sslnegotiation") == "direct" and sslmode in ("disable", "allow", "prefer"):
        raise usage(f"sslnegotiation=direct needs sslmode=require or stronger, not {sslmode}")
    if values.get("gssencmode") == "require":
        raise usage("gssencmode=require: encryption by GSSAPI is not spoken here", "psql can do it, if libpq was built with it")


def number(name: str, text: str) -> int:
    """A whole number, with spaces around it as libpq allows. Raises `usage`."""
    digits = text.strip(" \t\n\v\f\r")
    unsigned = digits[1:] if digits[:1] in ("-", "+") else digits
    if not (unsigned.isascii() and unsigned.isdecimal()) or len(unsigned) > 10 or not -(2**31) <= int(digits) < 2**31:
        raise usage(f"{name}={text!r} is no whole number")
    return int(digits)


def _check_methods(text: str) -> None:
    names = [name.strip() for name in text.split(",")] if text else []
    denied = [name.startswith("!") for name in names]
    if any(denied) and not all(denied):
        raise usage(f"require_auth={text!r} mixes methods with and without an exclamation mark")
    for name in names:
        if name.removeprefix("!") not in METHODS:
            raise usage(f"require_auth={text!r}: {name!r} is not one of {', '.join(METHODS)}")
