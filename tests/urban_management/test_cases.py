"""Cases: which repeat others, where problems recur, and the monthly evaluation, held against plain Python written from domain rules E8."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from pyproj import Transformer
from pyspark.sql import DataFrame, Row, SparkSession

from assets.themes.urban_management.case import case
from assets.themes.urban_management.evaluation import case_day, case_month
from assets.themes.urban_management.explain import explain_case, explain_hot_spot
from assets.themes.urban_management.hot_spot import hot_spot
from contracts.loader import load
from contracts.refused import ROOT
from pipelines.steps.derive import conform
from tests.frames import frame
from tests.urban_management.streets import at, division, grid, moment

AS_OF = date(2019, 12, 31)
NOON = datetime(2019, 12, 1, 12)
MONTH = timedelta(days=30)
METRES = Transformer.from_crs(4490, 4549, always_xy=True)
SECOND = timedelta(seconds=1)
Checkpoint = Callable[[DataFrame], DataFrame]
Given = dict[str, Any]
CAMERA = "cleansed/public_security/video_point"


def made(spark: SparkSession, rows: Iterable[Given], as_of: date = AS_OF) -> DataFrame:
    """themes/urban_management/case of these cases."""
    found = case(frame(spark, "cleansed/urban_management/case", rows), division(spark), grid(spark), as_of)
    return conform(load(ROOT / "themes/urban_management/case.yaml"), found)


def found(case_no: str, x: float, y: float, when: datetime, problem_type: str = "E0504") -> Given:
    return {"case_no": case_no, "problem_type": problem_type, "found_time": when, **at(x, y)}


def test_exactly_50_metres_and_30_days_are_near(spark: SparkSession) -> None:
    """Pairs far from one another: which of their second cases repeats the first."""
    limits = {
        "same place and moment": (0, 0, timedelta(0), True),
        "50 m": (30, 40, timedelta(hours=1), True),
        "50.006 m": (30.01, 40, timedelta(hours=1), False),
        "50 m due north": (0, 50, timedelta(hours=1), True),
        "50.01 m due north": (0, 50.01, timedelta(hours=1), False),
        "30 days": (1, 1, MONTH, True),
        "30 days and a second": (1, 1, MONTH + SECOND, False),
        "50 m and 30 days": (-40, -30, MONTH, True),
        "before": (5, 5, -timedelta(hours=1), False),
    }
    rows = []
    for n, (name, (x, y, later, _)) in enumerate(limits.items()):
        rows += [found(f"{n} first", 100 * n + 50, 500, NOON - MONTH), found(name, 100 * n + 50 + x, 500 + y, NOON - MONTH + later)]
    rows += [found("other type", 51, 500, NOON - MONTH, "E0506"), {**found("nowhere", 0, 0, NOON), "lon": None, "lat": None}]
    told = {r.case_no: r for r in made(spark, rows).collect()}
    assert {name: told[name].repeats for name in limits} == {
        name: [f"{n} first"] if near else [] for n, (name, (*_, near)) in enumerate(limits.items())
    }
    assert told["8 first"].repeats == ["before"]
    assert [told[name].repeats for name in ("other type", "nowhere")] == [[], []]
    assert told["30 days"].repeats_since == NOON - MONTH
    assert {r.repeated for r in told.values() if r.repeats} == {True}


def test_where_a_case_lies_and_what_has_become_of_it(spark: SparkSession) -> None:
    stated = {"grid_no": "321002001001001", "division": "321002001000", "division_county": "321002", "due_time": moment("12-30 12:00")}
    early = {"found_time": moment("12-29 08:00"), "close_time": moment("12-30 13:00")}
    late = {"finish_time": moment("12-30 14:59:59"), "close_time": moment("12-30 15:00")}
    in_time = {"finish_time": moment("12-30 12:00:00"), "close_time": moment("12-30 13:00")}
    rows = [
        {"case_no": "in", **at(1, 1), **stated, **in_time, "problem_type": "C0102"},
        {"case_no": "next", **at(2500, 1), **stated, **late, "postponed": "1", "problem_type": "E0102"},
        {"case_no": "outside", **at(-10, 1), **stated, "finish_time": moment("12-29 12:00")},
        {"case_no": "nowhere", **stated, "due_time": datetime(2020, 1, 1), "close_time": datetime(2020, 1, 2), "satisfied": "0"},
        {"case_no": "today", **at(1, 1), "due_time": moment("12-31 23:00")},
        {"case_no": "no time", **at(1, 1)},
        {"case_no": "too early", **at(1, 1), **stated, **early, "finish_time": moment("12-29 07:59:59")},
        {"case_no": "at once", **at(1, 1), **stated, **early, "finish_time": moment("12-29 08:00")},
    ]  # fmt: skip
    told = {r.case_no: r for r in made(spark, rows).collect()}
    assert {n: (r.town, r.grid_no, r.county6, r.flags) for n, r in told.items() if n not in ("today", "no time")} == {
        "in": ("321002001", "321002001001001", "321002", []),
        "next": ("321003002", "321003002001001", "321003", ["OTHER_COUNTY", "OTHER_GRID"]),
        "outside": (None, None, "321002", ["OUTSIDE_CITY"]),
        "nowhere": (None, None, "321002", ["NO_POSITION"]),
        "too early": ("321002001", "321002001001001", "321002", ["FINISH_BEFORE_REPORT"]),
        "at once": ("321002001", "321002001001001", "321002", []),
    }
    assert {n: (r.outcome, r.late_hours) for n, r in told.items()} == {
        "in": ("ON_TIME", None), "next": ("LATE", 2), "outside": ("OVERDUE", None), "nowhere": ("PENDING", None),
        "today": ("OVERDUE", None), "no time": (None, None), "too early": ("LATE", None), "at once": ("ON_TIME", None),
    }  # fmt: skip
    assert [told[n].kind for n in ("in", "next", "outside")] == ["COMPONENT", "EVENT", None]
    assert (told["next"].postponed, told["nowhere"].satisfied, told["nowhere"].close_time) == (True, False, None)


def _some(random: np.random.Generator, of: Iterable[Any]) -> Any:
    of = list(of)
    return of[int(random.integers(0, len(of)))]


def cases() -> list[Given]:
    """Cases of few streets and types over three months, so that many are near one another; some of them unfinished or incomplete."""
    random = np.random.default_rng(292)
    rows = []
    for n in range(160):
        when = datetime(2019, 10, 5) + timedelta(seconds=int(random.integers(0, 87 * 86_400)))
        place = (_some(random, (300, 320, 350, 2100, 1980)) + int(random.integers(0, 40)), 100 * int(random.integers(1, 6)))
        row = {
            **found(f"A{n:03}", *place, when, _some(random, ("E0504", "E0504", "C0102"))),
            "source": _some(random, ("PATROL", "VIDEO", "HOTLINE", None)),
        }
        due = when + timedelta(hours=int(random.integers(2, 90)))
        finish = when + timedelta(hours=int(random.integers(1, 120))) if random.random() < 0.9 else None
        row |= {"unit": _some(random, ("甲", "乙", None)), "due_time": due, "finish_time": finish, "division_county": "321081"}
        row |= {"postponed": _some(random, ("0", "1", None)), "return_count": _some(random, (0, 0, 0, 1, 2, None))}
        row["file_time"] = when if random.random() < 0.9 else None
        if finish and random.random() < 0.9:
            row["check_time"] = finish + timedelta(hours=3)
            row["close_time"] = row["check_time"] if random.random() < 0.9 else None
        if random.random() < 0.05:
            row |= {"lon": None, "lat": None}
        rows.append(row)
    return rows


def cameras() -> list[Given]:
    """Cameras of the same streets, every tenth of them removed, one without a position, one of an unknown state."""
    random = np.random.default_rng(12)
    places = [at(int(random.integers(250, 2200)), int(random.integers(50, 650))) for _ in range(40)]
    rows = [{"point_no": f"C{n:02}", "state": "REMOVED" if n % 10 == 0 else "FAULT" if n % 7 == 0 else "IN_USE", **place}
            for n, place in enumerate(places)]  # fmt: skip
    return [*rows, {"point_no": "C90", "state": "IN_USE", "lon": None, "lat": None}, {"point_no": "C91", "state": None, **places[0]}]


@pytest.fixture(scope="module")
def tables(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, DataFrame]:
    folder = str(tmp_path_factory.mktemp("cases") / "case")
    made(spark, cases()).write.format("delta").save(folder)
    told = spark.read.format("delta").load(folder)
    return {
        "case": told,
        "hot_spot": hot_spot(told, frame(spark, "cleansed/public_security/video_point", cameras())),
        "case_month": case_month(told),
    }


def _metres(row: Given) -> tuple[float, float]:
    return METRES.transform(float(row["lon"]), float(row["lat"]))


def repetitions() -> dict[str, list[str]]:
    """Case -> the earlier ones that it repeats."""
    known = [(r, *_metres(r)) for r in cases() if r["lon"] is not None]
    told: dict[str, list[str]] = {r["case_no"]: [] for r in cases()}
    for (one, x, y), (other, u, v) in product(known, known):
        elapsed = one["found_time"] - other["found_time"]
        earlier = (other["found_time"], other["case_no"]) < (one["found_time"], one["case_no"])
        if (
            earlier
            and one["problem_type"] == other["problem_type"]
            and elapsed <= MONTH
            and round(((x - u) ** 2 + (y - v) ** 2) ** 0.5, 3) <= 50
        ):
            told[one["case_no"]].append(other["case_no"])
    return {name: sorted(others) for name, others in told.items()}


def test_repetitions(tables: dict[str, DataFrame]) -> None:
    expected = repetitions()
    rows = tables["case"].collect()
    assert {r.case_no: r.repeats for r in rows} == expected
    assert {r.case_no for r in rows if r.recurring} == {name for name, others in expected.items() if len(others) >= 2}
    assert 10 < len([1 for others in expected.values() if len(others) >= 2]) < 120


def test_hot_spots_are_the_greatest_recurrences_around(tables: dict[str, DataFrame]) -> None:
    repeats, by_no = repetitions(), {r["case_no"]: r for r in cases()}
    recurring = {n: (len(o), by_no[n]["found_time"]) for n, o in repeats.items() if len(o) >= 2}

    def near(one: str, other: str) -> bool:
        a, b = by_no[one], by_no[other]
        (x, y), (u, v) = _metres(a), _metres(b)
        apart = abs(a["found_time"] - b["found_time"]) <= MONTH and round(((x - u) ** 2 + (y - v) ** 2) ** 0.5, 3) <= 50
        return one != other and a["problem_type"] == b["problem_type"] and apart

    middle = {n for n in recurring if not any(near(n, o) and recurring[o] > recurring[n] for o in recurring)}
    rows = {r.case_no: r for r in tables["hot_spot"].collect()}
    assert rows.keys() == middle
    assert 1 < len(middle) < len(recurring)
    for name, row in rows.items():
        assert row.case_nos == sorted([name, *repeats[name]])
        assert (row.cases, row.found_since) == (len(row.case_nos), min(by_no[n]["found_time"] for n in row.case_nos))


def test_the_nearest_camera_of_a_hot_spot(tables: dict[str, DataFrame]) -> None:
    standing = {c["point_no"]: (_metres(c), c["state"]) for c in cameras() if c["state"] != "REMOVED" and c["lon"] is not None}
    seen = set()
    for row in tables["hot_spot"].collect():
        x, y = METRES.transform(float(row.lon), float(row.lat))
        away = {n: round(((x - u) ** 2 + (y - v) ** 2) ** 0.5, 2) for n, ((u, v), _) in standing.items()}
        least = min(away, key=lambda n: (away[n], n))
        known = (least, standing[least][1]) if away[least] <= 500 else (None, None)
        assert (row.camera_no, row.camera_state) == known
        assert row.camera_m is None if known[0] is None else abs(float(row.camera_m) - away[least]) < 0.02
        assert row.watched == (away[least] <= 50)
        seen.add(row.watched)
    assert seen == {True, False}


def test_a_camera_watches_what_is_at_most_50_metres_away(spark: SparkSession) -> None:
    spots = {"50 m": 50.0, "50.02 m": 50.02, "500 m": 500.0, "500.02 m": 500.02}
    one = {"case_no": "", "problem_type": "E0504", "recurring": True, "repeats": ["A", "B"], "repeats_since": NOON, "found_time": NOON}
    rows = [{**one, "case_no": n, "problem_type": f"E{i}", **at(100 + away, 100)} for i, (n, away) in enumerate(spots.items())]
    case_ = frame(spark, "themes/urban_management/case", rows)
    camera = [{"point_no": "C", "state": "FAULT", **at(100, 100)}, {"point_no": "D", "state": "REMOVED", **at(150, 100)}]

    def found(given: list[Given]) -> dict[str, tuple[Any, ...]]:
        made_ = conform(load(ROOT / "themes/urban_management/hot_spot.yaml"), hot_spot(case_, frame(spark, CAMERA, given)))
        return {r.case_no: (r.camera_no, r.camera_m and str(r.camera_m), r.watched) for r in made_.collect()}

    assert found(camera) == {
        "50 m": ("C", "50.00", True), "50.02 m": ("C", "50.02", False), "500 m": ("C", "500.00", False), "500.02 m": (None, None, False),
    }  # fmt: skip
    assert set(found([]).values()) == {(None, None, None)}, "nobody has said where cameras stand"


def half_up(value: Fraction | None) -> Decimal | None:
    if value is None:
        return None
    return (Decimal(value.numerator) / value.denominator).quantize(Decimal("0.01"), ROUND_HALF_UP)


def over(above: int, below: int) -> Fraction | None:
    return Fraction(above, below) if below else None


def happenings() -> Iterable[tuple[Given, str | None, datetime, dict[str, bool]]]:
    """Case, its town, moment, counts, from the text of the rules: due is what has its due time in the period, up to the night."""
    repeats, ended = repetitions(), datetime(2020, 1, 1)
    for r in cases():
        town = None if r["lon"] is None else "321002001" if _metres(r)[0] < 449_000 else "321003002"
        finish, check, close = (m if (m := r.get(f"{n}_time")) and m < ended else None for n in ("finish", "check", "close"))
        returned = (r["return_count"] or 0) > 0
        counts: list[tuple[datetime | None, dict[str, bool]]] = [
            (r["found_time"], {"reported": True, "filed": r["file_time"] is not None, "proactive": r["source"] in ("PATROL", "VIDEO"),
                               "repeated": bool(repeats[r["case_no"]])}),
            (r["due_time"] if r["due_time"] < ended else None,
             {"due": True, "closed": close is not None, "on_time": close is not None and finish is not None and finish <= r["due_time"],
              "overdue": close is None, "postponed": r["postponed"] == "1"}),
            (finish, {"disposed": True, "reworked": returned}),
            (check, {"checked": True, "passed": not returned}),
        ]  # fmt: skip
        yield from [(r, town, when, of) for when, of in counts if when is not None]


def evaluated() -> dict[tuple[str, str, str], Given]:
    """Dimension, code, month -> counts."""
    told: dict[tuple[str, str, str], Given] = defaultdict(lambda: defaultdict(int))
    for r, town, when, of in happenings():
        places = {
            "CITY": "321000", "COUNTY": town[:6] if town else r["division_county"], "TOWN": town, "UNIT": r["unit"],
            "TYPE": r["problem_type"],
        }  # fmt: skip
        for (dimension, code), (name, counts) in product(places.items(), of.items()):
            if code is not None:
                told[dimension, code, f"{when:%Y%m}"][name] += counts
    return told


def test_monthly_evaluation(tables: dict[str, DataFrame]) -> None:
    expected = evaluated()
    rows: dict[tuple[str, str, str], Row] = {(r.dimension, r.code, r.month): r for r in tables["case_month"].collect()}
    assert rows.keys() == expected.keys()
    rates = {
        "filing_rate": ("filed", "reported"), "proactive_rate": ("proactive", "reported"), "closure_rate": ("closed", "due"),
        "on_time_rate": ("on_time", "due"), "overdue_rate": ("overdue", "due"), "postponement_rate": ("postponed", "due"),
        "rework_rate": ("reworked", "disposed"), "first_pass_rate": ("passed", "checked"),
    }  # fmt: skip
    for key, counts in expected.items():
        row = rows[key]
        names = ("reported", "filed", "proactive", "repeated", "due", "closed", "on_time", "overdue", "postponed", "disposed", "reworked",
                 "checked", "passed")  # fmt: skip
        assert {n: row[n] for n in names} == {n: counts[n] for n in names}, key
        parts = {rate: over(counts[above], counts[below]) for rate, (above, below) in rates.items()}
        assert {rate: row[rate] for rate in rates} == {
            rate: half_up(p and p * 100) if p is not None else None for rate, p in parts.items()
        }, key
        on_time, closed, rework, postponed = (parts[f"{n}_rate"] for n in ("on_time", "closure", "rework", "postponement"))
        if on_time is None or closed is None or rework is None or postponed is None:
            assert row.score is None
        else:
            assert row.score == half_up(40 * on_time + 30 * closed + 20 * (1 - rework) + 10 * (1 - postponed)), key
    assert {d for d, *_ in rows} == {"CITY", "COUNTY", "TOWN", "UNIT", "TYPE"}
    assert len({r.score for r in rows.values()}) > 10


def test_days_of_areas_units_and_types(tables: dict[str, DataFrame]) -> None:
    """Every count of every day, of cases without a position or a unit, too."""
    expected: dict[tuple[Any, ...], Given] = defaultdict(lambda: defaultdict(int))
    for r, town, when, of in happenings():
        county = (town[:6] if town else r["division_county"]) or "000000"
        for name, counts in of.items():
            key = (when.date(), county, f"{town}001001" if town else "*", r["unit"] or "*", r["problem_type"] or "*")
            expected[key][name] += counts
    made_ = conform(load(ROOT / "themes/urban_management/case_day.yaml"), case_day(tables["case"])).collect()
    found = {(r.day, r.county6, r.grid_no, r.unit, r.problem_type): r for r in made_}
    assert found.keys() == expected.keys()
    assert {k: {n: found[k][n] for n in of} for k, of in expected.items()} == {k: dict(of) for k, of in expected.items()}
    assert {"*"} < {grid_no for _, _, grid_no, _, _ in found}


def test_a_case_and_a_hot_spot_are_explained(tables: dict[str, DataFrame]) -> None:
    rows = {f"themes/urban_management/{name}": [r.asDict() for r in table.collect()] for name, table in tables.items()}

    def read(table: str, /, **equal: Any) -> list[dict[str, Any]]:
        return [r for r in rows[table] if all(r[c] == v for c, v in equal.items())]

    told = {r["case_no"]: r for r in rows["themes/urban_management/case"]}
    late = next(r for r in told.values() if r["outcome"] == "LATE" and r["repeats"])
    [explained] = explain_case(read, late["case_no"])
    assert explained.title == f"Case {late['case_no']}: LATE"
    assert [r["case"] for r in explained.facts["repeats"]] == late["repeats"]
    steps = {s["step"]: s for s in explained.facts["steps"]}
    assert steps["finish"]["after_due"]
    assert steps["finish"]["hours"] == round((late["finish_time"] - (late["file_time"] or late["found_time"])).total_seconds() / 3600, 1)
    assert explain_case(read, "A999") == []
    for spot in rows["themes/urban_management/hot_spot"]:
        [explained] = explain_hot_spot(read, spot["case_no"])
        assert [c["case"] for c in explained.facts["cases"]] == spot["case_nos"]
        assert {told[c["case"]]["problem_type"] for c in explained.facts["cases"]} == {spot["problem_type"]}
