"""Classes of industrial enterprises by what they make of their land: a weighted rank of five metrics (domain rules E6).

Here: weights and classes, from standards/industry/efficiency_weight.csv and efficiency_class.csv. Not here: the metrics themselves
(`assets.themes.industry.land`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.tables import rows

WEIGHTS = {line["metric"]: int(line["weight"]) for line in rows("industry/efficiency_weight")}
"""Metric -> its weight, percent."""
CLASSES = rows("industry/efficiency_class")


def score(ranks: Mapping[str, Column]) -> Column:
    """The weighted rank, in hundredths: the smaller, the better. ranks: metric -> rank from 1 on."""
    weighted = [ranks[metric].cast("bigint") * weight for metric, weight in WEIGHTS.items()]
    return reduce(Column.__add__, weighted)


def land_class(place: Column, evaluated: Column) -> Column:
    """The class A to D of a place, 1 the best, among so many: the first of CLASSES to whose share of one end the place belongs."""
    from_end = {"best": place, "worst": evaluated - place + 1}
    found = F.when(F.lit(False), F.lit(None))
    for line in CLASSES:
        found = found.when(from_end[line["end"]] * 100 <= evaluated * int(line["percent"]), line["class"])
    return found
