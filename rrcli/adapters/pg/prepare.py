"""What a request to PostgreSQL asks, and of whom: read before anything is sent."""

from __future__ import annotations

from rrcli.adapters.pg.arguments import dsn_secrets, secret_settings
from rrcli.base.digest import Digest
from rrcli.base.errors import usage
from rrcli.base.record import Record
from rrcli.base.url import host_port, quote
from rrcli.codec.pg import frontend
from rrcli.codec.pg.settings import configure, read_dsn
from rrcli.codec.pg.sql import first_line, statements
from rrcli.model.values import Body, RequestMessage, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.pg.request import PgRequest
    from rrcli.codec.pg.settings import Configuration, Host

READ_ONLY = "default_transaction_read_only"
EXPLAIN = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "


class PgQuery(Record):
    """A request, read: the connection's configuration, the SQL as it is sent, and its parameters."""

    request: PgRequest
    configuration: Configuration
    sql: str
    parameters: tuple[bytes | None, ...] = ()
    is_extended: bool = False
    pipeline: tuple[str, ...] = ()
    copied: bytes | None = None  # for COPY … FROM STDIN
    secrets: tuple[str, ...] = ()

    @property
    def sent(self) -> str:
        """The SQL that positions of errors count in."""
        return EXPLAIN + self.sql if self.request.explain else self.sql

    def message(self) -> RequestMessage:
        """The request as a message."""
        content = self.sql.encode("utf-8", "surrogateescape")
        digest = Digest()
        digest.update(content)
        read_only = self.request.read_only
        data: dict[str, Any] = {
            "user": self.configuration.user,
            "mode": "extended" if self.is_extended else "simple",
            "parameters": len(self.parameters),
            "read_only": read_only,
            "safe": read_only,
            "idempotent": read_only,
        }
        return RequestMessage(
            summary=first_line(self.sql) or "an empty query",
            body=Body(data=content, size=len(content), sha256=digest.hexdigest(), media_type="application/sql"),
            data=data,
            name="the query",
        )

    def target(self, host: Host) -> Target:
        """Whom it is for; the user is in the request's data, for a lone word before `@` is shown as a secret."""
        path = f"/{quote(self.configuration.dbname)}"
        if host.socket:
            return Target(url=f"postgresql://{quote(host.hostaddr or host.host)}:{host.port}{path}")
        return Target(url=f"postgresql://{host_port(host.host, host.port)}{path}", host=host.address, port=host.port)

    def startup(self, exchange_id: str) -> dict[str, str]:
        """The parameters that the session begins with."""
        more = {READ_ONLY: "on"} if self.request.read_only else {}
        name = f"rrcli/{exchange_id}" if self.request.request_id else "rrcli"
        return self.configuration.startup(name[:63], **more)

    def messages(self) -> bytes:
        """What is sent to have it run, without `--cursor`'s later fetches."""
        request = self.request
        if self.pipeline:
            return b"".join(map(_run, self.pipeline)) + frontend.sync()
        if not self.is_extended:
            return frontend.query(self.sql)
        statement = frontend.parse(self.sent) + frontend.bind(self.parameters) + frontend.describe_portal() + self.fetch(0)
        if request.explain:
            return _run("BEGIN") + statement + _run("ROLLBACK") + frontend.sync()
        return statement + (frontend.flush() if request.cursor else frontend.sync())

    def fetch(self, had: int) -> bytes:
        """Execute for the rows that are wanted next, after `had` of them."""
        request = self.request
        left = request.max_rows - had if request.max_rows else 0
        return frontend.execute(most=min(filter(None, (request.cursor, left)), default=0))


def _run(sql: str) -> bytes:
    """One statement without parameters, parsed and run."""
    return frontend.parse(sql) + frontend.bind(()) + frontend.describe_portal() + frontend.execute()


