"""Administrative divisions of the city: 12-digit codes, their history, their names.

Here: what a delivered division means (county, town, village level). Not here: addresses, functional zones, polygons.
Source: GB/T 2260, GB/T 10114 and the statistical division codes; domain rules A11, D18. Tables: standards/divisions.

English names of towns (column `english` of town.csv): the specific part in pinyin without tones, in one word with a capital letter,
ü kept and an apostrophe before a syllable that begins with a, e or o (汉语拼音正词法基本规则 GB/T 16159;
中国地名汉语拼音字母拼写规则, 1984); the generic part translated (公共服务领域英文译写规范 GB/T 30240.1): 镇 Town, 街道
Subdistrict, 乡 Township. Zones, parks and farms are translated. Readings are those of the place: 氾水 Fanshui, 邵伯 Shaobo,
柳堡 Liubao, 朴席 Puxi, 方巷 Fangxiang.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.tables import looked_up, rows
from standards.text import Row, Steps, cleaned_code, code_fixes, codes_text, flag, is_absent, no_codes

CITY4 = "3210"
CITY = "321000"
TEST_COUNTY = "321099"
TOWN_SUFFIXES = ("街道", "镇", "乡")
ABOVE = r"^(?:江苏省|江苏)?(?:扬州市([^\n]))?| "
VILLAGE = r"^(?:000|00[1-9]|0[1-9][0-9]|[1-5][0-9]{2})\z"


@cache
def counties() -> tuple[str, ...]:
    """The 6-digit codes in force, the city itself (321000) included."""
    return tuple(row["code"] for row in rows("divisions/county"))


@cache
def towns() -> tuple[str, ...]:
    """The 9-digit codes in force."""
    return tuple(row["code"] for row in rows("divisions/town"))


@cache
def city_history() -> tuple[str, ...]:
    """Every 6-digit code of the city that GB/T 2260 ever had: what an identity number may begin with."""
    table = rows("divisions/county") + rows("divisions/historical")
    return tuple(sorted({row["code"] for row in table if row["gb2260"] == "1"}))


@cache
def successors() -> dict[str, str]:
    """Cancelled county -> its county today, for those that stayed in the city."""
    return {row["code"]: row["successor_code"] for row in rows("divisions/historical") if row["successor_city"] == CITY}


def _county_names() -> Iterator[tuple[str, str]]:
    for row in rows("divisions/county"):
        for name in (row["name"], *filter(None, row["aliases"].split("|"))):
            yield name, row["code"]
    for row in rows("divisions/historical"):
        if row["successor_city"] == CITY:
            yield row["name"], row["successor_code"]


def _town_names() -> Iterator[tuple[str, str]]:
    named = [(row["name"], row["code"]) for row in (*rows("divisions/town"), *rows("divisions/town_former"))]
    shortened = [(name.removesuffix(s), code) for name, code in named for s in TOWN_SUFFIXES if name.endswith(s)]
    clear = {name for name, codes in Counter(name for name, _ in dict.fromkeys(named + shortened)).items() if codes == 1}
    county_names = dict(_county_names())
    for name, code in named + shortened:
        if name in clear and name not in county_names:
            yield name, code
        for county, county_code in county_names.items():
            if code.startswith(county_code):
                yield f"{county}{name}", code


def _without_city(name: str) -> str:
    return re.sub(ABOVE, r"\1", name)


@cache
def names() -> dict[str, str]:
    """Name without province and city -> 12-digit code: counties and towns, former and short names, with or without county."""
    return {_without_city(name): code.ljust(12, "0") for name, code in (*_town_names(), *_county_names())}


def county_of(division: Column) -> Column:
    """The county (6 digits) of a valid 12-digit division; 321000 when there is none."""
    return F.coalesce(F.substring(division, 1, 6), F.lit(CITY))


def county_today(code: Column) -> Column:
    """The county today of 6 digits that are or were a county's, such as those in the number of a device; NULL of others and of 321000."""
    stayed = {**{c: c for c in counties()}, **successors()}
    return looked_up({code: county for code, county in stayed.items() if county != CITY}, code)


def town_of(division: Column) -> Column:
    """The town (9 digits) of a valid 12-digit division; NULL when it does not say one."""
    town = F.substring(division, 1, 9)
    return F.when(F.length(town) == 9, F.when(~town.endswith("000"), town))


def division_rule(test_divisions: bool = False, digits: int | None = None) -> Steps:
    """Rule `division`: value string of 12 digits, or of the first `digits` of them (6: the county, 9: the town).

    4, 6 and 9 digits are padded with zeros. F_DIVISION: a cancelled code or a name was mapped to the code in force,
    or an unknown town to its county.
    E_DIVISION: unknown, cancelled without a successor in the city, or outside the city. F_DOT0, F_WIDTH, F_INVIS, F_TRIM.
    `test_divisions`: 321099 counts as a county.
    """
    in_force = (*counties(), *((TEST_COUNTY,) if test_divisions else ()))

    def padded(row: Row) -> dict[str, Column]:
        s = row["s"]
        numeric = s.rlike(r"^[0-9]+\z")
        code = F.when(numeric & F.length(s).isin(4, 6, 9, 12), F.rpad(s, 12, "0"))
        name = F.regexp_replace(s, ABOVE, "$1")
        return {"absent": is_absent(s), "numeric": numeric, "padded": code, "name": F.when(~numeric, name)}

    def today(row: Row) -> dict[str, Column]:
        code = row["padded"]
        return {"today": F.concat(looked_up(successors(), F.substring(code, 1, 6)), F.substring(code, 7, 6))}

    def current(row: Row) -> dict[str, Column]:
        code, moved, named = row["padded"], row["today"], row["name"]
        value = (
            F.when(row["absent"] | ~F.substring(code, 10, 3).rlike(VILLAGE), F.lit(None).cast("string"))
            .when(F.substring(code, 1, 9).isin(*towns()), code)
            .when(F.substring(code, 1, 6).isin(*in_force) & code.endswith("000000"), code)
            .when(F.substring(moved, 1, 9).isin(*towns()), moved)
            .when(moved.isNotNull(), F.rpad(F.substring(moved, 1, 6), 12, "0"))
            .when(F.substring(code, 1, 6).isin(*in_force), F.rpad(F.substring(code, 1, 6), 12, "0"))
            .when(named.isNotNull(), looked_up(names(), named))
        )
        return {"value": value}

    def answer(row: Row) -> dict[str, Column]:
        value = row["value"]
        mapped = flag(~row["numeric"] | (value != row["padded"]), "F_DIVISION")
        codes = codes_text(*code_fixes(row), F.when(value.isNull(), "E_DIVISION").otherwise(mapped))
        kept = value if digits is None else F.substring(value, 1, digits)
        return {"value": kept, "codes": F.when(row["absent"] | (kept == row["raw"]), no_codes()).otherwise(codes)}

    return *cleaned_code, padded, today, current, answer
