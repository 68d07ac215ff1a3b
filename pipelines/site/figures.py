"""Figures: the indicators of a page with everything that answers for them.

Here: the newest period of each indicator in the city and its counties, the change since the release before, its course.
Not here: how indicators are made (`assets.indicators`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path
from typing import Any

import assets
from assets.dates import ONE_DAY
from assets.declare import declared
from assets.indicators import Indicator, read_indicators
from assets.pages import Page
from assets.texts import Text
from contracts import Contract
from pipelines.control.ledger import Release
from pipelines.site.names import divisions
from pipelines.site.reading import Reading
from pipelines.site.suppression import LEAST, Fate, Suppressed, suppress
from standards.divisions import CITY

COURSE = 31
"""Points of a course."""
RELEASES = 14
"""Releases that a course looks back to."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """An indicator in one division. hidden: left out, because it counts few persons or gives away one that does."""

    code: str
    division: Text
    numerator: int | None
    denominator: int | None
    value: str | None
    state: str
    hidden: Fate


@dataclass(frozen=True)
class Ended:
    """An indicator in the last period that has ended. city, counties: its places."""

    period: str
    city: Place
    counties: tuple[Place, ...]


@dataclass(frozen=True)
class Figure:
    """One indicator on one basis in its newest period.

    Attributes:
        city, counties: its places.
        before: the city's value in the release before, None when there is none. A period that has ended is held against the last one;
            one that goes on only against itself, as the release before had it.
        change: the city's value less that before, in its unit.
        course: period or release -> the city's value, from the first one that is shown.
        ended: the period before, when the newest one goes on and the course shows nothing else.
        personal: whether it counts persons, so that small counts are left out.
    """

    indicator: Indicator
    basis: str
    period_kind: str
    period: str
    city: Place
    counties: tuple[Place, ...]
    before: str | None
    before_period: str | None
    change: str | None
    course: tuple[tuple[str, str | None], ...]
    by_release: bool
    ended: Ended | None
    rule_version: str
    target: str | None
    table: str
    contract: Contract
    counts: tuple[Text, Text]
    personal: bool

    @property
    def periods(self) -> dict[str, dict[Text, Place]]:
        """Period -> its places by their division, the city first: the newest period, and the one that has ended."""
        of = ((s.period, (s.city, *s.counties)) for s in (self, self.ended) if s is not None)
        return {period: {p.division: p for p in places} for period, places in of}

    @property
    def most(self) -> str:
        """The most that is a success, with its unit; empty without one."""
        return "" if self.indicator.most is None else f"{float(self.indicator.most):g} {self.indicator.unit}"

    @property
    def beyond(self) -> bool:
        """Whether the city's value is beyond the most that is a success."""
        return self.city.value is not None and self.indicator.is_beyond(self.city.value)

    @property
    def better(self) -> bool | None:
        """Whether the change is for the better; None without a change. Of values beyond the most that is a success only a fall is."""
        if self.change is None or float(self.change) == 0:
            return None
        beyond = any(self.indicator.is_beyond(value) for value in (self.city.value, self.before) if value is not None)
        return (float(self.change) > 0) == (self.indicator.better == "higher" and not beyond)


def figures(page: Page, reading: Reading) -> list[Figure]:
    """Return every figure of a page, in the order of the theme's indicators.yaml; none when the release lacks the table."""
    if page.indicators is None or not reading.has(page.indicators) or page.indicators not in reading.contracts:
        return []
    contract = reading.contracts[page.indicators]
    table = read_indicators(Path(next(iter(assets.__path__))) / contract.layer / contract.domain / "indicators.yaml")
    now, before = _rows(reading, page.indicators, reading.release), _rows(reading, page.indicators, reading.before)
    inputs = declared()[page.indicators].inputs
    found = []
    for indicator in table.indicators.values():
        for basis in indicator.bases:
            of = [r for r in now if r["indicator"] == indicator.id and r["basis"] == basis]
            kind = next((k for k in indicator.periods if any(r["period_kind"] == k for r in of)), None)
            if kind is not None:
                of = [r for r in of if r["period_kind"] == kind]
                earlier = [r for r in before if (r["indicator"], r["basis"], r["period_kind"]) == (indicator.id, basis, kind)]
                counts = (table.counts[indicator.numerator], table.counts[indicator.denominator])
                personal = _personal(contract, [inputs.get(c.of) for c in counts], reading)
                found.append(_figure(indicator, basis, kind, of, earlier, contract, counts, personal, reading))
    return found


