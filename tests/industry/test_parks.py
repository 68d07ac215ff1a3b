"""Parks and trade in yuan are what plain Python makes of the same rows; small stories of lists that differ from the registers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
import shapely
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from assets.declare import declared
from assets.themes.industry.money import trade_month
from assets.themes.industry.parks import park_member, park_month
from tests.frames import frame
from tests.industry.figures import AS_OF, Figures, half_up, months_after
from tests.industry.parks import MU, Parks, trade
from tests.touch.chain import in_part, made
from tests.touch.economy import ADDRESS, ENTITY, LISTS, PARK, RATES, Economy

Tables = dict[str, list[Row]]
Write = Callable[[DataFrame], DataFrame]
WEST, EAST = shapely.to_wkb(shapely.box(119.40, 32.39, 119.41, 32.41)), shapely.to_wkb(shapely.box(119.42, 32.39, 119.43, 32.41))


@pytest.fixture(scope="module")
def parks(figures: Figures) -> Parks:
    return Parks(figures)


def test_who_is_in_a_park(parks: Parks, tables: Tables) -> None:
    found = {(r.park_code, r.uscc): r.asDict() for r in tables["park_member"]}
    assert found.keys() == parks.members.keys()
    for key, expected in parks.members.items():
        assert {c: found[key][c] for c in expected} == expected, key
    flags = {flag for member in parks.members.values() for flag in member["flags"]}
    assert flags == {"NO_ENTITY", "GONE", "ELSEWHERE", "NO_POSITION", "NOT_LISTED", "TWICE"}


def test_every_park_and_month(parks: Parks, tables: Tables) -> None:
    expected, found = parks.months(), {(r.park_code, r.month): r for r in tables["park_month"]}
    assert found.keys() == expected.keys()
    counted = {c: c for c in ("enterprises", "active", "above_scale", "elsewhere", "unlisted", "insured", "kwh")}
    counted |= {"tax_yuan": "tax", "revenue_yuan": "revenue", "value_added_yuan": "value_added"}
    for key, row in found.items():
        assert {c: row[c] for c in counted} == {c: expected[key][m] for c, m in counted.items()}, key
        land = parks.land(key[0]) / MU
        assert row.land_mu == half_up(land, 4)
        assert row.tax_per_mu == half_up(row.tax_yuan / 10_000 / land, 4)
        assert row.revenue_per_mu == half_up(Decimal(row.revenue_yuan) / 10_000 / land, 4)
        before = found.get((key[0], months_after(key[1], -12)))
        for growth, of in ((row.tax_growth, "tax_yuan"), (row.revenue_growth, "revenue_yuan")):
            was = before[of] if before else 0
            assert growth == (half_up(Decimal((row[of] - was) * 100) / Decimal(was), 2) if was > 0 else None), key
    assert {r.above_scale > 0 for r in found.values()} == {r.tax_growth is None for r in found.values()} == {True, False}


def test_parks_are_a_part_of_the_city(tables: Tables) -> None:
    for month in {r.month for r in tables["park_month"]}:
        of_parks = [r for r in tables["park_month"] if r.month == month]
        city = [r for r in tables["entity_division_month"] if r.month == month]
        assert sum(r.enterprises for r in of_parks) <= sum(r.alive for r in city)
        assert sum(r.kwh for r in of_parks) <= sum(r.kwh for r in city)


def test_trade_in_yuan(figures: Figures, tables: Tables) -> None:
    found = {(r.month, r.county6, r.currency): (r.exports_yuan, r.imports_yuan) for r in tables["trade_month"]}
    assert found == trade(figures)
    assert {exports is None for exports, _ in found.values()} == {True, False}
    assert all(
        r.balance_yuan is None if r.rate is None else r.balance_yuan == r.exports_yuan - r.imports_yuan for r in tables["trade_month"]
    )


def test_a_rate_holds_for_its_month_and_currency_only(spark: SparkSession) -> None:
    """At 702.35 yuan for 100 dollars 12.35 dollars are 86.740225 yuan; a half of a cent is rounded up; of November no rate is known."""
    line = {"uscc": "c1", "imports": "0"}
    lines = [
        {**line, "month": "201910", "currency": "USD", "exports": "12.35"}, {**line, "month": "201911", "currency": "USD", "exports": "1"},
        {**line, "month": "201910", "currency": "EUR", "exports": "0.01"}, {**line, "month": "201911", "currency": "CNY", "exports": "3"},
        {**line, "month": "201912", "currency": "JPY", "exports": "10000000000"},
    ]  # fmt: skip
    rates = [("201910", "USD", "702.35"), ("201910", "EUR", "750"), ("201912", "USD", "7"), ("201912", "JPY", "6.4551")]
    rate = [dict(zip(("month", "currency", "rate"), r, strict=True)) for r in rates]
    inputs = {"cleansed/commerce/trade_month": lines, ENTITY: [], RATES: rate}
    found = {
        (r.month, r.currency): (r.rate, r.exports_yuan) for r in trade_month(*[frame(spark, t, r) for t, r in inputs.items()]).collect()
    }
    assert found == {
        ("201910", "USD"): (Decimal("702.35"), Decimal("86.74")), ("201910", "EUR"): (Decimal(750), Decimal("0.08")),
        ("201911", "USD"): (None, None), ("201911", "CNY"): (Decimal(100), Decimal(3)),
        ("201912", "JPY"): (Decimal("6.4551"), Decimal("645510000.00")),
    }  # fmt: skip


def test_the_list_says_who_is_in_a_park_and_the_address_where_it_differs(spark: SparkSession) -> None:
    """Two parks: firm 1 is listed where it is registered; 2 registered in the other park; 3 on both lists; 4 on none; 5 has left."""
    doors = {"1": "119.405", "2": "119.425", "3": "119.405", "4": "119.405", "5": "119.405", "6": "119.5"}
    entity = [
        {
            "entity_uid": f"u{n}",
            "uscc": f"c{n}",
            "entity_kind": "ENTERPRISE",
            "status": "1",
            "county6": "321002",
            "est_date": date(2015, 1, 1),
        }
        for n in doors
    ]
    place = [{"uscc": f"c{n}", "place_key": f"|||{n}号||||||"} for n in doors]
    address = [{"address_no": f"A{n}", "addr_key": f"|||{n}号||||", "flags": [], "lon": lon, "lat": "32.4"} for n, lon in doors.items()]
    parks = [
        {"park_code": code, "name": code, "level": "CITY", "county6": "321002", "industrial_ha": "10", "geometry": g}
        for code, g in {"WEST": WEST, "EAST": EAST}.items()
    ]
    listed = [("WEST", 1, None), ("WEST", 2, None), ("WEST", 3, None), ("EAST", 3, None), ("WEST", 5, date(2019, 5, 31)), ("WEST", 6, None)]
    listing = [{"park_code": p, "uscc": f"c{n}", "moved_in": date(2018, 3, 10), "moved_out": out} for p, n, out in listed]
    inputs = {LISTS: listing, ENTITY: entity, "themes/industry/entity_address": place, ADDRESS: address, PARK: parks}
    member = park_member(*[frame(spark, t, rows) for t, rows in inputs.items()])
    found = {(r.park_code, r.uscc): (r.listed, r.counts, r.flags) for r in member.collect()}
    assert found == {
        ("WEST", "c1"): (True, True, []), ("WEST", "c2"): (True, True, ["ELSEWHERE"]), ("EAST", "c2"): (False, False, ["NOT_LISTED"]),
        ("WEST", "c3"): (True, True, ["TWICE"]), ("EAST", "c3"): (True, False, ["ELSEWHERE", "TWICE"]),
        ("WEST", "c4"): (False, False, ["NOT_LISTED"]), ("WEST", "c5"): (True, True, ["NOT_LISTED"]),
        ("WEST", "c6"): (True, True, ["ELSEWHERE"]),
    }  # fmt: skip
    month = {"month": "201906", "county6": "321002", "entity_kind": "ENTERPRISE", "section": "C", "division": "17", "alive": True}
    figures = {"tax_yuan": "66667", "revenue_yuan": 20_000_000, "born": False, "gone": False, "active": True, "signs": [], "flags": []}
    months = [{"entity_uid": f"u{n}", **month, **figures} for n in doors]
    of_month = park_month(frame(spark, PARK, parks), member, frame(spark, "themes/industry/entity_month", months)).collect()
    rows = {r.park_code: (r.enterprises, r.above_scale, r.tax_yuan, r.tax_per_mu, r.elsewhere, r.unlisted) for r in of_month}
    per_mu = half_up(Decimal("4") * Decimal("6.6667") / (Decimal(100_000) / MU), 4)
    assert rows == {"WEST": (4, 4, Decimal(4 * 66_667), per_mu, 2, 1), "EAST": (0, 0, Decimal(0), Decimal(0), 0, 1)}


def _made(tables: dict[str, DataFrame], name: str, write: Write) -> None:
    asset = declared()[name]
    tables[name] = made(asset, {argument: tables[t] for argument, t in asset.inputs.items()}, AS_OF, write)


def test_a_rate_that_comes_late_changes_exactly_its_month(spark: SparkSession, write: Write) -> None:
    economy, name = Economy(3), "themes/industry/trade_month"
    late = economy.rows["cleansed/commerce/trade_month"][0]["month"]
    now = {t: write(rows) for t, rows in economy.tables(spark).items() if t in declared()[name].inputs.values()}
    before = now | {RATES: write(now[RATES].where(F.col("month") != late))}
    _made(now, name, write)
    _made(before, name, write)
    found = in_part(declared()[name], before, now, (AS_OF, AS_OF), write)
    assert found is not None
    rows, was = found
    assert {r.month for r in was.collect()} == {late}
    assert all(r.rate is None for r in was.where("currency <> 'CNY'").collect())
    assert sorted(rows.select(*now[name].columns).collect(), key=str) == sorted(now[name].collect(), key=str)
