"""Rules over the rows of one table, as a contract's `tableRules` name them: what only shows beside other rows.

Here: a number shared by too many, records that are copies of one another, a sensor that is stuck, jumps or pauses. All of them warn:
no row is held back or changed. Not here: rules of one row (`quality.across`), versions of a key (`assets.cleansed.fold`).

They look at the rows that are published, all of them at every fold, and put their codes anew: the order in which deliveries
arrive does not matter. Source: domain rules A9 (W_SHARED_PHONE), C5 F7 (constant vectors), B0 D36, D38.
"""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from contracts import Contract
from contracts.loader import Rule

COPIES, SHARE = 5, 0.3
"""So many rows of one group, and this share of them, make a vector a fabricated one."""


def _shared(rule: Rule) -> dict[str, Column]:
    """A value with more than `most` different owners (second column): W_SHARED."""
    value, owner = rule.columns
    every = Window.partitionBy(value)
    ranked = F.dense_rank().over(every.orderBy(F.col(owner).asc_nulls_first()))
    return {"W_SHARED": F.col(value).isNotNull() & (F.max("_rank").over(every) > int(rule.option("most"))), "_rank": ranked}


def _constant(rule: Rule) -> dict[str, Column]:
    """The columns behind the first two are the same in many rows of one group, which the first two make: W_CONSTANT at the third."""
    group, vector = rule.columns[:2], rule.columns[2:]
    whole = F.lit(True)
    for c in vector:
        whole &= F.col(c).isNotNull()
    same = F.count(F.lit(1)).over(Window.partitionBy(*rule.columns))
    return {"W_CONSTANT": whole & (same >= COPIES) & (same >= SHARE * F.count(F.lit(1)).over(Window.partitionBy(*group)))}


def _series(rule: Rule) -> dict[str, Column]:
    """Source, moment, reading. W_STUCK: one of `stuck` or more equal readings in a row. W_SPIKE: further than `spike` from the
    readings before and after it, on the same side of both. W_GAP: more than `every` minutes after the reading before it."""
    source, moment, reading = rule.columns
    line = Window.partitionBy(source).orderBy(moment)
    before, after = F.lag(reading).over(line), F.lead(reading).over(line)
    up, down = F.col(reading) - before, F.col(reading) - after
    far = float(rule.option("spike"))
    text = F.col(moment).cast("string")
    clock = sum((F.substring(text, at, 2).cast("int") * n for at, n in ((12, 3600), (15, 60), (18, 1))), F.lit(0))
    seconds = F.datediff(F.col(moment).cast("date"), F.lit("2000-01-01").cast("date")) * 86_400 + clock
    changed = F.when(before.isNull() | (before != F.col(reading)) | F.col(reading).isNull(), 1).otherwise(0)
    return {
        "_seconds": seconds,
        "_changed": changed,
        "_run": F.sum("_changed").over(line),
        "W_STUCK": F.col(reading).isNotNull() & (F.count(F.lit(1)).over(Window.partitionBy(source, "_run")) >= int(rule.option("stuck"))),
        "W_SPIKE": ((up > far) & (down > far)) | ((up < -far) & (down < -far)),
        "W_GAP": F.col("_seconds") - F.lag("_seconds").over(line) > int(rule.option("every")) * 60,
    }


RULES: dict[str, tuple[int, Callable[[Rule], dict[str, Column]]]] = {
    "shared": (0, _shared), "constant": (2, _constant), "series": (2, _series),
}  # fmt: skip
"""Rule -> the place of the column that gets the codes, and its conditions; those whose name starts with `_` are helpers."""


def flagged(frame: DataFrame, contract: Contract, live: Column) -> DataFrame:
    """The frame with the codes of the contract's table rules in `_codes`, as if no rule had ever looked at it before.

    live: the rows the rules see. Sorted by the rule's columns alone, so equal tables get equal codes.
    """
    if not contract.table_rules:
        return frame
    kept, names = frame.columns, []
    for n, rule in enumerate(contract.table_rules):
        place, make = RULES[rule.rule]
        seen = {c: f"_among{n}|{c}" for c in rule.columns}
        frame = frame.withColumns({name: F.when(live, F.col(c)) for c, name in seen.items()})
        own = Rule(rule.rule, tuple(seen.values()), rule.options)
        conditions = make(own)
        for helper in sorted(c for c in conditions if c.startswith("_")):
            frame = frame.withColumn(helper, conditions[helper])
        for code, hit in conditions.items():
            if not code.startswith("_"):
                names.append((f"{rule.columns[place]}:{code}", f"_among{n}|{code}"))
                frame = frame.withColumn(names[-1][1], live & F.coalesce(hit, F.lit(False)))
    ours = [code for code, _ in names]
    others = F.filter("_codes", lambda c: ~c.isin(*ours))
    found = F.array_compact(F.array(*(F.when(F.col(f"`{column}`"), F.lit(code)) for code, column in names)))
    return frame.withColumn("_codes", F.concat(others, found)).select(*kept)
