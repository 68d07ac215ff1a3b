"""Dates, times and months as departments write them.

Here: one date or time of day out of one delivered value, sentinels. Not here: the order of two dates, the future.
Source: GB/T 7408 (ISO 8601), domain rules D14 (sentinels), D15 (formats, in their order), D37 (time zones). A date is the day of
its moment in the city: an instant in another zone is moved to the session's zone (Asia/Shanghai) before its day is taken. Times
without a zone are local.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from contracts.date_formats import date_format
from standards.tables import placeholders
from standards.text import Row, Steps, cleaned_code, code_fixes, codes_text, flag, is_absent, no_codes

ISO = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\z"
COMPACT = r"^([0-9]{4})([0-9]{2})([0-9]{2})\z"
WRITTEN = r"^([0-9]{4}|[0-9]{2})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?\z"
SHORT_YEAR = r"^[0-9]{1,2}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}(?:[^0-9\n]|\z)"
EXCEL_SERIAL = r"^[0-9]{5}\z"
EXCEL_SERIALS = (20_000, 60_000)
EPOCH_MILLIS = r"^(?:-?[0-9]{13}|-?[1-9][0-9]{7,8}000)\z"
"""13 digits from September 2001 on and before 1938. Fewer are whole seconds: a mobile number has 11 digits, too."""
EPOCH_SECONDS = r"^(?:[1-9][0-9]{8,9}|-[1-9][0-9]{4,9})\z"
PIVOT = 30
YEARS = ("1800", "2199")
CLOCK = "([0-9]{1,2}):?([0-9]{2})(?::?([0-9]{2})(?:[.,]([0-9]{1,6})[0-9]*)?)?"
STAMP = rf"^([^\n]*?[0-9日])(?:[T ] *{CLOCK} *(Z|z|UTC|GMT|[+-][0-9]{{2}}(?::?[0-9]{{2}})?)?)?\z"
WORLD_TIME = ("Z", "z", "UTC", "GMT")
COMPACT_STAMP = r"^([0-9]{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))((?:[01][0-9]|2[0-4])[0-5][0-9](?:[0-5][0-9])?)\z"
MOVED = r"[0-9][T ]? {0,9}(?:Z|z|UTC|GMT)\z|[T ] {0,9}[0-9][0-9:.,]{0,20} {0,9}[+-][0-9]{2}(?::?[0-9]{2})?\z|[T ] {0,9}24:?00|^[0-9]{8}24"
"""A moment whose day here is another than the written one: it has a zone, or is 24:00. Repetitions are bounded: Java takes the square of
their length from any place of a long cell."""
TIMED = f"^[0-9]{{4}}[^\\n]*[ T][0-9]{{1,2}}:|{COMPACT_STAMP}"
MIDNIGHT = r"[T ]0{1,2}:00(?::00(?:[.]0+)?)?\z"
USUAL_STAMP = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} (?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}\z"
HALF_DAY = " {0,3}(上午|下午|[AaPp][Mm]) {0,3}"
HERE = "+08:00"
MORNING, AFTERNOON = ("上午", "AM"), ("下午", "PM")
TIME_OF_DAY = r"^(次日|翌日)?([0-9]{1,2})[:时]([0-9]{2})(?:[:分]([0-9]{2})?秒?)?\z"
USUAL_TIME = r"^[0-9]{2}:[0-9]{2}(?::[0-9]{2})?\z"
MONTH = r"^([0-9]{4})[-/.年]?([0-9]{1,2})月?\z"
SENTINEL_MONTHS = ("000000", "190001", "197001", "999912")


def _epoch(text: Column) -> Column:
    """Epoch milliseconds, or seconds of up to 10 digits, as an instant; NULL for other text.

    Without the cast to timestamp Sail keeps the clock of UTC.
    """
    number = F.when(~text.rlike(COMPACT_STAMP), text)
    millis = F.when(number.rlike(EPOCH_MILLIS), number.try_cast("bigint"))
    seconds = F.when(number.rlike(EPOCH_SECONDS), number.try_cast("bigint") * 1000)
    return F.timestamp_millis(F.coalesce(millis, seconds)).cast("timestamp")


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
        .when(day.rlike(f"{EPOCH_MILLIS}|{EPOCH_SECONDS}"), F.date_format(_epoch(day), "yyyy-MM-dd"))
    )
    if excel:
        serial = day.try_cast("int")
        counted = F.date_add(F.lit("1899-12-30").cast("date"), serial).cast("string")
        iso = iso.when(day.rlike(EXCEL_SERIAL) & serial.between(*EXCEL_SERIALS), counted)
    return iso


def _agreed(text: str | None) -> Steps:
    """Step that names `written`, the value with its day in ISO order when it is in the agreed format; without one, no step."""
    if text is None:
        return ()
    agreed = date_format(text)

    def written(row: Row) -> dict[str, Column]:
        iso = F.regexp_replace(row["s"], agreed.pattern, agreed.iso)
        return {"written": F.when(row["s"].rlike(agreed.pattern), iso).when(row["s"].rlike(SHORT_YEAR), F.lit("")).otherwise(row["s"])}

    return (written,)


def _answer(row: Row) -> dict[str, Column]:
    value, sentinel = row["value"], row["sentinel"]
    moved = ~F.coalesce(row["zone"], F.lit("")).isin("", HERE) if "zone" in row else F.lit(False)
    codes = codes_text(
        *code_fixes(row),
        flag(sentinel, "F_SENTINEL"),
        flag(value.isNotNull() & ~row["plain"], "F_DATE"),
        flag(value.isNotNull() & moved, "F_ZONE"),
        flag(value.isNull() & ~sentinel, "E_DATE"),
    )
    untouched = value.isNotNull() & row["plain"] & ~moved & (row["s"] == row["raw"])
    return {"codes": F.when(is_absent(row["s"]) | untouched, no_codes()).otherwise(codes)}


def _of_day(hour: Column, half: Column) -> Column:
    """The hour 00-23 of an hour on a clock of twelve; 13 in the morning is no hour, 15 in the afternoon is 15."""
    later = F.substring(F.lit("131415161718192021222324"), hour.try_cast("int") * 2 - 1, F.lit(2))
    return (
        F.when(half.isin(*AFTERNOON) & hour.between("01", "11"), later)
        .when(half.isin(*MORNING) & (hour == "12"), F.lit("00"))
        .when(half.isin(*MORNING) & (hour > "12"), F.lit(""))
        .otherwise(hour)
    )


def _offset(zone: Column) -> Column:
    """The zone of a moment as `+hh:mm`, '' for none."""
    hours = F.regexp_replace(zone, r"^([+-][0-9]{2})\z", "$1:00")
    return F.when(zone.isin(*WORLD_TIME), "+00:00").otherwise(F.regexp_replace(hours, r"^([+-][0-9]{2})([0-9]{2})\z", "$1:$2"))


def date_rule(excel: bool = False, agreed: str | None = None) -> Steps:
    """Rule `date`: value date, the day in the city. A time of day is dropped, after an instant in another zone was moved here.

    24:00:00 is the next day. F_DATE: another format than yyyy-MM-dd or yyyyMMdd. F_ZONE: moved from another zone. F_DOT0: a number
    stored as a float. F_SENTINEL: a stand-in for no date, value NULL. E_DATE: no date, not in the calendar, or a year outside
    1800-2199. `excel`: the source is a workbook, day numbers 20000-60000 are dates.

    Numbers of 11 to 13 digits are epoch milliseconds, of 9 and 10 (negative ones: 5 to 10) epoch seconds; those of 8, 12 and 14
    digits that are a calendar day are yyyyMMdd[HHmm[ss]]. `agreed`: how the source writes dates (`contracts.date_formats`); other
    formats are read, too, but none with a year of two digits.
    """
    text = "written" if agreed else "s"

    def unusual(row: Row) -> dict[str, Column]:
        usual = row[text].rlike(ISO)
        return {"usual": usual, "other": F.when(~usual, row[text])}

    def day(row: Row) -> dict[str, Column]:
        apart = F.regexp_replace(row["other"], COMPACT_STAMP, "$1 $2")
        cut = F.when(row["other"].rlike(f"{TIMED}|{MOVED}"), F.regexp_replace(apart, STAMP, "$1")).otherwise(row["other"])
        return {
            "day": F.when(~row["usual"], cut),
            "clock": F.when(row["other"].rlike(MOVED), F.regexp_replace(apart, STAMP, "$2:$3:$4|$6")),
        }

    def iso(row: Row) -> dict[str, Column]:
        return {
            "iso": F.when(row["usual"], row[text]).otherwise(F.coalesce(_iso(row["day"], excel), F.lit(""))),
            "zone": F.when(row["clock"].isNotNull(), _offset(F.substring_index(row["clock"], "|", -1))),
        }

    def moved(row: Row) -> dict[str, Column]:
        clock = F.regexp_replace(F.substring_index(row["clock"], "|", 1), ":\\z", ":00")
        end_of_day = clock == "24:00:00"
        written = row["iso"].try_cast("date")  # NULL when it is none: Sail takes a time without a day for one of today
        day = F.when(end_of_day, F.date_add(written, 1)).otherwise(written).cast("string")
        time = F.when(end_of_day, "00:00:00").otherwise(F.regexp_replace(clock, "^([0-9]):", "0$1:"))
        instant = F.concat(day, F.lit(" "), time, row["zone"]).try_cast("timestamp")
        zoned = F.when(row["zone"] == "", day).otherwise(F.date_format(instant, "yyyy-MM-dd"))
        return {"here": F.when(row["clock"].isNull(), row["iso"]).otherwise(F.coalesce(zoned, F.lit("")))}

    def value(row: Row) -> dict[str, Column]:
        sentinel = row["here"].isin(*placeholders("date")) | row["iso"].isin(*placeholders("date"))
        known = ~sentinel & F.substring(row["here"], 1, 4).between(*YEARS)
        plain = F.when(row["usual"], F.lit(True)).otherwise(row["other"].rlike(f"{COMPACT}|{MIDNIGHT}"))
        return {"sentinel": sentinel, "value": F.when(known, row["here"].try_cast("date")), "plain": plain}

    return *cleaned_code, *_agreed(agreed), unusual, day, iso, moved, value, _answer


def timestamp_rule(excel: bool = False, agreed: str | None = None) -> Steps:
    """Rule `timestamp`: value timestamp_ntz, the wall clock of the city (China Standard Time), to the microsecond.

    The days of `date_rule`, then optionally T or a blank and H:mm[:ss[.f]], then optionally Z, UTC, GMT or an offset;
    yyyyMMddHHmmss; epoch milliseconds and seconds. 24:00:00 is the start of the next day; 上午, 下午, AM, PM make a clock of twelve hours.

    Codes and `agreed` as in `date_rule`; a missing time of day is midnight.
    """
    text = "written" if agreed else "s"

    def unusual(row: Row) -> dict[str, Column]:
        usual = row[text].rlike(USUAL_STAMP)
        return {"usual": usual, "other": F.when(~usual, row[text])}

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
        hour, minute, second = (F.lpad(F.when(row[f] == "", "00").otherwise(row[f]), 2, "0") for f in ("hour", "minute", "second"))
        fraction = F.when(row["fraction"] == "", "").otherwise(F.concat(F.lit("."), row["fraction"]))
        return {
            "iso": F.when(~row["usual"], F.coalesce(_iso(row["day"], excel), F.lit(""))),
            "hour": F.when(~row["usual"], _of_day(hour, row["half"])),
            "clock": F.when(~row["usual"], F.concat(minute, F.lit(":"), second, fraction)),
            "zone": F.when(~row["usual"], _offset(row["zone"])),
        }

    def turned(row: Row) -> dict[str, Column]:
        end_of_day = (row["hour"] == "24") & row["clock"].rlike(r"^[0:.]+\z")
        day = F.when(end_of_day, F.date_add(row["iso"].try_cast("date"), 1).cast("string")).otherwise(row["iso"])
        hour = F.when(end_of_day, F.lit("00")).otherwise(row["hour"])
        return {"stamp": F.concat(day, F.lit(" "), hour, F.lit(":"), row["clock"]), "end_of_day": end_of_day}

    def read(row: Row) -> dict[str, Column]:
        zoned = F.when(row["zone"] != "", F.concat(row["stamp"], row["zone"]).try_cast("timestamp"))
        moved = F.date_format(F.coalesce(zoned, _epoch(row["other"])), "yyyy-MM-dd HH:mm:ss.SSSSSS")
        return {"wall": F.when(~row["usual"], F.coalesce(moved, F.when(row["zone"] == "", row["stamp"])))}

    def value(row: Row) -> dict[str, Column]:
        iso = F.when(row["usual"], F.substring(row[text], 1, 10)).otherwise(row["iso"])
        known = ~iso.isin(*placeholders("date")) & F.substring(iso, 1, 4).between(*YEARS)
        plain = row["other"].rlike(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}|^[0-9]{8}(?:[0-9]{6})?\z") & ~row["end_of_day"] & (row["half"] == "")
        return {
            "sentinel": iso.isin(*placeholders("date")),
            "plain": F.when(row["usual"], F.lit(True)).otherwise(plain),
            "value": F.when(known, F.when(row["usual"], row[text]).otherwise(row["wall"])).try_cast("timestamp_ntz"),
        }

    return *cleaned_code, *_agreed(agreed), unusual, halved, groups, fields, turned, read, value, _answer


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

    return *cleaned_code, digits, value, _answer


def clock_rule() -> Steps:
    """Rule `clock`: value int, seconds since the day began, of H:mm[:ss] or H时mm分; up to 47:59:59, for a day may end after midnight.

    F_CLOCK: another form than HH:mm[:ss], or 次日 (of the next day) before it. E_CLOCK: no time of day.
    """

    def parts(row: Row) -> dict[str, Column]:
        names = ("next", "hour", "minute", "second")
        return {name: F.regexp_extract(row["s"], TIME_OF_DAY, i) for i, name in enumerate(names, 1)}

    def value(row: Row) -> dict[str, Column]:
        hour, minute = (row[part].try_cast("int") for part in ("hour", "minute"))
        second = F.when(row["second"] == "", 0).otherwise(row["second"].try_cast("int"))
        days = F.when(row["next"] == "", 0).otherwise(1)
        right = (minute < 60) & (second < 60) & (days * 24 + hour < 48)
        return {
            "value": F.when(right, (days * 24 + hour) * 3600 + minute * 60 + second).cast("int"),
            "plain": row["s"].rlike(USUAL_TIME),
        }

    def answer(row: Row) -> dict[str, Column]:
        wrong = row["value"].isNull()
        codes = codes_text(*code_fixes(row), flag(wrong, "E_CLOCK"), flag(~wrong & ~row["plain"], "F_CLOCK"))
        return {"codes": F.when(is_absent(row["s"]), no_codes()).otherwise(codes)}

    return *cleaned_code, parts, value, answer
