"""death and person in Polars."""

from __future__ import annotations

from typing import Any

import polars as pl
from polars import Expr, LazyFrame, col, lit, when

from bench.contestants.polars_link import Read, is_sure, key, pseudonyms, worth
from bench.contestants.polars_values import birth_of_number, unless
from bench.contestants.tables import (
    ARCHIVE,
    BY_NUMBER,
    CANCELLATION,
    CARD,
    CERTIFICATE,
    CREMATION,
    DATE_KINDS,
    NEWEST,
    PENSION,
    PLACE,
    RESIDENT,
    STATEMENT,
    VISIT,
)


def _statements(read: Read, as_of: Any) -> LazyFrame:
    """Every usable statement that a person is dead."""

    def told(source: str, place: int, department: str, grade: Expr, dead_on: Expr, kind: Expr, rows: LazyFrame) -> LazyFrame:
        born = (
            when(col("birth_date") <= col("_business_date")).then(col("birth_date"))
            if source in (CERTIFICATE, ARCHIVE)
            else lit(None, dtype=pl.Date)
        )
        return rows.select(
            lit(source).alias("source_table"), key(source).alias("source_key"), grade.alias("grade"), dead_on.alias("death_date"),
            kind.alias("date_kind"), "_source_file", "_row_no", born.alias("stated_birth"), lit(place).alias("place"),
            lit(department).alias("department"), col("_business_date").alias("extract"),
        )  # fmt: skip

    dated, day = col("death_date").is_not_null(), lit("DAY")
    frames = {n: read(f"cleansed/{n}") for n in (CERTIFICATE, CANCELLATION, CREMATION, PENSION, ARCHIVE)}
    stopped = (col("stop_flag") == "1") & (col("stop_reason") == "01")
    last = (col("stop_month") + "01").str.to_date("%Y%m%d", strict=False).dt.offset_by("-1d")
    statements = pl.concat(
        [
            told(CERTIFICATE, 1, "health", lit("A"), col("death_datetime").dt.date(), day, frames[CERTIFICATE]),
            told(
                CANCELLATION, 2, "public_security", when(dated).then(lit("A")).otherwise(lit("B")),
                pl.coalesce("death_date", "cancel_date"), when(dated).then(day).otherwise(lit("CANCEL_DATE")),
                frames[CANCELLATION].filter(col("cancel_reason").fill_null("01") == "01"),
            ),
            told(
                CREMATION, 3, "civil_affairs", lit("B"), pl.coalesce("death_date", col("cremation_date").dt.offset_by("-1d")),
                when(dated).then(day).otherwise(lit("BEFORE_CREMATION")), frames[CREMATION],
            ),
            told(PENSION, 4, "human_resources", lit("C"), last, lit("MONTH"), frames[PENSION].filter(stopped)),
            told(ARCHIVE, 5, "health", lit("C"), col("dead_date"), day, frames[ARCHIVE].filter(col("dead_flag") == "1")),
        ]
    )  # fmt: skip
    usable = read("base/population/source_link").filter(
        col("person_uid").is_not_null() & (col("match") != "ID_NAME_CONFLICT") & ~((col("match") == "M2") & ~is_sure())
    )
    usable = usable.select("source_table", "source_key", "person_uid", "id_no", is_sure().alias("sure"))
    linked = statements.join(usable, on=["source_table", "source_key"]).with_columns(
        when("sure").then(col("grade")).otherwise(lit("C")).alias("grade"),
        pl.coalesce(birth_of_number(col("id_no")), "stated_birth").alias("birth"),
    )
    future, early = (col("death_date") > as_of) | (col("death_date") > col("extract")), col("death_date") < col("birth")
    return linked.with_columns(
        when(future)
        .then(lit("INVALID_FUTURE"))
        .when(early)
        .then(lit("INVALID_BEFORE_BIRTH"))
        .otherwise(col("date_kind"))
        .alias("date_kind"),
        ~(future | early).fill_null(False).alias("valid"),
    )


