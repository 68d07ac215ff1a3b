"""Telephone numbers.

Here: mobile numbers and the city's landlines in one form, placeholders. Not here: numbers shared by many persons.
Source: allocation of mobile numbers by the ministry (March 2023), area code 0514; domain rules A9, D09.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.tables import placeholders
from standards.text import Row, Steps, clean_by, codes_text, flag, is_absent, narrow, no_codes

AREA = "0514"
MOBILE = r"^1(?:3[0-9]|4[5-9]|5[0-35-9]|6[2567]|7[0-35-8]|8[0-9]|9[0-35-9])[0-9]{8}\z"
LANDLINE = r"^(?:0?514)?[2-8][0-9]{7}\z"
OLD_LANDLINE = r"^(?:0?514)?[2-8][0-9]{6}\z"
UP, DOWN = "0123456789", "9876543210"
RUNS = tuple(run[i : i + 8] for run in (UP, DOWN) for i in range(3))
PLACEHOLDER = "|".join((*(rf"{d}{{7}}\z" for d in range(10)), *RUNS))


def national(raw: Column) -> Column:
    """The digits as dialled in the city: no spaces and signs, no country code, no 0 before a mobile number."""
    digits = F.regexp_replace(narrow(raw), r"^ *=|[ \t\r\n()'\"—-]|\.0\z", "")
    return F.regexp_replace(F.regexp_replace(digits, r"^(?:[+]86|0086|86)([0-9]{10,12})\z", "$1"), r"^0(1[0-9]{10})\z", "$1")


def phone_rule() -> Steps:
    """Rule `phone`: value string, 11 digits of a mobile, or 0514 and the digits of a landline.

    W_PHONE_PLACEHOLDER: typed to get past a form, value NULL. W_OLDTEL: seven digits, from before the upgrade.
    W_MASKED: the provider has hidden digits. E_PHONE: no number of the allocation. F_PHONE: country code, area code,
    spaces or signs were put right.
    """

    def judged(row: Row) -> dict[str, Column]:
        s = row["s"]
        return {"absent": is_absent(s), "placeholder": s.rlike(PLACEHOLDER) | s.isin(*placeholders("phone"))}

    def number(row: Row) -> dict[str, Column]:
        s = row["s"]
        value = (
            F.when(row["absent"] | row["placeholder"], F.lit(None).cast("string"))
            .when(s.rlike(MOBILE), s)
            .when(s.rlike(LANDLINE), F.concat(F.lit(AREA), F.substring(s, -8, 8)))
            .when(s.rlike(OLD_LANDLINE), F.concat(F.lit(AREA), F.substring(s, -7, 7)))
        )
        return {"value": value}

    def answer(row: Row) -> dict[str, Column]:
        s, value, placeholder = row["s"], row["value"], row["placeholder"]
        codes = codes_text(
            flag(value != row["raw"], "F_PHONE"),
            flag(placeholder, "W_PHONE_PLACEHOLDER"),
            flag(s.rlike("[*]{2,}"), "W_MASKED"),
            flag(value.isNull() & ~placeholder, "E_PHONE"),
            flag(s.rlike(OLD_LANDLINE) & ~placeholder, "W_OLDTEL"),
        )
        untouched = (value == row["raw"]) & ~s.rlike(OLD_LANDLINE)
        return {"codes": F.when(row["absent"] | untouched, no_codes()).otherwise(codes)}

    return clean_by(national), judged, number, answer
