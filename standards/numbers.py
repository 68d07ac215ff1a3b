"""Whole and decimal numbers, read as text and never rounded silently.

Here: the rules `integer` and `decimal`, other units, the qualifier of a number. Not here: the meaning of a qualifier for
a mean or a class. Source: domain rules A0, D19, D20; range, scale and the units a source mixes up come from the contract.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.text import Row, Steps, cleaned, codes_text, flag, free_text, is_absent, no_codes, text_fixes

PLAIN = r"^[+-]?(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)\z"
DECORATED = r"^¥?([+-]?(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|[0-9]+)(?:[.][0-9]*)?|[+-]?[.][0-9]+) *元?\z"
"""A comma is a thousands separator between groups of three digits, and nothing else: `12,5` and `0,125` are no numbers."""
EXPONENT = r"^([+-]?)([0-9]+)(?:[.]([0-9]*))?[Ee]([+-]?[0-9]{1,2})\z"
ZEROS = "0" * 99
QUALIFIED = r"^(?:([<>≤≥]) *)?([+-]?[0-9.,]+) *([L%])?\z"
NOT_DETECTED = ("ND", "未检出")
WIDE = "decimal(18,6)"
"""The type in which a number of another unit is read: its product with a factor of FACTOR_DIGITS fits into 38 digits on every engine."""
INTEGER_DIGITS = {"int": 10, "bigint": 19}


def precision_and_scale(physical_type: str) -> tuple[int, int]:
    """(precision, scale) of `decimal(p,s)`; ValueError for another type."""
    match = re.fullmatch(r"decimal\((\d+),\s*(\d+)\)", physical_type)
    if match is None:
        raise ValueError(f"{physical_type} is not decimal(p,s). Write the precision and scale into the contract.")
    return int(match[1]), int(match[2])


def qualifier(text: Column) -> Column:
    """The qualifier of a number of a qualified column: `<` `>` `≤` `≥`, `L` (below the limit of detection, which is the
    value), `%`, `ND` (not detected, no value); NULL for a bare number."""
    s = free_text(text)
    signs = F.concat(F.regexp_extract(s, QUALIFIED, 1), F.regexp_extract(s, QUALIFIED, 3))
    return F.when(s.isin(*NOT_DETECTED), "ND").when(signs != "", signs)


def _expanded(number: Column) -> Column:
    """`1.2E+2` as `120`, with all its digits; any other text as it is."""
    sign, whole, fraction, exponent = (F.regexp_extract(number, EXPONENT, i) for i in range(1, 5))
    point = F.length(whole) + exponent.try_cast("int") + len(ZEROS)
    digits = F.concat(F.lit(ZEROS), whole, fraction, F.lit(ZEROS))
    before = F.regexp_replace(F.substring(digits, F.lit(1), point), "^0+([0-9])", "$1")
    after = F.rtrim(F.substring(digits, point + 1, F.length(digits)), F.lit("0"))
    return F.when(number.rlike(EXPONENT), F.concat(sign, before, F.lit("."), after)).otherwise(number)


def _rule(
    physical_type: str,
    whole: int,
    scale: int,
    minimum: float | None,
    maximum: float | None,
    units: Mapping[str, float],
    qualified: bool,
    exponents: bool,
) -> Steps:
    def in_range(v: Column) -> Column:
        low = F.lit(False) if minimum is None else v.cast("double") < minimum
        high = F.lit(False) if maximum is None else v.cast("double") > maximum
        return ~(low | high)

    usual = f"^[0-9]{{1,{max(1, whole - 1)}}}" + (f"(?:[.][0-9]{{1,{scale}}})?" if scale else "") + r"\z"

    def digits_only(row: Row) -> dict[str, Column]:
        """Most numbers are digits that fit: they are looked at once, and the others (`other`) closely."""
        found = F.coalesce(row["s"].rlike(usual), F.lit(False))
        return {"usual": found, "other": F.when(~found, row["s"])}

    def undecorated(row: Row) -> dict[str, Column]:
        other = row["other"]
        bare = F.regexp_replace(other, QUALIFIED, "$2") if qualified else other
        number = _expanded(bare) if exponents else bare
        separated = F.translate(F.regexp_replace(number, DECORATED, "$1"), ",", "")
        plain = F.when(bare.rlike(PLAIN), bare).when(bare.rlike(DECORATED), separated).otherwise(number)
        absent = is_absent(other) | (other.isin(*NOT_DETECTED) if qualified else F.lit(False))
        return {"absent": ~row["usual"] & absent, "bare": bare, "n": plain}

    def measured(row: Row) -> dict[str, Column]:
        n = row["n"]
        magnitude = F.substring_index(F.regexp_replace(n, "^[+-]?0*", ""), ".", 1)
        fraction = F.when(n.contains("."), F.rtrim(F.substring_index(n, ".", -1), F.lit("0"))).otherwise(F.lit(""))
        return {"number": n.rlike(PLAIN), "fits": (F.length(magnitude) <= whole) & (F.length(fraction) <= scale)}

    def cast(row: Row) -> dict[str, Column]:
        text = F.when(row["usual"], row["s"]).otherwise(F.regexp_replace(row["n"], r"[.]0*\z|^[+]", ""))
        number = row["usual"] | row["number"]
        found = {"cast": F.when(row["usual"] | (number & row["fits"]), text.try_cast(physical_type))}
        return found | ({"wide": F.when(number, text.try_cast(WIDE))} if units else {})

    def checked(row: Row) -> dict[str, Column]:
        right = F.when(in_range(row["cast"]), row["cast"])
        if not units:
            return {"value": right}
        products = [row["wide"] * _exactly(factor) for factor in units.values()]
        there = [F.when(in_range(p), _rounded(p, whole, scale, physical_type)) for p in products]
        outside = ~in_range(row["wide"]) & right.isNull()
        return {"value": F.coalesce(right, F.when(outside, F.coalesce(*there))), "unit": outside & F.coalesce(*there).isNotNull()}

    def answer(row: Row) -> dict[str, Column]:
        value, same = row["value"], F.when(row["usual"], row["s"]).otherwise(row["n"]) == row["raw"]
        error = F.when(~(row["usual"] | row["number"]), "E_NUMBER").when(row["cast"].isNull(), "E_SCALE").when(value.isNull(), "E_RANGE")
        signs = (flag((row["bare"] != row["s"]) | row["s"].isin(*NOT_DETECTED), "F_QUALIFIER"),) if qualified else ()
        unit = (flag(row["unit"], "F_UNIT"),) if units else ()
        decorated = flag(row["bare"].rlike("[^0-9.Ee+-]") & value.isNotNull(), "F_NUMBER")
        failed = F.when(value.isNull() & ~row["absent"], error)
        codes = codes_text(*text_fixes(row["raw"]), decorated, *signs, *unit, failed)
        untouched = is_absent(row["s"]) | (value.isNotNull() & same & ~(row["unit"] if units else F.lit(False)))
        sign = {"qualifier": qualifier(row["s"])} if qualified else {}
        return {"codes": F.when(untouched, no_codes()).otherwise(codes), **sign}

    return cleaned, digits_only, undecorated, measured, cast, checked, answer


def _exactly(factor: float) -> Column:
    """A factor with all its digits and no more; engines refuse a decimal that does not fit its type, or take it for another number."""
    exact = Decimal(str(factor))
    whole, _, fraction = format(exact.normalize(), "f").partition(".")
    return F.lit(exact).cast(f"decimal({len(whole) + len(fraction)},{len(fraction)})")


def _rounded(product: Column, whole: int, scale: int, physical_type: str) -> Column:
    """A number in the contract's unit, rounded to its scale; it is in the range before: -4 Wh are not 0 kWh."""
    return product.try_cast(f"decimal({min(38, whole + scale)},{scale})").try_cast(physical_type)


