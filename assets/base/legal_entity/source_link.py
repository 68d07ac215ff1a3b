"""Which legal entity each source record speaks of (domain rules D4): judgement, credit code, organisation code, registration number
through the changes, and name with county and legal representative.

Here: the match of every record with its evidence, and the entity's stable key. Not here: what the entity looks like (entity), names that
only people can compare (review). Everything is a function of the records alone: the order in which they arrived does not matter, and a
rebuild gives the same keys.

An owner is the text that stands for an entity inside this module: ORG:code (places 9 to 17 of a credit code; USCC:code where two credit
codes share them), REG:number of a registration that nobody knows another number of, NAME:name|county|representative of one without any
number, or table:key of a record that has not even these. It names an identifier of the entity, never one of its records, so that it stays
when records come and go. The text of an identifier that has given way to a better one is kept as an alias (alias).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.base.legal_entity.records import (
    ENTITY,
    changes,
    number,
    org_code,
    records,
    sources,
    words,
    words_of_change,
    words_of_judgement,
)
from assets.declare import CHECKPOINT, PSEUDONYM, cleansed, lake_asset
from assets.joins import left_join_lookup
from assets.linkage import by_order, of_first, value_of, with_uid
from assets.touch import own, units

JUDGED, USCC, ORG, REG, NAME, OWN, NONE = "JUDGED", "USCC", "ORG", "REG", "NAME", "OWN", "NONE"
BY_NUMBER = (JUDGED, USCC, ORG, REG)
CHANGE, RECORD, BRANCH, AMBIGUOUS, DIFFERENT = "CHANGE", "RECORD", "BRANCH", "AMBIGUOUS", "DIFFERENT"
"""Match reasons: the number was exchanged by a change; another record has both numbers; the number is that of the branch's parent, or of
the parent's branch; two entities could be meant; people have decided that it is not the entity of its number."""
SAME, OTHER = "1", "0"
"""Verdicts of a judgement."""
EVIDENCE = ("evidence_table", "evidence_key", "evidence_file", "evidence_row")
LINK = (
    "source_table", "source_key", "entity_uid", "match", "match_reason", "uscc", "org_code", "reg_no", "name", "name_key", "short_key",
    "is_branch", "county6", "rep_name", "rep_key", "rep_id_no", *EVIDENCE, "_source_file", "_row_no", "_batch_id", "_business_date",
)  # fmt: skip
TRIPLE = ("name_key", "county6", "rep_key")


def _unique(rows: DataFrame, key: str | tuple[str, ...], value: str, *more: Column) -> DataFrame:
    """Per key the only `value` that its rows have, and `several`: there are others. more: further aggregates."""
    keys = [key] if isinstance(key, str) else list(key)
    least, most = F.min(value).alias(value), F.max(value).alias("_most")
    found = rows.dropna(subset=keys).groupBy(*keys).agg(least, most, *more)
    return found.withColumn("several", F.col(value) != F.col("_most")).drop("_most")


def with_judgement(rows: DataFrame, judgement: DataFrame) -> DataFrame:
    """The records as people have judged them: one that is an entity has the number of that entity, one that is not has none."""
    said = judgement.select(
        "source_table",
        "source_key",
        "verdict",
        number("USCC", "entity_no").alias("said_uscc"),
        org_code("entity_no").alias("said_code"),
        number("REG", "entity_no").alias("said_reg"),
        F.concat_ws("|", "source_table", "source_key").alias("said_key"),
        F.col("_source_file").alias("said_file"),
        F.col("_row_no").cast("bigint").alias("said_row"),
    )
    same = F.col("verdict") == SAME
    denied = (F.col("verdict") == OTHER) & ((F.col("said_code") == F.col("org_code")) | (F.col("said_reg") == F.col("reg_no")))
    denied = F.coalesce(denied, F.lit(False))
    numbers = {"uscc": "said_uscc", "org_code": "said_code", "reg_no": "said_reg"}
    judged = {c: F.when(same, F.col(by)).when(~denied, F.col(c)) for c, by in numbers.items()}
    return left_join_lookup(rows, said, ["source_table", "source_key"]).withColumns(
        {**judged, "judged": F.coalesce(same, F.lit(False)), "denied": F.coalesce(F.col("verdict") == OTHER, F.lit(False))}
    )


