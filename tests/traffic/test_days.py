"""Random days of buses and taxis: every indicator counted again in plain Python, and a day that is delivered late."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from assets.declare import declared
from assets.themes.traffic.taxi import taxi_day
from tests.frames import frame
from tests.touch.buses import CHANGED, LAST, OWN, Buses
from tests.touch.chain import in_part, whole
from tests.traffic.buses import ORDER, Given, Rows, Write, theme
from tests.urban_management.streets import at, division

Counts = dict[tuple[str, str], dict[str, int]]
WORKDAYS = (date(2019, 12, 30), date(2019, 12, 31))
COUNTIES = {1: "321002", 2: "321002", 3: "321003"}
"""The county of each stop of the lines: the border is 2 km east."""
RATES = {
    "departure_punctuality": ("departed_on_time", "planned", 100), "arrival_punctuality": ("arrived_on_time", "timetable_events", 100),
    "plan_execution": ("ran", "planned", 100), "ends_punctuality": ("ends_on_time", "ends", 100),
    "operating_speed": ("metres", "run_s", Fraction(36, 10)), "mean_headway": ("h", "n", Fraction(1, 60)),
    "waiting_time": ("h2", "h", Fraction(1, 120)), "planned_waiting_time": ("p2", "p", Fraction(1, 120)),
    "excess_waiting_time": ("excess", "waited", Fraction(1, 120)),
    "bunching_rate": ("bunched", "n", 100), "gap_rate": ("gaps", "n", 100), "taxi_cancelled_rate": ("cancelled", "known_orders", 100),
    "peak_operating_speed": ("peak_metres", "peak_run_s", Fraction(36, 10)),
    "taxi_ride_length": ("taxi_metres", "measured", Fraction(1, 1000)), "taxi_ride_fare": ("cents", "paid", Fraction(1, 100)),
}  # fmt: skip


def since(day: date, moment: datetime | None) -> int | None:
    """Seconds of the day of service; none of a clock that lies elsewhere."""
    if moment is None:
        return None
    found = int((moment - datetime(day.year, day.month, day.day)).total_seconds())
    return found if 0 <= found < 30 * 3600 else None


def due_after(line: str, day: date, seq: int) -> int | None:
    """Seconds from the first stop by the timetable of the day."""
    if line == "1" and day >= CHANGED:
        return {1: 0, 2: 300, 3: 900}.get(seq)
    return {1: 0, 3: 1200}.get(seq)


@pytest.fixture(scope="module")
def rows() -> Rows:
    network = Buses(3)
    for _ in range(3):
        network.night()
    return {table.rpartition("/")[2]: of for table, of in network.rows.items() if table.startswith(OWN)}


def _runs(rows: Rows) -> dict[tuple[str, date, str], Given]:
    """The first valid run of each trip."""
    found: dict[tuple[str, date, str], Given] = {}
    for r in rows["bus_trip"]:
        if r["valid"] == "1" and r["service_date"] <= LAST:
            key, order = (r["line_no"], r["service_date"], r["trip_no"]), since(r["service_date"], r["depart_time"])
            r = {**r, "order": (order is None, order or 0, r["trip_id"])}
            found[key] = min(found.get(key, r), r, key=lambda r: r["order"])
    return found


def _trips(rows: Rows, add: Callable[..., None]) -> list[tuple[tuple[str, date, str], int | None, Given | None]]:
    """Count trips; of each whose day is known the key, when it was planned, and its run."""
    runs, known = _runs(rows), list[tuple[tuple[str, date, str], int | None, Given | None]]()
    days = {day for _, day, _ in runs}
    plans = {(p["line_no"], p["service_date"], p["trip_no"]): p["plan_depart"] for p in rows["bus_plan"]}
    for key in plans.keys() | runs.keys():
        line, day, _ = key
        run, depart = runs.get(key), plans.get(key)
        if run is None and (day + timedelta(days=depart // 86_400) not in days or day + timedelta(days=depart // 86_400) > LAST):
            continue
        known.append((key, depart, run))
        left = since(day, run["depart_time"]) if run else None
        if depart is not None:
            of_day = [d for (n, on, _), d in plans.items() if (n, on) == (line, day)]
            end, on_time = depart in (min(of_day), max(of_day)), left is not None and -60 <= left - depart <= 180
            add("321002", day, planned=1, ran=run is not None, departed_on_time=on_time, ends=end, ends_on_time=end and on_time)
        came = since(day, run["arrive_time"]) if run else None
        if run and run["km"] and left is not None and came is not None and came > left:
            metres = int(Decimal(run["km"]) * 1000)
            if metres * 36 <= (came - left) * 1200:
                add("321002", day, metres=metres, run_s=came - left)
                hour, peak = run["depart_time"].hour, day in WORKDAYS
                add("321002", day, **({"peak_metres": metres, "peak_run_s": came - left} if peak and hour in (7, 8, 17, 18) else {}))
    return known


def _stops(rows: Rows, known: list[Any], add: Callable[..., None]) -> None:
    """Count arrivals and headways at stops with a timetable."""
    seen = {(a["trip_id"], a["seq"]): a for a in rows["bus_arrival"]}
    at_stop: dict[tuple[str, date, int], list[tuple[int | None, int | None, str]]] = defaultdict(list)
    for (line, day, trip), depart, run in known:
        for seq in (1, 2, 3):
            after = due_after(line, day, seq)
            if after is None:
                continue
            event = seen.get((run["trip_id"], seq)) if run else None
            came = since(day, event["arrive_time"]) if event and event["stop_no"] == f"S{seq}" else None
            due = None if depart is None else depart + after
            if due is not None:
                add(COUNTIES[seq], day, timetable_events=1, arrived_on_time=came is not None and abs(came - due) <= 180)
            at_stop[line, day, seq].append((due, came, trip))
    for (_, day, seq), events in at_stop.items():
        due = sorted((d, trip) for d, _, trip in events if d is not None)
        planned = {trip: d - before for (before, _), (d, trip) in pairwise(due)}
        for p in planned.values():
            add(COUNTIES[seq], day, p=p, p2=p * p)
        real = []
        for (before, _), (came, trip) in pairwise(sorted((c, trip) for _, c, trip in events if c is not None)):
            h, p = came - before, planned.get(trip)
            real.append(h)
            add(COUNTIES[seq], day, n=1, h=h, h2=h * h, bunched=h < 60 or (p is not None and 4 * h < p), gaps=bool(p) and h > 2 * p)
        if sum(real) and sum(planned.values()):
            by_plan = Fraction(sum(p * p for p in planned.values()), sum(planned.values())) * sum(real)
            add(COUNTIES[seq], day, excess=sum(h * h for h in real) - round(by_plan), waited=sum(real))


def _taxis(rows: Rows, add: Callable[..., None]) -> None:
    county = {None: "000000"} | {row["board_lon"]: row["county"] for row in _places()}
    for o in rows["taxi_order"]:
        metres, cents = (int(Decimal(o.get(c) or 0) * n) for c, n in (("km", 1000), ("fare", 100)))
        add(
            county[o.get("board_lon")], o["order_time"].date(), known_orders=not o["_codes"], taxi_metres=metres,
            cancelled=o["board_time"] is None and not o["_codes"], measured=metres > 0, cents=cents, paid=cents > 0,
        )  # fmt: skip


def test_an_order_whose_boarding_cannot_be_read_is_not_cancelled(spark: SparkSession) -> None:
    when, unreadable = datetime(2019, 12, 30, 8), ["board_time:E_DATE", "board_time:W_NULL"]
    orders = {
        "ride": {"board_time": when, "_codes": ["alight_time:E_DATE"]}, "cancelled": {"board_time": None, "_codes": ["fare:E_NUM"]},
        "unreadable": {"board_time": None, "_codes": unreadable, "km": "4.25", "fare": "12"},
    }  # fmt: skip
    given = [{"company": "YZ", "order_no": n, "vehicle_no": n, "order_time": when, **of} for n, of in orders.items()]
    [day] = taxi_day(frame(spark, "cleansed/transport/taxi_order", given), division(spark)).collect()
    assert (day.orders, day.rides, day.cancelled, day.unclear, day.vehicles) == (3, 1, 1, 1, 1)
    assert (day.cancelled_rate, day.paid_rides, day.measured_rides) == (Decimal(50), 0, 0)


def _places() -> list[Given]:
    return [{"board_lon": at(x, 500)["lon"], "county": c} for x, c in ((500, "321002"), (2500, "321003"), (9000, "000000"))]


def test_indicators(spark: SparkSession, write: Write, rows: Rows) -> None:
    told = theme(spark, write, rows, LAST)["indicator"].where(F.col("indicator").isin(*RATES)).collect()
    counts: Counts = defaultdict(lambda: defaultdict(int))

    def add(county: str, day: date, **found: int) -> None:
        for place in (county, "321000"):
            for period in (f"{day:%Y-%m}", f"{day:%Y-%m-%d}"):
                for name, amount in found.items():
                    counts[period, place][name] += amount

    _stops(rows, _trips(rows, add), add)
    _taxis(rows, add)
    expected = {
        (name, *place): (of[above], of[below]) for name, (above, below, _) in RATES.items() for place, of in counts.items() if of[below]
    }
    assert {(r.indicator, r.period, r.div_code): (r.numerator, r.denominator) for r in told if r.denominator} == expected
    for r in told:
        value = Fraction(r.numerator * RATES[r.indicator][2], r.denominator) if r.denominator else None
        assert r.value == (value and (Decimal(value.numerator) / value.denominator).quantize(Decimal("0.01"), ROUND_HALF_UP)), r
    city = {r.indicator: r.numerator for r in told if (r.period, r.div_code) == ("2019-12", "321000")}
    assert all(city.values()), "an indicator that is 0 everywhere shows nothing"


def test_a_late_day_changes_that_day_alone(spark: SparkSession, write: Write) -> None:
    """Runs and arrivals of one day come a night late: only its rows, its month and its indicators change, and a rebuild says the same.

    The trips after midnight of the day before are on its date, so that they may have been missed now.
    """
    late, now = LAST - timedelta(days=2), Buses(1)
    before = Buses(1)
    of_day = {r["trip_id"] for r in before.rows[f"{OWN}/bus_trip"] if r["service_date"] == late}
    for table in ("bus_trip", "bus_arrival"):
        before.rows[f"{OWN}/{table}"] = [r for r in before.rows[f"{OWN}/{table}"] if r["trip_id"] not in of_day]
    roads = {t: frame(spark, t, []) for t in declared()["themes/traffic/indicator"].inputs.values() if t.rpartition("/")[2] not in ORDER}
    earlier, later = ({t: write(f) for t, f in (world.tables(spark) | roads).items()} for world in (before, now))
    was, made = whole(earlier, LAST, write), whole(later, LAST, write)
    for name in ("bus_trip", "stop_event", "bus_headway_hour", "bus_line_day"):
        table = f"themes/traffic/{name}"
        found = in_part(declared()[table], was, made, (LAST, LAST), write)
        assert found is not None
        assert sorted(found[0].select(*made[table].columns).collect(), key=str) == sorted(made[table].collect(), key=str), name
        days = {r["service_date"] for r in _changed(was[table], made[table])}
        assert {late} <= days <= {late, late - timedelta(days=1)}, name
    assert not _changed(was["themes/traffic/taxi_day"], made["themes/traffic/taxi_day"])
    table = "themes/traffic/indicator"
    periods = {r.period for r in _changed(was[table], made[table])}
    assert {f"{late}", f"{late:%Y-%m}"} <= periods <= {f"{late}", f"{late - timedelta(days=1)}", f"{late:%Y-%m}"}


def _changed(was: DataFrame, made: DataFrame) -> set[Any]:
    """The rows that are in one of two tables only, but for their flags."""
    plain = [c for c in was.columns if c != "flags"]
    return set(was.select(plain).collect()) ^ set(made.select(plain).collect())
