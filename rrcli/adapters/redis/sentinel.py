"""`--sentinel NAME`: which server is the master NAME, asked of its sentinels through redis-py, as a hop before the command.

redis-py knows what makes a master trustworthy (flags, and who is to be believed); the master is then asked on our own wire.
The library's sockets are its own, so of this hop there is a time (`resolve`: a name becomes an address) and no bytes. It
works in a thread: its time limits are those of single reads, ours is for all of it.
"""

from __future__ import annotations

from rrcli.adapters.redis.arguments import split_words
from rrcli.adapters.redis.endpoint import Place, RedisHop, place_of, userinfo_login
from rrcli.base.deadline import Deadline, now
from rrcli.base.errors import ExchangeError, usage
from rrcli.base.url import host_port, split_url
from rrcli.engine.events import Continue, Finished, Sent
from rrcli.model.values import Attempt, RequestMessage, Response, Status
from rrcli.wire.trust import trusted_paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.adapters.redis.request import RedisRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event

PORT = 26379
STATE = ("name", "ip", "port", "flags", "quorum", "num-slaves", "num-other-sentinels")  # of the master, as the sentinel has it


def discover(request: RedisRequest, context: Context) -> Iterator[Event]:
    """One hop that leads on to the master. Raises `usage`, or `ExchangeError` with what each sentinel said."""
    places, words = split_words(request.arguments)
    if not places:
        raise usage("--sentinel needs the URL of a sentinel", "write redis://host:26379 before the command, once for each sentinel")
    if not words and not request.pipeline:
        raise usage("there is no command to send", "write one after the URLs, as PING or GET key")
    endpoint = [_place(text) for text in places]
    for place in endpoint:
        context.secret(userinfo_login(place)[1])
    name = request.sentinel or ""
    data = {"command": "SENTINEL", "args": ["MASTERS"], "safe": True, "idempotent": True}
    message = RequestMessage(summary=f"SENTINEL MASTERS ({name})", data=data)
    limit = context.deadline.sooner(Deadline.after(request.connect_timeout * len(endpoint), "--connect-timeout"))
    search = _Search(request, name)
    timeline = context.recorder.timeline
    yield Sent(message=message, target=endpoint[0].target(0))
    timeline.enter("resolve")
    for place in endpoint:
        yield Sent(message=message, target=place.target(0))
        began = now()
        state, failure = search.ask(place, limit)
        tried = Attempt(address=host_port(place.host, place.port), ns=now() - began, error=failure.kind if failure else None)
        context.recorder.attempts.append(tried)
        if state:
            break
    else:
        raise search.failure()
    timeline.leave()
    for _, failure in search.failures:
        context.note("sentinel", failure.message)
    found = place.at(state["ip"], state["port"]).replace(userinfo="")
    shown = {key: state[key] for key in STATE if isinstance(state.get(key), (str, int))}
    following = RedisHop(place=found, db=place.db if request.db is None else request.db)
    answer = Response(
        summary=f"{name} is {host_port(found.host, found.port)}", status=Status(text="OK"), data={"value": shown, "type": "map"}
    )
    yield Finished(answer=answer, then=Continue(why="redirect", state=following))


def _place(text: str) -> Place:
    """The sentinel of a URL or of `host:port`, on the sentinels' own port where none is given."""
    place = place_of(text)
    if place.socket:
        raise usage(f"{text} is no sentinel", "sentinels are asked over TCP: redis://host:26379")
    if "://" in text and split_url(text).port is None:
        return place.replace(port=PORT)
    return place


