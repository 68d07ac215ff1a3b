"""A cleansed table out of a raw one in Polars: values, what contradicts each other in a row, the newest version of every key."""

from __future__ import annotations

from typing import Any

import polars as pl

from bench.contestants.polars_rules import Fields, Rules
from bench.contestants.polars_values import birth_of_number, identity_form, name_form, name_key
from bench.contestants.tables import LINEAGE, columns, given, row_rules
from bench.contestants.texts import NAME_LIKE, NAME_LOST, NAME_PLACEHOLDER, NUMBER_LIKE

BESIDE = (*LINEAGE, "_op", "_order", "_hash")


def cleansed(raw: pl.LazyFrame, table: dict[str, Any], rules: Rules) -> pl.DataFrame:
    """The live rows of the cleansed table with its columns, LINEAGE and `_<column>_…` flags."""
    rows = _delivered(raw, table)
    rows = _read(rows, table, rules)
    rows = _agreed(rows, table)
    good = rows.filter(_good(table)).with_row_index("_id").collect(engine="streaming")
    kept = good.filter(_newest(good, table)).filter(pl.col("_op") != "D")
    return kept.select(columns(table))


def _delivered(raw: pl.LazyFrame, table: dict[str, Any]) -> pl.LazyFrame:
    """The delivered texts; name and number stand where they belong."""
    names = [c["name"] for c in given(table)]
    version = pl.lit(0) if table["mode"] == "inc" else pl.struct(names).hash()
    rows = raw.filter(pl.col("_defect").is_null()).with_columns(pl.col("_business_date").str.to_date(), version.alias("_hash"))
    if swapped := row_rules(table).get("swapped"):
        a, b = swapped["columns"]
        number = {c: identity_form(pl.col(c)).str.contains(NUMBER_LIKE).fill_null(False) for c in (a, b)}
        name = {c: name_form(pl.col(c)).str.contains(NAME_LIKE).fill_null(False) for c in (a, b)}
        crossed = pl.col("_crossed")
        rows = rows.with_columns((number[a] & name[b] & ~number[b] & ~name[a]).alias("_crossed"), pl.col(b).alias(f"_{b}_raw"))
        rows = rows.with_columns(
            pl.when(crossed).then(pl.col(b)).otherwise(pl.col(a)).alias(a), pl.when(crossed).then(pl.col(a)).otherwise(pl.col(b)).alias(b)
        )
    return rows


def _read(rows: pl.LazyFrame, table: dict[str, Any], rules: Rules) -> pl.LazyFrame:
    """Every column by its rule, step by step; at last the values under the names of the columns."""
    fields: dict[str, Fields] = {c["name"]: {"x": pl.col(c["name"])} for c in given(table)}
    todo = {c["name"]: rules.steps(c, table) for c in given(table)}
    for i in range(max(map(len, todo.values()))):
        made = []
        for column, steps in todo.items():
            if i < len(steps):
                found = steps[i](fields[column])
                made += [value.alias(f"{column}.{field}") for field, value in found.items()]
                fields[column] |= {field: pl.col(f"{column}.{field}") for field in found}
        rows = rows.with_columns(made)
    values = [fields[c["name"]]["value"].alias(c["name"]) for c in given(table)]
    for c in given(table):
        n, f = c["name"], fields[c["name"]]
        if c["rule"] == "identity":
            values += [pl.col(f"_{n}_raw").alias(f"{n}_raw"), f["error"].alias(f"{n}_error")]
            values.append((f["error"].is_null() & f["old"]).alias(f"_{n}_upgraded"))
        if c["rule"] == "person_name":
            values.append(name_key(f["value"], rules.spec["variants"]).alias(f"{n}_key"))
            typed = f["value"].str.contains(NAME_PLACEHOLDER) | f["value"].is_in(rules.spec["placeholders"]["person_name"])
            values += [f["value"].str.contains(NAME_LOST).alias(f"_{n}_lost"), typed.fill_null(False).alias(f"_{n}_placeholder")]
        if c["rule"] == "division":
            county = f["value"].str.slice(0, 6).fill_null("321000")
            values += [county.alias(d["name"]) for d in table["columns"] if n in d["from"] and not d["rule"]]
    return rows.select(*values, *BESIDE)


def _agreed(rows: pl.LazyFrame, table: dict[str, Any]) -> pl.LazyFrame:
    """Columns of a row that contradict each other, put right."""
    rules = row_rules(table)
    if "birth" in rules:
        first, second, number = rules["birth"]["columns"]
        a, b, born = pl.col(first), pl.col(second), birth_of_number(pl.col(number))
        crossed = ((b == born) & (a != born)).fill_null(False)
        rows = rows.with_columns(pl.when(crossed).then(b).otherwise(a).alias(first), pl.when(crossed).then(a).otherwise(b).alias(second))
    if "sex" in rules:
        sex, number = map(pl.col, rules["sex"]["columns"])
        odd = number.str.slice(16, 1).cast(pl.Int32, strict=False) % 2 == 1
        said = pl.when(odd).then(pl.lit("1")).otherwise(pl.lit("2"))
        wrong = sex.is_in(["1", "2"]) & number.is_not_null() & (sex != said)
        rows = rows.with_columns(pl.when(wrong).then(said).otherwise(sex).alias(rules["sex"]["columns"][0]))
    if "status" in rules:
        status, ended = map(pl.col, rules["status"]["columns"])
        wrong = (status == rules["status"]["open"]) & ended.is_not_null()
        rows = rows.with_columns(
            pl.when(wrong).then(pl.lit(rules["status"]["closed"])).otherwise(status).alias(rules["status"]["columns"][0])
        )
    return rows


def _good(table: dict[str, Any]) -> pl.Expr:
    """Rows that have what they must have; a row that says `deleted` needs no more than its key and sequence."""
    always = {*table["key"], *table["sequence"]}
    deleted = pl.col("_op") == "D"
    needed = [c["name"] for c in given(table) if c["required"]]
    return pl.all_horizontal([pl.col(n).is_not_null() if n in always else pl.col(n).is_not_null() | deleted for n in needed])


def _newest(good: pl.DataFrame, table: dict[str, Any]) -> pl.Series:
    """Of each key the newest version, unless rows of that version differ. Nearly all keys have one: only the others are sorted."""
    key, sequence = table["key"], table["sequence"]
    several = good.select(key).is_duplicated()
    narrow = dict.fromkeys([*key, *sequence, "_order", "_row_no", "_hash", "_id"])
    versions = good.select(list(narrow)).filter(several)
    if table["mode"] == "inc":
        versions = versions.sort([*sequence, "_order"], descending=True, nulls_last=True)
    else:
        versions = versions.sort([*sequence, "_row_no"], descending=[True] * len(sequence) + [False], nulls_last=True)
        versions = versions.with_columns((pl.col("_hash").n_unique() > 1).over([*key, *sequence]).alias("_contested"))
    first = versions.unique(subset=key, keep="first", maintain_order=True)
    if table["mode"] != "inc":
        first = first.filter(~pl.col("_contested"))
    return ~several | good["_id"].is_in(first["_id"].implode())
