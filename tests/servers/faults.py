"""The process of the proxy: passes HTTP on to a server, and breaks what its rules name.

Here: rules, and what becomes of each request. Not here: the test's side (`proxy`), HTTP itself (`http1`).
It is a process of its own because some native libraries keep Python's lock while they wait for an answer: a proxy in the
test's process could not give it. It obeys lines of JSON on its standard input and goes down when that closes.
Each request has a connection of its own to the server, so that no fault of an idle connection is added to those asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import struct
import sys
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple
from urllib.parse import unquote

from tests.servers.http1 import HEAD_LIMIT, Head, read_head, request_body, response_body
from tests.servers.process import LOOPBACK

LINGER = 1.0
SLOW_DOWN = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message>'
    b"<RequestId>0</RequestId><HostId>0</HostId></Error>"
)


class Entry(NamedTuple):
    """What became of one request. `action`: `pass` or the names of the rules applied; `status`: the server's, None without one."""

    method: str
    path: str
    action: str
    status: int | None


@dataclass
class Rule:
    """A fault for the requests whose method matches as a whole and whose path and query (decoded) contain a match."""

    name: str
    method: str
    path: str
    times: int | None = None
    amount: float = 0
    share: float = 1
    header: str = ""
    seed: int = 0
    random: Random = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)

    def applies(self, head: Head) -> bool:
        if self.spent or not re.fullmatch(self.method, head.method) or not re.search(self.path, unquote(head.target)):
            return False
        return self.share >= 1 or self.random.random() < self.share

    @property
    def spent(self) -> bool:
        return self.times is not None and self.times <= 0

    def used(self) -> None:
        if self.times is not None:
            self.times -= 1


class Faults:
    """The rules in force and the log of what was done."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self.upstream = upstream
        self.rules: list[Rule] = []
        self.log: list[Entry] = []

    def obey(self, order: dict[str, Any]) -> list[Entry]:
        """One order of the test: a rule more, all forgotten, or nothing. The answer is the log."""
        if rule := order.get("add"):
            self.rules.append(Rule(**rule))
        if order.get("clear"):
            self.rules, self.log = [], []
        return self.log

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, request after request."""
        try:
            while (head := await read_head(reader)) and await Exchange(self, head, reader, writer).run():
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


class Exchange:
    """One request and its answer."""

    def __init__(self, faults: Faults, head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        rules = [rule for rule in faults.rules if rule.applies(head)]
        self._modifiers = [rule for rule in rules if rule.name in ("latency", "strip_header")]
        self._fault = next((rule for rule in rules if rule not in self._modifiers), None)
        self._faults, self._head, self._reader, self._writer = faults, head, reader, writer
        self._cut = self._fault if self._fault and self._fault.name == "reset_in_body" else None
        if self._cut:
            self._cut.used()
        self._continued = self._noted = False

    async def run(self) -> bool:
        """Carry it out; True when the client's connection can carry another."""
        head = self._head
        for rule in self._modifiers:
            if rule.name == "latency":
                await asyncio.sleep(rule.amount)
            else:
                head = head.without(rule.header)
        if self._fault and self._fault.name == "answer_503":
            return await self._refuse()
        if self._cut and not head.chunked and not head.length:  # nothing to cut
            self._note("reset_in_body", None)
            return _reset(self._writer)
        try:
            server, to_server = await asyncio.open_connection(*self._faults.upstream, limit=HEAD_LIMIT)
        except OSError:
            self._note("unreachable", None)
            return False
        upload = asyncio.create_task(self._upload(head, to_server))
        try:
            to_server.write(head.raw)
            keep = await self._answer(server)
            if not upload.done() and not (head.expects_continue and not self._continued):
                await asyncio.wait({upload}, timeout=LINGER)  # a client that still writes shall see the answer, not a reset
            return keep and upload.done() and upload.exception() is None and not head.closes
        finally:
            upload.cancel()
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await upload
            to_server.close()

    async def _upload(self, head: Head, to_server: asyncio.StreamWriter) -> None:
        try:
            if self._cut:
                await self._upload_part(head, to_server, int(self._cut.amount))
                return
            async for piece in request_body(self._reader, head):
                to_server.write(piece)
                await to_server.drain()
        except (OSError, asyncio.IncompleteReadError):
            self._note("client gone", None)
            _reset(to_server)  # the server must not take what came for the whole
            raise

    async def _upload_part(self, head: Head, to_server: asyncio.StreamWriter, left: int) -> None:
        held = b""  # the last piece never passes, however short the body is
        async for piece in request_body(self._reader, head):
            to_server.write(held)
            held = piece[:left]
            left -= len(held)
            if len(held) < len(piece):
                to_server.write(held)
                break
        await to_server.drain()
        self._note("reset_in_body", None)
        _reset(to_server)
        _reset(self._writer)

    async def _answer(self, server: asyncio.StreamReader) -> bool:
        try:
            while (head := await read_head(server)) and head.status < 200:
                self._continued = True
                self._writer.write(head.raw)
                await self._writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            head = None
        if head is None:
            self._note("no answer", None)
            return False
        body = response_body(server, head, self._head.method)
        fault = self._fault if self._fault and not self._fault.spent else None
        if fault and fault.name == "drop_response" and head.status < 300:
            fault.used()
            async for _ in body:
                pass
            self._note("drop_response", head.status)
            return False
        if fault and fault.name == "truncate_response" and self._head.method != "HEAD" and (head.chunked or head.length):
            fault.used()
            self._note("truncate_response", head.status)
            whole = b"".join([piece async for piece in body])
            self._writer.write(head.raw + whole[: min(int(fault.amount), len(whole) - 1)])
            await self._writer.drain()
            return False
        self._note("pass", head.status)
        self._writer.write(head.raw)
        async for piece in body:
            self._writer.write(piece)
            await self._writer.drain()
        return not head.closes and (head.chunked or head.length is not None or self._head.method == "HEAD" or head.status in (204, 304))

    async def _refuse(self) -> bool:
        keep = not self._head.expects_continue and not self._head.closes
        if keep:
            async for _ in request_body(self._reader, self._head):
                pass
        self._note("answer_503", None)
        lines = ["HTTP/1.1 503 Slow Down", "Content-Type: application/xml", f"Content-Length: {len(SLOW_DOWN)}", "Retry-After: 0"]
        head = "\r\n".join([*lines, *([] if keep else ["Connection: close"]), "", ""]).encode()
        self._writer.write(head + (b"" if self._head.method == "HEAD" else SLOW_DOWN))
        await self._writer.drain()
        return keep

    def _note(self, action: str, status: int | None) -> None:
        """Write down what became of the request: the first thing counts, what follows from it does not."""
        if self._noted:
            return
        self._noted = True
        names = [rule.name for rule in self._modifiers] + ([] if action == "pass" and self._modifiers else [action])
        self._faults.log.append(Entry(self._head.method, unquote(self._head.target), "+".join(names), status))


def _reset(writer: asyncio.StreamWriter) -> bool:
    """End the connection with a reset instead of an orderly close."""
    sock = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return False


async def serve(host: str, upstream_port: int, port: int) -> None:
    """Listen until the standard input closes; each line of it is an order, answered by one line."""
    faults = Faults((host, upstream_port))
    server = await asyncio.start_server(faults.connection, LOOPBACK, port, limit=HEAD_LIMIT, backlog=512)
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    print(json.dumps([]), flush=True)
    while line := await orders.readline():
        print(json.dumps(faults.obey(json.loads(line))), flush=True)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
