"""The links of the records that a night may have changed, and of no others (domain rules D3, step 1).

Here: which those are, and which records their links follow from; matching is that of source_link. Two records speak to each other by
a valid number, a document or a local number, so what one changes is found by what it carries and has carried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.base.population import source_link as links
from assets.base.population.records import records, sources
from assets.declare import Changes, Update, declared, update_of
from assets.joins import anti_join, changed_rows, left_join_lookup, semi_join, unchanged_rows
from quality.rows import LINEAGE

TABLE = "base/population/source_link"
KEY = ("source_table", "source_key")
WORD, LOCAL = "word", "local:"
"""What a record without a number is found by: its document, its local number, itself."""


def _by_source(frames: Mapping[str, DataFrame]) -> dict[str, DataFrame]:
    """By the tables' names instead of the arguments'."""
    inputs = declared()[TABLE].inputs
    return {inputs[argument].removeprefix("cleansed/"): frame for argument, frame in frames.items()}


def _words(rows: DataFrame) -> DataFrame:
    """KEY and each word of a record without a number."""
    document, local = F.concat(F.lit("document:"), F.col("document")), F.concat(F.lit(LOCAL), F.col("local_number"))
    itself = F.concat(F.lit("record:"), F.concat_ws(":", *KEY))
    return rows.select(*KEY, F.explode(F.array_compact(F.array(document, local, itself))).alias(WORD))


def _with_words(rows: DataFrame, words: DataFrame) -> DataFrame:
    """KEY of the rows that have one of the words."""
    return semi_join(_words(rows), words.where(F.col(WORD).isNotNull()).distinct(), [WORD]).select(*KEY).distinct()


def _moved(came: DataFrame, was: DataFrame) -> DataFrame:
    """KEY and LINEAGE of the records that say what they said before, and stand in another place: so do their links."""
    return unchanged_rows(came, was, KEY, [c for c in came.columns if c not in (*KEY, *LINEAGE)]).select(*KEY, *LINEAGE)


@update_of(TABLE)
def changed_links(
    changes: Changes, pseudonym: Callable[[Column], Column], checkpoint: Callable[[DataFrame], DataFrame], **inputs: DataFrame
) -> Update:
    """The links that follow anew: of the records that say something else than before, that share a number with one of them, or that
    are linked by a local number or document that one of them carries, or that is taught by a record of a number so touched. Of records
    that only stand in another place, only that."""
    everything = _by_source(inputs)
    numbered = {table: frame.where(F.col("id_no").isNotNull()) for table, frame in everything.items()}
    teachers = {table: frame for table, frame in numbered.items() if sources()[table].introduces and sources()[table].local}
    came, was = (checkpoint(records(_by_source(rows))) for rows in (changes.came, changes.was))
    moved = checkpoint(_moved(came, was))
    came, was = (checkpoint(anti_join(rows, moved, KEY)) for rows in (came, was))
    changed = came.unionByName(was)

    touched = checkpoint(changed.select("id_no").where(F.col("id_no").isNotNull()).distinct())
    rows = checkpoint(_of_numbers(numbered, touched))
    anchor = checkpoint(links.anchors(rows))
    shifted = checkpoint(changed_rows(anchor, links.anchors(anti_join(rows, came, KEY).unionByName(was)), ["id_no"]).select("id_no"))
    anew = anti_join(semi_join(rows, shifted, ["id_no"]), came, KEY).unionByName(came)
    needed = [c for c in links.LINK if c != "person_uid"] + ["owner"]
    identified = links.match_by_number(anew, anchor).select(*needed)

    taught = changed.where("introduces").select("local_numbers").unionByName(_of_numbers(teachers, shifted).select("local_numbers"))
    unnumbered = checkpoint(links.without_number(records({t: frame.where(F.col("id_no").isNull()) for t, frame in everything.items()})))
    local_words = taught.select(F.concat(F.lit(LOCAL), F.explode("local_numbers")).alias(WORD))
    reached = checkpoint(_with_words(unnumbered, _words(links.without_number(changed)).select(WORD).unionByName(local_words)))
    beside = checkpoint(semi_join(unnumbered, _with_words(unnumbered, _words(semi_join(unnumbered, reached, KEY)).select(WORD)), KEY))
    found = checkpoint(semi_join(_matched(beside, teachers, numbered, checkpoint).select(*needed), reached, KEY))

    made = checkpoint(identified.unionByName(found).transform(links.with_person, pseudonym).select(*links.LINK))
    elsewhere = semi_join(changes.before.drop(*LINEAGE), moved, KEY).transform(left_join_lookup, moved, KEY).select(*links.LINK)
    return Update(changed.select(*KEY), made.unionByName(anti_join(elsewhere, made, KEY)))


def _of_numbers(frames: Mapping[str, DataFrame], numbers: DataFrame) -> DataFrame:
    """The records that carry one of the valid numbers."""
    return records({table: semi_join(frame, numbers, ["id_no"]) for table, frame in frames.items()})


def _matched(
    unnumbered: DataFrame, teachers: Mapping[str, DataFrame], numbered: Mapping[str, DataFrame], checkpoint: Callable[..., DataFrame]
) -> DataFrame:
    """The records without a number, matched beside all that teach one of their local numbers, and all that carry the numbers of these."""
    wanted = checkpoint(unnumbered.select("local_number").where(F.col("local_number").isNotNull()).distinct())
    teaching = records(teachers).select("id_no", F.explode("local_numbers").alias("local_number"))
    numbers = checkpoint(semi_join(teaching, wanted, ["local_number"]).select("id_no").distinct())
    rows = checkpoint(_of_numbers(numbered, numbers))
    local = links.local_numbers(links.match_by_number(rows, links.anchors(rows)), wanted)
    return links.match_without_number(unnumbered, links.documents(unnumbered), local)
