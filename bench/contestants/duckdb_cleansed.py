"""The SELECT that makes a cleansed table out of a raw one in DuckDB's SQL, from the specification of its columns.

Here: each rule as a few steps, one sub-select a step for all columns (as one expression a column, DuckDB plans for minutes).
Not here: the macros (`duckdb_sql/rules.sql`), the values `$…` that are filled in later.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench.contestants.tables import LINEAGE, columns, given, row_rules
from bench.contestants.texts import HAN

Step = dict[str, str]
BESIDE = "_batch_id, _business_date::DATE AS _business_date, _source_file, _row_no, _extract_ts, _op, _order"
DIGITS = {"int": (10, 0), "bigint": (19, 0)}

STEPS: dict[str, tuple[Step, ...]] = {
    "text": ({"s": "free_text({x})"}, {"value": "there(CASE WHEN {s} LIKE '%\ufffd' THEN rtrim({s}, e'\ufffd \\t\\r\\n') ELSE {s} END)"}),
    "identifier": ({"s": "identifier_form({x})"}, {"value": "identifier_of(there({s}))"}),
    "archive_no": ({"s": "identifier_form({x})"}, {"value": "archive_no_of({s})"}),
    "person_name": ({"s": "name_form({x})"}, {"value": "there({s})"}),
    "phone": ({"s": "phone_form({x})"}, {"value": "phone_of(there({s}))"}),
    "identity": (
        {"s": "identity_form({x})"},
        {"body": "identity_body({s})"},
        {"error": "identity_error({x}, {s}, {body}, _business_date)"},
        {"value": "CASE WHEN {error} IS NULL THEN identity_of({s}, {body}) END"},
    ),
    "date": (
        {"odd": "CASE WHEN NOT plain_day({x}) THEN free_text({x}) END"},
        {"day": "without_clock({odd})"},
        {"iso": "CASE WHEN {odd} IS NULL THEN {x} ELSE iso_of({day}, {excel}) END"},
        {"value": "try_cast(day_in_range({iso}) AS DATE)"},
    ),
    "timestamp": (
        {"odd": "CASE WHEN NOT plain_stamp({x}) THEN free_text({x}) END"},
        {"parts": "stamp_parts({odd})", "half": "upper(regexp_extract({odd}, '上午|下午|[AaPp][Mm]'))"},
        {"iso": "CASE WHEN {odd} IS NULL THEN {x}[1:10] ELSE iso_of({parts}.day, false) END"},
        {
            "value": "CASE WHEN {odd} IS NULL THEN CASE WHEN day_in_range({iso}) IS NOT NULL THEN try_cast({x} AS TIMESTAMP) END"
            " WHEN is_millis({odd}) AND NOT day_and_clock({odd}) THEN here({odd}) ELSE stamp_of({iso}, {parts}, {half}) END"
        },
    ),
    "month": ({"s": "free_text({x})"}, {"digits": "month_digits({s})"}, {"value": "month_in_range({digits})"}),
    "code": (
        {"odd": "CASE WHEN {x} NOT IN $plain_{list} THEN free_text({x}) END"},
        {"value": "CASE WHEN {odd} IS NULL THEN {x} ELSE code_of({odd}, $labels_{list}, $codes_{list}) END"},
    ),
    "division": (
        {"odd": "CASE WHEN NOT plain_division({x}) THEN there(free_text({x})) END"},
        {"code": "division_code({odd})"},
        {"today": "division_today({code})"},
        {"value": "CASE WHEN plain_division({x}) THEN {x} ELSE division_of({code}, {today}) END"},
    ),
    "number": (
        {"s": "CASE WHEN regexp_full_match({x}, '[0-9]+(?:[.][0-9]+)?') THEN {x} ELSE there(free_text({x})) END"},
        {"n": "bare_number({s})"},
        {"exact": "try_cast(exact_number({n}, {whole}, {scale}) AS {type})"},
        {"value": "CASE WHEN {exact} BETWEEN {min} AND {max} THEN {exact} END"},
    ),
    "measure": (
        {"s": "CASE WHEN regexp_full_match({x}, '[0-9]+(?:[.][0-9]+)?') THEN {x} ELSE there(free_text({x})) END"},
        {"n": "bare_number({s})"},
        {"exact": "try_cast(exact_number({n}, {whole}, {scale}) AS {type})", "wide": "try_cast({n} AS DECIMAL(18,6))"},
        {"turned": "try_cast(round({wide} * {factor}::DECIMAL(10,6), {scale}) AS {type})"},
        {
            "value": "CASE WHEN {exact} BETWEEN {min} AND {max} THEN {exact}"
            " WHEN NOT ({wide} BETWEEN {min} AND {max}) AND {turned} BETWEEN {min} AND {max} THEN {turned} END"
        },
    ),
}
"""Rule -> steps: field -> expression over {x}, the delivered text, and the fields before it. `measure`: a number with another unit."""
KIND = {"address": "text", "integer": "number", "decimal": "number"}


def statements(name: str, raw: str, table: dict[str, Any]) -> str:
    """Makes `name`: the live rows with the table's columns, LINEAGE and `_<column>_…` flags. raw: what stands behind FROM."""
    query = f"(SELECT * FROM {raw} WHERE _defect IS NULL)"
    for step in (*_delivered(table), *_read(table), *_agreed(table)):
        query = f"(SELECT {step} FROM {query})"
    return f"""
        CREATE TABLE "{name}" AS SELECT {", ".join([*columns(table), "_op", "_order", "_hash"])} FROM {query} WHERE {_good(table)};
        DELETE FROM "{name}" WHERE rowid IN ({_superseded(name, table)});
        DELETE FROM "{name}" WHERE _op = 'D';
    """


