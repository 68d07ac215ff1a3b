"""Citizen identity numbers: check, upgrade from 15 to 18 digits, repair of how they were typed.

Here: GB 11643-1999 (18 and 15 digits), residence permits of Hong Kong, Macao and Taiwan residents (81/82/83), the
permanent residence card of foreigners (2023: 9, province, nationality, birth, sequence, check; 2017: nationality in letters,
region, birth, sequence, check). Not here: whose number it is; conflicts with other columns. Source: domain rules A0-A4, D03-D07;
check digit of the card of 2017: ICAO Doc 9303-3, 4.9.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards import divisions
from standards.checksums import ALPHANUMERIC, character, ranked, sum_of_digits, sum_of_ranks
from standards.tables import placeholders
from standards.text import (
    BLANKS,
    FULL_WIDTH,
    HALF_WIDTH,
    INVISIBLE,
    LINES,
    SCIENTIFIC,
    Row,
    Steps,
    clean_by,
    codes_text,
    flag,
    is_absent,
    no_codes,
)

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS = "10X98765432"
PROVINCES = (
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42", "43",
    "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81", "82", "83",
)  # fmt: skip
HMT = ("81", "82", "83")
OLD_AGE = 120
X_LOOKALIKES = "×хХΧⅩⅹ"
DROPPED = f" \t\r\n-'\"{BLANKS}{LINES}"
LOWER, UPPER = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
REPEATED = "|".join(f"{d}{{10}}" for d in range(10)) + "|^(?:" + "|".join(f"{d}{{2,}}" for d in range(10)) + r")\z"
TYPED_WELL = r"^[0-9X]*\z"
SHAPE = r"^(?:[0-9]{17}[0-9X]|[0-9]{15})\z"
CARD = r"^[A-Z]{3}[0-9]{12}\z"
"""The permanent residence card of 2017: nationality, region (4 digits), birth YYMMDD, sequence, check digit."""
CARD_WEIGHTS = (7, 3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1, 7, 3)
"""Of a card's characters, of which A is 10 and Z is 35."""
WHOLE = 18
"""Characters of a number that holds birth and sex: a card of 2017 has no century and no digit for the sex."""


def normalise(raw: Column) -> Column:
    """The number as it was meant: ASCII, upper case, no spaces, hyphens or quotes, X for its look-alikes, no Excel `.0`."""
    wide_upper = HALF_WIDTH.translate(str.maketrans(LOWER, UPPER))
    kept = (FULL_WIDTH + LOWER + X_LOOKALIKES, wide_upper + UPPER + "X" * len(X_LOOKALIKES))
    once = F.translate(F.regexp_replace(raw, f"[{INVISIBLE}]", ""), f"{kept[0]}{DROPPED}", kept[1])
    # a full-width hyphen, quote or space has just become one of the characters to drop
    return F.when(raw.rlike(TYPED_WELL), raw).otherwise(F.regexp_replace(once, r"^ *=|\.0[ '\"-]*\z|[ '\"-]+", ""))


def halves(body: Column) -> tuple[Column, Column]:
    """The first nine and the last eight of 17 digits, as whole numbers; NULL for other text.

    To take 17 digits out of a text costs an engine as much as all that is asked of the number besides.
    """
    return F.substring(body, 1, 9).try_cast("int"), F.substring(body, 10, 8).try_cast("int")


def weighted(left: Column, right: Column) -> Column:
    """The sum of the 17 digits by their weights, of their two halves (ISO 7064 MOD 11-2)."""
    return sum_of_digits(left, WEIGHTS[:9]) + sum_of_digits(right, WEIGHTS[9:])


def check_of(total: Column) -> Column:
    """The check character for the sum of the digits, NULL for NULL."""
    return character(CHECK_DIGITS, F.pmod(total, F.lit(11)))


def check_digit(body: Column) -> Column:
    """The 18th character for 17 digits, NULL for NULL: ISO 7064 MOD 11-2 (GB 11643-1999)."""
    return check_of(weighted(*halves(body)))


def card_sum(card: Column) -> Column:
    """The sum of the first 14 characters of a card of 2017 by the weights 7, 3, 1; A is 10 and Z is 35. NULL for NULL."""
    return sum_of_ranks(ranked(card, ALPHANUMERIC), CARD_WEIGHTS)


def card_check(total: Column) -> Column:
    """The 15th character of a card of 2017 for the sum of the 14 before it."""
    return F.pmod(total, F.lit(10)).cast("string")


def birth_of(number: Column) -> Column:
    """The date of birth inside a valid number, NULL where it has none (a card of 2017)."""
    return F.when(F.length(number) == WHOLE, _day(F.substring(number, 7, 8)))


def sex_of(number: Column) -> Column:
    """1 (male) or 2 (female) by the 17th digit of a valid number, NULL where it has none (a card of 2017)."""
    odd = F.pmod(F.substring(number, 17, 1).try_cast("int"), F.lit(2)) == 1
    return F.when(F.length(number) == WHOLE, F.when(odd, "1").otherwise("2"))


def _day(digits: Column) -> Column:
    """yyyyMMdd as a date, NULL when it is none of the calendar."""
    return F.concat_ws("-", *(F.substring(digits, at, n) for at, n in ((1, 4), (5, 2), (7, 2)))).try_cast("date")


