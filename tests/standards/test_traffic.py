"""Plates; the states of segments, indices and intersections at each of their borders."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from standards import plates, traffic

PLATES = {
    "苏K12345": ("苏K12345", []),
    "苏KA1B23": ("苏KA1B23", []),
    "苏KABC12": (None, ["E_PLATE"]),
    "苏k·a1234": ("苏KA1234", ["F_FORM"]),
    " 苏K-1234学": ("苏K1234学", ["F_TRIM", "F_FORM"]),
    "苏Ｋ１２３４５": ("苏K12345", ["F_WIDTH"]),
    "苏KD12345": ("苏KD12345", []),
    "苏KK12345": ("苏KK12345", []),
    "苏KL12345": (None, ["E_PLATE"]),
    "苏K12345F": ("苏K12345F", []),
    "苏K12345G": (None, ["E_PLATE"]),
    "沪A1234警": ("沪A1234警", []),
    "苏KO1234": (None, ["E_PLATE"]),
    "苏K1I234": (None, ["E_PLATE"]),
    "苏K1234": (None, ["E_PLATE"]),
    "扬K12345": (None, ["E_PLATE"]),
    "未识别": (None, ["E_PLATE"]),
    "无": (None, []),
}
READ = {
    "苏K12345": "苏K12345", "苏KO1234": "苏K01234", "苏K1I2O4": "苏K11204", "沪AO1234": "沪A01234", "苏KABC12": None, "未识别": None,
    "车牌": None, "苏O12345": "苏O12345", None: None,
}  # fmt: skip
VINS = {
    "LSVAA49J132047371": ("LSVAA49J132047371", []),
    "1M8GDM9AXKP042788": ("1M8GDM9AXKP042788", []),
    "LZZFAKE120A000001": ("LZZFAKE120A000001", []),
    "lzzfake230a000002 ": ("LZZFAKE230A000002", ["F_TRIM"]),
    "ＬZZFAKE340A000003": ("LZZFAKE340A000003", ["F_WIDTH"]),
    "LSVAA49J232047371": (None, ["E_CHECK"]),
    "LZZFAKE100A000001": (None, ["E_CHECK"]),
    "LZZFAKE200A000002": (None, ["E_CHECK"]),
    "LZZFAKE300A000003": (None, ["E_CHECK"]),
    "LSVAA49I132047371": (None, ["E_VIN"]),
    "LSVAA49J13204737": (None, ["E_VIN"]),
    "LSVAA49J1320473711": (None, ["E_VIN"]),
    "见行驶证": (None, ["E_VIN"]),
    "无": (None, []),
}
"""Of domain rules A10, and others."""
STATES = {
    "EXPRESS": {"65.1": "FREE", "65": "MOSTLY_FREE", "50.1": "MOSTLY_FREE", "50": "LIGHT", "35": "MODERATE", "20": "SEVERE"},
    "ARTERIAL": {"40.1": "FREE", "40": "MOSTLY_FREE", "30": "LIGHT", "20": "MODERATE", "15.1": "MODERATE", "15": "SEVERE"},
    "SECONDARY": {"35.1": "FREE", "35": "MOSTLY_FREE", "25": "LIGHT", "15": "MODERATE", "10": "SEVERE"},
    "LOCAL": {"35.1": "FREE", "25.1": "MOSTLY_FREE", "15.1": "LIGHT", "10.1": "MODERATE", "10": "SEVERE", "0": "SEVERE", None: None},
}  # fmt: skip
INDICES = {
    "1": "FREE",
    "1.29": "FREE",
    "1.2999": "FREE",
    "1.3": "MOSTLY_FREE",
    "1.6": "LIGHT",
    "1.8999": "LIGHT",
    "1.9": "MODERATE",
    "2.1999": "MODERATE",
    "2.2": "SEVERE",
    None: None,
}
LEVELS = {
    ("HCM", "delay_s"): {
        "0": "A", "10": "A", "10.0001": "B", "20": "B", "35": "C", "35.01": "D", "55": "D", "80": "E", "80.0001": "F", None: None,
    },
    ("CJJ", "delay_s"): {"29.9999": "1", "30": "2", "50": "2", "50.0001": "3", "60": "3", "60.0001": "4"},
    ("CJJ", "saturation"): {"0.5999": "1", "0.6": "2", "0.8": "2", "0.8001": "3", "0.9": "3", "0.9001": "4", "1.2": "4"},
    ("CJJ", "queue_m"): {"29.9": "1", "30": "2", "80": "2", "80.1": "3", "100": "3", "100.1": "4", None: None},
}  # fmt: skip


def test_plates_have_the_shape_of_their_kind(parse_all: Callable[..., Any], column_of: Callable[..., Any]) -> None:
    assert dict(zip(PLATES, parse_all("plate", list(PLATES)), strict=True)) == PLATES
    assert dict(zip(READ, column_of(list(READ), plates.suggested), strict=True)) == READ
    assert column_of(["苏K12345", "苏A12345", "沪KK2345"], plates.is_local) == [True, False, False]


def test_identification_numbers_have_their_check_character(parse_all: Callable[..., Any]) -> None:
    assert dict(zip(VINS, parse_all("vin", list(VINS)), strict=True)) == VINS


def test_random_identification_numbers_are_checked_as_by_hand(parse_all: Callable[..., Any]) -> None:
    """One right check character of eleven, reckoned letter by letter."""
    draw, worth = Random(16), dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", [*range(1, 9), 1, 2, 3, 4, 5, 7, 9, *range(2, 10)], strict=True))
    bodies = [draw.choices("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", k=16) for _ in range(60)]

    def check(body: list[str]) -> str:
        weights = (8, 7, 6, 5, 4, 3, 2, 10, 9, 8, 7, 6, 5, 4, 3, 2)
        rest = sum(w * (int(c) if c.isdigit() else worth[c]) for w, c in zip(weights, body, strict=True)) % 11
        return "X" if rest == 10 else str(rest)

    numbers = {"".join([*body[:8], c, *body[8:]]): c == check(body) for body in bodies for c in "0123456789X"}
    found = parse_all("vin", list(numbers))
    assert [value is not None for value, _ in found] == list(numbers.values())
    assert sum(numbers.values()) == len(bodies)


def test_plates_that_a_camera_takes_for_one_another(column_of: Callable[..., Any]) -> None:
    """Behind the region alone: a region D or B is no 0 or 8."""
    read = ["苏KDB0I8", "苏K08018", "苏DDO123", "苏BB8888", "苏K", None]
    assert column_of(read, plates.confusion_class) == ["苏K08018", "苏K08018", "苏D00123", "苏B88888", "苏K", None]
    assert column_of(read, plates.without_never_used) == ["苏KDB018", "苏K08018", "苏DD0123", "苏BB8888", "苏K", None]


@pytest.mark.parametrize("road_class", STATES)
def test_a_segment_at_each_border(spark: SparkSession, road_class: str) -> None:
    rows = [(n, road_class, speed and Decimal(speed)) for n, speed in enumerate(STATES[road_class])]
    frame = spark.createDataFrame(rows, "n int, c string, v decimal(5,1)")
    found = [r[0] for r in frame.orderBy("n").select(traffic.segment_state(F.col("c"), F.col("v"))).collect()]
    assert dict(zip(STATES[road_class], found, strict=True)) == STATES[road_class]


def test_indices_and_intersections_at_each_border(spark: SparkSession) -> None:
    def asked(values: list[str | None], of: Any) -> list[str | None]:
        frame = spark.createDataFrame([(n, v and int(Decimal(v) * 10_000)) for n, v in enumerate(values)], "n int, v bigint")
        return [r[0] for r in frame.orderBy("n").select(of(F.col("v"), F.lit(10_000))).collect()]

    assert dict(zip(INDICES, asked(list(INDICES), traffic.tti_grade), strict=True)) == INDICES
    for (scheme, measure), expected in LEVELS.items():
        found = asked(list(expected), lambda v, n, s=scheme, m=measure: traffic.level(s, m, v, n))
        assert dict(zip(expected, found, strict=True)) == expected, (scheme, measure)
    three = [traffic.level("CJJ", m, F.lit(v), F.lit(100)) for m, v in zip(traffic.CJJ_MEASURES, (1_000, 85, 5_000), strict=True)]
    nothing = traffic.tti_grade(F.lit(0), F.lit(0)), traffic.level("HCM", "delay_s", F.lit(0), F.lit(0))
    assert tuple(spark.range(1).select(traffic.worst([*three, F.lit(None).cast("string")]), *nothing).first()) == ("3", None, None)
