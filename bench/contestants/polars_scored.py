"""scored_match in Polars."""

from __future__ import annotations

from typing import Any

import polars as pl
from polars import Expr, LazyFrame, col, lit, when

from bench.contestants.polars_health import flags
from bench.contestants.polars_link import Read, comparable, key
from bench.contestants.polars_values import identity_form, name_key, same_name, slipped, unless
from bench.contestants.tables import ARCHIVE, CREMATION, OWN_NAME, PROBABLE, SCORED, UNTYPED
from bench.contestants.texts import NAME_LOST

RECORD = ["source_table", "source_key"]


def _village(division: str) -> Expr:
    return unless(col(division).str.ends_with("000"), col(division))


def _nameless(read: Read) -> LazyFrame:
    """The records without a usable number whose person is not known by anything else."""

    def lean(source: str) -> LazyFrame:
        name = "deceased_name" if source == CREMATION else "name"
        born, nothing = lit(None, dtype=pl.Date) if source == CREMATION else col("birth_date"), lit(None, dtype=pl.String)
        year = pl.coalesce("death_date", "cremation_date").dt.year() - col("age") if source == CREMATION else born.dt.year()
        typed = unless(col("id_no_error").is_in(UNTYPED), col("id_no_raw"))
        return read(f"cleansed/{source}").filter(col("id_no").is_null() & ~col(f"_{name}_placeholder")).select(
            lit(source).alias("source_table"), key(source).alias("source_key"),
            comparable(col(f"{name}_key"), col(f"_{name}_lost").fill_null(False)).alias("name_key"), born.alias("birth_date"),
            (year - int(source == CREMATION)).alias("born_from"), (year + int(source == CREMATION)).alias("born_to"), "sex_code",
            (col("phone") if source == ARCHIVE else nothing).alias("phone"), identity_form(typed).alias("number"),
            (_village("village_code12") if source == ARCHIVE else nothing).alias("village"), "_source_file", "_row_no", "_batch_id",
        )  # fmt: skip

    link = read("base/population/source_link").filter(col("match").is_in(["U", "NONE"]))
    return pl.concat(map(lean, PROBABLE)).filter(col("name_key").is_not_null()).join(link, on=RECORD, how="semi")


def _frequent(person: LazyFrame) -> LazyFrame:
    """The most frequent hundredth of the names."""
    names = (
        person.filter(col("name").is_not_null() & col("id_no").is_not_null())
        .group_by(col("name").alias("their_name"))
        .agg(pl.len().alias("bearers"))
    )
    sizes = names.group_by("bearers").agg(pl.len().alias("names")).sort("bearers", descending=True)
    most = sizes.filter(col("names").cum_sum() * 100 <= col("names").sum())
    return names.join(most, on="bearers", how="semi").select("their_name", lit(True).alias("is_frequent"))


def _pairs(records: LazyFrame, person: LazyFrame, variants: tuple[str, str]) -> LazyFrame:
    """The records beside persons of the same name and year of birth, or of the same phone number."""
    known = person.filter(col("id_no").is_not_null()).select(
        col("person_uid").alias("candidate_uid"), col("name").alias("their_name"), name_key(col("name"), variants).alias("their_key"),
        col("former_name").alias("their_former"), col("birth_date").alias("their_birth"), col("birth_date").dt.year().alias("their_year"),
        col("sex_code").alias("their_sex"), col("phone").alias("their_phone"), col("id_no").alias("their_number"),
        _village("hukou_div").alias("their_village"),
    ).collect().lazy()  # fmt: skip
    years = records.with_columns(pl.int_ranges("born_from", col("born_to") + 1, dtype=pl.Int32).alias("year")).explode("year")
    by_name = years.join(known, left_on=["name_key", "year"], right_on=["their_key", "their_year"], coalesce=False).drop("year")
    by_phone = records.join(known, left_on="phone", right_on="their_phone", coalesce=False)
    return pl.concat([by_name, by_phone]).unique(subset=[*RECORD, "candidate_uid"])


