"""The PostgreSQL responder: protocol 3.0 and 3.2, login by trust or SCRAM, simple and extended queries.

Here are the messages of a session; `pg_sql` knows what is answered to a statement. Errors are worded as PostgreSQL words them.
https://www.postgresql.org/docs/current/protocol-flow.html
"""

from __future__ import annotations

import os
import struct
import threading

from rrcli.responders.base import PeerGone, Responder, ServerConnection
from rrcli.responders.pg_login import Scram
from rrcli.responders.pg_messages import complete, data_row, error, message, notice, notification, parameter, ready, row_description
from rrcli.responders.pg_sql import Copy, SqlError, Statement, run, statements_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.responders.pg_sql import Answer

LARGEST = 1 << 24  # bytes of one message
FIRST = 10_000  # of a startup, as in PostgreSQL
SSL, GSSENC, CANCEL = 80877103, 80877104, 80877102
TICK = 0.02  # seconds between two looks at whether to go on sleeping
SCRAM_USER = "scram"  # who logs in by SCRAM, with its own name as the password; everybody else is trusted
SETTINGS = {
    "server_version": "16.0 (rrcli)", "server_encoding": "UTF8", "client_encoding": "UTF8", "DateStyle": "ISO, MDY", "TimeZone": "UTC",
    "integer_datetimes": "on", "standard_conforming_strings": "on", "in_hot_standby": "off", "default_transaction_read_only": "off",
}  # fmt: skip


class PgResponder(Responder):
    """A server of literals, parameters, a table `orders`, errors and notices; with `password` everybody logs in by SCRAM."""

    protocol = "pg"
    scheme = "postgresql"
    examples = ("rrcli pg {url} 'select * from orders'", "psql {url} -c 'select 1'")

    def __init__(self, host: str = "127.0.0.1", port: int = 0, *, idle: float = 30.0, password: str | None = None) -> None:
        super().__init__(host, port, idle=idle)
        self.password = password
        self.sessions: dict[int, PgClientSession] = {}
        self.guard = threading.Lock()
        self._numbers = 1000

    def converse(self, connection: ServerConnection) -> None:
        with self.guard:
            self._numbers += 1
            session = PgClientSession(self, connection, self._numbers)
            self.sessions[session.number] = session
        try:
            session.serve()
        finally:
            with self.guard:
                del self.sessions[session.number]

    def cancel(self, number: int, key: bytes) -> None:
        """End what a session does, for whoever has its key."""
        with self.guard:
            session = self.sessions.get(number)
        if session and session.key == key:
            session.cancelled.set()

    def notify(self, sender: int, channel: str, payload: str) -> None:
        """Tell every session that listens; the sender's own when its answer is sent."""
        with self.guard:
            sessions = [session for session in self.sessions.values() if channel in session.channels]
        for session in sessions:
            data = notification(sender, channel, payload)
            if session.number == sender:
                session.pending += data
            else:
                session.connection.send(data)


