"""A cleansed table out of a raw one in pandas: values, what contradicts each other in a row, the newest version of every key."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd

from bench.contestants.pandas_rules import Rules
from bench.contestants.pandas_values import birth_of_number, constant, dates, has, holds, identity_form, name_form, once
from bench.contestants.tables import LINEAGE, columns, given, row_rules
from bench.contestants.texts import CLEAN_NAME, IDENTITY, NAME_LIKE, NUMBER_LIKE

BESIDE = (*LINEAGE, "_op", "_order", "_defect")


def needed(table: dict[str, Any]) -> list[str]:
    """The columns of the raw table."""
    return [*(c["name"] for c in given(table)), *BESIDE]


def cleansed(raw: pd.DataFrame, table: dict[str, Any], rules: Rules) -> pd.DataFrame:
    """The live rows of the cleansed table with its columns, LINEAGE and `_<column>_…` flags."""
    raw = raw[raw["_defect"].isna()].reset_index(drop=True)
    rows = _agreed(_read(_straight(raw, table), raw, table, rules), table)
    good = rows[_good(rows, table)]
    kept = good[_newest(good, raw, table)]
    return kept.loc[kept["_op"] != "D", columns(table)]


def _straight(raw: pd.DataFrame, table: dict[str, Any]) -> pd.DataFrame:
    """The delivered texts; name and number stand where they belong."""
    if not (swapped := row_rules(table).get("swapped")):
        return raw
    a, b = swapped["columns"]
    doubtful = raw.loc[~has(raw[a], CLEAN_NAME) & ~has(raw[b], IDENTITY), [a, b]]
    number = {c: has(identity_form(doubtful[c]), NUMBER_LIKE) for c in (a, b)}
    name = {c: has(name_form(doubtful[c]), NAME_LIKE) for c in (a, b)}
    crossed = raw.index.isin(doubtful.index[number[a] & name[b] & ~number[b] & ~name[a]])
    return raw.assign(**{a: raw[a].mask(crossed, raw[b]), b: raw[b].mask(crossed, raw[a])})


def _read(rows: pd.DataFrame, raw: pd.DataFrame, table: dict[str, Any], rules: Rules) -> pd.DataFrame:
    """Every column by its rule."""
    made = {name: rows[name] for name in BESIDE} | {"_business_date": dates(rows["_business_date"].str.replace("-", "", regex=False))}
    for c in given(table):
        n, found = c["name"], once(rows[c["name"]], partial(rules.rule(c), c=c, table=table))
        made[n] = found["value"]
        if c["rule"] == "identity":
            late = holds(found["birth"] > made["_business_date"]) & found["error"].isna()
            error = found["error"].mask(late, "E_FUTURE")
            made |= {n: found["value"].mask(late), f"{n}_raw": raw[n], f"{n}_error": error, f"_{n}_upgraded": error.isna() & found["old"]}
        if c["rule"] == "person_name":
            made |= {f"{n}_key": found["key"], f"_{n}_lost": found["lost"], f"_{n}_placeholder": found["placeholder"]}
        if c["rule"] == "division":
            county = made[n].str.slice(0, 6).fillna("321000")
            made |= {d["name"]: county for d in table["columns"] if n in d["from"] and not d["rule"]}
    return pd.DataFrame(made)


def _agreed(rows: pd.DataFrame, table: dict[str, Any]) -> pd.DataFrame:
    """Columns of a row that contradict each other, put right."""
    rules = row_rules(table)
    if "birth" in rules:
        first, second, number = rules["birth"]["columns"]
        a, b, born = rows[first], rows[second], birth_of_number(rows[number])
        crossed = holds((b == born) & (a != born))
        rows = rows.assign(**{first: a.mask(crossed, b), second: b.mask(crossed, a)})
    if "sex" in rules:
        sex, number = rules["sex"]["columns"]
        said = constant("2", rows[number]).mask(rows[number].str.slice(16, 17).isin(list("13579")), "1")
        wrong = rows[sex].isin(["1", "2"]) & rows[number].notna() & (rows[sex] != said)
        rows = rows.assign(**{sex: rows[sex].mask(holds(wrong), said)})
    if "status" in rules:
        status, ended = rules["status"]["columns"]
        wrong = holds(rows[status] == rules["status"]["open"]) & rows[ended].notna()
        rows = rows.assign(**{status: rows[status].mask(wrong, rules["status"]["closed"])})
    return rows


def _good(rows: pd.DataFrame, table: dict[str, Any]) -> pd.Series:
    """Rows that have what they must have; a row that says `deleted` needs no more than its key and sequence."""
    needed = [c["name"] for c in given(table) if c["required"]]
    always = [n for n in needed if n in table["key"] or n in table["sequence"]]
    return rows[always].notna().all(axis=1) & (rows[needed].notna().all(axis=1) | (rows["_op"] == "D"))


def _newest(good: pd.DataFrame, raw: pd.DataFrame, table: dict[str, Any]) -> pd.Series:
    """Of each key the newest version, unless rows of that version differ. Nearly all keys have one: only the others are sorted."""
    key, sequence, in_order = table["key"], table["sequence"], table["mode"] == "inc"
    several = good.duplicated(key, keep=False)
    versions = good.loc[several, [*dict.fromkeys([*key, *sequence, "_order", "_row_no"])]]
    order = [*sequence, "_order"] if in_order else [*sequence, "_row_no"]
    ascending = [False] * len(sequence) + [not in_order]
    first = versions.sort_values(order, ascending=ascending).drop_duplicates(key)
    if not in_order:
        texts = [c["name"] for c in given(table)]
        version = versions.groupby([*key, *sequence], dropna=False).ngroup().rename("_version")
        said = raw.loc[versions.index, texts].join(version).drop_duplicates()
        first = first[~version[first.index].isin(said.loc[said["_version"].duplicated(), "_version"])]
    return ~several | good.index.isin(first.index)
