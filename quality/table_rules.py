"""Rules over the rows of one table, as a contract's `tableRules` name them: what only shows beside other rows.

Here: a number shared by too many, records that are copies of one another, a sensor that is stuck, jumps or pauses. All of them warn:
no row is held back or changed. Not here: rules of one row (`quality.row_rules`), versions of a key (`assets.cleansed.fold`).

They look at the rows that are published, all of them at every fold, and put their codes anew where they change: the order in which
deliveries arrive does not matter. Source: domain rules A9 (W_SHARED_PHONE), C5 F7 (constant vectors), B0 D36, D38.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from contracts import Contract
from contracts.rules import ContractRule

COPIES, SHARE = 5, 0.3
"""So many rows of one group, and this share of them, make a vector a fabricated one."""


def _shared(frame: DataFrame, rule: ContractRule) -> DataFrame:
    """The values with more than `most` different owners (second column)."""
    value, owner = rule.columns
    owners = frame.where(F.col(value).isNotNull()).select(value, owner).distinct().groupBy(value).count()
    return owners.where(F.col("count") > int(rule.option("most"))).select(value)


def _constant(frame: DataFrame, rule: ContractRule) -> DataFrame:
    """The vectors, the columns behind the first two, that are the same in many rows of one group, which the first two make."""
    group, vector = rule.columns[:2], rule.columns[2:]
    known = frame.dropna(subset=list(vector))
    same = known.groupBy(*rule.columns).agg(F.count(F.lit(1)).alias("_same")).where(F.col("_same") >= COPIES)
    size = frame.groupBy(*[F.col(c).alias(f"_{c}") for c in group]).agg(F.count(F.lit(1)).alias("_all"))
    of_one = [F.col(c).eqNullSafe(F.col(f"_{c}")) for c in group]
    return same.join(size, of_one).where(F.col("_same") >= SHARE * F.col("_all")).select(*rule.columns)


def _series(rule: ContractRule) -> dict[str, Column]:
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


GROUPS: dict[str, tuple[int, int, str, Callable[[DataFrame, ContractRule], DataFrame]]] = {
    "shared": (1, 0, "W_SHARED", _shared), "constant": (2, 2, "W_CONSTANT", _constant),
}  # fmt: skip
"""Rule -> how many of its columns, the first ones, make a group; the place of the column that gets the code; the code; what finds the
values that get it: the rows they stand in are not sorted, which for wide rows is dear."""
LINES: dict[str, tuple[int, Callable[[ContractRule], dict[str, Column]]]] = {"series": (2, _series)}
"""Rule -> the place of the column that gets the codes, and its conditions; those whose name starts with `_` are helpers."""


Write = Callable[[DataFrame], DataFrame]


def by_groups(contract: Contract) -> bool:
    """Whether the contract's table rules ask of groups of rows only: then `flagged` needs no row whose codes stay as they are."""
    return all(rule.rule in GROUPS for rule in contract.table_rules)


def flagged(frame: DataFrame, contract: Contract, live: Column) -> DataFrame:
    """The frame with the codes of the contract's table rules in `_codes`, as if no rule had ever looked at it before.

    live: the rows the rules see. Codes follow from the rule's columns alone, so equal tables get equal codes.
    """
    rules = contract.table_rules
    return _marked(frame, rules, live, [_hits(frame.where(live), rule) for rule in rules]) if rules else frame


