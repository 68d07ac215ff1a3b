"""Whom a record without a usable number probably speaks of: candidates with points for what agrees (domain rules D3, step 2).

Here: which records and persons are compared, what agrees, which candidate is good enough. Not here: the points
(standards/population/linkage_points.csv), matches by number (source_link), what follows for an archive (themes/health). Nothing is
merged and nobody is declared dead by points: the record keeps its own person until people have corrected its number.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import add

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assets.base.population.records import PLACEHOLDER, name_key, source_key, sources
from assets.base.population.source_link import NONE, U
from assets.declare import CHECKPOINT, cleansed, lake_asset, table
from assets.joins import Checkpoint, distinct_keys, left_join_lookup, semi_join
from standards import identity
from standards.names import comparable, compare_key, same_person_name
from standards.tables import rows

POINTS: Mapping[str, int] = {row["evidence"]: int(row["points"]) for row in rows("population/linkage_points")}
"""Evidence -> points, in hundredths of a score."""
LINK, REVIEW = "LINK", "REVIEW"
LINK_POINTS, REVIEW_POINTS, MARGIN = 75, 55, 10
"""Points from which a candidate is as good as a link, or worth a look, and how many it must be before the next one for that."""
KEPT = 3
"""Candidates of a record that are published."""
SHARED = 3
"""A phone number of more persons than this speaks for none of them."""
FREQUENT = 100
"""A name is frequent when it is among the most common hundredth, one in so many."""
UNTYPED = ("E_NULL", "E_PLACEHOLDER", "E_CONTROL")
"""What was delivered is no number with a mistake but none at all."""
NUMBER, BODY = 18, 17
"""Characters of a citizen number, and those before the check digit."""
NO_VILLAGE = "000"
"""The last digits of a division above the villages."""
ONE_EDIT_FROM = 3
"""Characters of a name from which one that differs is no other name."""
TABLES = {"archive": "health/archive", "certificate": "health/death_certificate", "cremation": "civil_affairs/cremation"}
"""The arguments of `scored_match` and their sources: those that say more of a person than name and number."""
KEY = ("source_table", "source_key")
RECORD = (
    *KEY, "name_key", "birth_date", "born_from", "born_to", "sex_code", "phone", "number", "village",
    "_source_file", "_row_no", "_batch_id",
)  # fmt: skip
SCORED = (*KEY, "candidate_uid", "score", "margin", "place", "decision", "evidence", "_source_file", "_row_no", "_batch_id")


def _column(frame: DataFrame, name: str, kind: str = "string") -> Column:
    return F.col(name) if name in frame.columns else F.lit(None).cast(kind)


def _village(division: Column) -> Column:
    """A division of 12 digits where it names a village: 321003000000 is a county, whose village is not known."""
    return F.when(~division.endswith(NO_VILLAGE), division)


def _of_source(name: str, frame: DataFrame) -> DataFrame:
    """The records of a source without a valid number and with a name that can be compared, columns RECORD.

    A death knows the age instead of the birth: within a year.
    """
    source = sources()[name]
    named = name_key(source).isNotNull() & ~F.array_contains("_codes", f"{source.name}:{PLACEHOLDER}")
    born = _column(frame, "birth_date", "date")
    if "age" in frame.columns:
        year = F.year(F.coalesce("death_date", "cremation_date")) - F.col("age")
        born_from, born_to = year - 1, year + 1
    else:
        born_from = born_to = F.year(born)
    typed = ~F.coalesce(F.col("id_no_error"), F.lit(UNTYPED[0])).isin(*UNTYPED)
    return frame.where(F.col("id_no").isNull() & named).select(
        F.lit(name).alias("source_table"),
        source_key(name).alias("source_key"),
        name_key(source).alias("name_key"),
        born.alias("birth_date"),
        born_from.alias("born_from"),
        born_to.alias("born_to"),
        "sex_code",
        _column(frame, "phone").alias("phone"),
        F.when(typed, identity.normalise(F.col("id_no_raw"))).alias("number"),
        _village(_column(frame, "village_code12")).alias("village"),
        "_source_file",
        F.col("_row_no").cast("bigint").alias("_row_no"),
        "_batch_id",
    )


def without_person(frames: Mapping[str, DataFrame], link: DataFrame) -> DataFrame:
    """The records that no number, document or local number has linked with a person whose number is known; columns RECORD."""
    records = reduce(DataFrame.unionByName, [_of_source(name, frame) for name, frame in frames.items()])
    return semi_join(records, link.where(F.col("match").isin(U, NONE)).select(*KEY), KEY)


def _frequent(person: DataFrame) -> DataFrame:
    """The most frequent hundredth of the names, at most: those of as many bearers count together. What is typed to get past a form is
    nobody's name: only persons with a number count."""
    names = person.where(F.col("name").isNotNull() & F.col("id_no").isNotNull()).groupBy("name").agg(F.count(F.lit(1)).alias("bearers"))
    sizes = names.groupBy("bearers").agg(F.count(F.lit(1)).alias("names"))
    everything = Window.partitionBy(F.lit(1))
    above, of_all = F.sum("names").over(everything.orderBy(F.col("bearers").desc())), F.sum("names").over(everything)
    ranked = sizes.select("bearers", above.alias("above"), of_all.alias("of_all"))
    most = ranked.where(F.col("above") * FREQUENT <= F.col("of_all")).select("bearers")
    return semi_join(names, most, ["bearers"]).select("name", F.lit(True).alias("is_frequent"))


