"""curl's options as data: what each becomes here. `read.py` reads it, the help of `rrcli curl` is made of it.

Complete for curl 7.88 (a test compares it with `curl --help all`), with what newer ones have added. An option is one of:
`same` (ours, perhaps of another name), `made` (put into our words by a function of `read.py`), `idle` (its effect is the
default here, or cannot be seen from outside) or `refused`, with what to write in its place.
"""

from __future__ import annotations

from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class Rule(Record):
    """What becomes of one option of curl's; `text` is our option, a help text, or what to write in its place."""

    name: str
    short: str = ""
    takes: bool = False
    how: str
    text: str = ""

    @property
    def flag(self) -> str:
        return f"--{self.name}"


# `SHORT NAME=` takes a value; `> ours` where ours has another name.
SAME = """
X request=              H header=               A user-agent=           b cookie=               r range=
u user=                   oauth2-bearer= > bearer  digest              n netrc                   netrc-file=
  netrc-optional > netrc    aws-sigv4=            d data=                 data-ascii=             data-raw=
  data-binary=              data-urlencode=         form-string=          T upload-file=          G get
I head                    http1.1                 http2-prior-knowledge   http3                   http3-only
L location                location-trusted        path-as-is              request-target=       i include
v verbose               s silent                  no-progress-meter > silent  compressed        k insecure
m max-time= > timeout     connect-timeout=        retry=                  retry-delay=            retry-max-time=
  retry-all-errors > retry-unsafe                 cacert=                 key=                    pass=
4 ipv4                  6 ipv6                    connect-to=             unix-socket=          x proxy=
  j junk-session-cookies    p proxytunnel
  noproxy=              w write-out=            D dump-header=          c cookie-jar=           O remote-name
  remote-name-all > remote-name                 J remote-header-name    C continue-at=          f fail
  limit-rate=              o output=             output-dir=             create-dirs             remove-on-error
  fail-with-body        S show-error            N no-buffer             g globoff               0 http1.0
"""

# Put into our words by `_NAME` of `read.py`.
MADE = {
    "F form=": "A part of a multipart form.",
    "json=": "JSON content, with its media type; @FILE reads it from a file.",
    "E cert=": "Client certificate: FILE, or FILE:PASSPHRASE.",
    "cert-type=": "PEM, which is what is read here.",
    "key-type=": "PEM, which is what is read here.",
    "tlsv1.0": "At least TLS 1.0.",
    "tlsv1.1": "At least TLS 1.1.",
    "tlsv1.2": "At least TLS 1.2.",
    "tlsv1.3": "At least TLS 1.3.",
    "1 tlsv1": "At least TLS 1.0.",
    "tls-max=": "At most this TLS version.",
    "socks4=": "A SOCKS4 proxy.",
    "socks4a=": "A SOCKS4a proxy, which looks the name up.",
    "socks5=": "A SOCKS5 proxy.",
    "socks5-hostname=": "A SOCKS5 proxy, which looks the name up.",
    "U proxy-user=": "User and password for the proxy of -x.",
    "interface=": "An interface or an address of our own.",
    "resolve=": "The address of a host and port; several after commas.",
    "max-redirs=": "Follow at most so many redirects.",
    "e referer=": "Referer.",
    "url=": "The URL.",
    "url-query=": "Add to the query, as --data-urlencode has it; +TEXT as it is.",
    "proto=": "=https sends nothing without TLS.",
    "proto-redir=": "=https follows no redirect to where there is no TLS.",
    "proto-default=": "The scheme of a URL without one.",
    "disallow-username-in-url": "A URL with a user in it is an error.",
}

