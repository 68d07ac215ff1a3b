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

HAN_DIGITS, DIGITS = "零〇一二三四五六七八九", "00123456789"
NUMBER = "[0-9零〇一二三四五六七八九十百]+"
PLACES = (
    ("百[零〇]", "零"), ("百十", "百一十"), ("百([一二三四五六七八九])(号|\\z)", "$1零$2"), ("百(号|\\z)", "零零$1"), ("百", ""),
    ("^十", "一十"), ("十([一二三四五六七八九])", "$1"), ("十", "零"),
)  # fmt: skip
"""Number words as one digit for each place: 一百零五 as 一零五, 一百二 as 一二零, 十二 as 一二, 二十 as 二零."""
COUNTED = ("group", "door", "building", "unit", "floor")
"""Elements that may have their number in Han characters."""
REMARK = r"[(]([^()\n]*)[)]"
ABOVE = "^(?:江苏省?)?(?:扬州市?)?(?:生态科技新城|蜀冈-?瘦西湖(?:风景名胜区|景区))?"
"""Also the functional zones whose towns belong to counties."""
MAYBE_VILLAGE = "^([^号0-9\\n]{1,12}?(?:(?:社区|村)(?:居委会|村委会|委会)?|居委会|村委会))"
"""What a list of villages may know as one; without a list, 新村 is the end of a compound's name."""
VILLAGE = "^([^路街巷弄号0-9\\n]{1,10}?(?:社区|居委会|村委会|[^新\\n]村))"
GROUP = f"^({NUMBER})组"
ROAD = "^([^0-9号幢\\n]{1,15}?(?:大道|路|街|巷|弄|里|坊|桥|线))"
DOOR = f"^({NUMBER}(?:-{NUMBER})?号(?:之{NUMBER})?)"
COMPOUND = "^([^0-9幢栋\\n]{1,20}(?:小区|花园|新村|人家|公寓|大厦|广场|家园|名城|庄园|公司|学校|医院|苑|园|府|庄|厂))"
SHORT = "^([0-9]+)-([0-9]+)-([0-9]{3,4})"
BUILDING = f"^({NUMBER}|[A-Z])(?:幢|栋|号楼|座)"
UNIT = f"^({NUMBER}|[甲乙丙丁])单元"
FLOOR = f"^({NUMBER})(?:层|楼)"
ROOM = "^([0-9]{3,4})室?"
NO_ROAD = "[^东南西北中大路街巷弄\n][^\n]*|[东南西北中大][^道路街巷弄东南西北中大\n][^\n]*"
"""What may follow the short name of a county; otherwise it is the name of a road (江都路, 邗江中路, 高邮大道)."""
COUNTY_SUFFIXES = ("区", "县", "市")
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
    """The address in one way of writing: narrow, without blanks and remarks in brackets, `-`, 号 and 幢 for `#`."""
    s = F.regexp_replace(F.translate(free_text(address), "—–~ \t\r\n", "---"), REMARK, "")
    return F.regexp_replace(F.regexp_replace(s, "([0-9]+)#楼?([0-9])", "$1幢$2"), "([0-9]+)#", "$1号")


def _arabic(element: Column) -> Column:
    """The element with its number in digits: 一百二十号 is 120号."""
    places = element
    for words, digits in PLACES:
        places = F.regexp_replace(places, words, digits)
    return F.when(element.rlike(f"[{HAN_DIGITS}十百]"), F.translate(places, HAN_DIGITS, DIGITS)).otherwise(element)


def _taken() -> list[tuple[str, str]]:
    """Element -> the pattern that takes it from the front of what is left, in the order of the grammar."""
    return [
        ("village", VILLAGE), ("group", GROUP), ("road", ROAD), ("door", DOOR), ("compound", COMPOUND), ("building", BUILDING),
        ("unit", UNIT), ("floor", FLOOR), ("room", ROOM),
    ]  # fmt: skip