def with_own_phone(records: DataFrame, person: DataFrame) -> DataFrame:
    """The records, without a phone number that more than SHARED persons have."""
    theirs = semi_join(person.select("phone"), distinct_keys(records.select("phone")), ["phone"])
    many = theirs.groupBy("phone").agg(F.count(F.lit(1)).alias("n")).where(F.col("n") > SHARED)
    known = many.select("phone", F.lit(True).alias("is_shared"))
    return (
        left_join_lookup(records, known, "phone").withColumn("phone", F.when(F.col("is_shared").isNull(), F.col("phone"))).select(*RECORD)
    )


def pairs(records: DataFrame, person: DataFrame) -> DataFrame:
    """Pairs of a record and a person with a number: the same name and year of birth, or the same phone number."""
    there = person.where(F.col("id_no").isNotNull()).select(
        F.col("person_uid").alias("candidate_uid"),
        F.col("name").alias("their_name"),
        F.col("former_name").alias("their_former"),
        F.col("birth_date").alias("their_birth"),
        F.col("sex_code").alias("their_sex"),
        F.col("phone").alias("their_phone"),
        F.col("id_no").alias("their_number"),
        _village(F.col("hukou_div")).alias("their_village"),
    )
    years = records.where(F.col("born_from").isNotNull()).withColumn("_year", F.explode(F.sequence("born_from", "born_to")))
    known = there.withColumn("_name", compare_key(F.col("their_name"))).withColumn("_year", F.year("their_birth"))
    by_name = years.withColumnRenamed("name_key", "_name").join(known, ["_name", "_year"]).withColumnRenamed("_name", "name_key")
    by_phone = records.withColumn("their_phone", F.col("phone")).join(there, "their_phone")
    both = [found.select(*RECORD, *there.columns) for found in (by_name, by_phone)]
    return reduce(DataFrame.unionByName, both).dropDuplicates([*KEY, "candidate_uid"])


def one_edit(number: Column, other: Column) -> Column:
    """Whether a delivered number is the other but for one digit, two neighbours turned round, or its missing check digit (rule R1)."""

    def turned(n: Column) -> Column:
        rest = F.concat(F.substr(number, n + 1, F.lit(1)), F.substr(number, n, F.lit(1)), F.substr(number, n + 2))
        return F.concat(F.substr(number, F.lit(1), n - 1), rest) == other

    whole = (F.length(number) == NUMBER) & (F.length(other) == NUMBER)
    distance = F.levenshtein(number, other)
    swapped = (distance == 2) & F.exists(F.sequence(F.lit(1), F.lit(BODY)), turned)
    missing = (F.length(number) == BODY) & (F.substring(other, 1, BODY) == number)
    return (whole & ((distance == 1) | swapped)) | missing


