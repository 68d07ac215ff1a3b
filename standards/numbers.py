"""Whole and decimal numbers, read as text and never rounded silently.

Here: the rules `integer` and `decimal`. Not here: units and their conversion, qualifiers such as `<`.
Source: domain rules A0, D20; range and scale come from the contract.
"""

from __future__ import annotations

import re

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.text import Row, Steps, clean_by, code_array, flag, free_text, is_absent, no_codes, text_fixes

PLAIN = r"^[+-]?(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)\z"
DECORATED = r"^[¥￥]?([+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:[.][0-9]+)?|[+-]?[0-9.]+) *元?\z"
INTEGER_DIGITS = {"int": 10, "bigint": 19}


def precision_and_scale(physical_type: str) -> tuple[int, int]:
    """(precision, scale) of `decimal(p,s)`; ValueError for another type."""
    match = re.fullmatch(r"decimal\((\d+),\s*(\d+)\)", physical_type)
    if match is None:
        raise ValueError(f"{physical_type} is not decimal(p,s). Write the precision and scale into the contract.")
    return int(match[1]), int(match[2])


def _rule(physical_type: str, whole: int, scale: int, minimum: float | None, maximum: float | None) -> Steps:
    def undecorated(row: Row) -> dict[str, Column]:
        s = row["s"]
        plain = F.when(s.rlike(PLAIN), s).otherwise(F.replace(F.regexp_replace(s, DECORATED, "$1"), F.lit(","), F.lit("")))
        return {"absent": is_absent(s), "n": plain}

    def measured(row: Row) -> dict[str, Column]:
        n = row["n"]
        magnitude = F.substring_index(F.regexp_replace(n, "^[+-]?0*", ""), ".", 1)
        fraction = F.when(n.contains("."), F.rtrim(F.substring_index(n, ".", -1), F.lit("0"))).otherwise(F.lit(""))
        return {"number": n.rlike(PLAIN), "fits": (F.length(magnitude) <= whole) & (F.length(fraction) <= scale)}

    def cast(row: Row) -> dict[str, Column]:
        text = F.regexp_replace(row["n"], r"[.]0*\z|^[+]", "")
        return {"cast": F.when(row["number"] & row["fits"], text.try_cast(physical_type))}

    def checked(row: Row) -> dict[str, Column]:
        v = row["cast"]
        low = F.lit(False) if minimum is None else v.cast("double") < minimum
        high = F.lit(False) if maximum is None else v.cast("double") > maximum
        return {"value": F.when(~(low | high), v)}

    def answer(row: Row) -> dict[str, Column]:
        n, value = row["n"], row["value"]
        error = F.when(~row["number"], "E_NUMBER").when(row["cast"].isNull(), "E_SCALE").when(value.isNull(), "E_RANGE")
        codes = code_array(*text_fixes(row["raw"]), flag((n != row["s"]) & value.isNotNull(), "F_NUMBER"), error)
        untouched = row["absent"] | (value.isNotNull() & (n == row["raw"]))
        return {"codes": F.when(untouched, no_codes()).otherwise(codes)}

    return clean_by(free_text), undecorated, measured, cast, checked, answer


def integer_rule(minimum: float | None, maximum: float | None, physical_type: str = "int") -> Steps:
    """Rule `integer`: value int or bigint. A fraction of zeros (36.0) is dropped.

    E_NUMBER: no number (scientific notation, NaN, Infinity, words). E_SCALE: a fraction, or more digits than the type holds
    (int, bigint). E_RANGE: outside minimum..maximum. F_NUMBER: thousands separators or 元 removed. F_WIDTH, F_TRIM.
    """
    return _rule(physical_type, INTEGER_DIGITS[physical_type], 0, minimum, maximum)


def decimal_rule(minimum: float | None, maximum: float | None, physical_type: str) -> Steps:
    """Rule `decimal`: value decimal(p,s). Codes as in `integer_rule`; zeros at the end are no extra scale."""
    precision, scale = precision_and_scale(physical_type)
    return _rule(physical_type, precision - scale, scale, minimum, maximum)