def credit_codes(rows: DataFrame, changed: DataFrame) -> DataFrame:
    """The organisation codes that several credit codes have: org_code, shared (true). Such a code alone names no entity."""
    after = changed.select(F.col("after_code").alias("org_code"), F.col("after_uscc").alias("uscc"))
    known = rows.select("org_code", "uscc").unionByName(after).where(F.col("uscc").isNotNull())
    return _unique(known, "org_code", "uscc").where("several").select("org_code", F.lit(True).alias("shared"))


def _owner_of(code: str, credit: str) -> Column:
    """The owner that a number names, with `shared` of `credit_codes`; NULL where it names none, or more than one."""
    whole = F.concat(F.lit("USCC:"), F.col(credit))
    return F.when(F.coalesce(F.col("shared"), F.lit(False)), whole).otherwise(F.concat(F.lit("ORG:"), F.col(code)))


def registrations(rows: DataFrame, changed: DataFrame, shared: DataFrame) -> DataFrame:
    """Per registration number the entity that it belongs to, taught by changes and by records that have both numbers.

    Columns: reg_no, taught_owner (NULL when nobody knows another number), several, next_reg (the number of 15 digits that one of 13 was
    exchanged for), reason (CHANGE or RECORD), and the evidence as taught_table, taught_key, taught_file, taught_row.
    """
    where = ("source_table", "source_key", "_source_file", "_row_no")
    exchanged = changed.where(F.col("before_reg").isNotNull())
    steps = exchanged.where(F.col("after_reg").isNotNull() & (F.col("after_reg") != F.col("before_reg")))
    stepped = _unique(steps.select(F.col("before_reg").alias("reg_no"), F.col("after_reg").alias("next_reg")), "reg_no", "next_reg")
    stepped = stepped.where(~F.col("several")).drop("several")
    by_change = exchanged.select(
        F.col("before_reg").alias("reg_no"), F.col("after_code").alias("org_code"), F.col("after_uscc").alias("uscc"), *where,
        F.lit(CHANGE).alias("reason"),
    )  # fmt: skip
    by_record = rows.where(~F.col("judged")).select("reg_no", "org_code", "uscc", *where, F.lit(RECORD).alias("reason"))
    both = by_change.unionByName(by_record).where(F.col("reg_no").isNotNull() & F.col("org_code").isNotNull())
    taught = left_join_lookup(both, shared, "org_code").withColumn("taught_owner", _owner_of("org_code", "uscc"))
    taught = taught.where(F.col("taught_owner").isNotNull()).select("reg_no", "taught_owner", "reason", *where)
    earlier = stepped.select(F.col("reg_no").alias("former_reg"), F.col("next_reg").alias("reg_no"))
    passed_on = earlier.join(taught, "reg_no").drop("reg_no").withColumnRenamed("former_reg", "reg_no")
    first = of_first(F.concat_ws("|", "reason", "source_table", "source_key"), *[F.col(c) for c in ("reason", *where)])
    known = _unique(taught.unionByName(passed_on), "reg_no", "taught_owner", first.alias("first"))
    places = {"reason": 0, "taught_table": 1, "taught_key": 2, "taught_file": 3, "taught_row": 4}
    found = known.select(
        "reg_no", F.when(~F.col("several"), F.col("taught_owner")).alias("taught_owner"), "several",
        *[value_of("first", place, len(places)).alias(name) for name, place in places.items()],
    )  # fmt: skip
    return found.join(stepped, "reg_no", "full").withColumn("taught_row", F.col("taught_row").cast("bigint"))


