"""Numbers with something beside them, in other units, degrees, clocks of twelve hours, text cut in half: what is kept of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from standards import numbers
from standards.rules import Options, parse

Parse = Callable[..., Any]
QUALIFIED = {
    "<0.01": (Decimal("0.010"), ["F_QUALIFIER"], "<"),
    "＜０.０１": (Decimal("0.010"), ["F_WIDTH", "F_QUALIFIER"], "<"),
    "0.02L": (Decimal("0.020"), ["F_QUALIFIER"], "L"),
    "12.5%": (Decimal("12.500"), ["F_QUALIFIER"], "%"),
    "ND": (None, ["F_QUALIFIER"], "ND"),
    "未检出": (None, ["F_QUALIFIER"], "ND"),
    "1,234.50元": (Decimal("1234.500"), ["F_NUMBER"], None),
    "0.5": (Decimal("0.500"), [], None),
    "<1,234.5": (Decimal("1234.500"), ["F_NUMBER", "F_QUALIFIER"], "<"),
    "<0,01": (None, ["F_QUALIFIER", "E_NUMBER"], "<"),
    "0,02L": (None, ["F_QUALIFIER", "E_NUMBER"], "L"),
    "1,5%": (None, ["F_QUALIFIER", "E_NUMBER"], "%"),
    "about 3": (None, ["E_NUMBER"], None),
    "<": (None, ["E_NUMBER"], None),
}


@pytest.mark.proves("D20")
def test_number_and_its_qualifier(parse_all: Parse, column_of: Parse, proven: Callable[..., None]) -> None:
    answers = parse_all("decimal", list(QUALIFIED), physical_type="decimal(12,3)", minimum=0.0, maximum=1e6, companions=("qualifier",))
    beside = column_of(list(QUALIFIED), numbers.qualifier)
    assert {raw: (*a, q) for raw, a, q in zip(QUALIFIED, answers, beside, strict=True)} == QUALIFIED
    unqualified = parse_all("decimal", ["<0.01"], physical_type="decimal(12,3)")
    assert unqualified == [(None, ["E_NUMBER"])]  # nobody would see the <
    proven(
        done="numbers with <, L, %, 元, thousands separators, and words for not detected",
        seen=f"{len(QUALIFIED)} texts: number and qualifier apart, a number that is none refused",
    )


ESCAPED = {"&lt;0.01": "<", "&#60;5": "<", "&gt;200": ">", "&le;3": "≤", '="<0.5"': "<", "7": None}


def test_the_qualifier_is_read_where_the_number_is(spark: SparkSession) -> None:
    options = Options(F.current_date(), physical_type="decimal(12,3)", companions=("qualifier",))
    read = parse(spark.createDataFrame([(t,) for t in ESCAPED], "raw string"), {"p": ("decimal", "raw", options)}).collect()
    assert {r["raw"]: r["p"]["qualifier"] for r in read} == ESCAPED
    assert all(r["p"]["value"] is not None for r in read)


OTHER_UNITS: dict[str, list[tuple[str, str, dict[str, Any], dict[str, Any]]]] = {
    "D19": [
        ("height in m", "decimal", {"physical_type": "decimal(5,1)", "minimum": 30, "maximum": 250, "units": {"m": 100.0}},
         {"1.72": (Decimal("172.0"), ["F_UNIT"]), "172": (Decimal("172.0"), []), "17": (None, ["E_RANGE"]), "-1.7": (None, ["E_RANGE"])}),
        ("pressure in kPa", "integer", {"physical_type": "int", "minimum": 30, "maximum": 320, "units": {"kPa": 7.5}},
         {"17.3": (130, ["F_UNIT"]), "130": (130, []), "40.5": (None, ["E_SCALE"]), "3000": (None, ["E_RANGE"])}),
        ("glucose in mg/dL", "decimal", {"physical_type": "decimal(5,2)", "minimum": 0, "maximum": 60, "units": {"mg/dL": 0.055556}},
         {"126": (Decimal("7.00"), ["F_UNIT"]), "5.6": (Decimal("5.60"), [])}),
        ("area in hectares", "integer", {"physical_type": "bigint", "minimum": 20_000, "maximum": 10**15, "units": {"ha": 10_000.0}},
         {"2.5": (25_000, ["F_UNIT"]), "25000": (25_000, []), "1.5": (None, ["E_SCALE"]), "19999": (199_990_000, ["F_UNIT"])}),
        ("mass in exagrams", "integer", {"physical_type": "bigint", "minimum": 10**9, "maximum": 9 * 10**18, "units": {"Eg": 1e18}},
         {"9": (9 * 10**18, ["F_UNIT"]), "10": (None, ["E_RANGE"]), "1000000000": (10**9, [])}),
        ("length in ten-millionths", "decimal", {"physical_type": "decimal(10,2)", "minimum": 0, "maximum": 10, "units": {"0.1 µm": 1e-7}},
         {"12340000": (Decimal("1.23"), ["F_UNIT"]), "3": (Decimal("3.00"), []), "999999999999": (None, ["E_SCALE"])}),
    ],
    "D35": [
        ("amount in fen", "decimal", {"physical_type": "decimal(12,2)", "minimum": -5000, "maximum": 5000, "units": {"分": 0.01}},
         {"320000": (Decimal("3200.00"), ["F_UNIT"]), "-320000": (Decimal("-3200.00"), ["F_UNIT"]), "3200": (Decimal("3200.00"), [])}),
    ],
}  # fmt: skip
"""By what they prove: name, rule, its options, delivered text -> value and codes."""


@pytest.mark.parametrize(
    ("what", "rule", "options", "cases"),
    [pytest.param(*case, marks=pytest.mark.proves(code)) for code, listed in OTHER_UNITS.items() for case in listed],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_other_unit_only_when_it_alone_is_possible(
    parse_all: Parse, proven: Callable[..., None], what: str, rule: str, options: dict[str, Any], cases: dict[str, Any]
) -> None:
    assert dict(zip(cases, parse_all(rule, list(cases), **options), strict=True)) == cases
    kept = {str(value): (value, []) for value, _ in cases.values() if value is not None}
    assert dict(zip(kept, parse_all(rule, list(kept), **options), strict=True)) == kept
    proven(
        done=f"{what}, beside values in the unit of the contract and impossible ones",
        seen=f"{sum('F_UNIT' in codes for _, codes in cases.values())} of {len(cases)} converted, a second reading changes none",
    )


CLOCKS = {
    "2019-12-20 3:05 PM": datetime(2019, 12, 20, 15, 5),
    "2019-12-20 下午3:05": datetime(2019, 12, 20, 15, 5),
    "2019-12-20 12:05 AM": datetime(2019, 12, 20, 0, 5),
    "2019-12-20 上午9:05:11": datetime(2019, 12, 20, 9, 5, 11),
    "2019-12-20 12:00:00 PM": datetime(2019, 12, 20, 12),
    "2019-12-20 14:00 PM": datetime(2019, 12, 20, 14),
    "2019-12-20 上午14:00": None,
    "2019-12-20T04:00:00Z": datetime(2019, 12, 20, 12),
    "2019-12-20 24:00:00": datetime(2019, 12, 21),
}


@pytest.mark.proves("D37")
def test_moments_on_other_clocks(parse_all: Parse, proven: Callable[..., None]) -> None:
    assert dict(zip(CLOCKS, (value for value, _ in parse_all("timestamp", list(CLOCKS))), strict=True)) == CLOCKS
    proven(
        done="world time, 24:00:00, 上午 and 下午, AM and PM, and an hour that contradicts them",
        seen=f"{len(CLOCKS) - 1} moments on the city's clock, the contradiction refused",
    )


def test_text_cut_in_the_middle_of_a_character(parse_all: Parse) -> None:
    assert parse_all("address", ["广陵区文\ufffd", "广陵\ufffd \ufffd ", "\ufffd", "a\ufffdb"]) == [
        ("广陵区文", ["W_TRUNC"]), ("广陵", ["F_TRIM", "W_TRUNC"]), (None, []), ("a\ufffdb", []),
    ]  # fmt: skip


DEGREES = {
    "119.4378": (Decimal("119.43780000"), []),
    "119°26′16.08″": (Decimal("119.43780000"), ["F_DMS"]),
    "32度24分0秒": (Decimal("32.40000000"), ["F_DMS"]),
    **dict.fromkeys(
        ["E119°26′16.08″", "东经119°26′16.08″", "119°26’16.08”", "119.4378°", "119°26.268′", "119º26'16.08\"", "119°26'16.08''E"],
        (Decimal("119.43780000"), ["F_DMS"]),
    ),
    "N32°23′45.6″": (Decimal("32.39600000"), ["F_DMS"]),
    "北纬32度23分45.6秒": (Decimal("32.39600000"), ["F_DMS"]),
    "119.5°26′": (None, ["E_DEGREES"]),
    "W119°26′16.08″": (None, ["E_DEGREES"]),
    "119437800": (Decimal("119437800.00000000"), []),
    "119°60′00″": (None, ["E_DEGREES"]),
    "somewhere": (None, ["E_DEGREES"]),
}


def test_degrees(parse_all: Parse) -> None:
    assert dict(zip(DEGREES, parse_all("degrees", list(DEGREES)), strict=True)) == DEGREES
