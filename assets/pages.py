"""The pages of the site, declared in the packages of the themes that they show: `assets/<layer>/<domain>/page.yaml`.

Here: what a page is, reading and checking page.yaml. Not here: computing and writing pages (`pipelines.site`, which finds them here).

    title: {zh: 健康, en: Health}
    intro: {zh: …, en: …}
    indicators: themes/health/indicator        # the table of indicators that the page shows; none without it
    main: [archive_rate, usage_rate]           # those of them that the city's page shows, too
    charts:
      archives_by_state:
        title: {zh: 档案状态, en: Archives by state}
        note: {zh: …, en: …}                   # what a reader has to know; optional
        table: themes/health/archive
        kind: bar                              # bar, line, calendar, map, list, places
        group: [state]                         # one or two columns: categories, and series within them
        measure: {count: rows}                 # or {sum: column}, {mean: column}, {max: column}, {ratio: column, of: column, over: column}
        where: {state: [ACTIVE, DORMANT]}      # value or values of a column; of an array: it has one of them; true, false; ~ for none
        latest: month                          # only the rows with the greatest value of this column
        repeats: [phone]                       # group by how many rows share these values, instead of by the values
        labels: {state: {ACTIVE: {zh: …, en: …}}}   # or `rules`: the titles in the rules.yaml of the same folder
        top: 15                                # the largest categories, the others together
        open: true                             # the groups are also published as open data
        columns: [section, class]              # of a list or of places: the columns shown, none of them personal; the first names the row
        order: [section]                       # of these: sorted by them; -column for descending
        position: [lon, lat]                   # of places: the columns with longitude and latitude, on a map with the waters
        colour: class                          # of places: one of the columns
        colours: {1: blue, 2: green}           # of its values, best first, where colours have a meaning of their own (COLOURS)

A page prints no single personal value: it is refused when a chart groups by a personal column without a closed list of values, or lists
one. Charts over tables with personal columns count, and the site leaves small counts out. Charts over one such table that group or filter
by the same column must be about the same rows: else a small count is the difference of two charts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import combinations
from pathlib import Path
from typing import Any

import assets
from assets.texts import Text, read_text
from contracts import Contract, Field, load_all
from contracts.kinds import Kind, of_kind, stated
from contracts.refused import ContractError, one_of
from contracts.short import unique_yaml

FILE = "page.yaml"
COUNTIES = "base/geography/division"
"""The table with the polygons that a map is drawn of: code, level, name, valid_to, geometry."""
WATERS = "base/geography/water"
"""The table with the waters that a map of places shows: water_body, geometry."""
RULES = "rules"
"""As labels: the titles of the rules in the rules.yaml of the same folder."""
PAGE = {"title": Kind.SETTINGS, "intro": Kind.SETTINGS, "indicators": Kind.TEXT, "main": Kind.TEXTS, "charts": Kind.SETTINGS}
CHART = {
    "title": Kind.SETTINGS, "note": Kind.SETTINGS, "table": Kind.TEXT, "kind": Kind.TEXT, "group": Kind.TEXTS, "measure": Kind.SETTINGS,
    "where": Kind.SETTINGS, "latest": Kind.TEXT, "repeats": Kind.TEXTS, "labels": Kind.SETTINGS, "top": Kind.COUNT, "open": Kind.TRUTH,
    "columns": Kind.TEXTS, "order": Kind.TEXTS, "position": Kind.TEXTS, "colour": Kind.TEXT, "colours": Kind.SETTINGS,
}  # fmt: skip
NUMBERS = ("integer", "number")
COLOURS = ("blue", "orange", "green", "red", "violet", "cyan", "yellow", "grey")
"""The colours of charts, in the order in which series get them that have none of their own."""
ROWS = "rows"
PARTS = ("of", "over")
"""Settings of a ratio beside the column that it is of one row."""


class ChartKind(StrEnum):
    """How a chart is drawn; `list` is a table of rows, without a picture, `places` one with a map of them."""

    BAR = "bar"
    LINE = "line"
    CALENDAR = "calendar"
    MAP = "map"
    LIST = "list"
    PLACES = "places"

    @property
    def of_rows(self) -> bool:
        """Whether it shows rows as they are, and not groups of them."""
        return self in (ChartKind.LIST, ChartKind.PLACES)


class Measured(StrEnum):
    """What a chart shows of the rows of a group."""

    COUNT = "count"
    SUM = "sum"
    MEAN = "mean"
    MAX = "max"
    RATIO = "ratio"


@dataclass(frozen=True)
class Chart:
    """One chart of a page over one table. Settings as in the module's documentation.

    where: column -> the values that are kept. labels: column -> value -> text. measure: of `of`, None for rows. parts: of a ratio, the
    columns whose sums it is made of, and which `of` is of one row: a mean of rates would not be the rate of a group. personal: the table
    has personal columns, so small counts are left out.
    """

    id: str
    title: Text
    table: str
    kind: ChartKind
    group: tuple[str, ...]
    measure: Measured
    of: str | None
    where: Mapping[str, tuple[Any, ...]]
    labels: Mapping[str, Mapping[str, Text]]
    columns: tuple[str, ...]
    order: tuple[str, ...]
    repeats: tuple[str, ...]
    personal: bool
    open: bool
    parts: tuple[str, ...] = ()
    note: Text | None = None
    latest: str | None = None
    top: int | None = None
    position: tuple[str, ...] = ()
    colour: str | None = None
    colours: Mapping[str, str] = field(default_factory=dict)

    @property
    def about(self) -> tuple[Any, ...]:
        """Which rows it is about, and which of their groups stand for themselves."""
        return dict(self.where), self.latest, self.top

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns of the table that it is made of."""
        ordered = [name.removeprefix("-") for name in self.order]
        measured = (*self.parts, *filter(None, (self.of, self.latest)))
        named = (*self.group, *self.where, *self.columns, *ordered, *self.repeats, *self.position, *measured)
        return tuple(dict.fromkeys(named))