def death(read: Read, as_of: Any) -> pl.DataFrame:
    """Who has died, and when: one row a person."""
    by = ["person_uid", "source_table", "source_key"]
    statements = _statements(read, as_of).collect().lazy()
    hints = statements.filter(col("valid") & col("sure") & (col("grade") == "C") & col("death_date").is_not_null())
    first, last = (of("death_date", "death_date_other") for of in (pl.min_horizontal, pl.max_horizontal))
    near = last <= first.dt.offset_by("12mo")
    pairs = hints.join(hints.select("person_uid", "department", "death_date"), on="person_uid", suffix="_other")
    confirmed = pairs.filter((col("department") != col("department_other")) & near).select(*by, lit("B").alias("raised")).unique()
    weighed = statements.join(confirmed, on=by, how="left").with_columns(
        pl.coalesce(when("valid").then(col("raised")), "grade").alias("weight"),
        (col("valid") & col("grade").is_in(["A", "B"]) & ~col("date_kind").is_in(["BEFORE_CREMATION", "CANCEL_DATE"])).alias("exact"),
        col("death_date").is_null().alias("undated"),
        col("date_kind").replace_strict(DATE_KINDS, default=9).alias("kind"),
    )
    best = weighed.filter("valid").sort("weight", "undated", "kind", "place", "death_date", "source_key").unique(
        subset="person_uid", keep="first", maintain_order=True
    ).select("person_uid", col("weight").alias("grade_"), col("death_date").alias("death_date_"))  # fmt: skip
    exact = col("death_date").filter("exact")
    persons = weighed.sort("source_table", "source_key").group_by("person_uid").agg(
        ((exact.max() - exact.min()).dt.total_days() > 7).fill_null(False).alias("date_conflict"), pl.struct(STATEMENT).alias("sources")
    )  # fmt: skip
    graded = persons.join(best, on="person_uid", how="left").with_columns(
        when(col("grade_").is_null()).then(lit("INVALID")).when(col("grade_").is_in(["A", "B"])).then(lit("CONFIRMED"))
        .otherwise(lit("CANDIDATE")).alias("status")
    ).rename({"grade_": "grade", "death_date_": "death_date"})  # fmt: skip
    return graded.join(_life_evidence(read, graded, as_of), on="person_uid", how="left").select(
        "person_uid", "death_date", "grade",
        when((col("status") == "CONFIRMED") & col("life_evidence").is_not_null()).then(lit("CONFLICT"))
        .otherwise(col("status")).alias("status"),
        (col("status") == "CANDIDATE").alias("is_candidate"), "date_conflict", "sources",
        col("life_evidence").fill_null(pl.lit([], dtype=_LIFE)),
    ).collect()  # fmt: skip


_LIFE = pl.List(
    pl.Struct({"source_table": pl.String, "source_key": pl.String, "event_date": pl.Date, "_source_file": pl.String, "_row_no": pl.Int64})
)


def _life_evidence(read: Read, graded: LazyFrame, as_of: Any) -> LazyFrame:
    """Visits in person more than a week after the death; the first ten."""
    mine = read("base/population/source_link").filter((col("source_table") == VISIT) & col("match").is_in(BY_NUMBER))
    mine = mine.select("source_key", "person_uid").join(graded.select("person_uid", "death_date"), on="person_uid")
    past = (col("visit_time").dt.date() <= as_of) & (col("visit_time").dt.date() <= col("_business_date"))
    seen = (
        read(f"cleansed/{VISIT}")
        .filter(past)
        .select(key(VISIT).alias("source_key"), col("visit_time").dt.date().alias("event_date"), "_source_file", "_row_no")
    )
    after = mine.join(seen, on="source_key").filter(col("event_date") > col("death_date").dt.offset_by("7d"))
    event = pl.struct(lit(VISIT).alias("source_table"), "source_key", "event_date", "_source_file", "_row_no")
    return after.sort("event_date", "source_key").group_by("person_uid").agg(event.head(10).alias("life_evidence"))


def _newest(read: Read, link: LazyFrame, source: str, prefix: str) -> LazyFrame:
    """Per person the newest row of a source, its columns with a prefix."""
    version, columns = NEWEST[source]
    mine = link.filter(col("source_table") == source).select("source_key", "person_uid")
    rows = read(f"cleansed/{source}").with_columns(key(source).alias("source_key")).join(mine, on="source_key")
    rows = rows.sort([version, "source_key"], descending=True, nulls_last=True).unique(
        subset="person_uid", keep="first", maintain_order=True
    )
    born = when(col("birth_date") <= col("_business_date")).then(col("birth_date"))
    return rows.select("person_uid", *[(born if c == "birth_date" else col(c)).alias(f"{prefix}{c}") for c in columns])


