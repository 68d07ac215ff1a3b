"""Parks and trade in yuan in plain Python, from the text of the rules: no column, no engine, one loop per sentence."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import shapely

from tests.industry.figures import Counts, Figures, half_up, months_after, section
from tests.touch.economy import ADDRESS, LISTS, PARK, Row

MU, LARGE = Decimal("666.67"), 20_000_000
Key = tuple[str, str]


def span(month: str) -> tuple[date, date]:
    year, n = int(month[:4]), int(month[4:])
    return date(year, n, 1), date(year, n, monthrange(year, n)[1])


class Parks:
    """Who is in which park, and what that comes to by month."""

    def __init__(self, figures: Figures) -> None:
        self.figures, rows = figures, figures.rows
        self.parks = {p["park_code"]: p for p in rows[PARK]}
        self.listed: dict[Key, Row] = {(m["park_code"], m["uscc"]): m for m in rows[LISTS]}
        sound = {a["addr_key"].split("|")[3]: a for a in rows[ADDRESS] if not a["flags"]}
        self.placed = {
            e["uscc"]: self._park_at(sound[door])
            for e in rows["base/legal_entity/entity"]
            if e["uscc"] and (door := (e["address"] or "").removeprefix("创业路")) in sound
        }
        self.members = {key: self._member(*key) for key in self.listed.keys() | self._unlisted()}

    def _park_at(self, address: Row) -> str | None:
        point = shapely.Point(float(address["lon"]), float(address["lat"]))
        inside = [c for c, p in self.parks.items() if not p["until"] and shapely.from_wkb(p["geometry"]).intersects(point)]
        return min(inside, default=None)

    def _entity(self, uscc: str) -> str | None:
        return self.figures.of_code.get(uscc)

    def _exists(self, uscc: str) -> bool | None:
        """Whether an enterprise that a register knows has not ended; None: no register knows it."""
        uid = self._entity(uscc)
        life = self.figures.life(uid) if uid else None
        return None if life is None else life[1] == date.max

    def _here(self, uscc: str) -> bool:
        uid = self._entity(uscc)
        return bool(uid) and self.figures.entities[uid]["entity_kind"] == "ENTERPRISE" and self._exists(uscc) is True

    def _unlisted(self) -> set[Key]:
        return {(park, uscc) for uscc, park in self.placed.items() if park and (park, uscc) not in self.listed and self._here(uscc)}

    def _overlaps(self, park: str, uscc: str) -> list[str]:
        def period(row: Row) -> tuple[date, date]:
            return row["moved_in"] or date.min, row["moved_out"] or date.max

        begin, end = period(self.listed[park, uscc])
        others = {p: period(row) for (p, u), row in self.listed.items() if u == uscc and p != park}
        return [p for p, (first, last) in others.items() if first <= end and begin <= last]

    def _member(self, park: str, uscc: str) -> Row:
        """How a firm stands to a park: whether its figures are the park's, and what is odd about it."""
        row, at = self.listed.get((park, uscc)), self.placed.get(uscc)
        there, placed = row is not None and row["moved_out"] is None, uscc in self.placed
        uid, others = self._entity(uscc), self._overlaps(park, uscc) if row else []

        def rank(code: str) -> Any:
            return (at != code, -((self.listed[code, uscc]["moved_in"] or date.min).toordinal()), code)

        odd = {
            "NO_ENTITY": row is not None and uid is None, "GONE": there and self._exists(uscc) is False,
            "ELSEWHERE": there and placed and at != park, "NO_POSITION": there and uid is not None and not placed,
            "NOT_LISTED": not there and at == park and self._here(uscc), "TWICE": bool(others),
        }  # fmt: skip
        counts = row is not None and uid is not None and all(rank(park) < rank(other) for other in others)
        return {"listed": row is not None, "counts": counts, "flags": [flag for flag, holds in odd.items() if holds], "entity_uid": uid}

    def months(self) -> dict[Key, Row]:
        """Park and month -> its figures."""
        found: dict[Key, Row] = defaultdict(lambda: defaultdict(int))
        yearly: dict[tuple[str, str], int] = defaultdict(int)
        for (uid, month), m in self.figures.months.items():
            yearly[uid, month[:4]] += m.get("revenue", 0)
        for (uid, month), m in self.figures.months.items():
            first, last = span(month)
            for (code, uscc), member in self.members.items():
                if member["entity_uid"] != uid:
                    continue
                park, row = self.parks[code], self.listed.get((code, uscc), {})
                if park["since"] > last or (park["until"] and park["until"] <= first):
                    continue
                if member["listed"]:
                    if not member["counts"] or (row["moved_in"] or first) > last or (row["moved_out"] or last) < first:
                        continue
                    here = found[code, month]
                    here["enterprises"] += m["alive"]
                    here["active"] += m["active"]
                    here["elsewhere"] += m["alive"] and "ELSEWHERE" in member["flags"]
                    large = section(self.figures.entities[uid]["industry_code"]) in "BCD" and yearly[uid, month[:4]] >= LARGE
                    here["above_scale"] += m["alive"] and large
                    for measure in ("tax", "kwh", "revenue", "value_added", "insured"):
                        here[measure] += m.get(measure, 0)
                else:
                    found[code, month]["unlisted"] += m["alive"]
        return found

    def land(self, code: str) -> Decimal:
        return Decimal(self.parks[code]["industrial_ha"]) * 10_000

    def counts(self) -> Counts:
        """Numerator and denominator of the indicators of parks, by indicator, period and division."""
        of: Counts = defaultdict(lambda: (0, 0))

        def add(indicator: str, period: str, county: str, above: Any, below: Any) -> None:
            for place in (county, "321000"):
                a, b = of[indicator, period, place]
                of[indicator, period, place] = (a + above, b + below)

        months = self.months()
        for (code, month), m in months.items():
            county, year = self.parks[code]["county6"], month[:4]
            last = max(other for park, other in months if park == code and other[:4] == year)
            land = int(self.land(code) * 100) if month == last else 0
            add("park_tax_per_mu", year, county, int(m["tax"] * 100), land)
            add("park_revenue_per_mu", year, county, m["revenue"], land)
            add("park_list_agreement", f"{year}-{month[4:]}", county, m["enterprises"] - m["elsewhere"], m["enterprises"] + m["unlisted"])
        return of


