"""Sweeping, advertising, alerts, markets; and all indicators of the theme, counted again from the cleansed rows in plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession

from assets.themes.urban_management.advertising import advertising, advertising_month
from assets.themes.urban_management.bikes import bike_day, bike_position
from assets.themes.urban_management.case import case
from assets.themes.urban_management.indicator import indicator
from assets.themes.urban_management.operations import (
    market_day,
    market_month,
    sanitation_day,
    sanitation_month,
    video_patrol_day,
    video_patrol_month,
)
from assets.themes.urban_management.penalty import penalty_month
from contracts.loader import load
from contracts.refused import ROOT
from pipelines.steps.derive import conform
from tests.frames import frame
from tests.touch.streets import Streets
from tests.urban_management.streets import DEGREES, EAST, at, division, grid

AS_OF = date(2019, 12, 31)
SOURCE = "cleansed/urban_management"
Given = dict[str, Any]
Counts = dict[tuple[str, str, str], dict[str, int]]


def made(spark: SparkSession, name: str, function: Callable[..., DataFrame], rows: Iterable[Given], *others: Any) -> DataFrame:
    """A table of the theme out of the rows of its source."""
    source = {"sanitation_day": "sanitation", "video_patrol_day": "video_patrol", "market_day": "market"}.get(name, name)
    found = function(frame(spark, f"{SOURCE}/{source}", rows), *others)
    return conform(load(ROOT / f"themes/urban_management/{name}.yaml"), found)


def test_a_section_is_swept_when_all_vehicles_together_did_what_was_planned(spark: SparkSession) -> None:
    def swept(section: str, day: int, vehicle: str, planned: int | None, done: int | None, length: str | None = "100.5") -> Given:
        passes = {"planned_passes": planned, "done_passes": done}
        return {"section_no": section, "day": date(2019, 12, day), "vehicle_no": vehicle, "length_m": length, "county6": "321002", **passes}

    rows = [
        swept("together", 1, "V1", 3, 1),
        swept("together", 1, "V2", 3, 2),
        swept("one too few", 1, "V1", 3, 2),
        swept("no plan", 1, "V1", 0, 4),
        swept("not told", 2, "V1", 2, None),
        swept("more", 2, "V1", 2, 5, "999.5"),
        swept("no length", 2, "V1", 1, 1, None),
    ]
    days = made(spark, "sanitation_day", sanitation_day, rows)
    told = {r.day.day: (r.sections, r.completed, r.planned_m, r.completed_m, r.completion_rate) for r in days.collect()}
    assert told == {
        1: (2, 1, Decimal("201.0"), Decimal("100.5"), Decimal("50.00")),
        2: (3, 2, Decimal("1100.0"), Decimal("999.5"), Decimal("90.86")),
    }
    [month] = conform(load(ROOT / "themes/urban_management/sanitation_month.yaml"), sanitation_month(days)).collect()
    assert (month.county6, month.month, month.section_days, month.completed_days) == ("321002", "201912", 5, 3)
    assert (month.planned_m, month.completed_m, month.completion_rate) == (Decimal("1301.0"), Decimal("1100.0"), Decimal("84.55"))


def test_what_lies_after_its_delivery_is_counted_in_no_month(spark: SparkSession) -> None:
    """A typing error of a year, a day: neither may become the newest month that a page shows."""
    found = {}
    for name, function, column, key in (
        ("sanitation_day", sanitation_day, "day", {"section_no": "S", "planned_passes": 1, "done_passes": 1, "length_m": 100}),
        ("video_patrol_day", video_patrol_day, "alerted_at", {"verdict": "CONFIRMED"}),
        ("market_day", market_day, "day", {"market_no": "M"}),
    ):
        days = [datetime(2019, 12, 31, 23), datetime(2020, 1, 1), datetime(2091, 12, 31)]
        number = {"alert_no": "1"} if column == "alerted_at" else {}
        rows = [{column: d if number else d.date(), **key, **number, "_business_date": AS_OF} for d in days]
        found[name] = [r.day for r in made(spark, name, function, rows).collect()]
    assert set(map(tuple, found.values())) == {(AS_OF,)}


def test_advertising_expires_after_its_last_day(spark: SparkSession) -> None:
    permits = {
        "until the day before": (date(2019, 12, 30), None, "EXPIRED"),
        "until the day": (date(2019, 12, 31), None, "VALID"),
        "taken down": (date(2019, 6, 1), date(2019, 12, 31), "REMOVED"),
        "to be taken down": (date(2019, 6, 1), date(2020, 1, 1), "EXPIRED"),
        "for ever": (None, None, "VALID"),
    }
    rows = [{"permit_no": n, "valid_to": last, "removed_date": gone, **at(2500, 5)} for n, (last, gone, _) in permits.items()]
    told = made(spark, "advertising", advertising, rows, division(spark), AS_OF).collect()
    assert {r.permit_no: r.state for r in told} == {n: state for n, (*_, state) in permits.items()}
    assert {(r.town, r.county6) for r in told} == {("321003002", "321003")}
    assert {r.removed_date for r in told} == {None, date(2019, 12, 31)}


def monthly(name: str, function: Callable[..., DataFrame], *of: Any) -> DataFrame:
    """A table of months of the theme out of its days, or what else it is made of."""
    return conform(load(ROOT / f"themes/urban_management/{name}.yaml"), function(*of))


def test_advertising_by_month(spark: SparkSession) -> None:
    """Up to the night, 2019-12-15: a last day on the end of a month, without first day, taken down before it, on the last day, ahead."""
    permits = {
        "expires with November": ("2019-10-31", "2019-11-30", None),
        "expires the day before": ("2019-11-01", "2019-11-29", "2019-12-15"),
        "without a first day": (None, "2019-10-10", "2019-11-30"),
        "without any day": (None, None, None),
        "taken down before it": ("2019-12-01", "2020-06-30", "2019-10-20"),
        "begins ahead": ("2019-12-16", "2020-12-16", None),
        "ends ahead": ("2019-12-15", "2019-12-15", "2019-12-16"),
        "without a first day, ends ahead": (None, "2019-12-16", None),
    }
    days = [{n: d and date.fromisoformat(d) for n, d in zip(("valid_from", "valid_to", "removed_date"), of, strict=True)}
            for of in permits.values()]  # fmt: skip
    rows = [{"permit_no": n, "county6": "321002", **of} for n, of in zip(permits, days, strict=True)]
    night = date(2019, 12, 15)
    signs = made(spark, "advertising", advertising, rows, division(spark), night)
    found = monthly("advertising_month", advertising_month, signs, night).collect()
    assert {r.month: (r.new, r.taken_down, r.standing, r.expired, r.expired_rate) for r in found} == {
        "201910": (3, 1, 2, 1, Decimal(50)), "201911": (1, 1, 2, 1, Decimal(50)), "201912": (1, 1, 2, 1, Decimal(50)),
    }  # fmt: skip
    assert {r.county6 for r in found} == {"321002"}


def test_precision(spark: SparkSession) -> None:
    """Two days of a month and one of the next: what is judged, and what is not."""
    alerts = [("1", "CONFIRMED", "E0504", 1), ("2", "FALSE", "E0504", 1), ("3", None, "E0504", 2), ("4", "CONFIRMED", None, 2)]
    rows = [
        {"alert_no": n, "verdict": v, "problem_type": t, "county6": "321002", "alerted_at": datetime(2019, 11, d, 23, 59, 59)}
        for n, v, t, d in alerts
    ]
    rows.append({"alert_no": "5", "verdict": "CONFIRMED", "problem_type": "E0504", "alerted_at": datetime(2019, 12, 1)})
    days = made(spark, "video_patrol_day", video_patrol_day, rows)
    assert {(r.problem_type, r.day): (r.county6, *tuple(r)[3:]) for r in days.collect()} == {
        ("E0504", date(2019, 11, 1)): ("321002", 2, 2, 1, Decimal(50)), ("E0504", date(2019, 11, 2)): ("321002", 1, 0, 0, Decimal(0)),
        ("UNKNOWN", date(2019, 11, 2)): ("321002", 1, 1, 1, Decimal(100)), ("E0504", date(2019, 12, 1)): ("000000", 1, 1, 1, Decimal(100)),
    }  # fmt: skip
    told = {(r.problem_type, r.month): tuple(r)[3:] for r in monthly("video_patrol_month", video_patrol_month, days).collect()}
    assert told == {
        ("E0504", "201911"): (3, 2, 1, Decimal("33.33")), ("UNKNOWN", "201911"): (1, 1, 1, Decimal(100)),
        ("E0504", "201912"): (1, 1, 1, Decimal(100)),
    }  # fmt: skip


def test_order_at_markets(spark: SparkSession) -> None:
    checks = [(10, 10, 0), (10, 11, 0), (10, 5, 1), (None, 5, 0), (10, 0, None)]
    rows = [
        {"market_no": "M", "day": date(2019, 12, n), "stalls": s, "occupied": o, "outside_stalls": outside, "kind": "MARKET"}
        for n, (s, o, outside) in enumerate(checks, 1)
    ]
    days = made(spark, "market_day", market_day, rows)
    assert {r.day.day: (r.orderly, r.occupancy_rate, r.outside_stalls) for r in days.collect()} == {
        1: (True, Decimal(100), 0), 2: (False, Decimal(110), 0), 3: (False, Decimal(50), 1),
        4: (False, None, 0), 5: (False, Decimal(0), None),
    }  # fmt: skip
    [month] = monthly("market_month", market_month, days).collect()
    assert (month.checks, month.orderly_checks, month.order_rate, month.outside_stalls) == (5, 1, Decimal(20), 1)
    assert (month.occupied, month.stalls, month.occupancy_rate, month.county6) == (26, 40, Decimal(65), "000000")


def _county(row: Given, lon: str = "lon") -> str | None:
    """The county of a position on the streets: the first ends WIDE metres east of the corner, west of which is no town."""
    if row.get(lon) is None:
        return None
    east = DEGREES.transform(float(row[lon]), 32.39, direction="INVERSE")[0] - EAST
    return None if east < 0 else "321002" if east < 2000 else "321003"


def _cases(rows: list[Given], add: Callable[..., None]) -> None:
    ended = datetime(2020, 1, 1)
    for r in rows:
        county, returned = _county(r) or r["division_county"], r["return_count"] > 0
        happened = {n: r[f"{n}_time"] if r[f"{n}_time"] and r[f"{n}_time"] < ended else None for n in ("finish", "check", "close")}
        closed = happened["close"] is not None
        add(county, r["found_time"], reported=1, filed=r["file_time"] is not None, proactive=r["source"] in ("PATROL", "VIDEO"))
        if r["due_time"] < ended:
            on_time = closed and r["finish_time"] <= r["due_time"]
            add(county, r["due_time"], due=1, closed=closed, on_time=on_time, overdue=not closed, postponed=r["postponed"] == "1")
        if happened["finish"]:
            add(county, r["finish_time"], disposed=1, reworked=returned)
        if happened["close"]:
            add(county, r["close_time"], closings=1)
        if happened["check"]:
            add(county, r["check_time"], checked=1, passed=not returned)


def _months(rows: dict[str, list[Given]], add: Callable[..., None]) -> None:
    sections: dict[tuple[str, date], list[Given]] = defaultdict(list)
    for r in rows["sanitation"]:
        sections[r["section_no"], r["day"]].append(r)
    for (_, day), of in sections.items():
        length = 10 * max(r["length_m"] for r in of)
        complete = sum(r["done_passes"] for r in of) >= max(r["planned_passes"] for r in of)
        county = max(r["county6"] or "000000" for r in of)
        add(county, day, planned_dm=length, completed_dm=length if complete else 0)
    for r in rows["video_patrol"]:
        add(r["county6"], r["alerted_at"], alerts=1, confirmed=r["verdict"] == "CONFIRMED")
    for r in rows["market"]:
        add(None, r["day"], checks=1, orderly_checks=r["occupied"] <= r["stalls"] and r["outside_stalls"] == 0)
    of_case = {r["case_no"]: _county(r) or r["division_county"] for r in rows["case"]}
    for r in rows["penalty"]:
        add(r["county6"] or of_case.get(r["case_no"]), r["decision_date"], penalties=int((r["amount"] or 0) >= 0))
    for r in rows["advertising"]:
        first, gone = r["valid_from"] or r["valid_to"] or r["removed_date"], r["removed_date"] or date.max
        for end in (date(2019, 10, 31), date(2019, 11, 30), AS_OF):
            if first and min(first, gone) <= end < gone:
                add(_county(r), end, standing=1, expired=r["valid_to"] is not None and r["valid_to"] < end)


RATES = {
    "filing_rate": ("filed", "reported"), "proactive_rate": ("proactive", "reported"), "closure_rate": ("closed", "due"),
    "on_time_rate": ("on_time", "due"), "overdue_rate": ("overdue", "due"), "postponement_rate": ("postponed", "due"),
    "rework_rate": ("reworked", "disposed"), "first_pass_rate": ("passed", "checked"),
    "sanitation_completion_rate": ("completed_dm", "planned_dm"), "expired_advertising_rate": ("expired", "standing"),
    "video_precision": ("confirmed", "alerts"), "market_order_rate": ("orderly_checks", "checks"),
    "penalty_rate": ("penalties", "closings"),
}  # fmt: skip


@pytest.fixture(scope="module")
def streets() -> dict[str, list[Given]]:
    network = Streets(5)
    for _ in range(3):
        network.night()
    return {table.rpartition("/")[2]: rows for table, rows in network.rows.items()}


def test_indicators(spark: SparkSession, streets: dict[str, list[Given]]) -> None:
    def source(name: str) -> DataFrame:
        return frame(spark, f"{SOURCE}/{name}", streets[name])

    position = bike_position(source("bike_snapshot"), source("parking_zone"), division(spark))
    bike = bike_day(position, source("bike_trip"), source("bike_fleet"), division(spark))
    cases = case(source("case"), division(spark), grid(spark), AS_OF)
    signs = advertising_month(advertising(source("advertising"), division(spark), AS_OF), AS_OF)
    video, market = video_patrol_day(source("video_patrol")), market_day(source("market"))
    months = sanitation_day(source("sanitation")), video_patrol_month(video), market_month(market)
    tables = (cases, bike, months[0], signs, *months[1:], penalty_month(source("penalty"), cases))
    rows = conform(load(ROOT / "themes/urban_management/indicator.yaml"), indicator(*tables)).collect()
    told = {(r.indicator, r.period, r.div_code): r for r in rows}
    counts: Counts = defaultdict(lambda: defaultdict(int))

    def add(county: str | None, day: date, **found: int) -> None:
        for place in (county or "000000", "321000"):
            for period in (f"{day:%Y}", f"{day:%Y-%m}", f"{day:%Y-%m-%d}"):
                for name, amount in found.items():
                    counts[period, place, name]["n"] += amount

    _cases(streets["case"], add)
    _months(streets, add)
    for name, (above, below) in RATES.items():
        ours = {(p, d): (r.numerator, r.denominator) for (i, p, d), r in told.items() if i == name and (r.numerator or r.denominator)}
        lengths = {"expired_advertising_rate": (7,), "sanitation_completion_rate": (4, 7, 10)}.get(name, (4, 7))
        there = {(p, d) for p, d, n in counts if n in (above, below) and len(p) in lengths}
        expected_counts = {(p, d): (counts[p, d, above]["n"], counts[p, d, below]["n"]) for p, d in there}
        assert ours == {k: n for k, n in expected_counts.items() if any(n)}, name
    for r in rows:
        scale = 100 if r.unit in ("%", "/100") or r.indicator == "bike_turnover" else None
        expected = Fraction(r.numerator * scale, r.denominator) if r.denominator else None
        assert r.value == (expected and (Decimal(expected.numerator) / expected.denominator).quantize(Decimal("0.01"), ROUND_HALF_UP)), r
    trips = {t["start_time"].date() for t in streets["bike_trip"]}
    for day in trips:
        of_day = [t for t in streets["bike_trip"] if t["start_time"].date() == day]
        for place, expected in (("321000", len(of_day)), ("321003", sum(_county(t, "start_lon") == "321003" for t in of_day))):
            row = told.get(("bike_turnover", day.isoformat(), place))
            assert (row.numerator if row else 0) == expected, (day, place)
    days = {(r.period, r.div_code): r for r in rows if r.indicator == "bike_misplaced_rate" and r.period_kind == "month"}
    december = [p for p in streets["bike_snapshot"] if p["measured_at"].month == 12 and p["state"] != "IN_USE"]
    assert days["2019-12", "321000"].denominator == len(december)
    over = {(r.period, r.div_code): (r.numerator, r.denominator) for r in rows if r.indicator == "bike_over_quota_rate" and r.denominator}
    assert over == _over_quota(streets["bike_snapshot"])
    assert any(above for above, _ in over.values())


def _over_quota(snapshots: list[Given]) -> dict[tuple[str, str], tuple[int, int]]:
    """Of each day, month and place the bikes above the quota, and those that count against one: HL may have a bike in each county."""
    seen = pd.DataFrame([r | {"county": _county(r), "day": r["measured_at"].date()} for r in snapshots]).sort_values("measured_at")
    seen = seen[seen["company"] == "HL"].assign(usable=lambda r: r["state"] != "DAMAGED")
    bikes = seen.groupby(["bike_no", "day"]).agg(county=("county", "last"), usable=("usable", "any")).reset_index()
    active = bikes[bikes["usable"]].groupby(["day", "county"]).size().rename("active").reset_index()
    active["over"] = (active["active"] - 1).clip(lower=0)
    long = pd.concat([active.assign(period=active["day"].map(str)), active.assign(period=active["day"].map(lambda d: f"{d:%Y-%m}"))])
    long = pd.concat([long, long.assign(county="321000")])
    sums = long.groupby(["period", "county"])[["over", "active"]].sum()
    return {key: (int(r.over), int(r.active)) for key, r in zip(sums.index, sums.itertuples(), strict=True)}


def test_penalties_by_month(spark: SparkSession) -> None:
    """Of three units; a reversal, a warning without an amount, no case, a case of another county, a decision that lies ahead."""
    known = [{"case_no": n, "unit": unit, "county6": "321003"} for n, unit in (("1", "甲"), ("2", "乙"), ("3", None))]
    said = {"decision_date": date(2019, 12, 5), "county6": "321002"}
    penalties = [
        {**said, "decision_no": "a", "case_no": "1", "amount": "200.50"},
        {**said, "decision_no": "b", "case_no": "1", "amount": "-50.50"},
        {**said, "decision_no": "c", "case_no": "2", "amount": None, "county6": None},
        {**said, "decision_no": "d", "case_no": "9", "amount": "0"},
        {**said, "decision_no": "e", "case_no": None, "amount": "100", "county6": None},
        {**said, "decision_no": "f", "case_no": "3", "amount": "-10", "decision_date": date(2019, 11, 30)},
        {**said, "decision_no": "g", "case_no": "1", "amount": "999", "decision_date": date(2020, 1, 1), "_business_date": AS_OF},
    ]
    cases = frame(spark, "themes/urban_management/case", known)
    made = penalty_month(frame(spark, f"{SOURCE}/penalty", penalties), cases)
    rows = conform(load(ROOT / "themes/urban_management/penalty_month.yaml"), made).collect()
    counts = {(r.code, r.month): (r.penalties, r.without_case, r.fines, r.reversals, str(r.amount)) for r in rows}
    assert counts == {
        ("321000", "201912"): (4, 2, 2, 1, "250.00"),
        ("321002", "201912"): (2, 1, 1, 1, "150.00"),
        ("321003", "201912"): (1, 0, 0, 0, "0.00"),
        ("000000", "201912"): (1, 1, 1, 0, "100.00"),
        ("甲", "201912"): (1, 0, 1, 1, "150.00"),
        ("乙", "201912"): (1, 0, 0, 0, "0.00"),
        ("321000", "201911"): (0, 0, 0, 1, "-10.00"),
        ("321002", "201911"): (0, 0, 0, 1, "-10.00"),
    }
