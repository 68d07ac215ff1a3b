"""The bytes of one delivered file: opened safely, verified, unpacked within limits.

Here: file names, digests, gzip, size limits, where a wrong byte is. Not here: what the bytes mean.
"""

from __future__ import annotations

import codecs
import errno
import gzip
import io
import os
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Event
from typing import Any, BinaryIO

from resources.errors import DeliveryRejected
from resources.readers import windows_936
from resources.store import Store

CHUNK = 1 << 20
MAX_UNPACKED_BYTES = 16 << 30
"""Largest file, after decompression."""
MAX_RATIO = 200
"""Largest ratio of decompressed to delivered size (text reaches 5 to 30), looked at above `RATIO_FLOOR` bytes."""
RATIO_FLOOR = 16 << 20
MAX_LINE_BYTES = 1 << 20
"""Longest line of the line-wise formats."""
CODECS = {"utf-8": "utf-8", "utf-8-sig": "utf-8", "gb18030": "gb18030", "cp936": windows_936.NAME}
"""Contract encoding -> codec. A byte order mark is accepted everywhere and never kept."""
BOM = "\ufeff"
PADDING = b"\x1a\0"
"""DOS programs end a text with 0x1A and may fill its last block with zero bytes; neither is part of a character."""
MAX_PADDING = 1 << 20
LINE_ENDS = b"\r\n"
ARCHIVES = {
    b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"Rar!\x1a\x07": "rar", b"7z\xbc\xaf\x27\x1c": "7z", b"\xfd7zXZ\0": "xz",
    b"BZh91AY&SY": "bzip2",
}  # fmt: skip
"""Magic numbers of archives, which text never begins with."""


def safe_name(name: Any, where: str) -> str:
    """A plain file name. Raises DeliveryRejected (DELIVERY_NAME) for anything that could lead elsewhere or misread."""
    plain = (
        isinstance(name, str)
        and 0 < len(name.encode("utf-8", "replace")) <= 255
        and not name.startswith(".")
        and not set(name) & set("/\\:")
        and all(unicodedata.category(ch)[0] != "C" for ch in name)
        and unicodedata.normalize("NFC", name) == name
    )
    if not plain:
        what = f"{str(name)[:80]!r} is not a plain file name"
        raise DeliveryRejected(
            "DELIVERY_NAME", what, where, "Give files plain names: no folders, no hidden characters, no accents of their own"
        )
    return str(name)


def sm3(handle: BinaryIO) -> str:
    """SM3 (GB/T 32905) of a stream from its present position, 64 lower-case hex digits."""
    return _sm3_of(iter(lambda: handle.read(CHUNK), b""))


def sm3_concurrent(descriptor: int, stop: Event) -> str:
    """SM3 of a whole file while another reader moves its position; meaningless once `stop` is set."""

    def pieces() -> Iterator[bytes]:
        offset = 0
        while not stop.is_set() and (piece := os.pread(descriptor, CHUNK, offset)):
            yield piece
            offset += len(piece)

    return _sm3_of(pieces())


def _sm3_of(pieces: Iterable[bytes]) -> str:
    from cryptography.hazmat.primitives import hashes

    digest = hashes.Hash(hashes.SM3())
    for piece in pieces:
        digest.update(piece)
    return digest.finalize().hex()


def sm3_bytes(data: bytes) -> str:
    """SM3 of bytes, 64 lower-case hex digits."""
    return sm3(io.BytesIO(data))


class _Guarded(io.RawIOBase):
    """A readable stream that counts bytes, enforces the limits and reports a broken compressed file."""

    def __init__(self, inner: Any, packed: int, where: str) -> None:
        self._inner, self._packed, self._where, self._count = inner, packed, where, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            n: int = self._inner.readinto(buffer)
        except EOFError:
            raise DeliveryRejected("DELIVERY_TRUNCATED", "the gzip stream ends early", self._where, "Deliver the file again") from None
        except (gzip.BadGzipFile, zlib.error):
            raise DeliveryRejected("DELIVERY_FORMAT", "the file is not sound gzip", self._where, "Deliver the file again") from None
        self._count += n
        if self._count > MAX_UNPACKED_BYTES:
            raise too_large(f"more than {MAX_UNPACKED_BYTES} bytes unpacked", self._where)
        if self._count > RATIO_FLOOR and self._count > MAX_RATIO * self._packed:
            raise too_large(f"unpacks to more than {MAX_RATIO} times its size", self._where)
        return n


class _Recoded(io.RawIOBase):
    """A stream of text in another encoding."""

    def __init__(self, inner: io.RawIOBase, source: str, target: str) -> None:
        self._inner, self._target = io.BufferedReader(inner, CHUNK), target
        self._decoder = codecs.getincrementaldecoder(source)("strict")
        self._ready, self._ended = b"", False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready and not self._ended:
            octets = self._inner.read(CHUNK)
            self._ended = not octets
            self._ready = self._decoder.decode(octets, final=self._ended).encode(self._target)
        n = min(len(self._ready), len(buffer))
        buffer[:n], self._ready = self._ready[:n], self._ready[n:]
        return n