def rates(rows: dict[str, list[Row]]) -> dict[Key, Decimal]:
    """Month and currency -> yuan for 100 units."""
    return {(r["month"], r["currency"]): Decimal(r["rate"]) for r in rows["cleansed/commerce/exchange_rate"]}


def trade(figures: Figures) -> dict[tuple[str, str, str], tuple[Decimal | None, Decimal | None]]:
    """Month, county and currency -> exports and imports in yuan, each rounded once; None without a rate of that month."""
    sums: dict[Any, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for t in figures.rows["cleansed/commerce/trade_month"]:
        key = (t["month"], figures.county(figures.of_code.get(t["uscc"])), t["currency"])
        sums[key] = [sums[key][0] + Decimal(t["exports"]), sums[key][1] + Decimal(t["imports"])]
    known = rates(figures.rows)
    found = {}
    for (month, county, currency), amounts in sums.items():
        rate = Decimal(100) if currency == "CNY" else known.get((month, currency))
        exports, imports = (half_up(a * rate / 100, 2) if rate else None for a in amounts)
        found[month, county, currency] = (exports, imports)
    return found


def trade_counts(figures: Figures) -> Counts:
    """Numerator and denominator of the indicators of trade."""
    of: Counts = defaultdict(lambda: (0, 0))

    def add(indicator: str, period: str, county: str, above: Any, below: Any) -> None:
        for place in (county if county != "321000" else "000000", "321000"):
            a, b = of[indicator, period, place]
            of[indicator, period, place] = (a + above, b + below)

    lines = trade(figures)
    months = {month for month, *_ in lines}
    complete = {m for m in months if all(exports is not None for (month, *_), (exports, _) in lines.items() if month == m)}
    years = {y for y in {m[:4] for m in months} if sum(m[:4] == y for m in complete) == 12}
    for (month, county, _), (exports, imports) in lines.items():
        add("trade_conversion", f"{month[:4]}-{month[4:]}", county, exports is not None, 1)
        following = months_after(month, 12)
        for at, above in ((month, True), (following, False)):
            if {at, months_after(at, -12)} <= complete:
                cents = int((exports or 0) * 100)
                for period in (f"{at[:4]}-{at[4:]}", at[:4]):
                    add("exports_index", period, county, cents if above else 0, 0 if above else cents)
        if month[:4] in years:
            add("trade_dependence", month[:4], county, int(((exports or 0) + (imports or 0)) * 100), 0)
    for g in figures.rows["cleansed/statistics/gross_product_year"]:
        if str(g["year"]) in years:
            add("trade_dependence", str(g["year"]), g["county6"], 0, int(Decimal(g["amount"]) * 10**10))
    return of
