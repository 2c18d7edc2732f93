"""An exchange as a command line of psql. No secret is written: PGPASSWORD is to be set before."""

from __future__ import annotations

from rrcli.base.fields import MASK
from rrcli.base.shellquote import quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.pg.request import PgRequest
    from rrcli.model.values import Exchange


def as_command(exchange: Exchange, request: PgRequest) -> str:
    """The same by psql, which stops at the first error then, as rrcli does."""
    from rrcli.adapters.pg.prepare import READ_ONLY, read
    from rrcli.policy.mask import Mask

    asked = read(request)
    mask = Mask((*exchange.secrets, *asked.secrets))
    words = ["psql", "-X", "-v", "ON_ERROR_STOP=1", quoted(_conninfo(asked.configuration.values, exchange))]
    if request.read_only:
        words.insert(0, f"PGOPTIONS='-c {READ_ONLY}=on'")
    if any(host.password for host in asked.configuration.hosts):
        words.insert(0, 'PGPASSWORD="$PGPASSWORD"')
    sql = mask.text(asked.sent)
    if not asked.is_extended or request.explain:
        return f"{' '.join(words)} -c {quoted(sql)}"
    if asked.pipeline:
        return f"{' '.join(words)} -1 -c {quoted(sql)}"
    values = ["NULL" if value is None else _literal(mask.text(value.decode("utf-8", "surrogateescape"))) for value in asked.parameters]
    if not values:
        return f"{' '.join(words)} -c {quoted(sql)}"
    prepared = f"PREPARE rrcli AS {sql.rstrip().rstrip(';')}; EXECUTE rrcli({', '.join(values)})"
    return f"{' '.join(words)} -c {quoted(prepared)}"


def _literal(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"E'{escaped.replace(chr(92), chr(92) * 2)}'" if "\\" in text else f"'{escaped}'"


def _conninfo(values: dict[str, str], exchange: Exchange) -> str:
    """The keywords that say where to connect and how, without secrets and defaults."""
    from rrcli.codec.pg.keywords import DEFAULTS, SECRETS

    left_out = (*SECRETS, "service", "servicefile", "passfile", "options")
    pairs = {name: value for name, value in values.items() if name not in left_out and value and value != DEFAULTS.get(name)}
    if exchange.target.port and "host" not in pairs and "hostaddr" not in pairs:
        pairs["host"] = exchange.target.host or ""
    return " ".join(f"{name}={_value(value)}" for name, value in pairs.items() if MASK not in value)


def _value(text: str) -> str:
    if text and not any(letter in " '\\\t\n" for letter in text):
        return text
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