def located(text: str) -> Steps:
    """Steps that name county (6 digits) and town (9 digits) of the address in the field `text`, '' what is not there; `extra`: what stands
    in brackets; `city`: it says no more than the city; `left`: what is not read yet; `maybe`: what a list of villages may know."""
    counties, towns = _names_of_counties(), _names_of_towns()
    short = [n.removesuffix(s) for n in towns for s in divisions.TOWN_SUFFIXES if n.endswith(s)]
    whole = [name for name in counties if name.endswith(COUNTY_SUFFIXES)]
    county_named = f"^(?:({_one_of(whole)})|({_one_of(sorted({*counties} - {*whole}))})(?:({NO_ROAD})|\\z))"
    town_named = f"^(?:({_one_of(towns)})|({_one_of(short)})(?:([^路街巷大东南西北中\\n])|\\z))"

    def below_city(row: Row) -> dict[str, Column]:
        extra = F.coalesce(F.regexp_extract(free_text(row[text]), REMARK, 1), F.lit(""))
        return {"left": F.regexp_replace(normalise(row[text]), ABOVE, ""), "extra": extra}

    def below_county(row: Row) -> dict[str, Column]:
        name = F.concat(F.regexp_extract(row["left"], county_named, 1), F.regexp_extract(row["left"], county_named, 2))
        return {"city": row["left"].isin("", "市区"), "named": name, "left": F.regexp_replace(row["left"], county_named, "$3")}

    def below_town(row: Row) -> dict[str, Column]:
        name = F.concat(F.regexp_extract(row["left"], town_named, 1), F.regexp_extract(row["left"], town_named, 2))
        return {"township": name, "left": F.regexp_replace(row["left"], town_named, "$3")}

    def coded(row: Row) -> dict[str, Column]:
        names, township = divisions.names(), F.when(row["township"] != "", row["township"])
        found = F.substring(F.coalesce(looked_up(names, F.concat(row["named"], township)), looked_up(names, township)), 1, 9)
        return {
            "town": F.coalesce(found, F.lit("")),
            "county": F.coalesce(looked_up(counties, row["named"]), F.substring(found, 1, 6), F.lit("")),
            "maybe": F.regexp_extract(row["left"], MAYBE_VILLAGE, 1),
        }

    return below_city, below_county, below_town, coded


def elements(text: str) -> Steps:
    """Steps after `located`: village, group, road, door, compound, building, unit, floor and room, '' what is not there; at last `key`, for
    comparison only: county|town|road|door|compound|building|unit|room, and `level`: 9 room, 8 unit, 7 building, 6 door, 5 road or compound,
    4 village, 3 town, 2 county, 1 the city, 0 nothing; both are NULL for NULL. A field `village` that is there already is kept."""

    def taker(name: str, pattern: str) -> Step:
        def take(row: Row) -> dict[str, Column]:
            left = F.regexp_replace(row["left"], SHORT, "$1幢$2单元$3室") if name == "building" else row["left"]
            found, rest = F.coalesce(F.regexp_extract(left, pattern, 1), F.lit("")), F.regexp_replace(left, pattern, "")
            if name in row:
                found, rest = F.coalesce(row[name], found), F.when(row[name].isNull(), rest).otherwise(left)
            return {name: _arabic(found) if name in COUNTED else found, "left": rest}

        return take

    def summed_up(row: Row) -> dict[str, Column]:
        reached = F.when(F.lit(False), 0)
        for name, value in LEVELS:
            reached = reached.when(row[name] != "", value)
        there = row[text].isNotNull()
        key = F.concat_ws("|", *(row[name] for name in KEY))
        return {"key": F.when(there, key), "level": F.when(there, reached.when(row["city"], 1).otherwise(0))}

    return (*(taker(*t) for t in _taken()), summed_up)


def address_rule(keyed: bool = False) -> Steps:
    """Rule `address`: value string, codes as in `text_rule`; `keyed`: `key` and `level` in addition (`elements`)."""
    return (*text_rule(), *((*located("value"), *elements("value")) if keyed else ()))