def match_by_number(rows: DataFrame, shared: DataFrame, registered: DataFrame) -> DataFrame:
    """owner, match and match_reason of every record by its numbers, the first that names an entity; NULL where none does."""
    coded = _owner_of("org_code", "uscc")
    by_code, several = F.col("org_code").isNotNull(), F.coalesce(F.col("several"), F.lit(False))
    itself = F.concat(F.lit("REG:"), F.coalesce("next_reg", "reg_no"))
    by_registration = F.when(~several, F.coalesce(F.col("taught_owner"), itself))
    owner = F.when(by_code, coded).otherwise(by_registration)
    match = F.when(F.col("judged"), JUDGED).when(F.col("uscc").isNotNull(), USCC).when(by_code, ORG).when(F.col("reg_no").isNotNull(), REG)
    numbered = F.coalesce("org_code", "reg_no").isNotNull()
    reason = (
        F.when(F.col("denied"), DIFFERENT).when(numbered & F.col("owner").isNull(), AMBIGUOUS).when(F.col("match") == REG, F.col("reason"))
    )
    found = left_join_lookup(left_join_lookup(rows, shared, "org_code"), registered, "reg_no")
    return (
        found.withColumn("owner", owner)
        .withColumn("match", F.when(F.col("owner").isNotNull(), match))
        .withColumn("match_reason", reason)
        .drop("reason", "shared", "several", "next_reg")
    )


def anchors(matched: DataFrame) -> DataFrame:
    """Per owner the record that counts, first by the sources' order: owner, anchor_branch, and the evidence as anchor_table, …"""
    values = [F.col(c) for c in ("is_branch", "source_table", "source_key", "_source_file", "_row_no")]
    first = of_first(by_order(F.col("name"), F.col("name_order")), *values)
    names = ("anchor_branch", "anchor_table", "anchor_key", "anchor_file", "anchor_row")
    casts = {"anchor_branch": "boolean", "anchor_row": "bigint"}
    found = matched.where(F.col("owner").isNotNull()).groupBy("owner").agg(first.alias("first"))
    return found.select(
        "owner", *[value_of("first", place, len(names)).cast(casts.get(name, "string")).alias(name) for place, name in enumerate(names)]
    )


def without_mixed_branches(matched: DataFrame) -> DataFrame:
    """The matches without those of a branch under the number of its parent, or the reverse: such a record has no number of its own."""
    mixed = ~F.col("judged") & (F.col("is_branch") != F.col("anchor_branch"))
    mixed = F.coalesce(mixed, F.lit(False))
    found = left_join_lookup(matched, anchors(matched).select("owner", "anchor_branch"), "owner").withColumn("mixed", mixed)
    kept = {c: F.when(~F.col("mixed"), F.col(c)) for c in ("owner", "match", "uscc", "org_code", "reg_no", "taught_owner")}
    return found.withColumns({"match_reason": F.when(F.col("mixed"), BRANCH).otherwise(F.col("match_reason")), **kept}).drop(
        "mixed", "anchor_branch"
    )


def triples(matched: DataFrame, changed: DataFrame) -> DataFrame:
    """What the entities are called, where, and under whom: columns TRIPLE and owner. Former names and former counties count as well."""
    owned = matched.where(F.col("owner").isNotNull())
    of_change = owned.where(F.col("source_table") == ENTITY).select(F.col("source_key").alias("entity"), "owner")
    said = of_change.join(changed, "entity")

    def values(name: str, own_columns: tuple[str, ...], of_changes: tuple[str, ...]) -> DataFrame:
        parts = [owned.select("owner", F.col(c).alias(name)) for c in own_columns]
        parts += [said.select("owner", F.col(c).alias(name)) for c in of_changes]
        return reduce(DataFrame.unionByName, parts).dropna().distinct()

    names = values("name_key", ("name_key", "former_key"), ("before_key", "after_key"))
    counties = values("county6", ("county6",), ("before_county", "after_county"))
    return names.join(counties, "owner").join(values("rep_key", ("rep_key",), ()), "owner")