def _delivered(table: dict[str, Any]) -> Iterator[str]:
    """The delivered texts; name and number stand where they belong."""
    names = ", ".join(c["name"] for c in given(table))
    yield f"{names}, {BESIDE}, {'0' if table['mode'] == 'inc' else f'hash({names})'} AS _hash"
    if swapped := row_rules(table).get("swapped"):
        a, b = swapped["columns"]
        number = {c: f"coalesce(regexp_full_match(identity_form({c}), '[0-9]{{17}}[0-9X*]|[0-9]{{15}}'), false)" for c in (a, b)}
        name = {c: f"coalesce(regexp_full_match(name_form({c}), '[{HAN}][{HAN}·]{{1,19}}'), false)" for c in (a, b)}
        yield f"*, {number[a]} AND {name[b]} AND NOT {number[b]} AND NOT {name[a]} AS _crossed"
        yield f"* REPLACE (if(_crossed, {b}, {a}) AS {a}, if(_crossed, {a}, {b}) AS {b}), {b} AS _{b}_raw"


def _read(table: dict[str, Any]) -> Iterator[str]:
    """Every column by its rule, step by step; at last the values under the names of the columns."""
    fields = {c["name"]: {"x": c["name"], **_options(c, table)} for c in given(table)}
    todo = {c["name"]: STEPS["measure" if c["units"] else KIND.get(c["rule"], c["rule"])] for c in given(table)}
    for i in range(max(map(len, todo.values()))):
        made = []
        for column, steps in todo.items():
            if i < len(steps):
                made += [f'{sql.format(**fields[column])} AS "{column}.{field}"' for field, sql in steps[i].items()]
                fields[column] |= {field: f'"{column}.{field}"' for field in steps[i]}
        yield f"*, {', '.join(made)}"
    values = []
    for c in given(table):
        n = c["name"]
        values.append(f'"{n}.value" AS {n}')
        if c["rule"] == "identity":
            values.append(f'_{n}_raw AS {n}_raw, "{n}.error" AS {n}_error, "{n}.error" IS NULL AND length("{n}.s") = 15 AS _{n}_upgraded')
        if c["rule"] == "person_name":
            values.append(f'name_key("{n}.value") AS {n}_key, name_lost("{n}.value") AS _{n}_lost')
            values.append(f'coalesce(name_placeholder("{n}.value"), false) AS _{n}_placeholder')
        if c["rule"] == "division":
            values += [f'county_of("{n}.value") AS {d["name"]}' for d in table["columns"] if n in d["from"] and not d["rule"]]
    yield f"{', '.join(values)}, {', '.join(LINEAGE)}, _op, _order, _hash"


