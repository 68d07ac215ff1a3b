"""Passes by hour: what a camera read, and a day that comes late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import uuid4

from pyspark.sql import DataFrame, SparkSession

from assets.declare import declared
from assets.themes.traffic.passes import pass_hour
from assets.themes.traffic.plates import plate_correction
from contracts.loader import load
from contracts.refused import ROOT
from pipelines.runtime import Runtime
from pipelines.steps.derive import conform, derive
from tests.cleansed.nights import balanced, fold, night, published
from tests.deliveries import deliver
from tests.frames import frame
from tests.touch.chain import in_part

TABLE, HOURS = "traffic_police/pass", "themes/traffic/pass_hour"
CAMERA = "32100200031210000001"
DAYS = ("2019-12-29", "2019-12-30", "2019-12-31")
Write = Callable[[DataFrame], DataFrame]
Given = dict[str, Any]


def passed(moment: datetime, read: str, speed: int | None = 40, lane: int = 1) -> Given:
    return {"device_no": CAMERA, "lane": lane, "passed_at": moment, "plate_read": read, "speed_kmh": speed}


def made(spark: SparkSession, rows: list[Given]) -> DataFrame:
    return conform(load(ROOT / f"{HOURS}.yaml"), pass_hour(frame(spark, f"cleansed/{TABLE}", rows)))


def test_what_a_camera_read(spark: SparkSession) -> None:
    eight = datetime(2019, 12, 30, 8)
    texts = ["苏K12345", "苏KO1234", "苏k·12I45", "沪AD12345", "苏KABC12", "未识别", "车牌", "苏KB8123"]
    rows = [
        passed(eight + timedelta(minutes=n), text, speed) for n, (text, speed) in enumerate(zip(texts, (*range(35, 42), None), strict=True))
    ]
    rows += [passed(datetime(2019, 12, 30, 23, 59, 59), "无牌"), passed(datetime(2019, 12, 31), "苏K12345")]
    found = {(r.day.day, r.hour): r for r in made(spark, rows).collect()}
    assert found.keys() == {(30, 8), (30, 23), (31, 0)}
    hour = found[30, 8]
    assert (hour.county6, hour.passes, hour.read, hour.corrected, hour.unread, hour.local) == ("321002", 8, 5, 2, 3, 4)
    assert (hour.unread_rate, hour.mean_speed_kmh) == (Decimal("37.50"), Decimal("38.0"))
    assert (found[30, 23].unread_rate, found[31, 0].unread_rate) == (Decimal(100), Decimal(0))


def test_the_county_of_a_camera_is_that_of_today(spark: SparkSession) -> None:
    """A camera that was numbered before 2011, when 江都 was a city of its own; one of the city, whose county its number does not say."""
    eight = datetime(2019, 12, 30, 8)
    numbers = {"32108800031210000001": "321012", "32100000031210000002": "000000", "7": "000000"}
    rows = [passed(eight, "苏K12345") | {"device_no": number} for number in numbers]
    assert {r.device_no: r.county6 for r in made(spark, rows).collect()} == numbers


CORRECTIONS = "themes/traffic/plate_correction"
VEHICLES = "cleansed/traffic_police/vehicle"


def corrected(spark: SparkSession, rows: list[Given], register: list[tuple[str, str]]) -> list[Any]:
    vehicle = frame(spark, VEHICLES, [{"plate": plate, "plate_type": kind} for plate, kind in register])
    return conform(load(ROOT / f"{CORRECTIONS}.yaml"), plate_correction(frame(spark, f"cleansed/{TABLE}", rows), vehicle)).collect()


def test_plates_that_were_read_wrongly(spark: SparkSession) -> None:
    """Of one plate, of several, of none, of another kind; letters that no plate has; a registered plate that looks like another one."""
    register = [("苏K10086", "02"), ("苏KA1808", "02"), ("苏KA1B08", "02"), ("苏KD12345", "52"), ("苏KB1234", "02"), ("苏K8X111", "01")]
    reads = {
        "苏KI0086": ("CORRECTED", "NEVER_USED", "苏K10086", 1),
        "苏k·1DD86": ("CORRECTED", "CONFUSED", "苏K10086", 1),
        "苏K1D0B6": ("CORRECTED", "CONFUSED", "苏K10086", 1),
        "苏KAI8O8": ("CORRECTED", "NEVER_USED", "苏KA1808", 2),
        "苏KA1B0B": ("AMBIGUOUS", None, None, 2),
        "苏KA1BD8": ("AMBIGUOUS", None, None, 2),
        "苏K81234": ("CORRECTED", "CONFUSED", "苏KB1234", 1),
    }
    others = ["苏K10086", "苏KA1808", "苏KA1B08", "苏KD12345", "苏K012345", "苏KBX111", "沪K1OO86", "苏D10086", "未识别", "苏K99999"]
    noon = datetime(2019, 12, 30, 12)
    rows = [passed(noon + timedelta(minutes=n), text) | {"plate_type": "02"} for n, text in enumerate([*reads, *others])]
    rows += [passed(noon + timedelta(days=1, seconds=n), "苏KI0086") | {"plate_type": "02"} for n in range(3)]
    rows += [passed(noon, "苏KI0086", lane=3), passed(noon, "苏K012345", lane=4) | {"plate_type": "52"}]
    found = {(r.day.day, r.plate_read, r.plate_type): r for r in corrected(spark, rows, register)}
    expected = {(30, text.upper().replace("·", ""), "02"): said for text, said in reads.items()}
    expected |= {(31, "苏KI0086", "02"): reads["苏KI0086"], (30, "苏K012345", "52"): ("CORRECTED", "CONFUSED", "苏KD12345", 1)}
    assert {k: (r.state, r.because, r.plate_corrected, r.candidates) for k, r in found.items()} == expected
    assert {k: r.passes for k, r in found.items() if r.passes > 1} == {(31, "苏KI0086", "02"): 3}


def test_random_plates_are_corrected_as_by_hand(spark: SparkSession) -> None:
    """Short bodies of few characters, so that plates are one another's confusions."""
    draw, noon = Random(8), datetime(2019, 12, 30, 12)
    register = sorted({("苏K" + "".join(draw.choices("0188DBX", k=5)), draw.choice(["01", "02"])) for _ in range(60)})
    texts = ["苏K" + "".join(draw.choices("0O1I8BDX", k=5)) for _ in range(200)] + ["苏K" + p[2:].replace("0", "D") for p, _ in register]
    reads = [(text, draw.choice(["01", "02"])) for text in texts]
    rows = [passed(noon + timedelta(seconds=n), text) | {"plate_type": kind} for n, (text, kind) in enumerate(reads)]

    def same(a: str, b: str) -> bool:
        groups = ("0OD", "1I", "8B", "X")
        return len(a) == len(b) and all(any(x in g and y in g for g in groups) for x, y in zip(a[2:], b[2:], strict=True))

    expected = {}
    for text, kind in set(reads):
        of_kind = [p for p, k in register if k == kind]
        like = [p for p in of_kind if same(p, text)]
        mended = text.replace("O", "0").replace("I", "1")
        if text in of_kind or not like:
            continue
        only = mended if mended in of_kind else like[0] if len(like) == 1 else None
        expected[text, kind] = (only, len(like))
    found = {(r.plate_read, r.plate_type): (r.plate_corrected, r.candidates) for r in corrected(spark, rows, register)}
    assert found == expected
    assert {only is None for only, _ in expected.values()} == {True, False}


