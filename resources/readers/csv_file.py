"""Delimited text files, streamed block by block.

Here: CSV with quotes, quoted newlines, any line ending. Not here: what the cells mean.

`_row_no` is the number of the record, the (first row of the) header being 1: equal to the line in the file as long as no quoted cell
holds a newline and no blank line (which is no record) comes before.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Event, Thread

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from contracts.model import Contract
from resources.errors import DeliveryRejected
from resources.readers.batch import E_COLUMNS, Defect, Origin, defects, rows
from resources.readers.header import NEW, match, new_columns, no_header, of_rows
from resources.readers.manifest import delivery_of
from resources.readers.streams import BOM, MAX_LINE_BYTES, DataFile, cut_off

BLOCK_BYTES = 8 << 20
"""Memory follows this: a record has to fit into one block."""
BLOCKS_AHEAD = 2
"""Blocks decoded ahead while Arrow parses the current one."""
PIECE_BYTES = 128 << 10
"""Decoded at once: larger pieces leave the processor's cache, and their memory goes back to the system each time."""
WAIT_SECONDS = 0.1
ESCAPE = "\ufffe"
"""Stands before 0 for a NUL and before 1 for itself on the way through Arrow: a code point that no text uses."""
LARGEST_GROWTH = 4
"""UTF-8 bytes per delivered byte at most: an escaped NUL. Any other character takes 3/2."""


