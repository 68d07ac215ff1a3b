"""A cleansed table out of a raw one in PySpark: values, what contradicts each other in a row, the newest version of every key."""

from __future__ import annotations

from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from bench.contestants.pyspark_rules import Fields, Rules
from bench.contestants.pyspark_values import birth_of_number, identity_form, name_form
from bench.contestants.tables import LINEAGE, columns, given, row_rules
from bench.contestants.texts import NAME_LIKE, NAME_LOST, NAME_PLACEHOLDER, NUMBER_LIKE


def cleansed(raw: DataFrame, table: dict[str, Any], rules: Rules) -> DataFrame:
    """The live rows of the cleansed table with its columns, LINEAGE and `_<column>_…` flags."""
    rows = _delivered(raw, table)
    rows = _read(rows, table, rules)
    rows = _agreed(rows, table)
    return _newest(rows.where(_good(table)), table).where("_op <> 'D'").select(*columns(table))


def _delivered(raw: DataFrame, table: dict[str, Any]) -> DataFrame:
    """The delivered texts; name and number stand where they belong."""
    names = [c["name"] for c in given(table)]
    rows = raw.where("_defect IS NULL").withColumns({"_business_date": F.col("_business_date").cast("date"), "_hash": F.xxhash64(*names)})
    if swapped := row_rules(table).get("swapped"):
        a, b = swapped["columns"]
        number = {c: F.coalesce(identity_form(F.col(c)).rlike(NUMBER_LIKE), F.lit(False)) for c in (a, b)}
        name = {c: F.coalesce(name_form(F.col(c)).rlike(NAME_LIKE), F.lit(False)) for c in (a, b)}
        crossed = F.col("_crossed")
        rows = rows.withColumns({"_crossed": number[a] & name[b] & ~number[b] & ~name[a], f"_{b}_raw": F.col(b)})
        rows = rows.withColumns({a: F.when(crossed, F.col(b)).otherwise(F.col(a)), b: F.when(crossed, F.col(a)).otherwise(F.col(b))})
    return rows


def _read(rows: DataFrame, table: dict[str, Any], rules: Rules) -> DataFrame:
    """Every column by its rule, step by step; at last the values under the names of the columns."""
    fields: dict[str, Fields] = {c["name"]: {"x": F.col(c["name"])} for c in given(table)}
    todo = {c["name"]: rules.steps(c, table) for c in given(table)}
    for i in range(max(map(len, todo.values()))):
        made: dict[str, Column] = {}
        for column, steps in todo.items():
            if i < len(steps):
                found = steps[i](fields[column])
                made |= {f"{column}|{field}": value for field, value in found.items()}
                fields[column] |= {field: F.col(f"`{column}|{field}`") for field in found}
        rows = rows.withColumns(made)
    old, new = rules.spec["variants"]
    values = [fields[c["name"]]["value"].alias(c["name"]) for c in given(table)]
    for c in given(table):
        n, f = c["name"], fields[c["name"]]
        if c["rule"] == "identity":
            values += [F.col(f"_{n}_raw").alias(f"{n}_raw"), f["error"].alias(f"{n}_error")]
            values.append((f["error"].isNull() & f["old"]).alias(f"_{n}_upgraded"))
        if c["rule"] == "person_name":
            values.append(F.upper(F.translate(f["value"], f"{old} ·", new)).alias(f"{n}_key"))
            typed = f["value"].rlike(NAME_PLACEHOLDER) | f["value"].isin(*rules.spec["placeholders"]["person_name"])
            values += [f["value"].rlike(NAME_LOST).alias(f"_{n}_lost"), F.coalesce(typed, F.lit(False)).alias(f"_{n}_placeholder")]
        if c["rule"] == "division":
            county = F.coalesce(F.substring(f["value"], 1, 6), F.lit("321000"))
            values += [county.alias(d["name"]) for d in table["columns"] if n in d["from"] and not d["rule"]]
    return rows.select(*values, *LINEAGE, "_op", "_order", "_hash")


def _agreed(rows: DataFrame, table: dict[str, Any]) -> DataFrame:
    """Columns of a row that contradict each other, put right."""
    rules = row_rules(table)
    if "birth" in rules:
        first, second, number = rules["birth"]["columns"]
        a, b, born = F.col(first), F.col(second), birth_of_number(F.col(number))
        crossed = F.coalesce((b == born) & (a != born), F.lit(False))
        rows = rows.withColumns({first: F.when(crossed, b).otherwise(a), second: F.when(crossed, a).otherwise(b)})
    if "sex" in rules:
        name, number = rules["sex"]["columns"]
        said = F.when(F.substring(number, 17, 1).try_cast("int") % 2 == 1, "1").when(F.col(number).isNotNull(), "2")
        wrong = F.col(name).isin("1", "2") & (F.col(name) != said)
        rows = rows.withColumn(name, F.when(wrong, said).otherwise(F.col(name)))
    if "status" in rules:
        status, ended = rules["status"]["columns"]
        wrong = (F.col(status) == rules["status"]["open"]) & F.col(ended).isNotNull()
        rows = rows.withColumn(status, F.when(wrong, rules["status"]["closed"]).otherwise(F.col(status)))
    return rows


def _good(table: dict[str, Any]) -> Column:
    """Rows that have what they must have; a row that says `deleted` needs no more than its key and sequence."""
    always, good = {*table["key"], *table["sequence"]}, F.lit(True)
    for n in [c["name"] for c in given(table) if c["required"]]:
        good &= F.col(n).isNotNull() if n in always else F.col(n).isNotNull() | (F.col("_op") == "D")
    return good


def _newest(good: DataFrame, table: dict[str, Any]) -> DataFrame:
    """Of each key the newest version, unless rows of that version differ."""
    in_order = table["mode"] == "inc"
    order = [F.col(s).desc_nulls_last() for s in table["sequence"]] + ([F.col("_order").desc()] if in_order else []) + [F.col("_row_no")]
    ranked = good.withColumn("_place", F.row_number().over(Window.partitionBy(*table["key"]).orderBy(*order)))
    if in_order:
        return ranked.where("_place = 1")
    version = Window.partitionBy(*table["key"], *table["sequence"])
    return ranked.withColumn("_sure", F.min("_hash").over(version) == F.max("_hash").over(version)).where("_place = 1 AND _sure")