def registrations_by_name(matched: DataFrame, called: DataFrame) -> DataFrame:
    """The owners REG:number that are an entity with a code: its only namesake, of which no registration number is known, and which is
    the namesake of no other. Columns: owner, better."""
    by_code = ~F.col("owner").startswith("REG:")
    registered = matched.where(~by_code & ~F.col("judged")).select("owner", *TRIPLE)
    has_one = matched.where(by_code & F.col("reg_no").isNotNull()).select("owner")
    taught = matched.where(F.col("taught_owner").isNotNull()).select(F.col("taught_owner").alias("owner"))
    taken = has_one.unionByName(taught).distinct().withColumn("taken", F.lit(True))
    free = left_join_lookup(called.where(by_code), taken, "owner").where(F.col("taken").isNull())
    pairs = free.select(*TRIPLE, F.col("owner").alias("better")).join(registered, list(TRIPLE)).select("owner", "better").distinct()
    one = _unique(pairs, "owner", "better").where(~F.col("several")).drop("several")
    back = _unique(pairs, "better", "owner").where(~F.col("several")).select("better")
    return one.join(back, "better").select("owner", "better")


def match_by_name(matched: DataFrame, called: DataFrame) -> DataFrame:
    """The owner of records without one: the only entity of their name, county and legal representative, else an entity of their own.

    A record of a list that introduces nobody gets one only if another record introduces it.
    """
    known = _unique(called, TRIPLE, "owner").select(*TRIPLE, F.col("owner").alias("namesake"), "several")
    nameless = left_join_lookup(matched.where(F.col("owner").isNull()).drop("owner"), known, TRIPLE)
    several = F.coalesce(F.col("several"), F.lit(False))
    complete = reduce(lambda a, b: a & b, [F.col(c).isNotNull() for c in TRIPLE])
    alone = complete & F.col("namesake").isNull()
    introduced = nameless.where(F.col("introduces") & alone).select(*TRIPLE).distinct().withColumn("introduced", F.lit(True))
    named = F.concat(F.lit("NAME:"), F.concat_ws("|", *TRIPLE))
    owner = (
        F.when(F.col("namesake").isNotNull() & ~several & ~F.col("denied"), F.col("namesake"))
        .when(alone & F.col("introduced"), named)
        .when(F.col("introduces"), F.concat_ws(":", "source_table", "source_key"))
    )
    by_name = (F.col("owner") == F.col("namesake")) & ~several & ~F.col("denied")
    match = F.when(by_name, NAME).when(F.col("owner").isNotNull(), OWN).otherwise(NONE)
    reason = F.coalesce(F.col("match_reason"), F.when(several, AMBIGUOUS))
    return (
        left_join_lookup(nameless, introduced, TRIPLE)
        .withColumn("owner", owner)
        .withColumn("match", match)
        .withColumn("match_reason", reason)
        .drop("namesake", "several", "introduced")
    )


def with_evidence(matched: DataFrame) -> DataFrame:
    """EVIDENCE, the row by which the record was matched: the judgement, the change or record that teaches its registration number, else
    the record that counts most of the entity, if that is another one."""
    counted = matched.where(F.col("match").isin(*BY_NUMBER))
    found = left_join_lookup(matched, anchors(counted), "owner")
    other = (F.col("anchor_table") != F.col("source_table")) | (F.col("anchor_key") != F.col("source_key"))
    taught = (F.col("match") == REG) & F.col("taught_owner").isNotNull()

    def evidence(said: Column, teacher: str, anchor: str) -> Column:
        return (
            F.when(F.col("match") == JUDGED, said)
            .when(taught, F.col(teacher))
            .when(F.col("match").isin(USCC, ORG, REG, NAME) & other, F.col(anchor))
        )

    return found.withColumns(
        {
            "evidence_table": evidence(F.lit("market_regulation/entity_judgement"), "taught_table", "anchor_table"),
            "evidence_key": evidence(F.col("said_key"), "taught_key", "anchor_key"),
            "evidence_file": evidence(F.col("said_file"), "taught_file", "anchor_file"),
            "evidence_row": evidence(F.col("said_row"), "taught_row", "anchor_row"),
        }
    )


