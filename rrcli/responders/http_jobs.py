"""Endpoints of the HTTP responder for work that takes longer than a request: 202 and a place to ask, or a callback."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import suppress
from urllib.parse import urlsplit

from rrcli.responders.base import PeerGone
from rrcli.responders.http_call import KEPT, Call, Job, document, whole
from rrcli.responders.http_message import CONTROLS, Refusal, ServerResponse

CALLBACK_S = 5.0  # for the whole of it
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def begin(call: Call) -> ServerResponse:
    """A job whose result is the content itself, done after `takes`. A `callback` in the content is told of it as well."""
    asked = call.json() if call.request.content else None
    takes = call.seconds("takes", "1s")
    callback = asked.get("callback") if isinstance(asked, dict) else None
    if callback is not None:
        _checked(callback)
    redirects = call.query.get("done", "200")
    if redirects not in ("200", "303"):
        raise Refusal(400, "done is 200 or 303: what the job's place answers with when it is done")
    jobs = call.state.jobs
    with call.state.lock:
        number = next(reversed(jobs), 0) + 1
        if len(jobs) >= KEPT:
            del jobs[next(iter(jobs))]
        jobs[number] = job = Job(number=number, asked=asked, ready_at=time.monotonic() + takes, redirects=redirects == "303")
    if callback is not None and not call.spawn(lambda: _call_back(call, job, callback)):
        raise Refusal(503, "too much is going on for a callback", ("Retry-After", "1"))
    return _accepted(job)


def status(call: Call) -> ServerResponse:
    """202 with Retry-After while it runs; then 200 with the result, or a 303 that leads to it."""
    job = _job(call)
    if job.left_s:
        return _accepted(job)
    if job.redirects:
        return document(job.document, 303, fields=(("Location", f"/jobs/{job.number}/result"),))
    return document(job.document)


def result(call: Call) -> ServerResponse:
    job = _job(call)
    if job.left_s:
        raise Refusal(404, f"job {job.number} is not done yet")
    return document(job.asked)


def _accepted(job: Job) -> ServerResponse:
    wait = int(-(-job.left_s // 1))  # Retry-After knows whole seconds alone (RFC 9110 section 10.2.3)
    return document(job.document, 202, fields=(("Location", f"/jobs/{job.number}"), ("Retry-After", str(wait))))


def _job(call: Call) -> Job:
    job = call.state.jobs.get(whole(call.parts[0], 1, 10**11))
    if job is None:
        raise Refusal(404, f"there is no job {call.parts[0]}")
    return job


def _checked(callback: object) -> None:
    """Raises `Refusal` 422 for what is no URL of this machine: any page could have us send something into its network."""
    try:
        url = urlsplit(callback if isinstance(callback, str) else "")
        here = url.scheme == "http" and url.hostname in LOOPBACK and url.port != 0
    except ValueError:
        here = False
    if not here or CONTROLS.search(str(callback)) or not str(callback).isascii() or " " in str(callback):
        raise Refusal(422, "the callback is not an http URL of this machine: http://127.0.0.1:PORT/…")


def _call_back(call: Call, job: Job, callback: str) -> None:
    """Post what became of the job, once; nobody is told when that fails."""
    from http.client import HTTPConnection, HTTPException  # for a callback alone

    url = urlsplit(callback)
    connection = HTTPConnection(url.hostname or "", url.port or 80, timeout=CALLBACK_S)
    try:
        while left := job.left_s:
            call.pause(left)
        content = json.dumps(job.document).encode()
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        connection.connect()
        over = threading.Timer(CALLBACK_S, _cut, (connection.sock,))  # the timeout is each read's alone
        over.start()
        try:
            connection.request("POST", target, content, {"Content-Type": "application/json", "User-Agent": "rrcli"})
            connection.getresponse().read(1 << 16)
        finally:
            over.cancel()
    except (OSError, HTTPException, PeerGone):
        return
    finally:
        connection.close()


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):  # it is over already
        connection.shutdown(socket.SHUT_RDWR)