def _options(c: dict[str, Any], table: dict[str, Any]) -> dict[str, str]:
    """What the steps of a column need beside its text."""
    kind = c["type"]
    if kind.startswith("decimal("):
        precision, scale = map(int, kind[8:-1].split(","))
        whole = precision - scale
    else:
        whole, scale = DIGITS.get(kind, (0, 0))
    told = {"list": c["list"], "min": c["min"], "max": c["max"], "type": kind, "whole": whole, "scale": scale}
    return {**told, "factor": next(iter(c["units"].values()), None), "excel": str(table["format"] == "xlsx").lower()}


def _agreed(table: dict[str, Any]) -> Iterator[str]:
    """Columns of a row that contradict each other, put right."""
    rules = row_rules(table)
    if "birth" in rules:
        a, b, n = rules["birth"]["columns"]
        yield f"*, coalesce({b} = birth_of_number({n}) AND {a} <> birth_of_number({n}), false) AS _exchanged"
        yield f"* REPLACE (if(_exchanged, {b}, {a}) AS {a}, if(_exchanged, {a}, {b}) AS {b})"
    if "sex" in rules:
        sex, n = rules["sex"]["columns"]
        said = f"if({n}[17]::INT % 2 = 1, '1', '2')"
        yield f"* REPLACE (CASE WHEN {sex} IN ('1', '2') AND {n} IS NOT NULL AND {sex} <> {said} THEN {said} ELSE {sex} END AS {sex})"
    if "status" in rules:
        status, ended = rules["status"]["columns"]
        told = f"{status} = '{rules['status']['open']}' AND {ended} IS NOT NULL"
        yield f"* REPLACE (if({told}, '{rules['status']['closed']}', {status}) AS {status})"


def _good(table: dict[str, Any]) -> str:
    """Rows that have what they must have; a row that says `deleted` needs no more than its key and sequence."""
    always = {*table["key"], *table["sequence"]}
    needed = [c["name"] for c in given(table) if c["required"]]
    return " AND ".join(f"{n} IS NOT NULL" if n in always else f"({n} IS NOT NULL OR _op = 'D')" for n in needed)


def _superseded(name: str, table: dict[str, Any]) -> str:
    """All rows of a key but the newest; all of them when rows of that version differ. Nearly all keys have one row: they are not sorted."""
    key, sequence, in_order = ", ".join(table["key"]), table["sequence"], table["mode"] == "inc"
    order = [*(f"{s} DESC NULLS LAST" for s in sequence), *(["_order DESC"] if in_order else []), "_row_no"]
    version = f"OVER (PARTITION BY {', '.join([*table['key'], *sequence])})"
    sure = "" if in_order else f" AND min(_hash) {version} = max(_hash) {version}"
    narrow = ", ".join(dict.fromkeys([*table["key"], *sequence, "_order", "_row_no", "_hash"]))
    return (
        f'SELECT id FROM (SELECT rowid AS id, {narrow} FROM "{name}"'
        f' SEMI JOIN (SELECT {key} FROM "{name}" GROUP BY {key} HAVING count(*) > 1) USING ({key}))'
        f" QUALIFY NOT (row_number() OVER (PARTITION BY {key} ORDER BY {', '.join(order)}) = 1{sure})"
    )
