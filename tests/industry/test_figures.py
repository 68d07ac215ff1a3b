"""Every table of the theme is what plain Python makes of the same rows, in the counties and in the city."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from pyspark.sql import Row

from assets.themes.industry.indicator import INDICATORS
from tests.industry.figures import AS_OF, MARKET, WEIGHTS, Counts, Figures, half_up, later, section, square_metres
from tests.industry.parks import Parks, trade_counts

Tables = dict[str, list[Row]]


def test_units(figures: Figures, tables: Tables) -> None:
    power = {(r.account_no, r.month): (r.kwh, r.flags) for r in tables["electricity_month"]}
    assert power == {(r["account_no"], r["month"]): (kwh, ["UNIT"] if wrong else []) for r, kwh, wrong in figures.kwh}
    money = {(r.uscc, r.month): (r.revenue_yuan, r.profit_yuan, r.flags) for r in tables["report_month"]}
    assert money == {
        (r["uscc"], r["month"]): (r["revenue"], r["profit"], ["UNIT"] if r["wrong"] else []) for r in figures.reports
    }  # fmt: skip
    assert {wrong for _, _, wrong in figures.kwh} == {r["wrong"] for r in figures.reports} == {True, False}
    land = {r.parcel_no: (r.area_m2, r.flags) for r in tables["parcel"]}
    for p in figures.rows["cleansed/natural_resources/industrial_land"]:
        area, mixed = square_metres(Decimal(p["area"]), p["area_unit"])
        assert land.pop(p["parcel_no"]) == (area, ["UNIT"] if mixed else [] if area else ["AREA"]), p
    assert not land


def test_reversals_are_held_against_the_payment_they_name(figures: Figures, tables: Tables) -> None:
    payments = figures.rows["cleansed/taxation/payment"]
    paid = {(p["tax_reg_no"], p["voucher_no"]): Decimal(p["amount"]) for p in payments}
    made: dict[Any, tuple[Decimal, set[str]]] = defaultdict(lambda: (Decimal(0), set()))
    for p in payments:
        key, amount = (p["tax_reg_no"], p["pay_date"].strftime("%Y%m"), p["tax_kind"]), Decimal(p["amount"])
        named = paid.get((p["tax_reg_no"], p["reversal_of"]))
        unknown, large = amount < 0 and named is None, amount < 0 and named is not None and -amount > named
        flags = {flag for flag, holds in {"REVERSAL_UNKNOWN": unknown, "REVERSAL_TOO_LARGE": large}.items() if holds}
        made[key] = (made[key][0] + amount, made[key][1] | flags)
    assert {(r.tax_reg_no, r.month, r.tax_kind): (r.amount, set(r.flags)) for r in tables["taxpayer_month"]} == made
    assert {flag for _, flags in made.values() for flag in flags} >= {"REVERSAL_UNKNOWN"}


def test_every_entity_and_month(figures: Figures, tables: Tables) -> None:
    names = {"tax_yuan": "tax", "invoiced_yuan": "invoiced", "insured": "insured", "kwh": "kwh", "revenue_yuan": "revenue"}
    found = {(r.entity_uid, r.month): r.asDict() for r in tables["entity_month"]}
    assert found.keys() == figures.months.keys()
    for key, expected in figures.months.items():
        row = found[key]
        assert {n: row[n] for n in ("alive", "born", "gone", "active")} == {n: expected[n] for n in ("alive", "born", "gone", "active")}, (
            key
        )
        assert {n: row[n] for n in names} == {n: expected.get(e) for n, e in names.items()}, key
        assert row["flags"] == ([] if expected["exists"] else ["NOT_THERE"])
        assert row["section"] == section(figures.entities[key[0]]["industry_code"])
    assert {r["flags"] == [] for r in found.values()} == {True, False}


def test_sums_of_kinds_industries_and_taxes(figures: Figures, tables: Tables) -> None:
    kinds: dict[Any, list[Any]] = defaultdict(lambda: [0, 0, 0, 0, Decimal(0)])
    industries: dict[Any, list[Any]] = defaultdict(lambda: [0, 0, Decimal(0), 0])
    for (uid, month), m in figures.months.items():
        e = figures.entities[uid]
        for at, value in enumerate((m["alive"], m["born"], m["gone"], m["active"], m.get("tax", 0))):
            kinds[month, e["county6"], e["entity_kind"]][at] += value
        for at, value in enumerate((m["alive"], "revenue" in m, m.get("kwh", 0), m.get("output", 0))):
            industries[month, e["county6"], section(e["industry_code"])][at] += value
    assert {
        (r.month, r.county6, r.entity_kind): [r.alive, r.births, r.deaths, r.active, r.tax_yuan] for r in tables["entity_division_month"]
    } == kinds
    found: dict[Any, list[Any]] = defaultdict(lambda: [0, 0, Decimal(0), 0])
    for r in tables["industry_month"]:
        for at, value in enumerate((r.alive, r.reporting, r.kwh, r.output_yuan)):
            found[r.month, r.county6, r.section][at] += value
    assert found == industries
    taxes: dict[Any, Decimal] = defaultdict(Decimal)
    for p in figures.rows["cleansed/taxation/payment"]:
        uid = figures.of_taxpayer.get(p["tax_reg_no"])
        code = figures.entities[uid]["industry_code"] if uid else None
        taxes[p["pay_date"].strftime("%Y%m"), figures.county(uid), section(code), p["tax_kind"]] += Decimal(p["amount"])
    assert {(r.month, r.county6, r.section, r.tax_kind): r.amount for r in tables["tax_month"]} == taxes


def test_trade_and_projects(figures: Figures, tables: Tables) -> None:
    trade: dict[Any, list[Any]] = defaultdict(lambda: [0, 0, Decimal(0)])
    for t in figures.rows["cleansed/commerce/trade_month"]:
        out, into = Decimal(t["exports"]), Decimal(t["imports"])
        key = (t["month"], figures.county(figures.of_code.get(t["uscc"])), t["currency"])
        for at, value in enumerate((out > 0, into > 0, out - into)):
            trade[key][at] += value
    assert {(r.month, r.county6, r.currency): [r.exporters, r.importers, r.balance] for r in tables["trade_month"]} == trade
    done: dict[Any, Decimal] = defaultdict(Decimal)
    projects = figures.rows["cleansed/development_reform/project"]
    for month, county in {(p["month"], p["county6"]) for p in projects}:
        same = [p for p in projects if p["county6"] == county and p["month"][:4] == month[:4] and p["month"] <= month]
        done[month, county] = sum((Decimal(p["done"]) for p in same), Decimal(0))
    assert {(r.month, r.county6): r.done_since_january for r in tables["project_month"]} == done


def test_classes_by_land(figures: Figures, tables: Tables) -> None:
    expected = figures.efficiency()
    found = {(r.entity_uid, r.year): r.asDict() for r in tables["land_efficiency_year"]}
    assert found.keys() == expected.keys()
    for key, e in expected.items():
        row = found[key]
        assert row["area_m2"] == e["land"]
        assert row["land_mu"] == half_up(e["land"] / Decimal("666.67"), 4)
        assert {m: row[m] for m in WEIGHTS} == {m: e[m] for m in WEIGHTS}, key
        assert (row["score"], row["place"], row["land_class"]) == (e.get("score"), e.get("place"), e.get("class")), key
    assert {"A", "B", "C", "D"} <= {r["land_class"] for r in found.values()}


def test_growth_and_elasticity(figures: Figures, tables: Tables) -> None:
    product: dict[Any, Decimal] = defaultdict(Decimal)
    for g in figures.rows["cleansed/statistics/gross_product_year"]:
        for place in (g["county6"], "321000"):
            product[g["year"], place] += Decimal(g["amount"])
    tax: dict[Any, Decimal] = defaultdict(Decimal)
    for p in figures.rows["cleansed/taxation/payment"]:
        if p["pay_date"].year >= 2018:
            for place in {figures.county(figures.of_taxpayer.get(p["tax_reg_no"])), "321000"}:
                tax[p["pay_date"].year, place] += Decimal(p["amount"])
    found = {(r.year, r.div_code): r for r in tables["economy_year"]}
    assert found.keys() == product.keys() | tax.keys()
    assert all(r.gross_product == product[key] for key, r in found.items())
    assert all((r.tax_yuan or 0) == tax[key] for key, r in found.items())
    for place in ("321000", "321002", "321003", "321081"):
        grown = half_up((product[2019, place] - product[2018, place]) * 100 / product[2018, place], 2)
        row, taxes = found[2019, place], {year: int(tax[year, place]) for year in (2018, 2019)}
        assert row.gross_product_growth == grown
        if taxes[2018] > 0:
            more = half_up(Decimal((taxes[2019] - taxes[2018]) * 100) / taxes[2018], 2)
            assert (row.tax_growth, row.tax_elasticity) == (more, half_up(more / grown, 2) if grown else None)
    assert all(r.tax_elasticity is None for (year, _), r in found.items() if year == 2018)


def expected_counts(figures: Figures) -> Counts:
    """Numerator and denominator of every indicator, in the units of its counts."""
    of: Counts = defaultdict(lambda: (0, 0))

    def add(indicator: str, period: str, county: str, above: Any, below: Any) -> None:
        for place in (county if county != "321000" else "000000", "321000"):
            a, b = of[indicator, period, place]
            of[indicator, period, place] = (a + above, b + below)

    for uid, e in figures.entities.items():
        life = figures.life(uid)
        if life and life[0] <= AS_OF < life[1] and e["entity_kind"] == "ENTERPRISE":
            add("enterprises_per_thousand", "2019", e["county6"], 1, 0)
        if life and e["entity_kind"] in MARKET and e["est_date"]:
            for n in (1, 3, 5):
                if e["est_date"].year + n <= 2019:
                    add(f"survival_{n}", str(e["est_date"].year + n), e["county6"], life[1] > later(e["est_date"], n), 1)
    for p in figures.rows["base/population/person"]:
        add("enterprises_per_thousand", "2019", p["county6"], 0, int(p["resident_flag"]))
    for (uid, month), m in figures.months.items():
        county, at = figures.county(uid), f"{month[:4]}-{month[4:]}"
        if figures.entities[uid]["entity_kind"] in MARKET:
            add("activity_rate", at, county, m["active"], m["alive"])
            add("new_entity_rate", at, county, m["born"], m["alive"])
        if m.get("output", 0) > 0 and m.get("kwh", 0) > 0:
            add("output_per_kwh", month[:4], county, m["output"], int(m["kwh"] * 100))
    yearly: dict[Any, int] = defaultdict(int)
    for r in figures.reports:
        county, year = figures.county(figures.of_code.get(r["uscc"])), r["month"][:4]
        yearly[r["uscc"], county, year] += r["revenue"]
        for at in (f"{year}-{r['month'][4:]}", year):
            add("value_added_rate", at, county, r["value_added"], r["output"])
        add("labour_productivity", year, county, r["value_added"], r["employees"])
        add("research_intensity", year, county, r["research"], r["revenue"])
    for (_, county, year), revenue in yearly.items():
        add("above_scale_rate", year, county, revenue >= 20_000_000, 1)
    for (uid, year), e in figures.efficiency().items():
        if e.get("class"):
            land, cents = int(e["land"] * 100), int((e["tax"] or 0) * 100)
            add("tax_per_mu", str(year), figures.county(uid), cents, land)
            add("revenue_per_mu", str(year), figures.county(uid), e["revenue"], land)
            add("tax_per_coal", str(year), figures.county(uid), cents, int(e["coal"] * 100))
    projects = figures.rows["cleansed/development_reform/project"]
    newest = {year: max(p["month"] for p in projects if p["month"][:4] == year) for year in {p["month"][:4] for p in projects}}
    for p in projects:
        planned = int(Decimal(p["year_plan"]) * 100) if p["month"] == newest[p["month"][:4]] else 0
        add("investment_rate", p["month"][:4], p["county6"], int(Decimal(p["done"]) * 100), planned)
    return {**of, **Parks(figures).counts(), **trade_counts(figures)}


IN_UNIT: dict[str, Callable[[Decimal], Decimal]] = {
    "户/千人": lambda rate: rate * 1000, "%": lambda rate: rate * 100, "万元/人": lambda rate: rate * 12 / 10_000,
    "元/千瓦时": lambda rate: rate * 100, "万元/吨标准煤": lambda rate: rate / 10_000,
}  # fmt: skip
PER_MU = {"tax_per_mu": 100 * 10_000, "revenue_per_mu": 10_000, "park_tax_per_mu": 100 * 10_000, "park_revenue_per_mu": 10_000}
"""What of a numerator is 10,000 yuan."""


def test_indicators(figures: Figures, tables: Tables) -> None:
    expected = expected_counts(figures)
    found = {(r.indicator, r.period, r.div_code): r for r in tables["indicator"]}
    assert len(found) == len(tables["indicator"])
    missing = {key: counts for key, counts in expected.items() if key not in found}
    assert not missing
    assert {name for name, _, _ in found} == set(INDICATORS.indicators)
    for key, row in found.items():
        above, below = expected.get(key, (0, 0))
        assert (row.numerator, row.denominator) == (above, below), key
        if not below:
            assert row.value is None
            continue
        rate = Decimal(int(above)) / Decimal(int(below))
        if key[0] in PER_MU:
            value = Decimal(int(above)) / PER_MU[key[0]] / (Decimal(int(below)) / 100 / Decimal("666.67"))
        else:
            value = IN_UNIT[row.unit](rate)
        assert row.value == half_up(value, 2), key
