"""The figures of the theme in plain Python, from the text of domain rules E6: no column, no engine, one loop per sentence."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from statistics import median
from typing import Any

from tests.touch.economy import ENTITY, LINK, Row

AS_OF = date(2019, 12, 31)
MU = Decimal("666.67")
SECTIONS = (
    ("A", 1, 5), ("B", 6, 12), ("C", 13, 43), ("D", 44, 46), ("E", 47, 50), ("F", 51, 52), ("G", 53, 60), ("H", 61, 62), ("I", 63, 65),
    ("J", 66, 69), ("K", 70, 70), ("L", 71, 72), ("M", 73, 75), ("N", 76, 79), ("O", 80, 82), ("P", 83, 83), ("Q", 84, 85), ("R", 86, 90),
    ("S", 91, 96), ("T", 97, 97),
)  # fmt: skip
MARKET = ("ENTERPRISE", "SOLE_TRADER", "COOPERATIVE")
WEIGHTS = {"tax_per_mu": 40, "revenue_per_mu": 20, "tax_per_tce": 15, "productivity": 15, "research_intensity": 10}
Counts = dict[tuple[str, str, str], tuple[Any, Any]]
"""Indicator, period, division -> numerator, denominator."""


def section(code: str | None) -> str:
    found = [s for s, first, last in SECTIONS if code and first <= int(code[:2]) <= last]
    return found[0] if found else "Z"


def later(day: date, years: int) -> date:
    return day.replace(year=day.year + years, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year + years)


def months_after(month: str, n: int) -> str:
    at = int(month[:4]) * 12 + int(month[4:]) - 1 + n
    return f"{at // 12}{at % 12 + 1:02}"


def half_up(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def one_unit(rows: Iterable[Row], series: str, value: str) -> list[bool]:
    """Of each row whether its value is between 200 and 5,000 times the median of at least six positive ones of its series."""
    rows, known = list(rows), defaultdict[str, list[Decimal]](list)
    for row in rows:
        if Decimal(row[value]) > 0:
            known[row[series]].append(Decimal(row[value]))
    usual = {s: median(values) if len(values) >= 6 else None for s, values in known.items()}
    return [(u := usual.get(row[series])) is not None and 200 * u <= Decimal(row[value]) <= 5000 * u for row in rows]


class Figures:
    """What the rows of an economy come to on AS_OF."""

    def __init__(self, rows: dict[str, list[Row]]) -> None:
        self.rows = rows
        self.entities = {e["entity_uid"]: e for e in rows[ENTITY]}
        self.of_code = {e["uscc"]: e["entity_uid"] for e in rows[ENTITY] if e["uscc"]}
        self.of_taxpayer = {r["source_key"]: r["entity_uid"] for r in rows[LINK] if r["entity_uid"]}
        watts = one_unit(rows["cleansed/power_supply/company_electricity_month"], "account_no", "kwh")
        self.kwh = [
            (r, half_up(Decimal(r["kwh"]) / (1000 if wrong else 1), 2), wrong)
            for r, wrong in zip(rows["cleansed/power_supply/company_electricity_month"], watts, strict=True)
        ]
        yuan = one_unit(rows["cleansed/statistics/industrial_month"], "uscc", "revenue")
        money = ("output", "revenue", "profit", "value_added", "research")
        self.reports = [
            r | {c: r[c] * (1 if wrong else 1000) for c in money} | {"wrong": wrong}
            for r, wrong in zip(rows["cleansed/statistics/industrial_month"], yuan, strict=True)
        ]
        self.months = self._months()

    def county(self, uid: str | None) -> str:
        return self.entities[uid]["county6"] if uid else "321000"

    def life(self, uid: str) -> tuple[date, date] | None:
        """From when to when an entity exists; None: no register knows it."""
        e = self.entities[uid]
        if e["status"] == "9":
            return None
        ends = [d for d in (e["revoke_date"], e["end_date"]) if d]
        gone = (min(ends) if ends else e["last_seen"]) if e["status"] in "2345" else date.max
        return e["est_date"] or date.min, gone

    def _months(self) -> dict[tuple[str, str], Row]:
        """Entity and month -> what is known of it."""
        made: dict[tuple[str, str], Row] = defaultdict(dict)

        def add(uid: str | None, month: str, measure: str, value: Any) -> None:
            if uid:
                made[uid, month][measure] = made[uid, month].get(measure, 0) + value

        for p in self.rows["cleansed/taxation/payment"]:
            add(self.of_taxpayer.get(p["tax_reg_no"]), p["pay_date"].strftime("%Y%m"), "tax", Decimal(p["amount"]))
        for i in self.rows["cleansed/taxation/invoice_month"]:
            add(self.of_taxpayer.get(i["tax_reg_no"]), i["month"], "invoiced", Decimal(i["amount"]))
        for i in self.rows["cleansed/human_resources/insured_month"]:
            add(self.of_code.get(i["uscc"]), i["month"], "insured", i["insured"])
        for r, kwh, _ in self.kwh:
            add(self.of_code.get(r["uscc"]), r["month"], "kwh", kwh)
        for r in self.reports:
            for measure in ("revenue", "output", "value_added"):
                add(self.of_code.get(r["uscc"]), r["month"], measure, r[measure])
        signs = {
            (uid, months_after(month, n))
            for (uid, month), found in made.items()
            for n in range(3)
            if any(found.get(m, 0) > 0 for m in ("tax", "invoiced", "insured", "kwh"))
        }
        for uid in self.entities:
            if (life := self.life(uid)) is None:
                continue
            for month in (f"{year}{n:02}" for year in (2017, 2018, 2019) for n in range(1, 13)):
                year, n = int(month[:4]), int(month[4:])
                begin, end = date(year, n, 1), date(year, n, monthrange(year, n)[1])
                if life[0] <= end and life[1] >= begin:
                    made[uid, month] |= {"exists": True, "alive": life[1] > end, "born": life[0] >= begin, "gone": life[1] <= end}
        nothing = {"exists": False, "alive": False, "born": False, "gone": False}
        return {
            key: nothing | found | {"active": found.get("alive", False) and key in signs}
            for key, found in made.items()
            if "201701" <= key[1] <= "201912"
        }

    def efficiency(self) -> dict[tuple[str, int], Row]:
        """Entity and year -> sums, metrics, ranks, class."""
        land: dict[str, Decimal] = defaultdict(Decimal)
        for p in self.rows["cleansed/natural_resources/industrial_land"]:
            if (uid := self.of_code.get(p["uscc"])) and (area := square_metres(Decimal(p["area"]), p["area_unit"])[0]):
                land[uid] += area
        years = {(uid, int(month[:4])) for uid, month in self.months if uid in land}
        found: dict[tuple[str, int], Row] = {}
        for uid, year in years:
            mine = [m for (u, month), m in self.months.items() if u == uid and month.startswith(str(year))]
            reports = [r for r in self.reports if self.of_code.get(r["uscc"]) == uid and r["month"].startswith(str(year))]
            taxes = [m["tax"] for m in mine if "tax" in m]
            sums = {c: sum(r[c] for r in reports) for c in ("revenue", "value_added", "research", "employees")}
            coal = sum((Decimal(r["energy_tce"]) for r in reports), Decimal(0))
            tax, mu = sum(taxes, Decimal(0)) if taxes else None, land[uid] / MU
            ratios = {
                "tax_per_mu": (tax, 10_000 * mu),
                "revenue_per_mu": (sums["revenue"] if reports else None, 10_000 * mu),
                "tax_per_tce": (tax, 10_000 * coal),
                "productivity": (sums["value_added"] * 12, 10_000 * sums["employees"]),
                "research_intensity": (sums["research"] * 100, sums["revenue"]),
            }
            values = {m: half_up(Decimal(a) / Decimal(b), 4) if a is not None and b > 0 else None for m, (a, b) in ratios.items()}
            found[uid, year] = {"land": land[uid], "tax": tax, "coal": coal, "reports": len(reports), **sums, **values}
        for year in {year for _, year in found}:
            evaluated = {uid: row for (uid, y), row in found.items() if y == year and row["reports"]}
            for row in evaluated.values():
                ranks = {m: 1 + sum(better(other[m], row[m]) for other in evaluated.values()) for m in WEIGHTS}
                row["score"] = sum(WEIGHTS[m] * ranks[m] for m in WEIGHTS)
            lowest = Decimal(-(10**12))
            order = sorted(evaluated, key=lambda u: (evaluated[u]["score"], -(evaluated[u]["tax_per_mu"] or lowest), u))
            for place, uid in enumerate(order, 1):
                evaluated[uid] |= {"place": place, "class": grade(place, len(order))}
        return found


def better(one: Decimal | None, other: Decimal | None) -> bool:
    return one is not None and (other is None or one > other)


def grade(place: int, n: int) -> str:
    """The best 20 % are A, the worst 5 % D, the worst 20 % without these C."""
    if place <= n * 20 // 100:
        return "A"
    if place > n - n * 5 // 100:
        return "D"
    return "C" if place > n - n * 20 // 100 else "B"


def square_metres(area: Decimal, unit: str | None) -> tuple[Decimal | None, bool]:
    """The area, and whether it was in the other unit; possible are 300 m² to 3 km²."""
    in_unit = {"M2": half_up(area, 2), "MU": half_up(area * MU, 2), "HA": half_up(area * 10_000, 2)}
    possible = {u: a for u, a in in_unit.items() if 300 <= a <= 3_000_000}
    if unit in possible:
        return possible[unit], False
    mixed = [possible[u] for u in ("M2", "MU") if u in possible]
    return (mixed[0], True) if len(mixed) == 1 else (None, False)