TABLES = {
    "firm": "market_regulation/entity", "institution": "staffing/public_institution", "association": "civil_affairs/social_organisation",
    "taxpayer": "taxation/taxpayer", "abnormal": "market_regulation/abnormal_list", "penalty": "market_regulation/penalty",
    "credit": "taxation/credit_class",
}  # fmt: skip
"""The arguments of `source_link` that are records, and their sources."""


@lake_asset(
    "base/legal_entity/source_link",
    unit=units(record=("source_table", "source_key")),
    touch={
        **{argument: own(words(table)) for argument, table in TABLES.items()},
        "change": own(words_of_change),
        "judgement": own(words_of_judgement),
    },
    whole_above=0.005,  # as base/population/source_link: a changed record touches those that share a number or a name
)
def source_link(
    firm: DataFrame = cleansed("market_regulation/entity", optional=True),
    institution: DataFrame = cleansed("staffing/public_institution", optional=True),
    association: DataFrame = cleansed("civil_affairs/social_organisation", optional=True),
    taxpayer: DataFrame = cleansed("taxation/taxpayer", optional=True),
    abnormal: DataFrame = cleansed("market_regulation/abnormal_list", optional=True),
    penalty: DataFrame = cleansed("market_regulation/penalty", optional=True),
    credit: DataFrame = cleansed("taxation/credit_class", optional=True),
    change: DataFrame = cleansed("market_regulation/change", optional=True),
    judgement: DataFrame = cleansed("market_regulation/entity_judgement", optional=True),
    pseudonym: Callable[[Column], Column] = PSEUDONYM,
    checkpoint: Callable[[DataFrame], DataFrame] = CHECKPOINT,
) -> DataFrame:
    """One row per source record, key (source_table, source_key), columns LINK.

    match, in precedence: JUDGED people have decided; USCC credit code; ORG organisation code, places 9 to 17 of a credit code; REG
    registration number, of which a change or a record may know the credit code; NAME name, county and legal representative of exactly one
    entity; OWN an entity of the record's own; NONE nobody found. A branch under its parent's number is matched as if it had none.
    uscc, org_code, reg_no: the numbers it was matched by.
    """
    frames = (firm, institution, association, taxpayer, abnormal, penalty, credit)
    rows = checkpoint(records(dict(zip(TABLES.values(), frames, strict=True))).transform(with_judgement, judgement))
    changed = checkpoint(changes(change))
    shared = checkpoint(credit_codes(rows, changed))
    registered = registrations(rows, changed, shared)
    numbered = checkpoint(match_by_number(rows, shared, registered).transform(without_mixed_branches))
    better = checkpoint(registrations_by_name(numbered, triples(numbered, changed)))
    found = left_join_lookup(numbered, better, "owner")
    by_name = F.col("better").isNotNull()
    merged = checkpoint(
        found.withColumns({"match": F.when(by_name, NAME).otherwise(F.col("match")), "owner": F.coalesce("better", "owner")}).drop("better")
    )
    called = triples(merged, changed)
    unnumbered = checkpoint(match_by_name(merged, called))
    linked = merged.where(F.col("owner").isNotNull()).unionByName(unnumbered)
    return (
        checkpoint(linked)
        .transform(with_evidence)
        .transform(with_uid, "entity_uid", pseudonym)
        .select(*LINK)
        .repartition(len(sources()), "source_table")
    )
