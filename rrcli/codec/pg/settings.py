"""How a connection to PostgreSQL is configured: what was given, then the service, then the `PG*` variables, then libpq's defaults.

    configure(given) -> Configuration, with one `Host` for each that is to be tried

Reads files (the service, the passwords) and opens no connection.
Specification: https://www.postgresql.org/docs/current/libpq-connect.html
"""

from __future__ import annotations

import os

from rrcli.base.errors import usage
from rrcli.base.record import Record
from rrcli.base.url import is_port, split_host
from rrcli.codec.pg.conninfo import SCHEMES, is_conninfo, parse_conninfo
from rrcli.codec.pg.keywords import DEFAULTS, SECRETS, VARIABLES, check_keyword, check_values, number
from rrcli.model.values import Note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PORT = 5432
SOCKETS = ("/var/run/postgresql", "/tmp")  # where builds of libpq look: Debian's and Red Hat's, and PostgreSQL's own
SYSTEM_SERVICES = "/etc/postgresql-common"  # PGSYSCONFDIR of Debian
MOST_HOSTS = 1_000
_PLAIN_FIRST, _TLS_FIRST, _TLS_ONLY, _NO_TLS = (False, True), (True, False), (True,), (False,)
_ENCRYPTION = {"disable": _NO_TLS, "allow": _PLAIN_FIRST, "prefer": _TLS_FIRST}


class Host(Record):
    """One server to try. `host` is a name, an address, or the folder of a Unix socket; `hostaddr`, if given, is connected to
    in its place. `password_from` says where the password came from, in words."""

    host: str
    port: int
    hostaddr: str | None = None
    password: str | None = None
    password_from: str | None = None

    @property
    def socket(self) -> str | None:
        """The path of the Unix socket, if it is one; `@` begins a name in the abstract space of Linux."""
        folder = self.hostaddr or self.host
        return f"{folder}/.s.PGSQL.{self.port}" if folder.startswith(("/", "@")) else None

    @property
    def address(self) -> str:
        """What to connect to, unless it is a socket."""
        return self.hostaddr or self.host


class Configuration(Record):
    """A connection's configuration. `values` are all the keywords that have one; `secrets` what may be shown nowhere."""

    hosts: tuple[Host, ...]
    user: str
    dbname: str
    values: dict[str, str]
    home: str
    notes: tuple[Note, ...] = ()
    secrets: tuple[str, ...] = ()

    def get(self, keyword: str) -> str:
        """The keyword's value or default; empty for none."""
        return self.values.get(keyword) or DEFAULTS.get(keyword, "")

    @property
    def encryption(self) -> tuple[bool, ...]:
        """Whether to try TLS, in the order of the tries: `prefer` is with and then without. A Unix socket never has it."""
        return _ENCRYPTION.get(self.get("sslmode"), _TLS_ONLY)

    @property
    def connect_timeout(self) -> float | None:
        """Seconds for each host; `None` for no limit. libpq makes 2 of 1."""
        seconds = number("connect_timeout", self.get("connect_timeout") or "0")
        return float(max(seconds, 2)) if seconds > 0 else None

    @property
    def verifies_host(self) -> bool:
        """Whether the certificate has to be for the host's name."""
        return self.get("sslmode") == "verify-full"

    @property
    def verifies(self) -> bool:
        """Whether the certificate has to be of an authority that is trusted: in every mode, where a file of them is there."""
        return self.get("sslmode") in ("verify-ca", "verify-full") or bool(self.cacert)

    @property
    def cacert(self) -> str | None:
        """The file of trusted authorities; `None` for the system's, where `verifies` is true nevertheless."""
        given = self.get("sslrootcert")
        return None if given == "system" else given or self._own_file("root.crt")

    @property
    def certificate(self) -> tuple[str, str] | None:
        """The files of our certificate and its key; `None` for none."""
        if self.get("sslcertmode") == "disable":
            return None
        given = self.get("sslcert")
        cert = given or self._own_file("postgresql.crt")
        key = self.get("sslkey") or (self._own_file("postgresql.key") if cert else None)
        return (cert, key or cert) if cert else None

    def _own_file(self, name: str) -> str | None:
        """A file in ~/.postgresql, if it is there."""
        path = os.path.join(self.home, ".postgresql", name)
        return path if os.path.exists(path) else None

    def startup(self, application_name: str = "rrcli", **more: str) -> dict[str, str]:
        """The parameters of the StartupMessage. Texts are asked for in UTF-8, as JSON is."""
        name = self.get("application_name") or self.get("fallback_application_name") or application_name
        found = {"user": self.user, "database": self.dbname}
        for keyword in ("replication", "options"):
            if value := self.get(keyword):
                found[keyword] = value
        return {**found, "application_name": name, "client_encoding": "UTF8", **more}


def read_dsn(text: str) -> dict[str, str]:
    """The keywords in the first word of a command: a URL, a `key=value` string, a folder of sockets, or HOST[:PORT]. Raises `usage`."""
    scheme, separator, _ = text.partition("=")[0].partition("://")
    if separator and not text.startswith(SCHEMES):
        raise usage(f"{scheme}:// is no URL of PostgreSQL", "write postgresql://HOST/DATABASE?user=USER")
    if is_conninfo(text):
        return parse_conninfo(text)
    if text.startswith(("/", "@")):
        return {"host": text}
    if "@" in text:  # quoted in no message: there may be a password in it
        raise usage("a user before a host is written in a URL", "write postgresql://HOST/DATABASE?user=USER")
    if "/" in text or not text:
        raise usage(f"{text!r} is no host", "write postgresql://HOST/DATABASE?user=USER, or 'host=HOST dbname=DATABASE'")
    host, port = split_host(text, None)
    return {"host": host} | ({"port": str(port)} if port is not None else {})


