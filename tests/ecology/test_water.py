"""Surface water and black-odorous waters: months, rivers, lakes, quarters equal what plain Python makes of them by the standards' text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from math import log
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

from assets.reference.ecology import surface_water_limit
from assets.themes.ecology.black_odorous import black_odorous_grade, black_odorous_sample
from assets.themes.ecology.water import lake_month, river_month, section_month, water_sample
from contracts.loader import load
from contracts.refused import ROOT
from pipelines.steps.derive import conform
from tests.ecology.readings import is_spike, is_stuck
from tests.frames import frame
from tests.proving import Record

D = Decimal
LIMITS: dict[str, tuple[float, ...]] = {
    "codmn": (2, 4, 6, 10, 15), "cod": (15, 15, 20, 30, 40), "bod5": (3, 3, 4, 6, 10), "nh3n": (0.15, 0.5, 1, 1.5, 2),
    "cu": (0.01, 1, 1, 1, 1), "zn": (0.05, 1, 1, 2, 2), "fluoride": (1, 1, 1, 1.5, 1.5), "se": (0.01, 0.01, 0.01, 0.02, 0.02),
    "arsenic": (0.05, 0.05, 0.05, 0.1, 0.1), "hg": (0.00005, 0.00005, 0.0001, 0.001, 0.001), "cd": (0.001, 0.005, 0.005, 0.005, 0.01),
    "cr6": (0.01, 0.05, 0.05, 0.05, 0.1), "pb": (0.01, 0.01, 0.05, 0.05, 0.1), "cyanide": (0.005, 0.05, 0.2, 0.2, 0.2),
    "phenol": (0.002, 0.002, 0.005, 0.01, 0.1), "oil": (0.05, 0.05, 0.05, 0.5, 1), "surfactant": (0.2, 0.2, 0.2, 0.3, 0.3),
    "sulfide": (0.05, 0.1, 0.2, 0.5, 1),
}  # fmt: skip
PHOSPHORUS = {"RIVER": (0.02, 0.1, 0.2, 0.3, 0.4), "LAKE": (0.01, 0.025, 0.05, 0.1, 0.2)}
ORDER = ["ph", "do", "codmn", "cod", "bod5", "nh3n", "tp", "cu", "zn", "fluoride", "se", "arsenic", "hg", "cd", "cr6", "pb", "cyanide",
         "phenol", "oil", "surfactant", "sulfide"]  # fmt: skip
KEPT = {
    "ph": 2, "do": 2, "codmn": 1, "cod": 1, "bod5": 1, "nh3n": 2, "tp": 3, "tn": 2, "cu": 3, "zn": 3, "fluoride": 2, "se": 4,
    "arsenic": 4, "hg": 5, "cd": 4, "cr6": 3, "pb": 3, "cyanide": 3, "phenol": 4, "oil": 2, "surfactant": 2, "sulfide": 3,
    "coliform": 0, "chla": 1, "transparency": 2, "water_temperature": 1,
}  # fmt: skip
TYPICAL = {
    "ph": 7.6, "do": 6.5, "codmn": 4.5, "cod": 17, "bod5": 3.2, "nh3n": 0.7, "tp": 0.14, "tn": 2, "cu": 0.005, "zn": 0.03,
    "fluoride": 0.6, "se": 0.001, "arsenic": 0.003, "hg": 0.00003, "cd": 0.0005, "cr6": 0.01, "pb": 0.004, "cyanide": 0.003,
    "phenol": 0.002, "oil": 0.03, "surfactant": 0.1, "sulfide": 0.04, "coliform": 9000, "chla": 15, "transparency": 0.6,
    "water_temperature": 18,
}  # fmt: skip
READ = ("ph", "do", "codmn", "nh3n", "tp", "tn")
SECTIONS = {f"S{n}": ("WB1" if n < 7 else "WB2" if n < 9 else "WB3", "LAKE" if n > 8 else "RIVER") for n in range(1, 12)}
MONTHS = ("202601", "202602", "202603")
Sampled = dict[tuple[str, str], dict[str, list[tuple[Decimal | None, str | None]]]]


def manual() -> list[dict[str, Any]]:
    """Two samples a month of most sections; a few items dirty, not analysed, below their limits, or not told."""
    random = np.random.default_rng(3838)
    rows: list[dict[str, Any]] = []
    for section in SECTIONS:
        factor = random.uniform(0.4, 2.6)
        for month in MONTHS:
            if section == "S2" or random.random() < 0.1:
                continue
            for number in ("1", "2"):
                row: dict[str, Any] = {
                    "section_code": section,
                    "month": month,
                    "sample_no": number,
                    "sample_date": date(2026, int(month[4:]), 5),
                }
                for item, typical in TYPICAL.items():
                    drawn = typical * (1 if item in ("ph", "water_temperature") else factor) * random.uniform(0.6, 1.6)
                    drawn = 16 - drawn if item == "do" and drawn > 12 else drawn
                    finer = item not in ("ph", "do", "water_temperature")
                    row[item] = round(drawn, KEPT[item] + finer) if item != "coliform" else int(drawn)
                    dice = random.random()
                    if dice < 0.06:
                        row[f"{item}_qualifier"] = "L" if dice < 0.04 else "<"
                    elif dice < 0.08:
                        row[item], row[f"{item}_qualifier"] = None, "ND"
                    elif dice < 0.11:
                        row[item] = None
                        row.setdefault("_codes", []).extend([f"{item}:E_NUMBER"] if dice < 0.1 else [])
                rows.append(row)
    return rows


def automatic() -> list[dict[str, Any]]:
    """Readings of two sections: one that has no manual samples, one that has; with a jump."""
    random = np.random.default_rng(2)
    rows = []
    for section in ("S1", "S2"):
        for n in range(6 * 40):
            row: dict[str, Any] = {"section_code": section, "measured_at": datetime(2026, 1, 5) + timedelta(hours=4 * n)}
            for at, item in enumerate(READ):
                row[item] = round(TYPICAL[item] * random.uniform(0.7, 1.3) * (1.5 if item == "nh3n" else 1), 3 if item != "do" else 2)
                row[item] = round(row[item], 2) if item == "ph" else row[item]
                row[item] = round(row[item] + 40, 2) if (n, at) == (100, 2) else row[item]
            rows.append(row)
    return rows


def half_even(value: Decimal, decimals: int) -> Decimal:
    return value.quantize(D(1).scaleb(-decimals), ROUND_HALF_EVEN)


def mean(values: Iterable[Decimal], decimals: int) -> Decimal | None:
    known = list(values)
    return half_even(sum(known, D(0)) / len(known), decimals) if known else None


def item_class(item: str, value: Decimal, kind: str) -> int:
    if item == "ph":
        return 1 if 6 <= value <= 9 else 6
    if item == "do":
        return next((n for n, least in enumerate((7.5, 6, 5, 3, 2), 1) if value >= D(str(least))), 6)
    limits = PHOSPHORUS[kind] if item == "tp" else LIMITS[item]
    return next((n for n, most in enumerate(limits, 1) if value <= D(str(most))), 6)


def judged(means: dict[str, Decimal | None], below: set[str], kind: str) -> tuple[int | None, list[str], list[str]]:
    known = {i: 1 if i in below else item_class(i, v, kind) for i in ORDER if (v := means.get(i)) is not None or i in below}
    times = {}
    for item in known:
        third = PHOSPHORUS[kind][2] if item == "tp" else LIMITS.get(item, (0, 0, 0))[2]
        value = means.get(item)
        if third and value is not None and value > D(str(third)):
            times[item] = half_even((value - D(str(third))) / D(str(third)), 2)
    worse = sorted((i for i in known if known[i] > 3), key=lambda i: (-known[i], -times.get(i, D(0)), ORDER.index(i)))
    return max(known.values(), default=None), worse[:3], [f"{i} {times[i]}" for i in worse if times.get(i, D(0)) > 0]


@pytest.fixture(scope="module")
def made(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, DataFrame]:
    folder = tmp_path_factory.mktemp("water")

    def write(rows: DataFrame) -> DataFrame:
        where = str(folder / uuid4().hex)
        rows.write.format("delta").save(where)
        return spark.read.format("delta").load(where)

    def written(name: str, rows: DataFrame) -> DataFrame:
        return write(conform(load(ROOT / f"themes/ecology/{name}.yaml"), rows))

    section = [
        {"section_code": s, "water_body": body, "kind": kind, "target_class": "3", "county6": "321002"}
        for s, (body, kind) in SECTIONS.items()
    ]
    given = [frame(spark, f"cleansed/environment/water_{n}", rows) for n, rows in (("manual", manual()), ("auto", automatic()))]
    limit = surface_water_limit(spark.createDataFrame)
    tables = {"sample": written("water_sample", water_sample(*given))}
    tables["section"] = written(
        "section_month", section_month(tables["sample"], frame(spark, "cleansed/environment/water_section", section), limit, write)
    )
    tables["river"] = written("river_month", river_month(tables["section"], limit, write))
    tables["lake"] = written("lake_month", lake_month(tables["section"], limit, write))
    return tables


def months() -> dict[tuple[str, str], tuple[dict[str, Decimal | None], set[str]]]:
    """Section and month -> means of its items, and the items of which all samples are below their limits."""
    sampled: Sampled = {}
    for row in manual():
        of = sampled.setdefault((row["section_code"], row["month"]), {})
        for item in TYPICAL:
            value, qualifier = row[item], row.get(f"{item}_qualifier")
            if value is not None or qualifier is not None:
                of.setdefault(item, []).append((None if value is None else D(str(value)), qualifier))
    read: dict[tuple[str, str], dict[str, list[Decimal]]] = {}
    for section in ("S1", "S2"):
        rows = [r for r in automatic() if r["section_code"] == section]
        for item in READ:
            values = {n: D(str(r[item])) for n, r in enumerate(rows)}
            finest = D("0.1") if item == "codmn" else D("0.001") if item == "tp" else D("0.01")
            for n, r in enumerate(rows):
                if not is_spike(values, n, finest) and not is_stuck(values, n, 12 if item == "ph" else 6):
                    read.setdefault((section, f"{r['measured_at']:%Y%m}"), {}).setdefault(item, []).append(values[n])
    found = {}
    for key in {*sampled, *read}:
        means: dict[str, Decimal | None] = {i: mean(v, KEPT[i]) for i, v in read.get(key, {}).items() if i not in sampled.get(key, {})}
        below = set()
        for item, values in sampled.get(key, {}).items():
            means[item] = mean((v / 2 if q in ("L", "<") else v for v, q in values if v is not None), KEPT[item])
            if all(q in ("L", "<", "ND") for _, q in values):
                below.add(item)
        found[key] = (means, below)
    return found


def test_samples_are_kept_whether_they_count_or_not(made: dict[str, DataFrame]) -> None:
    rows = made["sample"].collect()
    assert len([r for r in rows if r.origin == "AUTO"]) == 10 * len(automatic())
    assert {(r.item, r.valid) for r in rows if r.value is not None and "SPIKE" in r.flags} > {("codmn", False)}
    refused = [r for r in rows if r.origin == "MANUAL" and "REFUSED" in r.flags]
    assert len(refused) == sum(len(r.get("_codes", [])) for r in manual())
    assert {r.counted for r in refused} == {None}
    assert {r.qualifier for r in rows if r.below_limit} == {"L", "<", "ND"}


@pytest.mark.proves("H8")
def test_months_of_sections(made: dict[str, DataFrame], proven: Record) -> None:
    expected = months()
    ours = {(r.section_code, r.month): r for r in made["section"].collect()}
    assert ours.keys() == expected.keys()
    for key, (means, below) in expected.items():
        r = ours[key]
        assert {i: r[i] for i in TYPICAL} == {i: means.get(i) for i in TYPICAL}, key
        water_class, main, times = judged(means, below, r.kind)
        assert (r.water_class, r.main_pollutants, r.exceedances) == (water_class, main, times), key
        assert r.target_met == (r.water_class <= 3)
    assert {r.origin for r in ours.values()} == {"MANUAL", "AUTO"}
    classes = {r.water_class for r in ours.values()}
    assert len(classes) > 2
    proven(
        done="samples by hand and by device, some below the limit of detection",
        seen=f"{len(ours)} months of sections reckoned by hand are those published, {len(classes)} classes among them",
    )


def test_rivers_and_lakes(made: dict[str, DataFrame]) -> None:
    expected, ours = months(), {(r.section_code, r.month): r for r in made["section"].collect()}
    rivers, lakes = ({(r.water_body, r.month): r for r in made[n].collect()} for n in ("river", "lake"))
    bases = set()
    for (body, month), r in {**rivers, **lakes}.items():
        members = [s for s, (b, _) in SECTIONS.items() if b == body and (s, month) in expected]
        kind = SECTIONS[members[0]][1]
        means = {i: mean((v for s in members if (v := expected[s, month][0].get(i)) is not None), KEPT[i]) for i in TYPICAL}
        assert {i: r[i] for i in TYPICAL} == means
        assert r.sections == len(members)
        water_class, main, times = judged(means, set(), kind)
        if kind == "LAKE" or r.basis == "MEANS":
            assert (r.water_class, r.main_pollutants, r.exceedances) == (water_class, main, times)
        if kind == "LAKE":
            c = {i: float(means[i] or 0) for i in ("chla", "tp", "tn", "transparency", "codmn")}
            index = 10 * (0.2663 * (2.5 + 1.086 * log(c["chla"])) + 0.1879 * (9.436 + 1.624 * log(c["tp"]))
                          + 0.179 * (5.453 + 1.694 * log(c["tn"])) + 0.1834 * (5.118 - 1.94 * log(c["transparency"]))
                          + 0.1834 * (0.109 + 2.661 * log(c["codmn"])))  # fmt: skip
            assert abs(float(r.trophic_index) - index) < 0.006
            assert r.trophic_grade == ("OLIGOTROPHIC" if index < 30 else "MESOTROPHIC" if index <= 50 else "LIGHT" if index <= 60 else
                                       "MODERATE" if index <= 70 else "HEAVY")  # fmt: skip
            continue
        bases.add(r.basis)
        of = [ours[s, month].water_class for s in members]
        good, worse = sum(c <= 3 for c in of), sum(c == 6 for c in of)
        assert (r.good_sections, r.worse_sections) == (good, worse)
        if len(of) >= 5:
            share, bad = good / len(of), worse / len(of)
            assert r.state == ("EXCELLENT" if share >= 0.9 else "GOOD" if share >= 0.75 else "HEAVY" if bad >= 0.4 else
                               "MODERATE" if bad >= 0.2 else "LIGHT")  # fmt: skip
    assert bases == {"MEANS", "SHARES"}


def monitored() -> list[dict[str, Any]]:
    """Two quarters of five waters: clear, light, heavy, heavy in a reach only, and one that is measured too seldom."""
    random = np.random.default_rng(130)
    rows = []
    for body, heavy in (("B1", ()), ("B2", ()), ("B3", range(1, 12)), ("B4", (9, 10, 11)), ("B5", ())):
        for point in range(1, 12 if body != "B5" else 3):
            for n in range(2 if body == "B2" and point == 4 else 5):
                level = 2 if point in heavy else 1 if body == "B2" else 0
                row = {"water_body": body, "point_no": str(point), "sample_time": datetime(2026, 2 + 2 * (n % 2), 1 + n, 9)}
                for item, drawn in (("sd_cm", (40, 18, 7)), ("do", (5, 1, 0.1)), ("orp_mv", (110, -50, -260)), ("nh3n", (2, 10, 18))):
                    row[item] = round(drawn[level] * random.uniform(0.6, 1.4), 1)
                rows.append(row | {"depth_m": round(random.uniform(0.15, 1.5), 2)})
    return rows


def level_of(item: str, value: Decimal, depth_cm: Decimal) -> int:
    if item == "sd_cm":
        heavy, light = (min(D(n), depth_cm * D("0.4")) if depth_cm < 25 else D(n) for n in (10, 25))
        return 2 if value < heavy else 1 if value <= light else 0
    if item == "nh3n":
        return 2 if value > 15 else 1 if value >= 8 else 0
    heavy, light = {"do": (D("0.2"), D(2)), "orp_mv": (D(-200), D(50))}[item]
    return 2 if value < heavy else 1 if value <= light else 0


def test_grades_of_black_odorous_waters(spark: SparkSession) -> None:
    sample = black_odorous_sample(frame(spark, "cleansed/housing/black_odorous_monitor", monitored()))
    ours = {(r.water_body, r.quarter, r.point_no): r for r in black_odorous_grade(sample).collect()}
    levels: dict[tuple[str, str, int], dict[str, list[int]]] = {}
    for row in monitored():
        of = levels.setdefault((row["water_body"], f"2026-Q{(row['sample_time'].month + 2) // 3}", int(row["point_no"])), {})
        for item in ("sd_cm", "do", "orp_mv", "nh3n"):
            of.setdefault(item, []).append(level_of(item, D(str(row[item])), D(str(row["depth_m"])) * 100))
    names = ("NONE", "LIGHT", "HEAVY")
    points: dict[tuple[str, str], dict[int, int]] = {}
    for (body, quarter, point), items in levels.items():
        if len(items["do"]) < 3:
            assert ours[body, quarter, str(point)].grade is None
            continue
        shares = {n: [sum(x >= n for x in item) / len(item) for item in items.values()] for n in (1, 2)}
        reached = {n: max(s) >= 0.6 or sum(x >= 0.3 for x in s) >= 2 for n, s in shares.items()}
        points.setdefault((body, quarter), {})[point] = 2 if reached[2] else 1 if reached[1] else 0
        assert ours[body, quarter, str(point)].grade == names[points[body, quarter][point]]
    for (body, quarter), found in points.items():
        line = [found[p] for p in sorted(found)]
        whole = [found.get(p, 0) for p in range(1, 12)]
        reach = max(min(whole[n : n + 3]) for n in range(9))
        heavy, light = (sum(x >= n for x in line) for n in (2, 1))
        grade = 2 if heavy >= 0.6 * len(line) else 1 if light >= 0.6 * len(line) or reach else 0
        row = ours[body, quarter, "*"]
        assert (row.points, row.heavy_points, row.grade) == (len(line), heavy, names[grade] if len(line) >= 3 else None), (body, quarter)
    assert {ours[b, "2026-Q1", "*"].grade for b in ("B1", "B2", "B3", "B4", "B5")} == {"NONE", "LIGHT", "HEAVY", None}
    assert ours["B4", "2026-Q1", "*"].reach_grade == "HEAVY"
