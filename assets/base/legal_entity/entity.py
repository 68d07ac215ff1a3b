"""The golden legal entity: one row per entity, every field from the most trustworthy source that has it (domain rules D4).

Here: survivorship (survivorship.yaml), kind, status, the person who answers for it. Not here: which records are one entity (source_link),
what it was before (entity_history).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.base.legal_entity.persons import READS, with_person
from assets.base.legal_entity.records import ENTITY, UNKNOWN_COUNTY, number, of_linked_entity, of_registration, source_key, sources
from assets.base.legal_entity.source_link import TABLES
from assets.declare import CHECKPOINT, cleansed, lake_asset, table
from assets.joins import left_join_lookup
from assets.linkage import by_order, columns_of, linked_records, newest_rows, of_first, priorities, source_count, value_of
from assets.touch import own, units, via
from standards.organisations import entity_kind
from standards.tables import looked_up

SURVIVORSHIP = Path(__file__).with_name("survivorship.yaml")
GOLDEN_SOURCES = {"firm": "op_time", "institution": "_business_date", "association": "_business_date", "taxpayer": "update_time"}
"""The sources of survivorship -> the column that says which of an entity's rows is the newest."""
REVOKED, OTHER_STATUS = "2", "9"
YUAN_PER_UNIT = 10_000
ENTITY_COLUMNS = (
    "entity_uid", "uscc", "org_code", "reg_no", "name", "entity_kind", "entity_type", "is_branch", "parent_uscc", "legal_rep_name",
    "legal_rep_uid", "capital_yuan", "currency", "est_date", "status", "status_date", "revoke_date", "end_date", "industry_code", "address",
    "county6", "phone", "tax_no", "tax_status", "credit_class", "credit_year", "source_cnt", "first_seen", "last_seen",
)  # fmt: skip


def survivorship() -> dict[str, tuple[str, ...]]:
    """Field -> `source.column`, most trustworthy first."""
    return priorities(SURVIVORSHIP)


def _order() -> Column:
    known = {t: source.order for t, source in sources().items()}
    return F.coalesce(looked_up(known, F.col("source_table")), F.lit(max(known.values()) + 1))


def entities(link: DataFrame) -> DataFrame:
    """One row per entity: numbers, best name, number of source tables, first and last business date, the number of its representative."""
    order = _order()
    numbers = ("uscc", "org_code", "reg_no")
    found = link.where(F.col("entity_uid").isNotNull())
    best = by_order(F.col("name"), order)
    reps = F.when(F.col("rep_id_no").isNotNull(), best)
    return (
        found.groupBy("entity_uid")
        .agg(
            *[of_first(F.when(F.col(c).isNotNull(), best), F.col(c)).alias(f"first_{c}") for c in numbers],
            of_first(best, F.col("name"), F.col("is_branch")).alias("best_name"),
            of_first(reps, F.col("rep_id_no"), F.col("rep_key")).alias("rep"),
            source_count(tuple(sources())).alias("source_cnt"),
            F.min("_business_date").alias("first_seen"),
            F.max("_business_date").alias("last_seen"),
        )
        .withColumns({c: value_of(f"first_{c}", 0, 1) for c in numbers})
        .withColumns(
            {
                "name": value_of("best_name", 0, 2),
                "is_branch": F.coalesce(value_of("best_name", 1, 2).cast("boolean"), F.lit(False)),
                "rep_id_no": value_of("rep", 0, 2),
                "rep_key": value_of("rep", 1, 2),
            }
        )
    )


def newest_row(source: str, frame: DataFrame, link: DataFrame) -> DataFrame:
    """Per entity the newest row of a source, the columns that survivorship asks for as `<source>_<column>`."""
    origin = TABLES[source]
    keyed = frame.withColumn("source_key", source_key(origin))
    if source == "firm":
        ended = F.when(F.col("entity_status") == REVOKED, F.col("revoke_date")).otherwise(F.coalesce("end_date", "est_date"))
        keyed = keyed.withColumn("status_date", ended)
    rows = newest_rows(linked_records(link, origin, "entity_uid"), keyed, "entity_uid", GOLDEN_SOURCES[source])
    return rows.select("entity_uid", *[F.col(c).alias(f"{source}_{c}") for c in columns_of(source, survivorship())])