def person(read: Read, as_of: Any, secret: bytes) -> pl.DataFrame:
    """The golden person."""
    link = read("base/population/source_link").filter(col("person_uid").is_not_null())
    persons = link.group_by("person_uid").agg(
        col("id_no").filter(col("match").is_in(BY_NUMBER)).max().alias("id_no"),
        col("source_table").n_unique().cast(pl.Int32).alias("source_cnt"),
        (col("source_table") == RESIDENT).any().alias("in_police"), col("_business_date").min().alias("first_seen"),
        col("_business_date").max().alias("last_seen"),
    )  # fmt: skip
    rank = worth(col("name")) * 1000 + col("source_table").replace_strict(PLACE)
    named = link.select("person_uid", "source_key", "name", rank.alias("rank")).filter(col("rank") == col("rank").min().over("person_uid"))
    names = named.sort("source_key").unique(subset="person_uid", keep="first", maintain_order=True).select("person_uid", "name")
    resident, archive, card = (_newest(read, link, source, prefix) for source, prefix in ((RESIDENT, "r_"), (ARCHIVE, "a_"), (CARD, "c_")))
    seen, dead = col("life_evidence").list.len() > 0, col("status") == "CONFIRMED"
    vital = read("base/population/death").filter(col("status") != "INVALID").select(
        "person_uid", when(dead).then(col("death_date")).alias("death_date"),
        when(~seen | (col("grade") == "C")).then(col("grade")).alias("death_grade"),
        when(dead).then(2).when(seen).then(3).otherwise(1).alias("known"),
    )  # fmt: skip
    opened = read(f"cleansed/{ARCHIVE}").filter(col("status") == "0").select(key(ARCHIVE).alias("source_key"))
    opened = link.filter(col("source_table") == ARCHIVE).join(opened, on="source_key", how="semi").select("person_uid").unique()
    seen_on = col("visit_time").dt.date()
    lately = seen_on.is_between(lit(as_of).dt.offset_by("-12mo"), as_of, closed="right") & (seen_on <= col("_business_date"))
    visits = read(f"cleansed/{VISIT}").filter(lately).select(key(VISIT).alias("source_key"))
    visited = link.filter(col("source_table") == VISIT).join(visits, on="source_key", how="semi").select("person_uid").unique()
    lives = opened.join(visited, on="person_uid").with_columns(lit(True).alias("lives_here"))
    number = col("id_no")
    sex = when(number.str.slice(16, 1).cast(pl.Int32, strict=False) % 2 == 1).then(lit("1")).when(number.is_not_null()).then(lit("2"))
    status, unknown = col("known").fill_null(1), lit("321000")
    registered = col("in_police") & ~col("r_person_status").fill_null("0").is_in(["1", "8", "9"])
    frame = persons.join(names, on="person_uid", how="left")
    for other in (resident, archive, card, vital, lives):
        frame = frame.join(other, on="person_uid", how="left")
    return frame.select(
        "person_uid", "id_no", pseudonyms(secret)("RID:" + number).alias("id_no_hash"), "name", col("r_former_name").alias("former_name"),
        pl.coalesce(sex, "r_sex_code", "a_sex_code").alias("sex_code"),
        pl.coalesce(birth_of_number(number), "r_birth_date", "a_birth_date").alias("birth_date"),
        *[pl.coalesce(f"r_{c}", f"a_{c}").alias(c) for c in ("ethnic_code", "marital_code", "education_code")],
        *[col(f"r_{c}").alias(c) for c in ("hukou_no", "household_head_rel", "hukou_div")],
        pl.coalesce("r_hukou_addr", "a_hukou_addr").alias("hukou_addr"), pl.coalesce("a_address", "r_hukou_addr").alias("address"),
        pl.coalesce("c_phone", "a_phone").alias("phone"), *[col(f"a_{c}").alias(c) for c in ("abo_code", "rh_code")],
        *[col(f"c_{c}").alias(c) for c in ("card_no", "social_card_no", "health_card_no")],
        when("in_police").then(lit("H")).otherwise(lit("U")).alias("person_class"), col("r_person_status").alias("person_status"),
        status.cast(pl.Int32).alias("vital_status"), "death_date", "death_grade",
        pl.coalesce(*[unless(col(c) == "321000", col(c)) for c in ("r_hukou_county", "a_village_county")], unknown).alias("county6"),
        ((status != 2) & (registered | col("lives_here").fill_null(False))).alias("resident_flag"), "source_cnt", "first_seen", "last_seen",
    ).collect()  # fmt: skip
