"""Addresses as people write them, taken apart, and a key to compare them by.

Here: the grammar from county to room, in its order; every element may be missing. Not here: whether the address exists, where it is.
Source: GB/T 23705-2009, GA/T 2000.32-2014 (classes of elements); domain rules A13, D34.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards import divisions
from standards.tables import looked_up, rows
from standards.text import Row, Step, Steps, free_text, text_rule

HAN_DIGITS, DIGITS = "一二三四五六七八九", "123456789"
REMARK = r"[(][^()\n]*[)]"
ABOVE = "^(?:江苏省?)?(?:扬州市?)?"
VILLAGE = "^([^路街巷弄号0-9\\n]{1,10}?(?:社区|居委会|村委会|[^新\\n]村))"
GROUP = "^([0-9]+)组"
ROAD = "^([^0-9号幢\\n]{1,15}?(?:大道|路|街|巷|弄|里|坊|桥|线))"
DOOR = "^([0-9]+(?:-[0-9]+)?号(?:之[0-9]+)?)"
COMPOUND = "^([^0-9幢栋\\n]{1,20}?(?:小区|花园|新村|公寓|大厦|广场|家园|名城|庄园|公司|学校|医院|苑|园|府|庄|厂))"
SHORT = "^([0-9]+)-([0-9]+)-([0-9]{3,4})"
BUILDING = "^([0-9]+|[A-Z])(?:幢|栋|号楼|座)"
UNIT = "^([0-9]+|[甲乙丙丁])单元"
FLOOR = "^([0-9]+)(?:层|楼)"
ROOM = "^([0-9]{3,4})室?"
ZONE = ("开发区", "321071")
"""Before a town it is the city's own development zone, not the town of that name in 仪征."""
LEVELS = (("room", 9), ("unit", 8), ("building", 7), ("door", 6), ("road", 5), ("compound", 5), ("village", 4), ("town", 3), ("county", 2))
"""The finest element that was found -> level of the address."""
KEY = ("county", "town", "road", "door", "compound", "building", "unit", "room")


def _names_of_counties() -> dict[str, str]:
    named = {name: code[:6] for name, code in divisions.names().items() if code.endswith("000000") and code[:6] != divisions.CITY}
    return {**named, ZONE[0]: ZONE[1]}


def _names_of_towns() -> list[str]:
    named = [row["name"] for row in (*rows("divisions/town"), *rows("divisions/town_former"))]
    return [name for name in named if name != ZONE[0] and "(" not in name]


def _one_of(names: list[str]) -> str:
    return "|".join(sorted(names, key=lambda n: (-len(n), n)))


def normalise(address: Column) -> Column:
    """The address in one way of writing: narrow, without blanks and remarks in brackets, Arabic numbers, `-`, 号 and 幢 for `#`."""
    s = F.regexp_replace(F.translate(free_text(address), "—–~ \t\r\n", "---"), REMARK, "")
    for tens in (r"([一二三四五六七八九])十([一二三四五六七八九])", "$1$2"), (r"十([一二三四五六七八九])(组|幢|栋|单元|号)", "一$1$2"):
        s = F.regexp_replace(s, *tens)
    for han, digit in zip(HAN_DIGITS, DIGITS, strict=True):
        s = F.regexp_replace(s, f"{han}([一二三四五六七八九0-9]*(?:组|幢|栋|单元|号))", f"{digit}$1")
    return F.regexp_replace(F.regexp_replace(s, "([0-9]+)#楼?([0-9])", "$1幢$2"), "([0-9]+)#", "$1号")


def _taken() -> list[tuple[str, str]]:
    """Element -> the pattern that takes it from the front of what is left, in the order of the grammar."""
    return [
        ("village", VILLAGE), ("group", GROUP), ("road", ROAD), ("door", DOOR), ("compound", COMPOUND), ("building", BUILDING),
        ("unit", UNIT), ("floor", FLOOR), ("room", ROOM),
    ]  # fmt: skip


def taken_apart(text: str) -> Steps:
    """Steps that name, out of the field `text`, county (6 digits), town (9 digits), village, group, road, door, compound, building, unit,
    floor and room, '' what is not there, and at last `key`, county|town|road|door|compound|building|unit|room, and `level`: 9 room,
    8 unit, 7 building, 6 door, 5 road or compound, 4 village, 3 town, 2 county, 1 the city, 0 nothing. NULL for NULL.
    The key is for comparison only."""
    counties, towns = _names_of_counties(), _names_of_towns()
    short = [n.removesuffix(s) for n in towns for s in divisions.TOWN_SUFFIXES if n.endswith(s)]
    county_named = f"^({_one_of(list(counties))})"
    town_named = f"^(?:({_one_of(towns)})|({_one_of(short)})(?:([^路街巷大东南西北中\\n])|\\z))"

    def below_city(row: Row) -> dict[str, Column]:
        return {"left": F.regexp_replace(normalise(row[text]), ABOVE, "")}

    def below_county(row: Row) -> dict[str, Column]:
        name, left = F.regexp_extract(row["left"], county_named, 1), F.regexp_replace(row["left"], county_named, "")
        return {"city": row["left"].isin("", "市区"), "named": name, "left": left}

    def below_town(row: Row) -> dict[str, Column]:
        name = F.concat(F.regexp_extract(row["left"], town_named, 1), F.regexp_extract(row["left"], town_named, 2))
        return {"township": name, "left": F.regexp_replace(row["left"], town_named, "$3")}

    def coded(row: Row) -> dict[str, Column]:
        names, township = divisions.names(), F.when(row["township"] != "", row["township"])
        found = F.substring(F.coalesce(looked_up(names, F.concat(row["named"], township)), looked_up(names, township)), 1, 9)
        return {
            "town": F.coalesce(found, F.lit("")),
            "county": F.coalesce(looked_up(counties, row["named"]), F.substring(found, 1, 6), F.lit("")),
        }

    def taker(name: str, pattern: str) -> Step:
        def take(row: Row) -> dict[str, Column]:
            left = F.regexp_replace(row["left"], SHORT, "$1幢$2单元$3室") if name == "building" else row["left"]
            return {name: F.coalesce(F.regexp_extract(left, pattern, 1), F.lit("")), "left": F.regexp_replace(left, pattern, "")}

        return take

    def summed_up(row: Row) -> dict[str, Column]:
        reached = F.when(F.lit(False), 0)
        for name, value in LEVELS:
            reached = reached.when(row[name] != "", value)
        there = row[text].isNotNull()
        key = F.concat_ws("|", *(row[name] for name in KEY))
        return {"key": F.when(there, key), "level": F.when(there, reached.when(row["city"], 1).otherwise(0))}

    return (below_city, below_county, below_town, coded, *(taker(*t) for t in _taken()), summed_up)


def address_rule(keyed: bool = False) -> Steps:
    """Rule `address`: value string, codes as in `text_rule`; `keyed`: `key` and `level` in addition (`taken_apart`)."""
    return (*text_rule(), *(taken_apart("value") if keyed else ()))