# Nothing to do: what they ask for is so by default, or makes no difference to an exchange.
IDLE = """
http2 basic proxy-basic q:disable #:progress-bar styled-output suppress-connect-headers trace-time fail-early
Z:parallel parallel-immediate parallel-max= tcp-nodelay no-keepalive keepalive-time= tcp-fastopen no-sessionid no-npn false-start
ssl-allow-beast ssl-no-revoke ssl-revoke-best-effort ssl-auto-client-cert proxy-ssl-allow-beast proxy-ssl-auto-client-cert ssl
ssl-reqd egd-file= random-file= B:use-ascii happy-eyeballs-timeout-ms= retry-connrefused ca-native keepalive-cnt= trace-ids
"""

REFUSED = {
    ": next": "each URL is a command of its own",
    "K config=": "write the options themselves",
    "V version": "rrcli --version",
    "M manual": "rrcli http --help",
    "abstract-unix-socket=": "--unix-socket PATH",
    "alt-svc=": "--http3 asks for HTTP/3 outright",
    "hsts=": "write https://",
    "anyauth": "--digest, or nothing for Basic",
    "negotiate": "--digest, -u or --oauth2-bearer",
    "ntlm": "--digest, -u or --oauth2-bearer",
    "ntlm-wb": "--digest, -u or --oauth2-bearer",
    "a append": "-X PATCH, or what the server has for it",
    "capath=": "--cacert FILE; SSL_CERT_DIR names a folder",
    "cert-status": "leave it out: OCSP is not asked",
    "crlfile=": "leave it out: revocation lists are not read",
    "ciphers=": "--tls-max 1.2 or --tlsv1.3; the ciphers are OpenSSL's configuration",
    "tls13-ciphers=": "--tlsv1.3; the ciphers are OpenSSL's configuration",
    "curves=": "leave it out: the curves are OpenSSL's configuration",
    "engine=": "--key FILE",
    "pinnedpubkey=": "--cacert FILE, or --expect on connection.tls.chain[0].sha256",
    "tlsauthtype=": "-E FILE", "tlsuser=": "-E FILE", "tlspassword=": "-E FILE",
    "2 sslv2": "leave it out: SSL 2 is broken", "3 sslv3": "leave it out: SSL 3 is broken",
    "no-alpn": "--http1.1",
    "http0.9": "rrcli tcp sends and reads bytes as they are",
    "raw": "--wire shows the bytes",
    "tr-encoding": "--compressed",
    "ignore-content-length": "rrcli tcp with --read-eof",
    "crlf": "convert the file first",
    "form-escape": "leave it out: names are escaped as browsers do",
    "create-file-mode=": "chmod afterwards; a file is made with mode 600",
    "no-clobber": "choose another name for -o",
    "R remote-time": "leave it out; -w '%header{last-modified}' shows the time",
    "xattr": "-w '%{url_effective} %{content_type}'",
    "expect100-timeout=": "-H 'Expect:' waits for nothing",
    "haproxy-protocol": "rrcli tcp sends it",
    "local-port=": "--interface ADDRESS",
    "doh-url=": "rrcli dns NAME @URL, then --resolve HOST:PORT:ADDRESS",
    "doh-insecure": "--resolve HOST:PORT:ADDRESS", "doh-cert-status": "--resolve HOST:PORT:ADDRESS",
    "dns-interface=": "--resolve HOST:PORT:ADDRESS", "dns-ipv4-addr=": "--resolve HOST:PORT:ADDRESS",
    "dns-ipv6-addr=": "--resolve HOST:PORT:ADDRESS", "dns-servers=": "rrcli dns NAME @SERVER, then --resolve HOST:PORT:ADDRESS",
    "etag-compare=": """-H 'If-None-Match: "…"'""",
    "etag-save=": "-w '%header{etag}'",
    "z time-cond=": "-H 'If-Modified-Since: DATE'",
    "max-filesize=": "--expect 'response.body.size <= N'",
    "y speed-time=": "--idle-timeout TIME", "Y speed-limit=": "--idle-timeout TIME",
    "rate=": "a pause between the commands",
    "libcurl=": "rrcli --format curl prints a command",
    "stderr=": "2>FILE",
    "trace=": "--wire", "trace-ascii=": "--wire", "trace-config=": "--wire",
    "metalink": "the URL of one of the mirrors",
    "post301": "-X POST to the place it leads to", "post302": "-X POST to the place it leads to",
    "post303": "-X POST to the place it leads to",
    "preproxy=": "one proxy with -x",
    "proxy1.0=": "-x HOST:PORT",
    "proxy-anyauth": "-x http://USER:PASSWORD@HOST:PORT", "proxy-digest": "-x http://USER:PASSWORD@HOST:PORT",
    "proxy-negotiate": "-x http://USER:PASSWORD@HOST:PORT", "proxy-ntlm": "-x http://USER:PASSWORD@HOST:PORT",
    "proxy-header=": "-x http://USER:PASSWORD@HOST:PORT",
    "socks5-basic": "-x socks5://USER:PASSWORD@HOST:PORT", "socks5-gssapi": "-x socks5://USER:PASSWORD@HOST:PORT",
    "socks5-gssapi-nec": "-x socks5://USER:PASSWORD@HOST:PORT", "socks5-gssapi-service=": "-x socks5://USER:PASSWORD@HOST:PORT",
    "variable=": "the value itself", "ech=": "leave it out", "skip-existing": "choose another name for -o",
}  # fmt: skip

