"""Explain the month of an entity or a park, and a class by land: from which delivered rows, in which unit, and by which ranks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from assets.explain import Explanation, RowReader, Section, explains
from standards.land_efficiency import WEIGHTS

MONTH, YEAR = "themes/industry/entity_month", "themes/industry/land_efficiency_year"
ENTITY, LINK, TAXPAYER = "base/legal_entity/entity", "base/legal_entity/source_link", "taxation/taxpayer"
MONTH_FACTS = (
    "county6", "entity_kind", "section", "division", "alive", "born", "gone", "active", "signs", "flags", "insured", "tax_yuan",
    "invoiced_yuan", "kwh", "revenue_yuan",
)  # fmt: skip
PARK_FACTS = (
    "name", "level", "county6", "land_mu", "enterprises", "active", "above_scale", "insured", "tax_yuan", "kwh", "revenue_yuan",
    "value_added_yuan", "tax_per_mu", "revenue_per_mu", "tax_growth", "revenue_growth", "elsewhere", "unlisted",
)  # fmt: skip
CLASS_FACTS = ("land_class", "place", "evaluated", "score", "parcels", "area_m2", "land_mu", "reports", "tax_yuan", "revenue_yuan")


@explains("entity month")
def explain_entity_month(rows: RowReader, identifier: str) -> list[Explanation]:
    """Explain the month of an entity by its entity_uid or credit code, `91321002MA0FAKE170|201912`."""
    number, _, month = identifier.partition("|")
    return [_month(rows, found) for uid in _uids(rows, number) for found in rows(MONTH, entity_uid=uid, month=month)]


@explains("entity year")
def explain_land_class(rows: RowReader, identifier: str) -> list[Explanation]:
    """Explain what an entity makes of its land in a year, `91321002MA0FAKE170|2019`."""
    number, _, year = identifier.partition("|")
    if not year.isdigit():
        return []
    return [_year(rows, found) for uid in _uids(rows, number) for found in rows(YEAR, entity_uid=uid, year=int(year))]


@explains("park month")
def explain_park_month(rows: RowReader, identifier: str) -> list[Explanation]:
    """Explain the month of a park, `YQ01|201912`: what its enterprises add to it, and where its list differs from the registers."""
    code, _, month = identifier.partition("|")
    return [_park(rows, found) for found in rows("themes/industry/park_month", park_code=code, month=month)]


def _park(rows: RowReader, found: dict[str, Any]) -> Explanation:
    code, month = found["park_code"], found["month"]
    members = sorted(rows("themes/industry/park_member", park_code=code), key=lambda m: m["uscc"])
    inside = [m for m in members if m["counts"] and _month_of(m["moved_in"], "") <= month <= _month_of(m["moved_out"], month)]
    firms = [
        {"uscc": m["uscc"], **{c: e[c] for c in ("alive", "tax_yuan", "kwh", "revenue_yuan")}, **_line(m)}
        for m in inside
        for e in rows(MONTH, entity_uid=m["entity_uid"], month=month)
    ]
    odd = [
        {"uscc": m["uscc"], "flags": m["flags"], "registered": m["lies_in"], "address": m["address_no"], **_line(m)}
        for m in members
        if m["flags"]
    ]
    facts = {name: found[name] for name in PARK_FACTS}
    return Explanation(
        title=f"Park {code} in {month}: {found['enterprises']} enterprises, {found['tax_yuan']} yuan of taxes",
        lines=["the park's own list says who is in it; what is registered elsewhere, or there and not listed, is only counted"],
        sections=[
            Section("Facts", ("fact", "value"), list(facts.items())),
            Section("Enterprises", ("enterprise", "alive", "taxes", "kWh", "revenue", "file", "line"), [_cells(f) for f in firms]),
            Section("Differences", ("enterprise", "flags", "registered in", "address", "file", "line"), [_cells(o) for o in odd]),
        ],
        facts={"park_code": code, "month": month, "facts": facts, "enterprises": firms, "differences": odd},
    )


def _month_of(day: date | None, always: str) -> str:
    return always if day is None else day.strftime("%Y%m")


def _uids(rows: RowReader, number: str) -> list[str]:
    return sorted({number, *(e["entity_uid"] for e in rows(ENTITY, uscc=number))})


def _codes(rows: RowReader, uid: str) -> list[str]:
    return [e["uscc"] for e in rows(ENTITY, entity_uid=uid) if e["uscc"]]


def _month(rows: RowReader, found: dict[str, Any]) -> Explanation:
    uid, month = found["entity_uid"], found["month"]
    here = {"entity_uid": uid, "month": month}
    taxes = rows("themes/industry/taxpayer_month", **here)
    registrations = sorted({link["source_key"] for link in rows(LINK, entity_uid=uid) if link["source_table"] == TAXPAYER})
    vouchers = [
        {"voucher": p["voucher_no"], "tax": p["tax_kind"], "amount": p["amount"], "reverses": p["reversal_of"], **_line(p)}
        for number in registrations
        for p in rows("cleansed/taxation/payment", tax_reg_no=number)
        if p["pay_date"] is not None and p["pay_date"].strftime("%Y%m") == month
    ]
    figures = [
        *[
            ("electricity", p["delivered"], p["kwh"], p["flags"], *_line(p).values())
            for p in rows("themes/industry/electricity_month", **here)
        ],
        *[("revenue", None, p["revenue_yuan"], p["flags"], *_line(p).values()) for p in rows("themes/industry/report_month", **here)],
        *[
            ("insured", p["insured"], p["insured"], [], *_line(p).values())
            for code in _codes(rows, uid)
            for p in rows("cleansed/human_resources/insured_month", uscc=code, month=month)
        ],
        *[
            ("invoices", p["amount"], p["amount"], [], *_line(p).values())
            for number in registrations
            for p in rows("cleansed/taxation/invoice_month", tax_reg_no=number, month=month)
        ],
    ]
    facts = {name: found[name] for name in MONTH_FACTS}
    state = "active" if found["active"] else "not active"
    return Explanation(
        title=f"Entity {uid} in {month}: {'exists' if found['alive'] else 'does not exist'}, {state}",
        lines=[f"{len(vouchers)} vouchers of {len(registrations)} tax registrations make {found['tax_yuan']} yuan"],
        sections=[
            Section("Facts", ("fact", "value"), [(k, _told(v)) for k, v in facts.items()]),
            Section("Vouchers", ("voucher", "tax", "amount", "reverses", "file", "line"), [list(v.values()) for v in vouchers]),
            Section("Other figures", ("figure", "delivered", "counted", "flags", "file", "line"), [list(map(_told, f)) for f in figures]),
        ],
        facts={"entity_uid": uid, "month": month, "facts": facts, "taxes": len(taxes), "vouchers": vouchers, "figures": figures},
    )


def _year(rows: RowReader, found: dict[str, Any]) -> Explanation:
    uid, year = found["entity_uid"], found["year"]
    metrics = [
        {"metric": m, "value": found[m], "rank": found[f"{m}_rank"], "weight": weight, "points": weight * (found[f"{m}_rank"] or 0)}
        for m, weight in WEIGHTS.items()
    ]
    parcels = [
        {"parcel": p["parcel_no"], "delivered": p["delivered"], "unit": p["area_unit"], "m2": p["area_m2"], "flags": p["flags"], **_line(p)}
        for p in sorted(rows("themes/industry/parcel", entity_uid=uid), key=lambda p: p["parcel_no"])
    ]
    reports = [
        {"month": r["month"], "revenue": r["revenue_yuan"], "energy": r["energy_tce"], "flags": r["flags"], **_line(r)}
        for r in sorted(rows("themes/industry/report_month", entity_uid=uid), key=lambda r: r["month"])
        if r["month"].startswith(str(year))
    ]
    facts = {name: found[name] for name in CLASS_FACTS}
    told = f"class {found['land_class']}, place {found['place']} of {found['evaluated']}" if found["land_class"] else "not evaluated"
    return Explanation(
        title=f"Entity {uid} in {year}: {told}",
        lines=["the score is the sum of rank times weight; the smaller, the better"],
        sections=[
            Section("Facts", ("fact", "value"), list(facts.items())),
            Section("Metrics", ("metric", "value", "rank", "weight", "rank times weight"), [list(m.values()) for m in metrics]),
            Section("Parcels", ("parcel", "delivered", "unit", "m²", "flags", "file", "line"), [_cells(p) for p in parcels]),
            Section("Reports", ("month", "revenue", "energy", "flags", "file", "line"), [_cells(r) for r in reports]),
        ],
        facts={"entity_uid": uid, "year": year, "facts": facts, "metrics": metrics, "parcels": parcels, "reports": reports},
    )


def _line(row: dict[str, Any]) -> dict[str, Any]:
    return {"file": row["_source_file"], "line": row["_row_no"]}


def _told(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, list) else value


def _cells(row: dict[str, Any]) -> Sequence[Any]:
    return [_told(value) for value in row.values()]
