"""Lines of fixed length, whose fields have widths in bytes of the file's encoding, padded on the right with spaces.

Here: cutting lines into fields, whole blocks at a time. Not here: what the fields mean.

There is no header of names; fields come in contract order. `_row_no` is the line in the file. Blank lines are no rows. The contract may
say that the first or the last line is no row, but counts the rows and adds up columns (`control_lines`).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.model import Contract
from resources.readers.batch import E_COLUMNS, E_ENCODING, Defect, Origin, defects, rows, text_rows
from resources.readers.control_lines import Totals
from resources.readers.streams import BOM, MAX_LINE_BYTES, DataFile, cut_off, too_large

BLOCK_BYTES = 2 << 20
NEWLINE, RETURN = 10, 13
CUT_CHARACTER = ("incomplete multibyte sequence", "unexpected end of data")
"""Why Python's codecs refuse a field that ends inside a character."""


def _blocks(file: DataFile) -> Iterator[bytes]:
    """Whole lines, each ended by a newline but perhaps the last."""
    carried = b""
    with file.lines() as stream:
        while block := stream.read(BLOCK_BYTES):
            head, newline, tail = block.rpartition(b"\n")
            if newline:
                yield carried + head + newline
                carried = tail
            else:
                carried += block
            if len(carried) > BLOCK_BYTES + MAX_LINE_BYTES:
                raise too_large(f"a line is longer than {MAX_LINE_BYTES} bytes", file.where)
    if carried:
        yield carried


def decoded_columns(cells: np.ndarray, widths: list[int], codec: str) -> list[pa.Array]:
    """Decode column by column: each field gets a newline, the column is decoded at once and split again."""
    columns, start = [], 0
    for width in widths:
        part = np.full((len(cells), width + 1), NEWLINE, dtype=np.uint8)
        part[:, :width] = cells[:, start : start + width]
        values = part.tobytes().decode(codec).split("\n")[:-1]
        columns.append(pc.utf8_rtrim(pa.array(values, pa.string()), " "))
        start += width
    return columns


def decoded_rows(
    lines: np.ndarray, numbers: np.ndarray, widths: list[int], file: DataFile
) -> tuple[list[list[str]], list[int], list[Defect]]:
    """Decode a block with an undecodable field row by row: a character cut at a field's end makes only that row a defect."""
    stops = np.cumsum(widths)
    good: list[list[str]] = []
    good_numbers: list[int] = []
    bad: list[Defect] = []
    for line, number in zip(lines, numbers.tolist(), strict=True):
        raw = line.tobytes()
        try:
            good.append([raw[stop - width : stop].decode(file.codec).rstrip(" ") for stop, width in zip(stops, widths, strict=True)])
            good_numbers.append(number)
        except UnicodeDecodeError as e:
            if e.reason not in CUT_CHARACTER or e.end != len(e.object):
                raise file.wrong_encoding() from None
            bad.append(Defect(number, E_ENCODING, raw.decode(file.codec, "backslashreplace")))
    return good, good_numbers, bad


def read(contract: Contract, file: DataFile) -> Iterator[pa.RecordBatch]:
    """Rows of the file; a line of another length in bytes becomes a defect row.

    Raises DeliveryRejected: DELIVERY_ENCODING, DELIVERY_TRUNCATED, DELIVERY_TOTALS, DELIVERY_TOO_LARGE, and what the stream raises.
    """
    totals = Totals(contract, file)
    for found in _rows(contract, file, totals.body(_blocks(file))):
        totals.add(found)
        yield found
    totals.check()


def _rows(contract: Contract, file: DataFile, blocks: Iterator[bytes]) -> Iterator[pa.RecordBatch]:
    widths = [c.width or 0 for c in contract.delivered]
    length, origin, before = sum(widths), Origin(file.name, file.index), 0
    mark = BOM.encode(file.codec)
    for block in blocks:
        text = block.removeprefix(mark) if before == 0 else block
        ended = text.endswith(b"\n")
        octets = np.frombuffer(text if ended else text + b"\n", dtype=np.uint8)
        ends = np.flatnonzero(octets == NEWLINE)
        starts = np.concatenate(([0], ends[:-1] + 1))
        stops = ends - ((ends > starts) & (octets[ends - 1] == RETURN))
        lengths = stops - starts
        numbers = np.arange(before + 1, before + 1 + len(ends), dtype=np.int64)
        before += len(ends)
        whole = lengths == length
        if not ended and lengths[-1] < length:
            raise cut_off(int(numbers[-1]), file.where)
        bad = [
            Defect(int(numbers[i]), E_COLUMNS, text[starts[i] : stops[i]].decode(file.codec, "backslashreplace"))
            for i in np.flatnonzero(~whole & (lengths > 0))
        ]
        if whole.any():
            cells = octets[starts[whole][:, None] + np.arange(length)]
            try:
                yield rows(contract, decoded_columns(cells, widths, file.codec), pa.array(numbers[whole]), origin)
            except UnicodeDecodeError:
                records, kept, cut = decoded_rows(cells, numbers[whole], widths, file)
                bad += cut
                if records:
                    yield text_rows(contract, records, kept, origin)
        if bad:
            yield defects(contract, bad, origin)
