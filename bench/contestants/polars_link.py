"""source_link in Polars: the records that speak of persons, and whose they are."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
from polars import Expr, LazyFrame, col, lit, when

from bench.contestants.in_python import pseudonym
from bench.contestants.polars_values import same_name, unless
from bench.contestants.tables import (
    BY_NUMBER,
    CREMATION,
    DOCUMENT,
    DOCUMENTS,
    INTRODUCES,
    KEYS,
    LINEAGE,
    LINK,
    LOCAL,
    OTHER_DOCUMENTS,
    OWN,
    PLACE,
    RARE,
    RESIDENT,
    SURE,
)
from bench.contestants.texts import NAME_LOST, NAME_MARK

Read = Callable[[str], LazyFrame]


def key(source: str) -> Expr:
    """The key of a record as one text."""
    return pl.concat_str([col(c).cast(pl.String) for c in KEYS[source]], separator="|")


def pseudonyms(secret: bytes) -> Callable[[Expr], Expr]:
    return lambda texts: texts.map_elements(pseudonym(secret), return_dtype=pl.String)


def is_sure() -> Expr:
    return (col("match_reason").is_in(SURE) | ((col("match_reason") == RARE) & col("match").is_in(BY_NUMBER))).fill_null(False)


def is_clear() -> Expr:
    """The best candidate of a record, far enough before the next one."""
    return (col("place") == 1) & (col("margin").is_null() | (col("margin") >= 0.1))


def worth(name: Expr) -> Expr:
    """How good a name is: 0 whole, 1 with lost characters, 2 none."""
    return when(name.is_null()).then(2).when(name.str.contains(NAME_LOST)).then(1).otherwise(0)


def _records(read: Read) -> LazyFrame:
    """One row per record that speaks of a person."""

    def lean(source: str) -> LazyFrame:
        name = "deceased_name" if source == CREMATION else "name"
        prefix, columns = LOCAL.get(source, ("", []))
        numbers = pl.concat_list([prefix + col(c) for c in columns]).list.drop_nulls() if columns else lit([], dtype=pl.List(pl.String))
        return read(f"cleansed/{source}").select(
            lit(source).alias("source_table"),
            key(source).alias("source_key"),
            "id_no",
            col("id_no_error").alias("id_error"),
            col(name).alias("name"),
            comparable(col(f"{name}_key"), col(f"_{name}_lost").fill_null(False)).alias("name_key"),
            (col("former_name_key") if source == RESIDENT else lit(None, dtype=pl.String)).alias("former_name_key"),
            (_document() if source in DOCUMENTS else lit(None, dtype=pl.String)).alias("document"),
            numbers.alias("local_numbers"),
            col(f"_{name}_placeholder").alias("is_placeholder"),
            lit(PLACE[source]).alias("name_order"),
            lit(source in INTRODUCES).alias("introduces"),
            *LINEAGE,
        )

    return pl.concat([lean(source) for source in KEYS])


def comparable(key: Expr, lost: Expr) -> Expr:
    """The key of a name where there is something to compare. lost: whether characters of it are."""
    return unless(lost & ~_in_part(key), key)


def _in_part(key: Expr) -> Expr:
    left = key.str.replace_all(NAME_MARK, "")
    return key.str.contains(NAME_MARK) & ~key.str.contains("*", literal=True) & (left != "")


def _document() -> Expr:
    number = col("id_no_raw").str.to_uppercase().str.replace_all("[^0-9A-Z]", "")
    usable = col("id_no").is_null() & col("id_type").is_in(OTHER_DOCUMENTS) & number.str.contains(DOCUMENT)
    usable &= ~col("id_no_raw").str.contains("[*＊]") & (col("id_no_error").fill_null("") != "E_PLACEHOLDER")
    return when(usable).then(pl.concat_str(["id_type", number, col("birth_date").dt.strftime("%Y%m%d")], separator=":"))


def _anchors(rows: LazyFrame, number: str) -> LazyFrame:
    """Per number the name that counts. The smallest place decides nearly everything, so only what is left is sorted."""
    rank = worth(unless(col("is_placeholder"), col("name_key"))) * 1000 + col("name_order")
    first = rows.filter(col(number).is_not_null()).with_columns(rank.alias("rank")).filter(col("rank") == col("rank").min().over(number))
    return first.sort("source_key").unique(subset=number, keep="first", maintain_order=True).select(
        number, unless(col("is_placeholder"), col("name_key")).alias("anchor_key"), col("former_name_key").alias("anchor_former")
    )  # fmt: skip


def source_link(read: Read, secret: bytes) -> pl.DataFrame:
    """Which person each record speaks of."""
    rows = _records(read).collect().lazy()
    reason = col("match_reason")
    identified = (
        rows.filter(col("id_no").is_not_null())
        .join(_anchors(rows, "id_no"), on="id_no")
        .with_columns(same_name(col("name_key"), col("anchor_key"), col("anchor_former")).alias("match_reason"))
        .with_columns(
            when(reason == "EXACT").then(lit("M1")).when(reason.is_not_null()).then(lit("M1B"))
            .otherwise(lit("ID_NAME_CONFLICT")).alias("match"),
            when(reason.is_not_null()).then("RID:" + col("id_no"))
            .when(col("source_table").is_in(OWN)).then(pl.concat_str(["source_table", "source_key"], separator=":")).alias("owner"),
        )
        .collect()
        .lazy()
    )  # fmt: skip
    documents = _anchors(rows.filter("introduces"), "document").rename({"anchor_key": "document_key", "anchor_former": "document_former"})
    local = (
        identified.filter(col("match").is_in(BY_NUMBER) & col("introduces") & (col("local_numbers").list.len() > 0))
        .select(col("local_numbers").alias("local_number"), "owner", "anchor_key", "anchor_former")
        .explode("local_number")
        .group_by("local_number")
        .agg(
            col("owner").min().alias("local_owner"), col("owner").max().alias("other_owner"),
            col("anchor_key").min().alias("local_key"), col("anchor_former").min().alias("local_former"),
        )
        .filter(col("local_owner") == col("other_owner"))
        .drop("other_owner")
    )  # fmt: skip
    nameless = rows.filter(col("id_no").is_null()).with_columns(col("local_numbers").list.get(0, null_on_oob=True).alias("local_number"))
    first = nameless.filter(col("introduces") & col("local_number").is_not_null()).group_by("source_table", "local_number")
    mapped, match = col("local_owner").is_not_null(), col("match")
    unidentified = (
        nameless.join(documents.with_columns(lit(True).alias("known")), on="document", how="left")
        .join(local, on="local_number", how="left")
        .join(first.agg(col("source_key").min().alias("first_key")), on=["source_table", "local_number"], how="left")
        .with_columns(
            same_name(col("name_key"), col("local_key"), col("local_former")).alias("how"),
            same_name(col("name_key"), col("document_key"), col("document_former")).alias("how_document"),
        )
        .with_columns(
            when(col("known")).then(lit("M2")).when(mapped & col("how").is_not_null()).then(lit("M3"))
            .when("introduces").then(lit("U")).when(mapped).then(lit("ID_NAME_CONFLICT")).otherwise(lit("NONE")).alias("match")
        )
        .with_columns(
            when(match == "M2").then(col("how_document").fill_null("DOCUMENT")).when(match == "M3").then(col("how"))
            .when(match == "ID_NAME_CONFLICT")
            .then(col("local_number").str.extract("^([^:]*)", 1).str.to_uppercase()).alias("match_reason"),
            when(match == "M2").then(col("document")).when(match == "M3").then(col("local_owner"))
            .when(match == "U").then(pl.concat_str(["source_table", pl.coalesce("first_key", "source_key")], separator=":")).alias("owner"),
        )
    )  # fmt: skip
    needed = [c for c in LINK if c != "person_uid"] + ["owner"]
    matched = pl.concat([identified.select(needed), unidentified.select(needed)]).collect().lazy()
    owners = matched.select("owner").drop_nulls().unique()
    owners = owners.with_columns(pseudonyms(secret)(col("owner")).str.slice(0, 32).alias("person_uid"))
    return matched.join(owners, on="owner", how="left").select(LINK).collect()