def integer_rule(
    minimum: float | None,
    maximum: float | None,
    physical_type: str = "int",
    units: Mapping[str, float] | None = None,
    qualified: bool = False,
    exponents: bool = False,
) -> Steps:
    """Rule `integer`: value int or bigint. A fraction of zeros (36.0) is dropped.

    E_NUMBER: no number (words, NaN, Infinity, separators that are not thousands separators, an exponent in a text format).
    E_SCALE: a fraction, or more digits than the type holds (int, bigint). E_RANGE: outside minimum..maximum. F_NUMBER: thousands
    separators, ¥ or 元 removed. F_UNIT: converted from another unit. F_QUALIFIER. F_WIDTH, F_INVIS, F_HTML, F_TRIM.

    Args:
        minimum: smallest value, None for no limit.
        maximum: largest value, None for no limit.
        physical_type: int or bigint.
        units: unit -> factor. A number outside the range whose product with a factor is inside it was delivered in that unit.
        qualified: `<0.01`, `0.02L`, `12.5%` are their number, `ND` and 未检出 none; `qualifier` gives the sign.
        exponents: the source is JSON, in which `1.2E+2` is a number like others. In a text format a spreadsheet has rounded it.

    Returns:
        The steps of the rule.
    """
    return _rule(physical_type, INTEGER_DIGITS[physical_type], 0, minimum, maximum, units or {}, qualified, exponents)


def decimal_rule(
    minimum: float | None,
    maximum: float | None,
    physical_type: str,
    units: Mapping[str, float] | None = None,
    qualified: bool = False,
    exponents: bool = False,
) -> Steps:
    """Rule `decimal`: value decimal(p,s). Codes as in `integer_rule`; zeros at the end are no extra scale.

    Args:
        minimum: as in `integer_rule`.
        maximum: as in `integer_rule`.
        physical_type: decimal(p,s).
        units: as in `integer_rule`.
        qualified: as in `integer_rule`.
        exponents: as in `integer_rule`.

    Returns:
        The steps of the rule.

    Raises:
        ValueError: physical_type is another type.
    """
    precision, scale = precision_and_scale(physical_type)
    return _rule(physical_type, precision - scale, scale, minimum, maximum, units or {}, qualified, exponents)
