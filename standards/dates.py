"""Dates, times and months as departments write them.

Here: one date or time of day out of one delivered value, sentinels. Not here: the order of two dates, the future.
Source: GB/T 7408 (ISO 8601), domain rules D14 (sentinels), D15 (formats, in their order), D37 (time zones). Times without
a zone are local time of the session (Asia/Shanghai).
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.tables import placeholders
from standards.text import Row, Steps, cleaned, codes_text, flag, is_absent, no_codes, text_fixes

ISO = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\z"
COMPACT = r"^([0-9]{4})([0-9]{2})([0-9]{2})\z"
WRITTEN = r"^([0-9]{4}|[0-9]{2})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?\z"
EXCEL_SERIAL = r"^[0-9]{5}(?:[.]0+)?\z"
EXCEL_SERIALS = (20_000, 60_000)
EPOCH_MILLIS = r"^-?[0-9]{13}\z"
PIVOT = 30
YEARS = ("1800", "2199")
CLOCK = "([0-9]{1,2}):?([0-9]{2})(?::?([0-9]{2})([.][0-9]{1,6})?[0-9]*)?"
STAMP = rf"^([^\n]*?[0-9日])(?:[T ] *{CLOCK} *(Z|[+-][0-9]{{2}}:?[0-9]{{2}})?)?\z"
COMPACT_STAMP = r"^([0-9]{8})([0-9]{4}(?:[0-9]{2})?)\z"
MIDNIGHT = r"[T ]0{1,2}:00(?::00(?:[.]0+)?)?\z"
USUAL_STAMP = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} (?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}\z"
HALF_DAY = " {0,3}(上午|下午|[AaPp][Mm]) {0,3}"
HERE = "+08:00"
MORNING, AFTERNOON = ("上午", "AM"), ("下午", "PM")
MONTH = r"^([0-9]{4})[-/.年]?([0-9]{1,2})月?\z"
SENTINEL_MONTHS = ("000000", "190001", "197001", "999912")


def _epoch(text: Column) -> Column:
    """Epoch milliseconds as a moment on the clock of the session; without the cast Sail keeps the clock of UTC."""
    return F.timestamp_millis(F.when(text.rlike(EPOCH_MILLIS), text).try_cast("bigint")).cast("timestamp")


def _iso(day: Column, excel: bool) -> Column:
    """A written day as `yyyy-MM-dd` text, NULL when no format of D15 fits. Calendar and range are not judged here."""
    parts = F.regexp_replace(day, WRITTEN, "$1-$2-$3")
    year = F.substring_index(parts, "-", 1)
    century = F.when(F.length(year) == 4, F.lit("")).when(year < str(PIVOT), F.lit("20")).otherwise(F.lit("19"))
    month = F.lpad(F.substring_index(F.substring_index(parts, "-", 2), "-", -1), 2, "0")
    written = F.concat(century, year, F.lit("-"), month, F.lit("-"), F.lpad(F.substring_index(parts, "-", -1), 2, "0"))
    iso = (
        F.when(day.rlike(ISO), day)
        .when(day.rlike(COMPACT), F.regexp_replace(day, COMPACT, "$1-$2-$3"))
        .when(day.rlike(WRITTEN), written)
        .when(day.rlike(EPOCH_MILLIS), F.date_format(_epoch(day), "yyyy-MM-dd"))
    )
    if excel:
        serial = F.substring_index(day, ".", 1).try_cast("int")
        counted = F.date_add(F.lit("1899-12-30").cast("date"), serial).cast("string")
        iso = iso.when(day.rlike(EXCEL_SERIAL) & serial.between(*EXCEL_SERIALS), counted)
    return iso


def _answer(row: Row) -> dict[str, Column]:
    value, sentinel = row["value"], row["sentinel"]
    moved = ~F.coalesce(row["zone"], F.lit("")).isin("", HERE) if "zone" in row else F.lit(False)
    codes = codes_text(
        *text_fixes(row["raw"]),
        flag(sentinel, "F_SENTINEL"),
        flag(value.isNotNull() & ~row["plain"], "F_DATE"),
        flag(value.isNotNull() & moved, "F_ZONE"),
        flag(value.isNull() & ~sentinel, "E_DATE"),
    )
    untouched = value.isNotNull() & row["plain"] & ~moved & (row["s"] == row["raw"])
    return {"codes": F.when(is_absent(row["s"]) | untouched, no_codes()).otherwise(codes)}


def date_rule(excel: bool = False) -> Steps:
    """Rule `date`: value date. A time of day at the end is dropped.

    F_DATE: another format than yyyy-MM-dd or yyyyMMdd. F_SENTINEL: a stand-in for no date, value NULL. E_DATE: no date, not
    in the calendar, or a year outside 1800-2199. `excel`: the source is a workbook, day numbers 20000-60000 are dates.
    """

    def unusual(row: Row) -> dict[str, Column]:
        usual = row["s"].rlike(ISO)
        return {"usual": usual, "other": F.when(~usual, row["s"])}

    def day(row: Row) -> dict[str, Column]:
        other = row["other"]
        timed = other.rlike(f"^[0-9]{{4}}[^\\n]*[ T][0-9]{{1,2}}:|{COMPACT_STAMP}")
        cut = F.when(timed, F.regexp_replace(F.regexp_replace(other, COMPACT_STAMP, "$1 $2"), STAMP, "$1")).otherwise(other)
        return {"day": F.when(~row["usual"], cut)}

    def iso(row: Row) -> dict[str, Column]:
        return {"iso": F.when(row["usual"], row["s"]).otherwise(F.coalesce(_iso(row["day"], excel), F.lit("")))}

    def value(row: Row) -> dict[str, Column]:
        sentinel = row["iso"].isin(*placeholders("date"))
        known = ~sentinel & F.substring(row["iso"], 1, 4).between(*YEARS)
        plain = F.when(row["usual"], F.lit(True)).otherwise(row["other"].rlike(f"{COMPACT}|{MIDNIGHT}"))
        return {"sentinel": sentinel, "value": F.when(known, row["iso"].try_cast("date")), "plain": plain}

    return cleaned, unusual, day, iso, value, _answer


def _of_day(hour: Column, half: Column) -> Column:
    """The hour 00-23 of an hour on a clock of twelve; 13 in the morning is no hour, 15 in the afternoon is 15."""
    later = F.substring(F.lit("131415161718192021222324"), hour.try_cast("int") * 2 - 1, F.lit(2))
    return (
        F.when(half.isin(*AFTERNOON) & hour.between("01", "11"), later)
        .when(half.isin(*MORNING) & (hour == "12"), F.lit("00"))
        .when(half.isin(*MORNING) & (hour > "12"), F.lit(""))
        .otherwise(hour)
    )


def timestamp_rule(excel: bool = False) -> Steps:
    """Rule `timestamp`: value timestamp_ntz, the wall clock of the city (China Standard Time).

    The days of `date_rule`, then optionally T or a blank and H:mm[:ss[.f]], then optionally Z or an offset;
    yyyyMMddHHmmss; epoch milliseconds. 24:00:00 is the start of the next day; 上午, 下午, AM, PM make a clock of twelve hours.

    Codes as in `date_rule`, and F_ZONE: moved here from another zone; a missing time of day is midnight.
    """

    def unusual(row: Row) -> dict[str, Column]:
        usual = row["s"].rlike(USUAL_STAMP)
        return {"usual": usual, "other": F.when(~usual, row["s"])}

    def halved(row: Row) -> dict[str, Column]:
        apart = F.regexp_replace(row["other"], COMPACT_STAMP, "$1 $2")
        return {
            "whole": F.when(~row["usual"], F.regexp_replace(apart, HALF_DAY, " ")),
            "half": F.when(~row["usual"], F.upper(F.regexp_extract(apart, HALF_DAY, 1))),
        }

    def groups(row: Row) -> dict[str, Column]:
        names = ("day", "hour", "minute", "second", "fraction", "zone")
        return {name: F.when(~row["usual"], F.regexp_extract(row["whole"], STAMP, i)) for i, name in enumerate(names, 1)}

    def fields(row: Row) -> dict[str, Column]:
        minute, second = (F.when(row[f] == "", F.lit("00")).otherwise(row[f]) for f in ("minute", "second"))
        hour = _of_day(F.lpad(F.when(row["hour"] == "", F.lit("00")).otherwise(row["hour"]), 2, "0"), row["half"])
        return {
            "iso": F.when(row["usual"], F.substring(row["s"], 1, 10)).otherwise(F.coalesce(_iso(row["day"], excel), F.lit(""))),
            "hour": F.when(~row["usual"], hour),
            "clock": F.when(~row["usual"], F.concat(minute, F.lit(":"), second, row["fraction"])),
            "zone": F.when(~row["usual"], F.regexp_replace(row["zone"], r"([0-9]{2}):?([0-9]{2})\z", "$1:$2")),
        }

    def turned(row: Row) -> dict[str, Column]:
        end_of_day = (row["hour"] == "24") & row["clock"].rlike(r"^[0:.]+\z")
        day = F.when(end_of_day, F.date_add(row["iso"].try_cast("date"), 1).cast("string")).otherwise(row["iso"])
        hour = F.when(end_of_day, F.lit("00")).otherwise(row["hour"])
        text = F.concat(day, F.lit(" "), hour, F.lit(":"), row["clock"])
        plain = row["other"].rlike(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}|^[0-9]{8}(?:[0-9]{6})?\z") & ~end_of_day & (row["half"] == "")
        return {
            "text": F.when(row["usual"], row["s"]).otherwise(text),
            "plain": F.when(row["usual"], F.lit(True)).otherwise(plain),
            "sentinel": row["iso"].isin(*placeholders("date")),
        }

    def value(row: Row) -> dict[str, Column]:
        other, zone = row["other"], row["zone"]
        instant = F.when(other.rlike(EPOCH_MILLIS), _epoch(other)).when(zone != "", F.concat(row["text"], zone).try_cast("timestamp"))
        there = F.when(~row["usual"], F.date_format(instant, "yyyy-MM-dd HH:mm:ss.SSS"))
        here = F.when(F.coalesce(zone, F.lit("")) == "", row["text"])
        unknown = row["sentinel"] | ~F.substring(row["iso"], 1, 4).between(*YEARS)
        return {"value": F.when(~unknown, F.coalesce(there, here)).try_cast("timestamp_ntz")}

    return cleaned, unusual, halved, groups, fields, turned, value, _answer


def month_rule() -> Steps:
    """Rule `month`: value string YYYYMM. Codes as in `date_rule`."""

    def digits(row: Row) -> dict[str, Column]:
        split = F.regexp_replace(row["s"], MONTH, "$1-$2")
        month = F.concat(F.substring_index(split, "-", 1), F.lpad(F.substring_index(split, "-", -1), 2, "0"))
        return {"month": F.when(row["s"].rlike(MONTH), month).otherwise(F.lit(""))}

    def value(row: Row) -> dict[str, Column]:
        month = row["month"]
        sentinel = month.isin(*SENTINEL_MONTHS)
        right = ~sentinel & F.substring(month, 1, 4).between(*YEARS) & F.substring(month, 5, 2).between("01", "12")
        return {"sentinel": sentinel, "value": F.when(right, month).cast("string"), "plain": month == row["s"]}

    return cleaned, digits, value, _answer
