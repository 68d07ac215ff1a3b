"""The first and the last line of a fixed-width file where they are no rows, but count the rows and add up columns.

Here: taking them out, and comparing what they say with the rows. Not here: cutting the rows into fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

import pyarrow as pa
import pyarrow.compute as pc

from contracts.model import Contract, ControlLine
from resources.errors import DeliveryRejected
from resources.readers.manifest import delivery_of
from resources.readers.streams import BOM, DataFile

SUMMED = pa.decimal128(38, 6)
"""The type in which values are added up."""


class Totals:
    """What the control lines of one file say, and what its rows are. Without such lines, nothing is taken out or compared."""

    def __init__(self, contract: Contract, file: DataFile) -> None:
        delivery = delivery_of(contract)
        self._file, self._first, self._last = file, delivery.first_line, delivery.last_line
        self._position = {c.name: i for i, c in enumerate(contract.delivered)}
        self._rows = 0
        self._sums = {name: Decimal(0) for line in (self._first, self._last) if line for name, _ in line.sums}
        self._said: list[tuple[str, ControlLine, bytes]] = []

    def body(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """The blocks of whole lines without the control lines; a blank line stands in for the first one.

        Raises DeliveryRejected (DELIVERY_TRUNCATED) where a control line is missing.
        """
        held = b""
        for number, block in enumerate(blocks):
            lines = held + block
            if number == 0 and self._first:
                octets, end, rest = lines.removeprefix(BOM.encode(self._file.codec)).partition(b"\n")
                self._keep("first", self._first, octets)
                lines = end + rest
            if self._last:
                start = lines.rstrip(b"\r\n").rfind(b"\n") + 1
                lines, held = lines[:start], lines[start:]
            if lines:
                yield lines
        if self._last:
            self._keep("last", self._last, held)

    def _keep(self, which: str, line: ControlLine, octets: bytes) -> None:
        if not octets.strip() or not octets.startswith(line.begins.encode(self._file.codec)):
            begins = f", which begins with {line.begins!r}" if line.begins else ""
            what = f"the {which} line is not the one with the totals{begins}"
            raise DeliveryRejected("DELIVERY_TRUNCATED", what, self._file.where, "Deliver the whole file again")
        self._said.append((which, line, octets))

    def add(self, found: pa.RecordBatch) -> None:
        """Count rows, unreadable ones too, and add up what is stated as a sum."""
        self._rows += found.num_rows
        for name in self._sums:
            values = pc.utf8_trim(found.column(self._position[name]), " ")
            try:
                numbers = pc.cast(pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values), SUMMED)
            except pa.ArrowInvalid:
                raise self._differs(f"a value of {name} is no number, so its sum cannot be compared") from None
            self._sums[name] += pc.sum(numbers).as_py() or 0

    def check(self) -> None:
        """Raises DeliveryRejected (DELIVERY_TOTALS) when a control line says something else than the rows."""
        for which, line, octets in self._said:
            stated = [(f"as sum of {name}", place, self._sums[name]) for name, place in line.sums]
            if line.count:
                stated.insert(0, ("rows", line.count, Decimal(self._rows)))
            for what, (first, width), real in stated:
                said = octets[first - 1 : first - 1 + width].decode(self._file.codec, "replace").strip()
                if _number(said) != real:
                    raise self._differs(f"the {which} line says {said!r} {what}, the file has {real.normalize():f}")

    def _differs(self, what: str) -> DeliveryRejected:
        return DeliveryRejected("DELIVERY_TOTALS", what, self._file.where, "Deliver the file again with rows and totals that agree")


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
