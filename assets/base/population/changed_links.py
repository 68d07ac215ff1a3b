"""The links of the records that a night may have changed, and of no others (domain rules D3, step 1).

Here: which those are, and which records their links follow from; matching is that of source_link. Two records speak to each other by
a valid number, a document or a local number, so what one changes is found by what it carries and has carried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.base.population import source_link as links
from assets.base.population.records import records, sources
from assets.declare import Changes, Update, declared, update_of
from assets.lookup import only

TABLE = "base/population/source_link"
KEY = ("source_table", "source_key")
WORD = "word"
"""What a record without a number is found by: its document, its local number, itself."""


def _by_source(frames: Mapping[str, DataFrame]) -> dict[str, DataFrame]:
    """By the tables' names instead of the arguments'."""
    inputs = declared()[TABLE].inputs
    return {inputs[argument].removeprefix("cleansed/"): frame for argument, frame in frames.items()}


def _words(rows: DataFrame) -> DataFrame:
    """KEY and each word of a record without a number."""
    document, local = F.concat(F.lit("document:"), F.col("document")), F.concat(F.lit("local:"), F.col("local_number"))
    itself = F.concat(F.lit("record:"), F.concat_ws(":", *KEY))
    return rows.select(*KEY, F.explode(F.array_compact(F.array(document, local, itself))).alias(WORD))


def _with_words(rows: DataFrame, words: Iterable[DataFrame]) -> DataFrame:
    """KEY of the rows that have one of the words."""
    wanted = reduce(DataFrame.unionByName, [w.select(WORD) for w in words]).where(F.col(WORD).isNotNull()).distinct()
    return only(_words(rows), wanted, [WORD]).select(*KEY).distinct()


def _local_words(rows: DataFrame) -> DataFrame:
    """A word for each local number of the rows."""
    return rows.select(F.concat(F.lit("local:"), F.explode("local_numbers")).alias(WORD))


@update_of(TABLE)
def changed_links(
    changes: Changes, pseudonym: Callable[[Column], Column], checkpoint: Callable[[DataFrame], DataFrame], **inputs: DataFrame
) -> Update:
    """The links that follow anew: of the records that have changed, that share a number with one of them, or that are linked by
    a local number or document that one of them carries, or that is taught by a record of a number so touched."""
    everything = _by_source(inputs)
    numbered = {table: frame.where(F.col("id_no").isNotNull()) for table, frame in everything.items()}
    teachers = {table: frame for table, frame in numbered.items() if sources()[table].introduces and sources()[table].local}
    changed = checkpoint(records(_by_source(changes.came)).unionByName(records(_by_source(changes.was))))

    touched = checkpoint(changed.select("id_no").where(F.col("id_no").isNotNull()).distinct())
    taught = records({table: only(frame, touched, ["id_no"]) for table, frame in teachers.items()})
    nameless = {table: frame.where(F.col("id_no").isNull()) for table, frame in everything.items()}
    unnumbered = checkpoint(links.without_number(records(nameless)))
    mine = links.without_number(changed)
    reached = checkpoint(_with_words(unnumbered, [_words(mine), _local_words(changed), _local_words(taught)]))
    beside = _with_words(unnumbered, [_words(only(unnumbered, reached, KEY))])
    unnumbered = checkpoint(only(unnumbered, beside, KEY))

    wanted = checkpoint(unnumbered.select("local_number").where(F.col("local_number").isNotNull()).distinct())
    teaching = records(teachers).select("id_no", F.explode("local_numbers").alias("local_number"))
    numbers = checkpoint(touched.unionByName(only(teaching, wanted, ["local_number"]).select("id_no")).distinct())
    rows = checkpoint(records({table: only(frame, numbers, ["id_no"]) for table, frame in numbered.items()}))

    needed = [c for c in links.LINK if c != "person_uid"] + ["owner"]
    identified = checkpoint(links.match_by_number(rows, links.anchors(rows)).select(*needed, *links.TEACHING))
    local = links.local_numbers(identified, wanted)
    found = links.match_without_number(unnumbered, links.documents(unnumbered), local).select(*needed)
    made = identified.select(*needed).unionByName(only(found, reached, KEY))
    made = checkpoint(made.transform(links.with_person, pseudonym).select(*links.LINK))
    return Update(made.select(*KEY).unionByName(changed.select(*KEY)).distinct(), made)
