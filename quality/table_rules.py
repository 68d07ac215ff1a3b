"""Rules over the rows of one table, as a contract's `tableRules` name them: what only a comparison with other rows shows.

Here: a number shared by too many owners, records that are copies of one another, a sensor that is stuck, jumps or pauses. All of them
warn: no row is quarantined or changed. Not here: rules of one row (`quality.row_rules`), versions of a key (`assets.cleansed.merge`),
tables that change in part (`quality.beside`).

They see all published rows at every fold and replace their codes where these change: the order in which deliveries arrive does not
matter. Source: domain rules A9 (W_SHARED_PHONE), C5 (F7, constant vectors), D36, D38.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from contracts import Contract
from contracts.registry import Level, agree, at_level
from contracts.rules import ContractRule
from standards.moments import seconds

COPIES, SHARE = 5, 0.3
"""A vector is fabricated from this number of equal rows in a group on, when they are at least this share of the group."""


def _shared(frame: DataFrame, rule: ContractRule) -> DataFrame:
    """Return the values with more than `most` different owners (second column)."""
    value, owner = rule.columns
    owners = frame.where(F.col(value).isNotNull()).select(value, owner).distinct().groupBy(value).count()
    return owners.where(F.col("count") > int(rule.option("most"))).select(value)


def _constant(frame: DataFrame, rule: ContractRule) -> DataFrame:
    """Return the vectors (third column on) that are equal in many rows of one group (first two columns)."""
    group, vector = rule.columns[:2], rule.columns[2:]
    known = frame.dropna(subset=list(vector))
    same = known.groupBy(*rule.columns).agg(F.count(F.lit(1)).alias("_same")).where(F.col("_same") >= COPIES)
    size = frame.groupBy(*[F.col(c).alias(f"_{c}") for c in group]).agg(F.count(F.lit(1)).alias("_all"))
    of_one = [F.col(c).eqNullSafe(F.col(f"_{c}")) for c in group]
    return same.join(size, of_one).where(F.col("_same") >= SHARE * F.col("_all")).select(*rule.columns)


def _series(rule: ContractRule) -> dict[str, Column]:
    """Flag readings (source, time, reading). W_STUCK: `stuck` or more equal readings in sequence. W_SPIKE: more than `spike` above or
    below both neighbours. W_GAP: more than `every` minutes after the previous reading."""
    source, moment, reading = rule.columns
    line = Window.partitionBy(source).orderBy(moment)
    before, after = F.lag(reading).over(line), F.lead(reading).over(line)
    up, down = F.col(reading) - before, F.col(reading) - after
    far = float(rule.option("spike"))
    changed = F.when(before.isNull() | (before != F.col(reading)) | F.col(reading).isNull(), 1).otherwise(0)
    return {
        "_seconds": seconds(F.col(moment)),
        "_changed": changed,
        "_run": F.sum("_changed").over(line),
        "W_STUCK": F.col(reading).isNotNull() & (F.count(F.lit(1)).over(Window.partitionBy(source, "_run")) >= int(rule.option("stuck"))),
        "W_SPIKE": ((up > far) & (down > far)) | ((up < -far) & (down < -far)),
        "W_GAP": F.col("_seconds") - F.lag("_seconds").over(line) > int(rule.option("every")) * 60,
    }


@dataclass(frozen=True)
class GroupRule:
    """A rule by groups of rows. `group`: number of leading columns that make a group; `flags`: position of the column that gets the code.

    `find` returns the values to flag; they are joined to the rows afterwards, because sorting wide rows is expensive.
    """

    group: int
    flags: int
    code: str
    find: Callable[[DataFrame, ContractRule], DataFrame]


@dataclass(frozen=True)
class LineRule:
    """A rule over rows in sequence. `flags`: position of the column that gets the codes.

    `conditions` returns code -> condition; names that start with `_` are helper columns.
    """

    flags: int
    conditions: Callable[[ContractRule], dict[str, Column]]


GROUPS = {"shared": GroupRule(1, 0, "W_SHARED", _shared), "constant": GroupRule(2, 2, "W_CONSTANT", _constant)}
LINES = {"series": LineRule(2, _series)}
agree("quality/table_rules.py", (*GROUPS, *LINES), at_level(Level.TABLE))


def flagged(frame: DataFrame, contract: Contract, live: Column) -> DataFrame:
    """Replace the codes of the contract's table rules in `_codes`.

    Args:
        frame: all rows of the table, with `_codes array<string>`.
        contract: whose `table_rules` are applied.
        live: condition for the rows the rules see. Codes follow from the rule's columns alone, so equal tables get equal codes.
    """
    rules = contract.table_rules
    return marked(frame, rules, live, [hits_of(frame.where(live), rule) for rule in rules]) if rules else frame


def hits_of(rows: DataFrame, rule: ContractRule) -> DataFrame:
    """Return the values a rule of GROUPS flags; for another rule the rows as they are."""
    return GROUPS[rule.rule].find(rows.select(*rule.columns), rule) if rule.rule in GROUPS else rows


def codes_of(rule: ContractRule) -> list[str]:
    """The codes that a rule can give."""
    if rule.rule in GROUPS:
        return [f"{rule.columns[GROUPS[rule.rule].flags]}:{GROUPS[rule.rule].code}"]
    by = LINES[rule.rule]
    return [f"{rule.columns[by.flags]}:{code}" for code in by.conditions(rule) if not code.startswith("_")]


def marked(frame: DataFrame, rules: Sequence[ContractRule], live: Column, hits: Sequence[DataFrame]) -> DataFrame:
    """The frame with the codes of some rules in place of those that they gave before.

    Args:
        frame: rows with `_codes array<string>`.
        rules: of a contract.
        live: condition for the rows the rules see.
        hits: of each rule, what `hits_of` returns for the rows that it sees.
    """
    kept, names = frame.columns, []
    for n, (rule, hit) in enumerate(zip(rules, hits, strict=True)):
        prefix = f"_table_rule{n}|"
        frame, found = _in_groups(frame, rule, hit, live, prefix) if rule.rule in GROUPS else _in_lines(frame, rule, live, prefix)
        names += found
    ours = [code for code, _ in names]
    others = F.filter("_codes", lambda c: ~c.isin(*ours))
    found_codes = F.array_compact(F.array(*(F.when(F.col(f"`{column}`"), F.lit(code)) for code, column in names)))
    return frame.withColumn("_codes", F.concat(others, found_codes)).select(*kept)


def _in_groups(frame: DataFrame, rule: ContractRule, hits: DataFrame, live: Column, prefix: str) -> tuple[DataFrame, list[tuple[str, str]]]:
    """Add a boolean column for the rows a rule of GROUPS flags; return frame and [(code, column)]."""
    by = GROUPS[rule.rule]
    hit = prefix + by.code
    found = hits.select(*[F.col(c).alias(prefix + c) for c in hits.columns], F.lit(True).alias(hit))
    same = [F.col(f"`{prefix}{c}`").eqNullSafe(F.col(c)) for c in hits.columns]
    marked = found.join(frame, same, "right")  # the small side on the left: engines build their hash table of it
    return marked.withColumn(hit, live & F.coalesce(F.col(f"`{hit}`"), F.lit(False))), [(f"{rule.columns[by.flags]}:{by.code}", hit)]


def _in_lines(frame: DataFrame, rule: ContractRule, live: Column, prefix: str) -> tuple[DataFrame, list[tuple[str, str]]]:
    """Add boolean columns for the rows a rule of LINES flags; return frame and [(code, column)]."""
    by = LINES[rule.rule]
    seen = {c: prefix + c for c in rule.columns}
    frame = frame.withColumns({name: F.when(live, F.col(c)) for c, name in seen.items()})
    conditions = by.conditions(ContractRule(rule.rule, tuple(seen.values()), rule.options))
    for helper in sorted(c for c in conditions if c.startswith("_")):
        frame = frame.withColumn(helper, conditions[helper])
    hits = {code: hit for code, hit in conditions.items() if not code.startswith("_")}
    frame = frame.withColumns({prefix + code: live & F.coalesce(hit, F.lit(False)) for code, hit in hits.items()})
    return frame, [(f"{rule.columns[by.flags]}:{code}", prefix + code) for code in hits]