class _Search:
    """Asks one sentinel after the other for the master `name`, and remembers why each of them did not tell."""

    def __init__(self, request: RedisRequest, name: str) -> None:
        from redis import exceptions, sentinel

        self.failures: list[tuple[Place, ExchangeError]] = []
        self._exceptions = exceptions
        self._sentinel: Any = sentinel  # redis-py types little of it
        self._request = request
        self._name = name

    def ask(self, place: Place, limit: Deadline) -> tuple[dict[str, Any] | None, ExchangeError | None]:
        """The state of the master, or why there is none; before `limit`."""
        from threading import Thread

        answers: list[dict[str, Any] | BaseException] = []
        thread = Thread(target=self._run, args=(place, answers), daemon=True)
        thread.start()
        own = limit.sooner(Deadline.after(self._request.connect_timeout, "--connect-timeout"))
        left = own.remaining_ms()
        thread.join(None if left is None else left / 1000)
        failure = self._judge(place, answers[0] if answers else TimeoutError(f"no answer ({own.limit})"))
        if isinstance(failure, ExchangeError):
            self.failures.append((place, failure))
            return None, failure
        return failure, None

    def _run(self, place: Place, answers: list[dict[str, Any] | BaseException]) -> None:
        try:
            one = self._sentinel.Sentinel([(place.host, place.port)], sentinel_kwargs=self._settings(place))
            states = one.sentinels[0].sentinel_masters()
            state = states.get(self._name)
            if state is not None:
                state = {**state, "up": one.check_master_state(state, self._name)}
            answers.append({"state": state, "known": sorted(map(str, states))})
        except (self._exceptions.RedisError, OSError, ValueError) as error:
            answers.append(error)

    def _settings(self, place: Place) -> dict[str, Any]:
        """How redis-py connects to the sentinel: once, with the request's limits and TLS settings."""
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        request = self._request
        user, password = userinfo_login(place)
        settings: dict[str, Any] = {"username": user, "password": password, "retry": Retry(NoBackoff(), 0), "retry_on_error": []}
        settings |= dict.fromkeys(("socket_timeout", "socket_connect_timeout"), request.connect_timeout or None)
        if place.tls:
            file, folder = trusted_paths(request.cacert)
            settings |= {"ssl": True, "ssl_ca_certs": file, "ssl_ca_path": folder}
            settings |= {"ssl_certfile": request.cert, "ssl_password": request.key_password}
            settings |= {"ssl_keyfile": request.key or request.cert, "ssl_check_hostname": not request.insecure}
            settings["ssl_cert_reqs"] = "none" if request.insecure else "required"
        return settings

    def _judge(self, place: Place, answer: dict[str, Any] | BaseException) -> dict[str, Any] | ExchangeError:
        """The master's state, or the failure that the answer is, in the words of every other failure."""
        where = f"sentinel {host_port(place.host, place.port)}"
        if isinstance(answer, BaseException):
            return self._translated(where, answer)
        state = answer["state"]
        if state is None:
            known = ", ".join(answer["known"]) or "none"
            return ExchangeError(
                "application", "bad_status", f"{where} knows no master {self._name}", hint=f"masters that it knows: {known}"
            )
        if not state["up"]:
            hint = "wait for the failover: SENTINEL MASTERS shows the state"
            return ExchangeError("application", "bad_status", f"{where} holds the master {self._name} to be down", hint=hint)
        return dict(state)

    def _translated(self, where: str, error: BaseException) -> ExchangeError:
        from ssl import SSLError

        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, OSError):
            cause = cause.__cause__ or cause.__context__
        message = f"{where}: {str(error).rstrip('.') or type(error).__name__}"
        if isinstance(error, (self._exceptions.AuthenticationError, self._exceptions.ResponseError)):
            return ExchangeError("application", "bad_status", message, hint="a sentinel's own password stands in its URL")
        if isinstance(error, (self._exceptions.TimeoutError, TimeoutError)):
            return ExchangeError("transport", "timeout", message, hint="nothing answers there in time: a firewall, or the wrong port")
        if isinstance(error, self._exceptions.InvalidResponse):
            return ExchangeError("protocol", "wrong_protocol", message, hint="is there a sentinel on this port?")
        if isinstance(cause, SSLError):
            return ExchangeError("tls", "handshake_failed", message, hint="check --cacert, or whether this sentinel speaks TLS at all")
        if isinstance(cause, OSError):
            from rrcli.wire.stream import translate

            return translate(cause, where)
        return ExchangeError("transport", "closed", message)

    def failure(self) -> ExchangeError:
        """Of several sentinels the last one's failure, with what the others said before."""
        last = self.failures[-1][1]
        others = "; ".join(failure.message for _, failure in self.failures[:-1])
        message = f"{last.message}; before: {others}" if others else last.message
        return ExchangeError(last.layer, last.kind, message, hint=last.hint)
