"""Which encoding a text file is really in, when it is not the agreed one.

Here: the decision, and reading UTF-16 as UTF-8. Not here: decoding the agreed encoding (each reader, strictly).

The agreed encoding stands unless the first `HEAD_BYTES` are not in it, or begin with the mark of another. Then another one
is used only when it is certain for the whole file: UTF-16 by its mark; UTF-8 by valid sequences of several bytes; GB18030 when
it decodes strictly and nearly all its characters are common ones. In doubt the file is refused as not being in the agreed
encoding. Source: domain rules A0 (step 1), D01.
"""

from __future__ import annotations

import codecs
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from resources.readers.streams import CHUNK, DataFile

HEAD_BYTES = 1 << 20
FORMATS = ("csv", "jsonl", "xml")
"""Formats whose encoding may be another one; the fields of a fixed-width file have their widths in bytes of the agreed one."""
UTF_8, UTF_16, GB18030 = "utf-8", "utf-16", "gb18030"
MARKS = {codecs.BOM_UTF8: UTF_8, codecs.BOM_UTF16_LE: UTF_16, codecs.BOM_UTF16_BE: UTF_16}
COMMON = frozenset(
    character
    for first, last in ((0xA1, 0xA3), (0xB0, 0xD7))
    for row in range(first, last + 1)
    for character in bytes(octet for column in range(0xA1, 0xFF) for octet in (row, column)).decode("gb2312", "ignore")
)
"""Punctuation, full-width forms, and the 3,755 most frequent characters (GB/T 2312, rows 1 to 3 and level 1)."""
COMMON_SHARE = 0.9
"""Text in another encoding, read as GB18030, has far fewer common characters: UTF-8 about a half, Big5 about a third."""
LEAST_CHARACTERS = 8
"""Fewer characters beyond ASCII prove nothing."""


def certain(file: DataFile) -> DataFile:
    """The file in the encoding it is certainly in; with the agreed one when that fits, or when none is certain."""
    head = _head(file)
    marked = next((codec for mark, codec in MARKS.items() if head.startswith(mark)), None)
    if marked == file.codec or (marked is None and _decodes(head, file.codec)):
        return file
    candidates = [marked] if marked else [codec for codec in (UTF_8, GB18030) if codec != file.codec]
    for codec in candidates:
        if _is_certain(file, codec, marked=marked is not None):
            return replace(file, codec=UTF_8, stored_as=UTF_16) if codec == UTF_16 else replace(file, codec=codec)
    return file


def note(agreed: DataFile, found: DataFile) -> str | None:
    """What a person should know of a file in another encoding; None when it is in the agreed one."""
    real = found.stored_as or found.codec
    return None if real == agreed.codec else f"{found.name} is in {real}, agreed is {agreed.codec}"


def _head(file: DataFile) -> bytes:
    with io.BufferedReader(file.stream(), CHUNK) as stream:
        return stream.read(HEAD_BYTES)


def _decodes(head: bytes, codec: str) -> bool:
    try:
        codecs.getincrementaldecoder(codec)("strict").decode(head, final=len(head) < HEAD_BYTES)
    except UnicodeDecodeError:
        return False
    return True


def _is_certain(file: DataFile, codec: str, marked: bool) -> bool:
    seen: Counter[str] = Counter()
    try:
        for text in _decoded(file, codec):
            seen.update(text)
    except UnicodeDecodeError:
        return False
    beyond = {character: count for character, count in seen.items() if character > "\x7f"}
    total = sum(beyond.values())
    if marked or codec == UTF_8:
        return marked or total > 0
    return total >= LEAST_CHARACTERS and sum(beyond[c] for c in beyond.keys() & COMMON) >= COMMON_SHARE * total


def _decoded(file: DataFile, codec: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(codec)("strict")
    with io.BufferedReader(file.stream(), CHUNK) as stream:
        while octets := stream.read(CHUNK):
            yield decoder.decode(octets)
        yield decoder.decode(b"", final=True)
