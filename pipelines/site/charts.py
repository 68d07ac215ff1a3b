"""Charts: a declaration of a page over the rows of its table, as the cells of a table with labels.

Here: filtering, grouping, measuring with Arrow; which cells are left out. Not here: the declarations (`assets.pages`), drawing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from assets.pages import Chart, ChartKind, Measured
from assets.texts import Text
from contracts import Contract
from pipelines.site.names import certified, head, label, listed, plain, texts_of, value_cell
from pipelines.site.reading import Reading
from pipelines.site.suppression import LEAST, Fate, Suppressed, suppress

if TYPE_CHECKING:
    import pyarrow as pa

FILE, LINE, BATCH = "_source_file", "_row_no", "_batch_id"
OTHERS, TOTAL, ROWS = Text("其他", "Others"), Text("合计", "Total"), Text("行数", "Rows")
TIMES = ((1, 1), (2, 2), (3, 5), (6, 10), (11, 20), (21, None))
"""Classes of how many rows share a value: least, most."""
DIGITS = 5
"""Of the degrees of a place: some metres."""
PERIOD = re.compile(r"(19|20)\d\d(-?(0[1-9]|1[0-2])|-Q[1-4])?")
"""A year, month or quarter as tables write them: 2019, 201912, 2019-12, 2019-Q4."""
PERCENT = 100
MOST_ROWS = 2000
"""Of a list."""


@dataclass(frozen=True)
class Example:
    """A delivered line that counts in a category."""

    batch: str
    file: str
    line: int


@dataclass(frozen=True)
class Made:
    """A chart with its cells. Categories are the rows and series the columns of a table.

    Attributes:
        values: by category and series; None where there is none.
        suppressed: the fate of every cell and total; None when the table has no personal columns.
        keys, series_keys: the values that categories and series stand for, such as the codes of divisions.
        examples: of a category that is shown, a delivered line; empty where rows do not say where they come from.
        positions: of places: longitude and latitude by category, None of a row without.
    """

    chart: Chart
    contract: Contract
    categories: tuple[Text, ...]
    series: tuple[Text, ...]
    values: tuple[tuple[Any, ...], ...]
    keys: tuple[str, ...]
    series_keys: tuple[str, ...]
    suppressed: Suppressed | None
    examples: Mapping[int, Example]
    rows: int
    cut: bool = False
    positions: tuple[tuple[float, float] | None, ...] = ()

    @property
    def additive(self) -> bool:
        """Whether its cells have totals."""
        return not self.chart.kind.of_rows and self.chart.measure in (Measured.COUNT, Measured.SUM)

    def fate(self, category: int, series: int) -> Fate:
        """The fate of a cell; -1 for a total."""
        return Fate.SHOWN if self.suppressed is None else self.suppressed.fate(category, series)

    def shown(self, category: int, series: int) -> Any:
        """The value of a cell, or of a total; None when it is left out."""
        if self.fate(category, series) is not Fate.SHOWN:
            return None
        lines = self.values if category == -1 else (self.values[category],)
        found = [v for line in lines for v in (line if series == -1 else (line[series],)) if v is not None]
        return sum(found) if -1 in (category, series) else next(iter(found), None)

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """The cells left out, totals included: category and series. Which of them are small is not said: it would narrow them down."""
        if self.suppressed is None or self.suppressed.fates is None:
            return []
        rows, columns = [*range(len(self.categories)), -1], [*range(len(self.series)), -1]
        categories = [*map(certified, self.keys, self.categories), TOTAL.en]
        series = [*map(certified, self.series_keys, self.series), TOTAL.en]
        return [(categories[r], series[c]) for r in rows for c in columns if self.suppressed.fate(r, c) is not Fate.SHOWN]

    @property
    def withheld(self) -> bool:
        """Whether no cell of it may be shown."""
        if self.suppressed is None or not self.categories:
            return False
        return all(self.fate(i, j) is not Fate.SHOWN for i in range(len(self.categories)) for j in range(len(self.series)))


def make_chart(chart: Chart, reading: Reading) -> Made | None:
    """Make a chart; None when the release does not have its table or a column of it."""
    contract = reading.contracts.get(chart.table)
    if contract is None or not reading.has(chart.table):
        return None
    origin = [c for c in (BATCH, FILE, LINE) if c in contract.column_names]
    wanted = [*chart.reads, *(origin if len(origin) == 3 and chart.group else [])]
    rows = reading.rows(chart.table, wanted or [contract.columns[0].name])
    if rows is None:
        return None
    all_rows, rows = rows.num_rows, _kept(rows, chart)
    if chart.personal and 0 < all_rows - rows.num_rows < LEAST:
        rows = rows.slice(0, 0)  # the rows that it is not about would be a small count, as the catalogue states how many there are
    if chart.kind.of_rows:
        return _list(chart, contract, rows)
    return _repeats(chart, contract, rows) if chart.repeats else _groups(chart, contract, rows)


def _kept(rows: pa.Table, chart: Chart) -> pa.Table:
    """The rows that a chart is about."""
    import pyarrow.compute as pc

    for column, values in chart.where.items():
        rows = rows.filter(_has_one_of(rows[column], values))
    if chart.latest is not None:
        rows = rows.filter(pc.equal(rows[chart.latest], pc.max(rows[chart.latest])))
    return rows


def _has_one_of(column: pa.ChunkedArray, values: Sequence[Any]) -> Any:
    """Whether each value, or one of the values of each array, is one of `values`."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_list(column.type):
        return pc.is_in(column, pa.array(values, pa.string()).cast(column.type) if _texts(values) else pa.array(values, column.type))
    array = column.combine_chunks()
    hit = pc.filter(pc.list_parent_indices(array), pc.is_in(pc.list_flatten(array), pa.array(values, array.type.value_type)))
    mask = np.zeros(len(array), dtype=bool)
    mask[hit.to_numpy(zero_copy_only=False)] = True
    return pa.array(mask)