def _figure(
    indicator: Indicator, basis: str, kind: str, now: Sequence[Row], before: Sequence[Row], contract: Contract, counts: tuple[Text, Text],
    personal: bool, reading: Reading,
) -> Figure:  # fmt: skip
    period = max(r["period"] for r in now)
    places = _places([r for r in now if r["period"] == period], personal)
    last = max((r["period"] for r in before), default=None)
    goes_on = (reading.release.as_of + ONE_DAY).isoformat().startswith(period)
    then_period = period if goes_on or any(r["period"] == period for r in before) else last
    then = {p.code: p for p in _places([r for r in before if r["period"] == then_period], personal)}.get(CITY)
    city = next(p for p in places if p.code == CITY)
    known = city.value is not None and then is not None and then.value is not None
    course, by_release = _course(indicator, basis, kind, now, contract, personal, reading)
    ended = max((r["period"] for r in now if r["period"] < period), default=None) if goes_on and by_release else None
    row = next(r for r in now if r["period"] == period)
    return Figure(
        indicator=indicator, basis=basis, period_kind=kind, period=period, city=city,
        counties=tuple(p for p in places if p is not city),
        before=then.value if then else None, before_period=then_period,
        change=f"{float(city.value or 0) - float(then.value or 0):+,.2f}" if known and then else None,
        course=course, by_release=by_release, ended=_ended([r for r in now if r["period"] == ended], personal),
        rule_version=row["rule_version"], target=_text(row["target"]), table=contract.name,
        contract=contract, counts=counts, personal=personal,
    )  # fmt: skip


def _ended(rows: Sequence[Row], personal: bool) -> Ended | None:
    if not rows:
        return None
    city, *counties = _places(rows, personal)
    return Ended(rows[0]["period"], city, tuple(counties))


def _rows(reading: Reading, table: str, release: Release | None) -> list[dict[str, Any]]:
    found = None if release is None else reading.rows(table, None, release)
    return [] if found is None else found.to_pylist()


def _personal(contract: Contract, of: Sequence[str | None], reading: Reading) -> bool:
    """Whether what is counted is personal: a column of the tables `of` is that the numerator follows from; None: of any table."""
    for origin in contract.column("numerator").derived_from:
        table, _, column = origin.rpartition(".")
        source = reading.contracts.get(table) if None in of or table in of else None
        if source is not None and any(c.name == column and c.personal for c in source.columns):
            return True
    return False


def _places(rows: Iterable[Row], personal: bool) -> list[Place]:
    """The places of one indicator in one period: the city first, then counties by code; those left out are marked."""
    ordered = sorted(rows, key=lambda r: (r["div_code"] != CITY, r["div_code"]))
    counties = [r for r in ordered if r["div_code"] != CITY]
    hidden = _hidden(counties) if personal and counties else {}
    return [_place(r, hidden.get(r["div_code"], Fate.SHOWN)) for r in ordered]


def _hidden(counties: list[Row]) -> dict[str, Fate]:
    """What is left out, by division: a place goes when its numerator, its denominator, or what the numerator leaves of it, does.

    Where the counties' counts cannot hide each other, all of them go, and the city's stay when they are not small themselves.
    """
    if all(r["numerator"] <= r["denominator"] for r in counties):
        counted = [[[r["numerator"], r["denominator"] - r["numerator"]] for r in counties]]
    else:
        counted = [[[r[part]] for r in counties] for part in ("numerator", "denominator")]
    tables, codes = [suppress(counts) for counts in counted], [r["div_code"] for r in counties]
    if any(table.fates is None for table in tables):
        city = [sum(column) for counts in counted for column in zip(*counts, strict=True)]
        small = any(0 < count < LEAST for count in (*city, sum(city)))
        return {**dict.fromkeys(codes, Fate.SECONDARY), CITY: Fate.SMALL if small else Fate.SHOWN}
    return {CITY: _worst(tables, -1), **{code: _worst(tables, i) for i, code in enumerate(codes)}}


def _worst(tables: list[Suppressed], row: int) -> Fate:
    fates = [table.fate(row, column) for table in tables if table.fates for column in range(len(table.fates[0]))]
    return next((f for f in (Fate.SMALL, Fate.SECONDARY) if f in fates), Fate.SHOWN)


def _place(row: Row, hidden: Fate) -> Place:
    code = row["div_code"]
    name = divisions().get(code, Text(code, code))
    if hidden is not Fate.SHOWN:
        return Place(code, name, None, None, None, "", hidden)
    return Place(code, name, row["numerator"], row["denominator"], _text(row["value"]), row["state"], hidden)


def _text(value: Any) -> str | None:
    return None if value is None else f"{value:.2f}"


def _course(
    indicator: Indicator, basis: str, kind: str, now: Sequence[Row], contract: Contract, personal: bool, reading: Reading
) -> tuple[tuple[tuple[str, str | None], ...], bool]:
    """The city's values by period, or, of a year that grows, by release; and whether it is by release."""
    periods = sorted({r["period"] for r in now})[-COURSE:]
    if len(periods) > 2:
        return _from_first([(p, _of_city([r for r in now if r["period"] == p], personal)) for p in periods]), False
    course = []
    for release in (*reading.earlier[-RELEASES + 1 :], reading.release):
        rows = [
            r
            for r in _rows(reading, contract.name, release)
            if (r["indicator"], r["basis"], r["period_kind"]) == (indicator.id, basis, kind) and r["period"] == periods[-1]
        ]
        course.append((f"{release.as_of} #{release.number}", _of_city(rows, personal)))
    return _from_first(course), True


def _from_first(course: Sequence[tuple[str, str | None]]) -> tuple[tuple[str, str | None], ...]:
    return tuple(dropwhile(lambda point: point[1] is None, course))


def _of_city(rows: Sequence[Row], personal: bool) -> str | None:
    places = _places(rows, personal)
    return places[0].value if places else None