@dataclass(frozen=True)
class Page:
    """One page of the site. domain: the layer and domain that it is declared beside, such as `themes/health`."""

    domain: str
    title: Text
    intro: Text
    indicators: str | None
    main: tuple[str, ...]
    charts: tuple[Chart, ...]
    path: Path

    @property
    def name(self) -> str:
        """`themes-health`: the file of the page without its ending."""
        return self.domain.replace("/", "-")

    @property
    def own_tables(self) -> tuple[str, ...]:
        """The tables that it shows of its own domain; without any, all that it shows."""
        shown = dict.fromkeys((*filter(None, (self.indicators,)), *(c.table for c in self.charts)))
        return tuple(t for t in shown if t.startswith(f"{self.domain}/")) or tuple(shown)


def declared_pages() -> list[Page]:
    """Return every declared page by its domain. Raises ContractError for a wrong declaration."""
    root = Path(next(iter(assets.__path__)))
    pages = [read_page(file, file.parent.relative_to(root).as_posix()) for file in sorted(root.rglob(FILE))]
    together(pages)
    return pages


def together(pages: Iterable[Page]) -> None:
    """Refuse pages that do not go together: two open charts of one name, which would be one dataset, or charts that give counts away."""
    charts = [(page.path, chart) for page in pages for chart in page.charts]
    named: dict[str, Path] = {}
    for path, chart in charts:
        if chart.open and named.setdefault(chart.id, path) is not path:
            where = f"is the name of an open chart in {named[chart.id].parent.name}, too"
            raise ContractError(path, f"chart {chart.id!r}", where, "Give it another: it names the dataset")
    _nothing_by_subtraction(charts)