# For a proxy that is reached over TLS with settings of its own.
PROXY_TLS = """
proxy-cacert= proxy-capath= proxy-cert= proxy-cert-type= proxy-ciphers= proxy-crlfile= proxy-insecure proxy-key= proxy-key-type=
proxy-pass= proxy-pinnedpubkey= proxy-service-name= proxy-tls13-ciphers= proxy-tlsauthtype= proxy-tlspassword= proxy-tlsuser=
proxy-tlsv1
"""

# For FTP, mail, SSH, telnet, TFTP, Kerberos.
OTHERS = """
ftp-account= ftp-alternative-to-user= ftp-create-dirs ftp-method= ftp-pasv P:ftp-port= ftp-pret ftp-skip-pasv-ip ftp-ssl-ccc
ftp-ssl-ccc-mode= ftp-ssl-control disable-eprt disable-epsv l:list-only Q:quote= mail-auth= mail-from= mail-rcpt= mail-rcpt-allowfails
login-options= sasl-authzid= sasl-ir compressed-ssh hostpubmd5= hostpubsha256= pubkey= t:telnet-option= tftp-blksize=
tftp-no-options delegation= krb= service-name=
"""


def _rules() -> Iterator[Rule]:
    yield from _same()
    for written, text in MADE.items():
        yield _rule(written, "made", text)
    for written in IDLE.split():
        yield _rule(written.replace(":", " "), "idle")
    for written, text in REFUSED.items():
        yield _rule(written, "refused", text)
    for written in PROXY_TLS.split():
        yield _rule(written, "refused", "the TLS of the proxy has the settings of the target: --cacert, -k, -E")
    for written in OTHERS.split():
        yield _rule(written.replace(":", " "), "refused", "leave it out: it is not for HTTP")


def _same() -> Iterator[Rule]:
    words = iter(SAME.split())
    found: list[list[str]] = []
    for word in words:
        if word == ">":
            found[-1][2] = next(words)
        elif len(word) == 1:
            found.append([word, next(words), ""])
        else:
            found.append(["", word, ""])
    for short, written, ours in found:
        yield _rule(f"{short} {written}".strip(), "same", ours or written.removesuffix("="))


def _rule(written: str, how: str, text: str = "") -> Rule:
    short, _, name = written.rpartition(" ")
    return Rule(name=name.removesuffix("="), short=short, takes=name.endswith("="), how=how, text=text)


RULES = {rule.name: rule for rule in _rules()}
SHORT = {rule.short: rule for rule in RULES.values() if rule.short}