def _texts(values: Sequence[Any]) -> bool:
    return all(isinstance(v, str) for v in values)


def exploded(rows: pa.Table, column: str) -> pa.Table:
    """One row for each value of an array; other columns are repeated."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_list(rows[column].type):
        return rows
    array = rows[column].combine_chunks()
    each = rows.take(pc.list_parent_indices(array))  # with the column: a table without any has no rows to take
    return each.set_column(each.column_names.index(column), column, pc.list_flatten(array))


def _in_full(rows: pa.Table, column: str) -> pa.Table:
    """Rows with a column as floats: the mean of decimals would have no more decimals than they have."""
    import pyarrow as pa

    return rows.set_column(rows.column_names.index(column), column, rows[column].cast(pa.float64()))


def _groups(chart: Chart, contract: Contract, rows: pa.Table) -> Made:
    """A chart by one or two columns."""
    total = rows.num_rows
    for column in chart.group:
        rows = exploded(rows, column)
        if column in chart.labels:
            rows = rows.filter(_has_one_of(rows[column], list(chart.labels[column])))
    if chart.of is not None and chart.measure is Measured.MEAN:
        rows = _in_full(rows, chart.of)
    found = rows.group_by(list(chart.group)).aggregate(_aggregates(chart))
    measured = "count_all" if chart.of is None else f"{chart.of}_{chart.measure.value}"
    most = "count_all" if chart.of is None else f"{chart.of}_max"
    cells = {tuple(r[g] for g in chart.group): _with_ratio(chart, contract, r) for r in found.to_pylist()}
    first = _ordered(contract, chart, chart.group[0], {k[0] for k in cells}, _sizes(cells, 0, measured))
    second = (
        _ordered(contract, chart, chart.group[1], {k[1] for k in cells}, _sizes(cells, 1, measured)) if len(chart.group) > 1 else [None]
    )
    kept, others = (first[: chart.top], first[chart.top :]) if chart.top and len(first) > chart.top + 1 else (first, [])

    def cell(of: Sequence[Any], column: Any, name: str, fold: Any) -> Any:
        keys = [(key,) if len(chart.group) == 1 else (key, column) for key in of]
        return fold([v for k in keys if k in cells and (v := cells[k][name]) is not None])

    lines = [[key] for key in kept] + ([others] if others else [])
    fold = {Measured.COUNT: sum, Measured.SUM: sum, Measured.MAX: lambda v: max(v, default=None)}.get(chart.measure, _only)
    values = [[plain(cell(line, column, measured, fold)) for column in second] for line in lines]
    counts = [[cell(line, column, "count_all", sum) for column in second] for line in lines]
    greatest = [[cell(line, column, most, lambda v: max(v, default=0)) for column in second] for line in lines]
    hidden = _suppressed(chart, counts, values, greatest) if counts else None
    if hidden is not None and hidden.fates is not None and not listed(contract, chart, chart.group[0]):
        place = _by_what_is_shown(hidden, kept)
        kept, values = [kept[i] for i in place], [*(values[i] for i in place), *values[len(kept) :]]
        hidden = Suppressed(tuple(hidden.fates[i] for i in (*place, *range(len(place), len(hidden.fates)))))
    shown = [i for i in range(len(kept)) if hidden is None or hidden.fate(i, -1) is Fate.SHOWN]
    examples = _examples(rows, chart.group[0], {kept[i]: i for i in shown}) if BATCH in rows.column_names else {}
    texts = [texts_of(contract, chart, column) for column in chart.group]
    categories = [*(label(k, texts[0]) for k in kept), *([OTHERS] if others else [])]
    named = [label(k, texts[1]) for k in second] if len(texts) > 1 else [_measure_name(chart, contract)]
    keys = ["" if k is None else str(k) for k in kept] + ([""] if others else [])
    across = tuple("" if k is None else str(k) for k in second)
    return Made(chart, contract, tuple(categories), tuple(named), tuple(map(tuple, values)), tuple(keys), across, hidden, examples, total)


def _aggregates(chart: Chart) -> list[tuple[Any, str]]:
    """What is aggregated of every cell: the number of its rows, its measure or the sums of a ratio's parts, and the greatest value."""
    of = [] if chart.of is None else [(chart.of, "max")]
    measured = [(part, "sum") for part in chart.parts] or [(name, chart.measure.value) for name, _ in of]
    return [([], "count_all"), *dict.fromkeys([*measured, *of])]


