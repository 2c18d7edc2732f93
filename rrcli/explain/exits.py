"""The exit codes of rrcli: what a script may conclude from each."""

from __future__ import annotations

# (title, retry, spec, meaning, action); one line for each sentence.
# fmt: off
TABLE: dict[str, tuple[str, str, str, str, str]] = {
    "0": ("Success", "none", "rrcli exit codes",
        "The peer answered, its status says success, and every check held.",
        "Go on; use --expect to demand more of the answer."),
    "1": ("Failure Status", "none", "rrcli exit codes",
        "The peer answered and its status says failure; or --query found nothing, or a comparison differs.",
        "Read the status (rrcli explain STATUS) and the content; say with --ok what counts as success."),
    "2": ("Wrong Usage", "useless", "rrcli exit codes",
        "The command line, plan or input was wrong; nothing was sent.",
        "Read the message on standard error and rrcli COMMAND --help."),
    "3": ("Network Failure", "later", "rrcli exit codes",
        "The name was not found, the resolver failed, or the network is unreachable; nothing was sent.",
        "Check the name with rrcli dns NAME, then network and VPN; error.kind tells which of them failed."),
    "4": ("Connection Failure", "unsafe", "rrcli exit codes",
        "The connection was refused, reset or closed too early, or a proxy refused.",
        "Check that the service runs on this port; error.delivery tells whether it may have got the request."),
    "5": ("TLS Failure", "useless", "rrcli exit codes",
        "The TLS handshake failed, or the certificate did not verify.",
        "Look at rrcli tls HOST; trust a private authority with --cacert FILE."),
    "6": ("Time Limit Passed", "unsafe", "rrcli exit codes",
        "A time limit passed, or what was waited for never held; error.phase tells where.",
        "Find the slow phase in the report; raise --timeout or --deadline if the wait is justified."),
    "7": ("Protocol Violated", "useless", "rrcli exit codes",
        "The answer was malformed, cut off, over a limit, or of another protocol.",
        "Look at the bytes with --wire; check the port and TLS against plain text."),
    "8": ("Check Failed", "none", "rrcli exit codes",
        "The answer came, but an --expect does not hold.",
        "Compare the expectation with the actual value in checks."),
    "9": ("Local File Failure", "unsafe", "rrcli exit codes",
        "A local file or output could not be read or written.",
        "Check path, permissions and free space; error.delivery tells whether the request went out."),
    "70": ("Bug in rrcli", "unsafe", "rrcli exit codes",
        "The mistake is in rrcli, not in the peer.",
        "Repeat it with -v for the traceback, if twice does no harm, and report it with the command line."),
    "130": ("Interrupted", "unsafe", "rrcli exit codes",
        "Ctrl-C ended the exchange; what arrived so far is reported.",
        "Look for an effect before you repeat a request that changes something."),
    "143": ("Terminated", "unsafe", "rrcli exit codes",
        "The signal TERM ended the exchange; what arrived so far is reported.",
        "Find who sent it (a job's time limit, a container's stop); look for an effect before you repeat."),
}
# fmt: on