def _candidate(path: str) -> Column:
    """The column behind `source.column`; an unknown county is no value."""
    value = F.col(path.replace(".", "_", 1))
    return F.when(value != UNKNOWN_COUNTY, value) if path.endswith("_county") else value


def credit_classes(credit: DataFrame, link: DataFrame) -> DataFrame:
    """Per entity the credit class of the latest year: entity_uid, credit_class, credit_year."""
    mine = linked_records(link, TABLES["credit"], "entity_uid")
    keyed = credit.select(source_key(TABLES["credit"]).alias("source_key"), "credit_class", F.col("year").alias("credit_year"))
    return newest_rows(mine, keyed, "entity_uid", "credit_year").select("entity_uid", "credit_class", "credit_year")


def parents(branch: DataFrame, link: DataFrame) -> DataFrame:
    """Per entity that is a branch the credit code of its parent: entity_uid, parent_uscc."""
    keyed = branch.select(F.col("entity_id").alias("source_key"), number("USCC", "parent_no").alias("parent_uscc"), "op_time")
    rows = newest_rows(linked_records(link, ENTITY, "entity_uid"), keyed, "entity_uid", "op_time")
    return rows.select("entity_uid", "parent_uscc")


@lake_asset(
    "base/legal_entity/entity",
    unit=units(entity="entity_uid"),
    touch={
        "link": own(entity="entity_uid"),
        **{source: of_linked_entity(TABLES[source]) for source in GOLDEN_SOURCES},
        "credit": of_linked_entity(TABLES["credit"]),
        "branch": of_registration(),
        "person": via("link", on=("id_no",), to=("rep_id_no",), reads=READS, entity="entity_uid"),
    },
)
def entity(
    link: DataFrame = table("base/legal_entity/source_link"),
    firm: DataFrame = cleansed("market_regulation/entity", optional=True),
    institution: DataFrame = cleansed("staffing/public_institution", optional=True),
    association: DataFrame = cleansed("civil_affairs/social_organisation", optional=True),
    taxpayer: DataFrame = cleansed("taxation/taxpayer", optional=True),
    credit: DataFrame = cleansed("taxation/credit_class", optional=True),
    branch: DataFrame = cleansed("market_regulation/branch", optional=True),
    person: DataFrame = table("base/population/person", optional=True),
    checkpoint: Callable[[DataFrame], DataFrame] = CHECKPOINT,
) -> DataFrame:
    """One row per golden legal entity, key entity_uid, columns ENTITY_COLUMNS.

    status: 1 exists, 2 revoked and not cancelled, 3 cancelled, 4 moved out, 5 withdrawn, 9 not in a register. capital_yuan: registers
    keep it in 10,000 CNY. legal_rep_uid: golden person, when number and name agree.
    """
    frame = entities(link)
    for source, rows in {"firm": firm, "institution": institution, "association": association, "taxpayer": taxpayer}.items():
        frame = left_join_lookup(frame, newest_row(source, rows, link), "entity_uid")
    golden = {field: F.coalesce(*map(_candidate, paths)) for field, paths in survivorship().items()}
    found = checkpoint(frame.withColumns(golden))
    for rows in (credit_classes(credit, link), parents(branch, link)):
        found = left_join_lookup(found, rows, "entity_uid")
    return (
        found.transform(with_person, person, "rep_id_no", "rep_key", "legal_rep_uid")
        .withColumns(
            {
                "entity_kind": entity_kind(F.col("uscc"), F.col("reg_no")),
                "capital_yuan": (F.col("capital") * YUAN_PER_UNIT).cast("decimal(20,2)"),
                "status": F.coalesce("status", F.lit(OTHER_STATUS)),
                "county6": F.coalesce("county6", F.lit(UNKNOWN_COUNTY)),
            }
        )
        .select(*ENTITY_COLUMNS)
    )
