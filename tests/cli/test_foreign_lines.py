"""Command lines as the tools have them that people know: each is answered with the line to write here, and nothing is sent."""

from __future__ import annotations

import pytest

from rrcli.base.errors import ExchangeError
from rrcli.cli.app import run


def answered(line: str) -> tuple[str, str | None]:
    """What is wrong with the line, and the hint."""
    with pytest.raises(ExchangeError) as raised:
        run(line.split())
    assert raised.value.layer == "usage"
    return raised.value.message, raised.value.hint


HELP = "-h is help, and no option of {}"


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("redis -h db GET k", "write rrcli redis redis://db GET k"),
        ("redis -h db -p 6380 GET k", "write rrcli redis redis://db:6380 GET k"),
        ("redis -p 6380 -h db -n 3 GET k", "write rrcli redis redis://db:6380/3 GET k"),
        ("redis -h ::1 -p 6380 GET k", "write rrcli redis 'redis://[::1]:6380' GET k"),
        ("redis --tls -h db -a geheimwort GET k", "write rrcli redis -a PASSWORD rediss://db GET k"),
        ("redis -h db -a geheimwort --user ann AUTH geheimwort", "write rrcli redis --user ann -a PASSWORD redis://db AUTH '‹secret›'"),
        ("redis -h db", "write rrcli redis redis://db COMMAND"),
        ("redis -u redis://ann:geheimwort@db/2 GET k", "write rrcli redis 'redis://ann:‹secret›@db/2' GET k"),
        ("redis -p 6380 GET k", "write rrcli redis redis://127.0.0.1:6380 GET k"),
        ("pg -h db", "write rrcli pg postgresql://db/DATABASE?user=USER SQL"),
        ("pg -h db -p 5433 -U ann -d shop -c select", "write rrcli pg 'postgresql://db:5433/shop?user=ann' select"),
        ("tls -connect db:443 -servername shop.test -showcerts", "write rrcli tls --sni shop.test db:443"),
        ("tls s_client -starttls smtp -connect mail:25 -CAfile ca.pem", "write rrcli tls --starttls smtp --cacert ca.pem mail:25"),
        ("tls -tls1_2 db", "write rrcli tls --tls-max 1.2 db"),
        ("tls --tls-hostname x db", "write --sni NAME, which is then verified too"),
        ("dns --tls-ca f example.com", "write --cacert FILE"),
        ("http --no-check-certificate https://h", "write -k"),
        ("tcp -u db 53", "write --udp"),
        ("tcp -w 3 db 53", "write --connect-timeout TIME for the connection, --read-idle TIME for the end of the answer"),
        ("tcp -l 80", "rrcli serve listens: rrcli serve tcp"),
        ("nc -z db 80", "the command is rrcli tcp HOST:PORT"),
        ("redis-cli GET k", "the command is rrcli redis [URL] COMMAND [ARG...]"),
        ("openssl s_client", "the command is rrcli tls HOST[:PORT]..."),
        ("dig example.com", "the command is rrcli dns NAME [TYPE...] [@SERVER...]"),
        ("wget https://h", "the command is rrcli http [METHOD] URL [ITEM...]"),
    ],
)
def test_the_line_to_write_is_named(line: str, hint: str) -> None:
    message, found = answered(line)
    assert found == hint
    assert "geheimwort" not in message


def test_what_is_wrong_is_said() -> None:
    assert answered("redis -h db GET k")[0] == "-h is help, and no option of redis"
    assert answered("redis -p 1 GET k")[0] == "redis has no such options"
    assert answered("nc db 80")[0] == "no command nc"


@pytest.mark.parametrize("line", ["redis -h", "pg -h", "redis --help", "tls -h", "redis -h --json"])
def test_alone_it_is_help(line: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(line.split()) == 0
    assert capfdbinary.readouterr().out.startswith(f"Usage: rrcli {line.split()[0]}".encode())