def _fixes(raw: Column) -> tuple[Column, ...]:
    return (
        flag(raw.rlike("[\uff01-\uff5e\u3000]"), "F_WIDTH"),
        flag(raw.rlike(f"[{INVISIBLE}{BLANKS}{LINES}]"), "F_INVIS"),
        flag(raw.rlike("[ \t\r\n'\"-]|^="), "F_TRIM"),
        flag(raw.rlike(f"[x\uff38\uff58{X_LOOKALIKES}][ \t\r\n'\"]*\\z"), "F_X"),
        flag(raw.rlike(r"\.0[ \t\r\n'\"]*\z"), "F_DOT0"),
    )


def identity_rule(business_date: Column, test_divisions: bool = False) -> Steps:
    """Rule `identity`: value string of 18 characters, or 15 of a foreigner's card of 2017.

    Errors, the first one found: E_SCI, E_PLACEHOLDER, E_LEN, E_CHARS, E_DIVISION, E_DATE, E_EXCEL, E_CHECK, E_FUTURE; and
    W_CENTURY for a 15-digit number with sequence 996-999, which is never upgraded. With a value: W_DIVISION (county not in
    the history of divisions), W_SEQ0, W_OLD (more than 120 years). Repairs: F_WIDTH, F_INVIS, F_TRIM, F_X, F_DOT0, F_UP15.
    `business_date`: date the row speaks about. `test_divisions`: 321099 counts as a county.
    """
    known = (*divisions.city_history(), *((divisions.TEST_COUNTY,) if test_divisions else ()))

    def shape(row: Row) -> dict[str, Column]:
        s = row["s"]
        card = F.when(F.length(s) == 15, s.rlike(CARD)).otherwise(False)
        old = (F.length(s) == 15) & ~card
        body = F.when(old, F.concat(F.substring(s, 1, 6), F.lit("19"), F.substring(s, 7, 9))).otherwise(F.substring(s, 1, 17))
        return {"absent": is_absent(s), "card": card, "old": old, "body": F.when(~card, body)}

    def computed(row: Row) -> dict[str, Column]:
        card = F.when(row["card"], row["s"])
        birth = _day(F.coalesce(F.concat(F.lit("19"), F.substring(card, 8, 6)), F.substring(row["body"], 7, 8)))
        leap_day = F.when(F.substring(card, 8, 6) == "000229", F.lit("2000-02-29").cast("date"))
        left, right = halves(row["body"])
        return {"birth": F.coalesce(birth, leap_day), "left": left, "right": right, "number": card}

    def summed(row: Row) -> dict[str, Column]:
        return {"total": weighted(row["left"], row["right"]), "card_total": card_sum(row["number"])}

    def checked(row: Row) -> dict[str, Column]:
        return {"check": F.coalesce(check_of(row["total"]), card_check(row["card_total"]))}

    def judged(row: Row) -> dict[str, Column]:
        s, old, birth = row["s"], row["old"], row["birth"]
        foreigner = s.startswith("9") & F.substring(s, 2, 2).isin(*(p for p in PROVINCES if p not in HMT)) & ~old
        province = F.when(row["card"], F.substring(s, 4, 2)).otherwise(F.substring(s, 1, 2)).isin(*PROVINCES) | foreigner
        real = F.lit(True) if test_divisions else ~s.startswith(divisions.TEST_COUNTY)
        error = (
            F.when(row["absent"], F.lit(None).cast("string"))
            .when(s.rlike(SCIENTIFIC), "E_SCI")
            .when(s.rlike(REPEATED) | s.isin(*placeholders("identity")), "E_PLACEHOLDER")
            .when(~F.length(s).isin(15, 18), "E_LEN")
            .when(~(s.rlike(SHAPE) | row["card"]), "E_CHARS")
            .when(~(province & real), "E_DIVISION")
            .when(birth.isNull() | (F.substring(row["body"], 7, 4) == "0000"), "E_DATE")
            .when(old & F.substring(s, 13, 3).between("996", "999"), "W_CENTURY")
            .when(~old & (row["check"] != F.substring(s, -1, 1)), F.when(s.endswith("000"), "E_EXCEL").otherwise("E_CHECK"))
            .when(birth > business_date, "E_FUTURE")
        )
        return {"error": error}

    def answer(row: Row) -> dict[str, Column]:
        s, body, error = row["s"], row["body"], row["error"]
        unknown_county = body.startswith(divisions.CITY4) & ~F.substring(body, 1, 6).isin(*known)
        hmt_county = F.substring(body, 1, 2).isin(*HMT) & (F.substring(body, 3, 4) != "0000")
        warnings = (
            flag(row["old"], "F_UP15"),
            flag(unknown_county | hmt_county, "W_DIVISION"),
            flag(F.substring(body, 15, 3) == "000", "W_SEQ0"),
            flag(~row["card"] & (F.year(business_date) - F.year(row["birth"]) > OLD_AGE), "W_OLD"),
        )
        found = F.when(error.isNull(), codes_text(*warnings)).otherwise(codes_text(flag(s.contains("**"), "W_MASKED"), error))
        fixes = F.when(s == row["raw"], no_codes()).otherwise(codes_text(*_fixes(row["raw"])))
        number = F.when(row["old"], F.concat(body, row["check"])).otherwise(s)
        return {
            "value": F.when(error.isNull() & ~row["absent"], number),
            "codes": F.when(row["absent"], no_codes()).otherwise(codes_text(fixes, found)),
        }

    return clean_by(normalise), shape, computed, summed, checked, judged, answer
