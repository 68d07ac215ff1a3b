"""Source records -> links -> entities and what follows from them, for small cities of a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame, Row, SparkSession

from assets.base.legal_entity.alias import alias
from assets.base.legal_entity.entity import entity
from assets.base.legal_entity.entity_history import entity_history
from assets.base.legal_entity.review import review
from assets.base.legal_entity.source_link import source_link
from tests.population.cleansed import frame, pseudonym

SOURCES = ("firm", "institution", "association", "taxpayer", "abnormal", "penalty", "credit", "change", "judgement")
OTHERS = ("branch", "shareholder")
FIRM, TAXPAYER, PENALTY, ABNORMAL = (
    "market_regulation/entity",
    "taxation/taxpayer",
    "market_regulation/penalty",
    "market_regulation/abnormal_list",
)
CREDIT, ASSOCIATION, INSTITUTION = "taxation/credit_class", "civil_affairs/social_organisation", "staffing/public_institution"
PERSON = "person_uid string, id_no string, name string, former_name string"


def uscc(serial: int, head: str = "91321099") -> str:
    """A number in the form of a credit code; cleansed rows are taken as judged, so that its checks are no matter."""
    return f"{head}FAKE{serial:05d}0"


def org(serial: int) -> str:
    return uscc(serial)[8:17]


def reg(serial: int) -> str:
    return f"321099{serial:09d}"


def uid(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()[:32]


def collected(rows: DataFrame) -> DataFrame:
    """The rows, computed once."""
    return rows.sparkSession.createDataFrame(rows.collect(), rows.schema)


def linked(spark: SparkSession, **tables: list[dict[str, Any]]) -> DataFrame:
    """The links of a town, written down; tables that are not given are empty."""
    return collected(source_link(*[frame(spark, n, tables.get(n, [])) for n in SOURCES], pseudonym, collected))


def links(spark: SparkSession, **tables: list[dict[str, Any]]) -> dict[tuple[str, str], Row]:
    return {(r.source_table, r.source_key): r for r in linked(spark, **tables).collect()}


@dataclass(frozen=True)
class Entities:
    links: dict[tuple[str, str], Row]
    entities: dict[str, Row]
    history: dict[str, list[Row]]
    aliases: dict[str, str]
    reviews: list[Row]


def made(spark: SparkSession, persons: list[tuple[str, str, str, str | None]] = [], **tables: list[dict[str, Any]]) -> Entities:  # noqa: B006
    link = linked(spark, **tables)
    c = {n: frame(spark, n, tables.get(n, [])) for n in (*SOURCES, *OTHERS)}
    person = spark.createDataFrame(persons, PERSON)
    golden = entity(link, c["firm"], c["institution"], c["association"], c["taxpayer"], c["credit"], c["branch"], person, collected)
    golden = collected(golden)
    history: dict[str, list[Row]] = {}
    for row in sorted(entity_history(golden, link, c["change"]).collect(), key=lambda r: (r.entity_uid, r.version_no)):
        history.setdefault(row.entity_uid, []).append(row)
    return Entities(
        {(r.source_table, r.source_key): r for r in link.collect()},
        {r.entity_uid: r for r in golden.collect()},
        history,
        {r.alias_uid: r.entity_uid for r in alias(link, pseudonym).collect()},
        sorted(review(link).collect()),
    )
