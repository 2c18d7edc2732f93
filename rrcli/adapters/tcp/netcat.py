"""What to write here for an option of netcat: nc of OpenBSD and of Debian, and ncat."""

from __future__ import annotations

NETCAT = {
    "-C": "write the line ends into the text: --send 'HELO x\\r\\n'",
    "--crlf": "write the line ends into the text: --send 'HELO x\\r\\n'",
    "-G": "write --connect-timeout TIME",
    "-l": "rrcli serve listens: rrcli serve tcp",
    "--listen": "rrcli serve listens: rrcli serve tcp",
    "-N": "write --half-close",
    "-U": "write --unix-socket PATH, or unix://PATH",
    "--unixsock": "write --unix-socket PATH, or unix://PATH",
    "-W": "write --read-bytes N or --read-lines N",
    "-X": "write --proxy socks5://HOST:PORT",
    "-d": "nothing is read from standard input unless --stdin asks for it",
    "--recv-only": "nothing is sent unless --send or --stdin asks for it",
    "--send-only": "write --send TEXT or --stdin, with --read-bytes 0",
    "-n": "an address is never looked up: write it in the place of the name",
    "-p": "the port stands behind the host: HOST:PORT; --interface ADDRESS sends from another address",
    "-q": "write --read-idle TIME",
    "-r": "name the ports: HOST:20-25",
    "--ssl": "write --tls",
    "--ssl-verify": "write --tls: the certificate is verified unless -k says otherwise",
    "--ssl-servername": "write --tls --sni NAME",
    "-t": "rrcli tcp shows the bytes of Telnet as they are",
    "-u": "write --udp",
    "-w": "write --connect-timeout TIME for the connection, --read-idle TIME for the end of the answer",
    "--wait": "write --connect-timeout TIME",
    "-x": "write --proxy HOST:PORT, or --wire for a dump of all bytes",
    "--proxy-type": "write the type into the URL: --proxy socks5://HOST:PORT",
}


def advice(flag: str) -> str | None:
    """What to write for netcat's `flag`."""
    return NETCAT.get(flag)