def configure(given: Mapping[str, str], environ: Mapping[str, str] | None = None) -> Configuration:
    """The whole configuration from the keywords that were given.

    Raises `usage` for what no connection can be configured with, `local` for a file that cannot be read.
    """
    env = os.environ if environ is None else environ
    for keyword in given:
        check_keyword(keyword, "the connection")
    values = _gathered(dict(given), env)
    check_values(values)
    user = values.get("user") or _login_name(env)
    dbname = values.get("dbname") or user
    hosts, notes = _with_passwords(_hosts(values), values, given, dbname, user, env)
    encoding = values.get("client_encoding", "")
    if encoding and encoding.upper().replace("-", "").replace("_", "") not in ("UTF8", "AUTO", "UNICODE"):
        notes.append(Note(code="client-encoding", message=f"client_encoding={encoding} was passed over: texts are asked for in UTF-8"))
    found = (values.get(name) for name in SECRETS)
    secrets = dict.fromkeys(secret for secret in (*found, *(host.password for host in hosts)) if secret)
    return Configuration(
        hosts=tuple(hosts), user=user, dbname=dbname, values=values, home=_home(env), notes=tuple(notes), secrets=tuple(secrets)
    )


def _gathered(given: dict[str, str], env: Mapping[str, str]) -> dict[str, str]:
    """What was given, completed by the service, the variables and the defaults. An empty value counts as given, as with libpq."""
    values = dict(given)
    service = values.get("service", env.get("PGSERVICE"))
    if service:
        from rrcli.codec.pg.passfile import read_service

        for keyword, value in read_service(service, _service_files(values, env)).items():
            values.setdefault(keyword, value)
    for keyword, variable in VARIABLES.items():
        if variable and keyword not in values and variable in env:
            values[keyword] = env[variable]
    if "sslmode" not in values:
        if env.get("PGREQUIRESSL", "").startswith("1"):
            values["sslmode"] = "require"
        elif values.get("sslrootcert") == "system":
            values["sslmode"] = "verify-full"
    for keyword, value in DEFAULTS.items():
        values.setdefault(keyword, value)
    return values


def _service_files(values: Mapping[str, str], env: Mapping[str, str]) -> list[tuple[str, bool]]:
    system = (f"{env.get('PGSYSCONFDIR') or SYSTEM_SERVICES}/pg_service.conf", False)
    own = values.get("servicefile") or env.get("PGSERVICEFILE")
    return [(own, True) if own else (os.path.join(_home(env), ".pg_service.conf"), False), system]


def _hosts(values: Mapping[str, str]) -> list[Host]:
    """Each host of the list with its port."""
    names, addresses, ports = (values.get(name, "").split(",") for name in ("host", "hostaddr", "port"))
    count = len(addresses) if values.get("hostaddr") else len(names)
    if count > MOST_HOSTS:
        raise usage(f"there are {count} hosts, where {MOST_HOSTS} are allowed")
    if values.get("host") and values.get("hostaddr") and len(names) != len(addresses):
        raise usage(f"host has {len(names)} names and hostaddr {len(addresses)} addresses", "give as many of both")
    if len(ports) not in (1, count):
        raise usage(f"there are {len(ports)} ports for {count} host{'s' if count > 1 else ''}", "give one port, or one for each host")
    found = []
    for place in range(count):
        port = _port(ports[place if len(ports) > 1 else 0])
        address = addresses[place].strip() if values.get("hostaddr") else ""
        name = names[place].strip() if values.get("host") else ""
        found.append(Host(host=name or address or _default_host(port), port=port, hostaddr=address or None))
    return found


def _port(text: str) -> int:
    text = text.strip()
    if not text:
        return PORT
    if not is_port(text) or int(text) == 0:
        raise usage(f"port={text[:40]!r} is no port", "a port is a number from 1 to 65535")
    return int(text)


def _default_host(port: int) -> str:
    """The folder of the sockets where one of this port is, else localhost: libpq has one of these, as it was built."""
    return next((folder for folder in SOCKETS if os.path.exists(f"{folder}/.s.PGSQL.{port}")), "localhost")


def _with_passwords(
    hosts: list[Host], values: Mapping[str, str], given: Mapping[str, str], dbname: str, user: str, env: Mapping[str, str]
) -> tuple[list[Host], list[Note]]:
    """The hosts with their passwords: the one of the configuration, or that which the file has for each; and notes on the file."""
    if password := values.get("password"):
        origin = "the DSN" if given.get("password") else "PGPASSWORD" if password == env.get("PGPASSWORD") else "the service"
        return [host.replace(password=password, password_from=origin) for host in hosts], []
    path = values.get("passfile") or os.path.join(_home(env), ".pgpass")
    if not os.path.exists(path):
        return hosts, []
    from rrcli.codec.pg.passfile import password_for, read_passfile

    text, note = read_passfile(path)
    database = "replication" if values.get("replication") in ("true", "on", "yes", "1") else dbname
    for place, host in enumerate(hosts):
        name = "localhost" if host.host in SOCKETS else host.host
        found = password_for(text, name, host.port, database, user)
        if found:
            hosts[place] = host.replace(password=found, password_from=path)
    return hosts, [note] if note else []


def _login_name(env: Mapping[str, str]) -> str:
    """The name of who runs us, as the system knows it; $USER where it knows none."""
    from pwd import getpwuid

    try:
        return getpwuid(os.geteuid()).pw_name
    except KeyError:
        name = env.get("USER")
    if not name:
        raise usage("there is no user to log in as", "give one: postgresql://HOST/DATABASE?user=USER, or PGUSER")
    return name


def _home(env: Mapping[str, str]) -> str:
    return env.get("HOME") or os.path.expanduser("~")