def read(request: PgRequest) -> PgQuery:
    """Read a request. Raises `ExchangeError` of layer `usage` or `local`."""
    if not request.arguments:
        raise usage("pg takes DSN SQL [PARAM...], got nothing", "rrcli pg postgresql://HOST/DATABASE?user=USER 'select 1'")
    dsn, *words = request.arguments
    if not words and not request.pipeline:
        raise usage("there is no SQL", "write rrcli pg DSN SQL; the first word is always the DSN")
    configuration = configure(_given(request, dsn))
    _refuse(configuration)
    _check(request, words)
    sql, *parameters = words or [""]
    pipeline = _pipeline(request) if request.pipeline else ()
    values = _parameters(request, parameters)
    is_extended = bool(values or request.extended or request.max_rows or request.cursor or request.explain or pipeline)
    copied = None
    if request.stdin:
        from rrcli.base.files import read_local

        copied = read_local("-")
    return PgQuery(
        request=request,
        configuration=configuration,
        sql=";\n".join(pipeline) if pipeline else sql,
        parameters=values,
        is_extended=is_extended,
        pipeline=pipeline,
        copied=copied,
        secrets=(*configuration.secrets, *dsn_secrets(dsn), *secret_settings(request)),
    )


def _given(request: PgRequest, dsn: str) -> dict[str, str]:
    """The keywords that were given: in the DSN, as --set, and by the options that mean one."""
    options = {
        "sslmode": request.sslmode,
        "target_session_attrs": request.target_session_attrs,
        "sslrootcert": request.cacert,
        "sslcert": request.cert,
        "sslkey": request.key,
        "sslpassword": request.key_password,
    }
    found = {**read_dsn(dsn), **dict(request.set), **{name: value for name, value in options.items() if value is not None}}
    if request.cacert and "sslmode" not in found:  # whoever names an authority wants to be sure of the server
        found["sslmode"] = "verify-full"
    return found


def _refuse(configuration: Configuration) -> None:
    """Raise `usage` for what the configuration asks for and is not done here: passing it over would be less safe than asked."""
    for keyword in ("scram_client_key", "scram_server_key", "requirepeer", "sslcrl", "sslcrldir"):
        if configuration.get(keyword):
            raise usage(f"{keyword} is not understood here", "psql can do it")
    if configuration.get("sslcertmode") == "require":
        raise usage("sslcertmode=require is not understood here", "psql can do it")


def _check(request: PgRequest, words: list[str]) -> None:
    """Raise `usage` for options that do not go together."""
    one = [
        flag for flag, given in (("--explain", request.explain), ("--cursor", request.cursor), ("--max-rows", request.max_rows)) if given
    ]
    if request.pipeline and (words or one):
        raise usage(f"--pipeline takes the statements of its file, and no {'SQL' if words else one[0]} beside it")
    if request.explain and len(one) > 1:
        raise usage(f"--explain and {one[1]} exclude each other", "--explain shows no rows")


def _parameters(request: PgRequest, words: list[str]) -> tuple[bytes | None, ...]:
    """The parameters: the words, with --null and --param-file in their places or behind them."""
    values: dict[int, bytes | None] = {}
    for number in request.null:
        values[number] = None
    for number, path in request.param_file:
        from rrcli.base.files import read_local

        if number in values:
            raise usage(f"parameter {number} is given twice")
        values[number] = read_local(path)
    total = len(words) + len(values)
    if values and max(values) > total:
        raise usage(f"there is no parameter {max(values)}: {total} are given", "parameters are counted from 1, as $1")
    rest = iter(words)
    return tuple(values[number] if number in values else next(rest).encode("utf-8", "surrogateescape") for number in range(1, total + 1))


def _pipeline(request: PgRequest) -> tuple[str, ...]:
    """The statements of --pipeline."""
    from rrcli.base.files import read_local

    text = read_local(request.pipeline or "").decode("utf-8", "surrogateescape")
    found = tuple(statements(text))
    if not found:
        raise usage(f"there is no statement in {request.pipeline}")
    return found
