"""PORT CHAIN KEY HOST PORT READY: serve DNS over QUIC with aioquic, answer from a name server over TCP, make READY when listening."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from aioquic.asyncio import serve
from aioquic.quic.configuration import QuicConfiguration


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand the one message of a stream on, and its answer back. Names that begin with `cut` or `silent` are answered badly."""
    question = await reader.read()
    upstream_reader, upstream = await asyncio.open_connection(sys.argv[4], int(sys.argv[5]))
    upstream.write(question)
    size = await upstream_reader.readexactly(2)
    reply = size + await upstream_reader.readexactly(int.from_bytes(size, "big"))
    upstream.close()
    if b"\x03cut" in question:
        reply = reply[:-1]
    if b"\x06silent" in question:
        reply = b""
    writer.write(reply)
    writer.write_eof()


async def main() -> None:
    configuration = QuicConfiguration(is_client=False, alpn_protocols=["doq"])
    configuration.load_cert_chain(sys.argv[2], sys.argv[3])
    tasks = set()

    def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(answer(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    await serve("127.0.0.1", int(sys.argv[1]), configuration=configuration, stream_handler=handle)
    Path(sys.argv[6]).touch()
    await asyncio.Event().wait()


asyncio.run(main())