def read_page(path: Path, domain: str) -> Page:
    """Read one page.yaml.

    Args:
        path: the file.
        domain: the layer and domain it is beside, such as `themes/health`.

    Raises:
        ContractError: with file, field and remedy, for what is missing, unknown, not in a contract, or would show a personal value.
    """
    file = stated(path, "file", unique_yaml(path), PAGE)
    _needed(path, "file", file, ("title", "intro"))
    if not file.get("indicators") and not file.get("charts"):
        raise ContractError(path, "file", "shows nothing", "Add indicators or charts")
    indicators = file.get("indicators")
    if indicators is not None:
        listed = _contract(path, "indicators", indicators)
        known = one_of(path, "indicators, column", "indicator", listed.column_names) and listed.column("indicator").valid_values
        for name in file.get("main", ()):
            one_of(path, "main", name, known)
    elif file.get("main"):
        raise ContractError(path, "main", "names indicators, but the page has no table of them", "Add indicators: themes/…/indicator")
    charts = tuple(_chart(path, name, line) for name, line in file.get("charts", {}).items())
    _nothing_by_subtraction([(path, chart) for chart in charts])
    return Page(
        domain=domain,
        title=read_text(path, "title", file["title"]),
        intro=read_text(path, "intro", file["intro"]),
        indicators=indicators,
        main=tuple(file.get("main", ())),
        charts=charts,
        path=path,
    )


def _nothing_by_subtraction(charts: Iterable[tuple[Path, Chart]]) -> None:
    """Refuse two charts over one table with personal columns, of whose counts the difference is a count that neither shows."""
    personal = [(path, chart) for path, chart in charts if chart.personal and not chart.repeats]
    for (_, one), (path, other) in combinations(personal, 2):
        shared = {*one.group} & {*other.group} | {*one.group} & {*other.where} | {*one.where} & {*other.group}
        if one.table == other.table and shared and one.about != other.about:
            raise ContractError(
                path,
                f"chart {other.id!r}",
                f"gives counts away together with chart {one.id!r}: both divide {one.table} by {', '.join(sorted(shared))}, of other rows",
                "Give both the same where, latest and top, or leave one out",
            )


def _chart(path: Path, name: str, line: Any) -> Chart:
    where = f"chart {name!r}"
    settings = stated(path, where, line, CHART)
    _needed(path, where, settings, ("title", "table", "kind"))
    contract = _contract(path, f"{where}, table", settings["table"])
    kind = ChartKind(one_of(path, f"{where}, kind", settings["kind"], tuple(ChartKind)))
    measure, of, *parts = _measure(path, where, contract, settings.get("measure", {Measured.COUNT: ROWS}))
    chart = Chart(
        id=name,
        title=read_text(path, f"{where}, title", settings["title"]),
        note=read_text(path, f"{where}, note", settings["note"]) if "note" in settings else None,
        table=contract.name,
        kind=kind,
        group=tuple(settings.get("group", ())),
        measure=measure,
        of=of,
        parts=tuple(parts),
        where={c: tuple(v) if isinstance(v, list) else (v,) for c, v in line.get("where", {}).items()},
        latest=settings.get("latest"),
        repeats=tuple(settings.get("repeats", ())),
        labels={c: _labels(path, f"{where}, labels, {c}", found) for c, found in settings.get("labels", {}).items()},
        columns=tuple(settings.get("columns", ())),
        order=tuple(settings.get("order", ())),
        personal=any(c.personal for c in contract.columns),
        top=settings.get("top"),
        open=settings.get("open", False),
        position=tuple(settings.get("position", ())),
        colour=settings.get("colour"),
        colours={str(value): one_of(path, f"{where}, colours", name, COLOURS) for value, name in settings.get("colours", {}).items()},
    )
    for column in (*chart.reads, *chart.labels):
        one_of(path, f"{where}, column of {contract.name}", column, contract.column_names)
    _shape(path, where, chart)
    _shows_nobody(path, where, chart, contract)
    return chart