class PgClientSession:
    """One client, from its first message to its last."""

    def __init__(self, responder: PgResponder, connection: ServerConnection, number: int) -> None:
        self.responder = responder
        self.connection = connection
        self.number = number
        self.key = os.urandom(4)
        self.cancelled = threading.Event()
        self.channels: set[str] = set()
        self.pending = b""  # notifications of its own
        self.status = b"I"
        self.settings = dict(SETTINGS)
        self._prepared: dict[str, Statement] = {}
        self._portals: dict[str, tuple[Answer, int]] = {}  # the answer, and how many of its rows were sent
        self._out: list[bytes] = []
        self._failed = False  # messages are passed over up to Sync

    # --- the start

    def serve(self) -> None:
        """Log in, then answer until the client leaves."""
        if not self._start():
            return
        while self.connection.peek():
            letter, content = self._read()
            if letter == b"X":
                return
            if not self._take(letter, content):
                self.connection.send(error("FATAL", "08P01", f"invalid frontend message type {letter[0]}"))
                return

    def _start(self) -> bool:
        """The startup; False where nothing follows it."""
        while self.connection.peek():
            size = int.from_bytes(self.connection.read_exact(4), "big")
            if not 8 <= size <= FIRST:
                self.connection.send(error("FATAL", "08P01", "invalid length of startup packet"))
                return False
            content = self.connection.read_exact(size - 4)
            version = int.from_bytes(content[:4], "big")
            if version in (SSL, GSSENC):
                self.connection.deliver(b"N")
            elif version == CANCEL:
                self.responder.cancel(int.from_bytes(content[4:8], "big"), content[8:])
                return False
            elif version >> 16 != 3:
                text = f"unsupported frontend protocol {version >> 16}.{version & 0xFFFF}: server supports 3.0 to 3.2"
                self.connection.send(error("FATAL", "0A000", text))
                return False
            else:
                return self._log_in(version & 0xFFFF, content[4:])
        return False

    def _log_in(self, minor: int, content: bytes) -> bool:
        words = content.split(b"\0")
        given = {
            name.decode(errors="replace"): value.decode(errors="replace") for name, value in zip(words[::2], words[1::2], strict=False)
        }
        user = given.get("user", "")
        unknown = [name for name in given if name.startswith("_pq_.")]
        out = b""
        if minor not in (0, 2) or unknown:
            out += message(
                b"v", struct.pack("!ii", 3 << 16 | min(minor, 2), len(unknown)) + b"".join(name.encode() + b"\0" for name in unknown)
            )
        if minor >= 2:
            self.key = os.urandom(32)
        if given.get("database") == "nope":
            self.connection.send(error("FATAL", "3D000", 'database "nope" does not exist'))
            return False
        password = self.responder.password or (SCRAM_USER if user == SCRAM_USER else None)
        if password is not None:
            self.connection.send(out + Scram.offer())
            if not Scram(password).log_in(self.connection, self._read):
                self.connection.send(error("FATAL", "28P01", f'password authentication failed for user "{user}"'))
                return False
            out = b""
        if "default_transaction_read_only" in given:
            self.settings["default_transaction_read_only"] = given["default_transaction_read_only"]
        self.settings |= {"application_name": given.get("application_name", ""), "session_authorization": user}
        out += message(b"R", b"\0\0\0\0") + b"".join(parameter(name, value) for name, value in self.settings.items())
        self.connection.send(out + message(b"K", struct.pack("!I", self.number) + self.key) + ready(b"I"))
        return True

    def _read(self) -> tuple[bytes, bytes]:
        head = self.connection.read_exact(5)
        size = int.from_bytes(head[1:], "big") - 4
        if not 0 <= size <= LARGEST:
            self.connection.send(error("FATAL", "08P01", "invalid message length"))
            raise PeerGone("a message of an impossible length")
        return head[:1], self.connection.read_exact(size)

    # --- queries

    def _take(self, letter: bytes, content: bytes) -> bool:
        """Answer one message; False for an unknown one."""
        if letter == b"Q":
            self._simple(content.rstrip(b"\0").decode(errors="replace"))
        elif letter == b"S":
            self._failed = False
            self._flush(ready(self._after_sync()))
        elif letter == b"H":
            self._flush()
        elif letter in (b"P", b"B", b"D", b"E", b"C"):
            if not self._failed:
                self._extended(letter, content)
        elif letter not in (b"d", b"c", b"f"):  # data of a COPY that failed
            return False
        return True

    def _after_sync(self) -> bytes:
        self.cancelled.clear()
        return self.status

    def _flush(self, end: bytes = b"") -> None:
        data = b"".join(self._out) + self.pending + end
        self._out, self.pending = [], b""
        if data:
            self.connection.send(data)

    def _simple(self, sql: str) -> None:
        statements = statements_of(sql)
        if not statements:
            self._out.append(message(b"I"))
        try:
            for statement in statements:
                answer = self._run(statement, ())
                if answer.columns is not None:
                    self._out.append(row_description(answer.columns))
                self._rows(answer)
        except SqlError as failure:
            self._fail(failure)
        self._flush(ready(self._after_sync()))

    def _run(self, statement: Statement, values: tuple[str | None, ...]) -> Answer:
        """Run it. Raises `SqlError`."""
        if self.status == b"E" and statement.word not in ("rollback", "commit"):
            raise SqlError("25P02", "current transaction is aborted, commands ignored until end of transaction block")
        answer = run(statement, values, self.settings)
        for text in answer.notices:
            self._out.append(notice(text))
        if answer.sleep:
            self._sleep(answer.sleep)
        if answer.status:
            self.status = answer.status
        if answer.listen:
            self.channels.add(answer.listen)
        if answer.notify:
            self.responder.notify(self.number, *answer.notify)
        return answer

    def _sleep(self, seconds: float) -> None:
        while seconds > 0:
            self.connection.pause(min(TICK, seconds))
            seconds -= TICK
            if self.cancelled.is_set():
                raise SqlError("57014", "canceling statement due to user request")

    def _rows(self, answer: Answer) -> None:
        if answer.copy is not None:
            self._copy(answer.copy)
            return
        self._out += map(data_row, answer.rows)
        self._out.append(complete(answer.tag))

    def _copy(self, copy: Copy) -> None:
        if copy.lines is not None:
            self._out.append(message(b"H", b"\0" + struct.pack("!hh", 1, 0)))
            self._out += [message(b"d", line) for line in copy.lines]
            self._out += [message(b"c"), complete(f"COPY {len(copy.lines)}")]
            return
        self._out.append(message(b"G", b"\0" + struct.pack("!hh", 1, 0)))
        self._flush()
        data = b""
        while True:
            letter, content = self._read()
            if letter == b"d":
                data = (data + content)[-LARGEST:]
            elif letter == b"c":
                self._out.append(complete(f"COPY {len(data.splitlines())}"))
                return
            elif letter == b"f":
                raise SqlError("57014", f"COPY from stdin failed: {content.rstrip(chr(0).encode()).decode(errors='replace')}")

    def _fail(self, failure: SqlError) -> None:
        if self.status == b"T":
            self.status = b"E"
        self._out.append(error("ERROR", failure.sqlstate, str(failure), **failure.fields))

    def _extended(self, letter: bytes, content: bytes) -> None:
        try:
            {b"P": self._parse, b"B": self._bind, b"D": self._describe, b"E": self._execute, b"C": self._close}[letter](content)
        except SqlError as failure:
            self._fail(failure)
            self._failed = True
        except (ValueError, struct.error, IndexError):
            self._fail(SqlError("08P01", "invalid message format"))
            self._failed = True

    def _parse(self, content: bytes) -> None:
        name, sql, rest = content.split(b"\0", 2)
        types = struct.unpack_from(f"!{int.from_bytes(rest[:2], 'big')}I", rest, 2)
        statements = statements_of(sql.decode(errors="replace"))
        if len(statements) > 1:
            raise SqlError("42601", "cannot insert multiple commands into a prepared statement")
        statement = statements[0] if statements else Statement("", 0)
        statement.types = types
        self._prepared[name.decode()] = statement
        self._out.append(message(b"1"))

    def _bind(self, content: bytes) -> None:
        portal, name, rest = content.split(b"\0", 2)
        statement = self._prepared.get(name.decode())
        if statement is None:
            raise SqlError("26000", f'prepared statement "{name.decode()}" does not exist')
        count = int.from_bytes(rest[:2], "big")
        formats = struct.unpack_from(f"!{count}h", rest, 2)
        at = 2 + 2 * count
        total = int.from_bytes(rest[at : at + 2], "big")
        at += 2
        if total != statement.wants:
            text = f'bind message supplies {total} parameters, but prepared statement "{name.decode()}" requires {statement.wants}'
            raise SqlError("08P01", text)
        values = []
        for number in range(total):
            (size,) = struct.unpack_from("!i", rest, at)
            at += 4
            data = None if size < 0 else rest[at : at + size]
            at += max(size, 0)
            binary = bool(formats and formats[number if len(formats) > 1 else 0])
            values.append(statement.text_of(number, data, binary=binary))
        self._portals[portal.decode()] = (self._run(statement, tuple(values)), 0)
        self._out.append(message(b"2"))

    def _describe(self, content: bytes) -> None:
        name = content[1:].rstrip(b"\0").decode()
        if content[:1] == b"S":
            statement = self._prepared[name] if name in self._prepared else Statement("", 0)
            self._out.append(message(b"t", struct.pack(f"!H{statement.wants}I", statement.wants, *[25] * statement.wants)))
            columns = run(statement, (None,) * statement.wants, self.settings).columns
        else:
            columns = self._portal(name)[0].columns
        self._out.append(message(b"n") if columns is None else row_description(columns))

    def _portal(self, name: str) -> tuple[Answer, int]:
        if name not in self._portals:
            raise SqlError("34000", f'portal "{name}" does not exist')
        return self._portals[name]

    def _execute(self, content: bytes) -> None:
        name, rest = content.split(b"\0", 1)
        answer, sent = self._portal(name.decode())
        most = int.from_bytes(rest[:4], "big")
        if answer.copy is not None:
            self._copy(answer.copy)
        elif not answer.tag:
            self._out.append(message(b"I"))
        else:
            upto = sent + most if most else len(answer.rows)
            self._out += map(data_row, answer.rows[sent:upto])
            self._portals[name.decode()] = (answer, upto)
            self._out.append(message(b"s") if upto < len(answer.rows) else complete(answer.tag))

    def _close(self, content: bytes) -> None:
        name = content[1:].rstrip(b"\0").decode()
        (self._prepared if content[:1] == b"S" else self._portals).pop(name, None)
        self._out.append(message(b"3"))
