"""The workbook for a department: its quarantined rows with reason, file and line, and how to correct them.

Here: sheets and their rows. Not here: escaping (`cells`), masking (`standards.masking`), who may receive values
(`pipelines.control.audit`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openpyxl import Workbook

from contracts import Contract, Field
from pipelines.quarantine.cells import cell
from pipelines.quarantine.counts import Wanted, by_code, reasons, rows_in, standing
from pipelines.quarantine.meanings import meaning
from resources.lake import Lake
from resources.rows import dataset
from standards.masking import hidden, of_column

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ROWS = 1_048_576
"""Maximum number of rows in a sheet, heading included."""
CHUNK = 1_000
NOT_A_COLUMN = {"row": "整行 row", "key": "主键 key"}
BEFORE_VALUES = (("业务日期 date", 12), ("文件 file", 30), ("行号 line", 9), ("代码 codes", 26), ("原因 reason", 44))
AFTER_VALUES = "原始行 line as delivered"
ABOUT = Path(__file__).parent / "readme.txt"


@dataclass(frozen=True)
class QuarantinedTable:
    """The quarantined rows of one table that are still to be corrected."""

    contract: Contract
    wanted: Wanted
    rows: int
    codes: dict[str, int]
    days: tuple[date, ...]


def quarantined_table(lake: Lake, contract: Contract, wanted: Wanted) -> QuarantinedTable:
    """Count the quarantined rows of a table.

    Args:
        lake: the lake.
        contract: of the cleansed table.
        wanted: which rows. Without a date, only the newest delivery of a table that is delivered as full snapshots counts.
    """
    name = f"{contract.domain}/{contract.table}"
    each = reasons(lake, name, wanted=standing(lake, name, wanted))
    return QuarantinedTable(contract, wanted, rows_in(each), by_code(each), tuple(sorted(each["_business_date"].unique().to_pylist())))


def write_workbook(
    path: Path, lake: Lake, tables: Sequence[QuarantinedTable], *, values: bool, progress: Callable[[str, str], None]
) -> None:
    """Write one department's workbook.

    Args:
        path: the XLSX file.
        lake: the lake.
        tables: of one department.
        values: write values as delivered; otherwise personal columns are masked.
        progress: called with the table and "start" or "done" every CHUNK rows.
    """
    book = Workbook(write_only=True)
    _read_me(book, tables, values=values)
    _summary(book, tables)
    for held in tables:
        _rows(book, held, _read(lake, held, progress), values=values)
    book.save(path)


def steps(tables: Iterable[QuarantinedTable]) -> int:
    """Estimate how often `write_workbook` reports progress."""
    return sum(1 + held.rows // CHUNK for held in tables)


def _read_me(book: Workbook, tables: Sequence[QuarantinedTable], *, values: bool) -> None:
    days = sorted({d for held in tables for d in held.days})
    facts = {
        "department": tables[0].contract.owner_title,
        "days": f"{days[0]} – {days[-1]}" if days else "–",
        "rows": f"{sum(held.rows for held in tables):,}",
        "masked_zh": "按报送原样列出，含个人信息，请妥善保管" if values else "个人信息已脱敏",
        "masked_en": "as delivered: personal data, keep it safe" if values else "personal values are masked",
    }
    sheet = book.create_sheet("说明 Read me")
    sheet.column_dimensions["A"].width = 110
    for line in ABOUT.read_text(encoding="utf-8").format(**facts).splitlines():
        sheet.append([cell(sheet, line.removeprefix("# "), bold=line.startswith("# "), wrapped=True)])


def _summary(book: Workbook, tables: Sequence[QuarantinedTable]) -> None:
    sheet = book.create_sheet("汇总 Summary")
    head = (("表 table", 24), ("列 column", 20), ("代码 code", 18), ("行数 rows", 10), ("含义", 40), ("怎么办", 40), ("meaning", 48),
            ("what to do", 44))  # fmt: skip
    _heading(sheet, head)
    for held in tables:
        for code, rows in sorted(held.codes.items(), key=lambda x: (-x[1], x[0])):
            m = meaning(code)
            line = (held.contract.title, _column(held.contract, code), code.rpartition(":")[2], rows, m.chinese, m.remedy_chinese,
                    m.english, m.remedy_english)  # fmt: skip
            sheet.append([cell(sheet, v, wrapped=True) for v in line])


def _rows(book: Workbook, held: QuarantinedTable, rows: Iterable[dict[str, Any]], *, values: bool) -> None:
    """Write one table, in more than one sheet when it has too many rows."""
    columns = held.contract.delivered
    head = (*BEFORE_VALUES, *[(_named(c), 18) for c in columns], (AFTER_VALUES, 30))
    masks = {c.name: (lambda v: v) if values else of_column(c.rule, c.classification) for c in columns}
    of_line = (lambda v: v) if values else hidden
    sheet: Any = None
    room = part = 0
    for row in rows:
        if room == 0:
            part += 1
            sheet = book.create_sheet(_sheet_name(book, held.contract, part))
            _heading(sheet, head)
            room = MOST_ROWS - 1
        texts = json.loads(row["raw"] or "{}")
        errors = [c for c in row["codes"] if ":E_" in c]
        why = "；".join(f"{_column(held.contract, c)}：{meaning(c).chinese}" for c in errors)
        place = (str(row["_business_date"]), row["_source_file"], row["_row_no"], ", ".join(errors), why)
        wrong = {c.partition(":")[0] for c in errors}
        delivered = [(c.name, texts.get(c.name)) for c in columns]
        sheet.append([
            *[cell(sheet, v) for v in place],
            *[cell(sheet, masks[name](v) if v else "", wrong=name in wrong) for name, v in delivered],
            cell(sheet, of_line(row["line"]) if row["line"] else "", wrong="row" in wrong),
        ])  # fmt: skip
        room -= 1


def _read(lake: Lake, held: QuarantinedTable, progress: Callable[[str, str], None]) -> Iterator[dict[str, Any]]:
    """Read the quarantined rows in the order of their deliveries, one batch at a time."""
    name = f"{held.contract.domain}/{held.contract.table}"
    quarantine = held.contract.sibling("quarantine")
    handle = lake.open(quarantine)
    assert handle is not None
    days = {str(d) for d in held.days}
    batches = {(p["_business_date"], p["_batch_id"]) for p in handle.partitions() if p["_business_date"] in days}
    for _, batch in sorted(batches):
        found: pa.Table = dataset(handle, [("_batch_id", "=", batch)]).to_table()
        for chunk in found.sort_by([("_source_file", "ascending"), ("_row_no", "ascending")]).to_batches(max_chunksize=CHUNK):
            progress(name, "start")
            yield from (r for r in chunk.to_pylist() if any(map(held.wanted.of_code, r["codes"])))
            progress(name, "done")


def _heading(sheet: Any, columns: Sequence[tuple[str, int]]) -> None:
    from openpyxl.utils import get_column_letter

    sheet.freeze_panes = "A2"
    for i, (_, width) in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(i)].width = width
    sheet.append([cell(sheet, name, bold=True) for name, _ in columns])


def _column(contract: Contract, code: str) -> str:
    """Return the delivered name of the column that a code is about."""
    name = code.partition(":")[0]
    known = {c.name: _named(c) for c in contract.delivered}
    return known.get(name) or NOT_A_COLUMN.get(name, name)


def _named(c: Field) -> str:
    """Return the delivered name of a column, with its title where that differs."""
    return c.title if c.title == c.source else f"{c.source}（{c.title}）"


def _sheet_name(book: Workbook, contract: Contract, part: int) -> str:
    """Return a sheet name of at most 31 characters without []:*?/\\, unique whatever the case."""
    suffix = "" if part == 1 else f" {part}"
    title = "".join(c for c in contract.title if c not in "[]:*?/\\'")[: 31 - len(suffix)] + suffix
    return title if title.lower() not in {s.lower() for s in book.sheetnames} else contract.table[: 31 - len(suffix)] + suffix
