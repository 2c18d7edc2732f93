"""Loopback responders: small servers of each protocol, for `rrcli serve`, `rrcli demo` and anybody's tests.

`serve.start(["http"])` gives running ones; each is also a context manager of its own:

    with HttpResponder() as responder:
        httpx.get(responder.url + "/json")
"""