def _measure(path: Path, where: str, contract: Contract, given: Mapping[str, Any]) -> tuple[Any, ...]:
    """The measure, the column that it is of, None for rows, and of a ratio its two parts."""
    names, parts = [name for name in given if name not in PARTS], [given[part] for part in PARTS if part in given]
    if len(names) != 1 or len(parts) != (len(PARTS) if names == [Measured.RATIO] else 0):
        remedy = "Write one: {count: rows}, {sum: column}, {mean: column}, {max: column}, {ratio: column, of: column, over: column}"
        raise ContractError(path, f"{where}, measure", f"is {dict(given)}", remedy)
    [name], of = names, [given[names[0]], *parts]
    measure = Measured(one_of(path, f"{where}, measure", name, tuple(Measured)))
    if measure is Measured.COUNT:
        one_of(path, f"{where}, measure, count", given[name], (ROWS,))
        return measure, None
    for column in of:
        one_of(path, f"{where}, column of {contract.name}", column, contract.column_names)
        field = contract.column(column)
        one_of(path, f"{where}, measure, type of {column!r}", field.logical_type, NUMBERS)
        if field.personal and measure is not Measured.SUM:
            raise ContractError(path, f"{where}, measure", f"{column} is personal", "Count rows or sum them up")
    return measure, *of


def _shape(path: Path, where: str, chart: Chart) -> None:
    """Refuse settings that a kind of chart cannot draw."""
    listed, placed = chart.kind.of_rows, chart.kind is ChartKind.PLACES
    asked = (("columns", listed), ("group", not listed and not chart.repeats), ("position", placed), ("colour", placed))
    for setting, wanted in asked:
        if bool(getattr(chart, setting)) != wanted:
            has = "has no" if wanted else "has"
            raise ContractError(path, where, f"{has} {setting}", f"{'Add' if wanted else 'Remove'} it: the chart is a {chart.kind}")
    most = 2 if chart.kind in (ChartKind.BAR, ChartKind.LINE) else 1
    if len(chart.group) > most:
        raise ContractError(path, f"{where}, group", f"has {len(chart.group)} columns", f"Give at most {most} for a {chart.kind}")
    if chart.open and listed:
        raise ContractError(
            path, f"{where}, open", f"is of groups, and the chart is a {chart.kind}", "Remove it: tables of level L1 are open"
        )
    if placed and len(chart.position) != 2:
        raise ContractError(path, f"{where}, position", f"has {len(chart.position)} columns", "Give longitude and latitude")
    if chart.colour is not None:
        one_of(path, f"{where}, colour", chart.colour, chart.columns)
    if chart.colours and not placed:
        raise ContractError(path, f"{where}, colours", "are of places only", f"Remove them: the chart is a {chart.kind}")
    if chart.order and not listed:
        raise ContractError(path, f"{where}, order", "is of rows only", "Remove it: categories are in the order of their list or size")


def _shows_nobody(path: Path, where: str, chart: Chart, contract: Contract) -> None:
    """Refuse what would print a single personal value."""
    for name in (*chart.columns, *chart.position):
        if _field(contract, name).personal:
            raise ContractError(path, f"{where}, columns", f"{name} is personal", "Leave it out, or count rows by group instead")
    for name in chart.group:
        field = _field(contract, name)
        closed = field.valid_values or field.code_list or field.logical_type == "boolean" or name in chart.labels
        if field.classification == "L4" or (field.personal and not closed):
            remedy = "Group by a column with a closed list of values, give the values by labels, or count by repeats"
            raise ContractError(path, f"{where}, group", f"{name} is personal", remedy)


def _field(contract: Contract, name: str) -> Field:
    """A column of the contract; the system's own columns, which it does not list, are texts of level L2."""
    return next((c for c in contract.columns if c.name == name), Field(name, name, "", "string", "string", classification="L2"))


def _labels(path: Path, where: str, given: Any) -> dict[str, Text]:
    if given == RULES:
        rules = unique_yaml(path.with_name("rules.yaml"))["rules"]
        return {name: Text(rule["zh"], rule["en"]) for name, rule in rules.items()}
    return {str(v): read_text(path, f"{where}, {v}", text) for v, text in of_kind(path, where, given, Kind.SETTINGS).items()}


def _contract(path: Path, where: str, name: str) -> Contract:
    known = load_all()
    return known[one_of(path, where, name, tuple(known))]


def _needed(path: Path, where: str, settings: Mapping[str, Any], names: Iterable[str]) -> None:
    if missing := [n for n in names if not settings.get(n)]:
        raise ContractError(path, where, f"has no {', '.join(missing)}", "Add it")
