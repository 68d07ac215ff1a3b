"""HTTP/1.1 messages on asyncio streams, as far as a proxy must understand them to pass them on byte for byte.

Here: heads, and where a body ends. Not here: what to do with them (`proxy`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

HEAD_LIMIT = 1 << 20
PIECE = 1 << 16


@dataclass(frozen=True)
class Head:
    """The first line and the headers, with the bytes as received."""

    raw: bytes
    first: str
    headers: dict[str, str]

    @property
    def method(self) -> str:
        return self.first.split(" ", 1)[0]

    @property
    def target(self) -> str:
        return self.first.split(" ")[1]

    @property
    def status(self) -> int:
        return int(self.first.split(" ")[1])

    @property
    def chunked(self) -> bool:
        return self.headers.get("transfer-encoding", "").lower().endswith("chunked")

    @property
    def length(self) -> int | None:
        """The declared number of bytes of the body, None when not declared."""
        return int(self.headers["content-length"]) if "content-length" in self.headers else None

    @property
    def closes(self) -> bool:
        return self.headers.get("connection", "").lower() == "close" or "HTTP/1.0" in self.first

    @property
    def expects_continue(self) -> bool:
        return self.headers.get("expect", "").lower() == "100-continue"

    def without(self, header: str) -> Head:
        """The same head without one header."""
        lines = [x for x in self.raw.split(b"\r\n") if not x.lower().startswith(header.lower().encode() + b":")]
        return parsed(b"\r\n".join(lines))


def parsed(raw: bytes) -> Head:
    first, *lines = raw.decode("latin-1").split("\r\n")
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return Head(raw, first, {name.strip().lower(): value.strip() for name, value in pairs})


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """The next head, None when the other side has closed between two messages."""
    try:
        return parsed(await reader.readuntil(b"\r\n\r\n"))
    except asyncio.IncompleteReadError as e:
        if e.partial:
            raise
        return None


async def request_body(reader: asyncio.StreamReader, head: Head) -> AsyncIterator[bytes]:
    """The bytes of a request's body, framing and all. IncompleteReadError when it ends early."""
    async for piece in _chunked(reader) if head.chunked else _counted(reader, head.length or 0):
        yield piece


async def response_body(reader: asyncio.StreamReader, head: Head, method: str) -> AsyncIterator[bytes]:
    """The bytes of a response's body, framing and all; without a declared length up to the end of the connection."""
    if method == "HEAD" or head.status in (204, 304):
        return
    if head.chunked or head.length is not None:
        async for piece in request_body(reader, head):
            yield piece
        return
    while piece := await reader.read(PIECE):
        yield piece


async def _counted(reader: asyncio.StreamReader, left: int) -> AsyncIterator[bytes]:
    while left:
        piece = await reader.read(min(left, PIECE))
        if not piece:
            raise asyncio.IncompleteReadError(b"", left)
        left -= len(piece)
        yield piece


async def _chunked(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while True:
        line = await reader.readuntil(b"\r\n")
        yield line
        size = int(line.split(b";")[0], 16)
        if not size:
            break
        async for piece in _counted(reader, size + 2):
            yield piece
    while True:  # trailers, up to the empty line
        line = await reader.readuntil(b"\r\n")
        yield line
        if line == b"\r\n":
            return