def flagged_beside(frame: DataFrame, contract: Contract, live: Column, was: DataFrame, standing: DataFrame, write: Write) -> DataFrame:
    """The same for rows that replace others: the frame, and those rows of the table whose codes change because of that.

    was: the rows that were there before. standing: the live rows that stay, with the frame's columns. write: writes rows down that
    are used several times. Only rows in a group of a row that comes or goes are looked at.
    """
    assert by_groups(contract)
    for rule in contract.table_rules:
        group = rule.columns[: GROUPS[rule.rule][0]]
        needed = [*contract.key, "_codes", *{*rule.columns} - {*contract.key}]
        near = write(_in_groups_of(standing.select(*needed), frame.where(live).select(*group).unionByName(was.select(*group))))
        hits = write(_hits(frame.where(live).select(*needed).unionByName(near), rule))
        marked = _marked(near.withColumn("_before", F.concat_ws(",", "_codes")), [rule], F.lit(True), [hits])
        changed = write(marked.where(F.concat_ws(",", "_codes") != F.col("_before")).select(*contract.key))
        if changed.count():
            recoded = changed.join(standing, list(contract.key)).select(*[f"`{c}`" for c in frame.columns])
            frame = write(frame.unionByName(recoded))
            standing = standing.join(changed, list(contract.key), "left_anti")
        frame = _marked(frame, [rule], live, [hits])
    return frame


def _in_groups_of(rows: DataFrame, others: DataFrame) -> DataFrame:
    """The rows that agree with one of the others in all of their columns; NULL agrees with NULL."""
    groups = others.distinct().select(*[F.col(c).alias(f"_group|{c}") for c in others.columns])
    same = [F.col(f"`_group|{c}`").eqNullSafe(F.col(c)) for c in others.columns]
    return groups.join(rows, same).select(*rows.columns)


def _hits(rows: DataFrame, rule: ContractRule) -> DataFrame:
    """The values whose rows a rule of GROUPS hits; of another rule the rows themselves say."""
    return GROUPS[rule.rule][3](rows.select(*rule.columns), rule) if rule.rule in GROUPS else rows


def _marked(frame: DataFrame, rules: Sequence[ContractRule], live: Column, hits: list[DataFrame]) -> DataFrame:
    kept, names = frame.columns, []
    for n, (rule, hit) in enumerate(zip(rules, hits, strict=True)):
        prefix = f"_among{n}|"
        frame, found = _in_groups(frame, rule, hit, live, prefix) if rule.rule in GROUPS else _in_lines(frame, rule, live, prefix)
        names += found
    ours = [code for code, _ in names]
    others = F.filter("_codes", lambda c: ~c.isin(*ours))
    found_codes = F.array_compact(F.array(*(F.when(F.col(f"`{column}`"), F.lit(code)) for code, column in names)))
    return frame.withColumn("_codes", F.concat(others, found_codes)).select(*kept)


def _in_groups(frame: DataFrame, rule: ContractRule, hits: DataFrame, live: Column, prefix: str) -> tuple[DataFrame, list[tuple[str, str]]]:
    """The frame with a column that says which rows a rule of GROUPS hits: code and column."""
    _, place, code, _ = GROUPS[rule.rule]
    hit = prefix + code
    found = hits.select(*[F.col(c).alias(prefix + c) for c in hits.columns], F.lit(True).alias(hit))
    same = [F.col(f"`{prefix}{c}`").eqNullSafe(F.col(c)) for c in hits.columns]
    marked = found.join(frame, same, "right")  # the few on the left: an engine keeps that side
    return marked.withColumn(hit, live & F.coalesce(F.col(f"`{hit}`"), F.lit(False))), [(f"{rule.columns[place]}:{code}", hit)]


def _in_lines(frame: DataFrame, rule: ContractRule, live: Column, prefix: str) -> tuple[DataFrame, list[tuple[str, str]]]:
    """The frame with columns that say which rows a rule of LINES hits: codes and columns."""
    place, make = LINES[rule.rule]
    seen = {c: prefix + c for c in rule.columns}
    frame = frame.withColumns({name: F.when(live, F.col(c)) for c, name in seen.items()})
    conditions = make(ContractRule(rule.rule, tuple(seen.values()), rule.options))
    for helper in sorted(c for c in conditions if c.startswith("_")):
        frame = frame.withColumn(helper, conditions[helper])
    hits = {code: hit for code, hit in conditions.items() if not code.startswith("_")}
    frame = frame.withColumns({prefix + code: live & F.coalesce(hit, F.lit(False)) for code, hit in hits.items()})
    return frame, [(f"{rule.columns[place]}:{code}", prefix + code) for code in hits]
