"""Whole and decimal numbers, read as text and never rounded silently.

Here: the rules `integer` and `decimal`, other units (D19), the qualifier beside a number (D20). Not here: what a qualifier
means for a mean or a class. Source: domain rules A0, D19, D20; range, scale and the units a source mixes up come from the contract.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.text import Row, Steps, cleaned, codes_text, flag, free_text, is_absent, no_codes, text_fixes

PLAIN = r"^[+-]?(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)\z"
DECORATED = r"^[¥￥]?([+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:[.][0-9]+)?|[+-]?[0-9.]+) *元?\z"
QUALIFIED = r"^(?:([<>≤≥]) *)?([+-]?[0-9.,]+) *([L%])?\z"
NOT_DETECTED = ("ND", "未检出")
WIDE, FACTOR = "decimal(18,6)", "decimal(10,6)"
"""Types in which other units are converted: their product fits into 38 digits on every engine."""
INTEGER_DIGITS = {"int": 10, "bigint": 19}


def precision_and_scale(physical_type: str) -> tuple[int, int]:
    """(precision, scale) of `decimal(p,s)`; ValueError for another type."""
    match = re.fullmatch(r"decimal\((\d+),\s*(\d+)\)", physical_type)
    if match is None:
        raise ValueError(f"{physical_type} is not decimal(p,s). Write the precision and scale into the contract.")
    return int(match[1]), int(match[2])


def qualifier(raw: Column) -> Column:
    """What stands beside the number of a qualified column: `<` `>` `≤` `≥`, `L` (below the limit of detection, which is the
    value), `%`, `ND` (not detected, no value); NULL for a bare number."""
    s = free_text(raw)
    beside = F.concat(F.regexp_extract(s, QUALIFIED, 1), F.regexp_extract(s, QUALIFIED, 3))
    return F.when(s.isin(*NOT_DETECTED), "ND").when(beside != "", beside)


def _rule(
    physical_type: str,
    whole: int,
    scale: int,
    minimum: float | None,
    maximum: float | None,
    units: Mapping[str, float],
    qualified: bool,
) -> Steps:
    def in_range(v: Column) -> Column:
        low = F.lit(False) if minimum is None else v.cast("double") < minimum
        high = F.lit(False) if maximum is None else v.cast("double") > maximum
        return ~(low | high)

    def undecorated(row: Row) -> dict[str, Column]:
        s = row["s"]
        bare = F.regexp_replace(s, QUALIFIED, "$2") if qualified else s
        plain = F.when(bare.rlike(PLAIN), bare).otherwise(F.replace(F.regexp_replace(bare, DECORATED, "$1"), F.lit(","), F.lit("")))
        return {"absent": is_absent(s) | (s.isin(*NOT_DETECTED) if qualified else F.lit(False)), "bare": bare, "n": plain}

    def measured(row: Row) -> dict[str, Column]:
        n = row["n"]
        magnitude = F.substring_index(F.regexp_replace(n, "^[+-]?0*", ""), ".", 1)
        fraction = F.when(n.contains("."), F.rtrim(F.substring_index(n, ".", -1), F.lit("0"))).otherwise(F.lit(""))
        return {"number": n.rlike(PLAIN), "fits": (F.length(magnitude) <= whole) & (F.length(fraction) <= scale)}

    def cast(row: Row) -> dict[str, Column]:
        text = F.regexp_replace(row["n"], r"[.]0*\z|^[+]", "")
        found = {"cast": F.when(row["number"] & row["fits"], text.try_cast(physical_type))}
        return found | ({"wide": F.when(row["number"], text.try_cast(WIDE))} if units else {})

    def checked(row: Row) -> dict[str, Column]:
        right = F.when(in_range(row["cast"]), row["cast"])
        if not units:
            return {"value": right}
        there = [F.when(in_range(v), v) for v in (_converted(row["wide"], f, whole, scale, physical_type) for f in units.values())]
        outside = ~in_range(row["wide"]) & right.isNull()
        return {"value": F.coalesce(right, F.when(outside, F.coalesce(*there))), "unit": outside & F.coalesce(*there).isNotNull()}

    def answer(row: Row) -> dict[str, Column]:
        n, value = row["n"], row["value"]
        error = F.when(~row["number"], "E_NUMBER").when(row["cast"].isNull(), "E_SCALE").when(value.isNull(), "E_RANGE")
        beside = (flag((row["bare"] != row["s"]) | row["s"].isin(*NOT_DETECTED), "F_QUALIFIER"),) if qualified else ()
        unit = (flag(row["unit"], "F_UNIT"),) if units else ()
        decorated = flag((n != row["bare"]) & value.isNotNull(), "F_NUMBER")
        said = F.when(value.isNull() & ~row["absent"], error)
        codes = codes_text(*text_fixes(row["raw"]), decorated, *beside, *unit, said)
        untouched = is_absent(row["s"]) | (value.isNotNull() & (n == row["raw"]) & ~(row["unit"] if units else F.lit(False)))
        return {"codes": F.when(untouched, no_codes()).otherwise(codes)}

    return cleaned, undecorated, measured, cast, checked, answer


def _converted(wide: Column, factor: float, whole: int, scale: int, physical_type: str) -> Column:
    """The number in the contract's unit, rounded to its scale."""
    product = wide * F.lit(Decimal(str(factor))).cast(FACTOR)
    return product.try_cast(f"decimal({min(38, whole + scale)},{scale})").try_cast(physical_type)


def integer_rule(
    minimum: float | None,
    maximum: float | None,
    physical_type: str = "int",
    units: Mapping[str, float] | None = None,
    qualified: bool = False,
) -> Steps:
    """Rule `integer`: value int or bigint. A fraction of zeros (36.0) is dropped.

    E_NUMBER: no number (scientific notation, NaN, Infinity, words). E_SCALE: a fraction, or more digits than the type holds
    (int, bigint). E_RANGE: outside minimum..maximum. F_NUMBER: thousands separators or 元 removed. F_WIDTH, F_TRIM.
    `units`, name -> factor: a number outside the range that is inside it when multiplied was delivered in that unit, F_UNIT.
    `qualified`: `<0.01`, `0.02L`, `12.5%` are their number, `ND` and 未检出 none, F_QUALIFIER; `qualifier` says which.
    """
    return _rule(physical_type, INTEGER_DIGITS[physical_type], 0, minimum, maximum, units or {}, qualified)


def decimal_rule(
    minimum: float | None, maximum: float | None, physical_type: str, units: Mapping[str, float] | None = None, qualified: bool = False
) -> Steps:
    """Rule `decimal`: value decimal(p,s). Codes and arguments as in `integer_rule`; zeros at the end are no extra scale."""
    precision, scale = precision_and_scale(physical_type)
    return _rule(physical_type, precision - scale, scale, minimum, maximum, units or {}, qualified)
