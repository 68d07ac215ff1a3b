"""Table rules of a table that changes in part: the rows that come, and those of the other rows whose codes change because of them.

Here: which other rows a rule has to see, rows of the same group or readings around on the same line. Not here: the rules
(`quality.table_rules`). The codes are those that all rows of the table would get.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import groupby

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from contracts import Contract
from contracts.rules import ContractRule
from quality.table_rules import GROUPS, codes_of, hits_of, marked

Write = Callable[[DataFrame], DataFrame]
BEFORE, FIRST, LAST, PLACE = "_before", "_first", "_last", "_place"


def flagged_beside(frame: DataFrame, contract: Contract, live: Column, was: DataFrame, standing: DataFrame, write: Write) -> DataFrame:
    """The frame with the codes of the contract's table rules, and those rows of the table whose codes change because of that.

    Args:
        frame: the incoming rows, with `_codes array<string>`.
        contract: whose `table_rules` are applied.
        live: condition for the rows the rules see.
        was: the replaced rows.
        standing: the other live rows of the table, with the frame's columns.
        write: materializes rows that are used several times.

    Returns:
        The frame, with those of the other rows whose codes change.
    """
    for line, found in groupby(contract.table_rules, lambda rule: None if rule.rule in GROUPS else rule.columns[:2]):
        rules = list(found)
        if line is None:
            for rule in rules:
                frame, standing = _by_group(frame, contract, rule, (live, was, standing), write)
        else:
            frame, standing = _by_line(frame, contract, rules, (live, was, standing), write)
    return frame


Beside = tuple[Column, DataFrame, DataFrame]
"""The condition for the rows the rules see, the replaced rows, and the other rows of the table."""


def _by_group(frame: DataFrame, contract: Contract, rule: ContractRule, beside: Beside, write: Write) -> tuple[DataFrame, DataFrame]:
    """The frame with the codes of a rule by groups and the other rows that it concerns, and the rest of the other rows."""
    live, was, standing = beside
    group, needed = rule.columns[: GROUPS[rule.rule].group], _needed(contract, [rule])
    near = write(_in_groups_of(standing.select(*needed), frame.where(live).select(*group).unionByName(was.select(*group))))
    hits = write(hits_of(frame.where(live).select(*needed).unionByName(near), rule))
    codes = marked(near.withColumn(BEFORE, F.concat_ws(",", "_codes")), [rule], F.lit(True), [hits])
    frame, standing = _with_changed(frame, standing, write(_changed(codes).select(*contract.key)), contract.key, write)
    return marked(frame, [rule], live, [hits]), standing


def _by_line(
    frame: DataFrame, contract: Contract, rules: Sequence[ContractRule], beside: Beside, write: Write
) -> tuple[DataFrame, DataFrame]:
    """The frame with the codes of rules over one line of readings and the other rows that they concern, and the rest of the other rows.

    A reading concerns those up to `reach` readings away, whose codes follow from readings as far away from them.
    """
    live, was, standing = beside
    key, needed, line = contract.key, _needed(contract, rules), rules[0].columns[:2]
    reach = max(2, *(int(rule.option("stuck")) for rule in rules))
    changed = write(frame.where(live).select(*line).unionByName(was.select(*line)).dropna())
    around = timedelta(minutes=2 * reach * max(int(rule.option("every")) for rule in rules))
    scope = _on_the_lines(standing, changed, line, (2 * reach, around), write)
    near = write(_placed(scope.select(*needed), changed, line).where(F.col(PLACE) <= 2 * reach))
    mine = frame.where(live).select(*needed).withColumn(PLACE, F.lit(None).cast("int"))
    both = mine.unionByName(near).withColumn(BEFORE, F.concat_ws(",", "_codes"))
    codes = write(marked(both, rules, F.lit(True), [both] * len(rules)))
    others = write(_changed(codes).where(F.col(PLACE) <= reach).select(*key))
    frame, standing = _with_changed(frame, standing, others, key, write, scope)
    found = codes.select(*[F.col(c).alias(f"_key|{c}") for c in key], F.col("_codes").alias("_found"))
    same = [F.col(f"`_key|{c}`") == F.col(c) for c in key]
    without = F.filter("_codes", lambda code: ~code.isin(*[code for rule in rules for code in codes_of(rule)]))
    recoded = F.when(live & F.col("_found").isNotNull(), F.col("_found")).otherwise(without)
    joined = found.join(frame, same, "right").withColumn("_codes", recoded)
    return write(joined.select(*[f"`{c}`" for c in frame.columns])), standing


def _needed(contract: Contract, rules: Sequence[ContractRule]) -> list[str]:
    return [*contract.key, "_codes", *sorted({c for rule in rules for c in rule.columns} - {*contract.key})]


def _changed(codes: DataFrame) -> DataFrame:
    return codes.where(F.concat_ws(",", "_codes") != F.col(BEFORE))


def _with_changed(
    frame: DataFrame, standing: DataFrame, changed: DataFrame, key: Sequence[str], write: Write, scope: DataFrame | None = None
) -> tuple[DataFrame, DataFrame]:
    """The frame and the other rows of some keys, and the rest of the other rows. scope: those among which they are."""
    if not changed.count():
        return frame, standing
    rows = changed.join(standing if scope is None else scope, list(key)).select(*[f"`{c}`" for c in frame.columns])
    return write(frame.unionByName(rows)), standing.join(changed, list(key), "left_anti")


def _in_groups_of(rows: DataFrame, others: DataFrame) -> DataFrame:
    """Return the rows that equal one of `others` in all columns of `others`; NULL equals NULL."""
    groups = others.distinct().select(*[F.col(c).alias(f"_group|{c}") for c in others.columns])
    same = [F.col(f"`_group|{c}`").eqNullSafe(F.col(c)) for c in others.columns]
    return groups.join(rows, same).select(*rows.columns)


def _spans(changed: DataFrame, line: Sequence[str]) -> DataFrame:
    """Per source the first and the last moment of its changed readings."""
    source, moment = line
    return changed.groupBy(source).agg(F.min(moment).alias(FIRST), F.max(moment).alias(LAST))


def _on_the_lines(standing: DataFrame, changed: DataFrame, line: Sequence[str], around: tuple[int, timedelta], write: Write) -> DataFrame:
    """The other rows of the sources of changed readings, from so many readings before the first to so many after the last, and more.

    Looked at are the rows of so much time around, in which an engine passes over all other files; of a source that paused, so that it
    has fewer readings there, all.
    """
    (source, moment), (readings, minutes) = line, around
    spans = write(_spans(changed, line))
    first, last = spans.agg(F.min(FIRST), F.max(LAST)).collect()[0]
    if first is None:
        return standing.where(F.lit(False))
    begin, end = (F.lit(at.isoformat(sep=" ")).cast("timestamp_ntz") for at in (first - minutes, last + minutes))
    within = standing.where((F.col(moment) >= begin) & (F.col(moment) <= end))
    sides = {"_earlier": F.col(moment) < F.col(FIRST), "_later": F.col(moment) > F.col(LAST)}
    counts = within.select(source, moment).join(spans, source).groupBy(source).agg(*[F.count_if(c).alias(n) for n, c in sides.items()])
    counted = write(spans.select(source).join(counts, source, "left"))
    parts = [within.join(spans, source, "left_semi")]
    for side, beyond in (("_earlier", F.col(moment) < begin), ("_later", F.col(moment) > end)):
        few = counted.where(F.coalesce(F.col(side), F.lit(0)) < readings).select(source)
        if few.take(1):
            parts.append(standing.where(beyond).join(few, source, "left_semi"))
    rows = parts[0]
    for part in parts[1:]:
        rows = rows.unionByName(part)
    return rows


def _placed(rows: DataFrame, changed: DataFrame, line: Sequence[str]) -> DataFrame:
    """The rows with `_place`: the how manieth before the first or after the last changed reading of its source, 0 of those between."""
    source, moment = line
    spanned = rows.join(_spans(changed, line), source)
    before, after = F.col(moment) < F.col(FIRST), F.col(moment) > F.col(LAST)
    side = Window.partitionBy(source, F.when(before, -1).when(after, 1).otherwise(0))
    backwards, forwards = (F.row_number().over(side.orderBy(order)) for order in (F.col(moment).desc(), F.col(moment)))
    place = F.when(before, backwards).when(after, forwards).otherwise(0)
    return spanned.withColumn(PLACE, place.cast("int")).select(*rows.columns, PLACE)
