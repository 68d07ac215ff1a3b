"""The work list of a theme: one row per record and rule that hits, with the records that prove it, to file and line.

Here: the form of evidence, putting it to the hits. Not here: which records prove what (the theme's package).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import TypeVar

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.rules.table import RuleTable

T = TypeVar("T")
EVENTS_SHOWN = 20
PROOF = ("source_table", "source_key", "fact", "_source_file", "_row_no")


def proof(frame: DataFrame, record: str, source_table: Column | str, source_key: Column | str, fact: Column) -> DataFrame:
    """Evidence rows for the records that the column `record` of `frame` names: `record` and PROOF.

    Args:
        frame: with _source_file and _row_no of the proving row.
        record: the column that identifies the record in question.
        source_table: table of the proving row; a text names a column.
        source_key: its key there.
        fact: what it says.
    """
    named = dict(zip(PROOF, (source_table, source_key, fact, "_source_file", "_row_no"), strict=True))
    return frame.select(record, *[(F.col(v) if isinstance(v, str) else v).alias(k) for k, v in named.items()])


def says(label: str, *values: str) -> Column:
    """A fact in words: a label and the values of columns."""
    return F.concat_ws(" ", F.lit(label), *[F.col(v).cast("string") for v in values])


def work_list(judged: DataFrame, table: RuleTable[T], proofs: Mapping[str, DataFrame], record: str, columns: Sequence[str]) -> DataFrame:
    """Put the evidence to the rules that hit.

    Args:
        judged: records with `rules`, `record` and `columns`.
        table: the rules, which name their kinds of evidence.
        proofs: kind of evidence -> rows as `proof` gives them.
        record: the column that identifies a record.
        columns: of the record, to be kept.

    Returns:
        One row per record and rule that hits and has evidence: columns, rule, action, automatic, evidence (at most EVENTS_SHOWN
        records, sorted by table and key).

    Raises:
        ValueError: the kinds of the rules are not those of the proofs.
    """
    if odd := sorted({kind for r in table.rules.values() for kind in r.evidence} ^ proofs.keys()):
        raise ValueError(f"the evidence of rules.yaml and of the work list differ in: {', '.join(odd)}")
    action, automatic, kinds = F.lit(None).cast("string"), F.lit(False), F.array().cast("array<string>")
    for rule in table.rules.values():
        here = F.col("rule") == rule.id
        action = F.when(here, rule.action).otherwise(action)
        automatic = F.when(here, rule.automatic).otherwise(automatic)
        kinds = F.when(here, F.array(*map(F.lit, rule.evidence))).otherwise(kinds)
    everything = reduce(DataFrame.unionByName, [rows.withColumn("kind", F.lit(kind)) for kind, rows in proofs.items()])
    evidence = F.slice(F.sort_array(F.collect_list(F.struct(*PROOF))), 1, EVENTS_SHOWN)
    return (
        judged.select(*dict.fromkeys((record, *columns)), F.explode("rules").alias("rule"))
        .withColumn("kinds", kinds)
        .join(everything, record)
        .where(F.array_contains("kinds", F.col("kind")))
        .groupBy(*columns, "rule")
        .agg(evidence.alias("evidence"))
        .withColumn("action", action)
        .withColumn("automatic", automatic)
    )
