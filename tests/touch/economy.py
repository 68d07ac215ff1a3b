"""A few firms and parks: what firms pay, insure, use, report, build and trade; and nights in which some comes late, changes, or goes."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import shapely

from tests.population.cleansed import AS_OF
from tests.touch.network import Network, Row

ENTITY, LINK, TAXPAYER = "base/legal_entity/entity", "base/legal_entity/source_link", "taxation/taxpayer"
FIRMS = 36
COUNTIES = ("321002", "321003", "321081")
KINDS = ("ENTERPRISE", "ENTERPRISE", "SOLE_TRADER", "COOPERATIVE", "ASSOCIATION")
INDUSTRIES = ("1011", "1712", "2614", "3311", "4300", "4710", "5111", "0111", "9999", None)
MONTHS = tuple(f"{year}{month:02}" for year in (2017, 2018, 2019) for month in range(1, 13))
LATE = date(2020, 1, 31)
LIVING = {"status": "1", "revoke_date": None, "end_date": None}
TODAY: dict[int, Row] = {
    4: {**LIVING, "est_date": AS_OF},
    5: {**LIVING, "est_date": None, "status": "3", "end_date": AS_OF},
    6: {**LIVING, "est_date": None, "status": "2", "revoke_date": AS_OF},
}
"""The firms that are born, or end, on the date of the second night."""
UNLISTED: dict[int, Row] = {
    n: {**LIVING, "est_date": date(2016, 1, 1), "entity_kind": "ENTERPRISE", "address": f"创业路{door}号"}
    for n, door in {10: 1, 12: 6, 16: 2}.items()
}
"""Firms that no list of a park has."""
PARCELS = tuple(f"P{n}" for n in range(60))
LINEAGE = {"_source_file": "f", "_business_date": LATE}
LISTS, ADDRESS, PARK = "cleansed/development_reform/park_enterprise", "base/geography/address", "base/geography/park"
RATES = "cleansed/commerce/exchange_rate"
STREETS = 12
"""Standard addresses along a line from west to east; the parks lie on it."""
PARKS = {"K1": (119.40, 119.4032), "K2": (119.4048, 119.4072), "K3": (119.4082, 119.42)}
"""Park -> its west and east. K3 is no park any more."""


class Economy(Network):
    """Tables by name, each with a maker of new rows. months: of which there is anything, the last of MONTHS."""

    def __init__(self, seed: int, months: int = 7, size: int = 90) -> None:
        super().__init__(seed)
        self.vouchers, self.months, self.places = 0, MONTHS[-months:], Random(seed)
        self.makers = {
            "cleansed/taxation/payment": self._payment, "cleansed/taxation/invoice_month": self._invoice,
            "cleansed/human_resources/insured_month": self._insured, "cleansed/power_supply/company_electricity_month": self._electricity,
            "cleansed/statistics/industrial_month": self._report, "cleansed/commerce/trade_month": self._trade,
            "cleansed/natural_resources/industrial_land": self._parcel, "cleansed/development_reform/project": self._project,
            RATES: self._rate, LISTS: self._member,
        }  # fmt: skip
        self.rows = {
            ENTITY: [self._entity(n) for n in range(FIRMS)],
            LINK: [
                {"source_table": TAXPAYER, "source_key": f"T{n}", "entity_uid": f"u{n % FIRMS}" if n < FIRMS + 4 else None}
                for n in range(FIRMS + 6)
            ],
            "base/population/person": [
                {"person_uid": f"p{n}", "county6": self._pick(*COUNTIES), "resident_flag": self._pick(True, True, False)} for n in range(60)
            ],
            "cleansed/statistics/gross_product_year": [
                {"year": year, "county6": county, "sector": sector, "amount": self._amount(1, 900)}
                for year in (2018, 2019) for county in COUNTIES for sector in "123"
            ],
            "base/geography/division": [],
            ADDRESS: [self._address(n) for n in range(STREETS)],
            PARK: [self._park(code, *sides) for code, sides in PARKS.items()],
        }  # fmt: skip
        few = {"cleansed/natural_resources/industrial_land": len(PARCELS), RATES: len(self.months), LISTS: FIRMS}
        for table, make in self.makers.items():
            self.rows[table] = [make() for _ in range(few.get(table, size))]
        self.rows[RATES] += [{**self._rate(), "month": month, "currency": c} for month in self.months[-12:] for c in ("USD", "EUR")]
        for table in self.rows:
            self._once(table)

    def _amount(self, least: float, most: float) -> str:
        return f"{self.random.uniform(least, most):.2f}"

    def _code(self) -> str | None:
        return self._pick(*[f"c{n}" for n in range(FIRMS)], "nobody", None)

    def _entity(self, n: int) -> Row:
        born = self._pick(None, date(2013, 5, 6), *[AS_OF - timedelta(days=self.random.randrange(2400)) for _ in range(9)])
        end = None if self.random.random() < 0.7 else (born or date(2015, 1, 1)) + timedelta(days=self.random.randrange(1500))
        status = self._pick("1", "9") if end is None and self.random.random() < 0.1 else "1" if end is None else self._pick("2", "3")
        said = {
            "entity_uid": f"u{n}", "uscc": f"c{n}" if n % 9 else None, "entity_kind": self._pick(*KINDS),
            "est_date": born, "status": status,
            "revoke_date": end if status == "2" else None, "end_date": self._pick(end, end, None) if status == "3" else None,
            "last_seen": date(2019, 12, 29), "industry_code": self._pick(*INDUSTRIES), "county6": self._pick(*COUNTIES, "321000"),
            "address": self.places.choice([None, "扬州市", *[f"创业路{k + 1}号" for k in (0, 1, 2, 3, 5, 6, 7, *range(STREETS + 2))]]),
        }  # fmt: skip
        return said | TODAY.get(n, {}) | UNLISTED.get(n, {})

    def _taxpayer(self) -> str:
        return f"T{self.random.randrange(FIRMS + 6)}"

    def _payment(self) -> Row:
        self.vouchers += 1
        back = self.random.random() < 0.2
        named = f"V{self.random.randrange(1, 200)}" if back and self.random.random() < 0.8 else None
        day = date(2019, 12, 30) - timedelta(days=self.random.randrange(len(self.months) * 30))
        amount = self._amount(10, 9000)
        return {
            "voucher_no": f"V{self.vouchers}", "tax_reg_no": self._taxpayer(), "tax_kind": self._pick("10101", "10104"),
            "amount": f"-{amount}" if back else amount, "reversal_of": named, "pay_date": day, **LINEAGE,
        }  # fmt: skip

    def _invoice(self) -> Row:
        return {"tax_reg_no": self._taxpayer(), "month": self._pick(*self.months), "amount": self._pick("0", self._amount(100, 90000))}

    def _insured(self) -> Row:
        return {"uscc": self._code() or "c1", "month": self._pick(*self.months), "insured": self._pick(0, 3, 40)}

    def _electricity(self) -> Row:
        n = self.random.randrange(6)
        factor = self._pick(*[1] * 9, 1000)
        return {
            "account_no": f"A{n}", "month": self._pick(*self.months), "uscc": self._pick(f"c{n + 1}", f"c{n + 1}", self._code()),
            "county6": self._pick(*COUNTIES), "kwh": self._pick("0", f"{self.random.uniform(900, 1900) * factor:.2f}", "1200.5"),
        }  # fmt: skip

    def _report(self) -> Row:
        revenue = self.random.randrange(1500, 6000) * self._pick(*[1] * 12, 1000)
        return {
            "uscc": f"c{self.random.randrange(FIRMS)}", "month": self._pick(*self.months), "output": revenue + self.random.randrange(400),
            "revenue": revenue, "profit": self._pick(-200, 300), "value_added": revenue // self._pick(3, 4, 5),
            "research": self._pick(0, 90, revenue // 50), "employees": self._pick(20, 90, 0),
            "energy_tce": self._pick("0", "12.34", "250.5"),
        }  # fmt: skip

    def _trade(self) -> Row:
        dollars = self.places.choice(["USD", "EUR"])
        return {
            "uscc": self._code() or "c2", "month": self._pick(*self.months), "currency": self._pick("CNY", dollars),
            "exports": self._pick("0", self._amount(5, 900)), "imports": self._pick("0", self._amount(5, 900)),
        }  # fmt: skip

    def _rate(self) -> Row:
        return {"month": self._pick(*self.months), "currency": self._pick("USD", "EUR"), "rate": f"{self.random.uniform(600, 800):.4f}"}

    def _address(self, n: int) -> Row:
        lies = {"flags": self._pick([], [], [], ["OUTSIDE_TOWN"]), "lon": f"{119.4001 + 0.001 * n:.4f}", "lat": "32.4"}
        return {"address_no": f"A{n}", "addr_key": f"||创业路|{n + 1}号||||", "parse_level": 6, **lies}

    def _park(self, code: str, west: float, east: float) -> Row:
        until = date(2018, 7, 1) if code == "K3" else None
        borders = {"geometry": shapely.to_wkb(shapely.box(west, 32.39, east, 32.41)), "industrial_ha": self._pick("12.5", "80.0625")}
        return {"park_code": code, "name": code, "level": "CITY", "county6": "321002", "since": date(2017, 3, 5), "until": until, **borders}

    def _member(self) -> Row:
        begin = self._pick(None, AS_OF - timedelta(days=self.random.randrange(900)))
        end = self._pick(None, None, (begin or date(2018, 1, 1)) + timedelta(days=self.random.randrange(500)))
        uscc = self._pick("nobody", *[f"c{n}" for n in range(FIRMS) if n not in UNLISTED])
        return {"park_code": self._pick(*PARKS), "uscc": uscc, "moved_in": begin, "moved_out": end, **LINEAGE}

    def _parcel(self) -> Row:
        return {
            "parcel_no": self._pick(*PARCELS), "uscc": f"c{self.random.randrange(FIRMS)}", "county6": self._pick(*COUNTIES),
            "area": self._pick("12.5", "33000.25", "8000", "52000", "2", "290", "4400", "0"),
            "area_unit": self._pick("M2", "MU", "HA", None),
        }  # fmt: skip

    def _project(self) -> Row:
        return {
            "project_no": f"X{self.random.randrange(5)}", "month": self._pick(*self.months), "county6": self._pick(*COUNTIES),
            "state": self._pick("BUILDING", "DONE"), "total": self._amount(5000, 90000), "year_plan": self._amount(500, 9000),
            "done": self._amount(0, 900),
        }  # fmt: skip

    def night(self) -> None:
        """A few rows come, are corrected, or go; a firm is another one now, or a taxpayer is somebody else's."""
        for table in self.makers:
            self._come_and_go(table, gone=0.4)
            self._once(table)
        if self.random.random() < 0.5:
            n = self.random.randrange(FIRMS)
            self.rows[ENTITY][n] = self._entity(n)
        if self.random.random() < 0.5:
            n = self.random.randrange(STREETS)
            self.rows[ADDRESS][n] = self._address(n)
        if self.random.random() < 0.5:
            self.rows[LINK][self.random.randrange(FIRMS)]["entity_uid"] = f"u{self.random.randrange(FIRMS)}"
