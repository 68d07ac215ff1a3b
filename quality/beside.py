"""Table rules of a table that changes in part: the rows that come, and those of the other rows whose codes change because of them.

Here: which other rows a rule has to see, rows of the same group or readings around on the same line. Not here: the rules
(`quality.table_rules`). The codes are those that all rows of the table would get.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from itertools import groupby

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from contracts import Contract
from contracts.rules import ContractRule
from quality.table_rules import GROUPS, codes_of, hits_of, marked

Write = Callable[[DataFrame], DataFrame]
Rows = tuple[DataFrame, DataFrame]
"""The incoming rows with the other rows that they concern, and the rest of the other rows."""
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
    beside, rows = _Beside(contract.key, live, was, write), (frame, standing)
    for line, found in groupby(contract.table_rules, lambda rule: None if rule.rule in GROUPS else rule.columns[:2]):
        if line is not None:
            rows = beside.by_line(list(found), *rows)
            continue
        for rule in found:
            rows = beside.by_group(rule, *rows)
    return rows[0]


@dataclass(frozen=True)
class _Beside:
    """key: of the table. live: condition for the rows the rules see. was: the replaced rows. write: materializes rows."""

    key: tuple[str, ...]
    live: Column
    was: DataFrame
    write: Write

    def by_group(self, rule: ContractRule, frame: DataFrame, standing: DataFrame) -> Rows:
        """Apply a rule by groups of rows."""
        group, needed = rule.columns[: GROUPS[rule.rule].group], self._needed([rule])
        near = self.write(_in_groups_of(standing.select(*needed), self._moved(frame, group)))
        hits = self.write(hits_of(frame.where(self.live).select(*needed).unionByName(near), rule))
        changed = self.write(_changed(marked(_with_before(near), [rule], F.lit(True), [hits])).select(*self.key))
        frame, standing = self._with_rows(frame, standing, changed, standing)
        return marked(frame, [rule], self.live, [hits]), standing

    def by_line(self, rules: Sequence[ContractRule], frame: DataFrame, standing: DataFrame) -> Rows:
        """Apply the rules over one line of readings.

        A reading concerns those up to `reach` readings away, whose codes follow from readings as far away from them.
        """
        needed, line = self._needed(rules), rules[0].columns[:2]
        reach = max(2, *(int(rule.option("stuck")) for rule in rules))
        around = timedelta(minutes=2 * reach * max(int(rule.option("every")) for rule in rules))
        spans = self.write(_spans(self._moved(frame, line), line))
        scope = self._on_the_lines(standing, spans, line, (2 * reach, around))
        near = _placed(scope.select(*needed), spans, line).where(F.col(PLACE) <= 2 * reach)
        mine = frame.where(self.live).select(*needed).withColumn(PLACE, F.lit(None).cast("int"))
        both = _with_before(mine.unionByName(near))
        codes = self.write(marked(both, rules, F.lit(True), [both] * len(rules)))
        changed = self.write(_changed(codes).where(F.col(PLACE) <= reach).select(*self.key))
        frame, standing = self._with_rows(frame, standing, changed, scope)
        found = codes.select(*[F.col(c).alias(f"_key|{c}") for c in self.key], F.col("_codes").alias("_found"))
        same = [F.col(f"`_key|{c}`") == F.col(c) for c in self.key]
        without = F.filter("_codes", lambda code: ~code.isin(*[code for rule in rules for code in codes_of(rule)]))
        recoded = F.when(self.live & F.col("_found").isNotNull(), F.col("_found")).otherwise(without)
        joined = found.join(frame, same, "right").withColumn("_codes", recoded)
        return self.write(joined.select(*[f"`{c}`" for c in frame.columns])), standing

    def _needed(self, rules: Sequence[ContractRule]) -> list[str]:
        return [*self.key, "_codes", *sorted({c for rule in rules for c in rule.columns} - {*self.key})]

    def _moved(self, frame: DataFrame, columns: Sequence[str]) -> DataFrame:
        """Some columns of the rows that come and of those that they replace."""
        return frame.where(self.live).select(*columns).unionByName(self.was.select(*columns))

    def _with_rows(self, frame: DataFrame, standing: DataFrame, keys: DataFrame, scope: DataFrame) -> Rows:
        """The frame and the other rows of some keys, which are among those of `scope`, and the rest of the other rows."""
        if not keys.count():
            return frame, standing
        rows = keys.join(scope, list(self.key)).select(*[f"`{c}`" for c in frame.columns])
        return self.write(frame.unionByName(rows)), standing.join(keys, list(self.key), "left_anti")

    def _on_the_lines(self, standing: DataFrame, spans: DataFrame, line: Sequence[str], around: tuple[int, timedelta]) -> DataFrame:
        """The other rows of the sources of changed readings, from so many readings before the first to so many after the last, and more.

        Looked at are the rows of so much time around, in which an engine passes over all other files; of a source that paused, so that
        it has fewer readings there, all.
        """
        (source, moment), (readings, minutes) = line, around
        first, last = spans.agg(F.min(FIRST), F.max(LAST)).collect()[0]
        if first is None:
            return standing.where(F.lit(False))
        begin, end = (F.lit(at.isoformat(sep=" ")).cast("timestamp_ntz") for at in (first - minutes, last + minutes))
        within = standing.where((F.col(moment) >= begin) & (F.col(moment) <= end))
        sides = {"_earlier": F.col(moment) < F.col(FIRST), "_later": F.col(moment) > F.col(LAST)}
        counts = within.select(source, moment).join(spans, source).groupBy(source).agg(*[F.count_if(c).alias(n) for n, c in sides.items()])
        counted = self.write(spans.select(source).join(counts, source, "left"))
        parts = [within.join(spans, source, "left_semi")]
        for side, beyond in (("_earlier", F.col(moment) < begin), ("_later", F.col(moment) > end)):
            few = counted.where(F.coalesce(F.col(side), F.lit(0)) < readings).select(source)
            if few.take(1):
                parts.append(standing.where(beyond).join(few, source, "left_semi"))
        return reduce(DataFrame.unionByName, parts)


def _with_before(rows: DataFrame) -> DataFrame:
    """The rows with the codes that they have, `_before`."""
    return rows.withColumn(BEFORE, F.concat_ws(",", "_codes"))


def _changed(rows: DataFrame) -> DataFrame:
    """The rows whose codes are other ones than before."""
    return rows.where(F.concat_ws(",", "_codes") != F.col(BEFORE))


def _in_groups_of(rows: DataFrame, others: DataFrame) -> DataFrame:
    """Return the rows that equal one of `others` in all columns of `others`; NULL equals NULL."""
    groups = others.distinct().select(*[F.col(c).alias(f"_group|{c}") for c in others.columns])
    same = [F.col(f"`_group|{c}`").eqNullSafe(F.col(c)) for c in others.columns]
    return groups.join(rows, same).select(*rows.columns)


def _spans(moved: DataFrame, line: Sequence[str]) -> DataFrame:
    """Per source the first and the last moment of its changed readings."""
    source, moment = line
    return moved.dropna().groupBy(source).agg(F.min(moment).alias(FIRST), F.max(moment).alias(LAST))


def _placed(rows: DataFrame, spans: DataFrame, line: Sequence[str]) -> DataFrame:
    """The rows with `_place`: the how manieth before the first or after the last changed reading of its source, 0 of those between."""
    source, moment = line
    spanned = rows.join(spans, source)
    before, after = F.col(moment) < F.col(FIRST), F.col(moment) > F.col(LAST)
    side = Window.partitionBy(source, F.when(before, -1).when(after, 1).otherwise(0))
    backwards, forwards = (F.row_number().over(side.orderBy(order)) for order in (F.col(moment).desc(), F.col(moment)))
    place = F.when(before, backwards).when(after, forwards).otherwise(0)
    return spanned.withColumn(PLACE, place.cast("int")).select(*rows.columns, PLACE)
