"""Surface water: every vector of domain rules E4.2, limits of every class, rivers, lakes; and what holds of any sample."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from standards import surface_water as water
from standards.tables import rows

Sample = dict[str, str]
KINDS = ("RIVER", "LAKE")
LIMITS: dict[tuple[str, str], list[tuple[str, str]]] = {}
for _row in rows("ecology/surface_water_limit"):
    LIMITS.setdefault((_row["item"], _row["kind"]), []).append((_row["least"], _row["most"]))
WORSE_THAN_V: Sample = {"do": "2.6", "codmn": "11", "cod": "35", "bod5": "7", "nh3n": "2.3", "tp": "0.35"}
SAMPLES: dict[str, tuple[str, Sample, int, list[str], list[str]]] = {
    "class III; total nitrogen and coliforms do not count": ("RIVER", {
        "ph": "7.5", "do": "6.2", "codmn": "4.1", "cod": "18", "bod5": "3.2", "nh3n": "0.62", "tp": "0.15", "oil": "0.02", "hg": "0.00002",
        "pb": "0.002", "tn": "3.5", "coliform": "30000"}, 3, [], []),
    "worse than V": ("RIVER", WORSE_THAN_V, 6, ["nh3n", "codmn", "cod"],
                     ["nh3n 1.30", "codmn 0.83", "cod 0.75", "bod5 0.75", "tp 0.75"]),
    "phosphorus of a river": ("RIVER", {"tp": "0.06"}, 2, [], []),
    "the same of a lake": ("LAKE", {"tp": "0.06"}, 4, ["tp"], ["tp 0.20"]),
    "acid or alkaline": ("RIVER", {"ph": "9.3"}, 6, ["ph"], []),
    "at the limits of pH": ("RIVER", {"ph": "6.0"}, 1, [], []),
    "equal limits give the better class": ("RIVER", {"cod": "15"}, 1, [], []),
    "little oxygen": ("RIVER", {"do": "1.99"}, 6, ["do"], []),
}  # fmt: skip
"""Kind, values, class, main pollutants, exceedances: domain rules E4.2."""


def judged(spark: SparkSession, samples: dict[str, tuple[str, Sample]]) -> dict[str, Row]:
    """class, main pollutants and exceedances of each sample, by the limits of its kind of water."""
    rows = [
        (s, i, Decimal(v), *[Decimal(x) if x else None for bounds in LIMITS[i, kind] for x in bounds])
        for s, (kind, values) in samples.items() for i, v in values.items() if i in water.EVALUATED
    ]  # fmt: skip
    bounds = [f"{b}_{n}" for n in water.CLASSES for b in ("least", "most")]
    frame = spark.createDataFrame(rows, "s string, item string, v decimal(18,6), " + ", ".join(f"{b} decimal(12,5)" for b in bounds))
    limits = [(F.col(f"least_{n}"), F.col(f"most_{n}")) for n in water.CLASSES]
    item_class, times = water.item_class(F.col("v"), limits), water.exceedance(F.col("v"), limits[2])
    worse = F.sort_array(F.array_compact(F.collect_list("p")), False)
    found = (
        frame.withColumns({"c": item_class, "p": water.pollutant(F.col("item"), item_class, times)})
        .groupBy("s").agg(F.max("c").alias("c"), worse.alias("worse"))
        .select("s", "c", water.main_pollutants(F.col("worse")).alias("main"), water.exceedances(F.col("worse")).alias("times"),
                water.state(F.col("c")).alias("state"))
    )  # fmt: skip
    return {r.s: r for r in found.collect()}


def test_classes_and_what_exceeds_them(spark: SparkSession) -> None:
    found = judged(spark, {s: (kind, values) for s, (kind, values, *_) in SAMPLES.items()})
    assert {s: (r.c, r.main, r.times) for s, r in found.items()} == {s: tuple(rest) for s, (_, _, *rest) in SAMPLES.items()}
    assert {found[s].state for s in ("worse than V", "class III; total nitrogen and coliforms do not count")} == {"HEAVY", "GOOD"}


def test_every_limit_of_the_table(spark: SparkSession) -> None:
    """At the limit of a class a value is of it, or of a better one with the same limit; a millionth beyond it is worse."""
    step, samples = Decimal("0.000001"), dict[str, tuple[str, Sample]]()
    expected = {}
    for kind in KINDS:
        for item in water.EVALUATED:
            for number, (least, most) in enumerate(LIMITS[item, kind], 1):
                limit = Decimal(most or least)
                same = [n for n, other in enumerate(LIMITS[item, kind], 1) if other == (least, most)]
                beyond = limit + step if most else limit - step
                samples |= {f"{kind} {item} {number} {w}": (kind, {item: str(v)}) for w, v in (("at", limit), ("beyond", beyond))}
                expected |= {f"{kind} {item} {number} at": min(same), f"{kind} {item} {number} beyond": max(same) + 1}
    found = judged(spark, samples)
    assert {s: r.c for s, r in found.items()} == expected
    assert len(samples) == 2 * 2 * 5 * 21


@settings(max_examples=3, deadline=None)
@given(st.data())
def test_no_class_is_better_when_an_item_is_worse(spark: SparkSession, data: Any) -> None:
    item = data.draw(st.sampled_from([i for i in water.EVALUATED if i != "ph"]))
    greatest = 40 if item != "hg" else 1
    values = sorted(data.draw(st.lists(st.decimals(0, greatest, places=6), min_size=200, max_size=200)), reverse=item == "do")
    base = data.draw(st.sampled_from([WORSE_THAN_V, {"tp": "0.06"}, {"ph": "7"}]))
    kind = data.draw(st.sampled_from(KINDS))
    found = judged(spark, {str(n): (kind, {**base, item: str(v)}) for n, v in enumerate(values)})
    classes = [found[str(n)].c for n in range(len(values))]
    assert classes == sorted(classes)


def test_rivers_by_the_shares_of_their_sections(spark: SparkSession) -> None:
    cases = {(10, 9, 0): "EXCELLENT", (10, 8, 1): "GOOD", (4, 3, 0): "GOOD", (10, 7, 1): "LIGHT", (10, 6, 2): "MODERATE",
             (10, 6, 4): "HEAVY", (10, 0, 10): "HEAVY", (5, 3, 0): "LIGHT", (0, 0, 0): None}  # fmt: skip
    frame = spark.createDataFrame(list(cases), "n int, good int, worse int")
    state = water.river_state(F.col("n"), F.col("good"), F.col("worse"))
    assert {(r.n, r.good, r.worse): r.state for r in frame.select("*", state.alias("state")).collect()} == cases


def test_lakes(spark: SparkSession) -> None:
    cases = {("10", "0.05", "1.0", "0.5", "4.0"): ("50.48", "LIGHT"), ("30", "0.1", "1.5", "0.3", "6"): ("60.80", "MODERATE"),
             ("2", "0.01", "0.3", "3", "2"): ("27.51", "OLIGOTROPHIC"), ("0", "0.01", "0.3", "3", "2"): (None, None)}  # fmt: skip
    names = ("chla", "tp", "tn", "transparency", "codmn")
    frame = spark.createDataFrame([tuple(map(Decimal, c)) for c in cases], ", ".join(f"{n} decimal(12,3)" for n in names))
    index = water.trophic_index({n: F.col(n) for n in names})
    found = [(None if r.i is None else str(r.i), r.g) for r in frame.select(index.alias("i"), water.lake_grade(index).alias("g")).collect()]
    assert found == list(cases.values())
    grades = {
        "29.99": "OLIGOTROPHIC",
        "30.00": "MESOTROPHIC",
        "50.00": "MESOTROPHIC",
        "50.01": "LIGHT",
        "60.01": "MODERATE",
        "70.01": "HEAVY",
    }
    given = spark.createDataFrame([(g, Decimal(g)) for g in grades], "k string, g decimal(18,2)")
    assert {r.k: r.grade for r in given.select("k", water.lake_grade(F.col("g")).alias("grade")).collect()} == grades


def test_oxygen_at_saturation(spark: SparkSession) -> None:
    found = spark.createDataFrame([(Decimal("20.0"),), (Decimal("0.0"),)], "t decimal(4,1)").select(
        water.oxygen_saturation(F.col("t")).alias("o")
    )
    assert [str(r.o) for r in found.collect()] == ["9.07", "14.81"]
