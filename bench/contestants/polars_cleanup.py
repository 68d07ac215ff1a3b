"""cleanup_list in Polars."""

from __future__ import annotations

import polars as pl
from polars import Expr, LazyFrame, col, lit, when

from bench.contestants.polars_health import is_open
from bench.contestants.polars_link import Read, is_clear, key
from bench.contestants.tables import ARCHIVE, PROOF, RESIDENT, RULES, WORDS


def cleanup_list(read: Read) -> pl.DataFrame:
    """What each institution has to do: one row per archive and rule, with the records that prove it."""
    everything = read("themes/health/archive").with_columns(key(ARCHIVE).alias("archive_key")).collect().lazy()
    judged = everything.filter(col("rules").list.len() > 0)
    death, link = read("base/population/death"), read("base/population/source_link")

    def says(label: str, *values: str) -> Expr:
        return pl.concat_str([lit(label), *[col(v).cast(pl.String) for v in values]], separator=" ", ignore_nulls=True)

    def proofs(rows: LazyFrame, kind: str, table: Expr, source: str, fact: Expr) -> LazyFrame:
        return rows.select(
            "archive_key", lit(kind).alias("kind"), table.alias("source_table"), col(source).alias("source_key"), fact.alias("fact"),
            "_source_file", "_row_no",
        )  # fmt: skip

    here, table = lit(ARCHIVE), col("source_table")
    kept = everything.select(col("archive_key").alias("kept_key"), "_source_file", "_row_no")
    losers = everything.select("archive_key", pl.concat_str(["survivor_ehr_no", "survivor_empi_id"], separator="|").alias("kept_key"))
    survivors = losers.filter(col("kept_key") != col("archive_key")).join(kept, on="kept_key")
    shared = everything.filter(col("rules").list.contains("U2")).select("ehr_no", "archive_key")
    other = everything.select("ehr_no", col("archive_key").alias("other_key"), "_source_file", "_row_no")
    namesakes = shared.join(other, on="ehr_no").filter(col("other_key") != col("archive_key"))
    delivered = read(f"cleansed/{ARCHIVE}").with_columns(key(ARCHIVE).alias("archive_key"))
    unnumbered = judged.filter(col("rules").list.contains("U3")).select("archive_key").join(delivered, on="archive_key")
    alike = delivered.filter(is_open()).select(col("archive_key").alias("other_key"), *WORDS, "_source_file", "_row_no")
    alike = unnumbered.select("archive_key", *WORDS).join(alike, on=WORDS).filter(col("other_key") != col("archive_key"))
    mine = judged.select("archive_key", "person_uid", "ehr_no")
    stated = (
        death.filter(col("status").is_in(["CONFIRMED", "CANDIDATE"])).select("person_uid", "sources").explode("sources").unnest("sources")
    )
    alive = (
        death.filter(col("life_evidence").list.len() > 0)
        .select("person_uid", "life_evidence")
        .explode("life_evidence")
        .unnest("life_evidence")
    )
    services = read("themes/health/service").filter((col("service_kind") != "VISIT") & (col("flags").list.len() > 0))
    origin = when(col("service_kind") == "EXAM").then(lit("health/examination")).otherwise(lit("health/hypertension_followup"))
    events = mine.join(
        services.select("ehr_no", "service_no", "service_date", "flags", origin.alias("source_table"), "_source_file", "_row_no"),
        on="ehr_no",
    )
    conflict = link.filter((table == ARCHIVE) & (col("match") == "ID_NAME_CONFLICT")).select(
        col("source_key").alias("archive_key"), "id_no"
    )
    police = link.filter((table == RESIDENT) & col("id_no").is_not_null())
    owners = mine.select("archive_key").join(conflict, on="archive_key")
    owners = owners.join(police.select("id_no", "source_table", "source_key", "_source_file", "_row_no"), on="id_no")
    probably = pl.format("probably, score {}: {}", "score", col("evidence").list.join(", "))
    scored = read("base/population/scored_match").rename({"candidate_uid": "person_uid"}).with_columns(probably.alias("fact"))
    theirs = scored.filter(table == ARCHIVE).select(col("source_key").alias("archive_key"), "person_uid", "fact", is_clear().alias("clear"))
    known = link.filter(table == RESIDENT).select("person_uid", "source_table", "source_key", "_source_file", "_row_no")
    candidates = mine.select("archive_key").join(theirs, on="archive_key").join(known, on="person_uid")
    probable = judged.filter(col("rules").list.contains("X6")).select("archive_key", "person_uid")
    their_deaths = probable.select("archive_key").join(theirs.filter("clear").drop("fact"), on="archive_key").join(stated, on="person_uid")
    unnumbered_deaths = probable.join(scored.filter((table != ARCHIVE) & is_clear()), on="person_uid")
    found = pl.concat(
        [
            proofs(judged, "archive", here, "archive_key", says("archive, state", "state")),
            proofs(survivors, "survivor", here, "kept_key", lit("survivor of the merge")),
            proofs(namesakes, "namesake", here, "other_key", lit("same archive number")),
            proofs(alike, "alike", here, "other_key", lit("same name, birth, sex and phone")),
            proofs(mine.join(stated, on="person_uid"), "death", table, "source_key", says("death of grade", "grade", "death_date")),
            proofs(mine.join(alive, on="person_uid"), "life", table, "source_key", says("seen alive", "event_date")),
            *[
                proofs(events.filter(col("flags").list.contains(flag)), kind, table, "service_no", says(label, "service_date"))
                for flag, kind, label in (
                    ("AFTER_DEATH", "after_death", "service after the death"),
                    ("F8", "not_in_service", "entered by an account not in service"),
                )
            ],
            proofs(owners, "police", table, "source_key", lit("owner of the number")),
            proofs(candidates, "candidate", table, "source_key", col("fact")),
            proofs(their_deaths, "death_record", table, "source_key", says("death of grade", "grade", "death_date")),
            proofs(unnumbered_deaths, "death_record", table, "source_key", col("fact")),
        ]
    )
    wanted = judged.select("archive_key", "mana_org", "ehr_no", "empi_id", "county6", "person_uid", col("rules").alias("rule")).explode(
        "rule"
    )
    kinds = pl.LazyFrame([{"rule": r, "action": a, "automatic": auto, "kind": k} for r, (a, auto, ks) in RULES.items() for k in ks])
    by = ["mana_org", "ehr_no", "empi_id", "rule", "action", "automatic", "county6", "person_uid"]
    return (
        wanted.join(kinds, on="rule").join(found, on=["archive_key", "kind"])
        .sort("source_table", "source_key", "fact")
        .group_by(by)
        .agg(pl.struct(PROOF).head(20).alias("evidence"))
        .select("mana_org", "ehr_no", "empi_id", "rule", "action", "automatic", "evidence", "county6", "person_uid")
        .collect()
    )  # fmt: skip