class _Text(io.RawIOBase):
    """A stream without the end mark and zero bytes after its last line."""

    def __init__(self, inner: io.RawIOBase, where: str) -> None:
        self._inner, self._where = inner, where
        self._ready = self._padding = b""
        self._last: int | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            n = self._inner.readinto(buffer)
            if not n:
                self._check_end()
                return 0
            if not self._padding and buffer[n - 1] not in PADDING:
                self._last = buffer[n - 1]
                return int(n)
            octets = self._padding + bytes(buffer[:n])
            self._ready = octets.rstrip(PADDING)
            self._padding = octets[len(self._ready) :]
            self._last = self._ready[-1] if self._ready else self._last
            if len(self._padding) > MAX_PADDING:
                raise self._interrupted(f"more than {MAX_PADDING}")
        n = min(len(self._ready), len(buffer))
        buffer[:n], self._ready = self._ready[:n], self._ready[n:]
        return n

    def _check_end(self) -> None:
        """An unfinished line before zero bytes is an interrupted copy; before the end mark it is the last line."""
        if self._padding.startswith(b"\0") and (self._last is None or self._last not in LINE_ENDS):
            raise self._interrupted(str(len(self._padding)))

    def _interrupted(self, count: str) -> DeliveryRejected:
        what = f"{count} zero bytes stand in place of the end of the file: it was not written completely"
        return DeliveryRejected("DELIVERY_TRUNCATED", what, self._where, "Deliver the whole file again")


def cut_off(line: int, where: str) -> DeliveryRejected:
    """The rejection of a file that stops in the middle of its last line."""
    what = f"the file stops in the middle of line {line}"
    return DeliveryRejected("DELIVERY_TRUNCATED", what, where, "Deliver the whole file again, its last line ended like the others")


def too_large(what: str, where: str) -> DeliveryRejected:
    return DeliveryRejected("DELIVERY_TOO_LARGE", what, where, "Split the delivery into smaller files")


@dataclass(frozen=True)
class DataFile:
    """One verified file. Every pass reads the same open handle, so the bytes read are the bytes verified."""

    name: str
    index: int
    where: str
    handle: BinaryIO
    size: int
    codec: str
    compression: str | None
    stored_as: str | None = None
    """The encoding of the stored bytes when `lines` are to be recoded from it into `codec`."""

    def stream(self) -> io.RawIOBase:
        """The unpacked bytes from the start. One pass at a time."""
        self.handle.seek(0)
        return _Guarded(gzip.GzipFile(fileobj=self.handle, mode="rb") if self.compression == "gzip" else self.handle, self.size, self.where)

    def octets(self) -> io.BufferedReader:
        """The unpacked bytes of a binary format, buffered."""
        return io.BufferedReader(self.stream(), CHUNK)

    def lines(self) -> io.BufferedReader:
        """The unpacked bytes, buffered. An archive in place of text, also one packed once more, is not opened."""
        stream = self.stream() if self.stored_as is None else _Recoded(self.stream(), self.stored_as, self.codec)
        lines: io.BufferedReader = io.BufferedReader(_Text(stream, self.where), CHUNK)
        first = lines.peek(16)
        for sign, kind in ARCHIVES.items():
            if first.startswith(sign):
                what = f"there is a {kind} archive where text is agreed"
                raise DeliveryRejected(
                    "DELIVERY_FORMAT", what, self.where, "Deliver the text itself, packed as agreed and no more than once"
                )
        return lines

    def undecodable(self) -> tuple[int, int] | None:
        """Byte offset (from 0) and line (from 1) of the first byte that is not in the file's encoding; a second pass."""
        offset = 0
        with self.lines() as lines:
            for number, line in enumerate(iter(lambda: lines.readline(MAX_LINE_BYTES), b""), 1):
                try:
                    line.decode(self.codec)
                except UnicodeDecodeError as e:
                    return offset + e.start, number
                offset += len(line)
        return None

    def wrong_encoding(self) -> DeliveryRejected:
        """The rejection of a file whose strict decoding failed."""
        found = self.undecodable()
        place = f" at byte {found[0]}, line {found[1]}" if found else ""
        what = f"the file is not {self.codec}{place}"
        return DeliveryRejected("DELIVERY_ENCODING", what, self.where, "Deliver it in the encoding of the contract")


def opened(store: Store, folder: str, name: str, index: int, codec: str, compression: str | None) -> DataFile:
    """Open a file of a drop without following links. Raises DeliveryRejected (DELIVERY_MISSING, DELIVERY_NAME), Unreachable."""
    path = f"{folder}/{name}"
    where = store.uri(path)
    try:
        handle, size = store.open(path)
    except FileNotFoundError:
        raise DeliveryRejected("DELIVERY_MISSING", "the file is not there", where, "Deliver the file") from None
    except OSError as e:
        what = "it is a link" if e.errno == errno.ELOOP else f"the file cannot be opened ({e.strerror})"
        raise DeliveryRejected("DELIVERY_NAME", what, where, "Deliver a readable plain file in a folder of its own") from None
    return DataFile(name, index, where, handle, size, codec, compression)