def _with_ratio(chart: Chart, contract: Contract, cell: dict[str, Any]) -> dict[str, Any]:
    """A cell with its ratio, when the chart shows one; in per cent where the column is."""
    if chart.of is None or not chart.parts:
        return cell
    above, below = (cell[f"{part}_sum"] for part in chart.parts)
    scale = PERCENT if contract.column(chart.of).unit == "%" else 1
    return {**cell, f"{chart.of}_{chart.measure.value}": float(above) * scale / float(below) if above is not None and below else None}


def _repeats(chart: Chart, contract: Contract, rows: pa.Table) -> Made:
    """A chart of how many rows have the same values as others."""
    import pyarrow.compute as pc

    for column in chart.repeats:
        rows = rows.filter(pc.is_valid(rows[column]))
    sizes = rows.group_by(list(chart.repeats)).aggregate([([], "count_all")])["count_all"]
    values = []
    for least, most in TIMES:
        inside = pc.greater_equal(sizes, least) if most is None else pc.and_(pc.greater_equal(sizes, least), pc.less_equal(sizes, most))
        values.append([int(pc.sum(sizes.filter(inside)).as_py() or 0)])
    names = [f"{least}" if least == most else f"{least}+" if most is None else f"{least}–{most}" for least, most in TIMES]
    hidden = suppress(values) if chart.personal else None
    texts = tuple(Text(f"{n} 条相同", f"{n} alike") for n in names)
    return Made(chart, contract, texts, (ROWS,), tuple(map(tuple, values)), tuple(names), ("",), hidden, {}, rows.num_rows)