class _Utf8(io.RawIOBase):
    """The file as UTF-8, strictly decoded, in blocks that never end in CR and hold no NUL.

    Arrow looks for special characters in words of eight bytes, and overlooks those that come after a NUL in the same word, so a NUL
    is escaped and `as_delivered` puts it back. Arrow drops an LF at the start of a block when the previous block ended in CR, even
    inside a quoted cell. Exceptions must not reach Arrow either: it releases them in another thread, and a process that ends at that
    moment can hang. On an error the stream ends, and `failure` holds the reason. A separate thread decodes ahead until `close`.
    """

    def __init__(self, file: DataFile) -> None:
        self._stream = file.lines()
        self._decoder = codecs.getincrementaldecoder(file.codec)("strict")
        self._carried = ""
        self.failure: Exception | None = None
        self.last = ""
        """The last character so far."""
        self._escaped = False
        self._blocks: Queue[bytes] = Queue(BLOCKS_AHEAD)
        self._abandoned = Event()
        self._thread: Thread | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """The next block, at most as long as the first `size`; empty at the end of the file or after a failure."""
        if self._thread is None:
            self._thread = Thread(target=self._decode, args=(size,), daemon=True)
            self._thread.start()
        while self._thread.is_alive() or not self._blocks.empty():
            try:
                return self._blocks.get(timeout=WAIT_SECONDS)
            except Empty:
                continue
        return b""

    def close(self) -> None:
        """Stop decoding and wait for the thread; the underlying file may be closed afterwards."""
        self._abandoned.set()
        if self._thread is not None:
            self._thread.join()
        super().close()

    def _decode(self, size: int) -> None:
        """Put every block into the queue, the empty one at the end included."""
        block = None
        while block != b"" and not self._abandoned.is_set():
            try:
                block = self._read(size)
            except Exception as e:  # raised where the rows are read
                self.failure, block = e, b""
            while not self._abandoned.is_set():
                try:
                    self._blocks.put(block, timeout=WAIT_SECONDS)
                    break
                except Full:
                    continue

    def _read(self, size: int) -> bytes:
        """The next block, piece by piece."""
        pieces: list[bytes] = []
        room = size
        while room >= max(size // 16, 16) or not any(pieces):
            octets = self._stream.read(max(min(PIECE_BYTES, room // LARGEST_GROWTH - 2), 1))
            text = self._carried + self._decoder.decode(octets, final=not octets)
            self.last = text[-1:] or self.last
            self._carried = "\r" if octets and text.endswith("\r") else ""
            pieces.append(self._escape(text.removesuffix(self._carried)).encode("utf-8"))
            room -= len(pieces[-1])
            if not octets:
                break
        return b"".join(pieces)

    def _escape(self, text: str) -> str:
        if "\0" not in text and ESCAPE not in text:
            return text
        self._escaped = True
        return text.replace(ESCAPE, ESCAPE + "1").replace("\0", ESCAPE + "0")

    def as_delivered(self, column: pa.Array) -> pa.Array:
        """A column of text that Arrow has read, with every NUL where it was."""
        if not self._escaped:
            return column
        return pc.replace_substring(pc.replace_substring(column, ESCAPE + "0", "\0"), ESCAPE + "1", ESCAPE)


def _lines(stream: io.BufferedReader, file: DataFile) -> Iterator[str]:
    """The decoded lines of the start of a file, with their ends."""
    room = MAX_LINE_BYTES
    while room > 0 and (octets := stream.readline(room)):
        room -= len(octets)
        yield from re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", octets.decode(file.codec))


@dataclass(frozen=True)
class _Header:
    """The trimmed names of the header, its lines, and whether the file contains nothing else, not even a line end."""

    cells: list[str]
    lines: int
    alone: bool


def _header(file: DataFile, delimiter: str, count: int) -> _Header:
    with file.lines() as stream:
        last = ""

        def lines() -> Iterator[str]:
            nonlocal last
            for i, line in enumerate(_lines(stream, file)):
                last = line
                yield line if i else line.removeprefix(BOM)

        reader = csv.reader(lines(), delimiter=delimiter)
        try:
            cells = of_rows([[cell.strip() for cell in next(reader, [])] for _ in range(count)])
        except UnicodeDecodeError:
            raise file.wrong_encoding() from None
        except csv.Error:
            raise no_header(file.where) from None
        return _Header(cells, reader.line_num, not last.endswith(("\r", "\n")) and not stream.peek(1))


def _numbers(count: int, after: int, ragged: list[int]) -> np.ndarray:
    """The numbers of the next `count` good records after record `after`, skipping ragged ones."""
    candidates = np.arange(after + 1, after + 1 + count + len(ragged), dtype=np.int64)
    return candidates[~np.isin(candidates, ragged)][:count]


def read(contract: Contract, file: DataFile) -> Iterator[pa.RecordBatch]:
    """Rows of the file; a record with another number of fields than the header becomes a defect row.

    Raises DeliveryRejected: DELIVERY_HEADER, DELIVERY_ENCODING, DELIVERY_FORMAT, DELIVERY_TRUNCATED, and what the stream raises.
    """
    delimiter, header_rows = delivery_of(contract).delimiter, delivery_of(contract).header_rows
    header = _header(file, delimiter, header_rows)
    if header.alone and not header.cells:
        return
    names = match(header.cells, contract, file.where)
    if header.alone:
        return
    new, agreed = new_columns(names), [c.name for c in contract.delivered]
    origin = Origin(file.name, file.index)
    ragged: list[Defect] = []
    short: set[int] = set()
    octets = _Utf8(file)

    def keep(row: pacsv.InvalidRow) -> str:
        number = row.number - header.lines + header_rows
        text = octets.as_delivered(pa.array([row.text])).to_pylist()[0]
        ragged.append(Defect(number, E_COLUMNS, text))
        if row.actual_columns < row.expected_columns:
            short.add(number)
        return "skip"

    reader_options = {
        "read_options": pacsv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False, column_names=names, skip_rows=header.lines),
        "parse_options": pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=keep),
        "convert_options": pacsv.ConvertOptions(
            column_types={n: pa.string() for n in names},
            include_columns=[*agreed, *(NEW + n for n in new)],
            strings_can_be_null=False,
            check_utf8=False,
        ),
    }
    last = header_rows
    try:
        for block in pacsv.open_csv(pa.PythonFile(octets, "r"), **reader_options):
            numbers = _numbers(len(block), last, [d.row_no for d in ragged if d.row_no > last])
            if len(block):
                last = int(numbers[-1])
                columns = [octets.as_delivered(c) for c in block.columns]
                extra = [dict(zip(new, v, strict=True)) for v in zip(*[c.to_pylist() for c in columns[len(agreed) :]], strict=True)]
                yield rows(contract, columns[: len(agreed)], pa.array(numbers), origin, extra=extra)
            done = [d for d in ragged if d.row_no < last]
            if done:
                yield defects(contract, done, origin)
                ragged[:] = [d for d in ragged if d.row_no > last]
    except pa.ArrowInvalid:
        if octets.failure is None:
            raise _unparsable(file) from None
    finally:
        octets.close()
    if isinstance(octets.failure, UnicodeDecodeError):
        raise file.wrong_encoding()
    if octets.failure:
        raise octets.failure
    if ragged and octets.last not in "\r\n" and ragged[-1].row_no in short:
        raise cut_off(ragged[-1].row_no, file.where)
    if ragged:
        yield defects(contract, ragged, origin)


def _unparsable(file: DataFile) -> DeliveryRejected:
    """The rejection of a file Arrow cannot parse; its own message may show a row, so it is not passed on."""
    what = f"a record does not end within {BLOCK_BYTES} bytes"
    return DeliveryRejected("DELIVERY_FORMAT", what, file.where, "Look for a quote that is never closed")
