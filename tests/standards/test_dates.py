"""Dates, times and months: every format departments use, sentinels, impossible days; a round trip over all days."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from pyspark.sql import functions as F

from contracts.date_formats import date_format
from standards.rules import Options, parse
from tests.standards.answers import codes

DAY = date(2018, 3, 5)
DATES = {
    "20180305": (DAY, []),
    "2018-03-05": (DAY, []),
    "2018-3-5": (DAY, ["F_DATE"]),
    "2018/03/05": (DAY, ["F_DATE"]),
    "2018.3.5": (DAY, ["F_DATE"]),
    "2018年3月5日": (DAY, ["F_DATE"]),
    "18-3-5": (DAY, ["F_DATE"]),
    "29-3-5": (date(2029, 3, 5), ["F_DATE"]),
    "30-3-5": (date(1930, 3, 5), ["F_DATE"]),
    "1520179200000": (DAY, ["F_DATE"]),
    "1520179200": (DAY, ["F_DATE"]),
    "1520179200000.0": (DAY, ["F_DOT0", "F_DATE"]),
    "20180305.0": (DAY, ["F_DOT0"]),
    "315504000000": (date(1980, 1, 1), ["F_DATE"]),
    "-315648000000": (date(1960, 1, 1), ["F_DATE"]),
    "-1940400000000": (date(1908, 7, 7), ["F_DATE"]),
    "99846000000": (date(1973, 3, 1), ["F_DATE"]),
    "315504000": (date(1980, 1, 1), ["F_DATE"]),
    "-315648000": (date(1960, 1, 1), ["F_DATE"]),
    "-2552256000": (date(1889, 2, 14), ["F_DATE"]),
    "13900000001": (None, ["E_DATE"]),
    "051487340678": (None, ["E_DATE"]),
    "321002080229012": (None, ["E_DATE"]),
    "2019-12-30T16:00:00Z": (date(2019, 12, 31), ["F_DATE", "F_ZONE"]),
    "2019-12-30 16:00:00+00:00": (date(2019, 12, 31), ["F_DATE", "F_ZONE"]),
    "2019-12-30 16:00:00+00": (date(2019, 12, 31), ["F_DATE", "F_ZONE"]),
    "2019-12-30T16:00:00.000+0000": (date(2019, 12, 31), ["F_DATE", "F_ZONE"]),
    "2019-12-30 16:00:00 UTC": (date(2019, 12, 31), ["F_DATE", "F_ZONE"]),
    "2019-12-30T23:30:00-05:00": (date(2019, 12, 31), ["F_DATE", "F_ZONE"]),
    "2019-12-31T00:00:00+09:00": (date(2019, 12, 30), ["F_DATE", "F_ZONE"]),
    "2019-12-31T00:00:00+08:00": (date(2019, 12, 31), ["F_DATE"]),
    "2019/12/30 16:00:00Z": (date(2019, 12, 31), ["F_DATE", "F_ZONE"]),
    "20191230 160000Z": (date(2019, 12, 31), ["F_DATE", "F_ZONE"]),
    "2019-12-30 24:00:00": (date(2019, 12, 31), ["F_DATE"]),
    "2019年12月30日 24:00": (date(2019, 12, 31), ["F_DATE"]),
    "20191230240000": (date(2019, 12, 31), ["F_DATE"]),
    "2019-12-30 24:00:01": (date(2019, 12, 30), ["F_DATE"]),
    "2019-02-30T16:00:00Z": (None, ["E_DATE"]),
    "2019-12-30T25:00:00Z": (None, ["E_DATE"]),
    "day 1 16:00:00Z": (None, ["E_DATE"]),
    "20191330 160000Z": (None, ["E_DATE"]),
    "1969-12-31T16:00:00Z": (None, ["F_SENTINEL"]),
    "9999-12-31T00:00:00Z": (None, ["F_SENTINEL"]),
    "２０１８－０３－０５": (DAY, ["F_WIDTH"]),
    " 2018-03-05 ": (DAY, ["F_TRIM"]),
    "2018-03-05 00:00:00": (DAY, []),
    "2018-03-05T12:30:00": (DAY, ["F_DATE"]),
    "20180305123000": (DAY, ["F_DATE"]),
    "201803051230": (DAY, ["F_DATE"]),
    "1908-02-29": (date(1908, 2, 29), []),
    "2018-02-30": (None, ["E_DATE"]),
    "20180230": (None, ["E_DATE"]),
    "1900-02-29": (None, ["E_DATE"]),
    "2018-13-01": (None, ["E_DATE"]),
    "2018-0-5": (None, ["E_DATE"]),
    "0208-01-01": (None, ["E_DATE"]),
    "43164": (None, ["E_DATE"]),
    "yesterday": (None, ["E_DATE"]),
    "201803": (None, ["E_DATE"]),
    "1900-01-01": (None, ["F_SENTINEL"]),
    "19700101": (None, ["F_SENTINEL"]),
    "9999-12-31": (None, ["F_SENTINEL"]),
    "0000-00-00": (None, ["F_SENTINEL"]),
    "1900/1/1": (None, ["F_SENTINEL"]),
    "0001-01-01 00:00:00": (None, ["F_SENTINEL"]),
    "不详": (None, []),
    "2018\x00-03-05": (None, ["E_CONTROL"]),
}

TIMES = {
    "2018-03-05 08:30:11": (datetime(2018, 3, 5, 8, 30, 11), []),
    "2018-03-05T08:30:11": (datetime(2018, 3, 5, 8, 30, 11), []),
    "20180305083011": (datetime(2018, 3, 5, 8, 30, 11), []),
    "201803050830": (datetime(2018, 3, 5, 8, 30), ["F_DATE"]),
    "2018-03-05 08:30": (datetime(2018, 3, 5, 8, 30), []),
    "2018-03-05": (datetime(2018, 3, 5), []),
    "2018/3/5 8:30": (datetime(2018, 3, 5, 8, 30), ["F_DATE"]),
    "2018年3月5日 8:30:11": (datetime(2018, 3, 5, 8, 30, 11), ["F_DATE"]),
    "2018-03-05 24:00:00": (datetime(2018, 3, 6), ["F_DATE"]),
    "2018-12-31 24:00": (datetime(2019, 1, 1), ["F_DATE"]),
    "2018-03-05T00:30:11Z": (datetime(2018, 3, 5, 8, 30, 11), ["F_ZONE"]),
    "2018-03-05 08:30:11+08:00": (datetime(2018, 3, 5, 8, 30, 11), []),
    "2018-03-05T08:30:11+0800": (datetime(2018, 3, 5, 8, 30, 11), []),
    "2018-03-05 08:30:11.250": (datetime(2018, 3, 5, 8, 30, 11, 250000), []),
    "1520179200000": (datetime(2018, 3, 5), ["F_DATE"]),
    "1520179200123": (datetime(2018, 3, 5, 0, 0, 0, 123000), ["F_DATE"]),
    "1520179211": (datetime(2018, 3, 5, 0, 0, 11), ["F_DATE"]),
    "315504000000": (datetime(1980, 1, 1), ["F_DATE"]),
    "-315648000000": (datetime(1960, 1, 1), ["F_DATE"]),
    "20180305083011.0": (datetime(2018, 3, 5, 8, 30, 11), ["F_DOT0"]),
    "2019-12-30T16:00:00.123456Z": (datetime(2019, 12, 31, 0, 0, 0, 123456), ["F_ZONE"]),
    "2019-12-30 16:00:00.1234567+00": (datetime(2019, 12, 31, 0, 0, 0, 123456), ["F_ZONE"]),
    "2018-03-05 08:30:11,250": (datetime(2018, 3, 5, 8, 30, 11, 250000), []),
    "2018-03-05T08:30:11.000001+08:00": (datetime(2018, 3, 5, 8, 30, 11, 1), []),
    "2018-03-05 00:30:11 GMT": (datetime(2018, 3, 5, 8, 30, 11), ["F_ZONE"]),
    "13900000001": (None, ["E_DATE"]),
    "2018-03-05 24:00:01": (None, ["E_DATE"]),
    "2018-03-05 25:00:00": (None, ["E_DATE"]),
    "2018-03-05 08:61:00": (None, ["E_DATE"]),
    "2018-02-30 08:30:11": (None, ["E_DATE"]),
    "08:30": (None, ["E_DATE"]),
    "1900-01-01 00:00:00": (None, ["F_SENTINEL"]),
    "--": (None, []),
}

MONTHS = {
    "201912": ("201912", []),
    "2019-12": ("201912", ["F_DATE"]),
    "2019年3月": ("201903", ["F_DATE"]),
    "201912.0": ("201912", ["F_DOT0"]),
    "201913": (None, ["E_DATE"]),
    "2019": (None, ["E_DATE"]),
    "000000": (None, ["F_SENTINEL"]),
    "": (None, []),
}


def test_dates_of_every_format(parse_all):
    assert dict(zip(DATES, parse_all("date", list(DATES)), strict=True)) == DATES


AGREED = {
    "dd/MM/yyyy": {
        "05/03/2018": (date(2018, 3, 5), []),
        "5/3/2018": (date(2018, 3, 5), ["F_DATE"]),
        " 31/12/2017": (date(2017, 12, 31), ["F_TRIM"]),
        "12/31/2017": (None, ["E_DATE"]),
        "2018-03-05": (date(2018, 3, 5), []),
        "2018年3月5日": (date(2018, 3, 5), ["F_DATE"]),
        "05/03/18": (None, ["E_DATE"]),
        "01/01/1900": (None, ["F_SENTINEL"]),
    },
    "MM-dd-yyyy": {"12-31-2017": (date(2017, 12, 31), []), "31-12-2017": (None, ["E_DATE"])},
    "dd.MM.yy": {"05.03.18": (date(2018, 3, 5), ["F_DATE"]), "05.03.49": (date(1949, 3, 5), ["F_DATE"]), "05x03x18": (None, ["E_DATE"])},
}
AGREED_TIMES = {
    "05/03/2018 08:30": (datetime(2018, 3, 5, 8, 30), []),
    "31/12/2017 24:00": (datetime(2018, 1, 1), ["F_DATE"]),
    "2018-03-05 08:30:11": (datetime(2018, 3, 5, 8, 30, 11), []),
    "05/03/18 08:30": (None, ["E_DATE"]),
}


def test_dates_in_the_format_that_a_contract_names(parse_all):
    for written, cases in AGREED.items():
        assert dict(zip(cases, parse_all("date", list(cases), date_format=written), strict=True)) == cases
    answers = parse_all("timestamp", list(AGREED_TIMES), date_format="dd/MM/yyyy HH:mm")
    assert dict(zip(AGREED_TIMES, answers, strict=True)) == AGREED_TIMES


@pytest.mark.parametrize("text", ["dd/MM", "dd/MM/yyyy/dd", "DD/MM/YYYY", "dd/MM/yyyy mm", "", "dd/MM/yyyy'T'", "yyyyyy-MM-dd"])
def test_what_is_no_format_of_dates(text):
    with pytest.raises(ValueError, match="no format"):
        date_format(text)


def test_day_numbers_are_dates_in_a_workbook_only(parse_all):
    assert parse_all("date", ["43164", "43164.0", "19999", "60001"], excel=True) == [
        (DAY, ["F_DATE"]),
        (DAY, ["F_DOT0", "F_DATE"]),
        (None, ["E_DATE"]),
        (None, ["E_DATE"]),
    ]


def test_times_of_every_format_stand_on_the_clock_of_the_city(spark):
    values = list(TIMES)
    frame = spark.createDataFrame(list(enumerate(values)), "i int, raw string")
    answered = parse(frame, {"p": ("timestamp", "raw", Options(F.lit(DAY)))})
    shown = answered.select("i", F.date_format("p.value", "yyyy-MM-dd HH:mm:ss.SSSSSS").alias("v"), "p.codes").orderBy("i").collect()
    found = {raw: (row["v"] and datetime.fromisoformat(row["v"]), codes(row["codes"])) for raw, row in zip(values, shown, strict=True)}
    assert found == TIMES


CLOCKS = {
    "06:30": (23_400, []),
    "06:30:15": (23_415, []),
    "6:30": (23_400, ["F_CLOCK"]),
    "6时30分": (23_400, ["F_CLOCK"]),
    "０６：３０": (23_400, ["F_WIDTH"]),
    "00:00": (0, []),
    "24:30": (88_200, []),
    "次日00:30": (88_200, ["F_CLOCK"]),
    "47:59:59": (172_799, []),
    "48:00": (None, ["E_CLOCK"]),
    "翌日24:00": (None, ["E_CLOCK"]),
    "06:60": (None, ["E_CLOCK"]),
    "0630": (None, ["E_CLOCK"]),
    "2019-12-01 06:30": (None, ["E_CLOCK"]),
    "待定": (None, ["E_CLOCK"]),
    "--": (None, []),
}


def test_a_clock_goes_on_after_midnight(parse_all):
    assert dict(zip(CLOCKS, parse_all("clock", list(CLOCKS)), strict=True)) == CLOCKS


def test_months(parse_all):
    assert dict(zip(MONTHS, parse_all("month", list(MONTHS)), strict=True)) == MONTHS


@pytest.mark.parametrize("pattern", ["{:%Y-%m-%d}", "{:%Y%m%d}", "{0.year}年{0.month}月{0.day}日", "{0.year}/{0.month}/{0.day}"])
def test_every_day_of_two_centuries_reads_back(parse_all, pattern):
    days = [date(1850, 1, 1) + timedelta(n) for n in range(0, 110_000, 7)]
    read = parse_all("date", [pattern.format(day) for day in days])
    assert [value for value, _ in read if value] == [day for day in days if f"{day}" not in ("1900-01-01", "1970-01-01", "1899-12-30")]