def _list(chart: Chart, contract: Contract, rows: pa.Table) -> Made:
    """A table of rows, without personal columns."""
    rows = rows.select(list(dict.fromkeys((*chart.columns, *chart.position, *(c.removeprefix("-") for c in chart.order)))))
    if chart.order:
        rows = rows.sort_by([(c.removeprefix("-"), "descending" if c.startswith("-") else "ascending") for c in chart.order])
    found = rows.slice(0, MOST_ROWS).to_pylist()
    texts = {c: texts_of(contract, chart, c) for c in chart.columns}
    values = tuple(tuple(value_cell(r[c], texts[c]) for c in chart.columns) for r in found)
    heads = tuple(head(contract, c) for c in chart.columns)
    keys = tuple(str(n) for n in range(len(found)))
    at = [tuple(r[c] for c in chart.position) for r in found] if chart.position else []
    positions = tuple(None if None in p else (round(float(p[0]), DIGITS), round(float(p[1]), DIGITS)) for p in at)
    return Made(chart, contract, tuple(Text(k, k) for k in keys), heads, values, keys, chart.columns, None, {}, rows.num_rows,
                rows.num_rows > MOST_ROWS, positions)  # fmt: skip


def _suppressed(chart: Chart, counts: list[list[int]], values: list[list[Any]], greatest: list[list[Any]]) -> Suppressed | None:
    """Which cells are left out, of a table with personal columns."""
    if not chart.personal:
        return None
    if chart.measure is not Measured.SUM:
        return suppress(counts)
    sums = [[*row, sum(v or 0 for v in row)] for row in values]
    sums.append([sum(column) for column in zip(*sums, strict=True)])
    most = [[*row, max(row)] for row in greatest]
    most.append([max(column) for column in zip(*most, strict=True)])
    return suppress(
        counts, [[float(m) / float(s) if s else 0.0 for m, s in zip(*lines, strict=True)] for lines in zip(most, sums, strict=True)]
    )


def _by_what_is_shown(hidden: Suppressed, kept: Sequence[Any]) -> list[int]:
    """The order of categories by size, with those at the end that are left out: their place would tell their size."""
    left_out = [i for i in range(len(kept)) if hidden.fate(i, -1) is not Fate.SHOWN]
    return [*(i for i in range(len(kept)) if i not in left_out), *sorted(left_out, key=lambda i: str(kept[i]))]


def _sizes(cells: Mapping[tuple[Any, ...], Mapping[str, Any]], place: int, measured: str) -> dict[Any, float]:
    sizes: dict[Any, float] = {}
    for key, row in cells.items():
        sizes[key[place]] = sizes.get(key[place], 0) + float(row[measured] or 0)
    return sizes


def _ordered(contract: Contract, chart: Chart, column: str, found: set[Any], sizes: Mapping[Any, float]) -> list[Any]:
    """The values of a column: as its list has them, dates, periods and numbers ascending, others by size."""
    closed = [*listed(contract, chart, column)]
    if closed:
        known = [v for v in closed if v in found]
        return [*known, *sorted((v for v in found if v not in closed), key=str)]
    in_time = all(isinstance(v, date | int | Decimal) or PERIOD.fullmatch(str(v)) for v in found if v is not None)
    if in_time or chart.kind in (ChartKind.LINE, ChartKind.CALENDAR):
        return sorted(v for v in found if v is not None) + ([None] if None in found else [])
    return sorted(found, key=lambda v: (-sizes[v], str(v)))


def _measure_name(chart: Chart, contract: Contract) -> Text:
    return ROWS if chart.of is None else head(contract, chart.of)


def _only(values: list[Any]) -> Any:
    """The one value of a cell; the mean or ratio of several cells is not the mean of theirs."""
    return values[0] if len(values) == 1 else None


def _examples(rows: pa.Table, column: str, wanted: Mapping[Any, int]) -> dict[int, Example]:
    """Of each category the first delivered line, by file and line."""
    ordered = rows.select([column, BATCH, FILE, LINE]).sort_by([(FILE, "ascending"), (LINE, "ascending"), (BATCH, "ascending")])
    first = ordered.group_by(column, use_threads=False).aggregate([(name, "first") for name in (BATCH, FILE, LINE)])
    return dict(_of_wanted(first.to_pylist(), column, wanted))


def _of_wanted(rows: list[dict[str, Any]], column: str, wanted: Mapping[Any, int]) -> Iterator[tuple[int, Example]]:
    for r in rows:
        if r[column] in wanted and r[f"{BATCH}_first"] is not None:
            yield wanted[r[column]], Example(r[f"{BATCH}_first"], r[f"{FILE}_first"], r[f"{LINE}_first"])