def scored_match(read: Read, spec: dict[str, Any]) -> pl.DataFrame:
    """Whom a record without a usable number probably speaks of: candidates with points for what agrees."""
    person = read("base/population/person")
    many = person.group_by("phone").agg((pl.len() > 3).alias("shared")).filter("shared")
    own_phone = when(col("shared").is_null()).then(col("phone")).alias("phone")
    records = _nameless(read).join(many, on="phone", how="left").with_columns(own_phone).drop("shared").collect().lazy()
    found = _pairs(records, person, spec["variants"]).join(_frequent(person), on="their_name", how="left").collect().lazy()
    own, theirs, born, theirs_born = col("name_key"), col("their_key"), col("birth_date"), col("their_birth")
    kin = same_name(own, theirs.fill_null(""), name_key(col("their_former"), spec["variants"]))
    short = pl.min_horizontal(own.str.len_chars(), theirs.str.len_chars()) < 3
    year, near = theirs_born.dt.year(), theirs_born.dt.year().is_between("born_from", "born_to")
    turned = (born.dt.year() == year) & (born.dt.month() == theirs_born.dt.day()) & (born.dt.day() == theirs_born.dt.month())
    birth = when(born == theirs_born).then(lit("BIRTH")).when(turned).then(lit("BIRTH_TURNED")).when(near).then(lit("BIRTH_YEAR"))
    found = found.with_columns(
        unless((kin == "NO_NAME") | ((kin == "ONE_EDIT") & short), kin).alias("agree"),
        birth.when(~near).then(lit("BIRTH_OTHER")).alias("birth"),
        slipped(col("number"), col("their_number")).alias("slip"),
    )
    agree, slip = col("agree"), col("slip")
    holds = {
        "NAME": agree == "EXACT", "NAME_FORMER": agree == "FORMER", "NAME_PART": agree == "RARE", "NAME_ONE_EDIT": agree == "ONE_EDIT",
        "NAME_OTHER": agree.is_null() & comparable(theirs, theirs.str.contains(NAME_LOST)).is_not_null(),
        "NAME_FREQUENT": (agree == "EXACT") & col("is_frequent"),
        **{kind: col("birth") == kind for kind in ("BIRTH", "BIRTH_TURNED", "BIRTH_YEAR", "BIRTH_OTHER")},
        "SEX": col("sex_code") == col("their_sex"), "SEX_OTHER": col("sex_code") != col("their_sex"),
        "PHONE": col("phone") == col("their_phone"), "VILLAGE": col("village") == col("their_village"),
        "VILLAGE_OTHER": col("village") != col("their_village"), "NUMBER_ONE_EDIT": slip, "NUMBER_OTHER": ~slip,
    }  # fmt: skip
    points = pl.sum_horizontal([when(hit).then(spec["linkage_points"][kind]).otherwise(0) for kind, hit in holds.items()])
    judged = found.with_columns(points.alias("points"), flags(**holds).alias("evidence"))
    ranked = judged.sort("points", "candidate_uid", descending=[True, False]).with_columns(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over(RECORD).alias("place"),
        (col("points") - col("points").shift(-1)).over(RECORD).alias("ahead"),
    )
    clear = (col("place") == 1) & (col("ahead").fill_null(100) >= 10) & (col("evidence").list.set_intersection(OWN_NAME).list.len() > 0)
    return (
        ranked.filter((col("points") >= 55) & (col("place") <= 3))
        .with_columns(
            (pl.min_horizontal("points", 100) / 100).round(2).alias("score"), (col("ahead") / 100).round(2).alias("margin"),
            when(clear & (col("points") >= 75)).then(lit("LINK")).otherwise(lit("REVIEW")).alias("decision"),
        )
        .select(SCORED)
        .collect()
    )  # fmt: skip