def test_a_new_plate_touches_only_the_days_on_which_it_may_have_been_read(spark: SparkSession, write: Write) -> None:
    table, kind = declared()[CORRECTIONS], {"plate_type": "02"}
    days = {29: "苏KA1D18", 30: "苏KB2222", 31: "苏KA1O1B"}
    rows = [passed(datetime(2019, 12, day, 8), text) | kind for day, text in days.items()]
    old, new = [("苏KB2222", "02")], [("苏KB2222", "02"), ("苏KA1018", "02")]
    frames = {t: frame(spark, VEHICLES, [{"plate": p, "plate_type": k} for p, k in of]) for t, of in (("old", old), ("new", new))}
    passes = write(frame(spark, f"cleansed/{TABLE}", rows))
    made_of = {t: write(conform(load(ROOT / f"{CORRECTIONS}.yaml"), plate_correction(passes, of))) for t, of in frames.items()}
    before = {f"cleansed/{TABLE}": passes, VEHICLES: write(frames["old"]), CORRECTIONS: made_of["old"]}
    now = {f"cleansed/{TABLE}": passes, VEHICLES: write(frames["new"])}
    found = in_part(table, before, now, (date(2019, 12, 31), date(2019, 12, 31)), write)
    assert found is not None
    fresh, _ = found
    assert {(r.day.day, r.plate_corrected) for r in fresh.collect()} == {(29, "苏KA1018"), (31, "苏KA1018")}
    assert sorted(fresh.collect()) == sorted(made_of["new"].collect())


