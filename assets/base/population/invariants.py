"""Invariants of persons that need more than one query (domain rules H3).

The published number is parsed again by the rule of the standard.
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assets.invariants import EXAMPLES, ReleaseTables, Violations, invariant
from standards.rules import Options, parse

PERSON = "base/population/person"
RECENT = 7
"""The newest versions that are compared without --thorough."""


@invariant("numbers_are_valid", code="H3", must="every identity number of a person is valid", tables=(PERSON,))
def numbers_are_valid(release: ReleaseTables) -> Violations:
    """Count the persons whose published identity number is not valid on the business date."""
    numbers = release.frame(PERSON).where(F.col("id_no").isNotNull()).select("person_uid", "id_no")
    options = Options(business_date=F.lit(release.as_of), test_divisions=release.test_divisions)
    judged = parse(numbers, {"judged": ("identity", "id_no", options)})
    wrong = F.when(F.coalesce(F.col("judged.value"), F.lit("")) != F.col("id_no"), F.col("person_uid"))
    # no filter: the engine would inline the whole rule into it and plan for half a minute
    found = judged.agg(F.count(wrong).alias("n"), F.slice(F.sort_array(F.collect_list(wrong)), 1, EXAMPLES).alias("shown")).collect()[0]
    return Violations(found["n"], tuple(found["shown"]))


@invariant(
    "pseudonym_of_one_person",
    code="H3",
    must="in all releases a pseudonym has one number and a number one pseudonym",
    tables=(PERSON,),
)
def pseudonym_of_one_person(release: ReleaseTables) -> Violations:
    """Count the pseudonyms that have two numbers, or share a number, in any readable release up to this one."""
    versions = release.versions(PERSON) if release.thorough else release.versions(PERSON)[-RECENT:]
    read = [release.frame(PERSON, version).select("person_uid", "id_no") for version in versions]
    pairs = reduce(DataFrame.unionByName, read).where(F.col("id_no").isNotNull()).distinct()
    two_numbers = pairs.groupBy("person_uid").count().where(F.col("count") > 1).select("person_uid")
    shared = pairs.groupBy("id_no").agg(F.count(F.lit(1)).alias("n"), F.min("person_uid").alias("person_uid")).where(F.col("n") > 1)
    wrong = two_numbers.unionByName(shared.select("person_uid")).distinct()
    count = wrong.count()
    shown = wrong.orderBy("person_uid").limit(EXAMPLES).collect() if count else []
    return Violations(count, tuple(r["person_uid"] for r in shown))