def _agreement() -> dict[str, Column]:
    """Evidence -> whether it holds of a record and its candidate; of one kind at most one."""
    names = same_person_name(F.col("name_key"), F.col("their_key"), F.col("their_former_key"))
    long = (F.length("name_key") >= ONE_EDIT_FROM) & (F.length("their_key") >= ONE_EDIT_FROM)
    name = F.when((names != "ONE_EDIT") | long, names)
    born, theirs = F.col("birth_date"), F.col("their_birth")
    turned = (F.year(born) == F.year(theirs)) & (F.month(born) == F.dayofmonth(theirs)) & (F.dayofmonth(born) == F.month(theirs))
    near = F.year(theirs).between(F.col("born_from"), F.col("born_to"))
    birth = F.when(born == theirs, "BIRTH").when(turned, "BIRTH_TURNED").when(near, "BIRTH_YEAR").when(~near, "BIRTH_OTHER")
    number = F.when(one_edit(F.col("number"), F.col("their_number")), "NUMBER_ONE_EDIT").when(F.col("number").isNotNull(), "NUMBER_OTHER")
    same_village = F.col("village") == F.col("their_village")
    return {
        "NAME": name == "EXACT",
        "NAME_FORMER": name == "FORMER",
        "NAME_PART": name == "RARE",
        "NAME_ONE_EDIT": name == "ONE_EDIT",
        "NAME_OTHER": name.isNull() & F.col("their_key").isNotNull(),
        "NAME_FREQUENT": (name == "EXACT") & F.col("is_frequent"),
        **{kind: birth == kind for kind in ("BIRTH", "BIRTH_TURNED", "BIRTH_YEAR", "BIRTH_OTHER")},
        "SEX": F.col("sex_code") == F.col("their_sex"),
        "SEX_OTHER": F.col("sex_code") != F.col("their_sex"),
        "PHONE": F.col("phone") == F.col("their_phone"),
        "VILLAGE": same_village,
        "VILLAGE_OTHER": ~same_village,
        **{kind: number == kind for kind in ("NUMBER_ONE_EDIT", "NUMBER_OTHER")},
    }


def with_points(found: DataFrame) -> DataFrame:
    """Pairs with `points` and `evidence`, which names every item that adds or takes points."""
    agreement = _agreement()
    assert agreement.keys() == POINTS.keys()
    points = reduce(add, [F.when(holds, POINTS[kind]).otherwise(0) for kind, holds in agreement.items()])
    evidence = F.array_compact(F.array(*[F.when(holds, F.lit(kind)) for kind, holds in agreement.items()]))
    return found.withColumn("points", points).withColumn("evidence", evidence)


def ranked(scored: DataFrame) -> DataFrame:
    """The best candidates of every record with place, margin and decision."""
    order = Window.partitionBy(*KEY).orderBy(F.col("points").desc(), F.col("candidate_uid"))
    own_name = F.arrays_overlap("evidence", F.array(*map(F.lit, ("NAME", "NAME_FORMER", "NAME_PART"))))
    placed = scored.select("*", F.row_number().over(order).alias("place"), (F.col("points") - F.lead("points").over(order)).alias("ahead"))
    # twins share birth, phone and village: of a name that differs nothing but a look is due
    clear = (F.col("place") == 1) & own_name & F.coalesce(F.col("ahead") >= MARGIN, F.lit(True))
    best = placed.where((F.col("points") >= REVIEW_POINTS) & (F.col("place") <= KEPT))
    return (
        best.withColumn("decision", F.when(clear & (F.col("points") >= LINK_POINTS), LINK).otherwise(REVIEW))
        .withColumn("score", F.round(F.least("points", F.lit(100)) / 100, 2))
        .withColumn("margin", F.round(F.col("ahead") / 100, 2))
    )


def is_clear() -> Column:
    """Over SCORED: the best candidate of a record, far enough before the next one."""
    return (F.col("place") == 1) & (F.col("margin").isNull() | (F.col("margin") >= MARGIN / 100))


@lake_asset("base/population/scored_match")
def scored_match(
    link: DataFrame = table("base/population/source_link"),
    person: DataFrame = table("base/population/person"),
    archive: DataFrame = cleansed("health/archive", optional=True),
    certificate: DataFrame = cleansed("health/death_certificate", optional=True),
    cremation: DataFrame = cleansed("civil_affairs/cremation", optional=True),
    checkpoint: Checkpoint = CHECKPOINT,
) -> DataFrame:
    """One row per record without a known person and candidate, key (source_table, source_key, candidate_uid), columns SCORED.

    decision: LINK from 0.75 on, 0.10 before the next candidate and under a name that does not differ; REVIEW from 0.55 on. A frequent
    name depends on all persons, so the table declares no touched units and is made whole.
    """
    # the records are few and asked for several times; the keys of names are long expressions that every item of evidence would repeat
    records = checkpoint(without_person(dict(zip(TABLES.values(), (archive, certificate, cremation), strict=True)), link))
    found = pairs(with_own_phone(records, person), person).transform(
        left_join_lookup, _frequent(person).withColumnRenamed("name", "their_name"), "their_name"
    )
    keyed = found.withColumn("their_key", comparable(compare_key(F.col("their_name")))).withColumn(
        "their_former_key", compare_key(F.col("their_former"))
    )
    return ranked(with_points(checkpoint(keyed))).select(*SCORED)
