"""Delivered texts in normal form, in PySpark: the patterns and functions that the rules share."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

from bench.contestants.texts import (
    BLANKS,
    CLEAN_NAME,
    CONTROL,
    DAY,
    DIGITS_OF_DAY,
    DOTS,
    HAN,
    HTML,
    IDENTITY,
    IN_IDENTITY,
    MILLIS,
    NOTHING,
    ODD,
    SERIAL,
    WEIGHTS,
    WRITTEN,
)

WIDE = "".join(map(chr, range(0xFF01, 0xFF5F))) + "\u3000"
ASCII = "".join(map(chr, range(0x21, 0x7F))) + " "
INVISIBLE = "".join(map(chr, range(0x200B, 0x2010))) + "\ufeff"
LOWER, UPPER, CROSSES = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "×хХΧⅩⅹ"
IN_NUMBERS = f"{WIDE}{LOWER}{CROSSES} \t\r\n-'\"\u00a0{INVISIBLE}"
OF_NUMBERS = ASCII.translate(str.maketrans(LOWER, UPPER)) + UPPER + "X" * len(CROSSES)
"""What the characters of an identity number stand for; those behind them for none."""


def sound(x: Column) -> Column:
    """Null where control characters are inside."""
    return F.when(~x.rlike(CONTROL), x)


def narrow(x: Column) -> Column:
    return F.translate(x, f"{WIDE}\u00a0{INVISIBLE}", f"{ASCII} ")


def free_text(x: Column) -> Column:
    slow = F.btrim(F.regexp_replace(narrow(x), HTML, " "), F.lit(BLANKS))
    return F.when(x.rlike(ODD), F.when(~x.rlike(CONTROL), slow)).otherwise(x)


def there(s: Column) -> Column:
    return F.when(~F.upper(s).isin(*NOTHING), s)


def looked_up(table: Mapping[str, str], key: Column) -> Column:
    return F.try_element_at(F.map_from_arrays(F.array(*map(F.lit, table)), F.array(*map(F.lit, table.values()))), key)


def identity_form(x: Column) -> Column:
    slow = F.regexp_replace(F.translate(x, IN_NUMBERS, OF_NUMBERS), IN_IDENTITY, "")
    return F.when(x.rlike(IDENTITY), x).when(~x.rlike(CONTROL), slow)


def name_form(x: Column) -> Column:
    spaced = F.regexp_replace(free_text(F.translate(x, DOTS, "·" * len(DOTS))), r"[ \t\r\n]+", " ")
    return F.when(x.rlike(CLEAN_NAME), x).when(x.rlike(f"[{HAN}]"), F.translate(spaced, ". ", "·")).otherwise(spaced)


def birth_of_number(number: Column) -> Column:
    parts = (F.substring(number, at, n) for at, n in ((7, 4), (11, 2), (13, 2)))
    return F.concat_ws("-", *parts).try_cast("date")


def check_digit(body: Column) -> Column:
    """The 18th character for 17 digits."""
    total = sum(((F.ascii(F.substring(body, i, 1)) - 48) * w for i, w in enumerate(WEIGHTS, 1)), F.lit(0))
    return F.substring(F.lit("10X98765432"), F.pmod(total, F.lit(11)) + 1, F.lit(1))


def moment_of(text: Column) -> Column:
    """Epoch milliseconds on the clock of the city, as text."""
    return F.timestamp_millis(F.when(text.rlike(MILLIS), text).try_cast("bigint")).cast("string")


def iso_of(day: Column, excel: bool) -> Column:
    year = F.regexp_extract(day, WRITTEN, 1)
    year = F.when(F.length(year) == 4, year).when(year < "30", F.concat(F.lit("20"), year)).otherwise(F.concat(F.lit("19"), year))
    month, date = (F.lpad(F.regexp_extract(day, WRITTEN, i), 2, "0") for i in (2, 3))
    iso = (
        F.when(day.rlike(DAY), day)
        .when(day.rlike(DIGITS_OF_DAY), F.regexp_replace(day, r"^(....)(..)(..)\z", "$1-$2-$3"))
        .when(day.rlike(WRITTEN), F.concat_ws("-", year, month, date))
        .when(day.rlike(MILLIS), F.substring(moment_of(day), 1, 10))
    )
    if excel:
        serial = F.substring_index(day, ".", 1).try_cast("int")
        counted = F.date_add(F.lit("1899-12-30").cast("date"), serial).cast("string")
        iso = iso.when(day.rlike(SERIAL) & serial.between(20_000, 60_000), counted)
    return iso