def test_a_late_day_touches_exactly_its_day(spark: SparkSession, write: Write) -> None:
    table = declared()[HOURS]
    first, late = ([passed(datetime(2019, 12, day, hour), "苏K12345") for hour in range(4)] for day in (29, 30))
    last = [passed(datetime(2019, 12, 31, hour), "未识别") for hour in range(4)]
    before = {
        f"cleansed/{TABLE}": write(frame(spark, f"cleansed/{TABLE}", [*first, late[0], *last])),
        HOURS: write(made(spark, [*first, late[0], *last])),
    }
    now = {f"cleansed/{TABLE}": write(frame(spark, f"cleansed/{TABLE}", [*first, *late, *last]))}
    found = in_part(table, before, now, (date(2019, 12, 31), date(2019, 12, 31)), write)
    assert found is not None
    rows, was = found
    assert [(r.day, r.hour) for r in was.collect()] == [(date(2019, 12, 30), 0)]
    assert sorted(rows.select(*made(spark, []).columns).collect()) == sorted(made(spark, [*first, *late, *last]).collect())


def test_days_in_any_order_end_in_the_same_hours(installation: Callable[..., Runtime]) -> None:
    """A time in UTC, a row twice, a time that is none; the second day comes last; a rebuild makes the same."""
    city = installation(departments=[TABLE])

    def drop(day: str, *others: Given) -> None:
        row = {"device_no": CAMERA, "lane": "1", "plate_read": "苏K12345", "speed_kmh": "40", "colour": "白色"}
        deliver(city, TABLE, day, [{**row, "passed_at": f"{day} 08:00:0{n}"} for n in range(3)] + [{**row, **o} for o in others])

    drop(DAYS[0])
    drop(DAYS[2], {"passed_at": "2019-12-31T00:00:09Z"}, {"passed_at": "2019-12-31 08:00:00"}, {"passed_at": "早上"}, {"lane": "99"})
    drop(DAYS[1])
    for arrival in (DAYS[0], DAYS[2], DAYS[1]):
        night(city, TABLE, arrival)
    balanced(city, TABLE, (3, 3, 0, 0), (7, 4, 2, 1), (3, 3, 0, 0))
    assert len(published(city, TABLE, "colour")) == 10

    def hours() -> list[tuple[Any, ...]]:
        derive(city, declared()[HOURS], date.fromisoformat(DAYS[2]), uuid4().hex)
        found = city.lake.arrow(HOURS, columns=["day", "hour", "passes"])
        assert found is not None
        return sorted((str(r["day"]), r["hour"], r["passes"]) for r in found.to_pylist())

    told = hours()
    assert told == [(DAYS[0], 8, 3), (DAYS[1], 8, 3), (DAYS[2], 8, 4)]
    fold(city, TABLE, DAYS[2], rebuild=True)
    assert hours() == told
