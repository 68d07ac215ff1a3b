"""Identification numbers of vehicles (VIN): 17 characters, the ninth of which follows from the others.

Here: the rule for delivered numbers. Not here: number plates (`plates`). Source: GB 16735 (no I, no O, no Q; what letters count, weights,
the remainder of 11); domain rules A10. Vehicles that were built abroad may bear numbers without a check character: E_CHECK, too.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.checksums import character, sum_of_ranks
from standards.text import Row, Steps, clean_by, codes_text, identifier, identifier_fixes, is_absent, no_codes

LETTERS, VALUES = "ABCDEFGHJKLMNPRSTUVWXYZ", "12345678123457923456789"
"""The letters of a number, and what each counts."""
SHAPE = r"^[A-HJ-NPR-Z0-9]{17}\z"
WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
CHECK = 9
"""The place of the check character."""
REMAINDERS = "0123456789X"


def vin_rule() -> Steps:
    """Rule `vin`: value string, in upper case.

    E_VIN: another shape. E_CHECK: a wrong check character. F_WIDTH, F_INVIS, F_TRIM, F_DOT0.
    """

    def shaped(row: Row) -> dict[str, Column]:
        return {"absent": is_absent(row["s"]), "sound": F.when(row["s"].rlike(SHAPE), row["s"])}

    def summed(row: Row) -> dict[str, Column]:
        return {"sum": sum_of_ranks(F.translate(row["sound"], LETTERS, VALUES), WEIGHTS)}

    def answer(row: Row) -> dict[str, Column]:
        check = character(REMAINDERS, F.pmod(row["sum"], F.lit(11)))
        misshapen = ~row["absent"] & row["sound"].isNull()
        wrong = ~row["absent"] & F.coalesce(check != F.substring(row["sound"], CHECK, 1), F.lit(False))
        found = F.when(misshapen, "E_VIN").when(wrong, "E_CHECK")
        untouched = row["absent"] | ((row["s"] == row["raw"]) & found.isNull())
        codes = codes_text(*identifier_fixes(row["raw"]), found)
        return {"value": F.when(~row["absent"] & found.isNull(), row["s"]), "codes": F.when(untouched, no_codes()).otherwise(codes)}

    return clean_by(identifier), shaped, summed, answer
