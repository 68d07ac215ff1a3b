"""Passes by hour: what a camera read, and a day that comes late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from pyspark.sql import DataFrame, SparkSession

from assets.declare import declared
from assets.themes.traffic.passes import pass_hour
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
